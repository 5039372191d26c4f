// Package storetest gives tests real databases: SQLite in a temporary folder
// and, where its programs are installed, a PostgreSQL server started with
// initdb in a temporary folder, once for the test binary, with a fresh database
// for each test.
package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
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

// SQLite opens a fresh SQLite database. It waits for the disk in benchmarks alone.
func SQLite(t testing.TB, sets ...store.Migrations) (*store.DB, *clock.Movable) {
	t.Helper()
	m := modelOf(t, "sqlite", sets)
	return open(t, unpacked(t, m.files), unpacked(t, m.keys), sets)
}

// Postgres opens a fresh PostgreSQL database, or skips the test.
func Postgres(t testing.TB, sets ...store.Migrations) (*store.DB, *clock.Movable) {
	t.Helper()
	serverOf(t)
	m := modelOf(t, "postgres", sets)
	return open(t, database(t, m.name), unpacked(t, m.keys), sets)
}

// model is a database that has its tables already. A copy of it is there several
// times sooner than tables made anew.
type model struct {
	once        sync.Once
	name        string            // of a PostgreSQL database
	files, keys map[string][]byte // of an SQLite one, and what its keys are
	err         error
}

var models sync.Map // of *model, by the engine and all that the migrations say

func modelOf(t testing.TB, engine string, sets []store.Migrations) *model {
	t.Helper()
	kept, _ := models.LoadOrStore(engine+fmt.Sprint(sets), &model{})
	m := kept.(*model)
	m.once.Do(func() { m.err = m.make(engine, sets) })
	if m.err != nil {
		t.Fatal(m.err)
	}
	return m
}

func (m *model) make(engine string, sets []store.Migrations) error {
	folder, err := os.MkdirTemp("", "yagura-model-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	data, keys := filepath.Join(folder, "data"), filepath.Join(folder, "keys")
	dsn := data
	if engine == "postgres" {
		if m.name, dsn, err = create(""); err != nil {
			return err
		}
	}
	clk := clock.NewMovable(clock.System())
	clk.Set(Start)
	db, err := store.Open(context.Background(), store.Options{DSN: dsn, Keys: keys, Normal: true, Clock: clk, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if err := errors.Join(db.Migrate(context.Background(), sets...), db.Close()); err != nil {
		return err
	}
	if m.files, err = packed(data); err != nil {
		return err
	}
	m.keys, err = packed(keys)
	return err
}

// packed reads the files of a folder, if there is one.
func packed(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	list, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return files, nil
	}
	for _, f := range list {
		if files[f.Name()], err = os.ReadFile(filepath.Join(folder, f.Name())); err != nil {
			return nil, err
		}
	}
	return files, err
}

// unpacked writes them into a folder of the test.
func unpacked(t testing.TB, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func open(t testing.TB, dsn, keys string, sets []store.Migrations) (*store.DB, *clock.Movable) {
	t.Helper()
	clk := clock.NewMovable(clock.System())
	clk.Set(Start)
	_, bench := t.(*testing.B)
	db, err := store.Open(context.Background(), store.Options{DSN: dsn, Keys: keys, Normal: !bench, Clock: clk, Log: slog.New(slog.DiscardHandler)})
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
	return database(t, "")
}

// serverOf starts the server, or skips the test.
func serverOf(t testing.TB) {
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
}

// database makes a database for one test, empty or like a model.
func database(t testing.TB, like string) string {
	t.Helper()
	serverOf(t)
	name, dsn, err := create(like)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if admin, err := sql.Open("pgx", server); err == nil {
			admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
			admin.Close()
		}
	})
	return dsn
}

func create(like string) (name, dsn string, err error) {
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return "", "", err
	}
	defer admin.Close()
	name = fmt.Sprintf("t%d_%d", os.Getpid(), counter.Add(1))
	statement := "CREATE DATABASE " + name
	if like != "" {
		statement += " TEMPLATE " + like
	}
	if _, err := admin.Exec(statement); err != nil {
		return "", "", err
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", "", err
	}
	u.Path = "/" + name
	return name, u.String(), nil
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
	for waited := clock.Stopwatch(); ; time.Sleep(100 * time.Millisecond) {
		db, err := sql.Open("pgx", dsn)
		if err == nil {
			err = db.Ping()
			db.Close()
		}
		if err == nil {
			return dsn, nil
		}
		if waited() > 30*time.Second {
			return "", fmt.Errorf("the server does not answer: %s", strings.TrimSpace(err.Error()))
		}
	}
}

var (
	marks = regexp.MustCompile(`\$\d+`)
	whole = regexp.MustCompile(`^SCAN (\S+)$|^SCAN (\S+) USING `)
)

// Scans are the statements that have run on an SQLite database and read a table
// or an index from end to end, by the name that the statement gives the table.
func Scans(t testing.TB, db *store.DB) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	if err := db.View(t.Context(), func(tx *store.Tx) error {
		for _, text := range db.Statements() {
			args := make([]any, len(marks.FindAllString(text, -1)))
			steps, err := store.Rows(tx, func(r store.Scanner) (step string, err error) {
				var id, parent, unused int
				err = r.Scan(&id, &parent, &unused, &step)
				return step, err
			}, "EXPLAIN QUERY PLAN "+marks.ReplaceAllString(text, "?"), args...)
			if err != nil {
				return err
			}
			for _, step := range steps {
				if m := whole.FindStringSubmatch(step); m != nil {
					name := m[1] + m[2]
					found[name] = append(found[name], text)
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}
