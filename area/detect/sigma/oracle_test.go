package sigma

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A second, slow evaluation of Sigma, written apart from the engine: it shares
// no code with it, reads rules and events through maps, and turns every value
// into a regular expression.

type oracleRule struct {
	id        string
	searches  map[string]any
	condition string
}

func readOracleRule(t *testing.T, doc string) oracleRule {
	var y struct {
		ID        string         `yaml:"id"`
		Detection map[string]any `yaml:"detection"`
	}
	if err := yaml.Unmarshal([]byte(doc), &y); err != nil {
		t.Fatal(err)
	}
	r := oracleRule{id: y.ID, searches: y.Detection, condition: y.Detection["condition"].(string)}
	delete(r.searches, "condition")
	return r
}

func (r oracleRule) matches(ev map[string]any) bool {
	toks := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(r.condition))
	v, rest := r.expr(toks, ev)
	if len(rest) > 0 {
		panic("rest " + strings.Join(rest, " "))
	}
	return v
}

func (r oracleRule) expr(t []string, ev map[string]any) (bool, []string) {
	v, t := r.conj(t, ev)
	for len(t) > 0 && t[0] == "or" {
		var w bool
		w, t = r.conj(t[1:], ev)
		v = v || w
	}
	return v, t
}

func (r oracleRule) conj(t []string, ev map[string]any) (bool, []string) {
	v, t := r.unary(t, ev)
	for len(t) > 0 && t[0] == "and" {
		var w bool
		w, t = r.unary(t[1:], ev)
		v = v && w
	}
	return v, t
}

func (r oracleRule) unary(t []string, ev map[string]any) (bool, []string) {
	switch {
	case t[0] == "not":
		v, rest := r.unary(t[1:], ev)
		return !v, rest
	case t[0] == "(":
		v, rest := r.expr(t[1:], ev)
		return v, rest[1:]
	case len(t) > 2 && t[1] == "of":
		n, total := 0, 0
		for name, s := range r.searches {
			if t[2] == "them" || strings.HasPrefix(name, strings.TrimSuffix(t[2], "*")) {
				total++
				if oracleSearch(s, ev) {
					n++
				}
			}
		}
		return n > 0 && (t[0] == "1" || n == total), t[3:]
	}
	return oracleSearch(r.searches[t[0]], ev), t[1:]
}

func oracleSearch(s any, ev map[string]any) bool {
	switch s := s.(type) {
	case map[string]any:
		for k, v := range s {
			if !oracleItem(k, v, ev) {
				return false
			}
		}
		return true
	case []any:
		for _, x := range s {
			if oracleSearch(x, ev) {
				return true
			}
		}
		return false
	}
	return oracleItem("|contains", s, ev)
}

func oracleItem(key string, want any, ev map[string]any) bool {
	parts := strings.Split(key, "|")
	mods := map[string]bool{}
	for _, m := range parts[1:] {
		mods[m] = true
	}
	wants, ok := want.([]any)
	if !ok {
		wants = []any{want}
	}
	n := 0
	for _, w := range wants {
		if oracleValue(parts[0], mods, w, ev) {
			n++
		}
	}
	v := n > 0
	if mods["all"] {
		v = n == len(wants)
	}
	return v != mods["neq"]
}

func oracleText(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

func oracleHave(field string, ev map[string]any) (list []any, there bool) {
	if field == "" {
		for _, v := range ev {
			if l, ok := v.([]any); ok {
				list = append(list, l...)
			} else if v != nil {
				list = append(list, v)
			}
		}
		return list, true
	}
	v, there := ev[field]
	if l, ok := v.([]any); ok {
		return l, there
	}
	return []any{v}, there
}

func oracleValue(field string, mods map[string]bool, want any, ev map[string]any) bool {
	have, there := oracleHave(field, ev)
	if mods["exists"] {
		return there == want.(bool)
	}
	if want == nil {
		if !there {
			return true
		}
		for _, h := range have {
			if h == nil {
				return true
			}
		}
		return false
	}
	if !there {
		return false
	}
	texts := []string{oracleText(want)}
	if mods["windash"] {
		m := oracleRegexp(`(^|\W)[-/–—―](\w)`)
		var all []string
		if m.MatchString(texts[0]) {
			for _, d := range []string{"-", "/", "–", "—", "―"} {
				all = append(all, m.ReplaceAllString(texts[0], "${1}"+d+"${2}"))
			}
			texts = all
		}
	}
	for _, h := range have {
		if h == nil {
			continue
		}
		s := oracleText(h)
		switch {
		case mods["cidr"]:
			a, err := netip.ParseAddr(s)
			if err == nil && netip.MustParsePrefix(texts[0]).Contains(a) {
				return true
			}
		case mods["gt"], mods["lte"]:
			f, err := strconv.ParseFloat(s, 64)
			w, _ := strconv.ParseFloat(texts[0], 64)
			if err == nil && (f > w) == mods["gt"] {
				return true
			}
		case mods["re"]:
			if mods["i"] {
				texts[0] = "(?i)" + texts[0]
			}
			if oracleRegexp(texts[0]).MatchString(s) {
				return true
			}
		case mods["fieldref"]:
			others, ok := oracleHave(texts[0], ev)
			for _, o := range others {
				if ok && o != nil && strings.EqualFold(oracleText(o), s) {
					return true
				}
			}
		default:
			for _, w := range texts {
				if oraclePattern(w, mods).MatchString(s) {
					return true
				}
			}
		}
	}
	return false
}

func oraclePattern(w string, mods map[string]bool) *regexp.Regexp {
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		switch {
		case w[i] == '\\' && i+1 < len(w) && strings.IndexByte(`*?\`, w[i+1]) >= 0:
			i++
			b.WriteString(regexp.QuoteMeta(w[i : i+1]))
		case w[i] == '*':
			b.WriteString(".*")
		case w[i] == '?':
			b.WriteString(".")
		case w[i] < 0x80:
			b.WriteString(regexp.QuoteMeta(w[i : i+1]))
		default:
			b.WriteByte(w[i])
		}
	}
	p := b.String()
	if mods["contains"] || mods["endswith"] {
		p = ".*" + p
	}
	if mods["contains"] || mods["startswith"] {
		p += ".*"
	}
	flags := "(?is)"
	if mods["cased"] {
		flags = "(?s)"
	}
	return oracleRegexp(flags + "^(?:" + p + ")$")
}

var oracleSeen = map[string]*regexp.Regexp{}

func oracleRegexp(s string) *regexp.Regexp {
	if oracleSeen[s] == nil {
		oracleSeen[s] = regexp.MustCompile(s)
	}
	return oracleSeen[s]
}

var (
	oracleFields = []string{"A", "B", "C", "n", "ip"}
	oracleWords  = []string{"", "a", "ab", "abc", `\cmd.exe`, `C:\x\cmd.exe`, `C:\X\CMD.EXE`, "-enc", " -enc x", "/enc", " –enc ", "ABC", "xabcx", "Grüße", "GRÜSSE", "GRÜßE", "10", "5", "10.0.0.7", "2001:db8::1", `a\\b`, "日本", "a b", "true", "p;q"}
	oracleMods   = []string{"", "", "|contains", "|startswith", "|endswith", "|contains|all", "|cased", "|contains|cased", "|neq", "|contains|windash", "|re", "|re|i", "|exists", "|cidr", "|gt", "|lte", "|fieldref", "|endswith"}
)

func randomRule(r *rand.Rand, n int) string {
	pick := func(s []string) string { return s[r.IntN(len(s))] }
	word := func() any {
		w := pick(oracleWords)
		switch r.IntN(8) {
		case 0:
			return w + "*"
		case 1:
			return "*" + w + "?"
		case 2:
			return r.IntN(12)
		case 3:
			if len(w) > 2 && isASCII([]byte(w)) && w[1] != '\\' && w[0] != '\\' {
				return w[:1] + "*" + w[2:]
			}
		}
		return w
	}
	item := func(m map[string]any) {
		mod := pick(oracleMods)
		var v any
		one := func() any {
			switch strings.Split(mod+"|", "|")[1] {
			case "re":
				return pick([]string{"^a", "abc$", `cmd\.exe`, "(a|b)c", ".{3,}", `\d+`, "a.c|x", "Ü"})
			case "cidr":
				return pick([]string{"10.0.0.0/8", "2001:db8::/32", "10.0.0.7/32"})
			case "gt", "lte":
				return r.IntN(11)
			case "exists":
				return r.IntN(2) == 0
			case "fieldref":
				return pick(oracleFields)
			}
			if mod == "" && r.IntN(8) == 0 {
				return nil
			}
			return word()
		}
		if v = one(); r.IntN(2) == 0 && !strings.Contains(mod, "exists") {
			var l []any
			for range 1 + r.IntN(7) {
				l = append(l, one())
			}
			v = l
		}
		m[pick(oracleFields)+mod] = v
	}
	det := map[string]any{}
	names := []string{"sel_a", "sel_b", "fil_a", "other"}
	for _, name := range names {
		switch r.IntN(4) {
		case 0:
			var l []any
			for range 1 + r.IntN(5) {
				if w := pick(oracleWords); w != "" {
					l = append(l, w)
				}
			}
			l = append(l, "zzz")
			det[name] = l
		case 1:
			var l []any
			for range 1 + r.IntN(3) {
				m := map[string]any{}
				item(m)
				item(m)
				l = append(l, m)
			}
			det[name] = l
		default:
			m := map[string]any{}
			for range 1 + r.IntN(3) {
				item(m)
			}
			det[name] = m
		}
	}
	det["condition"] = pick([]string{"sel_a", "sel_a and not fil_a", "1 of sel_* and not 1 of fil_*", "all of sel_*", "1 of them", "all of them",
		"not ( sel_a or sel_b ) and other", "sel_a or sel_b and other", "not not other", "(sel_a or sel_b) and (fil_a or not other)", "not 1 of them"})
	b, err := yaml.Marshal(map[string]any{"title": "t", "id": fmt.Sprint("r", n), "logsource": map[string]any{"product": "test"}, "detection": det})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestOracle: the engine and the slow evaluation agree on generated rules and
// events, all rules compiled together.
func TestOracle(t *testing.T) {
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 7))
		var set Set
		var oracle []oracleRule
		for n := range 120 {
			doc := randomRule(r, n)
			s := Parse("gen.yml", []byte(doc))
			if len(s.Problems) > 0 {
				t.Fatalf("%v\n%s", s.Problems[0], doc)
			}
			set.add(s)
			oracle = append(oracle, readOracleRule(t, doc))
		}
		e, problems := Compile(set.Rules, nil, Options{})
		if len(problems) > 0 {
			t.Fatal(problems[0])
		}
		m := e.NewMatcher()
		hint := LogSource{Product: "test"}
		for range 120 {
			ev := map[string]any{}
			for _, f := range oracleFields {
				var v any = oracleWords[r.IntN(len(oracleWords))]
				switch r.IntN(9) {
				case 0:
					continue
				case 1:
					v = nil
				case 2:
					v = r.IntN(12)
				case 3:
					v = []any{v, oracleWords[r.IntN(len(oracleWords))]}
				case 4:
					v = fmt.Sprint(v, oracleWords[r.IntN(len(oracleWords))])
				}
				ev[f] = v
			}
			raw, _ := json.Marshal(ev)
			var back map[string]any
			json.Unmarshal(raw, &back)
			hits, err := m.Match(raw, hint)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, h := range hits {
				got[h.Rule.ID] = true
			}
			for i, o := range oracle {
				if want := o.matches(back); want != got[o.id] {
					x, _ := Explain(set.Rules[i], raw, hint, nil, Options{})
					y, _ := yaml.Marshal(o.searches)
					t.Fatalf("seed %d: rule %s: engine %v, oracle %v\nevent %s\n%s\ncondition: %s\n%s", seed, o.id, got[o.id], want, raw, y, o.condition, x.Tree)
				}
			}
			for i := range set.Rules { // explanations agree with matches
				if seed == 0 && i%10 == 0 {
					x, err := Explain(set.Rules[i], raw, hint, nil, Options{})
					if err != nil || x.Matched != got[set.Rules[i].ID] || x.Matched == (len(x.Failed) > 0) {
						t.Fatalf("explanation of %s: %v, matched %v, failed %d", set.Rules[i].ID, err, x.Matched, len(x.Failed))
					}
				}
			}
		}
	}
}
