package product

import (
	"math/rand/v2"
	"testing"
)

// TestOrders: versions stand in the order that each kind promises.
func TestOrders(t *testing.T) {
	for scheme, ascending := range map[string][][]string{ // what is in one list is equal
		"dotted":          {{"1"}, {"1.2", "01.2", "1.2.0", "v1.2", "Ver. 1.2"}, {"1.9"}, {"1.10"}, {"10.0.1"}},
		"decimal":         {{"1.05"}, {"1.32"}, {"1.5", "1.50"}, {"2"}},
		"lettered":        {{"1.00A"}, {"1.05"}, {"1.05F", "1.05f", "Version 1.05F"}, {"1.05G"}, {"1.06A"}, {"1.06AA"}, {"1.10A"}, {"2.00A"}},
		"letters:Ver. ":   {{"A"}, {"B", "Ver. B", "ver.b"}, {"Z"}, {"AA"}, {"LF"}},
		"coded":           {{"A8"}, {"A12", "A012"}, {"B1"}, {"B13"}},
		"semver":          {{"1.0.0-alpha"}, {"1.0.0-alpha.1"}, {"1.0.0-beta.2"}, {"1.0.0-beta.11"}, {"1.0.0", "1.0.0+build.5"}, {"1.0.1"}, {"1.10.0"}},
		"date":            {{"2025-12-31", "20251231"}, {"2026.01.01", "2026/01/01"}},
		"number:Build ":   {{"4"}, {"05", "5", "build 5"}, {"26"}, {"100"}},
		"number:firmware": {{"08"}, {"firmware_65", "65"}},
	} {
		s, err := ParseScheme(scheme)
		if err != nil {
			t.Fatal(err)
		}
		for i, group := range ascending {
			for _, a := range group {
				if err := s.Check(a); err != nil {
					t.Errorf("%s: %v", scheme, err)
				}
				for j, other := range ascending {
					for _, b := range other {
						if got := s.Compare(a, b); got != compareInts(i, j) {
							t.Errorf("%s: compare %q with %q = %d", scheme, a, b, got)
						}
					}
				}
			}
		}
	}
}

func compareInts(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// TestCompareIsTotal: of any texts each kind makes one order.
func TestCompareIsTotal(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	signs := []string{"0", "1", "2", "9", "10", "05", ".", "A", "b", "Z", "-", "+", "rc", "v", "Ver. ", " ", "2026", "_", "é", "|", ""}
	word := func() string {
		var s string
		for range r.IntN(6) {
			s += signs[r.IntN(len(signs))]
		}
		return s
	}
	for _, k := range Kinds {
		s := Scheme{Kind: k.Kind, Prefix: "Ver. "}
		words := make([]string, 40)
		for i := range words {
			words[i] = word()
		}
		for _, a := range words {
			for _, b := range words {
				ab := s.Compare(a, b)
				if ab != -s.Compare(b, a) {
					t.Fatalf("%s: %q and %q are not ordered both ways", s, a, b)
				}
				for _, c := range words {
					if ab <= 0 && s.Compare(b, c) <= 0 && s.Compare(a, c) > 0 {
						t.Fatalf("%s: %q ≤ %q ≤ %q, and not the first ≤ the last", s, a, b, c)
					}
				}
			}
			if s.Bare(s.Text(a)) != s.Bare(a) && s.Check(a) == nil {
				t.Errorf("%s: %q is written as %q", s, a, s.Text(a))
			}
		}
	}
}

func TestRanges(t *testing.T) {
	s := Scheme{Kind: Lettered}
	for _, c := range []struct {
		r       Range
		in, out []string
		text    string
	}{
		{Range{}, []string{"1.00A", "9"}, nil, "vers:all/*"},
		{Range{Through: "1.05F"}, []string{"1.00A", "1.05F"}, []string{"1.06A"}, "<=1.05F"},
		{Range{From: "1.00A", Before: "Version 1.05F"}, []string{"1.00A", "1.04Z"}, []string{"1.05F", "0.99A"}, ">=1.00A|<1.05F"},
		{Range{After: "1.00A"}, []string{"1.00B"}, []string{"1.00A"}, ">1.00A"},
		{Range{Versions: []string{"1.00A", "1.05F"}}, []string{"1.05f"}, []string{"1.02A"}, "1.00A|1.05F"},
	} {
		c.r.Product = "p"
		if err := c.r.Check(s); err != nil {
			t.Error(err)
		}
		for _, v := range c.in {
			if !c.r.Holds(s, v) {
				t.Errorf("%s does not hold %s", c.text, v)
			}
		}
		for _, v := range c.out {
			if c.r.Holds(s, v) {
				t.Errorf("%s holds %s", c.text, v)
			}
		}
		if c.r.Text(s) != c.text {
			t.Errorf("%s is written %s", c.text, c.r.Text(s))
		}
	}
	for _, r := range []Range{
		{}, {Product: "p", From: "x"}, {Product: "p", From: "1", After: "1"}, {Product: "p", From: "2", Through: "1"},
		{Product: "p", From: "1", Before: "1"}, {Product: "p", Versions: []string{"1", "01"}}, {Product: "p", Versions: []string{"1"}, From: "1"},
		{Product: "p", Hardware: "h"}, {Product: "p", Model: "m", Pattern: "*"}, {Product: "p", Pattern: "("}, {Product: "p", Serials: Serials{From: "%"}},
		{Product: "p", Serials: Serials{From: "18", Through: "17X"}},
	} {
		if r.Check(s) == nil {
			t.Errorf("%+v passes", r)
		}
	}
}

func TestSerials(t *testing.T) {
	for _, c := range []struct {
		condition   string
		in, out, no []string // no: can't be said
		words       string
	}{
		{"..24031*", []string{"24031", "240310001", "23129"}, []string{"24032", "3"}, []string{"24", "2403"}, "serial number 24031* and prior"},
		{"17X*..", []string{"17X0001", "17Y", "18"}, []string{"1790000", "16"}, []string{"17"}, "serial number 17X* and later"},
		{"2310****", []string{"23100001"}, []string{"2311", "2309"}, []string{"231"}, "serial number 2310*"},
		{"01..04", []string{"01A", "03", "04999"}, []string{"00", "05"}, []string{"0"}, "serial number 01* to 04*"},
		{"", []string{"", "x"}, nil, nil, ""},
	} {
		s, err := ParseSerials(c.condition)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseSerials(s.String()); err != nil || again != s {
			t.Errorf("%s comes back as %s, %v", s, again, err)
		}
		if s.Words() != c.words {
			t.Errorf("%s reads %s", s, s.Words())
		}
		for _, n := range c.in {
			if holds, known := s.Holds(n); !holds || !known {
				t.Errorf("%s does not hold %s", s, n)
			}
		}
		for _, n := range c.out {
			if holds, known := s.Holds(n); holds || !known {
				t.Errorf("%s holds %s", s, n)
			}
		}
		for _, n := range c.no {
			if _, known := s.Holds(n); known {
				t.Errorf("%s claims to know of %s", s, n)
			}
		}
	}
}
