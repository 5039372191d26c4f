package telemetry

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/area/telemetry/intake"
)

// Event is one thing that happened, as it is stored and as detection sees it.
type Event struct {
	Batch   string // UUID of the batch
	Ordinal int    // within the batch, from 0
	Source  string // id of the source
	Unit    string // that owned the source when the event came; borders are drawn by it

	// What Sigma calls the log source, as far as the source's owner said it.
	Product, Category, Service string

	Time     time.Time // when it happened, as it says itself, UTC; when it came, where it does not say
	Received time.Time
	// Filed is where in time the event store has it, where that is not Time: when
	// it came, of an event that was older then than events are kept, or whose
	// sender's clock is wrong.
	Filed    time.Time
	Host     string // as it calls itself
	Kind     string // what it looks like: "windows", "sshd", "auditd", "firewall", "syslog", "cloudtrail", "json", "text"
	Doc      []byte // one JSON object, valid UTF-8
	Original []byte // the bytes that came, where Doc is not those
	Problem  string // why it could not be read in full, a sentence of the catalog; Doc then holds the original
}

// ID names the event for ever.
func (e Event) ID() string { return EventID(e.Batch, e.Ordinal) }

// EventID is the name of the n-th event of a batch.
func EventID(batch string, ordinal int) string { return batch + "." + strconv.Itoa(ordinal) }

// ParseID is the opposite of EventID.
func ParseID(s string) (batch string, ordinal int, ok bool) {
	batch, n, ok := strings.Cut(s, ".")
	ordinal, err := strconv.Atoi(n)
	return batch, ordinal, ok && err == nil && ordinal >= 0 && len(batch) == 36
}

// Line is the event byte for byte as it came.
func (e Event) Line() []byte {
	if e.Original != nil {
		return e.Original
	}
	return e.Doc
}

// Summary is what a list shows of the event: the message where it has one, else
// what its kind is read by, else its beginning. At most 300 letters, one line.
func (e Event) Summary() string {
	var best string
	rank := len(summaryFields)
	var parts []string
	Flatten(e.Doc, func(name, value string) bool {
		if value == "" {
			return true
		}
		last := name[strings.LastIndexByte(name, '.')+1:]
		if r, ok := summaryRank[last]; ok && r < rank {
			best, rank = value, r
		} else if len(parts) < 5 && !summaryDull[last] && len(value) < 120 {
			parts = append(parts, last+"="+value)
		}
		return true
	})
	if best == "" {
		best = strings.Join(parts, "  ")
	}
	if best == "" {
		best = string(e.Line()[:min(len(e.Line()), 1200)])
	}
	return oneLine(best, 300)
}

// Fields a reader recognises an event by, best first.
var summaryFields = []string{"CommandLine", "command_line", "message", "Message", "msg", "eventName", "QueryName", "query", "c-uri", "url", "TargetObject",
	"TargetFilename", "ImageLoaded", "TaskName", "ServiceName", "PipeName", "original"}

var summaryRank = func() map[string]int {
	m := map[string]int{}
	for i, f := range summaryFields {
		m[f] = i
	}
	return m
}()

var summaryDull = map[string]bool{"timestamp": true, "@timestamp": true, "UtcTime": true, "EventTime": true, "SystemTime": true, "@version": true,
	"Computer": true, "Hostname": true, "host": true, "Channel": true, "RuleName": true, "time": true, "Version": true, "EventRecordID": true, "eventTime": true, "eventVersion": true}

func oneLine(s string, most int) string {
	var b strings.Builder
	n := 0
	blank := false
	for _, r := range s {
		if r <= ' ' || r == 0x7f || r == utf8.RuneError {
			blank = true
			continue
		}
		if n >= most {
			return b.String() + "…"
		}
		if blank && n > 0 {
			b.WriteByte(' ')
			n++
		}
		blank = false
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// Batch is what was journaled and acknowledged at once.
type Batch struct {
	ID       string
	Source   string
	Unit     string
	Received time.Time
	Events   []Event

	// Class is how long its events are kept. Those older than Horizon, or from a
	// clock that is wrong, are filed under Arrived, when the batch came to this database: with a relay between,
	// that is later than Received. Both are settled when the batch is journaled, so
	// that it is written the same however often.
	Class            string
	Arrived, Horizon time.Time

	count      int       // of events, where they were not read
	from       time.Time // of the oldest of them, where that is known
	packed     []byte    // the events packed, where somebody has them already
	bytes      int64     // of the events as they came
	unreadable int64
	outside    int64 // events out of time
}

// sayable tells whether a time is one at all.
func sayable(t time.Time) bool { return !t.IsZero() && t.Year() > 0 && t.Year() < 10_000 }

// wrongClock tells whether an event that came then can't have happened when it
// says.
func wrongClock(says, received time.Time) bool {
	return says.After(received.Add(time.Hour)) || says.Year() < 1980
}

// Happened is when the event happened, as far as its sender's clock is to be
// believed: of one that is wrong, when the event came. Detection goes by it:
// nothing may wait for a time that is years away.
func (e Event) Happened() time.Time {
	if wrongClock(e.Time, e.Received) {
		return e.Received
	}
	return e.Time
}

// of makes an event of what intake read.
func (b *Batch) of(n int, in intake.Event) Event {
	e := Event{Batch: b.ID, Ordinal: n, Source: b.Source, Unit: b.Unit, Received: b.Received,
		Time: in.Time, Host: in.Host, Kind: in.Kind, Doc: in.Raw, Original: in.Original, Problem: in.Problem}
	if len(e.Host) > 255 {
		e.Host = strings.ToValidUTF8(e.Host[:255], "")
	}
	if !sayable(e.Time) {
		e.Time = b.Received
	}
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	return e
}
