package detect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// Filter narrows a list of alerts; empty fields do not.
type Filter struct {
	State    string // a state, or "open"
	Level    string // a level's name
	Least    string // this level or above
	Rule     string
	Unit     string // exactly this unit; subtrees are in the scope
	Host     string
	User     string
	Assignee string // person; "none" = nobody
	Incident string
	Story    string
	Text     string // anywhere in number, title, host, user, program, entity
	From, To time.Time
	Page     keyset.Page
}

var sorts = keyset.Columns{
	"number": keyset.Text("a.ord"), "level": keyset.Int("a.level"), "first": keyset.Int("a.first"), "last": keyset.Int("a.last"),
	"hits": keyset.Int("a.hits"), "unit": keyset.Text("a.unit"), "state": keyset.Text("a.state"), "risk": keyset.Int("a.risk"),
}

// At is the position of an alert in a list ordered by sort.
func At(a Alert, sort string) keyset.Position {
	switch sort {
	case "number":
		return keyset.At(a.ord, a.ord)
	case "first":
		return keyset.At(store.Millis(a.First), a.ord)
	case "last":
		return keyset.At(store.Millis(a.Last), a.ord)
	case "hits":
		return keyset.At(a.Hits, a.ord)
	case "risk":
		return keyset.At(a.Risk, a.ord)
	case "unit":
		return keyset.At(a.Unit, a.ord)
	case "state":
		return keyset.At(string(a.State), a.ord)
	}
	return keyset.At(int(a.Level), a.ord)
}

// where is the predicate of a filter within a scope, with values from $1 on.
func (f Filter) where(scope authz.Scope) (string, []any) {
	column := "a.unit"
	switch State(f.State) {
	case "open", Untriaged, Assigned:
		// Written so, the index over all alerts of a unit is not used, which holds
		// years of decided ones; those over open alerts have the unit in them.
		column = "(a.unit || '')"
	}
	in, args := scope.Where(column, 1)
	where := []string{in}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	switch State(f.State) {
	case "":
	case "open":
		where = append(where, "a.open = 1") // written out, as partial indexes ask for
	case Untriaged:
		where = append(where, "a.open = 1", "a.state = 'new'")
	case Assigned:
		where = append(where, "a.open = 1", "a.state = 'assigned'")
	default:
		add("a.state = ?", f.State)
	}
	if l, ok := ParseLevel(f.Level); ok && f.Level != "" {
		add("a.level = ?", int(l))
	}
	if l, ok := ParseLevel(f.Least); ok && f.Least != "" {
		add("a.level >= ?", int(l))
	}
	for _, c := range []struct{ column, value string }{{"rule", f.Rule}, {"unit", f.Unit}, {"host", f.Host}, {"account", f.User}, {"incident", f.Incident}, {"story", f.Story}} {
		if c.value != "" {
			add("a."+c.column+" = ? AND a."+c.column+" <> ''", c.value)
		}
	}
	switch f.Assignee {
	case "":
	case "none":
		where = append(where, "a.assignee = ''")
	default:
		add("a.assignee = ?", f.Assignee)
	}
	if !f.From.IsZero() {
		add("a.first >= ?", store.Millis(f.From))
	}
	if !f.To.IsZero() {
		add("a.first < ?", store.Millis(f.To))
	}
	if q := strings.TrimSpace(f.Text); q != "" {
		if slices.Contains(where, "a.open = 1") { // an index holds the texts of open ones
			add(`a.id IN (SELECT t.id FROM detect_alert t WHERE t.open = 1 AND t.haystack LIKE ? ESCAPE '\')`, like(q))
		} else {
			add(`a.haystack LIKE ? ESCAPE '\'`, like(q))
		}
	}
	return strings.Join(where, " AND "), args
}

// countedUpTo is how far the rows of a list are counted: past it the exact
// number helps nobody and costs everybody.
const countedUpTo = 10000

// List returns a page of alerts in the scope (one more than its limit when there
// is a next page) and how many there are; -1 = more than 10,000, or not counted.
func (s *Service) List(ctx context.Context, scope authz.Scope, f Filter) (rows []Alert, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := f.where(scope)
		after, more, order, err := f.Page.SQL(sorts, "a.ord", len(args)+1)
		if err != nil {
			return err
		}
		total = -1
		if f.Text != "" && f.From.IsZero() && !slices.Contains([]string{"open", string(Untriaged), string(Assigned)}, f.State) {
			// Words among everything ever decided are searched from one end of the
			// list and not counted, which would read it all.
		} else if err := tx.QueryRow(fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM detect_alert a WHERE %s LIMIT %d) n", where, countedUpTo+1), args...).Scan(&total); err != nil {
			return err
		}
		if total > countedUpTo {
			total = -1
		}
		rows, err = store.Rows(tx, read, "SELECT "+columns+" FROM detect_alert a WHERE "+where+" AND "+after+order, append(args, more...)...)
		return err
	})
	return rows, total, err
}

// Count is how many alerts there are in the scope.
func (s *Service) Count(ctx context.Context, scope authz.Scope, f Filter) (n int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := f.where(scope)
		return tx.QueryRow("SELECT COUNT(*) FROM detect_alert a WHERE "+where, args...).Scan(&n)
	})
	return n, err
}
