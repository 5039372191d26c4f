package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/text"
)

// events asks the running server, with the rights of whoever's token it is: the
// event store belongs to the server while it runs, and only there are the
// borders of units drawn.
func events(c *call) int {
	what, expression := "", ""
	if len(c.args) > 0 {
		what, c.args = c.args[0], c.args[1:]
	}
	if len(c.args) > 0 && !strings.HasPrefix(c.args[0], "-") {
		expression, c.args = c.args[0], c.args[1:]
	}
	set := flag.NewFlagSet("yagura events", flag.ContinueOnError)
	load := settings(c, set)
	server := set.String("server", "", "`URL` of the server; without it, that of the configuration")
	tokenFile := set.String("token-file", "", "`file` with an API token; without it, the variable YAGURA_TOKEN")
	since := set.String("since", "24h", "`span` of time to look back, such as 90m, 24h or 7d")
	most := set.Int("limit", 1000, "how many events at `most`, the newest first; 0: all")
	source := set.String("source", "", "only events of this source (`id`)")
	asJSON := set.Bool("json", false, "print each event as one line of JSON")
	if code, ok := c.flags(set); !ok {
		return code
	}
	back, ok := config.ParseDuration(*since)
	if what != "query" || len(c.args) != 0 || !ok || *most < 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura events query 'EXPRESSION' [-since 24h] [-limit N] [-json] [-server URL] [-token-file FILE]"))
		return failed
	}
	token := os.Getenv("YAGURA_TOKEN")
	if *tokenFile != "" {
		b, err := os.ReadFile(*tokenFile)
		if err != nil {
			return c.fail(err)
		}
		token = string(b)
	}
	if token = strings.TrimSpace(token); token == "" {
		fmt.Fprintln(c.err, text.T(c.lang, "an API token is needed: make one under Settings, and give it with -token-file or YAGURA_TOKEN"))
		return failed
	}
	base := strings.TrimRight(*server, "/")
	if base == "" {
		cfg, ok := load()
		if !ok {
			return failed
		}
		base = cfg.PublicURL
	}
	now := clock.System().Now()
	q := url.Values{"from": {now.Add(-back).UTC().Format(time.RFC3339)}, "to": {now.Add(time.Minute).UTC().Format(time.RFC3339)}, "limit": {"200"}}
	if expression != "" {
		q.Set("q", expression)
	}
	if *source != "" {
		q.Set("source", *source)
	}
	if piped(expression) {
		q.Del("limit")
		return c.answer(base+"/api/v1/telemetry/query?"+q.Encode(), token, *asJSON)
	}
	shown, partial := 0, ""
	for {
		var page struct {
			Items   []json.RawMessage
			Next    string
			Partial bool
			Until   *time.Time
		}
		if code := c.ask(base+"/api/v1/telemetry/events?"+q.Encode(), token, &page); code != done {
			return code
		}
		for _, raw := range page.Items {
			if *most > 0 && shown == *most {
				page.Next = "more"
				break
			}
			if err := c.show(raw, *asJSON); err != nil {
				return c.fail(err)
			}
			shown++
		}
		if page.Partial && page.Until != nil {
			partial = stamp(*page.Until)
		}
		if page.Next == "" || *most > 0 && shown >= *most {
			if page.Next != "" {
				fmt.Fprintln(c.err, text.T(c.lang, "There are more events; the newest %d are shown.", shown))
			}
			break
		}
		q.Set("cursor", page.Next)
	}
	if partial != "" {
		fmt.Fprintln(c.err, text.T(c.lang, "The answer is not whole: it was only looked back to %s.", partial))
		return findings
	}
	return done
}

// piped tells whether a query has pipes: a bar that stands in no quotes.
func piped(expression string) bool {
	var quote rune
	escaped := false
	for _, r := range expression {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quote != '`':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'' || r == '`':
			quote = r
		case r == '|':
			return true
		}
	}
	return false
}

// answer prints the rows of a query with pipes.
func (c *call) answer(address, token string, asJSON bool) int {
	var a struct {
		Columns []string
		Rows    [][]string
		Partial bool
		Why     string
	}
	if code := c.ask(address, token, &a); code != done {
		return code
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(w, strings.Join(a.Columns, "\t"))
	}
	for _, row := range a.Rows {
		if !asJSON {
			fmt.Fprintln(w, strings.Join(row, "\t"))
			continue
		}
		line := map[string]string{}
		for i, v := range row {
			if i < len(a.Columns) && v != "" {
				line[a.Columns[i]] = v
			}
		}
		if code := c.json(line, done); code != done {
			return code
		}
	}
	w.Flush()
	if a.Partial {
		fmt.Fprintln(c.err, text.T(c.lang, "The answer is not whole: %s", a.Why))
		return findings
	}
	return done
}

// ask gets a page of the API.
func (c *call) ask(address, token string, into any) int {
	r, err := http.NewRequestWithContext(c.ctx, http.MethodGet, address, nil)
	if err != nil {
		return c.fail(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Language", string(c.lang))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address holds the question
		}
		c.fail(err)
		return unavailable
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 256<<20))
	if err != nil {
		c.fail(err)
		return unavailable
	}
	if res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(b, into); err != nil {
			return c.fail(err)
		}
		return done
	}
	var problem struct {
		Title, Detail string
		Errors        []struct{ Name, Detail string }
	}
	said := strconv.Itoa(res.StatusCode)
	if json.Unmarshal(b, &problem) == nil && problem.Title != "" {
		said = strings.TrimSpace(problem.Title + ". " + problem.Detail)
		for _, e := range problem.Errors {
			said += "\n  " + e.Name + ": " + e.Detail
		}
	}
	fmt.Fprintln(c.err, "yagura:", said)
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return unavailable
	}
	return failed
}

// show prints one event.
func (c *call) show(raw json.RawMessage, whole bool) error {
	if whole {
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return err
		}
		b.WriteByte('\n')
		_, err := c.out.Write(b.Bytes())
		return err
	}
	var e struct {
		Time     time.Time
		Host     string
		Source   string
		Original string
		Event    json.RawMessage
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	line := e.Original
	if line == "" {
		var b bytes.Buffer
		json.Compact(&b, e.Event)
		line = b.String()
	}
	_, err := fmt.Fprintf(c.out, "%s  %s  %s  %s\n", e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), e.Source, e.Host, strings.Join(strings.Fields(line), " "))
	return err
}
