package identity

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Passkey is a public key credential (WebAuthn Level 3) of a person.
type Passkey struct {
	ID       string // credential id in base64url
	Person   string
	Name     string
	Made     time.Time
	Used     time.Time
	BackedUp bool   // the authenticator keeps a copy elsewhere: a synced passkey
	Syncable bool   // it could (WebAuthn §6.1.3, BE)
	Model    string // of the authenticator, as its maker attested by the metadata; empty: not vouched for

	hardware   bool // keys of the model stay within hardware
	broken     bool // the metadata says today that its keys can't be trusted
	credential webauthn.Credential
	kept       string // the credential as the database has it
}

// Bound tells whether the key can't leave its authenticator: no backup is
// possible, and its maker vouched at enrolment for a model that keeps keys in
// hardware, which nobody has taken back since.
func (p Passkey) Bound() bool { return p.Model != "" && p.hardware && !p.Syncable && !p.broken }

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

const passkeyColumns = "id, person, name, credential, made, used, model, hardware"

func (s *Service) readPasskey(r store.Scanner) (p Passkey, err error) {
	var made, used, hardware int64
	if err = r.Scan(&p.ID, &p.Person, &p.Name, &p.kept, &made, &used, &p.Model, &hardware); err != nil {
		return p, err
	}
	p.Made, p.Used, p.hardware = store.Time(made), store.Time(used), hardware != 0
	err = json.Unmarshal([]byte(p.kept), &p.credential)
	p.BackedUp, p.Syncable = p.credential.Flags.BackupState, p.credential.Flags.BackupEligible
	p.broken = s.o.Passkeys.Models.Broken(p.credential.Authenticator.AAGUID)
	return p, err
}

func (s *Service) passkeysOf(tx *store.Tx, person string) ([]Passkey, error) {
	return store.Rows(tx, s.readPasskey, "SELECT "+passkeyColumns+" FROM identity_passkey WHERE person = $1 AND removed = 0 ORDER BY made, id", person)
}

// Passkeys are the passkeys of a person.
func (s *Service) Passkeys(ctx context.Context, by authz.Actor, person string) (list []Passkey, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadFactors); err != nil {
			return err
		}
		list, err = s.passkeysOf(tx, person)
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
	h.passkeys, err = s.passkeysOf(tx, person)
	return h, err
}

// BeginEnrol starts adding a passkey to the actor.
func (s *Service) BeginEnrol(ctx context.Context, by authz.Actor) (c Challenge, err error) {
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		if err := s.mayChange(tx, by); err != nil {
			return err
		}
		h, err := s.holder(tx, by.Person)
		if err != nil {
			return err
		}
		creation, data, err := s.webauthn.BeginRegistration(h,
			webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
				ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
			}),
			webauthn.WithConveyancePreference(s.o.Passkeys.conveyance()),
			webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
		if err != nil {
			return err
		}
		c, err = s.challenge(tx, "enrol/"+by.Person, data, creation)
		return err
	})
	return c, err
}

// FinishEnrol checks the authenticator's answer and adds the passkey.
func (s *Service) FinishEnrol(ctx context.Context, by authz.Actor, ceremony, name string, answer []byte) error {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return fault.Invalidf("The passkey's answer can't be read")
	}
	return s.enter(ctx, func(tx *store.Tx) error {
		if _, err := standsIn(tx, by.Person); err != nil {
			return err
		}
		data, spent, err := s.take(tx, "enrol/"+by.Person, ceremony)
		if err != nil {
			return err
		}
		if err := s.mayChange(tx, by); err != nil {
			return err
		}
		h, err := s.holder(tx, by.Person)
		if err != nil {
			return err
		}
		event := Event{Kind: Enrolment, Person: by.Person, Unit: h.person.Unit, Proof: Proof{Method: "passkey"}}
		credential, err := s.webauthn.CreateCredential(h, data, parsed)
		if err != nil {
			return spent.refuse(fault.Invalidf("The passkey's answer does not fit the question. Please try again."), event, "passkey")
		}
		found, err := s.o.Passkeys.accept(credential, parsed)
		if err != nil {
			return spent.refuse(err, event, "model")
		}
		raw, err := json.Marshal(credential)
		if err != nil {
			return err
		}
		key := base64.RawURLEncoding.EncodeToString(credential.ID)
		if bound := found.Hardware && !credential.Flags.BackupEligible; !bound && h.allBound() {
			event.Kind, event.Outcome, event.Reason = KeyDowngrade, Allowed, "passkey"
			if err := s.note(tx, event); err != nil {
				return err
			}
		}
		n, err := tx.Exec("INSERT INTO identity_passkey (id, person, name, credential, made, model, hardware) VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT (id) DO NOTHING",
			key, by.Person, s.passkeyName(name, credential), string(raw), tx.Millis(), found.Name, flag(found.Hardware))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Conflict("This passkey is registered already")
		}
		if err := s.onTrial(tx, by, len(h.passkeys)); err != nil {
			return err
		}
		if err := s.tellOfFactor(tx, by, text.M("A passkey was added to your account"), "passkey/"+key); err != nil {
			return err
		}
		return tx.Record(by, fact.PasskeyEnrolled{Person: by.Person, Unit: h.person.Unit, Passkey: key, BackedUp: credential.Flags.BackupState,
			BackupEligible: credential.Flags.BackupEligible, Model: found.Name, Hardware: found.Hardware && !credential.Flags.BackupEligible})
	})
}

const longestName = 60

// passkeyName is what its person calls it, else what its maker does.
func (s *Service) passkeyName(given string, c *webauthn.Credential) string {
	name := strings.TrimSpace(given)
	if name == "" {
		name = s.o.Passkeys.Models.Name(c.Authenticator.AAGUID)
	}
	if name == "" {
		name = "Passkey"
	}
	if r := []rune(name); len(r) > longestName {
		name = string(r[:longestName])
	}
	return name
}

// RenamePasskey gives one of the actor's passkeys another name.
func (s *Service) RenamePasskey(ctx context.Context, by authz.Actor, passkey, name string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if name = strings.TrimSpace(name); name == "" || len([]rune(name)) > longestName {
			return fault.Invalid(fault.F("name", "A name of at most %d letters is needed", longestName))
		}
		unit, err := unitOf(tx, by.Person)
		if err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE identity_passkey SET name = $1 WHERE id = $2 AND person = $3 AND removed = 0", name, passkey, by.Person)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFound("There is no such passkey")
		}
		return tx.Record(by, fact.PasskeyRenamed{Person: by.Person, Unit: unit, Passkey: passkey})
	})
}

// RemovePasskey takes one of the actor's passkeys away, but not the last one.
func (s *Service) RemovePasskey(ctx context.Context, by authz.Actor, passkey string) error {
	if err := whole(by); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.mayChange(tx, by); err != nil {
			return err
		}
		list, err := s.passkeysOf(tx, by.Person)
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
			if err := s.tellOfFactor(tx, by, text.M("A passkey was removed from your account"), "passkey-removed/"+p.ID); err != nil {
				return err
			}
			return s.dropPasskey(tx, by, p, "removed")
		}
		return fault.NotFound("There is no such passkey")
	})
}

// dropPasskey takes a passkey out of use, with all that was begun by it: whoever
// else has it, or a copy, is out as well. A session that was raised by another key
// since is that one's.
func (s *Service) dropPasskey(tx *store.Tx, by authz.Actor, p Passkey, reason string) error {
	unit, err := unitOf(tx, p.Person)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE identity_passkey SET removed = $1 WHERE id = $2", tx.Millis(), p.ID); err != nil {
		return err
	}
	if err := s.end(tx, by, p.Person, "passkey = $2", p.ID); err != nil {
		return err
	}
	// Of a grant from before keys were noted nobody knows by which it was given.
	if err := askToSignOut(tx, "g.person = $1 AND g.ended = 0 AND g.method = 'passkey' AND g.passkey IN ($2, '')", p.Person, p.ID); err != nil {
		return err
	}
	n, err := tx.Exec("UPDATE identity_grant SET ended = $1, reason = 'passkey' WHERE person = $2 AND ended = 0 AND method = 'passkey' AND passkey IN ($3, '')", tx.Millis(), p.Person, p.ID)
	if err != nil {
		return err
	}
	if n > 0 {
		if err := tx.Record(by, fact.GrantsEnded{Person: p.Person, Unit: unit, Count: n}); err != nil {
			return err
		}
	}
	return tx.Record(by, fact.PasskeyRemoved{Person: p.Person, Unit: unit, Passkey: p.ID, Reason: reason})
}

// BeginSignIn starts a sign-in by whichever passkey the person picks. Nothing
// is kept until it is answered.
func (s *Service) BeginSignIn(context.Context) (c Challenge, err error) {
	assertion, data, err := s.webauthn.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return c, err
	}
	sealed, err := s.sendAt(s.db.Now(), "sign-in", data)
	return Challenge{sealed, assertion}, err
}

// errPasskey says no more than that it failed, whatever the reason.
func errPasskey() error {
	return fault.Unauthenticated("This passkey does not open anything here. Please try again.")
}

// shown is an answer of an authenticator that fits its question.
type shown struct {
	spent      spent
	person     string
	key        Passkey // as it was when the answer was found to fit
	credential *webauthn.Credential
}

// errOvertaken is that a key was used, or taken away, while its answer was checked.
var errOvertaken = errors.New("identity: the passkey changed meanwhile")

// FinishSignIn checks the authenticator's answer. A session of the same person
// that is shown as current is raised by it, else a new one begins. Signatures are
// checked beside the database's one writer, which then finds the key as it was.
func (s *Service) FinishSignIn(ctx context.Context, ceremony string, answer io.Reader, from Device, current string) (in SignedIn, err error) {
	raw, err := io.ReadAll(answer)
	if err != nil {
		return in, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(raw)
	if err != nil {
		return in, errPasskey()
	}
	for tries := 5; ; tries-- {
		a, err := s.fits(ctx, ceremony, parsed, from)
		if err != nil {
			return SignedIn{}, s.noteRefused(ctx, err)
		}
		err = s.enter(ctx, func(tx *store.Tx) (err error) {
			in, err = s.enterBy(tx, a, from, current)
			return err
		})
		if errors.Is(err, errOvertaken) && tries > 0 {
			continue
		}
		if err == nil && in.Secret == "" {
			err = errPasskey()
		}
		return in, err
	}
}

// fits finds whose answer it is and whether it fits the question. What does not
// fit spends the question as well.
func (s *Service) fits(ctx context.Context, ceremony string, parsed *protocol.ParsedCredentialAssertionData, from Device) (a shown, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		var data webauthn.SessionData
		if a.spent, err = s.look(tx, "sign-in", ceremony, &data); err != nil {
			return err
		}
		var h holder
		_, a.credential, err = s.webauthn.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			h.handle = handle
			err := tx.QueryRow("SELECT person FROM identity_handle WHERE handle = $1", base64.RawURLEncoding.EncodeToString(handle)).Scan(&a.person)
			if err != nil {
				return nil, err
			}
			if h.person, err = authz.FindPerson(tx, a.person); err != nil {
				return nil, err
			}
			h.passkeys, err = s.passkeysOf(tx, a.person)
			return h, err
		}, data, parsed)
		ok := err == nil
		if ok {
			a.key, ok = h.passkey(base64.RawURLEncoding.EncodeToString(a.credential.ID))
		}
		if !ok {
			return a.spent.refuse(errPasskey(), Event{Kind: SignIn, Person: h.person.ID, Unit: h.person.Unit, Device: from, Proof: Proof{Method: "passkey"}}, "passkey")
		}
		return nil
	})
	return a, err
}

// enterBy lets in who has shown a passkey, once.
func (s *Service) enterBy(tx *store.Tx, a shown, from Device, current string) (in SignedIn, err error) {
	first, err := a.spent.note(tx)
	if err == nil && !first {
		err = errLate()
	}
	if err != nil {
		return in, err
	}
	p, err := authz.FindPerson(tx, a.person)
	if err != nil {
		return in, err
	}
	if a.credential.Authenticator.CloneWarning {
		// Its counter went back: there are two of it (WebAuthn §6.1.1).
		if err := s.note(tx, Event{Kind: CounterFell, Person: p.ID, Unit: p.Unit, Device: from, Outcome: Refused, Reason: a.key.ID}); err != nil {
			return in, err
		}
		if err := s.tellOfFactor(tx, authz.Actor{Person: p.ID}, text.M("A passkey of your account was taken out of use: there is a copy of it"), "passkey-cloned/"+a.key.ID); err != nil {
			return in, err
		}
		return in, s.dropPasskey(tx, authz.System("identity"), a.key, "cloned")
	}
	raw, err := json.Marshal(a.credential)
	if err != nil {
		return in, err
	}
	n, err := tx.Exec("UPDATE identity_passkey SET credential = $1, used = $2 WHERE id = $3 AND removed = 0 AND credential = $4", string(raw), tx.Millis(), a.key.ID, a.key.kept)
	if err == nil && n == 0 {
		err = errOvertaken
	}
	if err != nil {
		return in, err
	}
	in, err = s.enterAs(tx, p, PasskeyProof(a.key), from, current)
	return in, a.spent.keep(err)
}

// allBound tells whether all keys of a person were bound to their hardware.
func (h holder) allBound() bool {
	return len(h.passkeys) > 0 && !slices.ContainsFunc(h.passkeys, func(p Passkey) bool { return !p.Bound() })
}

func (h holder) passkey(id string) (Passkey, bool) {
	i := slices.IndexFunc(h.passkeys, func(p Passkey) bool { return p.ID == id })
	if i < 0 {
		return Passkey{}, false
	}
	return h.passkeys[i], true
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
