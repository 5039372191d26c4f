package job

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Acts upon jobs. Jobs belong to the system, not to units.
const (
	Read   authz.Act = "job.read"
	Manage authz.Act = "job.manage"
)

// Acts says who may see and handle jobs.
var Acts = authz.Table{
	Read:   {authz.Admin},
	Manage: {authz.Admin},
}

// Retried is recorded when a person has a dead letter tried again.
type Retried struct {
	Job  string `json:"job"`
	Kind string `json:"kind"`
}

// Heading implements store.Fact.
func (f Retried) Heading() store.Heading {
	return store.Heading{Kind: "job.retried", Subject: f.Job}
}

// DiscardedByHand is recorded when a person gives a dead letter up.
type DiscardedByHand struct {
	Job    string `json:"job"`
	Kind   string `json:"kind"`
	Reason string `json:"reason"` // veiled under the key of the person who gave it
}

// Heading implements store.Fact.
func (f DiscardedByHand) Heading() store.Heading {
	return store.Heading{Kind: "job.discarded", Subject: f.Job}
}

// Label is the state's name.
func (s State) Label() text.Message {
	switch s {
	case Waiting:
		return text.M("Waiting§job")
	case Running:
		return text.M("Running§job")
	case Done:
		return text.M("Done§job")
	case Dead:
		return text.M("Given up§job")
	case Discarded:
		return text.M("Discarded§job")
	}
	return text.Literal(string(s))
}

// Orders are what a list of jobs can be sorted by; the first one shown is by
// due time.
var Orders = keyset.Columns{
	"":        keyset.Int("due"),
	"due":     keyset.Int("due"),
	"created": keyset.Int("created"),
	"ended":   keyset.Int("ended"),
	"kind":    keyset.Text("kind"),
}

// Filter narrows a list of jobs; empty fields do not.
type Filter struct {
	State State
	Kind  string
}

// List returns a page of jobs, for those who may read them, and where the next
// page begins.
func List(tx *store.Tx, by authz.Actor, f Filter, p keyset.Page) ([]Job, *keyset.Position, error) {
	if err := by.May(Read, ""); err != nil {
		return nil, nil, err
	}
	after, args, order, err := p.SQL(Orders, "id", 3)
	if err != nil {
		return nil, nil, err
	}
	jobs, err := store.Rows(tx, read, "SELECT "+columns+" FROM job WHERE ($1 = '' OR state = $1) AND ($2 = '' OR kind = $2) AND "+after+order,
		append([]any{string(f.State), f.Kind}, args...)...)
	if err != nil {
		return nil, nil, err
	}
	shown, next := keyset.Cut(p, jobs, func(j Job) keyset.Position {
		switch p.Sort {
		case "created":
			return keyset.At(store.Millis(j.Created), j.ID)
		case "ended":
			return keyset.At(store.Millis(j.Ended), j.ID)
		case "kind":
			return keyset.At(j.Kind, j.ID)
		}
		return keyset.At(store.Millis(j.Due), j.ID)
	})
	return shown, next, nil
}

// Find returns one job, for those who may read them.
func Find(tx *store.Tx, by authz.Actor, id string) (Job, error) {
	if err := by.See(Read, ""); err != nil {
		return Job{}, err
	}
	j, err := read(tx.QueryRow("SELECT "+columns+" FROM job WHERE id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return j, fault.NotFound("There is no such job")
	}
	return j, err
}

func findDead(tx *store.Tx, by authz.Actor, id string) (Job, error) {
	j, err := Find(tx, by, id)
	if err != nil {
		return j, err
	}
	if err := by.May(Manage, ""); err != nil {
		return j, err
	}
	if j.State != Dead {
		return j, fault.Conflict("Only a job that was given up can be retried or discarded")
	}
	return j, nil
}

// Retry has a dead letter tried again from the first attempt on, at once. A
// deadline that passed no longer counts: the person decided.
func Retry(tx *store.Tx, by authz.Actor, id string) error {
	j, err := findDead(tx, by, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE job SET state = $1, attempt = 0, ended = 0, due = $2,
		deadline = CASE WHEN deadline <= $2 THEN 0 ELSE deadline END WHERE id = $3`, string(Waiting), tx.Millis(), id); err != nil {
		return err
	}
	tx.After(wakes.all)
	return tx.Record(by, Retried{j.ID, j.Kind})
}

// Discard gives a dead letter up for good, with a reason.
func Discard(tx *store.Tx, by authz.Actor, id, reason string) error {
	j, err := findDead(tx, by, id)
	if err != nil {
		return err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return fault.Invalid(fault.F("reason", "Give the reason for discarding the job"))
	}
	if len(reason) > 2000 {
		return fault.Invalid(fault.F("reason", "The reason may have at most %d letters", 2000))
	}
	if _, err := tx.Exec("UPDATE job SET state = $1, ended = $2 WHERE id = $3", string(Discarded), tx.Millis(), id); err != nil {
		return err
	}
	veiled, err := tx.Veil(by.Who(), reason)
	if err != nil {
		return fmt.Errorf("discard job: %w", err)
	}
	return tx.Record(by, DiscardedByHand{j.ID, j.Kind, veiled})
}
