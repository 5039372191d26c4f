package sigma

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// A third evaluation, for everything that a value can be asked: rules are made
// as trees of plain values, written as JSON, which is YAML, for the engine and evaluated here
// by definition, without patterns, indexes or sets. Events are written as JSON
// in every way that JSON and shippers allow.

type question struct {
	field string
	mods  []string
	want  []any
}

func (q question) has(m string) bool { return slices.Contains(q.mods, m) }

func (q question) key() string {
	return strings.Join(append([]string{q.field}, q.mods...), "|")
}

var propertyPlaceholders = map[string][]string{"who": {"root", `a*b\`}, "dir": {"x"}}

func (q question) holds(ev map[string][]any) bool {
	n := 0
	for _, w := range q.want {
		if q.one(w, ev) {
			n++
		}
	}
	ok := n > 0
	if q.has("all") {
		ok = n == len(q.want)
	}
	return ok != q.has("neq")
}

func textOf(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int:
		return strconv.Itoa(v)
	}
	return fmt.Sprint(v)
}

func (q question) one(w any, ev map[string][]any) bool {
	have, there := ev[q.field]
	if q.field == "" {
		there = true
		for _, list := range ev {
			have = append(have, list...)
		}
	}
	if q.has("exists") {
		return there == w.(bool)
	}
	if w == nil {
		return !there || slices.Contains(have, nil)
	}
	return there && slices.ContainsFunc(have, func(h any) bool { return h != nil && q.fits(textOf(w), textOf(h), ev) })
}

// small folds; bytes that are not UTF-8 stay as they are.
func small(s string) string {
	if utf8.ValidString(s) {
		return strings.ToLower(s)
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// fits asks one value that is there.
func (q question) fits(w, h string, ev map[string][]any) bool {
	place := func(w, h string) bool {
		if !q.has("cased") {
			w, h = small(w), small(h)
		}
		switch {
		case q.has("contains"):
			return strings.Contains(h, w)
		case q.has("startswith"):
			return strings.HasPrefix(h, w)
		case q.has("endswith"):
			return strings.HasSuffix(h, w)
		}
		return h == w
	}
	for _, m := range q.mods {
		switch m {
		case "cidr":
			p, err := netip.ParsePrefix(w)
			if err != nil {
				a := netip.MustParseAddr(w)
				p = netip.PrefixFrom(a, a.BitLen())
			}
			a, err := netip.ParseAddr(strings.TrimSpace(h))
			return err == nil && p.Contains(a.Unmap().WithZone(""))
		case "re":
			flags := ""
			for _, f := range []string{"i", "m", "s"} {
				if q.has(f) {
					flags += f
				}
			}
			if flags != "" {
				w = "(?" + flags + ")" + w
			}
			return oracleRegexp(w).MatchString(h)
		case "fieldref":
			return slices.ContainsFunc(ev[w], func(o any) bool { return o != nil && place(textOf(o), h) })
		case "minute", "hour", "day", "week", "month", "year":
			t, err := time.Parse(time.RFC3339, h)
			if err != nil {
				return false
			}
			_, week := t.ISOWeek()
			part := map[string]int{"minute": t.Minute(), "hour": t.Hour(), "day": t.Day(), "week": week, "month": int(t.Month()), "year": t.Year()}[m]
			return q.compares(float64(part), w)
		}
	}
	if q.has("lt") || q.has("lte") || q.has("gt") || q.has("gte") {
		f, err := strconv.ParseFloat(strings.TrimSpace(h), 64)
		return err == nil && q.compares(f, w)
	}
	seen := strings.Join(q.mods, "|") + "\x00" + w
	list, ok := rewrittenTexts[seen]
	if !ok {
		list = []string{w}
		for _, m := range q.mods {
			var next []string
			for _, w := range list {
				next = append(next, rewritten(m, w)...)
			}
			list = next
		}
		rewrittenTexts[seen] = list
	}
	return slices.ContainsFunc(list, func(w string) bool {
		if q.has("base64") || q.has("base64offset") || q.has("wide") || q.has("utf16") || q.has("utf16le") || q.has("utf16be") {
			return place(w, h)
		}
		if !q.has("cased") {
			w, h = small(w), small(h)
		}
		p := wildcards(w)
		if q.field == "" || q.has("contains") || q.has("endswith") {
			p = append([]rune{anyRunes}, p...)
		}
		if q.field == "" || q.has("contains") || q.has("startswith") {
			p = append(p, anyRunes)
		}
		return globs(p, []rune(h))
	})
}

var rewrittenTexts = map[string][]string{}

func (q question) compares(f float64, w string) bool {
	n, err := strconv.ParseFloat(w, 64)
	if err != nil {
		panic(w)
	}
	switch {
	case q.has("lt"):
		return f < n
	case q.has("lte"):
		return f <= n
	case q.has("gt"):
		return f > n
	case q.has("gte"):
		return f >= n
	}
	return f == n
}

// rewritten is what a modifier makes of a text.
func rewritten(mod, w string) []string {
	wide := func(order binary.AppendByteOrder, b []byte) string {
		for _, u := range utf16.Encode([]rune(w)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	switch mod {
	case "utf16le", "wide":
		return []string{wide(binary.LittleEndian, nil)}
	case "utf16be":
		return []string{wide(binary.BigEndian, nil)}
	case "utf16":
		return []string{wide(binary.LittleEndian, []byte{0xff, 0xfe})}
	case "base64":
		return []string{base64.StdEncoding.EncodeToString([]byte(w))}
	case "base64offset":
		// What stays the same whatever stands before and after.
		var out []string
		for shift := range 3 {
			a := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + w + "\x00\x00"))
			b := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\xff", shift) + w + "\xff\xff"))
			same := ""
			for i := 8 * shift / 6; i < len(a) && (same == "" || a[i] == b[i]); i++ {
				if a[i] == b[i] {
					same += a[i : i+1]
				}
			}
			out = append(out, same)
		}
		return out
	case "windash":
		out := []string{""}
		runes := []rune(w)
		word := func(i int) bool {
			return i >= 0 && i < len(runes) && oracleRegexp(`[\pL\p{Nd}_]`).MatchString(string(runes[i]))
		}
		for i, r := range runes {
			put := []string{string(r)}
			if strings.ContainsRune("-/–—―", r) && !word(i-1) && word(i+1) {
				put = []string{"-", "/", "–", "—", "―"}
			}
			var next []string
			for _, o := range out {
				for _, p := range put {
					next = append(next, o+p)
				}
			}
			out = next
		}
		return out
	case "expand":
		out := []string{w}
		for name, values := range propertyPlaceholders {
			var next []string
			for _, o := range out {
				if !strings.Contains(o, "%"+name+"%") {
					next = append(next, o)
					continue
				}
				for _, v := range values {
					next = append(next, strings.ReplaceAll(o, "%"+name+"%", strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(v)))
				}
			}
			out = next
		}
		return out
	}
	return []string{w}
}

const anyRunes, oneRune = -1, -2

// wildcards reads a value: * and ? are wildcards but behind a backslash.
func wildcards(w string) []rune {
	var out []rune
	r := []rune(w)
	for i := 0; i < len(r); i++ {
		switch {
		case r[i] == '\\' && i+1 < len(r) && strings.ContainsRune(`*?\`, r[i+1]):
			i++
			out = append(out, r[i])
		case r[i] == '*':
			out = append(out, anyRunes)
		case r[i] == '?':
			out = append(out, oneRune)
		default:
			out = append(out, r[i])
		}
	}
	return out
}

// globs compares a text with a pattern by definition.
func globs(w, h []rune) bool {
	switch {
	case len(w) == 0:
		return len(h) == 0
	case w[0] == anyRunes:
		for i := range len(h) + 1 {
			if globs(w[1:], h[i:]) {
				return true
			}
		}
		return false
	case len(h) == 0:
		return false
	}
	return (w[0] == oneRune || w[0] == h[0]) && globs(w[1:], h[1:])
}

// made is a search block: all of a list of questions, or one of several blocks.
type made struct {
	questions []question
	any       []made
	words     []any // keywords
}

func (b made) holds(ev map[string][]any) bool {
	switch {
	case b.words != nil:
		return question{want: b.words}.holds(ev)
	case b.any != nil:
		return slices.ContainsFunc(b.any, func(x made) bool { return x.holds(ev) })
	}
	for _, q := range b.questions {
		if !q.holds(ev) {
			return false
		}
	}
	return true
}

func (b made) yaml() any {
	switch {
	case b.words != nil:
		return b.words
	case b.any != nil:
		var l []any
		for _, x := range b.any {
			l = append(l, x.yaml())
		}
		return l
	}
	m := map[string]any{}
	for _, q := range b.questions {
		if len(q.want) == 1 {
			m[q.key()] = q.want[0]
		} else {
			m[q.key()] = q.want
		}
	}
	return m
}

type maker struct{ *rand.Rand }

func (r maker) pick(s ...string) string { return s[r.IntN(len(s))] }

func (r maker) text() string {
	return r.pick("", "a", "ab", "abc", "powershell", `\cmd.exe`, `C:\x\cmd.exe`, `C:\X\CMD.EXE`, `c:\windows\system32\cmd.exe /c whoami`, "-enc", " -enc x", "/enc", " –enc ", " ―enc /x", "ABC", "xabcx",
		"Grüße", "GRÜSSE", "GRÜßE", "10", "5", "4.5", "-3", "0", "10.0.0.7", "::ffff:10.0.0.7", "2001:db8::1", "fe80::1%eth0", `a\\b`, `a\*b`, "a*b", "a?b", `x\`, "日本", "a b", "true", "false", "p;q", "root", `a*b\`, "on x", "%who%",
		"2026-01-02T03:04:05Z", "2026-11-30T23:59:00+09:00", "2025-12-29T10:00:00Z", "a\nb", "\t\"q\"", "aGVsbG8gd29ybGQ=", base64.StdEncoding.EncodeToString([]byte("xabc -enc x")), "a\x00b\x00", "\U0001f600 x", "mimikatz sekurlsa::logonpasswords", strings.Repeat("long ", 30)+"end")
}

// wish is a value for a rule.
func (r maker) wish() any {
	w := r.text()
	switch r.IntN(9) {
	case 0:
		return w + "*"
	case 1:
		return "*" + w + "?"
	case 2:
		return r.IntN(12)
	case 3:
		return r.IntN(2) == 0
	case 4:
		if u := []rune(w); len(u) > 2 {
			i := 1 + r.IntN(len(u)-1)
			return string(u[:i]) + r.pick("*", "?", `\*`, `\?`, `\\`, `\`, `\\*`) + string(u[i:])
		}
	case 5:
		return w + r.text()
	}
	return w
}

func (r maker) question() question {
	q := question{field: r.pick("A", "A", "B", "C", "D.E", "n", "ip", "when")}
	kind := r.IntN(16)
	wish := r.wish
	switch kind {
	case 0:
		q.mods = []string{"exists"}
		q.want = []any{r.IntN(2) == 0}
		return q
	case 1:
		q.field = r.pick("ip", "A")
		q.mods = []string{"cidr"}
		wish = func() any {
			return r.pick("10.0.0.0/8", "2001:db8::/32", "10.0.0.7/32", "0.0.0.0/0", "fe80::/10", "10.0.0.7")
		}
	case 2:
		q.field = r.pick("n", "A", "B")
		q.mods = []string{r.pick("lt", "lte", "gt", "gte")}
		wish = func() any { return r.IntN(12) }
	case 3:
		q.field = r.pick("when", "A")
		q.mods = []string{r.pick("minute", "hour", "day", "week", "month", "year")}
		if r.IntN(2) == 0 {
			q.mods = append(q.mods, r.pick("lt", "lte", "gt", "gte"))
		}
		wish = func() any { return []any{4, 3, 2, 1, 59, 23, 30, 11, 2026, 2025, 49, 12}[r.IntN(12)] }
	case 4:
		q.mods = []string{"fieldref"}
		if p := r.pick("", "contains", "startswith", "endswith"); p != "" {
			q.mods = append(q.mods, p)
		}
		if r.IntN(4) == 0 {
			q.mods = append(q.mods, "cased")
		}
		wish = func() any { return r.pick("A", "B", "C", "D.E", "n", "nowhere") }
	case 5, 6:
		q.mods = []string{"re"}
		for _, f := range []string{"i", "m", "s"} {
			if r.IntN(3) == 0 {
				q.mods = append(q.mods, f)
			}
		}
		wish = func() any {
			return r.pick("^a", "abc$", `cmd\.exe`, "(a|b)c", ".{3,}", `\d+`, "a.c|x", "Ü", "^a.b$", `\bcmd\b`, "[a-c]{2,3}$", `(?:en|pow)\w+`, "^$", `\s-\s*e`, "k", "日.", `"q"`, "x*", `[^\x00-\x7f]`, `sekurlsa::\w+`, ".{120,}")
		}
	case 7:
		q.mods = append(q.mods, r.pick("wide", "utf16le", "utf16be", "utf16"))
		if r.IntN(2) == 0 {
			q.mods = append(q.mods, r.pick("base64", "base64offset"))
		}
		q.mods = append(q.mods, "contains")
		wish = func() any { return r.pick("a", "ab", "abc", "cmd", "日本") }
	case 8:
		q.mods = []string{r.pick("base64", "base64offset"), "contains"}
		wish = func() any { return r.pick("abc", "hello", "-enc", "xabc", "b", "world") }
	case 9:
		q.mods = []string{"windash"}
		if p := r.pick("", "contains", "startswith", "endswith"); p != "" {
			q.mods = append(q.mods, p)
		}
		wish = func() any {
			return r.pick("-enc", " -enc x", "/enc", " –enc *", "x-y", " -a /x -b", "-", "enc-", `C:\x -enc`)
		}
	case 10:
		q.mods = []string{"expand"}
		wish = func() any { return r.pick("%who%", "on %dir%", "%who%%dir%", "100%", "%dir%*") }
	default:
		if p := r.pick("", "", "contains", "startswith", "endswith"); p != "" {
			q.mods = append(q.mods, p)
		}
		if r.IntN(5) == 0 {
			q.mods = append(q.mods, "cased")
		}
		if q.mods == nil {
			wish = func() any {
				if r.IntN(8) == 0 {
					return nil
				}
				return r.wish()
			}
		}
	}
	n := 1
	if r.IntN(2) == 0 {
		n = []int{2, 3, 5, 9, 14}[r.IntN(5)]
	}
	for range n {
		q.want = append(q.want, wish())
	}
	if n > 1 && r.IntN(3) == 0 {
		q.mods = append(q.mods, "all")
	}
	if r.IntN(6) == 0 {
		q.mods = append(q.mods, "neq")
	}
	return q
}

func (r maker) block() made {
	switch r.IntN(6) {
	case 0:
		var b made
		for range 1 + r.IntN(4) {
			if w := r.text(); w != "" {
				b.words = append(b.words, w)
			}
		}
		b.words = append(b.words, "zzz")
		return b
	case 1:
		var b made
		for range 1 + r.IntN(3) {
			b.any = append(b.any, r.fields())
		}
		return b
	case 2:
		q := question{mods: []string{"all"}}
		if r.IntN(2) == 0 {
			q.mods = []string{"re"}
			q.want = []any{r.pick("a.c", `\d{2}`, "(?i)CMD", "^x")}
			return made{questions: []question{q}}
		}
		for range 2 {
			q.want = append(q.want, r.pick("a", "cmd", "10", "x", "enc"))
		}
		return made{questions: []question{q}}
	}
	return r.fields()
}

func (r maker) fields() made {
	var b made
	seen := map[string]bool{}
	for range 1 + r.IntN(3) {
		if q := r.question(); !seen[q.key()] {
			seen[q.key()] = true
			b.questions = append(b.questions, q)
		}
	}
	return b
}

var propertyConditions = []struct {
	text  string
	holds func(b map[string]bool) bool
}{
	{"sel_a", func(b map[string]bool) bool { return b["sel_a"] }},
	{"sel_a and not fil_a", func(b map[string]bool) bool { return b["sel_a"] && !b["fil_a"] }},
	{"1 of sel_* and not 1 of fil_*", func(b map[string]bool) bool { return (b["sel_a"] || b["sel_b"]) && !b["fil_a"] }},
	{"all of sel_*", func(b map[string]bool) bool { return b["sel_a"] && b["sel_b"] }},
	{"1 of them", func(b map[string]bool) bool { return b["sel_a"] || b["sel_b"] || b["fil_a"] }},
	{"all of them", func(b map[string]bool) bool { return b["sel_a"] && b["sel_b"] && b["fil_a"] }},
	{"not (sel_a or sel_b) and _extra", func(b map[string]bool) bool { return !(b["sel_a"] || b["sel_b"]) && b["_extra"] }},
	{"sel_a or sel_b and fil_a", func(b map[string]bool) bool { return b["sel_a"] || b["sel_b"] && b["fil_a"] }},
	{"NOT not sel_b AND any of *_a", func(b map[string]bool) bool { return b["sel_b"] && (b["sel_a"] || b["fil_a"]) }},
	{"(sel_a or sel_b) and (fil_a or not _extra)", func(b map[string]bool) bool { return (b["sel_a"] || b["sel_b"]) && (b["fil_a"] || !b["_extra"]) }},
}

// write puts an event down as JSON in one of the ways in which events come.
func (r maker) write(ev map[string][]any) []byte {
	space := func() string { return r.pick("", "", "", " ", "\n\t") }
	quote := func(s string) string {
		raw, _ := json.Marshal(s)
		if r.IntN(4) > 0 {
			return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
		}
		var b strings.Builder
		for _, c := range utf16.Encode([]rune(s)) {
			if c < 0x80 && c >= ' ' && c != '"' && c != '\\' && r.IntN(3) > 0 {
				b.WriteByte(byte(c))
			} else {
				fmt.Fprintf(&b, r.pick(`\u%04x`, `\u%04X`), c)
			}
		}
		return `"` + b.String() + `"`
	}
	scalar := func(v any) string {
		if s, ok := v.(string); ok {
			return quote(s)
		}
		raw, _ := json.Marshal(v)
		return string(raw)
	}
	var object func(m map[string]any) string
	object = func(m map[string]any) string {
		keys := make([]string, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if r.IntN(3) == 0 {
			r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		}
		var parts []string
		for _, k := range keys {
			var v string
			switch x := m[k].(type) {
			case map[string]any:
				v = object(x)
			case []any:
				var list []string
				for _, e := range x {
					list = append(list, space()+scalar(e)+space())
				}
				if v = "[" + strings.Join(list, ",") + "]"; len(x) == 1 && r.IntN(3) > 0 {
					v = scalar(x[0])
				}
			default:
				v = scalar(x)
			}
			name := strconv.Quote(k)
			if r.IntN(10) == 0 {
				name = quote(k)
			}
			parts = append(parts, space()+name+space()+":"+space()+v)
		}
		return "{" + strings.Join(parts, space()+",") + space() + "}"
	}
	flat, where := map[string]any{}, r.IntN(4)
	for k, v := range ev {
		if a, b, ok := strings.Cut(k, "."); ok && where != 1 && where != 2 && r.IntN(2) == 0 {
			flat[a] = map[string]any{b: v}
		} else {
			flat[k] = v
		}
	}
	switch where {
	case 1:
		return []byte(object(map[string]any{"Event": map[string]any{"EventData": flat}}))
	case 2:
		return []byte(object(map[string]any{"winlog": map[string]any{"event_data": flat}}))
	}
	return []byte(object(flat))
}

// TestProperty: whatever rules ask and however events are written, the engine
// gives the answers of the definition, with rules in any order. YAGURA_SOAK=1
// goes through many more.
func TestProperty(t *testing.T) {
	rounds := 2
	if os.Getenv("YAGURA_SOAK") != "" {
		rounds = 40
	}
	for seed := range uint64(rounds) {
		r := maker{rand.New(rand.NewPCG(seed, 11))}
		type rule struct {
			blocks map[string]made
			cond   int
			doc    string
		}
		var rules []rule
		var set Set
		for n := range 200 {
			x := rule{blocks: map[string]made{"sel_a": r.block(), "sel_b": r.block(), "fil_a": r.block(), "_extra": r.block()}, cond: r.IntN(len(propertyConditions))}
			det := map[string]any{"condition": propertyConditions[x.cond].text}
			for name, b := range x.blocks {
				det[name] = b.yaml()
			}
			raw, err := json.Marshal(map[string]any{"title": "t", "id": strconv.Itoa(n), "logsource": map[string]any{"product": "test"}, "detection": det})
			if err != nil {
				t.Fatal(err)
			}
			x.doc = string(raw)
			s := Parse("p.yml", raw)
			if len(s.Problems) > 0 {
				t.Fatalf("%v\n%s", s.Problems[0], raw)
			}
			set.add(s)
			rules = append(rules, x)
		}
		options := Options{Placeholders: propertyPlaceholders}
		hint := LogSource{Product: "test"}
		e, problems := Compile(set.Rules, nil, options)
		if len(problems) > 0 {
			t.Fatal(problems[0])
		}
		backwards := slices.Clone(set.Rules)
		slices.Reverse(backwards)
		e2, _ := Compile(backwards, nil, options)
		e2.Warm()
		m, m2 := e.NewMatcher(), e2.NewMatcher()
		fired := map[string]bool{}
		for range 200 {
			ev := map[string][]any{}
			for _, f := range []string{"A", "B", "C", "D.E", "n", "ip", "when", "other"} {
				list := []any{r.text()}
				switch r.IntN(9) {
				case 0:
					continue
				case 1:
					list = []any{nil}
				case 2:
					list = []any{float64(r.IntN(12))}
				case 3:
					list = []any{r.text(), nil, r.text()}
				case 4:
					list = []any{r.text() + r.text()}
				case 5:
					list = []any{[]any{true, 4.5, -3.0, 1e3}[r.IntN(4)]}
				case 6:
					w := r.pick("abc", "xabc -enc", "cmd", "日本", "hello")
					list = []any{r.pick("", "x", "yy") + rewritten(r.pick("wide", "utf16be", "utf16", "base64", "base64offset"), w)[0], rewritten("base64", strings.Repeat(" ", r.IntN(3))+rewritten("wide", w)[0])[0]}
				}
				ev[f] = list
			}
			// JSON holds no broken UTF-8 as written here.
			for _, list := range ev {
				for i, v := range list {
					if s, ok := v.(string); ok {
						list[i] = strings.ToValidUTF8(s, "\ufffd")
					}
				}
			}
			raw := r.write(ev)
			hits, err := m.Match(raw, hint)
			if err != nil {
				t.Fatalf("%v: %s", err, raw)
			}
			hits2, _ := m2.Match(raw, hint)
			got, got2 := map[string]bool{}, map[string]bool{}
			for _, h := range hits {
				got[h.Rule.ID] = true
				fired[h.Rule.ID] = true
			}
			for _, h := range hits2 {
				got2[h.Rule.ID] = true
			}
			for n, x := range rules {
				b := map[string]bool{}
				for name, block := range x.blocks {
					b[name] = block.holds(ev)
				}
				id := strconv.Itoa(n)
				if want := propertyConditions[x.cond].holds(b); got[id] != want || got2[id] != want {
					why, _ := Explain(set.Rules[n], raw, hint, nil, options)
					t.Fatalf("seed %d: forwards %v, backwards %v, want %v (%v)\n%s\n%s\n%s", seed, got[id], got2[id], want, b, raw, x.doc, why.Tree)
				}
			}
		}
		if len(fired) < 80 {
			t.Errorf("seed %d: only %d of %d rules ever fire", seed, len(fired), len(rules))
		}
	}
}
