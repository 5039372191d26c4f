package main

import (
	"flag"
	"fmt"
	"os"

	"yagura/area/psirt/sbom"
	"yagura/kernel/text"
)

// sbomCommand is what works on bills of materials in files.
func sbomCommand(c *call) int {
	if len(c.args) > 0 && c.args[0] == "check" {
		c.args = c.args[1:]
		return sbomCheck(c)
	}
	fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura sbom check [--json] [--component NAME|PURL|CPE [--range R]] FILE…"))
	return failed
}

// bill is a line of `yagura sbom check --json`.
type bill struct {
	File       string           `json:"file"`
	Format     string           `json:"format"`
	Version    string           `json:"version"`
	Subject    string           `json:"subject"`
	Components int              `json:"components"`
	Complete   int              `json:"complete"` // components with all minimum elements
	BillOK     bool             `json:"bill_complete"`
	Errors     int              `json:"errors"`
	Findings   []billFinding    `json:"findings"`
	Found      []sbom.Component `json:"found,omitempty"`
}

type billFinding struct {
	Level   sbom.Level `json:"level"`
	Place   string     `json:"place"`
	Message string     `json:"message"`
}

// sbomCheck tells what is wrong with bills of materials, and where a component is asked
// for, in which it is. It ends with 1 where a bill has an error, or has the component.
func sbomCheck(c *call) int {
	set := flag.NewFlagSet("yagura sbom check", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "a JSON object a line")
	component := set.String("component", "", "ask for a component: `name`, package URL or CPE")
	versions := set.String("range", "", "its versions, such as `>=3.0.0|<3.0.15`")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) == 0 || *component == "" && *versions != "" {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura sbom check [--json] [--component NAME|PURL|CPE [--range R]] FILE…"))
		return failed
	}
	var q *sbom.Query
	if *component != "" {
		var err error
		if q, err = sbom.ParseQuery(*component, *versions); err != nil {
			return c.fail(err)
		}
	}
	code := done
	for _, file := range c.args {
		f, err := os.Open(file)
		if err != nil {
			return c.fail(err)
		}
		s, err := sbom.Read(f)
		f.Close()
		if err != nil {
			return c.wrong(file, err)
		}
		line := bill{File: file, Format: s.Format, Version: s.Version, Subject: s.Subject.Name, Components: len(s.Components), Errors: s.Errors(), Findings: []billFinding{}}
		line.Complete, line.BillOK = s.Minimum()
		for _, x := range s.Findings {
			line.Findings = append(line.Findings, billFinding{x.Level, x.Place, x.Message.In(c.lang)})
		}
		for _, part := range s.Components {
			if q == nil {
				break
			}
			if is, _ := q.Matches(part); is {
				line.Found = append(line.Found, part)
			}
		}
		if q == nil && line.Errors > 0 || len(line.Found) > 0 {
			code = findings
		}
		if *asJSON {
			c.json(line, done)
			continue
		}
		fmt.Fprintln(c.out, text.T(c.lang, "%s: CycloneDX %s, %d components, %d with all that a bill should say, %d errors", file, s.Version, line.Components, line.Complete, line.Errors))
		if q != nil {
			for _, part := range line.Found {
				fmt.Fprintf(c.out, "  %s %s %s\n", part.Place, part.Name, part.Version)
			}
			continue
		}
		for _, x := range line.Findings {
			fmt.Fprintf(c.out, "  %s %s: %s\n", x.Level, x.Place, x.Message)
		}
	}
	return code
}
