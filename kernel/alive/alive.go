// Package alive tells which processes of an installation run, and what each
// does. A process says so every few seconds in a row of its own; one that ended
// in order takes its row away, one that was killed leaves it and is seen to be
// silent.
package alive

import (
	"context"
	_ "embed"
	"log/slog"
	"os"
	"strings"
	"time"

	"yagura/kernel/id"
	"yagura/kernel/store"
)

//go:embed schema.sql
var schema string

// Migrations is the table of processes.
var Migrations = store.Migrations{Area: "alive", SQL: schema}

const (
	beat   = 5 * time.Second
	silent = 3*beat + time.Second
	forget = 24 * time.Hour
)

// Process is one that runs, or did until it was killed.
type Process struct {
	ID      string
	Host    string
	PID     int64
	Roles   []string
	Version string
	Started time.Time
	Seen    time.Time
}

// Silent tells whether the process has said nothing for too long.
func (p Process) Silent(now time.Time) bool { return now.Sub(p.Seen) > silent }

// New describes this process.
func New(roles []string, version string) Process {
	host, _ := os.Hostname()
	return Process{ID: id.New(), Host: host, PID: int64(os.Getpid()), Roles: roles, Version: version}
}

// Run says that the process is alive until the context ends.
func (p Process) Run(ctx context.Context, db *store.DB, log *slog.Logger) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		if err := p.Beat(ctx, db); err != nil && ctx.Err() == nil {
			log.Error("this process could not say that it is alive", "error", err)
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			if err := p.leave(last, db); err != nil {
				log.Warn("this process could not say that it ends", "error", err)
			}
			return
		case <-tick.C:
		}
	}
}

// Beat says once that the process is alive, and forgets those that have been
// silent for a day.
func (p Process) Beat(ctx context.Context, db *store.DB) error {
	return db.Operate(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO alive_process (id, host, pid, roles, version, started, seen) VALUES ($1,$2,$3,$4,$5,$6,$6)
			ON CONFLICT (id) DO UPDATE SET seen = excluded.seen`, p.ID, p.Host, p.PID, strings.Join(p.Roles, ","), p.Version, tx.Millis()); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM alive_process WHERE seen < $1", tx.Now.Add(-forget).UnixMilli())
		return err
	})
}

func (p Process) leave(ctx context.Context, db *store.DB) error {
	return db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM alive_process WHERE id = $1", p.ID)
		return err
	})
}

// List is all processes that were heard within a day, by host and age.
func List(tx *store.Tx) ([]Process, error) {
	return store.Rows(tx, func(r store.Scanner) (p Process, err error) {
		var roles string
		var started, seen int64
		err = r.Scan(&p.ID, &p.Host, &p.PID, &roles, &p.Version, &started, &seen)
		p.Roles, p.Started, p.Seen = strings.Split(roles, ","), store.Time(started), store.Time(seen)
		return p, err
	}, "SELECT id, host, pid, roles, version, started, seen FROM alive_process ORDER BY host, started, id")
}
