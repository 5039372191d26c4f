package identity

import (
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
)

// door is one kind of thing by which a person gets in. close takes all of them
// away and returns how many there were.
type door struct {
	name  string
	close func(tx *store.Tx, by authz.Actor, person, unit string) (int64, error)
}

// doors are all that a person who is locked out must lose, in the order in
// which they are closed: first what makes new sessions.
var doors = []door{
	{"links", closeLinks},
	{"requests for a link", closeLost},
	{"trips", closeTrips},
	{"API tokens", closeTokens},
	{"RADIUS sessions", closeGates},
	{sessionsDoor, closeSessions},
	{applicationsDoor, closeGrants},
}

const (
	sessionsDoor     = "sessions"
	applicationsDoor = "applications"
)

// closeLost ends requests of who can't sign in: a new one can be made.
func closeLost(tx *store.Tx, by authz.Actor, person, unit string) (int64, error) {
	requests, err := store.Texts(tx, "UPDATE identity_lost SET state = $1, ended = $2 WHERE person = $3 AND state = $4 RETURNING id", string(LostRefused), tx.Millis(), person, string(LostAsked))
	for _, request := range requests {
		if err := tx.Record(by, fact.RecoveryRefused{Person: person, Unit: unit, Request: request}); err != nil {
			return 0, err
		}
	}
	return int64(len(requests)), err
}

// Shut is what one door had open.
type Shut struct {
	Door  string
	Count int64
	Took  time.Duration // since the first was closed
}

// closeDoors locks a person out until he signs in anew.
func closeDoors(tx *store.Tx, by authz.Actor, person string) ([]Shut, error) {
	unit, err := unitOf(tx, person)
	if err != nil {
		return nil, err
	}
	elapsed := clock.Stopwatch()
	var shut []Shut
	for _, d := range doors {
		n, err := d.close(tx, by, person, unit)
		if err != nil {
			return nil, err
		}
		shut = append(shut, Shut{d.name, n, elapsed()})
	}
	return shut, nil
}

// Shut locks out people who leave the group, within the transaction in which
// they do. Requests of who has left are refused anyway; this takes away what
// would count again should they come back.
func (s *Service) Shut(tx *store.Tx, by authz.Actor, people []string) error {
	for _, person := range people {
		if _, err := closeDoors(tx, by, person); err != nil {
			return err
		}
	}
	return nil
}

func closeLinks(tx *store.Tx, _ authz.Actor, person, _ string) (int64, error) {
	return tx.Exec("DELETE FROM identity_link WHERE person = $1", person)
}

func closeTokens(tx *store.Tx, by authz.Actor, person, unit string) (int64, error) {
	tokens, err := store.Texts(tx, "UPDATE identity_token SET revoked = $1 WHERE person = $2 AND revoked = 0 AND until > $1 RETURNING id", tx.Millis(), person)
	for _, token := range tokens {
		if err := tx.Record(by, fact.TokenRevoked{Person: person, Unit: unit, Token: token}); err != nil {
			return 0, err
		}
	}
	return int64(len(tokens)), err
}

func closeSessions(tx *store.Tx, by authz.Actor, person, unit string) (int64, error) {
	n, err := endSessions(tx, person, "1 = 1")
	if err != nil {
		return n, err
	}
	return n, tx.Record(by, fact.SessionsEnded{Person: person, Unit: unit, Count: n})
}

// endSessions deletes sessions of a person by a condition whose first argument
// is $2. Whatever lives by a session ends here with it.
func endSessions(tx *store.Tx, person, which string, args ...any) (int64, error) {
	if err := leaveSessions(tx, person, which, args); err != nil {
		return 0, err
	}
	return tx.Exec("DELETE FROM identity_session WHERE person = $1 AND "+which, append([]any{person}, args...)...)
}
