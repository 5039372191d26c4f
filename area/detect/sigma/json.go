package sigma

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// A selective reader of JSON: it walks the text once, looks only at names that
// rules ask for and leaves every other value unread. Nothing is recursive.

// NotJSON says that an event is no JSON object, and where that showed.
type NotJSON struct {
	Offset int // byte, from 0
	Reason string
}

func (e *NotJSON) Error() string {
	return fmt.Sprintf("not a JSON object: byte %d: %s", e.Offset, e.Reason)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// endOfString returns the index of the quote that closes the string whose
// first character is at i, or -1.
func endOfString(b []byte, i int) int {
	start := i
	for {
		k := bytes.IndexByte(b[i:], '"')
		if k < 0 {
			return -1
		}
		end := i + k
		n := end
		for n > start && b[n-1] == '\\' {
			n--
		}
		if (end-n)&1 == 0 {
			return end
		}
		i = end + 1
		start = i // the quote is part of the text; what is before is settled
	}
}

// skipBracketed returns the index after the object or array that opens at i.
func skipBracketed(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			end := endOfString(b, i+1)
			if end < 0 {
				return -1
			}
			i = end
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return -1
}

// endOfScalar returns the index after a number, true, false or null.
func endOfScalar(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\n', '\r', '\t', '"', '{', '[', ':':
			return i
		}
		i++
	}
	return i
}

// appendUnescaped appends the text of a JSON string body. What is no proper
// escape stays as it is; lone surrogates become U+FFFD.
func appendUnescaped(dst, src []byte) []byte {
	for {
		k := bytes.IndexByte(src, '\\')
		if k < 0 || k+1 >= len(src) {
			return append(dst, src...)
		}
		dst = append(dst, src[:k]...)
		c := src[k+1]
		src = src[k+2:]
		switch c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, ok := hex4(src)
			if !ok {
				dst = append(dst, '\\', 'u')
				continue
			}
			src = src[4:]
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if len(src) >= 6 && src[0] == '\\' && src[1] == 'u' {
					low, ok = hex4(src[2:])
				}
				if full := utf16.DecodeRune(r, low); ok && full != utf8.RuneError {
					r, src = full, src[6:]
				} else {
					r = utf8.RuneError
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, '\\', c)
		}
	}
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
