package identity

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// Account is how a person signs in.
type Account struct {
	Person   authz.Person
	Way      Way // the strongest
	Passkeys int
	Sessions int
	LastUsed time.Time // of any passkey
}

// AccountFilter narrows the list of accounts; empty fields do not.
type AccountFilter struct {
	Text    string // part of a name, an id or an address
	Without bool   // only people without a passkey
	Way     Way    // only people with this as the strongest way
	Lacks   Lack   // only people whom a share of two factors does not count
	Own     string // only people who belong directly to this unit
	Page    keyset.Page
}

// Lack is which share of people with two factors somebody is missing from, as
// Tally counts them.
type Lack string

// The shares.
const (
	LacksPrivileged Lack = "roles"  // holds a role, and his last sign-in showed one factor at most
	LacksGeneral    Lack = "others" // holds none, and has enrolled one at most
)

// lacking is the condition of each on the person p, with the time as $1.
var lacking = map[Lack]string{
	LacksPrivileged: "p.id IN (" + privilegedAt + ") AND COALESCE(" + lastLevel + ", '') NOT IN ('aal2', 'phr', 'phrh')",
	LacksGeneral:    "p.id NOT IN (" + privilegedAt + ") AND " + wayOf + " NOT IN ('aal2', 'phr', 'phrh')",
}

// Accounts lists how the active people of the scope sign in, by id.
func (s *Service) Accounts(ctx context.Context, scope authz.Scope, f AccountFilter) (list []Account, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		args := []any{tx.Millis(), store.Millis(tx.Now.Add(-s.o.Idle))}
		where := []string{"p.active = 1"}
		in, more := scope.Where("p.unit", len(args)+1)
		where, args = append(where, in), append(args, more...)
		if f.Text != "" {
			args = append(args, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(f.Text))+"%")
			where = append(where, fmt.Sprintf(`(LOWER(p.name) LIKE $%[1]d ESCAPE '\' OR p.name_ja LIKE $%[1]d ESCAPE '\' OR p.id LIKE $%[1]d ESCAPE '\' OR LOWER(p.email) LIKE $%[1]d ESCAPE '\')`, len(args)))
		}
		if f.Without {
			where = append(where, "NOT EXISTS (SELECT 1 FROM identity_passkey k WHERE k.person = p.id AND k.removed = 0)")
		}
		if f.Way != "" {
			args = append(args, string(f.Way))
			where = append(where, fmt.Sprintf("%s = $%d", wayOf, len(args)))
		}
		if cond, ok := lacking[f.Lacks]; ok {
			where = append(where, cond)
		}
		if f.Own != "" {
			args = append(args, f.Own)
			where = append(where, fmt.Sprintf("p.unit = $%d", len(args)))
		}
		cond := strings.Join(where, " AND ")
		if err := tx.QueryRow("SELECT COUNT(*) FROM authz_person p WHERE CAST($1 AS bigint) >= 0 AND CAST($2 AS bigint) >= 0 AND "+cond, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := f.Page.SQL(keyset.Columns{"person": keyset.Text("p.id")}, "p.id", len(args)+1)
		if err != nil {
			return err
		}
		list, err = store.Rows(tx, func(r store.Scanner) (a Account, err error) {
			var active int
			var used int64
			p := &a.Person
			err = r.Scan(&p.ID, &p.Name, &p.NameJA, &p.Unit, &p.Email, &p.Lang, &p.Zone, &active, &a.Passkeys, &a.Sessions, &used, &a.Way)
			p.Active, a.LastUsed = active != 0, store.Time(used)
			return a, err
		}, `SELECT p.id, p.name, p.name_ja, p.unit, p.email, p.lang, p.zone, p.active,
			(SELECT COUNT(*) FROM identity_passkey k WHERE k.person = p.id AND k.removed = 0),
			(SELECT COUNT(*) FROM identity_session s WHERE s.person = p.id AND s.until > $1 AND s.seen > $2),
			(SELECT COALESCE(MAX(k.used), 0) FROM identity_passkey k WHERE k.person = p.id AND k.removed = 0),
			`+wayOf+`
			FROM authz_person p WHERE `+cond+" AND "+after+order, append(args, more...)...)
		return err
	})
	return list, total, err
}

// Account is how one person signs in.
func (s *Service) Account(ctx context.Context, by authz.Actor, person string) (a Account, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if by.Person == person {
			a.Person, err = authz.FindPerson(tx, person)
			return err
		}
		a.Person, err = seen(tx, by, ReadPerson, person)
		return err
	})
	return a, err
}

// tally is how many active people belong directly to each unit, by their
// strongest way. Counting 150,000 people takes longer than a page may, so it is
// kept until the ledger tells of a change.
type tally struct {
	mu    sync.Mutex
	mark  int64
	units map[string]Tally
}

// changing are the facts that change the tally.
var changing = []string{"identity.passkey-enrolled", "identity.passkey-removed", "identity.factor-enrolled", "identity.factor-removed", "org.person-added", "org.person-changed", "org.person-left", "org.person-returned"}

// direct is the tally of the whole group. Nobody in it is privileged yet.
func (s *Service) direct(tx *store.Tx) (map[string]Tally, error) {
	var pending bool
	var mark int64
	if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM ledger_pending)").Scan(&pending); err != nil {
		return nil, err
	}
	for _, kind := range changing {
		var pos int64
		if err := tx.QueryRow("SELECT COALESCE(MAX(pos), 0) FROM ledger WHERE kind = $1", kind).Scan(&pos); err != nil {
			return nil, err
		}
		mark += pos // each only grows, so the sum is another after any change
	}
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	if !pending && s.tally.units != nil && s.tally.mark == mark {
		return s.tally.units, nil
	}
	units, err := countWays(tx)
	if err == nil && !pending { // what is not yet sealed has no mark
		s.tally.units, s.tally.mark = units, mark
	}
	return units, err
}

// CoverageByUnit counts active people who have a passkey, and all of them, per
// unit of the scope they belong to directly.
func (s *Service) CoverageByUnit(ctx context.Context, scope authz.Scope) (map[string][2]int64, error) {
	found := map[string][2]int64{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		units, err := s.direct(tx)
		for unit, n := range units {
			if scope.Contains(unit) {
				found[unit] = [2]int64{n.Passkeys(), n.People}
			}
		}
		return err
	})
	return found, err
}

// Coverage is CoverageByUnit of all units of the scope together.
func (s *Service) Coverage(ctx context.Context, scope authz.Scope) (with, all int64, err error) {
	units, err := s.CoverageByUnit(ctx, scope)
	for _, n := range units {
		with, all = with+n[0], all+n[1]
	}
	return with, all, err
}
