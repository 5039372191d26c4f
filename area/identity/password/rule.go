package password

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Weakness is why a password is not taken.
type Weakness int

// The weaknesses.
const (
	Fine     Weakness = iota
	Short             // shorter than the rule asks for
	Long              // longer than is read
	Usual             // on the list of usual ones, or made from one
	Personal          // made from names that others know
	Plain             // one letter or a row repeated
)

// The lengths of SP 800-63B-4 §3.1.1.2.
const (
	ShortestAlone = 15
	ShortestWith  = 8 // where a second factor is asked for
	longest       = 256
)

// usual are the words that lists of stolen passwords begin with; with digits and
// signs around them they are no better.
var usual = words(`password passwort motdepasse contraseña pass passwd admin administrator root user guest login welcome
	willkommen bienvenue letmein changeme default secret qwerty qwertyuiop qwertz azerty asdfgh asdfghjkl zxcvbn zxcvbnm
	iloveyou sunshine princess monkey dragon football baseball master shadow superman batman trustno michael jessica
	summer winter spring autumn sommer sakura himawari nihon japan tokyo osaka nagoya kyoto fujisan arigatou konnichiwa
	company office work test testing temp temporary demo sample example factory plant server system network internet
	security yagura keyboard computer monday friday january december hello hallo abc abcd abcdef abcdefg passphrase
	correcthorsebatterystaple thisismypassword mypassword newpassword`)

func words(s string) map[string]bool {
	list := map[string]bool{}
	for _, w := range strings.Fields(s) {
		list[w] = true
	}
	return list
}

// rows are what fingers walk along.
var rows = []string{"abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "azertyuiopqsdfghjklmwxcvbn"}

// Rule is what a password must be.
type Rule struct {
	Shortest int
	Names    []string        // of the person, the unit and the company
	Blocked  map[string]bool // more passwords that are not taken, in lower case
}

// Weakness looks at a password. No composition of letters and digits is asked
// for: it makes people write Password1!.
func (r Rule) Weakness(password string) Weakness {
	plain := strings.ToLower(norm.NFKC.String(password))
	n := utf8.RuneCountInString(plain)
	if n < r.Shortest {
		return Short
	}
	if n > longest {
		return Long
	}
	if plainRow(plain) {
		return Plain
	}
	core := core(plain)
	if r.Blocked[plain] || r.Blocked[core] || usual[plain] || usual[core] || usual[halves(core)] {
		return Usual
	}
	rest := core
	for _, name := range r.Names {
		for _, part := range strings.FieldsFunc(strings.ToLower(norm.NFKC.String(name)), func(c rune) bool {
			return c == ' ' || c == '.' || c == '@' || c == '-' || c == '_' || c == '・' || c == '　'
		}) {
			if utf8.RuneCountInString(part) >= 3 || part != "" && part[0] >= utf8.RuneSelf {
				rest = strings.ReplaceAll(rest, part, "")
			}
		}
	}
	// What is left besides the names must by itself be something to guess.
	if rest != core && letters(rest) < r.Shortest/2 {
		return Personal
	}
	return Fine
}

func letters(s string) (n int) {
	for _, c := range s {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			n++
		}
	}
	return n
}

// core is a password without the digits and signs that people hang on words,
// and with letters where they write digits for them.
func core(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return r < utf8.RuneSelf && (r < 'a' || r > 'z') })
	return strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i").Replace(s)
}

// halves is the one half of a text that is the same twice.
func halves(s string) string {
	if n := len(s); n > 0 && n%2 == 0 && s[:n/2] == s[n/2:] {
		return s[:n/2]
	}
	return s
}

// plainRow tells whether a text repeats less than four different letters, or
// walks along the keyboard or the alphabet.
func plainRow(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	if len(seen) < 4 {
		return true
	}
	for _, row := range rows {
		if strings.Contains(row+row, s) || strings.Contains(reversed(row+row), s) {
			return true
		}
	}
	for size := 1; size <= len(s)/3; size++ { // a short text again and again
		if len(s)%size == 0 && strings.Repeat(s[:size], len(s)/size) == s {
			return true
		}
	}
	return false
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// List reads a file of blocked passwords, one a line.
func List(file []byte) map[string]bool {
	list := map[string]bool{}
	for line := range strings.Lines(string(file)) {
		if w := strings.ToLower(norm.NFKC.String(strings.TrimSpace(line))); w != "" {
			list[w] = true
		}
	}
	return list
}
