package inherit

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
)

func bits(t testing.TB, names ...string) (b catalog.Bits) {
	t.Helper()
	for _, n := range names {
		if q := catalog.Find(n); q != nil {
			for _, i := range q.Objective {
				b.Set(i)
			}
			continue
		}
		i, ok := catalog.Index(n)
		if !ok {
			t.Fatal(n)
		}
		b.Set(i)
	}
	return b
}

// met is a system that has all its own, without partial credit.
func met(id string, shares ...Share) System {
	s := System{ID: id, Enclave: true, Level: 2, SSP: true, Shares: shares}
	for _, m := range marks {
		s.Own.Open.Set(m[1])
	}
	return s
}

func (g *Group) of(id string) Standing { return g.stands[g.index[id]] }

func TestBothHalvesOfWhatIsShared(t *testing.T) {
	const o = "3.14.1[a]"
	i, _ := catalog.Index(o)
	for _, k := range []struct {
		kind          Kind
		own, provider score.Result
		low, high     int
	}{
		{Shared, score.Met, score.Met, 110, 110}, {Shared, score.NotMet, score.Met, 105, 105}, {Shared, score.Met, score.NotMet, 105, 105},
		{Shared, score.Met, score.Unknown, 105, 110}, {Shared, score.Unknown, score.Met, 105, 110}, {Shared, score.Unknown, score.NotMet, 105, 105},
		{Shared, score.NA, score.Met, 110, 110},
		{Provider, score.NotMet, score.Met, 110, 110}, {Provider, score.Met, score.NotMet, 105, 105}, {Provider, score.Met, score.Unknown, 105, 110},
	} {
		g, err := New([]System{met("e", Share{"p", k.kind, bits(t, o)}), met("p")})
		if err != nil {
			t.Fatal(err)
		}
		for id, r := range map[string]score.Result{"e": k.own, "p": k.provider} {
			if _, err := g.Set(id, i, r); err != nil {
				t.Fatal(err)
			}
		}
		if s := g.of("e"); s.Low != k.low || s.High != k.high {
			t.Errorf("%+v: %d to %d", k, s.Low, s.High)
		}
	}
}

func TestPartialCreditIsInherited(t *testing.T) {
	idp := met("idp")
	idp.Own.Open = bits(t, "3.5.3[d]") // general users; the mark is not set: remote and privileged have it
	own := met("own")
	own.Own.Open = own.Own.Open.Or(bits(t, "3.5.3[d]"))
	g, err := New([]System{
		met("e", Share{"idp", Provider, bits(t, "3.5.3")}), met("f", Share{"idp", Shared, bits(t, "3.5.3")}), own, idp,
		func() System { s := own; s.ID = "h"; s.Shares = []Share{{"idp", Shared, bits(t, "3.5.3")}}; return s }(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]int{"e": 107, "f": 107, "own": 105, "h": 105} {
		if s := g.of(id); s.Low != want || s.Status != score.None {
			t.Errorf("%s: %+v", id, s)
		}
	}
}

func TestCirclesAreRefused(t *testing.T) {
	a := Share{"a", Shared, bits(t, "3.5.3[d]")}
	for name, systems := range map[string][]System{
		"itself": {met("a", a)},
		"three":  {met("a", Share{"c", Provider, bits(t, "3.5.3")}), met("b", a), met("c", Share{"b", Shared, bits(t, "3.5.3[c]", "3.5.3[d]")})},
	} {
		_, err := New(systems)
		if err == nil || !strings.Contains(err.Error(), "3.5.3[d] is inherited in a circle: a → ") || !strings.HasSuffix(err.Error(), "→ a") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Two that give each other different things are no circle.
	p := met("p", Share{"q", Provider, bits(t, "3.3.1")})
	p.Own.Open = p.Own.Open.Or(bits(t, "3.5.1[a]"))
	g, err := New([]System{p, met("q", Share{"p", Shared, bits(t, "3.5.1")}), met("r", Share{"q", Provider, bits(t, "3.5.1")})})
	if err != nil {
		t.Fatal(err)
	}
	if g.of("r").Low != 105 {
		t.Errorf("what p lacks reaches r by q: %+v", g.of("r"))
	}
	i, _ := catalog.Index("3.5.1[a]")
	if changes, err := g.Set("p", i, score.Met); err != nil || len(changes) != 3 || g.of("r").Low != 110 {
		t.Errorf("%v %v", changes, err)
	}
	for _, wrong := range [][]System{{met("a"), met("a")}, {met("a", Share{"b", Shared, catalog.Bits{}})}, {met("a"), met("b", Share{"a", "theirs", catalog.Bits{}})}} {
		if _, err := New(wrong); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

// naive computes one objective of one system by going up every way.
func naive(systems map[string]System, id string, o int) score.Result {
	s := systems[id]
	own, others := true, []score.Result(nil)
	for _, sh := range s.Shares {
		if sh.Objectives.Has(o) {
			others = append(others, naive(systems, sh.Provider, o))
			if sh.Kind == Provider && len(others) == 1 {
				own = false
			}
		}
	}
	for _, sh := range s.Shares {
		own = own || sh.Kind == Shared && sh.Objectives.Has(o)
	}
	r := score.Met
	fold := func(x score.Result) {
		if x == score.NotMet || x == score.Unknown && r == score.Met {
			r = x
		}
	}
	if own {
		switch {
		case s.Own.Open.Has(o):
			fold(score.NotMet)
		case s.Own.Unknown.Has(o):
			fold(score.Unknown)
		}
	}
	for _, x := range others {
		fold(x)
	}
	return r
}

// random is a group of services in chains and of enclaves that use them.
func random(rng *rand.Rand, services, enclaves int) []System {
	var list []System
	for n := range services + enclaves {
		s := met(fmt.Sprintf("s%04d", n))
		s.Enclave = n >= services
		for i := range catalog.Level2Objectives {
			switch rng.IntN(40) {
			case 0:
				s.Own.Open.Set(i)
			case 1:
				s.Own.Unknown.Set(i)
			}
		}
		for range min(n, 4) {
			sh := Share{Provider: fmt.Sprintf("s%04d", rng.IntN(min(n, services))), Kind: []Kind{Provider, Shared}[rng.IntN(2)]}
			for range 60 {
				sh.Objectives.Set(rng.IntN(catalog.Level2Objectives))
			}
			s.Shares = append(s.Shares, sh)
		}
		list = append(list, s)
	}
	return list
}

// TestAgainstTheWalk compares with a plain walk, after many changes too, and a
// change by change with computing anew.
func TestAgainstTheWalk(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	list := random(rng, 12, 20)
	g, err := New(list)
	if err != nil {
		t.Fatal(err)
	}
	compare := func() {
		t.Helper()
		byID := map[string]System{}
		for i := range g.nodes {
			byID[g.nodes[i].ID] = g.nodes[i].System
		}
		for id := range byID {
			e, _ := g.Effect(id)
			for o := range catalog.Level2Objectives {
				got := score.Met
				if e.Open.Has(o) {
					got = score.NotMet
				} else if e.Unknown.Has(o) {
					got = score.Unknown
				}
				if want := naive(byID, id, o); got != want {
					t.Fatalf("%s %s is %s, not %s", id, catalog.Name(o), got, want)
				}
			}
		}
	}
	compare()
	for range 200 {
		if _, err := g.Set(list[rng.IntN(len(list))].ID, rng.IntN(catalog.Level2Objectives), []score.Result{score.Met, score.NotMet, score.Unknown}[rng.IntN(3)]); err != nil {
			t.Fatal(err)
		}
	}
	compare()
	before := fmt.Sprint(g.Standings())
	g.Recompute()
	if after := fmt.Sprint(g.Standings()); after != before {
		t.Error("change by change differs from computing anew")
	}
}

func TestBlastRadius(t *testing.T) {
	list := []System{met("idp"), met("soc", Share{"idp", Shared, bits(t, "3.5.3")})}
	list[0].Enclave, list[1].Enclave = false, false
	for n := range 10 {
		e := met(fmt.Sprint("e", n), Share{"soc", Provider, bits(t, "3.5.3")})
		if n >= 7 {
			e.Shares = nil
		}
		list = append(list, e)
	}
	g, err := New(list)
	if err != nil {
		t.Fatal(err)
	}
	hit, err := g.Blast("idp", g.Gives("idp"))
	if err != nil || len(hit) != 7 || hit[0].Before.Low != 110 || hit[0].After.Low != 105 || hit[0].After.Status != score.None {
		t.Errorf("%v %v", hit, err)
	}
	if hit, _ := g.Blast("idp", bits(t, "3.5.3[d]")); len(hit) != 7 {
		t.Errorf("%v", hit)
	}
	if hit, _ := g.Blast("idp", bits(t, "3.1.1")); len(hit) != 0 {
		t.Errorf("what nobody takes from it: %v", hit)
	}
	if s := g.of("e0"); s.Low != 110 {
		t.Error("asking changes nothing")
	}
	units := RollUp(g.Standings(), func(id string) string { return id[:1] })
	if len(units) != 1 || units[0].Enclaves != 10 || units[0].Status[score.Final] != 10 {
		t.Errorf("%+v", units)
	}
}

func benchGroup(b *testing.B, enclaves int) *Group {
	g, err := New(random(rand.New(rand.NewPCG(1, 1)), 40, enclaves))
	if err != nil {
		b.Fatal(err)
	}
	return g
}

func BenchmarkRecompute300(b *testing.B) {
	g := benchGroup(b, 300)
	for b.Loop() {
		g.Recompute()
	}
}

func BenchmarkRecompute1000(b *testing.B) {
	g := benchGroup(b, 1000)
	for b.Loop() {
		g.Recompute()
	}
}

// BenchmarkOneSignal turns one objective of the service that reaches the most.
func BenchmarkOneSignal(b *testing.B) {
	g := benchGroup(b, 1000)
	o := 0
	for i := range g.Gives("s0000").All {
		o = i
		break
	}
	for n := 0; b.Loop(); n++ {
		if _, err := g.Set("s0000", o, []score.Result{score.NotMet, score.Met}[n%2]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBlast(b *testing.B) {
	g := benchGroup(b, 1000)
	all := g.Gives("s0000")
	for b.Loop() {
		if _, err := g.Blast("s0000", all); err != nil {
			b.Fatal(err)
		}
	}
}
