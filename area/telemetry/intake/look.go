package intake

import (
	"bytes"
	"encoding/json"
	"time"
)

// Facts are what every event has, whoever wrote it.
type Facts struct {
	Time time.Time // UTC; zero where there is none
	Host string
	Kind string
}

// Names of fields that say when, best first: what the sensor saw goes before
// what somebody on the way noted.
var timeFields = []string{"SystemTime", "system_time", "UtcTime", "@timestamp", "EventTime", "eventTime", "event_time", "TimeGenerated", "TimeGenerated [UTC]", "timestamp",
	"Timestamp", "TimeCreated", "time", "Time", "ts", "_time", "creationTime", "CreationTime", "createdDateTime", "activityDateTime", "eventTimestamp", "__REALTIME_TIMESTAMP", "date_time", "datetime", "published", "EventReceivedTime"}

// Names of fields that say where, best first.
var hostFields = []string{"Computer", "computer_name", "computer", "hostname", "Hostname", "HostName", "host.name", "host", "Host",
	"ComputerName", "DeviceName", "devname", "agent.hostname", "_HOSTNAME", "name"}

var (
	timeRank = rank(timeFields)
	hostRank = rank(hostFields)
)

func rank(names []string) map[string]int {
	m := make(map[string]int, len(names))
	for i, n := range names {
		m[n] = i + 1
	}
	return m
}

// Objects within an event that are looked into, wherever they are.
var inner = map[string]bool{"Event": true, "System": true, "EventData": true, "TimeCreated": true, "#attributes": true,
	"winlog": true, "event_data": true, "host": true, "agent": true, "beat": true, "_source": true, "device": true}

// Look reads time, host and kind out of a valid JSON object, going over it
// once. Times without a zone are taken to be in zone.
func Look(raw []byte, zone *time.Location) Facts {
	w := looker{b: raw, zone: zone, timeBest: len(timeFields) + 1, hostBest: len(hostFields) + 1}
	w.skipSpace()
	w.object(0, "")
	f := Facts{Time: w.time, Host: w.host, Kind: "json"}
	switch {
	case w.eventID && (w.channel || w.provider):
		f.Kind = "windows"
	case w.eventName && w.eventSource:
		f.Kind = "cloudtrail"
	case w.kind != "":
		f.Kind = w.kind
	}
	return f
}

type looker struct {
	b        []byte
	i        int
	zone     *time.Location
	time     time.Time
	host     string
	kind     string
	timeBest int
	hostBest int

	eventID, channel, provider, eventName, eventSource bool
}

func (w *looker) skipSpace() {
	for w.i < len(w.b) && space(w.b[w.i]) {
		w.i++
	}
}

// object walks the members of the object at hand, into inner ones at most
// eight levels deep.
func (w *looker) object(depth int, within string) {
	if w.i >= len(w.b) || w.b[w.i] != '{' {
		return
	}
	w.i++
	for {
		w.skipSpace()
		if w.i >= len(w.b) || w.b[w.i] != '"' {
			if w.i < len(w.b) {
				w.i++
			}
			return
		}
		key := w.str()
		w.skipSpace()
		w.i++ // colon
		w.skipSpace()
		if w.i >= len(w.b) {
			return
		}
		name := string(key)
		if w.b[w.i] == '{' && depth < 8 && inner[name] {
			w.object(depth+1, name)
		} else {
			from := w.i
			w.skipValue()
			w.member(name, within, w.b[from:w.i])
		}
		w.skipSpace()
		if w.i >= len(w.b) || w.b[w.i] != ',' {
			w.i++
			return
		}
		w.i++
	}
}

// str steps over a string and returns what is between its quotes.
func (w *looker) str() []byte {
	w.i++
	from := w.i
	for w.i < len(w.b) {
		n := bytes.IndexByte(w.b[w.i:], '"')
		if n < 0 {
			break
		}
		w.i += n + 1
		back := 0
		for k := w.i - 2; k >= from && w.b[k] == '\\'; k-- {
			back++
		}
		if back%2 == 0 {
			return w.b[from : w.i-1]
		}
	}
	w.i = len(w.b)
	return w.b[from:]
}

// skipValue steps over any value without recursion.
func (w *looker) skipValue() {
	depth := 0
	for w.i < len(w.b) {
		switch c := w.b[w.i]; c {
		case '"':
			w.str()
			if depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return
			}
			if depth--; depth == 0 {
				w.i++
				return
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
		}
		w.i++
	}
}

func (w *looker) member(name, within string, v []byte) {
	switch name {
	case "EventID", "event_id", "EventId":
		w.eventID = true
	case "Channel", "channel", "LogName":
		w.channel = true
	case "Provider", "Provider_Name", "ProviderName", "SourceName", "provider_name":
		w.provider = true
	case "eventName":
		w.eventName = true
	case "eventSource":
		w.eventSource = true
	}
	if len(v) == 0 || len(v) > 256 || v[0] == '{' || v[0] == '[' {
		return
	}
	if r := timeRank[name]; r > 0 && r < w.timeBest && (name != "Time" && name != "time" || within == "") {
		s := unquote(v)
		zone := w.zone
		if name == "UtcTime" || name == "SystemTime" || name == "TimeGenerated [UTC]" {
			zone = time.UTC
		}
		if t, ok := ParseTime(s, zone); ok {
			w.time, w.timeBest = t, r
		}
	}
	if r := hostRank[name]; r > 0 && r < w.hostBest && (name != "name" || within == "host") && v[0] == '"' {
		if s := unquote(v); s != "" && s != "-" {
			w.host, w.hostBest = s, r
		}
	}
}

// unquote is the text of a JSON string or number.
func unquote(v []byte) string {
	if v[0] != '"' {
		return string(v)
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}
