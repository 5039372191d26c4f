package sigma

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

// expressions are forms that rules use and forms that automata get wrong.
var expressions = []string{
	"", "a", "^a", "a$", "^$", `\Aab\z`, "a|b", "(a|ab)(c|bcd)", "a*", "a+b", "a?b", "a{2,3}", "(ab){2}", "[^a]b", ".", "(?s).", "(?s)a.c", "a.c",
	`\bab\b`, `\Bab`, `ab\B`, `\b`, `\B`, "(?m)^b$", "(?m)^", "(?m)$", "(?i)k", "(?i)straße", "(?i)[a-k]+z", `\w+\s\d`, `[^\W_]`, `[ab]{8}c`, `x[a-c1]{9,12}`, `(?:[^x]{8})+`, "^(?:a|b)*c$", "x*$", "(?m:^a)|b$",
	`(?:\{\d\})+"\s*-f`, `[a-fA-F0-9]{8}\s[0-9]{3}`, "日本", "[あ-ん]+", `\p{Greek}`, `[^\x00-\x7F]`, "�", `a\z|\Ab`, `(^|\W)x(\W|$)`, `(a*)*b`, `(?:a{0,3}){0,3}b`, `^.{3,5}$`, `.{4,}`, `\\[a-z]{1,4}\.exe`,
	`(?:^a|b$|\bc\b|\Bd\B)+`, `$a`, `a^`, `(?m)a$\nb`, `(|a)*b`, `[[:^ascii:]]`, `(\b^\b|b$)a`, `x(\b$|\B(?m)$)`, `(?U)a+b`, `(?i:ſ)`, `[\s\S]b`,
}

func agree(t *testing.T, d *dfa, re *regexp.Regexp, v []byte) {
	t.Helper()
	got, sure := d.match(v)
	if want := re.Match(v); sure && got != want {
		t.Errorf("/%s/ on %q: %v, want %v", re, v, got, want)
	} else if run := longRun(re.String()); want && isASCII(v) && run.n > 0 && !run.in(v) {
		t.Errorf("/%s/ matches %q, which has no stretch of %d", re, v, run.n)
	} else if c := (&ctest{test: &test{need: needed(re.String()), least: minLength(re.String())}}); want && (len(v) < c.least || isASCII(v) && c.need != nil && !c.needs(appendFold(nil, v))) {
		t.Errorf("/%s/ matches %q, which has not %d bytes or none of %q", re, v, c.least, c.need)
	}
}

// TestDFA: the lazy automaton answers as Go's regexp does, also when its cache
// holds next to nothing.
func TestDFA(t *testing.T) {
	pieces := []string{"a", "b", "c", "ab", "x", "\n", " ", "_", "1", "k", "K", "\u212a", "ß", "ẞ", "日", "あ", "α", "\xff", "\xe3\x81", "�", "\\ab.exe", `{1}" -f`, "deadbeef 123", "d", "ſ", "S", "abababab", "ccccccccc1"}
	r := rand.New(rand.NewPCG(1, 2))
	for _, expr := range expressions {
		re := regexp.MustCompile(expr)
		p := newPattern(expr)
		if p == nil {
			t.Errorf("/%s/ is not taken", expr)
			continue
		}
		d, tiny := newDFA(p), newDFA(p)
		tiny.most = 2
		for range 400 {
			var v []byte
			for range r.IntN(7) {
				v = append(v, pieces[r.IntN(len(pieces))]...)
			}
			agree(t, d, re, v)
			agree(t, tiny, re, v)
		}
	}
}

// TestPublicExpressions: every expression of the public rules is taken by the
// automaton and gives the answers of Go's regexp on command lines and paths.
func TestPublicExpressions(t *testing.T) {
	var values [][]byte
	for _, raw := range lines(t, "process-creation.ndjson.gz")[:150] {
		e := &event{raw: raw}
		values = append(values, e.everyText()...)
	}
	seen := map[string]bool{}
	taken := 0
	for _, rule := range publicRules(t).Rules {
		walkTests(rule.root, func(x *test) {
			if x.op != opRegex || seen[x.re.String()] {
				return
			}
			seen[x.re.String()] = true
			p := newPattern(x.re.String())
			if p == nil {
				return
			}
			taken++
			d := newDFA(p)
			for i, v := range values {
				if (i+len(seen))%150 == 0 {
					agree(t, d, x.re, v)
				}
			}
		})
	}
	t.Logf("%d of %d expressions", taken, len(seen))
	if taken < len(seen)-3 {
		t.Errorf("only %d of %d expressions are taken", taken, len(seen))
	}
}

// TestDFAStaysLinear: texts that ask for ever new states end with the general
// matcher, not with a cache that is made again for every byte.
func TestDFAStaysLinear(t *testing.T) {
	d := newDFA(newPattern(`a[ab]{60}c`))
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	for range 1 << 20 {
		b.WriteByte("ab"[r.IntN(2)])
	}
	start := time.Now()
	if _, sure := d.match([]byte(b.String())); sure {
		t.Error("the cache was never full")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Error(took)
	}
	if len(d.next) > 2*dfaBytes {
		t.Errorf("%d entries are kept", len(d.next))
	}
}

func FuzzDFA(f *testing.F) {
	for _, e := range expressions {
		f.Add(e, "ab\nc dK\u212a日\xff")
	}
	f.Fuzz(func(t *testing.T, expr, v string) {
		if len(expr) > 100 || len(v) > 1000 {
			return
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			return
		}
		p := newPattern(expr)
		if p == nil {
			return
		}
		d, tiny := newDFA(p), newDFA(p)
		tiny.most = 3
		for range 2 {
			agree(t, d, re, []byte(v))
			agree(t, tiny, re, []byte(v))
		}
	})
}
