// Package store keeps the state of the product in one relational database:
// SQLite in the data folder by default, PostgreSQL by configuration, with one
// SQL text for both.
//
// State changes only inside Change. A transaction that wrote something and
// recorded nothing in the ledger is refused at commit, so that there is no
// change without an audit line. Machinery whose rows are no facts about the
// world (a job's progress, a session's last sight) writes inside Operate.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"yagura/kernel/clock"
)

// Engine is a kind of database.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Options says which database to open.
type Options struct {
	// DSN is the path of a folder (SQLite, file yagura.db inside, created if
	// absent) or a URL starting with postgres:// or postgresql://.
	DSN string
	// Keys is the folder of the key that wraps the subjects' keys; empty means
	// DSN/keys with SQLite. Created, mode 0700, if absent.
	Keys  string
	Clock clock.Clock
	Log   *slog.Logger
	// Normal has SQLite answer before a commit has reached the disk: what was
	// answered outlives this program, but not a power cut. For measurements.
	Normal bool
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine  Engine
	write   *sql.DB // SQLite: what the one writer is opened by; PostgreSQL: the pool
	read    *sql.DB // SQLite: read-only connections; PostgreSQL: the same pool
	beside  *sql.DB // PostgreSQL: for Tx.Beside
	writer  *writer // SQLite
	readers *lites  // SQLite
	clock   clock.Clock
	log     *slog.Logger
	folder  string
	veil    *veil
	applied []Migrations

	statements statements

	mu    sync.Mutex
	wakes []chan struct{}
}

// Open opens the database and prepares the store's own tables.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	db := &DB{clock: o.Clock, log: o.Log}
	var err error
	if strings.HasPrefix(o.DSN, "postgres://") || strings.HasPrefix(o.DSN, "postgresql://") {
		err = db.openPostgres(o.DSN)
	} else {
		err = db.openSQLite(o.DSN, o.Normal)
		if o.Keys == "" {
			o.Keys = filepath.Join(o.DSN, "keys")
		}
	}
	if err != nil {
		return nil, err
	}
	if db.veil, err = openVeil(o.Keys); err != nil {
		db.Close()
		return nil, err
	}
	if err := db.reach(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open database: %w", withoutSecret(err))
	}
	if err := db.Migrate(ctx, Migrations{Area: "store", SQL: schema}); err != nil {
		db.Close()
		return nil, err
	}
	if err := db.keysFit(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// reach makes the first connection. SQLite does not wait for others where it
// switches a new file to the write-ahead log: it says busy at once, whatever
// busy_timeout is, so it is asked again here for as long.
func (db *DB) reach(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		err := db.write.PingContext(ctx)
		if err == nil || !retryable(err) {
			return err
		}
		select {
		case <-patience.Done():
			return err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (db *DB) openSQLite(folder string, normal bool) error {
	if folder == "" {
		return fmt.Errorf("open database: no data folder given")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	db.engine, db.folder = SQLite, folder
	path := filepath.Join(folder, "yagura.db")
	if err := touch(path); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	dsn := func(pragmas ...string) string {
		v := url.Values{"_txlock": {"immediate"}}
		// FULL: a commit has reached the disk before it is acknowledged.
		sync := "synchronous(FULL)"
		if normal {
			sync = "synchronous(NORMAL)"
		}
		for _, p := range append([]string{"journal_mode(WAL)", sync, "busy_timeout(5000)", "foreign_keys(1)", "temp_store(2)", "cache_size(-32000)"}, pragmas...) {
			v.Add("_pragma", p)
		}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
	}
	var err error
	if db.write, err = sql.Open("sqlite", dsn()); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if db.read, err = sql.Open("sqlite", strings.Replace(dsn("query_only(1)"), "_txlock=immediate", "_txlock=deferred", 1)); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	db.writer = &writer{lites: newLites(db.write, "BEGIN IMMEDIATE", 1), patience: groupFor}
	db.readers = newLites(db.read, "BEGIN DEFERRED", max(4, 2*runtime.NumCPU()))
	return nil
}

// touch creates the database file readable by its owner alone: it holds what
// the group keeps confidential.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (db *DB) openPostgres(dsn string) error {
	db.engine = Postgres
	pool, err := sql.Open("pgx", dsn)
	if err != nil {
		return fmt.Errorf("open database: %w", withoutSecret(err))
	}
	pool.SetMaxOpenConns(40)
	pool.SetMaxIdleConns(20)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db.write, db.read = pool, pool
	if db.beside, err = sql.Open("pgx", dsn); err != nil {
		return fmt.Errorf("open database: %w", withoutSecret(err))
	}
	db.beside.SetMaxOpenConns(10) // each for one statement
	db.beside.SetMaxIdleConns(10)
	db.beside.SetConnMaxIdleTime(5 * time.Minute)
	return nil
}

// withoutSecret cuts anything that looks like a URL with a password from an
// error of the driver.
func withoutSecret(err error) error {
	s := err.Error()
	for _, scheme := range []string{"postgres://", "postgresql://"} {
		if i := strings.Index(s, scheme); i >= 0 {
			rest := s[i+len(scheme):]
			if at := strings.LastIndex(rest, "@"); at >= 0 {
				return fmt.Errorf("%s%s…%s", s[:i], scheme, rest[at:])
			}
		}
	}
	return err
}

// Engine tells which kind of database this is.
func (db *DB) Engine() Engine { return db.engine }

// Folder is the data folder with SQLite, empty with PostgreSQL.
func (db *DB) Folder() string { return db.folder }

// Now is the time of the store's clock, in UTC to the millisecond.
func (db *DB) Now() time.Time { return db.clock.Now().UTC().Truncate(time.Millisecond) }

// Clock is the store's clock.
func (db *DB) Clock() clock.Clock { return db.clock }

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.View(ctx, func(tx *Tx) error {
		var one int
		return tx.QueryRow("SELECT 1").Scan(&one)
	})
}

// Close closes the database.
func (db *DB) Close() error {
	var first error
	if db.engine == SQLite {
		db.writer.lites.close()
		db.readers.close()
	}
	for _, pool := range []*sql.DB{db.write, db.read, db.beside} {
		if pool == nil {
			continue
		}
		if err := pool.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Recorded returns a channel that receives after transactions of this process
// that recorded something: the sealer listens to it. Signals are merged.
func (db *DB) Recorded() <-chan struct{} {
	c := make(chan struct{}, 1)
	db.mu.Lock()
	defer db.mu.Unlock()
	db.wakes = append(db.wakes, c)
	return c
}

func (db *DB) wake() {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, c := range db.wakes {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Millis is how the database keeps a time: milliseconds since 1970 in UTC. The
// zero time is 0.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time is the time of Millis; 0 is the zero time.
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
