package observe

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"yagura/kernel/config"
)

type requestKey struct{}

// WithRequest gives lines that are logged with the context the id of a request,
// or of whatever else they belong to.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// Request is the id of WithRequest.
func Request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// secretNames are attributes that are never written, should one be logged by
// mistake.
var secretNames = map[string]bool{"password": true, "secret": true, "token": true, "authorization": true, "cookie": true, "dsn": true}

func newLog(out io.Writer, c config.Log) slog.Handler {
	o := &slog.HandlerOptions{Level: c.Level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if secretNames[strings.ToLower(a.Key)] && a.Value.Kind() == slog.KindString && a.Value.String() != "" {
			return slog.String(a.Key, "(hidden)")
		}
		return a
	}}
	if c.Format == "json" {
		return ids{slog.NewJSONHandler(out, o)}
	}
	return ids{slog.NewTextHandler(out, o)}
}

// ids adds the ids of the context to each line.
type ids struct{ slog.Handler }

func (h ids) Handle(ctx context.Context, r slog.Record) error {
	if id := Request(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	if s := trace.SpanContextFromContext(ctx); s.IsValid() {
		r.AddAttrs(slog.String("trace", s.TraceID().String()), slog.String("span", s.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h ids) WithAttrs(as []slog.Attr) slog.Handler { return ids{h.Handler.WithAttrs(as)} }

func (h ids) WithGroup(name string) slog.Handler { return ids{h.Handler.WithGroup(name)} }
