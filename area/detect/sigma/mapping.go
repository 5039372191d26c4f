package sigma

import (
	_ "embed"
	"fmt"
	"sort"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Mapping says which log source an event belongs to and under which names it
// holds what rules ask for. It is data: the embedded [DefaultMapping], or a
// file read by [ParseMapping].
type Mapping struct {
	sources []mapSource
}

// mapSource is one way in which a log source is recognised.
type mapSource struct {
	LogSource
	when   []mapCond
	fields map[string]string
}

type mapCond struct {
	fields []string // any of them
	values [][]part // folded patterns, any of them
}

//go:embed mapping.yml
var defaultMapping []byte

var loadDefault = sync.OnceValues(func() (*Mapping, error) { return ParseMapping(defaultMapping) })

// DefaultMapping covers the Windows channels and Sysmon, Linux (auditd, sshd,
// syslog), firewalls, name servers, proxies and web servers, cloud audit logs
// and sign-in logs.
func DefaultMapping() *Mapping {
	m, err := loadDefault()
	if err != nil {
		panic("sigma: the embedded mapping is broken: " + err.Error()) // a test reads it
	}
	return m
}

// ParseMapping reads a mapping: either a list under "sources" as in the
// embedded one, or "logsources" in the form that SigmaHQ publishes for THOR.
func ParseMapping(raw []byte) (*Mapping, error) {
	var doc struct {
		Sources    []sourceYAML         `yaml:"sources"`
		LogSources map[string]thorEntry `yaml:"logsources"`
	}
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("log sources: %w", err)
	}
	m := &Mapping{}
	for _, s := range doc.Sources {
		src := mapSource{LogSource: LogSource{
			strings.ToLower(s.Product), strings.ToLower(s.Category), strings.ToLower(s.Service)}, fields: s.Fields}
		if len(s.When) == 0 {
			return nil, fmt.Errorf("log sources: line %d: %s has no condition under \"when\"", s.line, src.LogSource)
		}
		src.when = conditions(s.When)
		m.sources = append(m.sources, src)
	}
	if doc.LogSources != nil {
		if err := m.addTHOR(doc.LogSources); err != nil {
			return nil, err
		}
	}
	if len(m.sources) == 0 {
		return nil, fmt.Errorf("log sources: neither \"sources\" nor \"logsources\" has an entry")
	}
	return m, nil
}

type sourceYAML struct {
	Product  string            `yaml:"product"`
	Category string            `yaml:"category"`
	Service  string            `yaml:"service"`
	When     map[string]oneOf  `yaml:"when"`
	Fields   map[string]string `yaml:"fields"`
	line     int
}

func (s *sourceYAML) UnmarshalYAML(n *yaml.Node) error {
	type same sourceYAML
	s.line = n.Line
	return n.Decode((*same)(s))
}

// oneOf is a value or a list of values.
type oneOf []string

func (o *oneOf) UnmarshalYAML(n *yaml.Node) error {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	for _, c := range list {
		if c.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a value or a list of values belongs here", c.Line)
		}
		*o = append(*o, scalarText(c))
	}
	return nil
}

func conditions(when map[string]oneOf) []mapCond {
	names := make([]string, 0, len(when))
	for f := range when {
		names = append(names, f)
	}
	sort.Strings(names)
	var out []mapCond
	for _, f := range names {
		c := mapCond{fields: strings.Split(f, "|")}
		for _, v := range when[f] {
			c.values = append(c.values, readPattern(foldString(v)))
		}
		out = append(out, c)
	}
	return out
}

type thorEntry struct {
	Product    string            `yaml:"product"`
	Category   string            `yaml:"category"`
	Service    string            `yaml:"service"`
	Conditions map[string]oneOf  `yaml:"conditions"`
	Rewrite    *thorEntry        `yaml:"rewrite"`
	Sources    oneOf             `yaml:"sources"`
	Fields     map[string]string `yaml:"fieldmappings"`
}

// addTHOR resolves each category to the channel of the service it is rewritten
// to. Sources that are files say nothing about a JSON event and are left out;
// such events are named by the caller's hint.
func (m *Mapping) addTHOR(entries map[string]thorEntry) error {
	names := make([]string, 0, len(entries))
	for n := range entries {
		names = append(names, n)
	}
	sort.Strings(names)
	channels := map[LogSource]oneOf{}
	for _, n := range names {
		e := entries[n]
		for _, s := range e.Sources {
			if c, ok := strings.CutPrefix(s, "WinEventLog:"); ok {
				key := LogSource{Product: e.Product, Service: e.Service}
				channels[key] = append(channels[key], strings.NewReplacer(`*`, `\*`, `?`, `\?`).Replace(c))
			}
		}
	}
	for _, n := range names {
		e := entries[n]
		src := mapSource{LogSource: LogSource{e.Product, e.Category, e.Service}, fields: e.Fields}
		at := LogSource{Product: e.Product, Service: e.Service}
		if e.Rewrite != nil {
			at = LogSource{Product: e.Rewrite.Product, Service: e.Rewrite.Service}
			src.Product, src.Service = at.Product, at.Service
		}
		when := map[string]oneOf{}
		for f, v := range e.Conditions {
			when[f] = v
		}
		if ch := channels[at]; len(ch) > 0 {
			when["Channel"] = ch
		} else if e.Rewrite != nil {
			return fmt.Errorf("log sources: %s is rewritten to %s, which has no source", n, at)
		}
		if len(when) > 0 {
			src.when = conditions(when)
			m.sources = append(m.sources, src)
		}
	}
	// Whatever names a channel is a Windows event, also of a channel not listed.
	m.sources = append(m.sources, mapSource{LogSource: LogSource{Product: "windows"},
		when: conditions(map[string]oneOf{"Channel": {"*"}, "EventID": {"*"}})})
	return nil
}

// Knows reports whether some event could be routed to a rule for l.
func (m *Mapping) Knows(l LogSource) bool {
	for i := range m.sources {
		if l.covers(m.sources[i].LogSource) {
			return true
		}
	}
	return l.IsZero()
}
