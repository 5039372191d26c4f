package telemetry

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
)

// A dump is what a backup holds of the events: a line that says so, then for
// each block the length of its head and of its body, the head as JSON, and the
// packed events. It ends with a head of length zero.

const dumpBegins = "yagura events 1\n"

type dumpHead struct {
	Batch    string `json:"batch"`
	Part     int64  `json:"part"`
	Source   string `json:"source"`
	Unit     string `json:"unit"`
	Product  string `json:"product,omitempty"`
	Category string `json:"category,omitempty"`
	Service  string `json:"service,omitempty"`
	Received int64  `json:"received"`
	Oldest   int64  `json:"oldest"`
	Newest   int64  `json:"newest"`
	Events   int64  `json:"events"`
	Problems int64  `json:"problems,omitempty"`
	Class    string `json:"class,omitempty"` // none: the standard one
	Filed    int64  `json:"filed,omitempty"`
}

// Dump implements Store: one class after the other.
func (s *Victoria) Dump(ctx context.Context, w io.Writer) (events int64, err error) {
	if err := s.findable(ctx); err != nil && !errors.Is(err, victoria.ErrCannot) {
		return 0, err
	}
	out := bufio.NewWriterSize(w, 256<<10)
	out.WriteString(dumpBegins)
	for _, x := range s.shelves {
		n, err := x.dump(ctx, out)
		if events += n; err != nil {
			return events, err
		}
	}
	out.WriteByte(0)
	out.WriteByte(0)
	return events, out.Flush()
}

func (x *shelf) dump(ctx context.Context, out io.Writer) (events int64, err error) {
	q := Query{Scope: authz.Everything(), From: time.Unix(0, 0), To: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), Budget: 1 << 62}
	sc := &scan{a: &asking{node: x.Node, q: &q, elapsed: clock.Stopwatch()}, c: new(Coverage)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	class := x.Name
	if class == Standard {
		class = ""
	}
	place := rung{q.To.UnixMilli(), nil}
	const n = 1024
	for {
		list, next, err := sc.heads(ctx, place, n)
		if err != nil {
			return events, err
		}
		groups := chunks(list, blocksAtOnce)
		coming := sc.fetch(ctx, groups)
		for range groups {
			got := <-coming
			if got.err != nil {
				return events, got.err
			}
			for i := range got.blocks {
				if err := writeBlock(out, &got.blocks[i], class); err != nil {
					return events, err
				}
				events += got.blocks[i].events
			}
		}
		if len(list) < n {
			return events, nil
		}
		place = next
	}
}

func writeBlock(w io.Writer, b *block, class string) error {
	head, err := json.Marshal(dumpHead{b.batch, b.part, b.head.Source, b.head.Unit, b.head.Product, b.head.Category, b.head.Service,
		store.Millis(b.head.Received), b.oldest, b.newest, b.events, b.problems, class, store.Millis(b.head.Filed)})
	if err != nil {
		return err
	}
	var lengths []byte
	lengths = binary.AppendUvarint(lengths, uint64(len(head)))
	lengths = binary.AppendUvarint(lengths, uint64(len(b.packed)))
	for _, p := range [][]byte{lengths, head, b.packed} {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// longest parts of a dump: a batch holds 4 MiB or one event.
const (
	dumpHeadBytes = 1 << 20
	dumpBodyBytes = 256 << 20
)

// Load implements Store.
func (s *Victoria) Load(ctx context.Context, r io.Reader) (events int64, err error) {
	in := bufio.NewReaderSize(r, 256<<10)
	begins := make([]byte, len(dumpBegins))
	if _, err := io.ReadFull(in, begins); err != nil || string(begins) != dumpBegins {
		return 0, errors.New("the events of the backup are of a kind that this version does not know")
	}
	cut := errors.New("the events of the backup are cut off or damaged")
	to := map[*shelf]*writing{}
	defer s.dirty.Store(true)
	for {
		n, err := binary.ReadUvarint(in)
		if err != nil {
			return events, cut
		}
		m, err := binary.ReadUvarint(in)
		if err != nil || n > dumpHeadBytes || m > dumpBodyBytes {
			return events, cut
		}
		if n == 0 {
			for _, w := range to {
				if err := w.flush(ctx, 0); err != nil {
					return events, err
				}
			}
			return events, nil
		}
		both := make([]byte, n+m)
		if _, err := io.ReadFull(in, both); err != nil {
			return events, cut
		}
		var h dumpHead
		if err := json.Unmarshal(both[:n], &h); err != nil {
			return events, fmt.Errorf("%w: %v", cut, err)
		}
		x, err := s.shelf(h.Class)
		if err != nil {
			return events, fmt.Errorf("the backup holds events of the class %s, which telemetry.retention does not have", h.Class)
		}
		w := to[x]
		if w == nil {
			w = &writing{x: x}
			to[x] = w
		}
		b := block{batch: h.Batch, part: h.Part, oldest: h.Oldest, newest: h.Newest, events: h.Events, problems: h.Problems, packed: both[n:],
			head: Event{Batch: h.Batch, Source: h.Source, Unit: h.Unit, Product: h.Product, Category: h.Category, Service: h.Service, Received: store.Time(h.Received), Filed: store.Time(h.Filed)}}
		addBlob(&w.blocks, &b)
		if err := unpack(b.packed, b.head, func(e Event) bool {
			w.events.add(&e)
			return true
		}); err != nil {
			return events, err
		}
		events += b.events
		if len(w.blocks.B)+len(w.events.B) > insertBytes {
			if err := w.flush(ctx, 0); err != nil {
				return events, err
			}
		}
	}
}
