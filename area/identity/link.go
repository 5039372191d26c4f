package identity

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// The purposes of links.
const (
	// Enrol is a link that works once, to add a first or a new passkey.
	Enrol = "enrol"
	// Persona is a link of the demo: it signs in as often as it is opened.
	Persona = "persona"
)

// LinkFor makes a one-time link for a person who has lost or not yet added a
// passkey, and returns its secret. It is shown once.
func (s *Service) LinkFor(ctx context.Context, by authz.Actor, person string) (secret string, until time.Time, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := authz.FindPerson(tx, person)
		if err != nil {
			return err
		}
		if err := by.May(MakeLinks, p.Unit); err != nil {
			return err
		}
		if by.Who() == person {
			return fault.Denied("Ask another administrator: nobody makes a link for himself")
		}
		// A link lets its holder do all that the person may: it is no way to
		// rights over units that the maker has none over.
		grants, err := authz.Grants(tx, authz.Everything(), person, 1000)
		if err != nil {
			return err
		}
		for _, g := range grants {
			if g.Active(tx.Now) && !by.Covers(MakeLinks, g) {
				return fault.Denied("This person has roles in units that are not yours: ask an administrator of the whole group")
			}
		}
		until = tx.Now.Add(30 * time.Minute)
		if secret, err = MakeLink(tx, by, person, Enrol, until); err != nil {
			return err
		}
		// Whoever holds the link is that person from now on: he is told at once.
		return notify.Send(tx, notify.Message{
			To: person, Subject: text.M("A one-time link for signing in as you was made"),
			Body: text.M("An administrator made it at your request. If you did not ask for it, tell the CSIRT at once."),
			Href: "/settings", Key: "link/" + id.Digest(secret), Topic: "identity", Urgent: true,
		})
	})
	return secret, until, err
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
		proof := Proof{Method: "link", Level: SingleFactor, Methods: []string{"otp"}}
		if l.Purpose == Persona { // of the demo, which shows what is behind a strong sign-in
			proof = Proof{Method: "persona", Level: HardwareBound, Methods: []string{"persona"}}
		}
		session, err = s.begin(tx, l.Person, proof, from)
		return err
	})
	return session, err
}

// LinkURL is the address to open for a link's secret.
func (s *Service) LinkURL(secret string) string {
	return strings.TrimSuffix(s.o.PublicURL, "/") + "/enter?t=" + secret
}
