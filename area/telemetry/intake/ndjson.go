package intake

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"unicode/utf8"
)

// Element is one value of a JSON stream.
type Element struct {
	Raw        []byte // its bytes as they came, without white space around
	Ordinal    int    // from 0, unreadable ones counted too
	Offset     int64  // of its first byte in the stream
	Problem    string // why it is not a JSON object; Raw then is what stands there
	Cut        int64  // bytes beyond the limit that Raw lacks
	BrokenUTF8 bool   // Raw holds bytes that are not UTF-8
}

// Elements splits a stream of JSON objects: one a line (NDJSON), one array of
// them, or objects written over several lines one after the other; which of
// them is found out. A line that is no JSON is handed out with the reason and
// reading goes on with the next. An error is one of the reader's, and the end.
func Elements(r io.Reader, limits Limits) iter.Seq2[Element, error] {
	return func(yield func(Element, error) bool) {
		s := &splitter{r: r, limits: limits.withDefaults(), yield: yield, strict: -1}
		s.run()
	}
}

type splitter struct {
	r      io.Reader
	limits Limits
	yield  func(Element, error) bool

	buf     []byte // what is read and not handed out yet
	base    int64  // offset of buf[0] in the stream
	eof     bool
	err     error
	n       int   // elements handed out
	inArray bool  // between the brackets of an array of events
	wrapped bool  // … that an object wraps
	strict  int64 // before this offset every line stands for itself, -1: nowhere
	js      scanner
}

const readSize = 256 << 10

// fill reads more and tells whether there was any.
func (s *splitter) fill() bool {
	if s.eof {
		return false
	}
	if cap(s.buf)-len(s.buf) < readSize/4 {
		grown := make([]byte, len(s.buf), 2*len(s.buf)+readSize)
		copy(grown, s.buf)
		s.buf = grown
	}
	for range 100 {
		n, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		if err != nil {
			s.eof = true
			if !errors.Is(err, io.EOF) {
				s.err = err
			}
			return n > 0
		}
		if n > 0 {
			return true
		}
	}
	s.eof, s.err = true, io.ErrNoProgress
	return false
}

// drop forgets the first n bytes. The memory of elements handed out is theirs.
func (s *splitter) drop(n int) {
	s.buf = s.buf[n:]
	s.base += int64(n)
}

func (s *splitter) run() {
	for len(s.buf) < 4 && s.fill() {
	}
	if bytes.HasPrefix(s.buf, []byte("\xef\xbb\xbf")) {
		s.drop(3)
	}
	begun := false
	for {
		i := 0
		for i < len(s.buf) && (space(s.buf[i]) || s.buf[i] == ',') {
			i++
		}
		s.drop(i)
		if len(s.buf) == 0 {
			if s.fill() {
				continue
			}
			break
		}
		switch {
		case s.inArray && s.buf[0] == ']':
			s.inArray = false
			s.drop(1)
			if s.wrapped {
				s.leave()
			}
		case !begun && s.buf[0] == '[':
			begun, s.inArray = true, true
			s.drop(1)
		case !s.inArray && s.buf[0] == '{' && s.base >= s.strict && s.enter():
			begun, s.inArray = true, true
		default:
			begun = true
			if !s.element() {
				return
			}
		}
	}
	if s.err != nil {
		s.yield(Element{Ordinal: s.n, Offset: s.base}, s.err)
	}
}

// emit hands out the first n bytes, cut to the limit, and forgets them.
func (s *splitter) emit(n int, problem string, cut int64) bool {
	if over := n - s.limits.Element; over > 0 {
		cut += int64(over)
	}
	raw := s.buf[:min(n, s.limits.Element)]
	if cut == 0 {
		raw = bytes.TrimRight(raw, " \t\r\n")
	}
	if problem == ProblemNotJSON && raw[0] != '{' && cut == 0 {
		s.js.reset(s.limits.Depth)
		if n, v := s.js.feed(raw); v == whole && n == len(raw) || v == more && s.js.finish() {
			problem = ProblemNotObject
		}
	}
	e := Element{Raw: raw[:len(raw):len(raw)], Ordinal: s.n, Offset: s.base, Problem: problem, Cut: cut}
	e.BrokenUTF8 = !utf8.Valid(raw)
	s.n++
	s.drop(n)
	return s.yield(e, nil)
}

// element reads the value that begins at the front of the buffer.
func (s *splitter) element() bool {
	if !s.inArray && s.buf[0] != '{' && s.buf[0] != '[' {
		return s.broken(0, -1, ProblemNotJSON) // a line of text, or of a scalar
	}
	s.js.reset(s.limits.Depth)
	at := 0
	newline := -1
	for {
		end := len(s.buf)
		oneLine := s.base < s.strict
		if oneLine {
			if nl := bytes.IndexByte(s.buf[at:], '\n'); nl >= 0 {
				end = at + nl
			}
		}
		n, v := s.js.feed(s.buf[at:end])
		if newline < 0 {
			if nl := bytes.IndexByte(s.buf[at:at+n], '\n'); nl >= 0 {
				newline = at + nl
			}
		}
		at += n
		switch {
		case v == whole:
			return s.emit(at, s.kind(at), 0)
		case v == invalid:
			return s.broken(at, newline, ProblemNotJSON)
		case v == tooDeep:
			return s.broken(at, newline, ProblemDeep)
		case oneLine && end < len(s.buf):
			if s.js.finish() {
				return s.emit(at, s.kind(at), 0)
			}
			return s.broken(at, newline, ProblemEnds)
		case at > s.limits.Element && newline < 0:
			return s.long(at, true)
		case at > s.limits.Element:
			return s.broken(at, newline, ProblemLong)
		}
		if !s.fill() {
			if s.js.finish() {
				return s.emit(at, s.kind(at), 0)
			}
			return s.broken(at, newline, ProblemEnds)
		}
	}
}

func (s *splitter) kind(n int) string {
	switch {
	case n > s.limits.Element:
		return ProblemLong
	case s.js.first != '{':
		return ProblemNotObject
	}
	return ""
}

// broken hands out the line at the front of the buffer as it is. Where the
// value went over several lines before it failed at the given place, those
// are then read each for itself: no byte is looked at more than three times.
func (s *splitter) broken(at, newline int, problem string) bool {
	if newline >= 0 {
		if line := bytes.LastIndexByte(s.buf[:at], '\n'); problem == ProblemNotJSON && line >= 0 {
			s.strict = s.base + int64(line) + 1
		} else {
			s.strict = s.base + int64(at)
		}
		return s.emit(newline, problem, 0)
	}
	// The failure is in the first line: it ends at the next line break. Of a
	// long one only the beginning is kept.
	for {
		if nl := bytes.IndexByte(s.buf[at:], '\n'); nl >= 0 {
			return s.emit(at+nl, problem, 0)
		}
		if len(s.buf) > s.limits.Element {
			return s.long(len(s.buf), false)
		}
		at = len(s.buf)
		if !s.fill() {
			return s.emit(len(s.buf), problem, 0)
		}
	}
}

// long hands out the beginning of a value beyond the limit, of which at bytes
// are read, and passes over the rest: to its end while it is JSON, else to the
// end of the line.
func (s *splitter) long(at int, valid bool) bool {
	e := Element{Raw: bytes.Clone(s.buf[:s.limits.Element]), Ordinal: s.n, Offset: s.base, Problem: ProblemLong}
	for {
		e.Cut += int64(at)
		s.drop(at)
		if len(s.buf) == 0 && !s.fill() {
			break
		}
		end := bytes.IndexByte(s.buf, '\n')
		last := end >= 0
		if !last {
			end = len(s.buf)
		}
		at = end
		if valid {
			n, v := s.js.feed(s.buf[:end])
			valid = v == more
			if v == whole {
				at, last = n, true
			}
		}
		if last {
			e.Cut += int64(at)
			s.drop(at)
			break
		}
	}
	e.Cut -= int64(len(e.Raw))
	e.BrokenUTF8 = !utf8.Valid(e.Raw)
	s.n++
	return s.yield(e, nil)
}
