package evtx

import (
	"bytes"
	"hash/crc32"
	"sync/atomic"
	"time"

	"golang.org/x/text/encoding"

	"yagura/kernel/text"
)

// Templates let few bytes stand for many. So each record may become a base
// and a multiple of its size when written out, and beyond that take from what
// the records of its chunk have in common. Honest chunks need a tenth of it.
const (
	renderBase   = 64 << 10
	renderFactor = 16
	renderExtra  = 2 << 20  // what one record may take from the common budget
	renderCommon = 32 << 20 // for each chunk
)

// chunk is the memory its records share: offsets in them count from its start.
type chunk struct {
	data      []byte
	codepage  encoding.Encoding
	names     map[uint32]*name
	templates map[uint32]*template
	parsed    int // bytes of template definitions read, see maxTemplateBytes
	budget    atomic.Int64
}

func newChunk(data []byte, codepage encoding.Encoding) *chunk {
	c := &chunk{data: data, codepage: codepage, names: map[uint32]*name{}, templates: map[uint32]*template{}}
	c.budget.Store(renderCommon)
	return c
}

// readChunk yields the records of a chunk and says whether to go on.
func (r *Reader) readChunk(n int, at int64, data []byte, yield func(*Record, error) bool) bool {
	problem := func(off int, lost bool, reason text.Message) bool {
		return yield(nil, &Problem{Chunk: n, Offset: at + int64(off), Reason: reason, Lost: lost})
	}
	if len(data) < chunkHeader {
		return problem(len(data), true, text.M("the file ends within the head of the chunk"))
	}
	if string(data[:8]) != "ElfChnk\x00" {
		return problem(0, true, text.M("the signature ElfChnk is missing; the chunk is skipped"))
	}
	headOK := crc32.Update(crc32.ChecksumIEEE(data[:120]), crc32.IEEETable, data[128:chunkHeader]) == le.Uint32(data[124:])
	if !headOK && !r.header.Dirty && !problem(124, false, text.M("the checksum of the chunk header is wrong")) {
		return false
	}
	end := int(le.Uint32(data[48:]))
	short := false
	switch {
	case end < chunkHeader || end > chunkSize:
		if !problem(48, false, text.M("the chunk says that its records end at %d, outside of it", end)) {
			return false
		}
		end = len(data)
	case end > len(data):
		end, short = len(data), true
	}
	bodyOK := !short && crc32.ChecksumIEEE(data[chunkHeader:end]) == le.Uint32(data[52:])
	if !bodyOK && !short && !r.header.Dirty && !problem(52, false, text.M("the checksum of the records is wrong")) {
		return false
	}
	w := walk{n: n, at: at, c: newChunk(data, r.Codepage), verified: headOK && bodyOK, yield: yield}
	if !w.records(chunkHeader, end, short) {
		return false
	}
	// What a service wrote last before it was cut off lies behind the end it
	// noted; it belongs to the log while the identifiers go on.
	if r.header.Dirty && !short {
		return w.unnoted(end)
	}
	return true
}

// walk goes along the records of one chunk.
type walk struct {
	n        int
	at       int64
	c        *chunk
	verified bool
	last     uint64
	yield    func(*Record, error) bool
}

var recordMagic = []byte{0x2a, 0x2a, 0, 0}

// whole returns the size of the record at off, or 0 where there is none that
// ends before the end and repeats its size there.
func (w *walk) whole(off, end int) int {
	d := w.c.data
	if off+recordHead+4 > end || !bytes.Equal(d[off:off+4], recordMagic) {
		return 0
	}
	size := le.Uint32(d[off+4:])
	if size < recordHead+4 || size > uint32(end-off) || le.Uint32(d[off+int(size)-4:]) != size {
		return 0
	}
	return int(size)
}

// records yields what lies between off and end. A damaged record costs
// itself: reading goes on with the next that is whole.
func (w *walk) records(off, end int, short bool) bool {
	for off < end {
		size := w.whole(off, end)
		if size == 0 {
			next := w.resync(off+1, end)
			if short && next < 0 {
				return w.problem(off, 0, text.M("the file ends here; the rest of the chunk is missing"))
			}
			var id uint64
			if off+recordHead <= end && bytes.Equal(w.c.data[off:off+4], recordMagic) {
				id = le.Uint64(w.c.data[off+8:])
			}
			reason := text.M("no whole record here; the rest of the chunk is skipped")
			if next >= 0 {
				reason = text.M("no whole record here; reading goes on at offset %d", w.at+int64(next))
			}
			if !w.problem(off, id, reason) {
				return false
			}
			if next < 0 {
				return true
			}
			off = next
			continue
		}
		if !w.record(off, size) {
			return false
		}
		off += size
	}
	if short {
		return w.problem(end, 0, text.M("the file ends here; the rest of the chunk is missing"))
	}
	return true
}

// resync finds the next whole record, or -1. Records begin at multiples of 8.
func (w *walk) resync(off, end int) int {
	for off = (off + 7) &^ 7; off < end; off += 8 {
		if w.whole(off, end) > 0 {
			return off
		}
	}
	return -1
}

func (w *walk) unnoted(off int) bool {
	for {
		size := w.whole(off, len(w.c.data))
		if size == 0 || (w.last != 0 && le.Uint64(w.c.data[off+8:]) != w.last+1) {
			return true
		}
		if !w.record(off, size) {
			return false
		}
		off += size
	}
}

func (w *walk) record(off, size int) bool {
	d := w.c.data
	rec := &Record{
		ID:       le.Uint64(d[off+8:]),
		Written:  filetime(le.Uint64(d[off+16:])),
		Chunk:    w.n,
		Offset:   w.at + int64(off),
		Verified: w.verified,
		chunk:    w.c,
		size:     size,
	}
	w.last = rec.ID
	p := parser{c: w.c, pos: off + recordHead, end: off + size - 4}
	body, err := p.fragment()
	if err != nil {
		return w.problem(err.at, rec.ID, err.reason)
	}
	rec.body = body
	return w.yield(rec, nil)
}

func (w *walk) problem(off int, id uint64, reason text.Message) bool {
	return w.yield(nil, &Problem{Chunk: w.n, Record: id, Offset: w.at + int64(off), Reason: reason, Lost: true})
}

// filetime turns 100 ns steps since 1601-01-01 UTC into a time.
func filetime(v uint64) time.Time {
	const to1970 = 11644473600
	return time.Unix(int64(v/1e7)-to1970, int64(v%1e7)*100).UTC()
}
