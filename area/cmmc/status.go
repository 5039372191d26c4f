package cmmc

import (
	"context"
	"time"

	"yagura/area/cmmc/score"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Declare says that an enclave has a status from a day on, by an assessment that
// was sealed: Conditional opens 180 days, Final after it closes them, either begins
// three years where no status runs. None gives it up.
func (s *Service) Declare(ctx context.Context, by authz.Actor, enclave string, status score.Status, day time.Time, assessment string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.declare(tx, by, enclave, status, day, assessment) })
}

func (s *Service) declare(tx *store.Tx, by authz.Actor, enclave string, status score.Status, day time.Time, assessment string) error {
	sys, err := openEnclave(tx, by, enclave)
	if err != nil {
		return err
	}
	if err := by.May(Manage, sys.Unit); err != nil {
		return err
	}
	was, now, day := sys.Status, sys.Status, dayOf(day)
	switch status {
	case score.None:
		now, day = score.Dates{}, time.Time{}
	case score.Conditional, score.Final:
		if err := declared(tx, by, sys, status, day, assessment); err != nil {
			return err
		}
		closing := status == score.Final && !was.Conditional.IsZero() && was.Final.IsZero() && !day.After(score.CloseOut(was.Conditional, sys.Level))
		switch {
		case closing:
			now.Final = day
		case status == score.Final:
			now = score.Dates{Final: day}
		default:
			now = score.Dates{Conditional: day}
		}
		if what := now.Check(sys.Level); !what.IsZero() {
			return fault.Invalid(fault.F("day", "%s", what))
		}
	default:
		return fault.Invalid(fault.F("status", "There is no such choice"))
	}
	sys.Status = now
	if err := putSystem(tx, sys); err != nil {
		return err
	}
	if err := note(tx, by, Change{System: sys.ID, Objective: -1, Kind: "status", Was: statusText(was), Now: statusText(now), Ref: assessment}); err != nil {
		return err
	}
	if err := tx.Record(by, fact.CMMCStatusDeclared{Enclave: sys.ID, Unit: sys.Unit, Status: string(status), Day: day, Assessment: assessment}); err != nil {
		return err
	}
	return stir(tx, sys.ID, pulseAll)
}

// declared checks that an assessment carries a status on a day.
func declared(tx *store.Tx, by authz.Actor, sys System, status score.Status, day time.Time, assessment string) error {
	var wrong fields
	a, err := findAssessment(tx, by, assessment)
	switch {
	case fault.Is(err, fault.KindNotFound):
		wrong.add(true, fault.F("assessment", "Name an assessment of this enclave"))
		return wrong.err()
	case err != nil:
		return err
	}
	if err := proved(tx, &a); err != nil {
		return err
	}
	wrong.add(a.Enclave != sys.ID || a.Level != sys.Level, fault.F("assessment", "Name an assessment of this enclave"))
	wrong.add(!a.Fits, fault.F("assessment", "This assessment is not what was sealed: it was changed"))
	wrong.add(!a.Status.AtLeast(status), fault.F("assessment", "This assessment carries “%s” and no more", StatusLabel(a.Status)))
	wrong.add(day.Before(a.Day), fault.F("day", "The status can't begin before the assessment of %s", dayText(a.Day)))
	wrong.add(day.After(tx.Now), fault.F("day", "This day lies in the future"))
	return wrong.err()
}

func statusText(d score.Dates) string {
	s := ""
	if !d.Conditional.IsZero() {
		s = "conditional " + dayText(d.Conditional)
	}
	if !d.Final.IsZero() {
		s = join(s, "final "+dayText(d.Final))
	}
	return s
}

// Holding is the status that an enclave holds on a day; None where it holds none or
// has lost it.
func (s System) Holding(day time.Time) score.Status {
	switch s.Status.On(s.Level, dayOf(day)) {
	case score.LifeConditional:
		return score.Conditional
	case score.LifeFinal, score.LifeUnaffirmed:
		return score.Final
	}
	return score.None
}
