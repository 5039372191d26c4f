package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"yagura/area/psirt/cvss"
	"yagura/kernel/text"
)

// score is a line of `yagura cvss --json`.
type score struct {
	Vector   string       `json:"vector"`
	Version  cvss.Version `json:"version,omitempty"`
	Score    json.Number  `json:"score,omitempty"`
	Severity string       `json:"severity,omitempty"`
	Error    string       `json:"error,omitempty"`
}

// cvssCommand scores vectors given as arguments, or the first word of each line
// of the input where there are none. Each has its line, a wrong one too.
func cvssCommand(c *call) int {
	set := flag.NewFlagSet("yagura cvss", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "a JSON object a line")
	if code, ok := c.flags(set); !ok {
		return code
	}
	code := done
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	say := func(vector string) {
		s := score{Vector: vector}
		v, err := cvss.Parse(vector)
		if err != nil {
			s.Error, code = err.Error(), failed
		} else {
			s.Version, s.Score, s.Severity = v.Version(), json.Number(fmt.Sprintf("%.1f", v.Score())), v.Severity()
		}
		switch {
		case *asJSON:
			_ = e.Encode(s)
		case err != nil:
			fmt.Fprintln(c.err, "yagura:", s.Error)
		default:
			fmt.Fprintf(c.out, "%4s %-8s %s\n", s.Score, s.Severity, vector)
		}
	}
	if len(c.args) > 0 {
		for _, vector := range c.args {
			say(vector)
		}
		return code
	}
	lines, read := bufio.NewScanner(c.in), false
	for lines.Scan() {
		if word := strings.Fields(lines.Text()); len(word) > 0 {
			say(word[0])
			read = true
		}
	}
	if err := lines.Err(); err != nil {
		return c.fail(err)
	}
	if !read {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura cvss [--json] VECTOR… (or a vector a line in the input)"))
		return failed
	}
	return code
}
