package detect

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/area/detect/backtest"
	"yagura/area/detect/sigma"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// TrialDays is how many days of stored events a backtest must look at before a
// rule is promoted.
const TrialDays = 7

// freshBacktest is how old the backtest behind a promotion may be.
const freshBacktest = 30 * 24 * time.Hour

// rank orders the states on a rule's way; retired is off it.
func (s RuleState) rank() int {
	return slices.Index([]RuleState{Draft, Experimental, Trial, Stable}, s)
}

// Next is the state that a rule is promoted to; "" where there is none.
func (s RuleState) Next() RuleState {
	switch s {
	case Draft:
		return Experimental
	case Experimental:
		return Trial
	case Trial:
		return Stable
	}
	return ""
}

// promotes tells whether a change of state takes the check list and a second
// person. Whoever leaves retirement begins as a draft.
func promotes(from, to RuleState) bool {
	if from == Retired {
		return to != Draft && to != Retired
	}
	return to.rank() > from.rank()
}

// DefaultBudget is how many hits a day a rule of a level may have over the whole
// group where nobody said otherwise.
func DefaultBudget(l Level) int64 {
	switch l {
	case Critical:
		return 5
	case High:
		return 20
	case Medium:
		return 100
	case Low:
		return 500
	}
	return 5000
}

// Budget is a rule's hits per day that are expected at most.
type Budget struct {
	PerDay int64
	Set    bool // by people; else by level
	By     string
	At     time.Time
}

func budgetOf(tx *store.Tx, r *Rule) (b Budget, err error) {
	var at int64
	err = tx.QueryRow("SELECT per_day, changed_by, changed FROM detect_budget WHERE rule = $1", r.ID).Scan(&b.PerDay, &b.By, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return Budget{PerDay: DefaultBudget(r.Level)}, nil
	}
	b.Set, b.At = true, store.Time(at)
	return b, err
}

// SetBudget says how many hits a day of a rule are expected at most; 0 takes the
// one of its level again.
func (s *Service) SetBudget(ctx context.Context, by authz.Actor, id string, perDay int64) error {
	r := s.lib.Load().byID[id]
	if r == nil {
		return missing()
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		if perDay < 0 || perDay > 1_000_000 {
			return fault.Invalid(fault.F("budget", "A number from 1 to 1,000,000 is needed, or 0 for the one of the level"))
		}
		said := text.M("Budget set to %d hits a day", perDay)
		if perDay == 0 {
			said = text.M("Budget as for its level")
			if _, err := tx.Exec("DELETE FROM detect_budget WHERE rule = $1", id); err != nil {
				return err
			}
		} else if _, err := tx.Exec(`INSERT INTO detect_budget (rule, per_day, changed_by, changed) VALUES ($1,$2,$3,$4)
			ON CONFLICT (rule) DO UPDATE SET per_day = excluded.per_day, changed_by = excluded.changed_by, changed = excluded.changed`,
			id, perDay, by.Who(), tx.Millis()); err != nil {
			return err
		}
		if err := entry(tx, id, by.Who(), said, ""); err != nil {
			return err
		}
		return tx.Record(by, fact.RuleBudgetSet{Rule: id, PerDay: perDay})
	})
}

// Check is one thing that a promotion needs.
type Check struct {
	Code string // lint, case, backtest, person
	OK   bool
	What text.Message
	Say  text.Message // how it stands
	Href string
}

// Promotion is a request to promote a rule.
type Promotion struct {
	ID       string
	Rule     string
	Version  string
	From, To RuleState
	Why      string
	Backtest string
	By       string
	Asked    time.Time
	State    string // waiting, approved, refused, withdrawn
	Decider  string
	Decided  time.Time
}

const promotionColumns = "p.id, p.rule, p.version, p.was, p.target, p.why, p.backtest, p.asked_by, p.asked, p.state, p.decided_by, p.decided"

func readPromotion(r store.Scanner) (p Promotion, err error) {
	var asked, decided int64
	err = r.Scan(&p.ID, &p.Rule, &p.Version, &p.From, &p.To, &p.Why, &p.Backtest, &p.By, &asked, &p.State, &p.Decider, &decided)
	p.Asked, p.Decided = store.Time(asked), store.Time(decided)
	return p, err
}

func waitingPromotion(tx *store.Tx, rule string) (p Promotion, err error) {
	p, err = readPromotion(tx.QueryRow("SELECT "+promotionColumns+" FROM detect_promotion p WHERE p.rule = $1 AND p.state = 'waiting'", rule))
	if errors.Is(err, sql.ErrNoRows) {
		return Promotion{}, nil
	}
	return p, err
}

// checks says how it stands with what a promotion needs, the second person left
// out; backtest is the number of the one that counts.
func (s *Service) checks(tx *store.Tx, r *Rule) (list []Check, backtestID string, err error) {
	lint := Check{Code: "lint", What: text.M("Nothing doubtful in its text"), Href: "#lint"}
	errs, warns := 0, 0
	for _, f := range s.LintText(r.Text) {
		switch f.Severity {
		case sigma.Grave:
			errs++
		case sigma.Warning:
			warns++
		}
	}
	if lint.OK = errs+warns == 0; lint.OK {
		lint.Say = text.M("Lint found no error and no warning.")
	} else {
		lint.Say = text.M("Lint found %d errors and %d warnings.", errs, warns)
	}
	var c RuleCase
	if r.Correlation == nil {
		if c, err = s.caseOf(tx, r); err != nil {
			return nil, "", err
		}
	}
	cases := Check{Code: "case", What: text.M("A case on which it fires"), Href: "#cases", OK: c.Passes()}
	switch {
	case r.Correlation != nil && r.Pack:
		cases.Href = ""
		if cases.OK = s.lib.Load().playsRight(r); cases.OK {
			cases.Say = text.M("It fires on its sequences of events, and on none of the silent ones.")
		} else {
			cases.Say = text.M("It does not do what its sequences of events say.")
		}
	case r.Correlation != nil:
		cases.OK, cases.Href, cases.Say = true, "", text.M("Cases are of single events: its rules have them.")
	case len(c.Fires) == 0:
		cases.Say = text.M("There is no event on which it must fire. Attach one below.")
	case !cases.OK:
		cases.Say = text.M("%d of its %d cases fail.", c.Failed, len(c.Fires)+len(c.Silent))
	default:
		cases.Say = text.M("All %d cases pass.", len(c.Fires)+len(c.Silent))
	}
	back := Check{Code: "backtest", What: text.M("A backtest over at least %d days, within its budget", TrialDays), Href: "#backtests"}
	budget, err := budgetOf(tx, r)
	if err != nil {
		return nil, "", err
	}
	b, res, err := bestBacktest(tx, s, r)
	if err != nil {
		return nil, "", err
	}
	switch {
	case b.ID == "":
		back.Say = text.M("No backtest of this version over the whole group was finished in the last 30 days.")
	case b.To.Sub(b.From) < TrialDays*24*time.Hour:
		back.Say = text.M("%s looked at fewer than %d days.", b.ID, TrialDays)
	case res.Partial:
		back.Say = text.M("%s did not look at all events of its days.", b.ID)
	case res.WithData < TrialDays:
		back.Say = text.M("%s found events on %d days only.", b.ID, res.WithData)
	case res.PerDay > float64(budget.PerDay):
		back.Say = text.M("%s: %.1f hits a day, more than the %d allowed.", b.ID, res.PerDay, budget.PerDay)
	default:
		back.OK, backtestID = true, b.ID
		back.Say = text.M("%s: %.1f hits a day, %d allowed.", b.ID, res.PerDay, budget.PerDay)
	}
	if b.ID != "" {
		back.Href = "/detect/backtests/" + b.ID
	}
	return []Check{lint, cases, back}, backtestID, nil
}

// bestBacktest is the latest backtest that could stand behind a promotion.
func bestBacktest(tx *store.Tx, s *Service, r *Rule) (b Backtest, res backtest.Result, err error) {
	rows, err := store.Rows(tx, readBacktest, "SELECT "+backtestColumns+" FROM detect_backtest b WHERE b.rule = $1 AND b.version = $2 AND b.state = 'done' AND b.filter = '' AND b.ended >= $3 ORDER BY b.asked DESC LIMIT 20",
		r.ID, r.Version, store.Millis(tx.Now.Add(-freshBacktest)))
	if err != nil {
		return b, res, err
	}
	units, err := s.o.Directory.Units(tx)
	if err != nil {
		return b, res, err
	}
	for _, x := range rows {
		if x.Unit != "" && x.Unit != units.Root() {
			continue
		}
		if r.Correlation != nil && x.Result.Parts != s.lib.Load().partsOf(r.Correlation) {
			continue // a rule that it joins was another then
		}
		if b.ID == "" || x.To.Sub(x.From) >= TrialDays*24*time.Hour && b.To.Sub(b.From) < TrialDays*24*time.Hour {
			b = x
		}
	}
	return b, b.Result, nil
}

// Promote asks for a rule's promotion to its next state. Another person has to
// approve it.
func (s *Service) Promote(ctx context.Context, by authz.Actor, id, why string) (p Promotion, err error) {
	r := s.lib.Load().byID[id]
	if r == nil {
		return p, missing()
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		why = strings.TrimSpace(why)
		if why == "" {
			return fault.Invalid(fault.F("promote", "Say why, in a sentence"))
		}
		plan, err := s.planIn(tx)
		if err != nil {
			return err
		}
		from := plan.of(r).State
		to := from.Next()
		if to == "" {
			return fault.Conflict("A rule in this state can't be promoted")
		}
		if old, err := waitingPromotion(tx, id); err != nil || old.ID != "" {
			if err == nil {
				err = fault.Conflict("A promotion of this rule waits for a second person already")
			}
			return err
		}
		list, test, err := s.checks(tx, r)
		if err != nil {
			return err
		}
		if err := unmet(list); err != nil {
			return err
		}
		p = Promotion{Rule: id, Version: r.Version, From: from, To: to, Why: why, Backtest: test, By: by.Who(), Asked: tx.Now, State: "waiting"}
		if p.ID, err = tx.Number("PRM"); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO detect_promotion (id, rule, version, was, target, why, backtest, asked_by, asked, state, decided_by, decided) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,'',0)",
			p.ID, p.Rule, p.Version, string(p.From), string(p.To), p.Why, p.Backtest, p.By, tx.Millis(), p.State); err != nil {
			return err
		}
		if err := r.version(tx); err != nil {
			return err
		}
		if err := entry(tx, id, by.Who(), text.M("Promotion to %s asked for", to.Label()), why); err != nil {
			return err
		}
		return tx.Record(by, p.fact("asked"))
	})
	return p, err
}

func (p Promotion) fact(act string) fact.RulePromotion {
	return fact.RulePromotion{Promotion: p.ID, Act: act, Rule: p.Rule, Version: p.Version, From: string(p.From), To: string(p.To), Backtest: p.Backtest}
}

// unmet names what is missing.
func unmet(list []Check) error {
	var wrong []fault.Field
	for _, c := range list {
		if !c.OK {
			wrong = append(wrong, fault.Field{Name: "promote", Message: c.Say})
		}
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

// DecidePromotion approves or refuses a promotion that somebody else asked for;
// whoever asked may take it back.
func (s *Service) DecidePromotion(ctx context.Context, by authz.Actor, id, what string) error {
	r := s.lib.Load().byID[id]
	if r == nil {
		return missing()
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		p, err := waitingPromotion(tx, id)
		if err != nil {
			return err
		}
		if p.ID == "" {
			return fault.Conflict("No promotion of this rule waits")
		}
		act, said := "refused", text.M("Promotion to %s refused", p.To.Label())
		switch what {
		case "approve":
			if err := authz.TwoPersons(p.By, by.Who()); err != nil {
				return err
			}
			plan, err := s.planIn(tx)
			if err != nil {
				return err
			}
			set := plan.of(r)
			if r.Version != p.Version || set.State != p.From {
				return fault.Conflict("The rule was changed since; take the promotion back and ask anew")
			}
			list, _, err := s.checks(tx, r)
			if err != nil {
				return err
			}
			if err := unmet(list); err != nil {
				return err
			}
			act, said = "approved", text.M("Promoted to %s", p.To.Label())
			set.State = p.To
			if err := putSetting(tx, id, set, by.Who()); err != nil {
				return err
			}
			if err := s.next(tx); err != nil {
				return err
			}
			if err := tx.Record(by, fact.RuleSet{Rule: id, State: string(p.To), Enabled: set.Enabled, Level: set.Level}); err != nil {
				return err
			}
		case "refuse":
			if p.By == by.Who() {
				act, said = "withdrawn", text.M("Promotion to %s taken back", p.To.Label())
			}
		default:
			return fault.Invalid(fault.F("do", "Approve or refuse"))
		}
		if _, err := tx.Exec("UPDATE detect_promotion SET state = $2, decided_by = $3, decided = $4 WHERE id = $1", p.ID, act, by.Who(), tx.Millis()); err != nil {
			return err
		}
		if err := entry(tx, id, by.Who(), said, ""); err != nil {
			return err
		}
		return tx.Record(by, p.fact(act))
	})
}

// withdrawPromotion ends a promotion that no longer fits the rule.
func withdrawPromotion(tx *store.Tx, by authz.Actor, rule string) error {
	p, err := waitingPromotion(tx, rule)
	if err != nil || p.ID == "" {
		return err
	}
	if _, err := tx.Exec("UPDATE detect_promotion SET state = 'withdrawn', decided_by = $2, decided = $3 WHERE id = $1", p.ID, by.Who(), tx.Millis()); err != nil {
		return err
	}
	return tx.Record(by, p.fact("withdrawn"))
}

func putSetting(tx *store.Tx, id string, x Setting, who string) error {
	_, err := tx.Exec(`INSERT INTO detect_rule (id, state, enabled, level, changed_by, changed) VALUES ($1,$2,$3,$4,$5,$6)
		ON CONFLICT (id) DO UPDATE SET state=excluded.state, enabled=excluded.enabled, level=excluded.level, changed_by=excluded.changed_by, changed=excluded.changed`,
		id, string(x.State), flag(x.Enabled), x.Level, who, tx.Millis())
	return err
}

// Waiting are the promotions that wait for a second person.
func (s *Service) WaitingPromotions(ctx context.Context, by authz.Actor) (list []Promotion, err error) {
	if !by.CanAnywhere(Read) {
		return nil, by.May(Read, "")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.Rows(tx, readPromotion, "SELECT "+promotionColumns+" FROM detect_promotion p WHERE p.state = 'waiting' ORDER BY p.asked")
		return err
	})
	return list, err
}

// life fills in how it stands with a rule's promotion.
func (s *Service) life(tx *store.Tx, by authz.Actor, scope authz.Scope, d *RuleDetail) (err error) {
	if d.Budget, err = budgetOf(tx, d.Rule); err != nil {
		return err
	}
	if d.Waiting, err = waitingPromotion(tx, d.ID); err != nil {
		return err
	}
	d.Next = d.State.Next()
	if d.Checks, _, err = s.checks(tx, d.Rule); err != nil {
		return err
	}
	second := Check{Code: "person", What: text.M("A second person"), Say: text.M("Nobody has asked for a promotion yet."), Href: "#life"}
	if d.Waiting.ID != "" {
		second.Say = text.M("%s waits for somebody else than who asked.", d.Waiting.ID)
		d.Approve = d.Change && d.Waiting.By != by.Who()
	}
	d.Checks = append(d.Checks, second)
	if scope.All() {
		d.Backtests, err = store.Rows(tx, readBacktest, "SELECT "+backtestColumns+" FROM detect_backtest b WHERE b.rule = $1 ORDER BY b.asked DESC LIMIT 10", d.ID)
		return err
	}
	where, args := scope.Where("b.unit", 2)
	d.Backtests, err = store.Rows(tx, readBacktest, "SELECT "+backtestColumns+" FROM detect_backtest b WHERE b.rule = $1 AND b.unit <> '' AND "+where+" ORDER BY b.asked DESC LIMIT 10", append([]any{d.ID}, args...)...)
	return err
}

// MaySet tells whether a person may set a rule from one state to another with a
// reason alone.
func MaySet(from, to RuleState) bool { return !promotes(from, to) }
