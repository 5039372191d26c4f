package console

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"yagura/api"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/id"
)

// abort ends a connection whose answer cannot be finished.
var abort = http.ErrAbortHandler

type idKey struct{}

func requestID(r *http.Request) string {
	s, _ := r.Context().Value(idKey{}).(string)
	return s
}

// RequestID is the id under which the request of ctx is logged, "" outside of one.
func RequestID(ctx context.Context) string {
	s, _ := ctx.Value(idKey{}).(string)
	return s
}

// policy is the Content-Security-Policy of every page: nothing inline, nothing
// from elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"

// Wrap puts around the finished mux – pages, API and all else – what every
// answer needs: an id in the log, security headers, protection against forged
// requests from other sites, compression, and an end to panics.
func (k *Console) Wrap(next http.Handler) http.Handler {
	forgery := http.NewCrossOriginProtection()
	if u, err := url.Parse(k.o.PublicURL); err == nil && u.Host != "" {
		// Behind a proxy the Host header may be another than the browser's.
		if err := forgery.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			k.log.Warn("the public address is no origin", "address", k.o.PublicURL, "error", err.Error())
		}
	}
	forgery.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.refuse(w, r, fault.Denied("This request came from another website and was not carried out"))
	}))
	inner := forgery.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passed := clock.Stopwatch()
		reqID := id.New()
		r = r.WithContext(context.WithValue(r.Context(), idKey{}, reqID))
		k.headers(w, r, reqID)
		seen := &watcher{ResponseWriter: w}
		var out http.ResponseWriter = seen
		var z *zipper
		if z = newZipper(seen, r); z != nil {
			out = z
		}
		defer func() {
			p := recover()
			if p != nil && p != abort {
				k.log.ErrorContext(r.Context(), "panic", "reference", reqID, "method", r.Method, "path", r.URL.Path,
					"error", fmt.Sprint(p), "stack", string(debug.Stack()))
				if seen.status == 0 && (z == nil || !z.started()) {
					k.refuse(seen, r, fmt.Errorf("panic: %v", p))
				} else {
					p = abort
				}
			}
			if z != nil && p == nil {
				z.close()
			}
			k.journal(r, seen, passed)
			if p == abort {
				panic(abort)
			}
		}()
		inner.ServeHTTP(out, r)
	})
}

// refuse answers outside of any page.
func (k *Console) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if strings.HasPrefix(r.URL.Path, api.Prefix+"/") {
		api.WriteProblem(w, r, api.RequestLang(r), k.log, err)
		return
	}
	k.fail(k.context(w, r, k.shell, Page{Method: r.Method, Path: r.URL.Path, Public: true}), err)
}

func (k *Console) headers(w http.ResponseWriter, r *http.Request, reqID string) {
	h := w.Header()
	h.Set("X-Request-Id", reqID)
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
	if r.TLS != nil || k.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

func (k *Console) journal(r *http.Request, seen *watcher, passed func() time.Duration) {
	level := slog.LevelInfo
	if strings.HasPrefix(r.URL.Path, "/static/") || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics" {
		level = slog.LevelDebug
	}
	if !k.log.Enabled(r.Context(), level) {
		return
	}
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		from = r.RemoteAddr
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", seen.code()), slog.Int64("bytes", seen.bytes), slog.Duration("took", passed()), slog.String("from", from),
	}
	k.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// watcher remembers what was answered.
type watcher struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *watcher) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watcher) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

func (w *watcher) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// Unwrap lets http.ResponseController reach the connection.
func (w *watcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// LogHandler adds the request's id to every line that is logged with the
// request's context, so that a reference shown to a reader finds all of them.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if s := RequestID(ctx); s != "" {
		r.AddAttrs(slog.String("request", s))
	}
	return h.Handler.Handle(ctx, r)
}

func (h logHandler) WithAttrs(as []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(as)}
}
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
