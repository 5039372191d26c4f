// Package desk is what no single area owns: the overview, what waits for me,
// the search over everything, the ledger to read, and the state of the system.
// It collects what the areas hand to the shell.
package desk

import (
	"cmp"
	"context"
	"embed"
	"slices"
	"sync"
	"time"

	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed views/*.html
var views embed.FS

// ReadSystem is the act of looking at the state of the system.
const ReadSystem authz.Act = "system.read"

// Acts says who may look at the state of the system.
var Acts = authz.Table{ReadSystem: {authz.Admin, authz.Head}}

// Desk collects.
type Desk struct {
	DB      *store.DB
	Key     *ledger.Key
	Keys    string // folder of the keys, where the latest checkpoint lies
	Queue   *job.Queue
	Notify  *notify.Service
	Version string
	// Kept tells how much the event store keeps, by class.
	Kept func(context.Context) ([]Kept, error)
	// Areas are known once the console is made of them.
	Areas func() []console.Area

	verifying sync.Mutex // the audit trail is checked as a whole
}

// Kept is how much is kept of events that are kept equally long.
type Kept struct {
	Class         string
	For           time.Duration
	Events, Bytes int64
	Oldest        time.Time
}

// Days is how long they are kept.
func (k Kept) Days() int { return int(k.For / (24 * time.Hour)) }

// Area is what the desk hands to the shell.
func (d *Desk) Area() console.Area {
	return console.Area{
		Name: "desk", Views: views,
		Nav: []console.NavItem{
			{Section: console.Start, Label: text.M("Overview"), Href: "/", Icon: "home", Order: 1, Jump: "h"},
			{Section: console.Start, Label: text.M("My work"), Href: "/work", Icon: "check", Order: 2, Jump: "w", Count: d.workCount},
			{Section: console.Assure, Label: text.M("Audit trail"), Href: "/ledger", Icon: "list", Act: ledger.Read, Order: 20, Jump: "l"},
			{Section: console.Administer, Label: text.M("System"), Href: "/system", Icon: "gear", Act: ReadSystem, Order: 10},
		},
		Pages: []console.Page{
			{Method: "GET", Path: "/{$}", Handle: d.overview},
			{Method: "GET", Path: "/work", Title: text.M("My work"), Handle: d.work},
			{Method: "GET", Path: "/search", Title: text.M("Search"), Handle: d.search},
			{Method: "GET", Path: "/inbox", Title: text.M("Messages"), Handle: d.inbox},
			{Method: "POST", Path: "/inbox/read", Handle: d.inboxRead},
			{Method: "GET", Path: "/inbox/settings", Title: text.M("How messages reach me"), Handle: d.inboxSettings},
			{Method: "POST", Path: "/inbox/settings", Title: text.M("How messages reach me"), Handle: d.inboxSave},
			{Method: "GET", Path: "/ledger", Act: ledger.Read, Title: text.M("Audit trail"), Handle: d.ledger},
			{Method: "GET", Path: "/ledger/{pos}", Act: ledger.Read, Handle: d.entry},
			{Method: "POST", Path: "/ledger/verify", Act: ReadSystem, Handle: d.verify},
			{Method: "GET", Path: "/system", Act: ReadSystem, Title: text.M("System"), Handle: d.system},
			{Method: "POST", Path: "/system/jobs/retry", Act: job.Manage, Handle: d.retry},
			{Method: "POST", Path: "/system/jobs/discard", Act: job.Manage, Handle: d.discard},
			{Method: "GET", Path: "/system/webhooks", Act: notify.ReadTargets, Title: text.M("Webhooks"), Handle: d.webhooks},
			{Method: "POST", Path: "/system/webhooks", Act: notify.ManageTargets, Title: text.M("Webhooks"), Handle: d.addWebhook},
			{Method: "POST", Path: "/system/webhooks/remove", Act: notify.ManageTargets, Handle: d.removeWebhook},
			{Method: "POST", Path: "/system/webhooks/test", Act: notify.ManageTargets, Handle: d.testWebhook},
		},
		API: d.api(),
	}
}

type overview struct {
	Figures []console.Figure
	Panels  []panel
	Clocks  []console.Clock
	Work    []console.WorkItem
	More    bool
	Posture *posture
	AsOf    time.Time
}

type panel struct {
	console.Panel
	Chart any
}

const (
	figuresShown = 4
	workShown    = 5
)

func (d *Desk) overview(c *console.Context) error {
	if c.Unit == "" && c.Actor.Scope(ledger.Read).All() {
		c.Title(text.M("Security, whole group"))
	} else if c.Unit == "" {
		c.Title(text.M("Security, my units"))
	} else {
		c.Title(text.M("Security, %s", c.UnitLabel(c.Unit)))
	}
	v := overview{AsOf: c.Now}
	var tiles []console.Tile
	var panels []console.Panel
	for _, a := range d.Areas() {
		tiles = append(tiles, a.Tiles...)
		panels = append(panels, a.Panels...)
	}
	slices.SortStableFunc(tiles, func(a, b console.Tile) int { return a.Order - b.Order })
	slices.SortStableFunc(panels, func(a, b console.Panel) int { return a.Order - b.Order })
	for _, t := range tiles {
		if len(v.Figures) == figuresShown || t.Act != "" && !c.Actor.CanAnywhere(t.Act) {
			continue
		}
		f, err := t.Figure(c)
		if err != nil {
			return err
		}
		v.Figures = append(v.Figures, f)
	}
	for _, p := range panels {
		if p.Act != "" && !c.Actor.CanAnywhere(p.Act) {
			continue
		}
		drawn, err := p.Draw(c)
		if err != nil {
			return err
		}
		v.Panels = append(v.Panels, panel{p, drawn})
	}
	var err error
	if v.Work, err = d.gather(c, workShown+1); err != nil {
		return err
	}
	if len(v.Work) > workShown {
		v.Work, v.More = v.Work[:workShown], true
	}
	if v.Clocks, err = d.clocks(c, 4); err != nil {
		return err
	}
	if v.Posture, err = d.posture(c); err != nil {
		return err
	}
	return c.Render("overview", v)
}

func (d *Desk) clocks(c *console.Context, limit int) ([]console.Clock, error) {
	var all []console.Clock
	for _, a := range d.Areas() {
		if a.Clocks == nil {
			continue
		}
		part, err := a.Clocks(c, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	slices.SortStableFunc(all, func(a, b console.Clock) int { return a.Due.Compare(b.Due) })
	return all[:min(limit, len(all))], nil
}

// gather collects what waits for the person from all areas, most urgent first.
func (d *Desk) gather(c *console.Context, limit int) ([]console.WorkItem, error) {
	var all []console.WorkItem
	for _, a := range d.Areas() {
		if a.Work == nil {
			continue
		}
		part, err := a.Work(c, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	grave := []console.Severity{console.Critical, console.High, console.Medium, console.Low}
	rank := func(s console.Severity) int {
		if i := slices.Index(grave, s); i >= 0 {
			return i
		}
		return len(grave)
	}
	slices.SortStableFunc(all, func(a, b console.WorkItem) int {
		late := func(w console.WorkItem) int {
			if !w.Due.IsZero() && w.Due.Before(c.Now) {
				return 0
			}
			return 1
		}
		due := func(w console.WorkItem) int64 {
			if w.Due.IsZero() {
				return 1 << 62
			}
			return w.Due.Unix()
		}
		return cmp.Or(late(a)-late(b), rank(a.Severity)-rank(b.Severity), cmp.Compare(due(a), due(b)), a.Since.Compare(b.Since))
	})
	return all[:min(limit, len(all))], nil
}

const workListed = 200

func (d *Desk) workCount(c *console.Context) (int, error) {
	w, err := d.gather(c, workListed)
	return len(w), err
}

func (d *Desk) work(c *console.Context) error {
	items, err := d.gather(c, workListed)
	if err != nil {
		return err
	}
	clocks, err := d.clocks(c, 20)
	if err != nil {
		return err
	}
	return c.Render("work", struct {
		Items  []console.WorkItem
		Clocks []console.Clock
	}{items, clocks})
}
