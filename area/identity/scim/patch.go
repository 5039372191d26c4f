package scim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// mostOperations bounds one PATCH.
const mostOperations = 1000

// operation is one change of a PATCH (RFC 7644 §3.5.2).
type operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

type patch struct {
	Schemas    []string    `json:"schemas"`
	Operations []operation `json:"Operations"`
}

// readPatch reads the body of a PATCH.
func readPatch(body []byte) (p patch, err error) {
	if err := json.Unmarshal(body, &p); err != nil {
		return p, bad("invalidSyntax", "The body is no PATCH: %v", err)
	}
	if !slices.ContainsFunc(p.Schemas, func(s string) bool { return strings.EqualFold(s, patchSchema) }) {
		return p, bad("invalidSyntax", "The body lacks the schema %s", patchSchema)
	}
	if len(p.Operations) == 0 || len(p.Operations) > mostOperations {
		return p, bad("invalidSyntax", "A PATCH has between 1 and %d operations", mostOperations)
	}
	return p, nil
}

// Patch applies a PATCH to a copy of a resource: all of it or nothing.
func (k Kind) Patch(r Resource, body []byte) (Resource, error) {
	p, err := readPatch(body)
	if err != nil {
		return nil, err
	}
	r = r.clone()
	for i, op := range p.Operations {
		if err := k.apply(r, op); err != nil {
			if e, ok := err.(*Error); ok {
				e.Detail = fmt.Sprintf("Operation %d: %s", i+1, e.Detail)
			}
			return nil, err
		}
	}
	for _, e := range k.Extensions {
		if m, ok := r[e.ID].(map[string]any); ok {
			Resource(m).tidy()
		}
	}
	r.tidy()
	return r, k.check(r)
}

func (r Resource) clone() Resource { return copyOf(map[string]any(r)).(map[string]any) }

func copyOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, e := range v {
			m[name] = copyOf(e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = copyOf(e)
		}
		return list
	}
	return v
}

func (k Kind) apply(r Resource, o operation) error {
	op := strings.ToLower(o.Op)
	if op != "add" && op != "replace" && op != "remove" {
		return bad("invalidSyntax", "%q is no operation", o.Op)
	}
	var value any
	if len(o.Value) > 0 {
		if err := json.Unmarshal(o.Value, &value); err != nil {
			return bad("invalidSyntax", "The value is no JSON")
		}
	}
	if strings.TrimSpace(o.Path) != "" {
		t, err := k.readTarget(o.Path)
		if err != nil {
			return err
		}
		return t.apply(r, op, value)
	}
	if op == "remove" {
		return bad("noTarget", "remove needs a path")
	}
	m, ok := value.(map[string]any)
	if !ok {
		return bad("invalidValue", "Without a path the value is an object")
	}
	// Names of attributes, and as directories send them also whole paths.
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t, err := k.readTarget(name)
		if err != nil {
			return err
		}
		if t.unknown || t.attr != nil && t.where == nil && t.sub == nil && (t.attr.Mutability == "readOnly" || t.attr.Name == "schemas") {
			continue // as in a whole resource (RFC 7644 §3.5.1)
		}
		if err := t.apply(r, op, m[name]); err != nil {
			return err
		}
	}
	return nil
}

// target is where an operation changes something.
type target struct {
	path
	where *node // of a value path
	kind  Kind
}

// readTarget reads the path of an operation: a path, or a value path with or
// without a sub-attribute.
func (k Kind) readTarget(text string) (target, error) {
	text = strings.TrimSpace(text)
	if len(text) > longestFilter {
		return target{}, bad("invalidPath", "A path has at most %d letters", longestFilter)
	}
	open := strings.IndexByte(text, '[')
	if open < 0 {
		p, ok := k.readPath(text)
		if !ok {
			return target{}, bad("invalidPath", "%q is no path", text)
		}
		return target{path: p, kind: k}, nil
	}
	of, ok := k.readPath(text[:open])
	if !ok || of.attr == nil && !of.unknown || of.sub != nil {
		return target{}, bad("invalidPath", "%q is no path", text)
	}
	p := parser{text: text, at: open, resolve: k.readPath}
	n, err := p.valuePath(of)
	if err != nil {
		return target{}, bad("invalidPath", "%s", err.(*Error).Detail)
	}
	t := target{path: of, where: n.left, kind: k}
	if rest := text[p.at:]; rest != "" {
		name, dotted := strings.CutPrefix(rest, ".")
		if !dotted || !isName(name) {
			return target{}, bad("invalidPath", "%q is no path", text)
		}
		if !t.unknown {
			if t.sub = t.attr.sub(name); t.sub == nil {
				t.unknown = true
			}
		}
	}
	if !t.unknown && !t.attr.Multi {
		return target{}, bad("invalidPath", "%s has one value: no brackets", t.attr.Name)
	}
	return t, nil
}

func (t target) apply(r Resource, op string, value any) error {
	switch {
	case t.unknown:
		return nil // nothing here is kept of what the schema does not know
	case t.attr == nil:
		return t.wholeExtension(r, op, value)
	case t.attr.Mutability == "readOnly" || t.attr.Name == "schemas" || t.sub != nil && t.sub.Mutability == "readOnly":
		return bad("mutability", "%s is written by the server", t.attr.Name)
	}
	home := r.home(t.extension, op != "remove")
	if t.where != nil {
		return t.some(home, op, value)
	}
	if op == "remove" {
		return t.remove(home, value)
	}
	if t.sub != nil {
		if t.attr.Multi {
			return t.everyPart(home, value)
		}
		return t.part(home, value)
	}
	clean, err := t.attr.clean(value)
	if err != nil {
		return err
	}
	switch old := home[t.attr.Name]; {
	case op == "add" && t.attr.Multi:
		if list := append(each(old), each(clean)...); len(list) > 0 {
			home[t.attr.Name] = t.attr.distinct(list)
		}
	case op == "add" && t.attr.Type == Complex && old != nil && clean != nil || op == "replace" && t.attr.Type == Complex && !t.attr.Multi && old != nil && clean != nil:
		// The parts that are not given stay (RFC 7644 §3.5.2.3).
		m, _ := old.(map[string]any)
		for name, v := range clean.(map[string]any) {
			m[name] = v
		}
	case clean == nil:
		if op == "replace" {
			delete(home, t.attr.Name)
		}
	default:
		home[t.attr.Name] = clean
	}
	return nil
}

// wholeExtension changes attributes of an extension named by its URN.
func (t target) wholeExtension(r Resource, op string, value any) error {
	if op == "remove" {
		delete(r, t.extension)
		return nil
	}
	m, ok := value.(map[string]any)
	if !ok {
		return Invalid("%s is an object", t.extension)
	}
	for name, v := range m {
		p, ok := t.kind.readPath(t.extension + ":" + name)
		if !ok {
			return bad("invalidPath", "%q is no path", name)
		}
		if err := (target{path: p, kind: t.kind}).apply(r, op, v); err != nil {
			return err
		}
	}
	return nil
}

// part sets a sub-attribute of a single complex value.
func (t target) part(home map[string]any, value any) error {
	clean, err := t.sub.clean(value)
	if err != nil {
		return err
	}
	m, _ := home[t.attr.Name].(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	if clean == nil {
		delete(m, t.sub.Name)
	} else {
		m[t.sub.Name] = clean
	}
	home[t.attr.Name] = m
	if len(m) == 0 {
		delete(home, t.attr.Name)
	}
	return nil
}

// everyPart sets a sub-attribute of all values, or makes the first one.
func (t target) everyPart(home map[string]any, value any) error {
	clean, err := t.sub.clean(value)
	if err != nil {
		return err
	}
	list := each(home[t.attr.Name])
	if len(list) == 0 && clean != nil {
		home[t.attr.Name] = []any{map[string]any{t.sub.Name: clean}}
		return nil
	}
	for _, e := range list {
		setPart(e, t.sub, clean)
	}
	if len(list) > 0 {
		home[t.attr.Name] = t.attr.distinct(list)
	}
	return nil
}

func setPart(element any, sub *Attribute, clean any) {
	m, ok := element.(map[string]any)
	if !ok {
		return
	}
	if clean == nil {
		delete(m, sub.Name)
	} else {
		m[sub.Name] = clean
	}
}

// remove takes an attribute away, or of several values those that are named,
// as directories ask for that take members out of a group.
func (t target) remove(home map[string]any, value any) error {
	if t.attr.Required && t.sub == nil {
		return bad("mutability", "%s is required", t.attr.Name)
	}
	switch {
	case home == nil:
	case t.sub != nil:
		for _, e := range each(home[t.attr.Name]) {
			setPart(e, t.sub, nil)
		}
	case t.attr.Multi && len(each(value)) > 0:
		named, err := t.attr.clean(value)
		if err != nil {
			return err
		}
		gone := map[string]bool{}
		for _, v := range each(named) {
			gone[t.attr.key(v)] = true
		}
		home[t.attr.Name] = slices.DeleteFunc(each(home[t.attr.Name]), func(v any) bool { return gone[t.attr.key(v)] })
	default:
		delete(home, t.attr.Name)
	}
	return nil
}

// some changes the values that fit the brackets.
func (t target) some(home map[string]any, op string, value any) error {
	var list []any
	if home != nil {
		list = each(home[t.attr.Name])
	}
	var fits []int
	for i, e := range list {
		if t.where.fits(e) {
			fits = append(fits, i)
		}
	}
	if op == "remove" {
		if home == nil || len(fits) == 0 {
			return nil // it is as the client wants it
		}
		if t.sub != nil {
			for _, i := range fits {
				setPart(list[i], t.sub, nil)
			}
			return nil
		}
		for n, i := range fits {
			list = slices.Delete(list, i-n, i-n+1)
		}
		home[t.attr.Name] = list
		return nil
	}
	if len(fits) == 0 {
		if op == "replace" {
			return bad("noTarget", "No value of %s fits", t.attr.Name)
		}
		fresh := map[string]any{}
		if !t.where.describes(fresh) {
			return bad("noTarget", "No value of %s fits, and the path does not say how one would look", t.attr.Name)
		}
		list, fits = append(list, fresh), []int{len(list)}
	}
	for _, i := range fits {
		m, ok := list[i].(map[string]any)
		if !ok {
			continue
		}
		if t.sub != nil {
			clean, err := t.sub.clean(value)
			if err != nil {
				return err
			}
			setPart(m, t.sub, clean)
		} else {
			clean, err := t.attr.one(value)
			if err != nil {
				return err
			}
			given, _ := clean.(map[string]any)
			for name, v := range given {
				m[name] = v
			}
		}
		if m["primary"] == true { // no other is (RFC 7643 §2.4)
			for j, e := range list {
				if other, ok := e.(map[string]any); ok && j != i {
					delete(other, "primary")
				}
			}
		}
	}
	home[t.attr.Name] = t.attr.distinct(list)
	return nil
}

// describes fills in what a value must have to fit, where the filter says no
// more than that: [type eq "work"].
func (n *node) describes(m map[string]any) bool {
	switch n.op {
	case "and":
		return n.left.describes(m) && n.right.describes(m)
	case "eq":
		if n.path.attr == nil || n.value == nil {
			return false
		}
		clean, err := n.path.attr.clean(n.value)
		if err != nil || clean == nil {
			return false
		}
		m[n.path.attr.Name] = clean
		return true
	}
	return false
}
