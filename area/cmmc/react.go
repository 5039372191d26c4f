package cmmc

import (
	"context"
	"slices"
	"strconv"
	"time"

	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
)

// Jobs registers what this area does by the clock: measuring, the tide of what goes
// stale, warnings of days that come near.
func (s *Service) Jobs(q *job.Queue) {
	q.Every("cmmc.measure", 5*time.Minute, s.Measure)
	q.Every("cmmc.tide", time.Minute, s.Tide)
	q.Every("cmmc.warn", time.Hour, s.Warn)
	q.Every("cmmc.pulses", time.Hour, s.forget)
}

// forget clears pulses away that every process has long seen; a book that has not
// is made anew.
func (s *Service) forget(ctx context.Context) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM cmmc_pulse WHERE at < $1", store.Millis(tx.Now.Add(-24*time.Hour)))
		return err
	})
}

// Reacts is what the area does upon facts: it measures anew what a neighbour's fact
// may have changed, and it keeps how enclaves stand once objectives have changed.
func (s *Service) Reacts() []ledger.Subscriber {
	kinds := slices.Clone(ownFacts)
	for _, g := range s.p.Gauges {
		kinds = append(kinds, g.Facts()...)
	}
	slices.Sort(kinds)
	return []ledger.Subscriber{
		{Name: "cmmc.signals", Handle: s.hear, Kinds: slices.Compact(kinds)},
		{Name: "cmmc.standing", Handle: s.keepStanding,
			Kinds: []string{"cmmc.objective-changed", "cmmc.signal-changed", "cmmc.system-put", "cmmc.shares-set", "cmmc.partial-claimed"}},
	}
}

// ownFacts are those of this area upon which its own signals are measured anew.
var ownFacts = []string{"cmmc.assessment-sealed", "cmmc.task-given", "cmmc.system-put", "cmmc.asset-put", "cmmc.asset-dropped", "cmmc.shares-set"}

// hear measures anew, upon a fact of a unit, at every system whose unit contains
// it. Many facts are heard in one transaction, which sees the same world each time:
// it measures once.
func (s *Service) hear(tx *store.Tx, e ledger.Entry) error {
	h := &s.heard
	if h.tx != tx || !h.at.Equal(tx.Now) {
		*h = heard{tx: tx, at: tx.Now, done: map[string]bool{}}
		var err error
		if h.systems, err = systems(tx, "1=1"); err != nil {
			return err
		}
		if s.p.Directory != nil {
			if h.units, err = s.p.Directory.Units(tx); err != nil {
				return err
			}
		}
	}
	for _, sys := range h.systems {
		if h.units != nil && e.Unit != "" && !authz.Everything().Within(h.units, sys.Unit).Contains(e.Unit) {
			continue
		}
		if err := s.hearAt(tx, sys, e.Kind); err != nil {
			return err
		}
	}
	return nil
}

// heard is what a transaction knows and has measured already.
type heard struct {
	tx      *store.Tx
	at      time.Time
	systems []System
	units   *authz.Units
	done    map[string]bool
}

func (s *Service) hearAt(tx *store.Tx, sys System, kind string) error {
	fresh := func(what string) bool {
		at := sys.ID + " " + what
		was := s.heard.done[at]
		s.heard.done[at] = true
		return !was
	}
	var gauges []Gauge
	for n, g := range s.p.Gauges {
		if slices.Contains(g.Facts(), kind) && fresh(strconv.Itoa(n)) {
			gauges = append(gauges, g)
		}
	}
	own := slices.Contains(ownFacts, kind) && fresh("own")
	if !own && len(gauges) == 0 {
		return nil
	}
	list, err := readings(tx, only{sys.ID, -1})
	if err != nil {
		return err
	}
	var found []Measured
	if own {
		if found, err = ownSignals(tx, sys, list); err != nil {
			return err
		}
	}
	for _, g := range gauges {
		more, err := g.Measure(tx, sys.Unit)
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	for _, m := range found {
		if known(list, m, tx.Now) { // the clock freshens it
			continue
		}
		if err := s.sense(tx, sys, m); err != nil {
			return err
		}
	}
	return nil
}

// standing is how an enclave stood when that was last kept.
type standing struct {
	enclave string
	level   int
	live    inherit.Standing
	said    inherit.Standing
}

// keepStanding keeps how enclaves stand where that is another than before, and
// tells those who answer for one that stands worse.
func (s *Service) keepStanding(tx *store.Tx, _ ledger.Entry) error {
	if s.kept.tx == tx && s.kept.at.Equal(tx.Now) { // for another fact of the same world
		return nil
	}
	s.kept = heard{tx: tx, at: tx.Now}
	last, err := lastStandings(tx)
	if err != nil {
		return err
	}
	type moved struct {
		sys System
		was standing
		now standing
	}
	var list []moved
	if err := s.book.with(tx, func() error {
		for _, sys := range s.book.systems {
			if sys.Kind != Enclave {
				continue
			}
			now := standing{enclave: sys.ID, level: sys.Level}
			now.live, _ = s.book.live.Of(sys.ID)
			now.said, _ = s.book.said.Of(sys.ID)
			was, known := last[sys.ID]
			if known && was.level == now.level && same(was.live, now.live) && same(was.said, now.said) {
				continue
			}
			list = append(list, moved{sys, was, now})
		}
		return nil
	}); err != nil {
		return err
	}
	by := authz.System("cmmc")
	for _, m := range list {
		if err := putStanding(tx, m.now); err != nil {
			return err
		}
		if err := tx.Record(by, fact.CMMCStandingChanged{Enclave: m.sys.ID, Unit: m.sys.Unit, Level: m.sys.Level, WasLow: m.was.live.Low, WasHigh: m.was.live.High,
			WasStatus: string(m.was.live.Status), Low: m.now.live.Low, High: m.now.live.High, Status: string(m.now.live.Status)}); err != nil {
			return err
		}
		if m.was.enclave != "" && m.was.level == m.now.level {
			if err := s.tellStanding(tx, m.sys, m.was.live, m.now.live); err != nil {
				return err
			}
		}
	}
	return nil
}

func same(a, b inherit.Standing) bool {
	return a.Low == b.Low && a.High == b.High && a.Status == b.Status && a.Best == b.Best
}

func lastStandings(tx *store.Tx) (map[string]standing, error) {
	list, err := store.Rows(tx, func(r store.Scanner) (x standing, err error) {
		var live, said, best, saidBest string
		err = r.Scan(&x.enclave, &x.level, &x.live.Low, &x.live.High, &live, &best, &x.said.Low, &x.said.High, &said, &saidBest)
		x.live.Status, x.live.Best, x.said.Status, x.said.Best = score.Status(live), score.Status(best), score.Status(said), score.Status(saidBest)
		return x, err
	}, `SELECT a.enclave, a.level, a.low, a.high, a.status, a.best, a.said_low, a.said_high, a.said_status, a.said_best FROM cmmc_standing a
		WHERE a.at = (SELECT MAX(b.at) FROM cmmc_standing b WHERE b.enclave = a.enclave)`)
	last := make(map[string]standing, len(list))
	for _, x := range list {
		last[x.enclave] = x
	}
	return last, err
}

func putStanding(tx *store.Tx, x standing) error {
	_, err := tx.Exec("INSERT INTO cmmc_standing (enclave, at, level, low, high, status, best, said_low, said_high, said_status, said_best) VALUES ("+marks(1, 11)+`)
		ON CONFLICT (enclave, at) DO UPDATE SET level = excluded.level, low = excluded.low, high = excluded.high, status = excluded.status, best = excluded.best,
		said_low = excluded.said_low, said_high = excluded.said_high, said_status = excluded.said_status, said_best = excluded.said_best`,
		x.enclave, tx.Millis(), x.level, x.live.Low, x.live.High, string(x.live.Status), string(x.live.Best), x.said.Low, x.said.High, string(x.said.Status), string(x.said.Best))
	return err
}

// Point is how an enclave stood from a moment on.
type Point struct {
	At        time.Time
	Low, High int
	Status    score.Status
	SaidLow   int
	SaidHigh  int
}

// Course is how an enclave stood over time, the earliest first.
func (s *Service) Course(ctx context.Context, by authz.Actor, enclave string, since time.Time) (list []Point, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := openEnclave(tx, by, enclave); err != nil {
			return err
		}
		list, err = store.Rows(tx, func(r store.Scanner) (p Point, err error) {
			var at int64
			err = r.Scan(&at, &p.Low, &p.High, &p.Status, &p.SaidLow, &p.SaidHigh)
			p.At = store.Time(at)
			return p, err
		}, "SELECT at, low, high, status, said_low, said_high FROM cmmc_standing WHERE enclave = $1 AND at >= $2 ORDER BY at", enclave, store.Millis(since))
		return err
	})
	return list, err
}
