package sigma

// Covers reports whether a rule written for l looks at events of source s.
func (l LogSource) Covers(s LogSource) bool { return l.covers(s) }

// Class identifies the way in which the event that was matched last is routed:
// events of one class are of the same log sources. It is valid until the next
// event.
func (m *Matcher) Class() []byte { return m.routeKey }

// Sources are the log sources of the event that was matched last.
func (m *Matcher) Sources(hint LogSource) []LogSource {
	var out []LogSource
	if !hint.IsZero() {
		out = append(out, hint)
	}
	for _, h := range m.e.router.held(&m.ev, hint) {
		out = append(out, m.e.mapping.sources[h].LogSource)
	}
	return out
}
