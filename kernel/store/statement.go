package store

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Reading the text of a statement costs SQLite about as much as running it, so
// those that come again and again are prepared once for each connection. Texts
// that are put together for one occasion, as with a long IN, come seldom and
// are not.
const (
	preparedAfter = 8    // uses
	preparedMost  = 400  // statements of a pool
	textsMost     = 4000 // that are remembered at all
	longestText   = 8 << 10

	preparedWithin = 50 * time.Millisecond
)

// statement is what is known of a text.
type statement struct {
	text          string // as the database is sent it
	locks, writes bool
	uses          atomic.Int64
	stmt          [2]atomic.Pointer[sql.Stmt] // of the pools to write and to read
}

// statements are those of a database.
type statements struct {
	known    sync.Map // text → *statement
	texts    atomic.Int64
	prepared [2]atomic.Int64
}

// statement is what is known of a text, read the first time it comes.
func (db *DB) statement(query string) *statement {
	if s, ok := db.statements.known.Load(query); ok {
		return s.(*statement)
	}
	s := &statement{text: query, locks: locking.MatchString(query), writes: writing.MatchString(query)}
	if db.engine == SQLite {
		if s.locks { // its one writer has everything locked
			s.text = locking.ReplaceAllString(s.text, "")
			s.text = strings.ReplaceAll(strings.ReplaceAll(s.text, "SKIP LOCKED", ""), "skip locked", "")
		}
		s.text = plain(s.text)
	}
	if len(query) > longestText || db.statements.texts.Load() >= textsMost {
		return s
	}
	if first, loaded := db.statements.known.LoadOrStore(query, s); loaded {
		return first.(*statement)
	}
	db.statements.texts.Add(1)
	return s
}

func (m mode) pool() int {
	if m == viewing {
		return 1
	}
	return 0
}

// ready is the prepared statement for a transaction; nil where there is none, or
// where it is in use there. It is free again after release.
func (tx *Tx) ready(s *statement) *sql.Stmt {
	if tx.db.engine != SQLite {
		return nil // its driver does it
	}
	p := s.stmt[tx.mode.pool()].Load()
	if p == nil {
		if s.uses.Add(1) == preparedAfter {
			tx.wanted = append(tx.wanted, s)
		}
		return nil
	}
	if tx.using[s] {
		return nil
	}
	if tx.using == nil {
		tx.using = map[*statement]bool{}
	}
	tx.using[s] = true
	return tx.tx.StmtContext(tx.ctx, p)
}

func (tx *Tx) release(s *statement) { delete(tx.using, s) }

// prepare readies what a transaction used often enough, once it is over: it had
// the connection.
func (db *DB) prepare(ctx context.Context, m mode, wanted []*statement) {
	pool := db.write
	if m == viewing {
		pool = db.read
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), preparedWithin)
	defer cancel()
	n := m.pool()
	for _, s := range wanted {
		s.uses.Store(0) // the other pool counts for itself
		if s.stmt[n].Load() != nil || db.statements.prepared[n].Load() >= preparedMost {
			continue
		}
		p, err := pool.PrepareContext(ctx, s.text)
		if err != nil {
			continue // the connection is taken for long, or whoever runs it is told why
		}
		if s.stmt[n].CompareAndSwap(nil, p) {
			db.statements.prepared[n].Add(1)
		} else {
			p.Close()
		}
	}
}
