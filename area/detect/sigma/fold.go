package sigma

import (
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
