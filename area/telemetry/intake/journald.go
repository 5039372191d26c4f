package intake

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
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

// The export format of systemd's journal: fields as NAME=value, or NAME, a line
// end, the length in 64 bits and the bytes; an empty line ends an entry.

// ProblemJournal says that an entry cannot be read.
var ProblemJournal = text.M("not an entry of the journal's export format").Key

// JournalKind is the media type of the format.
const JournalKind = "application/vnd.fdo.journal"

// maxFields bounds one entry; the journal itself allows 1,024.
const maxFields = 4096

// ErrJournal says that a stream of the format broke off or went wrong.
var ErrJournal = errors.New("the journal's export ends in the middle of an entry")

type journalField struct {
	name  string
	value []byte
}

// Journal goes through the entries of an export. An entry that breaks off, or a
// line that cannot be a field, ends it: with ErrJournal, where lines begin is
// not known any more. What is longer than an element may be is cut.
func Journal(r io.Reader, limits Limits) iter.Seq2[Event, error] {
	limits = limits.withDefaults()
	return func(yield func(Event, error) bool) {
		j := &journalReader{r: bufio.NewReaderSize(r, 256<<10), max: limits.Element}
		for n := 0; ; n++ {
			at := j.at
			fields, raw, problem, err := j.entry()
			if len(fields) > 0 {
				e := journalEvent(fields, raw, problem)
				e.Line, e.Offset = n, at
				if err == nil || errors.Is(err, io.EOF) {
					if !yield(e, nil) {
						return
					}
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
		}
	}
}

type journalReader struct {
	r   *bufio.Reader
	at  int64
	max int
}

// entry reads one. Beyond the limit bytes are passed over, not kept.
func (j *journalReader) entry() (fields []journalField, raw []byte, problem string, err error) {
	total := 0
	keep := func(b []byte) []byte {
		if total += len(b); total > j.max {
			problem = ProblemLong
			return nil
		}
		raw = append(raw, b...)
		return raw[len(raw)-len(b):]
	}
	for {
		line, err := j.line()
		if err != nil {
			if errors.Is(err, io.EOF) && len(line) > 0 {
				err = ErrJournal
			}
			return fields, raw, problem, err
		}
		if len(line) == 1 { // the end of the entry
			if len(fields) == 0 {
				continue
			}
			return fields, raw, problem, nil
		}
		name, value, plain := bytes.Cut(line[:len(line)-1], []byte("="))
		if !fieldName(name) || len(fields) >= maxFields {
			return fields, raw, ProblemJournal, ErrJournal
		}
		field := journalField{name: string(name)}
		kept := keep(line)
		if plain {
			if kept != nil {
				field.value = bytes.Clone(value)
			}
		} else {
			var size [8]byte
			n, err := io.ReadFull(j.r, size[:])
			j.at += int64(n)
			length := binary.LittleEndian.Uint64(size[:])
			if err != nil || length > 1<<40 {
				return fields, raw, ProblemJournal, ErrJournal
			}
			keep(size[:])
			if field.value, err = j.bytes(length, keep); err != nil {
				return fields, raw, ProblemJournal, err
			}
		}
		fields = append(fields, field)
	}
}

// line reads to the next line end, kept in whole up to 16 MiB.
func (j *journalReader) line() ([]byte, error) {
	var all []byte
	for {
		part, err := j.r.ReadSlice('\n')
		j.at += int64(len(part))
		if all == nil && err == nil {
			return part, nil
		}
		if len(all) <= j.max {
			all = append(all, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err == nil && all[len(all)-1] != '\n' {
			all = append(all, '\n')
		}
		return all, err
	}
}

// bytes reads a value of a length and the line end behind it. What is only
// announced takes no memory.
func (j *journalReader) bytes(length uint64, keep func([]byte) []byte) ([]byte, error) {
	var value []byte
	whole := true
	buf := make([]byte, min(length, 64<<10))
	for length > 0 {
		n, err := io.ReadFull(j.r, buf[:min(length, uint64(len(buf)))])
		j.at += int64(n)
		if err != nil {
			return nil, ErrJournal
		}
		length -= uint64(n)
		if whole = whole && keep(buf[:n]) != nil; whole {
			value = append(value, buf[:n]...)
		}
	}
	c, err := j.r.ReadByte()
	if err != nil || c != '\n' {
		return nil, ErrJournal
	}
	j.at++
	keep([]byte{'\n'})
	return value, nil
}

// fieldName tells whether a field may be called so.
func fieldName(b []byte) bool {
	if len(b) == 0 || len(b) > 256 {
		return false
	}
	for _, c := range b {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && (c < 'a' || c > 'z') && c != '.' {
			return false
		}
	}
	return true
}

// journalEvent makes an event of an entry: all its fields under their names,
// those that come more than once as arrays, and beside them what its message
// says, as of a message of syslog.
func journalEvent(fields []journalField, raw []byte, problem string) Event {
	e := Event{Original: bytes.Clone(raw), Kind: "journal", Problem: problem}
	get := func(name string) string {
		for _, f := range fields {
			if f.name == name {
				return string(f.value)
			}
		}
		return ""
	}
	for _, name := range []string{"_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"} {
		if us, err := strconv.ParseInt(get(name), 10, 64); err == nil && us > 0 && us < 1<<53 {
			e.Time = time.UnixMicro(us).UTC()
			break
		}
	}
	e.Host = strings.ToValidUTF8(get("_HOSTNAME"), "\uFFFD")
	o := newObject(2*len(raw) + 256)
	if !e.Time.IsZero() {
		o.text("timestamp", e.Time.Format(time.RFC3339Nano))
	}
	o.some("host", e.Host)
	h := header{priority: -1, app: get("SYSLOG_IDENTIFIER"), procid: get("_PID"), message: get("MESSAGE"), time: e.Time}
	if h.app == "" {
		h.app = get("_COMM")
	}
	o.some("app", h.app)
	o.some("procid", h.procid)
	if p, err := strconv.Atoi(get("PRIORITY")); err == nil && p >= 0 && p < len(severities) {
		o.number("severity", int64(p))
		o.text("severity_name", severities[p])
	}
	o.some("message", h.message)
	if utf8.ValidString(h.message) {
		if d := deviceFields(o, h, h.message, time.UTC); d.kind != "" {
			e.Kind = d.kind
		}
	}
	done := map[string]bool{}
	for i, f := range fields {
		if done[f.name] {
			continue
		}
		done[f.name] = true
		var all [][]byte
		for _, g := range fields[i:] {
			if g.name == f.name {
				all = append(all, g.value)
			}
		}
		journalValue(o, f.name, all, &e.BrokenUTF8)
	}
	o.some("problem", problem)
	e.Raw = o.done()
	return e
}

func journalValue(o *object, name string, all [][]byte, broken *bool) {
	plain := true
	for _, v := range all {
		plain = plain && utf8.Valid(v)
	}
	list := func(each func([]byte) string) []byte {
		if len(all) == 1 {
			return quote.JSON(nil, each(all[0]))
		}
		b := []byte{'['}
		for i, v := range all {
			if i > 0 {
				b = append(b, ',')
			}
			b = quote.JSON(b, each(v))
		}
		return append(b, ']')
	}
	if o.seen[name] { // a field of that very name that we wrote
		name = "journal_" + name
	}
	o.json(name, list(func(v []byte) string { return string(v) }))
	if !plain {
		*broken = true
		o.json(name+"_base64", list(base64.StdEncoding.EncodeToString))
	}
}
