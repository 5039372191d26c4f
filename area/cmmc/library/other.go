package library

import (
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

var number = regexp.MustCompile(`(?:^|[^0-9.])(3\.\d{1,2}\.\d{1,2}[eE]?)$`)

// named finds the requirement of an id as others write it: with another level in
// front (AC.L1-3.1.1), or bare.
func named(id string) *catalog.Requirement {
	if q := catalog.Find(id); q != nil {
		return q
	}
	if m := number.FindStringSubmatch(id); m != nil {
		return catalog.Find(strings.ToLower(m[1]))
	}
	return nil
}

// readOSCAL reads a catalog: controls whose id or label is a requirement, their
// statement, and their parts that are objectives. Other controls are passed over.
func readOSCAL(g *gatherer, data []byte) error {
	root, err := place.Parse(g.file, data)
	if err != nil {
		return err
	}
	top := root.Get("catalog")
	if top == nil {
		g.wrong(root.Line, root.Path, text.M("%s is missing", "catalog"))
		return nil
	}
	var walk func(n *place.Node)
	walk = func(n *place.Node) {
		for _, key := range []string{"groups", "controls"} {
			list := n.Get(key)
			if list == nil {
				continue
			}
			for _, item := range list.Items {
				if key == "controls" {
					g.control(item)
				}
				walk(item)
			}
		}
	}
	walk(top)
	return nil
}

func word(n *place.Node, key string) string {
	if v := n.Get(key); v != nil && v.Kind == place.String {
		return v.Text
	}
	return ""
}

func label(n *place.Node) string {
	if props := n.Get("props"); props != nil {
		for _, p := range props.Items {
			if word(p, "name") == "label" {
				return word(p, "value")
			}
		}
	}
	return ""
}

func (g *gatherer) control(n *place.Node) {
	q := named(word(n, "id"))
	if q == nil {
		q = named(label(n))
	}
	if q == nil {
		return
	}
	var statement []string
	var parts func(n *place.Node, stated bool)
	parts = func(n *place.Node, stated bool) {
		list := n.Get("parts")
		if list == nil {
			return
		}
		for _, p := range list.Items {
			kind, prose := word(p, "name"), word(p, "prose")
			switch {
			case kind == "assessment-objective" || kind == "objective":
				if name := letterOf(q, p); name != "" {
					g.objective(p.Line, p.Path, name, lettered.ReplaceAllString(prose, "$2"))
				}
				parts(p, false)
				continue
			case kind == "statement" || stated:
				statement = append(statement, prose)
			}
			parts(p, kind == "statement" || stated)
		}
	}
	parts(n, false)
	g.requirement(q, word(n, "title"), strings.Join(statement, " "))
}

var lastLetter = regexp.MustCompile(`(?:\[|_obj\.|-obj\.|\.)([a-z]|ODP\d+)\]?$`)

// letterOf is the objective of a part, by its label, id or the start of its prose;
// empty for a part that only holds others.
func letterOf(q *catalog.Requirement, p *place.Node) string {
	for _, s := range []string{label(p), word(p, "id")} {
		if m := lastLetter.FindStringSubmatch(s); m != nil {
			return q.ID + "[" + m[1] + "]"
		}
	}
	if m := lettered.FindStringSubmatch(squeeze(word(p, "prose"))); m != nil {
		return q.ID + "[" + m[1] + "]"
	}
	if q.Single && p.Get("parts") == nil {
		return q.ID
	}
	return ""
}

// readCISO reads a library of CISO Assistant: requirement nodes with a reference,
// the objectives in their annotation or as questions.
func readCISO(g *gatherer, data []byte) error {
	var doc struct {
		Objects struct {
			Framework struct {
				Nodes []yaml.Node `yaml:"requirement_nodes"`
			} `yaml:"framework"`
		} `yaml:"objects"`
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return place.Problems{{File: g.file, What: text.M("this is not YAML: %s", text.Foreign(err.Error()))}}
	}
	for i := range doc.Objects.Framework.Nodes {
		raw := &doc.Objects.Framework.Nodes[i]
		var n struct {
			Ref         string               `yaml:"ref_id"`
			Name        string               `yaml:"name"`
			Description string               `yaml:"description"`
			Annotation  string               `yaml:"annotation"`
			Questions   map[string]yaml.Node `yaml:"questions"`
		}
		if err := raw.Decode(&n); err != nil {
			return place.Problems{{File: g.file, Line: raw.Line, What: text.M("this is not YAML: %s", text.Foreign(err.Error()))}}
		}
		if q := named(n.Ref); q != nil {
			words, _, _ := strings.Cut(n.Description, "•") // behind it stand references
			g.requirement(q, n.Name, words)
			g.letters(q, raw.Line, n.Annotation)
			for _, key := range slices.Sorted(keys(n.Questions)) {
				question := n.Questions[key]
				var asked struct {
					Text string `yaml:"text"`
				}
				if question.Decode(&asked) == nil {
					g.letters(q, question.Line, asked.Text)
				}
			}
		}
	}
	return nil
}

func keys(m map[string]yaml.Node) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// letters takes the objectives out of a text in which each begins a line. One
// without a letter is the only one of its requirement.
func (g *gatherer) letters(q *catalog.Requirement, line int, words string) {
	name, rest := "", []string(nil)
	flush := func() {
		if name != "" {
			g.objective(line, "", name, strings.Join(rest, " "))
		}
	}
	for l := range strings.Lines(words) {
		l = squeeze(l)
		m := lettered.FindStringSubmatch(l)
		switch {
		case m != nil:
			flush()
			name, rest = q.ID+"["+m[1]+"]", []string{m[2]}
		case l == "":
		case name == "" && strings.HasPrefix(strings.ToLower(l), "determine if"):
			if _, after, _ := strings.Cut(l[len("determine if"):], " "); q.Single {
				name, rest = q.ID, []string{after}
			}
		default:
			rest = append(rest, l)
		}
	}
	flush()
}

// readCSV reads a table with a header: id, text, and title if there is one. An id
// is that of a requirement or of an objective.
func readCSV(g *gatherer, data []byte) error {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
	r.FieldsPerRecord = -1
	at := map[string]int{}
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return place.Problems{{File: g.file, What: text.M("this is no table: %s", text.Foreign(err.Error()))}}
		}
		line, _ := r.FieldPos(0)
		if first {
			for i, name := range row {
				at[strings.ToLower(strings.TrimSpace(name))] = i
			}
			for _, name := range []string{"id", "text"} {
				if _, ok := at[name]; !ok {
					return place.Problems{{File: g.file, Line: line, What: text.M("%s is missing", name)}}
				}
			}
			continue
		}
		cell := func(name string) string {
			if i, ok := at[name]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		id := cell("id")
		_, objective := catalog.Index(id)
		switch q := named(id); {
		case q != nil:
			g.requirement(q, cell("title"), cell("text"))
		case objective:
			g.objective(line, "", id, cell("text"))
		default:
			g.wrong(line, "", text.M("there is no requirement or objective %q", id))
		}
	}
}
