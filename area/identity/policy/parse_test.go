package policy_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"yagura/area/identity/policy"
	"yagura/kernel/text"
)

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	_, mistakes := policy.Parse([]byte(`unit: works-eu
paswords: no
totp: maybe
session: 2m
countries: [JP, jp, [DE]]
places:
  home: {managed: aal9, unmanged: phr}
  abroad: {managed: phr}
  moon: {managed: phr}
  office: {managed: {level: aal2, length: 3h}}
  trip: phr
applications:
  critical: {level: phr, places: [office, abroad], managed: 1}
  secret: phr
totp: yes
`))
	var got []string
	for _, m := range mistakes {
		got = append(got, m.In(text.EN))
		if m.In(text.JA) == m.In(text.EN) && !strings.Contains(m.In(text.EN), "%") {
			t.Errorf("no Japanese: %s", m.In(text.EN))
		}
	}
	want := `2:1: paswords: There is no such setting; there are unit, passwords, totp, session, countries, places, applications
3:7: totp: yes or no is expected here
4:10: session: A time from 5m to 30d is expected here, such as 12h
5:17: countries: A country has two capital letters as in ISO 3166, such as JP or DE
5:21: countries: One word is expected here
7:19: places.home.managed: A level is expected here: aal1, aal2, phr, phrh
7:25: places.home.unmanged: There is no such kind of device; there are managed, unmanaged
8:3: places.abroad: Elsewhere abroad nobody is let in: people register a trip
9:3: places.moon: There is no such place; there are office, vpn, ot, home, trip, unknown
10:35: places.office.managed.length: There is no such setting; there are level, session
11:9: places.trip: Settings by name are expected here
13:43: applications.critical.places: There is no such place; there are office, vpn, ot, home, trip, unknown
13:61: applications.critical.managed: yes or no is expected here
14:3: applications.secret: There is no such class; there are normal, sensitive, critical
15:1: totp: This is said twice, first in line 3`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("mistakes:\n%s\nwant:\n%s", s, want)
	}
	for _, s := range []string{"a: [", "- a", "x: &a 1\ny: *a", "{}\n---\n{}", "<<: {totp: yes}", strings.Repeat("#", policy.MaxText+1)} {
		if _, mistakes := policy.Parse([]byte(s)); len(mistakes) == 0 {
			t.Errorf("%.20q has no mistake", s)
		}
	}
	for _, s := range []string{"", "# nothing", "~", "{}"} {
		if p, mistakes := policy.Parse([]byte(s)); len(mistakes) > 0 || !reflect.DeepEqual(p.Under(policy.Default()), policy.Default()) {
			t.Errorf("%q says something: %v", s, mistakes)
		}
	}
}

// TestReplay judges past sign-ins by a draft and counts what it would do.
func TestReplay(t *testing.T) {
	q := func(place policy.Place, level policy.Level, ago time.Duration) policy.Question {
		q := at(place)
		q.Level, q.At = level, noon.Add(-ago)
		return q
	}
	past := []policy.Past{
		{ID: "1", Person: "keller", Unit: "eu", Question: q(policy.Office, policy.SingleFactor, 0), Allowed: true},
		{ID: "2", Person: "keller", Unit: "eu", Question: q(policy.Office, policy.SingleFactor, time.Minute), Allowed: true},
		{ID: "3", Person: "ruiz", Unit: "us", Question: q(policy.Unknown, policy.HardwareBound, 2*time.Minute), Allowed: true},
		{ID: "4", Person: "ruiz", Unit: "us", Question: q(policy.Abroad, policy.HardwareBound, 3*time.Minute), Reason: policy.Elsewhere},
		{ID: "5", Person: "ruiz", Unit: "us", Question: q(policy.Home, policy.PhishingResistant, 4*time.Minute), Reason: policy.BadDevice},
		{ID: "6", Person: "sato", Unit: "jp", Question: q(policy.Home, policy.PhishingResistant, 5*time.Minute), Allowed: true},
	}
	rules := read(t, strict).Under(policy.Default())
	o := policy.Replay(past, func(string) policy.Rules { return rules }, 2)
	if o.SignIns != 6 || o.Effects[policy.Stronger] != (policy.Count{SignIns: 2, People: 1}) || o.Effects[policy.Shuts] != (policy.Count{SignIns: 1, People: 1}) ||
		o.Effects[policy.Opens] != (policy.Count{SignIns: 1, People: 1}) {
		t.Errorf("%+v", o)
	}
	if len(o.Units) != 2 || o.Units[0].Unit != "eu" || o.Units[0].SignIns != 2 || len(o.Rows) != 2 || o.Rows[0].Past.ID != "1" || o.More != 2 {
		t.Errorf("%+v", o)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(strict)
	f.Add("places: {home: {managed: aal2, unmanaged: refuse}}\n")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, s string) {
		p, mistakes := policy.Parse([]byte(s))
		lines := strings.Count(s, "\n") + strings.Count(s, "\r") + strings.Count(s, "\u0085") + strings.Count(s, "\u2028") + strings.Count(s, "\u2029") + 2
		for _, m := range mistakes {
			if m.Line < 1 || m.Line > lines || m.Column < 1 || m.In(text.JA) == "" {
				t.Errorf("%+v of %q", m, s)
			}
		}
		if len(mistakes) > 0 {
			return
		}
		r := p.Under(policy.Default())
		for _, place := range policy.Places {
			for _, device := range policy.Devices {
				if c := r.Cells[place][device]; !c.Level.Known() {
					t.Errorf("%s %s asks for %q", place, device, c.Level)
				}
			}
		}
		q := at(policy.Abroad)
		q.Level = policy.HardwareBound
		if d := r.Decide(q); d.Allowed && d.Place == policy.Abroad {
			t.Errorf("%q lets in from anywhere: %+v", s, d)
		}
	})
}

func FuzzNetwork(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8", "::ffff:10.0.0.0/104", "2001:db8::1", "::/0"} {
		f.Add(s, "10.1.2.3")
	}
	f.Fuzz(func(t *testing.T, s, address string) {
		a, ok := policy.ParseAddress(address)
		if ok && (a.Zone() != "" || a.Is4In6()) {
			t.Errorf("%q is read as %s", address, a)
		}
		p, err := policy.ParseNetwork(s)
		if err != nil {
			return
		}
		if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() || p.Bits() < 8 {
			t.Errorf("%q is read as %s", s, p)
		}
		if again, err := policy.ParseNetwork(p.String()); err != nil || again != p {
			t.Errorf("%s is not read again: %v", p, err)
		}
		n := policy.NewNetworks(policy.Network{ID: "x", Prefix: p}).Of(a)
		if ok && (n != nil) != p.Contains(a) {
			t.Errorf("%s in %s: %v", a, p, n)
		}
	})
}
