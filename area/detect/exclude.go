package detect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// Preview is what an exclusion would have hidden among recent alerts: those of
// the last 30 days of its rule and unit, by the events kept with them.
type Preview struct {
	Looked   int // alerts with events
	Whole    int // all of whose events it selects
	Partly   int
	Hits     int64   // of those wholly selected
	Alerts   []Alert // wholly or partly, newest first, at most 50
	Incident int     // of these, raised to an incident: a warning
	Two      bool    // a second person must approve it
}

// recent is how far a preview looks back.
const recent = 30 * 24 * time.Hour

// ask checks an exclusion before it is there.
func (s *Service) ask(tx *store.Tx, by authz.Actor, x *Exclusion) (*screen, error) {
	x.Reason, x.Filter = strings.TrimSpace(x.Reason), strings.TrimSpace(x.Filter)
	if err := by.See(Read, x.Unit); err != nil {
		return nil, fault.Invalid(fault.F("unit", "There is no such unit"))
	}
	if err := by.May(Exclude, x.Unit); err != nil {
		return nil, err
	}
	var wrong []fault.Field
	p, err := s.planIn(tx)
	if err != nil {
		return nil, err
	}
	r := s.lib.Load().byID[x.Rule]
	switch {
	case x.Rule != "" && r == nil:
		wrong = append(wrong, fault.F("rule", "There is no such rule"))
	case x.Rule == "" && (x.Unit == "" || x.Unit == p.units.Root()):
		wrong = append(wrong, fault.F("unit", "An exclusion for every rule is for one unit, not for the whole group"))
	}
	if len([]rune(x.Reason)) < 10 {
		wrong = append(wrong, fault.F("reason", "Say in a sentence why this is not suspicious"))
	}
	if !x.Expires.After(tx.Now) || x.Expires.After(tx.Now.AddDate(0, 0, MostDays)) {
		wrong = append(wrong, fault.F("expires", "An exclusion ends at a day within the next %d days", MostDays))
	}
	nobody, err := owned(tx, by, &x.Owner)
	if err != nil {
		return nil, err
	}
	wrong = append(wrong, nobody...)
	c, err := s.screenOf(x.Filter)
	if err != nil {
		wrong = append(wrong, fault.F("filter", "The filter can't be read: %s", err.Error()))
	}
	if len(wrong) > 0 {
		return nil, fault.Invalid(wrong...)
	}
	// What would silence a critical rule, or any rule, takes two people.
	x.Two = r == nil || p.of(r).effective(r) == Critical || r.Level == Critical
	return c, nil
}

// PreviewExclusion shows what an exclusion would have hidden; nothing is changed.
func (s *Service) PreviewExclusion(ctx context.Context, by authz.Actor, x Exclusion) (pre Preview, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		c, err := s.ask(tx, by, &x)
		if err != nil {
			return err
		}
		pre, err = s.preview(tx, by, x, c)
		return err
	})
	return pre, err
}

func (s *Service) preview(tx *store.Tx, by authz.Actor, x Exclusion, c *screen) (pre Preview, err error) {
	pre.Two = x.Two
	scope := by.Scope(Read).Within(by.Units(), x.Unit)
	f := Filter{Rule: x.Rule, From: tx.Now.Add(-recent)}
	where, args := f.where(scope)
	alerts, err := store.Rows(tx, read, "SELECT "+columns+" FROM detect_alert a WHERE a.samples > 0 AND "+where+" ORDER BY a.first DESC, a.ord DESC LIMIT 500", args...)
	if err != nil {
		return pre, err
	}
	pre.Looked = len(alerts)
	for _, a := range alerts {
		samples, err := samplesOf(tx, a.ID)
		if err != nil {
			return pre, err
		}
		n := 0
		for _, e := range samples {
			if len(e.Raw) > 0 && c.selects(Event{Doc: e.Raw, Product: e.hint.Product, Category: e.hint.Category, Service: e.hint.Service}) {
				n++
			}
		}
		switch {
		case n == 0:
			continue
		case n == len(samples):
			pre.Whole++
			pre.Hits += a.Hits
		default:
			pre.Partly++
		}
		if a.State == Raised {
			pre.Incident++
		}
		if len(pre.Alerts) < 50 {
			pre.Alerts = append(pre.Alerts, a)
		}
	}
	return pre, nil
}

// AddExclusion puts an exclusion in force, or asks for the second person where
// one is needed. It tells what it would have hidden.
func (s *Service) AddExclusion(ctx context.Context, by authz.Actor, x Exclusion) (made Exclusion, pre Preview, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		made = x
		c, err := s.ask(tx, by, &made)
		if err != nil {
			return err
		}
		if pre, err = s.preview(tx, by, made, c); err != nil {
			return err
		}
		made.Created, made.By = tx.Now, by.Who()
		if !made.Two {
			made.Approved, made.Approver = tx.Now, by.Who()
		}
		if made.ID, err = tx.Number("EXC"); err != nil {
			return err
		}
		if err := insertExclusion(tx, made); err != nil {
			return err
		}
		return s.begun(tx, by, made.standing(tx), made.Reason)
	})
	return made, pre, err
}

func (x Exclusion) standing(tx *store.Tx) standing {
	state := x.State(tx.Now)
	return standing{table: "detect_exclusion", id: x.ID, unit: x.Unit, by: x.By, owner: x.Owner, waits: state == Waiting, over: state == Ended || state == Expired,
		notWaiting: fault.Conflict("This exclusion does not wait for approval"), overAlready: fault.Conflict("This exclusion has ended already"),
		fact: func(act string) store.Fact { return x.fact(act) }}
}

func findExclusion(tx *store.Tx, by authz.Actor, number string) (Exclusion, error) {
	x, err := readExclusion(tx.QueryRow("SELECT "+exclusionColumns+" FROM detect_exclusion x WHERE x.id = $1", number))
	if errors.Is(err, sql.ErrNoRows) {
		return x, missing()
	}
	if err != nil {
		return x, err
	}
	return x, by.See(Read, x.Unit)
}

// ApproveExclusion puts an exclusion in force that somebody else asked for.
func (s *Service) ApproveExclusion(ctx context.Context, by authz.Actor, number string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		x, err := findExclusion(tx, by, number)
		if err != nil {
			return err
		}
		return s.approve(tx, by, x.standing(tx))
	})
}

// EndExclusion ends an exclusion now, or refuses one that waits.
func (s *Service) EndExclusion(ctx context.Context, by authz.Actor, number, why string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		x, err := findExclusion(tx, by, number)
		if err != nil {
			return err
		}
		return s.end(tx, by, x.standing(tx), why)
	})
}

var exclusionSorts = keyset.Columns{"number": keyset.Text("x.id"), "expires": keyset.Int("x.expires"), "hidden": keyset.Int("x.hidden"), "created": keyset.Int("x.created"), "unit": keyset.Text("x.unit")}

// ExclusionAt is the position of an exclusion in a list ordered by sort.
func ExclusionAt(x Exclusion, sort string) keyset.Position {
	switch sort {
	case "number":
		return keyset.At(x.ID, x.ID)
	case "hidden":
		return keyset.At(x.Hidden, x.ID)
	case "created":
		return keyset.At(store.Millis(x.Created), x.ID)
	case "unit":
		return keyset.At(x.Unit, x.ID)
	}
	return keyset.At(store.Millis(x.Expires), x.ID)
}

// ExclusionFilter narrows a list of exclusions.
type ExclusionFilter struct {
	State string
	Rule  string
	Owner string
	Page  keyset.Page
}

// Exclusions lists exclusions whose unit lies in the scope.
func (s *Service) Exclusions(ctx context.Context, scope authz.Scope, f ExclusionFilter) (rows []Exclusion, total int, err error) {
	names := s.Names()
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("x.unit", 1)
		add := func(cond string, v any) {
			args = append(args, v)
			where += " AND " + strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args)))
		}
		switch ExclusionState(f.State) {
		case Waiting:
			add("x.ended = 0 AND x.approved = 0 AND x.expires > ?", tx.Millis())
		case InForce:
			add("x.ended = 0 AND x.approved > 0 AND x.expires > ?", tx.Millis())
		case Expired:
			add("x.ended = 0 AND x.expires <= ?", tx.Millis())
		case Ended:
			where += " AND x.ended > 0"
		}
		for _, c := range []struct{ column, value string }{{"rule", f.Rule}, {"owner", f.Owner}} {
			if c.value != "" {
				add("x."+c.column+" = ?", c.value)
			}
		}
		after, more, order, err := f.Page.SQL(exclusionSorts, "x.id", len(args)+1)
		if err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM detect_exclusion x WHERE "+where, args...).Scan(&total); err != nil {
			return err
		}
		rows, err = store.Rows(tx, readExclusion, "SELECT "+exclusionColumns+" FROM detect_exclusion x WHERE "+where+" AND "+after+order, append(args, more...)...)
		for i := range rows {
			rows[i].Title = names[rows[i].Rule]
		}
		return err
	})
	return rows, total, err
}

// ExclusionDetail is an exclusion with what it would have hidden lately.
type ExclusionDetail struct {
	Exclusion
	Preview Preview
	History []Entry
	People  map[string]authz.Person
	Change  bool // the reader may approve or end it
}

// ShowExclusion is an exclusion with all that belongs to it.
func (s *Service) ShowExclusion(ctx context.Context, by authz.Actor, number string) (d ExclusionDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		x, err := findExclusion(tx, by, number)
		if err != nil {
			return err
		}
		x.Title = s.Names()[x.Rule]
		d = ExclusionDetail{Exclusion: x, Change: by.Can(Exclude, x.Unit)}
		if c, err := s.screenOf(x.Filter); err == nil {
			if d.Preview, err = s.preview(tx, by, x, c); err != nil {
				return err
			}
		}
		d.History, d.People, err = peopleOf(tx, x.ID, x.Owner, x.By, x.Approver, x.EndedBy)
		return err
	})
	return d, err
}

// Suggest is a filter for what an alert is about: the fields by which its hits
// belong together with the values they have, for a person to narrow or widen.
func Suggest(d Detail) string {
	var pairs []Pair
	for _, p := range d.Entity {
		if p.Value != "" && p.Field != "host" && p.Field != "user" && p.Field != "image" {
			pairs = append(pairs, p)
		}
	}
	if len(pairs) == 0 && len(d.Samples) > 0 {
		for _, m := range d.Samples[0].Matched {
			if m.Field != "" && len(pairs) < 3 {
				pairs = append(pairs, m)
			}
		}
	}
	var b strings.Builder
	for _, p := range pairs {
		b.WriteString(p.Field + ": '" + strings.NewReplacer("'", "''", `\*`, `\*`, "*", `\*`, "?", `\?`).Replace(p.Value) + "'\n")
	}
	return b.String()
}
