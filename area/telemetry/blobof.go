package telemetry

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/kernel/store"
)

// The projects of the event store: what people ask about, and the packed
// batches, which no question of theirs can reach.
const (
	rowsProject  victoria.Project = 0
	blobsProject victoria.Project = 1
)

// blobBytes is how much of a packed block goes into one row.
const blobBytes = 150_000

// addBlob writes a block as rows of the blobs' project, found by the time of its
// newest event: the packed events in base64, divided where they are long. What
// all events have in common stands in the first.
func addBlob(w *victoria.Line, b *block) {
	body := base64.RawStdEncoding.EncodeToString(b.packed)
	n := chunksOf(len(body))
	for i := range n {
		w.Begin(rowBytes)
		w.Add(fieldTime, time.UnixMilli(b.newest).UTC().Format(rowTime))
		for _, f := range [...]struct{ name, value string }{
			{fieldUnit, b.head.Unit}, {fieldSource, b.head.Source}, {fieldBatch, b.batch},
		} {
			w.Add(f.name, victoria.Encode(f.value))
		}
		num := func(name string, v int64) { w.Add(name, strconv.FormatInt(v, 10)) }
		num("part", b.part)
		num("chunk", int64(i))
		if i == 0 {
			num("chunks", int64(n))
			num("events", b.events)
			num("problems", b.problems)
			num("oldest", b.oldest)
			num("newest", b.newest)
			num("received", b.head.Received.UnixMilli())
			if !b.head.Filed.IsZero() {
				num("filed", b.head.Filed.UnixMilli())
			}
			w.Add("product", victoria.Encode(b.head.Product))
			w.Add("category", victoria.Encode(b.head.Category))
			w.Add("service", victoria.Encode(b.head.Service))
		}
		// A letter before it: nothing that looks like a number is text.
		w.Add(fieldLine, "z"+body[i*blobBytes:min((i+1)*blobBytes, len(body))])
		w.End()
	}
}

func chunksOf(n int) int { return max(1, (n+blobBytes-1)/blobBytes) }

// blobHead are the fields of a block without what is packed.
const blobHead = "batch, part, unit, source, chunks, events, problems, oldest, newest, received, filed, product, category, service"

// readHead reads a block from a row.
func readHead(r *victoria.Row) (b block, chunks int, err error) {
	text := func(v []byte) string { return victoria.Decode(string(v)) }
	num := func(v []byte) (n int64) {
		if err == nil {
			n, err = strconv.ParseInt(string(v), 10, 64)
		}
		return n
	}
	for i := range r.Len() {
		v := r.Value(i)
		switch string(r.Name(i)) {
		case fieldBatch:
			b.batch = text(v)
			b.head.Batch = b.batch
		case "part":
			b.part = num(v)
		case fieldUnit:
			b.head.Unit = text(v)
		case fieldSource:
			b.head.Source = text(v)
		case "chunks":
			chunks = int(num(v))
		case "events":
			b.events = num(v)
		case "problems":
			b.problems = num(v)
		case "oldest":
			b.oldest = num(v)
		case "newest":
			b.newest = num(v)
		case "received":
			b.head.Received = store.Time(num(v))
		case "filed":
			if len(v) > 0 {
				b.head.Filed = store.Time(num(v))
			}
		case "product":
			b.head.Product = text(v)
		case "category":
			b.head.Category = text(v)
		case "service":
			b.head.Service = text(v)
		}
	}
	if err != nil || b.batch == "" {
		return b, 0, fmt.Errorf("event store: a block that cannot be read: %w", err)
	}
	return b, chunks, nil
}

// blobKey names a block.
type blobKey struct {
	batch string
	part  int64
}

// pieces gathers the rows of blocks until each is whole.
type pieces struct {
	heads  map[blobKey]*block
	chunks map[blobKey]int
	bodies map[blobKey]map[int][]byte
}

func newPieces() *pieces {
	return &pieces{map[blobKey]*block{}, map[blobKey]int{}, map[blobKey]map[int][]byte{}}
}

func (p *pieces) add(r *victoria.Row) error {
	k := blobKey{batch: victoria.Decode(string(r.Get(fieldBatch)))}
	var err error
	if k.part, err = strconv.ParseInt(string(r.Get("part")), 10, 64); err != nil {
		return fmt.Errorf("event store: a block that cannot be read: %w", err)
	}
	i, err := strconv.Atoi(string(r.Get("chunk")))
	if err != nil {
		return fmt.Errorf("event store: a block that cannot be read: %w", err)
	}
	if i == 0 {
		b, n, err := readHead(r)
		if err != nil {
			return err
		}
		p.heads[k], p.chunks[k] = &b, n
	}
	if p.bodies[k] == nil {
		p.bodies[k] = map[int][]byte{}
	}
	body := r.Get(fieldLine)
	if len(body) == 0 {
		return fmt.Errorf("event store: block %s.%d is empty", k.batch, k.part)
	}
	p.bodies[k][i] = slices.Clone(body[1:])
	return nil
}

// whole are the blocks of which everything came, with what is packed.
func (p *pieces) whole() (map[blobKey]*block, error) {
	all := map[blobKey]*block{}
	for k, b := range p.heads {
		n := p.chunks[k]
		if len(p.bodies[k]) < n {
			continue
		}
		body := p.bodies[k][0]
		for i := 1; i < n; i++ {
			body = append(body, p.bodies[k][i]...)
		}
		packed := make([]byte, base64.RawStdEncoding.DecodedLen(len(body)))
		if _, err := base64.RawStdEncoding.Decode(packed, body); err != nil {
			return nil, fmt.Errorf("event store: block %s.%d: %w", k.batch, k.part, err)
		}
		b.packed = packed
		all[k] = b
	}
	return all, nil
}
