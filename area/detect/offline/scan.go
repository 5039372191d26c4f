package offline

import (
	"bufio"
	"errors"
	"strings"
	"sync"

	"yagura/area/detect/evtx"
	"yagura/area/detect/sigma"
	"yagura/area/detect/sigma/head"
	"yagura/kernel/text"
)

const (
	batchEvents = 512
	batchBytes  = 1 << 19
	namedErrors = 5 // unreadable events named for each file, the others counted
)

// batch is a run of events for one worker: whole lines, or items of other
// inputs.
type batch struct {
	text  []byte
	first int // number of the first line of text
	log   bool
	items []item
	size  int
	done  chan struct{}
	out   []byte // the lines to print
	bad   []item
	join  []joinHit // hits that correlations join
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
	if !c.link(set, e) {
		return ExitError
	}
	found, failed := false, false
	w := bufio.NewWriterSize(c.out, 1<<16)
	for i, f := range c.files {
		c.file = i
		hit, whole := c.scanFile(e, f, w)
		found, failed = found || hit, failed || !whole
	}
	if c.printJoined(w) {
		found = true
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
	order := make(chan *batch, 2*c.workers)
	free := make(chan *batch, 4*c.workers)
	take := func() *batch {
		select {
		case b := <-free:
			if cap(b.text) > 4*batchBytes {
				b.text = nil // a long line made it large
			}
			b.text, b.items, b.size, b.out, b.bad, b.join = b.text[:0], b.items[:0], 0, b.out[:0], nil, nil
			return b
		default:
			return &batch{done: make(chan struct{}, 1)}
		}
	}
	var wg sync.WaitGroup
	shown := ""
	if len(c.files) > 1 {
		shown = name
	}
	for range c.workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p := newPrinter(e.NewMatcher(), c.hint, shown)
			p.joining(c.joins, c.silent)
			for b := range work {
				p.batch(b)
				b.done <- struct{}{}
			}
		}()
	}
	var inputErr error
	go func() {
		inputErr = c.batches(name, take, func(b *batch) bool {
			order <- b
			work <- b
			return true
		})
		close(work)
		close(order)
	}()
	bad, lost := 0, false
	for b := range order {
		<-b.done
		if len(b.out) > 0 {
			found = true
			w.Write(b.out)
		}
		c.feed(b.join)
		for _, it := range b.bad {
			var p *evtx.Problem
			lost = lost || errors.As(it.err, &p) && p.Lost
			if bad++; bad <= namedErrors {
				c.say(text.M("%s: event %d is not read: %s", name, it.n, c.reason(it.err)))
			}
		}
		select {
		case free <- b:
		default:
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

// batches hands on the events of a file in batches. Lines stay together as they
// were read; the workers take them apart.
func (c *command) batches(name string, take func() *batch, send func(*batch) bool) error {
	in, err := c.open(name)
	if err != nil {
		return err
	}
	defer in.close()
	if in.read == nil {
		return blocks(in, take, send)
	}
	b := take()
	err = in.read(in, func(it item) bool {
		b.items = append(b.items, it)
		if b.size += len(it.raw); len(b.items) >= batchEvents || b.size >= batchBytes {
			send(b)
			b = take()
		}
		return true
	})
	send(b)
	return err
}

// reason is an error in the reader's language where it knows several.
func (c *command) reason(err error) string {
	if m, ok := err.(interface{ Message() text.Message }); ok {
		return c.t(m.Message())
	}
	return err.Error()
}

var timePlaces, hostPlaces = head.Times, head.Hosts

var pickers = sync.Pool{New: func() any { return sigma.NewPicker(timePlaces, hostPlaces) }}

// headOf finds when and where an event happened, as it is written there.
func headOf(raw []byte) (when, host string) {
	p := pickers.Get().(*sigma.Picker)
	defer pickers.Put(p)
	found := p.Pick(nil, raw)
	return found[0], found[1]
}

// lookup is a text of a decoded event by its dotted path.
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
