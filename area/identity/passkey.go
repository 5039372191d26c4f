package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Passkey is a public key credential (WebAuthn Level 3) of a person.
type Passkey struct {
	ID       string // credential id in base64url
	Person   string
	Name     string
	Made     time.Time
	Used     time.Time
	BackedUp bool // the authenticator keeps a copy elsewhere: a synced passkey

	credential webauthn.Credential
}

// Bound tells whether the key can't leave its authenticator: no backup is
// possible (WebAuthn §6.1.3, BE), and the maker of the hardware has attested it.
func (p Passkey) Bound() bool {
	c := p.credential
	return !c.Flags.BackupEligible && c.AttestationType != "" && c.AttestationType != "none" && c.AttestationType != "self"
}

// holder is a person as the library asks for him. The handle is random: it
// says nothing about the person to whoever holds the authenticator.
type holder struct {
	handle   []byte
	person   authz.Person
	passkeys []Passkey
}

func (h holder) WebAuthnID() []byte          { return h.handle }
func (h holder) WebAuthnName() string        { return h.person.Email }
func (h holder) WebAuthnDisplayName() string { return h.person.Label(h.person.Lang) }
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(h.passkeys))
	for i, p := range h.passkeys {
		list[i] = p.credential
	}
	return list
}

const passkeyColumns = "id, person, name, credential, made, used"

func readPasskey(r store.Scanner) (p Passkey, err error) {
	var credential string
	var made, used int64
	if err = r.Scan(&p.ID, &p.Person, &p.Name, &credential, &made, &used); err != nil {
		return p, err
	}
	p.Made, p.Used = store.Time(made), store.Time(used)
	err = json.Unmarshal([]byte(credential), &p.credential)
	p.BackedUp = p.credential.Flags.BackupState
	return p, err
}

func passkeysOf(tx *store.Tx, person string) ([]Passkey, error) {
	return store.Rows(tx, readPasskey, "SELECT "+passkeyColumns+" FROM identity_passkey WHERE person = $1 AND removed = 0 ORDER BY made, id", person)
}

// Passkeys are the passkeys of a person.
func (s *Service) Passkeys(ctx context.Context, by authz.Actor, person string) (list []Passkey, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadFactors); err != nil {
			return err
		}
		list, err = passkeysOf(tx, person)
		return err
	})
	return list, err
}

func (s *Service) holder(tx *store.Tx, person string) (holder, error) {
	p, err := authz.FindPerson(tx, person)
	if err != nil {
		return holder{}, err
	}
	h := holder{person: p}
	var handle string
	err = tx.QueryRow("SELECT handle FROM identity_handle WHERE person = $1", person).Scan(&handle)
	if errors.Is(err, sql.ErrNoRows) {
		fresh := make([]byte, 32)
		rand.Read(fresh)
		handle = base64.RawURLEncoding.EncodeToString(fresh)
		_, err = tx.Exec("INSERT INTO identity_handle (handle, person) VALUES ($1,$2)", handle, person)
	}
	if err != nil {
		return h, err
	}
	if h.handle, err = base64.RawURLEncoding.DecodeString(handle); err != nil {
		return h, err
	}
	h.passkeys, err = passkeysOf(tx, person)
	return h, err
}

// ceremonyFor is how long a person has to touch the authenticator.
const ceremonyFor = 5 * time.Minute

func keepCeremony(tx *store.Tx, person string, data *webauthn.SessionData) (string, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	secret := id.Token()
	_, err = tx.Exec("INSERT INTO identity_ceremony (digest, person, data, until) VALUES ($1,$2,$3,$4)",
		id.Digest(secret), person, string(raw), store.Millis(tx.Now.Add(ceremonyFor)))
	return secret, err
}

// takeCeremony returns a ceremony and takes it away: each challenge is answered
// once, whatever the answer.
func (s *Service) takeCeremony(ctx context.Context, person, secret string) (data webauthn.SessionData, err error) {
	var raw string
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("DELETE FROM identity_ceremony WHERE digest = $1 AND person = $2 AND until > $3 RETURNING data",
			id.Digest(secret), person, tx.Millis()).Scan(&raw)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return data, fault.Conflict("This took too long. Please try again.")
	}
	if err != nil {
		return data, err
	}
	return data, json.Unmarshal([]byte(raw), &data)
}

// Challenge is what the browser needs for a ceremony, and the name under which
// its answer is taken.
type Challenge struct {
	Ceremony string `json:"ceremony"`
	Options  any    `json:"options"`
}

// BeginEnrol starts adding a passkey to the actor.
func (s *Service) BeginEnrol(ctx context.Context, by authz.Actor) (c Challenge, err error) {
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		h, err := s.holder(tx, by.Person)
		if err != nil {
			return err
		}
		creation, data, err := s.webauthn.BeginRegistration(h,
			webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
				ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
			}),
			webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
		if err != nil {
			return err
		}
		secret, err := keepCeremony(tx, by.Person, data)
		c = Challenge{secret, creation}
		return err
	})
	return c, err
}

// FinishEnrol checks the authenticator's answer and adds the passkey.
func (s *Service) FinishEnrol(ctx context.Context, by authz.Actor, ceremony, name string, answer []byte) error {
	data, err := s.takeCeremony(ctx, by.Person, ceremony)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return fault.Invalidf("The passkey's answer can't be read")
	}
	if name = strings.TrimSpace(name); name == "" {
		name = "Passkey"
	}
	if r := []rune(name); len(r) > 60 {
		name = string(r[:60])
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		h, err := s.holder(tx, by.Person)
		if err != nil {
			return err
		}
		credential, err := s.webauthn.CreateCredential(h, data, parsed)
		if err != nil {
			return fault.Invalidf("The passkey's answer does not fit the question. Please try again.")
		}
		raw, err := json.Marshal(credential)
		if err != nil {
			return err
		}
		key := base64.RawURLEncoding.EncodeToString(credential.ID)
		n, err := tx.Exec("INSERT INTO identity_passkey (id, person, name, credential, made) VALUES ($1,$2,$3,$4,$5) ON CONFLICT (id) DO NOTHING",
			key, by.Person, name, string(raw), tx.Millis())
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Conflict("This passkey is registered already")
		}
		return tx.Record(by, fact.PasskeyEnrolled{Person: by.Person, Unit: h.person.Unit, Passkey: key, BackedUp: credential.Flags.BackupState})
	})
}

// RemovePasskey takes one of the actor's passkeys away, but not the last one.
func (s *Service) RemovePasskey(ctx context.Context, by authz.Actor, passkey string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		list, err := passkeysOf(tx, by.Person)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.ID != passkey {
				continue
			}
			if len(list) == 1 {
				return fault.Conflict("This is your last passkey: add another before you remove it")
			}
			return s.dropPasskey(tx, by, p, "removed")
		}
		return fault.NotFound("There is no such passkey")
	})
}

func (s *Service) dropPasskey(tx *store.Tx, by authz.Actor, p Passkey, reason string) error {
	unit, err := unitOf(tx, p.Person)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE identity_passkey SET removed = $1 WHERE id = $2", tx.Millis(), p.ID); err != nil {
		return err
	}
	return tx.Record(by, fact.PasskeyRemoved{Person: p.Person, Unit: unit, Passkey: p.ID, Reason: reason})
}

// BeginSignIn starts a sign-in by whichever passkey the person picks.
func (s *Service) BeginSignIn(ctx context.Context) (c Challenge, err error) {
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		assertion, data, err := s.webauthn.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return err
		}
		secret, err := keepCeremony(tx, "", data)
		c = Challenge{secret, assertion}
		return err
	})
	return c, err
}

// errPasskey says no more than that it failed, whatever the reason.
func errPasskey() error {
	return fault.Unauthenticated("This passkey does not open anything here. Please try again.")
}

// FinishSignIn checks the authenticator's answer and begins a session.
func (s *Service) FinishSignIn(ctx context.Context, ceremony string, answer io.Reader, from Device) (session string, err error) {
	data, err := s.takeCeremony(ctx, "", ceremony)
	if err != nil {
		return "", err
	}
	raw, err := io.ReadAll(answer)
	if err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBody(bytes.NewReader(raw))
	if err != nil {
		return "", errPasskey()
	}
	err = s.enter(ctx, func(tx *store.Tx) error {
		session = ""
		var h holder
		user, credential, err := s.webauthn.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			var person string
			err := tx.QueryRow("SELECT person FROM identity_handle WHERE handle = $1", base64.RawURLEncoding.EncodeToString(handle)).Scan(&person)
			if err != nil {
				return nil, err
			}
			h, err = s.holder(tx, person)
			return h, err
		}, data, parsed)
		if err != nil || user == nil {
			return refuse(errPasskey(), Event{Kind: SignIn, Person: h.person.ID, Unit: h.person.Unit, Device: from, Proof: Proof{Method: "passkey"}}, "passkey")
		}
		key := base64.RawURLEncoding.EncodeToString(credential.ID)
		used := Passkey{ID: key, Person: h.person.ID, credential: *credential}
		if credential.Authenticator.CloneWarning {
			// Its counter went back: there are two of it (WebAuthn §6.1.1).
			if err := s.note(tx, Event{Kind: CounterFell, Person: h.person.ID, Unit: h.person.Unit, Device: from, Outcome: Refused, Reason: key}); err != nil {
				return err
			}
			return s.dropPasskey(tx, authz.System("identity"), used, "cloned")
		}
		raw, err := json.Marshal(credential)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE identity_passkey SET credential = $1, used = $2 WHERE id = $3 AND removed = 0", string(raw), tx.Millis(), key); err != nil {
			return err
		}
		session, err = s.begin(tx, h.person, PasskeyProof(used), from)
		return err
	})
	if err == nil && session == "" {
		err = errPasskey()
	}
	return session, err
}

// SeedPasskey notes that a person of a played group has a passkey. Nobody can
// sign in with it: there is no key behind it.
func (s *Service) SeedPasskey(tx *store.Tx, system authz.Actor, person, passkey string) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	unit, err := unitOf(tx, person)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO identity_passkey (id, person, name, credential, made, used) VALUES ($1,$2,'Passkey','{}',$3,$3)",
		passkey, person, tx.Millis()); err != nil {
		return err
	}
	return tx.Record(system, fact.PasskeyEnrolled{Person: person, Unit: unit, Passkey: passkey})
}
