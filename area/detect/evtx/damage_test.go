package evtx

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/kernel/text"
)

func TestNotALog(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty":     {},
		"short":     []byte("ElfFile\x00"),
		"something": bytes.Repeat([]byte("PK\x03\x04"), 2000),
	} {
		_, err := NewReader(bytes.NewReader(b), int64(len(b)))
		var p *Problem
		if !errors.As(err, &p) || !p.Lost || p.Message().In(text.JA) == p.Message().In(text.EN) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// However short a log is cut, what is left is read, what is missing is said.
func TestTruncated(t *testing.T) {
	log := sample(300)
	all, problems := read(t, log)
	if len(all) != 300 || len(problems) > 0 {
		t.Fatalf("%d records, %v", len(all), problems)
	}
	for n := headerSize; n < len(log); n += 512 {
		got, problems := read(t, log[:n])
		if len(got) > len(all) || !slices.Equal(got, all[:len(got)]) {
			t.Fatalf("cut at %d: records differ from those of the whole log", n)
		}
		if len(got) < len(all) && len(problems) == 0 {
			t.Fatalf("cut at %d: %d records are missing and nothing says so", n, len(all)-len(got))
		}
		if len(problems) > 3 {
			t.Fatalf("cut at %d: %d problems", n, len(problems))
		}
		for _, p := range problems {
			if !p.Lost || p.Offset > int64(n) && p.Chunk >= 0 {
				t.Fatalf("cut at %d: %v", n, p)
			}
		}
	}
}

// One damaged record costs itself only, and its place is named.
func TestDamagedRecord(t *testing.T) {
	b := newBuilder(1)
	var starts []int
	for range 5 {
		starts = append(starts, len(b.data))
		b.add(logonEvent("a", "b"))
	}
	whole := b.chunk()
	for _, c := range []struct {
		name   string
		damage func(c []byte)
		at     int
		reason string
	}{
		{"signature", func(c []byte) { c[starts[2]] = 0 }, starts[2], "no whole record here; reading goes on at offset"},
		{"size", func(c []byte) { c[starts[2]+4] = 0xff }, starts[2], "no whole record here"},
		{"repeated size", func(c []byte) { c[starts[3]-1] = 0xff }, starts[2], "no whole record here"},
		{"token", func(c []byte) { c[starts[2]+28] = 0x3f }, starts[2] + 28, "token 0x3f is not known"},
		{"template", func(c []byte) { le.PutUint32(c[starts[2]+34:], 0xfffff) }, starts[2] + 38, "a template lies outside of the chunk"},
		{"value count", func(c []byte) { le.PutUint32(c[starts[2]+38:], 0xfffff) }, starts[2] + 38, "1048575 values do not fit"},
		{"value size", func(c []byte) { le.PutUint16(c[starts[2]+42:], 0xffff) }, 0, "more than the record"},
	} {
		chunk := slices.Clone(whole)
		c.damage(chunk)
		seal(chunk)
		got, problems := read(t, file(0, chunk))
		if len(got) != 4 || len(problems) != 1 || !strings.Contains(problems[0].Error(), c.reason) {
			t.Errorf("%s: %d records, %v", c.name, len(got), problems)
			continue
		}
		if want := int64(headerBlock + c.at); c.at > 0 && problems[0].Offset != want {
			t.Errorf("%s: offset %d, want %d", c.name, problems[0].Offset, want)
		}
		if r := problems[0].Record; r != 3 && c.name != "signature" {
			t.Errorf("%s: record %d, want 3", c.name, r)
		}
	}
}

// A flipped bit in a closed log is told; the records are read all the same.
func TestChecksums(t *testing.T) {
	log := sample(9)
	for _, c := range []struct {
		name string
		at   int
		want string
	}{
		{"file header", 30, "the checksum of the file header is wrong"},
		{"chunk header", headerBlock + 130, "the checksum of the chunk header is wrong"},
		{"records", headerBlock + chunkHeader + 17, "the checksum of the records is wrong"},
	} {
		bad := slices.Clone(log)
		bad[c.at] ^= 1
		got, problems := read(t, bad)
		if len(got) != 9 || len(problems) != 1 || problems[0].Lost || !strings.Contains(problems[0].Error(), c.want) {
			t.Errorf("%s: %d records, %v", c.name, len(got), problems)
		}
	}
}

// A log that was not closed holds more than it counts, and old checksums.
func TestUnfinished(t *testing.T) {
	b := newBuilder(1)
	var noted int
	for i := range 5 {
		b.add(logonEvent("a", "b"))
		if i == 1 {
			noted = len(b.data)
		}
	}
	c := b.chunk()
	le.PutUint32(c[48:], uint32(noted))
	log := file(1, c)
	le.PutUint16(log[42:], 0)
	le.PutUint32(log[124:], 0) // then the header's own checksum is old as well
	r, err := NewReader(bytes.NewReader(log), int64(len(log)))
	if err != nil || !r.Header().Dirty {
		t.Fatal(err)
	}
	got, problems := read(t, log)
	if len(got) != 5 || len(problems) != 1 || problems[0].Lost {
		t.Errorf("%d records, %v", len(got), problems)
	}
	// A closed log ends where it says.
	log = file(0, c)
	if got, _ := read(t, log); len(got) != 2 {
		t.Errorf("%d records in the closed log, want 2", len(got))
	}
}

func TestEmptyAndBrokenChunks(t *testing.T) {
	b := newBuilder(1)
	b.add(logonEvent("a", "b"))
	got, problems := read(t, file(0, make([]byte, chunkSize), bytes.Repeat([]byte{7}, chunkSize), b.chunk()))
	if len(got) != 1 || len(problems) != 1 || problems[0].Chunk != 1 || problems[0].Offset != headerBlock+chunkSize {
		t.Errorf("%d records, %v", len(got), problems)
	}
	if got, problems := read(t, file(0)); len(got)+len(problems) > 0 {
		t.Errorf("a log without events: %v %v", got, problems)
	}
}

// Logs made to hurt end quickly, with a reason, and take nobody else along.
func TestHostile(t *testing.T) {
	deep := el{name: "d"}
	for range 400 {
		deep = el{name: "d", kids: []any{deep}}
	}
	long := str(strings.Repeat("x", 15000))
	var many []any
	for range 4000 {
		many = append(many, sub(0))
	}
	echo := &el{name: "Event", kids: many}
	for _, c := range []struct {
		name string
		fill func(b *builder)
		want string
	}{
		{"deep elements", func(b *builder) { b.add(build{&deep, nil}) }, "nested more than 128 deep"},
		{"a template that contains itself", func(b *builder) {
			b.record(func() {
				b.bytes(tokFragment, 1, 1, 0, tokTemplate, 1)
				b.u32(1)
				off := len(b.data) + 4
				b.u32(off)
				b.data = append(b.data, make([]byte, 20)...)
				b.u32(14)
				b.bytes(tokFragment, 1, 1, 0, tokTemplate, 1)
				b.u32(1)
				b.u32(off)
				b.u32(0)
			})
		}, "a template within a template"},
		{"few bytes that stand for many", func(b *builder) {
			b.add(build{echo, []val{long}})
		}, "grows beyond"},
		{"white space without end", func(b *builder) {
			b.add(build{echo, []val{str(strings.Repeat(" ", 15000))}})
		}, "grows beyond"},
		{"fragments in fragments", func(b *builder) {
			var nest func(depth int)
			nest = func(depth int) {
				if depth == 0 {
					b.instance(echo, []val{str("x")})
					return
				}
				b.instance(echo, []val{{typeBinXML, nil}})
				size, from := len(b.data)-4, len(b.data)
				nest(depth - 1)
				le.PutUint16(b.data[size:], uint16(len(b.data)-from))
			}
			b.record(func() { nest(8) })
		}, "grows beyond"},
		{"too many fragments in fragments", func(b *builder) {
			one := &el{name: "Event", kids: []any{sub(0)}}
			var sizes []int
			b.record(func() {
				for range 40 {
					b.instance(one, []val{{typeBinXML, nil}})
					sizes = append(sizes, len(b.data))
				}
				for _, from := range sizes {
					le.PutUint16(b.data[from-4:], uint16(len(b.data)-from))
				}
			})
		}, "nested more than 16 deep"},
	} {
		start := time.Now()
		b := newBuilder(1)
		c.fill(b)
		b.add(logonEvent("next", "one"))
		got, problems := read(t, file(0, b.chunk()))
		if len(got) == 0 {
			t.Errorf("%s: the next record is lost: %v", c.name, problems)
		}
		if c.want != "" && (len(problems) != 1 || !strings.Contains(problems[0].Error(), c.want)) {
			t.Errorf("%s: %v", c.name, problems)
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%s: took %v", c.name, d)
		}
	}
}

// A whole chunk of records, each of which wants all it can get.
func TestHostileChunk(t *testing.T) {
	var many []any
	for range 4000 {
		many = append(many, sub(0))
	}
	echo := &el{name: "Event", kids: many}
	b := newBuilder(1)
	for len(b.data) < chunkSize-512 {
		b.add(build{echo, []val{str(strings.Repeat("x", 100))}})
	}
	start := time.Now()
	_, problems := read(t, file(0, b.chunk()))
	if d := time.Since(start); len(problems) == 0 || d > 3*time.Second {
		t.Errorf("%d problems, took %v", len(problems), d)
	}
}

// FuzzFile changes anything in small logs, checksums not looked at.
func FuzzFile(f *testing.F) {
	b := newBuilder(1)
	b.add(logonEvent("a", "b"))
	b.add(logonEvent("c", "d"))
	f.Add(file(0, b.chunk()[:len(b.data)]))
	f.Fuzz(func(t *testing.T, log []byte) {
		if _, err := NewReader(bytes.NewReader(log), int64(len(log))); err == nil && len(log) < 4*chunkSize {
			read(t, log)
		}
	})
}

// FuzzRecord changes the binary XML of one record, which is framed afresh.
func FuzzRecord(f *testing.F) {
	seed := func(r ...build) {
		b := newBuilder(1)
		for _, r := range r {
			b.add(r)
		}
		f.Add(b.data[chunkHeader+recordHead:])
	}
	seed(logonEvent("a", "b"))
	seed(logonEvent("a", "b"), logonEvent("c", "d"))
	seed(build{&el{name: "Event", kids: []any{el{name: "A", kids: []any{sub(0), sub(1), raw{tokCharRef, 65, 0}}}}},
		[]val{{typeString | typeArray, wide("x\x00y\x00")}, u64v(typeFiletime, written)}})
	f.Fuzz(func(t *testing.T, body []byte) {
		b := newBuilder(1)
		b.record(func() { b.data = append(b.data, body...) })
		if len(b.data) > chunkSize {
			return
		}
		log := file(0, b.chunk())
		read(t, log)
		r, err := NewReader(bytes.NewReader(log), int64(len(log)))
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range r.Records() {
			if err == nil {
				_, _ = rec.XML()
			}
		}
	})
}
