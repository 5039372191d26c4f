package web

import (
	"time"

	"yagura/area/psirt"
	"yagura/area/psirt/csaf"
	"yagura/console"
	"yagura/kernel/text"
)

// advisories adds the pages on which advisories are written and published.
func (p *pages) advisories(a *console.Area) {
	one := text.M("Advisory")
	a.Pages = append(a.Pages,
		get("/psirt/advisories", psirt.Read, text.M("Advisories"), p.advisoryList),
		get("/psirt/advisories/new", psirt.Handle, text.M("New advisory"), p.newAdvisory),
		post("/psirt/advisories/new", psirt.Handle, text.M("New advisory"), p.makeAdvisory),
		get("/psirt/advisories/{id}", psirt.Read, one, p.advisory),
		get("/psirt/advisories/{id}/preview", psirt.Read, one, p.preview),
		console.Page{Method: "POST", Path: "/psirt/advisories/{id}/do/{deed}", Act: psirt.Handle, Title: one, MaxBody: psirt.LargestAdvisory * 2, Handle: p.advisoryDeed},
		get("/psirt/public-site", psirt.Handle, text.M("Public site"), p.site),
		console.Page{Method: "POST", Path: "/psirt/public-site", Act: psirt.Handle, Title: text.M("Public site"), MaxBody: psirt.LargestAdvisoryImport + 1<<20, Handle: p.siteDeed},
	)
	a.API = append(a.API, p.advisoryRoutes()...)
	a.Nav = append(a.Nav, console.NavItem{Section: console.Products, Label: text.M("Advisories"), Href: "/psirt/advisories", Icon: "list", Act: psirt.Read, Order: 15})
}

var advisoryColumns = console.List[psirt.Advisory]{
	Name: "advisories", Caption: text.M("Advisories"), Sort: "-date",
	Columns: []console.Column[psirt.Advisory]{
		{Key: "number", Head: text.M("Number"), Sort: true,
			Cell: func(_ *console.Context, r psirt.Advisory) console.Cell {
				return console.Strong(psirt.AdvisoryHref(r.ID), r.Number)
			},
			Value: func(r psirt.Advisory) any { return r.Number }},
		{Key: "title", Head: text.M("Title"), Sort: true, Value: func(r psirt.Advisory) any { return r.Title }},
		{Key: "tlp", Head: text.M("TLP"), Value: func(r psirt.Advisory) any { return r.TLP }},
		{Key: "state", Head: text.M("State"), Value: func(r psirt.Advisory) any { return psirt.StateLabel(r.State) }},
		{Key: "stage", Head: text.M("Next revision"), Cell: func(_ *console.Context, r psirt.Advisory) console.Cell {
			if r.Stage == "" {
				return console.Text("")
			}
			return console.Chip(console.Info, r.Stage.Label())
		}, Value: func(r psirt.Advisory) any { return string(r.Stage) }},
		{Key: "date", Head: text.M("Date"), Sort: true, Value: func(r psirt.Advisory) any { return r.Date() }},
	},
	Filters: []console.Filter{{Name: "q", Label: text.M("Search")}, {Name: "state", Label: text.M("State"), Options: advisoryStates()}, {Name: "tlp", Label: text.M("TLP"), Options: labelOptions()}},
	At:      psirt.AdvisoryAt,
	Empty:   console.Empty{Title: text.M("No advisories"), Body: text.M("None is public, and you take part in none.")},
}

func advisoryStates() (opts []console.Option) {
	opts = []console.Option{{Value: "open", Label: text.M("Being worked on")}}
	for _, s := range []string{psirt.AdvisoryPublished, psirt.AdvisoryWithdrawn, psirt.AdvisorySuperseded} {
		opts = append(opts, console.Option{Value: s, Label: psirt.StateLabel(s)})
	}
	for _, s := range psirt.Stages {
		opts = append(opts, console.Option{Value: string(s), Label: s.Label()})
	}
	return opts
}

func labelOptions() (opts []console.Option) {
	for _, l := range psirt.AdvisoryLabels {
		opts = append(opts, console.Option{Value: l, Label: text.Literal("TLP:" + l)})
	}
	return opts
}

func (p *pages) advisoryList(c *console.Context) error {
	return advisoryColumns.Serve(c, "advisories", func(q console.Query) ([]psirt.Advisory, int, error) {
		return p.s.Advisories(c.Context(), c.Actor, psirt.AdvisoryFilter{Query: q.Get("q"), State: q.Get("state"), TLP: q.Get("tlp"), Page: q.Page})
	}, nil)
}

func (p *pages) newAdvisory(c *console.Context) error { return c.Render("advisorynew", labelOptions()) }

func (p *pages) makeAdvisory(c *console.Context) error {
	a, err := p.s.DraftAdvisory(c.Context(), c.Actor, psirt.NewAdvisory{Title: c.Value("title"), TLP: c.Value("tlp"), Summary: c.Value("summary")})
	if err != nil {
		return c.Invalid("advisorynew", labelOptions(), err)
	}
	return c.Redirect(psirt.AdvisoryHref(a.ID))
}

// advisoryPage is what the page of one advisory shows.
type advisoryPage struct {
	psirt.AdvisoryDetail
	Text     string // as it stands in the editor
	Tests    *console.Table
	Changes  *console.Table
	Records  []psirt.RecordView
	Verdict  *console.Table
	Progress []*console.Table
	Waits    string // the publication that can be tried again
}

func (p *pages) advisoryPage(c *console.Context) (d advisoryPage, err error) {
	if d.AdvisoryDetail, err = p.s.Advisory(c.Context(), c.Actor, c.Path("id")); err != nil {
		return d, err
	}
	c.Title(text.Literal(d.Number))
	c.Crumb(text.M("Advisories"), "/psirt/advisories")
	if d.Draft > 0 {
		d.Text = string(d.Open.Text)
	}
	for _, plan := range d.Plans {
		t := console.NewTable(text.M("Publication at %s", c.Local(plan.Due)), text.M("Step"), text.M("State"), text.M("Time"), text.M("What it came to"))
		for _, s := range plan.Steps {
			at := console.Text("")
			if !s.Tried.IsZero() {
				at = console.When(s.Tried)
			}
			t.Row(console.Stack(console.Say(stepLabel(s.Kind)), console.Code(s.Target)), console.Say(stepState(s.State)), at, console.Text(s.Said))
		}
		d.Progress = append(d.Progress, t)
		if plan.State == "running" {
			d.Waits = plan.ID
		}
	}
	d.Verdict = console.NewTable(text.M("Reviews and approvals"), text.M("Date"), text.M("Who"), text.M("What"), text.M("Note"))
	for _, v := range d.Verdicts {
		d.Verdict.Row(console.When(v.At), console.Text(v.Who.Label(c.Lang)), console.Say(verdictLabel(v.Verdict)), console.Text(v.Note))
	}
	return d, nil
}

func stepLabel(kind string) text.Message {
	switch kind {
	case "site":
		return text.M("Page and CSAF document")
	case "cve":
		return text.M("CVE record")
	case "notices":
		return text.M("Messages and webhooks")
	}
	return text.M("Mails to subscribers")
}

func stepState(s string) text.Message {
	switch s {
	case psirt.StepDone:
		return text.M("done§step")
	case psirt.StepFailed:
		return text.M("failed, is tried again")
	case psirt.StepSkipped:
		return text.M("left out")
	}
	return text.M("waits for the step before")
}

func verdictLabel(s string) text.Message {
	switch s {
	case "reviewed":
		return text.M("Found right")
	case "returned":
		return text.M("Returned§advisory")
	}
	return text.M("Approved§advisory")
}

// test fills in what the tests find in the text.
func (p *pages) test(c *console.Context, d *advisoryPage) error {
	if !d.Member || d.Draft == 0 {
		return nil
	}
	report, changes, records, err := p.s.TestsOf(c.Context(), c.Actor, d.ID, []byte(d.Text))
	if err != nil {
		return err
	}
	d.Records = records
	d.Tests = console.NewTable(text.M("Tests"), text.M("Test"), text.M("Place"), text.M("What is to be mended"))
	for _, x := range report.Schema {
		d.Tests.Row(console.Chip(console.Bad, text.M("Schema")), console.Code(x.Path), console.Text(x.Message))
	}
	for _, r := range report.Results {
		tone := console.Info
		if r.Test.Group == csaf.Mandatory {
			tone = console.Bad
		} else if r.Test.Group == csaf.Optional {
			tone = console.Warn
		}
		for _, x := range r.Errors {
			d.Tests.Row(console.Chip(tone, text.Literal(r.Test.ID)), console.Code(x.Path), console.Text(x.Message))
		}
	}
	d.Changes = console.NewTable(text.M("Changes since what is public"), text.M("Place"), text.M("Before§change"), text.M("After§change"))
	for _, x := range changes {
		d.Changes.Row(console.Code(x.Path), console.Text(x.Before), console.Text(x.After))
	}
	return nil
}

func (p *pages) advisory(c *console.Context) error {
	d, err := p.advisoryPage(c)
	if err != nil {
		return err
	}
	if err := p.test(c, &d); err != nil {
		return err
	}
	return c.Render("advisory", d)
}

// preview is the page as the public will see it.
func (p *pages) preview(c *console.Context) error {
	d, err := p.s.Advisory(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	raw := d.Public.Text
	if d.Member && d.Draft > 0 {
		raw = d.Open.Text
	}
	doc, err := csaf.Parse(raw)
	if err != nil {
		return err
	}
	lang, ok := text.Parse(c.Query("lang"))
	if !ok {
		lang = c.Lang
	}
	c.Download(d.Number+".html", "text/html; charset=utf-8")
	return doc.HTML(c.W, lang, time.UTC, "")
}

func (p *pages) advisoryDeed(c *console.Context) error {
	id := c.Path("id")
	version, err := c.Int("version")
	if err != nil {
		version = 0
	}
	ctx, by := c.Context(), c.Actor
	switch c.Path("deed") {
	case "save":
		_, err = p.s.SaveAdvisory(ctx, by, id, version, []byte(c.Value("text")))
	case "submit":
		_, err = p.s.SubmitAdvisory(ctx, by, id, version)
	case "invite":
		err = p.s.InviteToAdvisory(ctx, by, id, c.Value("person"))
	case "review":
		_, err = p.s.ReviewAdvisory(ctx, by, id, version, c.Value("right") == "yes", c.Value("note"))
	case "approve":
		_, err = p.s.ApproveAdvisory(ctx, by, id, version)
	case "reopen":
		_, err = p.s.ReopenAdvisory(ctx, by, id, version)
	case "schedule":
		at, bad := c.Time("at")
		if bad != nil {
			return p.again(c, bad)
		}
		_, err = p.s.ScheduleAdvisory(ctx, by, id, version, at, c.Bool("without"))
	case "unschedule":
		_, err = p.s.UnscheduleAdvisory(ctx, by, id, version)
	case "revise":
		_, err = p.s.ReviseAdvisory(ctx, by, id, c.Value("what"))
	case "end":
		_, err = p.s.EndAdvisory(ctx, by, id, c.Value("reason"), c.Value("successor"))
	case "retry":
		err = p.s.RetryPublication(ctx, by, id, c.Value("publication"))
	default:
		_, err = p.s.Advisory(ctx, by, "")
	}
	if err != nil {
		return p.again(c, err)
	}
	return c.Redirect(psirt.AdvisoryHref(id))
}

// again shows the page with what is wrong, and the text as it was typed.
func (p *pages) again(c *console.Context, err error) error {
	d, bad := p.advisoryPage(c)
	if bad != nil {
		return bad
	}
	if c.Path("deed") == "save" {
		d.Text = c.Value("text")
	}
	return c.Invalid("advisory", d, err)
}

type sitePage struct {
	URL      string
	There    bool
	Checked  bool
	Check    psirt.SiteCheck
	Findings *console.Table
	Hints    *console.Table
	Import   *psirt.Imported
}

func (p *pages) sitePage(c *console.Context) (d sitePage, err error) {
	c.Crumb(text.M("Advisories"), "/psirt/advisories")
	d.URL, d.There = p.s.SiteConfigured()
	if d.Check, d.Checked, err = p.s.LastSiteCheck(c.Context(), c.Actor); err != nil {
		return d, err
	}
	d.Findings = console.NewTable(text.M("Findings"), text.M("Requirement"), text.M("Place"), text.M("What is to be mended"))
	for _, f := range d.Check.Findings {
		d.Findings.Row(console.Num(f.Requirement), console.Code(f.Path), console.Text(f.Message))
	}
	hints, err := p.s.AdvisoryHints(c.Context(), c.Actor)
	d.Hints = console.NewTable(text.M("Hints"), text.M("Advisory"), text.M("Suggestion"))
	for _, h := range hints {
		said := text.M("interim and quiet for six weeks: publish it as final")
		if h.Kind == "interim" {
			said = text.M("changes more often than every three weeks: call it interim")
		}
		d.Hints.Row(console.Strong(psirt.AdvisoryHref(h.Advisory.ID), h.Advisory.Number), console.Say(said))
	}
	return d, err
}

func (p *pages) site(c *console.Context) error {
	d, err := p.sitePage(c)
	if err != nil {
		return err
	}
	return c.Render("publicsite", d)
}

func (p *pages) siteDeed(c *console.Context) error {
	if c.Value("do") == "check" {
		if _, err := p.s.CheckSite(c.Context(), c.Actor); err != nil {
			return err
		}
		return c.Redirect("/psirt/public-site")
	}
	d, err := p.sitePage(c)
	if err != nil {
		return err
	}
	f, head, err := c.File("file")
	if err != nil {
		return c.Invalid("publicsite", d, err)
	}
	defer f.Close()
	files, err := psirt.ReadAdvisories(head.Filename, f, head.Size)
	if err != nil {
		return c.Invalid("publicsite", d, err)
	}
	r, err := p.s.ImportAdvisories(c.Context(), c.Actor, files)
	if err != nil {
		return c.Invalid("publicsite", d, err)
	}
	d.Import = &r
	return c.Render("publicsite", d)
}
