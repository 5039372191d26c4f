package offline

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"yagura/area/detect/sigma"
	"yagura/kernel/text"
)

// testCase is what an info.yml beside the events says.
type testCase struct {
	Rules []struct {
		ID string `yaml:"id"`
	} `yaml:"rule_metadata"`
	Tests []struct {
		Name  string `yaml:"name"`
		Path  string `yaml:"path"`
		Count *int   `yaml:"match_count"`
	} `yaml:"regression_tests_info"`
}

// test runs the cases below --data: each must fire on its event log and, where
// there is one, on the JSON twin. More hits than stated are only remarked upon.
func (c *command) test() int {
	if c.data == "" {
		c.say(text.M("The folder of test cases is missing: --data DIR."))
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
	known := map[string]bool{}
	for _, r := range e.Rules() {
		known[r.ID] = true
	}
	m := e.NewMatcher()
	cases, missed, failed := 0, 0, false
	err := filepath.WalkDir(c.data, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != "info.yml" {
			return err
		}
		raw, err := os.ReadFile(name)
		var tc testCase
		if err == nil {
			err = yaml.Unmarshal(raw, &tc)
		}
		if err != nil {
			failed = true
			c.say(text.M("%s cannot be read: %s", name, err.Error()))
			return nil
		}
		for _, t := range tc.Tests {
			for _, r := range tc.Rules {
				file := filepath.Join(filepath.Dir(name), path.Base(t.Path))
				for _, f := range twins(file) {
					cases++
					if !c.runCase(m, known, r.ID, f, t.Count) {
						missed++
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		c.say(text.M("%s cannot be read: %s", c.data, err.Error()))
		return ExitError
	}
	fmt.Fprintln(c.out, c.t(text.M("%d cases, %d missed.", cases, missed)))
	switch {
	case failed || cases == 0:
		return ExitError
	case missed > 0:
		return ExitFound
	}
	return ExitClean
}

// twins are the file of a case and, beside it, the same events as JSON.
func twins(file string) []string {
	out := []string{file}
	if j := strings.TrimSuffix(file, filepath.Ext(file)) + ".json"; j != file {
		if _, err := os.Stat(j); err == nil {
			out = append(out, j)
		}
	}
	return out
}

func (c *command) runCase(m *sigma.Matcher, known map[string]bool, id, file string, count *int) bool {
	if !known[id] {
		fmt.Fprintln(c.out, c.t(text.M("MISS %s: the rule %s is not loaded", file, id)))
		return false
	}
	n := 0
	err := c.input(file, func(it item) bool {
		var hits []sigma.Hit
		err := it.err
		if err == nil {
			hits, err = m.Match(it.raw, c.hint)
		}
		if err != nil {
			c.say(text.M("%s: event %d is not read: %s", file, it.n, c.reason(err)))
		}
		for _, h := range hits {
			if h.Rule.ID == id {
				n++
			}
		}
		return true
	})
	if err != nil {
		fmt.Fprintln(c.out, c.t(text.M("MISS %s: the events cannot be read: %s", file, c.reason(err))))
		return false
	}
	want := 1
	if count != nil {
		want = *count
	}
	if n < want {
		fmt.Fprintln(c.out, c.t(text.M("MISS %s: the rule %s matches %d times, expected are %d", file, id, n, want)))
		return false
	}
	if count != nil && n > want {
		c.say(text.M("%s: the rule %s matches %d times, more than the %d stated", file, id, n, want))
	}
	return true
}

// explain shows for each event of a file the truth of every part of one rule.
func (c *command) explain() int {
	if c.rule == "" || len(c.files) != 1 {
		c.say(text.M("One rule and one file of events are needed: --rule ID FILE."))
		return ExitError
	}
	if !c.prepare() {
		return ExitError
	}
	if _, err := os.Stat(c.rule); err == nil && len(c.rules) == 0 {
		c.rules = many{c.rule}
	}
	set, ok := c.load()
	if !ok {
		return ExitError
	}
	var rule *sigma.Rule
	for _, r := range set.Rules {
		if r.ID == c.rule || r.File == c.rule {
			rule = r
			break
		}
	}
	if rule == nil {
		c.say(text.M("There is no rule %s.", c.rule))
		return ExitError
	}
	if c.format != "text" && c.format != "json" {
		c.say(text.M("The format is text or json, not %q.", c.format))
		return ExitError
	}
	code := ExitFound
	err := c.input(c.files[0], func(it item) bool {
		if c.line >= 0 && it.n != c.line {
			return it.n < c.line
		}
		err := it.err
		var x *sigma.Explanation
		if err == nil {
			x, err = sigma.Explain(rule, it.raw, c.hint, c.mapping, c.options)
		}
		if err != nil {
			c.say(text.M("%s: event %d is not read: %s", c.files[0], it.n, c.reason(err)))
			code = ExitError
			return true
		}
		if c.format == "json" {
			c.showJSON(it.n, x)
		} else {
			c.show(it.n, x)
		}
		if x.Matched && code == ExitFound {
			code = ExitClean
		}
		return true
	})
	if err != nil {
		c.say(text.M("%s is not read to its end: %s", c.files[0], c.reason(err)))
		return ExitError
	}
	return code
}

func (c *command) showJSON(n int, x *sigma.Explanation) {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	if err := e.Encode(struct {
		Line int                `json:"line"`
		Why  *sigma.Explanation `json:"explanation"`
	}{n, x}); err != nil {
		c.say(text.M("The findings cannot be written: %s", err.Error()))
	}
}

func (c *command) show(n int, x *sigma.Explanation) {
	switch {
	case x.Matched:
		fmt.Fprintln(c.out, c.t(text.M("Event %d: %s matches.", n, x.Rule.Title)))
	case !x.Routed:
		var names []string
		for _, s := range x.Sources {
			names = append(names, s.String())
		}
		fmt.Fprintln(c.out, c.t(text.M("Event %d: %s does not look at such events. The rule is for %s; the event is of: %s", n, x.Rule.Title, x.Rule.LogSource.String(), strings.Join(names, ", "))))
	default:
		fmt.Fprintln(c.out, c.t(text.M("Event %d: %s does not match.", n, x.Rule.Title)))
	}
	fmt.Fprint(c.out, x.Tree.String())
	switch x.Cause() {
	case "missing":
		fmt.Fprintln(c.out, c.t(text.M("The fields that it asks for are not in the event.")))
	case "filter":
		fmt.Fprintln(c.out, c.t(text.M("A filter of the rule takes the event out.")))
	}
	for _, f := range x.Failed {
		name := f.Text
		if f.Search != "" {
			name = "[" + f.Search + "] " + name
		}
		fmt.Fprintln(c.out, c.t(text.M("It fails at: %s", name)))
	}
}
