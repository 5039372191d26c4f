package cmmc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Measured is what a neighbour measured of a signal over the units of a system.
type Measured struct {
	Signal string
	Pass   bool
	Value  string // "128 of 129"
	Source string // the area that measured it
	At     time.Time
}

// Gauge measures signals, as a neighbour does it. What it can't measure honestly
// for a unit it leaves out: then there is no source yet.
type Gauge interface {
	// Signals are the names of what it can measure.
	Signals() []string
	// Facts are the kinds of facts upon which it is worth measuring anew.
	Facts() []string
	// Measure measures over a unit and all below it.
	Measure(tx *store.Tx, unit string) ([]Measured, error)
}

// Sense sets the value of a signal at a system: the port by which what other areas
// measure comes in. Both states of every objective that stands otherwise for it
// are kept with the dates and values.
func (s *Service) Sense(tx *store.Tx, system string, m Measured) error {
	sys, err := findSystem(tx, system)
	if err != nil {
		return err
	}
	return s.sense(tx, sys, m)
}

func (s *Service) sense(tx *store.Tx, sys System, m Measured) error {
	sig, ok := FindSignal(m.Signal)
	switch {
	case !ok:
		return fault.Invalid(fault.F("signal", "There is no signal %s", m.Signal))
	case m.At.IsZero() || m.At.After(tx.Now.Add(time.Minute)):
		return fault.Invalid(fault.F("at", "A signal is measured at a time, and not in the future"))
	}
	old := Reading{System: sys.ID, Signal: m.Signal}
	list, err := readings(tx, only{sys.ID, -1})
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(list, func(r Reading) bool { return r.Signal == m.Signal }); i >= 0 {
		old = list[i]
	}
	if m.At.Before(old.At) { // an older value than we have says nothing new
		return nil
	}
	was, at := old.Health(tx.Now), m.At.UTC().Truncate(time.Millisecond)
	now := Reading{sys.ID, m.Signal, m.Pass, m.Value, m.Source, at, at}
	state := Failing
	if m.Pass {
		state = Passing
	}
	if !old.At.IsZero() && old.Pass == m.Pass {
		now.Since = old.Since
	}
	if _, err := tx.Exec(`INSERT INTO cmmc_signal (system, signal, state, value, source, at, since) VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT (system, signal) DO UPDATE
		SET state = excluded.state, value = excluded.value, source = excluded.source, at = excluded.at, since = excluded.since`,
		sys.ID, m.Signal, string(state), m.Value, m.Source, store.Millis(at), store.Millis(now.Since)); err != nil {
		return err
	}
	by := authz.System("cmmc")
	if err := tx.Record(by, fact.CMMCSignalChanged{System: sys.ID, Unit: sys.Unit, Signal: sig.Name, Was: string(was), Now: string(now.Health(tx.Now)),
		WasValue: old.Value, Value: now.Value, Measured: at}); err != nil {
		return err
	}
	return settle(tx, by, sys, Change{Kind: "signal", Signal: sig.Name, WasValue: old.Value, Value: now.Value}, sig.Objectives...)
}

// Measure asks all gauges about all systems. It records what changed; what did not
// is only fresh again.
func (s *Service) Measure(ctx context.Context) error {
	var list []System
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) { list, err = systems(tx, "1=1"); return err }); err != nil {
		return err
	}
	for _, sys := range list {
		if err := s.measure(ctx, sys); err != nil {
			return fmt.Errorf("signals of %s: %w", sys.ID, err)
		}
	}
	return nil
}

// measure refreshes one system. Most of the time nothing has changed: then the
// time of the readings alone is set, which is no fact about the world.
func (s *Service) measure(ctx context.Context, sys System) error {
	var news, same []Measured
	err := s.db.View(ctx, func(tx *store.Tx) error {
		news, same = nil, nil
		list, err := readings(tx, only{sys.ID, -1})
		if err != nil {
			return err
		}
		found, err := ownSignals(tx, sys, list)
		if err != nil {
			return err
		}
		for _, g := range s.p.Gauges {
			more, err := g.Measure(tx, sys.Unit)
			if err != nil {
				return err
			}
			found = append(found, more...)
		}
		for _, m := range found {
			if known(list, m, tx.Now) {
				same = append(same, m)
			} else {
				news = append(news, m)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(same) > 0 {
		if err := s.db.Operate(ctx, func(tx *store.Tx) error {
			for _, m := range same {
				if _, err := tx.Exec("UPDATE cmmc_signal SET at = $1 WHERE system = $2 AND signal = $3 AND at < $1 AND value = $4", store.Millis(m.At), sys.ID, m.Signal, m.Value); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	if len(news) == 0 {
		return nil
	}
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.senseAll(tx, sys, news) })
}

// known tells whether a measurement says no more than the last reading did.
func known(list []Reading, m Measured, now time.Time) bool {
	return slices.ContainsFunc(list, func(r Reading) bool {
		return r.Signal == m.Signal && r.Pass == m.Pass && r.Value == m.Value && r.Health(now) != Stale
	})
}

func (s *Service) senseAll(tx *store.Tx, sys System, list []Measured) error {
	for _, m := range list {
		if err := s.sense(tx, sys, m); err != nil {
			return err
		}
	}
	return nil
}

// Tide notes what time alone has changed: signals gone stale and evidence that has
// ended. What it notes late counts in time all the same, as the book knows the
// hour.
func (s *Service) Tide(ctx context.Context) error {
	var list []System
	late := map[string][]int{}
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		clear(late)
		if list, err = systems(tx, "1=1"); err != nil {
			return err
		}
		found, err := load(tx, all, list, tx.Now)
		if err != nil {
			return err
		}
		noted, err := states(tx)
		if err != nil {
			return err
		}
		for id, w := range found {
			for i := range w.said.Objectives {
				said, live := w.weighed(i, tx.Now)
				if was, ok := noted[id][i]; ok && was != [2]string{string(said), string(live)} || !ok && (said != "unknown" || live != "unknown") {
					late[id] = append(late[id], i)
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, sys := range list {
		if len(late[sys.ID]) == 0 {
			continue
		}
		if err := s.db.Change(ctx, func(tx *store.Tx) error {
			for _, i := range late[sys.ID] {
				if err := settle(tx, authz.System("cmmc"), sys, s.whyLate(tx, sys, i), i); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// whyLate is what time did to an objective: a signal gone stale, else evidence that
// has ended.
func (s *Service) whyLate(tx *store.Tx, sys System, objective int) Change {
	list, err := readings(tx, only{sys.ID, -1})
	if err != nil {
		return Change{Kind: "evidence-ended"}
	}
	for _, r := range list {
		if sig, ok := FindSignal(r.Signal); ok && slices.Contains(sig.Objectives, objective) && r.Health(tx.Now) == Stale {
			return Change{Kind: "stale", Signal: r.Signal, WasValue: r.Value, Value: r.Value}
		}
	}
	return Change{Kind: "evidence-ended"}
}

func states(tx *store.Tx) (map[string]map[int][2]string, error) {
	type row struct {
		system    string
		objective int
		state     [2]string
	}
	rows, err := store.Rows(tx, func(r store.Scanner) (x row, err error) {
		return x, r.Scan(&x.system, &x.objective, &x.state[0], &x.state[1])
	},
		"SELECT system, objective, said, live FROM cmmc_state")
	all := map[string]map[int][2]string{}
	for _, x := range rows {
		if all[x.system] == nil {
			all[x.system] = map[int][2]string{}
		}
		all[x.system][x.objective] = x.state
	}
	return all, err
}
