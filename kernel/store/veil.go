package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"yagura/kernel/file"
)

// Personal data that must stand in a row which can't be changed is veiled: it
// is encrypted (AES-256-GCM) under a key of the person it is about. Destroying
// that key makes it unreadable in every row and every backup made after, and
// breaks no hash.

// ErrForgotten is returned where the subject's key was destroyed.
var ErrForgotten = errors.New("store: the key of this subject was destroyed")

type veil struct{ wrap cipher.AEAD }

func openVeil(folder string) (*veil, error) {
	if folder == "" {
		return nil, errors.New("open keys: no folder given: set YAGURA_KEYS")
	}
	key, err := KeyFile(folder, "veil.key", func() []byte {
		key := make([]byte, 32)
		rand.Read(key)
		return key
	})
	if err != nil {
		return nil, err
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("open keys: %s: 32 bytes in base64 expected", filepath.Join(folder, "veil.key"))
	}
	return &veil{aead(key)}, nil
}

// KeyFile reads a key from a file in base64, readable by its owner alone, and
// makes the file with create where there is none. The file appears whole or not
// at all, and of several processes that make it at once all use the same.
func KeyFile(folder, name string, create func() []byte) ([]byte, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	path := filepath.Join(folder, name)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		err := file.Add(path, 0o600, file.Bytes([]byte(base64.StdEncoding.EncodeToString(create())+"\n")))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("open keys: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("open keys: %s: %w", path, err)
	}
	return key, nil
}

// keysFit refuses a folder of keys that belongs to another database, before
// anything is veiled under a key that the other servers do not have.
func (db *DB) keysFit(ctx context.Context) error {
	return db.View(ctx, func(tx *Tx) error {
		var subject, wrapped string
		err := tx.QueryRow("SELECT subject, wrapped FROM store_subject_key WHERE destroyed = 0 ORDER BY created, subject LIMIT 1").Scan(&subject, &wrapped)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := unlock(tx.db.veil.wrap, wrapped, subject); err != nil {
			return errors.New("open keys: veil.key is not the one of this database: set YAGURA_KEYS to the folder with its keys, or restore them from a backup")
		}
		return nil
	})
}

func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the length was checked
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

const veiled = "veil1:"

func lock(a cipher.AEAD, plain []byte, about string) string {
	nonce := make([]byte, a.NonceSize())
	rand.Read(nonce)
	return veiled + base64.RawStdEncoding.EncodeToString(a.Seal(nonce, nonce, plain, []byte(about)))
}

func unlock(a cipher.AEAD, s, about string) ([]byte, error) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(s, veiled))
	if err != nil || !strings.HasPrefix(s, veiled) || len(raw) < a.NonceSize() {
		return nil, errors.New("store: not a veiled text")
	}
	plain, err := a.Open(nil, raw[:a.NonceSize()], raw[a.NonceSize():], []byte(about))
	if err != nil {
		return nil, errors.New("store: the veiled text does not fit its key")
	}
	return plain, nil
}

// Veil encrypts a text about a subject, such as a person's id, making the
// subject's key at first use. A destroyed key is never made again.
func (tx *Tx) Veil(subject, plain string) (string, error) {
	key, err := tx.subjectKey(subject)
	if errors.Is(err, errNoKey) {
		fresh := make([]byte, 32)
		rand.Read(fresh)
		_, err = tx.Exec("INSERT INTO store_subject_key (subject, wrapped, created) VALUES ($1,$2,$3)",
			subject, lock(tx.db.veil.wrap, fresh, subject), tx.Millis())
		key = fresh
	}
	if err != nil {
		return "", err
	}
	return lock(aead(key), []byte(plain), subject), nil
}

// Unveil reads a text that Veil made. It returns ErrForgotten once the
// subject's key was destroyed.
func (tx *Tx) Unveil(subject, s string) (string, error) {
	key, err := tx.subjectKey(subject)
	if err != nil {
		return "", err
	}
	plain, err := unlock(aead(key), s, subject)
	return string(plain), err
}

// Forget destroys a subject's key: what was veiled under it is gone for good.
func (tx *Tx) Forget(subject string) error {
	_, err := tx.Exec("UPDATE store_subject_key SET wrapped = '', destroyed = $1 WHERE subject = $2", tx.Millis(), subject)
	return err
}

var errNoKey = errors.New("store: this subject has no key")

func (tx *Tx) subjectKey(subject string) ([]byte, error) {
	keys, err := Rows(tx, func(r Scanner) (k [2]string, err error) {
		var destroyed int64
		err = r.Scan(&k[0], &destroyed)
		if destroyed != 0 {
			k[1] = "destroyed"
		}
		return k, err
	}, "SELECT wrapped, destroyed FROM store_subject_key WHERE subject = $1", subject)
	switch {
	case err != nil:
		return nil, err
	case len(keys) == 0:
		return nil, errNoKey
	case keys[0][1] != "":
		return nil, ErrForgotten
	}
	return unlock(tx.db.veil.wrap, keys[0][0], subject)
}
