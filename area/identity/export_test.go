package identity

import (
	"context"
	"sync"

	"yagura/area/identity/ldap"
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// OfAHouse is how many wrong recovery codes of a network are free.
const OfAHouse = ofAHouse

// Cheap makes passwords cost nothing: one is right, and all others wrong.
func (s *Service) Cheap(right string) {
	s.work = work{
		check: func(_, given string) (bool, bool, error) { return given == right, false, nil },
		spend: func(string) error { return nil },
	}
}

// Stuck makes every check of a password take until release; started tells that
// one has begun.
func (s *Service) Stuck() (started <-chan struct{}, release func()) {
	begun, end := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.work.spend = func(string) error {
		once.Do(func() { close(begun) })
		<-end
		return nil
	}
	return begun, func() { close(end) }
}

// SyncBy is Sync with answers of the test.
func (s *Service) SyncBy(ctx context.Context, c ldap.Connection, ask func(context.Context, ldap.Question) (ldap.Found, error), ids ...string) (Run, error) {
	return s.sync(ctx, c, asking{ask: ask, ids: ids})
}

// Timeline are the latest events of a person in the log, newest first.
func (s *Service) Timeline(ctx context.Context, by authz.Actor, person string, limit int) (list []Entry, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadPerson); err != nil {
			return err
		}
		list, err = eventsOf(tx, person, keyset.Page{Sort: "at", Desc: true, Limit: limit}, true)
		list, _ = keyset.Cut(keyset.Page{Limit: limit}, list, func(e Entry) keyset.Position { return keyset.At(0, e.ID) })
		return err
	})
	return list, err
}
