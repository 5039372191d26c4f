// Package childtest gives tests an event store: one child for the test binary,
// with a tenant of its own for each test.
package childtest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child"
)

var (
	mu      sync.Mutex
	shared  *child.Child
	account atomic.Uint32
)

// Main is the TestMain of a package whose tests use an event store.
func Main(m *testing.M) {
	child.IfCalled()
	code := m.Run()
	mu.Lock()
	if shared != nil {
		shared.Close()
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

var folder string

// Node is an empty store.
func Node(t testing.TB) *victoria.Node {
	t.Helper()
	return NodeThrough(t, func(a victoria.Access) victoria.Access { return a })
}

// NodeThrough is an empty store whose address goes through a function.
func NodeThrough(t testing.TB, through func(victoria.Access) victoria.Access) *victoria.Node {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	if shared == nil {
		var err error
		if folder, err = os.MkdirTemp("", "yagura-events-"); err != nil {
			t.Fatal(err)
		}
		shared, err = child.Open(context.Background(), child.Options{Folder: filepath.Join(folder, "events"), Keep: 100 * 365 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
	}
	n, err := victoria.Open(victoria.Options{Account: account.Add(1), Access: func(ctx context.Context) (victoria.Access, error) {
		a, err := shared.Access(ctx)
		return through(a), err
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}
