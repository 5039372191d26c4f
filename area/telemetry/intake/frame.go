package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
)

// Frame is one message of a syslog stream.
type Frame struct {
	Data    []byte // without its length or line end; valid until the next one
	Offset  int64  // of Data in the stream, in bytes
	Counted bool   // it came with its length (RFC 6587 clause 3.4.1)
	Cut     int64  // bytes beyond the limit that Data lacks
	Problem string // ProblemLong or ProblemFrame
}

// Framer splits a TCP stream into syslog messages (RFC 6587): with octet
// counting or a line end, told apart at every message.
type Framer struct {
	Max  int   // bytes of one message, default 1 MiB; the rest is cut off
	Long int64 // how many messages were cut so far
}

// maxCount bounds a length that is believed: a larger one would make a stream
// that lost its step pass over everything that follows.
const maxCount = 64 << 20

// Frames goes through a stream. An error is one of the reader's, and the end.
func (f *Framer) Frames(r io.Reader) iter.Seq2[Frame, error] {
	limit := f.Max
	if limit <= 0 {
		limit = Limits{}.withDefaults().Line
	}
	return func(yield func(Frame, error) bool) {
		in := &lineReader{r: bufio.NewReaderSize(r, 64<<10), max: limit}
		for {
			fr, err := in.frame()
			if fr.Cut > 0 {
				f.Long++
			}
			if (len(fr.Data) > 0 || fr.Problem != "") && !yield(fr, nil) {
				return
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield(Frame{Offset: in.at}, err)
				}
				return
			}
		}
	}
}

// lineReader hands out lines or counted messages within a limit.
type lineReader struct {
	r   *bufio.Reader
	at  int64
	max int
	buf []byte
}

func (l *lineReader) frame() (Frame, error) {
	count, head := l.count()
	if head == 0 {
		return l.line("\n\x00")
	}
	n, err := l.r.Discard(head)
	l.at += int64(n)
	if err != nil {
		return Frame{Offset: l.at}, err
	}
	fr := Frame{Offset: l.at, Counted: true}
	keep := min(count, l.max)
	if cap(l.buf) < keep {
		// What a sender only announces takes no memory yet.
		l.buf = make([]byte, 0, min(keep, 64<<10))
	}
	l.buf = l.buf[:0]
	for len(l.buf) < keep && err == nil {
		step := min(keep-len(l.buf), 64<<10)
		from := len(l.buf)
		l.buf = append(l.buf, make([]byte, step)...)
		n, err = io.ReadFull(l.r, l.buf[from:])
		l.buf = l.buf[:from+n]
		l.at += int64(n)
	}
	fr.Data = bytes.TrimRight(l.buf, "\r\n")
	if err == nil && count > keep {
		n, err = l.r.Discard(count - keep)
		l.at += int64(n)
		fr.Cut, fr.Problem = int64(n), ProblemLong
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	if err != nil {
		fr.Problem = ProblemFrame
	}
	return fr, err
}

// count reads ahead for a length, a space and the < of a priority, and returns
// how many bytes length and space take: 0 where there is none.
func (l *lineReader) count() (count, head int) {
	for i := 0; i < 10; i++ {
		b, err := l.r.Peek(i + 1)
		if err != nil {
			return 0, 0
		}
		switch c := b[i]; {
		case c >= '1' && c <= '9' || c == '0' && i > 0:
			count = count*10 + int(c-'0')
		case c == ' ' && i > 0:
			if b, err = l.r.Peek(i + 2); err != nil || b[i+1] != '<' || count > maxCount {
				return 0, 0
			}
			return count, i + 1
		default:
			return 0, 0
		}
	}
	return 0, 0
}

// line reads to one of the ends. The last line needs none.
func (l *lineReader) line(ends string) (Frame, error) {
	fr := Frame{Offset: l.at}
	l.buf = l.buf[:0]
	for {
		if _, err := l.r.Peek(1); err != nil {
			fr.Data = bytes.TrimSuffix(l.buf, []byte("\r"))
			return fr, err
		}
		b, _ := l.r.Peek(l.r.Buffered())
		n := bytes.IndexAny(b, ends)
		if len(ends) == 1 {
			n = bytes.IndexByte(b, ends[0])
		}
		take := n
		if n < 0 {
			take = len(b)
		}
		room := min(take, max(l.max-len(l.buf), 0))
		l.buf = append(l.buf, b[:room]...)
		if room < take {
			fr.Cut += int64(take - room)
			fr.Problem = ProblemLong
		}
		if n >= 0 {
			take++
		}
		d, _ := l.r.Discard(take)
		l.at += int64(d)
		if n >= 0 {
			fr.Data = bytes.TrimSuffix(l.buf, []byte("\r"))
			return fr, nil
		}
	}
}
