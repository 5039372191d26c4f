package web

import (
	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/country"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// ownDevice is a device of the reader's own.
type ownDevice struct {
	identity.Equipment
	Chip console.Cell
	Mine bool // he may have it forgotten
}

// mine are the reader's latest trips and the devices he signs in on.
func (w web) mine(c *console.Context) (*console.Table, []ownDevice, error) {
	list, _, err := w.s.Trips(c.Context(), c.Actor, c.Actor.Scope(identity.ReadTrips), identity.TripFilter{Person: c.Actor.Person, Page: keyset.Page{Sort: "from", Desc: true, Limit: 5}})
	if err != nil {
		return nil, nil, err
	}
	trips := console.NewTable(text.M("Business trips"), text.M("Countries§trip"), text.M("State"), text.M("From§trip"), text.M("Until§trip"))
	trips.Empty = console.Empty{Title: text.M("No business trip"), Body: text.M("Signing in from abroad works during a trip that was registered and approved, from its countries alone.")}
	for _, t := range list {
		trips.Row(console.Strong(tripHref(t.ID), country.Names(t.Countries, c.Lang)), console.Chip(tripState(t.Trip, c.Now)), console.When(t.From), console.When(t.To))
	}
	devices, err := w.s.DevicesOf(c.Context(), c.Actor, c.Actor.Person)
	own := make([]ownDevice, len(devices))
	for i, e := range devices {
		own[i] = ownDevice{e, managedChip(e), e.Forgettable(c.Actor.Person)}
	}
	return trips, own, err
}

func (w web) forgetDevice(c *console.Context) error {
	if err := w.s.ForgetDevice(c.Context(), c.Actor, c.Value("id")); err != nil {
		return err
	}
	c.Flash(text.M("The device is forgotten, and your sessions on it have ended."))
	return c.Redirect("/settings#devices")
}
