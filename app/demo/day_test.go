package demo

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"testing"
	"time"

	"yagura/area/detect/rules"
)

var storyDay = time.Date(2026, 11, 19, 6, 0, 0, 0, time.UTC) // a Thursday

func digest(g *Day) (sum uint64, n int) {
	h := fnv.New64a()
	for e := range g.Events() {
		h.Write([]byte(e.Source + e.Unit + e.At.String() + e.Format))
		h.Write(e.Line)
		n++
	}
	return h.Sum64(), n
}

func TestSameSeedSameDay(t *testing.T) {
	a, n := digest(NewDay(7, storyDay))
	b, _ := digest(NewDay(7, storyDay))
	c, _ := digest(NewDay(8, storyDay))
	if a != b || a == c {
		t.Fatalf("digests %x, %x and of another seed %x", a, b, c)
	}
	if n < 38000 || n > 44000 {
		t.Errorf("%d lines, about 40,000 are wanted", n)
	}
	t.Logf("%d lines", n)
}

func TestDayIsInOrderAndKnowsItsUnits(t *testing.T) {
	units, sources := map[string]bool{}, map[string]string{}
	for _, u := range Units() {
		units[u.ID] = true
	}
	for _, s := range Sources() {
		sources[s.ID] = s.Format
	}
	for _, day := range []time.Time{storyDay, storyDay.AddDate(0, 0, 3)} { // a working day, a Sunday
		g := NewDay(7, day)
		last, seen := g.Start, map[string]int{}
		for e := range g.Events() {
			if e.At.Before(last) || e.At.Sub(g.Start) >= 24*time.Hour {
				t.Fatalf("%v after %v: %s", e.At, last, e.Line)
			}
			last = e.At
			seen[e.Source]++
			if !units[e.Unit] || sources[e.Source] != e.Format {
				t.Fatalf("unit %s, source %s, format %s", e.Unit, e.Source, e.Format)
			}
			if bytes.Contains(e.Line, []byte(`"EventRecordID":-`)) {
				t.Fatalf("record number below zero: %s", e.Line)
			}
			if bytes.ContainsAny(e.Line, "\n\r") || (e.Format == "ndjson" && !json.Valid(e.Line)) {
				t.Fatalf("line %q", e.Line)
			}
		}
		for id := range sources {
			if seen[id] == 0 && id != "lnx-ray" {
				t.Errorf("%s: source %s sent nothing", day.Weekday(), id)
			}
		}
		if seen["lnx-ray"] > 0 {
			t.Error("a silent source sent events")
		}
	}
}

func TestLinesAndQuiet(t *testing.T) {
	small := NewDay(7, storyDay)
	small.Lines, small.Quiet = 2000, true
	_, quiet := digest(small)
	small.Quiet = false
	_, loud := digest(small)
	if attack := len(small.Intrusion()); loud-quiet != attack || attack < 80 {
		t.Errorf("%d quiet lines, %d with the intrusion of %d", quiet, loud, attack)
	}
}

func TestStoryNamesWhatExists(t *testing.T) {
	people, last := map[string]bool{}, time.Duration(0)
	for _, p := range Personas() {
		people[p.ID] = true
	}
	for _, s := range Steps() {
		if _, ok := rules.BySlug(s.Rule); !ok {
			t.Errorf("no rule %s", s.Rule)
		}
		if _, ok := Find(s.Unit); !ok {
			t.Errorf("no unit %s", s.Unit)
		}
		if s.At < last || !japanese(s.Text.Ja) {
			t.Errorf("step %+v", s)
		}
		last = s.At
	}
	for _, m := range Walk() {
		if !people[m.Person] || !japanese(m.Does.Ja) {
			t.Errorf("move %+v", m)
		}
	}
	hosts := map[string]bool{}
	for _, s := range newCast(7).sites {
		for _, h := range append(append([]string{}, s.stations...), s.machines...) {
			hosts[h] = true
		}
	}
	if !hosts[VictimHost()] || !hosts[PlantHost()] {
		t.Errorf("hosts of the story: %s %v, %s %v", VictimHost(), hosts[VictimHost()], PlantHost(), hosts[PlantHost()])
	}
}

func TestRecordNumbersRise(t *testing.T) {
	last := map[string]int64{}
	for e := range NewDay(7, storyDay).Events() {
		if e.Format != "ndjson" || !bytes.Contains(e.Line, []byte(`"EventRecordID"`)) {
			continue
		}
		var w struct {
			Computer      string
			EventRecordID int64
		}
		if err := json.Unmarshal(e.Line, &w); err != nil {
			t.Fatal(err)
		}
		if before := last[w.Computer]; before != 0 && w.EventRecordID != before+1 {
			t.Fatalf("%s: record %d after %d", w.Computer, w.EventRecordID, before)
		}
		last[w.Computer] = w.EventRecordID
	}
	if len(last) < 300 {
		t.Errorf("%d Windows computers speak, over 300 are wanted", len(last))
	}
}
