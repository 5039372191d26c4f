// Package intake turns what arrives – syslog, JSON, event logs, log files –
// into events: one JSON object each, with what came kept beside it. It
// promises that nothing is lost: what cannot be read becomes an event too,
// with the reason, and reading goes on behind it. Time is linear in the input
// and memory bounded by the configured limits. It knows no database and no
// clock; whoever calls says what time it is.
package intake

import (
	"encoding/base64"
	"time"
	"unicode/utf8"

	"yagura/kernel/text"
)

// Event is one thing that happened, in the form in which it is stored.
type Event struct {
	Raw        []byte    // one JSON object, valid UTF-8
	Original   []byte    // the bytes that came, where Raw is not those
	Time       time.Time // when it happened, UTC; zero where it does not say
	Host       string    // whom it happened to, as it calls itself
	Kind       string    // "windows", "sshd", "auditd", "firewall", "syslog", "cloudtrail", "json", "text"
	Problem    string    // why it could not be read in full; Raw then holds the original
	Line       int       // ordinal in its file or stream, from 0
	Offset     int64     // where it begins there in bytes, -1 where that means nothing
	BrokenUTF8 bool      // bytes that are not UTF-8 became U+FFFD in Raw

	// Dressed says that names were added and personal values masked; whoever
	// hands the event on does not do it again.
	Dressed bool

	group string // records of one audit event have the same
	ends  bool   // no more records of it come
}

// Limits bound what one event may take. Zero values mean the defaults.
type Limits struct {
	Element int // bytes of one JSON element, default 16 MiB
	Depth   int // levels of JSON, default 10,000
	Line    int // bytes of one log line or syslog message, default 1 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Element <= 0 {
		l.Element = 16 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 10_000
	}
	if l.Line <= 0 {
		l.Line = 1 << 20
	}
	return l
}

// Reasons why something could not be read. They are sentences of the catalog:
// text.T(lang, e.Problem) shows them in the reader's language.
var (
	ProblemNotJSON   = text.M("not valid JSON").Key
	ProblemNotObject = text.M("valid JSON, but not an object").Key
	ProblemDeep      = text.M("JSON nested too deep").Key
	ProblemLong      = text.M("longer than the limit; the rest is cut off").Key
	ProblemEnds      = text.M("ends in the middle").Key
	ProblemFrame     = text.M("the connection ended within the message").Key
)

// wrap makes an event of something that could not be read. Bytes that are not
// UTF-8 are kept exactly as base64 (RFC 4648 clause 4) beside the text.
func wrap(b []byte, problem string) Event {
	broken := !utf8.Valid(b)
	o := newObject(len(b) + 128)
	o.text("original", string(b))
	if broken {
		o.text("original_base64", base64.StdEncoding.EncodeToString(b))
	}
	o.text("problem", problem)
	return Event{Raw: o.done(), Original: b, Kind: "text", Problem: problem, BrokenUTF8: broken}
}
