package store

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"

	"yagura/kernel/clock"
)

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
