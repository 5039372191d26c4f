package observe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/observe"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

var ctx = context.Background()

func start(t *testing.T, cfg config.Config) (*observe.Watch, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	w, err := observe.Start(ctx, observe.Options{Config: cfg, Version: "1.2.3", Out: &log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Shutdown(ctx) })
	return w, &log
}

func get(h http.Handler, path, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out
}

func pages() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /incidents/{id}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	return mux
}

func TestMetrics(t *testing.T) {
	tables := []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations}
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		cfg := config.Default()
		cfg.Metrics.Token = config.NewSecret("t0ken")
		w, log := start(t, cfg)
		if err := w.Database(db); err != nil {
			t.Fatal(err)
		}
		if err := w.Counter("yagura.telemetry.events", "{event}", "Events taken in.", func(context.Context) ([]observe.Point, error) {
			return []observe.Point{{Value: 42, Labels: map[string]string{"source": "syslog"}}}, nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.Gauge("yagura.broken", "1", "Never readable.", func(context.Context) ([]observe.Point, error) { return nil, errors.New("away") }); err != nil {
			t.Fatal(err)
		}
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			_, err := job.Enqueue(tx, job.Job{Kind: "mail"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h := w.Handler(observe.Routes(pages()))
		for range 3 {
			get(h, "/incidents/INC-2026-0001", "")
		}
		get(h, "/healthz", "")
		for _, token := range []string{"", "wrong"} {
			if out := get(h, "/metrics", token); out.Code != http.StatusUnauthorized || strings.Contains(out.Body.String(), "yagura_") {
				t.Errorf("token %q: %d", token, out.Code)
			}
		}
		page := get(h, "/metrics", "t0ken").Body.String()
		for _, want := range []string{
			`yagura_build_info{go="go1.`, `yagura_jobs{kind="mail",state="waiting"} 1`, `yagura_job_delay_seconds{kind="mail"}`, `yagura_ledger_pending 0`,
			`yagura_database_up{engine="` + string(db.Engine()) + `"} 1`, `yagura_telemetry_events_total{source="syslog"} 42`, `go_goroutines`, `process_open_fds`,
			`http_route="/incidents/{id}"`, `http_server_request_duration_seconds_count{`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("no %s", want)
			}
		}
		if strings.Contains(page, "INC-2026") || strings.Contains(page, "healthz") {
			t.Error("a path stands in the metrics")
		}
		if t.Failed() {
			t.Log(page)
		}
		if !strings.Contains(log.String(), "metric=yagura.broken") {
			t.Error(log.String())
		}
	})
}

func TestMetricsOfItsOwnAddress(t *testing.T) {
	cfg := config.Default()
	cfg.Metrics.Listen = "127.0.0.1:0"
	w, _ := start(t, cfg)
	answer, err := http.Get("http://" + w.Address().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); !bytes.Contains(body, []byte("yagura_build_info")) {
		t.Error(answer.Status)
	}
	if out := get(w.Handler(pages()), "/metrics", ""); out.Code != http.StatusNotFound {
		t.Errorf("at the console's address: %d", out.Code)
	}
	cfg.Metrics.Listen = w.Address().String()
	if _, err := observe.Start(ctx, observe.Options{Config: cfg, Out: io.Discard}); err == nil || !strings.Contains(err.Error(), "metrics.listen") {
		t.Errorf("an address that is taken: %v", err)
	}
}

func TestLog(t *testing.T) {
	cfg := config.Default()
	cfg.Log.Format = "json"
	w, log := start(t, cfg)
	w.Log.With("part", "x").InfoContext(observe.WithRequest(ctx, "r-1"), "hello", "password", "hunter2", "Token", "abc", "user", "sato")
	w.Log.Debug("not shown")
	line := log.String()
	for _, want := range []string{`"request":"r-1"`, `"password":"(hidden)"`, `"Token":"(hidden)"`, `"user":"sato"`, `"part":"x"`} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
	if strings.Contains(line, "hunter2") || strings.Contains(line, "not shown") {
		t.Error(line)
	}
}

func TestOTLP(t *testing.T) {
	var mu sync.Mutex
	got := map[string][]byte{}
	var keys []string
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got[r.URL.Path] = append(got[r.URL.Path], body...)
		keys = append(keys, r.Header.Get("X-Key"))
	}))
	defer collector.Close()
	cfg := config.Default()
	cfg.OTLP.Endpoint, cfg.OTLP.Headers = collector.URL, config.NewSecret("x-key=k1")
	w, log := start(t, cfg)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /units/{id}", func(_ http.ResponseWriter, r *http.Request) { w.Log.InfoContext(r.Context(), "inside") })
	claimed := "4bf92f3577b34da6a3ce929d0e0e4736"
	r := httptest.NewRequest("GET", "/units/works-himeji", nil)
	r.Header.Set("traceparent", "00-"+claimed+"-00f067aa0ba902b7-01")
	w.Handler(observe.Routes(mux)).ServeHTTP(httptest.NewRecorder(), r)
	if err := w.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !bytes.Contains(got["/v1/traces"], []byte("GET /units/{id}")) || !bytes.Contains(got["/v1/traces"], []byte("1.2.3")) {
		t.Errorf("traces: %q", got["/v1/traces"])
	}
	if !bytes.Contains(got["/v1/metrics"], []byte("http.server.request.duration")) {
		t.Errorf("metrics: %q", got["/v1/metrics"])
	}
	for _, k := range keys {
		if k != "k1" {
			t.Errorf("key %q", k)
		}
	}
	if !strings.Contains(log.String(), "trace=") || strings.Contains(log.String(), claimed) {
		t.Error(log.String())
	}
}

func TestNothingIsSentByDefault(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	w, log := start(t, config.Default())
	get(w.Handler(pages()), "/incidents/1", "")
	_, span := w.Tracer().Start(ctx, "x")
	if span.SpanContext().IsValid() {
		t.Error("a span was made")
	}
	span.End()
	if err := w.Shutdown(ctx); err != nil || log.Len() != 0 {
		t.Errorf("%v, %s", err, log)
	}
}
