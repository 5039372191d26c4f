package intake

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/kernel/quote"
	"yagura/kernel/text"
)

// Windows events as XML, one or many: <Event>…</Event> as Windows renders it and
// collectors forward it, one after the other or within <Events>. They become
// the same objects as events out of an event log file: attributes under
// "#attributes", text beside them under "#text", Data by their names. What is
// a number in an event log is a text here, as it stands in the XML.

// ProblemXML says that something that begins like an event is none.
var ProblemXML = text.M("not a Windows event in XML").Key

// maxXMLDepth is how deep elements may stand; Windows has less than ten.
const maxXMLDepth = 64

// IsXML tells whether a text may hold Windows events as XML.
func IsXML(b []byte) bool {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	if !bytes.HasPrefix(b, []byte("<")) {
		return false
	}
	return beginsEvent(b) || bytes.HasPrefix(b, []byte("<Events")) || bytes.HasPrefix(b, []byte("<?xml"))
}

// beginsEvent tells whether an element named Event begins here.
func beginsEvent(b []byte) bool {
	const tag = "<Event"
	return len(b) > len(tag) && string(b[:len(tag)]) == tag && strings.IndexByte(" \t\r\n>/", b[len(tag)]) >= 0
}

// XML goes through the events of a stream. What stands between them is left
// out; one that cannot be read is handed out as it is, with the reason. An
// error is one of the reader's, and the end.
func XML(r io.Reader, zone *time.Location, limits Limits) iter.Seq2[Event, error] {
	limits = limits.withDefaults()
	return func(yield func(Event, error) bool) {
		c := &cutter{r: r, max: limits.Element}
		for n := 0; ; n++ {
			raw, offset, problem, err := c.next()
			if raw != nil {
				e := windowsEvent(raw, problem, zone)
				e.Line, e.Offset = n, offset
				if !yield(e, nil) {
					return
				}
				continue
			}
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Event{}, err)
			}
			return
		}
	}
}

// cutter cuts events out of a stream.
type cutter struct {
	r    io.Reader
	max  int
	buf  []byte
	base int64
	err  error
}

func (c *cutter) fill() bool {
	if c.err != nil {
		return false
	}
	if cap(c.buf)-len(c.buf) < readSize/4 {
		grown := make([]byte, len(c.buf), 2*len(c.buf)+readSize)
		copy(grown, c.buf)
		c.buf = grown
	}
	n, err := c.r.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	c.err = err
	return n > 0 || err == nil
}

func (c *cutter) drop(n int) {
	c.buf = c.buf[n:]
	c.base += int64(n)
}

// next is the next event; nil at the end.
func (c *cutter) next() (raw []byte, offset int64, problem string, err error) {
	for { // to its beginning
		at := bytes.Index(c.buf, []byte("<Event"))
		for at >= 0 && at+7 <= len(c.buf) && !beginsEvent(c.buf[at:]) {
			rest := bytes.Index(c.buf[at+6:], []byte("<Event"))
			if rest < 0 {
				at = -1
				break
			}
			at += 6 + rest
		}
		if at >= 0 && at+7 <= len(c.buf) {
			c.drop(at)
			break
		}
		if at < 0 {
			at = max(len(c.buf)-6, 0)
		}
		c.drop(at)
		if !c.fill() {
			return nil, 0, "", c.err
		}
	}
	offset = c.base
	depth, at := 0, 0
	for {
		end, more := c.scan(&at, &depth)
		switch {
		case end > 0:
			raw = c.buf[:end:end]
			if end > c.max {
				raw, problem = raw[:c.max:c.max], ProblemLong
			}
			c.drop(end)
			return raw, offset, problem, nil
		case at > c.max:
			raw = bytes.Clone(c.buf[:c.max])
			for { // pass over the rest
				if i := bytes.Index(c.buf, []byte("</Event>")); i >= 0 {
					c.drop(i + 8)
					break
				}
				c.drop(max(len(c.buf)-7, 0))
				if !c.fill() {
					break
				}
			}
			return raw, offset, ProblemLong, nil
		case more && c.fill():
		default:
			raw = c.buf[:len(c.buf):len(c.buf)]
			c.drop(len(c.buf))
			return bytes.TrimRight(raw, " \t\r\n"), offset, ProblemEnds, nil
		}
	}
}

// scan goes on at at; end is the place behind the event, more asks for more.
func (c *cutter) scan(at, depth *int) (end int, more bool) {
	for {
		i := bytes.IndexByte(c.buf[*at:], '<')
		if i < 0 {
			*at = len(c.buf)
			return 0, true
		}
		*at += i
		b := c.buf[*at:]
		switch {
		case bytes.HasPrefix(b, []byte("<![CDATA[")):
			i := bytes.Index(b, []byte("]]>"))
			if i < 0 {
				return 0, true
			}
			*at += i + 3
			continue
		case bytes.HasPrefix(b, []byte("</Event>")):
			*at += 8
			if *depth--; *depth <= 0 {
				return *at, false
			}
			continue
		case len(b) < 9:
			return 0, true
		case beginsEvent(b):
			i := bytes.IndexByte(b, '>')
			if i < 0 {
				return 0, true
			}
			if b[i-1] != '/' {
				*depth++
			} else if *depth == 0 {
				return *at + i + 1, false
			}
			*at += i + 1
			continue
		}
		*at++
	}
}

// windowsEvent makes an event of one <Event>.
func windowsEvent(raw []byte, problem string, zone *time.Location) Event {
	if problem != "" {
		return wrap(raw, problem)
	}
	doc, ok := xmlObject(raw)
	if !ok {
		return wrap(raw, ProblemXML)
	}
	e := Event{Raw: doc, Original: raw, BrokenUTF8: !utf8.Valid(raw)}
	f := Look(doc, zone)
	e.Time, e.Host, e.Kind = f.Time, f.Host, f.Kind
	return e
}

// element is one element of XML on its way to JSON.
type element struct {
	name  string
	attrs []xml.Attr
	text  []byte
	kids  []*element
}

func xmlObject(raw []byte) ([]byte, bool) {
	d := xml.NewDecoder(bytes.NewReader(bytes.ToValidUTF8(raw, []byte("\uFFFD"))))
	d.Strict = true
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("only UTF-8") }
	var stack []*element
	var root *element
	for {
		t, err := d.RawToken()
		if err != nil {
			if root == nil || len(stack) > 0 || !errors.Is(err, io.EOF) {
				return nil, false
			}
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(stack) >= maxXMLDepth || root != nil && len(stack) == 0 {
				return nil, false
			}
			e := &element{name: fullName(t.Name), attrs: t.Attr}
			if len(stack) == 0 {
				root = e
			} else {
				up := stack[len(stack)-1]
				up.kids = append(up.kids, e)
			}
			stack = append(stack, e)
		case xml.EndElement:
			if len(stack) == 0 || stack[len(stack)-1].name != fullName(t.Name) {
				return nil, false
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				e := stack[len(stack)-1]
				e.text = append(e.text, t...)
			}
		}
	}
	if root.name != "Event" {
		return nil, false
	}
	b := append(make([]byte, 0, len(raw)+256), `{"Event":`...)
	b = root.append(b, false)
	return append(b, '}'), true
}

func fullName(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// names gives a name that comes again _1, _2, ….
type names map[string]int

func (n names) free(name string) string {
	for {
		c := n[name]
		n[name]++
		if c == 0 {
			return name
		}
		name += "_" + strconv.Itoa(c)
	}
}

func (e *element) append(b []byte, data bool) []byte {
	content := e.text
	if len(e.kids) > 0 { // white space between elements is no text
		content = bytes.TrimSpace(content)
	}
	attrs := e.attrs
	if data {
		attrs = nil
	}
	if len(attrs) == 0 && len(e.kids) == 0 {
		if len(content) == 0 && !data {
			return append(b, "null"...)
		}
		return quote.JSON(b, string(content))
	}
	b = append(b, '{')
	if len(attrs) > 0 {
		b = append(b, `"#attributes":{`...)
		used := names{}
		for i, a := range attrs {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(quote.JSON(b, used.free(fullName(a.Name))), ':')
			b = quote.JSON(b, a.Value)
		}
		b = append(b, '}', ',')
	}
	if len(content) > 0 {
		b = append(quote.JSON(append(b, `"#text":`...), string(content)), ',')
	}
	used := names{}
	container := e.name == "EventData" || e.name == "UserData"
	var unnamed []*element
	for _, k := range e.kids {
		name := k.name
		isData := container && name == "Data"
		if isData {
			if name = k.dataName(); name == "" {
				unnamed = append(unnamed, k)
				continue
			}
		}
		b = append(quote.JSON(b, used.free(name)), ':')
		b = append(k.append(b, isData), ',')
	}
	if len(unnamed) > 0 {
		b = append(quote.JSON(b, used.free("Data")), `:{"#text":`...)
		if len(unnamed) > 1 {
			b = append(b, '[')
		}
		for i, k := range unnamed {
			if i > 0 {
				b = append(b, ',')
			}
			b = k.append(b, true)
		}
		if len(unnamed) > 1 {
			b = append(b, ']')
		}
		b = append(b, '}', ',')
	}
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, '}')
}

func (e *element) dataName() string {
	for _, a := range e.attrs {
		if a.Name.Local == "Name" {
			return a.Value
		}
	}
	return ""
}
