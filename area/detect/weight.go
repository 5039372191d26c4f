package detect

import (
	"context"
	"path"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Weight says how much alerts on hosts of a unit weigh, in per cent.
type Weight struct {
	ID     string
	Unit   string // with all below it
	Hosts  string // a pattern such as "dc-*"; "" = everything of the unit
	Weight int64  // 100 = as elsewhere
	Reason string
	By     string
	At     time.Time
}

// The bounds of a weight in per cent.
const (
	LeastWeight = 0
	MostWeight  = 1000
)

func weightsIn(tx *store.Tx) ([]Weight, error) {
	return store.Rows(tx, func(r store.Scanner) (w Weight, err error) {
		var at int64
		err = r.Scan(&w.ID, &w.Unit, &w.Hosts, &w.Weight, &w.Reason, &w.By, &at)
		w.At = store.Time(at)
		return w, err
	}, "SELECT id, unit, hosts, weight, reason, set_by, set_at FROM detect_weight ORDER BY unit, hosts, id")
}

// fits tells whether a host's name is of a pattern. An empty pattern fits all.
func fits(pattern, host string) bool {
	if pattern == "" || pattern == "*" {
		return true
	}
	host = strings.ToLower(host)
	for _, p := range strings.FieldsFunc(strings.ToLower(pattern), func(r rune) bool { return r == ',' || r == ' ' }) {
		if ok, err := path.Match(p, host); err == nil && ok {
			return true
		}
		if short, _, dotted := strings.Cut(host, "."); dotted && !strings.Contains(p, ".") {
			if ok, err := path.Match(p, short); err == nil && ok {
				return true
			}
		}
	}
	return false
}

// goodPattern refuses a pattern that can't be read.
func goodPattern(pattern string) bool {
	if len(pattern) > 300 {
		return false
	}
	for _, p := range strings.FieldsFunc(pattern, func(r rune) bool { return r == ',' || r == ' ' }) {
		if _, err := path.Match(p, "x"); err != nil || strings.Contains(p, "/") {
			return false
		}
	}
	return true
}

// weight is that of the nearest unit; there a pattern comes before none, and the
// greater of several before the others.
func (p *plan) weight(unit, host string) int64 {
	best, depth, named := int64(100), -1, false
	for _, w := range p.weights {
		if !p.below(unit, w.Unit) || w.Hosts != "" && (host == "" || !fits(w.Hosts, host)) {
			continue
		}
		own := ""
		if p.units != nil {
			own, _, _ = p.units.Paths(w.Unit)
		}
		d, n := strings.Count(own, "/"), w.Hosts != ""
		if d > depth || d == depth && (n && !named || n == named && w.Weight > best) {
			best, depth, named = w.Weight, d, n
		}
	}
	return best
}

// SetWeight says how much alerts on hosts of a unit weigh from now on; what was
// counted stays as it was.
func (s *Service) SetWeight(ctx context.Context, by authz.Actor, w Weight) error {
	w.Hosts, w.Reason = strings.TrimSpace(w.Hosts), strings.TrimSpace(w.Reason)
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.See(Read, w.Unit); err != nil {
			return fault.Invalid(fault.F("unit", "There is no such unit"))
		}
		if err := by.May(Exclude, w.Unit); err != nil {
			return err
		}
		var wrong []fault.Field
		if w.Weight < LeastWeight || w.Weight > MostWeight {
			wrong = append(wrong, fault.F("weight", "A weight is from %d to %d per cent", LeastWeight, MostWeight))
		}
		if !goodPattern(w.Hosts) {
			wrong = append(wrong, fault.F("hosts", "A pattern of host names such as dc-* is needed here"))
		}
		if len([]rune(w.Reason)) < 5 || len(w.Reason) > 1000 {
			wrong = append(wrong, fault.F("reason", "Say in a sentence why"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if _, err := tx.Exec("DELETE FROM detect_weight WHERE unit = $1 AND hosts = $2", w.Unit, w.Hosts); err != nil {
			return err
		}
		w.ID = id.New()
		if _, err := tx.Exec("INSERT INTO detect_weight (id, unit, hosts, weight, reason, set_by, set_at) VALUES ($1,$2,$3,$4,$5,$6,$7)",
			w.ID, w.Unit, w.Hosts, w.Weight, w.Reason, by.Who(), tx.Millis()); err != nil {
			return err
		}
		if err := s.next(tx); err != nil {
			return err
		}
		if err := entry(tx, "weight:"+w.Unit, by.Who(), text.M("Weight set to %d %%", w.Weight), w.Reason); err != nil {
			return err
		}
		return tx.Record(by, fact.WeightSet{Unit: w.Unit, Hosts: w.Hosts, Weight: w.Weight})
	})
}

// DropWeight takes a weight away.
func (s *Service) DropWeight(ctx context.Context, by authz.Actor, number string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		all, err := weightsIn(tx)
		if err != nil {
			return err
		}
		for _, w := range all {
			if w.ID != number {
				continue
			}
			if err := by.See(Read, w.Unit); err != nil {
				return err
			}
			if err := by.May(Exclude, w.Unit); err != nil {
				return err
			}
			if _, err := tx.Exec("DELETE FROM detect_weight WHERE id = $1", w.ID); err != nil {
				return err
			}
			if err := s.next(tx); err != nil {
				return err
			}
			if err := entry(tx, "weight:"+w.Unit, by.Who(), text.M("Weight taken away"), ""); err != nil {
				return err
			}
			return tx.Record(by, fact.WeightSet{Unit: w.Unit, Hosts: w.Hosts, Weight: 100})
		}
		return missing()
	})
}

// Weights are those of units in the scope.
func (s *Service) Weights(ctx context.Context, scope authz.Scope) (seen []Weight, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err := weightsIn(tx)
		for _, w := range all {
			if scope.Contains(w.Unit) {
				seen = append(seen, w)
			}
		}
		return err
	})
	return seen, err
}
