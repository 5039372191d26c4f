package product

import (
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	for pattern, c := range map[string]struct{ fits, not string }{
		"FX5U(C)-**M*/**":                      {"FX5U-32MT/ES FX5UC-64MR/DS", "FX5UJ-32MT/ES FX5U-32MT/DSS FX5U-3MT/ES fx5u-32mt/es FX5U--2MT/ES"},
		"R00/01/02CPU":                         {"R00CPU R01CPU R02CPU", "R00/01/02CPU R03CPU 01"},
		"R08/16/32/120PSFCPU":                  {"R08PSFCPU R120PSFCPU", "R8PSFCPU"},
		"R04/08/120(EN)CPU":                    {"R04CPU R120ENCPU", "R04(EN)CPU"},
		"QJ71C24N(-R2/R4)":                     {"QJ71C24N QJ71C24N-R2 QJ71C24N-R4", "QJ71C24NR4"},
		"QJ72LP25(-25/G/GE)":                   {"QJ72LP25 QJ72LP25-25 QJ72LP25-G QJ72LP25-GE", "QJ72LP2525"},
		"L26CPU-(P)BT":                         {"L26CPU-BT L26CPU-PBT", "L26CPUPBT"},
		"FX5U-32MT/ES":                         {"FX5U-32MT/ES", "FX5U-32MT"},
		"M80 (BND-2007W000-**)":                {"M80 (BND-2007W000-01)", "M80 M80 (BND-2007W000-1)"},
		"FX5UC-xMy/z x=32,64,96, y=T, z=D,DSS": {"FX5UC-32MT/D FX5UC-96MT/DSS", "FX5UC-xMy/z FX5UC-32MR/D"},
		"FX5UJ-xMy/ES-A x=24,40,60, y=T.R":     {"FX5UJ-24MR/ES-A", "FX5UJ-24MS/ES-A"},
		"FX3S-30My/z-2AD y=T,R, z=ES,ESS":      {"FX3S-30MT/ESS-2AD", "FX3S-30M/ES-2AD"},
		"FX5UC-32MT/DS-TS, FX5UC-32MT/DSS-TS, FX5UC-32MR/DS-TS": {"FX5UC-32MR/DS-TS", "FX5UC-32MR/DSS-TS"},
		"Q03UDECPU, Q04/06/10/13/20/26/50/100UDEHCPU":           {"Q03UDECPU Q100UDEHCPU", "Q03UDEHCPU"},
		`NZ-8\*`: {"NZ-8*", "NZ-8A"},
		"FX3U-xMy/z x=16,32, y=T,R, z=ES,ESS, FX3U-32MR/UA1": {"FX3U-16MT/ES FX3U-32MR/UA1", "FX3U-16MR/UA1"},
	} {
		p, err := ParsePattern(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		split := func(s string) []string { return strings.Split(strings.ReplaceAll(s, " (", "_("), " ") }
		for _, n := range split(c.fits) {
			if n = strings.ReplaceAll(n, "_(", " ("); !p.Match(n) {
				t.Errorf("%s does not fit %s", n, pattern)
			}
		}
		for _, n := range split(c.not) {
			if n = strings.ReplaceAll(n, "_(", " ("); p.Match(n) {
				t.Errorf("%s fits %s", n, pattern)
			}
		}
		if all, ok := p.All(); ok {
			if fit := p.Expand(all); len(fit) != len(all) {
				t.Errorf("%s: of %v only %v fit", pattern, all, fit)
			}
		} else if !strings.Contains(pattern, "*") {
			t.Errorf("%s can't be written out", pattern)
		}
	}
	for _, wrong := range []string{"", "A(", "A)", "A()", "A(B(C))", "A(*)", "A(B/)", `A\`, "A x=1", "Ax x=1, x=2", "A" + strings.Repeat("*", 600), "A (B"} {
		if _, err := ParsePattern(wrong); err == nil {
			t.Errorf("%q passes", wrong)
		}
	}
}

// TestRealPatterns: whatever real makers call their products is a pattern, and what
// can be written out fits itself.
func TestRealPatterns(t *testing.T) {
	patterns, several, models := 0, 0, 0
	for name, d := range need(t) {
		if !of(d, "Mitsubishi Electric") {
			continue
		}
		for _, p := range ReadTree(d).Catalog.Products {
			pattern, err := ParsePattern(p.Name)
			if err != nil {
				// A condition on serial numbers behind the values belongs elsewhere.
				if !strings.Contains(strings.ToLower(p.Name), "serial number") {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			patterns++
			if all, ok := pattern.All(); ok && len(all) > 1 {
				several++
				models += len(all)
				if len(pattern.Expand(all)) != len(all) {
					t.Errorf("%s does not fit itself", p.Name)
				}
			}
			if lit, err := ParsePattern(Escape(p.Name)); err != nil || !lit.Match(p.Name) {
				t.Errorf("%s does not fit its escape %s: %v", p.Name, Escape(p.Name), err)
			}
		}
	}
	t.Logf("%d names are patterns; %d of them stand for %d models", patterns, several, models)
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"FX5U(C)-**M*/**", "R00/01/02CPU", "FX3S-30My/z-2AD y=T,R, z=ES,ESS", `a\*, b`, "A (B-**)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePattern(s)
		if err != nil {
			return
		}
		all, ok := p.All()
		if ok && len(p.Expand(all)) != len(all) {
			t.Errorf("%q does not fit what it is written out to", s)
		}
	})
}
