package telemetry

import (
	"context"
	"errors"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// keepHouse does what comes round again: counters, silence, holds, retention.
// A process without workers only writes what it noted and reads what changed.
func (s *Service) keepHouse(ctx context.Context) {
	started := s.db.Now()
	works := s.o.Workers > 0
	rechecked := false
	var returned <-chan struct{} // a relay has no event store
	if s.events != nil {
		returned = s.events.Returned()
	}
	every := func(d time.Duration) func(now time.Time) bool {
		var last time.Time
		return func(now time.Time) bool {
			if !last.IsZero() && now.Sub(last) < d && !now.Before(last) {
				return false
			}
			last = now
			return true
		}
	}
	second, short, measured, long := every(time.Second), every(5*time.Second), every(10*time.Second), every(10*time.Minute)
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	try := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			s.log.Error("telemetry: "+what, "error", err)
		}
	}
	for {
		now := s.db.Now()
		if works && !rechecked { // nothing is deleted before what was forgotten is written again
			if err := s.Recheck(ctx); err != nil {
				try("the event store could not be compared with the journal", err)
			} else {
				rechecked = true
			}
		}
		if second(now) {
			try("counters could not be written", s.flush(ctx))
			if s.db.Engine() == store.Postgres || measured(now) { // with SQLite only commands fill it besides
				try("the journal could not be measured", s.measure(ctx))
			}
			try("sources could not be read", s.reload(ctx))
			if works {
				try("held batches could not be written again", s.writeAgain(ctx))
			}
		}
		if works && short(now) {
			try("silence could not be looked for", errors.Join(s.listen(ctx, started), s.listenRelays(ctx, started)))
			for rechecked && ctx.Err() == nil {
				n, err := s.fold(ctx)
				try("done batches could not be deleted", err)
				if err != nil || n < foldLimit {
					break
				}
			}
		}
		if s.o.Relay && long(now) {
			try("old deliveries could not be deleted", s.forget(ctx))
		}
		if works && long(now) {
			try("counters could not be thinned", s.thin(ctx))
			try("old deliveries could not be deleted", s.forget(ctx))
		}
		select {
		case <-ctx.Done():
			return
		case <-returned:
			rechecked = false
		case <-tick.C:
		}
	}
}

// forget deletes what was kept to recognise repeated deliveries, after a day,
// senders not heard for 30 days, and tokens that ran out 90 days ago.
func (s *Service) forget(ctx context.Context) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("DELETE FROM telemetry_delivery WHERE at < $1", tx.Now.Add(-24*time.Hour).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM telemetry_sender WHERE last < $1", tx.Now.Add(-30*24*time.Hour).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM telemetry_relay_count WHERE at < $1", tx.Now.Add(-40*24*time.Hour).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM telemetry_late WHERE last < $1", tx.Now.Add(-lateForget).UnixMilli()); err != nil {
			return err
		}
		if s.o.Relay {
			return nil
		}
		_, err := tx.Exec("DELETE FROM telemetry_secret WHERE until > 0 AND until < $1", tx.Now.Add(-90*24*time.Hour).UnixMilli())
		return err
	})
}

// listen finds sources that fell silent and those that are heard again. The
// time in which this product itself did not run is nobody's silence.
func (s *Service) listen(ctx context.Context, started time.Time) error {
	var silent, heard []string
	now := s.db.Now()
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := allSources(tx)
		silent, heard = nil, nil
		for _, src := range all {
			switch {
			case quiet(src, now, started):
				silent = append(silent, src.ID)
			case back(src):
				heard = append(heard, src.ID)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	by := authz.System("telemetry")
	for _, id := range silent {
		if err := s.db.Change(ctx, func(tx *store.Tx) error {
			src, err := findSource(tx, id)
			if err != nil || !quiet(src, tx.Now, started) {
				return err
			}
			src.SilentSince = src.heardBy()
			if err := updateSource(tx, src); err != nil {
				return err
			}
			if s.notifier != nil {
				if err := s.notifier.SourceSilent(tx, src, src.SilentSince); err != nil {
					return err
				}
			}
			return tx.Record(by, fact.TelemetrySourceSilent{Source: src.ID, Unit: src.Unit, Since: src.SilentSince})
		}); err != nil {
			return err
		}
	}
	for _, id := range heard {
		if err := s.db.Change(ctx, func(tx *store.Tx) error {
			src, err := findSource(tx, id)
			if err != nil || !back(src) {
				return err
			}
			since := src.SilentSince
			src.SilentSince = time.Time{}
			if err := updateSource(tx, src); err != nil {
				return err
			}
			return tx.Record(by, fact.TelemetrySourceHeard{Source: src.ID, Unit: src.Unit, Since: since})
		}); err != nil {
			return err
		}
	}
	return nil
}

// listenRelays finds relays that fell silent and those that report again.
func (s *Service) listenRelays(ctx context.Context, started time.Time) error {
	var all []Relay
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		all, err = store.Rows(tx, readRelay, "SELECT "+relayColumns+" FROM telemetry_relay s WHERE s.enrolled > 0 AND s.revoked = 0 ORDER BY s.id")
		return err
	}); err != nil {
		return err
	}
	for _, r := range all {
		if !r.fell(s.db.Now(), started) && !r.back() {
			continue
		}
		if err := s.db.Change(ctx, func(tx *store.Tx) error {
			r, err := findRelay(tx, "s.id = $1", r.ID)
			if err != nil {
				return err
			}
			by, since := authz.System("telemetry"), time.Time{}
			var f store.Fact
			switch {
			case r.fell(tx.Now, started):
				since = r.heardBy()
				if s.notifier != nil {
					if err := s.notifier.RelaySilent(tx, r, since); err != nil {
						return err
					}
				}
				f = fact.TelemetryRelaySilent{Relay: r.ID, Unit: r.Unit, Since: since}
			case r.back():
				f = fact.TelemetryRelayHeard{Relay: r.ID, Unit: r.Unit, Since: r.SilentSince}
			default:
				return nil
			}
			if _, err := tx.Exec("UPDATE telemetry_relay SET silent_since = $2 WHERE id = $1", r.ID, store.Millis(since)); err != nil {
				return err
			}
			return tx.Record(by, f)
		}); err != nil {
			return err
		}
	}
	return nil
}

// fell tells whether the relay is newly silent. The time in which this product
// itself did not run is nobody's silence.
func (r Relay) fell(now, started time.Time) bool {
	return r.SilentSince.IsZero() && r.StateAt(now) == RelaySilent && now.Sub(started) > r.SilentAfter
}

func (r Relay) back() bool { return !r.SilentSince.IsZero() && r.heardBy().After(r.SilentSince) }

func quiet(src Source, now, started time.Time) bool {
	if !src.Stopped.IsZero() || !src.SilentSince.IsZero() || !src.overdue(now) {
		return false
	}
	return now.Sub(started) > src.SilentAfter
}

func back(src Source) bool {
	return !src.SilentSince.IsZero() && (src.LastSeen.After(src.SilentSince) || !src.Stopped.IsZero() || src.SilentAfter == 0)
}
