package scim

import (
	"strings"
)

// path names an attribute, as in filters, sortBy and attributes. What a schema
// does not know has no attribute and no values.
type path struct {
	extension string // its id; empty for the core schema
	attr      *Attribute
	sub       *Attribute
	unknown   bool // names nothing of the kind
}

// readPath resolves [URN ":"] attribute ["." sub-attribute]; ok is false where
// the text is no path at all.
func (k Kind) readPath(text string) (p path, ok bool) {
	name := text
	list := append(common[:len(common):len(common)], k.Core.Attributes...)
	if ext := k.extension(text); ext != nil {
		return path{extension: ext.ID}, true
	}
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		urn := text[:i]
		name = text[i+1:]
		if ext := k.extension(urn); ext != nil {
			p.extension, list = ext.ID, ext.Attributes
		} else if !strings.EqualFold(urn, k.Core.ID) {
			p.unknown = true
		}
	}
	first, second, dotted := strings.Cut(name, ".")
	if !isName(first) || dotted && !isName(second) {
		return path{}, false
	}
	if p.unknown {
		return p, true
	}
	if p.attr = find(list, first); p.attr == nil {
		return path{unknown: true}, true
	}
	if dotted {
		if p.sub = p.attr.sub(second); p.sub == nil {
			return path{unknown: true}, true
		}
	}
	return p, true
}

// isName is ATTRNAME (RFC 7643 §2.1), and "$ref".
func isName(s string) bool {
	if s == "" {
		return false
	}
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '$' && i == 0
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '_')) {
			return false
		}
	}
	return true
}

// home is the map that holds the attributes of an extension, or of the core.
func (r Resource) home(extension string, make bool) map[string]any {
	if extension == "" {
		return r
	}
	m, _ := r[extension].(map[string]any)
	if m == nil && make {
		m = map[string]any{}
		r[extension] = m
	}
	return m
}

// values are what a path finds, one by one, and the attribute they are of: of
// a complex attribute without a sub-attribute its "value" (RFC 7643 §2.4).
func (p path) values(r Resource) ([]any, *Attribute) {
	if p.unknown || p.attr == nil {
		return nil, nil
	}
	return p.within(r.home(p.extension, false)[p.attr.Name])
}

func (p path) within(v any) ([]any, *Attribute) {
	leaf := p.attr
	list := each(v)
	if p.attr.Type != Complex {
		return list, leaf
	}
	if leaf = p.sub; leaf == nil {
		if leaf = p.attr.sub("value"); leaf == nil {
			return list, p.attr
		}
	}
	var found []any
	for _, e := range list {
		if m, ok := e.(map[string]any); ok && m[leaf.Name] != nil {
			found = append(found, m[leaf.Name])
		}
	}
	return found, leaf
}

// each is a value as a list.
func each(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}
