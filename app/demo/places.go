package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Block is a network that the group has declared.
type Block struct {
	Prefix  string
	Name    Text
	Kind    string // office, vpn, ot or guest
	Unit    string
	Country string
}

// Blocks returns the networks of sites with computers, machines of plants, the
// way in from outside, and networks for guests.
func Blocks() []Block {
	var out []Block
	for _, u := range Units() {
		if u.Net == 0 {
			continue
		}
		out = append(out, Block{fmt.Sprintf("10.%d.0.0/16", u.Net), u.Name, "office", u.ID, u.Country})
		if u.Kind == KindPlant {
			out = append(out, Block{fmt.Sprintf("10.%d.0.0/16", u.Net+100), Text{"Machines of " + u.Name.En, u.Name.Ja + " 設備"}, "ot", u.ID, u.Country})
		}
	}
	return append(out,
		Block{"10.21.200.0/21", Text{"Remote access", "リモートアクセス"}, "vpn", "datacenter", ""},
		Block{"172.28.20.0/22", Text{"Guests, Yokohama", "来客用(横浜)"}, "guest", "head-office", "JP"},
		Block{"172.28.32.0/24", Text{"Guests, Rayong", "来客用(ラヨーン)"}, "guest", "automation-thailand", "TH"},
		Block{"172.28.40.0/24", Text{"Guests, Düsseldorf", "来客用(デュッセルドルフ)"}, "guest", "office-europe", "DE"})
}

// Laptop is a managed device.
type Laptop struct {
	Asset, Name, Person string
	Agent               string
	Seen                bool // a browser of it is known
}

// Laptops returns a device of most of the people that appear.
func Laptops(seed uint64) []Laptop {
	const edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0"
	r := source(seed, 0x1ab70)
	var out []Laptop
	add := func(person string) {
		model := []string{"ThinkPad X1", "Let's note SR", "Latitude 7460"}[r.IntN(3)]
		out = append(out, Laptop{fmt.Sprintf("KC-%05d", 20000+len(out)*17), model, person, edge, r.IntN(8) > 0})
	}
	for _, p := range Personas() {
		add(p.ID)
	}
	for _, e := range Staff(seed) {
		if r.IntN(3) == 0 && len(out) < 90 {
			add(e.ID)
		}
	}
	return out
}

// Journey is a business trip. Without an approver it waits.
type Journey struct {
	Person    string
	Countries []string
	Asked     time.Duration // before the start of the demo
	From, To  time.Duration // from the start of the demo
	Purpose   Text
	Approver  string
}

// Journeys returns trips that are over, under way and asked for.
func Journeys() []Journey {
	const day = 24 * time.Hour
	return []Journey{
		{HandlerEurope, []string{"CZ"}, 20 * day, -12 * day, -9 * day, Text{"Audit of the Brno plant", "ブルノ工場の監査"}, HeadOfIt},
		{OTEngineer, []string{"TH"}, 6 * day, -2 * day, 3 * day, Text{"Line 4 in Rayong starts up", "ラヨーン工場第4ラインの立ち上げ"}, HeadOfIt},
		{HandlerJapan, []string{"DE", "NL"}, 5 * time.Hour, 6 * day, 11 * day, Text{"Exercise with the CSIRT in Europe", "欧州CSIRTとの合同演習"}, ""},
	}
}

// The policies of the demo: one in force for the group, and a draft.
const (
	GroupPolicy = `# The whole group. What a unit does not say holds as here.
totp: yes
places:
  vpn: {managed: aal2, unmanaged: refuse}
  ot: {managed: phr, unmanaged: refuse}
  trip: {managed: phr, unmanaged: refuse}
applications:
  sensitive: aal2
  critical: {level: phr, places: [office, vpn, home, unknown]}
`
	ElectricPolicy = `# Electric Systems: no private computers, and no password alone.
places:
  office: {managed: aal2, unmanaged: refuse}
  home: {managed: aal2, unmanaged: refuse}
`
)

// Visit is a sign-in of the past.
type Visit struct {
	At      time.Time
	Person  string
	Level   string // aal1, aal2, phr, phrh
	Address string
	Laptop  int      // which of Laptops; -1: a device that nobody manages
	Opens   []string // applications
}

// Visits returns the sign-ins of two weeks before the start of the demo, oldest
// first, of those who have a laptop.
func Visits(seed uint64, now time.Time) []Visit {
	r, opens := source(seed, 0x51919), source(seed, 0x0bea5)
	laptops := Laptops(seed)
	home := map[string]Unit{}
	for _, u := range Units() {
		home[u.ID] = u
	}
	unit := map[string]Unit{}
	for _, p := range People() {
		unit[p.ID] = home[p.Unit]
	}
	for _, e := range Staff(seed) {
		unit[e.ID] = home[e.Unit]
	}
	var out []Visit
	for day := 14; day >= 1; day-- {
		date := now.AddDate(0, 0, -day)
		if wd := date.Weekday(); wd == time.Saturday || wd == time.Sunday {
			continue
		}
		for i, l := range laptops {
			if r.IntN(10) < 4 {
				continue
			}
			v := Visit{At: date.Add(time.Duration(i%4-13) * time.Hour), Person: l.Person, Level: []string{"aal1", "aal2", "phr", "phr", "phr", "phrh"}[r.IntN(6)], Laptop: i}
			v.Address = visitedFrom(r, unit[l.Person])
			if l.Person == OTEngineer && day <= 2 {
				v.Address, v.Level = "172.28.32.17", "phrh"
			}
			if !l.Seen || r.IntN(9) == 0 {
				v.Laptop = -1
			}
			v.Opens = Opened(opens)
			out = append(out, v)
		}
		if day == 3 { // somebody who went without a trip
			out = append(out, Visit{date.Add(time.Hour), CsirtLead, "phr", "172.28.32.40", -1, nil})
		}
	}
	slices.SortStableFunc(out, func(a, b Visit) int { return a.At.Compare(b.At) })
	return out
}

func visitedFrom(r *rand.Rand, u Unit) string {
	switch n := r.IntN(10); {
	case n < 6 && u.Net > 0:
		return office(u, r.IntN(60))
	case n < 6:
		return fmt.Sprintf("10.20.9.%d", 20+r.IntN(200))
	case n < 8:
		return fmt.Sprintf("10.21.203.%d", 10+r.IntN(200))
	case n < 9 && u.Country == "JP":
		return fmt.Sprintf("172.28.21.%d", 10+r.IntN(200))
	}
	return fmt.Sprintf("192.0.2.%d", 10+r.IntN(200))
}
