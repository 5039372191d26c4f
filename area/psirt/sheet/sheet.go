// Package sheet fills in what authorities and coordinators ask for in forms of their
// own, ready to be typed or pasted there. The forms are data (forms.json): they
// change more often than programs do.
package sheet

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"text/template"
	"time"

	"yagura/area/psirt/clock"
	"yagura/kernel/text"
)

// Form is a form of somebody else's.
type Form struct {
	ID     string      `json:"id"`
	Title  clock.Words `json:"title"`
	Note   clock.Words `json:"note"`
	Fields []Field     `json:"fields"`
}

// Field is one entry of a form. Value is a template over Facts.
type Field struct {
	Label  clock.Words `json:"label"`
	Value  string      `json:"value"`
	Needed bool        `json:"needed"` // a notice without it is not complete

	filled *template.Template
}

// Facts are what a case knows for a form. Texts are English unless their name says JA.
type Facts struct {
	Number, TLP, JVN, Address             string
	Title, TitleJA                        string
	Description, DescriptionJA            string
	CVE, CWE, Exploit, Incident, ImpactJA string
	Products, ProductsJA, Scores, Credits []string
	Taken, Measures, MeasuresJA           []string
	Known, Severe, Available, Embargo     time.Time
}

// Line is a filled field.
type Line struct {
	Label   string
	Value   string
	Missing bool // needed, and the case does not know it
}

// japan is the zone of JPCERT/CC, which has no summer time.
var japan = time.FixedZone("JST", 9*60*60)

var funcs = template.FuncMap{
	"lines": func(list []string) string { return strings.Join(list, "\n") },
	"time": func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02 15:04 UTC")
	},
	"tokyo": func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(japan).Format("2006-01-02 15:04 JST")
	},
}

// Parse reads forms from JSON. A mistake names the form and the field.
func Parse(raw []byte) ([]Form, error) {
	var forms []Form
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&forms); err != nil {
		return nil, fmt.Errorf("forms: %w", err)
	}
	for i := range forms {
		f := &forms[i]
		if f.ID == "" || f.Title.EN == "" || f.Title.JA == "" || len(f.Fields) == 0 {
			return nil, fmt.Errorf("form %d (%s): id, fields, and a title in English and Japanese are needed", i+1, f.ID)
		}
		for n := range f.Fields {
			x := &f.Fields[n]
			if x.Label.EN == "" || x.Label.JA == "" {
				return nil, fmt.Errorf("form %s, field %d: a label in English and Japanese is needed", f.ID, n+1)
			}
			var err error
			if x.filled, err = template.New("value").Funcs(funcs).Option("missingkey=error").Parse(x.Value); err == nil {
				err = x.filled.Execute(&strings.Builder{}, Facts{})
			}
			if err != nil {
				return nil, fmt.Errorf("form %s, field %d (%s): %w", f.ID, n+1, x.Label.EN, err)
			}
		}
	}
	return forms, nil
}

//go:embed forms.json
var builtin []byte

// Forms are the forms of the house.
var Forms = sync.OnceValue(func() []Form {
	forms, err := Parse(builtin)
	if err != nil {
		panic(err) // they are tested
	}
	return forms
})

// Find is the form of an id.
func Find(id string) (Form, bool) {
	for _, f := range Forms() {
		if f.ID == id {
			return f, true
		}
	}
	return Form{}, false
}

// Fill fills a form in. Labels are in the reader's language; what is typed in is in
// the form's own.
func (f Form) Fill(facts Facts, lang text.Lang) ([]Line, error) {
	var lines []Line
	for _, x := range f.Fields {
		var b strings.Builder
		if err := x.filled.Execute(&b, facts); err != nil {
			return nil, fmt.Errorf("form %s: %s: %w", f.ID, x.Label.EN, err)
		}
		value := strings.TrimSpace(b.String())
		lines = append(lines, Line{x.Label.In(lang), value, x.Needed && value == ""})
	}
	return lines, nil
}
