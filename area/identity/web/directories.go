package web

import (
	"net/url"

	"yagura/area/identity"
	"yagura/area/identity/scim"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// directoryPages are the pages of directories, their groups and runs.
func (w web) directoryPages() []console.Page {
	return []console.Page{
		{Method: "GET", Path: "/identity/directories", Act: identity.ReadFactors, Title: text.M("Directories"), Handle: w.directories},
		{Method: "GET", Path: "/identity/directories/new", Act: identity.Provision, Title: text.M("Connect a directory"), Handle: w.directoryNew},
		{Method: "POST", Path: "/identity/directories/new", Act: identity.Provision, Title: text.M("Connect a directory"), Handle: w.directoryConnect},
		{Method: "GET", Path: "/identity/directories/{id}", Act: identity.ReadFactors, Handle: w.directory},
		{Method: "POST", Path: "/identity/directories/{id}/token", Act: identity.Provision, Handle: w.directoryToken},
		{Method: "POST", Path: "/identity/directories/{id}/end", Act: identity.Provision, Handle: w.directoryEnd},
		{Method: "POST", Path: "/identity/directories/{id}/claim", Act: identity.Provision, Handle: w.directoryClaim},
		{Method: "POST", Path: "/identity/directories/{id}/decide", Act: identity.Provision, Handle: w.directoryDecide},
	}
}

func directoryHref(id string) string { return "/identity/directories/" + url.PathEscape(id) }

func systemLabel(s identity.System) text.Message {
	if s == identity.LDAP {
		return text.M("LDAP: asked by Yagura")
	}
	return text.M("SCIM: sends to Yagura")
}

func leavingLabel(l identity.Leaving) text.Message {
	if l == identity.Disable {
		return text.M("The account is disabled; the person stays")
	}
	return text.M("The person has left the group")
}

// directoryState is how a connection stands.
func directoryState(c *console.Context, d identity.Directory) console.Cell {
	switch {
	case !d.Live():
		return console.Chip(console.Plain, text.M("Ended§directory"))
	case !d.Until.IsZero() && !d.Until.After(c.Now):
		return console.Chip(console.Bad, text.M("Token has run out"))
	case !d.Until.IsZero() && d.Until.Before(c.Now.AddDate(0, 0, 30)):
		return console.Chip(console.Warn, text.M("Token runs out soon"))
	case d.Seen.IsZero():
		return console.Chip(console.Info, text.M("Not used yet§directory"))
	}
	return console.Chip(console.Good, text.M("Connected§directory"))
}

// directoryNews is how one learns of what changes in a directory that is asked.
func (w web) directoryNews(d identity.Directory) console.Cell {
	every, ok := w.s.AskedEvery(d)
	switch {
	case !ok:
		return console.Chip(console.Plain, text.M("Not at all: the configuration does not name it"))
	case d.Watched() && d.Watch == identity.WatchBlind:
		return console.Stack(console.Chip(console.Warn, text.M("At once, except who is deleted")),
			console.Say(text.M("Its reader may not read the container of deleted objects: who is deleted is seen when all are compared.")))
	case d.Watched():
		return console.Chip(console.Good, text.M("At once: it is watched"))
	}
	asked := console.Say(text.M("It is asked every %d min", int(every.Minutes())))
	switch d.Watch {
	case identity.WatchNever:
		return console.Stack(asked, console.Say(text.M("The server tells no changes:")), console.Text(d.Why))
	case identity.WatchBroken:
		return console.Stack(console.Chip(console.Warn, text.M("The line on which it is watched is broken and is tried again")), asked, console.Text(d.Why))
	}
	return asked
}

type directoriesPage struct {
	Tabs  []console.Tab
	Table *console.Table
}

func (w web) directories(c *console.Context) error {
	list, err := w.s.Directories(c.Context(), c.Scope(identity.ReadFactors))
	if err != nil {
		return err
	}
	t := console.NewTable(text.M("Directories"), text.M("Name"), text.M("State"), text.M("Speaks§directory"), text.M("Unit"), text.M("People§directory"), text.M("Groups§directory"), text.M("Last heard§directory"))
	t.Empty = console.Empty{Title: text.M("No directory is connected"), Body: text.M("A directory adds people when they are hired and locks them out at once when they leave.")}
	for _, d := range list {
		t.Row(console.Strong(directoryHref(d.ID), d.Name), directoryState(c, d), console.Say(systemLabel(d.System)), console.Text(c.UnitLabel(d.Unit)),
			console.Num(d.People), console.Num(d.Groups), console.Ago(d.Seen))
	}
	return c.Render("directories", directoriesPage{w.tabs(c, "/identity/directories"), t})
}

type directoryForm struct {
	Units   []console.Option
	Leaving []console.Option
	Unit    string
}

func (w web) directoryForm(c *console.Context) directoryForm {
	c.Crumb(text.M("Identity and MFA"), "/identity")
	c.Crumb(text.M("Directories"), "/identity/directories")
	d := directoryForm{Unit: c.Actor.Home()}
	for _, u := range c.Actor.Visible(identity.Provision) {
		d.Units = append(d.Units, console.Option{Value: u.ID, Label: text.Literal(u.Label(c.Lang))})
	}
	for _, l := range []identity.Leaving{identity.Leave, identity.Disable} {
		d.Leaving = append(d.Leaving, console.Option{Value: string(l), Label: leavingLabel(l)})
	}
	return d
}

func (w web) directoryNew(c *console.Context) error {
	return c.Render("directory-new", w.directoryForm(c))
}

func (w web) directoryConnect(c *console.Context) error {
	until, err := c.Time("until")
	if err != nil {
		return c.Invalid("directory-new", w.directoryForm(c), err)
	}
	id, secret, err := w.s.Connect(c.Context(), c.Actor, identity.Directory{Name: c.Value("name"), Unit: c.Value("unit"), Leaving: identity.Leaving(c.Value("leaving")), Until: until})
	if fault.Is(err, fault.KindInvalid) {
		return c.Invalid("directory-new", w.directoryForm(c), err)
	}
	if err != nil {
		return err
	}
	return w.showDirectory(c, id, secret)
}

type directoryPage struct {
	identity.Directory
	Facts  []console.Fact
	List   []identity.Group
	Secret string // of a token just made
	URL    string
	SCIM   bool
	Runs   *console.Table
	Stop   *identity.Run // waits for a decision
	Out    int           // whom that would lock out, with those of shortly before
	Of     int
	Steps  *console.Table
}

func (w web) showDirectory(c *console.Context, id, secret string) error {
	d, err := w.s.Directory(c.Context(), c.Actor, id)
	if err != nil {
		return err
	}
	p := directoryPage{Directory: d, Secret: secret, URL: w.s.PublicURL() + scim.Prefix, SCIM: d.System == identity.SCIM}
	if p.List, err = w.s.Groups(c.Context(), c.Actor, id); err != nil {
		return err
	}
	p.Facts = []console.Fact{
		{Label: text.M("State"), Value: directoryState(c, d)},
		{Label: text.M("Speaks§directory"), Value: console.Say(systemLabel(d.System))},
		{Label: text.M("Brings people to"), Value: console.Text(c.UnitLabel(d.Unit))},
		{Label: text.M("When it withdraws somebody"), Value: console.Say(leavingLabel(d.Leaving))},
		{Label: text.M("People§directory"), Value: console.Num(d.People)},
		{Label: text.M("Last heard§directory"), Value: console.Ago(d.Seen)},
	}
	if !p.SCIM {
		p.Facts = append(p.Facts, console.Fact{Label: text.M("Learns of changes§directory"), Value: w.directoryNews(d)})
		if err := w.addRuns(c, &p); err != nil {
			return err
		}
	}
	if p.SCIM {
		p.Facts = append(p.Facts, console.Fact{Label: text.M("Token is valid until"), Value: console.When(d.Until)})
	}
	c.Title(text.Literal(d.Name))
	c.Crumb(text.M("Identity and MFA"), "/identity")
	c.Crumb(text.M("Directories"), "/identity/directories")
	if secret != "" {
		c.W.Header().Set("Cache-Control", "no-store")
	}
	return c.Render("directory", p)
}

func (w web) directory(c *console.Context) error { return w.showDirectory(c, c.Path("id"), "") }

func (w web) directoryToken(c *console.Context) error {
	until, err := c.Time("until")
	if err != nil {
		return err
	}
	secret, err := w.s.RenewDirectory(c.Context(), c.Actor, c.Path("id"), until)
	if err != nil {
		return err
	}
	return w.showDirectory(c, c.Path("id"), secret)
}

func (w web) directoryEnd(c *console.Context) error {
	if err := w.s.EndDirectory(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The directory brings people no longer."))
	return c.Redirect(directoryHref(c.Path("id")))
}

func (w web) directoryClaim(c *console.Context) error {
	if err := w.s.Claim(c.Context(), c.Actor, c.Value("group"), c.Value("claim")); err != nil {
		return err
	}
	c.Flash(text.M("What applications are told of the group is saved."))
	return c.Redirect(directoryHref(c.Path("id")))
}

var runStates = map[identity.RunState]struct {
	tone  console.Tone
	label text.Message
}{
	identity.RunApplied: {console.Good, text.M("Applied§run")}, identity.RunDry: {console.Info, text.M("Only compared")}, identity.RunFailed: {console.Bad, text.M("Failed§run")},
	identity.RunStopped: {console.Warn, text.M("Stopped by the guard")}, identity.RunApproved: {console.Good, text.M("Approved§run")}, identity.RunDiscarded: {console.Plain, text.M("Discarded§run")},
}

// addRuns adds what became of the last comparisons with a directory that is asked.
func (w web) addRuns(c *console.Context, p *directoryPage) error {
	runs, err := w.s.Runs(c.Context(), c.Actor, p.ID)
	if err != nil {
		return err
	}
	p.Runs = console.NewTable(text.M("Last runs"), text.M("When§run"), text.M("State"), text.M("Come§run"), text.M("Change§run"), text.M("Disabled§directory"), text.M("Leave§run"), text.M("Not taken§run"))
	p.Runs.Empty = console.Empty{Title: text.M("The directory was not asked yet")}
	for i, r := range runs {
		state := runStates[r.State]
		cell := console.Chip(state.tone, state.label)
		if r.Report.Error != "" {
			cell = console.Stack(cell, console.Text(r.Report.Error))
		}
		p.Runs.Row(console.When(r.At), cell, console.Num(r.Report.Added), console.Num(r.Report.Changed), console.Num(r.Report.Disabled), console.Num(r.Report.Left), console.Num(r.Report.WrongAll))
		if r.State == identity.RunStopped && p.Stop == nil {
			p.Stop = &runs[i]
			p.Out, p.Of = r.Counted()
		}
	}
	show := p.Stop
	if show == nil && len(runs) > 0 {
		show = &runs[0]
	}
	if show == nil {
		return nil
	}
	p.Steps = console.NewTable(text.M("What it does§run"), text.M("What happens§run"), text.M("Name"), text.M("Person"))
	for _, s := range show.Report.Steps {
		p.Steps.Row(console.Say(s.Label()), console.Text(s.Name), console.Code(s.Person))
	}
	for _, x := range show.Report.Wrong {
		p.Steps.Row(console.Say(text.M("Not taken§run")), console.Text(x), console.Text(""))
	}
	p.Steps.Empty = console.Empty{Title: text.M("Nothing was different")}
	return nil
}

// directoryDecide decides on a run that the guard stopped. What is approved is
// applied at once, by asking the directory again.
func (w web) directoryDecide(c *console.Context) error {
	approve := c.Value("decision") == "approve"
	directory, err := w.s.Decide(c.Context(), c.Actor, c.Value("run"), approve)
	if err != nil {
		return err
	}
	c.Flash(text.M("Your decision is saved."))
	if approve {
		run, err := w.s.Sync(c.Context(), directory, false)
		switch {
		case err != nil && fault.KindOf(err) != fault.KindInternal:
			c.Warn(fault.MessageOf(err))
		case err != nil:
			c.Warn(text.M("The directory does not answer now; the next run applies it."))
		case run.State == identity.RunStopped:
			c.Warn(text.M("Others would leave now than you have approved: look at it again."))
		}
	}
	return c.Redirect(directoryHref(directory))
}
