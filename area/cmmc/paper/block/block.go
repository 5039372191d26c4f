// Package block is a printed document before it has a format: a cover, a table of
// contents, headings, paragraphs and tables. What writes formats (docx, PDF, HTML)
// knows nothing of what the document is about.
package block

import (
	"strings"
	"time"

	"yagura/kernel/text"
)

// Document is what is printed.
type Document struct {
	Title, Subtitle string
	Organization    string
	Subject         string
	ID              string // stands in the footer, so that a loose page can be placed
	Marking         string // such as CUI: at the head and foot of every page
	Lang            text.Lang
	Date            time.Time
	Letter          bool // US letter, else A4
	Flow            bool // a chapter begins where the one before ends, not on a page of its own
	Cover           []Field
	Contents        string // the heading of the table of contents; empty: there is none
	Body            []Block
}

// Field is a name with its value.
type Field struct{ Name, Value string }

// Block is a part of the body.
type Block interface{ block() }

// Heading opens a section; level 1 begins a page.
type Heading struct {
	Level int
	Text  string
	Quiet bool // not in the table of contents
}

// Style is what a paragraph is for.
type Style int

// The styles.
const (
	Body  Style = iota
	Quote       // words of others, such as the official text of a requirement
	Small       // in tables, notes
	Tiny        // hashes
)

// Tone is what a piece of text says of itself beyond its words; the words say it
// too, for who sees no colour.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	Bad
	Doubt
	Muted
)

// Run is a piece of text.
type Run struct {
	Text string
	Bold bool
	Tone Tone
}

// Para is a paragraph.
type Para struct {
	Runs  []Run
	Style Style
}

// Column is one of a table. Width is a share of the sum of all.
type Column struct {
	Title string
	Width int
	Right bool
}

// Table has a head that is repeated on every page. Without a title in any column
// it has none.
type Table struct {
	Columns []Column
	Rows    []Row
}

// Row is one of a table.
type Row struct{ Cells []Cell }

// Cell is one or more paragraphs; Label marks it as the name of its row.
type Cell struct {
	Paras []Para
	Tone  Tone
	Label bool
}

// Break begins a new page.
type Break struct{}

func (Heading) block() {}
func (Para) block()    {}
func (Table) block()   {}
func (Break) block()   {}

// P is a paragraph of plain words.
func P(words string) Para { return Para{Runs: []Run{{Text: words}}} }

// In is a cell of small plain words.
func In(words ...string) Cell {
	var c Cell
	for _, w := range words {
		if w != "" {
			c.Paras = append(c.Paras, Para{Style: Small, Runs: []Run{{Text: w}}})
		}
	}
	return c
}

// Name is a cell that names its row.
func Name(words string) Cell {
	return Cell{Label: true, Paras: []Para{{Style: Small, Runs: []Run{{Text: words, Bold: true}}}}}
}

// Mark is a cell whose words carry a tone.
func Mark(words string, tone Tone) Cell {
	return Cell{Tone: tone, Paras: []Para{{Style: Small, Runs: []Run{{Text: words, Bold: true, Tone: tone}}}}}
}

// Fields is a table of names and values; what has no value is left out.
func Fields(list ...Field) Table {
	t := Table{Columns: []Column{{Width: 28}, {Width: 72}}}
	for _, f := range list {
		if f.Value != "" {
			t.Rows = append(t.Rows, Row{[]Cell{Name(f.Name), In(strings.Split(f.Value, "\n")...)}})
		}
	}
	return t
}

// Titled tells whether a table has a head.
func (t Table) Titled() bool {
	for _, c := range t.Columns {
		if c.Title != "" {
			return true
		}
	}
	return false
}

// Share is the width of each column where all are so wide together.
func (t Table) Share(all int) []int {
	sum, used := 0, 0
	for _, c := range t.Columns {
		sum += c.Width
	}
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = all * c.Width / sum
		used += widths[i]
	}
	widths[len(widths)-1] += all - used
	return widths
}

// Clean makes one line of plain characters of a text: what no format may hold is
// left out. Line breaks stay.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff, r >= 0xd800 && r < 0xe000:
			return -1
		case r == 0xfeff, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // turn the reading direction around unseen
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
