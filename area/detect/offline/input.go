package offline

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"yagura/area/detect/evtx"
)

// maxLine is the longest event in bytes; longer ones are named and left out.
const maxLine = 64 << 20

// item is one event of an input, or what was there instead.
type item struct {
	n   int // from 0, in the order of the file
	raw []byte
	err error
}

// input calls do for every event of a file until it answers false. The error
// says that the file was not read to its end.
func (c *command) input(name string, do func(item) bool) error {
	var r io.Reader
	if name == "-" {
		r = c.stdin
	} else {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		r = f
	}
	kind := strings.ToLower(name)
	if plain, ok := strings.CutSuffix(kind, ".gz"); ok {
		z, err := gzip.NewReader(r)
		if err != nil {
			return err
		}
		defer z.Close()
		r, kind = z, plain
	}
	switch filepath.Ext(kind) {
	case ".evtx":
		return events(r, do)
	case ".json":
		b := bufio.NewReaderSize(r, 1<<16)
		if !lineByLine(b) {
			return objects(b, do)
		}
		r = b
	}
	return eachLine(r, filepath.Ext(kind) == ".log", do)
}

// events reads a Windows event log. Compressed ones are unpacked in memory.
func events(r io.Reader, do func(item) bool) error {
	var at io.ReaderAt
	var size int64
	if f, ok := r.(*os.File); ok {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		at, size = f, info.Size()
	} else {
		all, err := io.ReadAll(io.LimitReader(r, 4<<30))
		if err != nil {
			return err
		}
		at, size = bytes.NewReader(all), int64(len(all))
	}
	log, err := evtx.NewReader(at, size)
	if err != nil {
		return err
	}
	n := 0
	for rec, err := range log.Records() {
		it := item{n: n, err: err}
		if err == nil {
			it.raw, it.err = rec.JSON()
			n++
		}
		if !do(it) {
			return nil
		}
	}
	return nil
}

// lineByLine reports whether the first line is a whole JSON value: files named
// .json hold either one event a line or one or more events over many lines.
func lineByLine(b *bufio.Reader) bool {
	head, err := b.Peek(1 << 16)
	if len(head) == 0 {
		return true
	}
	line, _, more := bytes.Cut(bytes.TrimLeft(head, " \r\n\t\ufeff"), []byte{'\n'})
	if !more && !errors.Is(err, io.EOF) {
		return len(line) == 0 || line[0] == '{' // a line longer than what was looked at
	}
	line = bytes.TrimSpace(line)
	return len(line) > 0 && line[0] == '{' && json.Valid(line)
}

// objects reads JSON objects that follow each other or stand in an array.
func objects(r io.Reader, do func(item) bool) error {
	d := json.NewDecoder(r)
	n, inArray := 0, false
	for {
		if inArray && !d.More() {
			if _, err := d.Token(); err != nil {
				return err
			}
			inArray = false
		}
		if !inArray {
			// An array is entered, so that its elements count one by one.
			var first json.RawMessage
			b := bufio.NewReader(io.MultiReader(d.Buffered(), r))
			c, err := firstByte(b)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			r = b
			d = json.NewDecoder(r)
			if c == '[' {
				if _, err := d.Token(); err != nil {
					return err
				}
				inArray = true
				continue
			}
			if err := d.Decode(&first); err != nil {
				return fmt.Errorf("event %d: %w", n, err)
			}
			if !do(item{n: n, raw: first}) {
				return nil
			}
			n++
			continue
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("event %d: %w", n, err)
		}
		if !do(item{n: n, raw: raw}) {
			return nil
		}
		n++
	}
}

func firstByte(b *bufio.Reader) (byte, error) {
	for {
		c, err := b.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c, b.UnreadByte()
		}
	}
}

func eachLine(r io.Reader, log bool, do func(item) bool) error {
	b := bufio.NewReaderSize(r, 1<<20)
	for n := 0; ; n++ {
		line, err := readLine(b)
		if len(line) == 0 && errors.Is(err, io.EOF) {
			return nil
		}
		it := item{n: n}
		switch {
		case errors.Is(err, errLong):
			it.err, err = err, nil
		case err != nil && !errors.Is(err, io.EOF):
			return err
		default:
			it.raw = bytes.TrimSpace(line)
			if n == 0 {
				it.raw = bytes.TrimPrefix(it.raw, []byte("\ufeff"))
			}
			if log && len(it.raw) > 0 && it.raw[0] != '{' {
				it.raw, it.err = wrap(it.raw)
			}
		}
		if (len(it.raw) > 0 || it.err != nil) && !do(it) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
}

var errLong = fmt.Errorf("the line is longer than %d MiB", maxLine>>20)

// readLine returns a copy of the next line.
func readLine(b *bufio.Reader) ([]byte, error) {
	var out []byte
	for {
		part, err := b.ReadSlice('\n')
		if len(out)+len(part) <= maxLine {
			out = append(out, part...)
		} else {
			out = out[:maxLine:maxLine]
			if err == nil || errors.Is(err, io.EOF) {
				return nil, errLong
			}
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return out, err
		}
	}
}

// A line of syslog as programs write it to files: time, host, program, text.
var syslog = regexp.MustCompile(`^(?:<\d+>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) (\S+) ([^\s:\[]+)(?:\[\d+\])?: (.*)$`)

// wrap makes an event of a line that is no JSON: its text as "message", with
// the host and program in front of it when it is syslog.
func wrap(line []byte) ([]byte, error) {
	ev := map[string]string{"message": string(line)}
	if m := syslog.FindSubmatch(line); m != nil {
		ev["hostname"], ev["appname"], ev["message"] = string(m[1]), string(m[2]), string(m[3])
	}
	return json.Marshal(ev)
}
