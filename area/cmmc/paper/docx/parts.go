package docx

import (
	"fmt"
	"strings"
	"time"

	"yagura/area/cmmc/paper/block"
)

const spaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

const (
	contentTypes = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>` +
		`<Override PartName="/word/settings.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml"/>` +
		`<Override PartName="/word/fontTable.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.fontTable+xml"/>` +
		`<Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/>` +
		`<Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>` +
		`<Override PartName="/docProps/app.xml" ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/></Types>`

	relationType = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

	relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="` + relationType + `officeDocument" Target="word/document.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>` +
		`<Relationship Id="rId3" Type="` + relationType + `extended-properties" Target="docProps/app.xml"/></Relationships>`

	documentRelations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="` + relationType + `styles" Target="styles.xml"/>` +
		`<Relationship Id="rId2" Type="` + relationType + `settings" Target="settings.xml"/>` +
		`<Relationship Id="rId3" Type="` + relationType + `fontTable" Target="fontTable.xml"/>` +
		`<Relationship Id="rId4" Type="` + relationType + `header" Target="header1.xml"/>` +
		`<Relationship Id="rId5" Type="` + relationType + `footer" Target="footer1.xml"/></Relationships>`

	app = `<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Application>Yagura</Application></Properties>`
)

func core(d *block.Document) string {
	made := ""
	if !d.Date.IsZero() {
		made = fmt.Sprintf(`<dcterms:created xsi:type="dcterms:W3CDTF">%s</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">%s</dcterms:modified>`, day(d.Date), day(d.Date))
	}
	return `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<dc:title>` + esc(d.Title+" – "+d.Subtitle) + `</dc:title><dc:subject>` + esc(d.Subject) + `</dc:subject><dc:creator>` + esc(d.Organization) + `</dc:creator><dc:language>` + string(d.Lang) + `</dc:language>` + made + `</cp:coreProperties>`
}

// settings ask Word to fill fields when it opens the document: the page numbers of
// the table of contents.
const settings = `<w:settings ` + spaces + `><w:zoom w:percent="100"/><w:defaultTabStop w:val="720"/><w:characterSpacingControl w:val="compressPunctuation"/><w:updateFields w:val="true"/>` +
	`<w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat><w:themeFontLang w:val="en-US" w:eastAsia="ja-JP"/></w:settings>`

func fontTable(d *block.Document) string {
	latin, east := fonts(d.Lang)
	return fmt.Sprintf(`<w:fonts %s><w:font w:name="%s"><w:charset w:val="00"/><w:family w:val="swiss"/><w:pitch w:val="variable"/></w:font>`+
		`<w:font w:name="%s"><w:charset w:val="80"/><w:family w:val="swiss"/><w:pitch w:val="variable"/></w:font></w:fonts>`, spaces, latin, east)
}

const chapterLine = `<w:pBdr><w:bottom w:val="single" w:sz="8" w:space="4" w:color="1F3A5F"/></w:pBdr>`

// style is a paragraph style; run and para are its properties.
func style(b *strings.Builder, id, name, based, next, para, run string) {
	fmt.Fprintf(b, `<w:style w:type="paragraph" w:styleId="%s"><w:name w:val="%s"/>`, id, name)
	if based != "" {
		fmt.Fprintf(b, `<w:basedOn w:val="%s"/>`, based)
	}
	if next != "" {
		fmt.Fprintf(b, `<w:next w:val="%s"/>`, next)
	}
	fmt.Fprintf(b, `<w:qFormat/><w:pPr>%s</w:pPr><w:rPr>%s</w:rPr></w:style>`, para, run)
}

func styles(d *block.Document) string {
	latin, east := fonts(d.Lang)
	w, _ := size(d)
	edge := w - 2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<w:styles %s><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="%s" w:hAnsi="%s" w:eastAsia="%s" w:cs="%s"/><w:color w:val="1B232C"/><w:sz w:val="20"/><w:szCs w:val="20"/>`+
		`<w:lang w:val="en-US" w:eastAsia="ja-JP" w:bidi="ar-SA"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="0" w:line="264" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>`,
		spaces, latin, latin, east, latin) // Latin letters are English in both: else words would break anywhere
	b.WriteString(`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>`)
	style(&b, "BodyText", "Body Text", "Normal", "", `<w:spacing w:after="120"/>`, "")
	style(&b, "Quote", "Quote", "Normal", "BodyText", `<w:keepNext/><w:pBdr><w:left w:val="single" w:sz="18" w:space="8" w:color="9DB2CC"/></w:pBdr><w:spacing w:before="40" w:after="120"/><w:ind w:left="200"/>`, `<w:color w:val="3C4855"/><w:sz w:val="18"/><w:szCs w:val="18"/>`)
	style(&b, "TableText", "Table Text", "Normal", "", `<w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/>`, `<w:sz w:val="16"/><w:szCs w:val="16"/>`)
	style(&b, "TableHead", "Table Head", "TableText", "", `<w:keepNext/>`, `<w:b/><w:color w:val="FFFFFF"/>`)
	style(&b, "TableHeadRight", "Table Head Right", "TableHead", "", `<w:jc w:val="right"/>`, "")
	style(&b, "Hash", "Hash", "TableText", "", `<w:spacing w:before="0" w:after="20"/>`, `<w:color w:val="59636E"/><w:sz w:val="12"/><w:szCs w:val="12"/>`)
	style(&b, "Gap", "Gap", "Normal", "", `<w:spacing w:line="160" w:lineRule="exact"/>`, `<w:sz w:val="8"/>`)
	for _, h := range []struct{ level, size, before, after int }{{1, 32, 0, 160}, {2, 26, 280, 100}, {3, 21, 240, 60}} {
		extra := ""
		if h.level == 1 && d.Flow {
			h.before = 480
			extra = chapterLine
		} else if h.level == 1 {
			extra = `<w:pageBreakBefore/>` + chapterLine
		}
		style(&b, fmt.Sprintf("Heading%d", h.level), fmt.Sprintf("heading %d", h.level), "Normal", "BodyText",
			fmt.Sprintf(`<w:keepNext/><w:keepLines/>%s<w:spacing w:before="%d" w:after="%d"/><w:outlineLvl w:val="%d"/>`, extra, h.before, h.after, h.level-1),
			fmt.Sprintf(`<w:b/><w:color w:val="1F3A5F"/><w:sz w:val="%d"/><w:szCs w:val="%d"/>`, h.size, h.size))
	}
	style(&b, "QuietHeading", "Quiet Heading", "Normal", "BodyText", `<w:keepNext/><w:spacing w:before="200" w:after="80"/>`, `<w:b/><w:color w:val="1F3A5F"/><w:sz w:val="24"/><w:szCs w:val="24"/>`)
	style(&b, "ContentsHeading", "Contents Heading", "QuietHeading", "", `<w:spacing w:after="160"/>`, `<w:sz w:val="32"/><w:szCs w:val="32"/>`)
	for n := 1; n <= 3; n++ {
		run := `<w:sz w:val="18"/><w:szCs w:val="18"/>`
		space := `<w:spacing w:before="10" w:after="10"/>`
		if n == 1 {
			run, space = `<w:b/>`, `<w:spacing w:before="100" w:after="20"/>`
		}
		style(&b, fmt.Sprintf("TOC%d", n), fmt.Sprintf("toc %d", n), "Normal", "Normal", fmt.Sprintf(`<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="%d"/></w:tabs>%s<w:ind w:left="%d"/>`, edge, space, (n-1)*260), run)
	}
	style(&b, "CoverOrganization", "Cover Organization", "Normal", "", `<w:spacing w:before="2400" w:after="200"/>`, `<w:color w:val="59636E"/><w:sz w:val="26"/><w:szCs w:val="26"/>`)
	style(&b, "Title", "Title", "Normal", "Subtitle", `<w:spacing w:after="160" w:line="240" w:lineRule="auto"/>`, `<w:b/><w:color w:val="1F3A5F"/><w:sz w:val="56"/><w:szCs w:val="56"/>`)
	style(&b, "Subtitle", "Subtitle", "Normal", "", `<w:pBdr><w:bottom w:val="single" w:sz="18" w:space="14" w:color="1F3A5F"/></w:pBdr><w:spacing w:after="700"/>`, `<w:color w:val="3C4855"/><w:sz w:val="30"/><w:szCs w:val="30"/>`)
	style(&b, "Marking", "Marking", "Normal", "", `<w:jc w:val="center"/>`, `<w:b/><w:color w:val="8A1C13"/><w:sz w:val="18"/><w:szCs w:val="18"/>`)
	tabs := fmt.Sprintf(`<w:tabs><w:tab w:val="center" w:pos="%d"/><w:tab w:val="right" w:pos="%d"/></w:tabs>`, edge/2, edge)
	style(&b, "Header", "header", "Normal", "", `<w:pBdr><w:bottom w:val="single" w:sz="4" w:space="4" w:color="B8C2CC"/></w:pBdr>`+tabs, `<w:color w:val="59636E"/><w:sz w:val="15"/><w:szCs w:val="15"/>`)
	style(&b, "Footer", "footer", "Normal", "", `<w:pBdr><w:top w:val="single" w:sz="4" w:space="4" w:color="B8C2CC"/></w:pBdr>`+tabs, `<w:color w:val="59636E"/><w:sz w:val="15"/><w:szCs w:val="15"/>`)
	b.WriteString(`<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="108" w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>`)
	b.WriteString(`<w:style w:type="table" w:styleId="Lined"><w:name w:val="Lined"/><w:basedOn w:val="TableNormal"/><w:tblPr><w:tblBorders>`)
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		fmt.Fprintf(&b, `<w:%s w:val="single" w:sz="4" w:space="0" w:color="C5CED8"/>`, side)
	}
	b.WriteString(`</w:tblBorders><w:tblCellMar><w:top w:w="40" w:type="dxa"/><w:left w:w="85" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style></w:styles>`)
	return b.String()
}

func field(code string) string {
	return `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> ` + code + ` </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`
}

func running(words string) string {
	return `<w:r><w:t xml:space="preserve">` + esc(words) + `</w:t></w:r>`
}

func centred(marking string) string {
	if marking == "" {
		return ""
	}
	return `<w:r><w:rPr><w:b/><w:color w:val="8A1C13"/></w:rPr><w:t xml:space="preserve">` + esc(marking) + `</w:t></w:r>`
}

const tab = `<w:r><w:tab/></w:r>`

func header(d *block.Document) string {
	return `<w:hdr ` + spaces + `><w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr>` + running(d.Title) + tab + centred(d.Marking) + tab + running(d.Subtitle) + `</w:p></w:hdr>`
}

func footer(d *block.Document) string {
	left := d.ID
	if !d.Date.IsZero() {
		left = strings.TrimSpace(left + "  " + d.Date.Format(time.DateOnly))
	}
	return `<w:ftr ` + spaces + `><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>` + running(left) + tab + centred(d.Marking) + tab + field("PAGE") + running(" / ") + field("NUMPAGES") + `</w:p></w:ftr>`
}
