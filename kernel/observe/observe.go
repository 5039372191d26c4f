// Package observe lets operators see how the program does: a log with request
// and trace ids, metrics for Prometheus, and traces and metrics over OTLP/HTTP
// where the configuration names a collector. Without that nothing is sent
// anywhere. What it shows are numbers and names of routes, never what people
// wrote.
package observe

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"yagura/kernel/config"
)

// Options say what to observe with.
type Options struct {
	Config  config.Config
	Version string
	Out     io.Writer // of the log; nil: standard error
}

// Watch is what observes, until Shutdown.
type Watch struct {
	// Log is the program's log.
	Log *slog.Logger

	registry *prometheus.Registry
	metrics  *sdkmetric.MeterProvider
	traces   trace.TracerProvider
	meter    metric.Meter
	token    string
	own      *http.Server // of /metrics
	address  net.Addr
	ends     []func(context.Context) error
}

const scope = "yagura"

// Start begins to observe. It opens the address for metrics where there is one
// of its own, and fails where that can't be done.
func Start(ctx context.Context, o Options) (w *Watch, err error) {
	if o.Out == nil {
		o.Out = os.Stderr
	}
	w = &Watch{Log: slog.New(newLog(o.Out, o.Config.Log)), registry: prometheus.NewRegistry(), token: o.Config.Metrics.Token.Reveal(), traces: noop.NewTracerProvider()}
	defer func() {
		if err != nil {
			w.Shutdown(context.WithoutCancel(ctx))
			w = nil
		}
	}()
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { w.Log.Warn("telemetry of the program could not be sent", "error", err) }))
	about := resource.NewSchemaless(attribute.String("service.name", "yagura"), attribute.String("service.version", o.Version))
	if host, err := os.Hostname(); err == nil {
		about, _ = resource.Merge(about, resource.NewSchemaless(attribute.String("host.name", host)))
	}
	w.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "yagura_build_info", Help: "Version of the program; always 1."}, []string{"version", "go"})
	build.WithLabelValues(o.Version, runtime.Version()).Set(1)
	w.registry.MustRegister(build)
	pull, err := promexporter.New(promexporter.WithRegisterer(w.registry), promexporter.WithoutScopeInfo(), promexporter.WithoutTargetInfo())
	if err != nil {
		return w, fmt.Errorf("observe: %w", err)
	}
	options := []sdkmetric.Option{sdkmetric.WithResource(about), sdkmetric.WithReader(pull), sdkmetric.WithCardinalityLimit(2000)}
	if endpoint := o.Config.OTLP.Endpoint; endpoint != "" {
		headers := parseHeaders(o.Config.OTLP.Headers.Reveal())
		push, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint+"/v1/metrics"), otlpmetrichttp.WithHeaders(headers))
		if err != nil {
			return w, fmt.Errorf("observe: OTLP metrics: %w", err)
		}
		options = append(options, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(push, sdkmetric.WithInterval(30*time.Second))))
		spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"), otlptracehttp.WithHeaders(headers))
		if err != nil {
			return w, fmt.Errorf("observe: OTLP traces: %w", err)
		}
		provider := sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithBatcher(spans),
			sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(o.Config.OTLP.Sample))))
		w.traces = provider
		w.ends = append(w.ends, provider.Shutdown)
	}
	w.metrics = sdkmetric.NewMeterProvider(options...)
	w.ends = append(w.ends, w.metrics.Shutdown)
	w.meter = w.metrics.Meter(scope)
	return w, w.open(o.Config.Metrics.Listen)
}

// open serves /metrics at an address of its own.
func (w *Watch) open(address string) error {
	if address == "" {
		return nil
	}
	door, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("metrics.listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", w.page())
	w.address = door.Addr()
	w.own = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(w.Log.Handler(), slog.LevelWarn)}
	w.ends = append(w.ends, w.own.Shutdown)
	go func() {
		if err := w.own.Serve(door); err != nil && !errors.Is(err, http.ErrServerClosed) {
			w.Log.Error("the address for metrics was closed", "error", err)
		}
	}()
	return nil
}

// Address is where /metrics is served on its own; nil where it is not.
func (w *Watch) Address() net.Addr { return w.address }

func (w *Watch) page() http.Handler {
	return promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(w.Log.Handler(), slog.LevelError), ErrorHandling: promhttp.ContinueOnError})
}

// parseHeaders reads "name=value,name=value".
func parseHeaders(s string) map[string]string {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(s, ",") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return headers
}

// Tracer makes spans; they go nowhere without a collector.
func (w *Watch) Tracer() trace.Tracer { return w.traces.Tracer(scope) }

// Meter makes instruments.
func (w *Watch) Meter() metric.Meter { return w.meter }

// Shutdown sends what is left and stops observing. It takes five seconds at
// most.
func (w *Watch) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var err error
	for _, end := range slices.Backward(w.ends) {
		err = errors.Join(err, end(ctx))
	}
	w.ends = nil
	return err
}

// quiet are paths whose requests are neither traced nor measured.
func quiet(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/metrics" || strings.HasPrefix(path, "/static/")
}

// Handler measures and traces what next answers, and serves /metrics to who
// shows the token of the configuration. Traces that a caller claims to be part
// of are linked, not continued: the door is public.
func (w *Watch) Handler(next http.Handler) http.Handler {
	measured := otelhttp.NewHandler(next, "http",
		otelhttp.WithMeterProvider(w.metrics), otelhttp.WithTracerProvider(w.traces), otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return true }),
		otelhttp.WithFilter(func(r *http.Request) bool { return !quiet(r.URL.Path) }),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			if m, _ := r.Context().Value(matchedKey{}).(*matched); m != nil && m.route != "" {
				return r.Method + " " + m.route
			}
			return r.Method
		}))
	page := w.page()
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" || w.token == "" {
			measured.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), matchedKey{}, &matched{})))
			return
		}
		shown, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(shown), []byte(w.token)) != 1 {
			out.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			http.Error(out, "unauthorized", http.StatusUnauthorized)
			return
		}
		page.ServeHTTP(out, r)
	})
}

// matched carries the route from the mux out to the name of the span.
type matched struct{ route string }

type matchedKey struct{}

// Routes names the route in spans and metrics. It goes directly around the mux,
// which alone knows which of its patterns a request matched.
func Routes(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		if pattern != "" {
			if labels, ok := otelhttp.LabelerFromContext(r.Context()); ok {
				labels.Add(attribute.String("http.route", route(pattern)))
			}
			trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("http.route", route(pattern)))
			if m, _ := r.Context().Value(matchedKey{}).(*matched); m != nil {
				m.route = route(pattern)
			}
		}
		mux.ServeHTTP(out, r)
	})
}

// route is a pattern without its method.
func route(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}
