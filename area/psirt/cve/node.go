package cve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind is what a node of a document is.
type Kind uint8

// The kinds of JSON.
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

// Node is a piece of a document. A document is kept as a tree and not as Go
// structs, so that fields which this program does not know, the order of members
// and the text of numbers stay as their author wrote them.
type Node struct {
	Kind    Kind
	Text    string // of a string, or a number as written; "true" or "false"
	Items   []*Node
	Members []Member
}

// Member is a named value of an object.
type Member struct {
	Name  string
	Value *Node
}

// Bounds of what is read. The service refuses a record of more than 3.8 MB, and
// the format nests less than ten deep; x_ fields may go further.
const (
	mostBytes = 3_800_000
	mostDeep  = 64
)

// ErrTooLarge says that a document is longer than the service would take.
var ErrTooLarge = errors.New("cve: the document is larger than 3.8 MB")

// ParseJSON reads one JSON document. A name that stands twice in an object is
// refused: readers differ in which of the two they take.
func ParseJSON(raw []byte) (*Node, error) {
	if len(raw) > mostBytes {
		return nil, ErrTooLarge
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(raw) {
		return nil, errors.New("cve: the document is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	where := func(err error) error {
		at := int(d.InputOffset())
		if s := (*json.SyntaxError)(nil); errors.As(err, &s) && int(s.Offset) > at {
			at = int(s.Offset) - 1
		}
		for at < len(raw) && strings.IndexByte(" \t\r\n", raw[at]) >= 0 {
			at++
		}
		before := raw[:min(max(at, 0), len(raw))]
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err, before = errors.New("the document ends in the middle"), raw
		}
		line := bytes.Count(before, []byte("\n")) + 1
		column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
		return fmt.Errorf("cve: line %d, column %d: %w", line, column, err)
	}
	n, err := read(d, "$", 0)
	if err != nil {
		return nil, where(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, where(errors.New("something follows the document"))
	}
	return n, nil
}

func read(d *json.Decoder, path string, deep int) (*Node, error) {
	if deep > mostDeep {
		return nil, fmt.Errorf("%s: nested more than %d deep", path, mostDeep)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case nil:
		return &Node{Kind: Null}, nil
	case bool:
		return &Node{Kind: Bool, Text: strconv.FormatBool(t)}, nil
	case json.Number:
		return &Node{Kind: Number, Text: t.String()}, nil
	case string:
		return &Node{Kind: String, Text: t}, nil
	case json.Delim:
		if t == '[' {
			n := &Node{Kind: Array}
			for i := 0; d.More(); i++ {
				item, err := read(d, index(path, i), deep+1)
				if err != nil {
					return nil, err
				}
				n.Items = append(n.Items, item)
			}
			_, err := d.Token()
			return n, err
		}
		n, seen := &Node{Kind: Object}, map[string]bool{}
		for d.More() {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ := t.(string)
			if seen[name] {
				return nil, fmt.Errorf("%s stands twice", member(path, name))
			}
			seen[name] = true
			value, err := read(d, member(path, name), deep+1)
			if err != nil {
				return nil, err
			}
			n.Members = append(n.Members, Member{name, value})
		}
		_, err := d.Token()
		return n, err
	}
	return nil, fmt.Errorf("%s: unexpected %v", path, t)
}

// member is the path of a named value: $.a, or $["a b"] where the name is no word.
func member(path, name string) string {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return path + "[" + strconv.Quote(name) + "]"
		}
	}
	if name == "" {
		return path + `[""]`
	}
	return path + "." + name
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// Get is a member of an object, or nil; it may be asked of nil.
func (n *Node) Get(names ...string) *Node {
	for _, name := range names {
		if n == nil {
			return nil
		}
		i := slices.IndexFunc(n.Members, func(m Member) bool { return m.Name == name })
		if i < 0 {
			return nil
		}
		n = n.Members[i].Value
	}
	return n
}

// Str is a member's text where it is a string, else empty.
func (n *Node) Str(names ...string) string {
	if v := n.Get(names...); v != nil && v.Kind == String {
		return v.Text
	}
	return ""
}

// List are the items of a member that is an array.
func (n *Node) List(names ...string) []*Node {
	if v := n.Get(names...); v != nil {
		return v.Items
	}
	return nil
}

// Set gives a member a value in place, or adds it at the end.
func (n *Node) Set(name string, value *Node) *Node {
	if i := slices.IndexFunc(n.Members, func(m Member) bool { return m.Name == name }); i >= 0 {
		n.Members[i].Value = value
	} else {
		n.Members = append(n.Members, Member{name, value})
	}
	return n
}

// Without is a shallow copy of an object that lacks some members.
func (n *Node) Without(names ...string) *Node {
	c := *n
	c.Members = slices.DeleteFunc(slices.Clone(n.Members), func(m Member) bool { return slices.Contains(names, m.Name) })
	return &c
}

// AppendJSON writes the node, on one line.
func (n *Node) AppendJSON(b []byte) []byte {
	switch n.Kind {
	case Null:
		return append(b, "null"...)
	case Bool, Number:
		return append(b, n.Text...)
	case String:
		return appendString(b, n.Text)
	case Array:
		b = append(b, '[')
		for i, item := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.AppendJSON(b)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, m := range n.Members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, m.Name), ':')
		b = m.Value.AppendJSON(b)
	}
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can be written
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// MarshalJSON lets a node stand within other documents.
func (n *Node) MarshalJSON() ([]byte, error) { return n.AppendJSON(nil), nil }

// UnmarshalJSON reads a node from within another document.
func (n *Node) UnmarshalJSON(raw []byte) error {
	read, err := ParseJSON(raw)
	if err == nil {
		*n = *read
	}
	return err
}

// Indent is the node as people read it.
func (n *Node) Indent() []byte {
	var b bytes.Buffer
	_ = json.Indent(&b, n.AppendJSON(nil), "", "  ") // what was written above is JSON
	b.WriteByte('\n')
	return b.Bytes()
}

// Equal tells whether two nodes say the same: members in any order, numbers by
// value.
func (n *Node) Equal(o *Node) bool {
	if n == nil || o == nil {
		return n == o
	}
	return n.canonical() == o.canonical()
}

// canonical is the same for nodes that are equal, and different for others.
func (n *Node) canonical() string {
	var b strings.Builder
	n.canon(&b)
	return b.String()
}

func (n *Node) canon(b *strings.Builder) {
	switch n.Kind {
	case Number:
		b.WriteString(numberKey(n.Text))
	case Array:
		b.WriteByte('[')
		for _, item := range n.Items {
			item.canon(b)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case Object:
		ms := slices.Clone(n.Members)
		slices.SortFunc(ms, func(a, z Member) int { return strings.Compare(a.Name, z.Name) })
		b.WriteByte('{')
		for _, m := range ms {
			b.WriteString(strconv.Quote(m.Name) + ":")
			m.Value.canon(b)
			b.WriteByte(',')
		}
		b.WriteByte('}')
	case String:
		b.WriteString(strconv.Quote(n.Text))
	default:
		b.WriteString(n.Kind.String() + n.Text)
	}
}

// numberKey is the value of a number as text. One with an exponent that would
// fill the memory when written out is only equal to itself.
func numberKey(text string) string {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if e, err := strconv.Atoi(text[i+1:]); err != nil || e > 400 || e < -400 {
			return text
		}
	}
	if r, ok := new(big.Rat).SetString(text); ok {
		return r.RatString()
	}
	return text
}

// str makes a string.
func str(s string) *Node { return &Node{Kind: String, Text: s} }

// obj makes an object of names and values in turn; a nil value is left out.
func obj(pairs ...any) *Node {
	n := &Node{Kind: Object}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v, _ := pairs[i+1].(*Node); v != nil {
			n.Members = append(n.Members, Member{pairs[i].(string), v})
		}
	}
	return n
}

// optional is a string, or nil where there is none to say.
func optional(s string) *Node {
	if s == "" {
		return nil
	}
	return str(s)
}

// list makes an array; nil where it would be empty, which the format forbids.
func list[T any](all []T, one func(T) *Node) *Node {
	if len(all) == 0 {
		return nil
	}
	n := &Node{Kind: Array}
	for _, x := range all {
		n.Items = append(n.Items, one(x))
	}
	return n
}
