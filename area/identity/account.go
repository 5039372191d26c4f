package identity

import (
	"database/sql"
	"errors"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// State is whether an account opens anything. Without an entry it is Active.
type State string

// The states of an account. Whether a person has left the group is known to
// the directory of people, and counts besides.
const (
	Active    State = "active"
	Contained State = "contained" // locked out at once, by an act of the response to an incident
	Disabled  State = "disabled"  // by its directory: SCIM, LDAP or a list
)

// Standing is the state of a person's account.
type Standing struct {
	State    State
	Since    time.Time
	Reason   string
	Incident string
}

// standing is by the CSIRT, and else by the person's directory: that holds too
// once the CSIRT has released whom the directory disabled meanwhile.
func standing(tx *store.Tx, person string) (Standing, error) {
	var st Standing
	var since, changed int64
	err := tx.QueryRow(`SELECT COALESCE(a.state, ''), COALESCE(a.since, 0), COALESCE(a.reason, ''), COALESCE(a.incident, ''),
		COALESCE(d.changed, -1) FROM (SELECT 1 AS one) o LEFT JOIN identity_account a ON a.person = $1
		LEFT JOIN identity_provisioned d ON d.person = $1 AND d.active = 0`, person).
		Scan(&st.State, &since, &st.Reason, &st.Incident, &changed)
	switch {
	case err != nil:
		return st, err
	case st.State != "":
		st.Since = store.Time(since)
		return st, nil
	case changed >= 0:
		return disabledSince(changed), nil
	}
	return Standing{State: Active}, nil
}

// standsIn is the unit of a person whose account is open. Who gives something
// asks it in the transaction that gives: since the request came in, the person may
// have been locked out of it.
func standsIn(tx *store.Tx, person string) (unit string, err error) {
	p, err := authz.FindPerson(tx, person)
	if err != nil {
		return "", err
	}
	st, err := standing(tx, person)
	if err == nil && (st.State != Active || !p.Active) {
		err = fault.Unauthenticated("Please sign in")
	}
	return p.Unit, err
}

// admit decides whether a session may begin, and completes it with where the
// person is, on what, and how long it may last. Every way in comes through here.
func (s *Service) admit(tx *store.Tx, p authz.Person, session *Session) error {
	now, err := s.enters(tx, p, session)
	if err != nil {
		return err
	}
	return s.admitBreakGlass(tx, p, session, now)
}

// enters is admit, with what it found.
func (s *Service) enters(tx *store.Tx, p authz.Person, session *Session) (situation, error) {
	st, err := standing(tx, p.ID)
	if err != nil {
		return situation{}, err
	}
	closed := string(st.State)
	if !p.Active {
		closed = "left"
	}
	now, err := s.judge(tx, p, session, closed != string(Active))
	if err != nil {
		return now, err
	}
	event := session.event(p)
	switch d := now.decision; {
	case closed != string(Active):
		return now, refuse(errShut(), event, closed)
	case !d.Allowed:
		r := refusal{error: errPlace(d), event: event}
		r.event.Outcome, r.event.Reason = Refused, string(d.Reason)
		r.signals, err = s.signals(tx, p, now, r.event)
		if err != nil {
			return now, err
		}
		return now, r
	default:
		session.cut(tx.Now, d)
	}
	return now, nil
}

// event is a sign-in by the session in the log.
func (s Session) event(p authz.Person) Event {
	return Event{Kind: SignIn, Person: p.ID, Unit: p.Unit, Session: s.ID, Device: s.Device, Proof: s.Proof, Place: s.Place, Country: s.Country}
}

// errShut says no more than that the account is closed.
func errShut() error {
	return fault.Unauthenticated("This account can't sign in at present. Please ask your security contact.")
}

// Close locks a person out at once and keeps him out, within the caller's
// transaction: everything that lets him in is taken away.
func (s *Service) Close(tx *store.Tx, by authz.Actor, person string, to Standing) ([]Shut, error) {
	unit, err := unitOf(tx, person)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`INSERT INTO identity_account (person, state, since, reason, incident) VALUES ($1,$2,$3,$4,$5)
		ON CONFLICT (person) DO UPDATE SET state=excluded.state, since=excluded.since, reason=excluded.reason, incident=excluded.incident`,
		person, string(to.State), tx.Millis(), to.Reason, to.Incident); err != nil {
		return nil, err
	}
	shut, err := closeDoors(tx, by, person)
	if err != nil {
		return nil, err
	}
	return shut, tx.Record(by, fact.AccountClosed{Person: person, Unit: unit, State: string(to.State), Reason: to.Reason, Incident: to.Incident})
}

// Open lets a person sign in again, if the account is in the state from which
// the caller may free it: a directory does not release whom the CSIRT contained.
func (s *Service) Open(tx *store.Tx, by authz.Actor, person string, from State) error {
	unit, err := unitOf(tx, person)
	if err != nil {
		return err
	}
	n, err := tx.Exec("DELETE FROM identity_account WHERE person = $1 AND state = $2", person, string(from))
	if err != nil || n == 0 {
		return err
	}
	return tx.Record(by, fact.AccountOpened{Person: person, Unit: unit, State: string(from)})
}

// disabledByDirectory is the standing by the person's directory alone.
func disabledByDirectory(tx *store.Tx, person string) (Standing, error) {
	var changed int64
	err := tx.QueryRow("SELECT changed FROM identity_provisioned WHERE person = $1 AND active = 0", person).Scan(&changed)
	if errors.Is(err, sql.ErrNoRows) {
		return Standing{State: Active}, nil
	}
	return disabledSince(changed), err
}

func disabledSince(changed int64) Standing {
	return Standing{State: Disabled, Since: store.Time(changed), Reason: "directory"}
}
