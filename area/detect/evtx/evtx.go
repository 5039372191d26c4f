// Package evtx reads Windows event logs (.evtx). It promises to hand out every
// record that is wholly there, to name the place of everything it could not
// read (file offset, chunk, record), and to stay within linear time and
// bounded memory whatever the bytes are. It reads what the log's tables point
// to and carves nothing out of unused space.
//
// The format: a header block of 4,096 bytes, then chunks of 65,536 bytes, each
// with its own string and template tables and its records in binary XML
// ([MS-EVEN6] 2.2.12 and the published descriptions of the file's layout).
package evtx

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"iter"
	"time"

	"golang.org/x/text/encoding"

	"yagura/kernel/text"
)

const (
	headerBlock = 4096
	headerSize  = 128
	chunkSize   = 65536
	chunkHeader = 512 // header, string table and template table
	recordHead  = 24  // signature, size, identifier, time written
)

// Header is what the file says about itself. A file that was not closed
// properly (Dirty) says less than it holds.
type Header struct {
	Dirty      bool   // not closed properly: counts and checksums may be behind
	Full       bool   // the log had reached its maximum size
	Verified   bool   // the header's checksum is right
	Chunks     int    // number of chunks it counts
	FirstChunk uint64 // the oldest chunk; a circular log does not begin at 0
	LastChunk  uint64 // the newest chunk
	NextRecord uint64 // identifier the next record would have got
	Major      uint16
	Minor      uint16
}

// Reader reads one event log. It is not safe for use by several goroutines;
// the records it hands out are.
type Reader struct {
	r      io.ReaderAt
	size   int64
	header Header

	// Codepage decodes values of the type "ANSI string", which carry no
	// encoding of their own. Nil takes UTF-8 where it is valid and
	// Windows-1252 otherwise; logs of Japanese Windows may need
	// japanese.ShiftJIS.
	Codepage encoding.Encoding
}

// Record is one event.
type Record struct {
	ID       uint64    // identifier in the log, also Event.System.EventRecordID
	Written  time.Time // when the service wrote it, UTC
	Chunk    int       // chunk in the file, from 0
	Offset   int64     // place of the record in the file, in bytes
	Verified bool      // the checksums of its chunk are right

	chunk *chunk
	size  int
	body  fragment
}

// NewReader checks the head of a log of the given size. What is no event log
// at all is refused; everything else is a matter of Records.
func NewReader(r io.ReaderAt, size int64) (*Reader, error) {
	b := make([]byte, headerSize)
	if size < headerSize {
		return nil, &Problem{Chunk: -1, Reason: text.M("the file has %d bytes: too short for an event log", size), Lost: true}
	}
	if err := readFull(r, b, 0); err != nil {
		return nil, &Problem{Chunk: -1, Reason: text.M("the file cannot be read"), Lost: true, cause: err}
	}
	if string(b[:8]) != "ElfFile\x00" {
		return nil, &Problem{Chunk: -1, Reason: text.M("not a Windows event log: the signature ElfFile is missing"), Lost: true}
	}
	h := Header{
		FirstChunk: le.Uint64(b[8:]),
		LastChunk:  le.Uint64(b[16:]),
		NextRecord: le.Uint64(b[24:]),
		Minor:      le.Uint16(b[36:]),
		Major:      le.Uint16(b[38:]),
		Chunks:     int(le.Uint16(b[42:])),
		Dirty:      le.Uint32(b[120:])&1 != 0,
		Full:       le.Uint32(b[120:])&2 != 0,
		Verified:   crc32.ChecksumIEEE(b[:120]) == le.Uint32(b[124:]),
	}
	if h.Major != 3 && h.Verified {
		return nil, &Problem{Chunk: -1, Offset: 38, Reason: text.M("the version %d.%d of the format is not known", h.Major, h.Minor), Lost: true}
	}
	return &Reader{r: r, size: size, header: h}, nil
}

// Header is what the file says about itself.
func (r *Reader) Header() Header { return r.header }

// Records goes through the log in the order of the file. With each step there
// is either a record or a *Problem; after a problem it goes on with what comes
// next. Records share the memory of their chunk (64 KiB), so whoever keeps
// many of them should keep their JSON instead.
func (r *Reader) Records() iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		if !r.header.Verified && !yield(nil, &Problem{Chunk: -1, Offset: 124, Reason: text.M("the checksum of the file header is wrong")}) {
			return
		}
		n := 0
		for at := int64(headerBlock); at < r.size; at += chunkSize {
			b := make([]byte, min(chunkSize, r.size-at))
			if err := readFull(r.r, b, at); err != nil {
				yield(nil, &Problem{Chunk: n, Offset: at, Reason: text.M("the file cannot be read"), Lost: true, cause: err})
				return
			}
			if !blank(b) && !r.readChunk(n, at, b, yield) {
				return
			}
			n++
		}
		if !r.header.Dirty && r.header.Chunks > n {
			yield(nil, &Problem{Chunk: n, Offset: r.size, Lost: true,
				Reason: text.M("the file ends early: its header counts %d chunks, %d are there", r.header.Chunks, n)})
		}
	}
}

// Events goes through a log as nested JSON objects, with what could not be
// read as errors in between: the form in which others take in a log.
func Events(src io.ReaderAt, size int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r, err := NewReader(src, size)
		if err != nil {
			yield(nil, err)
			return
		}
		for rec, err := range r.Records() {
			var b []byte
			if err == nil {
				b, err = rec.JSON()
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

var le = binary.LittleEndian

// readFull fills b from an offset; an end of file with all bytes there is none.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// blank tells whether a chunk was set aside but never written.
func blank(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
