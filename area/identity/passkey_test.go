package identity_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"yagura/area/identity"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// authenticator is a security key in software, as WebAuthn Level 3 §6 says.
type authenticator struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	handle  []byte
	counter uint32
	flags   byte // user present 0x01, user verified 0x04, backup eligible 0x08
	origin  string
	aaguid  [16]byte
	maker   *ecdsa.PrivateKey // signs the attestation, where there is one
	cert    []byte
}

func newAuthenticator(t *testing.T) *authenticator {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authenticator{t: t, key: key, id: make([]byte, 32), flags: 0x05, origin: "http://localhost:8420"}
	rand.Read(a.id)
	return a
}

var b64 = base64.RawURLEncoding.EncodeToString

func (a *authenticator) clientData(kind, challenge string) []byte {
	raw, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	return raw
}

func (a *authenticator) data(flags byte) []byte {
	rp := sha256.Sum256([]byte("localhost"))
	a.counter++
	return binary.BigEndian.AppendUint32(append(rp[:], flags), a.counter)
}

// options reads the challenge, and the user's handle at enrolment.
func options(t *testing.T, c identity.Challenge) (challenge string, handle []byte) {
	t.Helper()
	raw, err := json.Marshal(c.Options)
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		PublicKey struct {
			Challenge string
			User      struct{ ID string }
		}
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	handle, _ = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	return o.PublicKey.Challenge, handle
}

func (a *authenticator) create(c identity.Challenge) []byte {
	challenge, handle := options(a.t, c)
	a.handle = handle
	public, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: a.key.X.FillBytes(make([]byte, 32)), -3: a.key.Y.FillBytes(make([]byte, 32))})
	if err != nil {
		a.t.Fatal(err)
	}
	data := append(a.data(a.flags|0x40), a.aaguid[:]...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), public...)
	client := a.clientData("webauthn.create", challenge)
	format, statement := "none", map[string]any{}
	if a.maker != nil {
		hash := sha256.Sum256(client)
		digest := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
		signature, err := ecdsa.SignASN1(rand.Reader, a.maker, digest[:])
		if err != nil {
			a.t.Fatal(err)
		}
		format, statement = "packed", map[string]any{"alg": -7, "sig": signature, "x5c": [][]byte{a.cert}}
	}
	object, err := cbor.Marshal(map[string]any{"fmt": format, "attStmt": statement, "authData": data})
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]string{"clientDataJSON": b64(client), "attestationObject": b64(object)})
}

func (a *authenticator) get(c identity.Challenge) []byte {
	challenge, _ := options(a.t, c)
	client := a.clientData("webauthn.get", challenge)
	data := a.data(a.flags)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]string{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(a.handle)})
}

func (a *authenticator) answer(response map[string]string) []byte {
	raw, _ := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	return raw
}

func TestPasskeys(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		keller := w.actor(t, "keller")
		enrol := func(a *authenticator) error {
			c, err := w.s.BeginEnrol(ctx, keller)
			if err != nil {
				t.Fatal(err)
			}
			return w.s.FinishEnrol(ctx, keller, c.Ceremony, "key", a.create(c))
		}
		signIn := func(a *authenticator) (string, error) {
			c, err := w.s.BeginSignIn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			in, err := w.s.FinishSignIn(ctx, c.Ceremony, bytes.NewReader(a.get(c)), identity.Device{}, "")
			return in.Secret, err
		}

		unverified := newAuthenticator(t)
		unverified.flags = 0x01
		if err := enrol(unverified); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("a key that verified nobody was enrolled: %v", err)
		}
		elsewhere := newAuthenticator(t)
		elsewhere.origin = "http://localhost.example:8420"
		if err := enrol(elsewhere); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("a key of another origin was enrolled: %v", err)
		}

		key := newAuthenticator(t)
		c, err := w.s.BeginEnrol(ctx, keller)
		if err != nil {
			t.Fatal(err)
		}
		answer := key.create(c)
		if err := w.s.FinishEnrol(ctx, keller, c.Ceremony, "key", answer); err != nil {
			t.Fatal(err)
		}
		if err := w.s.FinishEnrol(ctx, keller, c.Ceremony, "key", answer); !fault.Is(err, fault.KindConflict) {
			t.Errorf("a challenge was answered twice: %v", err)
		}
		session, err := signIn(key)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := w.s.Who(ctx, session); err != nil || a.Person != "keller" {
			t.Errorf("signed in as %q, %v", a.Person, err)
		}
		stranger := newAuthenticator(t)
		stranger.handle, stranger.id = key.handle, key.id
		if _, err := signIn(stranger); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("another key with the same name signed in: %v", err)
		}
		list, err := w.s.Passkeys(ctx, keller, "keller")
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if err := w.s.RemovePasskey(ctx, keller, list[0].ID); !fault.Is(err, fault.KindConflict) {
			t.Errorf("the last passkey was removed: %v", err)
		}

		second := newAuthenticator(t)
		if err := enrol(second); err != nil {
			t.Fatal(err)
		}
		key.counter = 0 // a copy of the key that was used less
		if _, err := signIn(key); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a copied key signed in: %v", err)
		}
		if kinds := w.kinds(t, "keller"); !slices.Contains(kinds, "counter-fell "+list[0].ID) {
			t.Errorf("the log does not tell of a copied key: %q", kinds)
		}
		key.counter = 1000
		if _, err := signIn(key); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a key known to be copied signed in: %v", err)
		}
		if _, err := signIn(second); err != nil {
			t.Errorf("the other key: %v", err)
		}
	})
}

// TestOneAnswerManyTimes has one answer of an authenticator come from all sides:
// it counts once. A wrong one that is sent again and again is noted once.
func TestOneAnswerManyTimes(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		key, stranger := newAuthenticator(t), newAuthenticator(t)
		if err := w.enrol(t, w.actor(t, "keller"), key); err != nil {
			t.Fatal(err)
		}
		stranger.handle, stranger.id = key.handle, key.id
		for a, want := range map[*authenticator]int{key: 1, stranger: 0} {
			for range 5 {
				c, err := w.s.BeginSignIn(ctx)
				if err != nil {
					t.Fatal(err)
				}
				answer := a.get(c)
				var in atomic.Int64
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						if got, err := w.s.FinishSignIn(ctx, c.Ceremony, bytes.NewReader(answer), identity.Device{}, ""); err == nil && got.Secret != "" {
							in.Add(1)
						}
					})
				}
				wg.Wait()
				if int(in.Load()) != want {
					t.Errorf("%d were let in by one answer, not %d", in.Load(), want)
				}
			}
		}
		var refused, sessions int
		if err := db.View(ctx, func(tx *store.Tx) error {
			if err := tx.QueryRow("SELECT COUNT(*) FROM identity_event WHERE outcome = 'refused' AND reason = 'passkey'").Scan(&refused); err != nil {
				return err
			}
			return tx.QueryRow("SELECT COUNT(*) FROM identity_session").Scan(&sessions)
		}); err != nil {
			t.Fatal(err)
		}
		if refused != 5 || sessions != 5 {
			t.Errorf("%d refusals and %d sessions of five answers each", refused, sessions)
		}
	})
}
