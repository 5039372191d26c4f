package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"
)

// lite is a connection to SQLite that is kept, with what is prepared on it. The
// transactions of database/sql cost more there than what they do: each gives
// every statement a goroutine that waits for the context to end, and looks for
// the connection anew.
type lite struct {
	conn                                                    *sql.Conn
	ready                                                   map[*statement]*sql.Stmt
	begin, commit, rollback, save, release, unsave, changes *sql.Stmt
	torn                                                    bool // not to be used again
}

// lites are the connections of one kind: the one that writes, or those that read.
type lites struct {
	pool  *sql.DB
	begin string
	slots chan struct{} // taken by each that is in use
	mu    sync.Mutex
	idle  []*lite
}

func newLites(pool *sql.DB, begin string, most int) *lites {
	return &lites{pool: pool, begin: begin, slots: make(chan struct{}, most)}
}

// take waits for a connection, in turn.
func (p *lites) take(ctx context.Context) (*lite, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		l := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return l, nil
	}
	p.mu.Unlock()
	l, err := p.open(ctx)
	if err != nil {
		<-p.slots
	}
	return l, err
}

func (p *lites) open(ctx context.Context) (*lite, error) {
	conn, err := p.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	l := &lite{conn: conn, ready: map[*statement]*sql.Stmt{}}
	for into, text := range map[**sql.Stmt]string{
		&l.begin: p.begin, &l.commit: "COMMIT", &l.rollback: "ROLLBACK", &l.changes: "SELECT total_changes()",
		&l.save: "SAVEPOINT one", &l.release: "RELEASE one", &l.unsave: "ROLLBACK TO one",
	} {
		if *into, err = conn.PrepareContext(ctx, text); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return l, nil
}

// give lets the next one have the connection.
func (p *lites) give(l *lite) {
	if l.torn {
		l.close()
	} else {
		p.mu.Lock()
		p.idle = append(p.idle, l)
		p.mu.Unlock()
	}
	<-p.slots
}

// close has the pool close the connection rather than keep it.
func (l *lite) close() {
	l.conn.Raw(func(any) error { return driver.ErrBadConn })
	l.conn.Close()
}

func (p *lites) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.idle {
		l.conn.Close()
	}
	p.idle = nil
}

// undo ends a transaction without effect. After some errors, such as a full
// disk, SQLite has done so by itself; a connection of which that is not certain
// is not used again.
func (l *lite) undo() {
	if l.do(l.rollback) != nil {
		l.torn = true
	}
}

// do runs one of its own statements, whoever waits for it.
func (l *lite) do(own *sql.Stmt) error {
	_, err := own.ExecContext(context.Background())
	l.torn = l.torn || gone(err)
	return err
}

// changed is how many rows were changed by the connection so far.
func (l *lite) changed() (n int64, err error) {
	err = l.changes.QueryRowContext(context.Background()).Scan(&n)
	l.torn = l.torn || gone(err)
	return n, err
}

// ready is the prepared statement for a transaction; nil where there is none, or
// where it is in use there. It is free again after release.
func (tx *Tx) ready(s *statement) *sql.Stmt {
	if tx.lite == nil || slices.Contains(tx.using, s) { // PostgreSQL's driver does it
		return nil
	}
	p := tx.lite.ready[s]
	if p == nil {
		if s.uses.Load() < preparedAfter {
			s.uses.Add(1)
			return nil
		}
		if len(tx.lite.ready) >= preparedMost {
			return nil
		}
		var err error
		if p, err = tx.lite.conn.PrepareContext(tx.still, s.text); err != nil {
			return nil // whoever runs it is told why
		}
		tx.lite.ready[s] = p
	}
	tx.using = append(tx.using, s)
	return p
}

func (tx *Tx) release(s *statement) {
	if i := slices.Index(tx.using, s); i >= 0 {
		tx.using = slices.Delete(tx.using, i, i+1)
	}
}

// watch is the context of a prepared statement: watching for its end costs more
// than most statements, so it is looked at between them.
func (tx *Tx) watch(s *statement) context.Context {
	if s.slow.Load() {
		return tx.ctx
	}
	return tx.still
}

// gone tells whether an error means that the connection is.
func gone(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}
