package identity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// The states of a key for tokens. It is published in all of them.
const (
	KeyNext     = "next"     // published, so that everybody knows it before it is used
	KeyActive   = "active"   // signs
	KeyRetiring = "retiring" // signs no more; what it signed can still be verified
)

// Algorithms are those with which tokens are signed: the usual one first.
var Algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256}

const (
	// keyPublished is how long a key is published at least before it signs. It is
	// longer than anybody may keep the list of keys (KeysFor).
	keyPublished = time.Hour
	// KeysFor is how long clients may keep the list of keys.
	KeysFor = 10 * time.Minute
	// keyActive is how long a key signs before the next one takes its place by itself.
	keyActive = 90 * 24 * time.Hour
	// keyRetiring is how long what a key signed can still be verified after its end,
	// such as an ID token that comes back as a hint with a sign-out.
	keyRetiring = 7 * 24 * time.Hour
)

// SigningKey is a key for tokens.
type SigningKey struct {
	ID        string // kid: its thumbprint (RFC 7638)
	Algorithm jose.SignatureAlgorithm
	State     string
	Made      time.Time
	Began     time.Time // to sign
	Until     time.Time // published; zero while that is open
	Public    jose.JSONWebKey

	private string // sealed
}

const keyColumns = "kid, algorithm, state, public, private, made, began, until"

func readKey(r store.Scanner) (k SigningKey, err error) {
	var public string
	var made, began, until int64
	if err = r.Scan(&k.ID, &k.Algorithm, &k.State, &public, &k.private, &made, &began, &until); err != nil {
		return k, err
	}
	k.Made, k.Began, k.Until = store.Time(made), store.Time(began), store.Time(until)
	return k, json.Unmarshal([]byte(public), &k.Public)
}

func signingKeys(tx *store.Tx) ([]SigningKey, error) {
	return store.Rows(tx, readKey, "SELECT "+keyColumns+" FROM identity_key ORDER BY algorithm, made, kid")
}

func aboutKey(kid string) string { return "signing key " + kid }

// makeKey makes a key and publishes it.
func (s *Service) makeKey(tx *store.Tx, by authz.Actor, algorithm jose.SignatureAlgorithm, state string) (SigningKey, error) {
	var private crypto.Signer
	var err error
	if algorithm == jose.RS256 || algorithm == SAMLKey {
		private, err = rsa.GenerateKey(rand.Reader, 3072)
	} else {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return SigningKey{}, err
	}
	k := SigningKey{Algorithm: algorithm, State: state, Made: tx.Now}
	if state == KeyActive {
		k.Began = tx.Now
	}
	k.Public = jose.JSONWebKey{Key: private.Public(), Algorithm: string(algorithm), Use: "sig"}
	if algorithm == SAMLKey {
		k.Public.Algorithm = string(jose.RS256)
	}
	print, err := k.Public.Thumbprint(crypto.SHA256)
	if err != nil {
		return k, err
	}
	k.ID = base64.RawURLEncoding.EncodeToString(print)
	k.Public.KeyID = k.ID
	public, err := json.Marshal(k.Public)
	if err != nil {
		return k, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return k, err
	}
	if k.private, err = s.seal(raw, aboutKey(k.ID)); err != nil {
		return k, err
	}
	if _, err := tx.Exec("INSERT INTO identity_key ("+keyColumns+") VALUES ($1,$2,$3,$4,$5,$6,$7,0)",
		k.ID, string(algorithm), state, string(public), k.private, tx.Millis(), store.Millis(k.Began)); err != nil {
		return k, err
	}
	return k, tx.Record(by, fact.SigningKeyMade{Key: k.ID, Algorithm: string(algorithm)})
}

// ring are the keys of one algorithm.
type ring struct {
	active, next SigningKey
}

func ringOf(keys []SigningKey, algorithm jose.SignatureAlgorithm) (r ring) {
	for _, k := range keys {
		if k.Algorithm != algorithm {
			continue
		}
		switch k.State {
		case KeyActive:
			r.active = k
		case KeyNext:
			r.next = k
		}
	}
	return r
}

// KeepKeys makes the first keys, lets the next one take over when its time has
// come, and drops those whose tokens are all over. It recurs.
func (s *Service) KeepKeys(ctx context.Context) error {
	defer s.keys.forget()
	return s.keepKeys(ctx)
}

func (s *Service) keepKeys(ctx context.Context) error {
	system := authz.System("identity")
	return s.db.Change(ctx, func(tx *store.Tx) error {
		keys, err := signingKeys(tx)
		if err != nil {
			return err
		}
		for _, algorithm := range keptKeys(keys) {
			r := ringOf(keys, algorithm)
			if r.active.ID == "" {
				if _, err := s.makeKey(tx, system, algorithm, KeyActive); err != nil {
					return err
				}
			}
			if r.next.ID == "" {
				if _, err := s.makeKey(tx, system, algorithm, KeyNext); err != nil {
					return err
				}
			} else if r.active.ID != "" && !tx.Now.Before(r.active.Began.Add(activeFor(algorithm))) && !tx.Now.Before(r.next.Made.Add(keyPublished)) {
				if err := s.turnKey(tx, system, r); err != nil {
					return err
				}
			}
		}
		for _, k := range keys {
			if k.State == KeyRetiring && !k.Until.After(tx.Now) {
				if _, err := tx.Exec("DELETE FROM identity_key WHERE kid = $1", k.ID); err != nil {
					return err
				}
				if err := tx.Record(system, fact.SigningKeyDropped{Key: k.ID, Algorithm: string(k.Algorithm)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// turnKey has the next key sign from now on and publishes the one after it.
func (s *Service) turnKey(tx *store.Tx, by authz.Actor, r ring) error {
	if _, err := tx.Exec("UPDATE identity_key SET state = $1, until = $2 WHERE kid = $3", KeyRetiring, store.Millis(tx.Now.Add(retiringFor(r.active.Algorithm))), r.active.ID); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE identity_key SET state = $1, began = $2 WHERE kid = $3", KeyActive, tx.Millis(), r.next.ID); err != nil {
		return err
	}
	if _, err := s.makeKey(tx, by, r.active.Algorithm, KeyNext); err != nil {
		return err
	}
	return tx.Record(by, fact.SigningKeyRotated{Key: r.next.ID, Retired: r.active.ID, Algorithm: string(r.active.Algorithm)})
}

// RotateKey lets the next key of an algorithm take over now. A key that
// was published too recently does not: somebody may not know it yet.
func (s *Service) RotateKey(ctx context.Context, by authz.Actor, algorithm string) error {
	if err := by.May(RotateKeys, ""); err != nil {
		return err
	}
	if err := s.KeepKeys(ctx); err != nil {
		return err
	}
	defer s.keys.forget()
	return s.db.Change(ctx, func(tx *store.Tx) error {
		keys, err := signingKeys(tx)
		if err != nil {
			return err
		}
		r := ringOf(keys, jose.SignatureAlgorithm(algorithm))
		if r.active.ID == "" || r.next.ID == "" {
			return fault.NotFound("There is no such algorithm")
		}
		if wait := r.next.Made.Add(keyPublished).Sub(tx.Now); wait > 0 {
			return fault.Conflict("The next key was published less than an hour ago: applications may not know it yet. It can take over in %d minutes.", int((wait+time.Minute-1)/time.Minute))
		}
		return s.turnKey(tx, by, r)
	})
}

// SigningKeys are all keys that are published, for the page and the command.
func (s *Service) SigningKeys(ctx context.Context, by authz.Actor) (keys []SigningKey, err error) {
	if err := by.May(RotateKeys, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		keys, err = signingKeys(tx)
		return err
	})
	return keys, err
}

// keyCache keeps the keys of the database for a moment: a server learns of a
// rotation by another one that soon, and every key it may meet is published.
type keyCache struct {
	mu      sync.Mutex
	at      time.Time
	keys    []SigningKey
	signers map[string]crypto.Signer
	papers  map[string]*x509.Certificate // of keys for SAML
}

const keyCacheFor = 5 * time.Second

func (c *keyCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = time.Time{}
}

// KeySet are the public keys by which tokens are verified.
func (s *Service) KeySet(ctx context.Context) (set jose.JSONWebKeySet, err error) {
	keys, err := s.published(ctx)
	for _, k := range keys {
		if k.Algorithm != SAMLKey { // no token is signed with it
			set.Keys = append(set.Keys, k.Public)
		}
	}
	return set, err
}

func (s *Service) published(ctx context.Context) ([]SigningKey, error) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	return s.loadKeys(ctx)
}

func (s *Service) loadKeys(ctx context.Context) ([]SigningKey, error) {
	now := s.db.Now()
	if age := now.Sub(s.keys.at); age >= 0 && age < keyCacheFor && len(s.keys.keys) > 0 {
		return s.keys.keys, nil
	}
	var keys []SigningKey
	read := func(tx *store.Tx) (err error) {
		keys, err = signingKeys(tx)
		return err
	}
	err := s.db.View(ctx, read)
	if err == nil && len(keys) == 0 { // the first request of a new installation may come before the first turn of keepKeys
		if err = s.keepKeys(ctx); err == nil {
			err = s.db.View(ctx, read)
		}
	}
	if err != nil {
		return nil, err
	}
	s.keys.keys, s.keys.at = keys, now
	if s.keys.signers == nil {
		s.keys.signers = map[string]crypto.Signer{}
	}
	return keys, nil
}

// Signer is the key that signs now.
func (s *Service) Signer(ctx context.Context, algorithm jose.SignatureAlgorithm) (kid string, key crypto.Signer, err error) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	keys, err := s.loadKeys(ctx)
	if err != nil {
		return "", nil, err
	}
	k := ringOf(keys, algorithm).active
	if k.ID == "" {
		return "", nil, fmt.Errorf("identity: there is no key for %s yet", algorithm)
	}
	signer, err := s.signerOf(k)
	return k.ID, signer, err
}

// signerOf opens the private part of a key; the cache is locked.
func (s *Service) signerOf(k SigningKey) (crypto.Signer, error) {
	if signer, ok := s.keys.signers[k.ID]; ok {
		return signer, nil
	}
	raw, err := s.open(k.private, aboutKey(k.ID))
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(raw)
	if err != nil {
		return nil, err
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("identity: key %s can't sign", k.ID)
	}
	s.keys.signers[k.ID] = signer
	return signer, nil
}
