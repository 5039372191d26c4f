package demo

import (
	"testing"
	"time"

	"yagura/area/detect/rules"
	"yagura/area/detect/sigma"
	"yagura/area/telemetry/intake"
)

// detector reads lines as telemetry does and matches the starter pack.
type detector struct {
	m      *sigma.Matcher
	syslog *intake.Syslog
	slugs  map[string]rules.Rule
}

func newDetector(t testing.TB) *detector {
	t.Helper()
	set, err := sigma.ParseFS(rules.FS)
	if err != nil || len(set.Problems) > 0 {
		t.Fatal(err, set.Problems)
	}
	e, problems := sigma.Compile(set.Rules, nil, sigma.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := &detector{m: e.NewMatcher(), syslog: intake.NewSyslog(nil), slugs: map[string]rules.Rule{}}
	pack, _ := rules.Pack()
	for _, r := range pack {
		d.slugs[r.ID] = r
	}
	return d
}

func (d *detector) hits(t testing.TB, e Event) []rules.Rule {
	raw := e.Line
	if e.Format == "syslog" {
		read := d.syslog.Parse(e.Line, e.At.Add(time.Second))
		if read.Problem != "" {
			t.Fatalf("%s: %s", read.Problem, e.Line)
		}
		if diff := read.Time.Sub(e.At); diff < -time.Second || diff > time.Second {
			t.Fatalf("time %v read as %v: %s", e.At, read.Time, e.Line)
		}
		raw = read.Raw
	}
	hits, err := d.m.Match(raw, sigma.LogSource{})
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	out := make([]rules.Rule, len(hits))
	for i, h := range hits {
		out[i] = d.slugs[h.Rule.ID]
	}
	return out
}

// TestOrdinaryTrafficIsQuiet counts what an analyst would have to look at on a
// day without an attack: the few things put there on purpose, none above
// medium, on working days and on Sundays, whatever the seed.
func TestOrdinaryTrafficIsQuiet(t *testing.T) {
	d := newDetector(t)
	for seed := range uint64(2) {
		for _, day := range []time.Time{storyDay, storyDay.AddDate(0, 0, 129)} {
			g := NewDay(seed, day)
			g.Quiet = true
			found, lines, n := map[string]int{}, 0, 0
			for e := range g.Events() {
				lines++
				for _, r := range d.hits(t, e) {
					n++
					found[r.Slug]++
					if r.Level == "high" || r.Level == "critical" {
						t.Errorf("%s (%s) on ordinary traffic: %s", r.Slug, r.Level, e.Line)
					}
				}
			}
			if n != FalseAlarms {
				t.Errorf("seed %d, %s: %d hits, %d are put there on purpose: %v", seed, g.Start.Weekday(), n, FalseAlarms, found)
			}
			t.Logf("seed %d, %s: %d lines, %d hits", seed, g.Start.Weekday(), lines, n)
		}
	}
}

// TestIntrusionIsSeen holds the story to what the rules say of it, both ways.
func TestIntrusionIsSeen(t *testing.T) {
	d := newDetector(t)
	g := NewDay(7, storyDay)
	type sight struct{ rule, unit string }
	first := map[sight]time.Duration{}
	count := 0
	for _, e := range g.Intrusion() {
		for _, r := range d.hits(t, e) {
			count++
			k := sight{r.Slug, e.Unit}
			if _, known := first[k]; !known {
				first[k] = e.At.Sub(g.Start)
			}
		}
	}
	for _, s := range Steps() {
		k := sight{s.Rule, s.Unit}
		at, ok := first[k]
		if !ok {
			t.Errorf("%s does not fire at %s", s.Rule, s.Unit)
			continue
		}
		if at.Truncate(time.Minute) != s.At {
			t.Errorf("%s fires first at %v, the story says %v", s.Rule, at, s.At)
		}
		delete(first, k)
	}
	for k, at := range first {
		t.Errorf("%s fires at %s after %v and the story does not tell", k.rule, k.unit, at)
	}
	t.Logf("%d lines, %d hits of %d rules", len(g.Intrusion()), count, len(Steps()))
}
