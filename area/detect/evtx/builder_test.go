package evtx

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"unicode/utf16"
)

// The builder writes small logs as the Windows service does: names and
// templates in line where they come first, offsets afterwards. Tests only.

type sub uint16 // a place for a value
type raw []byte // tokens as they are

type el struct {
	name  string
	attrs []at
	kids  []any // string, sub, el or raw
}

type at struct {
	name  string
	value any // string or sub
}

type val struct {
	typ  byte
	data []byte
}

// build is one record: a template and the values that go into it.
type build struct {
	template *el
	values   []val
}

type builder struct {
	data      []byte
	names     map[string]uint32
	templates map[*el]uint32
	inDef     bool
	next      uint64
	first     uint64
}

func newBuilder(first uint64) *builder {
	return &builder{data: make([]byte, chunkHeader), names: map[string]uint32{}, templates: map[*el]uint32{}, next: first, first: first}
}

func (b *builder) bytes(v ...byte) { b.data = append(b.data, v...) }
func (b *builder) u16(v int)       { b.data = le.AppendUint16(b.data, uint16(v)) }
func (b *builder) u32(v int)       { b.data = le.AppendUint32(b.data, uint32(v)) }
func (b *builder) put(at, v int)   { le.PutUint32(b.data[at:], uint32(v)) }

func wide(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = le.AppendUint16(out, u)
	}
	return out
}

func (b *builder) name(s string) {
	if off, ok := b.names[s]; ok {
		b.u32(int(off))
		return
	}
	off := len(b.data) + 4
	b.names[s] = uint32(off)
	b.u32(off)
	b.u32(0)
	b.u16(0)
	b.u16(len(wide(s)) / 2)
	b.data = append(b.data, wide(s)...)
	b.u16(0)
}

func (b *builder) text(s string) {
	b.bytes(tokValue, typeString)
	b.u16(len(wide(s)) / 2)
	b.data = append(b.data, wide(s)...)
}

func (b *builder) element(e el) {
	tok := byte(tokOpen)
	if len(e.attrs) > 0 {
		tok |= 0x40
	}
	b.bytes(tok)
	if b.inDef {
		b.u16(0xffff)
	}
	size := len(b.data)
	b.u32(0)
	b.name(e.name)
	if len(e.attrs) > 0 {
		list := len(b.data)
		b.u32(0)
		for i, a := range e.attrs {
			tok := byte(tokAttr)
			if i+1 < len(e.attrs) {
				tok |= 0x40
			}
			b.bytes(tok)
			b.name(a.name)
			b.piece(a.value)
		}
		b.put(list, len(b.data)-list-4)
	}
	if len(e.kids) == 0 {
		b.bytes(tokEmpty)
	} else {
		b.bytes(tokClose)
		for _, k := range e.kids {
			b.piece(k)
		}
		b.bytes(tokEnd)
	}
	b.put(size, len(b.data)-size-4)
}

func (b *builder) piece(k any) {
	switch k := k.(type) {
	case string:
		b.text(k)
	case sub:
		b.bytes(tokOptional)
		b.u16(int(k))
		b.bytes(typeNull)
	case el:
		b.element(k)
	case raw:
		b.bytes(k...)
	}
}

func (b *builder) instance(t *el, values []val) {
	b.bytes(tokFragment, 1, 1, 0, tokTemplate, 1)
	b.u32(0x1234)
	if off, ok := b.templates[t]; ok {
		b.u32(int(off))
	} else {
		off := len(b.data) + 4
		b.templates[t] = uint32(off)
		b.u32(off)
		b.u32(0)
		b.data = append(b.data, make([]byte, 16)...)
		b.u32(0)
		from := len(b.data)
		b.inDef = true
		b.bytes(tokFragment, 1, 1, 0)
		b.element(*t)
		b.bytes(tokEOF)
		b.inDef = false
		b.put(from-4, len(b.data)-from)
	}
	b.u32(len(values))
	for _, v := range values {
		b.u16(len(v.data))
		b.bytes(v.typ, 0)
	}
	for _, v := range values {
		b.data = append(b.data, v.data...)
	}
}

const written = 133500000000000000 // 2024-01-17T21:20:00Z in 100 ns steps

// record frames what fill writes.
func (b *builder) record(fill func()) {
	at := len(b.data)
	b.data = append(b.data, recordMagic...)
	b.u32(0)
	b.data = le.AppendUint64(b.data, b.next)
	b.data = le.AppendUint64(b.data, written)
	b.next++
	fill()
	for (len(b.data)-at+4)%8 != 0 {
		b.bytes(0)
	}
	size := len(b.data) - at + 4
	b.u32(size)
	b.put(at+4, size)
}

func (b *builder) add(r build) { b.record(func() { b.instance(r.template, r.values) }) }

// chunk is the finished chunk with its checksums.
func (b *builder) chunk() []byte {
	c := make([]byte, chunkSize)
	copy(c, b.data)
	copy(c, "ElfChnk\x00")
	le.PutUint64(c[8:], b.first)
	le.PutUint64(c[16:], b.next-1)
	le.PutUint64(c[24:], b.first)
	le.PutUint64(c[32:], b.next-1)
	le.PutUint32(c[40:], headerSize)
	le.PutUint32(c[48:], uint32(len(b.data)))
	seal(c)
	return c
}

func seal(c []byte) {
	end := min(le.Uint32(c[48:]), chunkSize)
	le.PutUint32(c[52:], crc32.ChecksumIEEE(c[chunkHeader:max(end, chunkHeader)]))
	le.PutUint32(c[124:], crc32.Update(crc32.ChecksumIEEE(c[:120]), crc32.IEEETable, c[128:chunkHeader]))
}

// file puts chunks behind a header block.
func file(flags uint32, chunks ...[]byte) []byte {
	h := make([]byte, headerBlock)
	copy(h, "ElfFile\x00")
	le.PutUint64(h[16:], uint64(max(len(chunks)-1, 0)))
	le.PutUint32(h[32:], headerSize)
	le.PutUint16(h[36:], 2)
	le.PutUint16(h[38:], 3)
	le.PutUint16(h[40:], headerBlock)
	le.PutUint16(h[42:], uint16(len(chunks)))
	le.PutUint32(h[120:], flags)
	le.PutUint32(h[124:], crc32.ChecksumIEEE(h[:120]))
	for _, c := range chunks {
		h = append(h, c...)
	}
	return h
}

func u32v(typ byte, v uint32) val { return val{typ, le.AppendUint32(nil, v)} }
func u64v(typ byte, v uint64) val { return val{typ, le.AppendUint64(nil, v)} }
func str(s string) val            { return val{typeString, wide(s)} }

func f64(v float64) val { return u64v(typeReal64, math.Float64bits(v)) }

// logon is a template in the manner of the security log.
var logon = &el{name: "Event", attrs: []at{{"xmlns", "http://schemas.microsoft.com/win/2004/08/events/event"}}, kids: []any{
	el{name: "System", kids: []any{
		el{name: "Provider", attrs: []at{{"Name", "Works-Terminal"}}},
		el{name: "EventID", attrs: []at{{"Qualifiers", sub(0)}}, kids: []any{sub(1)}},
		el{name: "TimeCreated", attrs: []at{{"SystemTime", sub(2)}}},
		el{name: "Channel", kids: []any{"Security"}},
		el{name: "Computer", kids: []any{sub(3)}},
		el{name: "Security", attrs: []at{{"UserID", sub(5)}}},
	}},
	el{name: "EventData", kids: []any{
		el{name: "Data", attrs: []at{{"Name", "User"}}, kids: []any{sub(4)}},
		el{name: "Data", attrs: []at{{"Name", "Note"}}, kids: []any{sub(6)}},
	}},
}}

func logonEvent(user, note string) build {
	return build{logon, []val{
		{typeNull, nil},
		{typeUint16, binary.LittleEndian.AppendUint16(nil, 4624)},
		u64v(typeFiletime, written),
		str("himeji-pc-07"),
		str(user),
		{typeNull, nil},
		str(note),
	}}
}

// sample is a log of three chunks with n records in all.
func sample(n int) []byte {
	var chunks [][]byte
	next := uint64(1)
	for c := range 3 {
		b := newBuilder(next)
		for i := range n / 3 {
			b.add(logonEvent("operator", "line "+string(rune('A'+(c*7+i)%26))))
		}
		next = b.next
		chunks = append(chunks, b.chunk())
	}
	return file(0, chunks...)
}
