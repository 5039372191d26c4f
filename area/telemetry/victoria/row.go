package victoria

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Row is one row of an answer: names and values in the order they came. Bytes
// are valid until the next row is read.
type Row struct {
	names, values [][]byte
	kept          []byte // what had to be unescaped
}

// Len is how many fields it has.
func (r *Row) Len() int { return len(r.names) }

// Name is the name of the i-th field.
func (r *Row) Name(i int) []byte { return r.names[i] }

// Value is the value of the i-th field.
func (r *Row) Value(i int) []byte { return r.values[i] }

// Get is the value of a field; empty where there is none.
func (r *Row) Get(name string) []byte {
	for i, n := range r.names {
		if string(n) == name {
			return r.values[i]
		}
	}
	return nil
}

// longestRow is more than any row of a store can be.
const longestRow = 64 << 20

func readRows(body io.Reader, each func(*Row) bool) error {
	in := bufio.NewReaderSize(body, 256<<10)
	var row Row
	var long []byte
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if long = append(long, line...); len(long) > longestRow {
				return fmt.Errorf("event store: a row of more than %d bytes", longestRow)
			}
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("event store: %w", err)
		}
		if len(long) > 0 {
			long = append(long, line...)
			line = long
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if line[0] != '{' { // an error behind rows that were sent already
				return &Refused{Status: 200, Words: string(line[:min(len(line), 4<<10)])}
			}
			if err := row.read(line); err != nil {
				return err
			}
			if !each(&row) {
				return nil
			}
		}
		long = long[:0]
		if err != nil {
			return nil
		}
	}
}

var errRow = errors.New("event store: a row that cannot be read")

// read takes a flat JSON object of texts apart.
func (r *Row) read(b []byte) error {
	r.names, r.values, r.kept = r.names[:0], r.values[:0], r.kept[:0]
	i := 1
	for i < len(b) && b[i] != '}' {
		if b[i] == ',' {
			i++
		}
		name, n, err := r.text(b[i:])
		if err != nil {
			return err
		}
		i += n
		if i >= len(b) || b[i] != ':' {
			return errRow
		}
		value, n, err := r.text(b[i+1:])
		if err != nil {
			return err
		}
		i += n + 1
		r.names, r.values = append(r.names, name), append(r.values, value)
	}
	return nil
}

// text reads a JSON string and tells how long it was.
func (r *Row) text(b []byte) ([]byte, int, error) {
	if len(b) == 0 || b[0] != '"' {
		return nil, 0, errRow
	}
	end := bytes.IndexByte(b[1:], '"')
	if end < 0 {
		return nil, 0, errRow
	}
	s := b[1 : end+1]
	slash := bytes.IndexByte(s, '\\')
	if slash < 0 {
		return s, end + 2, nil
	}
	// Where the string has grown, what was handed out before stays valid: it
	// keeps the old memory.
	from := len(r.kept)
	i := 1
	for i < len(b) {
		k := bytes.IndexAny(b[i:], `"\`)
		if k < 0 {
			return nil, 0, errRow
		}
		r.kept = append(r.kept, b[i:i+k]...)
		i += k
		if b[i] == '"' {
			return r.kept[from:len(r.kept):len(r.kept)], i + 1, nil
		}
		if i+1 >= len(b) {
			return nil, 0, errRow
		}
		switch c := b[i+1]; c {
		case '"', '\\', '/':
			r.kept = append(r.kept, c)
		case 'n':
			r.kept = append(r.kept, '\n')
		case 't':
			r.kept = append(r.kept, '\t')
		case 'r':
			r.kept = append(r.kept, '\r')
		case 'b':
			r.kept = append(r.kept, '\b')
		case 'f':
			r.kept = append(r.kept, '\f')
		case 'u':
			n := 6
			if i+12 <= len(b) && b[i+6] == '\\' && b[i+7] == 'u' {
				n = 12 // perhaps a pair
			}
			if i+n > len(b) {
				return nil, 0, errRow
			}
			var u string
			if json.Unmarshal(append(append([]byte{'"'}, b[i:i+n]...), '"'), &u) != nil {
				return nil, 0, errRow
			}
			r.kept = append(r.kept, u...)
			i += n - 2
		default:
			return nil, 0, errRow
		}
		i += 2
	}
	return nil, 0, errRow
}
