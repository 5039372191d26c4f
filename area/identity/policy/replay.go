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
	Client   string // the application that was entered, of the class of the question; empty: a sign-in
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

// Entered is what a draft does at one application.
type Entered struct {
	Client  string
	Class   Class
	Entries int
	Effects map[Effect]Count // SignIns are the times that it was entered
}

// Outcome is what a draft would have done.
type Outcome struct {
	SignIns      int
	Effects      map[Effect]Count
	Units        []Tally // those with an effect, by id
	Entries      int     // times that applications were entered
	Entered      map[Effect]Count
	Applications []Entered // those with an effect, by id
	Rows         []Changed // the latest first, at most the limit
	More         int       // rows beyond it
}

// Refuses tells whether somebody who got in would not have, as he came.
func (o Outcome) Refuses() bool {
	for _, m := range []map[Effect]Count{o.Effects, o.Entered} {
		if m[Shuts].SignIns+m[Stronger].SignIns > 0 {
			return true
		}
	}
	return false
}

// Replay judges past sign-ins by other rules. rules are those of a unit.
func Replay(past []Past, rules func(unit string) Rules, limit int) Outcome {
	type who struct {
		of     string // a unit, an application, or what all share
		effect Effect
		person string
	}
	o := Outcome{Effects: map[Effect]Count{}, Entered: map[Effect]Count{}}
	units, applications, seen := map[string]*Tally{}, map[string]*Entered{}, map[who]bool{}
	add := func(m map[Effect]Count, w who) {
		c := m[w.effect]
		c.SignIns++
		if !seen[w] {
			c.People++
		}
		seen[w] = true
		m[w.effect] = c
	}
	for _, p := range past {
		d := rules(p.Unit).Decide(p.Question)
		effect := effectOf(p, d)
		if p.Client != "" {
			o.Entries++
			a := applications[p.Client]
			if a == nil {
				a = &Entered{Client: p.Client, Class: p.Question.Class, Effects: map[Effect]Count{}}
				applications[p.Client] = a
			}
			if a.Entries++; effect == Same {
				continue
			}
			add(a.Effects, who{"app " + p.Client, effect, p.Person})
			add(o.Entered, who{"apps", effect, p.Person})
			o.Rows = append(o.Rows, Changed{p, d, effect})
			continue
		}
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
		add(t.Effects, who{"unit " + p.Unit, effect, p.Person})
		add(o.Effects, who{"sign-ins", effect, p.Person})
		o.Rows = append(o.Rows, Changed{p, d, effect})
	}
	for _, t := range units {
		if len(t.Effects) > 0 {
			o.Units = append(o.Units, *t)
		}
	}
	for _, a := range applications {
		if len(a.Effects) > 0 {
			o.Applications = append(o.Applications, *a)
		}
	}
	slices.SortFunc(o.Units, func(a, b Tally) int { return strings.Compare(a.Unit, b.Unit) })
	slices.SortFunc(o.Applications, func(a, b Entered) int { return strings.Compare(a.Client, b.Client) })
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
