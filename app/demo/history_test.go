package demo

import (
	"reflect"
	"testing"
	"time"

	"yagura/area/detect/rules"
)

var testNow = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func TestIncidentsOfTheYear(t *testing.T) {
	h := NewHistory(1, testNow)
	all := h.Incidents()
	if !reflect.DeepEqual(all, NewHistory(1, testNow).Incidents()) {
		t.Fatal("the same seed gave two histories")
	}
	if reflect.DeepEqual(all, NewHistory(2, testNow).Incidents()) {
		t.Fatal("two seeds gave the same history")
	}
	people, teams := map[string]bool{}, map[string]bool{}
	for _, p := range People() {
		people[p.ID] = true
	}
	for _, tm := range Teams() {
		teams[tm.ID] = true
	}
	slugs, open, halves := map[string]bool{}, 0, [2]int{}
	var contained [2]time.Duration
	var counted [2]int
	for _, i := range all {
		if slugs[i.Slug] {
			t.Errorf("%s twice", i.Slug)
		}
		slugs[i.Slug] = true
		if _, ok := Find(i.Unit); !ok || !teams[i.Team] || !people[i.Handler] {
			t.Errorf("%s: unit %q, team %q, handler %q", i.Slug, i.Unit, i.Team, i.Handler)
		}
		if (i.Reporter == "") == (i.Rule == "") {
			t.Errorf("%s: reporter %q and rule %q, exactly one is wanted", i.Slug, i.Reporter, i.Rule)
		}
		if _, ok := rules.BySlug(i.Rule); i.Rule != "" && !ok {
			t.Errorf("%s: no rule %s", i.Slug, i.Rule)
		}
		if !japanese(i.Title.Ja) || i.Title.En == "" {
			t.Errorf("%s: title %+v", i.Slug, i.Title)
		}
		last := i.Occurred
		for _, s := range append(append([]string{}, States...), Dismissed) {
			at, ok := i.Times[s]
			if !ok {
				continue
			}
			if !at.After(last) || at.After(testNow) {
				t.Errorf("%s: %s at %v after %v", i.Slug, s, at, last)
			}
			last = at
		}
		if _, ok := i.Times[i.State]; !ok {
			t.Errorf("%s: no time for its state %s", i.Slug, i.State)
		}
		for _, n := range i.Notes {
			if !people[n.By] || n.At.After(testNow) || !japanese(n.Text.Ja) {
				t.Errorf("%s: note %+v", i.Slug, n)
			}
		}
		if i.Open() {
			open++
			continue
		}
		half := 0
		if i.Occurred.After(testNow.Add(-year / 2)) {
			half = 1
		}
		halves[half]++
		if c, ok := i.Times["contained"]; ok {
			contained[half] += c.Sub(i.Occurred)
			counted[half]++
		}
	}
	if len(all)-open != pastIncidents || open != 3 {
		t.Errorf("%d past and %d open incidents", len(all)-open, open)
	}
	if halves[1] >= halves[0] {
		t.Errorf("incidents by half year %v: they should grow fewer", halves)
	}
	first, second := contained[0]/time.Duration(counted[0]), contained[1]/time.Duration(counted[1])
	if second >= first {
		t.Errorf("contained after %v, then %v: it should grow faster", first, second)
	}
	t.Logf("incidents by half year %v, contained after %v and %v on average", halves, first.Round(time.Minute), second.Round(time.Minute))
}

func TestAlertDays(t *testing.T) {
	days := NewHistory(1, testNow).Days()
	if len(days) != 365 {
		t.Fatalf("%d days", len(days))
	}
	sum := func(from, to int) (n int) {
		for _, d := range days[from:to] {
			n += d.Total()
		}
		return n / (to - from)
	}
	early, late := sum(0, 30), sum(335, 365)
	t.Logf("alerts a day: %d a year ago, %d in the last 30 days", early, late)
	if late < 24 || late > 36 || early <= late {
		t.Errorf("alerts a day fell from %d to %d; about 30 is wanted now", early, late)
	}
}

func TestAlertsMatchTheirDays(t *testing.T) {
	h := NewHistory(1, testNow)
	want := 0
	for _, d := range h.Days()[335:] {
		want += d.Total()
	}
	plants, slugs := map[string]bool{}, map[string]string{}
	for _, s := range newCast(1).sites {
		plants[s.unit.ID] = len(s.machines) > 0
	}
	all, _ := rules.Pack()
	for _, r := range all {
		slugs[r.ID] = r.Slug
	}
	n, last := 0, time.Time{}
	for a := range h.Alerts(30) {
		n++
		if aboutPlants(slugs[a.Rule]) && !plants[a.Unit] {
			t.Errorf("%s at %s, where there are no machines", slugs[a.Rule], a.Unit)
		}
		if a.First.Before(last) || a.Last.Before(a.First) || a.Decided.Before(a.Last) && !a.Decided.Equal(testNow) {
			t.Fatalf("times of alert %+v", a)
		}
		last = a.First
		if a.Rule == "" || a.Unit == "" || (a.State == "dismissed") == (a.Reason.Ja == "") {
			t.Fatalf("alert %+v", a)
		}
	}
	if n != want {
		t.Errorf("%d alerts, the days say %d", n, want)
	}
}

func TestDesk(t *testing.T) {
	h := NewHistory(1, testNow)
	incidents := map[string]bool{"": true}
	for _, i := range h.Incidents() {
		incidents[i.Slug] = incidents[i.Slug] || i.Open()
	}
	for _, task := range h.Tasks() {
		if !incidents[task.Incident] {
			t.Errorf("task %q: no open incident %s", task.Title.En, task.Incident)
		}
		if _, ok := Find(task.Unit); !ok {
			t.Errorf("task %q: unit %s", task.Title.En, task.Unit)
		}
	}
	sources := map[string]bool{}
	for _, s := range Sources() {
		sources[s.ID] = true
	}
	for _, s := range h.Silent() {
		if !sources[s.Source] {
			t.Errorf("no source %s", s.Source)
		}
	}
	for _, e := range h.Exclusions() {
		if _, ok := rules.BySlug(e.Rule); !ok || e.Owner == e.Approver || !e.Ends.After(testNow) || e.Ends.Sub(e.Created) > 180*24*time.Hour {
			t.Errorf("exclusion %+v", e)
		}
	}
}
