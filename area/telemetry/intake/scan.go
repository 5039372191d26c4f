package intake

// scanner checks JSON (RFC 8259) byte by byte, across any cuts, without
// recursion: open brackets are bits of a stack.
type scanner struct {
	state   byte
	num     byte // place within a number
	rest    string
	hex     int
	inKey   bool
	stack   []uint64 // 1: object, 0: array
	depth   int
	deepest int // limit
	first   byte
}

const (
	scValue      = iota // a value must come
	scValueOrEnd        // after [
	scKeyOrEnd          // after {
	scKey               // after , in an object
	scColon
	scAfter // after a value within brackets
	scString
	scEscape
	scHex
	scNumber
	scLiteral
	scDone
)

type verdict int

const (
	more    verdict = iota // all bytes taken, the value goes on
	whole                  // the value ended; bytes behind it are not taken
	invalid                // the byte at n fits nothing
	tooDeep
)

func (s *scanner) reset(deepest int) {
	*s = scanner{stack: s.stack[:0], deepest: deepest}
}

func (s *scanner) push(object bool) bool {
	if s.depth >= s.deepest {
		return false
	}
	if s.depth/64 >= len(s.stack) {
		s.stack = append(s.stack, 0)
	}
	bit := uint64(1) << (s.depth % 64)
	if object {
		s.stack[s.depth/64] |= bit
		s.state = scKeyOrEnd
	} else {
		s.stack[s.depth/64] &^= bit
		s.state = scValueOrEnd
	}
	s.depth++
	return true
}

func (s *scanner) inObject() bool {
	return s.depth > 0 && s.stack[(s.depth-1)/64]>>((s.depth-1)%64)&1 == 1
}

// ended notes the end of a value.
func (s *scanner) ended() {
	if s.depth == 0 {
		s.state = scDone
	} else {
		s.state = scAfter
	}
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// plainByte tells which bytes stand for themselves within strings.
var plainByte = func() (t [256]bool) {
	for c := 0x20; c < 256; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// feed takes bytes until the value ends or one does not fit, and returns how
// many it took.
func (s *scanner) feed(b []byte) (int, verdict) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch s.state {
		case scString:
			for plainByte[c] {
				if i++; i == len(b) {
					return i, more
				}
				c = b[i]
			}
			switch {
			case c == '"':
				if s.inKey {
					s.inKey, s.state = false, scColon
				} else {
					s.ended()
				}
			case c == '\\':
				s.state = scEscape
			default:
				return i, invalid
			}
		case scEscape:
			switch c {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				s.state = scString
			case 'u':
				s.state, s.hex = scHex, 4
			default:
				return i, invalid
			}
		case scHex:
			if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f') {
				return i, invalid
			}
			if s.hex--; s.hex == 0 {
				s.state = scString
			}
		case scNumber:
			if next, ok := numberStep(s.num, c); ok {
				s.num = next
				continue
			}
			if !numberEnds(s.num) {
				return i, invalid
			}
			s.ended()
			i--
		case scLiteral:
			if c != s.rest[0] {
				return i, invalid
			}
			if s.rest = s.rest[1:]; s.rest == "" {
				s.ended()
			}
		default:
			if space(c) {
				continue
			}
			if v := s.structure(c); v != more {
				return i, v
			}
		}
		if s.state == scDone {
			return i + 1, whole
		}
	}
	return len(b), more
}

// structure takes a byte outside of strings, numbers and literals.
func (s *scanner) structure(c byte) verdict {
	switch s.state {
	case scColon:
		if c != ':' {
			return invalid
		}
		s.state = scValue
		return more
	case scAfter:
		switch {
		case c == ',' && s.inObject():
			s.state = scKey
		case c == ',':
			s.state = scValue
		case c == '}' && s.inObject(), c == ']' && !s.inObject():
			s.depth--
			s.ended()
		default:
			return invalid
		}
		return more
	case scKeyOrEnd, scKey:
		switch {
		case c == '"':
			s.inKey, s.state = true, scString
		case c == '}' && s.state == scKeyOrEnd:
			s.depth--
			s.ended()
		default:
			return invalid
		}
		return more
	}
	if c == ']' && s.state == scValueOrEnd {
		s.depth--
		s.ended()
		return more
	}
	if s.first == 0 {
		s.first = c
	}
	switch {
	case c == '{' || c == '[':
		if !s.push(c == '{') {
			return tooDeep
		}
	case c == '"':
		s.state = scString
	case c == 't':
		s.state, s.rest = scLiteral, "rue"
	case c == 'f':
		s.state, s.rest = scLiteral, "alse"
	case c == 'n':
		s.state, s.rest = scLiteral, "ull"
	case c == '-' || c >= '0' && c <= '9':
		s.state = scNumber
		s.num, _ = numberStep(0, c)
	default:
		return invalid
	}
	return more
}

// finish tells whether the value is whole when nothing follows.
func (s *scanner) finish() bool {
	return s.state == scDone || s.state == scNumber && s.depth == 0 && numberEnds(s.num)
}

// Places within a number: 0 start, 1 sign, 2 leading zero, 3 digits, 4 point,
// 5 fraction, 6 exponent mark, 7 its sign, 8 its digits.
func numberStep(at, c byte) (byte, bool) {
	digit := c >= '0' && c <= '9'
	switch at {
	case 0, 1:
		switch {
		case c == '-' && at == 0:
			return 1, true
		case c == '0':
			return 2, true
		case digit:
			return 3, true
		}
		return 0, false
	case 3, 5, 8:
		if digit {
			return at, true
		}
	case 4:
		return 5, digit
	case 6:
		if c == '+' || c == '-' {
			return 7, true
		}
		return 8, digit
	case 7:
		return 8, digit
	}
	switch {
	case c == '.' && at <= 3:
		return 4, true
	case c|0x20 == 'e' && at <= 5:
		return 6, true
	}
	return 0, false
}

func numberEnds(at byte) bool { return at == 2 || at == 3 || at == 5 || at == 8 }
