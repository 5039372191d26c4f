package web

import (
	"io"
	"net/url"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/country"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// devicePages are the pages of devices.
func (w web) devicePages() []console.Page {
	devices := text.M("Devices§identity")
	return []console.Page{
		{Method: "GET", Path: "/identity/devices", Act: identity.ReadFactors, Title: devices, Handle: w.devices},
		{Method: "GET", Path: "/identity/devices/import", Act: identity.ManageDevices, Title: text.M("Import managed devices"), Handle: w.importForm},
		{Method: "POST", Path: "/identity/devices/import", Act: identity.ManageDevices, Title: text.M("Import managed devices"), MaxBody: largestList, Handle: w.importDevices},
		{Method: "GET", Path: "/identity/devices/{id}", Act: identity.ReadFactors, Title: text.M("Device§identity"), Handle: w.equipment},
		{Method: "POST", Path: "/identity/devices/{id}/vouch", Act: identity.ManageDevices, Title: devices, Handle: w.manageDevice},
		{Method: "POST", Path: "/identity/devices/{id}/bind", Act: identity.ManageDevices, Title: devices, Handle: w.bindDevice},
		{Method: "POST", Path: "/identity/devices/{id}/remove", Act: identity.ManageDevices, Title: devices, Handle: w.removeDevice},
	}
}

const largestList = 2 << 20

func deviceHref(id string) string { return "/identity/devices/" + url.PathEscape(id) }

func managedChip(e identity.Equipment) console.Cell {
	switch {
	case e.Managed && !e.Bound():
		return console.Chip(console.Warn, text.M("Managed, not seen yet"))
	case e.Managed:
		return console.Chip(console.Good, text.M("Managed§device"))
	}
	return console.Chip(console.Plain, text.M("Not managed§device"))
}

var deviceList = console.List[identity.DeviceRow]{
	Name: "devices", Caption: text.M("Devices§identity"), Sort: "-seen",
	Columns: []console.Column[identity.DeviceRow]{
		{Key: "name", Head: text.M("Device§identity"), Cell: func(_ *console.Context, d identity.DeviceRow) console.Cell {
			return console.Stack(console.Strong(deviceHref(d.ID), d.Label()), console.Text(d.Asset))
		}, Value: func(d identity.DeviceRow) any { return d.Label() }},
		{Key: "asset", Head: text.M("Inventory number"), ExportOnly: true, Value: func(d identity.DeviceRow) any { return d.Asset }},
		{Key: "managed", Head: text.M("Management§device"), Cell: func(_ *console.Context, d identity.DeviceRow) console.Cell { return managedChip(d.Equipment) },
			Value: func(d identity.DeviceRow) any { return d.Managed }},
		{Key: "person", Head: text.M("Belongs to"), Cell: func(c *console.Context, d identity.DeviceRow) console.Cell {
			if d.Person == "" {
				return console.Say(text.M("Shared§device"))
			}
			return console.Link("/identity/people/"+url.PathEscape(d.Person), d.Owner.Label(c.Lang))
		}, Value: func(d identity.DeviceRow) any { return d.Person }},
		{Key: "unit", Head: text.M("Unit"), Cell: func(c *console.Context, d identity.DeviceRow) console.Cell { return console.Text(c.UnitLabel(d.Unit)) },
			Value: func(d identity.DeviceRow) any { return d.Unit }},
		{Key: "seen", Head: text.M("Last seen"), Sort: true, Cell: func(_ *console.Context, d identity.DeviceRow) console.Cell { return console.Ago(d.Seen) },
			Value: func(d identity.DeviceRow) any { return d.Seen }},
		{Key: "added", Head: text.M("Added"), Sort: true, Value: func(d identity.DeviceRow) any { return d.Added }},
	},
	Filters: []console.Filter{{Name: "q", Label: text.M("Search")}, {Name: "kind", Label: text.M("Management§device"), Options: []console.Option{
		{Value: "managed", Label: text.M("Managed§device")}, {Value: "waiting", Label: text.M("Managed, not seen yet")}, {Value: "unmanaged", Label: text.M("Not managed§device")}}}},
	At: func(d identity.DeviceRow, sort string) keyset.Position {
		if sort == "added" {
			return keyset.At(store.Millis(d.Added), d.ID)
		}
		return keyset.At(store.Millis(d.Seen), d.ID)
	},
	Empty: console.Empty{Title: text.M("No device is known"), Body: text.M("Browsers are remembered when somebody signs in. Import the inventory to say which devices the group manages."),
		Action: text.M("Import managed devices"), Href: "/identity/devices/import"},
}

// belongings are a person's devices and, for who may read them, his trips.
func (w web) belongings(c *console.Context, person string) (devices, trips *console.Table, err error) {
	list, err := w.s.DevicesOf(c.Context(), c.Actor, person)
	if err != nil {
		return nil, nil, err
	}
	devices = console.NewTable(text.M("Devices§identity"), text.M("Device§identity"), text.M("Management§device"), text.M("Last seen"))
	devices.Empty = console.Empty{Title: text.M("No device is known")}
	for _, e := range list {
		name := console.Text(e.Label())
		if c.Actor.Can(identity.ReadFactors, e.Unit) || e.Unit == "" && c.Actor.CanAnywhere(identity.ReadFactors) {
			name = console.Strong(deviceHref(e.ID), e.Label())
		}
		devices.Row(name, managedChip(e), console.Ago(e.Seen))
	}
	all, _, err := w.s.Trips(c.Context(), c.Actor, c.Actor.Scope(identity.ReadTrips), identity.TripFilter{Person: person, Page: keyset.Page{Sort: "from", Desc: true, Limit: 20}})
	if err != nil || len(all) == 0 {
		return devices, nil, err
	}
	trips = console.NewTable(text.M("Business trips"), text.M("Countries§trip"), text.M("State"), text.M("From§trip"), text.M("Until§trip"))
	for _, t := range all {
		trips.Row(console.Strong(tripHref(t.ID), country.Names(t.Countries, c.Lang)), console.Chip(tripState(t.Trip, c.Now)), console.When(t.From), console.When(t.To))
	}
	return devices, trips, nil
}

func (w web) devices(c *console.Context) error {
	return deviceList.Serve(c, "devices", func(q console.Query) ([]identity.DeviceRow, int, error) {
		return w.s.Devices(c.Context(), c.Scope(identity.ReadFactors), identity.DeviceFilter{Text: q.Get("q"), Kind: q.Get("kind"), Page: q.Page})
	}, w.tabs(c, "/identity/devices"))
}

type importPage struct {
	Wrong *console.Table
	Most  int
}

func (w web) importForm(c *console.Context) error {
	c.Crumb(text.M("Devices§identity"), "/identity/devices")
	return c.Render("device_import", importPage{Most: identity.MostDevices})
}

func (w web) importDevices(c *console.Context) error {
	c.Crumb(text.M("Devices§identity"), "/identity/devices")
	d := importPage{Most: identity.MostDevices}
	file, _, err := c.File("list")
	if err != nil {
		return err
	}
	if file == nil {
		return c.Invalid("device_import", d, fault.Invalid(fault.F("list", "Choose a file")))
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, largestList))
	if err != nil {
		return err
	}
	n, wrong, err := w.s.ImportDevices(c.Context(), c.Actor, raw)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		d.Wrong = console.NewTable(text.M("What is wrong with the list"), text.M("Line§file"), text.M("What is wrong"))
		for _, bad := range wrong {
			d.Wrong.Row(console.Num(bad.Line), console.Say(bad.Message))
		}
		return c.Invalid("device_import", d, fault.Invalid(fault.F("list", "Nothing was taken in: %d lines are wrong", len(wrong))))
	}
	c.Flash(text.M("%s devices are managed now.", c.Num(int64(n))))
	return c.Redirect("/identity/devices")
}

type devicePage struct {
	Device identity.DeviceDetail
	Facts  []console.Fact
	Users  *console.Table
	Assets []console.Option
	Manage bool
}

func (w web) equipment(c *console.Context) error {
	d, err := w.s.Device(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	c.Title(text.Literal(d.Label()))
	c.Crumb(text.M("Devices§identity"), "/identity/devices")
	owner := console.Say(text.M("Shared§device"))
	if d.Person != "" {
		owner = console.Link("/identity/people/"+url.PathEscape(d.Person), d.Owner.Label(c.Lang))
	}
	p := devicePage{Device: d, Manage: c.Actor.Can(identity.ManageDevices, d.Unit)}
	p.Facts = []console.Fact{
		{Label: text.M("Management§device"), Value: managedChip(d.Equipment)},
		{Label: text.M("Inventory number"), Value: console.Code(d.Asset)},
		{Label: text.M("Belongs to"), Value: owner},
		{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(d.Unit))},
		{Label: text.M("Browser"), Value: console.Text(identity.Device{Agent: d.Agent}.Label())},
		{Label: text.M("Added"), Value: console.When(d.Added)},
		{Label: text.M("Last seen"), Value: console.Ago(d.Seen)},
	}
	p.Users = console.NewTable(text.M("Who has signed in on it"), text.M("Person"), text.M("Unit"))
	p.Users.Empty = console.Empty{Title: text.M("Nobody yet"), Body: text.M("A browser on it is recognised once somebody signs in and it is bound to this entry.")}
	for _, u := range d.Users {
		p.Users.Row(console.Strong("/identity/people/"+url.PathEscape(u.ID), u.Label(c.Lang)), console.Text(c.UnitLabel(u.Unit)))
	}
	for _, e := range d.Waiting {
		p.Assets = append(p.Assets, console.Option{Value: e.ID, Label: text.Literal(e.Asset + " " + e.Name)})
	}
	return c.Render("equipment", p)
}

func (w web) manageDevice(c *console.Context) error {
	managed := c.Value("managed") == "yes"
	if err := w.s.ManageDevice(c.Context(), c.Actor, c.Path("id"), managed); err != nil {
		return err
	}
	if managed {
		c.Flash(text.M("The device counts as managed from the next sign-in on."))
	} else {
		c.Flash(text.M("The device no longer counts as managed, and sessions on it have ended."))
	}
	return c.Redirect(deviceHref(c.Path("id")))
}

func (w web) bindDevice(c *console.Context) error {
	asset := c.Value("asset")
	if err := w.s.BindDevice(c.Context(), c.Actor, c.Path("id"), asset); err != nil {
		return err
	}
	c.Flash(text.M("The browser and the entry of the inventory are one device now."))
	return c.Redirect(deviceHref(asset))
}

func (w web) removeDevice(c *console.Context) error {
	if err := w.s.RemoveDevice(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The device is removed, and sessions on it have ended."))
	return c.Redirect("/identity/devices")
}
