package identity

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// After a lost factor, and after a first passkey that somebody else's act made
// possible, a person's sessions reach aal2 at most for a day: whoever has taken
// over the account has as long to be noticed, and decides nothing meanwhile.
const probation = 24 * time.Hour

// probationOf is since when and until when a person's proofs count for less;
// zero: they don't.
func probationOf(tx *store.Tx, person string) (since, until time.Time, err error) {
	var from, to int64
	err = tx.QueryRow("SELECT since, until FROM identity_probation WHERE person = $1 AND until > $2", person, tx.Millis()).Scan(&from, &to)
	if errors.Is(err, sql.ErrNoRows) {
		return since, until, nil
	}
	since, until = store.Time(from), store.Time(to)
	if from == 0 {
		since = until.Add(-probation)
	}
	return since, until, err
}

// onProbation is until when a person's proofs count for less; zero: they don't.
func onProbation(tx *store.Tx, person string) (time.Time, error) {
	_, until, err := probationOf(tx, person)
	return until, err
}

// Probation is until when the actor's proofs count for less; zero: they don't.
func (s *Service) Probation(ctx context.Context, by authz.Actor) (until time.Time, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		until, err = onProbation(tx, by.Person)
		return err
	})
	return until, err
}

// putOnProbation lets one that runs already begin where it began: what was added
// in it does not become old by a second one.
func putOnProbation(tx *store.Tx, person string) error {
	_, err := tx.Exec(`INSERT INTO identity_probation (person, since, until) VALUES ($1,$2,$3) ON CONFLICT (person) DO UPDATE SET
		since = CASE WHEN identity_probation.until > $2 THEN identity_probation.since ELSE excluded.since END, until = excluded.until`,
		person, tx.Millis(), store.Millis(tx.Now.Add(probation)))
	return err
}

// worth is what a proof counts for today.
func worth(tx *store.Tx, person string, proof Proof) (Proof, error) {
	until, err := onProbation(tx, person)
	if err == nil && !until.IsZero() && !TwoFactors.Meets(proof.Level) {
		proof.Level = TwoFactors
	}
	return proof, err
}

// Methods that begin a session by something another person handed over or made
// possible, or that is one weak factor alone: such a session adds a passkey and
// does nothing else.
const (
	byFirst    = "first"         // link of a person who has nothing to sign in by yet
	byRecovery = "recovery"      // link of a person who lost what he had
	byCode     = "recovery-code" // without a password
)

// byMachine is a session by a link of whoever runs the machine, who holds the
// database.
const byMachine = "link"

// Narrow tells whether the session is for adding a passkey alone.
func (s Session) Narrow() bool {
	return s.Proof.Method == byFirst || s.Proof.Method == byRecovery || s.Proof.Method == byCode
}

// whole refuses what needs more than a session for adding a passkey, though it
// needs no role.
func whole(by authz.Actor) error {
	if by.Powerless() {
		return fault.Denied("In this session you can add a passkey, and nothing else. Afterwards sign in with it.")
	}
	return nil
}

// narrowed is the actor of a session: nothing that needs a role by a narrow one,
// and no decision that asks for a second person by one that could be phished.
// A link by whoever runs the machine is as good as the machine.
func (s *Service) narrowed(a authz.Actor, session Session) authz.Actor {
	switch {
	case session.Narrow():
		return a.Limited(nil)
	case session.decisive():
		return a
	}
	return a.Without(s.o.Guarded...)
}
