package normalise

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"yagura/area/telemetry/intake"
)

//go:embed mapping.yml
var builtin []byte

// Builtin is the mapping that comes with the product.
var Builtin = sync.OnceValue(func() *Mapping {
	m, err := Parse(builtin)
	if err != nil {
		panic("normalise: " + err.Error())
	}
	return m
})

// Mapping says what to add to which events.
type Mapping struct {
	root    *node
	slots   int
	shapes  []shape
	tops    map[string]int   // slot of an added name at the top of an event
	outputs map[string][]int // slots where an event may have an added name itself
	pool    sync.Pool
}

// shape is a way in which a product writes its events.
type shape struct {
	name, kind string
	when       conditions
	group      group
	classes    []class
}

// class is one sort of events of a shape.
type class struct {
	when  conditions
	group group
}

type group struct {
	fields                     []field
	spreads                    []int
	lines                      []lines
	positions                  []positions
	product, category, service word
}

type field struct {
	name  string
	over  bool // also where the event has the name with another meaning
	forms []form
}

type lines struct {
	slot int
	only map[string]bool // nil: every name
	over map[string]bool
}

type positions struct {
	slot  int
	names []string
}

type conditions struct {
	all  []condition
	none []int // slots that must not be there
}

type condition struct {
	slots  []int
	values []string // with * at the ends; "*": anything
}

func (c *conditions) hold(s *scan) bool {
	for i := range c.all {
		if !c.all[i].holds(s) {
			return false
		}
	}
	for _, slot := range c.none {
		if s.has(slot) {
			return false
		}
	}
	return true
}

func (c *condition) holds(s *scan) bool {
	for _, slot := range c.slots {
		for _, v := range s.values(slot) {
			for _, want := range c.values {
				if want == "*" && string(v) != "null" && string(v) != `""` || like(unquote(v), want) {
					return true
				}
			}
		}
	}
	return false
}

func like(v, pattern string) bool {
	head, tail := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	switch p := strings.Trim(pattern, "*"); {
	case p == "":
		return false
	case head && tail:
		return strings.Contains(strings.ToLower(v), strings.ToLower(p))
	case head:
		return len(v) >= len(p) && strings.EqualFold(v[len(v)-len(p):], p)
	case tail:
		return len(v) >= len(p) && strings.EqualFold(v[:len(p)], p)
	default:
		return strings.EqualFold(v, p)
	}
}

// word is a part of the log source.
type word struct {
	fixed string
	form  *form
}

func (w *word) set() bool { return w.fixed != "" || w.form != nil }

func (w *word) text(s *scan) string {
	if w.form == nil {
		return w.fixed
	}
	return unquote(w.form.value(s))
}

// form is one way to make a value.
type form struct {
	paths  []int             // the first that is there, or all of join, zip, pairs
	names  []string          // of pairs
	how    string            // "", join, zip, pairs, list, line, const
	sep    string            // between parts
	as     string            // upper, lower, hashes, registry
	table  map[string]string // value → value
	other  string            // for values that are not in the table
	fixed  string            // const; the key of line
	tabled bool
}

// value is JSON, empty where there is none.
func (f *form) value(s *scan) []byte {
	switch f.how {
	case "const":
		return intake.AppendString(nil, f.fixed)
	case "join":
		var parts []string
		for _, p := range f.paths {
			if t := s.text(p); t != "" && t != "-" {
				parts = append(parts, t)
			}
		}
		return f.out(strings.Join(parts, f.sep))
	case "list":
		var parts []string
		for _, v := range s.values(f.paths[0]) {
			if t := unquote(v); t != "" {
				parts = append(parts, t)
			}
		}
		return f.out(strings.Join(parts, f.sep))
	case "zip":
		names, values := s.values(f.paths[0]), s.values(f.paths[1])
		var parts []string
		for i := range min(len(names), len(values)) {
			parts = append(parts, strings.ToUpper(strings.ReplaceAll(unquote(names[i]), "-", ""))+"="+strings.ToUpper(unquote(values[i])))
		}
		return f.out(strings.Join(parts, f.sep))
	case "pairs":
		var parts []string
		for i, p := range f.paths {
			if t := s.text(p); t != "" {
				parts = append(parts, f.names[i]+"="+strings.ToUpper(t))
			}
		}
		return f.out(strings.Join(parts, f.sep))
	case "line":
		for text := s.text(f.paths[0]); text != ""; {
			line, rest, _ := strings.Cut(text, "\n")
			if name, value, ok := cutColon(trim(line)); ok && name == f.fixed {
				return f.out(value)
			}
			text = rest
		}
		return nil
	}
	for _, p := range f.paths {
		v := s.values(p)
		if len(v) == 0 || string(v[0]) == "null" || string(v[0]) == `""` {
			continue
		}
		if f.tabled || f.as != "" {
			if out := f.out(unquote(v[0])); out != nil {
				return out
			}
			continue
		}
		if len(v) == 1 {
			return v[0]
		}
		all := []byte{'['}
		for i, x := range v {
			if i > 0 {
				all = append(all, ',')
			}
			all = append(all, x...)
		}
		return append(all, ']')
	}
	if f.other != "" {
		return intake.AppendString(nil, f.other)
	}
	return nil
}

func (f *form) out(t string) []byte {
	if t == "" {
		return nil
	}
	if f.tabled {
		v, ok := f.table[strings.ToLower(t)]
		if !ok {
			v = f.other
		}
		if v == "" {
			return nil
		}
		t = v
	}
	switch f.as {
	case "upper":
		t = strings.ToUpper(t)
	case "lower":
		t = strings.ToLower(t)
	case "dword", "qword": // as Sysmon writes numbers of the registry
		n, err := strconv.ParseUint(t, 0, 64)
		switch {
		case err == nil && f.as == "dword" && n <= 1<<32-1:
			t = fmt.Sprintf("DWORD (0x%08x)", n)
		case err == nil && f.as == "qword":
			t = fmt.Sprintf("QWORD (0x%08x-0x%08x)", n>>32, n&(1<<32-1))
		}
	}
	return intake.AppendString(nil, t)
}

// Parse reads a mapping. Its form is described at its head.
func Parse(b []byte) (*Mapping, error) {
	var doc struct {
		Shapes []yaml.Node `yaml:"shapes"`
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	m := &Mapping{root: &node{slot: -1}, tops: map[string]int{}, outputs: map[string][]int{}}
	for i := range doc.Shapes {
		n := &doc.Shapes[i]
		sh, err := m.shape(n)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		m.shapes = append(m.shapes, sh)
	}
	slots := m.slots
	m.pool.New = func() any { return &scan{m: m, seen: make([]int, slots), found: make([][][]byte, slots)} }
	return m, nil
}

func (m *Mapping) slot(path string) int {
	at := m.root
	for name := range strings.SplitSeq(path, ".") {
		at = at.child(name)
	}
	if at.slot < 0 {
		at.slot = m.slots
		m.slots++
	}
	return at.slot
}

func (m *Mapping) slotsOf(paths string) (list []int) {
	for p := range strings.SplitSeq(paths, "|") {
		list = append(list, m.slot(strings.TrimSpace(p)))
	}
	return list
}

// output notes where an event may have a name itself: where the engine of rules
// looks for it.
func (m *Mapping) output(name string) {
	if _, ok := m.outputs[name]; ok {
		return
	}
	m.tops[name] = m.slot(name)
	list := []int{m.tops[name]}
	for _, base := range []string{"winlog.event_data.", "winlog.user_data.", "EventData.", "event_data."} {
		list = append(list, m.slot(base+name))
	}
	m.outputs[name] = list
}

type rawGroup struct {
	When      map[string]yaml.Node `yaml:"when"`
	Unless    []string             `yaml:"unless"`
	Fields    yaml.Node            `yaml:"fields"`
	Spread    []string             `yaml:"spread"`
	Lines     map[string]yaml.Node `yaml:"lines"`
	Positions map[string][]string  `yaml:"positions"`
	LogSource map[string]yaml.Node `yaml:"logsource"`
}

func (m *Mapping) shape(n *yaml.Node) (sh shape, err error) {
	var raw struct {
		Name     string `yaml:"name"`
		Kind     string `yaml:"kind"`
		rawGroup `yaml:",inline"`
		Classes  []rawGroup `yaml:"classes"`
	}
	if err := n.Decode(&raw); err != nil {
		return sh, err
	}
	sh.name, sh.kind = raw.Name, raw.Kind
	if sh.when, err = m.conditions(raw.rawGroup); err != nil {
		return sh, err
	}
	if sh.group, err = m.group(raw.rawGroup); err != nil {
		return sh, err
	}
	for _, c := range raw.Classes {
		var cl class
		if cl.when, err = m.conditions(c); err == nil {
			cl.group, err = m.group(c)
		}
		if err != nil {
			return sh, err
		}
		sh.classes = append(sh.classes, cl)
	}
	return sh, nil
}

func (m *Mapping) conditions(raw rawGroup) (c conditions, err error) {
	for paths, n := range raw.When {
		var values []string
		if n.Kind == yaml.SequenceNode {
			err = n.Decode(&values)
		} else {
			values = []string{n.Value}
		}
		if err != nil {
			return c, err
		}
		c.all = append(c.all, condition{m.slotsOf(paths), values})
	}
	for _, p := range raw.Unless {
		c.none = append(c.none, m.slot(p))
	}
	return c, nil
}

func (m *Mapping) group(raw rawGroup) (g group, err error) {
	for _, p := range pairs(&raw.Fields) {
		f := field{name: p[0].Value}
		f.name, f.over = strings.CutSuffix(f.name, "!")
		if f.forms, err = m.forms(p[1]); err != nil {
			return g, err
		}
		m.output(f.name)
		g.fields = append(g.fields, f)
	}
	for _, p := range raw.Spread {
		g.spreads = append(g.spreads, m.slot(p))
	}
	for p, n := range raw.Lines {
		l := lines{slot: m.slot(p)}
		var only []string
		if n.Kind == yaml.SequenceNode {
			if err := n.Decode(&only); err != nil {
				return g, err
			}
			l.only, l.over = map[string]bool{}, map[string]bool{}
			for _, name := range only {
				name, over := strings.CutSuffix(name, "!")
				l.only[name], l.over[name] = true, over
				m.output(name)
			}
		}
		g.lines = append(g.lines, l)
	}
	for p, names := range raw.Positions {
		g.positions = append(g.positions, positions{m.slot(p), names})
		for _, name := range names {
			m.output(name)
		}
	}
	for part, n := range raw.LogSource {
		w := word{}
		if n.Kind == yaml.ScalarNode {
			w.fixed = n.Value
		} else {
			forms, err := m.forms(&n)
			if err != nil {
				return g, err
			}
			w.form = &forms[0]
		}
		switch part {
		case "product":
			g.product = w
		case "category":
			g.category = w
		case "service":
			g.service = w
		default:
			return g, fmt.Errorf("logsource has no %s", part)
		}
	}
	return g, nil
}

// pairs are the members of a mapping, with those it takes over by <<.
func pairs(n *yaml.Node) (list [][2]*yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Value == "<<" && v.Kind == yaml.SequenceNode:
			for _, x := range v.Content {
				list = append(list, pairs(x)...)
			}
		case k.Value == "<<":
			list = append(list, pairs(v)...)
		default:
			list = append(list, [2]*yaml.Node{k, v})
		}
	}
	return list
}

func (m *Mapping) forms(n *yaml.Node) ([]form, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return m.forms(n.Alias)
	case yaml.ScalarNode:
		return []form{{paths: m.slotsOf(n.Value)}}, nil
	case yaml.SequenceNode:
		var all []form
		for _, c := range n.Content {
			f, err := m.forms(c)
			if err != nil {
				return nil, err
			}
			all = append(all, f...)
		}
		return all, nil
	}
	var raw struct {
		From  string            `yaml:"from"`
		Join  []string          `yaml:"join"`
		List  string            `yaml:"list"`
		Zip   []string          `yaml:"zip"`
		Pairs yaml.Node         `yaml:"pairs"`
		Line  string            `yaml:"line"`
		Key   string            `yaml:"key"`
		Const string            `yaml:"const"`
		Sep   string            `yaml:"sep"`
		As    string            `yaml:"as"`
		Map   map[string]string `yaml:"map"`
		Else  string            `yaml:"else"`
	}
	if err := n.Decode(&raw); err != nil {
		return nil, err
	}
	if raw.As != "" && !slices.Contains([]string{"upper", "lower", "text", "dword", "qword"}, raw.As) {
		return nil, fmt.Errorf("line %d: as %s is not known", n.Line, raw.As)
	}
	f := form{sep: raw.Sep, as: raw.As, other: raw.Else, tabled: raw.Map != nil}
	if raw.Map != nil {
		f.table = map[string]string{}
		for k, v := range raw.Map {
			f.table[strings.ToLower(k)] = v
		}
	}
	all := func(paths []string) {
		for _, p := range paths {
			f.paths = append(f.paths, m.slot(p))
		}
	}
	switch {
	case raw.Const != "":
		f.how, f.fixed = "const", raw.Const
	case raw.Join != nil:
		f.how = "join"
		all(raw.Join)
	case raw.List != "":
		f.how = "list"
		all([]string{raw.List})
	case len(raw.Zip) == 2:
		f.how = "zip"
		all(raw.Zip)
	case raw.Line != "":
		f.how, f.fixed = "line", raw.Key
		all([]string{raw.Line})
	case raw.Pairs.Kind == yaml.MappingNode:
		f.how = "pairs"
		for i := 0; i+1 < len(raw.Pairs.Content); i += 2 {
			f.names = append(f.names, raw.Pairs.Content[i].Value)
			f.paths = append(f.paths, m.slot(raw.Pairs.Content[i+1].Value))
		}
	case raw.From != "":
		f.paths = m.slotsOf(raw.From)
	default:
		return nil, fmt.Errorf("line %d: a value needs from, join, list, zip, pairs, line or const", n.Line)
	}
	return []form{f}, nil
}
