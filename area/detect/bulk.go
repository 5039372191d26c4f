package detect

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// The acts on many alerts at once.
const (
	DoAssign  = "assign"
	DoDismiss = "dismiss"
	DoRaise   = "raise"
)

// Bulk is an act on many alerts at once.
type Bulk struct {
	Do      string
	Alerts  []string
	Stories []string // all their alerts that are open and that the actor may triage
	// Seen is when the actor saw them: what others did since is not overwritten.
	// Zero: only what is decided counts as changed.
	Seen   time.Time
	Person string // of DoAssign; empty: the actor
	Reason Reason // of DoDismiss
	Note   string
	Title  string // of the incident; empty: that of the gravest
	Words  string // its description
}

// Outcome is what came of it.
type Outcome struct {
	Done     []string
	Changed  []string // left alone: somebody decided or took them up meanwhile
	Incident string
}

// Act does one thing with many alerts. Those that changed meanwhile are left
// alone and named; what the actor may not see or not triage refuses the whole.
func (s *Service) Act(ctx context.Context, by authz.Actor, b Bulk) (out Outcome, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		out = Outcome{}
		numbers := slices.Clone(b.Alerts)
		for _, id := range b.Stories {
			more, err := s.openOf(tx, by, id)
			if err != nil {
				return err
			}
			numbers = append(numbers, more...)
		}
		alerts, err := each(tx, by, numbers)
		if err != nil {
			return err
		}
		busy, err := touchedSince(tx, by, alerts, b.Seen)
		if err != nil {
			return err
		}
		var left []Alert
		for _, a := range alerts {
			if !a.State.Open() || busy[a.ID] {
				out.Changed = append(out.Changed, a.ID)
				continue
			}
			left = append(left, a)
			out.Done = append(out.Done, a.ID)
		}
		if len(left) == 0 {
			return nil
		}
		switch b.Do {
		case DoAssign:
			return s.assign(tx, by, left, b.Person)
		case DoDismiss:
			return s.dismiss(tx, by, left, b.Reason, b.Note)
		case DoRaise:
			out.Incident, err = s.escalate(tx, by, left, b.Title, b.Words)
			return err
		}
		return fault.Invalid(fault.F("do", "There is no such choice"))
	})
	return out, err
}

// touchedSince are the alerts that others did something with since a moment.
func touchedSince(tx *store.Tx, by authz.Actor, alerts []Alert, since time.Time) (map[string]bool, error) {
	busy := map[string]bool{}
	if since.IsZero() {
		return busy, nil
	}
	for part := range slices.Chunk(alerts, 300) {
		args := []any{store.Millis(since), by.Who()}
		for _, a := range part {
			args = append(args, a.ID)
		}
		ids, err := store.Texts(tx, "SELECT DISTINCT h.subject FROM detect_history h WHERE h.at > $1 AND h.who <> $2 AND h.subject IN ("+marks(3, len(part))+")", args...)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			busy[id] = true
		}
	}
	return busy, nil
}

// Undoable is how long an act can be taken back.
const Undoable = time.Hour

// past is an alert as it was before an act, and as the act left it.
type past struct {
	Alert    string   `json:"alert"`
	State    State    `json:"state"`
	Assignee string   `json:"assignee,omitempty"`
	Triaged  int64    `json:"triaged,omitempty"`
	Window   *winding `json:"window,omitempty"`
	After    State    `json:"after"`
	Given    string   `json:"given,omitempty"`   // to whom the act gave it
	Decided  int64    `json:"decided,omitempty"` // when the act decided it
}

type winding struct {
	Key   string `json:"key"`
	Since int64  `json:"since"`
	Until int64  `json:"until"`
}

func pastOf(a Alert) past {
	return past{Alert: a.ID, State: a.State, Assignee: a.Assignee, Triaged: store.Millis(a.Triaged)}
}

func (p past) until(a Alert) past {
	p.After, p.Given, p.Decided = a.State, a.Assignee, store.Millis(a.Decided)
	return p
}

func (p past) still(a Alert) bool {
	return a.State == p.After && a.Assignee == p.Given && store.Millis(a.Decided) == p.Decided
}

func windowOf(tx *store.Tx, alert string) (*winding, error) {
	var w winding
	err := tx.QueryRow("SELECT key, since, until FROM detect_window WHERE alert = $1", alert).Scan(&w.Key, &w.Since, &w.Until)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &w, err
}

// remember keeps what a person did last.
func remember(tx *store.Tx, by authz.Actor, act string, before []past) error {
	if by.Person == "" || len(before) == 0 {
		return nil
	}
	raw, err := json.Marshal(before)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO detect_undo (person, at, act, body) VALUES ($1,$2,$3,$4) ON CONFLICT (person) DO UPDATE SET at = excluded.at, act = excluded.act, body = excluded.body",
		by.Person, tx.Millis(), act, string(raw))
	return err
}

func forget(tx *store.Tx, by authz.Actor) error {
	_, err := tx.Exec("DELETE FROM detect_undo WHERE person = $1", by.Person)
	return err
}

// LastAct is what a person did last with alerts and can still take back.
type LastAct struct {
	Do     string // "" = nothing
	Alerts int
	At     time.Time
}

func lastAct(tx *store.Tx, by authz.Actor) (l LastAct, before []past, err error) {
	var at int64
	var raw string
	err = tx.QueryRow("SELECT at, act, body FROM detect_undo WHERE person = $1", by.Person).Scan(&at, &l.Do, &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return LastAct{}, nil, nil
	}
	if err != nil {
		return l, nil, err
	}
	if l.At = store.Time(at); tx.Now.Sub(l.At) > Undoable {
		return LastAct{}, nil, nil
	}
	err = json.Unmarshal([]byte(raw), &before)
	l.Alerts = len(before)
	return l, before, err
}

// LastAct is what the actor did last and can still take back.
func (s *Service) LastAct(ctx context.Context, by authz.Actor) (l LastAct, err error) {
	if by.Person == "" {
		return l, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		l, _, err = lastAct(tx, by)
		return err
	})
	return l, err
}

// Undo takes the actor's last act on alerts back, where nothing happened to
// them since. An incident is never taken back.
func (s *Service) Undo(ctx context.Context, by authz.Actor) (out Outcome, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		out = Outcome{}
		l, before, err := lastAct(tx, by)
		if err != nil {
			return err
		}
		if l.Do == "" {
			return fault.Conflict("There is nothing to take back")
		}
		var numbers []string
		for _, b := range before {
			numbers = append(numbers, b.Alert)
		}
		alerts, err := each(tx, by, numbers)
		if err != nil {
			return err
		}
		scales := s.scales(tx)
		for _, a := range alerts {
			b := before[slices.IndexFunc(before, func(b past) bool { return b.Alert == a.ID })]
			if !b.still(a) {
				out.Changed = append(out.Changed, a.ID)
				continue
			}
			if err := s.restore(tx, by, a, b, l.Do, scales); err != nil {
				return err
			}
			out.Done = append(out.Done, a.ID)
		}
		if _, err := scales.write(); err != nil {
			return err
		}
		if err := recount(tx, alerts); err != nil {
			return err
		}
		if len(out.Done) == 0 {
			return fault.Conflict("All of them changed meanwhile: nothing was taken back")
		}
		return forget(tx, by)
	})
	return out, err
}

// restore puts one alert back as it was.
func (s *Service) restore(tx *store.Tx, by authz.Actor, a Alert, b past, act string, scales *scales) error {
	a.State, a.Assignee, a.Triaged = b.State, b.Assignee, store.Time(b.Triaged)
	a.Reason, a.Note, a.By, a.Decided = "", "", "", time.Time{}
	if err := save(tx, a); err != nil {
		return err
	}
	if err := scales.void(a.ID, false); err != nil {
		return err
	}
	if w := b.Window; w != nil {
		// A window that opened meanwhile on the same thing goes on instead.
		if _, err := tx.Exec(`INSERT INTO detect_window (alert, key, since, until) SELECT CAST($1 AS text), CAST($2 AS text), CAST($3 AS bigint), CAST($4 AS bigint)
			WHERE NOT EXISTS (SELECT 1 FROM detect_window w WHERE w.key = CAST($2 AS text) AND w.until > CAST($3 AS bigint) AND w.since < CAST($4 AS bigint))`, a.ID, w.Key, w.Since, w.Until); err != nil {
			return err
		}
	}
	if err := entry(tx, a.ID, by.Who(), text.M("Taken back"), ""); err != nil {
		return err
	}
	return tx.Record(by, fact.AlertUndone{Alert: a.ID, Unit: a.Unit, Act: act})
}
