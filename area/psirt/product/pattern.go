package product

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"yagura/kernel/fault"
)

// A pattern names many models at once, as makers write it in their advisories:
//
//	FX9U(C)-**M*/**                    what is in brackets may be missing; * is one letter or digit
//	R08/16/32/120PCPU                  numbers with / between: one of them
//	RJ71C24(-R2/R4)                    in brackets / always divides; a dash in front stands for all: "", -R2, -R4
//	FX9-xMy/z x=24,40, y=T,R, z=ES,DS  small letters that get their values behind, by , or .
//	FX9-32MR/UA1, FX9-64MR/UA1         several patterns
//
// A / elsewhere is itself, as in FX9-32MT/ES, and so is a bracket behind a blank, as in
// M90 (BND-9007W000-**). \ before a sign takes its meaning away.
//
//	list    = pattern *( "," blank pattern )
//	pattern = 1*( letter / "*" / group / numbers ) [ blank values ]
//	group   = "(" item *( "/" item ) ")"
//	numbers = digits 1*( "/" digits )
//	values  = variable "=" value *( ( "," / "." ) value ) [ "," ] [ blank values ]

// Pattern is a pattern that was read.
type Pattern struct {
	text  string
	lists [][]part // one of these
	match *regexp.Regexp
}

// part is a piece of a pattern: one of some texts, or any one letter.
type part struct {
	any   bool
	texts []string
}

// maxNames bounds what a pattern may be written out to.
const maxNames = 4096

// ParsePattern reads a pattern.
func ParsePattern(s string) (*Pattern, error) {
	if strings.TrimSpace(s) == "" {
		return nil, fault.Invalidf("The pattern is empty")
	}
	if len(s) > 500 {
		return nil, fault.Invalidf("The pattern has more than 500 letters")
	}
	p := &Pattern{text: s}
	var alternatives []string
	for _, one := range splitList(s) {
		parts, err := parseOne(one)
		if err != nil {
			return nil, err
		}
		p.lists = append(p.lists, parts)
		var b strings.Builder
		for _, part := range parts {
			b.WriteString(part.regexp())
		}
		alternatives = append(alternatives, b.String())
	}
	re, err := regexp.Compile(`^(?:` + strings.Join(alternatives, "|") + `)$`)
	if err != nil {
		return nil, fault.Invalidf("The pattern %s can't be used", s)
	}
	p.match = re
	return p, nil
}

// values finds where the variables of a pattern get their values.
var values = regexp.MustCompile(`(?:^|[\s,])([a-z])=([^\s=]+)`)

// splitList cuts at commas with a blank behind, outside brackets; not at those of values.
func splitList(s string) (all []string) {
	from, depth := 0, 0
	for i := 0; i+1 < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '(':
			depth++
		case s[i] == ')':
			depth--
		case s[i] == ',' && s[i+1] == ' ' && depth == 0:
			rest := strings.TrimLeft(s[i+1:], " ")
			if len(rest) > 1 && rest[1] == '=' {
				continue // the next variable
			}
			all = append(all, strings.TrimSpace(s[from:i]))
			from = i + 1
		}
	}
	return append(all, strings.TrimSpace(s[from:]))
}

// parseOne reads one pattern with its values.
func parseOne(s string) ([]part, error) {
	variables := map[byte][]string{}
	if at := values.FindStringIndex(s); at != nil && at[0] > 0 {
		for _, m := range values.FindAllStringSubmatch(s[at[0]:], -1) {
			list := strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' || r == '.' })
			if variables[m[1][0]] != nil || len(list) == 0 {
				return nil, fault.Invalidf("%s in the pattern %s has no values, or twice", m[1], s)
			}
			variables[m[1][0]] = list
		}
		if left := strings.Trim(values.ReplaceAllString(s[at[0]:], ""), " ,"); left != "" {
			return nil, fault.Invalidf("The pattern %s has something behind its values: %s", s, left)
		}
		s = strings.TrimSpace(s[:at[0]])
	}
	used := map[byte]bool{}
	var parts []part
	open := false // within a bracket that is itself
	literal := func(t string) {
		if n := len(parts); n > 0 && !parts[n-1].any && len(parts[n-1].texts) == 1 {
			parts[n-1].texts[0] += t
			return
		}
		parts = append(parts, part{texts: []string{t}})
	}
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\\':
			if i+1 == len(s) {
				return nil, fault.Invalidf("The pattern %s ends with a \\", s)
			}
			_, n := utf8.DecodeRuneInString(s[i+1:])
			literal(s[i+1 : i+1+n])
			i += 1 + n
		case c == '*':
			parts = append(parts, part{any: true})
			i++
		case c == '(' && i > 0 && s[i-1] == ' ' && !open, c == ')' && open:
			open = c == '('
			literal(s[i : i+1])
			i++
		case c == ')':
			return nil, fault.Invalidf("A bracket of the pattern %s is not opened", s)
		case c == '(':
			end := strings.IndexByte(s[i:], ')')
			if end < 0 || strings.ContainsAny(s[i+1:i+end], `(\`) {
				return nil, fault.Invalidf("A bracket of the pattern %s is not closed, or has another in it", s)
			}
			group, err := groupOf(s[i+1:i+end], s)
			if err != nil {
				return nil, err
			}
			parts = append(parts, group...)
			i += end + 1
		case variables[c] != nil:
			parts = append(parts, part{texts: variables[c]})
			used[c] = true
			i++
		case digit(c):
			m := numbers.FindString(s[i:])
			if strings.Contains(m, "/") {
				parts = append(parts, part{texts: strings.Split(m, "/")})
			} else {
				literal(m)
			}
			i += len(m)
		default:
			_, n := utf8.DecodeRuneInString(s[i:])
			literal(s[i : i+n])
			i += n
		}
	}
	if open {
		return nil, fault.Invalidf("A bracket of the pattern %s is not closed, or has another in it", s)
	}
	for v := range variables {
		if !used[v] {
			return nil, fault.Invalidf("The pattern %s gives values to %s, which is not in it", s, string(v))
		}
	}
	if len(parts) == 0 {
		return nil, fault.Invalidf("The pattern is empty")
	}
	return parts, nil
}

var numbers = regexp.MustCompile(`^[0-9]+(?:/[0-9]+)*`)

// groupOf are the parts of a bracket: its items or nothing. A * within makes it
// several parts, which only a bracket with one item may have.
func groupOf(inner, whole string) ([]part, error) {
	if inner == "" {
		return nil, fault.Invalidf("A bracket of the pattern %s is empty", whole)
	}
	if strings.Contains(inner, "*") {
		return nil, fault.Invalidf("A bracket of the pattern %s has a *, which stands only outside", whole)
	}
	items := strings.Split(inner, "/")
	if slices.Contains(items, "") {
		return nil, fault.Invalidf("A bracket of the pattern %s is empty", whole)
	}
	if lead := items[0][0]; len(items) > 1 && lead == '-' {
		for i := range items[1:] {
			if items[i+1][0] != lead {
				items[i+1] = "-" + items[i+1]
			}
		}
	}
	return []part{{texts: append([]string{""}, items...)}}, nil
}

func (p part) regexp() string {
	if p.any {
		return `[\pL\pN]`
	}
	quoted := make([]string, len(p.texts))
	for i, t := range p.texts {
		quoted[i] = regexp.QuoteMeta(t)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "(?:" + strings.Join(quoted, "|") + ")"
}

// String is the pattern as it was written.
func (p *Pattern) String() string { return p.text }

// Match tells whether a model number fits.
func (p *Pattern) Match(number string) bool { return p.match.MatchString(number) }

// Expand are those of the numbers that fit, in their order.
func (p *Pattern) Expand(registered []string) (fit []string) {
	for _, n := range registered {
		if p.Match(n) {
			fit = append(fit, n)
		}
	}
	return fit
}

// All are all numbers that fit, in the order of writing, if that can be said: a
// pattern with a *, or of more than 4,096 numbers, can't be written out.
func (p *Pattern) All() (numbers []string, ok bool) {
	for _, parts := range p.lists {
		list := []string{""}
		for _, part := range parts {
			if part.any || len(list)*len(part.texts) > maxNames {
				return nil, false
			}
			var longer []string
			for _, head := range list {
				for _, t := range part.texts {
					longer = append(longer, head+t)
				}
			}
			list = longer
		}
		for _, n := range list {
			if !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
		if len(numbers) > maxNames {
			return nil, false
		}
	}
	return numbers, true
}

// Literal tells a pattern of just one number.
func (p *Pattern) Literal() bool {
	all, ok := p.All()
	return ok && len(all) == 1
}

// Escape is a number as a pattern that fits it alone.
func Escape(number string) string {
	var b strings.Builder
	for i, r := range number {
		if strings.ContainsRune(`\*(),=`, r) || i > 0 && r == '/' && digit(number[i-1]) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
