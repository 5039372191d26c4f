package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"yagura/area/cmmc/paper/typeface"
)

// font is a face with the glyphs of it that are used, in order of first use.
type font struct {
	number int
	face   *typeface.Face
	glyphs []int
	runes  []rune // what each stands for
	index  map[int]int
}

func (p *printer) font(f *typeface.Face) *font {
	x := &font{number: len(p.fonts) + 1, face: f, glyphs: []int{0}, runes: []rune{0}, index: map[int]int{0: 0}}
	p.fonts = append(p.fonts, x)
	return x
}

func (f *font) use(glyph int, r rune) int {
	n, ok := f.index[glyph]
	if !ok {
		n = len(f.glyphs)
		f.index[glyph] = n
		f.glyphs, f.runes = append(f.glyphs, glyph), append(f.runes, r)
	}
	return n
}

// file gathers objects. The first error is kept.
type file struct {
	bytes.Buffer
	offsets []int
	err     error
}

// reserve gives a number to an object that is written later.
func (f *file) reserve() int {
	f.offsets = append(f.offsets, 0)
	return len(f.offsets)
}

func (f *file) object(n int, format string, args ...any) {
	f.offsets[n-1] = f.Len()
	fmt.Fprintf(f, "%d 0 obj\n"+format+"\nendobj\n", append([]any{n}, args...)...)
}

// stream is an object with packed data; more are further keys of its dictionary.
func (f *file) stream(n int, more string, data []byte) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, err := z.Write(data)
	if e := z.Close(); err == nil {
		err = e
	}
	if f.err == nil {
		f.err = err
	}
	f.offsets[n-1] = f.Len()
	fmt.Fprintf(f, "%d 0 obj\n<< /Length %d /Filter /FlateDecode%s >>\nstream\n", n, packed.Len(), more)
	f.Write(packed.Bytes())
	f.WriteString("\nendstream\nendobj\n")
}

// utf is a text string of PDF.
func utf(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}

// write puts the pages into a file. The body begins after so many pages.
func (p *printer) write(w io.Writer, pages []*page, before int) error {
	f := &file{}
	f.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	catalog, tree, info := f.reserve(), f.reserve(), f.reserve()
	numbers := make([]int, len(pages))
	for i := range pages {
		numbers[i] = f.reserve()
	}
	resources := "<< /Font <<"
	for _, x := range p.fonts {
		if len(x.glyphs) == 1 {
			continue // nothing is written in it
		}
		n := f.reserve()
		resources += fmt.Sprintf(" /F%d %d 0 R", x.number, n)
		f.font(n, x)
	}
	resources += " >> >>"
	dest := func(h headed) string {
		return fmt.Sprintf("[%d 0 R /XYZ 0 %.2f null]", numbers[h.page+before], p.height-h.y+8)
	}
	kids := make([]string, len(pages))
	for i, pg := range pages {
		content := f.reserve()
		var annots []string
		for _, l := range pg.links {
			a := f.reserve()
			f.object(a, "<< /Type /Annot /Subtype /Link /Rect [%.2f %.2f %.2f %.2f] /Border [0 0 0] /Dest %s >>", l.x, p.height-l.y-l.h, l.x+l.w, p.height-l.y, dest(l.to))
			annots = append(annots, fmt.Sprintf("%d 0 R", a))
		}
		extra := ""
		if len(annots) > 0 {
			extra = " /Annots [" + strings.Join(annots, " ") + "]"
		}
		f.stream(content, "", []byte(pg.String()))
		f.object(numbers[i], "<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %.2f %.2f] /Resources %s /Contents %d 0 R%s >>", tree, p.width, p.height, resources, content, extra)
		kids[i] = fmt.Sprintf("%d 0 R", numbers[i])
	}
	f.object(tree, "<< /Type /Pages /Count %d /Kids [%s] >>", len(pages), strings.Join(kids, " "))
	outline := p.outline(f, dest)
	f.object(catalog, "<< /Type /Catalog /Pages %d 0 R /Lang (%s) /PageMode /UseOutlines /ViewerPreferences << /DisplayDocTitle true >>%s >>", tree, p.d.Lang, outline)
	made := ""
	if !p.d.Date.IsZero() {
		made = p.d.Date.UTC().Format(" /CreationDate (D:20060102150405Z)")
	}
	f.object(info, "<< /Title %s /Author %s /Subject %s /Producer (Yagura)%s >>", utf(p.d.Title+" – "+p.d.Subtitle), utf(p.d.Organization), utf(p.d.Subject), made)
	if f.err != nil {
		return f.err
	}
	id := sha256.Sum256(f.Bytes())
	table := f.Len()
	fmt.Fprintf(f, "xref\n0 %d\n0000000000 65535 f \n", len(f.offsets)+1)
	for _, at := range f.offsets {
		fmt.Fprintf(f, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(f, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%x> <%x>] >>\nstartxref\n%d\n%%%%EOF\n", len(f.offsets)+1, catalog, info, id[:16], id[:16], table)
	_, err := w.Write(f.Bytes())
	return err
}

// outline are the bookmarks, nested as headings are.
func (p *printer) outline(f *file, dest func(headed) string) string {
	var heads []headed
	for _, h := range p.heads {
		if !h.Quiet {
			heads = append(heads, h)
		}
	}
	if len(heads) == 0 {
		return ""
	}
	root := f.reserve()
	numbers := make([]int, len(heads))
	for i := range heads {
		numbers[i] = f.reserve()
	}
	// The parent of a heading is the last one before it of a higher level.
	parent := make([]int, len(heads))
	children := map[int][]int{}
	for i, h := range heads {
		parent[i] = -1
		for k := i - 1; k >= 0; k-- {
			if heads[k].Level < h.Level {
				parent[i] = k
				break
			}
		}
		children[parent[i]] = append(children[parent[i]], i)
	}
	for i, h := range heads {
		up, list := root, children[parent[i]]
		if parent[i] >= 0 {
			up = numbers[parent[i]]
		}
		extra := ""
		for k, n := range list {
			if n == i && k > 0 {
				extra += fmt.Sprintf(" /Prev %d 0 R", numbers[list[k-1]])
			}
			if n == i && k+1 < len(list) {
				extra += fmt.Sprintf(" /Next %d 0 R", numbers[list[k+1]])
			}
		}
		if below := children[i]; len(below) > 0 { // folded: a negative count
			extra += fmt.Sprintf(" /First %d 0 R /Last %d 0 R /Count -%d", numbers[below[0]], numbers[below[len(below)-1]], len(below))
		}
		f.object(numbers[i], "<< /Title %s /Parent %d 0 R /Dest %s%s >>", utf(h.Text), up, dest(h), extra)
	}
	top := children[-1]
	f.object(root, "<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count %d >>", numbers[top[0]], numbers[top[len(top)-1]], len(top))
	return fmt.Sprintf(" /Outlines %d 0 R", root)
}

// font writes the objects of a font with its used glyphs.
func (f *file) font(n int, x *font) {
	program, err := x.face.Subset(x.glyphs)
	if err != nil {
		f.err = err
		return
	}
	sum := sha256.Sum256(program)
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	name := string(tag) + "+" + x.face.Name
	descendant, descriptor, data, unicode := f.reserve(), f.reserve(), f.reserve(), f.reserve()
	kind, key, more, toGID := "CIDFontType2", "FontFile2", fmt.Sprintf(" /Length1 %d", len(program)), " /CIDToGIDMap /Identity"
	if x.face.CFF() {
		kind, key, more, toGID = "CIDFontType0", "FontFile3", " /Subtype /CIDFontType0C", ""
	}
	f.stream(data, more, program)
	var widths strings.Builder
	for _, g := range x.glyphs {
		fmt.Fprintf(&widths, " %d", x.face.Width(g))
	}
	face := x.face
	f.object(descriptor, "<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /%s %d 0 R >>",
		name, face.Box[0], face.Box[1], face.Box[2], face.Box[3], face.Ascent, face.Descent, face.CapHeight, key, data)
	f.object(descendant, "<< /Type /Font /Subtype /%s /BaseFont /%s /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor %d 0 R /DW 1000 /W [0 [%s]]%s >>",
		kind, name, descriptor, strings.TrimSpace(widths.String()), toGID)
	f.stream(unicode, "", x.toUnicode())
	f.object(n, "<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>", name, descendant, unicode)
}

// toUnicode says what characters glyphs stand for, so that text can be found and
// copied.
func (x *font) toUnicode() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for at := 1; at < len(x.runes); at += 100 {
		part := x.runes[at:min(at+100, len(x.runes))]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(part))
		for i, r := range part {
			fmt.Fprintf(&b, "<%04X> <", at+i)
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, "%04X", u)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}
