package story

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// brute is the definition itself: every pair of marks of a key, noise found by
// walking from mark to mark.
func brute(r Rules, marks []Mark) [][]string {
	reach := func(i int) (run []Mark) {
		in := map[int]bool{i: true}
		for grown := true; grown; {
			grown = false
			for j, m := range marks {
				if in[j] || m.Key != marks[i].Key {
					continue
				}
				for k := range in {
					a, b := marks[k], m
					if max(a.From, b.From)-min(a.To, b.To) <= r.Chain {
						in[j], grown = true, true
						break
					}
				}
			}
		}
		for j := range in {
			run = append(run, marks[j])
		}
		return run
	}
	sets := Sets{}
	for i, a := range marks {
		if r.Noisy(reach(i)) {
			continue
		}
		for _, b := range marks {
			if a.Key == b.Key && r.Linked(a, b) {
				sets.Union(a.Alert, b.Alert)
			}
		}
	}
	return sets.Groups()
}

func TestJoinIsTheDefinition(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		rules := Rules{Gap: 10, Chain: 40, Degree: 1 + r.IntN(5), Most: 4 + r.IntN(12)}
		var marks []Mark
		for a := range 2 + r.IntN(25) {
			tactics := Set(0)
			if r.IntN(3) > 0 {
				tactics = 1 << r.IntN(len(Tactics))
			}
			for range 1 + r.IntN(3) {
				from := int64(r.IntN(400))
				m := Mark{Alert: fmt.Sprintf("a%02d", a), Key: fmt.Sprintf("k%d", r.IntN(4)), Tactics: tactics, From: from, To: from + int64(r.IntN(30))}
				if r.IntN(4) > 0 {
					m.Partner = fmt.Sprintf("p%d", r.IntN(8))
				}
				if !slices.ContainsFunc(marks, func(x Mark) bool { return x.Alert == m.Alert && x.Key == m.Key }) {
					marks = append(marks, m)
				}
			}
		}
		want := brute(rules, marks)
		r.Shuffle(len(marks), func(i, j int) { marks[i], marks[j] = marks[j], marks[i] })
		if got := rules.Join(marks); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d %+v\n%+v\ngot  %v\nwant %v", seed, rules, marks, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{UserKey(`KIRISHIO\M.Visser`), "user:m.visser"}, {UserKey("m.visser@corp.example"), "user:m.visser"}, {UserKey(`NT AUTHORITY\SYSTEM`), ""},
		{UserKey("arn:aws:iam::123456789012:user/adm-brandt"), "user:adm-brandt"}, {UserKey("root"), ""}, {UserKey("PC-1$"), ""}, {UserKey(""), ""}, {UserKey("DWM-1"), ""},
		{HostKey("himeji", "PC-1"), "host:himeji/pc-1"}, {HostKey("himeji", "PC-1.corp.example."), "host:pc-1.corp.example"}, {HostKey("x", "localhost"), ""},
		{HostKey("x", "10.1.2.3"), "address:10.1.2.3"}, {HostKey("x", "127.0.0.1"), ""},
		{AddressKey("::ffff:10.0.0.1"), "address:10.0.0.1"}, {AddressKey("127.0.0.1"), ""}, {AddressKey("fe80::1%eth0"), ""}, {AddressKey("239.1.1.1"), ""}, {AddressKey("x"), ""},
		{HashKey("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"), ""}, {HashKey("00000000000000000000000000000000"), ""},
		{HashKey("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "hash:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, {HashKey("zz"), ""},
		{ProcessKey("{B5CDCC2C-1A2B-5F3D-0000-0010ABCDEF00}"), "process:b5cdcc2c-1a2b-5f3d-0000-0010abcdef00"}, {ProcessKey("{00000000-0000-0000-0000-000000000000}"), ""}, {ProcessKey("12"), ""},
	} {
		if c.got != c.want {
			t.Errorf("%q, not %q", c.got, c.want)
		}
	}
}

func TestTactics(t *testing.T) {
	s := SetOf([]string{"attack.execution", "attack.t1059", "attack.defense_evasion", "attack.Defense-Impairment", "attack.ics.impact", "cve.2020-1"})
	if got := s.Names(); !reflect.DeepEqual(got, []string{"execution", "stealth", "defense-impairment", "impact"}) || s.Len() != 4 {
		t.Errorf("%v", got)
	}
	one := func(name string) Set { return SetOf([]string{"attack." + name}) }
	for _, c := range []struct {
		a, b string
		want bool
	}{{"execution", "impact", true}, {"impact", "execution", false}, {"execution", "execution", false}, {"", "impact", false}, {"impact", "", false}} {
		if one(c.a).Leads(one(c.b)) != c.want {
			t.Errorf("%s leads to %s: not %v", c.a, c.b, c.want)
		}
	}
}
