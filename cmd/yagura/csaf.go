package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/kernel/clock"
	"yagura/kernel/text"
)

// csafCommand is what works on security advisories in files.
func csafCommand(c *call) int {
	verbs := map[string]func(*call) int{"validate": csafValidate, "validator": csafValidator, "diff": csafDiff,
		"convert": csafConvert, "render": csafRender, "vex": csafVEX, "publish": csafPublish, "withdraw": csafWithdraw,
		"serve": csafServe, "inspect": csafInspect, "key": csafKey, "token": csafToken}
	if len(c.args) > 0 {
		if run := verbs[c.args[0]]; run != nil {
			c.args = c.args[1:]
			return run(c)
		}
	}
	fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf validate|validator|diff|convert|render|vex|key|publish|withdraw|inspect|token|serve [flags] FILE…"))
	return failed
}

// verdict is a line of `yagura csaf validate --json`.
type verdict struct {
	File     string       `json:"file"`
	Valid    bool         `json:"valid"`
	SchemaOK bool         `json:"schema_ok"`
	Tests    []testResult `json:"tests"`
	readable bool
	version  csaf.Version
}

type testResult struct {
	ID     string         `json:"id"`
	OK     bool           `json:"ok"`
	Errors []csaf.Problem `json:"errors"`
	test   csaf.Test
}

// csafValidate tests each file and prints a line or a paragraph for it, in the order
// of the files. It ends with 1 where one is not a valid advisory.
func csafValidate(c *call) int {
	set := flag.NewFlagSet("yagura csaf validate", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "a JSON object a line")
	profile := set.String("profile", "auto", "`version` of the standard: auto, 2.0 or 2.1")
	level := set.String("level", "basic", "`how much`: basic, extended or full")
	online := set.Bool("online", false, "ask for the addresses in the document (6.3.6, 6.3.7)")
	var only []string
	set.Func("test", "`number` of a test, which alone is run; may be given more than once", func(id string) error {
		only = append(only, id)
		return nil
	})
	if code, ok := c.flags(set); !ok {
		return code
	}
	o := csaf.Options{Level: csaf.Level(*level), Tests: only, Now: clock.System().Now()}
	switch *profile {
	case "auto":
	case string(csaf.V20), string(csaf.V21):
		o.Version = csaf.Version(*profile)
	default:
		fmt.Fprintln(c.err, text.T(c.lang, "yagura: --profile is auto, 2.0 or 2.1, not %s", *profile))
		return failed
	}
	if o.Level != csaf.Basic && o.Level != csaf.Extended && o.Level != csaf.Full {
		fmt.Fprintln(c.err, text.T(c.lang, "yagura: --level is basic, extended or full, not %s", *level))
		return failed
	}
	for _, id := range only {
		_, in20 := csaf.Find(csaf.V20, id)
		if _, in21 := csaf.Find(csaf.V21, id); !in20 && !in21 {
			fmt.Fprintln(c.err, text.T(c.lang, "yagura: there is no test %s", id))
			return failed
		}
	}
	if len(c.args) == 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf validate [--json] [--profile auto|2.0|2.1] [--level basic|extended|full] [--test N] [--online] FILE…"))
		return failed
	}
	if *online {
		o.Fetch = fetch(c.ctx)
	}
	code := done
	for v := range inOrder(c.args, func(name string) verdict { return judge(name, o) }) {
		switch {
		case !v.readable:
			code = failed
		case !v.Valid && code == done:
			code = findings
		}
		if *asJSON {
			e := json.NewEncoder(c.out)
			e.SetEscapeHTML(false)
			_ = e.Encode(v)
		} else {
			tell(c, v)
		}
	}
	return code
}

// inOrder works on files on all processors and yields the results in their order.
func inOrder(names []string, work func(string) verdict) func(yield func(verdict) bool) {
	return func(yield func(verdict) bool) {
		results := make([]chan verdict, len(names))
		gate := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i := range names {
			results[i] = make(chan verdict, 1)
		}
		go func() {
			for i, name := range names {
				gate <- struct{}{}
				go func() {
					results[i] <- work(name)
					<-gate
				}()
			}
		}()
		for i := range results {
			if !yield(<-results[i]) {
				return
			}
		}
	}
}

// judge tests one file.
func judge(name string, o csaf.Options) verdict {
	v := verdict{File: name, Tests: []testResult{}}
	schema := func(problems ...csaf.Problem) {
		v.Tests = append(v.Tests, testResult{"schema", false, problems, csaf.Test{Group: csaf.Mandatory, Title: "JSON schema"}})
	}
	data, err := os.ReadFile(name)
	if err != nil {
		schema(csaf.Problem{Message: err.Error(), Path: "/"})
		return v
	}
	v.readable = true
	d, err := csaf.Parse(data)
	if err != nil {
		path := "/"
		if e := (*csaf.SyntaxError)(nil); errors.As(err, &e) && e.Path != "" {
			path = e.Path
		}
		schema(csaf.Problem{Message: err.Error(), Path: path})
		return v
	}
	report := d.Validate(o)
	v.Valid, v.SchemaOK, v.version = report.Valid(), report.SchemaOK, report.Version
	if !report.SchemaOK {
		schema(report.Schema...)
	}
	for _, r := range report.Results {
		errs := r.Errors
		if errs == nil {
			errs = []csaf.Problem{}
		}
		v.Tests = append(v.Tests, testResult{r.Test.ID, r.OK, errs, r.Test})
	}
	return v
}

// tell prints a verdict for people: what is wrong, and nothing of what is right.
func tell(c *call, v verdict) {
	said := text.T(c.lang, "valid")
	if !v.Valid {
		said = text.T(c.lang, "not valid")
	}
	fmt.Fprintf(c.out, "%s: %s", v.File, said)
	if v.version != "" {
		fmt.Fprintf(c.out, " (CSAF %s)", v.version)
	}
	fmt.Fprintln(c.out)
	words := map[csaf.Group]string{csaf.Mandatory: text.T(c.lang, "error"), csaf.Informative: text.T(c.lang, "information"),
		csaf.Optional: text.T(c.lang, "warning"), csaf.Recommended: text.T(c.lang, "warning")}
	for _, t := range v.Tests {
		for _, p := range t.Errors {
			fmt.Fprintf(c.out, "  %s %s %s: %s\n    %s\n", words[t.test.Group], t.ID, t.test.Title, p.Message, p.Path)
		}
	}
}

// fetch asks for an address as 6.3.6 wants: what answers with a redirection is there.
func fetch(ctx context.Context) func(url string) (int, error) {
	client := &http.Client{Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(url string) (int, error) {
		status := 0
		for _, method := range []string{http.MethodHead, http.MethodGet} { // some servers know no HEAD
			r, err := http.NewRequestWithContext(ctx, method, url, nil)
			if err != nil {
				return 0, err
			}
			answer, err := client.Do(r)
			if err != nil {
				return 0, err
			}
			_ = answer.Body.Close()
			if status = answer.StatusCode; status < 400 {
				break
			}
		}
		return status, nil
	}
}

// csafValidator serves the validator protocol until it is stopped.
func csafValidator(c *call) int {
	set := flag.NewFlagSet("yagura csaf validator", flag.ContinueOnError)
	listen := set.String("listen", "localhost:8082", "`address` to listen at")
	if code, ok := c.flags(set); !ok {
		return code
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.err, text.T(c.lang, "The validator answers at %s.", "http://"+l.Addr().String()+"/api/v1/validate"))
	server := &http.Server{Handler: csaf.Service(csaf.Options{Now: clock.System().Now()}), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute}
	stop := context.AfterFunc(c.ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return c.fail(err)
	}
	return done
}
