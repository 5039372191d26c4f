package telemetry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/kernel/text"
)

// The bounds of field statistics.
const (
	maxFields   = 400
	maxDistinct = 2000
	maxValue    = 300
)

// Survey implements Store. What is counted is of the whole range, whatever the
// page.
func (s *Victoria) Survey(ctx context.Context, q Query, o SurveyOptions) (Survey, error) {
	if o.Values <= 0 {
		o.Values = 10
	}
	var v Survey
	a, err := s.ask(ctx, &q, false)
	if err != nil || a.none {
		v.layOut(q.From, q.To, o.Buckets)
		return v, err
	}
	v.layOut(q.From, q.To, o.Buckets)
	if err := a.total(ctx, &v); err != nil {
		return v, err
	}
	limit := q.Limit
	q.Limit++
	q.MaxScan = math.MaxInt64
	page := v.Coverage
	if a.plain() {
		err = (&scan{a: a, c: &page, each: func(e Event) bool {
			v.Events = append(v.Events, e)
			return len(v.Events) < q.Limit
		}}).run(ctx)
	} else {
		var at []Position
		if at, err = a.hits(ctx, q.Limit, &page); err == nil {
			v.More = len(at) > limit
			err = a.events(ctx, at[:min(len(at), limit)], func(e Event) bool {
				v.Events = append(v.Events, e)
				return true
			})
		}
	}
	if err != nil {
		return v, storeFault(err)
	}
	if len(v.Events) > limit {
		v.Events, v.More = v.Events[:limit], true
	}
	if page.Partial && !v.Partial {
		v.Partial, v.Until, v.Why = true, page.Until, page.Why
	}
	if o.Sample > 0 && v.Total > 0 {
		if err := a.sample(ctx, &v, o); err != nil {
			return v, err
		}
	}
	return v, nil
}

// total counts what is found, over time.
func (a *asking) total(ctx context.Context, v *Survey) error {
	q := a.q
	pipe := "stats count() n"
	if v.Step > 0 {
		step := v.Step.Milliseconds()
		pipe = fmt.Sprintf("stats by (_time:%dms offset %dms) count() n", step, (v.Buckets[0].From.UnixMilli()%step+step)%step)
	}
	for lo, hi := range windows(q.From, q.To) {
		if v.Step > 0 && lo.After(q.From) { // a bar is counted at once
			lo = lo.Truncate(v.Step)
		}
		if v.Step > 0 && hi.Before(q.To) {
			hi = hi.Truncate(v.Step)
		}
		if !lo.Before(hi) {
			continue
		}
		err := a.run(ctx, lo, hi, pipe, nil, func(r *victoria.Row) error {
			n, err := strconv.ParseInt(string(r.Get("n")), 10, 64)
			if err != nil {
				return fmt.Errorf("event store: %w", err)
			}
			at := lo
			if v.Step > 0 {
				if at, err = time.Parse(time.RFC3339Nano, string(r.Get(fieldTime))); err != nil {
					return fmt.Errorf("event store: %w", err)
				}
				at = later(at, q.From)
			}
			v.count(at, n)
			return nil
		})
		if errors.Is(err, victoria.ErrLate) {
			v.Partial, v.Until = true, hi.UTC()
			v.Why = text.M("The time for the question was over; only events after %s were counted. Narrow the range or the filter to see further.", hi.UTC().Format("2006-01-02 15:04:05 MST"))
			break
		}
		if err != nil {
			return a.failure(err)
		}
	}
	v.Scanned = v.Total
	return nil
}

// sample counts fields of the newest hits.
func (a *asking) sample(ctx context.Context, v *Survey, o SurveyOptions) error {
	fields := fieldCounter{byName: map[string]*fieldCount{}}
	for lo, hi := range windows(a.q.From, a.q.To) {
		if v.Sampled >= o.Sample {
			break
		}
		err := a.run(ctx, lo, hi, fmt.Sprintf("sort by (_time desc) limit %d | delete _msg, _rest, batch, ordinal, _stream, _stream_id, unit", o.Sample-v.Sampled), nil, func(r *victoria.Row) error {
			v.Sampled++
			for i := range r.Len() {
				fields.one(r.Name(i), r.Value(i))
			}
			return nil
		})
		if errors.Is(err, victoria.ErrLate) {
			break // so far as they were counted
		}
		if err != nil {
			return a.failure(err)
		}
	}
	v.Fields = fields.top(o.Values)
	return nil
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
	v.Step = (to.Sub(from)/time.Duration(n) + time.Hour).Truncate(time.Hour)
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
	values map[string]*int
}

func (fc *fieldCounter) one(name, value []byte) {
	if len(value) == 0 || len(value) > maxValue || string(name) == fieldTime {
		return
	}
	f := fc.byName[string(name)]
	if f == nil {
		if len(fc.byName) >= maxFields {
			return
		}
		f = &fieldCount{values: map[string]*int{}}
		fc.byName[string(name)] = f
	}
	f.n++
	n := f.values[string(value)]
	if n == nil {
		if len(f.values) >= maxDistinct {
			f.many = true
			return
		}
		n = new(int)
		f.values[string(value)] = n
	}
	*n++
}

// top are the fields with their most frequent values: those of the event
// itself first, then the most frequent.
func (fc *fieldCounter) top(values int) []Field {
	var all []Field
	for name, f := range fc.byName {
		field := Field{Name: name, N: f.n, Many: f.many || len(f.values) > values}
		for stored, n := range f.values {
			field.Values = append(field.Values, Value{victoria.Decode(stored), *n})
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
		if own, other := taken[a.Name], taken[b.Name]; own != other {
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
