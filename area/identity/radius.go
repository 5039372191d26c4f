package identity

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"yagura/area/identity/radius"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/store"
)

// People enter a gate that speaks RADIUS by password and code: both factors, as
// strong as on the page of the console (ASVS 5.0, 6.3.4). The password may come
// first, to be answered by a challenge, or both in one field, "password,code".

const codePrompt = "Code of your authenticator app / 認証アプリのコード"

// Enter decides about a person at a gate.
func (s *Service) Enter(ctx context.Context, r radius.Request) (radius.Answer, error) {
	from := Device{Agent: "RADIUS", Network: station(r.Station)}
	var nas NAS
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		nas, err = readNAS(tx.QueryRow("SELECT "+nasColumns+" FROM identity_nas WHERE id = $1 AND removed = 0", r.Client))
		return err
	}); err != nil {
		return radius.Answer{}, err
	}
	from.Agent = "RADIUS, " + nas.Name
	ticket, code := r.State, r.Secret
	if ticket == "" {
		var both bool
		secret := r.Secret
		if at := strings.LastIndexByte(secret, ','); at > 0 && isCode(secret[at+1:]) {
			secret, code, both = secret[:at], secret[at+1:], true
		}
		var err error
		ticket, err = s.BeginPassword(ctx, r.User, secret, from)
		if err != nil {
			return rejected(err)
		}
		if !both {
			return radius.Answer{Kind: radius.Challenge, State: ticket, Message: codePrompt, Timeout: ceremonyFor}, nil
		}
	}
	answer := radius.Answer{Kind: radius.Accept, Filter: nas.Filter}
	err := s.finishPassword(ctx, ticket, code, from, 1, func(tx *store.Tx, p authz.Person, proof Proof) error {
		proof.Method = byRADIUS
		session := Session{ID: id.New(), Person: p.ID, Proof: proof, Device: from, Began: tx.Now, Until: tx.Now.Add(s.o.Session)}
		session.Proof.At = tx.Now
		if err := s.admit(tx, p, &session); err != nil {
			return err
		}
		answer.Class, answer.Timeout = session.ID, session.Until.Sub(tx.Now)
		if _, err := tx.Exec("INSERT INTO identity_radius (id, person, name, nas, network, began, until) VALUES ($1,$2,$3,$4,$5,$6,$7)",
			session.ID, p.ID, r.User, nas.ID, from.Network, tx.Millis(), store.Millis(session.Until)); err != nil {
			return err
		}
		if err := s.note(tx, Event{Kind: SignIn, Person: p.ID, Unit: p.Unit, Session: session.ID, Client: nas.Name, Device: from, Proof: session.Proof, Outcome: Allowed}); err != nil {
			return err
		}
		return tx.Record(authz.Actor{Person: p.ID}, fact.SignedIn{Person: p.ID, Unit: p.Unit, Method: byRADIUS})
	})
	if err != nil {
		return rejected(err)
	}
	return answer, nil
}

const byRADIUS = "radius"

func isCode(s string) bool {
	return len(s) == 6 && strings.Trim(s, "0123456789") == ""
}

// station is the address a person comes from, where the gate says one.
func station(written string) string {
	if a, err := netip.ParseAddr(strings.TrimSpace(written)); err == nil {
		return a.Unmap().String()
	}
	if a, err := netip.ParseAddrPort(strings.TrimSpace(written)); err == nil {
		return a.Addr().Unmap().String()
	}
	return ""
}

// rejected is the answer to who may not enter; what went wrong with us is no
// answer at all, so that the gate asks another server.
func rejected(err error) (radius.Answer, error) {
	if fault.KindOf(err) == fault.KindInternal {
		return radius.Answer{}, err
	}
	return radius.Answer{Kind: radius.Reject}, nil
}

// endKind is the job that has a gate end a session.
const (
	endKind     = "identity.radius-end"
	endAttempts = 10
)

type endBody struct {
	Session string `json:"session"`
}

// closeGates ends what a person has opened by RADIUS. The gates are told by
// jobs, since they may not answer.
func closeGates(tx *store.Tx, _ authz.Actor, person, _ string) (int64, error) {
	sessions, err := store.Texts(tx, "UPDATE identity_radius SET ended = $1 WHERE person = $2 AND ended = 0 AND until > $1 RETURNING id", tx.Millis(), person)
	for _, session := range sessions {
		if _, err := job.Enqueue(tx, job.Job{Kind: endKind, Key: session, Deadline: tx.Now.Add(24 * time.Hour), Body: job.Body(endBody{session})}); err != nil {
			return 0, err
		}
	}
	return int64(len(sessions)), err
}

// endAtGate asks the gate of a session to end it, and keeps what it said.
func (s *Service) endAtGate(ctx context.Context, j job.Job) error {
	var body endBody
	if err := j.Into(&body); err != nil {
		return err
	}
	var name, ends, sealed, nas string
	var ended int64
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT r.name, r.ended, n.id, n.ends, n.secret FROM identity_radius r JOIN identity_nas n ON n.id = r.nas WHERE r.id = $1", body.Session).
			Scan(&name, &ended, &nas, &ends, &sealed)
	}); err != nil {
		return err
	}
	result := Unconfirmed
	var failed error
	if ends != "" && sealed != "" {
		secret, err := s.open(sealed, nasAbout(nas))
		if err != nil {
			return job.Permanent(err)
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		failed = radius.Disconnect(ctx, ends, secret, radius.Ending{User: name, Class: body.Session})
		switch {
		case failed == nil:
			result = Ended
		case errors.Is(failed, radius.ErrRefused): // asking again changes nothing
			result, failed = RefusedBy, nil
		default:
			result = NoAnswer
		}
	}
	return errors.Join(failed, s.db.Operate(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if _, err := tx.Exec("UPDATE identity_radius SET result = $1, took = $2 WHERE id = $3", string(result), tx.Millis()-ended, body.Session); err != nil {
			return err
		}
		list, err := targetsAt(tx, nas, body.Session)
		for _, t := range list {
			problem := ""
			if failed != nil {
				problem = failed.Error()
			}
			if err := t.found(tx, authz.System("identity"), result, NoDetail, 0, problem, failed != nil && j.Attempt < endAttempts); err != nil {
				return err
			}
		}
		return err
	}))
}

// RADIUSSession is a person's session at a server that asks by RADIUS.
type RADIUSSession struct {
	ID      string
	Server  string // name
	Network string // from where
	Began   time.Time
	Until   time.Time
}

// RADIUSSessions are those of a person that live, newest first.
func (s *Service) RADIUSSessions(ctx context.Context, by authz.Actor, person string) (list []RADIUSSession, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadFactors); err != nil {
			return err
		}
		list, err = store.Rows(tx, func(r store.Scanner) (one RADIUSSession, err error) {
			var began, until int64
			err = r.Scan(&one.ID, &one.Server, &one.Network, &began, &until)
			one.Began, one.Until = store.Time(began), store.Time(until)
			return one, err
		}, "SELECT r.id, n.name, r.network, r.began, r.until FROM identity_radius r JOIN identity_nas n ON n.id = r.nas WHERE r.person = $1 AND r.ended = 0 AND r.until > $2 ORDER BY r.began DESC, r.id LIMIT 100", person, tx.Millis())
		return err
	})
	return list, err
}
