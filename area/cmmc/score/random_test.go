package score

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc/catalog"
)

// TestRandomAssessments: in range, the order of the file is irrelevant, and fixing
// anything never lowers the score nor worsens the status.
func TestRandomAssessments(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 11))
	results := []Result{Met, Met, Met, NotMet, NA, Unknown}
	order := func(s Status) int { return s.rank() }
	for n := range 10_000 {
		a := &Assessment{Level: 2 + n%2, SSP: &SSP{}, Partial: map[string]bool{"3.5.3": rng.IntN(2) == 0, "3.13.11": rng.IntN(2) == 0}}
		failing := rng.IntN(6) * rng.IntN(20)
		for i := range a.Objectives {
			a.Objectives[i].Result = Met
			if rng.IntN(100) < failing {
				a.Objectives[i].Result = results[rng.IntN(len(results))]
			}
		}
		a.Level2 = new(int)
		*a.Level2 = 110
		r := a.Score(0)
		floor := 110 - catalog.Level2Floor
		if a.Level == 3 {
			floor = 0
		}
		if r.Low == nil {
			if r.Best != NoAssessment {
				t.Fatalf("no numbers, yet %s", r.Best)
			}
			continue
		}
		if *r.Low < floor || *r.High > r.Max || *r.Low > *r.High || (r.Score != nil) != (*r.Low == *r.High && r.Status != NoAssessment) {
			t.Fatalf("%s in %s to %s", show(r.Score), show(r.Low), show(r.High))
		}
		sum := 0
		for _, d := range r.Deductions {
			sum += d.Points + d.AtRisk
		}
		if *r.Low != r.Max-sum {
			t.Fatalf("the deductions sum up to %d, the score is %d", sum, *r.Low)
		}
		var bad []int
		for i := range a.Objectives {
			if x := a.Objectives[i].Result; x == NotMet || x == Unknown {
				bad = append(bad, i)
			}
		}
		if len(bad) == 0 {
			continue
		}
		a.Objectives[bad[rng.IntN(len(bad))]].Result = Met
		after := a.Score(0)
		if after.Low == nil || *after.Low < *r.Low || *after.High < *r.High || order(after.Status) < order(r.Status) {
			t.Fatalf("fixing lowered %d to %d (%s to %s)", *r.Low, *after.Low, r.Status, after.Status)
		}
	}
}

func TestTheOrderOfTheFileIsIrrelevant(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var lines []string
	for i := range catalog.Mask(2).All {
		lines = append(lines, fmt.Sprintf("%q:%q", catalog.Name(i), []Result{Met, Met, Met, NotMet, Unknown}[rng.IntN(5)]))
	}
	first := ""
	for range 20 {
		rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		a, err := Read("f", []byte(`{"ssp":true,"objectives":{`+strings.Join(lines, ",")+`}}`), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%+v", a.Score(0).Deductions)
		if first == "" {
			first = got
		}
		// pointers to requirements are the catalog's, so equal text is equal
		if got != first {
			t.Fatal("another order, another report")
		}
	}
}

// FuzzRead: whatever is read gives a score in range, and what is refused names
// the file.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"level":3,"ssp":true,"objectives":{"3.1.1[a]":{"result":"met","evidence":[{"draft":true}]}}}`))
	f.Add([]byte(`{"partial":{"3.5.3":true},"status":{"final":"2026-11-23"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Read("f.json", data, time.Time{})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f.json") {
				t.Errorf("without a place: %v", err)
			}
			return
		}
		r := a.Score(0)
		if r.Low != nil && (*r.Low < -203 || *r.High > 110) {
			t.Errorf("%d to %d", *r.Low, *r.High)
		}
	})
}

func TestSimulatedChanges(t *testing.T) {
	a := file(t, 2, true, nil)
	for _, k := range []struct {
		set, want string
		status    Status
	}{
		{"3.5.3=partial", "107", None}, {"3.5.3=met", "110", Final}, {"3.14.1[f]=not_met", "105", None},
		{"3.14.1=met", "110", Final}, {"3.13.11=partial", "107", Conditional}, {"ssp=none", "none", NoAssessment},
	} {
		if err := a.Set(k.set); err != nil {
			t.Fatal(err)
		}
		if r := a.Score(0); show(r.Score) != k.want || r.Status != k.status {
			t.Errorf("%s: %s, %s", k.set, show(r.Score), r.Status)
		}
	}
	for _, wrong := range []string{"", "3.1.1", "3.1.1=partial", "3.1.1[a]=partial", "3.9.9=met", "3.1.1=yes", "ssp=maybe"} {
		if a.Set(wrong) == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
