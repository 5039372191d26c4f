package job

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yagura/kernel/store"
)

// claim takes up to n jobs that are due, or whose server no longer lives. Those
// past their deadline or out of attempts become dead letters on the way.
func (q *Queue) claim(ctx context.Context, n int) ([]Job, error) {
	if len(q.kinds) == 0 || n <= 0 {
		return nil, nil
	}
	for {
		jobs, buried, err := q.pick(ctx, n)
		if err != nil || len(jobs) > 0 || buried == 0 {
			return jobs, err
		}
	}
}

func (q *Queue) pick(ctx context.Context, n int) (jobs []Job, buried int, err error) {
	kinds := q.Kinds()
	ready := func(tx *store.Tx) (string, []any) {
		args := []any{tx.Millis(), store.Millis(q.wall.Now())}
		marks := make([]string, len(kinds))
		for i, k := range kinds {
			args = append(args, k)
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		return "(state = 'waiting' AND due <= $1 OR state = 'running' AND lease < $2) AND kind IN (" + strings.Join(marks, ",") + ")", args
	}
	// Nothing to do is the usual case, and costs no write transaction.
	idle := true
	if err := q.db.View(ctx, func(tx *store.Tx) error {
		where, args := ready(tx)
		some, err := store.Texts(tx, "SELECT id FROM job WHERE "+where+" LIMIT 1", args...)
		idle = len(some) == 0
		return err
	}); err != nil || idle {
		return nil, 0, err
	}
	err = q.db.Operate(ctx, func(tx *store.Tx) error {
		jobs, buried = nil, 0
		where, args := ready(tx)
		found, err := store.Rows(tx, read, "SELECT "+columns+" FROM job WHERE "+where+
			fmt.Sprintf(" ORDER BY due, id LIMIT %d FOR UPDATE SKIP LOCKED", n), args...)
		if err != nil {
			return err
		}
		for _, j := range found {
			why := ""
			switch {
			case !j.Deadline.IsZero() && !tx.Now.Before(j.Deadline):
				why = "the deadline passed"
			case j.State == Running && j.Attempt >= q.kinds[j.Kind].Attempts:
				why = "the server ended while the job ran, and no attempt is left"
			}
			if why != "" {
				if j.Error != "" {
					why += "; before that: " + j.Error
				}
				if err := bury(tx, j, why); err != nil {
					return err
				}
				q.log.Error("a job became a dead letter", "job", j.ID, "kind", j.Kind, "error", why)
				buried++
				continue
			}
			j.State, j.claim, j.Started = Running, newClaim(), tx.Now
			j.Attempt++
			if _, err := tx.Exec("UPDATE job SET state = 'running', claim = $1, lease = $2, attempt = $3, started = $4 WHERE id = $5",
				j.claim, q.until(), j.Attempt, tx.Millis(), j.ID); err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return jobs, buried, nil
}

func bury(tx *store.Tx, j Job, why string) error {
	_, err := tx.Exec("UPDATE job SET state = 'dead', claim = '', lease = 0, ended = $1, error = $2 WHERE id = $3 AND claim = $4",
		tx.Millis(), why, j.ID, j.claim)
	return err
}

// settle writes the outcome of an attempt, unless the job is no longer ours.
func (q *Queue) settle(ctx context.Context, j Job, w worker, failure error) error {
	var end permanent
	var wait later
	return q.db.Operate(ctx, func(tx *store.Tx) error {
		if failure == nil {
			_, err := tx.Exec("UPDATE job SET state = 'done', claim = '', lease = 0, ended = $1, error = '' WHERE id = $2 AND claim = $3",
				tx.Millis(), j.ID, j.claim)
			return err
		}
		pause := w.backoff(j.Attempt)
		if errors.As(failure, &wait) {
			pause = wait.wait
		}
		next := tx.Now.Add(pause)
		late := !j.Deadline.IsZero() && !next.Before(j.Deadline)
		if errors.As(failure, &end) || j.Attempt >= w.Attempts || late {
			q.log.Error("a job became a dead letter", "job", j.ID, "kind", j.Kind, "attempt", j.Attempt, "error", failure)
			return bury(tx, j, short(failure))
		}
		q.log.Warn("a job failed and will be tried again", "job", j.ID, "kind", j.Kind, "attempt", j.Attempt, "in", pause, "error", failure)
		_, err := tx.Exec("UPDATE job SET state = 'waiting', claim = '', lease = 0, due = $1, error = $2 WHERE id = $3 AND claim = $4",
			store.Millis(next), short(failure), j.ID, j.claim)
		return err
	})
}

// giveBack lets another server, or the next start, have the job at once.
func (q *Queue) giveBack(ctx context.Context, j Job) error {
	return q.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE job SET state = 'waiting', claim = '', lease = 0, attempt = attempt - 1 WHERE id = $1 AND claim = $2", j.ID, j.claim)
		return err
	})
}
