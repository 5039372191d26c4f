package offline

import (
	"fmt"
	"text/tabwriter"
	"time"

	"yagura/area/detect/sigma"
	"yagura/kernel/clock"
	"yagura/kernel/text"
)

const (
	benchLeast = time.Second // of processor time, for the steady speed
	benchShown = 15          // rules and tests, the dearest
)

// bench measures rules on events: how long they take to load, how many events
// a second of processor time is enough for, and which rules and tests take most
// of it.
func (c *command) bench() int {
	if len(c.files) == 0 {
		c.say(text.M("No file of events is given."))
		return ExitError
	}
	if !c.prepare() {
		return ExitError
	}
	began, _ := processor()
	set, ok := c.load()
	if !ok {
		return ExitError
	}
	e, ok := c.compile(set)
	if !ok {
		return ExitError
	}
	loaded, _ := processor()
	batches, ok := c.readAll()
	if !ok {
		return ExitError
	}
	p := newPrinter(e.NewMatcher(), c.hint, "")
	pass := func() (events int, took time.Duration) {
		began, _ := processor()
		for _, b := range batches {
			b.out, b.bad = b.out[:0], nil
			b.each(func(it item) bool {
				events++
				p.item(b, it)
				return true
			})
		}
		ended, _ := processor()
		return events, ended - began
	}
	events, first := pass()
	if events == 0 {
		c.say(text.M("There is no event to match."))
		return ExitError
	}
	p.m.Candidates = 0
	best, all, passes := first, time.Duration(0), 0
	for all < benchLeast || passes < 2 {
		_, took := pass()
		best, all, passes = min(best, took), all+took, passes+1
	}
	candidates := float64(p.m.Candidates) / float64(events*passes)
	_, memory := processor()
	findings := 0
	for _, b := range batches {
		for _, x := range b.out {
			if x == '\n' {
				findings++
			}
		}
	}
	fmt.Fprintln(c.out, c.t(text.M("%d rules, read and compiled in %.2f s of processor time.", len(e.Rules()), (loaded-began).Seconds())))
	fmt.Fprintln(c.out, c.t(text.M("%d events, %d findings.", events, findings)))
	fmt.Fprintln(c.out, c.t(text.M("First pass: %.0f events for each second of processor time.", rate(events, first))))
	fmt.Fprintln(c.out, c.t(text.M("Steady: %.0f events for each second of processor time, %.0f in the best of %d passes.", rate(events*passes, all), rate(events, best), passes)))
	fmt.Fprintln(c.out, c.t(text.M("%.1f rules are evaluated for an event.", candidates)))
	fmt.Fprintln(c.out, c.t(text.M("Most memory: %d MiB.", memory>>20)))
	c.costs(e, batches, events)
	return ExitClean
}

func rate(events int, took time.Duration) float64 {
	return float64(events) / max(took, time.Microsecond).Seconds()
}

// costs measures every rule and test by itself, in a pass of its own.
func (c *command) costs(e *sigma.Engine, batches []*batch, events int) {
	m := e.NewMatcher()
	m.Measure(clock.Stopwatch())
	for _, b := range batches {
		b.each(func(it item) bool {
			if it.err == nil {
				m.Match(it.raw, c.hint)
			}
			return true
		})
	}
	rules, tests := m.Costs()
	per := func(d time.Duration) string {
		return fmt.Sprintf("%.0f", float64(d.Nanoseconds())/float64(events))
	}
	fmt.Fprintln(c.out)
	fmt.Fprintln(c.out, c.t(text.M("The dearest rules, in nanoseconds for each event of the file:")))
	w := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, c.t(text.M("ns\tevaluated\tmatched\t rule")))
	for _, r := range rules[:min(benchShown, len(rules))] {
		fmt.Fprintf(w, "%s\t%d\t%d\t %s %s\n", per(r.Time), r.Evaluated, r.Matched, r.Rule.ID, r.Rule.Title)
	}
	w.Flush()
	fmt.Fprintln(c.out)
	fmt.Fprintln(c.out, c.t(text.M("The dearest tests, in nanoseconds for each event of the file:")))
	fmt.Fprintln(w, c.t(text.M("ns\tevaluated\theld\trules\t test")))
	for _, t := range tests[:min(benchShown, len(tests))] {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t %.160s\n", per(t.Time), t.Evaluated, t.Held, t.Rules, t.Test)
	}
	w.Flush()
}

// readAll keeps all events of the files in memory.
func (c *command) readAll() ([]*batch, bool) {
	var all []*batch
	for _, f := range c.files {
		err := c.batches(f, func() *batch { return &batch{} }, func(b *batch) bool {
			all = append(all, b)
			return true
		})
		if err != nil {
			c.say(text.M("%s is not read to its end: %s", f, c.reason(err)))
			return nil, false
		}
	}
	return all, true
}
