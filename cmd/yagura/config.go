package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"yagura/kernel/config"
	"yagura/kernel/text"
)

// settings adds the flags that every command with a database has, and returns
// what reads the configuration once they are parsed.
func settings(c *call, set *flag.FlagSet) func() (config.Config, bool) {
	file := set.String("config", os.Getenv("YAGURA_CONFIG"), "configuration `file` (YAML)")
	data := set.String("data", "", "data `folder`; wins over the configuration")
	return func() (config.Config, bool) {
		if *data != "" {
			c.env = append(c.env, "YAGURA_DATA="+*data)
		}
		env := slices.DeleteFunc(os.Environ(), func(pair string) bool {
			name, _, _ := strings.Cut(pair, "=")
			return slices.ContainsFunc(c.env, func(flag string) bool { return strings.HasPrefix(flag, name+"=") })
		})
		env = append(env, c.env...)
		cfg, mistakes := config.Load(*file, env)
		for _, m := range mistakes {
			fmt.Fprintln(c.err, m.In(c.lang))
		}
		return cfg, len(mistakes) == 0
	}
}

func configuration(c *call) int {
	what := ""
	if len(c.args) > 0 {
		what, c.args = c.args[0], c.args[1:]
	}
	set := flag.NewFlagSet("yagura config", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "print JSON")
	load := settings(c, set)
	if code, ok := c.flags(set); !ok {
		return code
	}
	switch what {
	case "check":
		if _, ok := load(); !ok {
			return findings
		}
		fmt.Fprintln(c.out, text.T(c.lang, "The configuration is in order."))
		return done
	case "show":
		cfg, ok := load()
		if !ok {
			return findings
		}
		if *asJSON {
			if err := json.NewEncoder(c.out).Encode(cfg.Describe()); err != nil {
				return c.fail(err)
			}
			return done
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		for _, l := range cfg.Describe() {
			fmt.Fprintf(w, "%s\t%s\t%s\n", l.Setting, l.Value, l.Origin)
		}
		w.Flush()
		return done
	case "example":
		fmt.Fprint(c.out, config.Example(c.lang))
		return done
	}
	fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura config check|show|example [-config FILE]"))
	return failed
}
