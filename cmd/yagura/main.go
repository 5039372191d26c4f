// Command yagura runs the information security of a group: see README.md.
//
// Exit codes: 0 done, 1 findings (a broken ledger, mistakes in a configuration,
// rules that matched), 2 wrong use or an error, 3 the database or the server can't
// be reached (journal, intake, events), or a policy refuses it (id contain, id
// release), 4 partly done (id contain).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"yagura/app"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Exit codes.
const (
	done     = 0
	findings = 1
	failed   = 2
)

// call is one call of the program.
type call struct {
	ctx  context.Context
	args []string // behind the command's name
	in   io.Reader
	out  io.Writer
	err  io.Writer
	lang text.Lang
	env  []string // settings by flags, which win over the environment
}

// command is one thing the program does.
type command struct {
	name  string
	about text.Message
	run   func(c *call) int
}

// commands are set in init, since help lists them.
var commands []command

func init() {
	commands = []command{
		{"demo", text.M("play a made-up group: one link, a story from an attack to a closed incident"), demo},
		{"serve", text.M("run the server"), serve},
		{"relay", text.M("take events in at a plant and forward them to the centre"), relayCommand},
		{"config", text.M("check, show or explain the configuration"), configuration},
		{"access", text.M("make a one-time link with which a person adds a passkey"), access},
		{"id", text.M("manage applications that sign in here and signing keys, ask directories for people, break-glass accounts"), idCommand},
		{"ledger", text.M("verify or export the audit trail, print its latest signed checkpoint"), ledgerCommand},
		{"intake", text.M("say what became of the events of every source"), intakeCommand},
		{"journal", text.M("look at the journal, try again, export what waits"), journal},
		{"events", text.M("search events of the running server"), events},
		{"telemetry", text.M("import files of events"), telemetryCommand},
		{"detect", text.M("scan files with Sigma rules, test and check rules"), detectCommand},
		{"csaf", text.M("check, compare, convert and show security advisories (CSAF 2.0 and 2.1), serve as their validator"), csafCommand},
		{"cvss", text.M("score vectors of CVSS 2.0, 3.0, 3.1 and 4.0"), cvssCommand},
		{"cve", text.M("check CVE records, reserve CVE IDs and publish, rehearse against a simulator"), cveCommand},
		{"product", text.M("make product trees, ask advisories about a product, look through files of products"), productCommand},
		{"sbom", text.M("check bills of materials (CycloneDX) and ask them for a component"), sbomCommand},
		{"cmmc", text.M("score assessments of CMMC, say what is lawful, what it takes and when it is due"), cmmcCommand},
		{"backup", text.M("write a backup while the server runs"), backup},
		{"restore", text.M("restore a backup into an empty database"), restore},
		{"version", text.M("say which version this is"), version},
	}
}

func main() {
	app.EventStore() // where the server started this as its event store, this is all
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl C ends the program at once
	lang := text.EN
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if len(v) >= 2 && v[:2] == "ja" {
				lang = text.JA
			}
			break
		}
	}
	code := run(&call{ctx: ctx, args: os.Args[1:], in: os.Stdin, out: os.Stdout, err: os.Stderr, lang: lang})
	stop()
	os.Exit(code)
}

func run(c *call) int {
	if len(c.args) == 0 || c.args[0] == "help" || c.args[0] == "-h" || c.args[0] == "--help" {
		usage(c)
		if len(c.args) == 0 {
			return failed
		}
		return done
	}
	for _, cmd := range commands {
		if cmd.name == c.args[0] {
			c.args = c.args[1:]
			return cmd.run(c)
		}
	}
	fmt.Fprintln(c.err, text.T(c.lang, "yagura: there is no command %s", c.args[0]))
	usage(c)
	return failed
}

func usage(c *call) {
	fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura COMMAND [flags]"))
	fmt.Fprintln(c.err)
	for _, cmd := range commands {
		fmt.Fprintf(c.err, "  %-10s %s\n", cmd.name, cmd.about.In(c.lang))
	}
	fmt.Fprintln(c.err)
	fmt.Fprintln(c.err, text.T(c.lang, "yagura COMMAND -h lists the flags of a command."))
}

// flags parses the flags of a command; ok is false where the command is over,
// with the exit code.
func (c *call) flags(set *flag.FlagSet) (code int, ok bool) {
	set.SetOutput(c.err)
	switch err := set.Parse(c.args); {
	case errors.Is(err, flag.ErrHelp):
		return done, false
	case err != nil:
		return failed, false
	}
	c.args = set.Args()
	return done, true
}

// fail prints an error and returns the exit code for it.
func (c *call) fail(err error) int {
	said := err.Error()
	if f := fault.As(err); f != nil { // it knows its words in several languages
		said = strings.Replace(said, f.Message.String(), f.Message.In(c.lang), 1)
		for _, field := range f.Fields {
			said = strings.Replace(said, field.Message.String(), field.Message.In(c.lang), 1)
		}
	}
	fmt.Fprintln(c.err, "yagura:", said)
	return failed
}

func version(c *call) int {
	fmt.Fprintln(c.out, "yagura", buildVersion())
	return done
}

// buildVersion is the version that the Go toolchain stamped.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "development"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}
