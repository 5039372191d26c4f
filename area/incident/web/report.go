package web

import (
	"strings"
	"time"

	"yagura/area/incident"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

type reportPage struct {
	Units      []console.Option
	Unit       string
	Severities []console.Option
	TLPs       []console.Option
	Now        time.Time
	Expert     bool // works on incidents: may say more than the four lines
}

func (p *pages) reportPage(c *console.Context) (reportPage, error) {
	me, err := p.s.People(c.Context(), c.Actor.Person)
	home := me[c.Actor.Person].Unit
	if c.Unit != "" && c.Actor.Can(incident.Report, c.Unit) {
		home = c.Unit
	}
	return reportPage{Units: unitOptions(c, incident.Report, home), Unit: home, Severities: severityOptions(), TLPs: tlpOptions(), Now: c.Now,
		Expert: c.Actor.CanAnywhere(incident.Respond)}, err
}

const manyUnits = 400

// unitOptions are the units where the actor may do the act. In a large group a
// list of all helps nobody: then it is what lies above the home unit, beside it
// and below it.
func unitOptions(c *console.Context, act authz.Act, home string) []console.Option {
	all := c.UnitOptions(act)
	units := c.Actor.Units()
	own, _, ok := units.Paths(home)
	if len(all) <= manyUnits || !ok {
		return all
	}
	near := own
	for strings.Count(near, "/") > 3 {
		near = near[:strings.LastIndex(strings.TrimSuffix(near, "/"), "/")+1]
	}
	var opts []console.Option
	for _, o := range all {
		path, _, _ := units.Paths(o.Value)
		if strings.HasPrefix(own, path) || strings.HasPrefix(path, near) && strings.Count(path, "/") <= strings.Count(own, "/")+1 {
			opts = append(opts, o)
		}
		if len(opts) >= manyUnits {
			break
		}
	}
	return opts
}

func (p *pages) reportForm(c *console.Context) error {
	d, err := p.reportPage(c)
	if err != nil {
		return err
	}
	return c.Render("report", d)
}

func (p *pages) report(c *console.Context) error {
	d, err := p.reportPage(c)
	if err != nil {
		return err
	}
	occurred, err := c.Time("occurred")
	if err != nil {
		return c.Invalid("report", d, err)
	}
	inc, err := p.s.Report(c.Context(), c.Actor, incident.Draft{
		Title: c.Value("title"), Description: c.Value("description"), Noticed: c.Value("noticed"), Unit: c.Value("unit"),
		Severity: incident.Severity(c.Value("severity")), TLP: incident.TLP(c.Value("tlp")), Occurred: occurred,
	})
	if fault.Is(err, fault.KindDenied) {
		err = fault.Invalid(fault.F("unit", "Choose where it happened"))
	}
	if err != nil {
		return c.Invalid("report", d, err)
	}
	c.Flash(text.M("Reported as %s. The team on call was told.", inc.ID))
	if _, err := p.s.Get(c.Context(), c.Actor, inc.ID); err != nil {
		return c.Redirect(p.s.FollowPath(inc.ID))
	}
	return c.Redirect(incident.Href(inc.ID))
}

func (p *pages) mine(c *console.Context) error {
	reports, err := p.s.MyReports(c.Context(), c.Actor, 200)
	if err != nil {
		return err
	}
	t := console.NewTable(text.M("What I reported"), text.M("Number"), text.M("Unit"), text.M("Reported"), text.M("State"))
	t.Empty = console.Empty{Title: text.M("You have not reported anything yet"), Action: text.M("Report an incident"), Href: "/incidents/report"}
	for _, r := range reports {
		t.Row(console.Strong(p.s.FollowPath(r.Number), r.Number), console.Text(c.UnitLabel(r.Unit)), console.When(r.Reported), console.Say(status(r.State)))
	}
	return c.Render("mine", t)
}

type linksPage struct {
	Links []linkRow
	Units []console.Option
	Until time.Time
}

type linkRow struct {
	incident.Link
	URL  string
	Unit string
	Live bool
}

func (p *pages) linksPage(c *console.Context) (linksPage, error) {
	links, err := p.s.Links(c.Context(), c.Scope(incident.Linking))
	d := linksPage{Units: unitOptions(c, incident.Linking, c.Actor.Home()), Until: c.Now.AddDate(0, 6, 0)}
	for _, l := range links {
		r := linkRow{Link: l, Unit: c.UnitLabel(l.Unit), Live: l.Live(c.Now)}
		if r.Live {
			r.URL = p.s.ReportURL(l)
		}
		d.Links = append(d.Links, r)
	}
	return d, err
}

func (p *pages) links(c *console.Context) error {
	d, err := p.linksPage(c)
	if err != nil {
		return err
	}
	c.Crumb(text.M("Incidents"), "/incidents")
	return c.Render("links", d)
}

func (p *pages) makeLink(c *console.Context) error {
	d, err := p.linksPage(c)
	if err != nil {
		return err
	}
	c.Crumb(text.M("Incidents"), "/incidents")
	until, err := c.Time("until")
	if err != nil {
		return c.Invalid("links", d, err)
	}
	if _, err := p.s.MakeLink(c.Context(), c.Actor, c.Value("unit"), c.Value("label"), until); err != nil {
		return c.Invalid("links", d, err)
	}
	c.Flash(text.M("The link is made. Copy it from the list below."))
	return c.Redirect("/incident-links")
}

func (p *pages) endLink(c *console.Context) error {
	if err := p.s.EndLink(c.Context(), c.Actor, c.Path("link")); err != nil {
		return err
	}
	c.Flash(text.M("The link no longer works."))
	return c.Redirect("/incident-links")
}
