package detect

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

func entityText(ps []Pair) (string, error) {
	if ps == nil {
		ps = []Pair{}
	}
	raw, err := json.Marshal(ps)
	return string(raw), err
}

// checkSuppression checks a suppression before it is there and says whether it
// takes two people.
func (s *Service) checkSuppression(tx *store.Tx, by authz.Actor, x *Suppression) error {
	x.Reason, x.Hosts = strings.TrimSpace(x.Reason), strings.TrimSpace(x.Hosts)
	if err := by.See(Read, x.Unit); err != nil {
		return fault.Invalid(fault.F("unit", "There is no such unit"))
	}
	if err := by.May(Exclude, x.Unit); err != nil {
		return err
	}
	p, err := s.planIn(tx)
	if err != nil {
		return err
	}
	var wrong []fault.Field
	bad := func(f fault.Field) { wrong = append(wrong, f) }
	r := s.lib.Load().byID[x.Rule]
	if x.Rule != "" && r == nil {
		bad(fault.F("rule", "There is no such rule"))
	}
	if len([]rune(x.Reason)) < 10 || len(x.Reason) > 2000 {
		bad(fault.F("reason", "Say in a sentence why nobody needs to be told"))
	}
	switch x.Kind {
	case Quiet:
		x.Hosts, x.Grave = "", false
		if x.Since.IsZero() || x.Since.Before(tx.Now) {
			x.Since = tx.Now
		}
		if x.Rule == "" {
			bad(fault.F("rule", "Silence after an alert is for one rule"))
		}
		if x.Silence < time.Minute || x.Silence > LongestSilence {
			bad(fault.F("silence", "A silence lasts from a minute to %d days", int(LongestSilence/(24*time.Hour))))
		}
		if !x.Until.After(tx.Now) || x.Until.Sub(tx.Now) > LongestQuiet {
			bad(fault.F("until", "It ends at a day within the next %d days", MostDays))
		}
		x.Two = r != nil && (p.of(r).effective(r) == Critical || r.Level == Critical)
	case Window:
		x.Silence = 0
		if !goodPattern(x.Hosts) {
			bad(fault.F("hosts", "A pattern of host names such as dc-* is needed here"))
		}
		if x.Since.IsZero() {
			bad(fault.F("since", "Say when it begins"))
		} else if x.Since.Before(tx.Now.Add(-time.Hour)) {
			bad(fault.F("since", "Maintenance is planned ahead; what was is excluded or dismissed"))
		}
		if !x.Until.After(x.Since) || !x.Until.After(tx.Now) || x.Until.Sub(x.Since) > LongestWindow {
			bad(fault.F("until", "It ends after it begins, at most %d days later", int(LongestWindow/(24*time.Hour))))
		}
		if x.Hosts == "" && x.Rule == "" && (x.Unit == "" || x.Unit == p.units.Root()) {
			bad(fault.F("hosts", "For the whole group name the hosts or one rule"))
		}
		x.Two = x.Grave
	default:
		bad(fault.F("kind", "There is no such choice"))
	}
	nobody, err := owned(tx, by, &x.Owner)
	if err != nil {
		return err
	}
	wrong = append(wrong, nobody...)
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

// Suppress puts a suppression in force, or asks for the second person where one
// is needed: for critical alerts.
func (s *Service) Suppress(ctx context.Context, by authz.Actor, x Suppression) (made Suppression, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		made = x
		if err := s.checkSuppression(tx, by, &made); err != nil {
			return err
		}
		made.Created, made.By = tx.Now, by.Who()
		if !made.Two {
			made.Approved, made.Approver = tx.Now, by.Who()
		}
		if made.ID, err = tx.Number("SUP"); err != nil {
			return err
		}
		if err := insertSuppression(tx, made); err != nil {
			return err
		}
		return s.begun(tx, by, made.standing(tx), made.Reason)
	})
	return made, err
}

func insertSuppression(tx *store.Tx, x Suppression) error {
	_, err := tx.Exec(`INSERT INTO detect_suppression (id, kind, rule, unit, hosts, silence, grave, since, until, owner, reason, two, created, created_by, approved, approved_by,
		ended, ended_by, hits, things, last_hit) VALUES (`+marks(1, 21)+")", x.ID, x.Kind, x.Rule, x.Unit, x.Hosts, x.Silence.Milliseconds(), flag(x.Grave),
		store.Millis(x.Since), store.Millis(x.Until), x.Owner, x.Reason, flag(x.Two), store.Millis(x.Created), x.By, store.Millis(x.Approved), x.Approver,
		store.Millis(x.Ended), x.EndedBy, x.Hits, x.Things, store.Millis(x.Last))
	return err
}

func (x Suppression) fact(act string) fact.SuppressionSet {
	return fact.SuppressionSet{Suppression: x.ID, Act: act, Kind: x.Kind, Rule: x.Rule, Unit: x.Unit, Owner: x.Owner, Two: x.Two, Since: x.Since, Until: x.Until, Hits: x.Hits}
}

func (x Suppression) standing(tx *store.Tx) standing {
	state := x.State(tx.Now)
	return standing{table: "detect_suppression", id: x.ID, unit: x.Unit, by: x.By, owner: x.Owner, waits: state == SuppressionWaits, over: state == SuppressionOver,
		notWaiting: fault.Conflict("This suppression does not wait for approval"), overAlready: fault.Conflict("This suppression is over already"),
		fact: func(act string) store.Fact { return x.fact(act) }}
}

func findSuppression(tx *store.Tx, by authz.Actor, number string) (Suppression, error) {
	x, err := readSuppression(tx.QueryRow("SELECT "+suppressionColumns+" FROM detect_suppression x WHERE x.id = $1", number))
	if errors.Is(err, sql.ErrNoRows) {
		return x, missing()
	}
	if err != nil {
		return x, err
	}
	return x, by.See(Read, x.Unit)
}

// ApproveSuppression puts a suppression in force that somebody else asked for.
func (s *Service) ApproveSuppression(ctx context.Context, by authz.Actor, number string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		x, err := findSuppression(tx, by, number)
		if err != nil {
			return err
		}
		return s.approve(tx, by, x.standing(tx))
	})
}

// EndSuppression ends a suppression now, or refuses one that waits.
func (s *Service) EndSuppression(ctx context.Context, by authz.Actor, number, why string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		x, err := findSuppression(tx, by, number)
		if err != nil {
			return err
		}
		return s.end(tx, by, x.standing(tx), why)
	})
}

var suppressionSorts = keyset.Columns{"number": keyset.Text("x.id"), "until": keyset.Int("x.until"), "unit": keyset.Text("x.unit")}

// SuppressionAt is the position of a suppression in a list ordered by sort.
func SuppressionAt(x Suppression, sort string) keyset.Position {
	switch sort {
	case "until":
		return keyset.At(store.Millis(x.Until), x.ID)
	case "unit":
		return keyset.At(x.Unit, x.ID)
	}
	return keyset.At(x.ID, x.ID)
}

// SuppressionFilter narrows a list of suppressions.
type SuppressionFilter struct {
	State, Kind, Rule string
	Page              keyset.Page
}

// Suppressions lists suppressions whose unit lies in the scope.
func (s *Service) Suppressions(ctx context.Context, scope authz.Scope, f SuppressionFilter) (rows []Suppression, total int, err error) {
	names := s.Names()
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("x.unit", 1)
		add := func(cond string, v any) {
			args = append(args, v)
			where += " AND " + strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args)))
		}
		switch SuppressionState(f.State) {
		case SuppressionWaits:
			add("x.ended = 0 AND x.approved = 0 AND x.until > ?", tx.Millis())
		case SuppressionPlanned:
			add("x.ended = 0 AND x.approved > 0 AND x.since > ?", tx.Millis())
		case SuppressionActive:
			add("x.ended = 0 AND x.approved > 0 AND x.since <= ? AND x.until > ?", tx.Millis())
		case SuppressionOver:
			add("(x.ended > 0 OR x.until <= ?)", tx.Millis())
		}
		if f.Kind != "" {
			add("x.kind = ?", f.Kind)
		}
		if f.Rule != "" {
			add("x.rule = ?", f.Rule)
		}
		after, more, order, err := f.Page.SQL(suppressionSorts, "x.id", len(args)+1)
		if err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM detect_suppression x WHERE "+where, args...).Scan(&total); err != nil {
			return err
		}
		rows, err = store.Rows(tx, readSuppression, "SELECT "+suppressionColumns+" FROM detect_suppression x WHERE "+where+" AND "+after+order, append(args, more...)...)
		if err != nil {
			return err
		}
		for i := range rows {
			rows[i].Title = names[rows[i].Rule]
			if err := rows[i].within(tx, scope); err != nil {
				return err
			}
		}
		return nil
	})
	return rows, total, err
}

// within counts only what was held in the scope.
func (x *Suppression) within(tx *store.Tx, scope authz.Scope) error {
	where, args := scope.Where("h.unit", 2)
	var last int64
	err := tx.QueryRow("SELECT CAST(COALESCE(SUM(h.hits), 0) AS bigint), COUNT(*), COALESCE(MAX(h.last), 0) FROM detect_held h WHERE h.cause = $1 AND "+where,
		append([]any{x.ID}, args...)...).Scan(&x.Hits, &x.Things, &last)
	x.Last = store.Time(last)
	return err
}

// Held is an alert that a suppression kept from being raised.
type Held struct {
	ID     string
	Cause  string // number of the suppression
	Rule   string
	Title  Words
	Level  Level
	Unit   string
	Host   string
	User   string
	Entity []Pair
	First  time.Time
	Last   time.Time
	Hits   int64
	Event  string // the first
	Alert  string // the one before, after which there is silence

	CauseUnit string // of the suppression
}

// Subject is what it is about.
func (h Held) Subject() string { return Alert{Host: h.Host, User: h.User, Entity: h.Entity}.Subject() }

var heldSorts = keyset.Columns{"last": keyset.Int("h.last"), "first": keyset.Int("h.first"), "hits": keyset.Int("h.hits"), "level": keyset.Int("h.level"), "unit": keyset.Text("h.unit")}

// HeldAt is the position of what was held in a list ordered by sort.
func HeldAt(h Held, sort string) keyset.Position {
	switch sort {
	case "first":
		return keyset.At(store.Millis(h.First), h.ID)
	case "hits":
		return keyset.At(h.Hits, h.ID)
	case "level":
		return keyset.At(int(h.Level), h.ID)
	case "unit":
		return keyset.At(h.Unit, h.ID)
	}
	return keyset.At(store.Millis(h.Last), h.ID)
}

// HeldFilter narrows a list of what was held.
type HeldFilter struct {
	Cause, Rule, Level string
	Page               keyset.Page
}

// HeldBack lists the alerts in the scope that were not raised.
func (s *Service) HeldBack(ctx context.Context, scope authz.Scope, f HeldFilter) (rows []Held, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("h.unit", 1)
		add := func(cond string, v any) {
			args = append(args, v)
			where += fmt.Sprintf(" AND %s = $%d", cond, len(args))
		}
		if f.Cause != "" {
			add("h.cause", f.Cause)
		}
		if f.Rule != "" {
			add("h.rule", f.Rule)
		}
		if l, ok := ParseLevel(f.Level); ok && f.Level != "" {
			add("h.level", int(l))
		}
		after, more, order, err := f.Page.SQL(heldSorts, "h.id", len(args)+1)
		if err != nil {
			return err
		}
		if err := tx.QueryRow(fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM detect_held h WHERE %s LIMIT %d) n", where, countedUpTo+1), args...).Scan(&total); err != nil {
			return err
		}
		if total > countedUpTo {
			total = -1
		}
		rows, err = store.Rows(tx, func(r store.Scanner) (h Held, err error) {
			var entity string
			var first, last int64
			if err := r.Scan(&h.ID, &h.Cause, &h.Rule, &h.Title.EN, &h.Title.JA, &h.Level, &h.Unit, &h.Host, &h.User, &entity, &first, &last, &h.Hits, &h.Event, &h.Alert, &h.CauseUnit); err != nil {
				return h, err
			}
			h.First, h.Last = store.Time(first), store.Time(last)
			return h, json.Unmarshal([]byte(entity), &h.Entity)
		}, "SELECT h.id, h.cause, h.rule, h.title, h.title_ja, h.level, h.unit, h.host, h.account, h.entity, h.first, h.last, h.hits, h.event, h.alert, COALESCE((SELECT x.unit FROM detect_suppression x WHERE x.id = h.cause), '') FROM detect_held h WHERE "+where+" AND "+after+order, append(args, more...)...)
		return err
	})
	return rows, total, err
}

// SuppressionDetail is a suppression with what it held back where the reader may
// see it.
type SuppressionDetail struct {
	Suppression
	Held    []Held
	More    bool
	History []Entry
	People  map[string]authz.Person
	Change  bool
}

// ShowSuppression is a suppression with all that belongs to it.
func (s *Service) ShowSuppression(ctx context.Context, by authz.Actor, number string) (d SuppressionDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		x, err := findSuppression(tx, by, number)
		if err != nil {
			return err
		}
		x.Title = s.Names()[x.Rule]
		if err := x.within(tx, by.Scope(Read)); err != nil {
			return err
		}
		d = SuppressionDetail{Suppression: x, Change: by.Can(Exclude, x.Unit)}
		d.History, d.People, err = peopleOf(tx, x.ID, x.Owner, x.By, x.Approver, x.EndedBy)
		return err
	})
	if err != nil {
		return d, err
	}
	d.Held, _, err = s.HeldBack(ctx, by.Scope(Read), HeldFilter{Cause: number, Page: keyset.Page{Sort: "last", Desc: true, Limit: 50}})
	if len(d.Held) > 50 {
		d.Held, d.More = d.Held[:50], true
	}
	return d, err
}

// SuppressionsToApprove are suppressions that wait for a second person and that
// the actor may approve.
func (s *Service) SuppressionsToApprove(ctx context.Context, by authz.Actor, limit int) (xs []Suppression, err error) {
	names := s.Names()
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := by.Scope(Exclude).Where("x.unit", 4)
		xs, err = store.Rows(tx, readSuppression, "SELECT "+suppressionColumns+` FROM detect_suppression x WHERE x.approved = 0 AND x.ended = 0 AND x.until > $1
			AND x.created_by <> $2 AND x.owner <> $2 AND `+where+" ORDER BY x.created LIMIT $3", append([]any{tx.Millis(), by.Who(), limit}, args...)...)
		for i := range xs {
			xs[i].Title = names[xs[i].Rule]
		}
		return err
	})
	return xs, err
}
