package console

import (
	"fmt"
	"time"

	"yagura/kernel/text"
)

// Table is what {{table}} shows. Lists make it by themselves; a short table of
// a detail page is made by NewTable and Row.
type Table struct {
	Caption     text.Message
	ShowCaption bool // otherwise the caption is for screen readers only
	Heads       []TableHead
	Rows        []TableRow
	Empty       Empty
	Fitted      bool // many columns: headings and names may take several lines

	Filters  []TableFilter
	Hidden   []Hidden
	Path     string
	Filtered bool
	CSV      string
	JSON     string

	Paged       bool
	From, To    int
	Total       int // below zero: not counted
	First, Next string
}

// TableHead is a column's heading.
type TableHead struct {
	Label  text.Message
	Num    bool
	Href   string // sorts by this column
	Sorted string // "ascending", "descending" or ""
}

// TableRow is a row; the first link in it is where Enter leads.
type TableRow struct {
	Cells []Cell
	Tone  Tone
	Depth int // of the first cell, for trees
}

// TableFilter is an entry of the filter bar as shown.
type TableFilter struct {
	Name    string
	Label   text.Message
	Value   string
	Options []Option
	Date    bool
}

// Hidden is a parameter that a form carries on.
type Hidden struct{ Name, Value string }

// NewTable begins a short table with plain headings.
func NewTable(caption text.Message, heads ...text.Message) *Table {
	t := &Table{Caption: caption, Total: -1}
	for _, h := range heads {
		t.Heads = append(t.Heads, TableHead{Label: h})
	}
	return t
}

// Row adds a row. A cell that shows a number makes its column one of numbers.
func (t *Table) Row(cells ...Cell) *Table {
	for i, c := range cells {
		if c.Kind == "num" && i < len(t.Heads) {
			t.Heads[i].Num = true
		}
	}
	t.Rows = append(t.Rows, TableRow{Cells: cells})
	return t
}

// Cell is the content of a table's cell, made by one of the functions below.
type Cell struct {
	Kind     string
	Text     string
	Message  text.Message
	Href     string
	Tone     Tone
	Severity Severity
	Time     time.Time
	Num      float64
	Max      float64
	Note     string
	Key      string
	Values   []float64
	More     []Cell
}

// Text is plain text; "" shows a dash.
func Text(s string) Cell { return Cell{Kind: "text", Text: s} }

// Say is a sentence in the reader's language.
func Say(m text.Message) Cell { return Cell{Kind: "message", Message: m} }

// Code is text in a fixed-width face, such as a hash or an address.
func Code(s string) Cell { return Cell{Kind: "code", Text: s} }

// Link leads to a page.
func Link(href, label string) Cell { return Cell{Kind: "link", Href: href, Text: label} }

// Strong is a link in bold: the name of the row's thing.
func Strong(href, label string) Cell { return Cell{Kind: "strong", Href: href, Text: label} }

// Keyed is a link or a button that the key presses on the chosen row.
func Keyed(c Cell, key string) Cell {
	c.Key = key
	return c
}

// When is a moment in the reader's zone; the zero time shows a dash.
func When(t time.Time) Cell { return Cell{Kind: "when", Time: t} }

// Day is a day that is the same one everywhere, such as the last on which something
// is valid; the zero time shows a dash.
func Day(t time.Time) Cell { return Cell{Kind: "day", Time: t} }

// Ago is how long ago a moment is.
func Ago(t time.Time) Cell { return Cell{Kind: "ago", Time: t} }

// Due is how long there is until a deadline, in red when it has passed.
func Due(t time.Time) Cell { return Cell{Kind: "due", Time: t} }

// Num is a number.
func Num[N int | int32 | int64 | float64](n N) Cell { return Cell{Kind: "num", Num: float64(n)} }

// Bytes is a size in bytes.
func Bytes(n int64) Cell { return Cell{Kind: "bytes", Num: float64(n)} }

// Mark is a severity: colour and word.
func Mark(s Severity) Cell { return Cell{Kind: "severity", Severity: s} }

// Chip is a state.
func Chip(tone Tone, label text.Message) Cell { return Cell{Kind: "chip", Tone: tone, Message: label} }

// Meter is a share as per cent with a bar.
func Meter(part, whole float64, tone Tone) Cell {
	return Cell{Kind: "meter", Num: part, Max: whole, Tone: tone}
}

// Trend is a small line of values, oldest first, with a number before it.
func Trend(note string, values []float64, tone Tone) Cell {
	return Cell{Kind: "trend", Note: note, Values: values, Tone: tone}
}

// TrendTo is a Trend whose number leads to a page, and whose line is put into words
// for those who can't see it.
func TrendTo(href, note string, values []float64, tone Tone, words text.Message) Cell {
	return Cell{Kind: "trend", Href: href, Note: note, Values: values, Tone: tone, Message: words}
}

// Yes is a tick or a dash.
func Yes(b bool) Cell {
	if b {
		return Cell{Kind: "yes"}
	}
	return Text("")
}

// Stack shows cells below each other, the later ones small.
func Stack(cells ...Cell) Cell { return Cell{Kind: "stack", More: cells} }

// Tick is a checkbox before a cell, for acting on several rows at once: it
// belongs to the form with that id, which stands elsewhere on the page. The key
// x ticks the chosen row.
func Tick(form, name, value string, ticked bool, label text.Message, c Cell) Cell {
	t := Cell{Kind: "tick", Text: value, Note: name, Href: form, Message: label, More: []Cell{c}}
	if ticked {
		t.Num = 1
	}
	return t
}

// Press is a button of a row that sends the form with that id, with the row's
// value under a name; key is pressed on the chosen row, "" for none.
func Press(form, name, value, key string, label text.Message) Cell {
	return Cell{Kind: "press", Text: value, Note: name, Href: form, Key: key, Message: label}
}

// Icon puts an icon before a cell.
func Icon(name string, c Cell) Cell { return Cell{Kind: "icon", Text: name, More: []Cell{c}} }

// CellOf shows a value as its kind asks.
func CellOf(v any) Cell {
	switch v := v.(type) {
	case nil:
		return Text("")
	case Cell:
		return v
	case string:
		return Text(v)
	case text.Message:
		return Say(v)
	case time.Time:
		return When(v)
	case Severity:
		return Mark(v)
	case bool:
		return Yes(v)
	case int:
		return Num(v)
	case int64:
		return Num(v)
	case float64:
		return Num(v)
	}
	return Text(fmt.Sprint(v))
}
