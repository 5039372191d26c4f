package sigma

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Texts are compared after folding: every character becomes its lower case.
// Letters beyond ASCII never fold into ASCII (the Kelvin sign stays itself), so
// that a folded ASCII text can be looked for byte by byte in raw input. Bytes
// that are not UTF-8 stay as they are.

var lower = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] = byte(i) + 'a' - 'A'
		}
	}
	return t
}()

func foldString(s string) string { return string(appendFold(nil, []byte(s))) }

// appendFold appends the folded src to dst.
func appendFold(dst, src []byte) []byte {
	n := len(dst)
	dst = append(dst, src...)
	out := dst[n:]
	for i, c := range src {
		if c >= utf8.RuneSelf {
			return appendFoldWide(dst[:n+i], src[i:])
		}
		out[i] = lower[c]
	}
	return dst
}

func appendFoldWide(dst, src []byte) []byte {
	for len(src) > 0 {
		if src[0] < utf8.RuneSelf {
			dst = append(dst, lower[src[0]])
			src = src[1:]
			continue
		}
		r, w := utf8.DecodeRune(src)
		l := r
		if r != utf8.RuneError || w > 1 {
			l = unicode.ToLower(r)
		}
		if l == r || l < utf8.RuneSelf {
			dst = append(dst, src[:w]...)
		} else {
			dst = utf8.AppendRune(dst, l)
		}
		src = src[w:]
	}
	return dst
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendFoldEscaped appends the folded text of a JSON string body and reports
// whether it is known to be ASCII: appendFold of appendUnescaped, eight bytes at a time.
func appendFoldEscaped(dst, src []byte) (out []byte, ascii bool) {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	n := len(dst)
	dst = slices.Grow(dst, len(src)+8)
	buf := dst[:cap(dst)]
	w, i := n, 0
	for i < len(src) {
		var x uint64
		left := len(src) - i
		if left >= 8 {
			x = binary.LittleEndian.Uint64(src[i:])
		} else {
			for k := left - 1; k >= 0; k-- {
				x = x<<8 | uint64(src[i+k])
			}
		}
		if x&high != 0 {
			return foldEscapedWide(dst[:n], src), false
		}
		up := ((x + (0x80-'A')*ones) &^ (x + (0x80-'Z'-1)*ones)) & high
		binary.LittleEndian.PutUint64(buf[w:], x|up>>2)
		y := x ^ '\\'*ones
		stop := (y - ones) &^ y & high
		if stop == 0 {
			i, w = i+8, w+8
			continue
		}
		k := bits.TrailingZeros64(stop) >> 3
		i, w = i+k, w+k
		if i >= len(src) {
			break
		}
		if i+1 == len(src) { // a backslash that nothing follows stays
			buf[w] = '\\'
			i, w = i+1, w+1
			break
		}
		c := src[i+1]
		i += 2
		switch c {
		case '"', '\\', '/':
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		default: // \u… and what is no escape
			return foldEscapedWide(dst[:n], src), false
		}
		buf[w] = c
		w++
	}
	return buf[:w-max(0, i-len(src))], true // the last word may reach beyond
}

// foldEscapedWide is appendFoldEscaped for texts with characters beyond ASCII,
// also those written as \u….
func foldEscapedWide(dst, src []byte) []byte {
	n := len(dst)
	dst = appendUnescaped(dst, src)
	text := dst[n:]
	for i, c := range text {
		if c >= utf8.RuneSelf {
			// Folding may lengthen a text: it goes behind and is moved back.
			end := len(dst)
			dst = appendFold(dst, text)
			return append(dst[:n], dst[end:]...)
		}
		text[i] = lower[c]
	}
	return dst
}
