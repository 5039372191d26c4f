package relay

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"yagura/kernel/file"
)

// Token takes a relay in, once. It carries the authority's fingerprint, so that
// the relay knows the centre from the first byte.
type Token struct{ Secret, Authority string }

const tokenMark = "ygrelay_"

func (t Token) String() string { return tokenMark + t.Secret + "." + t.Authority }

// ParseToken reads a token.
func ParseToken(s string) (Token, error) {
	s, ok := strings.CutPrefix(strings.TrimSpace(s), tokenMark)
	secret, authority, dot := strings.Cut(s, ".")
	if !ok || !dot || secret == "" || len(authority) != 43 {
		return Token{}, errors.New("this is no enrolment token of a relay; one begins with " + tokenMark)
	}
	return Token{secret, authority}, nil
}

// Identity is what a relay keeps: its key and certificate, the centre's
// authority, and where the centre is.
type Identity struct {
	To   string // host:port
	CA   *x509.Certificate
	Cert tls.Certificate
}

// The file of an identity, in the folder of the relay's data.
const identityFile = "relay.pem"

// NewRequest makes a key and a request for a certificate.
func NewRequest() (ed25519.PrivateKey, []byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "relay"}}, key)
	return key, csr, err
}

// Identify puts key, certificate and authority together.
func Identify(to string, key ed25519.PrivateKey, cert, ca []byte) (Identity, error) {
	id := Identity{To: to}
	var err error
	if id.CA, err = x509.ParseCertificate(ca); err != nil {
		return id, err
	}
	leaf, err := x509.ParseCertificate(cert)
	if err != nil {
		return id, err
	}
	if pub, ok := leaf.PublicKey.(ed25519.PublicKey); !ok || !pub.Equal(key.Public()) {
		return id, errors.New("the certificate is for another key")
	}
	if err := leaf.CheckSignatureFrom(id.CA); err != nil {
		return id, err
	}
	id.Cert = tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: key, Leaf: leaf}
	return id, nil
}

// ID is the relay's code at the centre.
func (id Identity) ID() string { return id.Cert.Leaf.Subject.CommonName }

// Until is when the certificate runs out.
func (id Identity) Until() time.Time { return id.Cert.Leaf.NotAfter }

// Stale tells whether it is time for a new certificate: in the last third of
// its life.
func (id Identity) Stale(now time.Time) bool { return now.After(id.Until().Add(-ClientLife / 3)) }

// Save writes the identity in one step: there is always a whole one.
func (id Identity) Save(folder string) error {
	key, err := x509.MarshalPKCS8PrivateKey(id.Cert.PrivateKey)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	to := pem.EncodeToMemory(&pem.Block{Type: "YAGURA CENTRE", Bytes: []byte(id.To)})
	all := slices.Concat(to, encode("PRIVATE KEY", key), encode("CERTIFICATE", id.Cert.Certificate[0]), encode("CERTIFICATE", id.CA.Raw))
	return file.Replace(filepath.Join(folder, identityFile), 0o600, file.Bytes(all))
}

// ErrNotEnrolled says that there is no identity yet.
var ErrNotEnrolled = errors.New("this relay is not enrolled yet: run yagura relay enroll first")

// Load reads the identity of a folder.
func Load(folder string) (Identity, error) {
	path := filepath.Join(folder, identityFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Identity{}, ErrNotEnrolled
	}
	if err != nil {
		return Identity{}, err
	}
	var blocks []*pem.Block
	for {
		var b *pem.Block
		if b, raw = pem.Decode(raw); b == nil {
			break
		}
		blocks = append(blocks, b)
	}
	if len(blocks) != 4 {
		return Identity{}, fmt.Errorf("%s is damaged", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(blocks[1].Bytes)
	if err != nil {
		return Identity{}, fmt.Errorf("%s: %w", path, err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return Identity{}, fmt.Errorf("%s is damaged", path)
	}
	id, err := Identify(string(blocks[0].Bytes), private, blocks[2].Bytes, blocks[3].Bytes)
	if err != nil {
		return id, fmt.Errorf("%s: %w", path, err)
	}
	return id, nil
}
