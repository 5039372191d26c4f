package paper

import (
	_ "embed" // for the list of fields
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
)

//go:embed sprs.json
var sprsFields []byte

// asked is a field that SPRS asks.
type asked struct {
	ID     string `json:"id"`
	Levels []int  `json:"levels"`
	Sure   bool   `json:"sure"`
	Source string `json:"source"`
}

var asks = func() []asked {
	var list struct {
		Fields []asked `json:"fields"`
	}
	if err := json.Unmarshal(sprsFields, &list); err != nil {
		panic("cmmc paper: sprs.json: " + err.Error())
	}
	return list.Fields
}()

// Summary is what is typed into SPRS.
type Summary struct {
	Enclave      string   `json:"enclave"`
	Level        int      `json:"level"`
	Ready        bool     `json:"ready"` // nothing is missing and there is a status to affirm
	Missing      []string `json:"missing"`
	Fields       []Entry  `json:"fields"`
	Requirements []Answer `json:"requirements"`
}

// Entry is a field with its value.
type Entry struct {
	ID     string `json:"id"`
	Label  string `json:"label"`
	Value  string `json:"value"`
	Sure   bool   `json:"sure"`
	Source string `json:"source"`
}

// Answer is the status of a requirement; empty where it is not known.
type Answer struct {
	Requirement string `json:"requirement"`
	Status      string `json:"status"`
}

// SPRS is the summary. Level 3 is entered by the department itself.
func (c *Papers) SPRS() (*Summary, error) {
	if c.r.Level > 2 {
		return nil, fault.Invalidf("Level 3 is assessed and entered by the department: there is nothing to type into SPRS")
	}
	s := &Summary{Enclave: c.name(), Level: c.r.Level, Missing: []string{}}
	for _, f := range asks {
		if !slices.Contains(f.Levels, c.r.Level) {
			continue
		}
		label, value := c.entry(f.ID)
		s.Fields = append(s.Fields, Entry{f.ID, label, value, f.Sure, f.Source})
		if value == "" && !(f.ID == "expected" && c.r.Status == score.Final) {
			s.Missing = append(s.Missing, label)
		}
	}
	unknown := 0
	for _, q := range catalog.Requirements(c.r.Level) {
		a := Answer{q.CMMC, ""}
		switch words, tone, d := c.standing(q); {
		case d != nil && d.State == score.StateUnknown:
			unknown++
		case d != nil:
			a.Status = "Not Met"
		case tone == block.Muted && words != "":
			a.Status = "N/A"
		default:
			a.Status = "Met"
		}
		s.Requirements = append(s.Requirements, a)
	}
	if unknown > 0 {
		s.Missing = append(s.Missing, c.T("requirements of unknown status: %d", unknown))
	}
	s.Ready = len(s.Missing) == 0 && c.r.Status.AtLeast(score.Conditional)
	return s, nil
}

// entry is a field by its id. The words that SPRS itself has stay English.
func (c *Papers) entry(id string) (label, value string) {
	s, r := c.d.SPRS, c.r
	switch id {
	case "level":
		return c.T("CMMC level§paper"), fmt.Sprintf("Level %d (Self)", r.Level)
	case "date":
		return c.T("Assessment date§paper"), date(c.a.Date)
	case "scope":
		return c.T("Assessment scope§paper"), map[string]string{"enterprise": "Enterprise", "enclave": "Enclave"}[s.Scope]
	case "scope_description":
		return c.T("Description of the scope§paper"), first(s.ScopeText, c.a.System.Boundary)
	case "employees":
		return c.T("Number of employees§paper"), count(s.Employees)
	case "cages":
		return c.T("CAGE codes§paper"), strings.Join(c.cages(), ", ")
	case "result":
		result := "No"
		if r.Status == score.Final {
			result = "Yes"
		} else if r.Best == score.Final {
			result = ""
		}
		return c.T("Compliance with all of Level 1"), result
	case "score":
		if r.Score == nil {
			return c.T("Score§paper"), ""
		}
		return c.T("Score§paper"), fmt.Sprint(*r.Score)
	case "status":
		return c.T("Status type§paper"), map[score.Status]string{score.Final: "Final Level 2 (Self)", score.Conditional: "Conditional Level 2 (Self)"}[r.Status] + map[bool]string{true: "No CMMC Status"}[!r.Status.AtLeast(score.Conditional)]
	case "ssp":
		if c.a.SSP == nil {
			return c.T("System security plan§paper"), ""
		}
		return c.T("System security plan§paper"), c.plan()
	case "poam":
		if len(r.Deductions) == 0 {
			return c.T("Plan of action in use§paper"), "No"
		}
		return c.T("Plan of action in use§paper"), "Yes"
	case "expected":
		return c.T("Date by which 110 is expected"), date(s.Expected)
	}
	return c.T("Affirming official§paper"), c.official()
}

// note says what a reader must know of the fields.
func (c *Papers) note() string {
	return c.T("A field marked * was not read in a primary text: SPRS may ask it in another way.")
}

// Plain is the summary as plain text.
func (c *Papers) Plain(s *Summary) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s – %s\n\n", c.T("Summary for SPRS§paper"), block.Clean(s.Enclave))
	for _, f := range s.Fields {
		mark := ""
		if !f.Sure {
			mark = " *"
		}
		fmt.Fprintf(&b, "%s%s: %s\n", f.Label, mark, first(strings.ReplaceAll(block.Clean(f.Value), "\n", " "), "("+c.T("missing§field")+")"))
	}
	b.WriteString("\n")
	for _, a := range s.Requirements {
		fmt.Fprintf(&b, "%s: %s\n", a.Requirement, first(a.Status, "("+c.T("missing§field")+")"))
	}
	fmt.Fprintf(&b, "\n%s\n%s\n", c.ready(s), c.note())
	return b.String()
}

func (c *Papers) ready(s *Summary) string {
	switch {
	case s.Ready:
		return c.T("Nothing is missing.§paper")
	case len(s.Missing) > 0:
		return c.T("missing: %s", strings.Join(s.Missing, ", "))
	}
	return c.T("There is no status that could be affirmed: %s.", c.status(c.r.Status))
}

// SPRSDocument is the summary as a document.
func (c *Papers) SPRSDocument(s *Summary) *block.Document {
	d := c.document(c.T("Summary for SPRS§paper"))
	d.Cover, d.Flow = nil, true
	t := block.Table{Columns: []block.Column{{Title: c.T("Field§paper"), Width: 28}, {Title: c.T("To type in§paper"), Width: 40}, {Title: c.T("Source§paper"), Width: 32}}}
	for _, f := range s.Fields {
		name := f.Label
		if !f.Sure {
			name += " *"
		}
		value := block.In(f.Value)
		if f.Value == "" {
			value = block.Mark(c.T("missing§field"), block.Bad)
		}
		t.Rows = append(t.Rows, row(block.Name(name), value, block.In(f.Source)))
	}
	a := block.Table{Columns: []block.Column{{Title: c.T("Requirement§paper"), Width: 20}, {Title: c.T("What it is about§paper"), Width: 60}, {Title: c.T("Status§paper"), Width: 20}}}
	for i, q := range catalog.Requirements(c.r.Level) {
		status := s.Requirements[i].Status
		cell := block.Mark(first(status, c.T("missing§field")), map[string]block.Tone{"Met": block.Good, "Not Met": block.Bad, "N/A": block.Muted, "": block.Doubt}[status])
		a.Rows = append(a.Rows, row(block.Name(q.CMMC), block.In(c.label(q)), cell))
	}
	d.Body = []block.Block{block.Heading{Level: 1, Text: c.T("Fields§paper")}, block.P(c.ready(s)), t, block.Para{Style: block.Small, Runs: []block.Run{{Text: c.note(), Tone: block.Muted}}},
		block.Heading{Level: 1, Text: c.T("Status of each requirement§paper")}, a}
	return d
}
