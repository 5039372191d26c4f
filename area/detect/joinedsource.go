package detect

import (
	"context"
	"time"

	"yagura/area/detect/correlate"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// joinSource is a stream of events as correlations wait for it.
type joinSource struct {
	correlate.Source
	set      bool // people said its lateness
	late     int64
	lastLate int64
}

// forwards are the streams that store events and send them on late.
func (s *Service) forwards(tx *store.Tx) (map[string]bool, error) {
	if s.o.Forwards == nil {
		return nil, nil
	}
	return s.o.Forwards(tx)
}

// sourcesIn are all streams with their times.
func (s *Service) sourcesIn(tx *store.Tx) ([]joinSource, error) {
	late, err := s.forwards(tx)
	if err != nil {
		return nil, err
	}
	return store.Rows(tx, func(r store.Scanner) (x joinSource, err error) {
		err = r.Scan(&x.ID, &x.Newest, &x.Heard, &x.Lateness, &x.late, &x.lastLate)
		if x.set = x.Lateness > 0; !x.set {
			x.Lateness = correlate.Lateness
			if late[x.ID] {
				x.Lateness = correlate.Forwarded
			}
		}
		return x, err
	}, "SELECT source, newest, heard, lateness, late, last_late FROM detect_joined_source ORDER BY source")
}

// SourceTime is a stream of events as correlations wait for it.
type SourceTime struct {
	Source   string
	Newest   time.Time // of its events
	Heard    time.Time
	Lateness time.Duration // by how much its events may come after newer ones
	Set      bool          // people said so
	Kept     bool          // its events are kept on the way and come late
	Late     int64         // hits that came later still
	LastLate time.Time
}

// SourceTimes are the streams that correlations wait for.
func (s *Service) SourceTimes(ctx context.Context, by authz.Actor) (out []SourceTime, err error) {
	if err := by.May(Rules, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := s.sourcesIn(tx)
		out = nil
		for _, x := range list {
			out = append(out, SourceTime{x.ID, store.Time(x.Newest), store.Time(x.Heard), time.Duration(x.Lateness) * time.Millisecond, x.set, !x.set && x.Stores(), x.late, store.Time(x.lastLate)})
		}
		return err
	})
	return out, err
}

// LongestLateness is the most that people may allow a stream.
const LongestLateness = 7 * 24 * time.Hour

// SetLateness says by how much the events of a stream may come after newer
// ones; zero: as its kind has it.
func (s *Service) SetLateness(ctx context.Context, by authz.Actor, source string, d time.Duration) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		if d < 0 || d > LongestLateness || d > 0 && d < time.Second {
			return fault.Invalid(fault.F("lateness", "From a second to 7 days, or nothing"))
		}
		n, err := tx.Exec("UPDATE detect_joined_source SET lateness = $2 WHERE source = $1", source, d.Milliseconds())
		if err != nil {
			return err
		}
		if n == 0 {
			return missing()
		}
		return tx.Record(by, fact.LatenessSet{Source: source, Seconds: int64(d / time.Second)})
	})
}

// JoinFigures tell how a correlation is doing.
type JoinFigures struct {
	Mark        time.Time // nothing at or before it is waited for
	Groups      int64
	Bytes       int64
	Hits        int64
	Late        int64
	Evicted     int64
	Fired       int64
	Approx      int64
	LastEvicted time.Time
}

func joinFigures(tx *store.Tx, rule string) (f JoinFigures, err error) {
	rows, err := store.Rows(tx, func(r store.Scanner) (f JoinFigures, err error) {
		var mark, evicted int64
		err = r.Scan(&mark, &f.Groups, &f.Bytes, &f.Hits, &f.Late, &f.Evicted, &f.Fired, &f.Approx, &evicted)
		f.Mark, f.LastEvicted = store.Time(mark), store.Time(evicted)
		return f, err
	}, "SELECT mark, groups, bytes, hits, late, evicted, fired, approx, last_evicted FROM detect_joined WHERE rule = $1", rule)
	if len(rows) > 0 {
		f = rows[0]
	}
	return f, err
}

// Joined is a correlation with what it is doing.
type Joined struct {
	*Rule
	JoinFigures
	Silent bool
}

// Correlations are those that are loaded, and how many hits wait for being
// joined.
func (s *Service) Correlations(ctx context.Context, by authz.Actor) (list []Joined, waiting int64, err error) {
	if !by.CanAnywhere(Read) {
		return nil, 0, by.May(Read, "")
	}
	lib := s.lib.Load()
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		for _, r := range lib.joined {
			f, err := joinFigures(tx, r.ID)
			if err != nil {
				return err
			}
			list = append(list, Joined{r, f, lib.silent[r.ID]})
		}
		return tx.QueryRow("SELECT COUNT(*) FROM detect_joined_hit").Scan(&waiting)
	})
	return list, waiting, err
}

// PlainTitle is the title of a part of a correlation in both languages.
func (s *Service) PlainTitle(id string) Words {
	if r := s.lib.Load().byID[id]; r != nil {
		return r.Title
	}
	return Words{EN: id}
}
