package detect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/area/detect/correlate"
	"yagura/area/detect/sigma"
)

// Event is one thing that happened, as telemetry hands it over.
type Event struct {
	Batch    string // what it was taken in with
	Ordinal  int    // its place in the batch, from 0
	Source   string // id of the stream
	Unit     string // owner when it came; borders are drawn by it
	Time     time.Time
	Received time.Time // zero where it is not known
	Host     string    // as it calls itself; may be empty

	// What Sigma calls the log source, as far as the stream's owner said it.
	Product, Category, Service string

	Doc []byte // one JSON object; not changed by detection
}

// ID names the event for ever.
func (e Event) ID() string { return e.Batch + "." + strconv.Itoa(e.Ordinal) }

func (e Event) hint() sigma.LogSource {
	return sigma.LogSource{Product: e.Product, Category: e.Category, Service: e.Service}
}

// Fields by which a host, a user and a program are known, best first, over the
// kinds of logs we read.
var (
	hostFields  = []string{"Computer", "ComputerName", "Hostname", "hostname", "host", "host.name", "computer_name"}
	userFields  = []string{"User", "TargetUserName", "SubjectUserName", "user", "user.name", "userIdentity.userName", "userIdentity.arn", "cs-username", "acct", "username"}
	imageFields = []string{"Image", "NewProcessName", "SourceImage", "ProcessName", "exe", "process.executable", "app"}
)

// fields looks values up in an event by whole path ("userIdentity.arn") or by
// the last name of it.
type fields struct {
	path map[string]string
	last map[string]string
}

func fieldsOf(doc []byte) fields {
	f := fields{map[string]string{}, map[string]string{}}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if d.Decode(&v) == nil {
		f.walk("", v, 0)
	}
	return f
}

func (f fields) walk(path string, v any, depth int) {
	switch v := v.(type) {
	case map[string]any:
		if depth > 12 {
			return
		}
		for k, inner := range v {
			p := k
			if path != "" {
				p = path + "." + k
			}
			f.walk(p, inner, depth+1)
		}
	case []any:
		for _, inner := range v {
			f.walk(path, inner, depth+1)
		}
	case string:
		f.put(path, v)
	case json.Number:
		f.put(path, v.String())
	case bool:
		f.put(path, strconv.FormatBool(v))
	}
}

func (f fields) put(path, v string) {
	if _, ok := f.path[path]; ok || len(f.path) > 4000 {
		return
	}
	v = short(v)
	f.path[path] = v
	last := path[strings.LastIndexByte(path, '.')+1:]
	// Of several the first in the order of letters counts, so that the answer does
	// not depend on the order of a map.
	if old, ok := f.last[last]; !ok || old > v {
		f.last[last] = v
	}
}

func (f fields) get(name string) string {
	if v, ok := f.path[name]; ok {
		return v
	}
	return f.last[name]
}

func (f fields) first(names []string) string {
	for _, n := range names {
		if v := f.get(n); v != "" && v != "-" {
			return v
		}
	}
	return ""
}

const longestValue = 300

// short is a value as it stands in lists: valid, of one line, at most 300
// letters.
func short(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > longestValue {
		s = string([]rune(s)[:longestValue]) + "…"
	}
	return s
}

// thing is what a hit is about.
type thing struct {
	host, user, image string
	entity            []Pair
	key               string
	joints            []joint        // by which its alert may belong to a story
	approx            correlate.Kind // of the correlation that fired, where it is not exact
}

// thingOf tells what a hit is about, and the key by which hits are the same
// alert: rule, unit and the values of the rule's fields, in small letters.
func thingOf(r *Rule, e Event) thing {
	f := fieldsOf(e.Doc)
	t := thing{host: short(e.Host), user: f.first(userFields), image: f.first(imageFields)}
	if t.host == "" {
		t.host = f.first(hostFields)
	}
	if len(r.Group) > 0 {
		for _, name := range r.Group {
			t.entity = append(t.entity, Pair{name, f.get(name)})
		}
	} else {
		t.entity = []Pair{{"host", t.host}, {"user", t.user}, {"image", t.image}}
	}
	parts := []string{r.ID, e.Unit}
	some := false
	for _, p := range t.entity {
		some = some || p.Value != ""
		parts = append(parts, p.Field, strings.ToLower(p.Value))
	}
	if !some { // it names nothing: then the stream it came by stands for it
		parts = append(parts, "source", e.Source)
	}
	t.key = keyOf(parts...)
	t.joints = jointsOf(t, e.Unit, f)
	return t
}

func keyOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
