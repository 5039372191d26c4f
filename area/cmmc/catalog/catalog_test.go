package catalog

import "testing"

func TestTotals(t *testing.T) {
	for level, want := range map[int][2]int{1: {17, 59}, 2: {110, 320}, 3: {24, 80}} {
		if r, o := len(Requirements(level)), Mask(level).Count(); r != want[0] || o != want[1] {
			t.Errorf("Level %d has %d requirements and %d objectives, not %v", level, r, o, want)
		}
	}
	if len(Items()) != 15 || len(Families()) != 14 {
		t.Errorf("%d items, %d families", len(Items()), len(Families()))
	}
	weights, sum, defer46, partly := map[int]int{}, 0, 0, 0
	for _, r := range Requirements(2) {
		sum += r.Weight
		if r.Partial == 0 {
			weights[r.Weight]++
		}
		if ok, _ := r.Deferrable(NotMet); ok {
			defer46++
		}
		if ok, _ := r.Deferrable(Partly); r.Partial > 0 && ok {
			partly++
		}
	}
	if weights[5] != 42 || weights[3] != 14 || weights[1] != 51 || weights[0] != 1 || sum != 313 || defer46 != 46 || partly != 1 {
		t.Errorf("weights %v sum %d, deferrable %d and %d", weights, sum, defer46, partly)
	}
	barred := 0
	for _, r := range Requirements(3) {
		if ok, _ := r.Deferrable(NotMet); !ok {
			barred++
		}
	}
	if barred != 7 {
		t.Errorf("%d of Level 3 are barred, not 7", barred)
	}
}

func TestNamesOfObjectives(t *testing.T) {
	for i := range Objectives {
		for _, name := range []string{Name(i), OSCAL(i), Owner(i).CMMC + "[" + Letter(i) + "]"} {
			if j, ok := Index(name); !ok || i != j {
				t.Errorf("%s is %d, not %d", name, j, i)
			}
		}
	}
	if i, ok := Index("3.10.4"); !ok || Name(i) != "3.10.4[a]" {
		t.Error("3.10.4 has one objective and needs no letter")
	}
	for _, wrong := range []string{"", "3.1.1", "3.1.1[z]", "3.1.1[a", "3.1.1a]", "3.1.99[a]", "3.1.2e", "[a]", "3.1.1[]"} {
		if _, ok := Index(wrong); ok {
			t.Errorf("%q is taken for an objective", wrong)
		}
	}
}
