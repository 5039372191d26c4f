package offline

import (
	"encoding/json"
	"strings"

	"yagura/area/cmmc/library"
	"yagura/kernel/text"
)

// importText reads the official text out of a file, says how much of each level
// it holds, and writes it down with --out.
func (c *command) importText() int {
	format := c.set.String("format", "", "")
	to := c.set.String("out", "", "")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	data, err := c.read(names[0])
	if err != nil {
		return c.fail(err)
	}
	l, err := library.Read(names[0], data, library.Format(*format))
	if err != nil {
		return c.fail(err)
	}
	if *to != "" {
		raw, err := json.MarshalIndent(l, "", " ")
		if err == nil {
			err = save(*to, append(raw, '\n'), true)
		}
		if err != nil {
			return c.fail(err)
		}
	}
	counts, code := l.Counts(), 0
	for _, n := range counts {
		if len(n.Missing) > 0 {
			code = ExitFound
		}
	}
	if *c.json {
		return max(code, c.print(counts))
	}
	for _, n := range counts {
		c.say(text.M("Level %d: %d of %d requirements, %d of %d objectives", n.Level, n.Requirements, n.Of, n.Objectives, n.ObjectivesOf))
		if len(n.Missing) > 0 {
			c.say(text.M("missing: %s", strings.Join(n.Missing, ", ")))
		}
	}
	return code
}
