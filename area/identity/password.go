package identity

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"

	"yagura/area/identity/password"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// work is what a password costs. It is a field of the service so that a test
// can count it.
type work struct {
	check func(kept, password string) (fits, stale bool, err error)
	spend func(password string) error
}

var slowWork = work{password.Check, password.Spend}

// Reasons of the log.
const (
	wrongPassword = "password"
	wrongCode     = "code"
)

// errWrong says no more than that it failed, whether or not the account exists
// or may have a password.
func errWrong() error {
	return fault.Unauthenticated("That is not right, or this way of signing in is not open to this account.")
}

// SetPassword gives the actor a password, where the policy of his unit allows
// one. It asks for no composition; it refuses what is guessed first.
func (s *Service) SetPassword(ctx context.Context, by authz.Actor, chosen string) error {
	if err := whole(by); err != nil {
		return err
	}
	var rule password.Rule
	err := s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.mayChange(tx, by); err != nil {
			return err
		}
		p, err := authz.FindPerson(tx, by.Person)
		if err != nil {
			return err
		}
		f, err := s.factorsOf(tx, p)
		if err != nil {
			return err
		}
		if !f.Allowed.Passwords {
			return errNotAllowed()
		}
		rule = password.Rule{Shortest: password.ShortestAlone, Blocked: s.o.Blocked, Names: []string{p.Name, p.NameJA, p.Email, p.ID}}
		if !f.App.IsZero() {
			rule.Shortest = password.ShortestWith
		}
		units, err := s.dir.Units(tx)
		if err != nil {
			return err
		}
		for u, ok := units.Get(p.Unit); ok; u, ok = units.Get(u.Parent) { // up to the company and the group
			rule.Names = append(rule.Names, u.ID, units.Label(u.ID, text.EN), units.Label(u.ID, text.JA))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := weakness(rule.Weakness(chosen), rule.Shortest); err != nil {
		return err
	}
	var kept string
	if err := s.gated(ctx, password.From{Place: by.Person}, func() (err error) { kept, err = password.Hash(chosen); return err }); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		unit, err := standsIn(tx, by.Person)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO identity_password (person, hash, made) VALUES ($1,$2,$3)
			ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, made = excluded.made`, by.Person, kept, tx.Millis()); err != nil {
			return err
		}
		if err := s.tellOfFactor(tx, by, text.M("The password of your account was changed"), ""); err != nil {
			return err
		}
		return tx.Record(by, fact.FactorEnrolled{Person: by.Person, Unit: unit, Factor: fact.Password})
	})
}

func weakness(w password.Weakness, shortest int) error {
	switch w {
	case password.Short:
		return fault.Invalid(fault.F("password", "At least %d characters are needed; a sentence is easy to remember", shortest))
	case password.Long:
		return fault.Invalid(fault.F("password", "This is longer than can be read"))
	case password.Usual:
		return fault.Invalid(fault.F("password", "This is among the first that are guessed. Take something nobody else would."))
	case password.Personal:
		return fault.Invalid(fault.F("password", "This is made of names that others know. Take something nobody else would."))
	case password.Plain:
		return fault.Invalid(fault.F("password", "This repeats itself or follows the keyboard. Take something nobody else would."))
	}
	return nil
}

// gated runs work that costs a core when it is its turn.
func (s *Service) gated(ctx context.Context, from password.From, do func() error) error {
	err := s.gate.Do(ctx, from, do)
	if errors.Is(err, password.ErrFull) {
		return fault.TooBusy(longestWait, "Too many are signing in by password. Please try again in a moment, or use a passkey.")
	}
	return err
}

// second is who has shown his password and owes a code.
type second struct {
	Person string
	Made   int64 // of the password: another one since makes this void
}

// lookUp is somebody as he is looked for at a sign-in.
func (s *Service) lookUp(tx *store.Tx, account string, from Device) (a attempt, p authz.Person, err error) {
	a = attempt{account: typed(account), from: from}
	people, err := store.Texts(tx, "SELECT id FROM authz_person WHERE LOWER(email) = $1 AND active = 1 ORDER BY id LIMIT 2", a.account)
	if err != nil {
		return a, p, err
	}
	byID, err := store.Texts(tx, "SELECT id FROM authz_person WHERE id = $1 AND active = 1", strings.TrimSpace(account))
	if err != nil {
		return a, p, err
	}
	if len(byID) == 1 {
		people = byID
	}
	if len(people) != 1 { // two people of one address can't use it
		return a, p, nil
	}
	if p, err = authz.FindPerson(tx, people[0]); err != nil {
		return a, p, err
	}
	a.account, a.person, a.unit = p.ID, p.ID, p.Unit
	a.device, err = s.knownDevice(tx, p.ID, from)
	return a, p, err
}

// BeginPassword checks a password. It opens nothing by itself: the ticket is
// for FinishPassword, with a code. Whether the account exists, may have a
// password or has one shows neither in the answer nor in the time.
func (s *Service) BeginPassword(ctx context.Context, account, given string, from Device) (ticket string, err error) {
	var a attempt
	var kept string
	var made int64
	open := false
	err = s.db.View(ctx, func(tx *store.Tx) error {
		var p authz.Person
		var err error
		if a, p, err = s.lookUp(tx, account, from); err != nil {
			return err
		}
		if err := a.mayTry(tx); err != nil || p.ID == "" {
			return err
		}
		allowed, err := s.allowance(tx, p)
		if err != nil {
			return err
		}
		open = allowed.Passwords
		err = tx.QueryRow("SELECT hash, made FROM identity_password WHERE person = $1", p.ID).Scan(&kept, &made)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", err
	}
	counted, err := s.count(ctx, a)
	if err != nil {
		return "", err
	}
	fits, stale := false, false
	err = s.gated(ctx, from.queue(), func() (err error) {
		if kept == "" {
			return s.work.spend(given)
		}
		fits, stale, err = s.work.check(kept, given)
		return err
	})
	if err != nil { // nobody has looked
		return "", cmp.Or(s.uncount(ctx, counted), err)
	}
	if !fits || !open {
		return "", s.refused(ctx, a, wrongPassword)
	}
	if stale {
		if err := s.renew(ctx, a.person, kept, given); err != nil {
			return "", err
		}
	}
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		if err := counted.back(tx); err != nil {
			return err
		}
		ticket, err = s.send(tx, "second", second{a.person, made})
		return err
	})
	return ticket, err
}

// renew keeps a password under the parameters of today.
func (s *Service) renew(ctx context.Context, person, old, given string) error {
	var kept string
	if err := s.gated(ctx, password.From{Place: person}, func() (err error) { kept, err = password.Hash(given); return err }); err != nil {
		return err
	}
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE identity_password SET hash = $1 WHERE person = $2 AND hash = $3", kept, person, old)
		return err
	})
}

// FinishPassword signs in who has shown his password by a code of his app, or
// by one of his recovery codes.
func (s *Service) FinishPassword(ctx context.Context, ticket, code string, from Device, current string) (in SignedIn, err error) {
	err = s.finishPassword(ctx, ticket, code, from, answers, func(tx *store.Tx, p authz.Person, proof Proof) (err error) {
		in, err = s.enterAs(tx, p, proof, from, current)
		return err
	})
	return in, err
}

// answers is how many codes a ticket takes on the page, where people mistype
// them: as many as a network may get wrong at no cost. A gate takes one.
const answers = free

// finishPassword takes a ticket and a code, and lets who showed both enter by
// the door that is meant. The attempt and the answer of the ticket are counted
// first, by themselves: they stay counted whatever becomes of the rest.
func (s *Service) finishPassword(ctx context.Context, ticket, code string, from Device, answers int, enter func(*store.Tx, authz.Person, Proof) error) error {
	var a attempt
	var owes second
	var used spent
	var counted taken
	if err := s.db.Operate(ctx, func(tx *store.Tx) (err error) {
		if used, err = s.look(tx, "second", ticket, &owes); err != nil {
			return err
		}
		if a, _, err = s.lookUp(tx, owes.Person, from); err != nil {
			return err
		}
		if counted, err = a.take(tx); err != nil {
			return err
		}
		return used.answer(tx, answers)
	}); err != nil {
		return err
	}
	wrong, right := false, false
	err := s.enter(ctx, func(tx *store.Tx) error {
		_, p, err := s.lookUp(tx, owes.Person, from)
		if err != nil {
			return err
		}
		proof, err := s.second(tx, p, owes, code)
		if err != nil {
			return err
		}
		right = proof.Method != ""
		if wrong = !right; wrong {
			return errWrong()
		}
		if first, err := used.note(tx); err != nil {
			return err
		} else if !first {
			return errLate()
		}
		if err := a.succeeded(tx); err != nil {
			return err
		}
		return used.keep(enter(tx, p, proof))
	})
	switch {
	case wrong:
		return s.refused(ctx, a, wrongCode)
	case right && err != nil: // who may not come in has not guessed
		return cmp.Or(s.uncount(ctx, counted), err)
	}
	return err
}

// second takes the code that somebody owes; a proof without a method where it
// is wrong.
func (s *Service) second(tx *store.Tx, p authz.Person, owes second, code string) (Proof, error) {
	allowed, err := s.allowance(tx, p)
	if err != nil {
		return Proof{}, err
	}
	var made int64
	if err := tx.QueryRow("SELECT COALESCE(MAX(made), -1) FROM identity_password WHERE person = $1", p.ID).Scan(&made); err != nil {
		return Proof{}, err
	}
	if !allowed.Passwords || !allowed.Codes || made != owes.Made {
		return Proof{}, nil
	}
	ok, err := s.useApp(tx, p.ID, code)
	if err != nil {
		return Proof{}, err
	}
	if ok {
		return Proof{Method: "password", Level: TwoFactors, Methods: []string{"pwd", "otp", "mfa"}}, nil
	}
	switch owner, err := useRecovery(tx, code); {
	case err != nil:
		return Proof{}, err
	case owner == p.ID:
		return Proof{Method: "password", Level: TwoFactors, Methods: []string{"pwd", "otp", "mfa"}}, nil
	}
	return Proof{}, nil
}

// ofAHouse is how many wrong recovery codes a day a network may send before it
// waits: behind one may sit a house of ten thousand people. Guessing at 120 random
// bits would lead nowhere; what is spared is the work.
const ofAHouse = 200

// EnterByRecoveryCode begins a session in which a passkey can be added, and
// nothing else. The code carries 120 random bits: it needs no account beside it.
func (s *Service) EnterByRecoveryCode(ctx context.Context, code string, from Device, current string) (in SignedIn, err error) {
	a := attempt{account: byCode, from: from, device: place(from.Network), patience: ofAHouse} // counted by network alone
	counted, err := s.count(ctx, a)
	if err != nil {
		return in, err
	}
	wrong := false
	err = s.enter(ctx, func(tx *store.Tx) error {
		in, wrong = SignedIn{}, false
		person, err := useRecovery(tx, code)
		if err != nil {
			return err
		}
		if wrong = person == ""; wrong {
			return errWrong()
		}
		p, err := authz.FindPerson(tx, person)
		if err != nil {
			return err
		}
		allowed, err := s.allowance(tx, p)
		if err != nil {
			return err
		}
		if wrong = !allowed.Codes; wrong {
			return errWrong()
		}
		if err := putOnProbation(tx, person); err != nil {
			return err
		}
		if err := s.tellOfFactor(tx, authz.Actor{Person: person}, text.M("A recovery code of your account was used"), ""); err != nil {
			return err
		}
		in, err = s.enterAs(tx, p, Proof{Method: byCode, Level: SingleFactor, Methods: []string{"otp"}}, from, current)
		return err
	})
	if wrong {
		return in, s.refused(ctx, a, byCode)
	}
	return in, cmp.Or(s.uncount(ctx, counted), err)
}

// refused counts an attempt, and says no more than that it was wrong.
func (s *Service) refused(ctx context.Context, a attempt, reason string) error {
	if err := s.failed(ctx, a, SignIn, reason); err != nil {
		return err
	}
	return errWrong()
}
