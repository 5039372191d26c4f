package telemetry

import (
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// What others measure of telemetry, at the moment of a transaction.

// boundary are the categories of sources that see what goes in and out.
var boundary = map[string]bool{"firewall": true, "proxy": true, "dns": true}

// Alive are the shares of sources of the scope that are heard, of those that should
// be: all of them, and those that stand at the boundary.
func (s *Service) Alive(tx *store.Tx, scope authz.Scope) (every, edge Share, err error) {
	all, err := allSources(tx)
	for _, src := range all {
		if src.SilentAfter == 0 || !src.Stopped.IsZero() || !scope.Contains(src.Unit) {
			continue
		}
		heard := 0
		if !src.overdue(tx.Now) {
			heard = 1
		}
		every.All, every.Alive = every.All+1, every.Alive+heard
		if boundary[src.Category] {
			edge.All, edge.Alive = edge.All+1, edge.Alive+heard
		}
	}
	return every, edge, err
}

// Lost is how many events were given up since a time because there was no room.
func (s *Service) Lost(tx *store.Tx, since time.Time) (n int64, err error) {
	err = tx.QueryRow("SELECT COALESCE(SUM(dropped), 0) FROM telemetry_count WHERE source = '' AND at >= $1", store.Millis(since)).Scan(&n)
	return n, err
}

// LargestSkew is how far the clock of a relay of the scope is off at most, of those
// heard within a day; measured is false where there is none.
func (s *Service) LargestSkew(tx *store.Tx, scope authz.Scope) (skew time.Duration, measured bool, err error) {
	in, args := scope.Where("r.unit", 2)
	var millis *int64
	err = tx.QueryRow("SELECT MAX(ABS(r.skew)) FROM telemetry_relay r WHERE r.revoked = 0 AND r.last_seen >= $1 AND "+in,
		append([]any{store.Millis(tx.Now.Add(-24 * time.Hour))}, args...)...).Scan(&millis)
	if err != nil || millis == nil {
		return 0, false, err
	}
	return time.Duration(*millis) * time.Millisecond, true, nil
}
