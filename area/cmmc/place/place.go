// Package place reads JSON and remembers where each value stood, so that what is
// wrong with a file can be told by line and path. Keys that stand twice are kept,
// for whoever must refuse them.
package place

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"yagura/kernel/text"
)

// Kind is what a value is.
type Kind byte

// The kinds of JSON.
const (
	Null   Kind = '0'
	Bool   Kind = 'b'
	Number Kind = 'n'
	String Kind = 's'
	Array  Kind = '['
	Object Kind = '{'
)

// Node is a value with its place.
type Node struct {
	Kind    Kind
	Line    int
	Path    string // $ is the whole
	Text    string // of a string or number
	True    bool
	Members []Member
	Items   []*Node
}

// Member is a key of an object with its value.
type Member struct {
	Key   string
	Value *Node
}

// Get is the value of a key, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, m := range n.Members {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// Problem is what is wrong at a place.
type Problem struct {
	File string
	Line int
	Path string
	What text.Message
}

// In is the problem in a language.
func (p Problem) In(lang text.Lang) string {
	at := p.File
	if p.Line > 0 {
		at += ":" + strconv.Itoa(p.Line)
	}
	if p.Path != "" && p.Path != "$" {
		at += ": " + p.Path
	}
	return at + ": " + p.What.In(lang)
}

// Problems are all that is wrong with a file.
type Problems []Problem

// Error is the problems in English, a line each.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].In(text.EN)
	}
	return strings.Join(lines, "\n")
}

// maxDepth is deeper than any format here goes.
const maxDepth = 200

// Parse reads one JSON value.
func Parse(file string, data []byte) (*Node, error) {
	p := &parser{file: file, data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	if i := invalid(data); i >= 0 {
		return nil, p.problem(int64(i), text.M("this is not UTF-8"))
	}
	p.dec.UseNumber()
	n, err := p.value("$", 0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); err != io.EOF {
		return nil, p.problem(p.dec.InputOffset(), text.M("something stands after the end of the document"))
	}
	return n, nil
}

func invalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

type parser struct {
	file string
	data []byte
	dec  *json.Decoder
	line int
	seen int64 // how far lines are counted
}

func (p *parser) lineAt(offset int64) int {
	offset = min(max(offset, p.seen), int64(len(p.data)))
	p.line += bytes.Count(p.data[p.seen:offset], []byte("\n"))
	p.seen = offset
	return p.line
}

func (p *parser) problem(offset int64, what text.Message) error {
	return Problems{{File: p.file, Line: p.lineAt(offset), What: what}}
}

// token is the next token with its line: a value of one line, so that the end
// of it is in the line where it stands.
func (p *parser) token() (json.Token, int, error) {
	t, err := p.dec.Token()
	if err != nil {
		at := p.dec.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = max(at, syntax.Offset-1)
		}
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, 0, p.problem(int64(len(p.data)), text.M("the document ends too early"))
		}
		return nil, 0, p.problem(at, text.M("this is not JSON: %s", text.Foreign(err.Error())))
	}
	return t, p.lineAt(p.dec.InputOffset()), nil
}

func (p *parser) value(path string, depth int) (*Node, error) {
	t, line, err := p.token()
	if err != nil {
		return nil, err
	}
	n := &Node{Line: line, Path: path}
	switch t := t.(type) {
	case nil:
		n.Kind = Null
	case bool:
		n.Kind, n.True = Bool, t
	case json.Number:
		n.Kind, n.Text = Number, t.String()
	case string:
		n.Kind, n.Text = String, t
	case json.Delim:
		if depth >= maxDepth {
			return nil, Problems{{p.file, line, path, text.M("this is nested too deep")}}
		}
		n.Kind = Kind(t)
		for p.dec.More() {
			if n.Kind == Array {
				item, err := p.value(fmt.Sprintf("%s[%d]", path, len(n.Items)), depth+1)
				if err != nil {
					return nil, err
				}
				n.Items = append(n.Items, item)
				continue
			}
			key, _, err := p.token()
			if err != nil {
				return nil, err
			}
			name, _ := key.(string)
			v, err := p.value(Join(path, name), depth+1)
			if err != nil {
				return nil, err
			}
			n.Members = append(n.Members, Member{name, v})
		}
		if _, _, err := p.token(); err != nil { // the closing bracket
			return nil, err
		}
	}
	return n, nil
}

var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// Join is the path of a key.
func Join(path, key string) string {
	switch {
	case !plain.MatchString(key):
		key = "[" + strconv.Quote(key) + "]"
		if path == "$" {
			return "$" + key
		}
		return path + key
	case path == "$":
		return key
	}
	return path + "." + key
}
