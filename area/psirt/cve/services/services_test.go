package services_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/area/psirt/cve"
	"yagura/area/psirt/cve/services"
	"yagura/area/psirt/cve/simulator"
	"yagura/kernel/clock"
	"yagura/kernel/config"
)

const key = "s3cret-key-of-the-test"

var now = time.Date(2026, 4, 2, 9, 0, 0, 0, time.UTC)

// line stands between client and service: it may spoil what passes.
type line struct {
	mu    sync.Mutex
	next  http.Handler
	spoil func(w http.ResponseWriter, r *http.Request, pass func()) // nil: passes
	seen  []string
}

func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.seen = append(l.seen, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api"))
	spoil := l.spoil
	l.mu.Unlock()
	if spoil == nil {
		l.next.ServeHTTP(w, r)
		return
	}
	spoil(w, r, func() { l.next.ServeHTTP(w, r) })
}

func (l *line) count(what string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.seen {
		if strings.HasPrefix(s, what) {
			n++
		}
	}
	return n
}

// stage is a simulator, a line to it and a client.
type stage struct {
	*services.Client
	line   *line
	sim    *simulator.Service
	url    string
	waited []time.Duration
}

func setup(t *testing.T, o simulator.Options) *stage {
	t.Helper()
	if o.Clock == nil {
		o.Clock = clock.Fixed(now)
	}
	sim, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Admit("example", "psirt@example.com", key, 100); err != nil {
		t.Fatal(err)
	}
	s := &stage{line: &line{next: sim}, sim: sim}
	server := httptest.NewServer(s.line)
	t.Cleanup(server.Close)
	s.url = server.URL + "/api"
	s.Client = s.as(t, "psirt@example.com", key)
	return s
}

func (s *stage) as(t *testing.T, user, key string) *services.Client {
	t.Helper()
	c, err := services.New(services.Options{URL: s.url, Org: "example", User: user, Key: config.NewSecret(key), Timeout: 5 * time.Second,
		Pause: func(_ context.Context, d time.Duration) error { s.waited = append(s.waited, d); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lose answers the first n requests that fit after they were done, or before.
func (s *stage) lose(what string, n int, done bool, status int) {
	left := n
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	s.line.spoil = func(w http.ResponseWriter, r *http.Request, pass func()) {
		s.line.mu.Lock()
		hit := left > 0 && strings.HasPrefix(r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api"), what)
		if hit {
			left--
		}
		s.line.mu.Unlock()
		if !hit {
			pass()
			return
		}
		if done {
			s.line.next.ServeHTTP(httptest.NewRecorder(), r)
		}
		if status == 0 {
			panic(http.ErrAbortHandler) // the line breaks
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		fmt.Fprint(w, `{"error":"X","message":"`+r.Header.Get("CVE-API-KEY")+`"}`)
	}
}

func (s *stage) reserve(t *testing.T, amount int, batch services.Batch) []services.ID {
	t.Helper()
	o, err := s.Prepare(t.Context(), amount, 2026, batch)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Reserve(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r.IDs
}

func container(t *testing.T, said string) *cve.Node {
	t.Helper()
	n, err := cve.ParseJSON([]byte(`{"descriptions":[{"lang":"en","value":"` + said + `"}],"affected":[{"vendor":"Example","product":"PLC","defaultStatus":"affected"}],"references":[{"url":"https://www.example.com/1"}],"x_n":1.0}`))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func rejection(t *testing.T, said string) *cve.Node {
	t.Helper()
	n, err := cve.ParseJSON([]byte(`{"rejectedReasons":[{"lang":"en","value":"` + said + `"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReserve(t *testing.T) {
	s := setup(t, simulator.Options{})
	one := s.reserve(t, 1, "")
	row := s.reserve(t, 3, services.InRow)
	scattered := s.reserve(t, 10, services.Scattered)
	if len(one) != 1 || len(row) != 3 || len(scattered) != 10 || !one[0].CVE.Rehearsal() {
		t.Fatalf("%v %v %v", one, row, scattered)
	}
	for i := range 2 {
		if row[i+1].CVE.Compare(row[i].CVE) <= 0 || row[i+1].CVE[9:] <= row[i].CVE[9:] {
			t.Error("not in a row:", row)
		}
	}
	q, err := s.Quota(t.Context())
	if err != nil || q.Quota != 100 || q.Reserved != 14 || q.Available != 86 {
		t.Errorf("%+v %v", q, err)
	}
	o, _ := s.Prepare(t.Context(), 87, 2026, services.InRow)
	if _, err := s.Reserve(t.Context(), o); !services.Refused(err, "EXCEEDED_ID_QUOTA") || !strings.Contains(err.Error(), `"available":86`) {
		t.Error(err)
	}
	if _, err := s.Prepare(t.Context(), 11, 2026, services.Scattered); err == nil {
		t.Error("eleven that are not in a row")
	}
}

func TestYears(t *testing.T) {
	s := setup(t, simulator.Options{RealYears: true})
	if ids := s.reserve(t, 1, ""); ids[0].CVE.Year() != 2026 {
		t.Error(ids)
	}
	for _, year := range []int{1998, 2028} {
		o, _ := s.Prepare(t.Context(), 1, year, "")
		if _, err := s.Reserve(t.Context(), o); !services.Refused(err, "CANNOT_RESERVE_FOR_YEAR") {
			t.Errorf("%d: %v", year, err)
		}
	}
}

// TestLostReserve: whatever becomes of the answers, as many IDs as were ordered
// are reserved, and they are the ones given.
func TestLostReserve(t *testing.T) {
	for _, c := range []struct {
		name      string
		n         int
		done      bool
		status    int
		recovered bool
		posts     int
	}{
		{"the answer is lost", 1, true, 0, true, 1},
		{"the gateway gives up, the service does not", 1, true, 504, true, 1},
		{"the request is lost", 2, false, 0, false, 3},
		{"the service is down", 1, false, 503, false, 2},
		{"too many requests", 3, false, 429, false, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setup(t, simulator.Options{})
			before := s.reserve(t, 2, services.InRow)
			s.line.seen = nil
			o, err := s.Prepare(t.Context(), 3, 2026, services.InRow)
			if err != nil {
				t.Fatal(err)
			}
			s.lose("POST /cve-id", c.n, c.done, c.status)
			r, err := s.Reserve(t.Context(), o)
			if err != nil || len(r.IDs) != 3 || r.Recovered != c.recovered || s.line.count("POST") != c.posts {
				t.Fatalf("%+v %v, %d posts", r, err, s.line.count("POST"))
			}
			all, err := s.List(t.Context(), services.Filter{State: cve.Reserved})
			if err != nil || len(all) != 5 {
				t.Errorf("%d are reserved, %v", len(all), err)
			}
			for _, id := range r.IDs {
				if slices.ContainsFunc(before, func(b services.ID) bool { return b.CVE == id.CVE }) {
					t.Error("an ID was given twice:", id.CVE)
				}
			}
			if c.status == 429 && slices.Min(s.waited) < 7*time.Second {
				t.Error("Retry-After was not kept:", s.waited)
			}
		})
	}
}

// TestUncertain: where the list does not show what happened, nothing more is asked
// for, and the error names what was found.
func TestUncertain(t *testing.T) {
	s := setup(t, simulator.Options{})
	o, _ := s.Prepare(t.Context(), 3, 2026, services.InRow)
	other := s.reserve(t, 1, "") // meanwhile, somebody with the same account
	s.line.seen = nil
	s.lose("POST /cve-id", 1, false, 0)
	_, err := s.Reserve(t.Context(), o)
	var u *services.Uncertain
	if !errors.As(err, &u) || len(u.Found) != 1 || !strings.Contains(err.Error(), string(other[0].CVE)) || s.line.count("POST") != 1 {
		t.Error(err)
	}
}

// TestResume: an order that is kept as JSON outlives the program.
func TestResume(t *testing.T) {
	s := setup(t, simulator.Options{})
	o, _ := s.Prepare(t.Context(), 2, 2026, services.InRow)
	raw, _ := json.Marshal(o)
	first, err := s.Reserve(t.Context(), o) // and the program dies before it is noted
	if err != nil {
		t.Fatal(err)
	}
	var kept services.Order
	if err := json.Unmarshal(raw, &kept); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resume(t.Context(), kept)
	if err != nil || !r.Recovered || r.IDs[0].CVE != first.IDs[0].CVE || r.IDs[1].CVE != first.IDs[1].CVE {
		t.Errorf("%+v %v", r, err)
	}
	fresh, _ := s.Prepare(t.Context(), 1, 2026, "")
	if r, err := s.Resume(t.Context(), fresh); err != nil || len(r.IDs) != 1 || r.Recovered {
		t.Errorf("%+v %v", r, err)
	}
}

func TestLife(t *testing.T) {
	s := setup(t, simulator.Options{})
	id := s.reserve(t, 1, "")[0].CVE
	did := func(want services.Did, state string) func(services.Outcome, error) {
		return func(o services.Outcome, err error) {
			t.Helper()
			if err != nil || o.Did != want || o.Record.State() != state {
				t.Fatalf("%+v %v", o, err)
			}
			if p := o.Record.Check(); len(p) > 0 {
				t.Error(p)
			}
		}
	}
	ctx := t.Context()
	if _, err := s.Update(ctx, id, container(t, "first"), false); err != services.ErrNoRecord {
		t.Error(err)
	}
	did(services.Created, "PUBLISHED")(s.Publish(ctx, id, container(t, "first")))
	did(services.Unchanged, "PUBLISHED")(s.Publish(ctx, id, container(t, "first")))
	did(services.Updated, "PUBLISHED")(s.Publish(ctx, id, container(t, "second")))
	did(services.Updated, "PUBLISHED")(s.Update(ctx, id, container(t, "third"), false))
	did(services.Updated, "REJECTED")(s.Reject(ctx, id, rejection(t, "no vulnerability")))
	did(services.Unchanged, "REJECTED")(s.Reject(ctx, id, rejection(t, "no vulnerability")))
	if _, err := s.Publish(ctx, id, container(t, "third")); err != services.ErrIsRejected {
		t.Error(err)
	}
	did(services.Updated, "PUBLISHED")(s.Update(ctx, id, container(t, "third"), true))
	d, err := s.Record(ctx, id)
	if err != nil || !strings.Contains(string(d.Root.AppendJSON(nil)), `"x_n":1.0`) {
		t.Error("the record lost what the container had:", err)
	}
	unused := s.reserve(t, 1, "")[0].CVE
	did(services.Created, "REJECTED")(s.Reject(ctx, unused, rejection(t, "not used")))
	if x, err := s.Get(ctx, unused); err != nil || x.State != cve.Rejected {
		t.Errorf("%+v %v", x, err)
	}
	if _, err := s.Publish(ctx, "CVE-1900-9", container(t, "x")); err == nil {
		t.Error("no ID")
	}
	if _, err := s.Publish(ctx, "CVE-1900-99999", container(t, "x")); !services.Refused(err, "CVEID_DNE") {
		t.Error(err)
	}
	bad := container(t, "x")
	bad.Set("titel", &cve.Node{Kind: cve.String, Text: "x"})
	if _, err := s.Publish(ctx, s.reserve(t, 1, "")[0].CVE, bad); !services.Refused(err, "INVALID_JSON_SCHEMA") || !strings.Contains(err.Error(), "/cnaContainer/titel") {
		t.Error(err)
	}
}

// TestLostPublish: a lost answer costs a look, not a second record or version.
func TestLostPublish(t *testing.T) {
	for _, method := range []string{"POST", "PUT"} {
		for _, done := range []bool{true, false} {
			s := setup(t, simulator.Options{})
			id, want := s.reserve(t, 1, "")[0].CVE, services.Created
			if method == "PUT" {
				want = services.Updated
				if _, err := s.Publish(t.Context(), id, container(t, "before")); err != nil {
					t.Fatal(err)
				}
			}
			s.line.seen = nil
			s.lose(method+" /cve/", 1, done, 0)
			o, err := s.Publish(t.Context(), id, container(t, "now"))
			writes := 1
			if !done {
				writes = 2
			}
			if err != nil || o.Did != want || s.line.count(method) != writes || o.Record.CNA().List("descriptions")[0].Str("value") != "now" {
				t.Errorf("%s, done %v: %+v %v, %d writes", method, done, o, err, s.line.count(method))
			}
		}
	}
}

func TestPages(t *testing.T) {
	s := setup(t, simulator.Options{})
	if err := s.sim.Admit("example", "psirt@example.com", key, 2000); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.reserve(t, 600, services.InRow)
	}
	s.line.seen = nil
	all, err := s.List(t.Context(), services.Filter{State: cve.Reserved})
	if err != nil || len(all) != 1200 || s.line.count("GET /cve-id") != 3 {
		t.Errorf("%d in %d pages, %v", len(all), s.line.count("GET /cve-id"), err)
	}
	if all, err = s.List(t.Context(), services.Filter{Since: now}); err != nil || len(all) != 0 {
		t.Errorf("%d after now, %v", len(all), err)
	}
}

func TestUsers(t *testing.T) {
	s := setup(t, simulator.Options{})
	ctx := t.Context()
	s.lose("POST /org/", 1, false, 503)
	u, secret, err := s.CreateUser(ctx, "bob@example.com", "Bob", "Ito", false)
	if err != nil || u.Name != "bob@example.com" || !secret.Set() {
		t.Fatal(u, err)
	}
	bob := s.as(t, "bob@example.com", secret.Reveal())
	if _, err := bob.Quota(ctx); err != nil {
		t.Error(err)
	}
	if _, _, err := bob.CreateUser(ctx, "eve@example.com", "", "", true); !services.Refused(err, "NOT_ORG_ADMIN_OR_SECRETARIAT") {
		t.Error(err)
	}
	s.lose("POST /org/", 1, true, 0)
	if _, _, err := s.CreateUser(ctx, "ann@example.com", "", "", false); err != services.ErrKeyLost {
		t.Error(err)
	}
	if fresh, err := s.ResetKey(ctx, "bob@example.com"); err != nil || fresh.Reveal() == secret.Reveal() {
		t.Error(err)
	}
	if _, err := bob.Quota(ctx); !services.Refused(err, "UNAUTHORIZED") {
		t.Error("the old key still works:", err)
	}
	if err := s.SetActive(ctx, "bob@example.com", false); err != nil {
		t.Error(err)
	}
	if all, err := s.Users(ctx); err != nil || len(all) != 3 || all[1].Active {
		t.Errorf("%+v %v", all, err)
	}
	if err := s.SetActive(ctx, "../../cve-id", false); err == nil {
		t.Error("a name that leads elsewhere was taken")
	}
}

// TestSecret: the key is in no error, and goes nowhere but to the service.
func TestSecret(t *testing.T) {
	s := setup(t, simulator.Options{})
	s.lose("GET /", 99, false, 500) // its answers repeat the key
	_, err := s.Quota(t.Context())
	if err == nil || strings.Contains(err.Error()+fmt.Sprintf("%+v %#v", s.Client, err), key) {
		t.Error(err)
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Error("the key was taken elsewhere:", r.Header) }))
	defer elsewhere.Close()
	s.line.spoil = func(w http.ResponseWriter, r *http.Request, _ func()) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}
	if _, err := s.Quota(t.Context()); err == nil {
		t.Error("a redirection was followed")
	}
	for _, u := range []string{"http://cveawg.example.org/api", "ftp://localhost/api", "https://me:pw@cveawg.example.org/api", "", "/api"} {
		if _, err := services.New(services.Options{URL: u, Org: "example", User: "u", Key: config.NewSecret(key)}); err == nil {
			t.Errorf("%q was taken", u)
		}
	}
	far, err := services.New(services.Options{URL: "https://cveawg.example.org/api", Org: "example", User: "u", Key: config.NewSecret(key)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := far.Publish(t.Context(), "CVE-1900-1000", container(t, "x")); err != services.ErrRehearsalOut {
		t.Error("a rehearsal went out:", err)
	}
}

// TestCancelled: waiting ends when the caller's patience does.
func TestCancelled(t *testing.T) {
	s := setup(t, simulator.Options{})
	c, _ := services.New(services.Options{URL: s.url, Org: "example", User: "psirt@example.com", Key: config.NewSecret(key)})
	s.lose("GET /", 99, false, 503)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Quota(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
