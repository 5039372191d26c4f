package intake

import (
	"path"
	"strings"

	"yagura/kernel/quote"
)

// The Linux audit system writes one event as several records that share a
// serial: SYSCALL, EXECVE, CWD, PATH, PROCTITLE. They are one event to a rule,
// and become one here: fields of all of them, a name that several have with all
// its values, the lines as they came one under the other.

// alone are records that are whole events by themselves.
func alone(typ string) bool {
	for _, p := range []string{"USER_", "CRED_", "ADD_", "DEL_", "SERVICE_", "DAEMON_", "LOGIN", "GRP_", "ACCT_", "CRYPTO_", "SYSTEM_"} {
		if strings.HasPrefix(typ, p) {
			return true
		}
	}
	return false
}

// Join makes one event of all records of one audit event among events that came
// together. Everything else stays as it is, in its order; a joined event stands
// where its first record stood.
func Join(events []Event) []Event {
	j := joiner{}
	for i, e := range events {
		if e.group == "" {
			continue
		}
		// There is something to join at all: go the whole way.
		out := append(make([]Event, 0, len(events)), events[:i]...)
		for _, e := range events[i:] {
			j.add(e, &out)
		}
		j.flush(&out)
		return out
	}
	return events
}

// Open is the place from which on events are records of an audit event that may
// go on in what comes next; len(events) where there is none.
func Open(events []Event) int {
	n := len(events)
	if n == 0 || events[n-1].group == "" || events[n-1].ends {
		return n
	}
	g := events[n-1].group
	for n > 0 && events[n-1].group == g && len(events)-n < 64 {
		n--
	}
	return n
}

// joiner holds the records of events that are not complete yet.
type joiner struct {
	held map[string]*gathered
}

type gathered struct {
	at      int
	records []Event
}

// add puts a record to its event, or an event behind the others. In out an
// event that is being gathered has its place from its first record on.
func (j *joiner) add(e Event, out *[]Event) {
	if e.group == "" {
		*out = append(*out, e)
		return
	}
	if j.held == nil {
		j.held = map[string]*gathered{}
	}
	g := j.held[e.group]
	if g == nil {
		g = &gathered{at: len(*out)}
		j.held[e.group] = g
		*out = append(*out, e)
	}
	if len(g.records) < 512 {
		g.records = append(g.records, e)
	} else {
		*out = append(*out, e)
	}
}

func (j *joiner) flush(out *[]Event) {
	for _, g := range j.held {
		(*out)[g.at] = joined(g.records)
	}
	j.held = nil
}

// joined makes one event of records.
func joined(records []Event) Event {
	if len(records) == 1 {
		return records[0]
	}
	e := records[0]
	size, original := 0, 0
	for _, r := range records {
		size += len(r.Raw)
		original += len(r.Original) + 1
	}
	var order []string
	values := map[string][]string{}
	e.Original = make([]byte, 0, original)
	for i, r := range records {
		if i > 0 {
			e.Original = append(e.Original, '\n')
		}
		e.Original = append(e.Original, r.Original...)
		e.BrokenUTF8 = e.BrokenUTF8 || r.BrokenUTF8
		if e.Problem == "" {
			e.Problem = r.Problem
		}
		flat(r.Raw, func(name, value string) {
			old, ok := values[name]
			if !ok {
				order = append(order, name)
			}
			for _, v := range old {
				if v == value {
					return
				}
			}
			values[name] = append(old, value)
		})
	}
	o := newObject(size)
	for _, name := range order {
		v := values[name]
		switch {
		case name == "original":
			var lines []string
			for _, x := range v {
				lines = append(lines, unquote([]byte(x)))
			}
			o.text(name, strings.Join(lines, "\n"))
		case len(v) == 1:
			o.json(name, []byte(v[0]))
		default:
			o.json(name, []byte("["+strings.Join(v, ",")+"]"))
		}
	}
	if c := values["created"]; len(c) > 0 && len(values["cwd"]) > 0 {
		// what was made, as a whole path
		var made []string
		for _, x := range c {
			if p := unquote([]byte(x)); p != "" && p[0] != '/' {
				p = path.Join(unquote([]byte(values["cwd"][0])), p)
				made = append(made, string(quote.JSON(nil, p)))
			}
		}
		if len(made) > 0 {
			o.json("created_path", []byte("["+strings.Join(made, ",")+"]"))
		}
	}
	e.Raw = o.done()
	return e
}

// flat calls each with the members of an object that has no objects in it that
// matter here.
func flat(raw []byte, each func(name, value string)) {
	w := looker{b: raw}
	w.skipSpace()
	if w.i >= len(raw) || raw[w.i] != '{' {
		return
	}
	w.i++
	for {
		w.skipSpace()
		if w.i >= len(raw) || raw[w.i] != '"' {
			return
		}
		from := w.i
		w.str()
		name := unquote(raw[from:w.i])
		w.skipSpace()
		w.i++
		w.skipSpace()
		from = w.i
		w.skipValue()
		each(name, string(raw[from:min(w.i, len(raw))]))
		w.skipSpace()
		if w.i >= len(raw) || raw[w.i] != ',' {
			return
		}
		w.i++
	}
}
