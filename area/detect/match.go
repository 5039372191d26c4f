package detect

import (
	"context"
	"fmt"
	"time"

	"yagura/area/detect/correlate/of"
	"yagura/area/detect/sigma"
)

// Findings are what Match found in a group of events.
type Findings struct {
	hits   []hit
	plan   *plan
	at     time.Time // of the judgement
	lib    *library
	clocks map[string]int64 // times of streams, for correlations
}

// Len is how many hits there are, hidden and silent ones included.
func (f *Findings) Len() int {
	if f == nil {
		return 0
	}
	return len(f.hits)
}

// hit is a rule that matched an event, and what is to be made of it.
type hit struct {
	event   Event
	rule    *Rule
	matched []sigma.Matched
	verdict verdict
	parts   []of.Hit // what correlations join of it
	firing  *firing  // it is a firing of a correlation
}

// about is what a hit is about.
func (h hit) about() thing {
	if h.firing != nil {
		t := h.firing.about
		t.joints = jointsOfMany(t, h.event.Unit, h.firing.samples)
		return t
	}
	return thingOf(h.rule, h.event)
}

// verdict is what the settings of the rule and the exclusions make of a hit.
type verdict struct {
	drop      bool   // the rule is off, a draft or retired
	silent    bool   // counted only
	base      bool   // a correlation joins it, it raises no alert of its own
	exclusion string // hidden by it
	level     Level
}

// Match looks at events with all rules. It changes nothing and may be called by
// several workers at once and again with the same events. It returns nil where
// nothing matched. An event that is no JSON object matches nothing.
func (s *Service) Match(ctx context.Context, events []Event) (*Findings, error) {
	lib := s.lib.Load()
	m := lib.matcher()
	defer lib.give(m)
	var hits []hit
	g := glance{classes: lib.classes(), counts: map[sightKey]int64{}, day: s.dayOf()}
	defer func() {
		lib.keep(g.classes)
		s.seen.add(g.counts)
	}()
	for i, e := range events {
		if i%256 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		found, err := m.Match(e.Doc, e.hint())
		if err != nil {
			continue
		}
		g.saw(m, &e)
		if len(found) == 0 {
			continue
		}
		for _, h := range found {
			hits = append(hits, hit{event: e, rule: lib.bySigma[h.Rule], matched: h.Fields})
		}
	}
	clocks := s.clocksOf(lib, events)
	if len(hits) == 0 && len(clocks) == 0 {
		return nil, nil
	}
	lib.readParts(hits)
	p, err := s.planOf(ctx)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	f := &Findings{hits: hits, lib: lib, clocks: clocks}
	s.judge(f, p, s.db.Now())
	return f, nil
}

// judge gives each hit its verdict.
func (s *Service) judge(f *Findings, p *plan, now time.Time) {
	f.plan, f.at = p, now
	for i := range f.hits {
		h := &f.hits[i]
		h.verdict = s.verdict(p, h, now)
		h.verdict.base = f.lib != nil && f.lib.silent[h.rule.ID]
	}
}

func (s *Service) verdict(p *plan, h *hit, now time.Time) (v verdict) {
	set := p.of(h.rule)
	if !set.Enabled || set.State == Draft || set.State == Retired {
		v.drop = true
		return v
	}
	v.level = set.effective(h.rule)
	for _, x := range p.exclusions {
		if x.inForce(now) && (x.Rule == "" || x.Rule == h.rule.ID) && p.below(h.event.Unit, x.Unit) && s.selects(x, h.event) {
			v.exclusion = x.ID
			return v
		}
	}
	v.silent = set.State == Experimental
	return v
}

// stale tells whether the verdicts have to be given anew: somebody decided
// something since, or an exclusion has begun or ended meanwhile.
func (f *Findings) stale(generation int64, now time.Time) bool {
	if f.plan == nil || f.plan.generation != generation {
		return true
	}
	for _, x := range f.plan.exclusions {
		if x.inForce(f.at) != x.inForce(now) {
			return true
		}
	}
	return false
}
