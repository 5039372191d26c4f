package web

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	"yagura/area/cmmc"
	"yagura/area/cmmc/paper"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/paper/docx"
	"yagura/area/cmmc/paper/pdf"
	"yagura/area/cmmc/paper/typeface"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// paperFile is a file that can be had of an enclave.
type paperFile struct {
	name, media string
	make        func(*paper.Papers) ([]byte, error)
}

const (
	mediaDocx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	mediaXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	mediaPDF  = "application/pdf"
)

var paperFiles = []paperFile{
	{"ssp.docx", mediaDocx, func(p *paper.Papers) ([]byte, error) { return asDocx(p.SSP()) }},
	{"ssp.pdf", mediaPDF, func(p *paper.Papers) ([]byte, error) { return asPDF(p.SSP()) }},
	{"poam.xlsx", mediaXlsx, (*paper.Papers).POAM},
	{"responsibility.xlsx", mediaXlsx, (*paper.Papers).Responsibility},
	{"responsibility.docx", mediaDocx, func(p *paper.Papers) ([]byte, error) { return asDocx(p.Matrix()) }},
	{"evidence.xlsx", mediaXlsx, (*paper.Papers).EvidenceList},
	{"sprs.docx", mediaDocx, func(p *paper.Papers) ([]byte, error) {
		s, err := p.SPRS()
		if err != nil {
			return nil, err
		}
		return asDocx(p.SPRSDocument(s))
	}},
	{"sprs.txt", "text/plain; charset=utf-8", func(p *paper.Papers) ([]byte, error) {
		s, err := p.SPRS()
		if err != nil {
			return nil, err
		}
		return []byte(p.Plain(s)), nil
	}},
	{"sprs.json", "application/json", func(p *paper.Papers) ([]byte, error) {
		s, err := p.SPRS()
		if err != nil {
			return nil, err
		}
		return json.MarshalIndent(s, "", " ")
	}},
}

func asDocx(d *block.Document) ([]byte, error) {
	var b bytes.Buffer
	err := docx.Write(&b, d)
	return b.Bytes(), err
}

// setting is held while a PDF is set: its fonts take a hundred megabytes.
var setting sync.Mutex

func asPDF(d *block.Document) ([]byte, error) {
	setting.Lock()
	defer setting.Unlock()
	fonts, err := typeface.Find(nil, nil)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = pdf.Write(&b, d, fonts)
	return b.Bytes(), err
}

// paperPages are the papers of an enclave: which there are, and each of them.
func (p *pages) paperPages() []console.Page {
	return []console.Page{
		{Method: "GET", Path: "/cmmc/enclaves/{id}/papers", Act: cmmc.Read, Title: text.M("Papers§cmmc"), Handle: p.papers},
		{Method: "GET", Path: "/cmmc/enclaves/{id}/papers/{paper}", Act: cmmc.Read, Title: text.M("Papers§cmmc"), Handle: p.paper},
	}
}

// papersPage says which papers there are.
type papersPage struct {
	Name   string
	Tabs   []console.Tab
	Basis  []console.Tab // by whose results
	Papers *console.Table
}

func (p *pages) papers(c *console.Context) error {
	d, err := p.s.Enclave(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	crumbs(c, d.System)
	c.Title(text.M("Papers§cmmc"))
	t := console.NewTable(text.M("Papers of the enclave"), text.M("Paper§cmmc"), text.M("What it holds"), text.M("In English"), text.M("In Japanese"))
	base, live := d.Href()+"/papers", c.Query("basis") == "live"
	basis := ""
	if live {
		basis = "&basis=live"
	}
	files := func(lang text.Lang, names ...string) console.Cell {
		var list []console.Cell
		for _, n := range names {
			_, kind, _ := strings.Cut(n, ".")
			list = append(list, console.Link(base+"/"+n+"?lang="+string(lang)+basis, strings.ToUpper(kind)))
		}
		return console.Stack(list...)
	}
	row := func(name, holds text.Message, names ...string) {
		t.Row(console.Say(name), console.Say(holds), files(text.EN, names...), files(text.JA, names...))
	}
	row(text.M("System security plan§cmmc"), text.M("Every requirement with its objectives, whose they are, evidence, exceptions and what is open"), "ssp.docx", "ssp.pdf")
	row(text.M("Plan of action and milestones§cmmc"), text.M("What is open: lawful or barred, by which paragraph, who brings it forward, day 180"), "poam.xlsx")
	row(text.M("Responsibility matrix§cmmc"), text.M("Whose each objective is, and what providers prove"), "responsibility.xlsx", "responsibility.docx")
	row(text.M("List of evidence§cmmc"), text.M("Documents with hash, dates and the objectives that they prove"), "evidence.xlsx")
	if d.Level < 3 {
		row(text.M("Summary for SPRS§cmmc"), text.M("The fields that SPRS asks, ready to type in"), "sprs.docx", "sprs.txt", "sprs.json")
	}
	by := []console.Tab{{Label: text.M("As assessors found it"), Href: base, Current: !live}, {Label: text.M("As it stands today, with signals"), Href: base + "?basis=live", Current: live}}
	return c.Render("papers", papersPage{d.Label(c.Lang), systemTabs(d.System, "/papers"), by, t})
}

func (p *pages) paper(c *console.Context) error {
	lang := c.Lang
	if q := c.Query("lang"); q != "" {
		l, ok := text.Parse(q)
		if !ok {
			return fault.Invalidf("%q is no language of the papers: en or ja", q)
		}
		lang = l
	}
	for _, f := range paperFiles {
		if f.name != c.Path("paper") {
			continue
		}
		sys, papers, err := p.s.Papers(c.Context(), c.Actor, c.Path("id"), lang, c.Query("basis") == "live")
		if err != nil {
			return err
		}
		raw, err := f.make(papers)
		if err != nil {
			return err
		}
		c.Download(sys.ID+"-"+f.name, f.media)
		_, err = c.W.Write(raw)
		return err
	}
	return fault.NotFound("There is no such paper")
}
