package ssvc

import (
	"slices"
	"testing"
)

func TestNamespaces(t *testing.T) {
	for s, want := range map[string]Namespace{
		"ssvc": {"ssvc", "ssvc", false}, "x_example.test#points": {"x_example.test#points", "x_example.test", false},
		"ssvc//.example.test#refined-impacts": {"ssvc//.example.test#refined-impacts", "ssvc", true},
		"ssvc//.example.test$en-GB":           {"ssvc//.example.test$en-GB", "ssvc", true},
		"ssvc/de-DE/.example.org#arch-1":      {"ssvc/de-DE/.example.org#arch-1", "ssvc", true},
		"test#without-resource/de-DE":         {"test#without-resource/de-DE", "test", true},
	} {
		if got, err := ParseNamespace(s); err != nil || got != want {
			t.Errorf("%s = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "ab", "SSVC", "x_", "x_example", "x_example#a", "ssvc/", "ssvc//", "ssvc//x", "ssvc..a", "-ssvc", "ssvc//.example", "ssvc/de_DE"} {
		if got, err := ParseNamespace(s); err == nil {
			t.Errorf("%q was taken as %v", s, got)
		}
	}
}

func TestSelections(t *testing.T) {
	ns := func(s string) Namespace { n, _ := ParseNamespace(s); return n }
	values := func(keys ...string) (v []Value) {
		for _, k := range keys {
			v = append(v, Value{Key: k})
		}
		return v
	}
	for _, c := range []struct {
		s           Selection
		ok, unknown bool
	}{
		{Selection{ns("ssvc"), "SI", "2.0.0", "Safety Impact", values("M", "R", "C")}, true, false},
		{Selection{ns("ssvc"), "SI", "2.0.0", "", values("R", "M")}, false, false},
		{Selection{ns("ssvc"), "SI", "2.0.0", "Security Impact", values("M")}, false, false},
		{Selection{ns("ssvc/de-DE"), "SI", "2.0.0", "Auswirkung", values("M")}, true, false},
		{Selection{ns("ssvc"), "SI", "9.0.0", "", values("M")}, false, false},
		{Selection{ns("cvss"), "AC", "3.0.1", "", values("L")}, true, false},
		{Selection{ns("cvss"), "AC", "3.0.1", "", values("E")}, false, false},
		{Selection{ns("cisa"), "KEV", "1.0.0", "", values("Y")}, true, true},
		{Selection{ns("invalid"), "A", "1.0.0", "", values("Y")}, false, false},
		{Selection{ns("x_a.b#c"), "A", "1.0.0", "", values("Y")}, true, false},
	} {
		wrong, unknown := c.s.Check()
		if (wrong == "") != c.ok || unknown != c.unknown {
			t.Errorf("%v: %q, %v", c.s, wrong, unknown)
		}
	}
}

// TestSupplier: a worse answer is never less urgent, and the corners are as the
// published table has them.
func TestSupplier(t *testing.T) {
	order := []Priority{Defer, Scheduled, OutOfCycle, Immediate}
	rank := func(e, u, i, s int) int {
		p, err := Supplier(Exploitation[e], Utility[u], Technical[i], Safety[s])
		if err != nil {
			t.Fatal(err)
		}
		return slices.Index(order, p)
	}
	for e := range 3 {
		for u := range 3 {
			for i := range 2 {
				for s := range 2 {
					r := rank(e, u, i, s)
					if e < 2 && rank(e+1, u, i, s) < r || u < 2 && rank(e, u+1, i, s) < r || i < 1 && rank(e, u, 1, s) < r || s < 1 && rank(e, u, i, 1) < r {
						t.Errorf("worse than %d %d %d %d is less urgent", e, u, i, s)
					}
				}
			}
		}
	}
	for _, c := range []struct {
		e, u, i, s string
		want       Priority
	}{{"none", "laborious", "partial", "minimal", Defer}, {"PoC", "laborious", "total", "significant", Immediate},
		{"none", "super effective", "total", "significant", OutOfCycle}, {"active", "super effective", "partial", "minimal", Immediate}} {
		if got, err := Supplier(c.e, c.u, c.i, c.s); err != nil || got != c.want {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	if _, err := Supplier("rumours", "laborious", "total", "minimal"); err == nil {
		t.Error("rumours are no answer")
	}
}
