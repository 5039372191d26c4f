package telemetry

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Saved is a question to the event store that somebody keeps. It holds a
// question, not an answer: whoever asks it sees what he may see.
type Saved struct {
	ID      string
	Name    string
	Owner   string // person
	Unit    string // who may read events of this unit finds it, too; see Shared
	Shared  bool
	Text    string // LogsQL
	Last    string // range that ends when it is asked, as "24h"
	Source  string // id; empty: all
	Created time.Time
}

const (
	maxSaved     = 200 // of one person
	maxSavedName = 120
	// MaxText is how long a query may be, in bytes.
	MaxText = 16 << 10
)

// SaveSearch keeps a question. One of the same name and owner is replaced.
func (s *Service) SaveSearch(ctx context.Context, by authz.Actor, q Saved) (Saved, error) {
	q.Name = strings.TrimSpace(q.Name)
	var bad []fault.Field
	if q.Name == "" || utf8.RuneCountInString(q.Name) > maxSavedName {
		bad = append(bad, fault.F("name", "A name of at most %d letters is needed", maxSavedName))
	}
	if len(q.Text) > MaxText {
		bad = append(bad, fault.F("q", "The query is longer than %d characters", MaxText))
	}
	if len(bad) > 0 {
		return q, fault.Invalid(bad...)
	}
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		if by.Person == "" {
			return fault.Denied("You have no permission for this (%s)", string(Read))
		}
		if q.Shared {
			if err := by.May(Read, q.Unit); err != nil {
				return err
			}
		} else if !by.CanAnywhere(Read) {
			return fault.Denied("You have no permission for this (%s)", string(Read))
		} else {
			q.Unit = ""
		}
		q.Owner, q.Created = by.Person, tx.Now
		old, err := savedNamed(tx, by.Person, q.Name)
		switch {
		case err == nil:
			q.ID = old.ID
		case !errors.Is(err, sql.ErrNoRows):
			return err
		default:
			var n int
			if err := tx.QueryRow("SELECT COUNT(*) FROM telemetry_search WHERE owner = $1", by.Person).Scan(&n); err != nil {
				return err
			}
			if n >= maxSaved {
				return fault.Conflict("You have %d saved searches already; delete one first", maxSaved)
			}
			q.ID = id.New()
		}
		if _, err := tx.Exec(`INSERT INTO telemetry_search (id, name, owner, unit, shared, body, last, source, created) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
			ON CONFLICT (id) DO UPDATE SET unit = excluded.unit, shared = excluded.shared, body = excluded.body, last = excluded.last, source = excluded.source, created = excluded.created`,
			q.ID, q.Name, q.Owner, q.Unit, bit(q.Shared), q.Text, q.Last, q.Source, store.Millis(q.Created)); err != nil {
			return err
		}
		return tx.Record(by, fact.TelemetrySearchSaved{Search: q.ID, Unit: q.Unit, Shared: q.Shared})
	})
	return q, err
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// DeleteSearch throws a saved question away: one's own, or a shared one of a
// unit whose sources one manages.
func (s *Service) DeleteSearch(ctx context.Context, by authz.Actor, id string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		q, err := findSaved(tx, by, id)
		if err != nil {
			return err
		}
		if q.Owner != by.Person {
			if err := by.May(Manage, q.Unit); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("DELETE FROM telemetry_search WHERE id = $1", id); err != nil {
			return err
		}
		return tx.Record(by, fact.TelemetrySearchDeleted{Search: id, Unit: q.Unit})
	})
}

// Searches are the actor's own saved questions and those shared with him, by
// name.
func (s *Service) Searches(ctx context.Context, by authz.Actor) (all []Saved, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := by.Scope(Read).Where("q.unit", 2)
		all, err = store.Rows(tx, readSaved, "SELECT "+savedColumns+" FROM telemetry_search q WHERE q.owner = $1 OR (q.shared = 1 AND "+where+") ORDER BY q.name, q.id LIMIT 1000",
			append([]any{by.Person}, args...)...)
		return err
	})
	return all, err
}

const savedColumns = "q.id, q.name, q.owner, q.unit, q.shared, q.body, q.last, q.source, q.created"

func readSaved(r store.Scanner) (q Saved, err error) {
	var shared int
	var created int64
	err = r.Scan(&q.ID, &q.Name, &q.Owner, &q.Unit, &shared, &q.Text, &q.Last, &q.Source, &created)
	q.Shared, q.Created = shared == 1, store.Time(created)
	return q, err
}

func savedNamed(tx *store.Tx, owner, name string) (Saved, error) {
	return readSaved(tx.QueryRow("SELECT "+savedColumns+" FROM telemetry_search q WHERE q.owner = $1 AND q.name = $2", owner, name))
}

func findSaved(tx *store.Tx, by authz.Actor, id string) (Saved, error) {
	q, err := readSaved(tx.QueryRow("SELECT "+savedColumns+" FROM telemetry_search q WHERE q.id = $1", id))
	if errors.Is(err, sql.ErrNoRows) || err == nil && q.Owner != by.Person && !(q.Shared && by.Can(Read, q.Unit)) {
		return q, fault.NotFound("There is no such saved search, or you may not see it")
	}
	return q, err
}
