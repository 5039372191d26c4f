package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"yagura/app"
	"yagura/kernel/config"
	"yagura/kernel/text"
)

// idApplications is for whoever runs the machine: applications and signing keys.
func idApplications(c *call, what string) int {
	if len(c.args) > 0 {
		for _, cmd := range []struct {
			words string
			run   func(*call) int
		}{{"client add", clientAdd}, {"client list", clientList}, {"client remove", clientRemove}, {"key list", keyList}, {"key rotate", keyRotate}} {
			if cmd.words == what+" "+c.args[0] {
				c.args = c.args[1:]
				return cmd.run(c)
			}
		}
	}
	fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura id client add|list|remove | key list|rotate | policy test"))
	return failed
}

// many is a flag that may be given several times.
type many []string

func (m *many) String() string     { return strings.Join(*m, " ") }
func (m *many) Set(s string) error { *m = append(*m, s); return nil }

func clientAdd(c *call) int {
	set := flag.NewFlagSet("yagura id client add", flag.ContinueOnError)
	load := settings(c, set)
	n := app.NewClient{}
	var redirects, after, attributes many
	var metadata string
	set.StringVar(&n.Name, "name", "", "`name` as people read it")
	set.StringVar(&n.Unit, "unit", "", "`id` of the unit that owns it")
	set.StringVar(&n.Kind, "kind", "web", "web, native, service or `gate`")
	set.Var(&redirects, "redirect", "`address` to return to; may be given again")
	set.Var(&after, "after-logout", "`address` after sign-out; may be given again")
	set.StringVar(&n.Logout, "logout", "", "`address` that is told of sign-outs")
	set.StringVar(&n.Probe, "probe", "", "`address` that is asked whether a session still lives there")
	set.StringVar(&n.Host, "host", "", "`name` of the host of a gate")
	set.StringVar(&n.Level, "level", "phr", "at least aal1, aal2, phr or `phrh`")
	set.StringVar(&n.Scopes, "scopes", "profile email", "`scopes` it may ask for: profile, email, groups, roles")
	set.StringVar(&n.Refresh, "refresh", "session", "none, session or `offline`")
	set.StringVar(&n.Algorithm, "alg", "ES256", "ES256 or `RS256`")
	set.BoolVar(&n.Devices, "devices", false, "devices without a browser may sign in by a code")
	set.BoolVar(&n.JWT, "jwt", false, "access tokens can be read")
	set.BoolVar(&n.Pairwise, "pairwise", false, "knows people by names of its own")
	set.StringVar(&metadata, "saml", "", "`file` with the metadata of an application that speaks SAML")
	set.StringVar(&n.NameID, "name-id", "", "of a SAML application: persistent, transient or `email`")
	set.Var(&attributes, "attribute", "of a SAML application: `claim=name`; may be given again")
	set.BoolVar(&n.Unsolicited, "unsolicited", false, "of a SAML application: people may begin here")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura id client add [flags] ID"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	n.ID, n.Redirects, n.AfterLogout, n.Attributes = c.args[0], redirects, after, attributes
	if metadata != "" {
		var err error
		if n.Metadata, err = readMetadata(metadata); err != nil {
			return c.fail(err)
		}
	}
	secret, err := app.AddClient(c.ctx, cfg, n)
	if err != nil {
		return c.fail(err)
	}
	if secret != "" {
		fmt.Fprintln(c.out, secret)
	}
	return done
}

// readMetadata reads a file that is no longer than metadata may be.
func readMetadata(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, app.MostMetadata+1))
}

// plainCall reads the flags of a command without flags of its own and so many arguments.
func plainCall(c *call, name string, usage text.Message, args int, do func(config.Config) error) int {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	load := settings(c, set)
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != args {
		fmt.Fprintln(c.err, usage.In(c.lang))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	if err := do(cfg); err != nil {
		return c.fail(err)
	}
	return done
}

func clientList(c *call) int {
	return plainCall(c, "yagura id client list", text.M("usage: yagura id client list [-data DIR]"), 0, func(cfg config.Config) error {
		list, err := app.Clients(c.ctx, cfg)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		for _, one := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", one.ID, one.Kind, one.Unit, one.MinLevel, one.Name)
		}
		return w.Flush()
	})
}

func clientRemove(c *call) int {
	return plainCall(c, "yagura id client remove", text.M("usage: yagura id client remove [-data DIR] ID"), 1, func(cfg config.Config) error {
		return app.RemoveClient(c.ctx, cfg, c.args[0])
	})
}

func keyList(c *call) int {
	return plainCall(c, "yagura id key list", text.M("usage: yagura id key list [-data DIR]"), 0, func(cfg config.Config) error {
		keys, err := app.SigningKeys(c.ctx, cfg)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		for _, k := range keys {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, k.Algorithm, k.State, k.Made.Format(time.RFC3339))
		}
		return w.Flush()
	})
}

func keyRotate(c *call) int {
	return plainCall(c, "yagura id key rotate", text.M("usage: yagura id key rotate [-data DIR] ES256|RS256|SAML"), 1, func(cfg config.Config) error {
		return app.RotateKey(c.ctx, cfg, c.args[0])
	})
}
