package policy_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"yagura/area/identity/policy"
)

const strict = `
totp: yes
session: 12h
places:
  office: {managed: aal1, unmanaged: aal2}
  vpn: {managed: aal2, unmanaged: refuse}
  ot: {managed: phr, unmanaged: refuse}
  home: {managed: aal2, unmanaged: {level: phr, session: 4h}}
  trip: {managed: phr, unmanaged: phrh}
  unknown: {managed: phrh, unmanaged: refuse}
applications:
  sensitive: aal2
  critical: {level: phr, places: [office, vpn, home], managed: yes}
`

func read(t testing.TB, s string) policy.Policy {
	t.Helper()
	p, mistakes := policy.Parse([]byte(s))
	for _, m := range mistakes {
		t.Fatal(m)
	}
	return p
}

var (
	noon   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	office = &policy.Network{Kind: policy.OfficeNetwork}
	trip   = policy.Trip{ID: "t", Countries: []string{"VN", "TH"}, From: noon.Add(-time.Hour), To: noon.Add(time.Hour)}
)

// at is a question asked from a place.
func at(place policy.Place) policy.Question {
	q := policy.Question{At: noon, Home: "JP", Country: "JP", Trips: []policy.Trip{trip}}
	switch place {
	case policy.Office:
		q.Network = office
	case policy.VPN:
		q.Network = &policy.Network{Kind: policy.VPNNetwork}
	case policy.OT:
		q.Network = &policy.Network{Kind: policy.OTNetwork}
	case policy.OnTrip:
		q.Country = "VN"
	case policy.Unknown:
		q.Country = ""
	case policy.Abroad:
		q.Country = "RO"
	}
	return q
}

// TestEveryCell asks each place, device, level and class of applications, and
// has each answer written down: "+" allowed, "l" a stronger factor is needed,
// "d" the device, "p" the place, "a" abroad.
func TestEveryCell(t *testing.T) {
	want := map[string]string{
		//                 normal: aal1 aal2 phr phrh, sensitive, critical
		"office managed":    "++++ l+++ ll++",
		"office unmanaged":  "l+++ l+++ dddd",
		"vpn managed":       "l+++ l+++ ll++",
		"vpn unmanaged":     "dddd dddd dddd",
		"ot managed":        "ll++ ll++ pppp",
		"ot unmanaged":      "dddd dddd dddd",
		"home managed":      "l+++ l+++ ll++",
		"home unmanaged":    "ll++ ll++ dddd",
		"trip managed":      "ll++ ll++ pppp",
		"trip unmanaged":    "lll+ lll+ pppp",
		"unknown managed":   "lll+ lll+ pppp",
		"unknown unmanaged": "dddd dddd dddd",
		"abroad managed":    "aaaa aaaa aaaa",
		"abroad unmanaged":  "aaaa aaaa aaaa",
	}
	marks := map[policy.Reason]string{"": "+", policy.Weak: "l", policy.BadDevice: "d", policy.BadPlace: "p", policy.Elsewhere: "a"}
	rules := read(t, strict).Under(policy.Default())
	asked := 0
	for _, place := range append(policy.Places, policy.Abroad) {
		for _, device := range policy.Devices {
			var got []string
			for _, class := range policy.Classes {
				row := ""
				for _, level := range policy.Levels {
					q := at(place)
					q.Managed, q.Level, q.Class = device == policy.Managed, level, class
					d := rules.Decide(q)
					if d.Place != place || d.Allowed != (d.Reason == "") {
						t.Errorf("%s %s %s %s: %+v", place, device, class, level, d)
					}
					row += marks[d.Reason]
					asked++
				}
				got = append(got, row)
			}
			name := fmt.Sprintf("%s %s", place, device)
			if s := strings.Join(got, " "); s != want[name] {
				t.Errorf("%s: %s, want %s", name, s, want[name])
			}
		}
	}
	if asked != 7*2*3*4 {
		t.Errorf("%d cells", asked)
	}
}

// TestTheDefaultLocksNobodyOut asks as on a fresh installation: no network, no
// country, no device, and the one-time link of a newcomer.
func TestTheDefaultLocksNobodyOut(t *testing.T) {
	for _, home := range []string{"", "JP"} {
		d := policy.Default().Decide(policy.Question{At: noon, Home: home, Level: policy.SingleFactor})
		if !d.Allowed || d.Place != policy.Unknown {
			t.Errorf("home %q: %+v", home, d)
		}
	}
	if d := policy.Default().Decide(policy.Question{At: noon, Country: "RO", Level: policy.SingleFactor}); !d.Allowed || d.Place != policy.Unknown {
		t.Errorf("nobody knows where home is: %+v", d)
	}
	if d := policy.Default().Decide(policy.Question{At: noon, Country: "RO", Home: "JP", Level: policy.HardwareBound}); d.Allowed {
		t.Errorf("abroad without a trip: %+v", d)
	}
}

func TestOrderOfDecision(t *testing.T) {
	rules := read(t, strict).Under(policy.Default())
	ask := func(change func(*policy.Question)) policy.Decision {
		q := at(policy.Abroad)
		q.Level = policy.HardwareBound
		change(&q)
		return rules.Decide(q)
	}
	for name, c := range map[string]struct {
		change func(*policy.Question)
		place  policy.Place
		reason policy.Reason
	}{
		"contained before break-glass": {func(q *policy.Question) { q.Contained, q.BreakGlass = true, true }, policy.Abroad, policy.Contained},
		"contained in the office":      {func(q *policy.Question) { q.Contained, q.Network = true, office }, policy.Office, policy.Contained},
		"break-glass before place":     {func(q *policy.Question) { q.BreakGlass, q.Level = true, policy.SingleFactor }, policy.Abroad, ""},
		"office before country":        {func(q *policy.Question) { q.Network, q.Managed = office, true }, policy.Office, ""},
		"home before trip":             {func(q *policy.Question) { q.Country, q.Home, q.Managed = "VN", "VN", true }, policy.Home, ""},
		"guest network: its country":   {func(q *policy.Question) { q.Network = &policy.Network{Kind: policy.GuestNetwork, Country: "JP"} }, policy.Home, ""},
		"guest network abroad":         {func(q *policy.Question) { q.Network = &policy.Network{Kind: policy.GuestNetwork, Country: "US"} }, policy.Abroad, policy.Elsewhere},
		"a password":                   {func(q *policy.Question) { q.Network, q.Password = office, true }, policy.Office, policy.Password},
		"a code":                       {func(q *policy.Question) { q.Network, q.TOTP = office, true }, policy.Office, ""},
	} {
		if d := ask(c.change); d.Place != c.place || d.Reason != c.reason || d.Allowed != (c.reason == "") {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if d := ask(func(q *policy.Question) { q.Country = "JP" }); d.Session != 4*time.Hour {
		t.Errorf("the session of the cell: %+v", d)
	}
	if d := ask(func(q *policy.Question) { q.Network = office }); d.Session != 12*time.Hour {
		t.Errorf("the session of all: %+v", d)
	}
}

// TestATripHoldsToTheMinute moves the clock over its edges.
func TestATripHoldsToTheMinute(t *testing.T) {
	rules := read(t, strict).Under(policy.Default())
	one := policy.Trip{ID: "t", Countries: []string{"VN"}, From: noon, To: noon.Add(48 * time.Hour), Device: "laptop"}
	for _, c := range []struct {
		at              time.Duration
		country, device string
		want            policy.Reason
	}{
		{-time.Minute, "VN", "laptop", policy.TripEarly},
		{0, "VN", "laptop", ""},
		{48*time.Hour - time.Minute, "VN", "laptop", ""},
		{48 * time.Hour, "VN", "laptop", policy.TripOver},
		{time.Hour, "TH", "laptop", policy.Elsewhere},
		{time.Hour, "VN", "phone", policy.TripOther},
		{time.Hour, "VN", "", policy.TripOther},
	} {
		d := rules.Decide(policy.Question{At: noon.Add(c.at), Home: "JP", Country: c.country, Device: c.device, Managed: true, Level: policy.PhishingResistant, Trips: []policy.Trip{one}})
		if d.Reason != c.want || c.want == "" && (d.Trip != "t" || !d.Until.Equal(one.To) || d.Place != policy.OnTrip) {
			t.Errorf("%v from %s with %q: %+v, want %q", c.at, c.country, c.device, d, c.want)
		}
	}
	later := one
	later.ID, later.To = "later", one.To.Add(time.Hour)
	if d := rules.Decide(policy.Question{At: noon, Home: "JP", Country: "VN", Device: "laptop", Managed: true, Level: policy.PhishingResistant, Trips: []policy.Trip{one, later, one}}); d.Trip != "later" {
		t.Errorf("of two trips the one that ends later holds: %+v", d)
	}
}

// TestUnitsInherit lays policies over each other along the path of a unit.
func TestUnitsInherit(t *testing.T) {
	said := map[string]policy.Policy{
		"group":  read(t, "places: {home: {managed: aal2, unmanaged: phr}}\ncountries: [JP, TW]\nsession: 12h"),
		"motors": read(t, "places: {home: {unmanaged: refuse}}\napplications: {critical: {places: [office]}}"),
		"plant":  read(t, "places: {home: {unmanaged: {session: 2h}}}\ncountries: []"),
		"other":  read(t, "places: {home: {managed: phrh}}"),
	}
	cell := func(r policy.Rules, d policy.Device) policy.Cell { return r.Cells[policy.Home][d] }
	group, motors, plant := policy.For([]string{"group"}, said), policy.For([]string{"group", "motors"}, said), policy.For([]string{"group", "motors", "line", "plant"}, said)
	if c := cell(group, policy.Unmanaged); c.Refused || c.Level != policy.PhishingResistant {
		t.Errorf("group: %+v", c)
	}
	if c := cell(motors, policy.Unmanaged); !c.Refused || cell(motors, policy.Managed).Level != policy.TwoFactors || motors.Session != 12*time.Hour || len(motors.Countries) != 2 {
		t.Errorf("motors: %+v", motors)
	}
	if c := cell(plant, policy.Unmanaged); !c.Refused || c.Session != 2*time.Hour || len(plant.Countries) != 0 || len(plant.Applications[policy.Critical].Places) != 1 {
		t.Errorf("plant: %+v", plant)
	}
	if got := strings.Join(policy.Weaker(motors, group), " "); got != "home/unmanaged critical" {
		t.Errorf("weaker: %s", got)
	}
	if got := policy.Weaker(group, motors); len(got) != 0 {
		t.Errorf("weaker: %s", got)
	}
	if got := strings.Join(policy.Weaker(policy.Default(), group), " "); got != "countries" {
		t.Errorf("weaker: %s", got)
	}
	if d := policy.Default(); len(policy.Weaker(d, d)) != 0 || cell(d, policy.Unmanaged).Level != policy.SingleFactor {
		t.Error("laying a policy over the default changed it")
	}
}

func TestNetworksOverlap(t *testing.T) {
	var list []policy.Network
	for id, s := range map[string]string{"all": "10.0.0.0/8", "plant": "10.1.0.0/16", "line": "10.1.2.0/24", "host": "10.1.2.3", "six": "2001:db8::/32", "lan": "2001:db8:1::/48", "mapped": "::ffff:192.0.2.0/120"} {
		p, err := policy.ParseNetwork(s)
		if err != nil {
			t.Fatal(s, err)
		}
		list = append(list, policy.Network{ID: id, Prefix: p})
	}
	nets := policy.NewNetworks(list...)
	for address, want := range map[string]string{
		"10.9.9.9": "all", "10.1.9.9": "plant", "10.1.2.9": "line", "10.1.2.3": "host", "::ffff:10.1.2.3": "host", "::ffff:a01:209": "line",
		"2001:db8:1::5": "lan", "2001:db8:2::5": "six", "2001:db9::1": "", "192.0.2.7": "mapped", "11.0.0.1": "", "fe80::1%eth0": "",
	} {
		a, ok := policy.ParseAddress(address)
		n, id := nets.Of(a), ""
		if n != nil {
			id = n.ID
		}
		if !ok || id != want {
			t.Errorf("%s is in %q, want %q", address, id, want)
		}
	}
	if n := nets.Of(netip.Addr{}); n != nil {
		t.Error("no address is in a network")
	}
	for _, s := range []string{"", "10.1.2.3/16", "0.0.0.0/0", "10.0.0.0/7", "::/0", "::ffff:0.0.0.0/90", "2001:db8::1%eth0", "10.1.2", "a", "::ffff:10.0.0.0/100"} {
		if p, err := policy.ParseNetwork(s); err == nil {
			t.Errorf("%q is taken as %s", s, p)
		}
	}
	if got := len(nets.Touching(netip.MustParsePrefix("10.1.2.0/24"))); got != 4 {
		t.Errorf("10.1.2.0/24 touches %d", got)
	}
}
