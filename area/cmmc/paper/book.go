package paper

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"yagura/area/cmmc/paper/block"
)

// sheet is a table of a workbook. Values are texts, whole numbers, days and marked
// texts; nil is an empty cell.
type sheet struct {
	name    string
	lines   []string // above the table
	columns []column
	rows    [][]any
}

type column struct {
	title string
	width float64
}

// marked is a text with a tone.
type marked struct {
	words string
	tone  block.Tone
}

// book writes a workbook. The same sheets give the same bytes.
func (c *Papers) book(title string, sheets ...sheet) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	b := &binder{c: c, f: f, styles: map[look]int{}}
	for i, s := range sheets {
		b.sheet(i, title, s)
	}
	day := c.when().Format(time.RFC3339)
	b.keep(f.SetDocProps(&excelize.DocProperties{Title: title + " – " + c.name(), Subject: "CMMC", Creator: c.a.System.Organization, LastModifiedBy: "Yagura", Created: day, Modified: day, Language: string(c.Lang)}))
	b.keep(f.SetAppProps(&excelize.AppProperties{Application: "Yagura"}))
	if b.err != nil {
		return nil, b.err
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// binder fills a workbook; the first error is kept.
type binder struct {
	c      *Papers
	f      *excelize.File
	styles map[look]int
	err    error
}

func (b *binder) keep(err error) {
	if b.err == nil {
		b.err = err
	}
}

// look is what a cell looks like.
type look struct {
	kind  byte // t text, d day, n number, h head, T title, i line above
	tone  block.Tone
	quote bool
}

var grounds = map[block.Tone]string{block.Good: "E3F3E6", block.Bad: "FBE4E1", block.Doubt: "FFF3D1", block.Muted: "EEF0F2"}

func (b *binder) style(l look) int {
	if n, ok := b.styles[l]; ok {
		return n
	}
	family := "Arial"
	if b.c.Lang == "ja" {
		family = "Yu Gothic"
	}
	s := &excelize.Style{Font: &excelize.Font{Family: family, Size: 9, Color: "1B232C"}, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}
	for _, side := range []string{"left", "right", "top", "bottom"} {
		s.Border = append(s.Border, excelize.Border{Type: side, Style: 1, Color: "C5CED8"})
	}
	switch l.kind {
	case 'h':
		s.Font.Bold, s.Font.Color = true, "FFFFFF"
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F3A5F"}}
		s.Alignment.Vertical = "center"
	case 'T':
		s = &excelize.Style{Font: &excelize.Font{Family: family, Size: 14, Bold: true, Color: "1F3A5F"}}
	case 'i':
		s = &excelize.Style{Font: &excelize.Font{Family: family, Size: 9, Color: "59636E"}}
	case 'n':
		s.Alignment.Horizontal = "center"
	case 'd':
		form := "yyyy-mm-dd"
		s.CustomNumFmt = &form
		s.Alignment.Horizontal = "left"
	}
	if g := grounds[l.tone]; g != "" {
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{g}}
		s.Font.Bold = true
	}
	n, err := b.f.NewStyle(s)
	b.keep(err)
	if l.quote && err == nil {
		// What looks like a formula is text, also once somebody edits the cell. A
		// style that differs in nothing else would be shared, so it is made anew.
		yes := true
		xf := b.f.Styles.CellXfs.Xf[n]
		xf.QuotePrefix = &yes
		b.f.Styles.CellXfs.Xf = append(b.f.Styles.CellXfs.Xf, xf)
		b.f.Styles.CellXfs.Count = len(b.f.Styles.CellXfs.Xf)
		n = len(b.f.Styles.CellXfs.Xf) - 1
	}
	b.styles[l] = n
	return n
}

// formula tells whether a program could take a text for one.
func formula(s string) bool {
	return s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0])
}

// maxCell is how many characters a cell holds.
const maxCell = 32767

func (b *binder) set(name string, x, y int, v any) {
	at, err := excelize.CoordinatesToCellName(x, y)
	b.keep(err)
	l := look{kind: 't'}
	if m, ok := v.(marked); ok {
		v, l.tone = m.words, m.tone
	}
	switch v := v.(type) {
	case string:
		v = block.Clean(v)
		if utf8.RuneCountInString(v) > maxCell {
			v = string([]rune(v)[:maxCell-1]) + "…"
		}
		l.quote = formula(v)
		if v != "" {
			b.keep(b.f.SetCellStr(name, at, v))
		}
	case int:
		l.kind = 'n'
		b.keep(b.f.SetCellInt(name, at, int64(v)))
	case time.Time:
		l.kind = 'd'
		if !v.IsZero() {
			b.keep(b.f.SetCellFloat(name, at, serial(v), 0, 64))
		}
	}
	b.keep(b.f.SetCellStyle(name, at, at, b.style(l)))
}

// serial is a day as spreadsheets count them.
func serial(day time.Time) float64 {
	return day.UTC().Truncate(24*time.Hour).Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24
}

func (b *binder) line(name string, y int, kind byte, words string) {
	at, err := excelize.CoordinatesToCellName(1, y)
	b.keep(err)
	b.keep(b.f.SetCellStr(name, at, block.Clean(words)))
	b.keep(b.f.SetCellStyle(name, at, at, b.style(look{kind: kind, quote: formula(words)})))
}

func (b *binder) sheet(i int, title string, s sheet) {
	f := b.f
	if i == 0 {
		b.keep(f.SetSheetName("Sheet1", s.name))
	} else {
		_, err := f.NewSheet(s.name)
		b.keep(err)
	}
	b.line(s.name, 1, 'T', title+" – "+b.c.name())
	for k, words := range s.lines {
		b.line(s.name, 2+k, 'i', words)
	}
	top := len(s.lines) + 3
	for x, col := range s.columns {
		letter, err := excelize.ColumnNumberToName(x + 1)
		b.keep(err)
		b.keep(f.SetColWidth(s.name, letter, letter, col.width))
		at, _ := excelize.CoordinatesToCellName(x+1, top)
		b.keep(f.SetCellStr(s.name, at, col.title))
		b.keep(f.SetCellStyle(s.name, at, at, b.style(look{kind: 'h'})))
	}
	titles := make([]any, len(s.columns))
	for x, col := range s.columns {
		titles[x] = col.title
	}
	b.keep(f.SetRowHeight(s.name, top, s.height(titles)+4))
	for y, row := range s.rows {
		for x := range s.columns {
			var v any
			if x < len(row) {
				v = row[x]
			}
			b.set(s.name, x+1, top+1+y, v)
		}
		b.keep(f.SetRowHeight(s.name, top+1+y, s.height(row)))
	}
	first, _ := excelize.CoordinatesToCellName(1, top)
	last, err := excelize.CoordinatesToCellName(len(s.columns), top+max(len(s.rows), 1))
	b.keep(err)
	b.keep(f.AutoFilter(s.name, first+":"+last, nil))
	b.print(s, top)
}

// maxHeight is how high a row may be.
const maxHeight = 409

// height is how high a row must be for its texts, in points: not every program finds
// that out by itself. A character of an East Asian script is as wide as two.
func (s sheet) height(row []any) float64 {
	most := 1
	for x, v := range row {
		words, _ := v.(string)
		if m, ok := v.(marked); ok {
			words = m.words
		}
		lines := 0
		for line := range strings.SplitSeq(words, "\n") {
			used := 0
			for _, r := range line {
				used++
				if r >= 0x2e80 {
					used++
				}
			}
			lines += 1 + used*11/10/int(s.columns[x].width) // a word does not fill its line
		}
		most = max(most, lines)
	}
	return min(float64(most)*12.5+2, maxHeight)
}

// print freezes the head and sets how the sheet is printed: across, as wide as the
// page, with the head on each page.
func (b *binder) print(s sheet, top int) {
	f, name := b.f, s.name
	corner, err := excelize.CoordinatesToCellName(3, top+1)
	b.keep(err)
	b.keep(f.SetPanes(name, &excelize.Panes{Freeze: true, XSplit: 2, YSplit: top, TopLeftCell: corner, ActivePane: "bottomRight",
		Selection: []excelize.Selection{{SQRef: corner, ActiveCell: corner, Pane: "bottomRight"}}}))
	paper, across, wide, tall, fit, sum := 9, "landscape", 1, 0, true, 0.0
	for _, c := range s.columns {
		sum += c.width
	}
	switch large := sum > 140; {
	case large && b.c.Letter:
		paper = 3 // tabloid
	case large:
		paper = 8 // A3
	case b.c.Letter:
		paper = 1
	}
	b.keep(f.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &paper, Orientation: &across, FitToWidth: &wide, FitToHeight: &tall}))
	b.keep(f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}))
	side, above, inside := 0.5, 0.75, 0.3
	b.keep(f.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &above, Bottom: &above, Header: &inside, Footer: &inside}))
	b.keep(f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + strings.ReplaceAll(name, "'", "''") + "'!$1:$" + number(top), Scope: name}))
	mark := strings.ReplaceAll(block.Clean(b.c.d.Marking), "&", "&&")
	b.keep(f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddHeader: "&C" + mark, OddFooter: "&L&A&C" + mark + "&R&P / &N"}))
}
