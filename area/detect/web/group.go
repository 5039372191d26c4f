package web

import (
	"net/url"
	"slices"
	"strings"

	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// mostGroups is how many groups a page shows; the gravest come first.
const mostGroups = 200

func groupLabel(by string) text.Message {
	switch by {
	case "story":
		return text.M("By story")
	case "rule":
		return text.M("By rule")
	case "host":
		return text.M("By host")
	}
	return text.M("One by one")
}

// groupTabs are the ways to look at the queue, all filters kept.
func groupTabs(c *console.Context) (ts []console.Tab) {
	for _, by := range append([]string{""}, detect.Groupings...) {
		v := c.R.URL.Query()
		v.Del("cursor")
		v.Del("group")
		if by != "" {
			v.Set("group", by)
		}
		href := "/detect"
		if q := v.Encode(); q != "" {
			href += "?" + q
		}
		ts = append(ts, console.Tab{Label: groupLabel(by), Href: href, Current: c.Query("group") == by})
	}
	return ts
}

// grouped is the queue by what alerts have in common.
func (p *pages) grouped(c *console.Context, l console.List[row], by string, x queueExtra) error {
	q, err := l.Read(c)
	if err != nil {
		return err
	}
	t, err := p.groupTable(c, l, q, by)
	if err != nil {
		return err
	}
	return c.Render("queue", console.ListView{Table: t, Extra: x})
}

func (p *pages) groupTable(c *console.Context, l console.List[row], q console.Query, by string) (t console.Table, err error) {
	if !slices.Contains(detect.Groupings, by) {
		return t, fault.Invalid(fault.F("group", "There is no such choice"))
	}
	groups, err := p.s.Grouped(c.Context(), c.Scope(detect.Read), filterOf(c, q, "open"), by, mostGroups)
	if err != nil {
		return t, err
	}
	t = l.Table(c, q, nil, len(groups))
	t.CSV, t.JSON, t.Heads, t.First, t.Next = "", "", nil, "", ""
	for _, h := range []text.Message{text.M("Number"), text.M("Level"), text.M("Gravest alert"), text.M("Alerts"), text.M("Risk"), text.M("Last hit")} {
		t.Heads = append(t.Heads, console.TableHead{Label: h})
	}
	switch by {
	case "rule":
		t.Heads[0].Label, t.Heads[2].Label = text.M("Gravest alert"), text.M("Rule")
	case "host":
		t.Heads[0].Label = text.M("Host or user")
	}
	t.Heads[3].Num, t.Heads[4].Num = true, true
	t.Hidden = append(t.Hidden, console.Hidden{Name: "group", Value: by})
	act := c.Actor.CanAnywhere(detect.Triage)
	ticked := c.R.PostForm["group-of"]
	names := p.s.Names()
	for _, g := range groups {
		label, href, value := p.groupName(c, by, g, names)
		cell := console.Strong(href, label)
		if by == "rule" { // its title stands beside it
			cell = console.Strong(href, g.Top)
		}
		title := g.Title.In(c.Lang)
		if by == "rule" {
			title = label
		}
		if by == "host" {
			cell = console.Stack(cell, console.Text(c.UnitLabel(g.Unit)))
		}
		if act {
			cell = console.Tick(bulkForm, "group-of", value, slices.Contains(ticked, value), text.M("Choose %s", label), cell)
		}
		t.Rows = append(t.Rows, console.TableRow{Cells: []console.Cell{cell, level(g.Level),
			console.Keyed(console.Link(alertHref(g.Top)+"?explain=1#fired", title), "e"), console.Num(g.Alerts), console.Text(score(p.s.ScoreOf(g.Risk))), console.Ago(g.Last)}})
	}
	t.From, t.To = min(1, len(groups)), len(groups)
	return t, nil
}

// groupName is what a group is called, where it leads to and what stands for it
// in the form.
func (p *pages) groupName(c *console.Context, by string, g detect.Group, names map[string]detect.Words) (label, href, value string) {
	v := url.Values{}
	switch by {
	case "story":
		if strings.HasPrefix(g.Key, "STO-") {
			return g.Key, storyHref(g.Key), "story:" + g.Key
		}
		return g.Key, alertHref(g.Key), "alert:" + g.Key
	case "rule":
		label = g.Key
		if n, ok := names[g.Key]; ok {
			label = n.In(c.Lang)
		} else if g.Key == detect.RiskRule {
			label = c.Say(detect.RiskTitle())
		}
		v.Set("rule", g.Key)
		return label, "/detect?" + v.Encode(), "rule:" + g.Key
	}
	if label = g.Key; label == "" {
		return c.T("No host"), "/detect?" + url.Values{"unit": {g.Unit}}.Encode(), "host:" + g.Unit + "|"
	}
	v.Set("unit", g.Unit)
	v.Set("q", g.Key)
	return label, "/detect?" + v.Encode(), "host:" + g.Unit + "|" + g.Key
}

// chosen is what is ticked: alerts, stories, or groups, which stand for the open
// alerts of the page's filter that are in them.
func (p *pages) chosen(c *console.Context) (stories, alerts []string, err error) {
	alerts = c.Values("alert")
	for _, g := range c.Values("group-of") {
		kind, key, _ := strings.Cut(g, ":")
		f := detect.Filter{}
		switch kind {
		case "story":
			stories = append(stories, key)
			continue
		case "alert":
			alerts = append(alerts, key)
			continue
		case "rule":
			f.Rule = key
		case "host":
			f.Unit, f.Host, _ = strings.Cut(key, "|")
		default:
			return nil, nil, fault.Invalid(fault.F("alerts", "There is no such choice"))
		}
		more, err := p.openIn(c, f, kind == "host")
		if err != nil {
			return nil, nil, err
		}
		alerts = append(alerts, more...)
	}
	return stories, alerts, nil
}

// openIn are the open alerts of a group within the filter of the page that the
// reader may triage.
func (p *pages) openIn(c *console.Context, group detect.Filter, byHost bool) (ids []string, err error) {
	l := p.queueList(c)
	q, err := l.Read(c)
	if err != nil {
		return nil, err
	}
	f := filterOf(c, q, "open")
	host := group.Host
	if group.Rule != "" {
		f.Rule = group.Rule
	}
	if byHost {
		f.Unit = group.Unit
	}
	f.Page = keyset.Page{Sort: "number", Limit: 500}
	if byHost && host != "" {
		f.Host = host
	}
	rows, _, err := p.s.List(c.Context(), c.Scope(detect.Read), f)
	if err != nil {
		return nil, err
	}
	if byHost && len(rows) == 0 && host != "" { // the user stood for the host
		f.Host, f.User = "", host
		if rows, _, err = p.s.List(c.Context(), c.Scope(detect.Read), f); err != nil {
			return nil, err
		}
		rows = slices.DeleteFunc(rows, func(a detect.Alert) bool { return a.Host != "" })
	}
	if byHost && host == "" {
		rows = slices.DeleteFunc(rows, func(a detect.Alert) bool { return a.Host != "" || a.User != "" })
	}
	for _, a := range rows[:min(len(rows), 500)] {
		if c.Actor.Can(detect.Triage, a.Unit) {
			ids = append(ids, a.ID)
		}
	}
	return ids, nil
}
