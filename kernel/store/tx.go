package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/id"
)

// Actor is who does something, as the ledger names him: a person's id or
// "system:" and the name of a reaction.
type Actor interface{ Who() string }

// Heading is what every fact says of itself.
type Heading struct {
	Kind    string // area and past tense, such as "incident.contained"
	Unit    string // id of the unit it belongs to; empty: the whole group
	Subject string // number or id of the thing it happened to
}

// Fact is something that happened. Its JSON form is the body of the ledger
// row: ids, codes and numbers, never personal data in the clear.
type Fact interface{ Heading() Heading }

// ErrUnrecorded is returned by Change where a transaction wrote something and
// recorded nothing. Nothing was committed.
var ErrUnrecorded = errors.New("store: the transaction wrote rows and recorded nothing; it was not committed")

// ErrFull says that the disk of the database has no space left. Nothing was
// committed. It comes with the fault that a person reads.
var ErrFull = errors.New("store: no space left")

type mode int

const (
	viewing mode = iota
	changing
	operating
)

// Tx is a transaction. It must not be used after its function returned, nor by
// two goroutines.
type Tx struct {
	// Now is the time of the transaction, in UTC to the millisecond.
	Now time.Time

	ctx     context.Context
	db      *DB
	tx      *sql.Tx         // PostgreSQL
	pool    *sql.DB         // PostgreSQL: of what is read beside a transaction
	lite    *lite           // SQLite
	still   context.Context // ctx without its end
	mode    mode
	before  int64 // SQLite: total_changes() at the start
	wrote   bool  // a statement was a writing one by its text
	locked  bool  // a statement took row locks, which on PostgreSQL looks like a write
	failed  error // the first error of the database: PostgreSQL goes no further after one, nor do we with SQLite
	records []record
	after   []func()
	settled bool
	using   []*statement // prepared, and being read from
}

type record struct {
	id, actor, unit, kind, subject, body string
}

// Change runs fn in a write transaction and commits it if fn returns nil. It
// is as if no other transaction ran meanwhile: SQLite has one writer,
// PostgreSQL runs it serializable. Where the database says busy or not
// serializable, fn is run again, so it has no effects outside the transaction.
func (db *DB) Change(ctx context.Context, fn func(tx *Tx) error) error {
	return db.again(ctx, changing, fn)
}

// Operate is Change for rows which are no facts and leave no record, such as a
// job's progress. On PostgreSQL it runs read committed.
func (db *DB) Operate(ctx context.Context, fn func(tx *Tx) error) error {
	return db.again(ctx, operating, fn)
}

// View runs fn on one unchanging state of the database and can't write.
func (db *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	return db.again(ctx, viewing, fn)
}

const (
	retryFor = 20 * time.Second
	waitMost = 250 * time.Millisecond
)

func (db *DB) again(ctx context.Context, m mode, fn func(tx *Tx) error) error {
	elapsed := clock.Stopwatch()
	wait := 2 * time.Millisecond
	for {
		err := db.once(ctx, m, fn)
		if err == nil || !retryable(err) || elapsed() > retryFor {
			return db.plain(err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, waitMost)
	}
}

// retryable tells whether the database asks for the same once more.
func retryable(err error) bool {
	if errors.Is(err, errLost) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		code := lite.Code() & 0xff
		return code == 5 || code == 6 // SQLITE_BUSY, SQLITE_LOCKED
	}
	return false
}

// plain says in words that a person may read that there is no space left or too
// much going on, and leaves every other error as it is.
func (db *DB) plain(err error) error {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &pg) && pg.Code == "53100" || errors.As(err, &lite) && lite.Code()&0xff == 13:
		db.log.Error("the database has no space left", "error", err)
		return fmt.Errorf("%w: %w", ErrFull, fault.TooBusy(time.Minute, "The disk of the database is full: nothing was saved. Please tell your administrator."))
	case err != nil && retryable(err):
		db.log.Error("the database stayed busy", "error", err)
		return fault.TooBusy(5*time.Second, "The database is too busy just now: nothing was saved. Please try again.")
	}
	return err
}

func (db *DB) once(ctx context.Context, m mode, fn func(tx *Tx) error) error {
	tx := &Tx{ctx: ctx, db: db, mode: m}
	err := tx.run(fn)
	if err != nil {
		return err
	}
	if len(tx.records) > 0 {
		db.wake()
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// run has the transaction happen whole, or not at all.
func (tx *Tx) run(fn func(tx *Tx) error) error {
	switch {
	case tx.db.engine == SQLite && tx.mode == viewing:
		return tx.look(fn)
	case tx.db.engine == SQLite:
		return tx.db.writer.write(tx, fn)
	}
	opts := &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	switch tx.mode {
	case viewing:
		opts = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	case changing:
		opts = &sql.TxOptions{Isolation: sql.LevelSerializable}
	}
	raw, err := tx.db.write.BeginTx(tx.ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer raw.Rollback() // does nothing once committed
	tx.tx, tx.Now = raw, tx.db.Now()
	if err := tx.do(fn); err != nil {
		return err
	}
	if err := raw.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// look runs a transaction that reads SQLite.
func (tx *Tx) look(fn func(tx *Tx) error) error {
	l, err := tx.db.readers.take(tx.ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.db.readers.give(l)
	if err := l.do(l.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer l.undo()
	return tx.on(l, fn)
}

// on does it on a connection to SQLite.
func (tx *Tx) on(l *lite, fn func(tx *Tx) error) (err error) {
	tx.lite, tx.still, tx.Now = l, context.WithoutCancel(tx.ctx), tx.db.Now()
	if tx.mode == changing {
		if tx.before, err = l.changed(); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
	}
	if err := tx.do(fn); err != nil {
		return err
	}
	return tx.ctx.Err() // nobody may be waiting for it any more
}

// do runs the function and writes what it recorded.
func (tx *Tx) do(fn func(tx *Tx) error) error {
	if err := fn(tx); err != nil {
		if tx.failed != nil && retryable(tx.failed) && !retryable(err) {
			// fn made something else of it, such as "this link is not known".
			return tx.failed
		}
		return err
	}
	return tx.Settle()
}

// Settle checks that what was written so far was recorded, and writes the
// records. Commit does it; the ledger's delivery does it before it moves a
// subscriber's position in the same transaction.
func (tx *Tx) Settle() error {
	if tx.failed != nil && tx.mode != viewing {
		return tx.failed
	}
	if tx.settled || tx.mode == viewing {
		return nil
	}
	if tx.mode == changing && len(tx.records) == 0 {
		wrote, err := tx.hasWritten()
		if err != nil {
			return err
		}
		if wrote {
			return ErrUnrecorded
		}
	}
	tx.settled = true
	return tx.writeRecords()
}

// hasWritten tells whether the transaction wrote, however it did: SQLite
// counts changed rows; PostgreSQL gives a transaction an id at its first write
// or row lock, so locks alone are told apart by the statements' text.
func (tx *Tx) hasWritten() (bool, error) {
	if tx.wrote {
		return true, nil
	}
	if tx.db.engine == SQLite {
		now, err := tx.lite.changed()
		return now != tx.before, err
	}
	if tx.locked {
		return false, nil
	}
	var assigned bool
	err := tx.tx.QueryRowContext(tx.ctx, "SELECT pg_current_xact_id_if_assigned() IS NOT NULL").Scan(&assigned)
	return assigned, err
}

// Beside is for reading what only hints at something, such as when somebody was
// last seen. On PostgreSQL it reads what is committed, by a connection of its own:
// whatever others write there meanwhile does not have this transaction run again.
// So nothing may rest on it that another transaction could take away.
func (tx *Tx) Beside() *Tx {
	if tx.db.engine == SQLite || tx.mode != changing {
		return tx
	}
	return &Tx{Now: tx.Now, ctx: tx.ctx, db: tx.db, pool: tx.db.beside}
}

// Context is the context of the transaction.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Viewing tells whether the transaction only looks: then all that it sees is
// committed. One that changes may see what others wrote who share its commit, and
// which may be lost yet.
func (tx *Tx) Viewing() bool { return tx.mode == viewing }

// Engine tells which kind of database this is.
func (tx *Tx) Engine() Engine { return tx.db.engine }

// Millis is the time of the transaction as the database keeps it.
func (tx *Tx) Millis() int64 { return Millis(tx.Now) }

// After has f run once the transaction is committed.
func (tx *Tx) After(f func()) { tx.after = append(tx.after, f) }

// Record appends a fact to the ledger: who did it, of what, to whom. The row
// is the audit line and the message to subscribers at once.
func (tx *Tx) Record(by Actor, f Fact) error {
	if tx.mode == viewing {
		return errors.New("store: a view can't record")
	}
	if tx.settled {
		return errors.New("store: recorded after the transaction was settled")
	}
	h := f.Heading()
	if h.Kind == "" || by == nil || by.Who() == "" {
		return fmt.Errorf("store: a record needs a kind and an actor: %T", f)
	}
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("record %s: %w", h.Kind, err)
	}
	tx.records = append(tx.records, record{id.New(), by.Who(), h.Unit, h.Kind, h.Subject, string(body)})
	return nil
}

func (tx *Tx) writeRecords() error {
	const perStatement = 40 // SQLite finds numbered placeholders by looking through all of them
	for start := 0; start < len(tx.records); start += perStatement {
		part := tx.records[start:min(start+perStatement, len(tx.records))]
		var b strings.Builder
		b.WriteString("INSERT INTO ledger_pending (id, at, actor, unit, kind, subject, body) VALUES ")
		args := make([]any, 0, 7*len(part))
		for i, r := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			n := 7 * i
			fmt.Fprintf(&b, "($%d,$%d,$%d,$%d,$%d,$%d,$%d)", n+1, n+2, n+3, n+4, n+5, n+6, n+7)
			args = append(args, r.id, tx.Millis(), r.actor, r.unit, r.kind, r.subject, r.body)
		}
		if _, err := tx.Exec(b.String(), args...); err != nil {
			return fmt.Errorf("record: %w", err)
		}
	}
	return nil
}

// Number is the next number of a series in the year of the transaction, such
// as INC-2026-0418, without a gap: a transaction that fails gives it back.
func (tx *Tx) Number(series string) (string, error) {
	var n int64
	err := tx.QueryRow(`INSERT INTO store_number (series, year, last) VALUES ($1, $2, 1)
		ON CONFLICT (series, year) DO UPDATE SET last = store_number.last + 1 RETURNING last`,
		series, tx.Now.Year()).Scan(&n)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s-%d-%04d", series, tx.Now.Year(), n), nil
}
