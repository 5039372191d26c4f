package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/site"
	"yagura/kernel/clock"
	"yagura/kernel/text"
)

// refused tells why documents are not published; anything else is an error.
func (c *call) refused(err error, asJSON bool) int {
	invalid := (*site.Invalid)(nil)
	if !errors.As(err, &invalid) {
		return c.fail(err)
	}
	for _, p := range invalid.Problems {
		if asJSON {
			c.json(map[string]string{"id": p.ID, "test": p.Test, "path": p.Path, "message": p.Message}, findings)
		} else {
			fmt.Fprintln(c.err, (&site.Invalid{Problems: []site.DocumentProblem{p}}).Error())
		}
	}
	fmt.Fprintln(c.err, text.T(c.lang, "Nothing was published."))
	return findings
}

func (c *call) published(r *site.Result, asJSON bool) int {
	if asJSON {
		return c.json(r, done)
	}
	for _, list := range []struct {
		mark string
		ids  []string
	}{{"+", r.Added}, {"~", r.Updated}, {"-", r.Removed}} {
		for _, id := range list.ids {
			fmt.Fprintln(c.out, list.mark, id)
		}
	}
	return done
}

// documents reads files, and all .json files in folders.
func documents(names []string) (all [][]byte, err error) {
	for _, name := range names {
		err := filepath.WalkDir(name, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || p != name && filepath.Ext(p) != ".json" {
				return err
			}
			data, err := os.ReadFile(p)
			all = append(all, data)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// csafPublish puts documents into a site, which is made where there is none.
func csafPublish(c *call) int {
	set := flag.NewFlagSet("yagura csaf publish", flag.ContinueOnError)
	dir, config := set.String("site", "", "`folder` of the site"), set.String("config", "", "`file` that says what the site is")
	asJSON := set.Bool("json", false, "a JSON object of what changed, or one for each problem")
	whole := set.Bool("whole", false, "remove what is not among the files")
	var remove []string
	set.Func("remove", "tracking `id` to remove without a trace; may be given more than once", func(id string) error {
		remove = append(remove, id)
		return nil
	})
	if code, ok := c.flags(set); !ok {
		return code
	}
	if *dir == "" || *config == "" || *whole && len(c.args) == 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf publish --site DIR --config FILE [--json] [--whole] [--remove ID] [FILE|FOLDER…]"))
		return failed
	}
	now := clock.System().Now()
	s, err := site.OpenFile(*dir, *config, now)
	if err != nil {
		return c.fail(err)
	}
	docs, err := documents(c.args)
	if err != nil {
		return c.fail(err)
	}
	r, err := s.Publish(now, site.Change{Put: docs, Remove: remove, Whole: *whole})
	if err != nil {
		return c.refused(err, *asJSON)
	}
	return c.published(r, *asJSON)
}

// csafWithdraw publishes the last revision of a document, which says why it no longer
// holds.
func csafWithdraw(c *call) int {
	set := flag.NewFlagSet("yagura csaf withdraw", flag.ContinueOnError)
	dir, config := set.String("site", "", "`folder` of the site"), set.String("config", "", "`file` that says what the site is")
	asJSON := set.Bool("json", false, "a JSON object of what changed")
	var end site.End
	set.StringVar(&end.Reason, "reason", "", "`why`, for everyone to read")
	set.StringVar(&end.Successor, "superseded-by", "", "tracking `id` of the document that takes its place")
	set.StringVar(&end.SuccessorURL, "successor-url", "", "`address` of that document")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if *dir == "" || *config == "" || strings.TrimSpace(end.Reason) == "" || len(c.args) != 1 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf withdraw --site DIR --config FILE --reason TEXT [--superseded-by ID --successor-url URL] [--json] ID"))
		return failed
	}
	now := clock.System().Now()
	s, err := site.OpenFile(*dir, *config, now)
	if err != nil {
		return c.fail(err)
	}
	docs, err := s.Documents()
	if err != nil {
		return c.fail(err)
	}
	raw, ok := docs[c.args[0]]
	if !ok {
		fmt.Fprintln(c.err, text.T(c.lang, "yagura: %s is not published here", c.args[0]))
		return failed
	}
	d, err := csaf.Parse(raw)
	if err != nil {
		return c.fail(err)
	}
	last, err := site.Withdraw(d, end, now)
	if err != nil {
		return c.fail(err)
	}
	r, err := s.Publish(now, site.Change{Put: [][]byte{last.Bytes()}})
	if err != nil {
		return c.refused(err, *asJSON)
	}
	return c.published(r, *asJSON)
}

// csafInspect reads a site from the disk and tells what a client would stumble over.
func csafInspect(c *call) int {
	set := flag.NewFlagSet("yagura csaf inspect", flag.ContinueOnError)
	dir, asJSON := set.String("site", "", "`folder` of the site"), set.Bool("json", false, "a JSON object for each finding")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if *dir == "" || len(c.args) > 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf inspect --site DIR [--json]"))
		return failed
	}
	n, found, err := site.Inspect(*dir, clock.System().Now())
	if err != nil {
		return c.fail(err)
	}
	for _, f := range found {
		if *asJSON {
			c.json(f, findings)
		} else {
			fmt.Fprintf(c.out, "%d %s %s\n", f.Requirement, f.Path, f.Message)
		}
	}
	if len(found) > 0 {
		return findings
	}
	if !*asJSON {
		fmt.Fprintln(c.out, text.T(c.lang, "%d documents, nothing wrong", n))
	}
	return done
}

// csafKey makes a signing key.
func csafKey(c *call) int {
	set := flag.NewFlagSet("yagura csaf key", flag.ContinueOnError)
	name, mail := set.String("name", "", "`name` of who signs"), set.String("mail", "", "mail `address` of who signs")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if *name == "" || len(c.args) != 1 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf key --name NAME [--mail ADDRESS] FILE"))
		return failed
	}
	now := clock.System().Now()
	armoured, err := site.NewKey(*name, *mail, now)
	if err != nil {
		return c.fail(err)
	}
	signer, err := site.ReadKey(armoured, "", now)
	if err != nil {
		return c.fail(err)
	}
	f, err := os.OpenFile(c.args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return c.fail(err)
	}
	defer f.Close()
	if _, err := f.WriteString(armoured + "\n"); err != nil {
		return c.fail(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, signer.Fingerprint())
	return done
}

// csafToken makes a token with which someone reads what is protected.
func csafToken(c *call) int {
	set := flag.NewFlagSet("yagura csaf token", flag.ContinueOnError)
	label := set.String("label", "AMBER", "the highest `label` that may be read: GREEN, AMBER or RED")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf token [--label GREEN|AMBER|RED] NAME"))
		return failed
	}
	token, line, err := site.NewToken(c.args[0], *label)
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, line)
	fmt.Fprintln(c.err, text.T(c.lang, "The line belongs into the access file. The token, which is shown only now: %s", token))
	return done
}

// csafServe serves a site until it is stopped.
func csafServe(c *call) int {
	set := flag.NewFlagSet("yagura csaf serve", flag.ContinueOnError)
	dir, listen := set.String("site", "", "`folder` of the site"), set.String("listen", "localhost:8443", "`address` to listen at")
	cert, key := set.String("tls-cert", "", "PEM `file` of the certificate"), set.String("tls-key", "", "PEM `file` of its key")
	users := set.String("access", "", "access `file`: who may read GREEN, AMBER and RED (yagura csaf token)")
	clients := set.String("client-ca", "", "PEM `file`: holders of certificates of these authorities may read what is protected")
	label := set.String("client-label", "AMBER", "the highest `label` that they may read")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if *dir == "" || len(c.args) > 0 || (*cert == "") != (*key == "") || *clients != "" && *cert == "" {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf serve --site DIR [--listen ADDR] [--tls-cert FILE --tls-key FILE [--client-ca FILE [--client-label LABEL]]] [--access FILE]"))
		return failed
	}
	access := &site.Access{}
	if *users != "" {
		f, err := os.Open(*users)
		if err != nil {
			return c.fail(err)
		}
		access, err = site.ReadAccess(f)
		_ = f.Close()
		if err != nil {
			return c.fail(fmt.Errorf("%s: %w", *users, err))
		}
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	scheme := "http"
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			return c.fail(err)
		}
		scheme, server.TLSConfig = "https", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
		if *clients != "" {
			pem, err := os.ReadFile(*clients)
			if err != nil {
				return c.fail(err)
			}
			pool := x509.NewCertPool()
			if !pool.AppendCertsFromPEM(pem) {
				return c.fail(errors.New(text.T(c.lang, "%s holds no certificate", *clients)))
			}
			server.TLSConfig.ClientCAs, server.TLSConfig.ClientAuth = pool, tls.VerifyClientCertIfGiven
			access.Certificates = strings.ToUpper(*label)
		}
	} else if *users != "" && !loopback(*listen) {
		fmt.Fprintln(c.err, text.T(c.lang, "yagura: tokens would travel readable to all: use --tls-cert and --tls-key, or listen on this machine alone behind a web server"))
		return failed
	}
	server.Handler = site.NewServer(*dir, access)
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.err, text.T(c.lang, "The site answers at %s.", scheme+"://"+l.Addr().String()+"/"))
	stop := context.AfterFunc(c.ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	defer stop()
	if server.TLSConfig != nil {
		err = server.ServeTLS(l, "", "")
	} else {
		err = server.Serve(l)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return c.fail(err)
	}
	return done
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
