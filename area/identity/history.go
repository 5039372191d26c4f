package identity

import (
	"context"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Names are the people of these ids, for showing who did something.
func (s *Service) Names(ctx context.Context, ids ...string) (names map[string]authz.Person, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error { names, err = authz.People(tx, ids...); return err })
	return names, err
}

// Entry is an event of the log with when it was.
type Entry struct {
	Event
	At time.Time
}

// Timeline are the latest events of a person, newest first: where he signed in
// from, and what was remarkable.
func (s *Service) Timeline(ctx context.Context, by authz.Actor, person string, limit int) (list []Entry, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadPerson); err != nil {
			return err
		}
		list, err = store.Rows(tx, func(r store.Scanner) (e Entry, err error) {
			var at int64
			var managed int
			err = r.Scan(&e.ID, &at, &e.Kind, &e.Outcome, &e.Reason, &e.Proof.Method, &e.Proof.Level, &e.Device.Agent, &e.Device.Network, &e.Place, &e.Country, &e.Device.ID, &managed)
			e.At, e.Person, e.Device.Managed = store.Time(at), person, managed != 0
			return e, err
		}, `SELECT id, at, kind, outcome, reason, method, level, agent, network, place, country, device, managed
			FROM identity_event WHERE person = $1 ORDER BY at DESC, id DESC LIMIT $2`, person, limit)
		return err
	})
	return list, err
}
