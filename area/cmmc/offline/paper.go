package offline

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"yagura/area/cmmc/paper"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/paper/docx"
	"yagura/area/cmmc/paper/html"
	"yagura/area/cmmc/paper/pdf"
	"yagura/area/cmmc/paper/typeface"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// printed are the flags of what is written as a paper.
type printed struct {
	c                                     *command
	level                                 *int
	format, to, lang, about, words, sheet *string
	replace                               *bool
	status                                day
	fonts, bold                           many
}

func (c *command) printed(format string) *printed {
	p := &printed{c: c, level: c.level(), format: c.set.String("format", format, ""), to: new(string), lang: c.set.String("lang", "", ""),
		about: c.set.String("description", "", ""), words: c.set.String("text", "", ""), sheet: c.set.String("page", "a4", ""), replace: c.set.Bool("replace", false, "")}
	c.set.StringVar(p.to, "o", "", "")
	c.set.StringVar(p.to, "out", "", "")
	c.set.Var(&p.status, "status-date", "")
	c.set.Var(&p.fonts, "font", "")
	c.set.Var(&p.bold, "font-bold", "")
	return p
}

// papers reads what the flags name. The formats are those that this paper has.
func (p *printed) papers(file string, formats ...string) (*paper.Papers, error) {
	c := p.c
	if !slices.Contains(formats, *p.format) {
		return nil, fault.Invalidf("%q is no format of this paper: %s", *p.format, strings.Join(formats, ", "))
	}
	if *p.sheet != "a4" && *p.sheet != "letter" {
		return nil, fault.Invalidf("%q is no size of a page: a4 or letter", *p.sheet)
	}
	if *p.lang != "" {
		lang, ok := text.Parse(*p.lang)
		if !ok {
			return nil, fault.Invalidf("%q is no language of the papers: en or ja", *p.lang)
		}
		c.Lang = lang
	}
	a, err := c.at(file, *p.level)
	if err != nil {
		return nil, err
	}
	o := paper.Options{Lang: c.Lang, Now: c.Today, StatusDate: p.status.Time, Letter: *p.sheet == "letter"}
	if *p.words != "" {
		if o.Text, err = c.library(*p.words); err != nil {
			return nil, err
		}
	}
	var d *paper.Description
	if *p.about != "" {
		data, err := c.read(*p.about)
		if err != nil {
			return nil, err
		}
		if d, err = paper.ReadDescription(*p.about, data); err != nil {
			return nil, err
		}
	}
	return paper.From(a, d, o), nil
}

// print writes a document in the format that was asked for.
func (p *printed) print(d *block.Document) int {
	var b bytes.Buffer
	var err error
	switch *p.format {
	case "pdf":
		var fonts typeface.Family
		if fonts, err = typeface.Find(p.fonts, p.bold); err == nil {
			err = pdf.Write(&b, d, fonts)
		}
	case "html":
		err = html.Write(&b, d)
	default:
		err = docx.Write(&b, d)
	}
	if err != nil {
		return p.c.fail(err)
	}
	return p.save(b.Bytes())
}

// save writes to -o; what is no text is not poured out on a terminal.
func (p *printed) save(data []byte) int {
	c := p.c
	text := slices.Contains([]string{"text", "json", "html"}, *p.format)
	switch {
	case *p.to == "" && !text:
		return c.fail(fault.Invalidf("say where to write it: -o FILE, or -o - for standard output"))
	case *p.to == "" || *p.to == "-":
		if _, err := c.Out.Write(data); err != nil {
			return c.fail(unwritten("-", err))
		}
		return 0
	}
	if err := save(*p.to, data, *p.replace); err != nil {
		return c.fail(err)
	}
	return 0
}

// done writes a workbook.
func (p *printed) done(data []byte, err error) int {
	if err != nil {
		return p.c.fail(err)
	}
	return p.save(data)
}

// asDocument are the formats of a document.
var asDocument = []string{"docx", "pdf", "html"}

// ssp writes the system security plan.
func (c *command) ssp() int {
	p := c.printed("docx")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	papers, err := p.papers(names[0], asDocument...)
	if err != nil {
		return c.fail(err)
	}
	return p.print(papers.SSP())
}

// responsibility writes the responsibility matrix.
func (c *command) responsibility() int {
	p := c.printed("xlsx")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	papers, err := p.papers(names[0], append([]string{"xlsx"}, asDocument...)...)
	switch {
	case err != nil:
		return c.fail(err)
	case *p.format == "xlsx":
		return p.done(papers.Responsibility())
	}
	return p.print(papers.Matrix())
}

// evidenceList writes the list of evidence with its hashes.
func (c *command) evidenceList() int {
	p := c.printed("xlsx")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	papers, err := p.papers(names[0], append([]string{"xlsx"}, asDocument...)...)
	switch {
	case err != nil:
		return c.fail(err)
	case *p.format == "xlsx":
		return p.done(papers.EvidenceList())
	}
	return p.print(papers.EvidenceDocument())
}

// affirmation writes what the affirming official reads before signing.
func (c *command) affirmation() int {
	p := c.printed("docx")
	since := c.set.String("since", "", "")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	if *since == "" {
		return c.fail(fault.Invalidf("give the assessment that was signed last: --since FILE"))
	}
	papers, err := p.papers(names[0], asDocument...)
	if err != nil {
		return c.fail(err)
	}
	last, err := c.assessment(*since)
	if err != nil {
		return c.fail(err)
	}
	d, err := papers.Affirmation(last)
	if err != nil {
		return c.fail(err)
	}
	return p.print(d)
}

// sprs says what to type into SPRS; code 1 where something is missing or nothing
// can be affirmed.
func (c *command) sprs() int {
	p := c.printed("text")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	if *c.json {
		*p.format = "json"
	}
	papers, err := p.papers(names[0], append([]string{"text", "json"}, asDocument...)...)
	if err != nil {
		return c.fail(err)
	}
	s, err := papers.SPRS()
	if err != nil {
		return c.fail(err)
	}
	switch *p.format {
	case "text":
		code = p.save([]byte(papers.Plain(s)))
	case "json":
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(s); err != nil {
			return c.fail(err)
		}
		code = p.save(b.Bytes())
	default:
		code = p.print(papers.SPRSDocument(s))
	}
	if code == 0 && !s.Ready {
		return ExitFound
	}
	return code
}
