package console

import (
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"yagura/kernel/clock"
)

func galleryServer(t testing.TB) http.Handler {
	t.Helper()
	k, err := New(Options{Areas: []Area{pictured()}, Gallery: true, Sessions: world(t), UnitAct: seeUnits, Clock: clock.Fixed(testNow),
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})), Unread: func(*Context) (int, error) { return 2, nil }})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	if err := k.Mount(mux); err != nil {
		t.Fatal(err)
	}
	return k.Wrap(mux)
}

// TestLookAtGallery serves the gallery for looking at:
// YAGURA_GALLERY=127.0.0.1:8099 go test -run TestLookAtGallery -timeout 2h ./console
func TestLookAtGallery(t *testing.T) {
	addr := os.Getenv("YAGURA_GALLERY")
	if addr == "" {
		t.Skip("serves for looking only, with YAGURA_GALLERY=address")
	}
	h := galleryServer(t)
	srv := &http.Server{Addr: addr, ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		set := func(name, cookie string) {
			if v := q.Get(name); v != "" {
				r.AddCookie(&http.Cookie{Name: cookie, Value: v})
			}
		}
		set("as", "person")
		set("theme", themeCookie)
		set("lang", langCookie)
		h.ServeHTTP(w, r)
	})}
	t.Error(srv.ListenAndServe())
}
