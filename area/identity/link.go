package identity

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// The purposes of links.
const (
	// Enrol is a link by whoever runs the machine: it works once, and what it opens
	// is worth as much as the machine.
	Enrol = "enrol"
	// First works once, for a person who never had anything to sign in by.
	First = "first"
	// Recovery works once, for a person who has lost what he had.
	Recovery = "recovery"
	// Persona is a link of the demo: it signs in as often as it is opened.
	Persona = "persona"
)

const linkFor = 30 * time.Minute

// LinkFor makes the link by which a person adds his first passkey. Where there
// is mail, it goes to him alone; else it comes back, to be handed over, which is
// recorded. Who ever had anything to sign in by is helped by two people: see
// Lost. So is who got another mail address by somebody's hand just now: with a
// link to it whoever changed it would be that person.
func (s *Service) LinkFor(ctx context.Context, by authz.Actor, person string) (secret string, until time.Time, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		until = tx.Now.Add(linkFor)
		p, err := seen(tx, by, MakeLinks, person)
		if err != nil {
			return err
		}
		if by.Who() == person {
			return fault.Denied("Ask another administrator: nobody makes a link for himself")
		}
		if err := s.covers(tx, by, person); err != nil {
			return err
		}
		if is, err := known(tx, person); err != nil || is {
			return cmp.Or(err, fault.Denied("This person has or had something to sign in by. Who has lost it asks on the sign-in page, or the help desk for him; two people decide."))
		}
		if fresh, err := readdressed(tx, person); err != nil || fresh {
			return cmp.Or(err, fault.Denied("Somebody has changed the mail address of this person within the last seven days, so one person alone makes no link. Open a request instead: two people decide."))
		}
		secret, err = s.hand(tx, by, p, First, s.usual(p))
		return err
	})
	return secret, until, err
}

// covers refuses a link for somebody with rights over units in which the actor
// has none: it would be a way to them.
func (s *Service) covers(tx *store.Tx, by authz.Actor, person string) error {
	grants, err := authz.Grants(tx, authz.Everything(), person, 1000)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.Active(tx.Now) && !by.Covers(MakeLinks, g) && !by.Covers(Recover, g) {
			return fault.Denied("This person has roles in units that are not yours: ask an administrator of the whole group")
		}
	}
	return nil
}

// usual is how a link reaches a person.
func (s *Service) usual(p authz.Person) Handover {
	if s.o.Letter != nil && p.Email != "" {
		return ByMail
	}
	return ByHand
}

const letterKind = "identity.link"

type letter struct {
	Person string
	Secret string
	Until  int64
}

// hand makes a link and gets it on its way. The secret comes back only where
// the actor hands it over.
func (s *Service) hand(tx *store.Tx, by authz.Actor, p authz.Person, purpose string, how Handover) (string, error) {
	if how == ByMail && s.usual(p) != ByMail {
		return "", fault.Conflict("No mail reaches this person: hand the link over")
	}
	if how == ByMail {
		if fresh, err := readdressed(tx, p.ID); err != nil || fresh {
			return "", cmp.Or(err, fault.Conflict("Somebody has changed the mail address of this person within the last seven days: hand the link over"))
		}
	}
	until := tx.Now.Add(linkFor)
	secret, err := MakeLink(tx, by, p.ID, purpose, until)
	if err != nil {
		return "", err
	}
	// Whoever holds the link is that person from now on: he is told at once.
	if err := notify.Send(tx, notify.Message{
		To: p.ID, Subject: text.M("A one-time link for signing in as you was made"),
		Body: text.M("It was made at your request. If you did not ask for it, tell the CSIRT at once."),
		Href: "/settings", Key: "link/" + id.Digest(secret), Topic: "identity", Urgent: true,
	}); err != nil {
		return "", err
	}
	if how == ByHand {
		return secret, tx.Record(by, fact.LinkHanded{Person: p.ID, Unit: p.Unit, Purpose: purpose})
	}
	raw, err := json.Marshal(letter{p.ID, secret, store.Millis(until)})
	if err != nil {
		return "", err
	}
	sealed, err := s.seal(raw, letterKind)
	if err != nil {
		return "", err
	}
	_, err = job.Enqueue(tx, job.Job{Kind: letterKind, Key: id.Digest(secret), Body: job.Body(sealed)})
	return "", err
}

// sendLink mails a link. Nothing that can be read is kept of it.
func (s *Service) sendLink(ctx context.Context, j job.Job) error {
	var sealed string
	if err := j.Into(&sealed); err != nil {
		return err
	}
	raw, err := s.open(sealed, letterKind)
	if err != nil {
		return job.Permanent(err)
	}
	var l letter
	if err := json.Unmarshal(raw, &l); err != nil {
		return job.Permanent(err)
	}
	var to authz.Person
	late := false
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		late = tx.Millis() >= l.Until
		to, err = authz.FindPerson(tx, l.Person)
		return err
	}); err != nil || late || s.o.Letter == nil {
		return err
	}
	return s.o.Letter(ctx, to, j.ID, text.M("Your link to add a passkey"),
		text.M("It works once, for 30 minutes. If you did not ask for it, do not open it and tell the CSIRT."), linkPath(l.Secret))
}

// MakeLink makes a link within a transaction of the system: at first start, or
// for the personas of the demo.
func MakeLink(tx *store.Tx, by authz.Actor, person, purpose string, until time.Time) (string, error) {
	unit, err := unitOf(tx, person)
	if err != nil {
		return "", err
	}
	secret := id.Token()
	if _, err := tx.Exec("INSERT INTO identity_link (digest, person, purpose, made_by, made, until) VALUES ($1,$2,$3,$4,$5,$6)",
		id.Digest(secret), person, purpose, by.Who(), tx.Millis(), store.Millis(until)); err != nil {
		return "", err
	}
	return secret, tx.Record(by, fact.LinkMade{Person: person, Unit: unit, Purpose: purpose, Until: until})
}

// Link is what a link is for.
type Link struct {
	Person  authz.Person
	Purpose string
}

var errLink = func() error {
	return fault.NotFound("This link is used up, has expired or never existed. Ask for a new one.")
}

func findLink(tx *store.Tx, secret string) (Link, error) {
	var person, purpose string
	var until, used int64
	err := tx.QueryRow("SELECT person, purpose, until, used FROM identity_link WHERE digest = $1", id.Digest(secret)).
		Scan(&person, &purpose, &until, &used)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (until <= tx.Millis() || used != 0 && purpose != Persona) {
		return Link{}, errLink()
	}
	if err != nil {
		return Link{}, err
	}
	p, err := authz.FindPerson(tx, person)
	if err == nil && !p.Active {
		err = errLink()
	}
	return Link{p, purpose}, err
}

// Look says what a link is for without using it.
func (s *Service) Look(ctx context.Context, secret string) (l Link, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		l, err = findLink(tx, secret)
		return err
	})
	return l, err
}

// Follow uses a link and begins a session.
func (s *Service) Follow(ctx context.Context, secret string, from Device) (session string, err error) {
	err = s.enter(ctx, func(tx *store.Tx) error {
		l, err := findLink(tx, secret)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE identity_link SET used = $1 WHERE digest = $2", tx.Millis(), id.Digest(secret)); err != nil {
			return err
		}
		proof := Proof{Method: byMachine, Level: SingleFactor, Methods: []string{"otp"}}
		switch l.Purpose {
		case First:
			proof.Method = byFirst
			if err := putOnProbation(tx, l.Person.ID); err != nil {
				return err
			}
		case Recovery:
			proof.Method = byRecovery
			if err := s.recover(tx, l.Person); err != nil {
				return err
			}
		}
		if l.Purpose == Persona { // of the demo, which shows what is behind a strong sign-in
			proof = Proof{Method: "persona", Level: HardwareBound, Methods: []string{"persona"}}
		}
		_, session, err = s.begin(tx, l.Person, proof, from)
		return err
	})
	return session, err
}

// recover takes away what a person signed in by before he came back: who has
// found it must not come in by it.
func (s *Service) recover(tx *store.Tx, p authz.Person) error {
	by := authz.System("identity")
	if _, err := closeDoors(tx, by, p.ID); err != nil {
		return err
	}
	keys, err := s.passkeysOf(tx, p.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := s.dropPasskey(tx, by, k, "lost"); err != nil {
			return err
		}
	}
	for factor, table := range map[string]string{fact.App: "identity_totp", fact.RecoveryCodes: "identity_recovery_code", fact.Password: "identity_password"} {
		n, err := tx.Exec("DELETE FROM "+table+" WHERE person = $1", p.ID)
		if err != nil {
			return err
		}
		if n > 0 {
			if err := tx.Record(by, fact.FactorRemoved{Person: p.ID, Unit: p.Unit, Factor: factor}); err != nil {
				return err
			}
		}
	}
	if err := markKnown(tx, p.ID); err != nil {
		return err
	}
	if err := putOnProbation(tx, p.ID); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE identity_lost SET state = $1 WHERE person = $2 AND state = $3", string(LostDone), p.ID, string(LostApproved)); err != nil {
		return err
	}
	if err := s.tellOfFactor(tx, authz.Actor{Person: p.ID}, text.M("Your account was recovered: what you signed in by before no longer counts"), ""); err != nil {
		return err
	}
	return tx.Record(by, fact.Recovered{Person: p.ID, Unit: p.Unit, Until: tx.Now.Add(probation)})
}

// LinkURL is the address to open for a link's secret.
func (s *Service) LinkURL(secret string) string {
	return strings.TrimSuffix(s.o.PublicURL, "/") + linkPath(secret)
}

func linkPath(secret string) string { return "/enter?t=" + secret }
