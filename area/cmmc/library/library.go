// Package library reads the official text of requirements and objectives from
// files that an installation has: the guides of the Department of Defense as text,
// an OSCAL catalog, a library of CISO Assistant, or a table. The text is not ours
// to bring along; ids are checked against the catalog, and what lacks is named.
package library

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Library is what a file says.
type Library struct {
	Source       string        `json:"source"`
	SHA256       string        `json:"sha256"`
	Format       Format        `json:"format"`
	Requirements []Requirement `json:"requirements"`
	Objectives   []Objective   `json:"objectives"`
}

// Requirement is the official text of one.
type Requirement struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
	Text  string `json:"text"`
}

// Objective is the official text of one; ID is as in 3.1.1[a].
type Objective struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Format is what kind of file it is.
type Format string

// The formats.
const (
	Guide  Format = "guide"
	OSCAL  Format = "oscal"
	CISO   Format = "ciso-assistant"
	Tables Format = "csv"
)

// Read reads a file; without a format its name tells it.
func Read(name string, data []byte, format Format) (*Library, error) {
	if format == "" {
		format = map[string]Format{".txt": Guide, ".json": OSCAL, ".yaml": CISO, ".yml": CISO, ".csv": Tables}[strings.ToLower(filepath.Ext(name))]
	}
	read := map[Format]func(*gatherer, []byte) error{Guide: readGuide, OSCAL: readOSCAL, CISO: readCISO, Tables: readCSV}[format]
	if read == nil {
		return nil, fault.Invalidf("%s: what this is can't be told by its name: give --format guide, oscal, ciso-assistant or csv", name)
	}
	g := &gatherer{file: name, requirements: map[*catalog.Requirement]*Requirement{}, objectives: map[int]string{}}
	if err := read(g, data); err != nil {
		return nil, err
	}
	if len(g.problems) > 0 {
		return nil, g.problems
	}
	if len(g.requirements) == 0 && len(g.objectives) == 0 {
		return nil, fault.Invalidf("%s: no requirement of CMMC is in it", name)
	}
	sum := sha256.Sum256(data)
	l := &Library{Source: filepath.Base(name), SHA256: hex.EncodeToString(sum[:]), Format: format, Requirements: []Requirement{}, Objectives: []Objective{}}
	for _, level := range []int{2, 3} {
		for _, q := range catalog.Requirements(level) {
			if r := g.requirements[q]; r != nil {
				l.Requirements = append(l.Requirements, *r)
			}
			for _, i := range slices.Concat(q.ODP, q.Objective) {
				if t := g.objectives[i]; t != "" {
					l.Objectives = append(l.Objectives, Objective{catalog.Name(i), t})
				}
			}
		}
	}
	return l, nil
}

// Count is how much of a level is there.
type Count struct {
	Level        int      `json:"level"`
	Requirements int      `json:"requirements"`
	Of           int      `json:"requirements_of"`
	Objectives   int      `json:"objectives"`
	ObjectivesOf int      `json:"objectives_of"`
	Missing      []string `json:"missing,omitempty"`
}

// Counts compares with the catalog, for the levels that the file touches. Values
// that an organisation defines are not counted.
func (l *Library) Counts() []Count {
	have := map[string]bool{}
	for _, r := range l.Requirements {
		have[r.ID] = r.Text != ""
	}
	for _, o := range l.Objectives {
		have[o.ID] = true
	}
	var counts []Count
	for _, level := range []int{2, 3} {
		c := Count{Level: level}
		for _, q := range catalog.Requirements(level) {
			c.Of++
			if have[q.ID] {
				c.Requirements++
			} else {
				c.Missing = append(c.Missing, q.ID)
			}
			for _, i := range q.Objective {
				c.ObjectivesOf++
				if have[catalog.Name(i)] {
					c.Objectives++
				} else {
					c.Missing = append(c.Missing, catalog.Name(i))
				}
			}
		}
		if c.Requirements+c.Objectives > 0 {
			counts = append(counts, c)
		}
	}
	return counts
}

// gatherer collects what a reader finds.
type gatherer struct {
	file         string
	requirements map[*catalog.Requirement]*Requirement
	objectives   map[int]string
	problems     place.Problems
}

func (g *gatherer) wrong(line int, path string, what text.Message) {
	g.problems = append(g.problems, place.Problem{File: g.file, Line: line, Path: path, What: what})
}

func (g *gatherer) requirement(q *catalog.Requirement, title, words string) {
	r := g.requirements[q]
	if r == nil {
		r = &Requirement{ID: q.ID}
		g.requirements[q] = r
	}
	if t := squeeze(title); r.Title == "" {
		r.Title = t
	}
	if w := squeeze(words); r.Text == "" {
		r.Text = w
	}
}

// objective takes the text of one; another text for the same one is a
// contradiction.
func (g *gatherer) objective(line int, path, name, words string) {
	i, ok := catalog.Index(name)
	words = squeeze(words)
	switch {
	case !ok:
		g.wrong(line, path, text.M("there is no objective %q", name))
	case words == "":
		g.wrong(line, path, text.M("%s has no text", name))
	case g.objectives[i] != "" && g.objectives[i] != words:
		g.wrong(line, path, text.M("%q stands twice", catalog.Name(i)))
	default:
		g.objectives[i] = words
	}
}

// squeeze makes one space of any.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
