package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"yagura/area/telemetry"
)

// acknowledged notes which messages an exporter got through.
type acknowledged struct {
	sdk.Exporter
	mu   sync.Mutex
	said map[string]bool
}

func (a *acknowledged) Export(ctx context.Context, records []sdk.Record) error {
	err := a.Exporter.Export(ctx, records)
	for ; err != nil && ctx.Err() == nil; err = a.Exporter.Export(ctx, records) {
		time.Sleep(50 * time.Millisecond) // the exporter over HTTP gives up where nobody listens
	}
	if err == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, r := range records {
			a.said[r.Body().AsString()] = true
		}
	}
	return err
}

func (a *acknowledged) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.said)
}

// The OpenTelemetry SDK for Go sends its logs by HTTP and by gRPC, packed, while
// the server goes away and comes back. What it was told to be taken is there
// once; with its patience all of it is.
func TestOpenTelemetrySDK(t *testing.T) {
	records := 2000
	if os.Getenv("YAGURA_SOAK") == "1" {
		records = 20_000
	}
	w := prepare(t)
	token := w.token("win-himeji")
	otherToken := w.token("fw-ohio")
	var addr [2]string
	serve := func() (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		var ls [2]net.Listener
		for i := range ls {
			at := addr[i]
			if at == "" {
				at = "127.0.0.1:0"
			}
			var err error
			for range 100 {
				if ls[i], err = net.Listen("tcp", at); err == nil {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			w.must(err)
			addr[i] = ls[i].Addr().String()
		}
		server := &http.Server{Handler: OTLP(w.s, nil)}
		go server.Serve(ls[0])
		ended := make(chan error, 1)
		go func() { ended <- OTLPServer(ctx, w.s, ls[1], nil, nil) }()
		return func() {
			server.Close()
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	stop := serve()
	viaHTTP, err := otlploghttp.New(t.Context(), otlploghttp.WithEndpoint(addr[0]), otlploghttp.WithInsecure(), otlploghttp.WithCompression(otlploghttp.GzipCompression),
		otlploghttp.WithHeaders(map[string]string{"Authorization": "Bearer " + token}), otlploghttp.WithRetry(otlploghttp.RetryConfig{Enabled: true, InitialInterval: 50 * time.Millisecond, MaxInterval: time.Second, MaxElapsedTime: time.Minute}))
	w.must(err)
	viaGRPC, err := otlploggrpc.New(t.Context(), otlploggrpc.WithEndpoint(addr[1]), otlploggrpc.WithInsecure(), otlploggrpc.WithCompressor("gzip"), otlploggrpc.WithReconnectionPeriod(100*time.Millisecond),
		otlploggrpc.WithHeaders(map[string]string{"Authorization": "Bearer " + otherToken}), otlploggrpc.WithRetry(otlploggrpc.RetryConfig{Enabled: true, InitialInterval: 50 * time.Millisecond, MaxInterval: time.Second, MaxElapsedTime: time.Minute}))
	w.must(err)
	var wg sync.WaitGroup
	half := make(chan bool)
	var exporters []*acknowledged
	for _, x := range []sdk.Exporter{viaHTTP, viaGRPC} {
		a := &acknowledged{Exporter: x, said: map[string]bool{}}
		exporters = append(exporters, a)
		wg.Go(func() {
			provider := sdk.NewLoggerProvider(sdk.WithProcessor(sdk.NewBatchProcessor(a, sdk.WithMaxQueueSize(records+10), sdk.WithExportMaxBatchSize(200), sdk.WithExportInterval(20*time.Millisecond), sdk.WithExportTimeout(time.Minute))),
				sdk.WithResource(resource.NewSchemaless(attribute.String("host.name", "press-07"), attribute.String("service.name", "mes"))))
			logger := provider.Logger("line.control", log.WithInstrumentationVersion("1.2"))
			for n := range records {
				var r log.Record
				r.SetTimestamp(w.clk.Now())
				r.SetBody(attribute.StringValue(fmt.Sprintf("圧力が高い %d", n)))
				r.SetSeverity(log.SeverityError)
				r.SetSeverityText("ERROR")
				r.AddAttributes(attribute.Int("n", n), attribute.Float64("bar", 7.5), attribute.ByteSlice("raw", []byte{0, 255}), attribute.Map("m", attribute.Slice("list", attribute.BoolValue(true), attribute.StringValue("x"))))
				logger.Emit(context.Background(), r)
				if n == records/2 {
					half <- true
				}
			}
			if err := provider.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	<-half
	<-half
	for exporters[0].count() < 200 || exporters[1].count() < 200 {
		time.Sleep(time.Millisecond)
	}
	stop() // in the middle of it
	w.must(w.s.Close())
	time.Sleep(300 * time.Millisecond)
	w.s, err = telemetry.New(telemetry.Options{DB: w.db, Events: w.events, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	w.must(w.s.Start(context.Background()))
	defer func() { w.s.Close() }()
	stop = serve()
	defer func() { stop() }()
	wg.Wait()
	for i, source := range []string{"win-himeji", "fw-ohio"} {
		if n := len(exporters[i].said); n != records {
			t.Errorf("%s: %d of %d were acknowledged", source, n, records)
		}
		w.must(w.s.Drain(context.Background()))
		seen := map[string]int{}
		now := w.clk.Now()
		_, err := w.s.Export(context.Background(), w.actor("ana"), "", telemetry.Query{From: now.Add(-time.Hour), To: now.Add(time.Hour), Source: source}, 1_000_000, func(e telemetry.Event) error {
			doc := string(e.Doc)
			_, rest, _ := strings.Cut(doc, `"message":"`)
			m, _, _ := strings.Cut(rest, `"`)
			if seen[m]++; seen[m] == 1 && len(seen) == 1 {
				for _, want := range []string{`"bar":7.5`, `"raw":"AP8="`, `"m":{"list":[true,"x"]}`, `"host.name":"press-07"`, `"otel.scope.name":"line.control"`, `"severity_number":17`} {
					if !strings.Contains(doc, want) {
						t.Errorf("%s is missing in %s", want, doc)
					}
				}
				if e.Host != "press-07" {
					t.Errorf("host %q", e.Host)
				}
			}
			return nil
		})
		w.must(err)
		for m := range exporters[i].said {
			if seen[m] == 0 {
				t.Errorf("%s: %q was acknowledged and is not there", source, m)
			}
		}
	}
}

func TestOTLPAnswers(t *testing.T) {
	w := prepare(t)
	token := w.token("win-himeji")
	say := func(kind, body, auth string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/v1/logs", strings.NewReader(body))
		r.Header.Set("Authorization", auth)
		r.Header.Set("Content-Type", kind)
		rec := httptest.NewRecorder()
		OTLP(w.s, slog.New(slog.DiscardHandler)).ServeHTTP(rec, r)
		return rec
	}
	body := `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},"scopeLogs":[{"scope":{"name":"lib"},"logRecords":[
		{"timeUnixNano":"1544712660300000000","observedTimeUnixNano":"1544712660300000000","severityNumber":10,"severityText":"Information","traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174",
		 "body":{"stringValue":"Example log record"},"attributes":[{"key":"int.attribute","value":{"intValue":"10"}},{"key":"map.attribute","value":{"kvlistValue":{"values":[{"key":"some.map.key","value":{"stringValue":"v"}}]}}}]}]}]}]}`
	if rec := say("application/json", body, "Bearer "+token); rec.Code != 200 || rec.Header().Get("Content-Type") != "application/json" || strings.TrimSpace(rec.Body.String()) != "{}" {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	e := w.stored("win-himeji", 1)[0]
	for _, want := range []string{`"trace_id":"5B8EFFF798038103D269B633813FC60C"`, `"span_id":"EEE19B7EC3C1B174"`, `"int.attribute":10`, `"map.attribute":{"some.map.key":"v"}`, `"message":"Example log record"`, `"service.name":"my.service"`} {
		if !strings.Contains(string(e.Doc), want) {
			t.Errorf("%s is missing in %s", want, e.Doc)
		}
	}
	if e.Time.Year() != 2018 {
		t.Errorf("time %s", e.Time)
	}
	deep := `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":` + strings.Repeat(`{"arrayValue":{"values":[`, 5000)
	for name, c := range map[string]struct {
		kind, body, auth string
		code             int
	}{
		"no token":    {"application/json", body, "", 401},
		"wrong kind":  {"text/plain", body, "Bearer " + token, 415},
		"not json":    {"application/json", "{", "Bearer " + token, 400},
		"not proto":   {"application/x-protobuf", "\xff\xff\xff", "Bearer " + token, 400},
		"cut":         {"application/json", body[:200], "Bearer " + token, 400},
		"deep":        {"application/json", deep + strings.Repeat("]}}", 5000) + "}]}]}]}", "Bearer " + token, 400},
		"wrong shape": {"application/json", `{"resourceLogs":7}`, "Bearer " + token, 400},
	} {
		if rec := say(c.kind, c.body, c.auth); rec.Code != c.code {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	w.stored("win-himeji", 1)
}

func TestGRPCSaysWhenToComeBack(t *testing.T) {
	w := prepare(t)
	w.must(w.s.Close())
	s, err := telemetry.New(telemetry.Options{DB: w.db, Events: w.events, Log: slog.New(slog.DiscardHandler), Workers: -1, CapEvents: 1})
	w.must(err)
	w.must(s.Start(context.Background()))
	defer s.Close()
	w.s = s
	token := w.token("win-himeji")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- OTLPServer(ctx, s, l, nil, nil) }()
	defer func() { cancel(); <-ended }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	w.must(err)
	defer conn.Close()
	client := collector.NewLogsServiceClient(conn)
	if _, err := client.Export(ctx, &collector.ExportLogsServiceRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Fatalf("without a token: %v", err)
	}
	with := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	if _, err := client.Export(with, &collector.ExportLogsServiceRequest{}); err != nil {
		t.Fatal(err)
	}
	src := s.Names(w.actor("ana").Scope(telemetry.Read))["win-himeji"]
	events, err := telemetry.Events([]byte("{}\n{}\n"), nil)
	w.must(err)
	if _, err := s.Submit(ctx, &src, events, ""); err != nil {
		t.Fatal(err)
	}
	_, err = client.Export(with, &collector.ExportLogsServiceRequest{})
	st, _ := status.FromError(err)
	if st.Code() != codes.ResourceExhausted || len(st.Details()) != 1 {
		t.Fatalf("full: %v", err)
	}
	if info, ok := st.Details()[0].(*errdetails.RetryInfo); !ok || info.RetryDelay.AsDuration() != 5*time.Second {
		t.Errorf("details %v", st.Details())
	}
}
