package detect

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"yagura/area/detect/sigma"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// sight counts which log sources sent events, in memory until it is written.
type sight struct {
	mu     sync.Mutex
	counts map[sightKey]int64
}

type sightKey struct {
	day, unit string
	source    sigma.LogSource
}

// glance is a count of one group of events, before it is added to the rest.
// Events of one class are of the same log sources.
type glance struct {
	classes map[string][]sigma.LogSource
	counts  map[sightKey]int64
	day     func(time.Time) string
}

// maxClasses bounds what is remembered of ways in which events are routed.
const maxClasses = 4096

func (g *glance) saw(m *sigma.Matcher, e *Event) {
	class := m.Class()
	sources, ok := g.classes[string(class)]
	if !ok {
		if len(g.classes) >= maxClasses {
			clear(g.classes)
		}
		sources = m.Sources(e.hint())
		g.classes[string(class)] = sources
	}
	day := g.day(e.Time)
	for _, s := range sources {
		g.counts[sightKey{day, e.Unit, s}]++
	}
}

func (s *sight) add(counts map[sightKey]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[sightKey]int64{}
	}
	for k, n := range counts {
		s.counts[k] += n
	}
}

// FlushSeen writes what was seen since. Run does this by itself.
func (s *Service) FlushSeen(ctx context.Context) error {
	s.seen.mu.Lock()
	counts := s.seen.counts
	s.seen.counts = nil
	s.seen.mu.Unlock()
	if len(counts) == 0 {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b sightKey) int {
		return strings.Compare(a.day+"\x00"+a.unit+"\x00"+a.source.String(), b.day+"\x00"+b.unit+"\x00"+b.source.String())
	})
	err := s.db.Operate(ctx, func(tx *store.Tx) error {
		for part := range slices.Chunk(keys, 300) {
			var b strings.Builder
			var args []any
			for _, k := range part {
				if len(args) > 0 {
					b.WriteByte(',')
				}
				b.WriteString("(" + marks(len(args)+1, 6) + ")")
				args = append(args, k.day, k.unit, k.source.Product, k.source.Category, k.source.Service, counts[k])
			}
			if _, err := tx.Exec("INSERT INTO detect_seen (day, unit, product, category, service, events) VALUES "+b.String()+
				" ON CONFLICT (day, unit, product, category, service) DO UPDATE SET events = detect_seen.events + excluded.events", args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.seen.add(counts) // another time
	}
	return err
}

// Seen is a log source that sent events lately.
type Seen struct {
	Source sigma.LogSource
	Events int64
	Last   string // day
}

// seenIn are the log sources that sent events in the last days, of a scope.
func (s *Service) seenIn(tx *store.Tx, scope authz.Scope, days int) ([]Seen, error) {
	where, args := scope.Where("d.unit", 2)
	from := s.day(tx.Now.AddDate(0, 0, 1-days))
	return store.Rows(tx, func(r store.Scanner) (x Seen, err error) {
		return x, r.Scan(&x.Source.Product, &x.Source.Category, &x.Source.Service, &x.Events, &x.Last)
	}, "SELECT d.product, d.category, d.service, CAST(SUM(d.events) AS bigint), MAX(d.day) FROM detect_seen d WHERE d.day >= $1 AND "+where+" GROUP BY d.product, d.category, d.service ORDER BY 4 DESC",
		append([]any{from}, args...)...)
}

// classes is a table of routes that nobody uses; keep returns it.
func (l *library) classes() map[string][]sigma.LogSource {
	select {
	case c := <-l.routes:
		return c
	default:
		return map[string][]sigma.LogSource{}
	}
}

func (l *library) keep(c map[string][]sigma.LogSource) {
	select {
	case l.routes <- c:
	default:
	}
}

// dayOf tells days and remembers the last, since events of a group mostly are of
// one.
func (s *Service) dayOf() func(time.Time) string {
	var from, to time.Time
	var name string
	return func(t time.Time) string {
		if name == "" || t.Before(from) || !t.Before(to) {
			in := t.In(s.o.Zone)
			y, m, d := in.Date()
			from, to = time.Date(y, m, d, 0, 0, 0, 0, s.o.Zone), time.Date(y, m, d+1, 0, 0, 0, 0, s.o.Zone)
			name = in.Format(time.DateOnly)
		}
		return name
	}
}
