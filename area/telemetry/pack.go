package telemetry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Events of a batch are packed for the journal and the event store alike: a
// version byte, then per event its ordinal, its time as the difference to the
// one before in milliseconds, and kind, host, problem, document and original,
// each with its length; all of it compressed with zstd (RFC 8878).

const packVersion = 1

var (
	encoders = sync.Pool{New: func() any {
		e, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		return e
	}}
	decoders = sync.Pool{New: func() any {
		d, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		return d
	}}
	buffers = sync.Pool{New: func() any { return new([]byte) }}
)

func pack(events []Event) []byte {
	buf := buffers.Get().(*[]byte)
	b := append((*buf)[:0], packVersion)
	var last int64
	for i := range events {
		e := &events[i]
		ms := e.Time.UnixMilli()
		b = binary.AppendUvarint(b, uint64(e.Ordinal))
		b = binary.AppendVarint(b, ms-last)
		last = ms
		b = appendBytes(b, []byte(e.Kind))
		b = appendBytes(b, []byte(e.Host))
		b = appendBytes(b, []byte(e.Problem))
		b = appendBytes(b, e.Doc)
		if e.Original == nil {
			b = append(b, 0)
		} else {
			b = append(b, 1)
			b = appendBytes(b, e.Original)
		}
	}
	enc := encoders.Get().(*zstd.Encoder)
	out := enc.EncodeAll(b, make([]byte, 0, len(b)/6+64))
	encoders.Put(enc)
	if cap(b) <= 16<<20 {
		*buf = b
		buffers.Put(buf)
	}
	return out
}

func appendBytes(b, v []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

var errPacked = errors.New("telemetry: a packed batch is damaged")

// unpack reads packed events; head gives what they have in common. each is
// called with every event, whose bytes stay valid, until it returns false.
func unpack(packed []byte, head Event, each func(Event) bool) error {
	dec := decoders.Get().(*zstd.Decoder)
	b, err := dec.DecodeAll(packed, nil)
	decoders.Put(dec)
	if err != nil {
		return fmt.Errorf("%w: %v", errPacked, err)
	}
	return unpackRaw(b, head, each)
}

// unpackRaw is unpack of bytes that are decompressed already.
func unpackRaw(b []byte, head Event, each func(Event) bool) error {
	if len(b) == 0 || b[0] != packVersion {
		return fmt.Errorf("%w: version", errPacked)
	}
	r := reader{b: b[1:]}
	var last int64
	kinds := map[string]string{} // few and repeated
	for len(r.b) > 0 {
		e := head
		e.Ordinal = int(r.uvarint())
		last += r.varint()
		e.Time = time.UnixMilli(last).UTC()
		kind := r.bytes()
		k, ok := kinds[string(kind)]
		if !ok {
			k = string(kind)
			kinds[k] = k
		}
		e.Kind = k
		e.Host = string(r.bytes())
		e.Problem = string(r.bytes())
		e.Doc = r.bytes()
		if r.uvarint() == 1 {
			e.Original = r.bytes()
		}
		if r.bad {
			return errPacked
		}
		if !each(e) {
			return nil
		}
	}
	return nil
}

type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}
