package telemetry

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child/childtest"
	"yagura/kernel/store/storetest"
)

// TestASwallowedBatchComesBackSoon has the event store answer that it took
// something and take nothing, as it does with what it had no turn for: the batch
// is missed and written again long before its hold is over.
func TestASwallowedBatchComesBackSoon(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	var swallowing atomic.Bool
	var swallowed atomic.Int64
	var behind atomic.Pointer[url.URL]
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if swallowing.Load() && strings.HasPrefix(r.URL.Path, "/insert/") {
			io.Copy(io.Discard, r.Body)
			swallowed.Add(1)
			return
		}
		httputil.NewSingleHostReverseProxy(behind.Load()).ServeHTTP(rw, r)
	}))
	t.Cleanup(front.Close)
	node := childtest.NodeThrough(t, func(a victoria.Access) victoria.Access {
		u, err := url.Parse(a.URL)
		if err != nil {
			t.Error(err)
		}
		behind.Store(u)
		a.URL = front.URL
		return a
	})
	v := NewVictoria(node)
	v.overdueAfter = time.Second
	w.store, w.Service.events = v, v
	token := w.token("win-3")
	w.start()
	swallowing.Store(true)
	if _, err := w.send(token, line(1)+"\n"+line(2)); err != nil {
		t.Fatal(err)
	}
	for w.count("SELECT COUNT(*) FROM telemetry_batch WHERE state = 1") == 0 {
		time.Sleep(20 * time.Millisecond)
	}
	swallowing.Store(false)
	if swallowed.Load() == 0 {
		t.Fatal("nothing was swallowed")
	}
	began := time.Now()
	for {
		if len(linesOf(t, v)) == 2 {
			break
		}
		if time.Since(began) > 80*time.Second {
			t.Fatal("the batch is not written again before its hold is over")
		}
		time.Sleep(200 * time.Millisecond)
	}
	if missing, err := v.Missing(context.Background(), nil); err != nil || len(missing) > 0 {
		t.Error(missing, err)
	}
	t.Logf("there again after %s", time.Since(began).Round(time.Second))
}
