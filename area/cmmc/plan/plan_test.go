package plan

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
)

// scene is random: enclaves with things open, measures that close some of them.
// Measures are drawn so that most goals can be reached, in several ways.
func scene(rng *rand.Rand, enclaves, measures, failing int) ([]Enclave, []Measure) {
	var es []Enclave
	var open []int
	for i := range enclaves {
		e := Enclave{Name: fmt.Sprint("e", i)}
		for _, q := range partials {
			if mark, _ := q.Mark(); rng.IntN(2) == 0 {
				e.Open.Set(mark)
			}
		}
		for range failing {
			level := 2
			if rng.IntN(8) == 0 {
				level = 3
			}
			list := catalog.Requirements(level)
			q := list[rng.IntN(len(list))]
			switch rng.IntN(12) {
			case 0:
				q = catalog.Find("3.5.3")
			case 1:
				q = catalog.Find("3.13.11")
			case 2:
				q = catalog.Find("3.12.4")
			}
			for _, o := range q.Objective {
				if rng.IntN(2) == 0 {
					e.Open.Set(o)
					open = append(open, o)
				}
			}
		}
		es = append(es, e)
	}
	var ms []Measure
	for i := range measures {
		m := Measure{ID: fmt.Sprint("m", i), Yen: int64(rng.IntN(30)) * 1_000_000, Months: rng.IntN(24)}
		for range 1 + rng.IntN(1+3*len(open)/measures) {
			if len(open) > 0 {
				m.Closes.Set(open[rng.IntN(len(open))])
			}
		}
		if i%5 == 0 {
			mark, _ := partials[rng.IntN(2)].Mark()
			m.Partly.Set(mark)
		}
		if rng.IntN(4) == 0 {
			m.Enclaves = []string{es[rng.IntN(len(es))].Name}
		}
		ms = append(ms, m)
	}
	for k, o := range open { // each open objective has somebody who closes it, mostly
		if rng.IntN(60) > 0 {
			m := &ms[(k*7+rng.IntN(3))%len(ms)]
			m.Closes.Set(o)
			m.Enclaves = nil
		}
	}
	return es, ms
}

// brute tries every set of measures on the rules themselves.
func brute(es []Enclave, ms []Measure, goal Goal) (cost int64, found bool) {
	cost = never
	for set := range 1 << len(ms) {
		sum := int64(0)
		var list []int
		for m := range ms {
			if set>>m&1 == 1 {
				sum += ms[m].Yen
				list = append(list, m)
			}
		}
		if sum >= cost {
			continue
		}
		ok := true
		for _, e := range Apply(es, ms, list) {
			ok = ok && goal.Reached(&e)
			if !ok {
				break
			}
		}
		if ok {
			cost, found = sum, true
		}
	}
	return cost, found
}

// value is what a choice is worth when a budget is spent: a score at all first.
func value(es []Enclave, levels []int) int {
	sum := Points(es, levels...)
	for i := range es {
		if catalog.Find("3.12.4").In(&es[i].Open) == catalog.Met {
			sum += noScore
		}
	}
	return sum
}

func bruteRichest(es []Enclave, ms []Measure, levels []int, budget int64) (best int, cost int64) {
	best = -1 << 30
	for set := range 1 << len(ms) {
		sum := int64(0)
		var list []int
		for m := range ms {
			if set>>m&1 == 1 {
				sum += ms[m].Yen
				list = append(list, m)
			}
		}
		if sum > budget {
			continue
		}
		if v := value(Apply(es, ms, list), levels); v > best || v == best && sum < cost {
			best, cost = v, sum
		}
	}
	return best, cost
}

func TestEqualsBruteForce(t *testing.T) {
	sizes := []int{3, 4, 5, 6, 7, 8, 9, 10}
	if os.Getenv("YAGURA_SOAK") == "1" {
		sizes = append(sizes, 11, 12, 13, 14, 15, 16)
	}
	rng := rand.New(rand.NewPCG(5, 8))
	reached := map[Goal]int{}
	for n := range 200 {
		size := sizes[n%len(sizes)]
		if n >= 198 {
			size = 18
		}
		es, ms := scene(rng, 1+n%3, size, 3+rng.IntN(12))
		for _, goal := range Goals {
			want, found := brute(es, ms, goal)
			got := Cheapest(es, ms, goal)
			if got.Reached != found || found && got.Yen != want || !got.Proven {
				t.Fatalf("case %d, %s: %v %d, not %v %d", n, goal, got.Reached, got.Yen, found, want)
			}
			if !found {
				if len(got.Missing) == 0 {
					t.Fatalf("case %d, %s: nothing is said to be missing", n, goal)
				}
				continue
			}
			reached[goal]++
			for _, e := range Apply(es, ms, got.Measures) {
				if !goal.Reached(&e) {
					t.Fatalf("case %d, %s: the plan does not lead there", n, goal)
				}
			}
		}
		if size > 10 {
			continue
		}
		budget := int64(rng.IntN(80)) * 1_000_000
		levels := Level3.levels()
		want, cost := bruteRichest(es, ms, levels, budget)
		st := Richest(es, ms, Level3, budget)
		if got := value(Apply(es, ms, st.Measures), levels); got != want || st.Yen != cost || !st.Proven {
			t.Fatalf("case %d, budget %d: worth %d for %d, not %d for %d", n, budget, got, st.Yen, want, cost)
		}
	}
	for _, g := range Goals {
		if reached[g] < 40 {
			t.Errorf("%s is reached in %d cases only, which proves little", g, reached[g])
		}
	}
}

func TestPointsAreNeverSplit(t *testing.T) {
	var e Enclave
	for _, name := range []string{"3.1.1[a]", "3.1.1[b]"} {
		i, _ := catalog.Index(name)
		e.Open.Set(i)
	}
	a, b := Measure{ID: "a", Yen: 1}, Measure{ID: "b", Yen: 10}
	for m, name := range map[*Measure]string{&a: "3.1.1[a]", &b: "3.1.1[b]"} {
		i, _ := catalog.Index(name)
		m.Closes.Set(i)
	}
	if st := Richest([]Enclave{e}, []Measure{a, b}, Final, 10); st.Points != 0 || len(st.Measures) != 0 {
		t.Errorf("half a requirement is bought: %+v", st)
	}
	if st := Richest([]Enclave{e}, []Measure{a, b}, Final, 11); st.Points != 5 || st.Yen != 11 {
		t.Errorf("%+v", st)
	}
}

func TestStages(t *testing.T) {
	mk := func(names ...string) (b catalog.Bits) {
		for _, n := range names {
			i, ok := catalog.Index(n)
			if !ok {
				t.Fatal(n)
			}
			b.Set(i)
		}
		return b
	}
	e := Enclave{Name: "e", Open: mk("3.1.1[a]", "3.1.3[a]", "3.13.11[a]", "3.1.2e[a]")}
	mark, _ := catalog.Find("3.13.11").Mark()
	e.Open.Set(mark)
	ms := []Measure{
		{ID: "access", Yen: 10, Months: 2, Closes: mk("3.1.1[a]")},
		{ID: "fast access", Yen: 30, Months: 1, Closes: mk("3.1.1[a]")},
		{ID: "flow", Yen: 5, Months: 3, Closes: mk("3.1.3[a]")},
		{ID: "crypto", Yen: 3, Months: 1},
		{ID: "fips", Yen: 50, Months: 9, Closes: mk("3.13.11[a]")},
		{ID: "level 3", Yen: 7, Months: 1, Closes: mk("3.1.2e[a]")},
	}
	ms[3].Partly.Set(mark)
	list, _ := Stages([]Enclave{e}, ms, Level3, -1, Cheapest)
	if got := fmt.Sprint(list); len(list) != 3 || fmt.Sprint(list[0].Measures, list[1].Measures, list[2].Measures) != "[0 3] [2 4] [5]" || list[1].Months != 9 || list[0].Points != 5+2 {
		t.Errorf("%s", got)
	}
	list, _ = Stages([]Enclave{e}, ms, Conditional, -1, Soonest)
	if fmt.Sprint(list[0].Measures) != "[1 3]" || list[0].Months != 1 {
		t.Errorf("%+v", list)
	}
	list, rest := Stages([]Enclave{e}, ms, Level3, 20, Cheapest)
	if len(list) != 2 || !list[0].Reached || list[1].Reached || list[1].Yen != 55 || rest == nil || fmt.Sprint(rest.Measures) != "[2]" {
		t.Errorf("%+v %+v", list, rest)
	}
	if list, rest = Stages([]Enclave{e}, ms, Level3, 13, Cheapest); len(list) != 2 || rest == nil || len(rest.Measures) != 0 {
		t.Errorf("a budget that is spent to the last yen: %+v %+v", list, rest)
	}
	list, _ = Stages([]Enclave{e}, ms[:4], Final, -1, Cheapest)
	if last := list[len(list)-1]; last.Reached || len(last.Missing) != 1 || catalog.Name(last.Missing[0].Objective) != "3.13.11[a]" {
		t.Errorf("%+v", list)
	}
}

func TestUnknownAndNoPlanAreOpen(t *testing.T) {
	e := Of(&score.Assessment{Enclave: "e"})
	if s, n := e.Status(2); s != score.NoAssessment || n != -203 {
		t.Errorf("%s %d", s, n)
	}
}

func TestWrongMeasures(t *testing.T) {
	for doc, want := range map[string]string{
		`{"measures":[{"id":"a","objectives":["3.1.99[a]"]}]}`:                            `measures[0].objectives[0]: there is no requirement or objective "3.1.99[a]"`,
		`{"measures":[{"id":"a","objectives":["3.1.1"]},{"id":"a","partial":["3.5.3"]}]}`: `measures[1]: "a" stands twice`,
		`{"measures":[{"id":"a","yen":-1,"objectives":["3.1.1"]}]}`:                       `measures[0].yen: a cost is a whole number`,
		`{"measures":[{"id":"a","yen":1.5,"objectives":["3.1.1"]}]}`:                      `a cost is a whole number`,
		`{"measures":[{"id":"a","objectives":[]}]}`:                                       `"a" closes nothing`,
		`{"measures":[{"id":"a","objectives":["3.1.1"],"enclaves":["x"]}]}`:               `there is no enclave "x"`,
		`{"measures":[{"id":"a","partial":["3.1.1"]}]}`:                                   `3.1.1 has no partial credit`,
		`{"measures":[{"id":"a","months":-3,"objectives":["3.1.1"]}]}`:                    `-3 months`,
	} {
		if _, err := Read("m.json", []byte(doc), []Enclave{{Name: "e"}}); err == nil || !strings.HasPrefix(err.Error(), "m.json:1: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

func BenchmarkSixtyMeasures(b *testing.B) {
	for _, k := range []struct{ enclaves, failing int }{{1, 40}, {1, 80}, {12, 40}} {
		for _, goal := range Goals {
			b.Run(fmt.Sprintf("%d enclaves, %d failing, %s", k.enclaves, k.failing, goal), func(b *testing.B) {
				rng := rand.New(rand.NewPCG(9, 9))
				proven, n := 0, 0
				for b.Loop() {
					b.StopTimer()
					es, ms := scene(rng, k.enclaves, 60, k.failing)
					b.StartTimer()
					if Cheapest(es, ms, goal).Proven {
						proven++
					}
					n++
				}
				b.ReportMetric(float64(proven)/float64(n), "proven")
			})
		}
	}
}
