package incident

import (
	"context"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// Filter narrows a list; empty fields do not.
type Filter struct {
	Query    string // anywhere in number, title, description, or an observable
	State    string // a state, or "open"
	Severity string
	Class    string
	Team     string
	Lead     string
	From, To time.Time // occurred
	Unit     string    // within this unit, in either tree
	Page     keyset.Page
}

// sorts are what a list may be ordered by.
var sorts = keyset.Columns{
	"number": keyset.Int("i.seq"), "title": keyset.Text("i.title"), "unit": keyset.Text("i.unit"), "severity": keyset.Int("i.rank"),
	"state": keyset.Int("i.stage"), "lead": keyset.Text("i.lead"), "occurred": keyset.Int("i.occurred"), "reported": keyset.Int("i.reported"),
}

// At is the position of an incident in a list ordered by sort.
func At(i Incident, sort string) keyset.Position {
	switch sort {
	case "number":
		return keyset.At(seq(i.ID), i.ID)
	case "title":
		return keyset.At(i.Title, i.ID)
	case "unit":
		return keyset.At(i.Unit, i.ID)
	case "severity":
		return keyset.At(i.Severity.Rank(), i.ID)
	case "state":
		return keyset.At(i.State.Stage(), i.ID)
	case "lead":
		return keyset.At(i.Lead, i.ID)
	case "reported":
		return keyset.At(store.Millis(i.Reported), i.ID)
	}
	return keyset.At(store.Millis(i.Occurred), i.ID)
}

func (f Filter) where(by authz.Actor, scope authz.Scope) (string, []any) {
	in, args := visible(by, scope, f.Unit, 1)
	where := []string{in}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	if q := strings.TrimSpace(f.Query); q != "" {
		add(`(i.haystack LIKE ? ESCAPE '\' OR EXISTS (SELECT 1 FROM incident_observable q WHERE q.incident = i.id AND LOWER(q.value) LIKE ? ESCAPE '\'))`, like(q))
	}
	switch f.State {
	case "":
	case "open":
		add("i.open = ?", 1)
	default:
		add("i.state = ?", f.State)
	}
	for _, c := range []struct{ column, value string }{{"severity", f.Severity}, {"class", f.Class}, {"team", f.Team}, {"lead", f.Lead}} {
		if c.value != "" {
			add("i."+c.column+" = ?", c.value)
		}
	}
	if !f.From.IsZero() {
		add("i.occurred >= ?", store.Millis(f.From))
	}
	if !f.To.IsZero() {
		add("i.occurred < ?", store.Millis(f.To))
	}
	return strings.Join(where, " AND "), args
}

// List returns a page of the incidents which the actor may see (one more than
// its limit when there is a next page) and how many there are in all. scope is
// where he may read.
func (s *Service) List(ctx context.Context, by authz.Actor, scope authz.Scope, f Filter) (rows []Incident, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := f.where(by, scope)
		after, more, order, err := f.Page.SQL(sorts, "i.id", len(args)+1)
		if err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM incident i WHERE "+where, args...).Scan(&total); err != nil {
			return err
		}
		rows, err = store.Rows(tx, read, "SELECT "+columns+" FROM incident i WHERE "+where+" AND "+after+order, append(args, more...)...)
		return err
	})
	return rows, total, err
}

// Count is the number of incidents which the actor may see.
func (s *Service) Count(ctx context.Context, by authz.Actor, scope authz.Scope, f Filter) (n int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := f.where(by, scope)
		return tx.QueryRow("SELECT COUNT(*) FROM incident i WHERE "+where, args...).Scan(&n)
	})
	return n, err
}
