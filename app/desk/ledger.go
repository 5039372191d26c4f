package desk

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// row is a ledger entry with the names of its people.
type row struct {
	ledger.Entry
	Who authz.Person
}

var entries = console.List[row]{
	Name: "ledger", Caption: text.M("Audit trail"), Sort: "-pos",
	Columns: []console.Column[row]{
		{Key: "pos", Head: text.M("Row"), Num: true, Sort: true,
			Cell: func(c *console.Context, r row) console.Cell {
				return console.Strong("/ledger/"+strconv.FormatInt(r.Pos, 10), c.Num(r.Pos))
			},
			Value: func(r row) any { return r.Pos }},
		{Key: "at", Head: text.M("Time"), Value: func(r row) any { return r.At }},
		{Key: "actor", Head: text.M("Who"),
			Cell:  func(c *console.Context, r row) console.Cell { return console.Text(r.name(c.Lang)) },
			Value: func(r row) any { return r.Actor }},
		{Key: "kind", Head: text.M("What"),
			Cell: func(_ *console.Context, r row) console.Cell {
				return console.Stack(console.Say(Kind(r.Kind)), console.Code(r.Kind))
			},
			Value: func(r row) any { return r.Kind }},
		{Key: "subject", Head: text.M("To what"),
			Cell: func(_ *console.Context, r row) console.Cell {
				return console.Link("/ledger?subject="+url.QueryEscape(r.Subject), r.Subject)
			},
			Value: func(r row) any { return r.Subject }},
		{Key: "unit", Head: text.M("Unit"),
			Cell:  func(c *console.Context, r row) console.Cell { return console.Text(c.UnitLabel(r.Unit)) },
			Value: func(r row) any { return r.Unit }},
		{Key: "hash", Head: text.M("Hash"), ExportOnly: true, Value: func(r row) any { return r.Hash }},
	},
	Filters: []console.Filter{
		{Name: "subject", Label: text.M("To what")},
		{Name: "actor", Label: text.M("Who")},
		{Name: "kind", Label: text.M("What")},
		{Name: "from", Label: text.M("From day"), Date: true},
		{Name: "to", Label: text.M("To day"), Date: true},
	},
	At: func(r row, _ string) keyset.Position { return keyset.At(r.Pos, r.ID) },
}

func (r row) name(lang text.Lang) string {
	if r.Who.ID != "" {
		return r.Who.Label(lang)
	}
	return r.Actor
}

// FilterOf turns what the reader typed into a filter of the ledger.
func filterOf(q console.Query, zone *time.Location) ledger.Filter {
	f := ledger.Filter{Subject: q.Get("subject"), Actor: q.Get("actor"), Kind: q.Get("kind"), From: q.Day("from", zone), Asc: !q.Page.Desc}
	if to := q.Day("to", zone); !to.IsZero() {
		f.To = to.AddDate(0, 0, 1)
	}
	if q.Page.After != nil {
		f.Past, _ = q.Page.After.Value.(int64)
	}
	return f
}

func (d *Desk) ledger(c *console.Context) error {
	var latest ledger.Checkpoint
	err := d.DB.View(c.Context(), func(tx *store.Tx) (err error) {
		latest, _, err = ledger.Latest(tx, d.Key)
		return err
	})
	if err != nil {
		return err
	}
	return entries.Serve(c, "ledger", func(q console.Query) (rows []row, total int, err error) {
		err = d.DB.View(c.Context(), func(tx *store.Tx) error {
			list, err := ledger.List(tx, c.Scope(ledger.Read), filterOf(q, c.Zone), q.Page.Limit+1)
			if err != nil {
				return err
			}
			rows, err = named(tx, list)
			return err
		})
		return rows, -1, err
	}, latest)
}

func named(tx *store.Tx, list []ledger.Entry) ([]row, error) {
	ids := make([]string, 0, len(list))
	for _, e := range list {
		ids = append(ids, e.Actor)
	}
	people, err := authz.People(tx, ids...)
	if err != nil {
		return nil, err
	}
	rows := make([]row, len(list))
	for i, e := range list {
		rows[i] = row{e, people[e.Actor]}
	}
	return rows, nil
}

func (d *Desk) entry(c *console.Context) error {
	pos, err := strconv.ParseInt(c.Path("pos"), 10, 64)
	if err != nil || pos < 1 {
		return fault.NotFound("There is no such entry, or you may not see it")
	}
	var v struct {
		row
		Name, Pretty, Before string
		Words                text.Message
		Check                error
	}
	err = d.DB.View(c.Context(), func(tx *store.Tx) error {
		e, before, err := ledger.At(tx, c.Scope(ledger.Read), pos)
		if err != nil {
			return err
		}
		rows, err := named(tx, []ledger.Entry{e})
		if err != nil {
			return err
		}
		v.row, v.Before, v.Check = rows[0], before, ledger.Fits(e, before)
		return nil
	})
	if err != nil {
		return err
	}
	v.Name, v.Words = v.name(c.Lang), Kind(v.Kind)
	var pretty bytes.Buffer
	if json.Indent(&pretty, v.Body, "", "  ") == nil {
		v.Pretty = pretty.String()
	}
	c.Title(text.M("Row %s of the audit trail", c.Num(pos)))
	c.Crumb(text.M("Audit trail"), "/ledger")
	return c.Render("entry", v)
}

func (d *Desk) verify(c *console.Context) error {
	if err := c.Actor.May(ReadSystem, ""); err != nil {
		return err
	}
	if !d.verifying.TryLock() { // it reads every row there is
		return fault.TooBusy(time.Minute, "The audit trail is being checked already. Please wait until that is done.")
	}
	defer d.verifying.Unlock()
	var kept []ledger.Checkpoint
	switch head, ok, err := ledger.Head(d.Key, d.Keys); {
	case err != nil:
		c.Warn(text.M("The checkpoint that is kept beside the database can't be read: rows cut off at the end would not be noticed."))
	case ok:
		kept = append(kept, head)
	}
	report, err := ledger.Verify(c.Context(), d.DB, d.Key, kept...)
	if err != nil {
		return err
	}
	if report.Broken != nil {
		c.Warn(text.M("The audit trail does not hold: %s", report.Broken.Message()))
	} else {
		c.Flash(text.M("The audit trail holds: %s rows and %s signed checkpoints were checked.", c.Num(report.Rows), c.Num(report.Checkpoints)))
	}
	return c.Redirect("/ledger")
}
