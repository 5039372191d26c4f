package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// line is the link between a relay and the centre, which a test cuts.
type line struct {
	l  net.Listener
	to string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func laid(t *testing.T, to string) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &line{l: l, to: to}
	t.Cleanup(func() { l.Close(); w.set(true) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.mu.Lock()
			down := w.cut
			w.mu.Unlock()
			far, err := net.Dial("tcp", w.to)
			if down || err != nil {
				c.Close()
				if err == nil {
					far.Close()
				}
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, c, far)
			w.mu.Unlock()
			pipe := func(a, b net.Conn) { io.Copy(a, b); a.Close(); b.Close() }
			go pipe(c, far)
			go pipe(far, c)
		}
	}()
	return w
}

// set cuts the line, also in the middle of what is on it, or mends it.
func (w *line) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for _, c := range w.conns {
			c.Close()
		}
		w.conns = nil
	}
}

// A relay takes events in while the line is cut and while the centre is down;
// relay and centre are killed at random. Every acknowledged event is at the
// centre once, and has taken effect once.
func TestRelay(t *testing.T) {
	door, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	listen := fmt.Sprintf("YAGURA_TELEMETRY_RELAY_LISTEN=127.0.0.1:%d", door)
	data := folder(t)
	f := furnish(t, data, listen)
	a := f.open(t)
	var hana authz.Actor
	if err := a.DB.View(t.Context(), func(tx *store.Tx) (err error) { hana, err = a.Dir.ActorOf(tx, "hana"); return err }); err != nil {
		t.Fatal(err)
	}
	if err := a.Telemetry.AddRelay(t.Context(), hana, telemetry.Relay{ID: "plant", Name: "Relay of the works", Unit: "works", SilentAfter: 5 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	token, err := a.Telemetry.RelayToken(t.Context(), hana, "plant")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	centre, err := installation(data, listen)
	started(t, centre, err)
	a = f.open(t) // beside the server, whose event store it asks
	defer a.Close()
	w := laid(t, fmt.Sprintf("127.0.0.1:%d", door))

	far := folder(t)
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte(token.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	enroll := []string{"relay", "enroll", "-data", far, "-to", w.l.Addr().String(), "-token-file", secret}
	if out, errs, code := run(t, time.Minute, nil, enroll...); code != 0 || !strings.Contains(out, "plant") {
		t.Fatalf("enroll ended with %d: %s%s", code, out, errs)
	}
	if _, errs, code := run(t, time.Minute, nil, enroll...); code != 2 || !strings.Contains(errs, "token") {
		t.Errorf("a token is good twice: %d %s", code, errs)
	}
	if _, errs, code := run(t, time.Minute, nil, "relay", "-data", data); code != 2 || !strings.Contains(errs, "enrolled") && !strings.Contains(errs, "installation") {
		t.Errorf("a relay in the folder of an installation: %d %s", code, errs)
	}
	relay, err := installation(far)
	if err != nil {
		t.Fatal(err)
	}
	relay.args = []string{"relay", "-data", far}
	started(t, relay, nil)

	o := &office{url: relay.url, furnished: f, acked: map[string]bool{}, bad: map[string]bool{}, refused: map[int]int{}}
	knows := func() {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			if status, _, ok := o.do(t.Context(), "/intake/ndjson", f.source, "application/x-ndjson", "", nil); ok && status != 401 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("the relay does not learn the token of its source\n%s", relay.out.last(20))
			}
		}
	}
	knows()
	n := 2
	if os.Getenv("YAGURA_SOAK") == "1" {
		n = 12
	}
	for round := range n {
		ctx, end := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for n := range 2 {
			wg.Go(func() { o.senses(ctx, round, n) })
		}
		wait := func() { time.Sleep(time.Duration(150+rand.IntN(500)) * time.Millisecond) }
		wait()
		w.set(true)
		wait()
		centre.kill()
		wait()
		relay.kill()
		end()
		wg.Wait()
		if err := relay.start(); err != nil { // it comes up and takes in while nobody answers
			t.Fatal(err)
		}
		if err := relay.ready(time.Minute); err != nil {
			t.Fatal(err)
		}
		ctx, end = context.WithCancel(t.Context())
		wg.Go(func() { o.senses(ctx, round, 9) })
		w.set(false)
		if err := centre.start(); err != nil {
			t.Fatal(err)
		}
		if err := centre.ready(time.Minute); err != nil {
			t.Fatal(err)
		}
		wait()
		end()
		wg.Wait()
	}
	o.again(t)
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		out, _, _ := run(t, time.Minute, nil, "relay", "status", "-json", "-data", far)
		if strings.Contains(out, `"waiting":0`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the relay still holds: %s\n%s", out, relay.out.last(20))
		}
	}
	o.drained(t, a)
	for code, n := range o.refused {
		t.Errorf("%d requests were answered %d", n, code)
	}
	if len(o.acked) == 0 {
		t.Fatal("nothing was acknowledged, so nothing is proved")
	}
	o.events(t, a, o.kept(t, a))
	t.Logf("%d events acknowledged by the relay", len(o.acked))

	// Revoked, it delivers nothing more, and says why.
	if err := a.Telemetry.RevokeRelay(t.Context(), hana, "plant"); err != nil {
		t.Fatal(err)
	}
	o.senses(withEnd(t, 300*time.Millisecond), 99, 0)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		out, _, code := run(t, time.Minute, nil, "relay", "status", "-json", "-data", far)
		if code == 1 && strings.Contains(out, "not trusted") && !strings.Contains(out, `"waiting":0`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a revoked relay says: %s", out)
		}
	}
	if err := relay.stop(); err != nil {
		t.Error(err)
	}
}

func withEnd(t *testing.T, d time.Duration) context.Context {
	ctx, end := context.WithTimeout(t.Context(), d)
	t.Cleanup(end)
	return ctx
}
