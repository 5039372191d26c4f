package product

import (
	"strings"

	"yagura/kernel/fault"
)

// Serials are serial numbers by their beginning, as makers tell them: "the first 5
// digits are 24031 or lower", "17X**** and later". Compared are the first letters,
// as many as the condition has, digits before letters. The zero value is any.
type Serials struct {
	From    string `json:"from,omitempty"`    // the lowest beginning
	Through string `json:"through,omitempty"` // the highest
}

// Any tells that the condition leaves none out.
func (c Serials) Any() bool { return c == Serials{} }

// beginning is a condition's letters without the stars behind.
func beginning(s string) string {
	return strings.ToUpper(strings.TrimRight(strings.TrimSpace(s), "*"))
}

// Check says what is wrong with a condition, or nil.
func (c Serials) Check() error {
	for _, s := range []string{c.From, c.Through} {
		b := beginning(s)
		if s != "" && b == "" || strings.Trim(b, letters+"0123456789-") != "" || len(b) > 32 {
			return fault.Invalidf("%s is no beginning of a serial number: it has digits, letters and dashes, at most 32", s)
		}
	}
	from, through := beginning(c.From), beginning(c.Through)
	if n := min(len(from), len(through)); from[:n] > through[:n] {
		return fault.Invalidf("There is no serial number from %s to %s", c.From, c.Through)
	}
	return nil
}

// Holds tells whether a serial number fulfils the condition, and whether that can be
// said: a number shorter than the condition may not be enough.
func (c Serials) Holds(serial string) (holds, known bool) {
	serial = beginning(serial)
	for _, end := range []struct {
		text string
		low  bool
	}{{beginning(c.From), true}, {beginning(c.Through), false}} {
		if end.text == "" {
			continue
		}
		n := min(len(serial), len(end.text))
		switch a, b := serial[:n], end.text[:n]; {
		case a == b && n < len(end.text):
			return false, false
		case a < b && end.low, a > b && !end.low:
			return false, true
		}
	}
	return true, true
}

// ParseSerials reads what String writes; a beginning may stand without its star.
func ParseSerials(s string) (c Serials, err error) {
	s = strings.TrimSpace(s)
	from, through, isRange := strings.Cut(s, "..")
	if !isRange {
		through = from
	}
	c = Serials{beginning(from), beginning(through)}
	if s != "" && c.Any() {
		return c, fault.Invalidf("%s is no beginning of a serial number: it has digits, letters and dashes, at most 32", s)
	}
	return c, c.Check()
}

// String is a condition's text: "17X*..24031*", with an end left out where there is
// none; empty for any.
func (c Serials) String() string {
	if c.Any() {
		return ""
	}
	star := func(s string) string {
		if s = beginning(s); s == "" {
			return ""
		}
		return s + "*"
	}
	if beginning(c.From) == beginning(c.Through) {
		return star(c.From)
	}
	return star(c.From) + ".." + star(c.Through)
}

// Words is the condition for people, in English as advisories are.
func (c Serials) Words() string {
	from, through := beginning(c.From), beginning(c.Through)
	switch {
	case c.Any():
		return ""
	case from == through:
		return "serial number " + from + "*"
	case from == "":
		return "serial number " + through + "* and prior"
	case through == "":
		return "serial number " + from + "* and later"
	}
	return "serial number " + from + "* to " + through + "*"
}
