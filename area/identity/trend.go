package identity

import (
	"context"
	"sync"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Counts of a day are what PublishCoverage tells: at most one row a day and unit,
// and only where it changed, so the row before a moment is how it was then.

const (
	day         = 24 * time.Hour
	trendWeeks  = 13
	trendMonth  = 30 * day
	countsYears = 2 // for so long counts are kept
)

// Point is how the people of each unit of a scope could sign in at a moment, by the
// last count before it. Units is nil where nothing had been counted yet.
type Point struct {
	At    time.Time
	Units map[string]Tally
}

// Trend is the way that coverage took.
type Trend struct {
	Weeks []Point // oldest first: the beginning of today's day (UTC) 13, 12 … weeks ago, and now
	Month Point   // 30 days before it
}

// way are the points before today, which are the same until the next count or the next
// day.
type way struct {
	mu     sync.Mutex
	today  time.Time
	last   int64
	points []Point // those of the weeks, then that of the month
}

// Trend reads the counts of the units of a scope, each of its own people.
func (s *Service) Trend(ctx context.Context, scope authz.Scope) (t Trend, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		points, err := s.countsBefore(tx)
		if err != nil {
			return err
		}
		now, err := s.tallies(tx)
		if err != nil {
			return err
		}
		points = append(points[:len(points):len(points)], Point{tx.Now, now})
		for i, p := range points {
			points[i].Units = within(scope, p.Units)
		}
		n := len(points)
		t.Weeks, t.Month = append(points[:n-2:n-2], points[n-1]), points[n-2]
		return nil
	})
	return t, err
}

func within(scope authz.Scope, units map[string]Tally) map[string]Tally {
	if units == nil {
		return nil
	}
	found := map[string]Tally{}
	for unit, n := range units {
		if scope.Contains(unit) {
			found[unit] = n
		}
	}
	return found
}

// countsBefore are the points before today of the whole group.
func (s *Service) countsBefore(tx *store.Tx) ([]Point, error) {
	today := tx.Now.UTC().Truncate(day)
	var last int64
	if err := tx.QueryRow("SELECT COALESCE(MAX(at), 0) FROM identity_coverage").Scan(&last); err != nil {
		return nil, err
	}
	s.way.mu.Lock()
	defer s.way.mu.Unlock()
	if s.way.points != nil && s.way.today.Equal(today) && s.way.last == last {
		return s.way.points, nil
	}
	at := []time.Time{}
	for w := trendWeeks; w > 0; w-- {
		at = append(at, today.Add(-time.Duration(w)*7*day))
	}
	points := []Point{}
	for _, t := range append(at, today.Add(-trendMonth)) {
		p := Point{At: t}
		units, err := published(tx, store.Millis(t))
		if err != nil {
			return nil, err
		}
		if len(units) > 0 {
			p.Units = units
		}
		points = append(points, p)
	}
	s.way.today, s.way.last, s.way.points = today, last, points
	return points, nil
}

// uncounted are the days before the first count, as facts tell of them: an installation
// that never counted has a trend all the same. Once there is a count there are none.
func (s *Service) uncounted(ctx context.Context) (days []Point, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		var counted bool
		if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM identity_coverage)").Scan(&counted); err != nil || counted {
			return err
		}
		today := tx.Now.UTC().Truncate(day)
		first := today.Add(-trendWeeks * 7 * day)
		people, later := crowd{}, make([][]retold, trendWeeks*7+1) // by the day at whose beginning they are known
		for _, facts := range []string{sealed, pending} {
			if err := people.replay(tx, facts, -1, store.Millis(first)); err != nil {
				return err
			}
			if err := hear(tx, facts, store.Millis(first), store.Millis(today), func(f retold) {
				n := int((store.Time(f.at).Sub(first) + day - 1) / day)
				later[n] = append(later[n], f)
			}); err != nil {
				return err
			}
		}
		days = nil
		for n, facts := range later {
			for _, f := range facts {
				people.apply(f)
			}
			p := Point{At: first.Add(time.Duration(n) * day)}
			if p.Units, _, err = tallyOf(tx, people, p.At); err != nil {
				return err
			}
			days = append(days, p)
		}
		return nil
	})
	return days, err
}

// fillIn keeps counts of past days, where they changed.
func fillIn(tx *store.Tx, days []Point) error {
	was := map[string]Tally{}
	for _, p := range days {
		for unit := range was {
			if _, ok := p.Units[unit]; !ok { // nobody was left there
				p.Units[unit] = Tally{}
			}
		}
		for unit, t := range p.Units {
			if was[unit] == t {
				continue
			}
			if err := keepCount(tx, unit, p.At, t, true); err != nil {
				return err
			}
		}
		was = p.Units
	}
	return nil
}

// forgetCounts drops counts that are too old. The last one of a unit before that time
// stays: it says how things were then.
func forgetCounts(tx *store.Tx) error {
	_, err := tx.Exec(`DELETE FROM identity_coverage WHERE at < $1 AND EXISTS
		(SELECT 1 FROM identity_coverage d WHERE d.unit = identity_coverage.unit AND d.at > identity_coverage.at AND d.at <= $1)`, store.Millis(countsSince(tx.Now)))
	return err
}

// countsSince is since when all counts are there.
func countsSince(now time.Time) time.Time { return now.AddDate(-countsYears, 0, 0) }
