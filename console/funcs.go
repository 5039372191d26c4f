package console

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/console/chart"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

func literal(s string) text.Message { return text.Literal(s) }

// funcs are the functions of the views, bound to the set's reader.
func (s *set) funcs() template.FuncMap {
	return template.FuncMap{
		// words
		"t":   func(key string, args ...any) string { return text.T(s.c.Lang, key, args...) },
		"say": s.say,
		// numbers and times
		"num":     s.num,
		"percent": func(part, whole any) string { return formatPercent(number(part), number(whole)) },
		"bytes":   func(n any) string { return formatBytes(int64(number(n))) },
		"when":    s.when,
		"date":    s.date,
		"ago":     s.ago,
		"due":     s.due,
		"span":    func(d time.Duration) string { return span(d).In(s.c.Lang) },
		"local":   func(t time.Time) string { return formatTime(t, s.c.Zone) },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"utc":     formatUTC,
		"zone":    func() string { return s.c.Now.In(s.c.Zone).Format("MST") },
		// small marks
		"icon":     icon,
		"logo":     func() template.HTML { return logo },
		"severity": func(v any) template.HTML { return s.severity(Severity(fmt.Sprint(v))) },
		"chip":     func(tone, label any) template.HTML { return chip(Tone(fmt.Sprint(tone)), s.words(label)) },
		"meter":    s.meter,
		"unit":     func(id string) string { return s.c.UnitLabel(id) },
		"copy":     func(v string) (template.HTML, error) { return s.part("part-copy", v) },
		"cell":     s.cell,
		// large parts
		"table":  func(v any) (template.HTML, error) { return s.part("part-table", v) },
		"figure": func(f Figure) (template.HTML, error) { return s.part("part-figure", f) },
		"clock":  func(c Clock) (template.HTML, error) { return s.part("part-clock", s.clock(c)) },
		"work":   func(w []WorkItem) (template.HTML, error) { return s.part("part-work", w) },
		"chart":  s.chart,
		"trend": func(tone any, label string, vs []float64) template.HTML {
			return chart.Sparkline(vs, fmt.Sprint(tone), label)
		},
		"timeline": func(es []Event) (template.HTML, error) { return s.part("part-timeline", es) },
		"empty":    func(e Empty) (template.HTML, error) { return s.part("part-empty", e) },
		"tabs":     func(ts []Tab) (template.HTML, error) { return s.part("part-tabs", ts) },
		"facts":    func(fs []Fact) (template.HTML, error) { return s.part("part-facts", fs) },
		"notice": func(tone, words any) (template.HTML, error) {
			return s.part("part-notice", chipData{Tone(fmt.Sprint(tone)), s.words(words)})
		},
		// form fields
		"input":    s.fieldOf("text"),
		"email":    s.fieldOf("email"),
		"number":   s.fieldOf("number"),
		"password": s.fieldOf("password"),
		"textarea": s.fieldOf("textarea"),
		"checkbox": s.fieldOf("checkbox"),
		"datetime": s.fieldOf("datetime-local"),
		"dateof":   s.fieldOf("date"),
		"file":     s.fieldOf("file"),
		"select":   s.choiceOf("select"),
		"radios":   s.choiceOf("radios"),
		"checks":   s.choiceOf("checks"),
		"hidden": func(name string, v any) (template.HTML, error) {
			return s.part("part-hidden", Hidden{name, fmt.Sprint(v)})
		},
		// what the reader may do, and addresses
		"can":         func(act any, unit string) bool { return s.c.Actor.Can(authz.Act(fmt.Sprint(act)), unit) },
		"anywhere":    func(act any) bool { return s.c.Actor.CanAnywhere(authz.Act(fmt.Sprint(act))) },
		"url":         address,
		"static":      staticURL,
		"live":        s.live,
		"htmxConfig":  func() string { return htmxConfig },
		"initials":    initials,
		"options":     func(v any) []Option { return optionsOf(v) },
		"hasError":    func(name string) string { return s.say(s.c.fields[name]) },
		"fieldErrors": func() []fieldError { return s.fieldErrors() },
		"reader":      func() *Context { return s.c },
		"dec":         func(n int) int { return n - 1 },
	}
}

// part renders one of the shell's parts with the reader's words.
func (s *set) part(name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	if err := s.t.ExecuteTemplate(&b, name, data); err != nil {
		return "", err
	}
	return template.HTML(bytes.TrimSpace(b.Bytes())), nil
}

func (s *set) say(m text.Message) string {
	if m.IsZero() {
		return ""
	}
	return m.In(s.c.Lang)
}

// marked is a message in the reader's language in which words of other programs
// are marked as English.
func (s *set) marked(m text.Message) template.HTML {
	const begin, end = "\x02", "\x03"
	plain := strings.NewReplacer(begin, "", end, "")
	var mark func(m text.Message) text.Message
	mark = func(m text.Message) text.Message {
		m.Args = slices.Clone(m.Args)
		for i, a := range m.Args {
			switch a := a.(type) {
			case text.Foreign:
				m.Args[i] = begin + plain.Replace(string(a)) + end
			case string:
				m.Args[i] = plain.Replace(a)
			case text.Message:
				m.Args[i] = mark(a)
			}
		}
		return m
	}
	return template.HTML(strings.NewReplacer(begin, `<q lang="en">`, end, `</q>`).Replace(template.HTMLEscapeString(s.say(mark(m)))))
}

// words takes a message or a string that is in the reader's language already.
func (s *set) words(v any) string {
	switch v := v.(type) {
	case text.Message:
		return s.say(v)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

func (s *set) num(v any) string { return formatNumber(number(v)) }

func number(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int32:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case float64:
		return v
	case float32:
		return float64(v)
	}
	return 0
}

// address adds parameters to a path: {{url "/events" "q" .Q "from" .From}};
// empty ones are left out.
func address(p string, pairs ...any) (string, error) {
	if len(pairs)%2 != 0 {
		return "", fmt.Errorf("url: %d names and values do not pair", len(pairs))
	}
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if val := fmt.Sprint(pairs[i+1]); val != "" && pairs[i+1] != nil {
			v.Set(fmt.Sprint(pairs[i]), val)
		}
	}
	if len(v) == 0 {
		return p, nil
	}
	return p + "?" + v.Encode(), nil
}

// htmxConfig switches off what the policy forbids and what we do not use.
const htmxConfig = `{"allowEval":false,"includeIndicatorStyles":false,"allowScriptTags":false,"selfRequestsOnly":true,` +
	`"historyEnabled":false,"historyCacheSize":0,"attributesToSettle":["class"],"scrollIntoViewOnBoost":false}`

// live makes the element with that id renew itself every so many seconds, by
// asking for the same page and taking the element out of it:
// <section id="queue" {{live "queue" 15}}>. Without JavaScript it stands still.
func (s *set) live(id string, seconds int) template.HTMLAttr {
	e := template.HTMLEscapeString
	u := "/"
	if s.c.R.Method == http.MethodGet {
		u = s.c.R.URL.RequestURI()
	}
	return template.HTMLAttr(fmt.Sprintf(`hx-get="%s" hx-select="#%s" hx-target="this" hx-swap="outerHTML" hx-trigger="every %ds"`, e(u), e(id), seconds))
}

// initials of a name for the round mark: two letters, or one of a script that
// does not abbreviate.
func initials(name string) string {
	var out []rune
	word := true
	for _, r := range name {
		switch {
		case r == ' ' || r == '　' || r == '.' || r == '-':
			word = true
		case word:
			out = append(out, r)
			word = false
		}
	}
	switch {
	case len(out) == 0:
		return "?"
	case out[0] > 0x2e80:
		return string(out[0])
	case len(out) > 2:
		out = []rune{out[0], out[len(out)-1]}
	}
	return string(bytes.ToUpper([]byte(string(out))))
}
