package identity

import (
	"context"
	"encoding/json"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// newAddressFor is how long a mail address that somebody has changed by hand gets
// no link: as long as its person needs to see what was told to both addresses,
// also after a week away.
const newAddressFor = 7 * 24 * time.Hour

const movedKind = "identity.address-changed"

type movedLetter struct{ Person, Address string }

// Moved takes note that the mail address of a person changed from one to
// another, within the transaction of it. A directory says so of all its people
// alike; where a person's hand did, no link goes to the new one for a while, nor
// is handed over, should there be none now. Both addresses are told.
func (s *Service) Moved(tx *store.Tx, by authz.Actor, person, from, to string) error {
	if by.IsSystem() || from == to {
		return nil
	}
	if _, err := tx.Exec("INSERT INTO identity_address (person, at) VALUES ($1,$2) ON CONFLICT (person) DO UPDATE SET at = excluded.at", person, tx.Millis()); err != nil {
		return err
	}
	// One on its way would go to the new address.
	if _, err := tx.Exec("DELETE FROM identity_link WHERE person = $1 AND purpose IN ($2, $3) AND used = 0", person, First, Recovery); err != nil {
		return err
	}
	if err := notify.Send(tx, notify.Message{
		To: person, Subject: movedSubject(), Body: movedBody(), Href: "/settings", Topic: "identity", Urgent: true,
	}); err != nil || from == "" || s.o.Letter == nil {
		return err
	}
	raw, err := json.Marshal(movedLetter{person, from})
	if err != nil {
		return err
	}
	sealed, err := s.seal(raw, movedKind)
	if err != nil {
		return err
	}
	_, err = job.Enqueue(tx, job.Job{Kind: movedKind, Key: id.New(), Body: job.Body(sealed)})
	return err
}

func movedSubject() text.Message { return text.M("The mail address of your account was changed") }

func movedBody() text.Message {
	return text.M("Somebody who keeps the people of the group has entered another one. If you know nothing of it, tell the CSIRT at once.")
}

// tellOldAddress mails to the address that a person had until now.
func (s *Service) tellOldAddress(ctx context.Context, j job.Job) error {
	var sealed string
	if err := j.Into(&sealed); err != nil {
		return err
	}
	raw, err := s.open(sealed, movedKind)
	if err != nil {
		return job.Permanent(err)
	}
	var l movedLetter
	if err := json.Unmarshal(raw, &l); err != nil {
		return job.Permanent(err)
	}
	var to authz.Person
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) { to, err = authz.FindPerson(tx, l.Person); return err }); err != nil || s.o.Letter == nil {
		return err
	}
	to.Email = l.Address
	return s.o.Letter(ctx, to, j.ID, movedSubject(), movedBody(), "/settings")
}

// readdressed tells whether somebody has changed the address of a person lately.
func readdressed(tx *store.Tx, person string) (yes bool, err error) {
	err = tx.QueryRow("SELECT EXISTS (SELECT 1 FROM identity_address WHERE person = $1 AND at > $2)", person, store.Millis(tx.Now.Add(-newAddressFor))).Scan(&yes)
	return yes, err
}

// known tells whether a person has or had anything to sign in by, or has signed
// in. The session of a first link does not count: it shows nothing but the link,
// and who closed the browser in it has still nothing.
func known(tx *store.Tx, person string) (yes bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM identity_passkey WHERE person = $1) OR EXISTS (SELECT 1 FROM identity_totp WHERE person = $1)
		OR EXISTS (SELECT 1 FROM identity_recovery_code WHERE person = $1) OR EXISTS (SELECT 1 FROM identity_password WHERE person = $1)
		OR EXISTS (SELECT 1 FROM identity_known WHERE person = $1)
		OR EXISTS (SELECT 1 FROM identity_event WHERE person = $1 AND kind = $2 AND outcome = $3 AND method NOT IN ($4, $5))`,
		person, string(SignIn), string(Allowed), byFirst, Persona).Scan(&yes)
	return yes, err
}

// NeverHad tells whether a person never had anything to sign in by, so that a link
// for the first passkey may be made.
func (s *Service) NeverHad(ctx context.Context, by authz.Actor, person string) (never bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadFactors); err != nil {
			return err
		}
		is, err := known(tx, person)
		never = !is
		return err
	})
	return never, err
}

// markKnown remembers who had something to sign in by that is taken away now.
func markKnown(tx *store.Tx, person string) error {
	_, err := tx.Exec("INSERT INTO identity_known (person) VALUES ($1) ON CONFLICT (person) DO NOTHING", person)
	return err
}
