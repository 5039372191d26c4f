package identity

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"yagura/area/identity/onetime"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// recoveryCodes is how many a person gets at once.
const recoveryCodes = 10

// Factors are what a person has besides passkeys.
type Factors struct {
	Allowed  Allowance
	App      time.Time // since when an authenticator app is enrolled; zero: none
	Codes    int       // recovery codes that are left
	Password time.Time // since when there is one; zero: none
}

// Factors tells what somebody has besides passkeys.
func (s *Service) Factors(ctx context.Context, by authz.Actor, person string) (f Factors, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadFactors); err != nil {
			return err
		}
		p, err := authz.FindPerson(tx, person)
		if err != nil {
			return err
		}
		f, err = s.factorsOf(tx, p)
		return err
	})
	return f, err
}

func (s *Service) factorsOf(tx *store.Tx, p authz.Person) (f Factors, err error) {
	if f.Allowed, err = s.allowance(tx, p); err != nil {
		return f, err
	}
	var app, password int64
	err = tx.QueryRow(`SELECT (SELECT COALESCE(MAX(made), 0) FROM identity_totp WHERE person = $1),
		(SELECT COUNT(*) FROM identity_recovery_code WHERE person = $1 AND used = 0),
		(SELECT COALESCE(MAX(made), 0) FROM identity_password WHERE person = $1)`, p.ID).Scan(&app, &f.Codes, &password)
	f.App, f.Password = store.Time(app), store.Time(password)
	return f, err
}

func errNotAllowed() error {
	return fault.Denied("The policy of your unit does not allow this way of signing in")
}

func (s *Service) allowCodes(tx *store.Tx, by authz.Actor, p authz.Person) error {
	if err := whole(by); err != nil {
		return err
	}
	if _, err := standsIn(tx, p.ID); err != nil {
		return err
	}
	if err := s.mayChange(tx, by); err != nil {
		return err
	}
	allowed, err := s.allowance(tx, p)
	if err == nil && !allowed.Codes {
		err = errNotAllowed()
	}
	return err
}

// AppSetup is what an authenticator app is set up with.
type AppSetup struct {
	URI    string // for the QR code
	Secret string // for typing
	Sealed string // comes back with the first code
}

// BeginApp starts adding an authenticator app to the actor.
func (s *Service) BeginApp(ctx context.Context, by authz.Actor) (a AppSetup, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err := authz.FindPerson(tx, by.Person)
		if err != nil {
			return err
		}
		if err := s.allowCodes(tx, by, p); err != nil {
			return err
		}
		seed := onetime.Seed()
		a, err = setup(p, seed)
		if err != nil {
			return err
		}
		a.Sealed, err = s.send(tx, "app/"+p.ID, seed)
		return err
	})
	return a, err
}

func setup(p authz.Person, seed []byte) (AppSetup, error) {
	account := p.Email
	if account == "" {
		account = p.ID
	}
	return AppSetup{URI: onetime.URI("Yagura", account, seed), Secret: onetime.Text(seed)}, nil
}

// AppAgain is a set-up that was begun, for who mistyped the code.
func (s *Service) AppAgain(ctx context.Context, by authz.Actor, sealed string) (a AppSetup, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err := authz.FindPerson(tx, by.Person)
		if err != nil {
			return err
		}
		var seed []byte
		if _, err := s.look(tx, "app/"+p.ID, sealed, &seed); err != nil {
			return err
		}
		a, err = setup(p, seed)
		a.Sealed = sealed
		return err
	})
	return a, err
}

// FinishApp adds the app once its first code shows that it has the seed. An app
// that was there before no longer counts.
func (s *Service) FinishApp(ctx context.Context, by authz.Actor, sealed, code string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := authz.FindPerson(tx, by.Person)
		if err != nil {
			return err
		}
		if err := s.allowCodes(tx, by, p); err != nil {
			return err
		}
		var seed []byte
		if _, err := s.look(tx, "app/"+p.ID, sealed, &seed); err != nil {
			return err
		}
		step, ok := onetime.Match(seed, code, tx.Now, 0)
		if !ok {
			return fault.Invalid(fault.F("code", "This is not the code that the app shows now"))
		}
		kept, err := s.seal(seed, "totp/"+p.ID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO identity_totp (person, seed, made, last) VALUES ($1,$2,$3,$4)
			ON CONFLICT (person) DO UPDATE SET seed = excluded.seed, made = excluded.made, last = excluded.last`, p.ID, kept, tx.Millis(), step); err != nil {
			return err
		}
		if err := s.tellOfFactor(tx, by, text.M("An authenticator app was added to your account"), ""); err != nil {
			return err
		}
		return tx.Record(by, fact.FactorEnrolled{Person: p.ID, Unit: p.Unit, Factor: fact.App})
	})
}

// RemoveApp takes the actor's authenticator app away.
func (s *Service) RemoveApp(ctx context.Context, by authz.Actor) error {
	return s.removeFactor(ctx, by, fact.App, "DELETE FROM identity_totp WHERE person = $1", text.M("The authenticator app was removed from your account"))
}

// RemovePassword takes the actor's password away.
func (s *Service) RemovePassword(ctx context.Context, by authz.Actor) error {
	return s.removeFactor(ctx, by, fact.Password, "DELETE FROM identity_password WHERE person = $1", text.M("The password was removed from your account"))
}

func (s *Service) removeFactor(ctx context.Context, by authz.Actor, factor, query string, what text.Message) error {
	if err := whole(by); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.mayChange(tx, by); err != nil {
			return err
		}
		unit, err := unitOf(tx, by.Person)
		if err != nil {
			return err
		}
		n, err := tx.Exec(query, by.Person)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFound("There is nothing to remove")
		}
		if err := markKnown(tx, by.Person); err != nil {
			return err
		}
		if err := s.tellOfFactor(tx, by, what, ""); err != nil {
			return err
		}
		return tx.Record(by, fact.FactorRemoved{Person: by.Person, Unit: unit, Factor: factor})
	})
}

// useApp takes a code of a person's app: each step counts once, also when two
// arrive together.
func (s *Service) useApp(tx *store.Tx, person, code string) (bool, error) {
	var kept string
	var last int64
	err := tx.QueryRow("SELECT seed, last FROM identity_totp WHERE person = $1", person).Scan(&kept, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	seed, err := s.open(kept, "totp/"+person)
	if err != nil {
		return false, err
	}
	step, ok := onetime.Match(seed, code, tx.Now, last)
	if !ok {
		return false, nil
	}
	n, err := tx.Exec("UPDATE identity_totp SET last = $1 WHERE person = $2 AND last < $1", step, person)
	return n == 1, err
}

// MakeRecoveryCodes gives the actor new recovery codes, which are shown this
// once; those from before no longer count.
func (s *Service) MakeRecoveryCodes(ctx context.Context, by authz.Actor) (codes []string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		codes = nil
		p, err := authz.FindPerson(tx, by.Person)
		if err != nil {
			return err
		}
		if err := s.allowCodes(tx, by, p); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM identity_recovery_code WHERE person = $1", p.ID); err != nil {
			return err
		}
		for range recoveryCodes {
			code := onetime.Recovery()
			if _, err := tx.Exec("INSERT INTO identity_recovery_code (digest, person, made) VALUES ($1,$2,$3)", id.Digest(onetime.Plain(code)), p.ID, tx.Millis()); err != nil {
				return err
			}
			codes = append(codes, code)
		}
		if err := s.tellOfFactor(tx, by, text.M("New recovery codes were made for your account"), ""); err != nil {
			return err
		}
		return tx.Record(by, fact.FactorEnrolled{Person: p.ID, Unit: p.Unit, Factor: fact.RecoveryCodes})
	})
	return codes, err
}

// useRecovery takes a recovery code and returns whose it was, empty for none.
func useRecovery(tx *store.Tx, code string) (person string, err error) {
	plain := onetime.Plain(code)
	if plain == "" {
		return "", nil
	}
	err = tx.QueryRow("UPDATE identity_recovery_code SET used = $1 WHERE digest = $2 AND used = 0 RETURNING person", tx.Millis(), id.Digest(plain)).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return person, err
}
