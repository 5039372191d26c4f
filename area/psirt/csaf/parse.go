package csaf

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

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
