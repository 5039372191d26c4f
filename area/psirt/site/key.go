package site

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ProtonMail/gopenpgp/v3/crypto"
)

// Signer signs documents with an OpenPGP key.
type Signer struct {
	key         *crypto.Key
	public      string
	fingerprint string
}

// NewKey makes a signing key: Ed25519, as a key of version 4, which every OpenPGP
// program of today reads. It returns the private key in armour.
func NewKey(name, mail string, now time.Time) (string, error) {
	if strings.TrimSpace(name) == "" || strings.ContainsAny(name+mail, "<>\r\n") {
		return "", errors.New("a key needs the name of its owner, without < and >")
	}
	key, err := crypto.PGP().KeyGeneration().AddUserId(name, mail).GenerationTime(now.Unix()).New().GenerateKey()
	if err != nil {
		return "", fmt.Errorf("make a signing key: %w", err)
	}
	return key.Armor()
}

// ReadKey reads an armoured private key; the passphrase may be empty.
func ReadKey(armoured, passphrase string, now time.Time) (*Signer, error) {
	key, err := crypto.NewKeyFromArmored(armoured)
	if err != nil {
		return nil, fmt.Errorf("signing key: is no armoured OpenPGP key: %w", err)
	}
	if !key.IsPrivate() {
		return nil, errors.New("signing key: is a public key alone, the private one is needed")
	}
	if locked, err := key.IsLocked(); err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	} else if locked {
		if passphrase == "" {
			return nil, errors.New("signing key: is locked by a passphrase, which is missing")
		}
		if key, err = key.Unlock([]byte(passphrase)); err != nil {
			return nil, errors.New("signing key: the passphrase does not open it")
		}
	}
	switch {
	case key.IsRevoked(now.Unix()):
		return nil, errors.New("signing key: is revoked")
	case key.IsExpired(now.Unix()):
		return nil, errors.New("signing key: is expired, or not yet valid")
	case !key.CanVerify(now.Unix()):
		return nil, errors.New("signing key: may not sign")
	}
	public, err := key.GetArmoredPublicKeyWithCustomHeaders("", "")
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return &Signer{key, public, strings.ToUpper(key.GetFingerprint())}, nil
}

// Fingerprint names the key, in capital hexadecimal digits.
func (s *Signer) Fingerprint() string { return s.fingerprint }

// Public is the armoured public key.
func (s *Signer) Public() string { return s.public }

// Sign makes a detached armoured signature.
func (s *Signer) Sign(data []byte, now time.Time) ([]byte, error) {
	h, err := crypto.PGP().Sign().SigningKey(s.key).Detached().SignTime(now.Unix()).New()
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	sig, err := h.Sign(data, crypto.Armor)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return append(bytes.TrimRight(sig, "\n"), '\n'), nil
}

// Verify tells whether a detached armoured signature is of a public key.
func Verify(public string, data, signature []byte, now time.Time) error {
	key, err := crypto.NewKeyFromArmored(public)
	if err != nil {
		return err
	}
	h, err := crypto.PGP().Verify().VerificationKey(key).VerifyTime(now.Unix()).New()
	if err != nil {
		return err
	}
	r, err := h.VerifyDetached(data, signature, crypto.Armor)
	if err != nil {
		return err
	}
	return r.SignatureError()
}
