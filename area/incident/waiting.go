package incident

import (
	"context"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Waiting is something that waits for a person.
type Waiting struct {
	Kind     string // task, offer, lead, untriaged
	Incident Incident
	Title    string // of the task; else the incident's
	Due      time.Time
	Since    time.Time
}

// Mine are the things that wait for the actor, most urgent first: offers to
// him or his team, his tasks, incidents that he leads, and reports which
// nobody of his teams looked at yet.
func (s *Service) Mine(ctx context.Context, by authz.Actor, limit int) (ws []Waiting, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		ws = nil
		where, args := visible(by, by.Scope(Read), "", 3)
		args = append([]any{by.Person, limit}, args...)
		offered, err := store.Rows(tx, waitingOf("offer"), "SELECT "+columns+`, '', o.due, o.at FROM incident_offer o JOIN incident i ON i.id = o.incident
			JOIN incident_offer_asked a ON a.offer = o.id AND a.person = $1 WHERE o.state = 'open' AND `+where+" ORDER BY o.due LIMIT $2", args...)
		if err != nil {
			return err
		}
		due, err := store.Rows(tx, waitingOf("task"), "SELECT "+columns+`, t.title, t.due, t.at FROM incident_task t JOIN incident i ON i.id = t.incident
			WHERE t.assignee = $1 AND t.done = 0 AND i.open = 1 AND `+where+" ORDER BY CASE WHEN t.due = 0 THEN 1 ELSE 0 END, t.due, t.at LIMIT $2", args...)
		if err != nil {
			return err
		}
		led, err := store.Rows(tx, waitingOf("lead"), "SELECT "+columns+`, '', 0, i.reported FROM incident i
			WHERE i.lead = $1 AND i.open = 1 AND `+where+" ORDER BY i.rank DESC, i.reported LIMIT $2", args...)
		if err != nil {
			return err
		}
		ws = append(append(offered, due...), led...)
		teams, err := s.p.Teams.AllTeams(tx)
		if err != nil {
			return err
		}
		var mine []any
		for _, t := range teams {
			for _, m := range append([]string{t.Lead}, t.Members...) {
				if m == by.Person && by.Person != "" {
					mine = append(mine, t.ID)
					break
				}
			}
		}
		if len(mine) > 0 {
			fresh, err := store.Rows(tx, waitingOf("untriaged"), "SELECT "+columns+`, '', 0, i.reported FROM incident i
				WHERE i.state = 'reported' AND i.lead <> $1 AND `+where+" AND i.team IN ("+marks(len(args)+1, len(mine))+") ORDER BY i.rank DESC, i.reported LIMIT $2",
				append(args, mine...)...)
			if err != nil {
				return err
			}
			ws = append(ws, fresh...)
		}
		if len(ws) > limit {
			ws = ws[:limit]
		}
		return nil
	})
	return ws, err
}

func waitingOf(kind string) func(store.Scanner) (Waiting, error) {
	return func(r store.Scanner) (Waiting, error) {
		w := Waiting{Kind: kind}
		var due, since int64
		i, err := read(tail{r, []any{&w.Title, &due, &since}})
		w.Incident, w.Due, w.Since = i, store.Time(due), store.Time(since)
		if w.Title == "" {
			w.Title = i.Title
		}
		return w, err
	}
}

// tail scans further columns after those that read takes.
type tail struct {
	store.Scanner
	more []any
}

func (t tail) Scan(into ...any) error { return t.Scanner.Scan(append(into, t.more...)...) }

// Deadline is a clock that runs in an incident.
type Deadline struct {
	Kind     string // offer, task
	Incident Incident
	Title    string
	Start    time.Time
	Due      time.Time
}

// Deadlines are the clocks of open incidents that the actor may see, nearest
// first: offers that climb, tasks that are due.
func (s *Service) Deadlines(ctx context.Context, by authz.Actor, scope authz.Scope, unit string, limit int) (ds []Deadline, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := visible(by, scope, unit, 2)
		rows, err := store.Rows(tx, waitingOf(""), "SELECT "+columns+`, k.title, k.due, k.at FROM incident i JOIN (
				SELECT incident, '' AS title, due, at FROM incident_offer WHERE state = 'open'
				UNION ALL SELECT incident, title, due, at FROM incident_task WHERE done = 0 AND due > 0
			) k ON k.incident = i.id WHERE i.open = 1 AND `+where+" ORDER BY k.due, i.id LIMIT $1", append([]any{limit}, args...)...)
		ds = nil
		for _, w := range rows {
			d := Deadline{Kind: "task", Incident: w.Incident, Title: w.Title, Start: w.Since, Due: w.Due}
			if w.Title == w.Incident.Title {
				d.Kind = "offer"
			}
			ds = append(ds, d)
		}
		return err
	})
	return ds, err
}
