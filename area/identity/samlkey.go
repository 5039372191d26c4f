package identity

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"github.com/go-jose/go-jose/v4"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// SAMLKey stands in the column of algorithms for the keys that sign assertions
// (RSA with SHA-256). They are no keys of tokens: old applications read metadata
// seldom or by hand, so these live longer, and the next one is published from
// the first day on.
const SAMLKey jose.SignatureAlgorithm = "SAML"

// SAMLSignOutJob is the kind of jobs that tell a SAML application that a
// session is over. Its body is a Farewell.
const SAMLSignOutJob = "identity.saml-sign-out"

// SAMLKnown is how long whoever reads the keys now knows all that will sign.
const SAMLKnown = samlActive

const (
	samlActive   = 2 * 365 * 24 * time.Hour
	samlRetiring = 30 * 24 * time.Hour
	samlPaper    = 10 * 365 * 24 * time.Hour // of a certificate: longer than its key is ever used
)

func activeFor(algorithm jose.SignatureAlgorithm) time.Duration {
	if algorithm == SAMLKey {
		return samlActive
	}
	return keyActive
}

func retiringFor(algorithm jose.SignatureAlgorithm) time.Duration {
	if algorithm == SAMLKey {
		return samlRetiring
	}
	return keyRetiring
}

// keptKeys are the kinds of keys that are looked after: those for SAML once
// somebody has asked for them.
func keptKeys(keys []SigningKey) []jose.SignatureAlgorithm {
	kept := append([]jose.SignatureAlgorithm{}, Algorithms...)
	for _, k := range keys {
		if k.Algorithm == SAMLKey {
			return append(kept, SAMLKey)
		}
	}
	return kept
}

// Paper is the certificate of a key that signs assertions.
type Paper struct {
	*x509.Certificate
	State string
}

// SAMLSigner is the key that signs assertions now, with its certificate.
func (s *Service) SAMLSigner(ctx context.Context) (*x509.Certificate, crypto.Signer, error) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	keys, err := s.samlKeys(ctx)
	if err != nil {
		return nil, nil, err
	}
	k := ringOf(keys, SAMLKey).active
	signer, err := s.signerOf(k)
	if err != nil {
		return nil, nil, err
	}
	paper, err := s.paper(k)
	return paper, signer, err
}

// SAMLPapers are the certificates of all keys whose signatures can be verified
// or will be: the one that signs first.
func (s *Service) SAMLPapers(ctx context.Context) (list []Paper, err error) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	keys, err := s.samlKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, state := range []string{KeyActive, KeyNext, KeyRetiring} {
		for _, k := range keys {
			if k.Algorithm != SAMLKey || k.State != state {
				continue
			}
			c, err := s.paper(k)
			if err != nil {
				return nil, err
			}
			list = append(list, Paper{c, k.State})
		}
	}
	return list, nil
}

// samlKeys are the keys, with those for SAML, which are made when they are first
// asked for; the cache is locked.
func (s *Service) samlKeys(ctx context.Context) ([]SigningKey, error) {
	keys, err := s.loadKeys(ctx)
	if err != nil || ringOf(keys, SAMLKey).active.ID != "" {
		return keys, err
	}
	if err := s.db.Change(ctx, func(tx *store.Tx) error {
		keys, err := signingKeys(tx)
		if err != nil || ringOf(keys, SAMLKey).active.ID != "" {
			return err
		}
		for _, state := range []string{KeyActive, KeyNext} {
			if _, err := s.makeKey(tx, authz.System("identity"), SAMLKey, state); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	s.keys.at = time.Time{}
	return s.loadKeys(ctx)
}

// paper is the certificate of a key. It is made of nothing but the key and its
// date, and the signature of RSA (PKCS #1 v1.5) is always the same: every server
// makes the same one, and none is kept.
func (s *Service) paper(k SigningKey) (*x509.Certificate, error) {
	if c, ok := s.keys.papers[k.ID]; ok {
		return c, nil
	}
	signer, err := s.signerOf(k)
	if err != nil {
		return nil, err
	}
	print := sha256.Sum256([]byte(k.ID))
	made := k.Made.Truncate(time.Second)
	form := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(print[:15]), Subject: pkix.Name{CommonName: "Yagura SAML " + k.ID[:8]},
		NotBefore: made, NotAfter: made.Add(samlPaper), SignatureAlgorithm: x509.SHA256WithRSA, KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, form, form, signer.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("identity: certificate: %w", err)
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	if s.keys.papers == nil {
		s.keys.papers = map[string]*x509.Certificate{}
	}
	s.keys.papers[k.ID] = c
	return c, nil
}
