package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"yagura/kernel/store"
)

// Subscriber reacts to facts. Handle runs inside the transaction that also
// moves the subscriber's position: it takes effect exactly once per entry, and
// is called again where the transaction failed. It has no other effects.
type Subscriber struct {
	Name   string // never changes: the position hangs on it
	Kinds  []string
	Handle func(tx *store.Tx, e Entry) error
}

// Delivery brings sealed entries to subscribers, each at its own pace.
type Delivery struct {
	db     *store.DB
	sealer *Sealer
	log    *slog.Logger
	subs   []Subscriber
}

// NewDelivery returns a delivery to the subscribers.
func NewDelivery(db *store.DB, sealer *Sealer, log *slog.Logger, subs ...Subscriber) *Delivery {
	return &Delivery{db: db, sealer: sealer, log: log, subs: subs}
}

// Run delivers until the context ends.
func (d *Delivery) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, sub := range d.subs {
		wake := d.sealer.Sealed()
		wg.Go(func() { d.serve(ctx, sub, wake) })
	}
	wg.Wait()
}

func (d *Delivery) serve(ctx context.Context, sub Subscriber, wake <-chan struct{}) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	pause := time.Duration(0)
	for ctx.Err() == nil {
		more, err := d.step(ctx, sub, perDelivery)
		if err != nil { // find the entry that fails and let those before it pass
			more, err = d.step(ctx, sub, 1)
		}
		if err != nil && ctx.Err() == nil {
			d.log.Error("a subscriber of the ledger failed", "subscriber", sub.Name, "error", err)
			d.noteFailure(ctx, sub, err)
			pause = min(max(2*pause, 500*time.Millisecond), time.Minute)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			continue
		}
		pause = 0
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-tick.C:
		}
	}
}

// Drain delivers until every subscriber has seen all that is sealed. Tests and
// the demo use it.
func (d *Delivery) Drain(ctx context.Context) error {
	for _, sub := range d.subs {
		for {
			more, err := d.step(ctx, sub, perDelivery)
			if err != nil {
				return fmt.Errorf("subscriber %s: %w", sub.Name, err)
			}
			if !more {
				break
			}
		}
	}
	return nil
}

const perDelivery = 64

// step delivers at most n entries in one transaction and tells whether it
// delivered any.
func (d *Delivery) step(ctx context.Context, sub Subscriber, n int) (bool, error) {
	var from, head int64
	var entries []Entry
	look := func(tx *store.Tx) error {
		positions, err := store.Rows(tx, func(r store.Scanner) (p int64, err error) { return p, r.Scan(&p) },
			"SELECT pos FROM ledger_subscriber WHERE name = $1 FOR UPDATE", sub.Name)
		if err != nil {
			return err
		}
		from = 0
		if len(positions) > 0 {
			from = positions[0]
		}
		if err := tx.QueryRow("SELECT COALESCE(MAX(pos), 0) FROM ledger").Scan(&head); err != nil || head == from {
			return err
		}
		in, args := "", []any{from, n}
		if len(sub.Kinds) > 0 {
			marks := make([]string, len(sub.Kinds))
			for i, k := range sub.Kinds {
				args = append(args, k)
				marks[i] = fmt.Sprintf("$%d", len(args))
			}
			in = " AND kind IN (" + strings.Join(marks, ",") + ")"
		}
		entries, err = store.Rows(tx, read, "SELECT "+columns+" FROM ledger WHERE pos > $1"+in+" ORDER BY pos LIMIT $2", args...)
		return err
	}
	// Nothing to do is the usual case, and costs no write transaction.
	var idle bool
	err := d.db.View(ctx, func(tx *store.Tx) error {
		var pos int64
		if err := tx.QueryRow("SELECT COALESCE((SELECT pos FROM ledger_subscriber WHERE name = $1), 0), COALESCE((SELECT MAX(pos) FROM ledger), 0)", sub.Name).Scan(&pos, &head); err != nil {
			return err
		}
		idle = pos == head
		return nil
	})
	if err != nil || idle {
		return false, err
	}
	delivered := false
	err = d.db.Change(ctx, func(tx *store.Tx) error {
		delivered, entries, head, from = false, nil, 0, 0
		if err := look(tx); err != nil || head == from {
			return err
		}
		for _, e := range entries {
			if err := sub.Handle(tx, e); err != nil {
				return fmt.Errorf("row %d (%s): %w", e.Pos, e.Kind, err)
			}
		}
		to := head
		if len(entries) == n {
			to = entries[n-1].Pos
		}
		if err := tx.Settle(); err != nil {
			return err
		}
		delivered = true
		_, err := tx.Exec(`INSERT INTO ledger_subscriber (name, pos, at) VALUES ($1,$2,$3)
			ON CONFLICT (name) DO UPDATE SET pos = excluded.pos, at = excluded.at, failures = 0, error = ''`, sub.Name, to, tx.Millis())
		return err
	})
	return delivered, err
}

func (d *Delivery) noteFailure(ctx context.Context, sub Subscriber, cause error) {
	err := d.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO ledger_subscriber (name, pos, failures, error, at) VALUES ($1, 0, 1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET failures = ledger_subscriber.failures + 1, error = excluded.error, at = excluded.at`,
			sub.Name, cause.Error(), tx.Millis())
		return err
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		d.log.Error("a subscriber's failure could not be noted", "subscriber", sub.Name, "error", err)
	}
}

// Progress is how far a subscriber is.
type Progress struct {
	Name     string
	Pos      int64
	Behind   int64
	Failures int64
	Error    string
	At       time.Time
}

// Subscribers lists how far each subscriber is.
func Subscribers(tx *store.Tx) ([]Progress, error) {
	return store.Rows(tx, func(r store.Scanner) (p Progress, err error) {
		var at int64
		err = r.Scan(&p.Name, &p.Pos, &p.Behind, &p.Failures, &p.Error, &at)
		p.At = store.Time(at)
		return p, err
	}, `SELECT name, pos, (SELECT COALESCE(MAX(pos), 0) FROM ledger) - pos, failures, error, at FROM ledger_subscriber ORDER BY name`)
}
