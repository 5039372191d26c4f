package web

import (
	"fmt"
	"net/url"

	"yagura/area/org"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

type chartPage struct {
	Tabs    []console.Tab
	Views   []console.Tab
	Chart   chart.Chart
	Top     *org.Node
	TopName string
	Up      console.Cell
	TopID   string
	Counts  string
	Geo     bool
	None    console.Empty
}

const (
	levels = 3  // of the tree on one page
	wide   = 24 // children of one unit on it
)

func (w web) chart(c *console.Context) error {
	tree := authz.Own
	d := chartPage{Tabs: w.tabs(c, "/org")}
	if c.Query("view") == "region" {
		tree, d.Geo = authz.Geography, true
	}
	top := c.Query("top")
	if top == "" {
		top = c.Unit
	}
	scope := c.Actor.Scope(org.Read)
	var roots []*org.Node
	err := w.s.View(c.Context(), func(tx *store.Tx) error {
		if top != "" {
			u, err := w.s.Unit(tx, c.Actor, top)
			if err != nil {
				return err
			}
			if u.Kind == org.Region && tree == authz.Own {
				tree, d.Geo = authz.Geography, true
			}
		}
		var err error
		roots, err = w.s.Tree(tx, scope, tree, top, levels, wide, c.Lang)
		return err
	})
	if err != nil {
		return err
	}
	here := func(view string) string {
		v := url.Values{}
		if view != "" {
			v.Set("view", view)
		}
		if u, ok := c.Actor.Units().Get(top); ok && (u.Kind == authz.RegionKind) == (view != "") {
			v.Set("top", top)
		}
		if len(v) == 0 {
			return "/org"
		}
		return "/org?" + v.Encode()
	}
	d.Views = []console.Tab{
		{Label: text.M("By ownership"), Href: here(""), Current: !d.Geo},
		{Label: text.M("By region"), Href: here("region"), Current: d.Geo},
	}
	draw := drawing{c: c, geo: d.Geo}
	switch {
	case len(roots) == 1:
		d.Top, d.TopName, d.TopID = roots[0], roots[0].Label(c.Lang), roots[0].ID
		d.Counts = countUnits(c, d.Top.Below) + " · " + countPeople(c, d.Top.Heads)
		d.Chart = chart.Tree{Title: text.M("Chart of %s", d.TopName), Desc: text.M("Three levels from left to right; each unit leads to what is below it"), Root: draw.node(roots[0], true)}
		up := roots[0].Parent
		if d.Geo {
			up = roots[0].Region
		}
		if up != "" && c.Actor.Can(org.Read, up) {
			d.Up = console.Icon("left", console.Link(draw.at(up), c.UnitLabel(up)))
		}
	case len(roots) > 1:
		all := &chart.Node{Label: c.T("All my units"), Tone: "info"}
		for i, r := range roots {
			if i == wide {
				all.Children = append(all.Children, &chart.Node{Label: c.T("%d more units", len(roots)-wide), Href: "/org/units"})
				break
			}
			r.Kids = nil
			all.Children = append(all.Children, draw.node(r, false))
		}
		d.Chart = chart.Tree{Title: text.M("Chart of all my units"), Root: all}
	}
	d.None = console.Empty{Title: text.M("No units yet"), Body: text.M("Import them from a file, or add the first one by hand."), Action: text.M("Import§org"), Href: "/org/import"}
	return c.Render("chart", d)
}

type drawing struct {
	c   *console.Context
	geo bool
}

// at is the address of the chart around a unit.
func (d drawing) at(id string) string {
	v := url.Values{"top": {id}}
	if d.geo {
		v.Set("view", "region")
	}
	return "/org?" + v.Encode()
}

func (d drawing) node(n *org.Node, top bool) *chart.Node {
	out := &chart.Node{Label: n.Label(d.c.Lang), Href: "/org/units/" + n.ID, Note: d.note(n)}
	if n.Below > 0 && !top {
		out.Href = d.at(n.ID)
	}
	for _, k := range n.Kids {
		out.Children = append(out.Children, d.node(k, false))
	}
	if n.Hidden > 0 && len(n.Kids) > 0 {
		out.Children = append(out.Children, &chart.Node{Label: d.c.T("%d more units", n.Hidden), Href: "/org/units?unit=" + url.QueryEscape(n.ID)})
	}
	return out
}

func (d drawing) note(n *org.Node) string {
	kind := d.c.Say(n.Kind.Label())
	switch {
	case n.Below > 0 && n.Heads > 0:
		return fmt.Sprintf("%s · %s", countUnits(d.c, n.Below), countPeople(d.c, n.Heads))
	case n.Below > 0:
		return fmt.Sprintf("%s · %s", kind, countUnits(d.c, n.Below))
	case n.Heads > 0:
		return fmt.Sprintf("%s · %s", kind, countPeople(d.c, n.Heads))
	}
	return kind
}

func countUnits(c *console.Context, n int) string {
	if n == 1 {
		return c.T("1 unit§org")
	}
	return c.T("%s units§org", c.Num(int64(n)))
}

func countPeople(c *console.Context, n int) string {
	if n == 1 {
		return c.T("1 person§org")
	}
	return c.T("%s people§org", c.Num(int64(n)))
}
