package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
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

var (
	writing = regexp.MustCompile(`(?i)\b(insert\s+into|replace\s+into|merge\s+into|delete\s+from|truncate|update\s+(only\s+)?\S+\s+(as\s+)?(\w+\s+)?set)\b`)
	locking = regexp.MustCompile(`(?i)\bfor\s+(no\s+key\s+)?(update|share)\b`)
)

// note is the statement of a text, and notes what it does to the transaction.
func (tx *Tx) note(query string) *statement {
	s := tx.db.statement(query)
	if s.locks {
		tx.locked = true
	}
	return s
}

// fail keeps the first error of the database. After some errors, such as a full
// disk, SQLite has ended the transaction by itself: a further statement would
// stand alone and stay.
func (tx *Tx) fail(query string, err error) error {
	if tx.lite != nil && gone(err) {
		tx.lite.torn = true
	}
	err = fmt.Errorf("%s: %w", brief(query), err)
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// gave notes that a statement changed or gave rows: with a writing one, such as
// INSERT … RETURNING, they were written.
func (tx *Tx) gave(s *statement) {
	if tx.mode == changing && s.writes {
		tx.wrote = true
	}
}

// Exec runs a statement and returns how many rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	st, err := tx.statement(query)
	if err != nil {
		return 0, err
	}
	var res sql.Result
	if ready := tx.ready(st); ready != nil {
		elapsed := clock.Stopwatch()
		res, err = ready.ExecContext(tx.watch(st), args...)
		st.took(elapsed())
		tx.release(st)
	} else {
		res, err = tx.raw().ExecContext(tx.ctx, st.text, args...)
	}
	if err != nil {
		return 0, tx.fail(query, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, tx.fail(query, err)
	}
	if n > 0 {
		tx.gave(st)
	}
	return n, nil
}

// statement is that of a text, if the transaction goes on.
func (tx *Tx) statement(query string) (*statement, error) {
	if tx.failed != nil {
		return nil, tx.failed
	}
	if tx.lite != nil && tx.ctx.Err() != nil { // PostgreSQL's driver looks itself
		return nil, tx.fail(query, tx.ctx.Err())
	}
	return tx.note(query), nil
}

// raw runs what is not prepared.
func (tx *Tx) raw() interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
} {
	switch {
	case tx.lite != nil:
		return tx.lite.conn
	case tx.pool != nil:
		return tx.pool
	}
	return tx.tx
}

// Query runs a query. The caller closes the rows and checks their error; Rows
// does both.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	st, err := tx.statement(query)
	if err != nil {
		return nil, err
	}
	rows, err := tx.raw().QueryContext(tx.ctx, st.text, args...) // nobody here sees when they are read
	if err != nil {
		return nil, tx.fail(query, err)
	}
	tx.gave(st) // nor whether they come
	return rows, nil
}

// Row is the one row of QueryRow.
type Row struct {
	tx    *Tx
	row   *sql.Row
	query string
	st    *statement
	held  bool // the prepared one
	err   error
}

// Scan reads the row. Where there is none it returns sql.ErrNoRows itself.
func (r *Row) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	err := r.row.Scan(into...)
	if r.held {
		r.tx.release(r.st)
	}
	switch err {
	case nil:
		r.tx.gave(r.st)
		return nil
	case sql.ErrNoRows:
		return err
	default:
		return r.tx.fail(r.query, err)
	}
}

// QueryRow runs a query for its first row.
func (tx *Tx) QueryRow(query string, args ...any) *Row {
	st, err := tx.statement(query)
	if err != nil {
		return &Row{err: err}
	}
	r := &Row{tx: tx, query: query, st: st}
	if ready := tx.ready(st); ready != nil {
		elapsed := clock.Stopwatch()
		r.row, r.held = ready.QueryRowContext(tx.watch(st), args...), true
		st.took(elapsed())
	} else {
		r.row = tx.raw().QueryRowContext(tx.ctx, st.text, args...)
	}
	return r
}

// Scanner is what a row is read from.
type Scanner interface{ Scan(into ...any) error }

// Rows runs a query and reads every row with read.
func Rows[T any](tx *Tx, read func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	st, err := tx.statement(query)
	if err != nil {
		return nil, err
	}
	var rows *sql.Rows
	if ready := tx.ready(st); ready != nil {
		elapsed := clock.Stopwatch()
		defer func() { tx.release(st); st.took(elapsed()) }()
		rows, err = ready.QueryContext(tx.watch(st), args...)
	} else {
		rows, err = tx.raw().QueryContext(tx.ctx, st.text, args...)
	}
	if err != nil {
		return nil, tx.fail(query, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		tx.gave(st)
		v, err := read(rows)
		if err == nil {
			err = tx.ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", brief(query), err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, tx.fail(query, err)
	}
	return all, nil
}

// Texts runs a query for one text column.
func Texts(tx *Tx, query string, args ...any) ([]string, error) {
	return Rows(tx, func(r Scanner) (s string, err error) { return s, r.Scan(&s) }, query, args...)
}

// brief is the beginning of a statement, for error texts; arguments never
// appear in them.
func brief(query string) string {
	s := strings.Join(strings.Fields(query), " ")
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return s
}

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
