package telemetry

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"yagura/kernel/fault"
)

// Query implements Store.
func (s *Blocks) Query(ctx context.Context, q Query, c *Coverage) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if c == nil {
			c = new(Coverage)
		}
		if q.Limit <= 0 {
			q.Limit = 100
		}
		n, stopped := 0, false
		sc := scan{s: s, q: &q, c: c, each: func(e Event) bool {
			n++
			stopped = !yield(e, nil)
			return !stopped && n < q.Limit
		}}
		if err := sc.run(ctx); err != nil && !stopped {
			yield(Event{}, err)
		}
	}
}

// Rows implements Store: this store has no language of queries.
func (s *Blocks) Rows(context.Context, Query, int, *Coverage) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) { yield(nil, errNoLanguage()) }
}

func errNoLanguage() error {
	return fault.Invalid(fault.F("query", "This event store does not understand queries in LogsQL"))
}

// The bounds of field statistics.
const (
	maxFields   = 400
	maxDistinct = 2000
	maxValue    = 300
)

// Survey implements Store.
func (s *Blocks) Survey(ctx context.Context, q Query, o SurveyOptions) (Survey, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	if o.Values <= 0 {
		o.Values = 10
	}
	var v Survey
	v.layOut(q.From, q.To, o.Buckets)
	after := q.After
	q.After = nil // the page begins there; counts are of the whole range
	fields := fieldCounter{byName: map[string]*fieldCount{}}
	sc := scan{s: s, q: &q, c: &v.Coverage, each: func(e Event) bool {
		v.count(e.Time, 1)
		if v.Sampled < o.Sample {
			v.Sampled++
			fields.add(&e)
		}
		if after == nil || after.before(e.At()) {
			if len(v.Events) < q.Limit {
				v.Events = append(v.Events, e)
			} else {
				v.More = true
			}
		}
		return true
	}}
	sc.whole = func(b *block) bool {
		if v.Sampled < o.Sample || len(v.Events) < q.Limit || v.bucket(b.oldest) != v.bucket(b.newest) {
			return false
		}
		v.More = true
		v.count(time.UnixMilli(b.newest), b.events)
		return true
	}
	err := sc.run(ctx)
	v.Fields = fields.top(o.Values)
	return v, err
}

// steps are widths of bars that people read easily.
var steps = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// layOut chooses at most n bars for the range.
func (v *Survey) layOut(from, to time.Time, n int) {
	if n <= 0 || !from.Before(to) {
		return
	}
	n = min(n, 400)
	v.Step = to.Sub(from)/time.Duration(n) + 1
	for _, s := range steps {
		if to.Sub(from) <= s*time.Duration(n-1) {
			v.Step = s
			break
		}
	}
	for t := from.Truncate(v.Step); t.Before(to); t = t.Add(v.Step) {
		v.Buckets = append(v.Buckets, Bucket{From: t.UTC()})
	}
}

func (v *Survey) bucket(ms int64) int {
	if len(v.Buckets) == 0 {
		return 0
	}
	return int((ms - v.Buckets[0].From.UnixMilli()) / v.Step.Milliseconds())
}

func (v *Survey) count(t time.Time, n int64) {
	v.Total += n
	if i := v.bucket(t.UnixMilli()); i >= 0 && i < len(v.Buckets) {
		v.Buckets[i].N += n
	}
}

type fieldCounter struct{ byName map[string]*fieldCount }

type fieldCount struct {
	n      int
	many   bool
	values map[string]int
}

// notCounted are fields of our own with what is shown elsewhere, or with a
// value of its own in every event.
var notCounted = map[string]bool{"original": true, "original_base64": true, "timestamp": true}

func (fc *fieldCounter) add(e *Event) {
	fc.one("@host", e.Host)
	fc.one("@source", e.Source)
	fc.one("@kind", e.Kind)
	fc.one("@problem", e.Problem)
	if e.Problem != "" {
		return
	}
	Flatten(e.Doc, func(name, value string) bool {
		if !notCounted[name] {
			fc.one(name, value)
		}
		return true
	})
}

func (fc *fieldCounter) one(name, value string) {
	if value == "" || len(value) > maxValue || len(name) > maxValue {
		return
	}
	f := fc.byName[name]
	if f == nil {
		if len(fc.byName) >= maxFields {
			return
		}
		f = &fieldCount{values: map[string]int{}}
		fc.byName[name] = f
	}
	f.n++
	if _, ok := f.values[value]; !ok && len(f.values) >= maxDistinct {
		f.many = true
		return
	}
	f.values[value]++
}

// top are the fields with their most frequent values: those of the event
// itself first, then the most frequent.
func (fc *fieldCounter) top(values int) []Field {
	var all []Field
	for name, f := range fc.byName {
		field := Field{Name: name, N: f.n, Many: f.many || len(f.values) > values}
		for text, n := range f.values {
			field.Values = append(field.Values, Value{text, n})
		}
		slices.SortFunc(field.Values, func(a, b Value) int {
			if a.N != b.N {
				return b.N - a.N
			}
			return strings.Compare(a.Text, b.Text)
		})
		field.Values = field.Values[:min(len(field.Values), values)]
		all = append(all, field)
	}
	slices.SortFunc(all, func(a, b Field) int {
		if own, other := ownField(a.Name), ownField(b.Name); own != other {
			if own {
				return -1
			}
			return 1
		}
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}
