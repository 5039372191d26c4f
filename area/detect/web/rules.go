package web

import (
	"cmp"
	"slices"
	"strings"

	"yagura/area/detect"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

func ruleTone(s detect.RuleState) console.Tone {
	switch s {
	case detect.Stable:
		return console.Good
	case detect.Trial, detect.Experimental:
		return console.Info
	}
	return console.Plain
}

func stateCell(r detect.RuleRow) console.Cell {
	if !r.Enabled {
		return console.Chip(console.Warn, text.M("Switched off"))
	}
	return console.Chip(ruleTone(r.State), r.State.Label())
}

func ruleStateOptions() []console.Option {
	var os []console.Option
	for _, s := range detect.RuleStates {
		os = append(os, console.Option{Value: string(s), Label: s.Label()})
	}
	return os
}

// ruleRow is a rule with its title in the reader's language, by which it is
// sorted.
type ruleRow struct {
	detect.RuleRow
	title string
}

var ruleList = console.List[ruleRow]{
	Name: "detection-rules", Caption: text.M("Detection rules"), Sort: "title", Limit: 100,
	Columns: []console.Column[ruleRow]{
		{Key: "title", Head: text.M("Title"), Sort: true,
			Cell: func(_ *console.Context, r ruleRow) console.Cell {
				cells := []console.Cell{console.Link(ruleHref(r.ID), r.title), looksAt(r.Rule)}
				if r.Contains {
					cells = append(cells, console.Chip(console.Bad, text.M("Contains the person")))
				}
				return console.Stack(cells...)
			},
			Value: func(r ruleRow) any { return r.title }},
		{Key: "level", Head: text.M("Level"), Sort: true,
			Cell: func(_ *console.Context, r ruleRow) console.Cell { return level(r.Effective) }, Value: func(r ruleRow) any { return r.Effective.String() }},
		{Key: "state", Head: text.M("State"), Sort: true,
			Cell: func(_ *console.Context, r ruleRow) console.Cell { return stateCell(r.RuleRow) }, Value: func(r ruleRow) any { return string(r.State) }},
		{Key: "hits", Head: text.M("Hits, 7 days"), Sort: true, Num: true, Value: func(r ruleRow) any { return r.Hits }},
		{Key: "alerts", Head: text.M("Alerts, 7 days"), Sort: true, Num: true, Value: func(r ruleRow) any { return r.Alerts }},
		{Key: "hidden", Head: text.M("Hidden, 7 days"), Sort: true, Num: true, Value: func(r ruleRow) any { return r.Hidden }},
		{Key: "techniques", Head: text.M("Techniques"), Value: func(r ruleRow) any { return strings.Join(r.Techniques(), " ") }},
		{Key: "id", Head: text.M("Rule ID"), ExportOnly: true, Value: func(r ruleRow) any { return r.ID }},
		{Key: "version", Head: text.M("Rule version"), ExportOnly: true, Value: func(r ruleRow) any { return r.Version }},
		{Key: "enabled", Head: text.M("Enabled"), ExportOnly: true, Value: func(r ruleRow) any { return r.Enabled }},
		{Key: "contains", Head: text.M("Contains the person"), ExportOnly: true, Value: func(r ruleRow) any { return r.Contains }},
		{Key: "file", Head: text.M("File§rule"), ExportOnly: true, Value: func(r ruleRow) any { return r.File }},
	},
	Filters: []console.Filter{
		{Name: "q", Label: text.M("Search")},
		{Name: "level", Label: text.M("Level"), Options: levelOptions()},
		{Name: "state", Label: text.M("State"), Options: append(ruleStateOptions(), console.Option{Value: "disabled", Label: text.M("Switched off")})},
		{Name: "origin", Label: text.M("Origin"), Options: []console.Option{{Value: detect.ProductRule, Label: text.M("Comes with Yagura")}, {Value: detect.FolderRule, Label: text.M("From a folder")}, {Value: "pack", Label: text.M("From a signed pack")}, {Value: detect.OwnRule, Label: text.M("Rule of the house")}}},
	},
	At:    ruleAt,
	Empty: console.Empty{Title: text.M("No rules"), Body: text.M("No rule is loaded.")},
}

func ruleAt(r ruleRow, sort string) keyset.Position {
	switch sort {
	case "level":
		return keyset.At(int(r.Effective), r.ID)
	case "state":
		return keyset.At(string(r.State), r.ID)
	case "hits":
		return keyset.At(r.Hits, r.ID)
	case "alerts":
		return keyset.At(r.Alerts, r.ID)
	case "hidden":
		return keyset.At(r.Hidden, r.ID)
	}
	return keyset.At(r.title, r.ID)
}

func compare(a, b keyset.Position) int {
	c := 0
	switch x := a.Value.(type) {
	case int64:
		y, _ := b.Value.(int64)
		c = cmp.Compare(x, y)
	case string:
		y, _ := b.Value.(string)
		c = cmp.Compare(x, y)
	}
	if c == 0 {
		c = cmp.Compare(a.ID, b.ID)
	}
	return c
}

// page sorts rows and cuts the page that is asked for, with one row more.
func page[T any](rows []T, at func(T, string) keyset.Position, p keyset.Page) []T {
	order := func(a, b T) int {
		c := compare(at(a, p.Sort), at(b, p.Sort))
		if p.Desc {
			return -c
		}
		return c
	}
	slices.SortFunc(rows, order)
	if p.After != nil {
		i := slices.IndexFunc(rows, func(r T) bool {
			c := compare(at(r, p.Sort), *p.After)
			return c > 0 && !p.Desc || c < 0 && p.Desc
		})
		if i < 0 {
			return nil
		}
		rows = rows[i:]
	}
	return rows[:min(len(rows), p.Limit+1)]
}

type rulesExtra struct {
	Tabs     []console.Tab
	Library  detect.Library
	Problems console.Table
	Parts    []console.Tab
	Waiting  console.Table
	Holding  console.Table
}

func (p *pages) rules(c *console.Context) error {
	open, err := p.s.Count(c.Context(), c.Scope(detect.Read), detect.Filter{State: "open"})
	if err != nil {
		return err
	}
	x := rulesExtra{Tabs: tabs(c, "/detect/rules", open), Library: p.s.Library(), Parts: ruleTabs("/detect/rules")}
	asked, err := p.s.WaitingPromotions(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	names := p.s.Names()
	waiting := console.NewTable(text.M("Promotions that wait for a second person"), text.M("Number"), text.M("Rule"), text.M("Promote to"), text.M("Asked for"))
	for _, w := range asked {
		waiting.Row(console.Strong(ruleHref(w.Rule)+"#life", w.ID), console.Text(names[w.Rule].In(c.Lang)), console.Chip(ruleTone(w.To), w.To.Label()), console.Ago(w.Asked))
	}
	x.Waiting = *waiting
	if x.Holding, err = p.waitingContainings(c, names); err != nil {
		return err
	}
	problems := console.NewTable(text.M("What could not be loaded"), text.M("File§rule"), text.M("Line"), text.M("Rule"), text.M("Why"))
	for _, b := range x.Library.Problems {
		name := b.Title
		if name == "" {
			name = b.Rule
		}
		problems.Row(console.Code(b.File), console.Num(b.Line), console.Text(name), console.Text(b.Text))
	}
	x.Problems = *problems
	return ruleList.Serve(c, "rules", func(q console.Query) ([]ruleRow, int, error) {
		rows, err := p.s.Rulebook(c.Context(), c.Actor, c.Scope(detect.Read), detect.RuleFilter{Text: q.Get("q"), Level: q.Get("level"), State: q.Get("state"), Origin: q.Get("origin")})
		named := make([]ruleRow, len(rows))
		for i, r := range rows {
			named[i] = ruleRow{r, r.Title.In(c.Lang)}
		}
		return page(named, ruleAt, q.Page), len(named), err
	}, x)
}

func (p *pages) reload(c *console.Context) error {
	l, err := p.s.Reload(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	if n := len(l.Problems); n > 0 {
		c.Warn(text.M("%d rules are loaded, %d could not be.", l.Rules, n))
	} else {
		c.Flash(text.M("%d rules are loaded.", l.Rules))
	}
	return c.Redirect("/detect/rules")
}

// rulePage is the page of a rule.
type rulePage struct {
	detect.RuleDetail
	Title       string
	Description string
	Facts       []console.Fact
	Chart       chart.Chart
	Timeline    []console.Event
	Alerts      console.Table
	Excluded    console.Table
	Lint        console.Table
	States      []console.Option
	Levels      []console.Option
	Chosen      string // level that is set instead of the written one
	Fires       [][]line
	Silent      [][]line
	StateCell   console.Cell

	Kept      []kept
	Tests     console.Table
	Down      []console.Option // states that take a reason alone
	Mine      bool             // the promotion that waits was asked for by the reader
	Ready     bool             // all but the second person is there
	Own       bool
	Removable bool
	Asker     string
	BudgetNow string
	From, To  string
	Units     []console.Option

	Join   []console.Fact
	Parts  console.Table
	Uppers console.Table

	Holding holding
}

// Href is an address of the rule's.
func (r rulePage) Href() string { return ruleHref(r.ID) }

func (p *pages) loadRule(c *console.Context) (v rulePage, err error) {
	d, err := p.s.ShowRule(c.Context(), c.Actor, c.Scope(detect.Read), c.Path("id"))
	if err != nil {
		return v, err
	}
	v = rulePage{RuleDetail: d, Title: d.Rule.Title.In(c.Lang), Description: d.Rule.Description.In(c.Lang), States: ruleStateOptions(), Chosen: d.Setting.Level, StateCell: stateCell(d.RuleRow)}
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Rules"), "/detect/rules")
	c.Title(text.Literal(v.Title))
	v.Levels = append([]console.Option{{Value: "", Label: text.M("As written: %s", d.Rule.Level.Label())}}, levelOptions()...)
	s := chart.Stacked{Title: text.M("Hits per day"), Head: text.M("Day"), Height: 180}
	alerted, silent, hidden := chart.Series{Label: text.M("Hits"), Class: "info"}, chart.Series{Label: text.M("Counted silently"), Class: "none"}, chart.Series{Label: text.M("Hidden by exclusions"), Class: "k5"}
	for _, day := range d.Days {
		s.Labels = append(s.Labels, strings.ReplaceAll(day.Day[5:], "-", "/"))
		alerted.Values = append(alerted.Values, float64(day.Hits-day.Silent))
		silent.Values = append(silent.Values, float64(day.Silent))
		hidden.Values = append(hidden.Values, float64(day.Hidden))
	}
	s.Series = []chart.Series{hidden, silent, alerted}
	v.Chart = s
	for _, e := range d.History {
		v.Timeline = append(v.Timeline, console.Event{At: e.At, Who: who(c, d.People, e.Who), Title: e.Said, Body: e.Body})
	}
	alerts := console.NewTable(text.M("Newest alerts of the rule"), text.M("Number"), text.M("About"), text.M("Hits"), text.M("State"), text.M("First hit"))
	for _, a := range d.Alerted {
		alerts.Row(console.Strong(alertHref(a.ID), a.ID), console.Stack(console.Text(a.Subject()), console.Text(c.UnitLabel(a.Unit))), console.Num(a.Hits), console.Chip(stateTone(a.State), a.State.Label()), console.When(a.First))
	}
	v.Alerts = *alerts
	excluded := console.NewTable(text.M("Exclusions of the rule"), text.M("Number"), text.M("Unit"), text.M("Owner"), text.M("Hidden hits"), text.M("State"), text.M("Ends"))
	for _, x := range d.Exclusions {
		excluded.Row(console.Strong(exclusionHref(x.ID), x.ID), console.Text(c.UnitLabel(x.Unit)), console.Text(who(c, d.People, x.Owner)), console.Num(x.Hidden), exclusionChip(x, c), console.When(x.Expires))
	}
	v.Excluded = *excluded
	written, err := p.s.WrittenCase(d.ID)
	if err != nil {
		return v, err
	}
	for _, e := range written.Fires {
		v.Fires = append(v.Fires, pretty([]byte(e), nil))
	}
	for _, e := range written.Silent {
		v.Silent = append(v.Silent, pretty([]byte(e), nil))
	}
	v.Join, v.Parts = joinFacts(c, d), *p.joinParts(c, d.Rule)
	uppers := console.NewTable(text.M("Correlations that join its hits"), text.M("Correlation"), text.M("Level"))
	for _, a := range d.Above {
		uppers.Row(console.Link(ruleHref(a.ID), a.Title.In(c.Lang)), level(a.Level))
	}
	v.Uppers = *uppers
	origin := c.Say(originWord(d.RuleRow))
	v.Units = c.UnitOptions(detect.Triage)
	lifeOf(c, &v)
	v.Holding = holdingOf(c, d)
	v.Facts = []console.Fact{
		{Label: text.M("Level of its alerts"), Value: level(d.Effective)}, {Label: text.M("State"), Value: v.StateCell},
		{Label: text.M("Level as written"), Value: level(d.Rule.Level)}, {Label: text.M("Log source"), Value: looksAt(d.Rule)},
		{Label: text.M("Techniques"), Value: console.Text(strings.Join(d.Techniques(), ", "))}, {Label: text.M("Hits, 7 days"), Value: console.Num(d.Hits)},
		{Label: text.M("Alerts, 7 days"), Value: console.Num(d.Alerts)}, {Label: text.M("Hidden, 7 days"), Value: console.Num(d.Hidden)},
		{Label: text.M("Budget"), Value: console.Text(c.T("%d hits a day", d.Budget.PerDay))},
		{Label: text.M("One alert for"), Value: console.Text(strings.Join(group(d.Rule), ", "))},
		{Label: text.M("Origin"), Value: console.Text(origin)}, {Label: text.M("File§rule"), Value: console.Code(d.File)},
		{Label: text.M("Rule ID"), Value: console.Code(d.ID)}, {Label: text.M("Rule version"), Value: console.Code(d.Version)},
	}
	return v, nil
}

func group(r *detect.Rule) []string {
	if len(r.Group) > 0 {
		return r.Group
	}
	if r.Correlation != nil {
		return r.Correlation.GroupBy
	}
	return []string{"host", "user", "image"}
}

func (p *pages) rule(c *console.Context) error {
	v, err := p.loadRule(c)
	if err != nil {
		return err
	}
	return c.Render("rule", v)
}

func (p *pages) setRule(c *console.Context) error {
	err := p.s.SetRule(c.Context(), c.Actor, c.Path("id"), detect.RuleChange{State: detect.RuleState(c.Value("state")), Enabled: c.Bool("enabled"), Level: c.Value("level"), Why: c.Value("why")})
	if err != nil {
		v, bad := p.loadRule(c)
		if bad != nil {
			return bad
		}
		return c.Invalid("rule", v, err)
	}
	c.Flash(text.M("The rule is set."))
	return c.Redirect(ruleHref(c.Path("id")))
}
