// Package relay is how a relay and the centre speak with each other: the
// certificates by which they know each other, the token by which a relay is
// taken in, and the messages. It knows no database and no page. The protocol is
// described in docs/adr/0009-relay.md.
package relay

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// ServerName is the name that the centre's certificate is for. It is no name of
// the DNS: a relay knows the centre by its authority, wherever it is reached.
const ServerName = "centre.yagura.internal"

// The lengths of certificates' lives. A clock may go a day wrong.
const (
	ClientLife = 90 * 24 * time.Hour
	serverLife = 30 * 24 * time.Hour
	caLife     = 30 * 365 * 24 * time.Hour
	slack      = 24 * time.Hour
)

// Authority signs the certificates of relays and of the centre's door. Its own
// certificate is trusted for nothing else.
type Authority struct {
	key  ed25519.PrivateKey
	cert *x509.Certificate

	mu     sync.Mutex
	server *tls.Certificate
}

// NewAuthority makes the secret of a new authority, to be kept.
func NewAuthority(now time.Time) ([]byte, error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := number()
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Yagura relays"}, NotBefore: now.Add(-slack), NotAfter: now.Add(caLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}, &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "Yagura relays"}}, pub, key)
	if err != nil {
		return nil, err
	}
	return append(key.Seed(), der...), nil
}

// OpenAuthority reads what NewAuthority made.
func OpenAuthority(secret []byte) (*Authority, error) {
	if len(secret) <= ed25519.SeedSize {
		return nil, errors.New("relay: the authority's key is damaged")
	}
	key := ed25519.NewKeyFromSeed(secret[:ed25519.SeedSize])
	cert, err := x509.ParseCertificate(secret[ed25519.SeedSize:])
	if err != nil {
		return nil, fmt.Errorf("relay: the authority's certificate is damaged: %w", err)
	}
	if pub, ok := cert.PublicKey.(ed25519.PublicKey); !ok || !pub.Equal(key.Public()) {
		return nil, errors.New("relay: the authority's key and certificate do not fit")
	}
	return &Authority{key: key, cert: cert}, nil
}

// Certificate is the authority's own, as relays keep it.
func (a *Authority) Certificate() []byte { return a.cert.Raw }

// Fingerprint is the part of a token by which a relay knows the centre at its
// first contact.
func (a *Authority) Fingerprint() string { return Fingerprint(a.cert.Raw) }

// Fingerprint names a certificate.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func number() (*big.Int, error) { return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) }

// Serial is a certificate's number as text.
func Serial(c *x509.Certificate) string { return c.SerialNumber.Text(16) }

// Signed is a certificate for a relay.
type Signed struct {
	DER    []byte
	Serial string
	Until  time.Time
	Key    string // fingerprint of the public key
}

// Sign makes a client's certificate for a request. Of the request only the key
// is used: the name is that of the relay.
func (a *Authority) Sign(request []byte, id string, now time.Time) (Signed, error) {
	csr, err := x509.ParseCertificateRequest(request)
	if err != nil {
		return Signed{}, err
	}
	if err := csr.CheckSignature(); err != nil {
		return Signed{}, err
	}
	if _, ok := csr.PublicKey.(ed25519.PublicKey); !ok {
		return Signed{}, errors.New("an Ed25519 key is needed")
	}
	serial, err := number()
	if err != nil {
		return Signed{}, err
	}
	until := now.Add(ClientLife)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: id}, NotBefore: now.Add(-slack), NotAfter: until,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.cert, csr.PublicKey, a.key)
	if err != nil {
		return Signed{}, err
	}
	return Signed{DER: der, Serial: serial.Text(16), Until: until, Key: Fingerprint(csr.RawSubjectPublicKeyInfo)}, nil
}

// Server is the configuration of the centre's door: whoever comes without a
// certificate can only be taken in, and one that this authority did not sign is
// refused by the handshake.
func (a *Authority) Server(now func() time.Time) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool, NextProtos: []string{"h2", "http/1.1"}, Time: now,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.door(now()) },
	}
}

// door is the certificate that the centre shows, made anew before it runs out.
func (a *Authority) door(now time.Time) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.server != nil && now.Before(a.server.Leaf.NotAfter.Add(-serverLife/2)) && now.After(a.server.Leaf.NotBefore) {
		return a.server, nil
	}
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := number()
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: ServerName}, DNSNames: []string{ServerName}, NotBefore: now.Add(-slack), NotAfter: now.Add(serverLife),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, pub, a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	a.server = &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: crypto.PrivateKey(key), Leaf: leaf}
	return a.server, nil
}

// encode is a PEM block.
func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
