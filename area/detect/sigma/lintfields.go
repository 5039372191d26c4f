package sigma

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"yagura/kernel/text"
)

// taxonomy says which fields events of a log source have, for log sources whose
// fields are fixed.
//
//go:embed taxonomy.yml
var taxonomyYAML []byte

type taxon struct {
	LogSource
	Fields []string
}

var taxonomy = sync.OnceValue(func() []taxon {
	var doc struct {
		Everywhere map[string][]string `yaml:"everywhere"`
		Sources    []struct {
			Product, Category, Service string
			Fields                     []string
		}
	}
	if err := yaml.Unmarshal(taxonomyYAML, &doc); err != nil {
		panic(fmt.Sprintf("sigma: the embedded fields are broken: %v", err)) // a test reads it
	}
	var out []taxon
	for _, s := range doc.Sources {
		out = append(out, taxon{LogSource{s.Product, s.Category, s.Service}, append(s.Fields, doc.Everywhere[s.Product]...)})
	}
	return out
})

// FieldsOf are the fields that events of a log source have; nil where they are
// not fixed.
func FieldsOf(l LogSource) []string {
	for _, t := range taxonomy() {
		if t.Product == l.Product && t.Category == l.Category && (t.Service == "" || t.Service == l.Service) {
			return t.Fields
		}
	}
	return nil
}

// fields looks at the names of fields.
func (l *linter) fields() {
	known := FieldsOf(l.rule.LogSource)
	spelt := map[string]*test{}
	told := map[string]bool{}
	walkTests(l.rule.root, func(t *test) {
		for _, f := range []string{t.field, t.ref} {
			if f == "" || told[f] {
				continue
			}
			if first := spelt[strings.ToLower(f)]; first == nil {
				spelt[strings.ToLower(f)] = t
			} else if first.field != f && first.ref != f {
				told[f] = true
				l.add(t.line, "field-case", Warning, text.M("the rule writes the field %s also %s; names of fields differ by capital letters", f, first.field))
			}
			if known == nil || slices.Contains(known, f) || strings.Contains(f, ".") {
				continue
			}
			told[f] = true
			if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, f) }); i >= 0 {
				l.add(t.line, "field-unknown", Grave, text.M("events of %s have no field %s; they have %s", l.rule.LogSource.String(), f, known[i]))
				continue
			}
			l.add(t.line, "field-unknown", Warning, text.M("events of %s usually have no field %s", l.rule.LogSource.String(), f))
		}
	})
	l.events()
}

// events looks at event numbers that a category never has.
func (l *linter) events() {
	if l.rule.LogSource.Category == "" {
		return
	}
	var ids [][]part
	for _, s := range l.m.sources {
		if !l.rule.LogSource.covers(s.LogSource) {
			continue
		}
		fixed := false
		for _, c := range s.when {
			if slices.Contains(c.fields, "EventID") {
				fixed = true
				ids = append(ids, c.values...)
			}
		}
		if !fixed {
			return
		}
	}
	if len(ids) == 0 {
		return
	}
	walkTests(l.rule.root, func(t *test) {
		if t.field == "EventID" && t.op == opEq && !slices.ContainsFunc(ids, func(p []part) bool { return matchPattern([]byte(t.lit), p) }) {
			l.add(t.line, "event-never", Warning, text.M("events of %s never have the EventID %s", l.rule.LogSource.String(), t.lit))
		}
	})
}
