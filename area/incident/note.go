package incident

import (
	"context"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Remark is a note or a decision for the timeline.
type Remark struct {
	Kind     EntryKind // Note, Decision or Correction; empty is Note
	Body     string
	Happened time.Time // zero: now
	Corrects string    // with Correction: the entry that was wrong
}

// Write appends a note or a decision to the timeline.
func (s *Service) Write(ctx context.Context, by authz.Actor, number string, m Remark) (e Entry, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		inc, _, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		if m.Kind == Outside {
			return fault.Invalid(fault.F("kind", "There is no such choice"))
		}
		e, err = remark(tx, by, inc, m)
		return err
	})
	return e, err
}

const longestNote = 20000

func remark(tx *store.Tx, by authz.Actor, inc Incident, m Remark) (Entry, error) {
	var wrong []fault.Field
	if m.Kind == "" {
		m.Kind = Note
	}
	if m.Kind != Note && m.Kind != Decision && m.Kind != Correction && m.Kind != Outside {
		wrong = append(wrong, fault.F("kind", "There is no such choice"))
	}
	m.Body = strings.TrimSpace(m.Body)
	switch n := len([]rune(m.Body)); {
	case n == 0:
		wrong = append(wrong, fault.F("body", "Write something"))
	case n > longestNote:
		wrong = append(wrong, fault.F("body", "At most %d characters", longestNote))
	}
	if m.Happened.After(tx.Now) {
		wrong = append(wrong, fault.F("happened", "This time lies in the future"))
	}
	if m.Kind == Correction {
		var n int
		if err := tx.QueryRow("SELECT COUNT(*) FROM incident_entry WHERE incident = $1 AND id = $2", inc.ID, m.Corrects).Scan(&n); err != nil {
			return Entry{}, err
		}
		if n == 0 {
			wrong = append(wrong, fault.F("corrects", "There is no such entry"))
		}
	} else {
		m.Corrects = ""
	}
	if len(wrong) > 0 {
		return Entry{}, fault.Invalid(wrong...)
	}
	return write(tx, by, inc, Entry{Kind: m.Kind, Body: m.Body, Happened: m.Happened, Corrects: m.Corrects})
}
