// Package docx writes a document as Office Open XML (ECMA-376, transitional):
// styles instead of formatting by hand, a table of contents that is a field, rows
// of heads that repeat, fonts for East Asian text. The same document gives the same
// bytes.
package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"yagura/area/cmmc/paper/block"
	"yagura/kernel/text"
)

// Write writes the document.
func Write(w io.Writer, d *block.Document) error {
	b := &body{d: d}
	b.document()
	z := zip.NewWriter(w)
	for _, p := range []struct{ name, content string }{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", relations},
		{"docProps/core.xml", core(d)},
		{"docProps/app.xml", app},
		{"word/_rels/document.xml.rels", documentRelations},
		{"word/settings.xml", settings},
		{"word/styles.xml", styles(d)},
		{"word/fontTable.xml", fontTable(d)},
		{"word/header1.xml", header(d)},
		{"word/footer1.xml", footer(d)},
		{"word/document.xml", b.String()},
	} {
		f, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(f, head+p.content); err != nil {
			return err
		}
	}
	return z.Close()
}

const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// esc is text for XML, without characters that XML does not have.
func esc(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(block.Clean(s))) // a buffer never fails
	return strings.ReplaceAll(b.String(), "&#xA;", "\n")
}

// Twips: a twentieth of a point.
const (
	margin   = 1134 // 2 cm
	a4Width  = 11906
	a4Height = 16838
	usWidth  = 12240
	usHeight = 15840
)

func size(d *block.Document) (width, height int) {
	if d.Letter {
		return usWidth, usHeight
	}
	return a4Width, a4Height
}

// fonts are names that Word brings on Windows and macOS; LibreOffice takes what is
// nearest to them.
func fonts(lang text.Lang) (latin, eastAsian string) {
	if lang == text.JA {
		return "Arial", "Yu Gothic"
	}
	return "Arial", "MS Gothic"
}

// body writes word/document.xml.
type body struct {
	strings.Builder
	d     *block.Document
	marks int
}

func (b *body) f(format string, args ...any) { fmt.Fprintf(b, format, args...) }

func (b *body) document() {
	b.f(`<w:document %s><w:body>`, spaces)
	b.cover()
	if b.d.Contents != "" {
		b.contents()
	}
	table := false
	for _, x := range b.d.Body {
		if table { // two tables that touch become one
			b.WriteString(`<w:p><w:pPr><w:pStyle w:val="Gap"/></w:pPr></w:p>`)
		}
		table = false
		switch x := x.(type) {
		case block.Heading:
			b.heading(x)
		case block.Para:
			b.para(x, "")
		case block.Table:
			table = len(x.Rows) > 0
			b.table(x)
		case block.Break:
			b.WriteString(`<w:p><w:r><w:br w:type="page"/></w:r></w:p>`)
		}
	}
	if table {
		b.WriteString(`<w:p><w:pPr><w:pStyle w:val="Gap"/></w:pPr></w:p>`)
	}
	w, h := size(b.d)
	b.f(`<w:sectPr><w:headerReference w:type="default" r:id="rId4"/><w:footerReference w:type="default" r:id="rId5"/>`+
		`<w:pgSz w:w="%d" w:h="%d"/><w:pgMar w:top="%d" w:right="%d" w:bottom="%d" w:left="%d" w:header="567" w:footer="567" w:gutter="0"/><w:titlePg/></w:sectPr>`,
		w, h, margin+200, margin, margin+200, margin)
	b.WriteString(`</w:body></w:document>`)
}

func (b *body) styled(style, words string) {
	b.f(`<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr><w:r><w:t xml:space="preserve">%s</w:t></w:r></w:p>`, style, esc(words))
}

func (b *body) cover() {
	if b.d.Marking != "" {
		b.styled("Marking", b.d.Marking)
	}
	b.styled("CoverOrganization", b.d.Organization)
	b.styled("Title", b.d.Title)
	b.styled("Subtitle", b.d.Subtitle)
	b.table(block.Fields(b.d.Cover...))
	b.WriteString(`<w:p><w:r><w:br w:type="page"/></w:r></w:p>`)
}

// mark is the bookmark of the nth heading.
func mark(n int) string { return fmt.Sprintf("_Toc%08d", n) }

// contents is a field that Word fills when it opens the document. Until it does, it
// holds each heading as a link, without a page: only who sets the pages knows it.
func (b *body) contents() {
	b.styled("ContentsHeading", b.d.Contents)
	n, first := 0, true
	for _, x := range b.d.Body {
		h, ok := x.(block.Heading)
		if !ok {
			continue
		}
		n++
		if h.Quiet || h.Level > 3 {
			continue
		}
		b.f(`<w:p><w:pPr><w:pStyle w:val="TOC%d"/></w:pPr>`, h.Level)
		if first {
			b.WriteString(`<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> TOC \o "1-3" \h \z \u </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>`)
			first = false
		}
		b.f(`<w:hyperlink w:anchor="%s" w:history="1"><w:r><w:t xml:space="preserve">%s</w:t></w:r></w:hyperlink></w:p>`, mark(n), esc(h.Text))
	}
	if !first {
		b.WriteString(`<w:p><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>`)
	}
}

func (b *body) heading(h block.Heading) {
	b.marks++
	style := fmt.Sprintf("Heading%d", h.Level)
	if h.Quiet {
		style = "QuietHeading"
	}
	b.f(`<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr><w:bookmarkStart w:id="%d" w:name="%s"/><w:r><w:t xml:space="preserve">%s</w:t></w:r><w:bookmarkEnd w:id="%d"/></w:p>`,
		style, b.marks, mark(b.marks), esc(h.Text), b.marks)
}

var paraStyles = map[block.Style]string{block.Body: "BodyText", block.Quote: "Quote", block.Small: "TableText", block.Tiny: "Hash"}

// Colours of tones: text and ground.
var toneText = map[block.Tone]string{block.Good: "14532D", block.Bad: "8A1C13", block.Doubt: "6B4A00", block.Muted: "59636E"}
var toneGround = map[block.Tone]string{block.Good: "E3F3E6", block.Bad: "FBE4E1", block.Doubt: "FFF3D1", block.Muted: "EEF0F2"}

func (b *body) para(p block.Para, align string) {
	b.f(`<w:p><w:pPr><w:pStyle w:val="%s"/>%s</w:pPr>`, paraStyles[p.Style], align)
	for _, r := range p.Runs {
		b.WriteString(`<w:r>`)
		if r.Bold || r.Tone != block.Plain {
			b.WriteString(`<w:rPr>`)
			if r.Bold {
				b.WriteString(`<w:b/>`)
			}
			if c := toneText[r.Tone]; c != "" {
				b.f(`<w:color w:val="%s"/>`, c)
			}
			b.WriteString(`</w:rPr>`)
		}
		for i, line := range strings.Split(r.Text, "\n") {
			if i > 0 {
				b.WriteString(`<w:br/>`)
			}
			b.f(`<w:t xml:space="preserve">%s</w:t>`, esc(line))
		}
		b.WriteString(`</w:r>`)
	}
	b.WriteString(`</w:p>`)
}

func (b *body) table(t block.Table) {
	if len(t.Rows) == 0 {
		return
	}
	w, _ := size(b.d)
	all := w - 2*margin
	widths := t.Share(all)
	b.f(`<w:tbl><w:tblPr><w:tblStyle w:val="Lined"/><w:tblW w:w="%d" w:type="dxa"/><w:tblLayout w:type="fixed"/><w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="0" w:noVBand="1"/></w:tblPr><w:tblGrid>`, all)
	for _, x := range widths {
		b.f(`<w:gridCol w:w="%d"/>`, x)
	}
	b.WriteString(`</w:tblGrid>`)
	if t.Titled() {
		b.WriteString(`<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`)
		for i, c := range t.Columns {
			b.f(`<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/><w:shd w:val="clear" w:color="auto" w:fill="1F3A5F"/></w:tcPr>`, widths[i])
			style := "TableHead"
			if c.Right {
				style = "TableHeadRight"
			}
			b.styled(style, c.Title)
			b.WriteString(`</w:tc>`)
		}
		b.WriteString(`</w:tr>`)
	}
	for _, r := range t.Rows {
		b.WriteString(`<w:tr><w:trPr><w:cantSplit/></w:trPr>`)
		for i := range t.Columns {
			var c block.Cell
			if i < len(r.Cells) {
				c = r.Cells[i]
			}
			b.cell(c, widths[i], t.Columns[i].Right)
		}
		b.WriteString(`</w:tr>`)
	}
	b.WriteString(`</w:tbl>`)
}

func (b *body) cell(c block.Cell, width int, right bool) {
	ground := toneGround[c.Tone]
	if c.Label {
		ground = "EEF2F7"
	}
	b.f(`<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>`, width)
	if ground != "" {
		b.f(`<w:shd w:val="clear" w:color="auto" w:fill="%s"/>`, ground)
	}
	b.WriteString(`</w:tcPr>`)
	align := ""
	if right {
		align = `<w:jc w:val="right"/>`
	}
	for _, p := range c.Paras {
		b.para(p, align)
	}
	if len(c.Paras) == 0 { // a cell ends with a paragraph
		b.styled("TableText", "")
	}
	b.WriteString(`</w:tc>`)
}

func day(t time.Time) string { return t.UTC().Format(time.RFC3339) }
