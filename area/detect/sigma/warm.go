package sigma

import (
	"encoding/json"
	"strings"
)

// maxWarm bounds the classes that one entry of a mapping stands for.
const maxWarm = 64

// Warm builds what the mapping's kinds of events need, the searches of large
// sets and the automata of expressions, so that the first event of a kind does
// not wait for it. Kinds that are not foreseen are built when
// they are met. It changes no answer.
func (e *Engine) Warm() {
	for _, t := range e.tests {
		if len(t.parts) > fewContained {
			t.arrange()
		}
	}
	for _, p := range e.patterns {
		p()
	}
	m := e.NewMatcher()
	for i := range e.mapping.sources {
		e.samples(&e.mapping.sources[i], func(event map[string]string) {
			if raw, err := json.Marshal(event); err == nil {
				m.read(raw, LogSource{})
			}
		})
	}
}

// samples are the least events that a source is recognised by.
func (e *Engine) samples(s *mapSource, do func(map[string]string)) {
	total := 1
	for _, c := range s.when {
		total *= max(1, len(c.values))
	}
	for n := range min(total, maxWarm) {
		event := map[string]string{}
		for _, c := range s.when {
			v := c.values[n%len(c.values)]
			n /= len(c.values)
			event[c.fields[0]] = sampleOf(v)
		}
		do(event)
	}
}

// sampleOf is a text that fits a pattern.
func sampleOf(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.kind == partLit {
			b.WriteString(p.lit)
		} else {
			b.WriteByte('x')
		}
	}
	return b.String()
}
