package web

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// row is an alert with names.
type row struct {
	detect.Alert
	unit, assignee string
	risk           float64 // of its host or user, while it is open
	ticked, act    bool    // the reader may triage it
}

const bulkForm = "bulk"

func columns(queue bool) []console.Column[row] {
	cols := []console.Column[row]{
		{Key: "number", Head: text.M("Number"), Sort: true,
			Cell: func(_ *console.Context, r row) console.Cell {
				cell := console.Strong(alertHref(r.ID), r.ID)
				if r.Story != "" {
					cell = console.Stack(cell, console.Keyed(console.Link(storyHref(r.Story), r.Story), "s"))
				}
				if queue && r.act {
					return console.Tick(bulkForm, "alert", r.ID, r.ticked, text.M("Choose %s", r.ID), cell)
				}
				return cell
			},
			Value: func(r row) any { return r.ID }},
		{Key: "level", Head: text.M("Level"), Sort: true,
			Cell:  func(_ *console.Context, r row) console.Cell { return level(r.Level) },
			Value: func(r row) any { return r.Level.String() }},
		{Key: "title", Head: text.M("What fired"),
			Cell: func(c *console.Context, r row) console.Cell {
				return console.Stack(console.Keyed(console.Link(alertHref(r.ID)+"?explain=1#fired", r.Title.In(c.Lang)), "e"), console.Text(r.Subject()))
			},
			Value: func(r row) any { return text.Literal(r.Title.EN) }},
		{Key: "unit", Head: text.M("Unit"), Sort: true,
			Cell:  func(_ *console.Context, r row) console.Cell { return console.Text(r.unit) },
			Value: func(r row) any { return r.unit }},
		{Key: "hits", Head: text.M("Hits"), Sort: true, Num: true, Value: func(r row) any { return r.Hits }},
	}
	if queue {
		cols = append(cols, console.Column[row]{Key: "risk", Head: text.M("Risk"), Sort: true, Num: true,
			Cell: func(_ *console.Context, r row) console.Cell { return console.Text(score(r.risk)) }, Value: func(r row) any { return r.risk }})
		cols = append(cols, console.Column[row]{Key: "last", Head: text.M("Last hit"), Sort: true,
			Cell: func(_ *console.Context, r row) console.Cell { return console.Ago(r.Last) }, Value: func(r row) any { return r.Last }})
	} else {
		cols = append(cols, console.Column[row]{Key: "first", Head: text.M("First hit"), Sort: true,
			Cell: func(_ *console.Context, r row) console.Cell { return console.When(r.First) }, Value: func(r row) any { return r.First }},
			console.Column[row]{Key: "state", Head: text.M("State"), Sort: true,
				Cell: func(_ *console.Context, r row) console.Cell {
					if r.Incident != "" {
						return console.Stack(console.Chip(stateTone(r.State), r.State.Label()), console.Link("/incidents/"+url.PathEscape(r.Incident), r.Incident))
					}
					return console.Chip(stateTone(r.State), r.State.Label())
				},
				Value: func(r row) any { return string(r.State) }})
	}
	cols = append(cols, console.Column[row]{Key: "assignee", Head: text.M("Assigned to"),
		Cell: func(_ *console.Context, r row) console.Cell {
			if queue && r.act && r.Assignee == "" {
				return console.Press(bulkForm, "take", r.ID, "a", text.M("Take"))
			}
			return console.Text(r.assignee)
		},
		Value: func(r row) any { return r.Assignee }})
	export := func(key string, head text.Message, v func(r row) any) {
		cols = append(cols, console.Column[row]{Key: key, Head: head, ExportOnly: true, Value: v})
	}
	export("host", text.M("Host"), func(r row) any { return r.Host })
	export("user", text.M("User"), func(r row) any { return r.User })
	export("image", text.M("Program"), func(r row) any { return r.Image })
	if queue {
		export("first", text.M("First hit"), func(r row) any { return r.First })
		export("state", text.M("State"), func(r row) any { return string(r.State) })
	} else {
		export("last", text.M("Last hit"), func(r row) any { return r.Last })
	}
	export("raised", text.M("Raised at"), func(r row) any { return r.Raised })
	export("triaged", text.M("Taken up"), func(r row) any { return r.Triaged })
	export("decided", text.M("Decided at"), func(r row) any { return r.Decided })
	export("reason", text.M("Reason"), func(r row) any { return string(r.Reason) })
	export("note", text.M("Note"), func(r row) any { return r.Note })
	export("story", text.M("Story"), func(r row) any { return r.Story })
	export("incident", text.M("Incident"), func(r row) any { return r.Incident })
	export("rule", text.M("Rule ID"), func(r row) any { return r.Rule })
	export("rule_version", text.M("Rule version"), func(r row) any { return r.Version })
	export("unit_id", text.M("Unit ID"), func(r row) any { return r.Unit })
	return cols
}

func at(r row, sort string) keyset.Position { return detect.At(r.Alert, sort) }

// narrowing are filters that lists of alerts take from other pages and show only
// while they narrow.
var narrowing = []struct {
	name  string
	label text.Message
}{{"host", text.M("Host")}, {"story", text.M("Story")}}

func (p *pages) filters(c *console.Context, states ...detect.State) []console.Filter {
	var so []console.Option
	for _, s := range states {
		so = append(so, console.Option{Value: string(s), Label: s.Label()})
	}
	var further []console.Filter
	for _, n := range narrowing {
		if v := c.Query(n.name); v != "" {
			further = append(further, console.Filter{Name: n.name, Label: n.label, Options: []console.Option{{Value: v, Label: text.Literal(v)}}})
		}
	}
	return append([]console.Filter{
		{Name: "q", Label: text.M("Search")},
		{Name: "level", Label: text.M("Level"), Options: levelOptions()},
		{Name: "state", Label: text.M("State"), Options: so},
		{Name: "rule", Label: text.M("Rule"), Choices: p.ruleChoices},
		{Name: "who", Label: text.M("Assigned to"), Options: []console.Option{{Value: "me", Label: text.M("Me")}, {Value: "none", Label: text.M("Nobody")}}},
		{Name: "from", Label: text.M("From§date"), Date: true},
		{Name: "to", Label: text.M("To§date"), Date: true},
	}, further...)
}

// ruleChoices are the rules that raised alerts lately, and the one chosen.
func (p *pages) ruleChoices(c *console.Context) []console.Option {
	ids, err := p.s.Alerting(c.Context(), c.Scope(detect.Read))
	if err != nil {
		return []console.Option{}
	}
	if r := c.Query("rule"); r != "" && !slices.Contains(ids, r) {
		ids = append(ids, r)
	}
	names := p.s.Names()
	os := make([]console.Option, 0, len(ids))
	for _, id := range ids {
		label := id
		if n, ok := names[id]; ok {
			label = n.In(c.Lang)
		} else if id == detect.RiskRule {
			label = c.Say(detect.RiskTitle())
		}
		os = append(os, console.Option{Value: id, Label: text.Literal(label)})
	}
	slices.SortStableFunc(os, func(a, b console.Option) int {
		x, y := a.Label.In(c.Lang), b.Label.In(c.Lang)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return os
}

func (p *pages) queueList(c *console.Context) console.List[row] {
	return console.List[row]{Name: "alerts-to-triage", Caption: text.M("Alerts to triage"), Sort: "-level", Columns: columns(true), At: at,
		Filters: p.filters(c, detect.Untriaged, detect.Assigned),
		Empty:   console.Empty{Title: text.M("Nothing to triage"), Body: text.M("Every alert in the units that you may see is decided."), Action: text.M("All alerts"), Href: "/detect/alerts"}}
}

func (p *pages) allList(c *console.Context) console.List[row] {
	return console.List[row]{Name: "alerts", Caption: text.M("All alerts"), Sort: "-first", Columns: columns(false), At: at,
		Filters: p.filters(c, detect.States...),
		Empty:   console.Empty{Title: text.M("No alerts"), Body: text.M("No rule has fired in the units that you may see."), Action: text.M("Detection rules"), Href: "/detect/rules"}}
}

// filterOf is what the URL of a list of alerts asks for.
func filterOf(c *console.Context, q console.Query, state string) detect.Filter {
	f := detect.Filter{State: q.Get("state"), Level: q.Get("level"), Rule: q.Get("rule"), Host: q.Get("host"), Story: q.Get("story"), Text: q.Get("q"),
		From: q.Day("from", c.Zone), To: q.Day("to", c.Zone), Page: q.Page}
	if !f.To.IsZero() {
		f.To = f.To.In(c.Zone).AddDate(0, 0, 1).UTC() // the day included
	}
	if f.State == "" {
		f.State = state
	}
	switch q.Get("who") {
	case "me":
		f.Assignee = c.Actor.Person
	case "none":
		f.Assignee = "none"
	}
	return f
}

func (p *pages) fetch(c *console.Context, q console.Query, state string) ([]row, int, error) {
	f := filterOf(c, q, state)
	alerts, total, err := p.s.List(c.Context(), c.Scope(detect.Read), f)
	if err != nil {
		return nil, 0, err
	}
	rows, err := p.named(c, alerts)
	return rows, total, err
}

func (p *pages) named(c *console.Context, alerts []detect.Alert) ([]row, error) {
	var ids []string
	for _, a := range alerts {
		if a.Assignee != "" && !slices.Contains(ids, a.Assignee) {
			ids = append(ids, a.Assignee)
		}
	}
	people := map[string]authz.Person{}
	if len(ids) > 0 {
		var err error
		if people, err = p.s.People(c.Context(), ids...); err != nil {
			return nil, err
		}
	}
	var ticked []string
	if c.R.Method == http.MethodPost {
		ticked = c.Values("alert")
	}
	may := map[string]bool{}
	rows := make([]row, 0, len(alerts))
	for _, a := range alerts {
		if _, ok := may[a.Unit]; !ok {
			may[a.Unit] = c.Actor.Can(detect.Triage, a.Unit)
		}
		rows = append(rows, row{Alert: a, unit: c.UnitLabel(a.Unit), assignee: who(c, people, a.Assignee), act: may[a.Unit], ticked: slices.Contains(ticked, a.ID), risk: p.s.ScoreOf(a.Risk)})
	}
	return rows, nil
}

// queueExtra is what the queue shows beside its table.
type queueExtra struct {
	Tabs    []console.Tab
	Groups  []console.Tab
	Grouped bool
	Action  string // address of the form, with the list's own query
	Back    string // that of taking back
	Reasons []console.Option
	Seen    int64
	Last    detect.LastAct
}

func (p *pages) extra(c *console.Context, at string) (queueExtra, error) {
	n, err := p.s.Count(c.Context(), c.Scope(detect.Read), detect.Filter{State: "open"})
	x := queueExtra{Tabs: tabs(c, at, n), Action: "/detect/bulk", Back: "/detect/undo", Seen: c.Now.UnixMilli(),
		Reasons: append([]console.Option{{Value: "", Label: text.M("Choose a reason")}}, reasonOptions()...)}
	if q := c.R.URL.RawQuery; q != "" {
		x.Action += "?" + q
		x.Back += "?" + q
	}
	if err != nil || at != "/detect" {
		return x, err
	}
	x.Groups = groupTabs(c)
	x.Grouped = c.Query("group") != ""
	x.Last, err = p.s.LastAct(c.Context(), c.Actor)
	return x, err
}

func (p *pages) queue(c *console.Context) error {
	x, err := p.extra(c, "/detect")
	if err != nil {
		return err
	}
	l := p.queueList(c)
	if by := c.Query("group"); by != "" {
		return p.grouped(c, l, by, x)
	}
	return l.Serve(c, "queue", func(q console.Query) ([]row, int, error) { return p.fetch(c, q, "open") }, x)
}

func (p *pages) alerts(c *console.Context) error {
	x, err := p.extra(c, "/detect/alerts")
	if err != nil {
		return err
	}
	return p.allList(c).Serve(c, "alerts", func(q console.Query) ([]row, int, error) { return p.fetch(c, q, "") }, x)
}

// seenAt is when the page was made on which somebody decides.
func seenAt(c *console.Context) (time.Time, error) {
	n, err := c.Int("seen")
	if err != nil || n <= 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(n), nil
}

// bulk is one act on all that is ticked, or on the one of a row's own button.
func (p *pages) bulk(c *console.Context) error {
	seen, err := seenAt(c)
	if err != nil {
		return err
	}
	b := detect.Bulk{Do: c.Value("do"), Seen: seen, Reason: detect.Reason(c.Value("reason")), Note: c.Value("note")}
	if take := c.Value("take"); take != "" {
		b.Do, b.Alerts = detect.DoAssign, []string{take}
	} else if b.Stories, b.Alerts, err = p.chosen(c); err != nil {
		return err
	}
	back := *c.R.URL
	back.Path = "/detect"
	out, err := p.s.Act(c.Context(), c.Actor, b)
	if err == nil {
		p.report(c, b.Do, out)
		if out.Incident != "" && len(out.Changed) == 0 {
			return c.Redirect("/incidents/" + url.PathEscape(out.Incident))
		}
		return c.Redirect(back.RequestURI())
	}
	if !fault.Is(err, fault.KindInvalid) {
		return err
	}
	c.R.URL = &back
	x, bad := p.extra(c, "/detect")
	if bad != nil {
		return bad
	}
	l := p.queueList(c)
	q, bad := l.Read(c)
	if bad != nil {
		return bad
	}
	if by := c.Query("group"); by != "" {
		t, bad := p.groupTable(c, l, q, by)
		if bad != nil {
			return bad
		}
		return c.Invalid("queue", console.ListView{Table: t, Extra: x}, err)
	}
	rows, total, bad := p.fetch(c, q, "open")
	if bad != nil {
		return bad
	}
	return c.Invalid("queue", console.ListView{Table: l.Table(c, q, rows, total), Extra: x}, err)
}

// undo takes back what the person did last.
func (p *pages) undo(c *console.Context) error {
	back := *c.R.URL
	back.Path = "/detect"
	out, err := p.s.Undo(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	if n := len(out.Changed); n > 0 {
		c.Warn(text.M("%d taken back, %d had changed meanwhile and were left alone: %s", len(out.Done), n, some(out.Changed)))
	} else {
		c.Flash(text.M("%d taken back.", len(out.Done)))
	}
	return c.Redirect(back.RequestURI())
}
