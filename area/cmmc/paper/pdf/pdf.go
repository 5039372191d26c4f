// Package pdf sets a document on pages and writes it as PDF 1.7 (ISO 32000-1):
// text that can be searched and copied, with the fonts' used glyphs embedded,
// bookmarks, a table of contents that leads to its pages, heads of tables repeated.
// The same document and fonts give the same bytes.
package pdf

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/paper/typeface"
	"yagura/kernel/fault"
)

// Write writes the document.
func Write(w io.Writer, d *block.Document, fonts typeface.Family) error {
	p := &printer{d: d, width: 595.28, height: 841.89, missing: map[rune]bool{}}
	if d.Letter {
		p.width, p.height = 612, 792
	}
	for _, f := range fonts.Regular {
		p.regular = append(p.regular, p.font(f))
	}
	for _, f := range fonts.Bold {
		p.bold = append(p.bold, p.font(f))
	}
	p.cover()
	body := p.body()
	contents := p.contents(len(p.pages))
	pages := slices.Concat(p.pages, contents, body)
	p.dress(pages)
	if err := p.lacking(); err != nil {
		return err
	}
	return p.write(w, pages, 1+len(contents))
}

// printer sets a document.
type printer struct {
	d             *block.Document
	width, height float64
	fonts         []*font
	regular, bold []*font
	missing       map[rune]bool
	pages         []*page
	at            *page
	y             float64 // from the top
	heads         []headed
}

// headed is a heading with the place where it stands: a page of the body.
type headed struct {
	block.Heading
	page int
	y    float64
}

// page is one page with its drawing.
type page struct {
	strings.Builder
	links []link
}

// link leads from a rectangle to a page of the body.
type link struct {
	x, y, w, h float64
	to         headed
}

// Measures, in points.
const (
	edge   = 56.7 // left and right
	top    = 68.0
	bottom = 62.0
	padX   = 4.3
	padY   = 3.0
)

// Colours, as PDF has them.
const (
	ink    = "0.106 0.137 0.173"
	navy   = "0.122 0.227 0.373"
	grey   = "0.349 0.388 0.431"
	red    = "0.541 0.110 0.075"
	white  = "1 1 1"
	ruling = "0.773 0.808 0.847"
	label  = "0.933 0.949 0.969"
)

var (
	toneInk    = map[block.Tone]string{block.Plain: ink, block.Good: "0.078 0.325 0.176", block.Bad: red, block.Doubt: "0.420 0.290 0", block.Muted: grey}
	toneGround = map[block.Tone]string{block.Good: "0.890 0.953 0.902", block.Bad: "0.984 0.894 0.882", block.Doubt: "1 0.953 0.820", block.Muted: "0.933 0.941 0.949"}
)

// size and distance of lines, by style.
var styles = map[block.Style][2]float64{block.Body: {10, 15.5}, block.Quote: {9, 13.2}, block.Small: {8, 11}, block.Tiny: {6, 8}}

func (p *printer) inner() float64 { return p.width - 2*edge }
func (p *printer) room() float64  { return p.height - bottom - p.y }

func (p *printer) turn() {
	p.at = &page{}
	p.pages = append(p.pages, p.at)
	p.y = top
}

// need turns the page where less than h is left.
func (p *printer) need(h float64) {
	if p.room() < h && p.y > top {
		p.turn()
	}
}

// rect fills a rectangle; y is from the top.
func (p *printer) rect(x, y, w, h float64, colour string) {
	fmt.Fprintf(p.at, "%s rg %.2f %.2f %.2f %.2f re f\n", colour, x, p.height-y-h, w, h)
}

// text draws a line with its baseline at y.
func (p *printer) text(l line, x, y float64) {
	for i := 0; i < len(l); {
		j, w := i, 0.0
		for j < len(l) && l[j].font == l[i].font && l[j].look == l[i].look {
			w += l[j].width
			j++
		}
		m := l[i]
		fmt.Fprintf(p.at, "BT /F%d %.4g Tf %s rg ", m.font.number, m.look.size, m.look.colour)
		if m.look.fake {
			fmt.Fprintf(p.at, "2 Tr %.3g w %s RG ", m.look.size/40, m.look.colour)
		}
		fmt.Fprintf(p.at, "%.2f %.2f Td <", x, p.height-y)
		for _, g := range l[i:j] {
			fmt.Fprintf(p.at, "%04X", g.glyph)
		}
		p.at.WriteString("> Tj ")
		if m.look.fake {
			p.at.WriteString("0 Tr ")
		}
		p.at.WriteString("ET\n")
		x += w
		i = j
	}
}

// plain is one line of words, cut where it is too long.
func (p *printer) plain(words string, bold bool, l look, width float64) line {
	lines := wrap(p.marks(words, bold, l), width)
	if len(lines) == 0 {
		return nil
	}
	return lines[0]
}

func (p *printer) cover() {
	p.turn()
	p.y = 170
	for _, s := range []struct {
		words     string
		size, gap float64
		bold      bool
		colour    string
	}{{p.d.Organization, 13, 10, false, grey}, {p.d.Title, 28, 8, true, navy}, {p.d.Subtitle, 15, 14, false, ink}} {
		if s.words == "" {
			continue
		}
		for _, l := range wrap(p.marks(s.words, s.bold, look{size: s.size, colour: s.colour}), p.inner()) {
			p.y += s.size * 1.3
			p.text(l, edge, p.y)
		}
		p.y += s.gap
	}
	p.rect(edge, p.y, p.inner(), 2.2, navy)
	p.y += 34
	p.table(block.Fields(p.d.Cover...))
}

// body sets the body on pages of its own.
func (p *printer) body() []*page {
	before := p.pages
	p.pages = nil
	p.turn()
	for i, b := range p.d.Body {
		switch b := b.(type) {
		case block.Heading:
			p.heading(b)
		case block.Para:
			p.para(b)
		case block.Table:
			p.table(b)
			if i+1 < len(p.d.Body) {
				p.y += 8
			}
		case block.Break:
			if p.y > top {
				p.turn()
			}
		}
	}
	body := p.pages
	p.pages = before
	return body
}

func (p *printer) heading(h block.Heading) {
	size, before, after, keep := 10.5, 12.0, 4.0, 110.0
	switch h.Level {
	case 1:
		size, before, after, keep = 16, 0, 12, 0
		switch {
		case p.d.Flow:
			before, keep = 22, 90
		case p.y > top:
			p.turn()
		}
	case 2:
		size, before, after, keep = 13, 14, 5, 90
	}
	lines := wrap(p.marks(h.Text, true, look{size: size, colour: navy}), p.inner())
	p.need(before + float64(len(lines))*size*1.35 + keep)
	if p.y > top {
		p.y += before
	}
	p.heads = append(p.heads, headed{h, len(p.pages) - 1, p.y})
	for _, l := range lines {
		p.y += size * 1.25
		p.text(l, edge, p.y)
	}
	p.y += size * 0.3
	if h.Level == 1 {
		p.y += 3
		p.rect(edge, p.y, p.inner(), 1, navy)
	}
	p.y += after
}

// lines breaks a paragraph.
func (p *printer) lines(q block.Para, width float64) []line {
	size := styles[q.Style][0]
	var list []mark
	for _, r := range q.Runs {
		colour := toneInk[r.Tone]
		if r.Tone == block.Plain && q.Style == block.Tiny {
			colour = grey
		}
		list = append(list, p.marks(r.Text, r.Bold, look{size: size, colour: colour})...)
	}
	return wrap(list, width)
}

func (p *printer) para(q block.Para) {
	x, width, leading := edge, p.inner(), styles[q.Style][1]
	if q.Style == block.Quote {
		x, width = x+10, width-10
	}
	for _, l := range p.lines(q, width) {
		p.need(leading)
		if q.Style == block.Quote {
			p.rect(edge, p.y+1, 2.4, leading, "0.616 0.698 0.800")
		}
		p.text(l, x, p.y+leading*0.76)
		p.y += leading
	}
	p.y += 6
}

// contents is the table of contents, once the pages of the body are known.
func (p *printer) contents(before int) []*page {
	if p.d.Contents == "" {
		return nil
	}
	first := true
	var list []*page
	var set func(offset int)
	set = func(offset int) {
		cover := p.pages
		p.pages = nil
		p.turn()
		for _, l := range wrap(p.marks(p.d.Contents, true, look{size: 16, colour: navy}), p.inner()) {
			p.y += 20
			p.text(l, edge, p.y)
		}
		p.y += 14
		for _, h := range p.heads {
			if !h.Quiet {
				p.entry(h, offset)
			}
		}
		list, p.pages = p.pages, cover
		if first && len(list) != 1 { // now it is known how many pages it takes
			first = false
			set(before + len(list))
		}
	}
	set(before + 1)
	return list
}

// entry is a line of the table of contents.
func (p *printer) entry(h headed, offset int) {
	l, leading := look{size: 9, colour: ink}, 12.6
	if h.Level == 1 {
		l.size, leading = 10, 19
	}
	p.need(leading)
	p.y += leading
	indent := float64(h.Level-1) * 13
	number := p.plain(fmt.Sprint(h.page+offset+1), h.Level == 1, l, 60)
	room := p.inner() - indent - number.width() - 6
	words := p.plain(h.Text, h.Level == 1, l, room)
	p.text(words, edge+indent, p.y)
	p.text(number, p.width-edge-number.width(), p.y)
	p.dots(edge+indent+words.width()+4, p.width-edge-number.width()-4, look{size: l.size, colour: grey})
	p.at.links = append(p.at.links, link{edge, p.y - l.size, p.inner(), leading, h})
}

// dots leads from words to their page, in columns that stand under each other.
func (p *printer) dots(left, right float64, l look) {
	dot := p.mark('.', false, l)
	step := l.size * 0.45
	n := int((right - left) / step)
	if n < 2 || dot.width > step {
		return
	}
	fmt.Fprintf(p.at, "BT /F%d %.4g Tf %s rg %.3f Tc %.2f %.2f Td <%s> Tj 0 Tc ET\n", dot.font.number, l.size, l.colour, step-dot.width,
		right-float64(n)*step, p.height-p.y, strings.Repeat(fmt.Sprintf("%04X", dot.glyph), n))
}

// dress gives pages their running head and foot.
func (p *printer) dress(pages []*page) {
	l := look{size: 7.5, colour: grey}
	foot := p.d.ID
	if !p.d.Date.IsZero() {
		foot = strings.TrimSpace(foot + "  " + p.d.Date.Format(time.DateOnly))
	}
	third := p.inner()/2 - 40
	for i, pg := range pages {
		p.at = pg
		if p.d.Marking != "" {
			m := p.plain(p.d.Marking, true, look{size: 8, colour: red}, p.inner())
			p.text(m, (p.width-m.width())/2, 36)
			p.text(m, (p.width-m.width())/2, p.height-30)
		}
		if i == 0 {
			continue
		}
		p.text(p.plain(p.d.Title, false, l, third), edge, 36)
		right := p.plain(p.d.Subtitle, false, l, third)
		p.text(right, p.width-edge-right.width(), 36)
		p.rect(edge, 43, p.inner(), 0.5, ruling)
		p.rect(edge, p.height-44, p.inner(), 0.5, ruling)
		p.text(p.plain(foot, false, l, third), edge, p.height-30)
		number := p.plain(fmt.Sprintf("%d / %d", i+1, len(pages)), false, l, third)
		p.text(number, p.width-edge-number.width(), p.height-30)
	}
}

// lacking names characters that no font has: a document with holes in it is none.
func (p *printer) lacking() error {
	if len(p.missing) == 0 {
		return nil
	}
	list := slices.SortedFunc(maps.Keys(p.missing), cmp.Compare)
	var names []string
	for _, r := range list[:min(len(list), 8)] {
		names = append(names, fmt.Sprintf("%c (U+%04X)", r, r))
	}
	return fault.Invalidf("no font has %d of the characters, such as %s: name one that has with --font; asked was %s", len(list), strings.Join(names, ", "), p.asked())
}

func (p *printer) asked() string {
	var files []string
	for _, f := range p.regular {
		files = append(files, f.face.File)
	}
	return strings.Join(files, ", ")
}
