package console

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// sessions signs in everyone who sends the header X-Person.
type sessions struct{}

func (sessions) Actor(_ http.ResponseWriter, r *http.Request) (authz.Actor, error) {
	if r.Header.Get("X-Person") == "" {
		return authz.Actor{}, fault.Unauthenticated("Please sign in")
	}
	return authz.Actor{Person: r.Header.Get("X-Person"), Name: "Sato Aiko", Zone: time.FixedZone("JST", 9*3600)}, nil
}

var testNow = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func newTest(t testing.TB, o Options) (*Console, http.Handler) {
	t.Helper()
	o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	o.Clock = clock.Fixed(testNow)
	o.Sessions = sessions{}
	k, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	if err := k.Mount(mux); err != nil {
		t.Fatal(err)
	}
	return k, k.Wrap(mux)
}

func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestLost(t *testing.T) {
	_, h := newTest(t, Options{})
	w := get(h, "/nowhere", "X-Person", "p1", "Accept-Language", "ja")
	if w.Code != 404 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	t.Log(text.JA, w.Body.String())
}
