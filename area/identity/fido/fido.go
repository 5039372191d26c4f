// Package fido reads the metadata service of the FIDO Alliance (MDS, version 3)
// from a file that the operator supplies, and tells by it which model of
// authenticator made a key and whether its maker vouches for it. It asks the
// network for nothing.
package fido

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/metadata/providers/memory"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/google/uuid"
)

// Signer is the name in the certificate that signs the metadata. The root of
// its chain signs for others as well, so the name must be looked at.
const Signer = "mds.fidoalliance.org"

// Models are the authenticators that the metadata tells of. The zero value
// knows none.
type Models struct {
	Next     time.Time // when newer metadata was announced
	entries  map[uuid.UUID]*metadata.Entry
	provider metadata.Provider
}

// Read verifies the metadata (a JSON Web Signature in compact form) up to the
// root certificate (PEM) and reads it. A model that it can't read is left out.
func Read(blob, root []byte, now time.Time) (*Models, error) {
	payload, err := verify(strings.TrimSpace(string(blob)), root, now)
	if err != nil {
		return nil, fmt.Errorf("FIDO metadata: %w", err)
	}
	var raw metadata.PayloadJSON
	if err := json.Unmarshal(payload, &raw); err != nil {
		return nil, fmt.Errorf("FIDO metadata: %w", err)
	}
	decoder, err := metadata.NewDecoder(metadata.WithIgnoreEntryParsingErrors())
	if err != nil {
		return nil, fmt.Errorf("FIDO metadata: %w", err)
	}
	parsed, err := decoder.Parse(&raw)
	if err != nil {
		return nil, fmt.Errorf("FIDO metadata: %w", err)
	}
	m := &Models{Next: parsed.Parsed.NextUpdate, entries: parsed.ToMap()}
	m.provider, err = memory.New(memory.WithMetadata(m.entries), memory.WithValidateAAGUID(true))
	return m, err
}

// Model is what is known of an authenticator's make.
type Model struct {
	Name     string
	Hardware bool // keys stay within hardware
}

// Vouched tells which model made a key, by the certificates of its attestation
// (WebAuthn §7.1, step 24): an error where the maker does not vouch for it, or
// the model is known to be broken.
func (m *Models) Vouched(aaguid []byte, kind, format string, x5c []any) (Model, error) {
	if m == nil || m.provider == nil {
		return Model{}, errors.New("there is no metadata")
	}
	id, err := uuid.FromBytes(aaguid)
	if err != nil {
		return Model{}, err
	}
	if len(x5c) == 0 {
		return Model{}, errors.New("the attestation names no maker")
	}
	if err := protocol.ValidateMetadata(context.Background(), m.provider, id, kind, format, x5c); err != nil {
		return Model{}, err
	}
	return m.model(m.entries[id]), nil
}

func (m *Models) model(e *metadata.Entry) Model {
	found := Model{Name: e.MetadataStatement.Description}
	for _, protection := range e.MetadataStatement.KeyProtection {
		found.Hardware = found.Hardware || slices.Contains([]string{"hardware", "secure_element", "tee"}, protection)
	}
	return found
}

// Broken tells whether a model's newest report says that its keys can't be
// trusted. A model that is not known is not broken.
func (m *Models) Broken(aaguid []byte) bool {
	id, err := uuid.FromBytes(aaguid)
	if m == nil || err != nil || m.entries[id] == nil {
		return false
	}
	return m.provider.ValidateStatusReports(context.Background(), m.entries[id].StatusReports) != nil
}

// Name is what the model calls itself, empty where it is not known.
func (m *Models) Name(aaguid []byte) string {
	id, err := uuid.FromBytes(aaguid)
	if m == nil || err != nil || m.entries[id] == nil {
		return ""
	}
	return m.entries[id].MetadataStatement.Description
}

// verify checks the signature and returns what was signed.
func verify(token string, root []byte, now time.Time) ([]byte, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("this is no signed file of the metadata service")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return nil, fmt.Errorf("part %d: %w", i+1, err)
		}
	}
	var header struct {
		Algorithm string   `json:"alg"`
		Chain     [][]byte `json:"x5c"`
	}
	if err := json.Unmarshal(decoded[0], &header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	signer, err := chain(header.Chain, root, now)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	switch key := signer.PublicKey.(type) {
	case *rsa.PublicKey:
		if header.Algorithm != "RS256" || rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], decoded[2]) != nil {
			return nil, errors.New("the signature does not fit")
		}
	case *ecdsa.PublicKey:
		sig := decoded[2]
		if header.Algorithm != "ES256" || len(sig) != 64 ||
			!ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
			return nil, errors.New("the signature does not fit")
		}
	default:
		return nil, errors.New("the certificate has a key of another kind")
	}
	return decoded[1], nil
}

// chain verifies the certificates from the signer to the root.
func chain(list [][]byte, root []byte, now time.Time) (*x509.Certificate, error) {
	block, _ := pem.Decode(root)
	if block == nil {
		return nil, errors.New("the root is no certificate (PEM)")
	}
	anchor, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	if len(list) == 0 {
		return nil, errors.New("the signature names no certificate")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(anchor)
	var signer *x509.Certificate
	for i, der := range list {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		if i == 0 {
			signer = c
			continue
		}
		between.AddCert(c)
	}
	_, err = signer.Verify(x509.VerifyOptions{DNSName: Signer, Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return signer, err
}
