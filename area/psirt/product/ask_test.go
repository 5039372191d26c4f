package product

import (
	"testing"

	"yagura/area/psirt/csaf"
	"yagura/kernel/text"
)

// TestAsk: every model that a name in a real advisory stands for is found by its number,
// and with a version its range decides.
func TestAsk(t *testing.T) {
	asked := 0
	for name, d := range need(t) {
		if !of(d, "Mitsubishi Electric") {
			continue
		}
		for i, e := range ReadTree(d).Entries {
			if i%7 != 0 {
				continue
			}
			found := false
			for _, a := range Ask(d, Question{Name: e.Name}) {
				found = found || a.ID == e.ID
			}
			if bare, c := serialsIn(e.Name); !found && c.Any() && bare != "" {
				t.Errorf("%s: %s is not found by its name", name, e.Name)
			}
			asked++
		}
	}
	t.Logf("%d asked", asked)
}

// TestAskOwnTree: what is said of firmware on hardware is found through the relationship.
func TestAskOwnTree(t *testing.T) {
	tree, err := sample().Tree(selection, text.EN)
	if err != nil {
		t.Fatal(err)
	}
	d := document(t, tree)
	d.Edit().Set("product_tree", tree.Value)
	d, err = csaf.Parse(d.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q    Question
		want Verdict
	}{
		{Question{"FX9UC-32MT/DSS-TS", "2.00A", "17X0001"}, Yes}, {Question{"FX9UC-32MT/DSS-TS", "2.00A", "18"}, No}, {Question{"FX9UC-32MT/DSS-TS", "2.00A", ""}, Maybe},
		{Question{"FX9UC-32MT/DS", "1.04E", ""}, Yes}, {Question{"FX9UC-32MT/DS", "2.00A", ""}, No}, {Question{"NZ-8*", "B", ""}, Yes}, {Question{"NZ-9A", "B", ""}, "none"},
		{Question{"MX Studio", "1.1.0", ""}, Yes}, {Question{"mx studio", "2.0.5", ""}, No},
	} {
		got := Verdict("none")
		for _, a := range Ask(d, c.q) {
			if got == "none" || got == No || a.Applies == Yes {
				got = a.Applies
			}
			if a.Applies != No && len(a.Statuses) == 0 && a.Product == "" {
				t.Errorf("%+v: %+v", c.q, a)
			}
		}
		if got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	withFirmware := 0
	for _, a := range Ask(d, Question{"FX9U-64MT/ES", "1.04E", "1780001"}) {
		if a.Applies == Yes && len(a.Statuses) == 1 {
			withFirmware++
		}
	}
	if withFirmware < 2 { // by the pattern, and by the relationship
		t.Errorf("%d answers", withFirmware)
	}
}
