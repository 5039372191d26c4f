// Package fidotest makes metadata and makers of authenticators for tests.
package fidotest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// Authority is a certificate and its key.
type Authority struct {
	Key  *ecdsa.PrivateKey
	Cert *x509.Certificate
	now  time.Time
}

// Root is a certificate that signs itself, good for a year around now.
func Root(t testing.TB, now time.Time, name string) Authority {
	return Authority{now: now}.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true})
}

// Issue makes a certificate for a name.
func (a Authority) Issue(t testing.TB, name string) Authority {
	return a.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}})
}

// Attest makes the certificate by which a maker vouches for keys of a model
// (WebAuthn §8.2.1).
func (a Authority) Attest(t testing.TB, aaguid [16]byte) Authority {
	value, err := asn1.Marshal(aaguid[:])
	if err != nil {
		t.Fatal(err)
	}
	return a.issue(t, &x509.Certificate{
		Subject:         pkix.Name{Country: []string{"JP"}, Organization: []string{"Maker"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "key"},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: value}},
	})
}

func (a Authority) issue(t testing.TB, c *x509.Certificate) Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter, c.BasicConstraintsValid = big.NewInt(1), a.now.AddDate(-1, 0, 0), a.now.AddDate(1, 0, 0), true
	parent, signer := a.Cert, a.Key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return Authority{key, made, a.now}
}

// PEM is the certificate as a file.
func (a Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Cert.Raw})
}

// Model is the number of the one model in the metadata.
var Model = [16]byte{0x2f, 0xc0, 0x57, 0x9f, 0x81, 0x13, 0x47, 0xea, 0xb1, 0x16, 0xbb, 0x5a, 0x8d, 0xb9, 0x20, 0x2a}

// Metadata is a file in which Model has a status, and is attested by maker.
func Metadata(t testing.TB, signer, maker Authority, status string) []byte {
	t.Helper()
	enc := base64.RawURLEncoding.EncodeToString
	header, err := json.Marshal(map[string]any{"alg": "ES256", "x5c": []string{base64.StdEncoding.EncodeToString(signer.Cert.Raw)}})
	if err != nil {
		t.Fatal(err)
	}
	m := Model
	payload := fmt.Sprintf(`{"legalHeader":"x","no":7,"nextUpdate":"2026-12-20","entries":[{"aaguid":%q,"timeOfLastStatusChange":"2020-01-01",
		"statusReports":[{"status":%q,"effectiveDate":"2020-01-01"}],"metadataStatement":{"description":"A key","aaguid":%[1]q,"authenticatorVersion":1,"protocolFamily":"fido2","schema":3,
		"upv":[{"major":1,"minor":0}],"authenticationAlgorithms":["secp256r1_ecdsa_sha256_raw"],"publicKeyAlgAndEncodings":["cose"],"attestationTypes":["basic_full"],
		"userVerificationDetails":[],"keyProtection":["hardware","secure_element"],"matcherProtection":["on_chip"],"attachmentHint":["external"],"tcDisplay":[],
		"attestationRootCertificates":[%[3]q]}}]}`,
		fmt.Sprintf("%x-%x-%x-%x-%x", m[:4], m[4:6], m[6:8], m[8:10], m[10:]), status, base64.StdEncoding.EncodeToString(maker.Cert.Raw))
	text := enc(header) + "." + enc([]byte(payload))
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, signer.Key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text + "." + enc(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)))
}
