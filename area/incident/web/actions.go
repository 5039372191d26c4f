package web

import (
	"io"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"

	"yagura/area/incident"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

func (p *pages) back(c *console.Context, fragment string) error {
	return c.Redirect(incident.Href(c.Path("number")) + fragment)
}

func version(c *console.Context) int64 {
	n, err := strconv.ParseInt(c.Value("version"), 10, 64)
	if err != nil {
		return -1 // a form without a version is a stale one
	}
	return n
}

func (p *pages) stepForm(c *console.Context) error {
	v, err := p.load(c)
	if err != nil {
		return err
	}
	step := incident.Step(c.Path("step"))
	if !slices.Contains(v.Steps, step) {
		return fault.NotFound("This step is not open to you in the present state")
	}
	e := v.entry(step)
	v.Form, v.Onward = "step", &e
	c.Crumb(text.Literal(v.ID), incident.Href(v.ID))
	c.Title(text.M("%s: %s§class", v.ID, step.Label()))
	return c.Render("one", v)
}

func (p *pages) step(c *console.Context) error {
	class, typ, _ := strings.Cut(c.Value("class"), "/")
	happened, err := c.Time("happened")
	if err != nil {
		return p.again(c, "step", err)
	}
	m := incident.Move{Step: incident.Step(c.Path("step")), Happened: happened, Note: c.Value("note"), Severity: incident.Severity(c.Value("severity")),
		Class: class, Type: typ, Team: c.Value("team"), Lead: c.Value("lead"), Other: c.Value("other"), Reason: c.Value("reason"),
		Lessons: c.Value("lessons"), Cause: c.Value("cause")}
	if !slices.Contains(incident.Steps, m.Step) {
		return fault.NotFound("There is no page at this address")
	}
	inc, err := p.s.Take(c.Context(), c.Actor, c.Path("number"), version(c), m)
	if err != nil {
		return p.again(c, "step", err)
	}
	c.Flash(text.M("%s is now in the state “%s”.", inc.ID, inc.State.Label()))
	return p.back(c, "")
}

type editPage struct {
	incident.Detail
	UnitOptions []console.Option
	Severities  []console.Option
	TLPs        []console.Option
	Classes     []console.Option
	Class       string
}

func (p *pages) editPage(c *console.Context) (editPage, error) {
	d, err := p.s.Get(c.Context(), c.Actor, c.Path("number"))
	if err != nil {
		return editPage{}, err
	}
	c.Crumb(text.M("Incidents"), "/incidents")
	c.Crumb(text.Literal(d.ID), incident.Href(d.ID))
	c.Title(text.M("Edit %s", d.ID))
	return editPage{Detail: d, UnitOptions: withUnits(c, unitOptions(c, incident.Respond, d.Unit), append([]string{d.Unit}, d.Units...)),
		Severities: severityOptions(), TLPs: tlpOptions(), Classes: classOptions(true), Class: classOf(d.Class, d.Type)}, nil
}

// withUnits adds those that are set but could not be chosen by the reader.
func withUnits(c *console.Context, opts []console.Option, set []string) []console.Option {
	for _, u := range set {
		if !slices.ContainsFunc(opts, func(o console.Option) bool { return o.Value == u }) {
			opts = append(opts, console.Option{Value: u, Label: text.Literal(c.UnitLabel(u))})
		}
	}
	return opts
}

func (p *pages) editForm(c *console.Context) error {
	d, err := p.editPage(c)
	if err != nil {
		return err
	}
	if !d.Respond {
		return fault.Denied("You may read this incident, not change it")
	}
	return c.Render("edit", d)
}

func (p *pages) edit(c *console.Context) error {
	d, err := p.editPage(c)
	if err != nil {
		return err
	}
	occurred, err := c.Time("occurred")
	if err != nil {
		return c.Invalid("edit", d, err)
	}
	detected, err := c.Time("detected")
	if err != nil {
		return c.Invalid("edit", d, err)
	}
	// A form shows minutes; what was not changed keeps its seconds.
	if d.Occurred.Truncate(60e9).Equal(occurred) {
		occurred = d.Occurred
	}
	if d.Detected.Truncate(60e9).Equal(detected) {
		detected = d.Detected
	}
	class, typ, _ := strings.Cut(c.Value("class"), "/")
	_, err = p.s.Change(c.Context(), c.Actor, c.Path("number"), version(c), incident.Edit{
		Title: c.Value("title"), Description: c.Value("description"), Noticed: c.Value("noticed"), Unit: c.Value("unit"), Units: c.Values("units"),
		Severity: incident.Severity(c.Value("severity")), TLP: incident.TLP(c.Value("tlp")), Class: class, Type: typ, Occurred: occurred, Detected: detected})
	if err != nil {
		return c.Invalid("edit", d, err)
	}
	c.Flash(text.M("Saved."))
	return p.back(c, "")
}

func (p *pages) correctForm(c *console.Context) error {
	v, err := p.load(c)
	if err != nil {
		return err
	}
	if !v.Respond {
		return fault.Denied("You may read this incident, not change it")
	}
	if v.fix(c.Query("corrects")); v.Fix == nil {
		return fault.NotFound("There is no such entry")
	}
	v.Form = "correct"
	c.Crumb(text.Literal(v.ID), incident.Href(v.ID))
	c.Title(text.M("Correct an entry of %s", v.ID))
	return c.Render("one", v)
}

func (p *pages) note(c *console.Context) error {
	form := "note"
	r := incident.Remark{Kind: incident.EntryKind(c.Value("kind")), Body: c.Value("body"), Corrects: c.Value("corrects")}
	if r.Corrects != "" {
		form, r.Kind = "correct", incident.Correction
	} else if r.Kind != incident.Decision {
		r.Kind = incident.Note
	}
	var err error
	if r.Happened, err = c.Time("happened"); err != nil {
		return p.again(c, form, err)
	}
	if _, err := p.s.Write(c.Context(), c.Actor, c.Path("number"), r); err != nil {
		return p.again(c, form, err)
	}
	c.Flash(text.M("Written to the timeline."))
	return p.back(c, "#timeline")
}

func (p *pages) task(c *console.Context) error {
	due, err := c.Time("due")
	if err != nil {
		return p.again(c, "task", err)
	}
	if _, err := p.s.SetTask(c.Context(), c.Actor, c.Path("number"), incident.Task{Title: c.Value("task"), Assignee: c.Value("assignee"), Due: due}); err != nil {
		return p.again(c, "task", err)
	}
	c.Flash(text.M("Task added."))
	return p.back(c, "#tasks")
}

func (p *pages) taskDone(c *console.Context) error {
	done := c.Value("done") != "no"
	if err := p.s.FinishTask(c.Context(), c.Actor, c.Path("number"), c.Path("task"), done, c.Value("result")); err != nil {
		return err
	}
	if done {
		c.Flash(text.M("Task done."))
	} else {
		c.Flash(text.M("The task is open again."))
	}
	return p.back(c, "#tasks")
}

func (p *pages) observe(c *console.Context) error {
	n, err := p.s.Observe(c.Context(), c.Actor, c.Path("number"), incident.Kind(c.Value("type")), c.Value("value"), c.Value("remark"))
	if err != nil {
		return p.again(c, "observable", err)
	}
	c.Flash(text.M("%d observables added.", n))
	return p.back(c, "#observables")
}

func (p *pages) keep(c *console.Context) error {
	f, head, err := c.File("file")
	if err != nil {
		return err
	}
	if f == nil {
		return p.again(c, "evidence", fault.Invalid(fault.F("file", "Choose a file")))
	}
	defer f.Close()
	piece, err := p.s.Keep(c.Context(), c.Actor, c.Path("number"), head.Filename, mediaOf(head), c.Value("remark"), f)
	if err != nil {
		return p.again(c, "evidence", err)
	}
	c.Flash(text.M("%s is in custody, SHA-256 %s", piece.Name, piece.SHA256))
	return p.back(c, "#evidence")
}

func mediaOf(h *multipart.FileHeader) string {
	if m := h.Header.Get("Content-Type"); m != "" {
		return m
	}
	return "application/octet-stream"
}

// fetch hands a piece of evidence out as a file that no browser opens by
// itself: it may be what infected somebody else.
func (p *pages) fetch(c *console.Context) error {
	piece, content, err := p.s.Fetch(c.Context(), c.Actor, c.Path("number"), c.Path("piece"))
	if err != nil {
		return err
	}
	defer content.Close()
	c.Download(piece.Name, "application/octet-stream")
	c.W.Header().Set("Content-Length", strconv.FormatInt(piece.Size, 10))
	_, err = io.Copy(c.W, content)
	return err
}

func (p *pages) passOn(c *console.Context) error {
	receiver, err := p.s.WhoIs(c.Context(), c.Value("receiver"))
	if err != nil {
		return err
	}
	if err := p.s.PassOn(c.Context(), c.Actor, c.Path("number"), c.Path("piece"), receiver, c.Value("remark")); err != nil {
		return p.again(c, "evidence", err)
	}
	c.Flash(text.M("Handed over."))
	return p.back(c, "#evidence")
}

func (p *pages) lead(c *console.Context) error {
	if _, err := p.s.Assign(c.Context(), c.Actor, c.Path("number"), version(c), c.Value("lead")); err != nil {
		return p.again(c, "lead", err)
	}
	c.Flash(text.M("Saved."))
	return p.back(c, "#people")
}

func (p *pages) invite(c *console.Context) error {
	person, err := p.s.WhoIs(c.Context(), c.Value("person"))
	if err != nil {
		return err
	}
	if err := p.s.Invite(c.Context(), c.Actor, c.Path("number"), person); err != nil {
		return p.again(c, "people", err)
	}
	return p.back(c, "#people")
}

func (p *pages) release(c *console.Context) error {
	if err := p.s.Release(c.Context(), c.Actor, c.Path("number"), c.Path("person")); err != nil {
		return err
	}
	return p.back(c, "#people")
}

func (p *pages) handOver(c *console.Context) error {
	_, err := p.s.HandOver(c.Context(), c.Actor, c.Path("number"), version(c),
		incident.HandTo{Team: c.Value("team"), Person: c.Value("person"), Note: c.Value("note")})
	if err != nil {
		return p.again(c, "handover", err)
	}
	c.Flash(text.M("Offered. You answer for it until it is accepted."))
	return p.back(c, "#handover")
}

func (p *pages) answer(c *console.Context) error {
	offer := c.Path("offer")
	var err error
	switch c.Value("do") {
	case "accept":
		if _, err = p.s.Accept(c.Context(), c.Actor, offer); err == nil {
			c.Flash(text.M("Accepted. You lead it from now on."))
		}
	case "decline":
		if err = p.s.Decline(c.Context(), c.Actor, offer, c.Value("answer")); err == nil {
			c.Flash(text.M("Declined."))
		}
	case "withdraw":
		if err = p.s.Withdraw(c.Context(), c.Actor, offer); err == nil {
			c.Flash(text.M("Withdrawn."))
		}
	default:
		err = fault.Invalidf("There is no such choice")
	}
	if err != nil {
		return p.again(c, "answer", err)
	}
	return p.back(c, "#handover")
}
