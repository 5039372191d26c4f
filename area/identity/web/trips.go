package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/country"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// tripPages are the pages of business trips.
func (w web) tripPages() []console.Page {
	trips := text.M("Business trips")
	return []console.Page{
		{Method: "GET", Path: "/trips", Title: trips, Handle: w.myTrips},
		{Method: "GET", Path: "/trips/decide", Title: trips, Handle: w.tripsToDecide},
		{Method: "GET", Path: "/trips/all", Act: identity.ReadTrips, Title: trips, Handle: w.allTrips},
		{Method: "GET", Path: "/trips/new", Title: text.M("Register a business trip"), Handle: w.newTrip},
		{Method: "POST", Path: "/trips/new", Title: text.M("Register a business trip"), Handle: w.askTrip},
		{Method: "GET", Path: "/trips/{id}", Title: trips, Handle: w.trip},
		{Method: "POST", Path: "/trips/{id}/decide", Title: trips, Handle: w.decisive("/trips/decide", w.decideTrip)},
		{Method: "POST", Path: "/trips/{id}/cancel", Title: trips, Handle: w.cancelTrip},
	}
}

func tripHref(id string) string { return "/trips/" + url.PathEscape(id) }

// tripState is what a trip is now.
func tripState(t identity.Trip, now time.Time) (console.Tone, text.Message) {
	switch {
	case t.State == identity.TripRefused:
		return console.Bad, text.M("Refused§trip")
	case t.State == identity.TripCancelled:
		return console.Plain, text.M("Cancelled§trip")
	case t.Waiting(now):
		return console.Warn, text.M("Waits for approval")
	case t.Running(now):
		return console.Good, text.M("Under way§trip")
	case t.Ahead(now):
		return console.Info, text.M("Approved§trip")
	}
	return console.Plain, text.M("Over§trip")
}

// codes are the countries of a trip for a file.
func codes(r identity.TripRow) any { return strings.Join(r.Countries, ", ") }

// tripList is the list of trips; with people where they are not one's own.
func tripList(people bool) console.List[identity.TripRow] {
	l := console.List[identity.TripRow]{
		Name: "trips", Caption: text.M("Business trips"), Sort: "-from",
		Filters: []console.Filter{{Name: "state", Label: text.M("State"), Options: []console.Option{
			{Value: "waiting", Label: text.M("Waits for approval")}, {Value: "running", Label: text.M("Under way§trip")},
			{Value: "ahead", Label: text.M("Approved§trip")}, {Value: "over", Label: text.M("Over§trip")}}}},
		At: func(r identity.TripRow, sort string) keyset.Position {
			switch sort {
			case "to":
				return keyset.At(store.Millis(r.To), r.ID)
			case "asked":
				return keyset.At(store.Millis(r.Asked), r.ID)
			}
			return keyset.At(store.Millis(r.From), r.ID)
		},
		Empty: console.Empty{Title: text.M("No business trip"), Body: text.M("Signing in from abroad works during a trip that was registered and approved, from its countries alone."),
			Action: text.M("Register a business trip"), Href: "/trips/new"},
	}
	if people {
		l.Filters = append([]console.Filter{{Name: "q", Label: text.M("Search")}}, append(l.Filters, console.Filter{Name: "country", Label: text.M("Country§trip"), Choices: countryOptions})...)
		l.Columns = []console.Column[identity.TripRow]{
			{Key: "person", Head: text.M("Person"), Cell: func(c *console.Context, r identity.TripRow) console.Cell {
				return console.Stack(console.Strong(tripHref(r.ID), r.Traveller.Label(c.Lang)), console.Text(c.UnitLabel(r.Unit)))
			}, Value: func(r identity.TripRow) any { return r.Person }},
			{Key: "countries", Head: text.M("Countries§trip"), Cell: func(_ *console.Context, r identity.TripRow) console.Cell {
				return console.Say(country.List(r.Countries))
			},
				Value: codes},
		}
	} else {
		l.Columns = []console.Column[identity.TripRow]{
			{Key: "countries", Head: text.M("Countries§trip"), Cell: func(c *console.Context, r identity.TripRow) console.Cell {
				return console.Strong(tripHref(r.ID), country.Names(r.Countries, c.Lang))
			}, Value: codes},
		}
	}
	l.Columns = append(l.Columns,
		console.Column[identity.TripRow]{Key: "state", Head: text.M("State"), Cell: func(c *console.Context, r identity.TripRow) console.Cell {
			return console.Chip(tripState(r.Trip, c.Now))
		}, Value: func(r identity.TripRow) any { return string(r.State) }},
		console.Column[identity.TripRow]{Key: "from", Head: text.M("From§trip"), Sort: true, Value: func(r identity.TripRow) any { return r.From }},
		console.Column[identity.TripRow]{Key: "to", Head: text.M("Until§trip"), Sort: true, Value: func(r identity.TripRow) any { return r.To }},
		console.Column[identity.TripRow]{Key: "device", Head: text.M("Device§trip"), Cell: func(_ *console.Context, r identity.TripRow) console.Cell { return deviceCell(r.On) },
			Value: func(r identity.TripRow) any { return r.On.Label() }},
		console.Column[identity.TripRow]{Key: "asked", Head: text.M("Asked on§trip"), Sort: true,
			Cell:  func(_ *console.Context, r identity.TripRow) console.Cell { return console.Ago(r.Asked) },
			Value: func(r identity.TripRow) any { return r.Asked }},
	)
	return l
}

func deviceCell(e identity.Equipment) console.Cell {
	if e.ID == "" {
		return console.Say(text.M("Any§device"))
	}
	return console.Text(e.Label())
}

// countryOptions are all countries, in the order of their names.
func countryOptions(c *console.Context) (opts []console.Option) {
	for _, code := range country.Codes() {
		opts = append(opts, console.Option{Value: code, Label: country.Of(code)})
	}
	slices.SortFunc(opts, func(a, b console.Option) int { return strings.Compare(c.Say(a.Label), c.Say(b.Label)) })
	return opts
}

type tripsExtra struct {
	Tabs []console.Tab
	All  bool
}

func (w web) tripTabs(c *console.Context, here string) []console.Tab {
	waiting, err := w.tripCount(c)
	if err != nil {
		waiting = 0
	}
	tabs := []console.Tab{{Label: text.M("My trips"), Href: "/trips", Current: here == "mine"},
		{Label: text.M("To approve§trip"), Href: "/trips/decide", Current: here == "decide", Count: waiting}}
	if c.Actor.CanAnywhere(identity.ReadTrips) {
		tabs = append(tabs, console.Tab{Label: text.M("All trips"), Href: "/trips/all", Current: here == "all"})
	}
	return tabs
}

func (w web) myTrips(c *console.Context) error {
	return tripList(false).Serve(c, "trips", func(q console.Query) ([]identity.TripRow, int, error) {
		return w.s.Trips(c.Context(), c.Actor, c.Scope(identity.ReadTrips), identity.TripFilter{Person: c.Actor.Person, State: q.Get("state"), Page: q.Page})
	}, tripsExtra{Tabs: w.tripTabs(c, "mine")})
}

func (w web) allTrips(c *console.Context) error {
	return tripList(true).Serve(c, "trips", func(q console.Query) ([]identity.TripRow, int, error) {
		return w.s.Trips(c.Context(), c.Actor, c.Scope(identity.ReadTrips), identity.TripFilter{Text: q.Get("q"), State: q.Get("state"), Country: q.Get("country"), Page: q.Page})
	}, tripsExtra{w.tripTabs(c, "all"), true})
}

type decidePage struct {
	Tabs    []console.Tab
	Trips   []tripCard
	Nothing console.Empty
}

type tripCard struct {
	identity.TripRow
	Title string
}

func (w web) tripsToDecide(c *console.Context) error {
	list, err := w.s.TripsToDecide(c.Context(), c.Actor, 100)
	if err != nil {
		return err
	}
	d := decidePage{Tabs: w.tripTabs(c, "decide"), Nothing: console.Empty{Title: text.M("No trip waits for you"), Body: text.M("Trips of people whose unit you head come here.")}}
	for _, r := range list {
		d.Trips = append(d.Trips, tripCard{r, c.T("%s to %s", r.Traveller.Label(c.Lang), country.List(r.Countries))})
	}
	return c.Render("trips_decide", d)
}

type tripForm struct {
	Trip    identity.Trip
	Where   string
	Devices []console.Option
	Example string
	Longest int
}

func (w web) tripForm(c *console.Context, t identity.Trip, where string) (tripForm, error) {
	f := tripForm{Trip: t, Where: where, Example: country.Names([]string{"VN", "TH"}, c.Lang), Devices: []console.Option{{Value: "", Label: text.M("Any§device")}}, Longest: int(identity.LongestTrip.Hours() / 24)}
	devices, err := w.s.DevicesOf(c.Context(), c.Actor, c.Actor.Person)
	for _, e := range devices {
		label := text.Literal(e.Label())
		if e.Managed {
			label = text.M("%s (managed)", e.Label())
		}
		f.Devices = append(f.Devices, console.Option{Value: e.ID, Label: label})
	}
	return f, err
}

func (w web) newTrip(c *console.Context) error {
	c.Crumb(text.M("Business trips"), "/trips")
	f, err := w.tripForm(c, identity.Trip{}, "")
	if err != nil {
		return err
	}
	return c.Render("trip_new", f)
}

func (w web) askTrip(c *console.Context) error {
	c.Crumb(text.M("Business trips"), "/trips")
	where := c.Value("countries")
	t := identity.Trip{Device: c.Value("device"), Purpose: c.Value("purpose")}
	var wrong []fault.Field
	var err error
	if t.Countries, err = identity.ReadCountries(where); err != nil {
		wrong = append(wrong, fault.FieldsOf(err)...)
	}
	for name, at := range map[string]*time.Time{"from": &t.From, "to": &t.To} {
		if *at, err = c.Time(name); err != nil {
			wrong = append(wrong, fault.FieldsOf(err)...)
		}
	}
	slices.SortFunc(wrong, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
	err = fault.Invalid(wrong...)
	if len(wrong) == 0 {
		t, err = w.s.AskTrip(c.Context(), c.Actor, t)
	}
	if err != nil {
		f, formErr := w.tripForm(c, t, where)
		if formErr != nil {
			return formErr
		}
		return c.Invalid("trip_new", f, err)
	}
	c.Flash(text.M("The trip is registered. It counts once it is approved; you are told."))
	return c.Redirect(tripHref(t.ID))
}

type tripPage struct {
	Trip   identity.TripRow
	Facts  []console.Fact
	Cancel bool
	Decide bool
}

func (w web) trip(c *console.Context) error {
	r, err := w.s.TripOf(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	c.Title(text.M("Trip of %s to %s", r.Traveller.Label(c.Lang), country.List(r.Countries)))
	c.Crumb(text.M("Business trips"), "/trips")
	tone, state := tripState(r.Trip, c.Now)
	d := tripPage{Trip: r, Cancel: r.Ahead(c.Now) && (r.Mine || r.Person == c.Actor.Person), Decide: r.Mine && r.Waiting(c.Now)}
	d.Facts = []console.Fact{
		{Label: text.M("State"), Value: console.Chip(tone, state)},
		{Label: text.M("Person"), Value: console.Text(r.Traveller.Label(c.Lang))},
		{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(r.Unit))},
		{Label: text.M("Countries§trip"), Value: console.Stack(console.Say(country.List(r.Countries)), console.Text(strings.Join(r.Countries, ", ")))},
		{Label: text.M("From§trip"), Value: console.When(r.From)},
		{Label: text.M("Until§trip"), Value: console.When(r.To)},
		{Label: text.M("Device§trip"), Value: deviceCell(r.On)},
		{Label: text.M("Purpose§trip"), Value: console.Text(r.Purpose)},
		{Label: text.M("Asked on§trip"), Value: console.When(r.Asked)},
	}
	if !r.Decided.IsZero() {
		d.Facts = append(d.Facts, console.Fact{Label: text.M("Decided§trip"), Value: console.When(r.Decided)},
			console.Fact{Label: text.M("Decided by§trip"), Value: console.Text(r.Decider.Label(c.Lang))})
	}
	if r.Note != "" {
		d.Facts = append(d.Facts, console.Fact{Label: text.M("Note§trip"), Value: console.Text(r.Note)})
	}
	if !r.Cut.IsZero() {
		d.Facts = append(d.Facts, console.Fact{Label: text.M("Ended early"), Value: console.When(r.Cut)})
	}
	return c.Render("trip", d)
}

func (w web) decideTrip(c *console.Context) error {
	approve := c.Value("verdict") == "approve"
	if err := w.s.DecideTrip(c.Context(), c.Actor, c.Path("id"), approve, c.Value("note")); err != nil {
		return err
	}
	if approve {
		c.Flash(text.M("The trip is approved."))
	} else {
		c.Flash(text.M("The trip is refused."))
	}
	return c.Redirect("/trips/decide")
}

func (w web) cancelTrip(c *console.Context) error {
	r, err := w.s.TripOf(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	if r.Person != c.Actor.Person {
		return w.decisive(tripHref(r.ID), w.dropTrip)(c)
	}
	return w.dropTrip(c)
}

func (w web) dropTrip(c *console.Context) error {
	if err := w.s.CancelTrip(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The trip is cancelled, and sessions on it have ended."))
	return c.Redirect(tripHref(c.Path("id")))
}

func (w web) tripCount(c *console.Context) (int, error) {
	list, err := w.s.TripsToDecide(c.Context(), c.Actor, 100)
	return len(list), err
}

// tripWork are the trips that wait for the person's decision.
func (w web) tripWork(c *console.Context, limit int) ([]console.WorkItem, error) {
	list, err := w.s.TripsToDecide(c.Context(), c.Actor, limit)
	var items []console.WorkItem
	for _, r := range list {
		items = append(items, console.WorkItem{Kind: text.M("Business trip to approve"), Title: c.T("%s to %s", r.Traveller.Label(c.Lang), country.List(r.Countries)),
			Href: tripHref(r.ID), Unit: c.UnitLabel(r.Unit), Why: text.M("You answer for this person"), Due: r.From, Since: r.Asked})
	}
	return items, err
}
