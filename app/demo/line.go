package demo

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// object builds one flat JSON line by hand: forwarders keep the order of
// fields, and a day must render quickly.
type object struct{ b []byte }

func newObject() *object { return &object{b: append(make([]byte, 0, 512), '{')} }

func (o *object) key(k string) {
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.b = append(appendText(o.b, k), ':')
}

func (o *object) text(k, v string) *object {
	o.key(k)
	o.b = appendText(o.b, v)
	return o
}

func (o *object) number(k string, v int64) *object {
	o.key(k)
	o.b = strconv.AppendInt(o.b, v, 10)
	return o
}

func (o *object) raw(k, v string) *object {
	o.key(k)
	o.b = append(o.b, v...)
	return o
}

func (o *object) inner(k string, in *object) *object {
	o.key(k)
	o.b = append(append(o.b, in.b...), '}')
	return o
}

func (o *object) line() []byte { return append(o.b, '}') }

// appendText appends a JSON string. Bytes that are no UTF-8 do not occur here
// and would become the replacement character.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

const (
	isoMillis = "2006-01-02T15:04:05.000Z"
	sysmonUTC = "2006-01-02 15:04:05.000"
)

// modern is a line of RFC 5424 with the sender's zone in the time.
func modern(at time.Time, zone *time.Location, priority int, host, app string, pid int, message string) []byte {
	b := append(make([]byte, 0, 200), '<')
	b = strconv.AppendInt(b, int64(priority), 10)
	b = append(b, ">1 "...)
	b = at.In(zone).AppendFormat(b, "2006-01-02T15:04:05.000000Z07:00")
	b = append(b, ' ')
	b = append(append(b, host...), ' ')
	b = append(append(b, app...), ' ')
	if pid > 0 {
		b = strconv.AppendInt(b, int64(pid), 10)
	} else {
		b = append(b, '-')
	}
	b = append(b, " - - "...)
	return append(b, message...)
}

// old is a line of RFC 3164. Its time has neither year nor zone; the firewalls
// of the group run on UTC.
func old(at time.Time, priority int, host, app string, message string) []byte {
	b := append(make([]byte, 0, 220), '<')
	b = strconv.AppendInt(b, int64(priority), 10)
	b = append(b, '>')
	b = at.UTC().AppendFormat(b, time.Stamp)
	b = append(b, ' ')
	b = append(append(b, host...), ' ')
	b = append(append(b, app...), ": "...)
	return append(b, message...)
}
