package web

import (
	"mime/multipart"
	"strings"

	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// deed is something that somebody does to a case.
type deed struct {
	label  text.Message
	works  bool // also for works that were asked
	button bool // has no form of its own: a button does it
	danger bool
	do     func(p *pages, c *console.Context, id, about string) error
	leads  func(p *pages, c *console.Context, id string) (href string, err error) // in place of do, where what is made has a page
}

// deeds are all of them, by the last part of their address.
var deeds = map[string]deed{
	"triage": {label: text.M("Triage"), do: func(p *pages, c *console.Context, id, _ string) error {
		return p.s.Triage(c.Context(), c.Actor, id, psirt.Triage{Outcome: psirt.State(c.Value("outcome")), Unit: c.Value("unit"), Other: c.Value("other"), Reason: c.Value("reason")})
	}},
	"undo-triage": {label: text.M("Triage again"), do: func(p *pages, c *console.Context, id, _ string) error {
		return p.s.UndoTriage(c.Context(), c.Actor, id, c.Value("reason"))
	}},
	"answer": {label: text.M("Write to the finder"), do: func(p *pages, c *console.Context, id, about string) error {
		promise, err := c.Time("promise")
		if err != nil {
			return err
		}
		return p.s.Answer(c.Context(), c.Actor, id, about, psirt.Answering{Body: c.Value("body"), Promise: promise, TellIDs: c.Bool("tell")})
	}},
	"note": {label: text.M("Write to the log"), do: func(p *pages, c *console.Context, id, _ string) error {
		return p.s.Noting(c.Context(), c.Actor, id, c.Value("body"))
	}},
	"edit": {label: text.M("Edit"), do: func(p *pages, c *console.Context, id, _ string) error {
		version, err := c.Int("version")
		if err != nil {
			return err
		}
		return p.s.Change(c.Context(), c.Actor, id, version, psirt.EditCase{Title: c.Value("title"), Summary: c.Value("summary"), TLP: c.Value("tlp"), Unit: c.Value("unit"), Lead: c.Value("lead")})
	}},
	"give": {label: text.M("Put on the list"), do: func(p *pages, c *console.Context, id, _ string) error {
		person, err := p.s.WhoIs(c.Context(), c.Value("person"))
		if err != nil {
			return err
		}
		return p.s.Give(c.Context(), c.Actor, id, person, psirt.Part(c.Value("part")), c.Value("unit"))
	}},
	"take": {label: text.M("Take off the list"), button: true, do: func(p *pages, c *console.Context, id, about string) error {
		return p.s.Take(c.Context(), c.Actor, id, about)
	}},
	"party": {label: text.M("Add a party"), do: func(p *pages, c *console.Context, id, _ string) error {
		return p.s.AddParty(c.Context(), c.Actor, id, psirt.Party{Kind: psirt.PartyKind(c.Value("kind")), Name: c.Value("name"), Contact: c.Value("contact"), Zone: c.Value("zone"), Reference: c.Value("reference")})
	}},
	"tell": {label: text.M("Note what it was told"), do: func(p *pages, c *console.Context, id, about string) error {
		at, err := c.Time("at")
		if err != nil {
			return err
		}
		return p.s.Tell(c.Context(), c.Actor, id, about, c.Value("what"), at)
	}},
	"refusal": {label: text.M("First refusal"), do: func(p *pages, c *console.Context, id, about string) error {
		at, err := c.Time("at")
		if err != nil {
			return err
		}
		return p.s.Refusal(c.Context(), c.Actor, id, about, c.Bool("answered"), at, c.Value("what"))
	}},
	"vulnerability": {label: text.M("Vulnerability"), do: func(p *pages, c *console.Context, id, about string) error {
		_, err := p.s.PutVulnerability(c.Context(), c.Actor, id, psirt.Vulnerability{ID: about, Title: c.Value("title"), TitleJA: c.Value("title_ja"),
			Description: c.Value("description"), DescriptionJA: c.Value("description_ja"), CWE: c.Value("cwe"), Vectors: strings.Fields(c.Value("vectors")),
			SSVC: psirt.SSVC{Exploitation: c.Value("exploitation"), Utility: c.Value("utility"), Impact: c.Value("impact"), Safety: c.Value("safety")}})
		return err
	}},
	"drop-vulnerability": {label: text.M("Take the vulnerability out"), danger: true, do: func(p *pages, c *console.Context, id, about string) error {
		return p.s.DropVulnerability(c.Context(), c.Actor, id, about, c.Value("reason"))
	}},
	"exploit": {label: text.M("It is exploited"), danger: true, do: func(p *pages, c *console.Context, id, about string) error {
		known, err := c.Time("known")
		if err != nil {
			return err
		}
		return p.s.Exploit(c.Context(), c.Actor, id, about, c.Value("source"), known, c.Bool("retract"))
	}},
	"elsewhere": {label: text.M("Others published it"), danger: true, do: func(p *pages, c *console.Context, id, _ string) error {
		at, err := c.Time("at")
		if err != nil {
			return err
		}
		return p.s.DisclosedElsewhere(c.Context(), c.Actor, id, c.Value("where"), at)
	}},
	"assign": {label: text.M("Assign a CVE ID"), button: true, do: func(p *pages, c *console.Context, id, about string) error {
		_, err := p.s.AssignID(c.Context(), c.Actor, id, about)
		return err
	}},
	"release": {label: text.M("Release the CVE ID"), button: true, do: func(p *pages, c *console.Context, id, about string) error {
		return p.s.ReleaseID(c.Context(), c.Actor, id, about)
	}},
	"range": {label: text.M("Add products"), do: func(p *pages, c *console.Context, id, _ string) error {
		r := product.Range{Product: c.Value("product"), Model: c.Value("model"), Pattern: c.Value("pattern"), Hardware: c.Value("hardware"),
			From: c.Value("from"), Before: c.Value("before"), Through: c.Value("through"), Versions: strings.Fields(c.Value("versions"))}
		if len(r.Versions) == 0 {
			r.Versions = nil
		}
		_, err := p.s.AddRange(c.Context(), c.Actor, id, r)
		return err
	}},
	"drop-range": {label: text.M("Take the products out"), button: true, do: func(p *pages, c *console.Context, id, about string) error {
		return p.s.DropRange(c.Context(), c.Actor, id, about)
	}},
	"ask": {label: text.M("Ask the works"), do: func(p *pages, c *console.Context, id, _ string) error {
		due, err := c.Time("due")
		if err != nil {
			return err
		}
		return p.s.Ask(c.Context(), c.Actor, id, c.Values("rows"), due)
	}},
	"assess": {label: text.M("Answer§verb"), works: true, do: func(p *pages, c *console.Context, id, about string) error {
		return p.s.Assess(c.Context(), c.Actor, id, psirt.Assessment{Vulnerability: about, Range: c.Value("row"), Answer: psirt.Answer(c.Value("status")), Justification: c.Value("justification"), Note: c.Value("note")})
	}},
	"remedy": {label: text.M("Plan a remediation"), do: func(p *pages, c *console.Context, id, _ string) error {
		planned, err := c.Time("planned")
		if err != nil {
			return err
		}
		_, err = p.s.PlanRemedy(c.Context(), c.Actor, id, psirt.Remedy{Vulnerability: c.Value("vulnerability"), Kind: psirt.RemedyKind(c.Value("kind")), Details: c.Value("details"), DetailsJA: c.Value("details_ja"),
			URL: c.Value("url"), Planned: planned})
		return err
	}},
	"available": {label: text.M("It is available"), do: func(p *pages, c *console.Context, id, about string) error {
		at, err := c.Time("at")
		if err != nil {
			return err
		}
		return p.s.RemedyAvailable(c.Context(), c.Actor, id, about, at)
	}},
	"embargo": {label: text.M("Set the embargo"), do: func(p *pages, c *console.Context, id, _ string) error {
		until, err := c.Time("until")
		if err != nil {
			return err
		}
		return p.s.SetEmbargo(c.Context(), c.Actor, id, until, c.Value("reason"))
	}},
	"lift": {label: text.M("Lift the embargo"), danger: true, do: func(p *pages, c *console.Context, id, _ string) error {
		return p.s.LiftEmbargo(c.Context(), c.Actor, id, c.Value("reason"))
	}},
	"leak": {label: text.M("Something came out"), danger: true, do: func(p *pages, c *console.Context, id, _ string) error {
		at, err := c.Time("at")
		if err != nil {
			return err
		}
		return p.s.Leak(c.Context(), c.Actor, id, psirt.Leak{What: c.Value("what"), Where: c.Value("where"), At: at, Elsewhere: c.Bool("elsewhere")})
	}},
	"schedule": {label: text.M("Schedule the publication"), do: func(p *pages, c *console.Context, id, _ string) error {
		at, err := c.Time("at")
		if err != nil {
			return err
		}
		return p.s.Schedule(c.Context(), c.Actor, id, at)
	}},
	"submission": {label: text.M("Note a notice to an authority"), do: func(p *pages, c *console.Context, id, _ string) error {
		at, err := c.Time("at")
		if err != nil {
			return err
		}
		return p.s.Submission(c.Context(), c.Actor, id, psirt.Kind(c.Value("kind")), c.Value("vulnerability"), c.Value("receipt"), at)
	}},
	"severe": {label: text.M("A severe incident is known"), danger: true, do: func(p *pages, c *console.Context, id, _ string) error {
		at, err := c.Time("at")
		if err != nil {
			return err
		}
		return p.s.Severe(c.Context(), c.Actor, id, c.Value("what"), at)
	}},
	"task": {label: text.M("Add a task"), do: func(p *pages, c *console.Context, id, _ string) error {
		due, err := c.Time("due")
		if err != nil {
			return err
		}
		return p.s.SetTask(c.Context(), c.Actor, id, psirt.Task{Title: c.Value("title"), Assignee: c.Value("assignee"), Due: due})
	}},
	"done": {label: text.M("Done"), works: true, button: true, do: func(p *pages, c *console.Context, id, about string) error {
		return p.s.FinishTask(c.Context(), c.Actor, id, about)
	}},
	"files": {label: text.M("Add files"), do: func(p *pages, c *console.Context, id, _ string) error {
		ups, end, err := uploads(c)
		if err != nil {
			return err
		}
		defer end()
		return p.s.AddFiles(c.Context(), c.Actor, id, ups)
	}},
	"forget": {label: text.M("Forget the finder"), button: true, danger: true, do: func(p *pages, c *console.Context, id, about string) error {
		return p.s.ForgetFinder(c.Context(), c.Actor, id, about)
	}},
	"plants": {label: text.M("Ask which of our plants run it"), button: true, do: func(p *pages, c *console.Context, id, _ string) error {
		return p.s.AskPlants(c.Context(), c.Actor, id)
	}},
	"instruct": {label: text.M("Offer a draft of an instruction to units"), button: true, do: func(p *pages, c *console.Context, id, _ string) error {
		return p.s.OfferInstruction(c.Context(), c.Actor, id)
	}},
	"advise": {label: text.M("Draft the advisory"), button: true, leads: func(p *pages, c *console.Context, id string) (string, error) {
		a, err := p.s.AdviseOf(c.Context(), c.Actor, id, text.EN)
		return psirt.AdvisoryHref(a.ID), err
	}},
	"close": {label: text.M("Close the case"), do: func(p *pages, c *console.Context, id, _ string) error {
		return p.s.Close(c.Context(), c.Actor, id, c.Value("reason"), false)
	}},
	"reopen": {label: text.M("Open the case again"), do: func(p *pages, c *console.Context, id, _ string) error {
		return p.s.Close(c.Context(), c.Actor, id, c.Value("reason"), true)
	}},
}

// Label is what the deed is called.
func (v *room) Label() text.Message { return deeds[v.Deed].label }

// Danger tells whether it can't be undone.
func (v *room) Danger() bool { return deeds[v.Deed].danger }

// Row is the row of the matrix that a form is about.
func (v *room) Row() psirt.RangeRow {
	id := v.c.Query("row")
	if id == "" {
		id = v.c.Value("row")
	}
	for _, r := range v.Ranges {
		if r.ID == id {
			return r
		}
	}
	return psirt.RangeRow{}
}

// Now is the cell that a form answers.
func (v *room) Now() psirt.Cell { return v.Cell(v.About, v.Row().ID) }

// Lang is the reader's.
func (v *room) Lang() text.Lang { return v.c.Lang }

func nothing() error { return fault.NotFound("There is no page at this address") }

// form loads a case for one form.
func (p *pages) form(c *console.Context, about string) (*room, error) {
	v, err := p.load(c)
	if err != nil {
		return nil, err
	}
	v.Deed, v.About = c.Path("deed"), about
	d, ok := deeds[v.Deed]
	if !ok || !v.Handles && !(d.works && len(v.Units) > 0) {
		return nil, nothing()
	}
	c.Crumb(text.Literal(v.Number), psirt.Href(v.ID))
	c.Title(d.label)
	return v, nil
}

func (p *pages) deedForm(c *console.Context) error {
	v, err := p.form(c, c.Query("about"))
	if err != nil {
		return err
	}
	if deeds[v.Deed].button {
		return nothing()
	}
	return c.Render("one", v)
}

func (p *pages) deed(c *console.Context) error {
	d, ok := deeds[c.Path("deed")]
	if !ok {
		return nothing()
	}
	if d.leads != nil {
		href, err := d.leads(p, c, c.Path("id"))
		if err != nil {
			return err
		}
		return c.Redirect(href)
	}
	about := c.Value("about")
	err := d.do(p, c, c.Path("id"), about)
	switch {
	case fault.Is(err, fault.KindInvalid) && !d.button:
		v, lerr := p.form(c, about)
		if lerr != nil {
			return lerr
		}
		return c.Invalid("one", v, err)
	case err != nil:
		return err
	}
	c.Flash(text.M("Noted: %s", d.label))
	if back := c.Path("deed"); back == "assess" || back == "ask" || back == "range" || back == "drop-range" {
		return c.Redirect(psirt.Href(c.Path("id")) + "/matrix")
	}
	return c.Redirect(psirt.Href(c.Path("id")))
}

// uploads are the files of a form; end closes them.
func uploads(c *console.Context) (ups []psirt.Upload, end func(), err error) {
	var open []multipart.File
	end = func() {
		for _, f := range open {
			f.Close()
		}
	}
	c.Values("files") // reads the form
	if c.R.MultipartForm == nil {
		return nil, end, nil
	}
	for _, h := range c.R.MultipartForm.File["files"] {
		f, err := h.Open()
		if err != nil {
			end()
			return nil, func() {}, err
		}
		open = append(open, f)
		ups = append(ups, psirt.Upload{Name: h.Filename, Media: h.Header.Get("Content-Type"), Content: f})
	}
	return ups, end, nil
}
