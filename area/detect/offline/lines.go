package offline

import (
	"bytes"
	"errors"
	"io"
)

// blocks hands on what is read as batches of whole lines. A line that is too
// long becomes an item that says so. send answers false to end it.
func blocks(in *input, take func() *batch, send func(*batch) bool) error {
	n, tooLong := 0, false
	b := take()
	for {
		if len(b.text) == cap(b.text) {
			b.text = append(make([]byte, 0, min(max(batchBytes, 2*cap(b.text)), maxLine+1)), b.text...)
		}
		m, err := in.Read(b.text[len(b.text):cap(b.text)])
		b.text = b.text[:len(b.text)+m]
		if err == nil && len(b.text) < cap(b.text) {
			continue
		}
		if tooLong {
			k := bytes.IndexByte(b.text, '\n')
			if k < 0 && err == nil {
				b.text = b.text[:0]
				continue
			}
			bad := take()
			bad.items = append(bad.items, item{n: n, err: errLong})
			if !send(bad) {
				return nil
			}
			n, tooLong = n+1, false
			if k < 0 {
				k = len(b.text) - 1
			}
			b.text = append(b.text[:0], b.text[k+1:]...)
			if err == nil {
				continue
			}
		}
		cut := bytes.LastIndexByte(b.text, '\n') + 1
		switch {
		case errors.Is(err, io.EOF):
			cut = len(b.text)
		case cut == 0 && err == nil:
			if tooLong = len(b.text) > maxLine; tooLong {
				b.text = b.text[:0]
			}
			continue
		}
		next := take()
		next.text = append(next.text, b.text[cut:]...)
		b.text, b.first, b.log = b.text[:cut], n, in.log
		n += bytes.Count(b.text, []byte{'\n'})
		if len(b.text) > 0 && !send(b) {
			return nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		b = next
	}
}

// each calls do for the lines of a batch until it answers false.
func (b *batch) each(do func(item) bool) bool {
	n := b.first
	for rest := b.text; len(rest) > 0; n++ {
		line := rest
		if k := bytes.IndexByte(rest, '\n'); k >= 0 {
			line, rest = rest[:k], rest[k+1:]
		} else {
			rest = nil
		}
		if it := lineItem(n, line, b.log); (len(it.raw) > 0 || it.err != nil) && !do(it) {
			return false
		}
	}
	for _, it := range b.items {
		if !do(it) {
			return false
		}
	}
	return true
}

// eachLine calls do for every line that is not empty until it answers false.
// The lines are do's to keep.
func eachLine(in *input, do func(item) bool) error {
	return blocks(in, func() *batch { return &batch{} }, func(b *batch) bool { return b.each(do) })
}

// lineItem is the event that stands in a line.
func lineItem(n int, line []byte, log bool) item {
	if n == 0 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	it := item{n: n, raw: bytes.TrimSpace(line)}
	if log && len(it.raw) > 0 && it.raw[0] != '{' {
		it.raw, it.err = wrap(it.raw)
	}
	return it
}
