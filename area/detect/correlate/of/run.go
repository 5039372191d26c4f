package of

import (
	"slices"
	"strings"

	"yagura/area/detect/correlate"
	"yagura/area/detect/sigma"
)

// mostNamed is how many hits of a group a run remembers by name.
const mostNamed = 1000

// Run joins hits of events that are all there, such as those of files or of test
// cases: nothing is late, and the end of the events is the end of time.
type Run struct {
	*Joins
	engine *correlate.Engine
}

// Begin begins a run.
func (j *Joins) Begin() *Run {
	specs := j.Specs()
	for i := range specs {
		specs[i].MaxGroups, specs[i].MaxBytes = 5_000_000, 2<<30
	}
	return &Run{j, correlate.New(specs, correlate.Options{Pass: j.Pass, Samples: mostNamed})}
}

// Feed takes in a hit of an event. Events of one time are ordered by their name.
func (r *Run) Feed(h Hit, at int64, event string) {
	r.engine.Feed(correlate.Hit{Rule: h.Feed.Rule, Part: h.Feed.Part, Time: at, Event: event, Group: h.Group, Value: h.Value, Number: h.Number, Carry: h.Carry})
	r.engine.Fired() // what is found at once is found again at the end
}

// End ends time and returns what fired, in the order of time.
func (r *Run) End() []correlate.Firing {
	r.engine.Finish()
	out := slices.DeleteFunc(r.engine.Fired(), func(f correlate.Firing) bool { return !f.Final })
	slices.SortStableFunc(out, func(a, b correlate.Firing) int {
		switch {
		case a.Time != b.Time:
			if a.Time < b.Time {
				return -1
			}
			return 1
		case a.Rule != b.Rule:
			return a.Rule - b.Rule
		}
		return strings.Compare(a.Group, b.Group)
	})
	return out
}

// Figures are those of a correlation at work.
func (r *Run) Figures(i int) correlate.Figures { return r.engine.Figures(i) }

// Silent are the rules that the linked correlations keep from findings of their
// own.
func (j *Joins) Silent() map[*sigma.Rule]bool {
	silent := sigma.Silent(j.Linked)
	out := map[*sigma.Rule]bool{}
	for _, c := range j.Linked {
		for _, p := range c.Parts {
			if p.Rule != nil && silent[p.ID()] {
				out[p.Rule] = true
			}
		}
	}
	return out
}
