package intake

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// EventLog reads a Windows event log as nested JSON objects, errors in
// between. The reader of the detection area has this form; intake does not
// know it.
type EventLog func(r io.ReaderAt, size int64) iter.Seq2[[]byte, error]

// Source says how files are read.
type Source struct {
	Limits   Limits
	Zone     *time.Location // of times that have none; nil: UTC
	Now      time.Time      // for syslog times without a year
	EventLog EventLog       // nil: event logs are refused
	MaxBytes int64          // of one file once unpacked; 0: no limit
}

// ErrTooLarge says that a file is larger, once unpacked, than MaxBytes.
var ErrTooLarge = errors.New("the unpacked file is larger than the limit")

// ErrNoEventLog says that a Windows event log came where none is read.
var ErrNoEventLog = errors.New("event logs of Windows are not read here")

// File goes through the events of a file: .ndjson, .jsonl, .json, .evtx, .log
// and whatever else, plain or packed with gzip or zstd. The content decides
// before the name. What cannot be read within the file is an event with a
// Problem; an error is about the file as a whole, and the end.
func (s Source) File(path string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(Event{}, err)
			return
		}
		defer f.Close()
		for e, err := range s.Stream(filepath.Base(path), f) {
			if err != nil {
				err = fmt.Errorf("%s: %w", path, err)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// Stream goes through events as File does. The name may be empty.
func (s Source) Stream(name string, r io.Reader) iter.Seq2[Event, error] {
	s.Limits = s.Limits.withDefaults()
	return func(yield func(Event, error) bool) {
		err := s.open(strings.ToLower(name), r, 0, yield)
		if err != nil && !errors.Is(err, errStop) {
			yield(Event{}, err)
		}
	}
}

// errStop says that the caller wants no more.
var errStop = errors.New("stop")

// maxLayers is how often a file may be packed.
const maxLayers = 3

func (s Source) open(name string, r io.Reader, layer int, yield func(Event, error) bool) error {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(8)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	var unpacked io.Reader
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		defer z.Close()
		unpacked, name = z, strings.TrimSuffix(name, ".gz")
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return err
		}
		defer z.Close()
		unpacked, name = z, strings.TrimSuffix(strings.TrimSuffix(name, ".zst"), ".zstd")
	case bytes.HasPrefix(head, []byte("ElfFile\x00")):
		return s.eventLog(r, in, yield)
	case layer <= maxLayers && (bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))):
		return s.open(name, newWide(in), maxLayers+1, yield)
	case isJournal(in):
		return s.each(Journal(in, s.Limits), yield)
	case isXML(in):
		return s.each(XML(in, s.Zone, s.Limits), yield)
	case isTable(peek(in)):
		return s.table(in, yield)
	case isJSON(name, in):
		return s.json(in, yield)
	default:
		return s.lines(in, yield)
	}
	if layer >= maxLayers {
		return errors.New("packed too many times")
	}
	if s.MaxBytes > 0 {
		unpacked = &bounded{r: unpacked, left: s.MaxBytes}
	}
	return s.open(name, unpacked, layer+1, yield)
}

func peek(in *bufio.Reader) []byte {
	b, _ := in.Peek(4096)
	return b
}

// isXML tells whether Windows events as XML begin here.
func isXML(in *bufio.Reader) bool { return IsXML(peek(in)) }

// isJournal tells whether an export of systemd's journal begins here.
func isJournal(in *bufio.Reader) bool {
	b := peek(in)
	return bytes.HasPrefix(b, []byte("__CURSOR=")) || bytes.HasPrefix(b, []byte("__REALTIME_TIMESTAMP="))
}

func (s Source) each(events iter.Seq2[Event, error], yield func(Event, error) bool) error {
	for e, err := range events {
		if err != nil {
			return err
		}
		if !yield(e, nil) {
			return errStop
		}
	}
	return nil
}

// bounded ends with an error, not silently, at its limit.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		if n, _ := b.r.Read(make([]byte, 1)); n == 0 {
			return 0, io.EOF
		}
		return 0, ErrTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// isJSON tells by content, then by name: the first byte that is not white
// space is {, or [ with {, [ or ] behind it.
func isJSON(name string, in *bufio.Reader) bool {
	b, _ := in.Peek(4096)
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(b) > 0 && b[0] == '{' {
		return true
	}
	if len(b) > 1 && b[0] == '[' {
		if rest := bytes.TrimLeft(b[1:], " \t\r\n"); len(rest) > 0 && strings.IndexByte("{[]", rest[0]) >= 0 {
			return true
		}
	}
	switch filepath.Ext(name) {
	case ".json", ".ndjson", ".jsonl":
		return true
	}
	return false
}

func (s Source) json(in io.Reader, yield func(Event, error) bool) error {
	for el, err := range Elements(in, s.Limits) {
		if err != nil {
			return err
		}
		if !yield(FromElement(el, s.Zone), nil) {
			return errStop
		}
	}
	return nil
}

// FromElement makes an event of one JSON element.
func FromElement(el Element, zone *time.Location) Event {
	var e Event
	if el.Problem != "" {
		e = wrap(el.Raw, el.Problem)
	} else {
		e = Event{Raw: el.Raw, BrokenUTF8: el.BrokenUTF8}
		if el.BrokenUTF8 {
			e.Raw, e.Original = bytes.ToValidUTF8(el.Raw, []byte("\uFFFD")), el.Raw
		}
		f := Look(e.Raw, zone)
		e.Time, e.Host, e.Kind = f.Time, f.Host, f.Kind
	}
	e.Line, e.Offset = el.Ordinal, el.Offset
	return e
}

// lines reads a log file. Lines that are JSON objects are taken as such.
func (s Source) lines(in *bufio.Reader, yield func(Event, error) bool) error {
	l := &lineReader{r: in, max: s.Limits.Line}
	parser := NewSyslog(s.Zone)
	var held []Event // until it is known that no record of an audit event in it is still to come
	hand := func(until int) bool {
		for _, e := range Join(held[:until]) {
			if !yield(e, nil) {
				return false
			}
		}
		held = append(held[:0], held[until:]...)
		return true
	}
	for n := 0; ; {
		fr, err := l.line("\n")
		if len(fr.Data) > 0 {
			e := s.line(parser, fr)
			e.Line, e.Offset = n, fr.Offset
			n++
			held = append(held, e)
			if e.group == "" && len(held) == 1 {
				if !hand(1) {
					return errStop
				}
			} else if len(held) >= 256 && !hand(Open(held)) {
				return errStop
			}
		}
		if errors.Is(err, io.EOF) {
			if !hand(len(held)) {
				return errStop
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s Source) line(parser *Syslog, fr Frame) Event {
	if t := bytes.TrimSpace(fr.Data); len(t) > 1 && t[0] == '{' && fr.Problem == "" {
		var js scanner
		js.reset(s.Limits.Depth)
		if n, v := js.feed(t); v == whole && n == len(t) {
			return FromElement(Element{Raw: bytes.Clone(t), BrokenUTF8: !utf8.Valid(t)}, s.Zone)
		}
	}
	return parser.Frame(fr, s.Now)
}

// eventLog reads a Windows event log. One that is packed or comes through a
// pipe is written to a temporary file first, since it is read by offset.
func (s Source) eventLog(r io.Reader, in *bufio.Reader, yield func(Event, error) bool) error {
	if s.EventLog == nil {
		return ErrNoEventLog
	}
	at, size, done, err := s.byOffset(r, in)
	if err != nil {
		return err
	}
	defer done()
	n := 0
	for raw, err := range s.EventLog(at, size) {
		var e Event
		if err != nil {
			e = wrap(nil, err.Error())
		} else {
			f := Look(raw, s.Zone)
			e = Event{Raw: raw, Time: f.Time, Host: f.Host, Kind: f.Kind}
		}
		e.Line, e.Offset = n, -1
		n++
		if !yield(e, nil) {
			return errStop
		}
	}
	return nil
}

func (s Source) byOffset(r io.Reader, in *bufio.Reader) (io.ReaderAt, int64, func(), error) {
	if f, ok := r.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
			return f, st.Size(), func() {}, nil
		}
	}
	f, err := os.CreateTemp("", "yagura-*.evtx")
	if err != nil {
		return nil, 0, nil, err
	}
	done := func() {
		f.Close()
		os.Remove(f.Name())
	}
	size, err := io.Copy(f, in)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		done()
		return nil, 0, nil, err
	}
	return f, size, done, nil
}
