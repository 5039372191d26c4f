package cve

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/cvss"
	"yagura/kernel/text"
)

// Finding is a place where a record breaks a rule of the CNA Operational Rules.
type Finding struct {
	Clause  string // of version 4.2.0, such as 5.2.4
	Level   Level
	Path    string
	Message text.Message
}

// In is the finding in a language.
func (f Finding) In(lang text.Lang) string {
	return f.Path + ": " + f.Message.In(lang) + " (" + f.Clause + " " + string(f.Level) + ")"
}

// Level is the word that the rule uses.
type Level string

// The levels: a record that breaks a Must may not be published.
const (
	Must      Level = "MUST"
	MustNot   Level = "MUST NOT"
	Should    Level = "SHOULD"
	ShouldNot Level = "SHOULD NOT"
)

// Binding tells whether the rule leaves no choice.
func (l Level) Binding() bool { return l == Must || l == MustNot }

// RulesVersion is that of the CNA Operational Rules which Lint follows.
const RulesVersion = "4.2.0"

// lint judges one container.
type lint struct {
	at       string
	now      time.Time
	id       ID
	meta     *Node
	findings []Finding
}

func (l *lint) say(clause string, level Level, path string, m text.Message) {
	l.findings = append(l.findings, Finding{clause, level, path, m})
}

// Lint holds a document against the CNA Operational Rules, as far as a program
// can: what it says is a reason to look, and what it does not say is no proof. It
// expects a document that Check has nothing against.
func (d *Document) Lint(now time.Time) []Finding {
	c := d.CNA()
	if c == nil || c.Kind != Object {
		return nil
	}
	l := &lint{at: d.path, now: now, id: d.ID(), meta: d.Root.Get("cveMetadata")}
	if d.Rejects() {
		l.rejection(c)
		return l.findings
	}
	l.year(c)
	l.products(c)
	l.problemType(c)
	l.scores(c)
	l.descriptions(c)
	l.references(c)
	l.tags(c)
	return l.findings
}

func (l *lint) path(names ...string) string {
	p := l.at
	for _, n := range names {
		p = member(p, n)
	}
	return p
}

func (l *lint) year(c *Node) {
	if public, ok := parseMoment(c.Str("datePublic")); ok && public.After(l.now) {
		l.say("5.3.1", MustNot, l.path("datePublic"), text.M("lies in the future: a record must not be the first disclosure"))
	}
	reserved, ok := parseMoment(l.meta.Str("dateReserved"))
	if !ok || l.id == "" || l.id.Rehearsal() {
		return
	}
	years := []int{reserved.Year()}
	for _, s := range []string{c.Str("datePublic"), l.meta.Str("datePublished")} {
		if t, ok := parseMoment(s); ok {
			years = append(years, t.Year())
		}
	}
	if !slices.Contains(years, l.id.Year()) {
		l.say("4.2.19", Should, "$.cveMetadata.cveId", text.M("the year of the ID is neither that of the disclosure, nor of the publication, nor of the reservation"))
	}
}

// nameless are texts that stand for a name or a type which is not known.
var nameless = []string{"n/a", "na", "-", "none", "unknown", "unspecified", "tbd", "todo", "?"}

func isNameless(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return s == "" || slices.Contains(nameless, s)
}

func (l *lint) products(c *Node) {
	possible, at := false, l.path("affected")
	for i, p := range c.List("affected") {
		here := index(at, i)
		for _, name := range []string{"vendor", "product", "packageName"} {
			if p.Get(name) != nil && isNameless(p.Str(name)) {
				l.say("5.1.3", Must, member(here, name), text.M("%q names no product", p.Str(name)))
			}
		}
		states := statuses(p)
		possible = possible || states["affected"] || states["unknown"]
		if p.Str("defaultStatus") == "unknown" || slices.ContainsFunc(p.List("versions"), func(v *Node) bool { return v.Str("status") == "unknown" }) {
			l.say("5.1.6", Should, here, text.M("some versions are unknown: say in due time whether they are affected"))
		}
		if states["affected"] && !endsSomewhere(p) {
			l.say("5.1.5", Should, here, text.M("no version is told in which it is fixed"))
		}
		l.versions(p, here)
	}
	if !possible && len(c.List("affected")) > 0 {
		l.say("5.1.4", Must, at, text.M("no product is affected or unknown: this would be no vulnerability (5.1.8)"))
	}
}

// statuses are those that some version of a product has. Versions that are not
// listed have the default status, which is unknown where it is not given.
func statuses(p *Node) map[string]bool {
	s := map[string]bool{}
	if d := p.Str("defaultStatus"); d != "" {
		s[d] = true
	} else {
		s["unknown"] = true
	}
	for _, v := range p.List("versions") {
		s[v.Str("status")] = true
		for _, ch := range v.List("changes") {
			s[ch.Str("status")] = true
		}
	}
	return s
}

// endsSomewhere tells whether some version is said to be free of the weakness.
func endsSomewhere(p *Node) bool {
	if p.Str("defaultStatus") == "unaffected" && len(p.List("versions")) > 0 && !slices.ContainsFunc(p.List("versions"), func(v *Node) bool {
		return v.Str("status") == "affected" && endless(v)
	}) {
		return true
	}
	return slices.ContainsFunc(p.List("versions"), func(v *Node) bool {
		if v.Str("status") == "unaffected" {
			return true
		}
		if slices.ContainsFunc(v.List("changes"), func(ch *Node) bool { return ch.Str("status") == "unaffected" }) {
			return true
		}
		return (v.Get("lessThan") != nil || v.Get("lessThanOrEqual") != nil) && !endless(v)
	})
}

// endless tells whether a range goes on for ever: its end is * and not 2.*, or
// there is one entry that means all versions.
func endless(v *Node) bool {
	return v.Str("lessThan") == "*" || v.Str("lessThanOrEqual") == "*" || v.Get("lessThan") == nil && v.Get("lessThanOrEqual") == nil && v.Str("version") == "*"
}

// ranges written as words are lost on programs that match versions.
var rangeWords = []string{"<", ">", "≤", "≥", "before ", "prior to", "and earlier", "or earlier", "and prior", "and later", "or later", "through ", "以前", "以降", "より前", "未満"}

func (l *lint) versions(p *Node, here string) {
	for i, v := range p.List("versions") {
		at := member(index(member(here, "versions"), i), "version")
		word := strings.ToLower(v.Str("version"))
		switch {
		case slices.ContainsFunc(rangeWords, func(w string) bool { return strings.Contains(word, w) }):
			l.say("5.1.2", Should, at, text.M("%q is a range in words: write it as version, lessThan or lessThanOrEqual", short(v.Str("version"))))
		case v.Str("version") != "" && v.Str("version") == v.Str("lessThan"):
			l.say("5.1.3", Must, at, text.M("no version is from %[1]s to before %[1]s", short(v.Str("version"))))
		case isNameless(word):
			l.say("5.1.2", Should, at, text.M("%q is no version", v.Str("version")))
		}
	}
}

func (l *lint) problemType(c *Node) {
	at, some, cwe := l.path("problemTypes"), false, false
	for i, t := range c.List("problemTypes") {
		for j, d := range t.List("descriptions") {
			here := index(member(index(at, i), "descriptions"), j)
			said := d.Str("description")
			if strings.EqualFold(d.Str("cweId"), "") && strings.Contains(strings.ToLower(said), "noinfo") || strings.Contains(strings.ToLower(said), "not enough information") {
				l.say("5.1.7.1", Should, here, text.M("the type is left open: name it as soon as it is known"))
				some, cwe = true, true
				continue
			}
			some = some || !isNameless(said) || d.Get("cweId") != nil
			named := cweInText.FindString(said)
			switch id := d.Str("cweId"); {
			case id != "":
				cwe = true
				if named != "" && named != id {
					l.say("5.1.7", Must, here, text.M("cweId is %s and the text says %s", id, named))
				}
			case named != "":
				cwe = true
				l.say("5.1.7", Should, here, text.M("%s stands in the text alone: give it as cweId too", named))
			}
		}
	}
	switch {
	case !some:
		l.say("5.1.7", Must, at, text.M("the type or cause of the vulnerability is missing"))
	case !cwe:
		l.say("5.1.7", Should, at, text.M("the type or cause is not classified by CWE"))
	}
}

// scores are those that their vectors give, and named metrics agree with them.
func (l *lint) scores(c *Node) {
	for i, m := range c.List("metrics") {
		for _, field := range scoreFields {
			s := m.Get(field)
			v, err := cvss.Parse(s.Str("vectorString"))
			if s == nil || err != nil {
				continue
			}
			here := member(index(l.path("metrics"), i), field)
			given, ok := number(s.Get("baseScore"))
			base, whole := tenths(v.BaseScore()), tenths(v.Score())
			// The JSON form of 4.0 has one score, of whatever metrics are in the vector.
			if ok && given.Cmp(base) != 0 && !(v.Version() == cvss.V4 && given.Cmp(whole) == 0) {
				l.say("5.1.12", Must, member(here, "baseScore"), text.M("is %s, and the vector gives %s", s.Get("baseScore").Text, base.FloatString(1)))
			}
			for _, sp := range spelling(v.Version()) {
				word := s.Str(sp.name)
				if want := sp.words()[v.Get(sp.key)]; word != "" && want != "" && word != want {
					l.say("5.1.12", Must, member(here, sp.name), text.M("is %s, and the vector says %s", word, want))
				}
			}
		}
	}
}

func tenths(score float64) *big.Rat { return big.NewRat(int64(score*10+0.5), 10) }

func (l *lint) rejection(c *Node) {
	at := l.path("rejectedReasons")
	explained := slices.ContainsFunc(c.List("rejectedReasons"), func(r *Node) bool {
		return isEnglish(r.Str("lang")) && len(strings.Fields(emptyReason.ReplaceAllString(r.Str("value"), ""))) >= 2
	})
	if !explained {
		l.say("4.5.3.7", Must, at, text.M("why the ID is rejected is not explained"))
	}
	duplicate := false
	for _, r := range c.List("rejectedReasons") {
		duplicate = duplicate || strings.Contains(strings.ToLower(r.Str("value")), "duplicate")
	}
	if duplicate && c.Get("replacedBy") == nil {
		l.say("4.5.3.8", Should, l.path(), text.M("the ID is a duplicate: name the other one in replacedBy"))
	}
	for i, r := range c.List("replacedBy") {
		if l.id != "" && r.Text == string(l.id) {
			l.say("4.5.3.8", Must, index(l.path("replacedBy"), i), text.M("an ID can't be replaced by itself"))
		}
	}
}
