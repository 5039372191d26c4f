package detect

import (
	"context"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// RuleState is how far a rule is trusted. People decide it.
type RuleState string

// The states of a rule.
const (
	Draft        RuleState = "draft"        // not looked with
	Experimental RuleState = "experimental" // hits are counted, nobody is told
	Trial        RuleState = "test"         // alerts one level lower
	Stable       RuleState = "stable"
	Retired      RuleState = "retired" // not looked with any more
)

// RuleStates are all states in their order.
var RuleStates = []RuleState{Draft, Experimental, Trial, Stable, Retired}

// Label is the word for the state.
func (s RuleState) Label() text.Message {
	switch s {
	case Draft:
		return text.M("Draft§rule")
	case Experimental:
		return text.M("Experimental")
	case Trial:
		return text.M("Test§rule")
	case Stable:
		return text.M("Stable")
	case Retired:
		return text.M("Retired")
	}
	return text.Literal(string(s))
}

// Setting is what people decided about a rule.
type Setting struct {
	State   RuleState
	Enabled bool
	Level   string // instead of the one written; "" = as written
	By      string // who decided last; "" = nobody yet
	At      time.Time
}

// effective is the level of the alerts that the rule raises.
func (x Setting) effective(r *Rule) Level {
	l := r.Level
	if over, ok := ParseLevel(x.Level); ok && x.Level != "" {
		l = over
	}
	if x.State == Trial && l > Informational {
		l--
	}
	return l
}

// plan is what people decided about rules, at one moment.
type plan struct {
	generation int64
	settings   map[string]Setting
	exclusions []Exclusion // those that may come into force
	units      *authz.Units

	suppressions []Suppression // those that may matter
	containing   map[string]Containing
	weights      []Weight
}

func (p *plan) of(r *Rule) Setting {
	if set, ok := p.settings[r.ID]; ok {
		return set
	}
	return Setting{State: r.written(), Enabled: true}
}

// below tells whether a unit is another or lies below it, by ownership.
func (p *plan) below(unit, top string) bool {
	if unit == top {
		return true
	}
	if p.units == nil {
		return false
	}
	root, _, ok1 := p.units.Paths(top)
	own, _, ok2 := p.units.Paths(unit)
	return ok1 && ok2 && strings.HasPrefix(own, root)
}

func generation(tx *store.Tx) (n int64, err error) {
	return n, tx.QueryRow("SELECT n FROM detect_generation WHERE id = 1").Scan(&n)
}

// next says that something was decided; every process reads it anew.
func (s *Service) next(tx *store.Tx) error {
	_, err := tx.Exec("UPDATE detect_generation SET n = n + 1 WHERE id = 1")
	return err
}

// planOf is the plan as it is now. What was read last is taken where nothing
// was decided since.
func (s *Service) planOf(ctx context.Context) (p *plan, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err = s.planIn(tx)
		if err == nil {
			s.plan.Store(p)
		}
		return err
	})
	return p, err
}

// planIn is the plan as a transaction sees it. It is not kept, since the
// transaction may yet be rolled back.
func (s *Service) planIn(tx *store.Tx) (*plan, error) {
	n, err := generation(tx)
	if err != nil {
		return nil, err
	}
	units, err := s.o.Directory.Units(tx)
	if err != nil {
		return nil, err
	}
	if p := s.plan.Load(); p != nil && p.generation == n {
		if p.units == units {
			return p, nil
		}
		same := *p
		same.units = units
		return &same, nil
	}
	p := &plan{generation: n, settings: map[string]Setting{}, units: units}
	type row struct {
		id string
		Setting
	}
	rows, err := store.Rows(tx, func(r store.Scanner) (x row, err error) {
		var enabled int
		var at int64
		err = r.Scan(&x.id, &x.State, &enabled, &x.Level, &x.By, &at)
		x.Enabled, x.At = enabled == 1, store.Time(at)
		return x, err
	}, "SELECT id, state, enabled, level, changed_by, changed FROM detect_rule")
	if err != nil {
		return nil, err
	}
	for _, x := range rows {
		p.settings[x.id] = x.Setting
	}
	p.exclusions, err = store.Rows(tx, readExclusion, "SELECT "+exclusionColumns+" FROM detect_exclusion x WHERE x.approved > 0 AND x.ended = 0 AND x.expires > $1 ORDER BY x.id", tx.Millis())
	if err != nil {
		return nil, err
	}
	if p.suppressions, err = suppressionsIn(tx); err != nil {
		return nil, err
	}
	if p.containing, err = containings(tx); err != nil {
		return nil, err
	}
	p.weights, err = weightsIn(tx)
	return p, err
}
