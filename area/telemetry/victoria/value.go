package victoria

import (
	"math"
	"strconv"
	"strings"

	"yagura/kernel/quote"
)

// VictoriaLogs keeps values of a field that all look like numbers, addresses or
// times as such, and writes them anew when it is asked: 7.10 comes back as 7.1,
// 010.0.0.1 as 10.0.0.1, -1.0 as -1, 1_000 as 1000; they also find each other. A
// value that would not come back as it is gets an apostrophe before it, as in a
// spreadsheet, and so is text. So do values that begin with one.

const mark = '\''

// Encode is the value as it is stored.
func Encode(v string) string {
	if v == "" || v[0] != mark && !rewritten(v) {
		return v
	}
	return string(mark) + v
}

// Decode undoes Encode.
func Decode(v string) string {
	if v != "" && v[0] == mark {
		return v[1:]
	}
	return v
}

// rewritten tells whether the store might read the value as a number or an
// address and not write it the same again. It is told by the letters: better a
// mark too many than one too few.
func rewritten(v string) bool {
	if len(v) > 40 {
		return false
	}
	dots, digits := 0, 0
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			dots++
		case c == '-' && i == 0 || c == '_':
		default:
			return false
		}
	}
	if digits == 0 {
		return false
	}
	switch {
	case dots == 0:
		return !wholeNumber(v)
	case dots == 1:
		return !decimal(v)
	case dots == 3:
		return !address(v)
	}
	return false // 10.1.0 is no number
}

func wholeNumber(v string) bool {
	n, err := strconv.ParseInt(v, 10, 64)
	if err == nil {
		return strconv.FormatInt(n, 10) == v && (n < 1<<53 && n > -1<<53)
	}
	u, err := strconv.ParseUint(v, 10, 64)
	// Among decimals a number this long would be rounded.
	return err == nil && u < 1<<53 && strconv.FormatUint(u, 10) == v
}

// decimal tells whether v comes back as it is: the store adds the digits behind
// the point to those before it in its own way, which is done here too.
func decimal(v string) bool {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(v, "-"), ".")
	n, err := strconv.ParseUint(whole, 10, 53)
	if err != nil || strings.Contains(v, "_") {
		return false
	}
	m, err := strconv.ParseUint(fraction, 10, 53)
	if err != nil || len(fraction) > 18 {
		return false
	}
	f := math.FMA(float64(m), math.Pow10(-len(fraction)), float64(n))
	if v[0] == '-' {
		f = -f
	}
	return strconv.FormatFloat(f, 'f', -1, 64) == v
}

func address(v string) bool {
	for part := range strings.SplitSeq(v, ".") {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || strconv.FormatUint(n, 10) != part {
			return false
		}
	}
	return true
}

// LongestName is how long the name of a field may be in bytes.
const LongestName = 128

// What a store takes when nothing was configured: a longer line, or one with
// more fields, is dropped in silence.
const (
	LongestLine = 256 << 10
	MostFields  = 1000
)

// Line writes a row as one line of JSON that stays within the store's limits.
type Line struct {
	B      []byte
	begun  bool
	from   int
	fields int
	limit  int
}

// Begin begins a row of at most so many bytes.
func (l *Line) Begin(limit int) {
	l.from, l.fields, l.limit = len(l.B), 0, limit
	l.B = append(l.B, '{')
	l.begun = false
}

// Add adds a field as it is, if there is room, and tells whether there was. An
// empty value is none.
func (l *Line) Add(name, value string) bool {
	if value == "" {
		return true
	}
	if l.fields >= MostFields-100 || len(name) > LongestName {
		return false
	}
	before := len(l.B)
	if l.begun {
		l.B = append(l.B, ',')
	}
	l.B = quote.JSON(l.B, name)
	l.B = append(l.B, ':')
	l.B = quote.JSON(l.B, value)
	if len(l.B)-l.from > l.limit {
		l.B = l.B[:before]
		return false
	}
	l.begun = true
	l.fields++
	return true
}

// AddStart adds a field with as much of the value's start as there is room for
// within most bytes of the line.
func (l *Line) AddStart(name, value string, most int) {
	most = min(most, l.limit-(len(l.B)-l.from)-len(name)-8)
	if most <= 0 {
		return
	}
	if len(value) > most { // escapes take more room still
		value = value[:most]
	}
	for value != "" {
		before := len(l.B)
		if l.Add(name, value) && len(l.B)-before <= most+len(name)+8 {
			return
		}
		if len(l.B) > before {
			l.B = l.B[:before]
			l.fields--
			l.begun = l.fields > 0
		}
		value = value[:len(value)/2]
	}
}

// End ends the row.
func (l *Line) End() { l.B = append(l.B, '}', '\n') }
