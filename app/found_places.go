package app

import (
	"context"
	"fmt"
	"time"

	"yagura/app/demo"
	"yagura/area/identity"
	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// places declares networks, devices and policies of the made-up group, sends
// people on trips, and has them sign in for two weeks.
func (f *founding) places(ctx context.Context, _ demo.History) error {
	f.clock.Set(f.now.AddDate(0, -10, 0))
	for _, b := range demo.Blocks() {
		if err := f.a.Identity.AddNetwork(ctx, player, b.Prefix, identity.Network{Name: f.say(b.Name),
			Network: policy.Network{Kind: policy.Kind(b.Kind), Unit: b.Unit, Country: b.Country}}); err != nil {
			return fmt.Errorf("network %s: %w", b.Prefix, err)
		}
	}
	laptops := demo.Laptops(f.seed)
	ids := make([]string, len(laptops))
	if err := f.at(ctx, f.now.AddDate(0, -3, 0), func(tx *store.Tx) (err error) {
		for i, l := range laptops {
			e := identity.Equipment{Asset: l.Asset, Name: l.Name, Person: l.Person}
			if l.Seen {
				e.Agent = l.Agent
			}
			if ids[i], err = f.a.Identity.SeedDevice(tx, player, e); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := f.journeys(ctx); err != nil {
		return err
	}
	if err := f.asked(ctx); err != nil {
		return err
	}
	return f.visits(ctx, laptops, ids)
}

func (f *founding) actor(ctx context.Context, person string) (a authz.Actor, err error) {
	err = f.a.DB.View(ctx, func(tx *store.Tx) error { a, err = f.a.Dir.ActorOf(tx, person); return err })
	return a, err
}

func (f *founding) journeys(ctx context.Context) error {
	for _, j := range demo.Journeys() {
		by, err := f.actor(ctx, j.Person)
		if err != nil {
			return err
		}
		f.clock.Set(f.now.Add(-j.Asked))
		minute := f.now.Truncate(time.Hour)
		trip, err := f.a.Identity.AskTrip(ctx, by, identity.Trip{Countries: j.Countries, From: minute.Add(j.From), To: minute.Add(j.To), Purpose: f.say(j.Purpose)})
		if err != nil {
			return err
		}
		if j.Approver == "" {
			continue
		}
		if by, err = f.actor(ctx, j.Approver); err != nil {
			return err
		}
		f.clock.Set(f.now.Add(-j.Asked + 3*time.Hour))
		if err := f.a.Identity.DecideTrip(ctx, by, trip.ID, true, ""); err != nil {
			return err
		}
	}
	return nil
}

// asked is what the group asks of those who sign in, and a draft for a part.
func (f *founding) asked(ctx context.Context) error {
	draft := func(at time.Time, person, unit, said string, why demo.Text) (string, error) {
		by, err := f.actor(ctx, person)
		if err != nil {
			return "", err
		}
		f.clock.Set(at)
		return f.a.Identity.DraftPolicy(ctx, by, unit, said, f.say(why))
	}
	version, err := draft(f.now.AddDate(0, -2, 0), demo.SystemAdmin, demo.Root, demo.GroupPolicy, demo.Text{En: "What the committee on sign-in decided", Ja: "認証委員会の決定事項"})
	if err != nil {
		return err
	}
	head, err := f.actor(ctx, demo.HeadOfIt)
	if err != nil {
		return err
	}
	f.clock.Set(f.now.AddDate(0, -2, 1))
	if err := f.a.Identity.ApprovePolicy(ctx, head, version); err != nil {
		return err
	}
	_, err = draft(f.now.Add(-26*time.Hour), demo.CsirtLead, "electric", demo.ElectricPolicy, demo.Text{En: "The intrusion of last month came from a private computer", Ja: "先月の侵入は私物PCが起点でした"})
	return err
}

func (f *founding) visits(ctx context.Context, laptops []demo.Laptop, ids []string) error {
	clients := map[string]identity.Client{}
	for _, a := range demo.Applications() {
		c, err := f.a.Identity.FindClient(ctx, a.ID)
		if err != nil {
			return err
		}
		clients[a.ID] = c
	}
	visits := demo.Visits(f.seed, f.now)
	for len(visits) > 0 { // those of a moment at once
		n := 1
		for n < len(visits) && visits[n].At.Equal(visits[0].At) {
			n++
		}
		f.clock.Set(visits[0].At)
		if err := f.a.DB.Operate(ctx, func(tx *store.Tx) error { return f.visited(tx, visits[:n], laptops, ids, clients) }); err != nil {
			return err
		}
		visits = visits[n:]
	}
	return nil
}

func (f *founding) visited(tx *store.Tx, visits []demo.Visit, laptops []demo.Laptop, ids []string, clients map[string]identity.Client) error {
	methods := map[string]identity.Proof{
		"aal1": {Method: "link", Methods: []string{"otp"}}, "aal2": {Method: "totp", Methods: []string{"otp", "mfa"}},
		"phr": {Method: "passkey", Methods: []string{"pop", "user", "mfa", "swk"}}, "phrh": {Method: "passkey", Methods: []string{"pop", "user", "mfa", "hwk"}},
	}
	for _, v := range visits {
		proof := methods[v.Level]
		proof.Level = identity.Level(v.Level)
		from := identity.Device{Network: v.Address, Agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1"}
		if v.Laptop >= 0 {
			from.ID, from.Agent = ids[v.Laptop], laptops[v.Laptop].Agent
		}
		if err := f.a.Identity.SeedSignIn(tx, player, v.Person, proof, from); err != nil {
			return err
		}
		for _, app := range v.Opens {
			if err := f.a.Identity.SeedEntry(tx, player, v.Person, proof, from, clients[app]); err != nil {
				return err
			}
		}
	}
	return nil
}
