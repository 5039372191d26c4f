package identity

import (
	"context"
	"sync"
	"time"

	"yagura/kernel/store"
)

// seenClients are applications as they were a moment ago.
type seenClients struct {
	mu    sync.Mutex
	turns int // how often one of this process changed
	byID  map[string]seenClient
}

type seenClient struct {
	client Client
	at     time.Time
}

const (
	// clientFor is how soon what another process changes is noticed.
	clientFor   = time.Second
	clientsMost = 1000
)

// KnownClient is FindClient from memory, where that is at most a second old. It
// is for what leads to a code: nothing counts before Redeem has found, in its own
// transaction, that the application is still the one that was looked at.
func (s *Service) KnownClient(ctx context.Context, client string) (Client, error) {
	now := s.db.Now()
	s.seen.mu.Lock()
	known, ok := s.seen.byID[client]
	turns := s.seen.turns
	s.seen.mu.Unlock()
	if age := now.Sub(known.at); ok && age >= 0 && age < clientFor {
		return known.client, nil
	}
	c, err := s.FindClient(ctx, client)
	if err != nil {
		return c, err
	}
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	if s.seen.turns == turns { // it was not changed while it was read
		if s.seen.byID == nil || len(s.seen.byID) >= clientsMost {
			s.seen.byID = map[string]seenClient{}
		}
		s.seen.byID[client] = seenClient{c, now}
	}
	return c, nil
}

// forgetClients is for a transaction that changes an application.
func (s *Service) forgetClients(tx *store.Tx) {
	tx.After(func() {
		s.seen.mu.Lock()
		defer s.seen.mu.Unlock()
		s.seen.turns++
		s.seen.byID = nil
	})
}

// unchanged tells whether an application is the one of a picture.
func (c Client) unchanged(tx *store.Tx) (bool, error) {
	list, err := store.Rows(tx, func(r store.Scanner) (is bool, err error) {
		var changed int64
		var secret string
		err = r.Scan(&changed, &secret)
		return changed == store.Millis(c.Changed) && secret == c.secret, err
	}, "SELECT changed, secret FROM identity_client WHERE id = $1 AND removed = 0", c.ID)
	return err == nil && len(list) == 1 && list[0], err
}
