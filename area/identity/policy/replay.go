package policy

import (
	"slices"
	"strings"
	"time"
)

// Past is a sign-in that was judged, as the log keeps it.
type Past struct {
	ID       string
	Person   string
	Unit     string
	Question Question
	Allowed  bool
	Reason   Reason
}

// Effect is what a draft would do to a past sign-in.
type Effect string

// The effects, the gravest first.
const (
	Shuts    Effect = "refused"  // got in, and would not
	Stronger Effect = "stronger" // got in, and would need a stronger factor
	Opens    Effect = "let in"   // was refused, and would get in
	Same     Effect = "same"
)

// Effects are those that are worth showing.
var Effects = []Effect{Shuts, Stronger, Opens}

// Changed is a past sign-in which a draft would judge otherwise.
type Changed struct {
	Past     Past
	Decision Decision
	Effect   Effect
}

// Count is how many sign-ins, and of how many people, an effect has.
type Count struct{ SignIns, People int }

// Tally is what a draft does to one unit.
type Tally struct {
	Unit    string
	SignIns int
	Effects map[Effect]Count
}

// Outcome is what a draft would have done.
type Outcome struct {
	SignIns int
	Effects map[Effect]Count
	Units   []Tally   // those with an effect, by id
	Rows    []Changed // the latest first, at most the limit
	More    int       // rows beyond it
}

// Replay judges past sign-ins by other rules. rules are those of a unit.
func Replay(past []Past, rules func(unit string) Rules, limit int) Outcome {
	type who struct {
		unit   string
		effect Effect
		person string
	}
	type all struct {
		effect Effect
		person string
	}
	o := Outcome{Effects: map[Effect]Count{}}
	units, perUnit, overall := map[string]*Tally{}, map[who]bool{}, map[all]bool{}
	add := func(m map[Effect]Count, e Effect, fresh bool) {
		c := m[e]
		c.SignIns++
		if fresh {
			c.People++
		}
		m[e] = c
	}
	for _, p := range past {
		d := rules(p.Unit).Decide(p.Question)
		effect := effectOf(p, d)
		o.SignIns++
		t := units[p.Unit]
		if t == nil {
			t = &Tally{Unit: p.Unit, Effects: map[Effect]Count{}}
			units[p.Unit] = t
		}
		t.SignIns++
		if effect == Same {
			continue
		}
		w, a := who{p.Unit, effect, p.Person}, all{effect, p.Person}
		add(t.Effects, effect, !perUnit[w])
		add(o.Effects, effect, !overall[a])
		perUnit[w], overall[a] = true, true
		o.Rows = append(o.Rows, Changed{p, d, effect})
	}
	for _, t := range units {
		if len(t.Effects) > 0 {
			o.Units = append(o.Units, *t)
		}
	}
	slices.SortFunc(o.Units, func(a, b Tally) int { return strings.Compare(a.Unit, b.Unit) })
	slices.SortStableFunc(o.Rows, func(a, b Changed) int { return b.at().Compare(a.at()) })
	if len(o.Rows) > limit {
		o.Rows, o.More = o.Rows[:limit], len(o.Rows)-limit
	}
	return o
}

func (c Changed) at() time.Time { return c.Past.Question.At }

func effectOf(p Past, d Decision) Effect {
	switch {
	case p.Allowed && !d.Allowed && d.Reason == Weak:
		return Stronger
	case p.Allowed && !d.Allowed:
		return Shuts
	case !p.Allowed && d.Allowed:
		return Opens
	}
	return Same
}
