package identity

import (
	"context"
	"slices"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// FreshFor is how long ago a person may have shown who he is when he changes by
// what he signs in, or makes a token that acts as him (ASVS 5.0 7.5.1): whoever finds a browser open, or takes its
// cookie, gives himself no lasting way in.
const FreshFor = 15 * time.Minute

// Changing is whether a session may change by what its person signs in, and what
// else it takes.
type Changing struct {
	Fresh bool // the sign-in is not too old
	// Strong tells that it is as strong as what it changes. Who has a passkey has
	// shown it: else whoever phished a password and a code would make them into a
	// key of his own, and take the person's away.
	Strong bool

	trial bool // on probation a passkey reaches no more than two factors
}

// Now tells whether the session may.
func (c Changing) Now() bool { return c.Fresh && c.Strong }

// Level is what another sign-in must reach.
func (c Changing) Level() Level {
	switch {
	case c.Strong:
		return NoLevel
	case c.trial:
		return TwoFactors
	}
	return PhishingResistant
}

// Changing tells whether the session of a secret may change its person's factors
// now.
func (s *Service) Changing(ctx context.Context, secret string) (c Changing, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		session, err := s.current(tx, secret)
		if err != nil {
			return err
		}
		c, err = s.changingBy(tx, session)
		return err
	})
	return c, err
}

// changingBy is Changing of a session. One that is for adding a passkey alone
// may for as long as it lives. A link of the demo opens as often as one likes, so
// how old a session by it is says nothing; one by whoever runs the machine is as
// good as the machine.
func (s *Service) changingBy(tx *store.Tx, session Session) (c Changing, err error) {
	if session.Narrow() || session.Proof.Method == Persona {
		return Changing{Fresh: true, Strong: true}, nil
	}
	c.Fresh = session.Meets(NoLevel, tx.Now, FreshFor)
	keys, err := s.passkeysOf(tx, session.Person)
	if err != nil {
		return c, err
	}
	if len(keys) == 0 {
		c.Strong = true
		if c.Fresh {
			return c, nil
		}
		p, err := authz.FindPerson(tx, session.Person)
		if err != nil {
			return c, err
		}
		others, err := s.factorsOf(tx, p) // who has nothing to sign in by could not do so again
		c.Fresh = others.Password.IsZero() || others.App.IsZero() && others.Codes == 0
		return c, err
	}
	if c.Strong = session.Proof.Method == byMachine; c.Strong {
		return c, nil
	}
	since, _, err := probationOf(tx, session.Person)
	if err != nil {
		return c, err
	}
	// On probation keys from before it count, where there are any: so their person
	// removes what a stranger has added, and not the stranger his.
	c.trial = !since.IsZero()
	old := func(k Passkey) bool { return k.Made.Before(since) }
	none := !slices.ContainsFunc(keys, old)
	c.Strong = slices.ContainsFunc(keys, func(k Passkey) bool { return k.ID == session.Proof.Passkey && (none || old(k)) })
	return c, nil
}

// mayChange refuses a change of factors to a session that is too weak for it. Its
// age is the page's to ask: what has begun may be finished. A program changes
// nothing of the kind.
func (s *Service) mayChange(tx *store.Tx, by authz.Actor) error {
	switch {
	case by.Session != "":
	case by.Whole():
		return nil
	default:
		return fault.Denied("A token changes nothing by which its person signs in")
	}
	session, err := s.hereBy(tx, by)
	if err != nil {
		return err
	}
	c, err := s.changingBy(tx, session)
	if err == nil && !c.Strong {
		err = fault.Denied("You have a passkey: sign in with it before you change by what you sign in, and not with one that came after you could not sign in")
	}
	return err
}

// onTrial puts a person on probation who adds his first passkey in a session by
// something that can be phished. A first link, a lost factor and a recovery code
// have done so already.
func (s *Service) onTrial(tx *store.Tx, by authz.Actor, had int) error {
	if by.Session == "" || had > 0 {
		return nil
	}
	session, err := s.hereBy(tx, by)
	if err != nil || session.Narrow() || session.Proof.Method == Persona || session.Proof.Method == byMachine {
		return err
	}
	return putOnProbation(tx, by.Person)
}

// decides refuses what somebody says about another without a role to a session
// that could be phished, or has just begun anew: roles are taken from those.
func (s *Service) decides(tx *store.Tx, by authz.Actor) error {
	if by.Session == "" {
		if by.Whole() {
			return nil
		}
		return errWeak()
	}
	here, err := s.hereBy(tx, by)
	if err == nil && !here.decisive() {
		err = errWeak()
	}
	return err
}

func errWeak() error {
	return fault.Denied("This needs a sign-in by passkey, and not within a day after you lost one")
}

// decisive tells whether somebody may decide for others in the session.
func (s Session) decisive() bool {
	return !s.Narrow() && (s.Proof.Method == byMachine || s.Proof.Level.Meets(PhishingResistant))
}

// Decisive tells whether the session of a secret is strong enough to decide for
// others, so that a page leads to a stronger one.
func (s *Service) Decisive(ctx context.Context, secret string) (yes bool, err error) {
	here, err := s.Here(ctx, secret)
	return here.decisive(), err
}
