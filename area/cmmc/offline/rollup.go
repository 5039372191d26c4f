package offline

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// rolledUp is `yagura cmmc rollup --json`.
type rolledUp struct {
	Units    []inherit.Unit `json:"units"`
	Enclaves []standing1    `json:"enclaves"` // the lowest first
	Blasts   []blast        `json:"blast_radius"`
	Warnings []warning      `json:"warnings,omitempty"`
}

type standing1 struct {
	ID     string       `json:"id"`
	Level  int          `json:"level"`
	Low    int          `json:"low"`
	High   int          `json:"high"`
	Status score.Status `json:"status"`
	Best   score.Status `json:"best_status"`
}

type blast struct {
	Service string   `json:"service"`
	Hit     int      `json:"enclaves"`
	Points  int      `json:"points"`
	Lost    int      `json:"lose_status"` // that were Final or Conditional and would be neither
	Which   []string `json:"which"`
}

// rollup tells how the enclaves of a group stand and what breaks with each
// service, or with the one that --fail names.
func (c *command) rollup() int {
	by := c.set.String("by", "region", "")
	failing := c.set.String("fail", "", "")
	var objectives many
	c.set.Var(&objectives, "objective", "")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	f, g, err := c.group(names[0])
	if err != nil {
		return c.fail(err)
	}
	unit, ok := map[string]func(string) string{
		"region": func(id string) string { return f.Where[id].Region },
		"entity": func(id string) string { return f.Where[id].Entity },
		"site":   func(id string) string { return f.Where[id].Site },
	}[*by]
	if !ok {
		return c.fail(fault.Invalidf("%q is nothing to roll up by: region, entity or site", *by))
	}
	list := g.Standings()
	out := rolledUp{Units: inherit.RollUp(list, unit), Enclaves: []standing1{}, Blasts: []blast{}, Warnings: c.warnings(f.Warnings)}
	slices.SortStableFunc(list, func(a, b inherit.Standing) int { return cmp.Compare(a.Low, b.Low) })
	for _, s := range list {
		out.Enclaves = append(out.Enclaves, standing1{s.System, s.Level, s.Low, s.High, s.Status, s.Best})
	}
	if out.Blasts, err = blasts(g, *failing, objectives); err != nil {
		return c.fail(err)
	}
	if *c.json {
		return c.print(out)
	}
	for _, w := range f.Warnings {
		fmt.Fprintln(c.Err, w.In(c.Lang))
	}
	for _, u := range out.Units {
		c.say(text.M("%s: %d enclaves, lowest %d (%s), %d points missing", cmp.Or(u.Name, "–"), u.Enclaves, u.Lowest, u.Worst, u.Points))
		for _, s := range slices.Sorted(maps.Keys(u.Status)) {
			fmt.Fprintf(c.Out, "    %d %s\n", u.Status[s], word(s).In(c.Lang))
		}
	}
	for _, b := range out.Blasts {
		c.say(text.M("if %s fails: %d enclaves lose %d points, %d lose their status", b.Service, b.Hit, b.Points, b.Lost))
	}
	return 0
}

// group reads a group; assessments that it names are files beside it.
func (c *command) group(name string) (*inherit.File, *inherit.Group, error) {
	data, err := c.read(name)
	if err != nil {
		return nil, nil, err
	}
	f, err := inherit.Read(name, data, c.Today, func(of string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(name), of))
	})
	if err != nil {
		return nil, nil, err
	}
	g, err := inherit.New(f.Systems)
	return f, g, err
}

func blasts(g *inherit.Group, failing string, objectives []string) ([]blast, error) {
	services := g.Services()
	if failing != "" {
		services = []string{failing}
	}
	var named catalog.Bits
	for _, o := range objectives {
		more, ok := inherit.Named(o)
		if !ok {
			return nil, fault.Invalidf("there is no requirement or objective %q", o)
		}
		named = named.Or(more)
	}
	list := []blast{}
	for _, s := range services {
		what := named
		if len(objectives) == 0 {
			what = g.Gives(s)
		}
		changes, err := g.Blast(s, what)
		if err != nil {
			return nil, err
		}
		b := blast{Service: s, Hit: len(changes), Which: []string{}}
		for _, ch := range changes {
			b.Points += ch.Before.Low - ch.After.Low
			b.Which = append(b.Which, ch.After.System)
			if ch.Before.Status.AtLeast(score.Conditional) && !ch.After.Status.AtLeast(score.Conditional) {
				b.Lost++
			}
		}
		list = append(list, b)
	}
	slices.SortStableFunc(list, func(a, b blast) int { return cmp.Compare(b.Points, a.Points) })
	return list, nil
}
