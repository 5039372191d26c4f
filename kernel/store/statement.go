package store

import (
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
	preparedMost  = 400  // statements of a connection
	textsMost     = 4000 // that are remembered at all
	longestText   = 8 << 10

	// slowFrom is how long a statement takes that is worth the watch for the end of
	// its context from then on. Others are over sooner than anybody goes away.
	slowFrom = 20 * time.Millisecond
)

// statement is what is known of a text.
type statement struct {
	text          string // as the database is sent it
	locks, writes bool
	uses          atomic.Int64
	slow          atomic.Bool
}

// statements are those of a database.
type statements struct {
	known sync.Map // text → *statement
	texts atomic.Int64
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

// Statements are the texts that have run, for tests that ask how they are carried out.
func (db *DB) Statements() (texts []string) {
	db.statements.known.Range(func(text, _ any) bool {
		texts = append(texts, text.(string))
		return true
	})
	return texts
}

// took notes how long a statement ran.
func (s *statement) took(d time.Duration) {
	if d >= slowFrom {
		s.slow.Store(true)
	}
}
