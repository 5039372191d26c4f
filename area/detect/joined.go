package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"yagura/area/detect/correlate/of"
	"yagura/area/detect/sigma"
)

// join finds out which rules correlations mean. What cannot be used is named.
func (l *library) join(all []*sigma.Rule, m *sigma.Mapping) {
	var there []*sigma.Rule
	for _, r := range all {
		if l.byID[r.ID] != nil {
			there = append(there, r)
		}
	}
	var found []*sigma.Correlation
	for c := range l.byCorrelation {
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b *sigma.Correlation) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	linked, problems := sigma.Link(there, found)
	l.problems = append(l.problems, problems...)
	l.joins, l.silent = of.New(linked, m), sigma.Silent(linked)
	for _, c := range linked {
		mine := l.byCorrelation[c.Correlation]
		mine.Correlation = c
		l.joined = append(l.joined, mine)
		l.rules = append(l.rules, mine)
		l.byID[mine.ID] = mine
	}
}

// takeCorrelations keeps those correlations that can be told apart.
func (l *library) takeCorrelations(list []*sigma.Correlation, read func(string) ([]byte, error), origin string) {
	for _, c := range list {
		bad := func(why string) {
			l.problems = append(l.problems, sigma.Problem{File: c.File, Line: c.Line, Rule: c.ID, Title: c.Title, Text: why})
		}
		if c.ID == "" {
			bad("the correlation has no id: alerts and exclusions cannot name it")
			continue
		}
		if _, ok := l.byID[c.ID]; ok {
			bad("another rule has this id already; the one read first is kept")
			continue
		}
		raw, err := read(c.File)
		if err != nil {
			bad(err.Error())
			continue
		}
		mine, err := describe(&sigma.Rule{ID: c.ID, Title: c.Title, Status: c.Status, Level: c.Level, Description: c.Description, Author: c.Author,
			Tags: c.Tags, References: c.References, FalsePositives: c.FalsePositives, File: c.File}, document(raw, c.Line))
		if err != nil {
			bad(err.Error())
			continue
		}
		mine.Pack, mine.Origin, mine.sigma = origin == ProductRule, origin, nil
		l.byID[c.ID] = nil
		l.byCorrelation[c] = mine
	}
}

// shape tells whether state that was kept still fits: the parts of a definition
// on which it depends.
func shape(c *sigma.Linked) string {
	var ids []string
	for _, p := range c.Parts {
		ids = append(ids, p.ID())
	}
	sum := sha256.Sum256([]byte(fmt.Sprintf("1 %s %v %s %v %v %v %v %s", c.Type, ids, c.Span, c.GroupBy, c.Fields, c.Aliases, c.Percentile, c.Condition)))
	return hex.EncodeToString(sum[:8])
}
