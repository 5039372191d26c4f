// Package csaf reads, checks, compares, converts and shows security advisories
// of the Common Security Advisory Framework of OASIS, versions 2.0 and 2.1.
//
// A document is kept as it came: unknown fields, the order of keys and the text
// of numbers survive, and what nobody edited is written byte for byte. The tests
// of section 6 of the standard are functions, one for each, listed by Tests.
package csaf

import (
	"fmt"
	"strings"
)

// Version is a version of the standard, as it stands in a document.
type Version string

// The versions.
const (
	V20 Version = "2.0"
	V21 Version = "2.1"
)

// Document is one advisory.
type Document struct {
	root *Value
	raw  []byte // as read, until someone edits
}

// Parse reads a document. It must be JSON; whether it is a valid advisory is what
// Validate tells.
func Parse(data []byte) (*Document, error) {
	root, err := parseJSON(data)
	if err != nil {
		return nil, err
	}
	if root.Kind() != Object {
		return nil, &SyntaxError{1, 1, "", "an advisory is a JSON object, not " + article(root.Kind())}
	}
	return &Document{root, data}, nil
}

func article(k Kind) string {
	switch k {
	case Null:
		return "null"
	case Array:
		return "an array"
	}
	return "a " + k.String()
}

// New makes a document of a value that was built here.
func New(root *Value) *Document { return &Document{root: root} }

// Root is the document's value to look at; to change it call Edit.
func (d *Document) Root() *Value { return d.root }

// Edit is the document's value to change. From now on Bytes writes the value.
func (d *Document) Edit() *Value {
	d.raw = nil
	return d.root
}

// Bytes is the document as it was read, or the text of its value where it was
// built or edited here.
func (d *Document) Bytes() []byte {
	if d.raw != nil {
		return d.raw
	}
	return d.Encode()
}

// Encode writes the document's value with its keys in their order.
func (d *Document) Encode() []byte { return append(appendJSON(nil, d.root, 0), '\n') }

// Get follows keys from the document's root.
func (d *Document) Get(keys ...string) *Value { return d.root.Get(keys...) }

// Version is what the document says it is: empty where it says nothing.
func (d *Document) Version() Version { return Version(d.Get("document", "csaf_version").Text()) }

// ID is the document's tracking id.
func (d *Document) ID() string { return d.Get("document", "tracking", "id").Text() }

// Filename is the name section 5.1 gives to a document of this id.
func Filename(id string) string {
	var b strings.Builder
	other := false
	for _, r := range strings.ToLower(id) {
		if r == '+' || r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
			other = false
		} else if !other {
			b.WriteByte('_')
			other = true
		}
	}
	return b.String() + ".json"
}

// Problem is one thing that a check found, with the JSON pointer of its place.
type Problem struct {
	Message string `json:"message"`
	Path    string `json:"path"`
}

func problem(path, format string, args ...any) Problem {
	return Problem{fmt.Sprintf(format, args...), pathOrRoot(path)}
}
