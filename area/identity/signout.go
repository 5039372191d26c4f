package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/store"
)

// SignOutJob is the kind of jobs that tell an application that a session is
// over. Its body is a Farewell.
const SignOutJob = "identity.sign-out"

// Farewell is one application that is to be told of the end of one session.
type Farewell struct {
	Client  string `json:"client"`
	Session string `json:"session"`
	Person  string `json:"person"`
	KnownAs string `json:"known_as,omitempty"` // by a SAML application
}

// askToSignOut asks, by jobs, every application that was given a token under a
// condition on its grant to forget the session: one message per application and
// session, since one that names the person alone is taken by clients that keep
// sessions and changes nothing. Grants that ended before count too: what the
// application keeps for itself does not end with them.
func askToSignOut(tx *store.Tx, which string, args ...any) error {
	type parting struct {
		Farewell
		kind ClientKind
	}
	list, err := store.Rows(tx, func(r store.Scanner) (f parting, err error) {
		return f, r.Scan(&f.Client, &f.Session, &f.Person, &f.KnownAs, &f.kind)
	}, `SELECT DISTINCT g.client, g.session, g.person, g.known_as, c.kind FROM identity_grant g JOIN identity_client c ON c.id = g.client
		WHERE c.logout_uri <> '' AND c.removed = 0 AND g.generation > 0 AND g.session <> '' AND `+which, args...)
	if err != nil {
		return err
	}
	for _, f := range list {
		if err := f.send(tx, f.kind); err != nil {
			return err
		}
	}
	return nil
}

// send has the application told, once in a transaction however often it is asked for.
func (f Farewell) send(tx *store.Tx, kind ClientKind) error {
	if err := f.due(tx); err != nil {
		return err
	}
	how := SignOutJob
	if kind == SAMLClient {
		how = SAMLSignOutJob
	}
	_, err := job.Enqueue(tx, job.Job{Kind: how, Key: fmt.Sprintf("%s/%s/%d", f.Client, f.Session, tx.Millis()), Deadline: tx.Now.Add(24 * time.Hour), Body: job.Body(f)})
	return err
}

// due opens the account of what becomes of a sign-out.
func (f Farewell) due(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO identity_logout (client, session, person, asked) VALUES ($1,$2,$3,$4)
		ON CONFLICT (client, session) DO UPDATE SET asked = excluded.asked, done = 0, attempts = 0, problem = '', proof = '', probed = 0, proved = 0`,
		f.Client, f.Session, f.Person, tx.Millis())
	return err
}

// leaveSessions ends what lives by sessions of a person; which and args as in endSessions.
func leaveSessions(tx *store.Tx, person, which string, args []any) error {
	args = append([]any{person}, args...)
	sessions := "IN (SELECT id FROM identity_session WHERE person = $1 AND " + which + ")"
	if err := askToSignOut(tx, "g.session "+sessions, args...); err != nil {
		return err
	}
	n := len(args)
	_, err := tx.Exec(fmt.Sprintf("UPDATE identity_grant SET ended = $%d, reason = 'session' WHERE session %s AND offline = 0 AND ended = 0", n+1, sessions), append(args, tx.Millis())...)
	return err
}

// Answer is what an application answered.
type Answer struct {
	Status  int    // by HTTP; 0: it did not answer
	Problem string // empty: it did what it was asked
	Last    bool   // it is not asked again
}

// BidFarewell is the job of every protocol: it sends an application its message
// and keeps the answer. reaches tells whether the protocol has a way to it.
func (s *Service) BidFarewell(ctx context.Context, j job.Job, attempts int, reaches func(Client) bool, send func(context.Context, Client, Farewell) (int, error)) error {
	var f Farewell
	if err := j.Into(&f); err != nil {
		return err
	}
	c, err := s.FindClient(ctx, f.Client)
	if fault.Is(err, fault.KindNotFound) || err == nil && !reaches(c) {
		return s.SignedOut(ctx, f, Answer{Problem: "the application has no address for sign-outs any more", Last: true})
	}
	if err != nil {
		return err
	}
	status, err := send(ctx, c, f)
	a := Answer{Status: status, Last: j.Attempt >= attempts}
	if err != nil {
		a.Problem = err.Error()
	}
	if noted := s.SignedOut(context.WithoutCancel(ctx), f, a); noted != nil {
		return errors.Join(err, noted)
	}
	return err
}

// SignedOut keeps what an application answered to its message, and has one that
// can be asked say whether it holds. The time is that since it was asked for,
// not of the last attempt alone.
func (s *Service) SignedOut(ctx context.Context, f Farewell, a Answer) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		c, err := findClient(tx, f.Client)
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		done, proof := int64(0), NoDetail
		if a.Problem == "" {
			done = tx.Millis()
			if c.ProbeURI != "" {
				proof = Answered
				if err := f.probe(tx); err != nil {
					return err
				}
			}
		}
		if _, err := tx.Exec(`UPDATE identity_logout SET attempts = attempts + 1, status = $1, problem = $2, done = $3, millis = CASE WHEN $4 > asked THEN $4 - asked ELSE 0 END, proof = $5, probed = 0, proved = 0
			WHERE client = $6 AND session = $7`, a.Status, a.Problem, done, tx.Millis(), string(proof), f.Client, f.Session); err != nil {
			return err
		}
		return answered(tx, c, f, a)
	})
}

// Logout is what became of one message to an application.
type Logout struct {
	Client   string
	Session  string
	Person   string
	Asked    time.Time
	Done     time.Time // zero: not yet
	Attempts int64
	Status   int64 // of the latest answer; 0: none
	Millis   int64 // from the end of the session to the answer
	Problem  string
	Proof    Detail // NoDetail: nothing can ask; Answered: it is being asked; ProbedOut, StillIn, ProbeSilent
	Probed   time.Time
	Proved   int64 // milliseconds from the end of the session until the probe found it out
}

// IsProved tells whether it was asked and found out: an answer alone proves nothing.
func (l Logout) IsProved() bool { return l.Proof == ProbedOut }

func readLogout(r store.Scanner) (l Logout, err error) {
	var asked, done, probed int64
	err = r.Scan(&l.Client, &l.Session, &l.Person, &asked, &done, &l.Attempts, &l.Status, &l.Millis, &l.Problem, &l.Proof, &probed, &l.Proved)
	l.Asked, l.Done, l.Probed = store.Time(asked), store.Time(done), store.Time(probed)
	return l, err
}

const logoutColumns = "client, session, person, asked, done, attempts, status, millis, problem, proof, probed, proved"

// Logouts are the latest messages to an application.
func (s *Service) Logouts(ctx context.Context, by authz.Actor, client string) (list []Logout, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		c, err := findClient(tx, client)
		if err != nil {
			return err
		}
		if err := by.See(ReadFactors, c.Unit); err != nil {
			return err
		}
		list, err = store.Rows(tx, readLogout, "SELECT "+logoutColumns+" FROM identity_logout WHERE client = $1 ORDER BY asked DESC, session LIMIT 20", client)
		return err
	})
	return list, err
}

// Latest is the latest message to each application.
func (s *Service) Latest(ctx context.Context) (map[string]Logout, error) {
	latest := map[string]Logout{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		list, err := store.Rows(tx, readLogout, "SELECT "+logoutColumns+" FROM identity_logout l WHERE asked = (SELECT MAX(asked) FROM identity_logout m WHERE m.client = l.client)")
		for _, l := range list {
			latest[l.Client] = l
		}
		return err
	})
	return latest, err
}

// SignOutOf ends a session by its sid, as when an application asks for it.
func (s *Service) SignOutOf(ctx context.Context, session Session) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		return s.end(tx, authz.Actor{Person: session.Person}, session.Person, "id = $2", session.ID)
	})
}
