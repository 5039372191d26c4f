package web

import (
	"bytes"
	"io"
	"net/url"

	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

func packHref(id string) string { return "/detect/packs/" + url.PathEscape(id) }

// packsPage lists the packs that are installed.
type packsPage struct {
	detect.PackOverview
	Tabs     []console.Tab
	Change   bool
	Table    console.Table
	Waiting  console.Table
	Refused  console.Table
	Timeline []console.Event
	Back     []detect.InstalledPack // those that can be gone back from
}

// RollbackHref is where a pack is gone back from.
func (packsPage) RollbackHref(name string) string {
	return "/detect/pack/" + url.PathEscape(name) + "/rollback"
}

func (p *pages) packsPage(c *console.Context) (v packsPage, err error) {
	crumbs(c)
	if v.PackOverview, err = p.s.Packs(c.Context(), c.Actor); err != nil {
		return v, err
	}
	v.Tabs, v.Change = ruleTabs("/detect/packs"), c.Actor.Can(detect.Rules, "")
	t := console.NewTable(text.M("Packs that are installed"), text.M("Pack"), text.M("Version"), text.M("Files"), text.M("Signed by"), text.M("Installed"), text.M("By§person"))
	for _, k := range v.Packs {
		t.Row(console.Stack(console.Link("/detect/rules?origin=pack", k.Name), console.Text(k.About)), console.Text(k.Version), console.Num(k.Files), console.Code(k.Signer), console.When(k.Decided), console.Text(who(c, v.People, k.Decider)))
		if k.Previous && v.Change {
			v.Back = append(v.Back, k)
		}
	}
	v.Table = *t
	t = console.NewTable(text.M("Packs that were brought and are not installed"), text.M("Pack"), text.M("Version"), text.M("Signed by"), text.M("Brought"), text.M("By§person"))
	for _, k := range v.Staged {
		t.Row(console.Strong(packHref(k.ID), k.Name), console.Text(k.Version), console.Code(k.Signer), console.When(k.Brought), console.Text(who(c, v.People, k.By)))
	}
	v.Waiting = *t
	t = console.NewTable(text.M("What was refused"), text.M("File§rule"), text.M("Why"))
	for _, b := range v.Problems {
		t.Row(console.Code(b.File), console.Text(b.Text))
	}
	v.Refused = *t
	for _, e := range v.History {
		v.Timeline = append(v.Timeline, console.Event{At: e.At, Who: who(c, v.People, e.Who), Title: e.Said, Body: e.Body})
	}
	return v, nil
}

func (p *pages) packs(c *console.Context) error {
	v, err := p.packsPage(c)
	if err != nil {
		return err
	}
	return c.Render("packs", v)
}

func (p *pages) stagePack(c *console.Context) error {
	v, err := p.packsPage(c)
	if err != nil {
		return err
	}
	f, _, err := c.File("pack")
	if err == nil && f == nil {
		err = fault.Invalid(fault.F("pack", "Choose a file"))
	}
	if err != nil {
		return c.Invalid("packs", v, err)
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, f); err != nil {
		return err
	}
	id, err := p.s.StagePack(c.Context(), c.Actor, b.Bytes())
	if fault.Is(err, fault.KindInvalid) {
		return c.Invalid("packs", v, err)
	}
	if err != nil {
		return err
	}
	return c.Redirect(packHref(id))
}

// packPage shows what a pack would change.
type packPage struct {
	detect.PackPreview
	ID      string
	Facts   []console.Fact
	Changes console.Table
	Broken  int
}

// Href is an address of the pack's.
func (v packPage) Href(rest string) string { return packHref(v.ID) + rest }

func (p *pages) pack(c *console.Context) error {
	v := packPage{ID: c.Path("id")}
	var err error
	if v.PackPreview, err = p.s.PreviewPack(c.Context(), c.Actor, v.ID); err != nil {
		return err
	}
	crumbs(c)
	c.Crumb(text.M("Rule packs"), "/detect/packs")
	c.Title(text.Literal(v.Name + " " + v.Version))
	now := console.Text(v.Installed)
	v.Facts = []console.Fact{{Label: text.M("Pack"), Value: console.Text(v.Name)}, {Label: text.M("Version"), Value: console.Text(v.Version)}, {Label: text.M("Installed now"), Value: now},
		{Label: text.M("Signed by"), Value: console.Code(v.Signer)}, {Label: text.M("Made"), Value: console.When(v.Made)}, {Label: text.M("Files"), Value: console.Num(v.Files)}, {Label: text.M("SHA-256 of the manifest"), Value: console.Code(v.Digest)}}
	t := console.NewTable(text.M("What it changes"), text.M("Change§noun"), text.M("Rule"), text.M("Why"))
	for _, r := range v.Rules {
		word, tone := text.M("Broken§rule"), console.Bad
		switch r.Kind {
		case "added":
			word, tone = text.M("Added"), console.Good
		case "changed":
			word, tone = text.M("Changed"), console.Info
		case "removed":
			word, tone = text.M("Taken away"), console.Warn
		case "conflict":
			word = text.M("Id is taken")
			v.Broken++
		default:
			v.Broken++
		}
		t.Row(console.Chip(tone, word), console.Stack(console.Text(r.Title), console.Code(r.ID)), console.Text(r.Why))
	}
	v.Changes = *t
	return c.Render("pack", v)
}

func (p *pages) installPack(c *console.Context) error {
	name, err := p.s.InstallPack(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	c.Flash(text.M("%s is installed.", name))
	return c.Redirect("/detect/packs")
}

func (p *pages) rollbackPack(c *console.Context) error {
	version, err := p.s.RollbackPack(c.Context(), c.Actor, c.Path("name"), c.Value("why"))
	if fault.Is(err, fault.KindInvalid) {
		v, bad := p.packsPage(c)
		if bad != nil {
			return bad
		}
		return c.Invalid("packs", v, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("Version %s is in force again.", version))
	return c.Redirect("/detect/packs")
}
