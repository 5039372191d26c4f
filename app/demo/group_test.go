package demo

import (
	"regexp"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"yagura/kernel/authz"
)

func TestGroupHoldsTogether(t *testing.T) {
	units, seen := Units(), map[string]Unit{}
	codes, nets := map[string]string{}, map[int]string{}
	for _, u := range units {
		if !authz.ValidID(u.ID) {
			t.Errorf("unit %q is not a valid id", u.ID)
		}
		if _, twice := seen[u.ID]; twice {
			t.Errorf("unit %s twice", u.ID)
		}
		if u.Parent == "" && u.ID != Root {
			t.Errorf("%s has no owner", u.ID)
		}
		if _, known := seen[u.Parent]; u.Parent != "" && !known {
			t.Errorf("%s: its owner %s does not come before it", u.ID, u.Parent)
		}
		if u.Name.En == "" || !japanese(u.Name.Ja) {
			t.Errorf("%s: names %+v", u.ID, u.Name)
		}
		if u.Kind != KindRegion && (u.Country == "" || u.Calendar == "") {
			t.Errorf("%s: country or calendar missing", u.ID)
		}
		if _, err := time.LoadLocation(u.Zone); err != nil {
			t.Errorf("%s: %v", u.ID, err)
		}
		if u.Code != "" {
			if other := codes[u.Code]; other != "" {
				t.Errorf("%s and %s share code %s", u.ID, other, u.Code)
			}
			if other := nets[u.Net]; other != "" {
				t.Errorf("%s and %s share net %d", u.ID, other, u.Net)
			}
			codes[u.Code], nets[u.Net] = u.ID, u.ID
			if u.hasMachines() && u.Net+100 > 255 {
				t.Errorf("%s: net of machines %d", u.ID, u.Net+100)
			}
		}
		seen[u.ID] = u
	}
	for _, u := range units {
		if u.ID == "world" {
			continue
		}
		r, ok := seen[u.Region]
		if !ok || r.Kind != KindRegion {
			t.Errorf("%s: region %q", u.ID, u.Region)
		}
	}
	if n := len(units); n < 38 || n > 50 {
		t.Errorf("%d units, about 40 are wanted", n)
	}
}

func japanese(s string) bool {
	for _, r := range s {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) {
			return utf8.ValidString(s)
		}
	}
	return s == "PSIRT"
}

func TestPeopleAndTeams(t *testing.T) {
	people := map[string]Person{}
	mail := regexp.MustCompile(`^[a-z.]+@kirishio\.example$`)
	for _, p := range People() {
		if _, twice := people[p.ID]; twice {
			t.Errorf("%s twice", p.ID)
		}
		people[p.ID] = p
		if !mail.MatchString(p.Mail) || !japanese(p.Name.Ja) || p.Office.En == "" || !japanese(p.Office.Ja) {
			t.Errorf("%s: %+v", p.ID, p)
		}
		if _, err := time.LoadLocation(p.Zone); err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
		if _, ok := Find(p.Unit); !ok {
			t.Errorf("%s: unit %s", p.ID, p.Unit)
		}
		if len(p.Grants) == 0 {
			t.Errorf("%s holds no role", p.ID)
		}
	}
	for _, p := range people {
		for _, g := range p.Grants {
			u, ok := Find(g.Unit)
			if !ok {
				t.Errorf("%s: grant on %s", p.ID, g.Unit)
			}
			if g.Tree == authz.Geography && u.Kind != KindRegion {
				t.Errorf("%s: geographic grant on %s, which is no region", p.ID, g.Unit)
			}
			if _, known := people[g.Approver]; !known || (g.Approver == p.ID && g.Role != authz.Employee) {
				t.Errorf("%s: role %s approved by %q", p.ID, g.Role, g.Approver)
			}
		}
	}
	if n := len(Personas()); n < 12 {
		t.Errorf("%d personas, 12 are promised", n)
	}
	for _, tm := range Teams() {
		if _, ok := Find(tm.Unit); !ok {
			t.Errorf("team %s: unit %s", tm.ID, tm.Unit)
		}
		for _, m := range append(append([]string{tm.Lead}, tm.Members...), tm.Rota...) {
			if _, ok := people[m]; !ok {
				t.Errorf("team %s: no person %s", tm.ID, m)
			}
		}
		if len(tm.Rota) == 0 || tm.Days <= 0 {
			t.Errorf("team %s has no rota", tm.ID)
		}
	}
}

func TestSources(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Sources() {
		if seen[s.ID] {
			t.Errorf("source %s twice", s.ID)
		}
		seen[s.ID] = true
		if _, ok := Find(s.Unit); !ok {
			t.Errorf("source %s: unit %s", s.ID, s.Unit)
		}
		if s.SilentAfter <= 0 || !japanese(s.Name.Ja) {
			t.Errorf("source %+v", s)
		}
	}
}
