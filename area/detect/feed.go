package detect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/detect/correlate/of"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Hits that correlations join go into a table in the transaction that marks
// their events as done, so each takes effect once. One process at a time takes
// them out of it into the state of the correlations: see advance.go.

// often is how far a stream's time has to move before it is written again.
const often = 15 * time.Second

// clocks are the times of the streams in a group of events that are worth being
// written. Where no rule joins, time does not matter.
func (s *Service) clocksOf(lib *library, events []Event) map[string]int64 {
	if len(lib.joined) == 0 {
		return nil
	}
	newest := map[string]int64{}
	for _, e := range events {
		if at := store.Millis(e.Time); at > newest[e.Source] {
			newest[e.Source] = at
		}
	}
	now := s.db.Now().UnixMilli()
	for source, at := range newest {
		if was, ok := s.heard.Load(source); ok {
			w := was.([2]int64)
			if at < w[0]+often.Milliseconds() && now < w[1]+4*often.Milliseconds() {
				delete(newest, source)
			}
		}
	}
	return newest
}

// tick writes the times of streams.
func (s *Service) tick(tx *store.Tx, clocks map[string]int64) error {
	for _, source := range sorted(clocks) {
		if _, err := tx.Exec(`INSERT INTO detect_joined_source (source, newest, heard, lateness, late, last_late) VALUES ($1,$2,$3,0,0,0)
			ON CONFLICT (source) DO UPDATE SET newest = CASE WHEN detect_joined_source.newest < excluded.newest THEN excluded.newest ELSE detect_joined_source.newest END,
			heard = excluded.heard`, source, clocks[source], tx.Millis()); err != nil {
			return err
		}
	}
	if len(clocks) > 0 {
		now := tx.Millis()
		tx.After(func() {
			for source, at := range clocks {
				s.heard.Store(source, [2]int64{at, now})
			}
		})
	}
	return nil
}

// readParts finds out which correlations hits feed.
func (l *library) readParts(hits []hit) {
	if len(l.joined) == 0 {
		return
	}
	r := l.joins.Reader()
	defer l.joins.PutBack(r)
	read := ""
	for i := range hits {
		h := &hits[i]
		if len(l.joins.Feeds[h.rule.sigma]) == 0 {
			continue
		}
		if name := h.event.ID(); name != read {
			if r.Read(h.event.Doc) != nil {
				continue
			}
			read = name
		}
		h.parts = l.joins.Parts(h.rule.sigma, r)
	}
}

// hand writes what correlations join of hits. What a correlation's own
// exclusions select is hidden from it alone.
func (a *applying) hand(lib *library, hits []hit) error {
	var rows [][]any
	hidden := map[string]int64{}
	for _, h := range hits {
		if h.verdict.exclusion != "" {
			continue
		}
		for _, p := range h.parts {
			rule := lib.joined[p.Feed.Rule]
			set := a.plan.of(rule)
			if !set.Enabled || set.State == Draft || set.State == Retired {
				continue
			}
			if x := a.plan.excludes(a.s, rule, h.event, a.tx.Now); x != "" {
				hidden[x]++
				a.rules.at(rule.ID, a.s.day(h.event.Time), h.event.Unit).hidden++
				continue
			}
			rows = append(rows, rowOf(rule, p, h))
		}
	}
	for _, x := range sorted(hidden) {
		if _, err := a.tx.Exec("UPDATE detect_exclusion SET hidden = hidden + $2, last_hidden = $3 WHERE id = $1", x, hidden[x], a.tx.Millis()); err != nil {
			return err
		}
	}
	const columns = 18
	for part := range slices.Chunk(rows, 100) {
		var b strings.Builder
		var args []any
		for _, r := range part {
			if len(args) > 0 {
				b.WriteByte(',')
			}
			b.WriteString("(" + marks(len(args)+1, columns) + ")")
			args = append(args, r...)
		}
		if _, err := a.tx.Exec("INSERT INTO detect_joined_hit (id, rule, part, event, at, source, unit, grp, value, number, carry, host, product, category, service, size, raw, matched) VALUES "+b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

func rowOf(rule *Rule, p of.Hit, h hit) []any {
	x := sampleOf(h)
	matched, _ := json.Marshal(x.matched) // pairs of texts
	return []any{id.New(), rule.ID, p.Feed.Part, orderly(h.event), store.Millis(h.event.Time), h.event.Source, h.event.Unit, clean(p.Group), clean(p.Value),
		fmt.Sprint(p.Number), clean(p.Carry), x.host, x.hint.Product, x.hint.Category, x.hint.Service, x.size, x.raw, string(matched)}
}

// clean leaves out what PostgreSQL takes into no text.
func clean(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), `\u0000`, "")
}

// orderly is the id of an event in a form that sorts as events of one time came.
func orderly(e Event) string { return fmt.Sprintf("%s.%08d", e.Batch, e.Ordinal) }

// plainID is the event's id again.
func plainID(orderly string) string {
	i := strings.LastIndexByte(orderly, '.')
	if i < 0 {
		return orderly
	}
	n := strings.TrimLeft(orderly[i+1:], "0")
	if n == "" {
		n = "0"
	}
	return orderly[:i+1] + n
}

// excludes is the exclusion of a correlation that selects an event.
func (p *plan) excludes(s *Service, rule *Rule, e Event, now time.Time) string {
	for _, x := range p.exclusions {
		if x.Rule == rule.ID && x.inForce(now) && p.below(e.Unit, x.Unit) && s.selects(x, e) {
			return x.ID
		}
	}
	return ""
}

// within is the smallest unit that holds two.
func (p *plan) within(a, b string) string {
	if a == b || p.units == nil {
		return a
	}
	x, _, ok1 := p.units.Paths(a)
	y, _, ok2 := p.units.Paths(b)
	if !ok1 || !ok2 {
		return p.units.Root()
	}
	i := 0
	for j := 0; j < len(x) && j < len(y) && x[j] == y[j]; j++ {
		if x[j] == '/' {
			i = j
		}
	}
	above := strings.Trim(x[:i], "/")
	if above == "" {
		return p.units.Root()
	}
	return above[strings.LastIndexByte(above, '/')+1:]
}
