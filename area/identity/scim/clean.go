package scim

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// longestText bounds one text of a resource.
const longestText = 2048

// Clean reads a resource as a client sends it: names in any case, what the
// schema does not know or only the server writes left out, booleans also as
// texts, one value where several may stand.
func (k Kind) Clean(raw map[string]any) (Resource, error) {
	r := Resource{}
	for name, v := range raw {
		p, ok := k.readPath(name)
		if !ok || p.unknown {
			continue
		}
		if p.attr == nil {
			m, ok := v.(map[string]any)
			if !ok {
				return nil, Invalid("%s is an object", p.extension)
			}
			for sub, v := range m {
				p, ok := k.readPath(p.extension + ":" + sub)
				if !ok || p.unknown || p.attr == nil || p.sub != nil {
					continue
				}
				if err := r.put(p, v); err != nil {
					return nil, err
				}
			}
			continue
		}
		if p.sub != nil || p.attr.Mutability == "readOnly" || p.attr.Name == "schemas" {
			continue
		}
		if err := r.put(p, v); err != nil {
			return nil, err
		}
	}
	return r.tidy(), nil
}

// put sets an attribute to a value of a client.
func (r Resource) put(p path, v any) error {
	clean, err := p.attr.clean(v)
	if err != nil {
		return err
	}
	home := r.home(p.extension, true)
	if clean == nil {
		delete(home, p.attr.Name)
	} else {
		home[p.attr.Name] = clean
	}
	return nil
}

// tidy leaves out what holds nothing.
func (r Resource) tidy() Resource {
	for name, v := range r {
		switch v := v.(type) {
		case nil:
			delete(r, name)
		case map[string]any:
			if len(v) == 0 {
				delete(r, name)
			}
		case []any:
			v = slices.DeleteFunc(v, func(e any) bool {
				m, ok := e.(map[string]any)
				return ok && len(m) == 0
			})
			if r[name] = v; len(v) == 0 {
				delete(r, name)
			}
		}
	}
	return r
}

// clean is a value as it is kept; nil where it is none.
func (a *Attribute) clean(v any) (any, error) {
	if !a.Multi {
		if list, ok := v.([]any); ok {
			if len(list) == 0 {
				return nil, nil
			}
			if len(list) > 1 {
				return nil, Invalid("%s has one value", a.Name)
			}
			v = list[0]
		}
		return a.one(v)
	}
	var out []any
	for _, e := range each(v) {
		c, err := a.one(e)
		if err != nil {
			return nil, err
		}
		if c != nil {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return a.distinct(out), nil
}

func (a *Attribute) one(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch a.Type {
	case Complex:
		return a.parts(v)
	case Boolean:
		if s, ok := v.(string); ok && s == "" {
			return nil, nil
		}
		b, ok := truth(v)
		if !ok {
			return nil, Invalid("%s is true or false", a.Name)
		}
		return b, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, Invalid("%s is a text", a.Name)
	}
	if utf8.RuneCountInString(s) > longestText || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return nil, Invalid("%s has at most %d letters", a.Name, longestText)
	}
	if s == "" {
		return nil, nil
	}
	return s, nil
}

// parts reads a complex value; one that has a "value" may be given as that.
func (a *Attribute) parts(v any) (any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		if a.sub("value") == nil {
			return nil, Invalid("%s is an object", a.Name)
		}
		m = map[string]any{"value": v}
	}
	out := map[string]any{}
	for name, v := range m {
		s := a.sub(name)
		if s == nil || s.Mutability == "readOnly" {
			continue
		}
		c, err := s.clean(v)
		if err != nil {
			return nil, err
		}
		if c != nil {
			out[s.Name] = c
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// distinct leaves out repetitions, and all but the last primary value
// (RFC 7643 §2.4).
func (a *Attribute) distinct(list []any) []any {
	var out []any
	seen := map[string]bool{}
	for _, v := range list {
		key := a.key(v)
		if seen[key] {
			out = slices.DeleteFunc(out, func(o any) bool { return a.key(o) == key })
		}
		seen[key] = true
		out = append(out, v)
	}
	primary := false
	for i := len(out) - 1; i >= 0; i-- {
		m, ok := out[i].(map[string]any)
		if ok && m["primary"] == true {
			if primary {
				delete(m, "primary")
			}
			primary = true
		}
	}
	return out
}

// key is what makes two values the same one: value and type.
func (a *Attribute) key(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		s, _ := v.(string)
		return s
	}
	value, _ := m["value"].(string)
	kind, _ := m["type"].(string)
	if s := a.sub("value"); s != nil && !s.CaseExact {
		value = strings.ToLower(value)
	}
	if a.Name == "members" {
		kind = ""
	}
	return value + "\x00" + strings.ToLower(kind)
}

// check refuses a resource that lacks what its schema requires.
func (k Kind) check(r Resource) error {
	for _, a := range k.Core.Attributes {
		if s, _ := r[a.Name].(string); a.Required && strings.TrimSpace(s) == "" {
			return Invalid("%s is required", a.Name)
		}
	}
	return nil
}
