package csaf

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Level says how much is tested, as the conformance targets for validators do.
type Level string

// The levels: each has the tests of the one before.
const (
	Basic    Level = "basic"    // the schema and the mandatory tests
	Extended Level = "extended" // also the optional tests, which 2.1 calls recommended
	Full     Level = "full"     // also the informative tests
)

// Group is the subsection of section 6 that a test belongs to.
type Group string

// The groups. What fails a mandatory test is an error, what fails an optional or
// recommended one a warning, what fails an informative one an information.
const (
	Mandatory   Group = "mandatory"
	Optional    Group = "optional"
	Recommended Group = "recommended"
	Informative Group = "informative"
)

// Test is a test of section 6.
type Test struct {
	ID    string // its number, such as 6.1.27.9
	Title string
	Group Group
	check func(*run) []Problem
}

// Options say how a document is tested. The zero value tests the mandatory ones of
// the version the document names.
type Options struct {
	Level   Level
	Version Version   // instead of the one the document names
	Tests   []string  // these alone, by number
	Now     time.Time // for 6.2.33 of 2.1; nothing is in the past if zero
	// Fetch asks for a URL and returns the status of the answer. Without it 6.3.6 and
	// 6.3.7 tell only of addresses that can't exist.
	Fetch func(url string) (status int, err error)
	// Extensions are the CSAF extensions known here by address, beside the built-in ones.
	Extensions map[string]Extension
}

// Result is the outcome of one test.
type Result struct {
	Test   Test
	OK     bool
	Errors []Problem
	// Notes are what the test could not decide, such as an extension unknown here.
	Notes []Problem
}

// Report is the outcome of a validation.
type Report struct {
	Version  Version
	SchemaOK bool
	Schema   []Problem
	Results  []Result
}

// Valid tells whether the document is a valid CSAF document: it follows the schema
// and fails no mandatory test.
func (r *Report) Valid() bool {
	return r.SchemaOK && !slices.ContainsFunc(r.Results, func(t Result) bool {
		return t.Test.Group == Mandatory && !t.OK
	})
}

// Tests are all tests of a version in the order of the standard.
func Tests(v Version) []Test {
	if v == V21 {
		return tests21()
	}
	return tests20()
}

// Find is the test of a number.
func Find(v Version, id string) (Test, bool) {
	all := Tests(v)
	i := slices.IndexFunc(all, func(t Test) bool { return t.ID == id })
	if i < 0 {
		return Test{}, false
	}
	return all[i], true
}

// groupOf is the group of a test by its number.
func groupOf(v Version, id string) Group {
	switch {
	case strings.HasPrefix(id, "6.1."):
		return Mandatory
	case strings.HasPrefix(id, "6.3."):
		return Informative
	case v == V21:
		return Recommended
	}
	return Optional
}

func (o *Options) wants(t Test) bool {
	if len(o.Tests) > 0 {
		return slices.Contains(o.Tests, t.ID)
	}
	switch t.Group {
	case Mandatory:
		return true
	case Informative:
		return o.Level == Full
	}
	return o.Level == Full || o.Level == Extended
}

// Validate tests a document. A document that names no version known here is
// measured by 2.0, whose schema then tells so.
func (d *Document) Validate(o Options) *Report {
	report := &Report{Version: o.Version}
	if report.Version == "" {
		if report.Version = d.Version(); report.Version != V21 {
			report.Version = V20
		}
	}
	report.Schema = checkSchema(d, report.Version)
	report.SchemaOK = len(report.Schema) == 0
	r := newRun(d, report.Version, &o)
	for _, t := range Tests(report.Version) {
		if !o.wants(t) {
			continue
		}
		r.notes = nil
		found := t.check(r)
		report.Results = append(report.Results, Result{t, len(found) == 0, found, r.notes})
	}
	return report
}

func checkSchema(d *Document, v Version) []Problem {
	s := &schema{}
	if v == V21 {
		s.value(schema21, d.root, "")
	} else {
		s.value(schema20, d.root, "")
	}
	return s.found
}

// numbered makes the list of tests of a version.
func numbered(v Version, tests []Test) func() []Test {
	return sync.OnceValue(func() []Test {
		for i := range tests {
			tests[i].Group = groupOf(v, tests[i].ID)
		}
		return tests
	})
}
