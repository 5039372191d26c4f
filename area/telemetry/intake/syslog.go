package intake

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	syslog "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"yagura/kernel/quote"
)

// Syslog reads syslog messages of both forms, found out message by message:
// RFC 5424, and RFC 3164 with what devices make of it (no priority, no host,
// RFC 3339 times). It is not safe for use by several goroutines.
type Syslog struct {
	zone *time.Location
	old  syslog.Machine
	new  syslog.Machine
}

// NewSyslog makes a reader. Times without a zone are taken to be in zone, nil
// meaning UTC.
func NewSyslog(zone *time.Location) *Syslog {
	if zone == nil {
		zone = time.UTC
	}
	return &Syslog{
		zone: zone,
		old: rfc3164.NewMachine(rfc3164.WithBestEffort(), rfc3164.WithRFC3339(), rfc3164.WithSecondFractions(),
			rfc3164.WithLenientDay(), rfc3164.WithEmbeddedNewlines()),
		new: rfc5424.NewMachine(rfc5424.WithBestEffort()),
	}
}

// header is what a message says before its text.
type header struct {
	priority           int // -1: none
	time               time.Time
	host, app          string
	procid, msgid      string
	data               map[string]map[string]string
	message            string
	structured, parsed bool
}

var severities = [...]string{"emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"}

var facilities = [...]string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
	"ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}

// Parse makes an event of one message. RFC 3164 times have no year: the one is
// taken that puts them last before now, a day of leeway given. A message that
// follows neither form is kept with its text.
func (s *Syslog) Parse(line []byte, now time.Time) Event { return s.parse(line, "", now) }

// Frame makes an event of one message of a stream. One that was cut or broke
// off is read as far as it goes and has the Problem.
func (s *Syslog) Frame(fr Frame, now time.Time) Event {
	e := s.parse(fr.Data, fr.Problem, now)
	e.Offset = fr.Offset
	return e
}

func (s *Syslog) parse(line []byte, problem string, now time.Time) Event {
	line = bytes.Clone(line)
	text := strings.TrimRight(string(line), "\r\n\x00")
	h := s.header(text, now)
	e := Event{Original: line, Time: h.time, Host: h.host, Kind: "syslog", Problem: problem, Offset: -1, BrokenUTF8: !utf8.ValidString(text)}
	if h.priority < 0 && !h.parsed {
		e.Kind = "text"
	}
	if body := strings.TrimSpace(h.message); strings.HasPrefix(body, "<Event") && problem == "" {
		if x, ok := s.embeddedXML(h, body); ok {
			x.Original, x.Offset = line, -1
			if x.Time.IsZero() {
				x.Time = h.time
			}
			return x
		}
	}
	if raw, ok := embedded(h, text); ok {
		f := Look(raw, s.zone)
		e.Raw, e.Kind = raw, f.Kind
		if !f.Time.IsZero() {
			e.Time = f.Time
		}
		if f.Host != "" {
			e.Host = f.Host
		}
		return e
	}
	o := newObject(2*len(text) + 512)
	h.fields(o)
	device := deviceFields(o, h, text, s.zone)
	if device.kind != "" {
		e.Kind = device.kind
	}
	if device.group != "" && problem == "" {
		e.group, e.ends = device.group+"/"+h.host, device.ends
	}
	if e.Host == "" {
		e.Host = device.host
	}
	if !device.time.IsZero() && (e.Time.IsZero() || device.kind == "auditd") {
		e.Time = device.time
	}
	if !e.Time.IsZero() {
		o.text("timestamp", e.Time.UTC().Format(time.RFC3339Nano))
	}
	o.some("host", e.Host)
	o.text("original", text)
	if e.BrokenUTF8 {
		o.text("original_base64", base64.StdEncoding.EncodeToString(line))
	}
	o.some("problem", problem)
	e.Raw = o.done()
	return e
}

// fields writes the header except time and host, which the text may know
// better.
func (h *header) fields(o *object) {
	o.some("app", h.app)
	o.some("procid", h.procid)
	o.some("msgid", h.msgid)
	if h.priority >= 0 {
		o.number("facility", int64(h.priority/8))
		o.text("facility_name", facilities[h.priority/8])
		o.number("severity", int64(h.priority%8))
		o.text("severity_name", severities[h.priority%8])
	}
	if len(h.data) > 0 {
		o.json("structured_data", structured(h.data))
	}
	o.some("message", h.message)
}

func structured(data map[string]map[string]string) []byte {
	o := newObject(256)
	for _, id := range sorted(data) {
		in := newObject(64)
		for _, k := range sorted(data[id]) {
			in.text(k, data[id][k])
		}
		o.json(id, in.done())
	}
	return o.done()
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// header finds out the form and reads what comes before the text.
func (s *Syslog) header(text string, now time.Time) header {
	priority, body := cutPriority(text)
	h := header{priority: priority, message: strings.TrimSpace(body)}
	if priority >= 0 && len(body) > 1 && body[0] == '1' && body[1] == ' ' {
		if s.structured(&h, text) {
			return h
		}
	}
	// The machine wants a priority; files have none. What it makes of lines of
	// another form is worse than their text, so the time has to be there.
	if !startsWithTime(body) {
		h.time = leadingTime(body, s.zone)
		return h
	}
	var exact time.Time
	if stamp, rest, ok := strings.Cut(body, " "); ok && body[4] == '-' {
		// The machine wants whole seconds.
		if t, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			exact = t.UTC()
			body = t.Format(time.RFC3339) + " " + rest
		}
	}
	m, _ := s.old.Parse([]byte("<13>" + body))
	got, ok := m.(*rfc3164.SyslogMessage)
	if !ok || got.Timestamp == nil {
		h.time = leadingTime(body, s.zone)
		return h
	}
	h.parsed = true
	if h.time = exact; exact.IsZero() {
		h.time = withYear(*got.Timestamp, now, s.zone)
	}
	h.host, h.app, h.procid = deref(got.Hostname), deref(got.Appname), deref(got.ProcID)
	if got.Message != nil {
		h.message = *got.Message
	} else if got.Hostname != nil {
		h.message = ""
	}
	return h
}

// structured reads RFC 5424 and tells whether it was that at all.
func (s *Syslog) structured(h *header, text string) bool {
	m, err := s.new.Parse([]byte(text))
	got, ok := m.(*rfc5424.SyslogMessage)
	if !ok || got.Timestamp == nil && got.Hostname == nil && got.Appname == nil && got.Message == nil {
		return false
	}
	if got.Timestamp != nil {
		h.time = got.Timestamp.UTC()
	}
	h.host, h.app, h.procid, h.msgid = deref(got.Hostname), deref(got.Appname), deref(got.ProcID), deref(got.MsgID)
	if got.StructuredData != nil {
		h.data = *got.StructuredData
	}
	if got.Message != nil {
		h.message = strings.TrimPrefix(*got.Message, "\uFEFF")
	} else if err == nil {
		h.message = "" // otherwise what could not be read remains the message
	}
	h.structured, h.parsed = true, true
	return true
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// cutPriority takes <0> to <191> off the front.
func cutPriority(text string) (int, string) {
	if len(text) < 3 || text[0] != '<' {
		return -1, text
	}
	end := strings.IndexByte(text[:min(len(text), 5)], '>')
	if end < 2 {
		return -1, text
	}
	n := 0
	for _, c := range text[1:end] {
		if c < '0' || c > '9' {
			return -1, text
		}
		n = n*10 + int(c-'0')
	}
	if n > 191 {
		return -1, text
	}
	return n, text[end+1:]
}

// startsWithTime tells whether a header of RFC 3164 may be there: "Oct 11
// 22:14:15" or a time of RFC 3339.
func startsWithTime(s string) bool {
	if len(s) < 16 {
		return false
	}
	if s[3] == ' ' && s[6] == ' ' && s[9] == ':' && s[12] == ':' {
		return true
	}
	return s[4] == '-' && s[7] == '-' && s[10] == 'T'
}

// leadingTime is the time at the front of a line of another form, such as
// "2026-04-17 05:24:53,079 INFO …", zero where there is none.
func leadingTime(s string, zone *time.Location) time.Time {
	s = strings.TrimLeft(s[:min(len(s), 48)], "[ ")
	if len(s) < 19 || s[0] < '0' || s[0] > '9' {
		return time.Time{}
	}
	end := 10
	if s[10] == ' ' {
		end = 11
	}
	for end < len(s) && strings.IndexByte("0123456789:.,TZ+-", s[end]) >= 0 {
		end++
	}
	t, _ := ParseTime(strings.Replace(strings.TrimRight(s[:end], ",.:-"), ",", ".", 1), zone)
	return t
}

// withYear completes a time that has no year, and puts it into the zone.
func withYear(t, now time.Time, zone *time.Location) time.Time {
	if t.Year() != 0 {
		return t.UTC()
	}
	at := func(year int) time.Time {
		return time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone).UTC()
	}
	year := now.In(zone).Year() + 1
	for range 9 { // 29 February needs up to eight years
		if c := at(year); c.Day() != 0 && c.In(zone).Month() == t.Month() && !c.After(now.Add(24*time.Hour)) {
			return c
		}
		year--
	}
	return at(now.In(zone).Year())
}

// embeddedXML is the Windows event that some senders put into the text, with the
// header of the message added to it.
func (s *Syslog) embeddedXML(h header, body string) (Event, bool) {
	e := windowsEvent([]byte(body), "", s.zone)
	if e.Problem != "" {
		return e, false
	}
	o := newObject(256)
	if !h.time.IsZero() {
		o.text("timestamp", h.time.Format(time.RFC3339Nano))
	}
	o.some("host", h.host)
	h.message = ""
	h.fields(o)
	raw := append(e.Raw[:len(e.Raw)-1], `,"syslog":`...)
	e.Raw = append(append(raw, o.done()...), '}')
	return e, true
}

// embedded is the JSON object that some senders put into the text, with the
// header of the message added to it.
func embedded(h header, text string) ([]byte, bool) {
	body := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(h.message), "@cee:"))
	if len(body) < 2 || body[0] != '{' || !utf8.ValidString(body) {
		return nil, false
	}
	var s scanner
	s.reset(Limits{}.withDefaults().Depth)
	if n, v := s.feed([]byte(body)); v != whole || n != len(body) {
		return nil, false
	}
	o := newObject(256)
	if !h.time.IsZero() {
		o.text("timestamp", h.time.Format(time.RFC3339Nano))
	}
	o.some("host", h.host)
	h.message = ""
	h.fields(o)
	raw := bytes.TrimSpace([]byte(body[:len(body)-1]))
	if len(raw) > 1 {
		raw = append(raw, ',')
	}
	raw = append(append(raw, `"syslog":`...), o.done()...)
	raw = append(quote.JSON(append(raw, `,"original":`...), text), '}')
	return raw, true
}
