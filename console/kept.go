package console

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Holes are the values of a kept page that differ from reader to reader, by the
// marks that stand for them in its data. Each stands in text or in a quoted
// attribute, and is whole there but for what the view puts around it.
type Holes map[string]string

// Hole is the mark of a value: nothing in it is changed by any escaping.
func Hole(name string) string { return "yaguraHole0" + name + "0" }

// keptMost bounds how many forms of pages are kept.
const keptMost = 500

// kept are pages that are the same for everybody but for a few values. Each form
// is rendered and compressed once; then only the values are filled in.
type kept struct {
	mu    sync.Mutex
	forms map[string]*form
}

// form is a page in pieces.
type form struct{ pieces []piece }

// piece is text that stays, and after it the mark of a value; the last has none.
type piece struct {
	text   []byte
	packed []byte // the text as blocks of DEFLATE that end at a byte and look back at nothing before them
	hole   string
}

// RenderKept is Render for a page that strangers ask for again and again. key
// names everything that data holds besides the holes: it says which form it is.
// With a sentence from the page before it is drawn for once.
func (c *Context) RenderKept(view, key string, data any, holes Holes) error {
	k := c.console
	if c.SignedIn() {
		return fmt.Errorf("console: the page %s is one reader's and is not kept", view)
	}
	key = strings.Join([]string{c.area.Name, view, string(c.Lang), theme(c.R), key}, "\x00")
	k.kept.mu.Lock()
	f := k.kept.forms[key]
	k.kept.mu.Unlock()
	own := k.shellOf(c, nil)
	if f == nil || len(own.Flashes) > 0 {
		sh := own
		blank := *c
		blank.ID = Hole("id")
		sh.D, sh.C, sh.Path, sh.Printed = data, &blank, Hole("path"), Hole("printed")
		page, err := k.draw(&blank, view, sh)
		if err != nil {
			return err
		}
		if f, err = newForm(page); err != nil {
			return err
		}
		k.kept.mu.Lock()
		if k.kept.forms == nil {
			k.kept.forms = map[string]*form{}
		}
		if len(own.Flashes) == 0 && len(k.kept.forms) < keptMost {
			k.kept.forms[key] = f
		}
		k.kept.mu.Unlock()
	}
	values := Holes{Hole("id"): c.ID, Hole("path"): own.Path, Hole("printed"): own.Printed}
	for mark, v := range holes {
		values[mark] = v
	}
	var b []byte
	if acceptsGzip(c.R) {
		b = f.packed(values)
		c.W.Header().Set("Content-Encoding", "gzip")
	} else {
		b = f.plain(values)
	}
	c.W.Header().Set("Content-Length", strconv.Itoa(len(b)))
	k.send(c, http.StatusOK, b)
	return nil
}

// newForm takes a page with marks apart.
func newForm(page []byte) (*form, error) {
	f := &form{}
	start := []byte(Hole(""))[:len(Hole(""))-1]
	for {
		p := piece{text: page}
		at := bytes.Index(page, start)
		if at >= 0 {
			end := bytes.IndexByte(page[at+len(start):], '0')
			if end < 0 {
				return nil, fmt.Errorf("console: a mark has no end")
			}
			end += at + len(start) + 1
			p.text, p.hole = page[:at], string(page[at:end])
			page = page[end:]
		}
		var b bytes.Buffer
		z, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			return nil, err
		}
		z.Write(p.text)
		if err := z.Flush(); err != nil {
			return nil, err
		}
		p.packed = b.Bytes()
		f.pieces = append(f.pieces, p)
		if at < 0 {
			return f, nil
		}
	}
}

func (f *form) plain(values Holes) []byte {
	var b []byte
	for _, p := range f.pieces {
		b = append(b, p.text...)
		b = append(b, template.HTMLEscapeString(values[p.hole])...)
	}
	return b
}

// packed is the page as gzip (RFC 1952). Values are blocks that are stored as
// they are (RFC 1951 §3.2.4), so how long the answer is tells nothing about what
// a value has in common with the page.
func (f *form) packed(values Holes) []byte {
	b := append(make([]byte, 0, 8<<10), 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)
	sum, size := uint32(0), uint32(0)
	for _, p := range f.pieces {
		b = append(b, p.packed...)
		value := []byte(template.HTMLEscapeString(values[p.hole]))
		for _, said := range [][]byte{p.text, value} {
			sum, size = crc32.Update(sum, crc32.IEEETable, said), size+uint32(len(said))
		}
		for len(value) > 0 {
			n := min(len(value), 0xffff)
			b = append(b, 0, byte(n), byte(n>>8), byte(^n), byte(^n>>8))
			b, value = append(b, value[:n]...), value[n:]
		}
	}
	b = append(b, 1, 0, 0, 0xff, 0xff) // the last block, empty
	b = binary.LittleEndian.AppendUint32(b, sum)
	return binary.LittleEndian.AppendUint32(b, size)
}
