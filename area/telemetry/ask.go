package telemetry

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"yagura/area/telemetry/logsql"
	"yagura/area/telemetry/victoria"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

const defaultBudget = 10 * time.Second

// asking is a question on its way: what is sent with every part of it, and how
// much time is left.
type asking struct {
	node    *victoria.Node
	q       *Query
	filter  string // of the query that a person wrote
	pipes   []string
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
	a := &asking{node: s.node, q: q, elapsed: clock.Stopwatch()}
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
	if a.filter, a.pipes, err = logsql.Divide(logsql.Encode(q.Text, victoria.Encode)); err != nil {
		return nil, unread(q.Text, err)
	}
	if len(a.pipes) > 0 && !pipes {
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
	return a, a.spread(ctx)
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

// left is how long the question may still take.
func (a *asking) left() time.Duration { return max(a.q.Budget-a.elapsed(), time.Millisecond) }

// run asks for rows in a range of time.
func (a *asking) run(ctx context.Context, from, to time.Time, pipes string, more []string, each func(*victoria.Row) error) error {
	// Behind a line's end: whatever the store takes for a remark ends there.
	query := a.filter
	for _, p := range a.pipes {
		query += "\n| " + p
	}
	if pipes != "" {
		query += "\n| " + pipes
	}
	filters := append(slices.Clone(a.filters), victoria.Between(from, to))
	filters = append(filters, more...)
	var own error
	err := a.node.Query(ctx, victoria.Ask{Project: rowsProject, Query: query, Filters: filters, Timeout: a.left()}, func(r *victoria.Row) bool {
		own = each(r)
		return own == nil
	})
	return errors.Join(own, err)
}

// failure makes of what a store says what a person reads.
func (a *asking) failure(err error) error { return blame(a.q.Text, err) }

// storeFault is what a person reads where a store failed that nobody wrote a
// query for.
func storeFault(err error) error { return blame("", err) }

// blame tells what is wrong with a query from what is wrong with the store.
func blame(query string, err error) error {
	var refused *victoria.Refused
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		if said := victoria.Blame(refused); said != nil {
			return refusal(query, said)
		}
	case errors.Is(err, context.Canceled), fault.As(err) != nil, errors.Is(err, victoria.ErrLate):
		return err
	}
	return fmt.Errorf("%w: %w", fault.TooBusy(storeRetry, "The event store does not answer; events are taken in meanwhile and kept. Try again in a moment"), err)
}

const storeRetry = 5 * time.Second

// plain tells whether every event of the range is meant.
func (a *asking) plain() bool {
	return !a.q.Problems && a.q.Kind == "" && a.filter == "*"
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
		if len(a.pipes) == 0 {
			pipes = "sort by (_time desc) " + pipes
		}
		hidden := func(name string) bool {
			return (name == "_stream" || name == "_stream_id" || name == fieldRest) && !strings.Contains(q.Text, name)
		}
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
				if len(r.Value(i)) > 0 && !hidden(name) {
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
