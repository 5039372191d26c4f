// Package offline is the part of "yagura detect" that needs no installation:
// it scans files of events with Sigma rules, runs the rules' own test cases,
// checks rules and explains why one did or did not match.
//
// The promise: findings come in the order of the input, whatever the number of
// workers; a rule or an event that cannot be read is named and never silently
// left out; the exit code says what happened.
package offline

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"yagura/area/detect/sigma"
	"yagura/kernel/text"
)

// Exit codes of every command.
const (
	ExitClean = 0 // scan: nothing found; test, lint: all well; explain: it matches
	ExitFound = 1 // scan: matches; test: a miss; lint: findings; explain: no match
	ExitError = 2 // wrong use, or an input or all rules could not be read to the end
)

// Main runs one command: args[0] is scan, test, lint or explain. It returns the
// exit code. Findings go to stdout, everything else to stderr.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &command{stdin: stdin, out: stdout, err: stderr, lang: language(), workers: runtime.GOMAXPROCS(0)}
	if len(args) == 0 {
		c.usage()
		return ExitError
	}
	run := map[string]func() int{"scan": c.scan, "test": c.test, "lint": c.lint, "explain": c.explain, "backtest": c.backtest, "coverage": c.coverage, "pack": c.pack, "bench": c.bench}[args[0]]
	if run == nil {
		if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
			fmt.Fprintln(stdout, c.t(usage))
			return ExitClean
		}
		c.say(text.M("There is no command %q.", args[0]))
		c.usage()
		return ExitError
	}
	if err := c.parse(args[0], args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stdout, c.t(usage))
			return ExitClean
		}
		c.say(text.Literal(err.Error()))
		c.usage()
		return ExitError
	}
	return run()
}

var usage = text.M("yagura detect scan --rules DIR… [--logsources MAP] [--source PRODUCT/CATEGORY/SERVICE] [--placeholder NAME=VALUE…] [--workers N] FILE…\nyagura detect test --data DIR --rules DIR… [--logsources MAP]\nyagura detect lint [--format text|json] [--fail-on error|warning|note|never] DIR…\nyagura detect explain --rule ID|FILE [--rules DIR…] [--logsources MAP] [--line N] [--format text|json] FILE\nyagura detect backtest --rule FILE [--from T] [--to T] [--budget N] FILE…\nyagura detect backtest --rule FILE|ID --from T --to T [--site UNIT] [--data DIR]\nyagura detect coverage [--ics] [--navigator FILE] [--format text|json] --rules DIR… FILE…\nyagura detect coverage [--ics] [--navigator FILE] [--format text|json] [--days N] [--data DIR]\nyagura detect bench [--logsources MAP] --rules DIR… FILE…\nyagura detect attack import [--data DIR] STIX\nyagura detect pack key NAME --out SECRET\nyagura detect pack build --name NAME --version N --out PACK DIR\nyagura detect pack sign --key SECRET PACK\nyagura detect pack verify --trust PUBLIC… PACK\nyagura detect pack install|rollback [--data DIR] PACK|NAME\n\nFILE is .ndjson, .json, .evtx or .log, each also as .gz, or - for standard input.\nExit code: 0 nothing found, 1 found, 2 an error.")

// command is one call with its flags.
type command struct {
	stdin    io.Reader
	out, err io.Writer
	lang     text.Lang

	rules        many
	logsources   string
	format       string
	source       string
	placeholders many
	workers      int
	data         string
	rule         string
	line         int
	failOn       string
	from, to     moment
	budget       float64
	ics          bool
	navigator    string
	name         string
	version      string
	outFile      string
	key          string
	trust        many
	files        []string

	joined  // what correlations of a scan are doing
	mapping *sigma.Mapping
	hint    sigma.LogSource
	options sigma.Options
}

// many is a flag that may be given several times.
type many []string

func (m *many) String() string     { return strings.Join(*m, " ") }
func (m *many) Set(s string) error { *m = append(*m, s); return nil }

func (c *command) parse(name string, args []string) error {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	switch name {
	case "scan":
		fs.IntVar(&c.workers, "workers", c.workers, "")
		fs.StringVar(&c.format, "format", "jsonl", "")
	case "lint":
		fs.StringVar(&c.format, "format", "text", "")
		fs.StringVar(&c.failOn, "fail-on", "warning", "")
	case "test":
		fs.StringVar(&c.data, "data", "", "")
	case "explain":
		fs.StringVar(&c.rule, "rule", "", "")
		fs.IntVar(&c.line, "line", -1, "")
		fs.StringVar(&c.format, "format", "text", "")
	case "backtest":
		fs.StringVar(&c.rule, "rule", "", "")
		fs.Var(&c.from, "from", "")
		fs.Var(&c.to, "to", "")
		fs.Float64Var(&c.budget, "budget", 0, "")
	case "coverage":
		fs.BoolVar(&c.ics, "ics", false, "")
		fs.StringVar(&c.navigator, "navigator", "", "")
		fs.StringVar(&c.format, "format", "text", "")
	case "pack":
		fs.StringVar(&c.name, "name", "", "")
		fs.StringVar(&c.version, "version", "", "")
		fs.StringVar(&c.outFile, "out", "", "")
		fs.StringVar(&c.key, "key", "", "")
		fs.Var(&c.trust, "trust", "")
	}
	fs.Var(&c.rules, "rules", "")
	fs.StringVar(&c.logsources, "logsources", "", "")
	fs.StringVar(&c.source, "source", "", "")
	fs.Var(&c.placeholders, "placeholder", "")
	// Flags may also stand after files, as in "--rules A B FILE".
	for {
		if err := fs.Parse(args); err != nil {
			return err
		}
		if fs.NArg() == 0 {
			break
		}
		c.files = append(c.files, fs.Arg(0))
		args = fs.Args()[1:]
	}
	if c.workers < 1 {
		c.workers = 1
	}
	return nil
}

// prepare reads the mapping, the hint and the placeholders.
func (c *command) prepare() bool {
	c.mapping = sigma.DefaultMapping()
	if c.logsources != "" {
		raw, err := os.ReadFile(c.logsources)
		if err == nil {
			c.mapping, err = sigma.ParseMapping(raw)
		}
		if err != nil {
			c.say(text.M("The log sources in %s cannot be read: %s", c.logsources, err.Error()))
			return false
		}
	}
	if c.source != "" {
		p := append(strings.Split(strings.ToLower(c.source), "/"), "", "")
		for i := range p {
			if p[i] == "*" {
				p[i] = ""
			}
		}
		c.hint = sigma.LogSource{Product: p[0], Category: p[1], Service: p[2]}
	}
	c.options.Placeholders = map[string][]string{}
	for _, p := range c.placeholders {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			c.say(text.M("A placeholder is given as NAME=VALUE, not as %q.", p))
			return false
		}
		c.options.Placeholders[name] = append(c.options.Placeholders[name], value)
	}
	return true
}

// load reads the rules of all folders and names what cannot be used.
func (c *command) load() (sigma.Set, bool) {
	var set sigma.Set
	if len(c.rules) == 0 {
		c.say(text.M("No rules are given: --rules DIR."))
		return set, false
	}
	for _, dir := range c.rules {
		s, err := sigma.ParseDir(dir)
		if err != nil {
			c.say(text.M("The rules in %s cannot be read: %s", dir, err.Error()))
			return set, false
		}
		set.Rules = append(set.Rules, s.Rules...)
		set.Filters = append(set.Filters, s.Filters...)
		set.Correlations = append(set.Correlations, s.Correlations...)
		set.Problems = append(set.Problems, s.Problems...)
	}
	for _, p := range set.Problems {
		c.say(text.M("Rule not loaded: %s", p.Error()))
	}
	for _, p := range sigma.ApplyFilters(set.Rules, set.Correlations, set.Filters) {
		c.say(text.M("Filter not applied: %s", p.Error()))
	}
	if len(set.Rules) == 0 {
		c.say(text.M("There is no rule to match."))
		return set, false
	}
	return set, true
}

func (c *command) compile(set sigma.Set) (*sigma.Engine, bool) {
	e, problems := sigma.Compile(set.Rules, c.mapping, c.options)
	for _, p := range problems {
		c.say(text.M("Rule not loaded: %s", p.Error()))
	}
	e.Warm()
	// What reading rules left behind is cleared away now, not while the first
	// events are looked at: a short file would be over before it is done.
	runtime.GC()
	return e, len(e.Rules()) > 0
}

func (c *command) say(m text.Message) { fmt.Fprintln(c.err, c.t(m)) }
func (c *command) usage()             { fmt.Fprintln(c.err, c.t(usage)) }
func (c *command) t(m text.Message) string {
	return m.In(c.lang)
}

// language follows the usual environment; a terminal has no other setting.
func language() text.Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "ja") {
				return text.JA
			}
			break
		}
	}
	return text.EN
}
