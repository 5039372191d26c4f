package csaf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
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

// SyntaxError is what is wrong with a text that should be JSON, and where.
type SyntaxError struct {
	Line, Column int
	Path         string // JSON pointer of the value that was being read
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d (%s): %s", e.Line, e.Column, pathOrRoot(e.Path), e.Reason)
}

func pathOrRoot(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

const deepest = 500 // levels of arrays and objects; a product tree has 30 at most

// parser reads JSON text by RFC 8259 and refuses what the RFC leaves open:
// keys that stand twice, text that is not Unicode.
type parser struct {
	in   string
	at   int
	path []string
}

func parseJSON(data []byte) (v *Value, err error) {
	p := &parser{in: string(data)}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			v, err = nil, e
		}
	}()
	if strings.HasPrefix(p.in, "\ufeff") {
		p.fail("a byte order mark stands before the document")
	}
	v = p.value(0)
	if p.space(); p.at < len(p.in) {
		p.fail("something follows the end of the document")
	}
	return v, nil
}

func (p *parser) fail(format string, args ...any) {
	before := p.in[:min(p.at, len(p.in))]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	var path strings.Builder
	for _, step := range p.path {
		path.WriteByte('/')
		path.WriteString(escapePointer(step))
	}
	panic(&SyntaxError{line, column, path.String(), fmt.Sprintf(format, args...)})
}

func (p *parser) space() {
	for p.at < len(p.in) {
		switch p.in[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.space(); p.at >= len(p.in) {
		p.fail("the document ends too early")
	}
	return p.in[p.at]
}

func (p *parser) value(depth int) *Value {
	if depth > deepest {
		p.fail("more than %d levels", deepest)
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		return &Value{kind: String, text: p.str()}
	case c == '-' || c >= '0' && c <= '9':
		return &Value{kind: Number, text: p.number()}
	}
	for word, kind := range map[string]Kind{"null": Null, "true": Bool, "false": Bool} {
		if strings.HasPrefix(p.in[p.at:], word) {
			p.at += len(word)
			return &Value{kind: kind, text: word}
		}
	}
	p.fail("a value is expected here")
	return nil
}

func (p *parser) object(depth int) *Value {
	v := &Value{kind: Object}
	p.at++
	if p.peek() == '}' {
		p.at++
		return v
	}
	for {
		if p.peek() != '"' {
			p.fail("a key in quotation marks is expected here")
		}
		key := p.str()
		p.path = append(p.path, key)
		if v.Get(key) != nil {
			p.fail("the key %q stands twice", key)
		}
		if p.peek() != ':' {
			p.fail("a colon is expected here")
		}
		p.at++
		v.members = append(v.members, Member{key, p.value(depth + 1)})
		p.path = p.path[:len(p.path)-1]
		switch c := p.peek(); c {
		case ',':
			p.at++
		case '}':
			p.at++
			return v
		default:
			p.fail("a comma or } is expected here")
		}
	}
}

func (p *parser) array(depth int) *Value {
	v := &Value{kind: Array}
	p.at++
	if p.peek() == ']' {
		p.at++
		return v
	}
	for {
		p.path = append(p.path, strconv.Itoa(len(v.items)))
		v.items = append(v.items, p.value(depth+1))
		p.path = p.path[:len(p.path)-1]
		switch c := p.peek(); c {
		case ',':
			p.at++
		case ']':
			p.at++
			return v
		default:
			p.fail("a comma or ] is expected here")
		}
	}
}

func (p *parser) number() string {
	start := p.at
	digits := func() int {
		from := p.at
		for p.at < len(p.in) && p.in[p.at] >= '0' && p.in[p.at] <= '9' {
			p.at++
		}
		return p.at - from
	}
	next := func(set string) bool {
		if p.at < len(p.in) && strings.IndexByte(set, p.in[p.at]) >= 0 {
			p.at++
			return true
		}
		return false
	}
	next("-")
	first := p.at
	if n := digits(); n == 0 || n > 1 && p.in[first] == '0' {
		p.fail("this is no number")
	}
	if next(".") && digits() == 0 {
		p.fail("this is no number")
	}
	if next("eE") {
		if next("+-"); digits() == 0 {
			p.fail("this is no number")
		}
	}
	return p.in[start:p.at]
}

// str reads a string; most have no escapes and are a part of the input.
func (p *parser) str() string {
	p.at++
	start := p.at
	for i := start; i < len(p.in); i++ {
		switch c := p.in[i]; {
		case c == '"':
			p.at = i + 1
			return p.unicode(p.in[start:i])
		case c == '\\':
			return p.escaped(start, i)
		case c < 0x20:
			p.at = i
			p.fail("a control character stands in a string without escape")
		}
	}
	p.at = len(p.in)
	p.fail("a string does not end")
	return ""
}

func (p *parser) unicode(s string) string {
	if !utf8.ValidString(s) {
		p.fail("a string is not UTF-8")
	}
	return s
}

func (p *parser) escaped(start, at int) string {
	b := []byte(p.in[start:at])
	p.at = at
	for p.at < len(p.in) {
		c := p.in[p.at]
		switch {
		case c == '"':
			p.at++
			return p.unicode(string(b))
		case c < 0x20:
			p.fail("a control character stands in a string without escape")
		case c != '\\':
			b = append(b, c)
			p.at++
		default:
			b = utf8.AppendRune(b, p.escape())
		}
	}
	p.fail("a string does not end")
	return ""
}

func (p *parser) escape() rune {
	if p.at+1 >= len(p.in) {
		p.fail("a string does not end")
	}
	c := p.in[p.at+1]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		p.at += 2
		return rune("\"\\/\b\f\n\r\t"[i])
	}
	r := p.hex()
	if !utf16.IsSurrogate(r) {
		return r
	}
	if strings.HasPrefix(p.in[p.at:], `\u`) {
		if r = utf16.DecodeRune(r, p.hex()); r != utf8.RuneError {
			return r
		}
	}
	p.fail("half of a surrogate pair is no character")
	return 0
}

// hex reads \uXXXX.
func (p *parser) hex() rune {
	if p.at+6 > len(p.in) || p.in[p.at+1] != 'u' {
		p.fail("this escape is unknown")
	}
	n, err := strconv.ParseUint(p.in[p.at+2:p.at+6], 16, 32)
	if err != nil {
		p.fail("this escape is unknown")
	}
	p.at += 6
	return rune(n)
}

func escapePointer(key string) string {
	if strings.ContainsAny(key, "~/") {
		return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
	}
	return key
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
