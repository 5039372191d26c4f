package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Audit logs of clouds come as files in which many events stand in one object –
// {"Records":[…]} of CloudTrail, {"records":[…]} of Azure, {"value":[…]} of
// Microsoft Graph – or in a column of a table, as Microsoft 365 exports them.

// wrapper is how much of the beginning of an object names a list of events
// within: the place of its first element. 0: it is none; -1: more must be read.
func wrapper(b []byte) int {
	i := 1
	space := func() bool {
		for i < len(b) && space(b[i]) {
			i++
		}
		return i < len(b)
	}
	for range 3 { // texts may stand before, such as "@odata.context"
		if !space() {
			return -1
		}
		if b[i] != '"' {
			return 0
		}
		name, end := shortText(b[i:])
		if end <= 0 {
			return end
		}
		if i += end; !space() {
			return -1
		}
		if b[i] != ':' {
			return 0
		}
		if i++; !space() {
			return -1
		}
		switch {
		case b[i] == '[' && (name == "Records" || name == "records" || name == "value" || name == "Events"):
			if i++; !space() {
				return -1
			}
			if b[i] != '{' && b[i] != ']' {
				return 0
			}
			return i
		case b[i] == '"' && strings.HasPrefix(name, "@odata."):
			if _, end = shortText(b[i:]); end <= 0 {
				return end
			}
			if i += end; !space() {
				return -1
			}
			if b[i] != ',' {
				return 0
			}
			i++
		default:
			return 0
		}
	}
	return 0
}

// shortText is a string without escapes at the front of b, and its length; 0
// where there is none, -1 where it goes on.
func shortText(b []byte) (string, int) {
	end := bytes.IndexByte(b[1:], '"')
	if end > 512 || end < 0 && len(b) > 512 {
		return "", 0
	}
	if end < 0 {
		return "", -1
	}
	if bytes.IndexByte(b[1:1+end], '\\') >= 0 {
		return "", 0
	}
	return string(b[1 : 1+end]), end + 2
}

// enter goes into an object that only wraps a list of events.
func (s *splitter) enter() bool {
	for {
		n := wrapper(s.buf)
		if n >= 0 {
			if n > 0 {
				s.drop(n)
				s.wrapped = true
			}
			return n > 0
		}
		if len(s.buf) > 4096 || !s.fill() {
			return false
		}
	}
}

// leave passes over what stands behind the list within the object.
func (s *splitter) leave() {
	s.wrapped = false
	depth := 0
	text, escaped := false, false
	for {
		for i, c := range s.buf {
			switch {
			case escaped:
				escaped = false
			case text:
				escaped, text = c == '\\', c != '"'
			case c == '"':
				text = true
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth < 0 {
					s.drop(i + 1)
					return
				}
			}
		}
		s.drop(len(s.buf))
		if !s.fill() {
			return
		}
	}
}

// isTable tells whether a file is a table of Microsoft 365's audit log: its
// first line has a column AuditData.
func isTable(head []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), []byte("\n"))
	for col := range bytes.SplitSeq(line, []byte(",")) {
		if strings.Trim(string(col), "\" \r") == "AuditData" {
			return true
		}
	}
	return false
}

// table reads one: the object in AuditData is the event, the other columns
// stand in it under "csv".
func (s Source) table(in *bufio.Reader, yield func(Event, error) bool) error {
	if b, _ := in.Peek(3); bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		in.Discard(3)
	}
	limits := s.Limits.withDefaults()
	// A quote that is never closed must not take the whole file into memory.
	row := &bounded{r: in, left: int64(2 * limits.Element)}
	t := csv.NewReader(row)
	t.FieldsPerRecord, t.LazyQuotes = -1, true
	head, err := t.Read()
	if err != nil {
		return err
	}
	data := -1
	for i, h := range head {
		if strings.TrimSpace(h) == "AuditData" {
			data = i
		}
	}
	for n := 0; ; n++ {
		from := t.InputOffset()
		row.left = int64(2 * limits.Element)
		cells, err := t.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad *csv.ParseError
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		e := tableRow(head, cells, data, s.Zone, limits)
		e.Line, e.Offset = n, from
		if !yield(e, nil) {
			return errStop
		}
		if err != nil {
			return err
		}
	}
}

func tableRow(head, row []string, data int, zone *time.Location, limits Limits) Event {
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	w.Write(row)
	w.Flush()
	original := bytes.TrimRight(line.Bytes(), "\n")
	if data < 0 || data >= len(row) {
		return wrap(original, ProblemNotJSON)
	}
	e := document([]byte(strings.TrimSpace(row[data])), zone, limits)
	if e.Problem != "" {
		return wrap(original, e.Problem)
	}
	o := newObject(256)
	for i, v := range row {
		if i != data && i < len(head) && utf8.ValidString(v) {
			o.text(strings.TrimSpace(head[i]), v)
		}
	}
	raw := bytes.TrimRight(e.Raw, " \t\r\n")
	raw = bytes.TrimRight(raw[:len(raw)-1], " \t\r\n")
	out := append(make([]byte, 0, len(raw)+len(o.b)+16), raw...)
	if len(out) > 1 {
		out = append(out, ',')
	}
	e.Raw = append(append(append(out, `"csv":`...), o.done()...), '}')
	e.Original = original
	return e
}

// wide reads UTF-16 with a byte order mark as UTF-8, as Windows writes exports.
type wide struct {
	r    *bufio.Reader
	big  bool
	left []byte
}

func newWide(in *bufio.Reader) io.Reader {
	mark := make([]byte, 2)
	io.ReadFull(in, mark)
	return &wide{r: in, big: mark[0] == 0xfe}
}

func (w *wide) unit() (uint16, error) {
	a, err := w.r.ReadByte()
	if err != nil {
		return 0, err
	}
	b, err := w.r.ReadByte()
	if err != nil {
		return 0xfffd, nil // half a letter at the end
	}
	if w.big {
		a, b = b, a
	}
	return uint16(a) | uint16(b)<<8, nil
}

func (w *wide) Read(p []byte) (int, error) {
	for len(w.left) < len(p) && len(w.left) < 4096 {
		u, err := w.unit()
		if err != nil {
			if len(w.left) > 0 {
				break
			}
			return 0, err
		}
		r := rune(u)
		if utf16.IsSurrogate(r) {
			if b, err := w.r.Peek(2); err == nil {
				low := uint16(b[0]) | uint16(b[1])<<8
				if w.big {
					low = uint16(b[1]) | uint16(b[0])<<8
				}
				if r = utf16.DecodeRune(r, rune(low)); r != utf8.RuneError {
					w.r.Discard(2)
				}
			} else {
				r = utf8.RuneError
			}
		}
		w.left = utf8.AppendRune(w.left, r)
	}
	n := copy(p, w.left)
	w.left = append(w.left[:0], w.left[n:]...)
	return n, nil
}
