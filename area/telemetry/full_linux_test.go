package telemetry

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// disk is a small file system of its own.
type disk struct {
	t    *testing.T
	path string
}

func smallDisk(t *testing.T, mib int) disk {
	t.Helper()
	d := disk{t, filepath.Join(t.TempDir(), "disk")}
	if err := os.Mkdir(d.path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", d.path, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)); err != nil {
		t.Skipf("not tested here: a file system of a fixed size can't be mounted: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(d.path, syscall.MNT_DETACH) })
	return d
}

// fill leaves so many bytes free.
func (d disk) fill(free int64) {
	d.t.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(d.path, &fs); err != nil {
		d.t.Fatal(err)
	}
	n := int64(fs.Bavail)*int64(fs.Bsize) - free
	f, err := os.OpenFile(filepath.Join(d.path, "other"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil && n > 0 {
		_, err = f.Write(make([]byte, n))
	}
	f.Close()
	if err != nil && free > 0 {
		d.t.Fatal(err)
	}
}

// free takes away what fill wrote.
func (d disk) free() {
	if err := os.Remove(filepath.Join(d.path, "other")); err != nil {
		d.t.Fatal(err)
	}
}

// noise are lines that can't be made smaller.
func noise(lines int) string {
	var b bytes.Buffer
	raw := make([]byte, 400)
	for range lines {
		rand.Read(raw)
		fmt.Fprintf(&b, `{"noise":"%s"}`+"\n", hex.EncodeToString(raw))
	}
	return b.String()
}

// While the disk of the database is full, senders are told to come back and those
// that can't be told wait; nothing that was acknowledged is lost, and all goes on
// by itself when there is room.
func TestFullDiskOfTheJournal(t *testing.T) {
	t.Parallel()
	d := smallDisk(t, 64)
	clk := clock.NewMovable(clock.System())
	clk.Set(storetest.Start)
	db, err := store.Open(context.Background(), store.Options{DSN: filepath.Join(d.path, "data"), Keys: t.TempDir(), Clock: clk, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(context.Background(), sets...); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, db, clk)
	w.local("lnx-3")
	token := w.token("win-3")
	w.start()
	d.fill(6 << 20)
	acknowledged := 0
	refused := error(nil)
	for range 400 {
		r, err := w.send(token, noise(100))
		if err != nil {
			refused = err
			break
		}
		acknowledged += int(r.Accepted)
	}
	if !fault.Is(refused, fault.KindTooBusy) || fault.As(refused).RetryAfter <= 0 {
		t.Fatalf("%d acknowledged, then %v", acknowledged, refused)
	}
	for range 3 {
		if _, err := w.send(token, noise(100)); !fault.Is(err, fault.KindTooBusy) {
			t.Fatalf("while it is full: %v", err)
		}
	}
	if h, err := w.Health(context.Background(), w.actor("ana")); err != nil || !h.Full {
		t.Errorf("it is not said that there is no room: %+v %v", h, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.do(err)
	go w.ServeTCP(ctx, l)
	out, err := net.Dial("tcp", l.Addr().String())
	w.do(err)
	const lines = 20_000
	var written atomic.Int64
	done := make(chan error, 1)
	go func() {
		for k := range lines {
			if _, err := fmt.Fprintf(out, "<134>1 2026-11-23T08:00:00Z host app 7 - - %s %d\n", noise(1)[:700], k); err != nil {
				done <- err
				return
			}
			written.Add(1)
		}
		done <- nil
	}()
	select {
	case err := <-done:
		t.Fatalf("the sender was not made to wait: %v", err)
	case <-time.After(2 * time.Second):
	}
	t.Logf("%d events acknowledged over HTTP; of TCP %d of %d lines are read or on the way while the disk is full", acknowledged, written.Load(), lines)
	d.free()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	out.Close()
	want := acknowledged + lines
	n := 0
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if n = w.count("SELECT (SELECT COALESCE(SUM(events),0) FROM telemetry_batch) + (SELECT COALESCE(SUM(journaled),0) FROM telemetry_count)"); n >= want {
			break
		}
	}
	if n != want {
		t.Fatalf("%d events are journaled, want %d", n, want)
	}
	if _, err := w.send(token, noise(1)); err != nil {
		t.Fatalf("with room again: %v", err)
	}
}

// While the disk of the event store is full, events are taken in and wait in the
// journal; when there is room all of them are stored, once each.
func TestFullDiskOfTheEventStore(t *testing.T) {
	t.Parallel()
	d := smallDisk(t, 160)
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	var v *Victoria
	c, err := child.Open(context.Background(), child.Options{Folder: filepath.Join(d.path, "events"), Keep: 40 * 365 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler), Restarted: func() { v.WasAway() }})
	w.do(err)
	t.Cleanup(func() { c.Close() })
	node, err := victoria.Open(victoria.Options{Access: c.Access})
	w.do(err)
	v = NewVictoria(node)
	w.store, w.Service.events = v, v
	token := w.token("win-3")
	w.start()
	acknowledged := 0
	send := func(n int) {
		t.Helper()
		r, err := w.send(token, noise(n))
		w.do(err)
		acknowledged += int(r.Accepted)
	}
	waiting := func() int { return w.count("SELECT COALESCE(SUM(events), 0) FROM telemetry_batch WHERE state = 0") }
	soon := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d of %d events wait", what, waiting(), acknowledged)
			}
		}
	}
	room := []int64{4 << 20}
	if os.Getenv("YAGURA_SOAK") == "1" {
		room = append(room, 0) // it dies when it writes to disk what it has in memory
	}
	for _, left := range room {
		send(500)
		soon("before", func() bool { return waiting() == 0 })
		d.fill(left)
		for range 4 {
			send(500)
		}
		soon("while it is full", func() bool {
			if waiting() == 0 { // all of it found room
				send(500)
			}
			return w.count("SELECT COUNT(*) FROM telemetry_batch WHERE state = 0 AND attempts > 0") > 0
		})
		if h, err := w.Health(context.Background(), w.actor("ana")); err != nil || !h.NoRoom && !h.Away {
			t.Errorf("with %d bytes free: it is not said that there is no room: %+v %v", left, h, err)
		}
		if left == 0 {
			time.Sleep(7 * time.Second)
		}
		d.free()
		soon("with room again", func() bool { return waiting() == 0 })
	}
	w.do(w.Recheck(context.Background()))
	got := map[string]int{}
	for e, err := range v.Query(context.Background(), everything(), nil) {
		w.do(err)
		got[e.ID()]++
	}
	if len(got) != acknowledged {
		t.Errorf("%d acknowledged, %d stored", acknowledged, len(got))
	}
	q := everything()
	q.Text = "* | stats count() n"
	for row, err := range v.Rows(context.Background(), q, 10, nil) {
		w.do(err)
		if row[0].Value != fmt.Sprint(acknowledged) {
			t.Errorf("%v rows for %d events", row, acknowledged)
		}
	}
}
