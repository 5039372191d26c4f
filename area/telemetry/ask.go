package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/telemetry/logsql"
	"yagura/area/telemetry/victoria"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

const defaultBudget = 10 * time.Second

// asking is a question on its way: what is sent with every part of it, and how
// much time is left.
type asking struct {
	s       *Victoria
	q       *Query
	text    victoria.Text
	filters []string // hold in every part of every query; the border of units is the first
	none    bool     // nothing can be found
	elapsed func() time.Duration
}

// ask checks a question and writes it in LogsQL. Everything that bounds it goes
// beside the query and not into it: no query can take it away.
func (s *Victoria) ask(ctx context.Context, q *Query, pipes bool) (*asking, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	if q.Budget <= 0 {
		q.Budget = defaultBudget
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	a := &asking{s: s, q: q, elapsed: clock.Stopwatch()}
	units, all := q.Scope.Units()
	if !all && len(units) == 0 {
		a.none = true
		return a, nil
	}
	if !all {
		a.filters = append(a.filters, inUnits(units))
	}
	var err error
	// Values that the store would write otherwise are kept behind a mark, and are
	// asked for like that.
	if a.text, err = victoria.Divide(logsql.Encode(q.Text, victoria.Encode)); err != nil {
		return nil, unread(err)
	}
	if len(a.text.Pipes) > 0 && !pipes {
		return nil, fault.Invalid(fault.F("query", "Pipes (|) make rows of events; where events are listed, a query is a filter alone"))
	}
	if err := s.findable(ctx); err != nil && !errors.Is(err, victoria.ErrCannot) {
		return nil, a.failure(err)
	}
	if q.Source != "" {
		a.filters = append(a.filters, victoria.Exact(fieldSource, q.Source))
	}
	if q.Kind != "" {
		a.filters = append(a.filters, victoria.Exact(fieldKind, q.Kind))
	}
	if q.Problems {
		a.filters = append(a.filters, victoria.Any(fieldProblem))
	}
	for _, w := range q.Words {
		a.filters = append(a.filters, victoria.Or(victoria.Word(fieldLine, w), victoria.Word(fieldHost, w)))
	}
	for _, f := range q.Filters {
		filter, err := a.condition(ctx, f)
		if err != nil {
			return nil, err
		}
		a.filters = append(a.filters, filter)
	}
	return a, nil
}

// inUnits is the border. An event of the empty unit has no such field.
func inUnits(units []string) string {
	if units[0] != "" {
		return victoria.In(fieldUnit, units)
	}
	if len(units) == 1 {
		return fieldUnit + `:""`
	}
	return victoria.Or(fieldUnit+`:""`, victoria.In(fieldUnit, units[1:]))
}

func (a *asking) condition(ctx context.Context, f Filter) (string, error) {
	fields := []string{asked(f.Field)}
	if !strings.Contains(f.Field, ".") && !strings.HasPrefix(f.Field, "@") {
		more, err := a.endingIn(ctx, f.Field)
		if err != nil {
			return "", a.failure(err)
		}
		fields = append(fields, more...)
	}
	var parts []string
	for _, name := range fields {
		switch f.Op {
		case Is, IsNot:
			parts = append(parts, "("+victoria.Same(name, f.Value)+")")
		case Holds, HoldsNot:
			parts = append(parts, victoria.Holds(name, f.Value))
		default:
			parts = append(parts, victoria.Any(name))
		}
	}
	filter := victoria.Or(parts...)
	if f.Op == IsNot || f.Op == HoldsNot || f.Op == Missing {
		filter = victoria.Not(filter)
	}
	return filter, nil
}

// endingIn are the names of stored fields whose last part is the one given.
func (a *asking) endingIn(ctx context.Context, last string) ([]string, error) {
	var found []string
	err := a.s.node.Query(ctx, victoria.Ask{Query: "* | field_names", Filters: append(slices.Clone(a.filters[:min(len(a.filters), 1)]), victoria.Between(a.q.From, a.q.To)), Timeout: a.left()},
		func(r *victoria.Row) bool {
			if n := string(r.Get("name")); strings.HasSuffix(n, "."+last) && !strings.HasPrefix(n, docPrefix) && len(found) < 50 {
				found = append(found, n)
			}
			return true
		})
	slices.Sort(found)
	return found, err
}

// left is how long the question may still take.
func (a *asking) left() time.Duration { return max(a.q.Budget-a.elapsed(), time.Millisecond) }

// run asks for rows in a range of time.
func (a *asking) run(ctx context.Context, from, to time.Time, pipes string, more []string, each func(*victoria.Row) error) error {
	// Behind a line's end: a remark at the end of the query ends there.
	query := a.text.Filter
	for _, p := range a.text.Pipes {
		query += "\n| " + p
	}
	if pipes != "" {
		query += "\n| " + pipes
	}
	filters := append(slices.Clone(a.filters), victoria.Between(from, to))
	filters = append(filters, more...)
	var own error
	err := a.s.node.Query(ctx, victoria.Ask{Project: rowsProject, Query: query, Filters: filters, Timeout: a.left()}, func(r *victoria.Row) bool {
		own = each(r)
		return own == nil
	})
	return errors.Join(own, err)
}

// failure makes of what a store says what a person reads.
func (a *asking) failure(err error) error { return storeFault(err) }

// storeFault tells what is wrong with a query from what is wrong with the store.
func storeFault(err error) error {
	var refused *victoria.Refused
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		if bad := victoria.Blame(refused); bad != nil {
			return unread(bad)
		}
	case errors.Is(err, context.Canceled), fault.As(err) != nil, errors.Is(err, victoria.ErrLate):
		return err
	}
	return fmt.Errorf("%w: %w", fault.TooBusy(storeRetry, "The event store does not answer; events are taken in meanwhile and kept. Try again in a moment"), err)
}

const storeRetry = 5 * time.Second

func unread(err error) error {
	var bad *victoria.Bad
	if !errors.As(err, &bad) {
		return err
	}
	if bad.Near == "" {
		return fault.Invalid(fault.F("query", "The query cannot be read: %s", oneLine(bad.Words, 300)))
	}
	return fault.Invalid(fault.F("query", "The query cannot be read near “%s”: %s", oneLine(bad.Near, 60), oneLine(bad.Words, 300)))
}

// plain tells whether every event of the range is meant.
func (a *asking) plain() bool {
	q := a.q
	return len(q.Words) == 0 && len(q.Filters) == 0 && !q.Problems && q.Kind == "" && a.text.Filter == "*"
}

// windows divides a range from its newest end: short at first, for what is found
// soon, then longer.
func windows(from, to time.Time) iter.Seq2[time.Time, time.Time] {
	return func(yield func(from, to time.Time) bool) {
		w := max(to.Sub(from)/64, time.Minute)
		for to.After(from) {
			lo := to.Add(-w)
			if lo.Sub(from) < w/2 {
				lo = from
			}
			if !yield(lo, to) {
				return
			}
			to, w = lo, w*4
		}
	}
}

// hits are the positions of what is found, newest first, at most n; c says how
// far was looked.
func (a *asking) hits(ctx context.Context, n int, c *Coverage) ([]Position, error) {
	var all []Position
	to := a.q.To
	var after []string
	if p := a.q.After; p != nil {
		to = earlier(to, time.UnixMilli(p.Time+1))
		after = []string{behind(*p)}
	}
	for lo, hi := range windows(a.q.From, to) {
		if len(all) >= n {
			break
		}
		// The store orders texts in its own way, so that only times are in order
		// there: of the last moment everything is needed.
		n := n - len(all)
		var page []Position
		read := func(r *victoria.Row) error {
			p, err := positionOf(r)
			page = append(page, p)
			return err
		}
		err := a.run(ctx, lo, hi, fmt.Sprintf("fields _time, batch, ordinal | sort by (_time desc) limit %d", n), after, read)
		if err == nil && len(page) >= n {
			last := time.UnixMilli(slices.MinFunc(page, func(x, y Position) int { return cmp.Compare(x.Time, y.Time) }).Time)
			page = slices.DeleteFunc(page, func(p Position) bool { return p.Time == last.UnixMilli() })
			err = a.run(ctx, last, last.Add(time.Millisecond), "fields _time, batch, ordinal", after, read)
		}
		all = append(all, page...)
		if errors.Is(err, victoria.ErrLate) {
			c.Partial, c.Until = true, hi.UTC()
			all = all[:len(all)-len(page)]
			break
		}
		if err != nil {
			return nil, a.failure(err)
		}
	}
	slices.SortStableFunc(all, func(x, y Position) int {
		if x == y {
			return 0
		}
		if x.before(y) {
			return -1
		}
		return 1
	})
	all = slices.Compact(all)
	return all[:min(n, len(all))], nil
}

// behind finds what comes after a position.
func behind(p Position) string {
	t := time.UnixMilli(p.Time)
	return fmt.Sprintf(`(_time:<%s or (%s (batch:string_range("", %s) or (%s ordinal:<%d))))`, t.UTC().Format("2006-01-02T15:04:05.000000000Z"), victoria.At(t),
		victoria.Quote(p.Batch), victoria.Exact(fieldBatch, p.Batch), p.Ordinal)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func positionOf(r *victoria.Row) (Position, error) {
	t, err := time.Parse(time.RFC3339Nano, string(r.Get(fieldTime)))
	if err != nil {
		return Position{}, fmt.Errorf("event store: %w", err)
	}
	n, err := strconv.Atoi(string(r.Get(fieldOrdinal)))
	if err != nil {
		return Position{}, fmt.Errorf("event store: %w", err)
	}
	return Position{t.UnixMilli(), victoria.Decode(string(r.Get(fieldBatch))), n}, nil
}

// shownAtOnce is for how many hits packed events are fetched together.
const shownAtOnce = 200

// events turns positions into events, in their order, until each returns false.
func (a *asking) events(ctx context.Context, at []Position, each func(Event) bool) error {
	for _, group := range chunks(at, shownAtOnce) {
		found, err := a.load(ctx, group)
		for again := 0; err == nil && len(found) < len(group) && again < 20; again++ { // the row came first
			if err = pause(ctx, 100*time.Millisecond); err == nil {
				found, err = a.load(ctx, group)
			}
		}
		if err != nil {
			return err
		}
		lost := 0
		for _, p := range group {
			e, ok := found[p]
			if !ok {
				lost++
				continue
			}
			if !each(e) {
				return nil
			}
		}
		if lost > 0 {
			return storeFault(fmt.Errorf("event store: %d events are found whose content is not there", lost))
		}
	}
	return nil
}

func (a *asking) load(ctx context.Context, group []Position) (map[Position]Event, error) {
	var batches []string
	oldest, newest := group[0].Time, group[0].Time
	for _, p := range group {
		if !slices.Contains(batches, p.Batch) {
			batches = append(batches, p.Batch)
		}
		oldest, newest = min(oldest, p.Time), max(newest, p.Time)
	}
	blocks, err := a.s.blocks(ctx, a.q.Scope, batches, time.UnixMilli(oldest), time.UnixMilli(newest).Add(blockSpan), lookTimeout)
	if err != nil {
		return nil, storeFault(err)
	}
	wanted := map[Position]bool{}
	for _, p := range group {
		wanted[p] = true
	}
	found := map[Position]Event{}
	for _, b := range blocks {
		if err := unpack(b.packed, b.head, func(e Event) bool {
			if wanted[e.At()] {
				// The rest of the block is let go.
				e.Doc, e.Original = slices.Clone(e.Doc), slices.Clone(e.Original)
				found[e.At()] = e
			}
			return true
		}); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// blocks fetches packed events of batches whose newest event lies in a range.
func (s *Victoria) blocks(ctx context.Context, scope authz.Scope, batches []string, from, to time.Time, timeout time.Duration) (map[blobKey]*block, error) {
	filters := []string{victoria.In(fieldBatch, batches)}
	if !from.IsZero() {
		filters = append(filters, victoria.Between(from, to.Add(time.Millisecond)))
	}
	p := newPieces()
	var bad error
	err := s.node.Query(ctx, victoria.Ask{Project: blobsProject, Query: "*", Filters: filters, Timeout: timeout}, func(r *victoria.Row) bool {
		if scope.Contains(victoria.Decode(string(r.Get(fieldUnit)))) {
			bad = p.add(r)
		}
		return bad == nil
	})
	if err = errors.Join(err, bad); err != nil {
		return nil, err
	}
	return p.whole()
}

// Find implements Store.
func (s *Victoria) Find(ctx context.Context, scope authz.Scope, id string) (Event, error) {
	none := fault.NotFound("There is no such event, or you may not see it")
	batch, ordinal, ok := ParseID(id)
	if !ok {
		return Event{}, none
	}
	if err := s.findable(ctx); err != nil && !errors.Is(err, victoria.ErrCannot) {
		return Event{}, storeFault(err)
	}
	var from, to time.Time
	if made, ok := madeAt(batch); ok {
		from, to = made.Add(-time.Hour), made.Add(time.Hour)
	}
	for {
		blocks, err := s.blocks(ctx, scope, []string{batch}, from, to, lookTimeout)
		if err != nil {
			return Event{}, storeFault(err)
		}
		for _, b := range blocks {
			var found *Event
			if err := unpack(b.packed, b.head, func(e Event) bool {
				if e.Ordinal == ordinal {
					found = &e
				}
				return found == nil
			}); err != nil {
				return Event{}, err
			}
			if found != nil {
				return *found, nil
			}
		}
		if from.IsZero() {
			return Event{}, none
		}
		from, to = time.Time{}, time.Time{} // not near the time it came
	}
}

// Query implements Store.
func (s *Victoria) Query(ctx context.Context, q Query, c *Coverage) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if c == nil {
			c = new(Coverage)
		}
		a, err := s.ask(ctx, &q, false)
		if err != nil {
			yield(Event{}, err)
			return
		}
		if a.none {
			return
		}
		n, stopped := 0, false
		each := func(e Event) bool {
			n++
			stopped = !yield(e, nil)
			return !stopped && n < q.Limit
		}
		if a.plain() {
			err = (&scan{a: a, c: c, each: each}).run(ctx)
		} else {
			var at []Position
			if at, err = a.hits(ctx, q.Limit, c); err == nil {
				c.Scanned += int64(len(at))
				err = a.events(ctx, at, each)
			}
		}
		if err != nil && !stopped {
			yield(Event{}, storeFault(err))
		}
	}
}

// Rows implements Store.
func (s *Victoria) Rows(ctx context.Context, q Query, most int, c *Coverage) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if c == nil {
			c = new(Coverage)
		}
		a, err := s.ask(ctx, &q, true)
		if err != nil {
			yield(nil, err)
			return
		}
		if a.none {
			return
		}
		most = max(1, most)
		pipes := fmt.Sprintf("limit %d", most+1)
		if len(a.text.Pipes) == 0 {
			pipes = "sort by (_time desc) " + pipes
		}
		streams := strings.Contains(q.Text, "_stream")
		stopped := errors.New("stopped")
		n := 0
		err = a.run(ctx, q.From, q.To, pipes, nil, func(r *victoria.Row) error {
			if n == most {
				c.Partial = true
				return stopped
			}
			n++
			row := make(Row, 0, r.Len())
			for i := range r.Len() {
				name := string(r.Name(i))
				if len(r.Value(i)) > 0 && (streams || name != "_stream" && name != "_stream_id") {
					row = append(row, Column{name, victoria.Decode(string(r.Value(i)))})
				}
			}
			if !yield(row, nil) {
				return stopped
			}
			return nil
		})
		c.Scanned = int64(n)
		switch {
		case err == nil || errors.Is(err, stopped):
		case errors.Is(err, victoria.ErrLate) && n > 0:
			c.Partial, c.Why = true, text.M("The time for the question was over before all of it was answered. Narrow the range.")
		case errors.Is(err, victoria.ErrLate):
			yield(nil, fault.Invalid(fault.F("query", "This takes longer than %d seconds. Narrow the range or the filter", int(q.Budget.Seconds()))))
		default:
			yield(nil, a.failure(err))
		}
	}
}
