package web

import (
	"io"
	"net/url"
	"strings"

	"yagura/area/cmmc"
	"yagura/area/cmmc/library"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// most is the size of an uploaded text or table.
const most = 8 << 20

// sourcesPage is what was imported: official text and crosswalks.
type sourcesPage struct {
	Tabs       []console.Tab
	Texts      *console.Table
	Crosswalks *console.Table
	May        bool
	Formats    []console.Option
	Standards  []console.Option
	Standard   string
}

func textState(state string) console.Cell {
	switch state {
	case "used":
		return console.Chip(console.Good, text.M("In use"))
	case "draft":
		return console.Chip(console.Warn, text.M("To be looked through"))
	}
	return console.Chip(console.Plain, text.M("Replaced"))
}

func crosswalkState(state string) console.Cell {
	switch state {
	case "signed":
		return console.Chip(console.Good, text.M("Signed"))
	case "draft":
		return console.Chip(console.Warn, text.M("To be looked through"))
	}
	return console.Chip(console.Plain, text.M("Out of force"))
}

func (p *pages) sourcesOf(c *console.Context) (v sourcesPage, err error) {
	v = sourcesPage{Tabs: tabs("/cmmc/sources"), May: c.Actor.Can(cmmc.Text, ""), Standard: cmmc.Standards[0],
		Formats: []console.Option{{Label: text.M("As the name of the file says")}, {Value: string(library.Guide), Label: text.M("Assessment guide as text")}, {Value: string(library.OSCAL), Label: text.M("OSCAL catalog")},
			{Value: string(library.CISO), Label: text.M("Library of CISO Assistant")}, {Value: string(library.Tables), Label: text.M("CSV")}}}
	for _, s := range cmmc.Standards {
		v.Standards = append(v.Standards, console.Option{Value: s, Label: text.Literal(s)})
	}
	texts, err := p.s.Libraries(c.Context(), c.Actor)
	if err != nil {
		return v, err
	}
	v.Texts = console.NewTable(text.M("Official text"), text.M("File§upload"), text.M("State"), text.M("Requirements"), text.M("Objectives"), text.M("Imported"))
	for _, l := range texts {
		v.Texts.Row(console.Strong("/cmmc/texts/"+l.ID, l.Source), textState(l.State), console.Num(l.Requirements), console.Num(l.Objectives), console.When(l.At))
	}
	tables, err := p.s.Crosswalks(c.Context(), c.Actor)
	if err != nil {
		return v, err
	}
	v.Crosswalks = console.NewTable(text.M("Crosswalks"), text.M("Standard"), text.M("State"), text.M("Lines"), text.M("File§upload"), text.M("Signed§when"))
	for _, x := range tables {
		v.Crosswalks.Row(console.Strong("/cmmc/crosswalks/"+x.ID, x.Standard), crosswalkState(x.State), console.Num(x.Lines), console.Text(x.Source), console.When(x.Signed))
	}
	return v, nil
}

func (p *pages) sources(c *console.Context) error {
	crumbs(c)
	v, err := p.sourcesOf(c)
	if err != nil {
		return err
	}
	return c.Render("sources", v)
}

// upload is the file of the form with its name.
func upload(c *console.Context) (string, []byte, error) {
	f, h, err := c.File("file")
	if err != nil {
		return "", nil, err
	}
	if f == nil {
		return "", nil, fault.Invalid(fault.F("file", "Choose a file"))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(data) > most {
		err = fault.Invalid(fault.F("file", "The file is larger than %d MiB", most>>20))
	}
	return h.Filename, data, err
}

// taken answers an import: to the preview, or the form again with what is wrong.
func (p *pages) taken(c *console.Context, where string, take func(name string, data []byte) (string, error)) error {
	crumbs(c)
	key := ""
	name, data, err := upload(c)
	if err == nil {
		key, err = take(name, data)
	}
	if fault.Is(err, fault.KindInvalid) {
		v, failed := p.sourcesOf(c)
		if failed != nil {
			return failed
		}
		return c.Invalid("sources", v, err)
	}
	if err != nil {
		return err
	}
	return c.Redirect(where + url.PathEscape(key))
}

func (p *pages) importText(c *console.Context) error {
	return p.taken(c, "/cmmc/texts/", func(name string, data []byte) (string, error) {
		return p.s.ImportText(c.Context(), c.Actor, name, data, library.Format(c.Value("format")))
	})
}

func (p *pages) importCrosswalk(c *console.Context) error {
	return p.taken(c, "/cmmc/crosswalks/", func(name string, data []byte) (string, error) {
		standard := c.Value("other")
		if standard == "" {
			standard = c.Value("standard")
		}
		return p.s.ImportCrosswalk(c.Context(), c.Actor, standard, name, data)
	})
}

// textPage is one imported text.
type textPage struct {
	cmmc.LibraryDetail
	Facts  []console.Fact
	Counts *console.Table
	Words  *console.Table
	May    bool
}

func (p *pages) text(c *console.Context) error {
	d, err := p.s.Library(c.Context(), c.Actor, c.Path("text"))
	if err != nil {
		return err
	}
	crumbs(c)
	c.Crumb(text.M("Texts and crosswalks"), "/cmmc/sources")
	c.Title(text.Literal(d.Source))
	v := textPage{LibraryDetail: d, May: c.Actor.Can(cmmc.Text, "")}
	v.Facts = []console.Fact{{Label: text.M("State"), Value: textState(d.State)}, {Label: text.M("Imported"), Value: console.Stack(console.Text(who(c, d.People, d.By)), console.When(d.At))}, {Label: text.M("SHA-256"), Value: console.Code(d.SHA256)}}
	if !d.Used.IsZero() {
		v.Facts = append(v.Facts, console.Fact{Label: text.M("Taken into use"), Value: console.Stack(console.Text(who(c, d.People, d.UsedBy)), console.When(d.Used))})
	}
	v.Counts = console.NewTable(text.M("How much is there"), text.M("Level"), text.M("Requirements"), text.M("Objectives"), text.M("Missing"))
	for _, n := range d.Counts {
		missing := n.Missing
		said := strings.Join(missing[:min(len(missing), 20)], ", ")
		if len(missing) > 20 {
			said = c.T("%s and %d more", said, len(missing)-20)
		}
		v.Counts.Row(console.Text(minus(n.Level)), console.Text(minus(n.Requirements)+" / "+minus(n.Of)), console.Text(minus(n.Objectives)+" / "+minus(n.ObjectivesOf)), console.Text(said))
	}
	v.Words = console.NewTable(text.M("The text"), text.M("Id§ref"), text.M("Text"))
	for _, w := range d.Words {
		v.Words.Row(console.Text(w.Ref), console.Stack(console.Text(strings.TrimSpace(w.Title+" "+w.Body))))
	}
	return c.Render("text", v)
}

func (p *pages) useText(c *console.Context) error {
	if err := p.s.UseText(c.Context(), c.Actor, c.Path("text")); err != nil {
		return err
	}
	c.Flash(text.M("The text is shown beside the requirements now."))
	return c.Redirect("/cmmc/texts/" + url.PathEscape(c.Path("text")))
}

func (p *pages) dropText(c *console.Context) error {
	if err := p.s.DropText(c.Context(), c.Actor, c.Path("text")); err != nil {
		return err
	}
	c.Flash(text.M("The text is removed."))
	return c.Redirect("/cmmc/sources")
}

// crosswalkPage is one table.
type crosswalkPage struct {
	cmmc.CrosswalkDetail
	Facts   []console.Fact
	Lines   *console.Table
	Missing string
	May     bool
}

func (p *pages) crosswalkOf(c *console.Context) (v crosswalkPage, err error) {
	d, err := p.s.Crosswalk(c.Context(), c.Actor, c.Path("table"))
	if err != nil {
		return v, err
	}
	crumbs(c)
	c.Crumb(text.M("Texts and crosswalks"), "/cmmc/sources")
	c.Title(text.Literal(d.Standard))
	v = crosswalkPage{CrosswalkDetail: d, May: c.Actor.Can(cmmc.Text, "")}
	v.Facts = []console.Fact{{Label: text.M("State"), Value: crosswalkState(d.State)}, {Label: text.M("File§upload"), Value: console.Text(d.Source)},
		{Label: text.M("Imported"), Value: console.Stack(console.Text(who(c, d.People, d.By)), console.When(d.At))},
		{Label: text.M("Requirements of Level 2 in it"), Value: console.Text(minus(d.Requirements) + " / 110")}, {Label: text.M("SHA-256"), Value: console.Code(d.SHA256)}}
	if !d.Signed.IsZero() {
		v.Facts = append(v.Facts, console.Fact{Label: text.M("Signed by"), Value: console.Stack(console.Text(who(c, d.People, d.SignedBy)), console.When(d.Signed), console.Text(d.Statement))})
	}
	if !d.Ended.IsZero() {
		v.Facts = append(v.Facts, console.Fact{Label: text.M("Taken out of force by"), Value: console.Stack(console.Text(who(c, d.People, d.EndedBy)), console.When(d.Ended))})
	}
	v.Missing = strings.Join(d.Missing[:min(len(d.Missing), 40)], ", ")
	if n := len(d.Missing) - 40; n > 0 {
		v.Missing = c.T("%s and %d more", v.Missing, n)
	}
	v.Lines = linesTable(d.Rows)
	return v, nil
}

func linesTable(rows []cmmc.CrosswalkLine) *console.Table {
	t := console.NewTable(text.M("Lines"), text.M("Id§ref"), text.M("Reference"), text.M("Relation"), text.M("Title"), text.M("Note"))
	for _, l := range rows {
		t.Row(console.Text(l.Ref), console.Code(l.Target), console.Say(l.Relation.Label()), console.Text(l.Title), console.Text(l.Note))
	}
	return t
}

func (p *pages) crosswalk(c *console.Context) error {
	v, err := p.crosswalkOf(c)
	if err != nil {
		return err
	}
	return c.Render("crosswalk", v)
}

func (p *pages) signCrosswalk(c *console.Context) error {
	err := p.s.SignCrosswalk(c.Context(), c.Actor, c.Path("table"), c.Value("statement"))
	if fault.Is(err, fault.KindInvalid) {
		v, failed := p.crosswalkOf(c)
		if failed != nil {
			return failed
		}
		return c.Invalid("crosswalk", v, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("The table is signed and shown beside the requirements."))
	return c.Redirect("/cmmc/crosswalks/" + url.PathEscape(c.Path("table")))
}

func (p *pages) endCrosswalk(c *console.Context) error {
	if err := p.s.EndCrosswalk(c.Context(), c.Actor, c.Path("table")); err != nil {
		return err
	}
	c.Flash(text.M("The table is out of force."))
	return c.Redirect("/cmmc/sources")
}
