package web

import (
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/text"
)

// affirmPage is what the executive officer reads before he signs.
type affirmPage struct {
	Name    string
	Href    string
	Tabs    []console.Tab
	File    cmmc.AffirmationFile
	Sum     string
	Facts   []console.Fact
	Changes []console.Event
	Better  int
	Worse   int
	Open    *console.Table
	Unknown string
	Signed  *console.Table
	May     bool
	Why     text.Message // why it cannot be signed; zero where it can
	Last    time.Time
	Clause  string
}

func (p *pages) affirmOf(c *console.Context) (v affirmPage, err error) {
	d, err := p.s.Enclave(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return v, err
	}
	crumbs(c, d.System)
	c.Title(text.M("Affirmation"))
	v = affirmPage{Name: d.Label(c.Lang), Href: d.Href(), Tabs: systemTabs(d.System, "/affirm"), May: d.Can.Affirm, Clause: catalog.Clause("affirmation")}
	if v.File, _, v.Sum, err = p.s.ForAffirmation(c.Context(), c.Actor, d.ID); err != nil {
		return v, err
	}
	v.Last, _ = time.Parse(time.RFC3339, v.File.Last)
	since := text.M("never signed before: everything is told")
	if !v.Last.IsZero() {
		since = text.Literal(c.Local(v.Last))
	}
	v.Facts = []console.Fact{{Label: text.M("Holds§status"), Value: console.Chip(lifeTone(d.Life), lifeLabel(d.Life))}, {Label: text.M("Worth today"), Value: statusCell(d.Live.Status)},
		{Label: text.M("Score today"), Value: console.Text(scored(d.Live))}, {Label: text.M("As assessed"), Value: console.Text(scored(d.Said))}, {Label: text.M("Last signature"), Value: console.Say(since)},
		{Label: text.M("System security plan"), Value: console.Text(v.File.SSP)}, {Label: text.M("SHA-256"), Value: console.Code(v.Sum)}}
	switch {
	case v.File.Held == score.None:
		v.Why = text.M("The enclave holds no status that could be affirmed.")
	case !d.Live.Status.AtLeast(v.File.Held):
		v.Why = text.M("Today the enclave does not stand as its status says: it cannot be affirmed.")
	}
	changes, err := p.s.Changes(c.Context(), c.Actor, d.ID, v.Last, 500)
	if err != nil {
		return v, err
	}
	signed, err := p.s.Affirmations(c.Context(), c.Actor, d.ID)
	if err != nil {
		return v, err
	}
	var ids []string
	for _, x := range changes {
		ids = append(ids, x.By)
		if x.Objective >= 0 {
			switch now, was := rank(x.Now), rank(x.Was); {
			case now > was:
				v.Better++
			case now < was:
				v.Worse++
			}
		}
	}
	for _, x := range signed {
		ids = append(ids, x.By)
	}
	people, err := p.s.People(c.Context(), ids...)
	if err != nil {
		return v, err
	}
	v.Changes = events(c, changes, people, 200)
	v.Signed = console.NewTable(text.M("Signatures"), text.M("Day"), text.M("By§person"), text.M("SHA-256"))
	for _, x := range signed {
		v.Signed.Row(console.When(x.At), console.Text(who(c, people, x.By)), console.Code(x.SHA256))
	}
	v.Open = console.NewTable(text.M("Open requirements"), text.M("Requirement"), text.M("Points"), text.M("Open objectives"), text.M("On a plan of action"))
	for _, x := range deductions(d.Report) {
		v.Open.Row(console.Stack(console.Strong(requirementHref(d.System, x.Requirement), x.Requirement.ID), console.Text(x.Requirement.Topic.In(c.Lang))), console.Text(cost(x)), console.Text(names(append(append([]int(nil), x.Open...), x.Unknown...))), verdict(x))
	}
	return v, nil
}

// rank orders results from worst to best.
func rank(result string) int {
	switch score.Result(result) {
	case score.NotMet:
		return 0
	case score.Unknown, "":
		return 1
	}
	return 2
}

func (p *pages) affirmPage(c *console.Context) error {
	v, err := p.affirmOf(c)
	if err != nil {
		return err
	}
	return c.Render("affirm", v)
}

func (p *pages) affirm(c *console.Context) error {
	if err := p.s.Affirm(c.Context(), c.Actor, c.Path("id"), c.Value("read")); err != nil {
		return err
	}
	c.Flash(text.M("Signed. The file that you read is kept with your signature."))
	return c.Redirect(systemPath(c) + "/affirm")
}

// affirmFile is the file itself, whose hash the signature names.
func (p *pages) affirmFile(c *console.Context) error {
	_, raw, _, err := p.s.ForAffirmation(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	c.Download("affirmation-"+c.Path("id")+".json", "application/json")
	_, err = c.W.Write(raw)
	return err
}
