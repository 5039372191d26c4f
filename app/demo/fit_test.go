package demo

import (
	"slices"
	"testing"

	"yagura/area/incident"
	"yagura/area/org"
	"yagura/area/telemetry"
)

// TestWordsOfTheAreas holds the codes used here to those of the areas that
// take them in.
func TestWordsOfTheAreas(t *testing.T) {
	for _, u := range Units() {
		if !slices.Contains(org.Kinds, org.Kind(u.Kind)) {
			t.Errorf("%s: kind %q", u.ID, u.Kind)
		}
	}
	for _, s := range Sources() {
		if !slices.Contains(telemetry.Kinds, telemetry.Kind(s.Kind)) {
			t.Errorf("%s: kind %q", s.ID, s.Kind)
		}
	}
	for _, p := range People() {
		if !slices.Contains(org.OfficeKinds, org.OfficeKind(p.OfficeKind())) {
			t.Errorf("%s: office %q", p.ID, p.OfficeKind())
		}
		if _, ok := Find(p.OfficeUnit()); !ok {
			t.Errorf("%s: office in %q", p.ID, p.OfficeUnit())
		}
	}
	for _, tm := range Teams() {
		if !slices.Contains(org.TeamKinds, org.TeamKind(tm.Kind)) {
			t.Errorf("team %s: kind %q", tm.ID, tm.Kind)
		}
		if !slices.Contains(tm.Members, tm.Lead) {
			t.Errorf("team %s: its lead is no member", tm.ID)
		}
	}
	for _, i := range NewHistory(1, testNow).Incidents() {
		if _, _, ok := incident.ClassOf(i.Class, i.Type); !ok || i.Type == "" {
			t.Errorf("%s: class %s, type %s", i.Slug, i.Class, i.Type)
		}
		if !incident.TLP(i.TLP).Valid() || incident.Severity(i.Severity).Rank() == 0 {
			t.Errorf("%s: TLP %s, severity %s", i.Slug, i.TLP, i.Severity)
		}
		dismissed := incident.State(i.State) == incident.Dismissed
		if dismissed != slices.Contains(incident.Reasons, i.Reason) || (!dismissed && incident.State(i.State).Stage() == 0) {
			t.Errorf("%s: state %s, reason %q", i.Slug, i.State, i.Reason)
		}
		if reviewed := !dismissed && incident.State(i.State).Stage() >= incident.Reviewed.Stage(); reviewed != (i.Lesson.En != "" && japanese(i.Cause.Ja)) {
			t.Errorf("%s: state %s, cause %+v, lesson %+v", i.Slug, i.State, i.Cause, i.Lesson)
		}
		for _, n := range i.Notes {
			if at, ok := i.Times[n.State]; !ok || !at.Equal(n.At) {
				t.Errorf("%s: note of %s at %v", i.Slug, n.State, n.At)
			}
		}
		if len(i.Notes) != len(i.Times) {
			t.Errorf("%s: %d notes for %d states", i.Slug, len(i.Notes), len(i.Times))
		}
	}
}
