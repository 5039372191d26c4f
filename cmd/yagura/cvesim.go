package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"yagura/area/psirt/cve/simulator"
	"yagura/kernel/id"
	"yagura/kernel/text"
)

// cveSimulator plays CVE Services on this machine until it is interrupted.
func cveSimulator(c *call) int {
	set := flag.NewFlagSet("yagura cve simulator", flag.ContinueOnError)
	listen := set.String("listen", "127.0.0.1:8426", "`address` and port, of this machine only")
	data := set.String("data", "", "`file` that keeps what was done; without it all is forgotten at the end")
	org := set.String("org", "example", "short `name` of the organisation (CNA)")
	user := set.String("user", "psirt@example.com", "`name` of its user")
	keyFile := set.String("key-file", "", "`file` of the user's API key; made where there is none")
	quota := set.Int("quota", 1000, "how many `IDs` may be reserved at a time")
	real := set.Bool("real-years", false, "IDs of the year asked for, instead of CVE-1900-")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) > 0 || *org == "" || *user == "" || *quota < 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura cve simulator [-listen ADDR] [-data FILE] [-org NAME] [-user NAME] [-key-file FILE] [-quota N] [-real-years]"))
		return failed
	}
	host, _, err := net.SplitHostPort(*listen)
	if err != nil {
		return c.fail(err)
	}
	// A rehearsal that others can reach would be taken for the service one day.
	if addr, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !addr.IsLoopback()) {
		fmt.Fprintln(c.err, text.T(c.lang, "yagura: the simulator answers on this machine alone: 127.0.0.1, ::1 or localhost"))
		return failed
	}
	key, made, err := simulatorKey(*keyFile)
	if err != nil {
		return c.fail(err)
	}
	s, err := simulator.New(simulator.Options{File: *data, RealYears: *real})
	if err == nil {
		err = s.Admit(*org, *user, key, *quota)
	}
	if err != nil {
		return c.fail(err)
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintf(c.out, "YAGURA_CVE_URL=http://%s/api\nYAGURA_CVE_ORG=%s\nYAGURA_CVE_USER=%s\n", l.Addr(), *org, *user)
	if *keyFile != "" {
		fmt.Fprintf(c.out, "YAGURA_CVE_KEY_FILE=%s\n", *keyFile)
	} else if made {
		fmt.Fprintf(c.out, "YAGURA_CVE_KEY=%s\n", key) // of this simulator alone, for as long as it runs
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	stop := context.AfterFunc(c.ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return c.fail(err)
	}
	return done
}

// simulatorKey reads a key, or makes one and keeps it where only the owner reads.
func simulatorKey(file string) (key string, made bool, err error) {
	if file == "" {
		return id.Token(), true, nil
	}
	raw, err := os.ReadFile(file)
	if err == nil {
		if key = strings.TrimSpace(string(raw)); key == "" {
			err = fmt.Errorf("%s is empty", file)
		}
		return key, false, err
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", false, err
	}
	key = id.Token()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", false, err
	}
	_, err = fmt.Fprintln(f, key)
	return key, true, errors.Join(err, f.Close())
}
