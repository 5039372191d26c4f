package config

import (
	"fmt"
	"strings"

	"yagura/kernel/text"
)

// Line is one setting as it applies.
type Line struct {
	Setting string       `json:"setting"`
	Value   string       `json:"value"` // secrets hidden
	Origin  string       `json:"origin,omitempty"`
	Env     string       `json:"variable"`
	About   text.Message `json:"-"`
}

// Describe lists every setting with its value and where it comes from; secrets
// are hidden.
func (c *Config) Describe() []Line {
	var lines []Line
	for _, s := range c.settings() {
		lines = append(lines, Line{s.name, s.value.show(), c.origin[s.name].String(), s.env(), s.about})
	}
	return lines
}

// Example is a file with every setting at its default, explained in a language
// and commented out.
func Example(lang text.Lang) string {
	c := Default()
	var b strings.Builder
	section := ""
	for _, s := range c.settings() {
		group, name, nested := strings.Cut(s.name, ".")
		indent := ""
		if !nested {
			name = group
		} else {
			indent = "  "
			if group != section {
				section = group
				fmt.Fprintf(&b, "\n%s:\n", group)
			}
		}
		fmt.Fprintf(&b, "%s# %s (%s)\n", indent, s.about.In(lang), s.env())
		content := s.value.show()
		switch {
		case s.value.table && content == "":
			content = "{}"
		case s.value.list && !s.value.table:
			content = "[" + content + "]"
		}
		if s.secret {
			fmt.Fprintf(&b, "%s# %s_file: /path/to/file\n", indent, name)
			continue
		}
		fmt.Fprintf(&b, "%s# %s: %s\n", indent, name, content)
	}
	return b.String()
}
