package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"yagura/area/psirt/cve"
	"yagura/kernel/clock"
	"yagura/kernel/text"
)

// cveCommand is what has to do with CVE records and the service that keeps them.
func cveCommand(c *call) int {
	what := ""
	if len(c.args) > 0 {
		what, c.args = c.args[0], c.args[1:]
	}
	switch what {
	case "lint":
		return cveLint(c)
	case "reserve":
		return cveReserve(c)
	case "list":
		return cveList(c)
	case "quota":
		return cveQuota(c)
	case "publish", "update":
		return cvePublish(c, what == "update")
	case "reject":
		return cveReject(c)
	case "simulator":
		return cveSimulator(c)
	}
	fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura cve lint|reserve|list|quota|publish|update|reject|simulator [flags]"))
	return failed
}

// cveVerdict is a line of `yagura cve lint --json`.
type cveVerdict struct {
	File     string       `json:"file"`
	Valid    bool         `json:"valid"`
	Problems []cveProblem `json:"problems"`
	Findings []cveProblem `json:"findings"`
	Error    string       `json:"error,omitempty"`
}

type cveProblem struct {
	Clause  string    `json:"clause,omitempty"`
	Level   cve.Level `json:"level,omitempty"`
	Path    string    `json:"path"`
	Message string    `json:"message"`
}

// judgeCVE holds a record against the format, and where it keeps that, against the
// rules for CNAs. Some finding is binding: the record may not be published so.
func judgeCVE(d *cve.Document, lang text.Lang) (v cveVerdict, binding bool) {
	v.Problems, v.Findings = []cveProblem{}, []cveProblem{}
	for _, p := range d.Check() {
		v.Problems = append(v.Problems, cveProblem{Path: p.Path, Message: p.Message.In(lang)})
	}
	v.Valid = len(v.Problems) == 0
	if !v.Valid {
		return v, true
	}
	for _, f := range d.Lint(clock.System().Now()) {
		v.Findings = append(v.Findings, cveProblem{f.Clause, f.Level, f.Path, f.Message.In(lang)})
		binding = binding || f.Level.Binding()
	}
	return v, binding
}

// print writes a verdict for people, one finding a line.
func (v cveVerdict) print(w io.Writer, lang text.Lang) {
	for _, p := range v.Problems {
		fmt.Fprintf(w, "%s: %s: %s\n", v.File, p.Path, p.Message)
	}
	for _, p := range v.Findings {
		fmt.Fprintf(w, "%s: %s: %s (%s %s)\n", v.File, p.Path, p.Message, p.Clause, p.Level)
	}
	if len(v.Problems)+len(v.Findings) == 0 {
		fmt.Fprintln(w, text.T(lang, "%s: valid, and the rules have nothing against it", v.File))
	}
}

// cveLint judges files. It ends with 1 where one is not valid or breaks a MUST;
// what a SHOULD advises is told all the same.
func cveLint(c *call) int {
	set := flag.NewFlagSet("yagura cve lint", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "a JSON object a line")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) == 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura cve lint [--json] FILE…"))
		return failed
	}
	code := done
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	for _, name := range c.args {
		raw, err := os.ReadFile(name)
		var d *cve.Document
		if err == nil {
			d, err = cve.Parse(raw)
		}
		v := cveVerdict{Problems: []cveProblem{}, Findings: []cveProblem{}}
		if err != nil {
			v.Error, code = err.Error(), failed
		} else {
			var binding bool
			if v, binding = judgeCVE(d, c.lang); binding && code == done {
				code = findings
			}
		}
		v.File = name
		switch {
		case *asJSON:
			_ = e.Encode(v)
		case err != nil:
			fmt.Fprintf(c.err, "yagura: %s: %v\n", name, err)
		default:
			v.print(c.out, c.lang)
		}
	}
	return code
}
