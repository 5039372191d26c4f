package store

import "time"

// Waiting is how many wait for the writer.
func (db *DB) Waiting() int {
	db.writer.mu.Lock()
	defer db.writer.mu.Unlock()
	return len(db.writer.waiting)
}

// Patient lets all who wait share a commit, however slow the machine is.
func (db *DB) Patient() { db.writer.patience = time.Hour }
