// Package job does later, and again if need be, what can't be done inside a
// transaction: mail, webhooks, uploads, deadlines. A job is a row written in
// the transaction that needs it, so it exists exactly if that transaction was
// committed. It is run at least once from its due time on, by one server at a
// time; one that a killed server held is taken up by another. A job that keeps
// failing, or whose deadline passed, is kept as a dead letter until a person
// retries or discards it.
package job

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"yagura/kernel/id"
	"yagura/kernel/store"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of jobs.
var Migrations = store.Migrations{Area: "job", SQL: schema}

// State is where a job stands.
type State string

// The states. Done and discarded jobs are kept for a while, so that the same
// key asked for again does nothing.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Done      State = "done"
	Dead      State = "dead"
	Discarded State = "discarded"
)

// Job is one thing to do. Kind, Key, Due, Deadline and Body are given to
// Enqueue; the rest is the queue's.
type Job struct {
	ID   string
	Kind string // area and verb, such as "notify.mail"
	// Key makes the job one of a kind: asked for twice, it is done once. Empty:
	// every Enqueue is a job of its own.
	Key      string
	Due      time.Time // zero: at once
	Deadline time.Time // zero: none; from then on it is not tried any more
	Body     json.RawMessage

	State   State
	Attempt int // how many times it was started, the present time included
	Created time.Time
	Started time.Time // the latest start
	Ended   time.Time // when it was done, died or was discarded
	Error   string    // of the latest attempt that failed, in English

	claim string
}

// Body is the JSON form of v. It panics where v has none, which is a mistake
// of the programmers.
func Body(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("job: a body of type %T: %v", v, err))
	}
	return b
}

// Into reads the body. A body that can't be read will not get better: the
// error is a permanent one.
func (j Job) Into(v any) error {
	if err := json.Unmarshal(j.Body, v); err != nil {
		return Permanent(fmt.Errorf("job %s (%s): body: %w", j.ID, j.Kind, err))
	}
	return nil
}

// Enqueue asks for a job. It belongs inside Change, where it needs no record
// besides that of the use case, or inside Operate. Where a job of the kind and
// key exists already, in whatever state, nothing happens and the id returned is
// of that one.
func Enqueue(tx *store.Tx, j Job) (string, error) {
	if j.Kind == "" {
		return "", errors.New("job: enqueued without a kind")
	}
	if len(j.Body) == 0 {
		j.Body = json.RawMessage("null")
	}
	j.ID = id.New()
	if j.Key == "" {
		j.Key = j.ID
	}
	if j.Due.IsZero() {
		j.Due = tx.Now
	}
	n, err := tx.Exec(`INSERT INTO job (id, kind, key, state, due, deadline, body, created) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)
		ON CONFLICT (kind, key) DO NOTHING`,
		j.ID, j.Kind, j.Key, string(Waiting), store.Millis(j.Due), store.Millis(j.Deadline), string(j.Body), tx.Millis())
	if err != nil {
		return "", fmt.Errorf("enqueue %s: %w", j.Kind, err)
	}
	if n == 0 {
		if err := tx.QueryRow("SELECT id FROM job WHERE kind = $1 AND key = $2", j.Kind, j.Key).Scan(&j.ID); err != nil {
			return "", fmt.Errorf("enqueue %s: %w", j.Kind, err)
		}
		return j.ID, nil
	}
	if !j.Due.After(tx.Now) {
		tx.After(wakes.all)
	}
	return j.ID, nil
}

// Cancel takes back a job that is not done, and tells whether there was one.
// One that is running is told to stop through its context. Its key is free
// again: a deadline that moves is cancelled and enqueued anew.
func Cancel(tx *store.Tx, kind, key string) (bool, error) {
	n, err := tx.Exec("DELETE FROM job WHERE kind = $1 AND key = $2 AND state IN ($3, $4)", kind, key, string(Waiting), string(Running))
	if err != nil {
		return false, fmt.Errorf("cancel %s: %w", kind, err)
	}
	return n > 0, nil
}

// CancelPrefix cancels all jobs of the kind whose key begins with the prefix,
// and returns how many there were.
func CancelPrefix(tx *store.Tx, kind, prefix string) (int, error) {
	if prefix == "" {
		return 0, errors.New("job: cancel by an empty prefix")
	}
	n, err := tx.Exec("DELETE FROM job WHERE kind = $1 AND substr(key, 1, $2) = $3 AND state IN ($4, $5)",
		kind, len([]rune(prefix)), prefix, string(Waiting), string(Running))
	if err != nil {
		return 0, fmt.Errorf("cancel %s: %w", kind, err)
	}
	return int(n), nil
}

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that trying again will not cure: the job becomes a
// dead letter at once.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

type later struct {
	error
	wait time.Duration
}

func (l later) Unwrap() error { return l.error }

// After marks an error that says itself when to try again, such as an HTTP
// response with Retry-After. At most a day is waited.
func After(wait time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return later{err, min(max(wait, 0), 24*time.Hour)}
}

// wakes tells the queues of this process that there is something to do now.
var wakes bell

type bell struct {
	mu    sync.Mutex
	hears map[chan struct{}]bool
}

func (b *bell) all() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.hears {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (b *bell) listen() (c chan struct{}, leave func()) {
	c = make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hears == nil {
		b.hears = map[chan struct{}]bool{}
	}
	b.hears[c] = true
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.hears, c)
	}
}

const columns = "id, kind, key, state, due, deadline, body, attempt, created, started, ended, claim, error"

func read(r store.Scanner) (j Job, err error) {
	var due, deadline, created, started, ended int64
	var body string
	err = r.Scan(&j.ID, &j.Kind, &j.Key, &j.State, &due, &deadline, &body, &j.Attempt, &created, &started, &ended, &j.claim, &j.Error)
	j.Due, j.Deadline, j.Created = store.Time(due), store.Time(deadline), store.Time(created)
	j.Started, j.Ended, j.Body = store.Time(started), store.Time(ended), json.RawMessage(body)
	return j, err
}

// Count is how many jobs of a kind are in a state, and the due time of the
// most overdue one that waits.
type Count struct {
	Kind   string
	State  State
	Jobs   int64
	Oldest time.Time
}

// Counts are the numbers of jobs by kind and state, for metrics.
func Counts(tx *store.Tx) ([]Count, error) {
	return store.Rows(tx, func(r store.Scanner) (c Count, err error) {
		var oldest int64
		err = r.Scan(&c.Kind, &c.State, &c.Jobs, &oldest)
		c.Oldest = store.Time(oldest)
		return c, err
	}, "SELECT kind, state, COUNT(*), MIN(due) FROM job GROUP BY kind, state ORDER BY kind, state")
}

// short bounds what is kept of an error.
func short(err error) string {
	const most = 2000
	s := strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", ""), "�")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}
