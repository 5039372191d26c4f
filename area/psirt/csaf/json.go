package csaf

import (
	"slices"
	"strconv"
)

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

func (k Kind) String() string {
	return [...]string{"null", "boolean", "number", "string", "array", "object"}[k]
}

// Member is a key of an object with its value.
type Member struct {
	Key   string
	Value *Value
}

// Value is a JSON value that keeps what encoding/json throws away: the order of
// keys and the text of numbers. A nil value is one that is not there; every
// method that only reads may be called on it.
type Value struct {
	kind    Kind
	text    string // a string's content, a number's text, true or false
	items   []*Value
	members []Member
}

// Kind of a value; ask Exists first where it may be missing.
func (v *Value) Kind() Kind {
	if v == nil {
		return Null
	}
	return v.kind
}

// Exists tells a value that is there, if only null, from one that is not.
func (v *Value) Exists() bool { return v != nil }

// Get follows keys into objects.
func (v *Value) Get(keys ...string) *Value {
next:
	for _, key := range keys {
		if v == nil || v.kind != Object {
			return nil
		}
		for i := range v.members {
			if v.members[i].Key == key {
				v = v.members[i].Value
				continue next
			}
		}
		return nil
	}
	return v
}

// Text is a string's content, empty for everything else.
func (v *Value) Text() string {
	if v == nil || v.kind != String {
		return ""
	}
	return v.text
}

// Literal is the text of a number or a truth value as it was written.
func (v *Value) Literal() string {
	if v == nil || v.kind != Number && v.kind != Bool {
		return ""
	}
	return v.text
}

// Float is a number's value, and whether it is a number.
func (v *Value) Float() (float64, bool) {
	if v == nil || v.kind != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(v.text, 64)
	return f, err == nil
}

// Items are the items of an array, none for everything else.
func (v *Value) Items() []*Value {
	if v == nil || v.kind != Array {
		return nil
	}
	return v.items
}

// Members are the members of an object in their order.
func (v *Value) Members() []Member {
	if v == nil || v.kind != Object {
		return nil
	}
	return v.members
}

// Texts are the strings of an array of strings.
func (v *Value) Texts() []string {
	var all []string
	for _, item := range v.Items() {
		all = append(all, item.Text())
	}
	return all
}

// NewText is a string, NewArray an array, NewObject an object of keys and values
// in turn, whose values are values or texts.
func NewText(s string) *Value { return &Value{kind: String, text: s} }

// NewArray is an array of the values.
func NewArray(items ...*Value) *Value { return &Value{kind: Array, items: items} }

// NewNumber is a number written as given.
func NewNumber(text string) *Value { return &Value{kind: Number, text: text} }

// NewObject is an object; members are added with Set.
func NewObject() *Value { return &Value{kind: Object} }

// Set replaces or adds a member. New keys go where the alphabet puts them, as
// section 5.3 of the standard wishes, if the others are in order too.
func (v *Value) Set(key string, value *Value) *Value {
	for i := range v.members {
		if v.members[i].Key == key {
			v.members[i].Value = value
			return v
		}
	}
	at := slices.IndexFunc(v.members, func(m Member) bool { return m.Key > key })
	if at < 0 {
		at = len(v.members)
	}
	v.members = slices.Insert(v.members, at, Member{key, value})
	return v
}

// SetText sets a member to a string.
func (v *Value) SetText(key, text string) *Value { return v.Set(key, NewText(text)) }

// Delete takes a member out.
func (v *Value) Delete(key string) {
	if v != nil {
		v.members = slices.DeleteFunc(v.members, func(m Member) bool { return m.Key == key })
	}
}

// Append adds items to an array.
func (v *Value) Append(items ...*Value) { v.items = append(v.items, items...) }

// Clone copies a value to its depth.
func (v *Value) Clone() *Value {
	if v == nil {
		return nil
	}
	c := &Value{kind: v.kind, text: v.text}
	for _, item := range v.items {
		c.items = append(c.items, item.Clone())
	}
	for _, m := range v.members {
		c.members = append(c.members, Member{m.Key, m.Value.Clone()})
	}
	return c
}

// Equal compares values as JSON means them: the order of keys does not count, nor
// how a number is written.
func (v *Value) Equal(w *Value) bool {
	if v == nil || w == nil {
		return v == w
	}
	if v.kind != w.kind || len(v.items) != len(w.items) || len(v.members) != len(w.members) {
		return false
	}
	switch v.kind {
	case Number:
		if v.text == w.text {
			return true
		}
		a, okA := v.Float()
		b, okB := w.Float()
		return okA && okB && a == b
	case Array:
		return slices.EqualFunc(v.items, w.items, (*Value).Equal)
	case Object:
		for _, m := range v.members {
			if other := w.Get(m.Key); other == nil || !m.Value.Equal(other) {
				return false
			}
		}
		return true
	}
	return v.text == w.text
}

// appendJSON writes a value with two blanks a level.
func appendJSON(b []byte, v *Value, indent int) []byte {
	line := func(n int) {
		b = append(b, '\n')
		for range n {
			b = append(b, ' ', ' ')
		}
	}
	switch v.Kind() {
	case Null:
		return append(b, "null"...)
	case String:
		return appendString(b, v.text)
	case Array:
		b = append(b, '[')
		for i, item := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			line(indent + 1)
			b = appendJSON(b, item, indent+1)
		}
		if len(v.items) > 0 {
			line(indent)
		}
		return append(b, ']')
	case Object:
		b = append(b, '{')
		for i, m := range v.members {
			if i > 0 {
				b = append(b, ',')
			}
			line(indent + 1)
			b = append(appendString(b, m.Key), ": "...)
			b = appendJSON(b, m.Value, indent+1)
		}
		if len(v.members) > 0 {
			line(indent)
		}
		return append(b, '}')
	}
	return append(b, v.text...)
}

func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
