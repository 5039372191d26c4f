// Package victoria speaks to VictoriaLogs: it writes rows, asks questions in
// LogsQL, and knows what the store does to values. It knows of no events, units
// or people; what a row means is its caller's affair. It uses the HTTP interface
// alone, so that the store may be a child of this process, a server, or a
// cluster.
package victoria

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/clock"
)

// Access is where a store answers and by which name and password.
type Access struct{ URL, User, Password string }

// Options are what a Node needs.
type Options struct {
	// Access is asked before each request: a child has another address after
	// each start.
	Access func(context.Context) (Access, error)
	CA     string // file of PEM certificates to trust besides the system's
	// Account is the tenant of all requests, so that several products can share a
	// store; what Rows and Blobs hold are its projects 0 and 1.
	Account uint32
}

// Node is one store: a server, a child, or the front of a cluster.
type Node struct {
	o    Options
	http *http.Client
}

// Open returns a node; nothing is sent yet.
func Open(o Options) (*Node, error) {
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 16, IdleConnTimeout: 45 * time.Second, DisableCompression: true, TLSHandshakeTimeout: 5 * time.Second,
	}
	if o.CA != "" {
		pem, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, fmt.Errorf("event store: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("event store: %s holds no certificate", o.CA)
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &Node{o: o, http: &http.Client{Transport: t}}, nil
}

// Close ends idle connections.
func (n *Node) Close() { n.http.CloseIdleConnections() }

// Project is a kind of rows that no question about another kind can reach.
type Project uint32

// Refused is the answer of a store that does not want a request as it is, such
// as a query that it cannot read.
type Refused struct {
	Status int
	Words  string
}

func (r *Refused) Error() string {
	return fmt.Sprintf("event store: answered %d: %s", r.Status, r.Words)
}

// ErrLate says that a question took longer than it may.
var ErrLate = errors.New("event store: the question took too long")

func (n *Node) do(ctx context.Context, p Project, path string, body io.Reader, kind string) (*http.Response, error) {
	a, err := n.o.Access(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(a.URL, "/")+path, body)
	if err != nil {
		return nil, fmt.Errorf("event store: %w", err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("AccountID", strconv.FormatUint(uint64(n.o.Account), 10))
	req.Header.Set("ProjectID", strconv.FormatUint(uint64(p), 10))
	if a.User != "" || a.Password != "" {
		req.SetBasicAuth(a.User, a.Password)
	}
	res, err := n.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("event store: %w", err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	words, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10))
	said := strings.TrimSpace(string(words))
	// The address of the asker and the path say nothing to a reader.
	if _, rest, ok := strings.Cut(said, "requestURI: "); ok {
		if _, rest, ok = strings.Cut(rest, "; "); ok {
			said = rest
		}
	}
	return nil, &Refused{res.StatusCode, said}
}

// ErrNoRoom says that the disk of the store is full: it takes nothing more.
var ErrNoRoom = errors.New("no space is left on the disk of the event store")

// Insert writes rows, one JSON object a line with _time and _msg, in streams
// by the fields given. The store answers before the rows are on disk, and drops
// in silence what is over its limits; see Line.
func (n *Node) Insert(ctx context.Context, p Project, streams string, lines []byte) error {
	res, err := n.do(ctx, p, "/insert/jsonline?_stream_fields="+url.QueryEscape(streams), bytes.NewReader(lines), "application/x-ndjson")
	var r *Refused
	if errors.As(err, &r) && strings.Contains(r.Words, "read-only mode") {
		return ErrNoRoom
	}
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// Ask is a question.
type Ask struct {
	Project Project
	Query   string
	Filters []string      // each holds too, in every part of the query
	Timeout time.Duration // 0: as the store has it
}

// Query hands out the rows that answer a question, in the order in which they
// come, until each returns false. The row is valid until each returns.
func (n *Node) Query(ctx context.Context, a Ask, each func(*Row) bool) error {
	form := url.Values{"query": {a.Query}, "extra_filters": a.Filters}
	elapsed := clock.Stopwatch()
	if a.Timeout > 0 {
		form.Set("timeout", fmt.Sprintf("%dms", a.Timeout.Milliseconds()))
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.Timeout+2*time.Second)
		defer cancel()
	}
	late := func(err error) error {
		var r *Refused
		if errors.As(err, &r) && r.Status == http.StatusServiceUnavailable || a.Timeout > 0 && elapsed() >= a.Timeout && ctx.Err() != nil {
			return ErrLate
		}
		return err
	}
	res, err := n.do(ctx, a.Project, "/select/logsql/query", strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
	if err != nil {
		return late(err)
	}
	defer res.Body.Close()
	err = readRows(res.Body, each)
	if err == nil && a.Timeout > 0 && elapsed() >= a.Timeout {
		return ErrLate // the store ends an answer that is late without a word
	}
	return late(err)
}

// ErrCannot says that the store has no such command, as a cluster's front.
var ErrCannot = errors.New("event store: not possible there")

// Flush makes all that was written so far findable. A cluster's front cannot.
func (n *Node) Flush(ctx context.Context) error {
	res, err := n.do(ctx, 0, "/internal/force_flush", nil, "text/plain")
	var r *Refused
	if errors.As(err, &r) && r.Status != http.StatusUnauthorized {
		return ErrCannot
	}
	if err != nil {
		return err
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	return nil
}

// Healthy asks whether the store answers and knows us.
func (n *Node) Healthy(ctx context.Context) error {
	return n.Query(ctx, Ask{Query: "_time:1s | limit 1", Timeout: 5 * time.Second}, func(*Row) bool { return true })
}

// Figures are the store's own counters whose names begin with a prefix, added
// up over their labels.
func (n *Node) Figures(ctx context.Context, prefixes ...string) (map[string]float64, error) {
	res, err := n.do(ctx, 0, "/metrics", nil, "text/plain")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return nil, err
	}
	sums := map[string]float64{}
	for line := range strings.Lines(string(all)) {
		for _, p := range prefixes {
			if !strings.HasPrefix(line, p) {
				continue
			}
			if i := strings.LastIndexByte(line, ' '); i > 0 {
				if v, err := strconv.ParseFloat(strings.TrimSpace(line[i+1:]), 64); err == nil {
					sums[p] += v
				}
			}
		}
	}
	return sums, nil
}
