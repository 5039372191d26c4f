package normalise

import (
	"bytes"
	"encoding/json"
	"strings"
)

// node is one name on the way to a wanted value.
type node struct {
	children map[string]*node
	slot     int // -1: only the way to others
}

func (n *node) child(name string) *node {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	c := n.children[name]
	if c == nil {
		c = &node{slot: -1}
		n.children[name] = c
	}
	return c
}

// maxValues bounds how many values of one name are kept.
const maxValues = 64

// scan is one walk over a document: the values of wanted names, as they stand.
type scan struct {
	m     *Mapping
	b     []byte
	i     int
	epoch int
	seen  []int
	found [][][]byte
}

func (s *scan) reset(doc []byte) {
	s.b, s.i = doc, 0
	s.epoch++
}

func (s *scan) has(slot int) bool { return slot >= 0 && s.seen[slot] == s.epoch }

func (s *scan) values(slot int) [][]byte {
	if !s.has(slot) {
		return nil
	}
	return s.found[slot]
}

// text is the first value as a text; "" for none, null and what is no scalar.
func (s *scan) text(slot int) string {
	if v := s.values(slot); len(v) > 0 {
		return unquote(v[0])
	}
	return ""
}

func unquote(v []byte) string {
	if len(v) == 0 || v[0] == '{' || v[0] == '[' || string(v) == "null" {
		return ""
	}
	if v[0] != '"' {
		return string(v)
	}
	if len(v) < 2 || v[len(v)-1] != '"' {
		return ""
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	var t string
	if json.Unmarshal(v, &t) != nil {
		return ""
	}
	return t
}

// topName tells whether the document itself has this name at its top, for the
// names nobody knows beforehand.
func (s *scan) topName(name string) bool {
	if slot, ok := s.m.tops[name]; ok {
		return s.has(slot)
	}
	found := false
	members(s.b, func(n string, _ []byte) bool {
		found = n == name
		return !found
	})
	return found
}

func (s *scan) note(slot int, v []byte) {
	if s.seen[slot] != s.epoch {
		s.seen[slot] = s.epoch
		s.found[slot] = s.found[slot][:0]
	}
	if len(s.found[slot]) < maxValues {
		s.found[slot] = append(s.found[slot], v)
	}
}

func (s *scan) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

// walk goes over the document. It goes down only where wanted names lead, and
// so never deeper than the mapping does.
func (s *scan) walk() bool {
	s.space()
	if s.i >= len(s.b) || s.b[s.i] != '{' {
		return false
	}
	s.object(s.m.root)
	return true
}

func (s *scan) object(at *node) {
	s.i++
	for {
		s.space()
		if s.i >= len(s.b) || s.b[s.i] != '"' {
			s.i++
			return
		}
		from := s.i
		s.i = endString(s.b, s.i)
		name := s.b[from+1 : max(s.i-1, from+1)]
		s.space()
		s.i++ // colon
		s.space()
		if s.i >= len(s.b) {
			return
		}
		s.value(at.find(name))
		s.space()
		if s.i >= len(s.b) || s.b[s.i] != ',' {
			s.i++
			return
		}
		s.i++
	}
}

// find goes down by a name; one with dots may be several steps at once.
func (n *node) find(name []byte) *node {
	if c := n.children[string(name)]; c != nil {
		return c
	}
	for {
		part, rest, dotted := bytes.Cut(name, []byte("."))
		if !dotted {
			return n.children[string(name)]
		}
		if n = n.children[string(part)]; n == nil {
			return nil
		}
		name = rest
	}
}

func (s *scan) value(at *node) {
	from := s.i
	switch c := s.b[s.i]; {
	case at == nil:
		s.i = endValue(s.b, s.i)
	case c == '{':
		if at.children != nil {
			s.object(at)
		} else {
			s.i = endValue(s.b, s.i)
		}
		if at.slot >= 0 {
			s.note(at.slot, s.b[from:min(s.i, len(s.b))])
		}
	case c == '[':
		s.array(at)
	default:
		s.i = endValue(s.b, s.i)
		if at.slot >= 0 {
			s.note(at.slot, s.b[from:s.i])
		}
	}
}

func (s *scan) array(at *node) {
	s.i++
	for {
		s.space()
		if s.i >= len(s.b) || s.b[s.i] == ']' {
			s.i++
			return
		}
		before := s.i
		if s.b[s.i] == '[' {
			s.i = endValue(s.b, s.i)
		} else {
			s.value(at)
		}
		s.space()
		if s.i < len(s.b) && s.b[s.i] == ',' {
			s.i++
		}
		if s.i == before {
			s.i++
		}
	}
}

// members calls each with the members of an object.
func members(b []byte, each func(name string, value []byte) bool) {
	s := scan{b: b}
	s.space()
	if s.i >= len(b) || b[s.i] != '{' {
		return
	}
	s.i++
	for {
		s.space()
		if s.i >= len(b) || b[s.i] != '"' {
			return
		}
		from := s.i
		s.i = endString(b, s.i)
		name := unquote(b[from:s.i])
		s.space()
		s.i++
		s.space()
		if s.i >= len(b) {
			return
		}
		from = s.i
		s.i = endValue(b, s.i)
		if !each(name, b[from:s.i]) {
			return
		}
		s.space()
		if s.i >= len(b) || b[s.i] != ',' {
			return
		}
		s.i++
	}
}

// endString is the place behind the string that begins at i.
func endString(b []byte, i int) int {
	from := i + 1
	for i = from; i < len(b); {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		i += n + 1
		back := 0
		for k := i - 2; k >= from && b[k] == '\\'; k-- {
			back++
		}
		if back%2 == 0 {
			return i
		}
		from = i
	}
	return len(b)
}

// endValue is the place behind the value that begins at i.
func endValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = endString(b, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(b)
}

func indexByte(s string, c byte) int { return strings.IndexByte(s, c) }

func trim(s string) string { return strings.TrimSpace(s) }

// cutColon divides "Name: value" where the name is one word of letters.
func cutColon(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, ":")
	if !ok || name == "" || len(name) > 40 {
		return "", "", false
	}
	for i := range len(name) {
		if c := name[i] | 0x20; (c < 'a' || c > 'z') && (name[i] < '0' || name[i] > '9') {
			return "", "", false
		}
	}
	return name, strings.TrimSpace(value), true
}
