package offline

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"yagura/area/cmmc/library"
	"yagura/area/cmmc/oscal"
	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

// oscal writes a document of an assessment, to standard output or --out.
func (c *command) oscal() int {
	level := c.level()
	model := c.set.String("model", "ssp", "")
	to := c.set.String("out", "", "")
	words := c.set.String("text", "", "")
	var from day
	c.set.Var(&from, "status-date", "")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	a, err := c.at(names[0], *level)
	if err != nil {
		return c.fail(err)
	}
	if from.IsZero() {
		from.Time = a.Status.Conditional
	}
	w := &oscal.Writer{Assessment: a, Report: a.Score(0), Now: c.Today, StatusDate: from.Time, Lang: c.Lang}
	if *words != "" {
		if w.Text, err = c.library(*words); err != nil {
			return c.fail(err)
		}
	}
	data, err := w.Write(oscal.Model(*model))
	if err == nil && *to != "" {
		err = save(*to, data, true)
	} else if err == nil {
		_, err = c.Out.Write(data)
	}
	if err != nil {
		return c.fail(err)
	}
	return 0
}

// library reads what import-text wrote.
func (c *command) library(name string) (*library.Library, error) {
	data, err := c.read(name)
	if err != nil {
		return nil, err
	}
	l := &library.Library{}
	if err := json.Unmarshal(data, l); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// checked is `yagura cmmc check-oscal --json`.
type checked struct {
	Model   string    `json:"model"`
	Valid   bool      `json:"valid"`
	Form    []warning `json:"form"`    // against the schema
	Meaning []warning `json:"meaning"` // references, ids, hashes
}

func (c *command) checkOSCAL() int {
	evidence := c.set.String("evidence", "", "")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	data, err := c.read(names[0])
	if err != nil {
		return c.fail(err)
	}
	dir := *evidence
	if dir == "" {
		dir = filepath.Dir(names[0])
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return c.fail(err)
	}
	defer root.Close()
	open := func(name string) ([]byte, error) { return root.ReadFile(name) }
	r, err := oscal.Check(names[0], data, oscal.Options{Open: open, All: *evidence != ""})
	if err != nil {
		return c.fail(err)
	}
	found := append(append(place.Problems{}, r.Form...), r.Meaning...)
	if *c.json {
		out := checked{r.Model, len(found) == 0, append([]warning{}, c.warnings(r.Form)...), append([]warning{}, c.warnings(r.Meaning)...)}
		if code := c.print(out); code != 0 {
			return code
		}
	} else {
		for _, p := range found {
			fmt.Fprintln(c.Out, p.In(c.Lang))
		}
		if len(found) == 0 {
			c.say(text.M("%s: nothing is wrong", r.Model))
		}
	}
	if len(found) > 0 {
		return ExitFound
	}
	return 0
}
