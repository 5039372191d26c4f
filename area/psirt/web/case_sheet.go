package web

import (
	"strings"
	"time"

	"yagura/area/psirt"
	"yagura/area/psirt/cvss"
	"yagura/area/psirt/sheet"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Sheets are the forms that a case can fill in.
func (v *room) Sheets() []sheet.Form { return sheet.Forms() }

// ProductOptions are the products of the registry that the reader may see.
func (v *room) ProductOptions() ([]console.Option, error) {
	all, err := v.p.s.Choices(v.c.Context(), v.c.Actor)
	var o []console.Option
	for _, x := range all {
		o = append(o, console.Option{Value: x.ID, Label: text.Literal(strings.TrimSpace(x.Name + " " + x.Family))})
	}
	return o, err
}

// InFive is the same hour in five days.
func (v *room) InFive() time.Time { return v.c.Now.Add(5 * 24 * time.Hour).Truncate(time.Minute) }

// VectorLines are the vectors of the vulnerability that a form is about.
func (v *room) VectorLines() string { return strings.Join(v.Vulnerability().Vectors, "\n") }

type sheetPage struct {
	*room
	Form  sheet.Form
	Lines []sheet.Line
}

// sheet is a form of somebody else's, filled in with what the case knows.
func (p *pages) sheet(c *console.Context) error {
	v, err := p.load(c)
	if err != nil {
		return err
	}
	f, ok := sheet.Find(c.Path("form"))
	if !ok || !v.Handles {
		return fault.NotFound("There is no page at this address")
	}
	c.Crumb(text.Literal(v.Number), psirt.Href(v.ID))
	c.Title(text.Literal(f.Title.In(c.Lang)))
	d := sheetPage{room: v, Form: f}
	if d.Lines, err = f.Fill(v.sheetFacts(), c.Lang); err != nil {
		return err
	}
	return c.Render("sheet", d)
}

func (v *room) sheetFacts() sheet.Facts {
	f := sheet.Facts{Number: v.Number, TLP: v.TLP, Title: v.Title, Description: v.Summary, Embargo: v.Embargo}
	add := func(list *[]string, s string) {
		if s = strings.TrimSpace(s); s != "" {
			*list = append(*list, s)
		}
	}
	var ids, weaknesses []string
	for i, x := range v.Vulnerabilities {
		if i == 0 {
			f.Title, f.TitleJA, f.Description, f.DescriptionJA = x.Title, x.TitleJA, x.Description, x.DescriptionJA
		}
		add(&ids, x.CVE)
		add(&weaknesses, x.CWE)
		for _, s := range x.Vectors {
			if vec, err := cvss.Parse(s); err == nil {
				add(&f.Scores, x.CVE+" "+score(vec.Score())+" "+vec.Severity()+" "+s)
			}
		}
		if !x.Exploited.IsZero() && (f.Known.IsZero() || x.Exploited.Before(f.Known)) {
			f.Known = x.Exploited
		}
	}
	f.CVE, f.CWE = strings.Join(ids, ", "), strings.Join(weaknesses, ", ")
	for _, r := range v.Ranges {
		for _, x := range v.Vulnerabilities {
			if k := v.Cell(x.ID, r.ID); k.Answer == psirt.IsAffected || k.Answer == psirt.Fixed {
				add(&f.Products, r.Label)
				add(&f.ProductsJA, r.Name(text.JA))
				break
			}
		}
	}
	for _, r := range v.Remedies {
		ja := r.DetailsJA
		if ja == "" {
			ja = r.Details
		}
		add(&f.Measures, r.Details+" "+r.URL)
		add(&f.MeasuresJA, ja+" "+r.URL)
		if !r.Available.IsZero() {
			add(&f.Taken, r.Details+" "+r.URL)
			if f.Available.IsZero() || r.Available.Before(f.Available) {
				f.Available = r.Available
			}
		}
	}
	for _, r := range v.Reports {
		if r.Credit {
			add(&f.Credits, r.Finder.Name)
		}
	}
	for _, x := range v.Parties {
		if x.Kind == psirt.JPCERT && f.JVN == "" {
			f.JVN = x.Reference
		}
	}
	for _, e := range v.Log {
		switch e.Kind {
		case psirt.Exploited:
			f.Exploit = e.Body
		case psirt.SevereCase:
			f.Severe, f.Incident = e.Happened, e.Body
		}
	}
	return f
}
