package web

import (
	"io"
	"net/url"
	"strings"

	"yagura/area/cmmc"
	"yagura/area/cmmc/inherit"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

func evidenceHref(s cmmc.System, id string) string {
	return s.Href() + "/evidence/" + url.PathEscape(id)
}

// evidencePage is all documents of a system.
type evidencePage struct {
	Name   string
	Href   string
	Tabs   []console.Tab
	Table  *console.Table
	Drafts []cmmc.Evidence // that the reader may make final
	Own    []cmmc.Evidence // that he may take back
	Work   bool
	For    string
	Today  string
}

// evidenceTable are documents with what they are worth today.
func evidenceTable(c *console.Context, s cmmc.System, list []cmmc.Evidence, people map[string]authz.Person) *console.Table {
	t := console.NewTable(text.M("Evidence"), text.M("Document"), text.M("State"), text.M("Collected"), text.M("Holds until"), text.M("By§person"), text.M("SHA-256"))
	for _, e := range list {
		state := console.Chip(console.Good, text.M("Final§evidence"))
		switch {
		case e.Draft:
			state = console.Chip(console.Warn, text.M("Draft: counts for nothing"))
		case e.Ended(c.Now):
			state = console.Chip(console.Bad, text.M("Ended§evidence"))
		}
		by := []console.Cell{console.Text(who(c, people, e.By))}
		if e.Reviewer != "" {
			by = append(by, console.Say(text.M("made final by %s", who(c, people, e.Reviewer))))
		}
		t.Row(console.Stack(console.Link(evidenceHref(s, e.ID), e.Name), console.Text(names(e.Objectives)), console.Bytes(e.Size)), state, console.Day(e.Collected), console.Day(e.ValidUntil), console.Stack(by...), console.Code(e.SHA256[:min(16, len(e.SHA256))]+"…"))
	}
	return t
}

func (p *pages) evidenceOf(c *console.Context) (v evidencePage, err error) {
	d, err := p.detail(c)
	if err != nil {
		return v, err
	}
	crumbs(c, d.System)
	c.Title(text.M("Evidence"))
	v = evidencePage{Name: d.Label(c.Lang), Href: d.Href(), Tabs: systemTabs(d.System, "/evidence"), Work: d.Can.Work, For: strings.TrimSpace(c.Query("for")), Today: c.Now.In(c.Zone).Format("2006-01-02")}
	seen := map[string]bool{}
	var list []cmmc.Evidence
	var ids []string
	for _, f := range d.Families {
		for _, q := range f.Requirements {
			for _, o := range q.Objectives {
				for _, e := range o.Evidence {
					if seen[e.ID] {
						continue
					}
					seen[e.ID] = true
					list = append(list, e)
					ids = append(ids, e.By, e.Reviewer)
					if d.Can.Review && e.Draft && e.By != c.Actor.Who() {
						v.Drafts = append(v.Drafts, e)
					}
					if d.Can.Review || d.Can.Work && e.Draft && e.By == c.Actor.Who() {
						v.Own = append(v.Own, e)
					}
				}
			}
		}
	}
	people, err := p.s.People(c.Context(), ids...)
	if err != nil {
		return v, err
	}
	v.Table = evidenceTable(c, d.System, list, people)
	return v, nil
}

func (p *pages) evidence(c *console.Context) error {
	v, err := p.evidenceOf(c)
	if err != nil {
		return err
	}
	return c.Render("evidence", v)
}

func (p *pages) keep(c *console.Context) error {
	err := func() error {
		e := cmmc.Evidence{System: c.Path("id"), Name: c.Value("name")}
		var err error
		if e.Collected, err = dayOf(c, "collected"); err != nil {
			return err
		}
		if e.ValidUntil, err = dayOf(c, "valid_until"); err != nil {
			return err
		}
		for _, name := range splitNames(c.Value("objectives")) {
			bits, ok := inherit.Named(name)
			if !ok {
				return fault.Invalid(fault.F("objectives", "There is no requirement or objective %q", name))
			}
			for i := range bits.All {
				e.Objectives = append(e.Objectives, i)
			}
		}
		f, h, err := c.File("file")
		if err != nil {
			return err
		}
		if f == nil {
			return fault.Invalid(fault.F("file", "Choose a file"))
		}
		defer f.Close()
		if e.Name == "" {
			e.Name = h.Filename
		}
		if e.Media = h.Header.Get("Content-Type"); e.Media == "" {
			e.Media = "application/octet-stream"
		}
		_, err = p.s.Keep(c.Context(), c.Actor, e, f)
		return err
	}()
	if fault.Is(err, fault.KindInvalid) {
		v, failed := p.evidenceOf(c)
		if failed != nil {
			return failed
		}
		return c.Invalid("evidence", v, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("The document is kept as a draft. It counts once a second person has made it final."))
	return c.Redirect(systemPath(c) + "/evidence")
}

// fetch hands a document out, never to be shown within our pages.
func (p *pages) fetch(c *console.Context) error {
	e, content, err := p.s.Fetch(c.Context(), c.Actor, c.Path("id"), c.Path("piece"))
	if err != nil {
		return err
	}
	defer content.Close()
	c.Download(e.Name, "application/octet-stream")
	_, err = io.Copy(c.W, content)
	return err
}

func (p *pages) finalise(c *console.Context) error {
	if err := p.s.Approve(c.Context(), c.Actor, c.Path("id"), c.Path("piece")); err != nil {
		return err
	}
	c.Flash(text.M("The document is final and counts from now on."))
	return c.Redirect(systemPath(c) + "/evidence")
}

func (p *pages) withdraw(c *console.Context) error {
	if err := p.s.Withdraw(c.Context(), c.Actor, c.Path("id"), c.Path("piece")); err != nil {
		return err
	}
	c.Flash(text.M("The document is taken back. It is kept, and counts no longer."))
	return c.Redirect(systemPath(c) + "/evidence")
}
