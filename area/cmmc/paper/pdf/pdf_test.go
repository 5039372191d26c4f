package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/paper/typeface"
	"yagura/area/cmmc/paper/typeface/typefacetest"
	"yagura/kernel/text"
)

func runes() (list []rune) {
	for r := ' '; r <= '~'; r++ {
		list = append(list, r)
	}
	return append(list, []rune("目次第一章二三。、「」あいっ–…")...)
}

func family(t *testing.T, cff bool) typeface.Family {
	t.Helper()
	f, err := typeface.Parse("made.otf", typefacetest.Font(typefacetest.Options{Name: "Made-Regular", Runes: runes(), CFF: cff}), -1)
	if err != nil {
		t.Fatal(err)
	}
	return typeface.Family{Regular: []*typeface.Face{f}}
}

func sample() *block.Document {
	d := &block.Document{Title: "Plan", Subtitle: "Works", Organization: "Group", ID: "SSP-3", Marking: "CUI", Lang: text.JA,
		Date: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Contents: "目次", Cover: []block.Field{{Name: "System", Value: "Works"}},
		Body: []block.Block{block.Heading{Level: 1, Text: "1 第一章"}, block.P("first words"), block.Heading{Level: 2, Text: "1.1 Table"}}}
	t := block.Table{Columns: []block.Column{{Title: "HEAD", Width: 1}, {Title: "Number", Width: 2, Right: true}}}
	for i := range 120 {
		t.Rows = append(t.Rows, block.Row{Cells: []block.Cell{block.Name(fmt.Sprintf("row%03d", i)), block.Mark("met", block.Good)}})
	}
	long := block.Row{Cells: []block.Cell{block.In(strings.Repeat("much to say ", 900)), block.In("end")}} // longer than a page
	t.Rows = append(t.Rows, long)
	d.Body = append(d.Body, t, block.Heading{Level: 1, Text: "2 第二章"}, block.Break{}, block.Heading{Level: 3, Text: "2.0.1 last"})
	return d
}

// read is a reader of its own for what the tests ask: objects by number, and the
// text of each page by way of the ToUnicode tables.
type read struct {
	t       *testing.T
	objects map[int]string
	pages   []string // as shown, line by line
}

func open(t *testing.T, raw []byte) *read {
	t.Helper()
	r := &read{t: t, objects: map[int]string{}}
	start := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(raw)
	if start == nil {
		t.Fatal("no startxref")
	}
	at, _ := strconv.Atoi(string(start[1]))
	lines := strings.Split(string(raw[at:]), "\n")
	count, _ := strconv.Atoi(strings.TrimPrefix(lines[1], "0 "))
	for n := 1; n < count; n++ {
		offset, err := strconv.Atoi(lines[2+n][:10])
		head := fmt.Sprintf("%d 0 obj\n", n)
		if err != nil || !bytes.HasPrefix(raw[offset:], []byte(head)) {
			t.Fatalf("object %d is not where the table says", n)
		}
		body := raw[offset+len(head):]
		r.objects[n] = string(body[:bytes.Index(body, []byte("\nendobj"))])
	}
	for n, o := range r.objects {
		for _, m := range regexp.MustCompile(`(\d+) 0 R`).FindAllStringSubmatch(dictOf(o), -1) {
			if k, _ := strconv.Atoi(m[1]); r.objects[k] == "" {
				t.Errorf("object %d refers to %d, which there is not", n, k)
			}
		}
	}
	unicode := map[string]map[string]string{} // font, glyph: character
	kids := regexp.MustCompile(`/Kids \[([^\]]*)\]`).FindStringSubmatch(r.find("/Type /Pages"))
	for _, kid := range strings.Split(strings.TrimSuffix(kids[1], " 0 R"), " 0 R ") {
		n, _ := strconv.Atoi(kid)
		pg := r.objects[n]
		for _, m := range regexp.MustCompile(`/(F\d+) (\d+) 0 R`).FindAllStringSubmatch(pg, -1) {
			if unicode[m[1]] == nil {
				unicode[m[1]] = r.unicode(m[2])
			}
		}
		var b strings.Builder
		for _, m := range regexp.MustCompile(`/(F\d+) .*<([0-9A-F]*)> Tj`).FindAllStringSubmatch(r.stream(ref(pg, "Contents")), -1) {
			for i := 0; i < len(m[2]); i += 4 {
				c, ok := unicode[m[1]][m[2][i:i+4]]
				if !ok {
					t.Errorf("glyph %s stands for nothing", m[2][i:i+4])
				}
				b.WriteString(c)
			}
			b.WriteString("\n")
		}
		r.pages = append(r.pages, b.String())
	}
	return r
}

func dictOf(o string) string {
	before, _, _ := strings.Cut(o, "stream\n")
	return before
}

func ref(o, key string) string {
	m := regexp.MustCompile(`/` + key + ` \[?(\d+) 0 R`).FindStringSubmatch(o)
	if m == nil {
		return "0"
	}
	return m[1]
}

func (r *read) find(what string) string {
	for _, o := range r.objects {
		if strings.Contains(dictOf(o), what) {
			return o
		}
	}
	r.t.Fatalf("no object with %s", what)
	return ""
}

func (r *read) stream(number string) string {
	n, _ := strconv.Atoi(number)
	_, data, ok := strings.Cut(r.objects[n], "stream\n")
	data = strings.TrimSuffix(data, "\nendstream")
	if m := regexp.MustCompile(`/Length (\d+)`).FindStringSubmatch(r.objects[n]); !ok || m[1] != strconv.Itoa(len(data)) {
		r.t.Fatalf("object %d has no stream of its length", n)
	}
	z, err := zlib.NewReader(strings.NewReader(data))
	if err != nil {
		r.t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(raw)
}

func (r *read) unicode(font string) map[string]string {
	n, _ := strconv.Atoi(font)
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`<([0-9A-F]{4})> <([0-9A-F]{4})>\n`).FindAllStringSubmatch(r.stream(ref(r.objects[n], "ToUnicode")), -1) {
		u, _ := strconv.ParseUint(m[2], 16, 16)
		out[m[1]] = string(rune(u))
	}
	return out
}

func TestADocumentIsWhole(t *testing.T) {
	for _, cff := range []bool{false, true} {
		var b bytes.Buffer
		if err := Write(&b, sample(), family(t, cff)); err != nil {
			t.Fatal(err)
		}
		r := open(t, b.Bytes())
		all := strings.Join(r.pages, "")
		last := -1
		for i := range 120 {
			at := strings.Index(all, fmt.Sprintf("row%03d\n", i))
			if at <= last || strings.Count(all, fmt.Sprintf("row%03d\n", i)) != 1 {
				t.Fatalf("row %d stands in the wrong place, or not once", i)
			}
			last = at
		}
		if n := strings.Count(all, "much"); n != 900 {
			t.Errorf("%d of 900 words of a row that is longer than a page", n)
		}
		for i, pg := range r.pages {
			if strings.Contains(pg, "much") || strings.Contains(pg, "row") {
				if strings.Count(pg, "HEAD\n") != 1 {
					t.Errorf("page %d: the head of the table does not stand there once", i+1)
				}
			}
			if i > 0 && (!strings.Contains(pg, fmt.Sprintf("%d / %d\n", i+1, len(r.pages))) || strings.Count(pg, "CUI\n") != 2 || !strings.Contains(pg, "SSP-3  2026-11-23\n")) {
				t.Errorf("page %d has no head and foot:\n%s", i+1, pg)
			}
		}
		// The table of contents tells the pages on which headings stand.
		for _, title := range []string{"1 第一章", "1.1 Table", "2 第二章", "2.0.1 last"} {
			on := -1
			for i, pg := range r.pages {
				if i != 1 && strings.Contains(pg, title+"\n") {
					on = i + 1
				}
			}
			if !strings.Contains(r.pages[1], fmt.Sprintf("%s\n%d\n", title, on)) {
				t.Errorf("%q stands on page %d, which the contents don't say:\n%s", title, on, r.pages[1])
			}
		}
		want := "CIDFontType2"
		if cff {
			want = "CIDFontType0C"
		}
		r.find(want)
		if info := r.find("/Producer"); !strings.Contains(info, "(D:20261123000000Z)") || !strings.Contains(r.find("/Catalog"), "/Lang (ja)") {
			t.Error("date or language are missing")
		}
	}
}

func TestTheSameDocumentHasTheSameBytes(t *testing.T) {
	var first bytes.Buffer
	for range 3 {
		var b bytes.Buffer
		if err := Write(&b, sample(), family(t, true)); err != nil {
			t.Fatal(err)
		}
		if first.Len() == 0 {
			first = b
		}
		if !bytes.Equal(first.Bytes(), b.Bytes()) {
			t.Fatal("not the same")
		}
	}
}

func TestAMissingCharacterIsNamed(t *testing.T) {
	d := sample()
	d.Body = append(d.Body, block.P("here 😀 and ไ"))
	err := Write(io.Discard, d, family(t, false))
	if err == nil || !strings.Contains(err.Error(), "2 of the characters, such as ไ (U+0E44), 😀 (U+1F600): name one that has with --font; asked was made.otf") {
		t.Error(err)
	}
}

func TestLinesBreakWhereTheyMay(t *testing.T) {
	face, err := typeface.Parse("made.otf", typefacetest.Font(typefacetest.Options{Name: "Made", Runes: runes(), Width: 1000}), -1)
	if err != nil {
		t.Fatal(err)
	}
	p := &printer{missing: map[rune]bool{}}
	p.regular = []*font{p.font(face)}
	for _, c := range []struct {
		words string
		width int // in characters
		want  []string
	}{
		{"plain words here", 6, []string{"plain", "words", "here"}},
		{"ああああああ。あ", 6, []string{"あああああ", "あ。あ"}}, // no stop at the head of a line
		{"ああ「ああ」あ", 3, []string{"ああ", "「あ", "あ」あ"}},
		{"ああ「あ」あ", 3, []string{"ああ", "「あ」", "あ"}}, // no bracket opens at the end of one
		{"on 2026-11-23", 10, []string{"on", "2026-11-23"}},
		{"all-or/nothing", 8, []string{"all-or/", "nothing"}},
		{"abcdefgh", 3, []string{"abc", "def", "gh"}},
		{"a\nb", 9, []string{"a", "b"}},
		{"keep\u00a0this", 6, []string{"keep\u00a0t", "his"}},
		{"", 9, []string{""}},
	} {
		var got []string
		for _, l := range wrap(p.marks(c.words, false, look{size: 10}), float64(10*c.width)) {
			var b strings.Builder
			for _, m := range l {
				b.WriteRune(m.r)
			}
			got = append(got, b.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q became %q, not %q", c.words, got, c.want)
		}
	}
}
