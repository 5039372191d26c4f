// Package offline is "yagura cmmc": what can be said of files alone, without an
// installation. Each command prints text, or JSON with --json.
package offline

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"yagura/area/cmmc/place"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Exit codes. Commands that judge a status use the first five, those that compare
// use ExitFound for what they found.
const (
	ExitFinal       = 0
	ExitFound       = 1
	ExitError       = 2
	ExitConditional = 3
	ExitNone        = 4
	ExitNoScore     = 5
)

// Call is one call of the command.
type Call struct {
	Args     []string
	In       io.Reader
	Out, Err io.Writer
	Lang     text.Lang
	Today    time.Time
}

type command struct {
	*Call
	set  *flag.FlagSet
	json *bool
}

const syntax = `yagura cmmc score [--level 1|2|3] [--json] FILE
yagura cmmc simulate --set NAME=RESULT… [--level N] [--json] FILE
yagura cmmc poam [--status-date D] [--level N] [--json | --format xlsx -o OUT] FILE
yagura cmmc calendar [--conditional D] [--final D] [--level N] [--ics|--json] [FILE]
yagura cmmc plan --measures M [--budget YEN] [--goal conditional|final|level3] [--by cost|months] [--json] FILE…
yagura cmmc rollup [--by region|entity|site] [--fail SERVICE [--objective NAME…]] [--json] GROUP
yagura cmmc rollup [--by region|entity|site] [--fail SERVICE [--objective NAME…]] [--json] [-data DIR]
yagura cmmc export [-live] [-data DIR] ENCLAVE
yagura cmmc manifest --status-date D [--assessment FILE] [--replace] [--json] DIR
yagura cmmc verify [--seal HASH] [--json] DIR
yagura cmmc oscal [--model ssp|poam|ar|cd] [--level N] [--status-date D] [--text LIBRARY] [--out DOCUMENT] FILE
yagura cmmc check-oscal [--evidence DIR] [--json] DOCUMENT
yagura cmmc ssp [--format docx|pdf|html] [PAPER] -o OUT FILE
yagura cmmc responsibility [--format xlsx|docx|pdf|html] [PAPER] -o OUT FILE
yagura cmmc evidence-list [--format xlsx|docx|pdf|html] [PAPER] -o OUT FILE
yagura cmmc affirmation --since FILE [--format docx|pdf|html] [PAPER] -o OUT FILE
yagura cmmc sprs [--format text|json|html|docx|pdf] [PAPER] [-o OUT] FILE
  PAPER: [--lang en|ja] [--level N] [--description D] [--text LIBRARY] [--status-date D] [--page a4|letter] [--font F… --font-bold F…] [--replace]
yagura cmmc import-text [--format guide|oscal|ciso-assistant|csv] [--out LIBRARY] [--json] FILE
`

func (c *Call) usage(out io.Writer) {
	fmt.Fprint(out, syntax, "\n")
	fmt.Fprintln(out, text.T(c.Lang, "FILE is an assessment in JSON, or - for standard input."))
	fmt.Fprintln(out, text.T(c.Lang, "Exit code: 0 Final, 3 Conditional, 4 neither, 5 no assessment is possible; what compares: 0 the same, 1 findings; 2 an error."))
}

// Main runs one command and returns its exit code.
func Main(c *Call) int {
	all := map[string]func(*command) int{
		"score": (*command).score, "simulate": (*command).simulate, "poam": (*command).poam, "calendar": (*command).calendar,
		"plan": (*command).plan, "rollup": (*command).rollup, "manifest": (*command).manifest, "verify": (*command).verify, "import-text": (*command).importText,
		"oscal": (*command).oscal, "check-oscal": (*command).checkOSCAL, "ssp": (*command).ssp,
		"responsibility": (*command).responsibility, "evidence-list": (*command).evidenceList, "affirmation": (*command).affirmation, "sprs": (*command).sprs,
	}
	if len(c.Args) == 0 {
		c.usage(c.Err)
		return ExitError
	}
	name := c.Args[0]
	run := all[name]
	switch {
	case name == "help" || name == "-h" || name == "--help":
		c.usage(c.Out)
		return 0
	case run == nil:
		fmt.Fprintln(c.Err, text.T(c.Lang, "There is no command %q.", "cmmc "+name))
		c.usage(c.Err)
		return ExitError
	}
	set := flag.NewFlagSet("yagura cmmc "+name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return run(&command{Call: c, set: set, json: set.Bool("json", false, "")})
}

// parse reads flags, which may also stand after files; ok is false where the
// command is over.
func (c *command) parse(files int, more ...int) (names []string, code int, ok bool) {
	args := c.Args[1:]
	for {
		if err := c.set.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				c.usage(c.Out)
				return nil, 0, false
			}
			return nil, c.fail(err), false
		}
		if c.set.NArg() == 0 {
			break
		}
		names, args = append(names, c.set.Arg(0)), c.set.Args()[1:]
	}
	most := files
	for _, m := range more {
		most = max(most, m)
	}
	if len(names) < files || len(names) > most {
		c.usage(c.Err)
		return nil, ExitError, false
	}
	return names, 0, true
}

// fail tells an error, in the reader's language where it is one of ours.
func (c *command) fail(err error) int {
	var problems place.Problems
	switch f := fault.As(err); {
	case errors.As(err, &problems):
		for _, p := range problems {
			fmt.Fprintln(c.Err, "yagura:", p.In(c.Lang))
		}
	case f != nil:
		fmt.Fprintln(c.Err, "yagura:", f.Message.In(c.Lang))
	default:
		fmt.Fprintln(c.Err, "yagura:", err)
	}
	return ExitError
}

// maxFile is more than any file of these formats needs.
const maxFile = 256 << 20

func (c *command) read(name string) ([]byte, error) {
	in := c.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fault.Invalidf("%s is larger than %d MiB", name, maxFile>>20)
	}
	return data, err
}

// assessment reads FILE and tells its warnings.
func (c *command) assessment(name string) (*score.Assessment, error) {
	data, err := c.read(name)
	if err != nil {
		return nil, err
	}
	a, err := score.Read(name, data, c.Today)
	if err != nil {
		return nil, err
	}
	if !*c.json {
		for _, w := range a.Warnings {
			fmt.Fprintln(c.Err, w.In(c.Lang))
		}
	}
	return a, nil
}

func (c *command) print(v any) int {
	e := json.NewEncoder(c.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return c.fail(err)
	}
	return 0
}

func (c *command) say(key text.Message) { fmt.Fprintln(c.Out, key.In(c.Lang)) }

func exit(s score.Status) int {
	switch s {
	case score.Final:
		return ExitFinal
	case score.Conditional:
		return ExitConditional
	case score.None:
		return ExitNone
	}
	return ExitNoScore
}

// day is a flag that is a day.
type day struct{ time.Time }

func (d *day) String() string { return "" }

func (d *day) Set(s string) error {
	t, wrong := place.ParseDay(s)
	if !wrong.IsZero() {
		return errors.New(wrong.String())
	}
	d.Time = t
	return nil
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// many is a flag that may be given several times.
type many []string

func (m *many) String() string     { return "" }
func (m *many) Set(s string) error { *m = append(*m, s); return nil }
