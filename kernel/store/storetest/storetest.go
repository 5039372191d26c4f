// Package storetest gives tests real databases: SQLite in a temporary folder
// and, where its programs are installed, a PostgreSQL server started with
// initdb in a temporary folder, once for the test binary, with a fresh database
// for each test.
package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/store"
)

// Start is the time at which the clocks of test databases begin.
var Start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// Each runs the test on SQLite and on PostgreSQL, each with the tables given.
// PostgreSQL is skipped, with the reason, where it is not installed; with
// YAGURA_REQUIRE_POSTGRES=1 that is a failure.
func Each(t *testing.T, sets []store.Migrations, test func(t *testing.T, db *store.DB, clk *clock.Movable)) {
	t.Run("sqlite", func(t *testing.T) {
		db, clk := SQLite(t, sets...)
		test(t, db, clk)
	})
	t.Run("postgres", func(t *testing.T) {
		db, clk := Postgres(t, sets...)
		test(t, db, clk)
	})
}

// SQLite opens a fresh SQLite database.
func SQLite(t testing.TB, sets ...store.Migrations) (*store.DB, *clock.Movable) {
	t.Helper()
	return open(t, t.TempDir(), t.TempDir(), sets)
}

// Postgres opens a fresh PostgreSQL database, or skips the test.
func Postgres(t testing.TB, sets ...store.Migrations) (*store.DB, *clock.Movable) {
	t.Helper()
	return open(t, DSN(t), t.TempDir(), sets)
}

func open(t testing.TB, dsn, keys string, sets []store.Migrations) (*store.DB, *clock.Movable) {
	t.Helper()
	clk := clock.NewMovable(clock.System())
	clk.Set(Start)
	db, err := store.Open(context.Background(), store.Options{DSN: dsn, Keys: keys, Clock: clk, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(context.Background(), sets...); err != nil {
		t.Fatal(err)
	}
	return db, clk
}

var (
	once    sync.Once
	server  string // URL of the server's database postgres
	failure error
	counter atomic.Int64
)

// DSN is the URL of a fresh PostgreSQL database. The server is the one of
// YAGURA_TEST_POSTGRES where that is set, else one started here.
func DSN(t testing.TB) string {
	t.Helper()
	once.Do(func() {
		if server = os.Getenv("YAGURA_TEST_POSTGRES"); server == "" {
			server, failure = start()
		}
	})
	if failure != nil {
		if os.Getenv("YAGURA_REQUIRE_POSTGRES") == "1" {
			t.Fatalf("PostgreSQL is required here: %v", failure)
		}
		t.Skipf("PostgreSQL is not tested here: %v", failure)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("t%d_%d", os.Getpid(), counter.Add(1))
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if admin, err := sql.Open("pgx", server); err == nil {
			admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
			admin.Close()
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// start makes a cluster and a server that ends with the test binary.
func start() (string, error) {
	programs := os.Getenv("YAGURA_POSTGRES_BIN")
	if programs == "" {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
		if len(found) > 0 {
			programs = filepath.Dir(found[len(found)-1])
		} else if path, err := exec.LookPath("initdb"); err == nil {
			programs = filepath.Dir(path)
		} else {
			return "", fmt.Errorf("no initdb in /usr/lib/postgresql/*/bin nor in PATH")
		}
	}
	dir, err := os.MkdirTemp("", "yagura-postgres-")
	if err != nil {
		return "", err
	}
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		who, err := user.Lookup("postgres")
		if err != nil {
			return "", fmt.Errorf("running as root without a user postgres: %w", err)
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return "", err
		}
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(programs, "initdb"), "-D", data, "-U", "yagura", "-A", "trust", "-E", "UTF8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attributes, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := probe.Addr().(*net.TCPAddr).Port
	probe.Close()
	args := []string{"-D", data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", dir, "-c", "max_connections=300", "-c", "shared_buffers=128MB"}
	if os.Getenv("YAGURA_POSTGRES_DURABLE") == "" {
		args = append(args, "-c", "fsync=off")
	}
	postgres := exec.Command(filepath.Join(programs, "postgres"), args...)
	postgres.SysProcAttr, postgres.Dir = attributes, dir
	if err := postgres.Start(); err != nil {
		return "", err
	}
	go func() {
		postgres.Wait()
		os.RemoveAll(dir)
	}()
	dsn := fmt.Sprintf("postgres://yagura@127.0.0.1:%d/postgres?sslmode=disable", port)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		db, err := sql.Open("pgx", dsn)
		if err == nil {
			err = db.Ping()
			db.Close()
		}
		if err == nil {
			return dsn, nil
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("the server does not answer: %s", strings.TrimSpace(err.Error()))
		}
	}
}
