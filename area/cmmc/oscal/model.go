// Package oscal writes what is known of an assessment in OSCAL 1.1.3, and checks
// documents of the four models by rules of its own: the form of every field, what
// refers to what, ids of CMMC and hashes of evidence.
package oscal

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

// Version is that of the documents written here.
const Version = "1.1.3"

//go:embed model.txt
var modelText string

type field struct {
	name     string
	kind     string
	choice   []string
	required bool
	list     bool
}

var model = parseModel(modelText)

// models are the roots of documents.
var models = []string{"system-security-plan", "plan-of-action-and-milestones", "assessment-results", "component-definition"}

func parseModel(s string) map[string][]field {
	m := map[string][]field{}
	name := ""
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] != ' ':
			name = line
			m[name] = nil
		default:
			for part := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(line), ","), ", ") {
				m[name] = append(m[name], parseField(part))
			}
		}
	}
	for name, fields := range m {
		for _, f := range fields {
			_, assembly := m[f.kind]
			_, number := numbers[f.kind]
			if !assembly && !number && forms[f.kind] == nil && f.choice == nil {
				panic(fmt.Sprintf("oscal model: %s in %s", f.kind, name))
			}
		}
	}
	return m
}

func parseField(s string) field {
	key, kind, ok := strings.Cut(s, " ")
	if !ok {
		panic("oscal model: " + s)
	}
	f := field{required: strings.HasSuffix(key, "!"), list: strings.HasSuffix(kind, "[]")}
	f.name, f.kind = strings.TrimSuffix(key, "!"), strings.TrimSuffix(kind, "[]")
	if f.kind[0] == '{' {
		f.choice = strings.Split(strings.Trim(f.kind, "{}"), "|")
	}
	return f
}

// checker goes through a document and gathers what is wrong and what refers to
// what.
type checker struct {
	place.Reader
	root *place.Node
	refs references
}

// form checks a value against the model.
func (c *checker) form(n *place.Node, f *field) {
	if !f.list {
		c.one(n, f)
		return
	}
	switch {
	case n.Kind != place.Array:
		c.Wrong(n, text.M("a list is expected"))
	case len(n.Items) == 0:
		c.Wrong(n, text.M("a list has at least one member, else it is left out"))
	}
	for _, item := range n.Items {
		c.one(item, f)
	}
}

func (c *checker) one(n *place.Node, f *field) {
	if low, ok := numbers[f.kind]; ok {
		if n.Kind != place.Number || !whole(n.Text, low) {
			c.Wrong(n, text.M("a whole number is expected"))
		}
		return
	}
	if _, ok := model[f.kind]; ok {
		c.assembly(n, f.kind)
		return
	}
	switch {
	case n.Kind != place.String:
		c.Wrong(n, text.M("a text is expected"))
	case f.choice != nil:
		if !slices.Contains(f.choice, n.Text) {
			c.Wrong(n, text.M("%q is none of %s", n.Text, strings.Join(f.choice, ", ")))
		}
	case !forms[f.kind](n.Text):
		c.Wrong(n, text.M("%q has not the form of %s", n.Text, f.kind))
	}
}

func (c *checker) assembly(n *place.Node, kind string) {
	if n.Kind != place.Object {
		c.Wrong(n, text.M("an object is expected"))
		return
	}
	fields := model[kind]
	seen := map[string]bool{}
	for _, m := range n.Members {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == m.Key })
		switch {
		case i < 0:
			c.Wrong(m.Value, text.M("there is no field %q here", m.Key))
		case seen[m.Key]:
			c.Wrong(m.Value, text.M("%q stands twice", m.Key))
		default:
			c.form(m.Value, &fields[i])
		}
		seen[m.Key] = true
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			c.Wrong(n, text.M("%s is missing", f.name))
		}
	}
	c.refs.note(n, kind)
}
