package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc/paper/block"
	"yagura/kernel/text"
)

func sample() *block.Document {
	return &block.Document{Title: "Plan", Subtitle: "Works <3> & 第三", Organization: "星野", Subject: "CMMC", ID: "SSP-3", Marking: "CUI", Lang: text.JA,
		Date: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Contents: "目次", Cover: []block.Field{{Name: "System", Value: "Works\nand more"}, {Name: "Nothing", Value: ""}},
		Body: []block.Block{
			block.Heading{Level: 1, Text: "1 第一章"}, block.P("control \x00\x0b\u202echaracters \xff"), block.Heading{Level: 2, Text: "1.1"},
			block.Table{Columns: []block.Column{{Title: "名", Width: 1}, {Title: "Number", Width: 2, Right: true}},
				Rows: []block.Row{{Cells: []block.Cell{block.Name("a"), block.Mark("met", block.Good)}}, {Cells: []block.Cell{block.In("only one cell")}}}},
			block.Table{Columns: []block.Column{{Width: 1}}, Rows: []block.Row{{Cells: []block.Cell{{}}}}},
			block.Table{Columns: []block.Column{{Title: "empty", Width: 1}}},
			block.Break{}, block.Heading{Level: 2, Text: "quiet", Quiet: true},
		}}
}

// parts are the parts of a package, each of them read as XML.
func parts(t *testing.T, d *block.Document) map[string]string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(raw)
		for x := xml.NewDecoder(bytes.NewReader(raw)); ; {
			if _, err := x.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	return all
}

func all(re, s string) (list []string) {
	for _, m := range regexp.MustCompile(re).FindAllStringSubmatch(s, -1) {
		list = append(list, m[1])
	}
	return list
}

func TestThePackageHoldsTogether(t *testing.T) {
	p := parts(t, sample())
	for _, target := range all(`Target="([^"]+)"`, p["word/_rels/document.xml.rels"]) {
		if p["word/"+target] == "" {
			t.Errorf("a relation leads to %s, which there is not", target)
		}
	}
	for _, name := range all(`PartName="/([^"]+)"`, p["[Content_Types].xml"]) {
		if p[name] == "" {
			t.Errorf("the content types name %s, which there is not", name)
		}
	}
	doc := p["word/document.xml"]
	ids := strings.Join(all(`Id="([^"]+)"`, p["word/_rels/document.xml.rels"]), " ")
	for _, id := range all(`r:id="([^"]+)"`, doc) {
		if !strings.Contains(ids, id) {
			t.Errorf("%s is no relation", id)
		}
	}
	for _, part := range []string{"word/document.xml", "word/header1.xml", "word/footer1.xml", "word/styles.xml"} {
		for _, s := range all(`w:(?:pStyle|tblStyle|basedOn|next) w:val="([^"]+)"`, p[part]) {
			if !strings.Contains(p["word/styles.xml"], `w:styleId="`+s+`"`) {
				t.Errorf("%s: there is no style %s", part, s)
			}
		}
	}
}

func TestTheTableOfContentsIsAField(t *testing.T) {
	doc := parts(t, sample())["word/document.xml"]
	if n := strings.Count(doc, "fldCharType=\"begin\""); n != 1 || n != strings.Count(doc, "fldCharType=\"end\"") || n != strings.Count(doc, "fldCharType=\"separate\"") {
		t.Errorf("%d fields are opened, and not each of them closed", n)
	}
	if !strings.Contains(doc, ` TOC \o "1-3" \h \z \u `) {
		t.Error("there is no field TOC")
	}
	marks := all(`bookmarkStart w:id="\d+" w:name="([^"]+)"`, doc)
	links := all(`w:anchor="([^"]+)"`, doc)
	if len(marks) != 3 || len(links) != 2 || links[0] != marks[0] || links[1] != marks[1] {
		t.Errorf("marks %v, links %v: a quiet heading has no line, each other has one", marks, links)
	}
}

func TestTablesAreWhole(t *testing.T) {
	doc := parts(t, sample())["word/document.xml"]
	tables := strings.Split(doc, "<w:tbl>")[1:]
	if len(tables) != 3 { // the cover's and two; one without rows is none
		t.Fatalf("%d tables", len(tables))
	}
	for i, table := range tables {
		inside, after, _ := strings.Cut(table, "</w:tbl>")
		columns := strings.Count(inside, "<w:gridCol")
		for _, r := range strings.Split(inside, "<w:tr>")[1:] {
			if n := strings.Count(r, "<w:tc>"); n != columns || strings.Contains(r, "</w:tcPr></w:tc>") {
				t.Errorf("table %d: a row of %d cells under %d columns, or a cell without a paragraph", i, n, columns)
			}
		}
		if !strings.HasPrefix(after, "<w:p>") {
			t.Errorf("table %d is followed by no paragraph: Word would join two", i)
		}
	}
	if n := strings.Count(doc, "<w:tblHeader/>"); n != 1 {
		t.Errorf("%d heads repeat", n)
	}
}

func TestTextIsEscapedAndClean(t *testing.T) {
	p := parts(t, sample())
	if doc := p["word/document.xml"]; !strings.Contains(doc, "Works &lt;3&gt; &amp; 第三") || !strings.Contains(doc, "control characters \ufffd") {
		t.Error("text is not as it should be")
	}
	if !strings.Contains(p["word/styles.xml"], `w:eastAsia="Yu Gothic"`) || !strings.Contains(p["docProps/core.xml"], "2026-11-23T00:00:00Z") {
		t.Error("fonts or dates are missing")
	}
}
