package offline

import (
	"bufio"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"yagura/area/detect/evtx"
	"yagura/area/detect/sigma"
	"yagura/kernel/text"
)

// finding is one line of output.
type finding struct {
	File   string         `json:"file,omitempty"`
	Line   int            `json:"line"` // from 0
	RuleID string         `json:"rule_id"`
	Title  string         `json:"title"`
	Level  string         `json:"level"`
	Time   string         `json:"time,omitempty"`
	Host   string         `json:"host,omitempty"`
	Tags   []string       `json:"tags"`
	Fields map[string]any `json:"fields"`
}

const (
	batchEvents = 512
	batchBytes  = 1 << 20
	namedErrors = 5 // unreadable events named for each file, the others counted
)

type batch struct {
	items []item
	size  int
	done  chan [][]byte // the lines to print
	bad   []item
}

func (c *command) scan() int {
	if len(c.files) == 0 {
		c.say(text.M("No file of events is given."))
		return ExitError
	}
	if c.format != "jsonl" {
		c.say(text.M("The only format is jsonl, not %q.", c.format))
		return ExitError
	}
	if !c.prepare() {
		return ExitError
	}
	set, ok := c.load()
	if !ok {
		return ExitError
	}
	e, ok := c.compile(set)
	if !ok {
		return ExitError
	}
	found, failed := false, false
	w := bufio.NewWriterSize(c.out, 1<<16)
	for _, f := range c.files {
		hit, whole := c.scanFile(e, f, w)
		found, failed = found || hit, failed || !whole
	}
	if err := w.Flush(); err != nil {
		c.say(text.M("The findings cannot be written: %s", err.Error()))
		return ExitError
	}
	switch {
	case failed:
		return ExitError
	case found:
		return ExitFound
	}
	return ExitClean
}

// scanFile matches a file with all workers and prints in the order of the file.
func (c *command) scanFile(e *sigma.Engine, name string, w *bufio.Writer) (found, whole bool) {
	work := make(chan *batch, c.workers)
	order := make(chan *batch, 4*c.workers)
	var wg sync.WaitGroup
	shown := ""
	if len(c.files) > 1 {
		shown = name
	}
	for range c.workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			m := e.NewMatcher()
			for b := range work {
				b.done <- c.matchBatch(m, b, shown)
			}
		}()
	}
	var inputErr error
	go func() {
		b := &batch{done: make(chan [][]byte, 1)}
		send := func() {
			order <- b
			work <- b
			b = &batch{done: make(chan [][]byte, 1)}
		}
		inputErr = c.input(name, func(it item) bool {
			b.items = append(b.items, it)
			if b.size += len(it.raw); len(b.items) >= batchEvents || b.size >= batchBytes {
				send()
			}
			return true
		})
		send()
		close(work)
		close(order)
	}()
	bad, lost := 0, false
	for b := range order {
		for _, line := range <-b.done {
			found = true
			w.Write(line)
			w.WriteByte('\n')
		}
		for _, it := range b.bad {
			var p *evtx.Problem
			lost = lost || errors.As(it.err, &p) && p.Lost
			if bad++; bad <= namedErrors {
				c.say(text.M("%s: event %d is not read: %s", name, it.n, c.reason(it.err)))
			}
		}
	}
	wg.Wait()
	if bad > namedErrors {
		c.say(text.M("%s: %d events in all were not read.", name, bad))
	}
	if inputErr != nil {
		c.say(text.M("%s is not read to its end: %s", name, c.reason(inputErr)))
	}
	return found, inputErr == nil && !lost
}

// reason is an error in the reader's language where it knows several.
func (c *command) reason(err error) string {
	if m, ok := err.(interface{ Message() text.Message }); ok {
		return c.t(m.Message())
	}
	return err.Error()
}

func (c *command) matchBatch(m *sigma.Matcher, b *batch, file string) [][]byte {
	var out [][]byte
	for _, it := range b.items {
		if it.err != nil {
			b.bad = append(b.bad, it)
			continue
		}
		hits, err := m.Match(it.raw, c.hint)
		if err != nil {
			it.err = err
			b.bad = append(b.bad, it)
			continue
		}
		if len(hits) == 0 {
			continue
		}
		when, host := headOf(it.raw)
		for _, h := range hits {
			f := finding{File: file, Line: it.n, RuleID: h.Rule.ID, Title: h.Rule.Title, Level: h.Rule.Level,
				Time: when, Host: host, Tags: h.Rule.Tags, Fields: fieldsOf(h.Fields)}
			if f.Tags == nil {
				f.Tags = []string{}
			}
			if line, err := json.Marshal(f); err == nil {
				out = append(out, line)
			}
		}
	}
	return out
}

// fieldsOf shows a field with several matching values as a list, and keywords
// under the name "keyword".
func fieldsOf(list []sigma.Matched) map[string]any {
	out := map[string]any{}
	for _, m := range list {
		name := m.Field
		if name == "" {
			name = "keyword"
		}
		switch have := out[name].(type) {
		case nil:
			out[name] = m.Value
		case string:
			if have != m.Value {
				out[name] = []string{have, m.Value}
			}
		case []string:
			out[name] = append(have, m.Value)
		}
	}
	return out
}

var (
	timePlaces = []string{"Event.System.TimeCreated.#attributes.SystemTime", "@timestamp", "TimeCreated", "UtcTime", "eventTime", "time", "timestamp", "published"}
	hostPlaces = []string{"Event.System.Computer", "Computer", "winlog.computer_name", "Hostname", "host.name", "hostname", "host"}
)

// headOf finds when and where an event happened, as it is written there.
func headOf(raw []byte) (when, host string) {
	var ev map[string]any
	if json.Unmarshal(raw, &ev) != nil {
		return "", ""
	}
	first := func(places []string) string {
		for _, p := range places {
			if s := lookup(ev, p); s != "" {
				return s
			}
		}
		return ""
	}
	return first(timePlaces), first(hostPlaces)
}

func lookup(ev map[string]any, path string) string {
	for {
		if s, ok := ev[path].(string); ok {
			return s
		}
		head, rest, ok := strings.Cut(path, ".")
		if !ok {
			return ""
		}
		if ev, ok = ev[head].(map[string]any); !ok {
			return ""
		}
		path = rest
	}
}
