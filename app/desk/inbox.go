package desk

import (
	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

var messages = console.List[notify.Entry]{
	Name: "messages", Caption: text.M("Messages"), Sort: "-at", NoExport: true,
	Columns: []console.Column[notify.Entry]{
		{Key: "subject", Head: text.M("Message"), Cell: func(c *console.Context, e notify.Entry) console.Cell {
			href := e.Href
			if href == "" {
				href = "/inbox"
			}
			if e.Seen.IsZero() {
				return console.Strong(href, e.Subject.In(c.Lang))
			}
			return console.Link(href, e.Subject.In(c.Lang))
		}},
		{Key: "body", Head: text.M("Text"), Cell: func(c *console.Context, e notify.Entry) console.Cell { return console.Text(e.Body.In(c.Lang)) }},
		{Key: "at", Head: text.M("Time"), Sort: true, Value: func(e notify.Entry) any { return e.At }},
		{Key: "state", Head: text.M("State"), Cell: func(_ *console.Context, e notify.Entry) console.Cell {
			if e.Seen.IsZero() {
				return console.Chip(console.Info, text.M("New§message"))
			}
			return console.Text("")
		}},
	},
	At:    func(e notify.Entry, _ string) keyset.Position { return keyset.At(store.Millis(e.At), e.ID) },
	Empty: console.Empty{Title: text.M("No messages"), Body: text.M("What happens and concerns you is told here, and by mail where you want it.")},
}

func (d *Desk) inbox(c *console.Context) error {
	return messages.Serve(c, "inbox", func(q console.Query) (rows []notify.Entry, total int, err error) {
		err = d.DB.View(c.Context(), func(tx *store.Tx) error {
			page := q.Page
			var next *keyset.Position
			rows, next, err = notify.Inbox(tx, c.Actor.Person, notify.Filter{}, page)
			if err == nil && next != nil { // the shell cuts the page by the row behind it
				rows = append(rows, notify.Entry{})
			}
			return err
		})
		return rows, -1, err
	}, nil)
}

func (d *Desk) inboxRead(c *console.Context) error {
	err := d.DB.Operate(c.Context(), func(tx *store.Tx) error { return notify.MarkAllRead(tx, c.Actor.Person, tx.Now) })
	if err != nil {
		return err
	}
	return c.Redirect("/inbox")
}

// Unread is the number at the bell.
func (d *Desk) Unread(c *console.Context) (int, error) {
	var n int64
	err := d.DB.View(c.Context(), func(tx *store.Tx) (err error) {
		n, err = notify.Unread(tx, c.Actor.Person)
		return err
	})
	return int(n), err
}

type preferences struct {
	notify.Preferences
	Digest, From, To string
	Modes            []console.Option
}

func shown(p notify.Preferences) preferences {
	v := preferences{Preferences: p, Digest: org.Clock(p.DigestAt), From: org.Clock(p.QuietFrom), To: org.Clock(p.QuietTo)}
	for _, m := range notify.Modes {
		v.Modes = append(v.Modes, console.Option{Value: string(m), Label: m.Label()})
	}
	return v
}

func (d *Desk) inboxSettings(c *console.Context) error {
	c.Crumb(text.M("Messages"), "/inbox")
	var p notify.Preferences
	err := d.DB.View(c.Context(), func(tx *store.Tx) (err error) {
		p, err = notify.PreferencesOf(tx, c.Actor.Person)
		return err
	})
	if err != nil {
		return err
	}
	return c.Render("preferences", shown(p))
}

func (d *Desk) inboxSave(c *console.Context) error {
	var p notify.Preferences
	var wrong []fault.Field
	err := d.DB.Change(c.Context(), func(tx *store.Tx) (err error) {
		if p, err = notify.PreferencesOf(tx, c.Actor.Person); err != nil {
			return err
		}
		p.Mail, wrong = notify.Mode(c.Value("mail")), nil
		for name, into := range map[string]*int{"digest": &p.DigestAt, "from": &p.QuietFrom, "to": &p.QuietTo} {
			minutes, ok := org.ParseClock(c.Value(name))
			if !ok {
				wrong = append(wrong, fault.F(name, "A time of day such as 18:30 is needed here"))
			}
			*into = minutes
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		return notify.SetPreferences(tx, c.Actor, p)
	})
	if err != nil {
		return c.Invalid("preferences", shown(p), err)
	}
	c.Flash(text.M("Your choice is saved."))
	return c.Redirect("/inbox/settings")
}
