package csaf

import (
	"fmt"
	"slices"
	"strings"
)

// The schemas are written here as rules of our own, since the official files are
// under the terms of others; what they demand is the same, and the suite's
// documents and real advisories are checked against both in the tests' data. A
// rule knows the keywords that the two schemas use and no others.
type rule struct {
	kind     Kind
	any      bool
	fields   map[string]*field
	required []string
	closed   bool // no other fields (additionalProperties or unevaluatedProperties false)
	min, max int  // items, or properties of an object
	unique   bool
	items    *rule
	enum     []string
	check    func(text string) string // what is wrong with a string, empty if nothing
	numbers  func(f float64) string
	also     func(v *Value) (path, wrong string) // what the other keywords can't say
	choose   func(v *Value) *rule                // oneOf, by a field of the value
}

type field struct {
	rule     *rule
	required bool
}

// object makes a rule of names and rules in turn; a name with ! is required.
func object(pairs ...any) *rule {
	r := &rule{kind: Object, fields: map[string]*field{}}
	for i := 0; i < len(pairs); i += 2 {
		name, required := strings.CutSuffix(pairs[i].(string), "!")
		r.fields[name] = &field{pairs[i+1].(*rule), required}
		if required {
			r.required = append(r.required, name)
		}
	}
	return r
}

// with copies a rule with more or other fields.
func (r *rule) with(pairs ...any) *rule {
	c, more := *r, object(pairs...)
	c.fields = map[string]*field{}
	for name, f := range r.fields {
		c.fields[name] = f
	}
	for name, f := range more.fields {
		c.fields[name] = f
	}
	c.required = slices.Concat(r.required, more.required)
	return &c
}

func (r *rule) count(min, max int) *rule {
	c := *r
	c.min, c.max = min, max
	return &c
}

func list(items *rule) *rule { return &rule{kind: Array, min: 1, items: items} }
func set(items *rule) *rule  { return &rule{kind: Array, min: 1, items: items, unique: true} }
func oneOf(values ...string) *rule {
	return &rule{kind: String, enum: values}
}
func checked(check func(string) string) *rule { return &rule{kind: String, check: check} }

var filled = checked(func(s string) string {
	if s == "" {
		return "is empty"
	}
	return ""
})

// schema says what a value breaks of a rule. Where strict is set, only fields that
// a rule does not know are told, for test 6.2.20.
type schema struct {
	strict bool
	close  bool // every object of known fields is closed
	found  []Problem
}

func (s *schema) say(path, format string, args ...any) {
	if !s.strict {
		s.found = append(s.found, problem(path, format, args...))
	}
}

func (s *schema) value(r *rule, v *Value, path string) {
	if r.choose != nil {
		if r = r.choose(v); r == nil {
			return
		}
	}
	if r.any {
		return
	}
	if v.Kind() != r.kind {
		s.say(path, "is %s and must be %s", article(v.Kind()), article(r.kind))
		return
	}
	switch r.kind {
	case Object:
		s.object(r, v, path)
	case Array:
		s.array(r, v, path)
	case String:
		if r.enum != nil && !slices.Contains(r.enum, v.text) {
			s.say(path, "is %q and must be one of %s", v.text, strings.Join(r.enum, ", "))
		}
		if r.check != nil {
			if wrong := r.check(v.text); wrong != "" {
				s.say(path, "%q %s", short(v.text), wrong)
			}
		}
	case Number:
		if r.numbers != nil {
			f, _ := v.Float()
			if wrong := r.numbers(f); wrong != "" {
				s.say(path, "%s %s", v.text, wrong)
			}
		}
	}
}

func (s *schema) object(r *rule, v *Value, path string) {
	for _, name := range r.required {
		if v.Get(name) == nil {
			s.say(path, "the required field %s is missing", name)
		}
	}
	if n := len(v.members); n < r.min {
		s.say(path, "has %d of at least %d fields", n, r.min)
	} else if r.max > 0 && n > r.max {
		s.say(path, "has %d fields and may have %d", n, r.max)
	}
	for i := range v.members {
		m := &v.members[i]
		f := r.fields[m.Key]
		switch {
		case f != nil:
			s.value(f.rule, m.Value, path+"/"+m.Key)
		case r.closed && !s.strict || s.close && r.fields != nil:
			s.found = append(s.found, problem(path+"/"+escapePointer(m.Key), "the field %s is not known here", m.Key))
		}
	}
	if r.also != nil {
		if where, wrong := r.also(v); wrong != "" {
			s.say(path+where, "%s", wrong)
		}
	}
}

func (s *schema) array(r *rule, v *Value, path string) {
	if len(v.items) < r.min {
		s.say(path, "has %d of at least %d items", len(v.items), r.min)
	}
	for i, item := range v.items {
		s.value(r.items, item, path+"/"+itoa(i))
	}
	if !r.unique || s.strict {
		return
	}
	if len(v.items) > 16 && r.items.kind == String { // long lists of products
		seen := make(map[string]bool, len(v.items))
		for i, item := range v.items {
			if item.Kind() == String && seen[item.text] {
				s.say(path+"/"+itoa(i), "stands twice in the list")
			}
			seen[item.text] = true
		}
		return
	}
	for i, item := range v.items {
		if slices.ContainsFunc(v.items[:i], item.Equal) {
			s.say(path+"/"+itoa(i), "stands twice in the list")
		}
	}
}

// short keeps messages readable where a text is long.
func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:77]) + "…"
	}
	return s
}

var numerals = func() (n [256]string) {
	for i := range n {
		n[i] = fmt.Sprint(i)
	}
	return
}()

// itoa writes an index, mostly without an allocation.
func itoa(i int) string {
	if i < len(numerals) {
		return numerals[i]
	}
	return fmt.Sprint(i)
}
