package detect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/area/detect/backtest"
	"yagura/area/detect/correlate"
	"yagura/area/detect/correlate/of"
	"yagura/area/detect/sigma"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// The bounds of a correlation's backtest: what it keeps does not grow with the
// number of events or of days.
const (
	replayHits = 50_000         // of a slice of time
	replayHeld = 100_000        // hits of which it is not yet known whether they came too late
	replayWait = 48 * time.Hour // for what else came before a late hit
	leastSlice = time.Minute
)

// errDense says that a slice of time has more hits than are kept at once.
var errDense = errors.New("more hits in a slice than are kept at once")

// partsOf names the very texts of all rules that a correlation joins: with
// others of them it is another correlation.
func (l *library) partsOf(c *sigma.Linked) string {
	h := sha256.New()
	var walk func(c *sigma.Linked)
	walk = func(c *sigma.Linked) {
		for _, p := range c.Parts {
			h.Write([]byte(p.ID() + " "))
			if r := l.byID[p.ID()]; r != nil {
				h.Write([]byte(r.Version + "\n"))
			}
			if p.Correlation != nil {
				walk(p.Correlation)
			}
		}
	}
	walk(c)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// replay joins hits of stored events as they were joined when they came.
type replay struct {
	s        *Service
	rule     *Rule
	plan     *plan
	joins    *of.Joins
	matcher  *sigma.Matcher
	reader   *sigma.Reader
	engine   *correlate.Engine
	without  *correlate.Engine // what the filter leaves; nil: none is tried
	filter   *screen
	lateness map[string]int64
	arrivals correlate.Arrivals
	held     []replayed
	heads    map[string]replayed // of hits that a firing may be shown by
	tally    *backtest.Tally
	found    *confirmed
	waiting  []correlate.Firing // until it is known whether the filter hides them
	kept     map[firingKey]bool
	longest  time.Duration
	late     int64
}

type firingKey struct {
	group string
	slot  int64
}

// replayed is a hit of a stored event.
type replayed struct {
	at, received      int64
	source, unit      string
	event, host, user string
	parts             []of.Hit
	hidden            bool
}

// slice is what one slice of time holds.
type slice struct {
	hits   []replayed
	events map[int64]int64 // by quarter of an hour
	unread int64
}

// tryJoined runs a correlation over stored events, the oldest first.
func (s *Service) tryJoined(ctx context.Context, by authz.Actor, b Backtest, progress progress) (out backtest.Result, err error) {
	lib := s.lib.Load()
	r := lib.byID[b.Rule]
	if r == nil || r.Correlation == nil || r.Version != b.Version {
		return out, fault.Conflict("The correlation was changed meanwhile; ask for the backtest anew")
	}
	linked, leaves := r.Correlation.Below()
	engine, problems := sigma.Compile(leaves, s.o.Mapping, sigma.Options{Placeholders: s.o.Placeholders})
	if len(problems) > 0 {
		return out, problems[0]
	}
	p := &replay{s: s, rule: r, joins: of.New(linked, s.o.Mapping), matcher: engine.NewMatcher(), lateness: map[string]int64{}, heads: map[string]replayed{},
		kept: map[firingKey]bool{}, tally: backtest.New(b.From, b.To, s.o.Zone, float64(b.Budget))}
	p.tally.Forwards = true
	p.reader = p.joins.Reader()
	for _, c := range linked {
		p.longest = max(p.longest, c.Timespan)
	}
	if b.Filter != "" {
		if p.filter, err = s.screenOf(b.Filter); err != nil {
			return out, err
		}
	}
	if p.found, err = s.confirmedFor(ctx, by, b); err != nil {
		return out, err
	}
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		sources, err := s.sourcesIn(tx)
		if err != nil {
			return err
		}
		for _, x := range sources {
			p.lateness[x.ID] = x.Lateness
		}
		late, err := s.forwards(tx)
		if err != nil {
			return err
		}
		for id := range late { // of which nothing was heard since correlations are there
			if _, ok := p.lateness[id]; !ok {
				p.lateness[id] = correlate.Forwarded
			}
		}
		p.plan, err = s.planIn(tx)
		return err
	}); err != nil {
		return out, err
	}
	begin := func() *correlate.Engine {
		return correlate.New(p.joins.Specs(), correlate.Options{Pass: p.joins.Pass, Join: p.plan.within})
	}
	p.engine = begin()
	if p.filter != nil {
		p.without = begin()
	}
	partial, until := false, time.Time{}
	step := min(max(b.To.Sub(b.From)/64, time.Hour), 24*time.Hour)
	// What happened before the range may be part of what is found in it.
	for from := b.From.Add(-2 * p.longest); from.Before(b.To); {
		to := from.Add(step)
		if from.Before(b.From) && to.After(b.From) {
			to = b.From
		}
		if to.After(b.To) {
			to = b.To
		}
		x, missed, at, err := p.read(ctx, by, b.Unit, from, to)
		if errors.Is(err, errDense) && step > leastSlice {
			step = max(to.Sub(from)/4, leastSlice)
			continue
		}
		if errors.Is(err, errDense) {
			return out, fault.Conflict("The rules that it joins hit more than %d times a minute: narrow them first", replayHits)
		}
		if err != nil {
			return out, err
		}
		inside := !from.Before(b.From)
		if missed && inside {
			partial, until = true, at
		}
		p.take(x, inside)
		p.advance(to, to.Equal(b.To))
		if progress != nil && inside {
			if err := progress(p.tally.Events(), p.tally.Hits(), to); err != nil {
				return out, err
			}
		}
		from = to
	}
	out = p.tally.Result()
	out.Rule, out.Version, out.Title, out.Partial, out.Until, out.Filter = b.Rule, b.Version, b.Title, partial, until, p.filter != nil
	out.Late, out.Parts = p.late, lib.partsOf(r.Correlation)
	for i := range linked {
		out.GivenUp += p.engine.Figures(i).Evicted
	}
	return out, nil
}

// read finds the hits of a slice of time. The store hands the newest out first.
func (p *replay) read(ctx context.Context, by authz.Actor, unit string, from, to time.Time) (x slice, partial bool, until time.Time, err error) {
	x.events = map[int64]int64{}
	plain := &Rule{ID: p.rule.ID}
	partial, until, err = p.s.o.Archive.Each(ctx, by, unit, from, to, func(e Event) error {
		at := e.Time.UnixMilli()
		// One whose sender's clock is wrong counts where the store has it.
		x.events[min(max(at, from.UnixMilli()), to.UnixMilli()-1)/quarter]++
		received := at
		if !e.Received.IsZero() {
			received = e.Received.UnixMilli()
		}
		p.arrivals.See(e.Source, at, received)
		hits, err := p.matcher.Match(e.Doc, e.hint())
		if err != nil {
			x.unread++
			return nil
		}
		if len(hits) == 0 || p.reader.Read(e.Doc) != nil {
			return nil
		}
		h := replayed{at: at, received: received, source: e.Source, unit: e.Unit, event: orderly(e)}
		for _, hit := range hits {
			h.parts = append(h.parts, p.joins.Parts(hit.Rule, p.reader)...)
		}
		if len(h.parts) == 0 {
			return nil
		}
		if len(x.hits) == replayHits {
			return errDense
		}
		t := thingOf(plain, e)
		h.host, h.user, h.hidden = t.host, t.user, p.filter != nil && p.filter.selects(e)
		x.hits = append(x.hits, h)
		return nil
	})
	return x, partial, until, err
}

const quarter = 15 * 60_000 // every zone's day begins at one

// take joins the hits of a slice, but for those of which it is not yet known
// whether they came too late. What lies before the range is not counted.
func (p *replay) take(x slice, counted bool) {
	if counted {
		for q, n := range x.events {
			p.tally.Count(time.UnixMilli(q*quarter), n)
		}
		for range x.unread {
			p.tally.Unread()
		}
	}
	slices.SortFunc(x.hits, func(a, b replayed) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return strings.Compare(a.event, b.event)
	})
	for _, h := range x.hits {
		if h.received-h.at > p.allowed(h.source) && len(p.held) < replayHeld {
			p.held = append(p.held, h)
		} else {
			p.feed(h)
		}
	}
}

func (p *replay) allowed(source string) int64 {
	if l, ok := p.lateness[source]; ok {
		return l
	}
	return correlate.Lateness
}

func (p *replay) feed(h replayed) {
	late := false
	for _, part := range h.parts {
		x := correlate.Hit{Rule: part.Feed.Rule, Part: part.Feed.Part, Time: h.at, Event: h.event, Group: part.Group, Value: part.Value, Number: part.Number,
			Source: h.source, Scope: h.unit, Carry: part.Carry}
		sample, behind := p.engine.Feed(x)
		if sample {
			p.heads[h.event] = replayed{at: h.at, host: h.host, user: h.user}
		}
		late = late || behind
		if p.without != nil && !h.hidden {
			p.without.Feed(x)
		}
	}
	if late {
		p.late++
	}
}

// advance lets time come to a moment: all events before it were seen.
func (p *replay) advance(to time.Time, end bool) {
	now := to.UnixMilli()
	mark, least := now-1, now-p.longest.Milliseconds()
	held := p.held[:0]
	for _, h := range p.held {
		switch {
		case !end && h.received >= now && h.at > now-replayWait.Milliseconds():
			held = append(held, h)
			mark, least = min(mark, h.at-1), min(least, h.at)
		case p.arrivals.Late(h.source, h.at, h.received, p.allowed(h.source)):
			p.late++
		default:
			p.feed(h)
		}
	}
	p.held = held
	p.arrivals.Forget(min(least, now))
	for _, e := range []*correlate.Engine{p.engine, p.without} {
		if e == nil {
			continue
		}
		for i := range p.joins.Linked {
			e.Advance(i, mark)
		}
	}
	p.count(mark, end)
	old := mark - 4*p.longest.Milliseconds()
	for event, h := range p.heads {
		if h.at < old {
			delete(p.heads, event)
		}
	}
}

// count counts what fired for good. With a filter it has to wait until it is
// known whether the group fires in that slot without what the filter selects.
func (p *replay) count(mark int64, end bool) {
	target := len(p.joins.Linked) - 1
	for _, f := range p.engine.Fired() {
		if f.Final && f.Rule == target {
			p.waiting = append(p.waiting, f)
		}
	}
	if p.without == nil {
		for _, f := range p.waiting {
			p.hit(f, false)
		}
		p.waiting = p.waiting[:0]
		return
	}
	for _, f := range p.without.Fired() {
		if f.Final && f.Rule == target {
			p.kept[firingKey{f.Group, f.Slot}] = true
		}
	}
	span := p.rule.Correlation.Timespan.Milliseconds()
	over := func(slot int64) bool { return end || (slot+3)*span <= mark }
	p.waiting = slices.DeleteFunc(p.waiting, func(f correlate.Firing) bool {
		if !over(f.Slot) {
			return false
		}
		p.hit(f, !p.kept[firingKey{f.Group, f.Slot}])
		return true
	})
	for k := range p.kept {
		if over(k.slot) {
			delete(p.kept, k)
		}
	}
}

// hit counts a firing.
func (p *replay) hit(f correlate.Firing, hidden bool) {
	at := store.Time(f.Time)
	if !p.tally.Covers(at) {
		return
	}
	h := backtest.Hit{Time: at, Unit: f.Scope, Hidden: hidden}
	for i, ref := range f.Samples {
		x, ok := p.heads[ref.Event]
		h.Event = plainID(ref.Event)
		if i == 0 {
			h.Host, h.User = x.host, x.user
		}
		if !strings.EqualFold(h.Host, x.host) {
			h.Host = ""
		}
		if !strings.EqualFold(h.User, x.user) {
			h.User = ""
		}
		if h.Incident == "" && ok {
			h.Incident = p.found.of(backtest.Hit{Time: store.Time(x.at), Event: h.Event, Host: x.host})
		}
	}
	var values []string
	var about []sigma.Matched
	if json.Unmarshal([]byte(f.Group), &values) == nil {
		for i, name := range p.rule.Correlation.GroupBy {
			if i < len(values) {
				about = append(about, sigma.Matched{Field: name, Value: values[i]})
			}
		}
	}
	h.Summary = summary(about)
	p.tally.Hit(h)
}
