package correlate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"
)

const second = 1000

// every kind of rule, with short timespans so that much happens.
func everyRule() []Rule {
	gte := func(v float64) []Bound { return []Bound{{"gte", v}} }
	rules := []Rule{
		{ID: "count", Kind: EventCount, Parts: 1, Span: 60 * second, Bounds: gte(6)},
		{ID: "count-gt", Kind: EventCount, Parts: 2, Span: 300 * second, Bounds: []Bound{{"gt", 19}}},
		{ID: "count-lt", Kind: EventCount, Parts: 1, Span: 60 * second, Bounds: []Bound{{"lt", 2}}},
		{ID: "count-between", Kind: EventCount, Parts: 1, Span: 120 * second, Bounds: []Bound{{"gt", 5}, {"lte", 8}}},
		{ID: "count-eq", Kind: EventCount, Parts: 1, Span: 60 * second, Bounds: []Bound{{"eq", 4}}},
		{ID: "count-neq", Kind: EventCount, Parts: 1, Span: 60 * second, Bounds: []Bound{{"neq", 3}}},
		{ID: "values", Kind: ValueCount, Parts: 1, Span: 60 * second, Bounds: gte(4)},
		{ID: "values-many", Kind: ValueCount, Parts: 1, Span: 400 * second, Bounds: gte(9)},
		{ID: "values-lte", Kind: ValueCount, Parts: 1, Span: 60 * second, Bounds: []Bound{{"lte", 2}}},
		{ID: "temporal", Kind: Temporal, Parts: 3, Span: 40 * second, Bounds: gte(3)},
		{ID: "temporal-some", Kind: Temporal, Parts: 4, Span: 20 * second, Bounds: gte(3)},
		{ID: "temporal-expr", Kind: Temporal, Parts: 3, Span: 15 * second, Present: func(t []bool) bool { return t[0] && (t[1] || t[2]) }},
		{ID: "temporal-eq", Kind: Temporal, Parts: 3, Span: 30 * second, Bounds: []Bound{{"eq", 2}}},
		{ID: "ordered", Kind: Ordered, Parts: 2, Span: 15 * second, Bounds: gte(2)},
		{ID: "ordered-3", Kind: Ordered, Parts: 3, Span: 60 * second, Bounds: gte(3)},
		{ID: "ordered-some", Kind: Ordered, Parts: 4, Span: 30 * second, Bounds: gte(3)},
		{ID: "sum", Kind: Sum, Parts: 1, Span: 60 * second, Bounds: gte(60)},
		{ID: "sum-lt", Kind: Sum, Parts: 1, Span: 60 * second, Bounds: []Bound{{"lt", 0}}},
		{ID: "avg", Kind: Avg, Parts: 1, Span: 60 * second, Bounds: []Bound{{"gt", 12}}},
		{ID: "percentile", Kind: Percentile, Percentile: 75, Parts: 1, Span: 60 * second, Bounds: gte(18)},
		{ID: "median", Kind: Median, Parts: 1, Span: 60 * second, Bounds: gte(15)},
		{ID: "median-lt", Kind: Median, Parts: 1, Span: 60 * second, Bounds: []Bound{{"lt", 5}}},
		{ID: "absent", Kind: Temporal, Parts: 2, Span: 20 * second, Absent: []bool{false, true}},
		{ID: "absent-after", Kind: Ordered, Parts: 2, Span: 45 * second, Absent: []bool{false, true}},
		{ID: "absent-before", Kind: Ordered, Parts: 2, Span: 45 * second, Absent: []bool{true, false}},
		{ID: "absent-two", Kind: Ordered, Parts: 4, Span: 60 * second, Absent: []bool{true, false, false, true}},
		{ID: "absent-all", Kind: Temporal, Parts: 3, Span: 20 * second, Absent: []bool{false, false, true}},
		// correlations of correlations
		{ID: "chain-ordered", Kind: Ordered, Parts: 2, Span: 240 * second, Bounds: gte(2)},
		{ID: "chain-count", Kind: EventCount, Parts: 3, Span: 600 * second, Bounds: gte(3)},
		{ID: "chain-absent", Kind: Ordered, Parts: 2, Span: 120 * second, Absent: []bool{false, true}},
	}
	feed := func(from, to string, part int) {
		at := func(id string) int { return slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id }) }
		rules[at(from)].Feeds = append(rules[at(from)].Feeds, Feed{at(to), part})
	}
	feed("count", "chain-ordered", 0)
	feed("values", "chain-count", 0)
	feed("count-lt", "chain-count", 1)
	feed("absent-after", "chain-count", 2)
	feed("chain-ordered", "chain-absent", 0)
	feed("median", "chain-absent", 1)
	return rules
}

// stream makes events of groups with quiet and busy times. One event may be a
// hit of several parts.
// Of share rules each event is a hit of one, on average.
func stream(rules []Rule, n, share int, seed uint64) []Hit {
	r := rand.New(rand.NewPCG(seed, 7))
	groups := max(4, n/600/share)
	var hits []Hit
	now := int64(1_764_000_000_000)
	for i := range n {
		if now += int64(r.ExpFloat64() * 8000 / float64(groups*share) * 3); r.IntN((4000/groups+1)*share) == 0 {
			now += int64(r.IntN(90)) * second
		}
		t := now
		if r.IntN(3) == 0 {
			t -= t % second // logs that know seconds only
		}
		g := int(float64(groups) * r.Float64() * r.Float64())
		h := Hit{Time: t, Event: fmt.Sprintf("e%08d", i), Group: fmt.Sprintf("g%d", g), Value: fmt.Sprintf("v%d", r.IntN(12)), Number: float64(r.IntN(25) - 3)}
		for k := range rules {
			if rules[k].ID[:min(5, len(rules[k].ID))] == "chain" && rules[k].ID != "chain-ordered" || share > 1 && r.IntN(share) > 0 {
				continue
			}
			h.Rule, h.Part = k, r.IntN(rules[k].Parts)
			if rules[k].ID == "chain-ordered" {
				h.Part = 1
			}
			hits = append(hits, h)
			if rules[k].Parts > 1 && r.IntN(10) == 0 && rules[k].ID != "chain-ordered" {
				h.Part = (h.Part + 1) % rules[k].Parts
				hits = append(hits, h)
			}
		}
	}
	return hits
}

// shuffled puts hits into an order in which each comes at most the lateness
// after one that is newer.
func shuffled(hits []Hit, lateness int64, seed uint64) []Hit {
	r := rand.New(rand.NewPCG(seed, 9))
	type late struct {
		Hit
		at int64
	}
	all := make([]late, len(hits))
	for i, h := range hits {
		d := int64(0)
		switch r.IntN(4) {
		case 0:
			d = r.Int64N(lateness)
		case 1:
			d = r.Int64N(lateness / 20)
		}
		all[i] = late{h, h.Time + d}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at < all[j].at })
	out := make([]Hit, len(all))
	for i, h := range all {
		out[i] = h.Hit
	}
	return out
}

// collect runs a stream through engines that are ended and begun again from what
// was saved, now and then. Half of the work since the last save is lost each
// time and done again, as after a rollback.
func collect(t testing.TB, rules []Rule, hits []Hit, lateness int64, kills int, seed uint64) (eager, final map[answer]bool, e *Engine) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 11))
	eager, final = map[answer]bool{}, map[answer]bool{}
	saved := map[[2]string][]byte{}
	marks := make([]int64, len(rules))
	e = New(rules, Options{})
	start := func() {
		e = New(rules, Options{})
		for k, body := range saved {
			if err := e.Load(Saved{k[0], k[1], body}); err != nil {
				t.Fatal(err)
			}
		}
		for i, m := range marks {
			if m != 0 {
				e.Advance(i, m)
			}
		}
		if f := e.Fired(); len(f) > 0 {
			t.Fatalf("%d firings by a restart", len(f))
		}
	}
	newest := int64(never)
	const step = 500
	for from := 0; from < len(hits) || from == 0; from += step {
		to := min(from+step, len(hits))
		was := newest
		kill := kills > 0 && r.IntN(max(1, len(hits)/step/kills)) == 0
		for try := 0; ; try++ {
			newest = was
			part := hits[from:to]
			if kill && try == 0 {
				part = part[:len(part)/2]
			}
			for _, h := range part {
				newest = max(newest, h.Time)
				if _, late := e.Feed(h); late {
					t.Fatalf("%+v is late", h)
				}
			}
			if kill && try == 0 {
				start() // what was fed since the save is gone
				continue
			}
			break
		}
		mark := newest - lateness
		for i := range rules {
			e.Advance(i, mark)
			marks[i] = max(mark, marks[i])
		}
		for _, s := range e.Dirty() {
			k := [2]string{s.Rule, s.Group}
			if s.Body == nil {
				delete(saved, k)
			} else {
				saved[k] = s.Body
			}
		}
		take(t, rules, e.Fired(), eager, final)
		if kill {
			start()
		}
	}
	e.Finish()
	take(t, rules, e.Fired(), eager, final)
	return eager, final, e
}

func take(t testing.TB, rules []Rule, fired []Firing, eager, final map[answer]bool) {
	t.Helper()
	for _, f := range fired {
		a := answer{rules[f.Rule].ID, f.Group, f.Slot, f.Time}
		m := final
		if !f.Final {
			m, a.time = eager, 0
		}
		if m[a] {
			t.Fatalf("%v is told twice", a)
		}
		if f.Approx {
			t.Fatalf("%v is not exact", a)
		}
		m[a] = true
	}
}

// TestEqualsBruteForce: for every type and any order within the lateness, with
// the engine ended and begun again midway, what is found is what the definitions
// say – each firing told once at once, and once with its final time.
func TestEqualsBruteForce(t *testing.T) {
	n, seeds, share := 6_000, 2, 1
	if os.Getenv("YAGURA_SOAK") == "1" {
		n, seeds, share = 1_000_000, 1, 15
	}
	rules := everyRule()
	const lateness = 300 * second
	for seed := range uint64(seeds) {
		hits := stream(rules, n, share, seed+1)
		want := brute(rules, hits)
		perRule := map[string]int{}
		for a := range want {
			perRule[a.rule]++
		}
		for _, r := range rules {
			if perRule[r.ID] == 0 {
				t.Errorf("%s never fires: the stream tests nothing", r.ID)
			}
		}
		begun := time.Now()
		eager, final, e := collect(t, rules, shuffled(hits, lateness, seed), lateness, 5, seed)
		took := time.Since(begun)
		if d := differ(want, final); d != "" {
			t.Fatalf("seed %d, shuffled:\n%s", seed, d)
		}
		early := map[answer]bool{}
		for a := range want {
			a.time = 0
			early[a] = true
		}
		if d := differ(early, eager); d != "" {
			t.Fatalf("seed %d, at once:\n%s", seed, d)
		}
		for i := range rules {
			if f := e.Figures(i); f.Groups != 0 || f.Bytes != 0 {
				t.Errorf("%s: %d groups and %d bytes stay after the end", rules[i].ID, f.Groups, f.Bytes)
			}
		}
		t.Logf("seed %d: %d events, %d hits, %d firings of %d rules; %v for the engine, %d hits/s", seed, n, len(hits), len(want), len(rules), took.Round(time.Millisecond), int(float64(len(hits))/took.Seconds()))
		if n > 100_000 {
			continue
		}
		_, sorted, _ := collect(t, rules, hits, 2*second, 0, seed) // in order but for logs that know seconds only
		if d := differ(want, sorted); d != "" {
			t.Fatalf("seed %d, in order:\n%s", seed, d)
		}
	}
}

// TestStateIsBounded: what is kept of a group does not grow with the rate of its
// events.
func TestStateIsBounded(t *testing.T) {
	for _, r := range everyRule() {
		if strings.HasPrefix(r.ID, "chain") {
			continue
		}
		r.Feeds = nil
		size := func(rate int) int64 {
			e := New([]Rule{r}, Options{})
			rnd := rand.New(rand.NewPCG(1, 1))
			most := int64(0)
			for i := range rate * 60 {
				at := int64(i) * second / int64(rate)
				e.Feed(Hit{Part: rnd.IntN(r.Parts), Time: at, Event: fmt.Sprint("e", i), Group: "g", Value: fmt.Sprint(rnd.IntN(100000)), Number: float64(rnd.IntN(20))})
				if i%100 == 0 {
					e.Advance(0, at-30*second)
				}
				most = max(most, e.Figures(0).Bytes)
			}
			return most
		}
		small, large := size(40), size(400)
		limit := small + small/4 + 4096
		if r.metric() || r.Kind == Ordered || r.ID == "absent-all" {
			limit = max(limit, 4*(64+16)*mostExact*int64(r.Parts)) // exact to a fixed number
		}
		if large > limit {
			t.Errorf("%s: %d bytes at 40 events/s, %d at 400", r.ID, small, large)
		}
	}
}

// TestFloodLeavesOthersAlone: hundreds of thousands of groups (a million in a soak) of one rule leave the state and
// the result of another untouched, and memory within bounds; what is given up is
// counted.
func TestFloodLeavesOthersAlone(t *testing.T) {
	rules := []Rule{
		{ID: "flooded", Kind: EventCount, Parts: 1, Span: 3600 * second, Bounds: []Bound{{"gte", 5}}},
		{ID: "slow", Kind: Ordered, Parts: 2, Span: 6 * 3600 * second, Bounds: []Bound{{"gte", 2}}},
		{ID: "slow-count", Kind: ValueCount, Parts: 1, Span: 6 * 3600 * second, Bounds: []Bound{{"gte", 50}}},
	}
	base := int64(1_764_000_000_000)
	run := func(flood int) (map[answer]bool, *Engine, uint64) {
		runtime.GC()
		var before, during runtime.MemStats
		runtime.ReadMemStats(&before)
		e := New(rules, Options{})
		final := map[answer]bool{}
		drain := func() {
			for _, f := range e.Fired() {
				if f.Final && f.Rule != 0 {
					final[answer{rules[f.Rule].ID, f.Group, f.Slot, f.Time}] = true
				}
			}
		}
		for i := range 500 {
			e.Feed(Hit{Rule: 1, Part: 0, Time: base + int64(i), Event: fmt.Sprint("a", i), Group: fmt.Sprint("host", i)})
			e.Feed(Hit{Rule: 2, Time: base + int64(i), Event: fmt.Sprint("v", i), Group: fmt.Sprint("user", i%10), Value: fmt.Sprint(i)})
		}
		for i := range flood {
			at := base + 1000 + int64(i)
			e.Feed(Hit{Rule: 0, Time: at, Event: fmt.Sprint("f", i), Group: fmt.Sprintf("10.%d.%d.%d|user-%d", i>>16&255, i>>8&255, i&255, i)})
			if i%10_000 == 0 {
				for k := range rules {
					e.Advance(k, at-300*second)
				}
				e.Dirty()
				drain()
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&during)
		for i := range 500 {
			e.Feed(Hit{Rule: 1, Part: 1, Time: base + 2*3600*second + int64(i), Event: fmt.Sprint("b", i), Group: fmt.Sprint("host", i)})
		}
		figures := e
		e.Finish()
		drain()
		runtime.KeepAlive(e)
		return final, figures, during.HeapAlloc - min(before.HeapAlloc, during.HeapAlloc)
	}
	quiet, _, _ := run(0)
	n := 150_000
	if os.Getenv("YAGURA_SOAK") == "1" {
		n = 1_000_000
	}
	flooded, e, heap := run(n)
	if d := differ(quiet, flooded); d != "" || len(quiet) != 510 {
		t.Errorf("%d firings; with the flood:\n%s", len(quiet), d)
	}
	if f := e.Figures(0); f.Evicted < int64(n-60_000) || e.Figures(1).Evicted+e.Figures(2).Evicted != 0 {
		t.Errorf("given up: %d of the flooded rule, %d and %d of the others", f.Evicted, e.Figures(1).Evicted, e.Figures(2).Evicted)
	}
	if heap > 256<<20 {
		t.Errorf("%d MiB of heap", heap>>20)
	}
	t.Logf("heap with %d groups fed: %d MiB", n, heap>>20)
}

func TestLateAndApproximate(t *testing.T) {
	rules := []Rule{
		{ID: "sum", Kind: Sum, Parts: 1, Span: 3600 * second, Bounds: []Bound{{"gte", 9000}}},
		{ID: "p90", Kind: Percentile, Percentile: 90, Parts: 1, Span: 3600 * second, Bounds: []Bound{{"lt", 1e9}, {"gt", 0}}},
		{ID: "ordered", Kind: Ordered, Parts: 2, Span: 3600 * second, Bounds: []Bound{{"gte", 2}}},
	}
	e := New(rules, Options{})
	for i := range 10_000 {
		at := 3600*second + int64(i)*100
		e.Feed(Hit{Rule: 0, Time: at, Event: fmt.Sprint(i), Group: "g", Number: 1})
		e.Feed(Hit{Rule: 1, Time: at, Event: fmt.Sprint(i), Group: "g", Number: float64(i % 1000)})
		e.Feed(Hit{Rule: 2, Time: at, Event: fmt.Sprint(i), Group: "g"})
	}
	e.Feed(Hit{Rule: 2, Part: 1, Time: 3600*second + 2_000_000, Event: "end", Group: "g"})
	e.Finish()
	found := map[string]Firing{}
	for _, f := range e.Fired() {
		if f.Final {
			found[rules[f.Rule].ID] = f
		}
	}
	if f := found["sum"]; !f.Approx || f.Value < 9000 || f.Value > 9200 {
		t.Errorf("sum: %+v", f)
	}
	if f := found["p90"]; !f.Approx || f.Value < 870 || f.Value > 930 {
		t.Errorf("percentile: %+v", f)
	}
	if f := found["ordered"]; !f.Approx || f.Time != 3600*second+2_000_000 {
		t.Errorf("ordered: %+v", f)
	}
	e = New(rules[:1], Options{})
	e.Feed(Hit{Time: 100 * second, Event: "a", Group: "g", Number: 9000})
	e.Advance(0, 60*second)
	if _, late := e.Feed(Hit{Time: 60 * second, Event: "b", Group: "g", Number: 1}); !late || e.Figures(0).Late != 1 {
		t.Error("a hit at the watermark is not late")
	}
	if _, late := e.Feed(Hit{Time: 60*second + 1, Event: "c", Group: "g", Number: 1}); late {
		t.Error("a hit after the watermark is late")
	}
}

// TestApproximateQuantilesStayWithinTheirBound compares the places of quantiles
// among many values, in orders and distributions that are hard to sum up, with
// the bound that is told.
func TestApproximateQuantilesStayWithinTheirBound(t *testing.T) {
	const n, bound = 30_000, 0.03
	r := rand.New(rand.NewPCG(3, 9))
	worst := 0.0
	for name, value := range map[string]func(i int) float64{
		"ascending": func(i int) float64 { return float64(i) }, "descending": func(i int) float64 { return float64(n - i) },
		"random": func(int) float64 { return r.Float64() }, "long tail": func(int) float64 { return math.Exp(8 * r.NormFloat64()) },
		"two heaps": func(i int) float64 { return float64(i%2)*1e6 + r.Float64() }, "waves": func(i int) float64 { return math.Sin(float64(i) / 700) },
		"outwards": func(i int) float64 { return float64(i) * float64(1-2*(i%2)) },
	} {
		for i, percent := range []float64{1, 10, 50, 90, 99, 50, 90} {
			span := int64(3600 * second)
			if i > 4 {
				span = 10 * second // all at once
			}
			kind := Percentile
			if percent == 50 {
				kind = Median
			}
			e := New([]Rule{{ID: "q", Kind: kind, Percentile: percent, Parts: 1, Span: 3600 * second, Bounds: []Bound{{"gt", -1e300}, {"lt", 1e300}}}}, Options{})
			all := make([]float64, n)
			for i := range all {
				all[i] = value(i)
				e.Feed(Hit{Time: 3600*second + int64(i)*span/n, Event: fmt.Sprint(i), Group: "g", Number: all[i]})
			}
			e.Finish()
			fired := e.Fired()
			f := fired[len(fired)-1]
			slices.Sort(all)
			below, _ := slices.BinarySearch(all, f.Value)
			off := math.Abs(float64(below)/n - percent/100)
			worst = max(worst, off)
			if !f.Approx || off > bound {
				t.Errorf("%s, %g: %g of the values away", name, percent, off)
			}
		}
	}
	t.Logf("at most %.4f of the values away", worst)
}
