package web

import (
	"slices"
	"strconv"

	"yagura/area/psirt/cvss"
	"yagura/console"
	"yagura/kernel/text"
)

func score(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// calculatorPage is a form that is sent by GET, so that it works without scripts and
// its address holds what was chosen.
type calculatorPage struct {
	Version  string
	Versions []console.Tab
	Groups   []metricGroup
	Vector   string
	Score    string
	Rating   string
	Name     string // of CVSS 4.0's nomenclature
	Parts    []console.Fact
	Wrong    string
	Missing  []string
	Tone     console.Tone
}

type metricGroup struct {
	Label   text.Message
	Open    bool
	Metrics []metricField
}

type metricField struct {
	Key, Name, Value string
	Options          []console.Option
	Required         bool
}

var versions = []cvss.Version{"4.0", "3.1", "3.0", "2.0"}

func groupLabel(g cvss.Group) text.Message {
	switch g {
	case cvss.Base:
		return text.M("Base metrics")
	case cvss.Threat:
		return text.M("Threat metrics")
	case cvss.Temporal:
		return text.M("Temporal metrics")
	case cvss.Environmental:
		return text.M("Environmental metrics")
	}
	return text.M("Supplemental metrics")
}

func (p *pages) calculator(c *console.Context) error {
	c.Crumb(text.M("Products' security"), "/psirt")
	d := calculatorPage{Version: c.Query("v")}
	chosen := map[string]string{}
	if given := c.Query("vector"); given != "" {
		v, err := cvss.Parse(given)
		if err != nil {
			d.Wrong = err.Error()
		} else {
			d.Version = string(v.Version())
			for _, m := range cvss.Metrics(v.Version()) {
				if v.Given(m.Key) {
					chosen[m.Key] = v.Get(m.Key)
				}
			}
		}
		d.Vector = given
	}
	if !slices.Contains(versions, cvss.Version(d.Version)) {
		d.Version = "4.0"
	}
	version := cvss.Version(d.Version)
	for _, v := range versions {
		d.Versions = append(d.Versions, console.Tab{Label: text.M("CVSS %s", string(v)), Href: "/psirt/cvss?v=" + string(v), Current: v == version})
	}
	text4 := map[cvss.Version]string{"4.0": "CVSS:4.0/", "3.1": "CVSS:3.1/", "3.0": "CVSS:3.0/"}[version]
	built := text4
	for _, m := range cvss.Metrics(version) {
		value := chosen[m.Key]
		if d.Vector == "" {
			value = c.Query(m.Key)
		}
		if !slices.ContainsFunc(m.Values, func(x cvss.Value) bool { return x.Key == value }) {
			value = ""
		}
		f := metricField{Key: m.Key, Name: m.Name, Value: value, Required: m.Required()}
		if !f.Required {
			f.Options = append(f.Options, console.Option{Label: text.M("Not given§metric")})
		}
		for _, x := range m.Values {
			f.Options = append(f.Options, console.Option{Value: x.Key, Label: text.Literal(x.Name + " (" + x.Key + ")")})
		}
		if value != "" {
			if built != text4 {
				built += "/"
			}
			built += m.Key + ":" + value
		} else if f.Required {
			d.Missing = append(d.Missing, m.Name)
		}
		if len(d.Groups) == 0 || d.Groups[len(d.Groups)-1].Label.Key != groupLabel(m.Group).Key {
			d.Groups = append(d.Groups, metricGroup{Label: groupLabel(m.Group), Open: m.Group == cvss.Base})
		}
		g := &d.Groups[len(d.Groups)-1]
		g.Metrics = append(g.Metrics, f)
		g.Open = g.Open || value != ""
	}
	if len(d.Missing) == 0 && d.Wrong == "" {
		v, err := cvss.Parse(built)
		if err != nil {
			d.Wrong = err.Error()
			return c.Render("cvss", d)
		}
		d.Vector, d.Score, d.Rating, d.Name = v.String(), score(v.Score()), v.Severity(), v.Nomenclature()
		d.Tone = map[string]console.Tone{"CRITICAL": console.Bad, "HIGH": console.Bad, "MEDIUM": console.Warn, "LOW": console.Info}[d.Rating]
		d.Parts = []console.Fact{{Label: text.M("Base score"), Value: console.Text(score(v.BaseScore()))}}
		if version != "4.0" {
			d.Parts = append(d.Parts, console.Fact{Label: text.M("Temporal score"), Value: console.Text(score(v.TemporalScore()))})
		}
		d.Parts = append(d.Parts, console.Fact{Label: text.M("Score of all metrics given"), Value: console.Text(d.Score)})
	}
	return c.Render("cvss", d)
}
