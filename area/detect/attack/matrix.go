package attack

import (
	"cmp"
	"slices"
	"strings"
)

// Rule is what a matrix has to know of a rule.
type Rule struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	State   string   `json:"state"`
	Source  string   `json:"logsource"`
	Tags    []string `json:"-"`
	InForce bool     `json:"in_force"`    // it raises alerts
	Arrived bool     `json:"arrived"`     // its log source came lately
	Case    bool     `json:"case_passes"` // it fires on its own case
}

// Counts tells whether the rule covers its techniques.
func (r Rule) Counts() bool { return r.InForce && r.Arrived && r.Case }

// Cell is a technique in a column, with those below it that rules name.
type Cell struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Rules  []Rule `json:"rules"`
	Counts int    `json:"counts"` // rules that count, those of its sub-techniques included
	Would  int    `json:"would"`  // rules that would count if their log source came
	Subs   []Cell `json:"subs,omitempty"`
}

// Column is a tactic with its techniques.
type Column struct {
	Tactic  Tactic `json:"tactic"`
	Name    string `json:"name,omitempty"`
	Cells   []Cell `json:"techniques"`
	Covered int    `json:"covered"`
}

// Gain is what a log source would bring.
type Gain struct {
	Source     string   `json:"logsource"`
	Rules      int      `json:"rules"`
	Techniques []string `json:"techniques"` // that nothing covers now
}

// Matrix is how far the rules reach.
type Matrix struct {
	Domain     Domain   `json:"domain"`
	Columns    []Column `json:"tactics"`
	Covered    int      `json:"covered"`    // techniques, sub-techniques counted with theirs
	Named      int      `json:"techniques"` // that the imported names or rules know
	Imported   bool     `json:"imported"`
	Gains      []Gain   `json:"would_gain"`
	Uncolumned []string `json:"without_tactic"` // techniques whose tactic nothing names
}

// Build lays the rules over the matrix of a domain.
func Build(d Domain, rules []Rule, names []Name) Matrix {
	m := Matrix{Domain: d, Columns: []Column{}, Gains: []Gain{}, Uncolumned: []string{}}
	name, tactics := map[string]string{}, map[string][]string{}
	for _, n := range names {
		if n.Domain != d {
			continue
		}
		name[n.ID] = n.Name
		if !strings.HasPrefix(n.ID, "TA") {
			m.Imported = true
			tactics[n.ID] = []string{}
			for _, t := range n.Tactics {
				tactics[n.ID] = append(tactics[n.ID], current(t))
			}
		}
	}
	of := map[string][]Rule{} // technique → rules
	said := map[string]map[string]bool{}
	for _, r := range rules {
		var slugs []string
		for _, t := range r.Tags {
			if x, ok := TacticOf(t, d); ok {
				slugs = append(slugs, x.Slug)
			}
		}
		for _, t := range r.Tags {
			id, domain, ok := Technique(t)
			if !ok || domain != d || slices.ContainsFunc(of[id], func(o Rule) bool { return o.ID == r.ID }) {
				continue
			}
			of[id] = append(of[id], r)
			if said[Parent(id)] == nil {
				said[Parent(id)] = map[string]bool{}
			}
			for _, s := range slugs {
				said[Parent(id)][s] = true
			}
		}
	}
	parents := map[string]bool{}
	for id := range of {
		parents[Parent(id)] = true
	}
	for id := range tactics {
		parents[Parent(id)] = true
	}
	cells := map[string]Cell{}
	for p := range parents {
		c := cell(p, name, of[p])
		for id := range of {
			if id != p && Parent(id) == p {
				c.Subs = append(c.Subs, cell(id, name, of[id]))
			}
		}
		slices.SortFunc(c.Subs, func(a, b Cell) int { return strings.Compare(a.ID, b.ID) })
		for _, s := range c.Subs {
			c.Counts += s.Counts
			c.Would += s.Would
		}
		cells[p] = c
		if c.Counts > 0 {
			m.Covered++
		}
	}
	m.Named = len(parents)
	placed := map[string]bool{}
	for _, t := range Tactics(d) {
		col := Column{Tactic: t, Name: name[t.ID], Cells: []Cell{}}
		for p := range parents {
			// Where the technique is known its own tactics count, else those that the
			// rules name.
			in := slices.Contains(tactics[p], t.Slug) || len(tactics[p]) == 0 && said[p][t.Slug]
			if !in {
				continue
			}
			placed[p] = true
			col.Cells = append(col.Cells, cells[p])
			if cells[p].Counts > 0 {
				col.Covered++
			}
		}
		slices.SortFunc(col.Cells, func(a, b Cell) int {
			if c := cmp.Compare(min(b.Counts, 1), min(a.Counts, 1)); c != 0 {
				return c
			}
			if c := cmp.Compare(min(b.Would, 1), min(a.Would, 1)); c != 0 {
				return c
			}
			return strings.Compare(a.ID, b.ID)
		})
		m.Columns = append(m.Columns, col)
	}
	for p := range parents {
		if !placed[p] {
			m.Uncolumned = append(m.Uncolumned, p)
		}
	}
	slices.Sort(m.Uncolumned)
	m.Gains = gains(rules, cells, d)
	return m
}

func cell(id string, name map[string]string, rules []Rule) Cell {
	c := Cell{ID: id, Name: name[id], Rules: rules}
	if c.Rules == nil {
		c.Rules = []Rule{}
	}
	slices.SortFunc(c.Rules, func(a, b Rule) int { return strings.Compare(a.Title+a.ID, b.Title+b.ID) })
	for _, r := range rules {
		if r.Counts() {
			c.Counts++
		} else if r.InForce && r.Case {
			c.Would++
		}
	}
	return c
}

// gains are the log sources that did not come, by what they would bring.
func gains(rules []Rule, cells map[string]Cell, d Domain) []Gain {
	by := map[string]*Gain{}
	for _, r := range rules {
		if r.Arrived || !r.InForce || !r.Case {
			continue
		}
		g := by[r.Source]
		if g == nil {
			g = &Gain{Source: r.Source, Techniques: []string{}}
			by[r.Source] = g
		}
		counted := false
		for _, t := range r.Tags {
			id, domain, ok := Technique(t)
			if !ok || domain != d {
				continue
			}
			counted = true
			if p := Parent(id); cells[p].Counts == 0 && !slices.Contains(g.Techniques, p) {
				g.Techniques = append(g.Techniques, p)
			}
		}
		if counted {
			g.Rules++
		}
	}
	out := []Gain{}
	for _, g := range by {
		if g.Rules > 0 {
			slices.Sort(g.Techniques)
			out = append(out, *g)
		}
	}
	slices.SortFunc(out, func(a, b Gain) int {
		if c := cmp.Compare(len(b.Techniques), len(a.Techniques)); c != 0 {
			return c
		}
		if c := cmp.Compare(b.Rules, a.Rules); c != 0 {
			return c
		}
		return strings.Compare(a.Source, b.Source)
	})
	return out
}

// Marks are the techniques of a matrix for a layer: those that are covered, and
// those that would be if a log source came.
func (m Matrix) Marks() []Mark {
	var out []Mark
	seen := map[string]bool{}
	var add func(c Cell)
	add = func(c Cell) {
		if !seen[c.ID] && (c.Counts > 0 || c.Would > 0 || len(c.Rules) > 0) {
			seen[c.ID] = true
			k := Mark{ID: c.ID, Score: c.Counts, Off: c.Counts == 0}
			for _, r := range c.Rules {
				why := ""
				switch {
				case !r.InForce:
					why = " (" + r.State + ")"
				case !r.Arrived:
					why = " (no events of " + r.Source + ")"
				case !r.Case:
					why = " (its case does not pass)"
				}
				k.Rules = append(k.Rules, r.Title+why)
			}
			k.Comment = strings.Join(k.Rules, "\n")
			out = append(out, k)
		}
		for _, s := range c.Subs {
			add(s)
		}
	}
	for _, col := range m.Columns {
		for _, c := range col.Cells {
			add(c)
		}
	}
	slices.SortFunc(out, func(a, b Mark) int { return strings.Compare(a.ID, b.ID) })
	return out
}
