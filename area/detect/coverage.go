package detect

import (
	"context"
	"io"
	"slices"
	"strings"

	"yagura/area/detect/attack"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// CoverageDays is how lately a log source must have sent events for its rules to
// count, where nothing is said.
const CoverageDays = 14

// Coverage is how far the rules reach over a matrix.
type Coverage struct {
	attack.Matrix
	Days int
	Seen []Seen
}

// Coverage counts techniques whose rule raises alerts, whose log source sent
// events in the scope in the last days, and whose case passes.
func (s *Service) Coverage(ctx context.Context, by authz.Actor, scope authz.Scope, d attack.Domain, days int, lang text.Lang) (c Coverage, err error) {
	if !by.CanAnywhere(Read) {
		return c, by.May(Read, "")
	}
	if days < 1 || days > 90 {
		days = CoverageDays
	}
	c.Days = days
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err := s.planIn(tx)
		if err != nil {
			return err
		}
		if c.Seen, err = s.seenIn(tx, scope, days); err != nil {
			return err
		}
		names, err := attackNames(tx, d)
		if err != nil {
			return err
		}
		passes, err := s.passing(tx)
		if err != nil {
			return err
		}
		var list []attack.Rule
		lib := s.lib.Load()
		for _, r := range lib.rules {
			if lib.silent[r.ID] {
				continue // its correlations count
			}
			set := p.of(r)
			x := attack.Rule{ID: r.ID, Title: r.Title.In(lang), State: string(set.State), Source: r.Sources.String(), Tags: r.Tags,
				InForce: set.Enabled && (set.State == Trial || set.State == Stable), Case: passes[r.ID]}
			if !set.Enabled {
				x.State = "off"
			}
			x.Arrived = true
			for _, l := range r.looksAt() {
				x.Arrived = x.Arrived && slices.ContainsFunc(c.Seen, func(seen Seen) bool { return l.Covers(seen.Source) })
			}
			list = append(list, x)
		}
		c.Matrix = attack.Build(d, list, names)
		return nil
	})
	return c, err
}

// passing are the rules whose cases pass. Those beside rules are tried once for
// each set of rules, those that people attached each time.
func (s *Service) passing(tx *store.Tx) (map[string]bool, error) {
	lib := s.lib.Load()
	lib.tried.Do(func() {
		lib.passes = map[string]bool{}
		for _, r := range lib.rules {
			if r.Correlation != nil {
				lib.passes[r.ID] = lib.playsRight(r)
				continue
			}
			c, err := r.writtenCase()
			if err != nil || len(c.Fires) == 0 {
				continue
			}
			ok := true
			for i, e := range append(c.Fires[:len(c.Fires):len(c.Fires)], c.Silent...) {
				ok = ok && s.firesIn(lib, r, e) == (i < len(c.Fires))
			}
			lib.passes[r.ID] = ok
		}
	})
	kept, err := store.Rows(tx, func(r store.Scanner) (rule string, err error) { return rule, r.Scan(&rule) }, "SELECT DISTINCT rule FROM detect_case")
	if err != nil || len(kept) == 0 {
		return lib.passes, err
	}
	all := map[string]bool{}
	for id, ok := range lib.passes {
		all[id] = ok
	}
	for _, id := range kept {
		if r := lib.byID[id]; r != nil {
			c, err := s.caseOf(tx, r)
			if err != nil {
				return nil, err
			}
			all[id] = c.Passes()
		}
	}
	return all, nil
}

func attackNames(tx *store.Tx, d attack.Domain) ([]attack.Name, error) {
	return store.Rows(tx, func(r store.Scanner) (n attack.Name, err error) {
		var tactics string
		err = r.Scan(&n.Domain, &n.ID, &n.Name, &tactics)
		n.Tactics = strings.Fields(tactics)
		return n, err
	}, "SELECT domain, id, name, tactics FROM detect_attack WHERE domain = $1 ORDER BY id", string(d))
}

// ImportAttack takes the names of techniques from a STIX bundle. What it holds
// of a matrix replaces what was there of it.
func (s *Service) ImportAttack(ctx context.Context, by authz.Actor, r io.Reader) (n int, err error) {
	if err := by.May(Rules, ""); err != nil {
		return 0, err
	}
	names, err := attack.Read(r)
	if err != nil {
		return 0, fault.Invalid(fault.F("bundle", "The file can't be read: %s", err.Error()))
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		domains := map[attack.Domain]int{}
		for _, x := range names {
			domains[x.Domain]++
		}
		for _, d := range []attack.Domain{attack.Enterprise, attack.ICS} {
			if domains[d] == 0 {
				continue
			}
			if _, err := tx.Exec("DELETE FROM detect_attack WHERE domain = $1", string(d)); err != nil {
				return err
			}
		}
		for _, x := range names {
			if _, err := tx.Exec("INSERT INTO detect_attack (domain, id, name, tactics) VALUES ($1,$2,$3,$4)", string(x.Domain), x.ID, x.Name, strings.Join(x.Tactics, " ")); err != nil {
				return err
			}
		}
		return tx.Record(by, fact.AttackImported{Names: len(names)})
	})
	return len(names), err
}
