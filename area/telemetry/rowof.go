package telemetry

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"yagura/area/telemetry/victoria"
)

// How an event is a row of the event store: _time, _msg (the line as it came, as
// text), what is known of every event under the names below, and the fields of
// its document under their own names. Rows are for finding; what is shown comes
// from the packed batch, so that nothing here needs to be byte for byte.

// Names of fields that every event may have.
const (
	fieldUnit    = "unit"
	fieldSource  = "source"
	fieldHost    = "host"
	fieldKind    = "kind"
	fieldProblem = "problem"
	fieldBatch   = "batch"
	fieldOrdinal = "ordinal"
	fieldTime    = "_time"
	fieldLine    = "_msg"
	// fieldRest is there where all of the line stands in the fields of the
	// document or in it: names of fields without a value, what was there of
	// sourcePrefix; else restNone.
	fieldRest    = "_rest"
	fieldOwnTime = "own_time" // of an event that is filed elsewhere
)

const (
	restNone = "-"
	restMost = 200
	// sourcePrefix begins the fields that say which log source an event is of. As
	// a rule they are ours and not the line's.
	sourcePrefix = "logsource."
)

// streams are the fields that divide rows: those of one stream lie together.
// There are as many streams as sources, however many hosts a sender invents.
const streams = fieldUnit + "," + fieldSource

// taken are names that a document's own field can't have; it is found behind
// docPrefix then.
var taken = map[string]bool{fieldUnit: true, fieldSource: true, fieldHost: true, fieldKind: true, fieldProblem: true, fieldBatch: true, fieldOrdinal: true,
	fieldTime: true, fieldLine: true, fieldRest: true, fieldOwnTime: true, "_stream": true, "_stream_id": true, "": true}

const docPrefix = "doc."

// wrappers are what forwarders of Windows events put around the fields that
// everybody knows by their plain names.
var wrappers = []string{"Event.EventData.", "Event.System.", "winlog.event_data."}

// FieldName is the name under which a field of a document is stored and asked for.
func FieldName(name string) string {
	for _, w := range wrappers {
		if rest, ok := strings.CutPrefix(name, w); ok && rest != "" {
			name = rest
			break
		}
	}
	if taken[name] {
		return docPrefix + name
	}
	return name
}

const (
	rowBytes  = victoria.LongestLine - 16<<10 // of a row as it is sent
	lineBytes = 112 << 10                     // of them for the line
	longValue = 32 << 10
)

// rowTime is how rows write times.
const rowTime = "2006-01-02T15:04:05.000Z"

// rows writes events as rows.
type rows struct {
	victoria.Line
	at     map[string]int
	names  []string
	values [][]string
	rest   []byte
}

func (w *rows) add(e *Event) {
	w.Begin(rowBytes)
	w.Add(fieldTime, e.Stands().UTC().Format(rowTime))
	for _, f := range [...]struct{ name, value string }{
		{fieldUnit, e.Unit}, {fieldSource, e.Source}, {fieldHost, e.Host}, {fieldKind, e.Kind}, {fieldProblem, e.Problem}, {fieldBatch, e.Batch},
	} {
		w.Add(f.name, victoria.Encode(f.value))
	}
	w.Add(fieldOrdinal, strconv.Itoa(e.Ordinal))
	if !e.Filed.IsZero() {
		w.Add(fieldOwnTime, victoria.Encode(e.Time.UTC().Format(rowTime)))
	}
	w.AddStart(fieldLine, victoria.Encode(lineText(e)), lineBytes)
	if e.Problem == "" && w.document(e) {
		w.Add(fieldRest, victoria.Encode(string(w.rest)))
	}
	w.End()
}

// document adds the fields of an event and tells whether, with w.rest, they are
// all of its line.
func (w *rows) document(e *Event) (all bool) {
	all = isDocument(e)
	w.rest = w.rest[:0]
	rest := func(s string) {
		if len(w.rest) > 0 {
			w.rest = append(w.rest, '\n')
		}
		w.rest = append(w.rest, s...)
	}
	if w.at == nil {
		w.at = map[string]int{}
	}
	clear(w.at)
	w.names = w.names[:0]
	Flatten(e.Doc, func(name, value string) bool {
		switch {
		case name == "original" || name == "original_base64":
			all = false
			return true
		case value == "":
			rest(name)
			return true
		case e.Original == nil && strings.HasPrefix(name, sourcePrefix):
			rest(value)
		}
		name = FieldName(name)
		i, ok := w.at[name]
		if !ok {
			i = len(w.names)
			w.at[name] = i
			w.names = append(w.names, name)
			if i < len(w.values) {
				w.values[i] = w.values[i][:0]
			} else {
				w.values = append(w.values, nil)
			}
		}
		w.values[i] = append(w.values[i], value)
		return len(w.names) < victoria.MostFields
	})
	for i, name := range w.names {
		v := w.values[i][0]
		if len(w.values[i]) > 1 {
			v = victoria.List(w.values[i])
		}
		if len(v) > longValue {
			v, all = v[:longValue], false
		}
		if !w.Add(name, victoria.Encode(v)) {
			all = false
		}
	}
	if len(w.rest) == 0 {
		rest(restNone)
	}
	return all && len(w.names) < victoria.MostFields && len(w.rest) <= restMost
}

// isDocument tells whether an event's line is its document, or what came of it
// before fields were added at its front, with letters that are written as such.
func isDocument(e *Event) bool {
	line := e.Doc
	if o := e.Original; o != nil {
		if len(o) == 0 || o[0] != '{' || !bytes.HasSuffix(e.Doc, o[1:]) || bytes.Contains(o, []byte(`"logsource"`)) {
			return false
		}
		line = o
	}
	// Halves of pairs are no letters.
	return !bytes.Contains(line, []byte("\uFFFD")) && !bytes.Contains(line, []byte(`\ud`)) && !bytes.Contains(line, []byte(`\uD`))
}

// lineText is the line as a reader sees it: letters that JSON wrote as \u… are
// letters, so that they are found.
func lineText(e *Event) string {
	line := e.Line()
	if len(line) > 2*lineBytes {
		line = line[:2*lineBytes]
	}
	if e.Original != nil || !bytes.Contains(line, unicodeEscape) {
		return string(line)
	}
	var b strings.Builder
	b.Grow(len(line))
	for i := 0; i < len(line); {
		if line[i] != '\\' || i+1 >= len(line) {
			b.WriteByte(line[i])
			i++
			continue
		}
		r, n := escaped(line[i:])
		if n == 0 {
			b.Write(line[i : i+2])
			i += 2
			continue
		}
		b.WriteRune(r)
		i += n
	}
	return b.String()
}

// escaped reads \uXXXX, or two that are one letter together. Control characters
// and what JSON must escape are left as they are.
func escaped(b []byte) (rune, int) {
	unit := func(b []byte) (rune, bool) {
		if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
		return rune(n), err == nil
	}
	r, ok := unit(b)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := unit(b[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return 0, 0
	}
	if r < ' ' || r == '"' || r == '\\' {
		return 0, 0
	}
	return r, 6
}
