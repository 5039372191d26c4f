package telemetry

import (
	"encoding/json"
	"strings"
)

// maxLevels is how deep Flatten goes; what lies deeper is one value, its JSON.
const maxLevels = 32

// Flatten calls each with every value of a JSON object and the names that lead
// to it, joined by dots, until each returns false. Elements of an array have
// the name of the array; null is "". Time is linear, however deep the object.
// Of bytes that are no JSON it makes nothing.
func Flatten(doc []byte, each func(name, value string) bool) {
	f := flattener{b: doc, each: each}
	f.space()
	if f.i < len(f.b) && f.b[f.i] == '{' {
		f.value(0)
	}
}

type flattener struct {
	b    []byte
	i    int
	path []byte
	each func(name, value string) bool
	stop bool
}

func (f *flattener) space() {
	for f.i < len(f.b) && (f.b[f.i] == ' ' || f.b[f.i] == '\n' || f.b[f.i] == '\t' || f.b[f.i] == '\r') {
		f.i++
	}
}

func (f *flattener) emit(v string) {
	if !f.each(string(f.path), v) {
		f.stop = true
	}
}

func (f *flattener) value(level int) {
	f.space()
	if f.i >= len(f.b) {
		f.stop = true
		return
	}
	switch c := f.b[f.i]; {
	case c == '"':
		f.emit(f.text())
	case (c == '{' || c == '[') && level >= maxLevels:
		from := f.i
		f.skip()
		f.emit(string(f.b[from:f.i]))
	case c == '{':
		f.object(level)
	case c == '[':
		f.array(level)
	default:
		from := f.i
		f.skip()
		v := string(f.b[from:f.i])
		if v == "null" {
			v = ""
		}
		if f.i == from {
			f.stop = true
			return
		}
		f.emit(v)
	}
}

func (f *flattener) object(level int) {
	f.i++
	depth := len(f.path)
	for n := 0; !f.stop; n++ {
		f.space()
		if f.i >= len(f.b) {
			f.stop = true
			return
		}
		if f.b[f.i] == '}' {
			f.i++
			if n == 0 && level > 0 {
				f.emit("{}")
			}
			return
		}
		if f.b[f.i] != '"' {
			f.stop = true
			return
		}
		key := f.text()
		f.space()
		if f.i < len(f.b) && f.b[f.i] == ':' {
			f.i++
		}
		if depth > 0 {
			f.path = append(f.path, '.')
		}
		f.path = append(f.path, key...)
		f.value(level + 1)
		f.path = f.path[:depth]
		f.space()
		if f.i < len(f.b) && f.b[f.i] == ',' {
			f.i++
		}
	}
}

func (f *flattener) array(level int) {
	f.i++
	for n := 0; !f.stop; n++ {
		f.space()
		if f.i >= len(f.b) {
			f.stop = true
			return
		}
		if f.b[f.i] == ']' {
			f.i++
			if n == 0 {
				f.emit("[]")
			}
			return
		}
		f.value(level + 1)
		f.space()
		if f.i < len(f.b) && f.b[f.i] == ',' {
			f.i++
		}
	}
}

// text reads the string at hand.
func (f *flattener) text() string {
	from := f.i
	f.i++
	escaped := false
	for f.i < len(f.b) {
		switch f.b[f.i] {
		case '\\':
			escaped = true
			f.i++
		case '"':
			f.i++
			raw := f.b[from:f.i]
			if !escaped {
				return string(raw[1 : len(raw)-1])
			}
			if s, ok := plainEscapes(raw[1 : len(raw)-1]); ok {
				return s
			}
			var s string
			if json.Unmarshal(raw, &s) != nil {
				return string(raw[1 : len(raw)-1])
			}
			return s
		}
		f.i++
	}
	f.i = len(f.b)
	return string(f.b[from+1:])
}

// plainEscapes undoes the escapes of one letter, as in Windows paths; others
// are left to encoding/json.
func plainEscapes(b []byte) (string, bool) {
	var s strings.Builder
	s.Grow(len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			s.WriteByte(b[i])
			continue
		}
		i++
		if i >= len(b) {
			return "", false
		}
		switch b[i] {
		case '\\', '"', '/':
			s.WriteByte(b[i])
		case 'n':
			s.WriteByte('\n')
		case 't':
			s.WriteByte('\t')
		case 'r':
			s.WriteByte('\r')
		default:
			return "", false
		}
	}
	return s.String(), true
}

// skip steps over any value without recursion.
func (f *flattener) skip() {
	depth := 0
	for f.i < len(f.b) {
		switch f.b[f.i] {
		case '"':
			f.i++
			for f.i < len(f.b) && f.b[f.i] != '"' {
				if f.b[f.i] == '\\' {
					f.i++
				}
				f.i++
			}
			f.i = min(f.i, len(f.b)-1)
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return
			}
			if depth--; depth == 0 {
				f.i++
				return
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
		}
		f.i++
	}
}
