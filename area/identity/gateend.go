package identity

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"yagura/area/identity/radius"
	"yagura/kernel/authz"
	"yagura/kernel/job"
	"yagura/kernel/store"
)

// endKind is the job that has a gate end a session.
const (
	endKind     = "identity.radius-end"
	endAttempts = 10
)

// endBody names the session: a stay where there is one, else the sign-in.
type endBody struct {
	Session string `json:"session,omitempty"`
	Stay    string `json:"stay,omitempty"`
	Asked   int64  `json:"asked,omitempty"`
}

// closeGates ends what a person has opened by RADIUS, and what servers report of
// him besides. They are told by jobs, since they may not answer; one that is
// silent may have lost its way here, and is told as well.
func closeGates(tx *store.Tx, _ authz.Actor, person, _ string) (int64, error) {
	stays, err := store.Rows(tx, readStay, "SELECT "+stayColumns+" FROM identity_stay y WHERE y.person = $1 AND (y.ended = 0 OR y.how = $2 AND y.ended > $3)",
		person, string(Silent), store.Millis(tx.Now.Add(-silentFor)))
	if err != nil {
		return 0, err
	}
	in := map[string]bool{}
	for _, y := range stays {
		in[y.Entry] = true
		if err := askToEnd(tx, y); err != nil {
			return 0, err
		}
	}
	n := int64(len(stays))
	entries, err := store.Texts(tx, "UPDATE identity_radius SET ended = $1, result = '' WHERE person = $2 AND until > $1 AND (ended = 0 OR result = $3) RETURNING id", tx.Millis(), person, bySilence)
	for _, entry := range entries {
		if in[entry] {
			continue
		}
		n++
		if _, err := job.Enqueue(tx, job.Job{Kind: endKind, Key: entry, Deadline: tx.Now.Add(24 * time.Hour), Body: job.Body(endBody{Session: entry})}); err != nil {
			return 0, err
		}
	}
	return n, err
}

// silentFor is how long somebody who is heard of no more may still be in.
const silentFor = 24 * time.Hour

// endAtGate asks the gate of a session to end it, and keeps what it said.
func (s *Service) endAtGate(ctx context.Context, j job.Job) error {
	var body endBody
	if err := j.Into(&body); err != nil {
		return err
	}
	y, n, err := s.toEnd(ctx, &body)
	if errors.Is(err, sql.ErrNoRows) || err == nil && y.How == Stopped { // it is over already
		return nil
	}
	if err != nil {
		return err
	}
	result := Unconfirmed
	var failed error
	if n.Ends != "" && n.sealed != "" {
		secret, err := s.open(n.sealed, nasAbout(n.ID))
		if err != nil {
			return job.Permanent(err)
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		failed = radius.Disconnect(ctx, n.Ends, secret, radius.Ending{User: y.Name, Class: y.Entry, Session: y.Session})
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
		if result == Ended && y.ID != "" {
			if err := s.disconnected(tx, n, y.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("UPDATE identity_radius SET result = $1, took = $2 WHERE id = $3 AND ended > 0 AND result NOT IN ('stop', 'silent')", string(result), tx.Millis()-body.Asked, y.Entry); err != nil {
			return err
		}
		list, err := gateTargets(tx, n.ID, y, false)
		for _, t := range list {
			problem := ""
			if failed != nil {
				problem = failed.Error()
			}
			detail := NoDetail
			if t.Detail == StillIn && result != Ended { // what is known already is not less by an answer that did not come
				detail = StillIn
			}
			if n.Ends == "" && detail == NoDetail {
				detail = Untold
			}
			if err := t.found(tx, authz.System("identity"), result, detail, 0, problem, failed != nil && j.Attempt < endAttempts); err != nil {
				return err
			}
		}
		return err
	}))
}

// toEnd is the session of a job, as its gate knows it, and the gate.
func (s *Service) toEnd(ctx context.Context, body *endBody) (y Stay, n NAS, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		nas := ""
		if body.Stay != "" {
			if y, err = readStay(tx.QueryRow("SELECT "+stayColumns+" FROM identity_stay y WHERE y.id = $1", body.Stay)); err != nil {
				return err
			}
			nas = y.NAS
		} else {
			var ended int64
			if err := tx.QueryRow("SELECT r.id, r.name, r.nas, r.acct, r.ended FROM identity_radius r WHERE r.id = $1", body.Session).Scan(&y.Entry, &y.Name, &nas, &y.Session, &ended); err != nil {
				return err
			}
			body.Asked = ended
		}
		n, err = readNAS(tx.QueryRow("SELECT "+nasColumns+" FROM identity_nas WHERE id = $1", nas))
		return err
	})
	return y, n, err
}

// disconnected ends a stay that its server agreed to end. The report of it may
// come before or after.
func (s *Service) disconnected(tx *store.Tx, n NAS, stay string) error {
	for _, open := range []bool{true, false} {
		which := "how = 'silent'"
		if open {
			which = "ended = 0"
		}
		list, err := store.Rows(tx, readStay, "UPDATE identity_stay SET ended = $1, how = $2 WHERE id = $3 AND "+which+" RETURNING "+bare(stayColumns), tx.Millis(), string(Disconnected), stay)
		if err != nil {
			return err
		}
		for _, y := range list {
			if err := s.overAt(tx, n, y, open); err != nil {
				return err
			}
		}
	}
	return nil
}
