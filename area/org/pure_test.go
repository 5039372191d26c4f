package org

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAddWorkingDays(t *testing.T) {
	tokyo, berlin := zone(t, "Asia/Tokyo"), zone(t, "Europe/Berlin")
	jp := Calendar{Week: "1111100", Opens: 540, Closes: 1050, Zone: tokyo, Special: map[string]Special{
		"2026-05-04": {}, "2026-05-05": {}, "2026-05-06": {}, "2026-05-09": {Working: true}}}
	de := Calendar{Week: "1111100", Opens: 480, Closes: 960, Zone: berlin}
	for _, c := range []struct {
		cal  Calendar
		from string
		n    int
		want string
	}{
		{jp, "2026-05-01 10:00", 1, "2026-05-07 10:00"}, // Golden Week
		{jp, "2026-05-01 10:00", 3, "2026-05-09 10:00"}, // a Saturday that is worked
		{jp, "2026-05-01 10:00", 4, "2026-05-11 10:00"},
		{jp, "2026-05-07 10:00", -1, "2026-05-01 10:00"},
		{jp, "2026-05-03 10:00", 0, "2026-05-07 10:00"},
		{jp, "2026-05-01 23:30", 0, "2026-05-01 23:30"},
		{de, "2026-03-27 02:30", 1, "2026-03-30 02:30"}, // over the night in which clocks go forward
		{de, "2026-10-23 02:30", 1, "2026-10-26 02:30"}, // and back
		{de, "2026-12-31 12:00", 260, "2027-12-30 12:00"},
	} {
		from, err := time.ParseInLocation("2006-01-02 15:04", c.from, c.cal.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.cal.AddWorkingDays(from, c.n).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%s + %d: %s, want %s", c.from, c.n, got, c.want)
		}
	}
	// A calendar without a working day ends all the same.
	if got := (Calendar{Week: "0000000"}).AddWorkingDays(time.Unix(0, 0), 3); got.IsZero() {
		t.Error("no answer")
	}
}

func TestWorkingHours(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	de := Calendar{Week: "1111100", Opens: 8 * 60, Closes: 16 * 60, Zone: berlin, Special: map[string]Special{"2026-12-25": {}}}
	night := Calendar{Week: "1111111", Opens: 0, Closes: 24 * 60, Zone: berlin}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		cal      Calendar
		from, to string
		want     time.Duration
	}{
		{de, "2026-11-20 10:00", "2026-11-20 12:30", 150 * time.Minute},
		{de, "2026-11-20 15:00", "2026-11-23 09:00", 2 * time.Hour},
		{de, "2026-11-21 15:00", "2026-11-22 09:00", 0},
		{de, "2026-12-24 00:00", "2026-12-26 00:00", 8 * time.Hour},
		{de, "2026-11-20 12:00", "2026-11-20 11:00", 0},
		{night, "2026-03-29 00:00", "2026-03-30 00:00", 23 * time.Hour},
		{night, "2026-10-25 00:00", "2026-10-26 00:00", 25 * time.Hour},
	} {
		if got := c.cal.WorkingHours(at(c.from), at(c.to)); got != c.want {
			t.Errorf("%s to %s: %v, want %v", c.from, c.to, got, c.want)
		}
	}
	if got := de.AddWorkingHours(at("2026-11-20 15:00"), 3*time.Hour); !got.Equal(at("2026-11-23 10:00")) {
		t.Errorf("three hours after Friday 15:00: %v", got)
	}
	if de.Open(at("2026-11-20 16:00")) || !de.Open(at("2026-11-20 08:00")) {
		t.Error("the day begins at its first minute and ends before its last")
	}
}

func TestOnCall(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	p := Plan{Zone: berlin, Anchor: "2026-03-23", Handover: "09:00", Days: 7, Order: []string{"a", "b", "c"}}
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	standin := func(person, from, until string) Standin {
		return Standin{Person: person, From: at(from), Until: at(until)}
	}
	with := p
	with.Standins = []Standin{standin("c", "2026-03-24T00:00:00Z", "2026-03-26T00:00:00Z"), standin("b", "2026-03-25T00:00:00Z", "2026-03-25T12:00:00Z")}
	daily := Plan{Zone: berlin, Anchor: "2026-03-28", Handover: "02:30", Days: 1, Order: []string{"a", "b"}}
	for name, c := range map[string]struct {
		p           Plan
		at          string
		who         string
		from, until string
	}{
		"first moment":                   {p, "2026-03-23T08:00:00Z", "a", "2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z"},
		"before it, as if turned back":   {p, "2026-03-23T07:59:59Z", "c", "2026-03-16T08:00:00Z", "2026-03-23T08:00:00Z"},
		"the week in which clocks move":  {p, "2026-03-30T06:59:59Z", "a", "2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z"},
		"hand-over in summer time":       {p, "2026-03-30T07:00:00Z", "b", "2026-03-30T07:00:00Z", "2026-04-06T07:00:00Z"},
		"hand-over back in winter":       {p, "2026-10-26T08:00:00Z", "b", "2026-10-26T08:00:00Z", "2026-11-02T08:00:00Z"},
		"an hour before it":              {p, "2026-10-26T07:00:00Z", "a", "2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"},
		"years later":                    {p, "2036-03-24T08:00:00Z", "a", "2036-03-24T08:00:00Z", "2036-03-31T07:00:00Z"},
		"stand-in":                       {with, "2026-03-24T12:00:00Z", "c", "2026-03-24T00:00:00Z", "2026-03-25T00:00:00Z"},
		"stand-in for the stand-in":      {with, "2026-03-25T06:00:00Z", "b", "2026-03-25T00:00:00Z", "2026-03-25T12:00:00Z"},
		"the first stand-in again":       {with, "2026-03-25T12:00:00Z", "c", "2026-03-25T12:00:00Z", "2026-03-26T00:00:00Z"},
		"turn after the stand-in":        {with, "2026-03-26T00:00:00Z", "a", "2026-03-26T00:00:00Z", "2026-03-30T07:00:00Z"},
		"turn before the stand-in":       {with, "2026-03-23T10:00:00Z", "a", "2026-03-23T08:00:00Z", "2026-03-24T00:00:00Z"},
		"hand-over that the clocks skip": {daily, "2026-03-29T01:30:00Z", "b", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"},
		"nobody":                         {Plan{Zone: berlin, Anchor: "2026-03-23", Handover: "09:00", Days: 7}, "2026-03-23T08:00:00Z", "", "", ""},
		"damaged":                        {Plan{Zone: berlin, Anchor: "x", Handover: "09:00", Days: 7, Order: []string{"a"}}, "2026-03-23T08:00:00Z", "", "", ""},
	} {
		got := OnCall(c.p, at(c.at))
		show := func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return t.UTC().Format(time.RFC3339)
		}
		if got.Person != c.who || show(got.From) != c.from || show(got.Until) != c.until {
			t.Errorf("%s: %s %s–%s, want %s %s–%s", name, got.Person, show(got.From), show(got.Until), c.who, c.from, c.until)
		}
	}
	// Over a year, hour by hour: somebody is always on call, and turns meet end to end.
	for _, name := range []string{"Europe/Berlin", "America/Chicago", "Asia/Tokyo", "Australia/Lord_Howe", "America/Sao_Paulo"} {
		p := Plan{Zone: zone(t, name), Anchor: "2026-01-05", Handover: "02:15", Days: 1, Order: []string{"a", "b", "c"}}
		for now, end := at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"); now.Before(end); now = now.Add(37 * time.Minute) {
			turn := OnCall(p, now)
			if turn.Person == "" || now.Before(turn.From) || !now.Before(turn.Until) {
				t.Fatalf("%s at %v: %+v", name, now, turn)
			}
			if next := OnCall(p, turn.Until); !next.From.Equal(turn.Until) || next.Person == turn.Person {
				t.Fatalf("%s at %v: %+v, then %+v", name, now, turn, next)
			}
		}
	}
	var order []string
	for _, turn := range Turns(with, at("2026-03-23T10:00:00Z"), 6) {
		order = append(order, turn.Person)
	}
	if got := strings.Join(order, ""); got != "acbcab" {
		t.Errorf("turns to come: %s", got)
	}
}

func TestWithout(t *testing.T) {
	p := Plan{Zone: time.UTC, Anchor: "2026-03-02", Handover: "09:00", Days: 7, Order: []string{"a", "b", "c", "d"}}
	now := time.Date(2026, 3, 18, 0, 0, 0, 0, time.UTC) // the turn of c
	for who, want := range map[string]string{"a": "cdb", "b": "cda", "c": "dab", "d": "cab", "x": "abcd"} {
		q := p.Without(who, now)
		if got := strings.Join(q.Order, ""); got != want {
			t.Errorf("without %s: %s, want %s", who, got, want)
		}
		if on := OnCall(q, now).Person; who != "c" && on != "c" || who == "c" && on != "d" {
			t.Errorf("without %s, on call: %s", who, on)
		}
	}
}

func TestParseClock(t *testing.T) {
	for in, want := range map[string]string{"09:00": "09:00", "24:00": "24:00", "24:01": "", "9:00": "", "09:60": "", "ab:cd": "", "-1:00": ""} {
		got := ""
		if n, ok := ParseClock(in); ok {
			got = Clock(n)
		}
		if got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
}

func TestChecks(t *testing.T) {
	for code, want := range map[string]bool{"JP": true, "DE": true, "GB": true, "UK": false, "jp": false, "EU": false, "ZZ": false, "": false, "USA": false, "419": false} {
		if got := validCountry(code); got != want {
			t.Errorf("country %s: %v", code, got)
		}
	}
	for zone, want := range map[string]bool{"Asia/Tokyo": true, "UTC": true, "Local": false, "": false, "../etc/passwd": false, "Mars": false} {
		if got := validZone(zone); got != want {
			t.Errorf("zone %s: %v", zone, got)
		}
	}
	for _, s := range []string{"=1+1", "+81 45", "'=x", "''", "'", "plain", "-", "@x", "", "'a"} {
		if got := unguard(guard(s)); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	words := Person{ID: "E1", Name: "Petra Nováková-Long", NameJA: "山田 太郎", Email: "P.Long@Group.example"}.words()
	for _, w := range []string{"petra", "nováková", "long", "山田", "太郎", "山田太郎", "e1", "p.long@group.example"} {
		if !slices.Contains(words, w) {
			t.Errorf("not found by %s: %v", w, words)
		}
	}
}

func FuzzReadSheet(f *testing.F) {
	f.Add([]byte("id,name\r\na,\"b\nc\"\r\n"))
	f.Add([]byte("\xef\xbb\xbfid;name\n1;2\n"))
	f.Add([]byte("id\n\x82\xa0\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, _, err := readSheet(file, PeopleFile.Columns(), PeopleFile.must())
		if err != nil {
			return
		}
		for _, r := range s.rows {
			if r.line < 2 || len(r.cells) < len(s.at) {
				t.Errorf("row %+v", r)
			}
		}
	})
}
