package e2e

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/area/telemetry/victoria/child"
	"yagura/e2e/visit"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// Three processes share one PostgreSQL database, one for each role; a second
// worker takes over from the one that is killed. Nothing is lost or doubled, and
// the system's page says who is alive.
func TestRoles(t *testing.T) {
	if os.Getenv("YAGURA_SOAK") != "1" {
		t.Skip("only with YAGURA_SOAK=1: a killed worker's claims run out after half a minute")
	}
	dir := t.TempDir()
	shared := []string{"YAGURA_DATABASE=" + storetest.DSN(t), "YAGURA_KEYS=" + filepath.Join(dir, "keys"), "YAGURA_DOCUMENTS=" + filepath.Join(dir, "documents")}
	// Processes apart share an event store, which no one of them has as its child.
	logs, err := child.Open(t.Context(), child.Options{Folder: filepath.Join(dir, "events"), Keep: 400 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { logs.Close() })
	access, err := logs.Access(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shared = append(shared, "YAGURA_TELEMETRY_EVENTS="+access.URL, "YAGURA_TELEMETRY_EVENTS_USER="+access.User, "YAGURA_TELEMETRY_EVENTS_PASSWORD="+access.Password)
	f := furnish(t, folder(t), shared...)
	process := func(roles string) *server {
		s, err := installation(folder(t), shared...)
		if err == nil {
			s.args = append(s.args, "-role", roles)
		}
		return started(t, s, err)
	}
	intake, worker, spare, console := process("intake"), process("worker"), process("worker"), process("console")

	status := func(s *server, method, path string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, c := range []struct {
		s            *server
		method, path string
		want         int
	}{
		{intake, "GET", "/healthz", 200}, {intake, "GET", "/readyz", 200}, {intake, "GET", "/", 404}, {intake, "GET", "/api/v1/incidents", 404}, {intake, "POST", "/intake/ndjson", 401},
		{worker, "GET", "/healthz", 200}, {worker, "GET", "/readyz", 200}, {worker, "GET", "/", 404}, {worker, "POST", "/intake/ndjson", 404},
		{console, "GET", "/readyz", 200}, {console, "GET", "/api/v1/incidents", 401}, {console, "POST", "/intake/ndjson", 404},
	} {
		got := status(c.s, c.method, c.path)
		if got != c.want && !(c.s == console && c.want == 404 && got != 200 && got != 401) {
			t.Errorf("%v: %s %s is answered %d, not %d", c.s.args, c.method, c.path, got, c.want)
		}
	}

	o := &office{url: intake.url, furnished: f, acked: map[string]bool{}, bad: map[string]bool{}, refused: map[int]int{}}
	ctx, end := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for n := range 3 {
		wg.Go(func() { o.senses(ctx, 0, n) })
	}
	time.Sleep(700 * time.Millisecond)
	worker.kill()
	time.Sleep(700 * time.Millisecond)
	end()
	wg.Wait()
	o.again(t)
	a := f.open(t)
	defer a.Close()
	o.drained(t, a)
	for code, n := range o.refused {
		t.Errorf("%d requests were answered %d", n, code)
	}
	if len(o.acked) == 0 {
		t.Fatal("nothing was acknowledged, so nothing is proved")
	}
	o.events(t, a, o.kept(t, a))

	var roles []string
	if err := a.DB.View(t.Context(), func(tx *store.Tx) (err error) {
		roles, err = store.Texts(tx, "SELECT roles FROM alive_process ORDER BY roles")
		return err
	}); err != nil || strings.Join(roles, " ") != "console intake worker worker" {
		t.Errorf("processes: %v (%v)", roles, err)
	}
	v := visit.To(console.url)
	if err := v.Enter(console.url + "/enter?t=" + f.link(t, a)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(500 * time.Millisecond) {
		p, err := v.Get("/system")
		if err != nil {
			t.Fatal(err)
		}
		if said := p.Text(); strings.Count(said, "Silent") == 1 && strings.Count(said, "worker") >= 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the killed worker is not silent on the page: %s", p.Text())
		}
	}
	for _, s := range []*server{intake, spare, console} {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}
}
