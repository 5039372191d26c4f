package normalise

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

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
