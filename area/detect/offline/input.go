package offline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/klauspost/compress/gzip"

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

// input is an open file of events.
type input struct {
	io.Reader
	log    bool                                // lines need not be JSON
	read   func(*input, func(item) bool) error // nil: line by line
	closes []io.Closer
}

func (in *input) close() {
	for _, c := range in.closes {
		c.Close()
	}
}

// open finds out in which form the events of a file come.
func (c *command) open(name string) (*input, error) {
	in := &input{}
	if name == "-" {
		in.Reader = c.stdin
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		in.Reader, in.closes = f, append(in.closes, f)
	}
	kind := strings.ToLower(name)
	if plain, ok := strings.CutSuffix(kind, ".gz"); ok {
		z, err := gzip.NewReader(bufio.NewReaderSize(in.Reader, 1<<16))
		if err != nil {
			in.close()
			return nil, err
		}
		in.Reader, in.closes, kind = z, append(in.closes, z), plain
	}
	switch filepath.Ext(kind) {
	case ".evtx":
		in.read = events
	case ".json":
		b := bufio.NewReaderSize(in.Reader, 1<<16)
		if in.Reader = b; !lineByLine(b) {
			in.read = objects
		}
	case ".log":
		in.log = true
	}
	return in, nil
}

// input calls do for every event of a file until it answers false. The error
// says that the file was not read to its end.
func (c *command) input(name string, do func(item) bool) error {
	in, err := c.open(name)
	if err != nil {
		return err
	}
	defer in.close()
	if in.read != nil {
		return in.read(in, do)
	}
	return eachLine(in, do)
}

// events reads a Windows event log. Compressed ones are unpacked in memory.
func events(in *input, do func(item) bool) error {
	var at io.ReaderAt
	var size int64
	if f, ok := in.Reader.(*os.File); ok {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		at, size = f, info.Size()
	} else {
		all, err := io.ReadAll(io.LimitReader(in, 4<<30))
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
func objects(in *input, do func(item) bool) error {
	r := in.Reader
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

var errLong = fmt.Errorf("the line is longer than %d MiB", maxLine>>20)

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
