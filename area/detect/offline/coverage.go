package offline

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"yagura/area/detect/attack"
	"yagura/area/detect/sigma"
	"yagura/kernel/file"
	"yagura/kernel/text"
)

// coverage says which techniques the rules of folders cover: of those whose log
// source occurs in the files and that fire on their own case.
func (c *command) coverage() int {
	if len(c.files) == 0 {
		c.say(text.M("No file of events is given."))
		return ExitError
	}
	if !c.prepare() {
		return ExitError
	}
	set, ok := c.load()
	if !ok {
		return ExitError
	}
	e, ok := c.compile(set)
	if !ok {
		return ExitError
	}
	cases := map[string][]string{}
	for _, dir := range c.rules {
		findCases(dir, cases)
	}
	m := e.NewMatcher()
	arrived := map[sigma.LogSource]bool{}
	for _, f := range c.files {
		err := c.input(f, func(it item) bool {
			if it.err == nil {
				if _, err := m.Match(it.raw, c.hint); err == nil {
					for _, s := range m.Sources(c.hint) {
						arrived[s] = true
					}
				}
			}
			return true
		})
		if err != nil {
			c.say(text.M("%s is not read to its end: %s", f, c.reason(err)))
			return ExitError
		}
	}
	var rules []attack.Rule
	for _, r := range e.Rules() {
		x := attack.Rule{ID: r.ID, Title: r.Title, State: r.Status, Source: r.LogSource.String(), Tags: r.Tags, InForce: r.Status == "stable" || r.Status == "test" || r.Status == ""}
		for s := range arrived {
			x.Arrived = x.Arrived || r.LogSource.Covers(s)
		}
		for _, ev := range cases[r.ID] {
			hits, _ := m.Match([]byte(ev), sigma.LogSource{})
			x.Case = false
			for _, h := range hits {
				x.Case = x.Case || h.Rule == r
			}
			if !x.Case {
				break
			}
		}
		rules = append(rules, x)
	}
	return PrintCoverage(c.out, c.err, c.lang, attack.Build(c.domain(), rules, nil), c.format, c.navigator)
}

func (c *command) domain() attack.Domain {
	if c.ics {
		return attack.ICS
	}
	return attack.Enterprise
}

// findCases reads the sample events in folders named cases: <rule id>.yml with
// events under "fires".
func findCases(dir string, into map[string][]string) {
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(name)) != "cases" {
			return nil
		}
		id, ok := strings.CutSuffix(d.Name(), ".yml")
		if raw, err := os.ReadFile(name); ok && err == nil {
			var doc struct{ Fires []string }
			if yaml.Unmarshal(raw, &doc) == nil {
				into[id] = doc.Fires
			}
		}
		return nil
	})
}

// PrintCoverage writes a matrix for people or programs, and a layer of the
// Navigator where a file is named.
func PrintCoverage(out, errs io.Writer, lang text.Lang, m attack.Matrix, format, navigator string) int {
	if navigator != "" {
		raw, err := attack.Layer("Yagura coverage", "Techniques whose rules are in force, whose log source arrives and whose case passes", m.Domain, m.Marks())
		if err == nil {
			err = file.Replace(navigator, 0o644, file.Bytes(raw))
		}
		if err != nil {
			fmt.Fprintln(errs, text.T(lang, "The findings cannot be written: %s", err.Error()))
			return ExitError
		}
	}
	switch format {
	case "json":
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(m); err != nil {
			fmt.Fprintln(errs, text.T(lang, "The findings cannot be written: %s", err.Error()))
			return ExitError
		}
	case "text":
		fmt.Fprintln(out, text.T(lang, "%d of %d techniques that rules name are covered.", m.Covered, m.Named))
		for _, col := range m.Columns {
			if len(col.Cells) == 0 {
				continue
			}
			var ids []string
			for _, x := range col.Cells {
				mark := "-"
				if x.Counts > 0 {
					mark = "+"
				}
				ids = append(ids, mark+x.ID)
			}
			fmt.Fprintf(out, "%s %-26s %d/%d  %s\n", col.Tactic.ID, col.Tactic.Slug, col.Covered, len(col.Cells), strings.Join(ids, " "))
		}
		for _, g := range m.Gains {
			fmt.Fprintln(out, text.T(lang, "With events of %s: %d rules, %d new techniques %s", g.Source, g.Rules, len(g.Techniques), strings.Join(g.Techniques, " ")))
		}
	default:
		fmt.Fprintln(errs, text.T(lang, "The format is text or json, not %q.", format))
		return ExitError
	}
	return ExitClean
}
