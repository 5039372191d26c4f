package identity

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"yagura/area/identity/policy"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// PolicyState is what became of a policy.
type PolicyState string

// The states of a policy.
const (
	Draft     PolicyState = "draft"
	InForce   PolicyState = "in-force"
	Former    PolicyState = "former"
	Withdrawn PolicyState = "withdrawn"
)

// Label is the state's name.
func (s PolicyState) Label() text.Message {
	switch s {
	case Draft:
		return text.M("Draft§policy")
	case InForce:
		return text.M("In force§policy")
	case Former:
		return text.M("Former§policy")
	}
	return text.M("Withdrawn§policy")
}

// UnitPolicy is one version of what a unit says about signing in.
type UnitPolicy struct {
	ID       string
	Unit     string
	Text     string
	Why      string
	State    PolicyState
	Author   string
	Made     time.Time
	Approver string
	Approved time.Time
	Ended    time.Time
}

const policyColumns = "l.id, l.unit, l.said, l.why, l.state, l.author, l.made, l.approver, l.approved, l.ended"

func readPolicy(r store.Scanner) (p UnitPolicy, err error) {
	var made, approved, ended int64
	err = r.Scan(&p.ID, &p.Unit, &p.Text, &p.Why, &p.State, &p.Author, &made, &p.Approver, &approved, &ended)
	p.Made, p.Approved, p.Ended = store.Time(made), store.Time(approved), store.Time(ended)
	return p, err
}

func findPolicy(tx *store.Tx, by authz.Actor, version string) (UnitPolicy, error) {
	p, err := readPolicy(tx.QueryRow("SELECT "+policyColumns+" FROM identity_policy l WHERE l.id = $1", version))
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.NotFound("There is no such entry, or you may not see it")
	}
	if err != nil {
		return p, err
	}
	return p, by.See(ReadFactors, p.Unit)
}

// ReadPolicy reads the text of a policy of a unit. What is wrong is a fault of
// the field "said" that names the first place; policy.Parse names all.
func ReadPolicy(unit, said string) (policy.Policy, error) {
	p, mistakes := policy.Parse([]byte(said))
	if len(mistakes) > 0 {
		return p, fault.Invalid(fault.F("said", "Line %d: %s", mistakes[0].Line, mistakes[0].Message))
	}
	if p.Unit != "" && p.Unit != unit {
		return p, fault.Invalid(fault.F("said", "The text is for the unit %s", p.Unit))
	}
	return p, nil
}

// DraftPolicy proposes what a unit and all below it shall say from now on. The
// actor's earlier draft for it is withdrawn.
func (s *Service) DraftPolicy(ctx context.Context, by authz.Actor, unit, said, why string) (version string, err error) {
	why, said = strings.TrimSpace(why), strings.ReplaceAll(said, "\r\n", "\n")
	_, err = ReadPolicy(unit, said)
	wrong := fault.FieldsOf(err)
	if why == "" || len([]rune(why)) > longestText {
		wrong = append(wrong, fault.F("why", "Say in at most %d letters why", longestText))
	}
	if len(wrong) > 0 {
		return "", fault.Invalid(wrong...)
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(DraftPolicies, unit); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE identity_policy SET state = $1, ended = $2 WHERE unit = $3 AND author = $4 AND state = $5", string(Withdrawn), tx.Millis(), unit, by.Who(), string(Draft)); err != nil {
			return err
		}
		version = id.New()
		return s.putPolicy(tx, by, UnitPolicy{ID: version, Unit: unit, Text: said, Why: why, Author: by.Who()})
	})
	return version, err
}

func (s *Service) putPolicy(tx *store.Tx, by authz.Actor, p UnitPolicy) error {
	if _, err := tx.Exec("INSERT INTO identity_policy (id, unit, said, why, state, author, made) VALUES ($1,$2,$3,$4,$5,$6,$7)",
		p.ID, p.Unit, p.Text, p.Why, string(Draft), p.Author, tx.Millis()); err != nil {
		return err
	}
	return tx.Record(by, fact.PolicyDrafted{Policy: p.ID, Unit: p.Unit})
}

// ApprovePolicy puts a draft in force: a second person's part.
func (s *Service) ApprovePolicy(ctx context.Context, by authz.Actor, version string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := findPolicy(tx, by, version)
		if err != nil {
			return err
		}
		if err := by.May(ApprovePolicy, p.Unit); err != nil {
			return err
		}
		if err := authz.TwoPersons(p.Author, by.Who()); err != nil {
			return err
		}
		if p.State != Draft {
			return fault.Conflict("This draft is decided already")
		}
		if _, err := ReadPolicy(p.Unit, p.Text); err != nil {
			return err
		}
		return s.enforce(tx, by, p, by.Who())
	})
}

func (s *Service) enforce(tx *store.Tx, by authz.Actor, p UnitPolicy, approver string) error {
	if _, err := tx.Exec("UPDATE identity_policy SET state = $1, ended = $2 WHERE unit = $3 AND state = $4", string(Former), tx.Millis(), p.Unit, string(InForce)); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE identity_policy SET state = $1, approver = $2, approved = $3 WHERE id = $4", string(InForce), approver, tx.Millis(), p.ID); err != nil {
		return err
	}
	if err := stirred(tx); err != nil {
		return err
	}
	return tx.Record(by, fact.PolicyApproved{Policy: p.ID, Unit: p.Unit})
}

// WithdrawPolicy takes a draft back: its author may, and who could approve it.
func (s *Service) WithdrawPolicy(ctx context.Context, by authz.Actor, version string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := findPolicy(tx, by, version)
		if err != nil {
			return err
		}
		if p.Author != by.Who() {
			if err := by.May(ApprovePolicy, p.Unit); err != nil {
				return err
			}
		}
		if p.State != Draft {
			return fault.Conflict("This draft is decided already")
		}
		if _, err := tx.Exec("UPDATE identity_policy SET state = $1, ended = $2 WHERE id = $3", string(Withdrawn), tx.Millis(), p.ID); err != nil {
			return err
		}
		return tx.Record(by, fact.PolicyWithdrawn{Policy: p.ID, Unit: p.Unit})
	})
}

// PolicyDetail is one version with what holds by it.
type PolicyDetail struct {
	UnitPolicy
	Holds  policy.Rules // for people of the unit, were it in force
	Weaker []string     // where it lets in what does not get in now
}

// PolicyOf is one version of a policy.
func (s *Service) PolicyOf(ctx context.Context, by authz.Actor, version string) (d PolicyDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d.UnitPolicy, err = findPolicy(tx, by, version); err != nil {
			return err
		}
		said, err := ReadPolicy(d.Unit, d.Text)
		if err != nil {
			return err
		}
		now, then, err := s.before(tx, d.Unit, said)
		d.Holds, d.Weaker = then, policy.Weaker(now, then)
		return err
	})
	return d, err
}

// before are the rules of a unit now, and were it to say something else.
func (s *Service) before(tx *store.Tx, unit string, said policy.Policy) (now, then policy.Rules, err error) {
	around, err := s.surroundings(tx)
	if err != nil {
		return now, then, err
	}
	path, err := s.path(tx, unit)
	if err != nil {
		return now, then, err
	}
	return policy.For(path, around.policies), policy.For(path, around.with(unit, said)), nil
}

// with are the policies, were a unit to say something else.
func (s *surroundings) with(unit string, said policy.Policy) map[string]policy.Policy {
	all := map[string]policy.Policy{unit: said}
	for u, p := range s.policies {
		if u != unit {
			all[u] = p
		}
	}
	return all
}

// UnitRules is what holds for the people of a unit, and which units say it.
type UnitRules struct {
	Unit    string
	Holds   policy.Rules
	Said    string   // its own text in force
	From    []string // units that say something, from the top down
	History []UnitPolicy
}

// RulesOf is what holds for a unit.
func (s *Service) RulesOf(ctx context.Context, by authz.Actor, unit string) (r UnitRules, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := by.See(ReadFactors, unit); err != nil {
			return err
		}
		around, err := s.surroundings(tx)
		if err != nil {
			return err
		}
		path, err := s.path(tx, unit)
		if err != nil {
			return err
		}
		r.Unit, r.Holds = unit, policy.For(path, around.policies)
		for _, u := range path {
			if _, ok := around.policies[u]; ok {
				r.From = append(r.From, u)
			}
		}
		r.History, err = store.Rows(tx, readPolicy, "SELECT "+policyColumns+" FROM identity_policy l WHERE l.unit = $1 ORDER BY l.made DESC, l.id DESC LIMIT 100", unit)
		for _, p := range r.History {
			if p.State == InForce {
				r.Said = p.Text
			}
		}
		return err
	})
	return r, err
}

// Policies are the versions in force and the drafts of units in the scope, by
// unit, the latest first.
func (s *Service) Policies(ctx context.Context, scope authz.Scope) (list []UnitPolicy, err error) {
	where, args := scope.Where("l.unit", 3)
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.Rows(tx, readPolicy, "SELECT "+policyColumns+" FROM identity_policy l JOIN authz_unit u ON u.id = l.unit WHERE l.state IN ($1,$2) AND "+where+" ORDER BY u.path, l.made DESC, l.id LIMIT 500",
			append([]any{string(InForce), string(Draft)}, args...)...)
		return err
	})
	return list, err
}
