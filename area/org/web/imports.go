package web

import (
	"bufio"
	"io"
	"strings"

	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

type importForm struct {
	Tabs  []console.Tab
	Kinds []console.Option
	Kind  string
	Files []fileRow
}

type fileRow struct {
	Label   text.Message
	Href    string
	Columns string
}

func (w web) importFormOf(c *console.Context) importForm {
	d := importForm{Tabs: w.tabs(c, "/org/import"), Kinds: options(org.ImportKinds, org.ImportKind.Label), Kind: string(org.UnitsFile)}
	for _, k := range org.ImportKinds {
		d.Files = append(d.Files, fileRow{k.Label(), "/org/export/" + string(k) + ".csv", strings.Join(k.Columns(), ", ")})
	}
	return d
}

func (w web) importPage(c *console.Context) error { return c.Render("import", w.importFormOf(c)) }

func (w web) upload(c *console.Context) error {
	again := func(err error) error { return c.Invalid("import", w.importFormOf(c), err) }
	f, _, err := c.File("file")
	if err != nil {
		return err
	}
	if f == nil {
		return again(fault.Invalid(fault.F("file", "Choose a file")))
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	id, err := w.s.Check(c.Context(), c.Actor, org.ImportKind(c.Value("kind")), data)
	if err != nil {
		return again(err)
	}
	return c.Redirect("/org/import/" + id)
}

type previewPage struct {
	Import  org.Import
	Preview org.Preview
	Steps   *console.Table
	Wrong   *console.Table
	Shown   int
	More    bool
	Done    bool
}

func (w web) preview(c *console.Context) error {
	var i org.Import
	err := w.s.View(c.Context(), func(tx *store.Tx) (err error) {
		i, err = w.s.Import(tx, c.Actor, c.Path("id"))
		return err
	})
	if err != nil {
		return err
	}
	p := i.Preview
	d := previewPage{Import: i, Preview: p, Shown: len(p.Steps), More: p.Added+p.Changed > len(p.Steps), Done: !i.Applied.IsZero()}
	d.Steps = console.NewTable(text.M("What changes§org"), text.M("Line§org"), text.M("ID§org"), text.M("Name"), text.M("What happens"), text.M("Fields§org"))
	for _, s := range p.Steps {
		what := console.Chip(console.Info, text.M("Changed§org"))
		fields := console.Text("")
		if s.New {
			what = console.Chip(console.Good, text.M("Added§org"))
		} else {
			var parts []console.Cell
			for _, x := range s.Changes {
				parts = append(parts, console.Say(text.M("%s: from %s to %s", fieldLabel(x.Field), orDash(x.From), orDash(x.To))))
			}
			fields = console.Stack(parts...)
		}
		name := s.Name
		if c.Lang == text.JA && s.NameJA != "" {
			name = s.NameJA
		}
		d.Steps.Row(console.Num(s.Line), console.Code(s.ID), console.Text(name), what, fields)
	}
	d.Wrong = console.NewTable(text.M("Mistakes§org"), text.M("Line§org"), text.M("Column§org"), text.M("What is wrong"))
	for _, x := range p.Wrong {
		d.Wrong.Row(console.Num(x.Line), console.Code(x.Column), console.Say(x.Message))
	}
	c.Title(text.M("Preview of the import: %s", i.Kind.Label()))
	c.Crumb(text.M("Organization"), "/org")
	c.Crumb(text.M("Import§org"), "/org/import")
	return c.Render("preview", d)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func (w web) apply(c *console.Context) error {
	id := c.Path("id")
	err := w.s.Apply(c.Context(), c.Actor, id)
	switch {
	case err == nil:
		c.Flash(text.M("The file was taken over."))
	case fault.Is(err, fault.KindConflict):
		c.Warn(fault.MessageOf(err))
		// The next page is to show what the file would do now.
		if rerr := w.s.Recheck(c.Context(), c.Actor, id); rerr != nil && !fault.Is(rerr, fault.KindConflict) {
			return rerr
		}
	default:
		return err
	}
	return c.Redirect("/org/import/" + id)
}

func (w web) export(c *console.Context) error {
	kind, ok := strings.CutSuffix(c.Path("file"), ".csv")
	if !ok || org.ImportKind(kind).Columns() == nil {
		return fault.NotFound("There is no page at this address")
	}
	c.Download(kind+"-"+c.Now.In(c.Zone).Format("20060102-1504")+".csv", "text/csv; charset=utf-8")
	out := bufio.NewWriterSize(c.W, 32<<10)
	if err := w.s.Export(c.Context(), c.Actor, org.ImportKind(kind), out); err != nil {
		return err
	}
	return out.Flush()
}
