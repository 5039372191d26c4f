package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/detect"
	"yagura/area/detect/sigma"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// lifePages are the pages about the life of rules.
func (p *pages) lifePages() []console.Page {
	get := func(path string, act authz.Act, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "GET", Path: path, Act: act, Title: title, Handle: handle}
	}
	post := func(path string, act authz.Act, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "POST", Path: path, Act: act, Title: title, Handle: handle}
	}
	upload := func(path string, title text.Message, limit int64, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "POST", Path: path, Act: detect.Rules, Title: title, Handle: handle, MaxBody: limit}
	}
	return []console.Page{
		post("/detect/rules/{id}/promote", detect.Rules, text.M("Rule"), p.promote),
		post("/detect/rules/{id}/decide", detect.Rules, text.M("Rule"), p.decide),
		post("/detect/rules/{id}/containing", detect.Contain, text.M("Rule"), p.containing),
		post("/detect/rules/{id}/budget", detect.Rules, text.M("Rule"), p.budget),
		post("/detect/rules/{id}/case", detect.Rules, text.M("Rule"), p.keepCase),
		post("/detect/rules/{id}/remove", detect.Rules, text.M("Rule"), p.removeRule),
		get("/detect/rules/{id}/why", detect.Read, text.M("Why did the rule not fire?"), p.why),
		get("/detect/try", detect.Read, text.M("Rules on an event"), p.try),
		get("/detect/write", detect.Rules, text.M("Write a rule"), p.writeForm),
		post("/detect/write", detect.Rules, text.M("Write a rule"), p.write),
		get("/detect/backtests", detect.Read, text.M("Backtests"), p.backtests),
		post("/detect/backtests", detect.Triage, text.M("Backtests"), p.askBacktest),
		get("/detect/backtests/{id}", detect.Read, text.M("Backtest"), p.backtest),
		post("/detect/backtests/{id}/cancel", detect.Triage, text.M("Backtest"), p.cancelBacktest),
		get("/detect/coverage", detect.Read, text.M("Coverage"), p.coverage),
		get("/detect/coverage/layer", detect.Read, text.M("Coverage"), p.layer),
		upload("/detect/coverage", text.M("Coverage"), 64<<20, p.importAttack),
		get("/detect/packs", detect.Read, text.M("Rule packs"), p.packs),
		upload("/detect/packs", text.M("Rule packs"), 66<<20, p.stagePack),
		get("/detect/packs/{id}", detect.Rules, text.M("Rule pack"), p.pack),
		post("/detect/packs/{id}/install", detect.Rules, text.M("Rule pack"), p.installPack),
		post("/detect/pack/{name}/rollback", detect.Rules, text.M("Rule pack"), p.rollbackPack),
	}
}

// ruleTabs are the parts of what is about rules.
func ruleTabs(at string) []console.Tab {
	ts := []console.Tab{{Label: text.M("All rules"), Href: "/detect/rules"}, {Label: text.M("Coverage"), Href: "/detect/coverage"},
		{Label: text.M("Backtests"), Href: "/detect/backtests"}, {Label: text.M("Rule packs"), Href: "/detect/packs"}}
	for i := range ts {
		ts[i].Current = ts[i].Href == at
	}
	return ts
}

func crumbs(c *console.Context) {
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Rules"), "/detect/rules")
}

// ruleAgain shows a rule's page with what was wrong.
func (p *pages) ruleAgain(c *console.Context, err error) error {
	if !fault.Is(err, fault.KindInvalid) && !fault.Is(err, fault.KindConflict) {
		return err
	}
	v, bad := p.loadRule(c)
	if bad != nil {
		return bad
	}
	return c.Invalid("rule", v, err)
}

func (p *pages) promote(c *console.Context) error {
	x, err := p.s.Promote(c.Context(), c.Actor, c.Path("id"), c.Value("promote"))
	if err != nil {
		return p.ruleAgain(c, err)
	}
	c.Flash(text.M("%s waits for a second person.", x.ID))
	return c.Redirect(ruleHref(c.Path("id")) + "#life")
}

func (p *pages) decide(c *console.Context) error {
	if err := p.s.DecidePromotion(c.Context(), c.Actor, c.Path("id"), c.Value("do")); err != nil {
		return p.ruleAgain(c, err)
	}
	if c.Value("do") == "approve" {
		c.Flash(text.M("The rule is promoted."))
	} else {
		c.Flash(text.M("The promotion is off."))
	}
	return c.Redirect(ruleHref(c.Path("id")) + "#life")
}

func (p *pages) budget(c *console.Context) error {
	n, err := c.Int("budget")
	if err == nil {
		err = p.s.SetBudget(c.Context(), c.Actor, c.Path("id"), n)
	}
	if err != nil {
		return p.ruleAgain(c, err)
	}
	c.Flash(text.M("The budget is set."))
	return c.Redirect(ruleHref(c.Path("id")) + "#life")
}

func (p *pages) keepCase(c *console.Context) error {
	id := c.Path("id")
	if drop := c.Value("drop"); drop != "" {
		if err := p.s.DropCase(c.Context(), c.Actor, id, drop); err != nil {
			return err
		}
		c.Flash(text.M("The case is removed."))
		return c.Redirect(ruleHref(id) + "#cases")
	}
	if err := p.s.KeepCase(c.Context(), c.Actor, id, c.R.PostForm.Get("event"), c.Value("fires") != "silent"); err != nil {
		return p.ruleAgain(c, err)
	}
	c.Flash(text.M("The case is attached."))
	return c.Redirect(ruleHref(id) + "#cases")
}

func (p *pages) removeRule(c *console.Context) error {
	if err := p.s.RemoveRule(c.Context(), c.Actor, c.Path("id"), c.Value("why")); err != nil {
		return p.ruleAgain(c, err)
	}
	c.Flash(text.M("The rule is removed."))
	return c.Redirect("/detect/rules")
}

// problem is a finding of lint beside the line it is about.
type problem struct {
	sigma.Finding
	Words string
	Tone  console.Tone
}

func problems(c *console.Context, list []sigma.Finding) []problem {
	out := make([]problem, len(list))
	for i, f := range list {
		out[i] = problem{f, c.Say(f.Message), severityTone(f.Severity)}
	}
	return out
}

func severityTone(s sigma.Severity) console.Tone {
	switch s {
	case sigma.Grave:
		return console.Bad
	case sigma.Warning:
		return console.Warn
	}
	return console.Info
}

func severityWord(s sigma.Severity) text.Message {
	switch s {
	case sigma.Grave:
		return text.M("Error§lint")
	case sigma.Warning:
		return text.M("Warning§lint")
	}
	return text.M("Note§lint")
}

func lintTable(c *console.Context, list []sigma.Finding) console.Table {
	t := console.NewTable(text.M("What is doubtful in the rule"), text.M("Line"), text.M("Weight§lint"), text.M("What was found"))
	for _, f := range list {
		t.Row(console.Text(strconv.Itoa(f.Line)), console.Chip(severityTone(f.Severity), severityWord(f.Severity)), console.Stack(console.Text(c.Say(f.Message)), console.Code(f.Check)))
	}
	return *t
}

// numbered is a line of a text with what was found about it.
type numbered struct {
	N     int
	Text  string
	Found []problem
}

// writePage is the form in which a rule of the house is written.
type writePage struct {
	Text    string
	Why     string
	ID      string
	Checked bool
	Clean   bool
	Lint    console.Table
	Lines   []numbered
	From    string
	To      string
}

func (p *pages) writeForm(c *console.Context) error {
	crumbs(c)
	v := writePage{Text: detect.Template(c.Actor.Person, c.Now.In(c.Zone))}
	if id := c.Query("rule"); id != "" {
		d, err := p.s.ShowRule(c.Context(), c.Actor, c.Scope(detect.Read), id)
		if err != nil {
			return err
		}
		v.Text, v.ID = d.Text, d.ID
	}
	return c.Render("write", v)
}

// show sets a rule's text out with what lint found in it.
func (v *writePage) show(c *console.Context, list []sigma.Finding) {
	v.Checked, v.Clean, v.Lint = true, len(list) == 0, lintTable(c, list)
	for i, line := range strings.Split(strings.ReplaceAll(v.Text, "\r\n", "\n"), "\n") {
		n := numbered{N: i + 1, Text: line}
		for _, f := range list {
			if f.Line == n.N {
				n.Found = append(n.Found, problems(c, []sigma.Finding{f})...)
			}
		}
		v.Lines = append(v.Lines, n)
	}
	for len(v.Lines) > 0 && v.Lines[len(v.Lines)-1].Text == "" {
		v.Lines = v.Lines[:len(v.Lines)-1]
	}
	v.To = c.Now.In(c.Zone).Format("2006-01-02T15:04")
	v.From = c.Now.In(c.Zone).AddDate(0, 0, -detect.TrialDays).Format("2006-01-02T15:04")
}

func (p *pages) write(c *console.Context) error {
	crumbs(c)
	v := writePage{Text: c.R.PostForm.Get("text"), Why: c.Value("why"), ID: c.Value("rule")}
	if c.Value("do") == "save" {
		id, list, err := p.s.WriteRule(c.Context(), c.Actor, v.Text, v.Why)
		if fault.Is(err, fault.KindInvalid) || fault.Is(err, fault.KindConflict) {
			v.show(c, list)
			return c.Invalid("write", v, err)
		}
		if err != nil {
			return err
		}
		c.Flash(text.M("The rule is kept as a draft."))
		return c.Redirect(ruleHref(id))
	}
	if len(v.Text) > 256<<10 {
		return c.Invalid("write", v, fault.Invalid(fault.F("text", "The text is too long")))
	}
	v.show(c, p.s.LintText(strings.ReplaceAll(v.Text, "\r\n", "\n")))
	return c.Render("write", v)
}

// whyPage is why a rule did not fire on an event.
type whyPage struct {
	detect.Why
	Title   string
	EventID string
	Asked   bool
	Verdict text.Message
	More    text.Message
	Tone    console.Tone
	Sources []string
	Failed  []string
	Tree    []clause
	Pretty  []line
}

// Href is the address of the rule.
func (v whyPage) Href() string { return ruleHref(v.Rule.ID) }

func (p *pages) why(c *console.Context) error {
	d, err := p.s.ShowRule(c.Context(), c.Actor, c.Scope(detect.Read), c.Path("id"))
	if err != nil {
		return err
	}
	crumbs(c)
	v := whyPage{Title: d.Rule.Title.In(c.Lang), EventID: strings.TrimSpace(c.Query("event"))}
	v.Rule = *d.Rule
	c.Crumb(text.Literal(v.Title), ruleHref(d.ID))
	c.Title(text.M("Why did the rule not fire?"))
	if v.EventID == "" {
		return c.Render("why", v)
	}
	if v.Why, err = p.s.WhyNot(c.Context(), c.Actor, d.ID, v.EventID); err != nil {
		if fault.Is(err, fault.KindNotFound) {
			return c.Invalid("why", v, fault.Invalid(fault.F("event", "There is no such event, or you may not see it")))
		}
		return err
	}
	v.Asked = true
	v.Verdict, v.More, v.Tone = outcome(v.Why)
	v.Sources = sourcesOf(v.Explanation.Sources)
	for _, f := range v.Explanation.Failed {
		words := c.Say(f.Say)
		if f.Search != "" {
			words = f.Search + ": " + words
		}
		v.Failed = append(v.Failed, words)
	}
	v.Tree = spoken(c, v.Explanation.Tree, 0, nil)
	v.Pretty = pretty(v.Event.Doc, nil)
	return c.Render("why", v)
}

// sourcesOf are the names of log sources, each once.
func sourcesOf(list []sigma.LogSource) (names []string) {
	for _, s := range list {
		if !slices.Contains(names, s.String()) {
			names = append(names, s.String())
		}
	}
	return names
}

// spoken lists the parts of a condition in the reader's language.
func spoken(c *console.Context, k *sigma.Clause, depth int, out []clause) []clause {
	if k == nil || len(out) > 400 {
		return out
	}
	x := clause{Depth: depth, Line: k.Line, Search: k.Search, Text: c.Say(k.Say), Holds: k.Holds, Missing: k.Missing(), Values: k.Values}
	out = append(out, x)
	for i, kid := range k.Kids {
		if i == 60 {
			break
		}
		out = spoken(c, kid, depth+1, out)
	}
	return out
}

// outcome is what a rule made of an event, in words.
func outcome(w detect.Why) (verdict, more text.Message, tone console.Tone) {
	switch w.Outcome {
	case "alert":
		return text.M("The rule fires on this event and raises an alert."), text.M("If there is none: alerts are raised when an event comes, and the rule or what people decided may have been another then."), console.Good
	case "silent":
		return text.M("The rule fires, and nobody is told: it is experimental."), text.M("Its hits are counted on its page."), console.Warn
	case "excluded":
		return text.M("The rule fires, and an exclusion hides it: %s", w.Excluded), text.M("The exclusion says who answers for it and until when."), console.Warn
	case "off":
		return text.M("The rule would fire, but it is switched off."), text.M("The rule's page says who did it and why."), console.Warn
	case "draft":
		return text.M("The rule would fire, but it is a draft: events are not looked at with it."), text.M("It has to be promoted first."), console.Warn
	case "retired":
		return text.M("The rule would fire, but it is retired."), text.M("The rule's page says who did it and why."), console.Warn
	case "source":
		return text.M("The rule does not look at such events: they come from another log source."), text.M("The event is known by what stands in it, such as its channel and number, or by what the owner of its source said."), console.Bad
	case "missing":
		return text.M("The rule does not fire: fields that it asks for are not in the event."), text.M("Perhaps the sender does not deliver them, or calls them otherwise."), console.Bad
	case "filter":
		return text.M("The rule does not fire: one of its own filters takes the event out."), text.M("The filter is marked below."), console.Bad
	}
	return text.M("The rule does not fire: other values stand in the event."), text.M("What fails is marked below."), console.Bad
}

// lifeOf fills in what the page of a rule shows of its life.
func lifeOf(c *console.Context, v *rulePage) {
	v.Lint = lintTable(c, v.Findings)
	for _, k := range v.Case.Kept {
		v.Kept = append(v.Kept, kept{k, pretty([]byte(k.Event), nil), who(c, v.People, k.By)})
	}
	t := console.NewTable(text.M("Backtests of the rule"), text.M("Number"), text.M("State"), text.M("Range§time"), text.M("Hits"), text.M("Hits a day"))
	for _, b := range v.Backtests {
		t.Row(console.Strong(backtestHref(b.ID), b.ID), console.Chip(testTone(b), b.State.Label()), console.Text(days(c, b.From, b.To)), console.Num(max(b.Result.Hits, b.Hits)), console.Num(round(b.Result.PerDay)))
	}
	v.Tests = *t
	v.Mine = v.Waiting.ID != "" && v.Waiting.By == c.Actor.Who()
	v.Ready = !slices.ContainsFunc(v.Checks, func(k detect.Check) bool { return !k.OK && k.Code != "person" })
	v.Asker = who(c, v.People, v.Waiting.By)
	v.To = c.Now.In(c.Zone).Format("2006-01-02T15:04")
	v.From = c.Now.In(c.Zone).AddDate(0, 0, -detect.TrialDays).Format("2006-01-02T15:04")
	v.Own = v.Origin == detect.OwnRule
	v.Removable = v.Own && v.Change && (v.State == detect.Draft || v.State == detect.Retired)
	v.BudgetNow = strconv.FormatInt(v.Budget.PerDay, 10)
	for _, s := range v.States { // only down, sideways and out: up goes by the check list
		if detect.MaySet(v.State, detect.RuleState(s.Value)) {
			v.Down = append(v.Down, s)
		}
	}
}

type kept struct {
	detect.Kept
	Pretty []line
	Who    string
}

func days(c *console.Context, from, to time.Time) string {
	return from.In(c.Zone).Format("2006/01/02") + " – " + to.In(c.Zone).Format("2006/01/02")
}

func originWord(r detect.RuleRow) text.Message {
	switch {
	case r.Origin == detect.ProductRule:
		return text.M("Comes with Yagura")
	case r.Origin == detect.OwnRule:
		return text.M("Rule of the house")
	case strings.HasPrefix(r.Origin, "pack:"):
		return text.M("From the pack %s", strings.TrimPrefix(r.Origin, "pack:"))
	}
	return text.M("From a folder")
}

// CaseKinds are what an event that is attached is for.
func (rulePage) CaseKinds() []console.Option {
	return []console.Option{{Value: "fires", Label: text.M("must fire")}, {Value: "silent", Label: text.M("must stay silent")}}
}
