package cmmc

import (
	"context"
	"strconv"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// tell brings a notice to all who may do an act in a unit, but not to who did it.
func (s *Service) tell(tx *store.Tx, act authz.Act, unit, but string, n Notice) error {
	if s.p.Notifier == nil || s.p.Directory == nil {
		return nil
	}
	people, err := s.p.Directory.Holders(tx, act, unit)
	if err != nil {
		return err
	}
	for _, p := range people {
		if p == but {
			continue
		}
		n.To = p
		if err := s.p.Notifier.Notify(tx, n); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tellReviewers(tx *store.Tx, by authz.Actor, sys System, j Judgement) error {
	return s.tell(tx, Review, sys.Unit, by.Person, Notice{Subject: text.M("%s: results wait for a second person", sys.Name),
		Body: text.M("%s is proposed as “%s”.", catalog.Name(j.Objective), ResultLabel(j.Result)), Href: ObjectiveHref(sys, j.Objective),
		Key: "cmmc.proposed." + sys.ID + "." + dayText(tx.Now)})
}

func (s *Service) tellAssignee(tx *store.Tx, sys System, t Task) error {
	if s.p.Notifier == nil {
		return nil
	}
	n := Notice{To: t.Assignee, Subject: text.M("%s of %s is yours to bring forward", catalog.Name(t.Objective), sys.Name), Href: ObjectiveHref(sys, t.Objective),
		Key: "cmmc.task." + sys.ID + "." + strconv.Itoa(t.Objective) + "." + dayText(tx.Now)}
	if !t.Due.IsZero() {
		n.Body = text.M("Due on %s", dayText(t.Due))
	}
	return s.p.Notifier.Notify(tx, n)
}

// tellStanding tells those who answer for an enclave that it stands worse.
func (s *Service) tellStanding(tx *store.Tx, sys System, was, now inherit.Standing) error {
	lost := !now.Status.AtLeast(was.Status)
	if !lost && now.Low >= was.Low {
		return nil
	}
	n := Notice{Subject: text.M("%s fell from %d to %d points", sys.Name, was.Low, now.Low), Body: text.M("%s, before: %s", StatusLabel(now.Status), StatusLabel(was.Status)),
		Href: sys.Href(), Key: "cmmc.standing." + sys.ID + "." + strconv.FormatInt(tx.Millis(), 10), Urgent: lost}
	if sys.Level == 1 {
		n.Subject = text.M("%s no longer meets Level 1", sys.Name)
	}
	return s.tell(tx, Manage, sys.Unit, "", n)
}

// before are the days on which somebody is warned of a day that comes.
var before = []int{30, 7, 1}

// Warn warns of close-outs, ends of a status and affirmations that come near, once
// for each step.
func (s *Service) Warn(ctx context.Context) error {
	if s.p.Notifier == nil {
		return nil
	}
	var due bool
	find := func(tx *store.Tx, do func(sys System, e score.Event, left, step int) error) error {
		list, err := systems(tx, "s.kind = 'enclave' AND (s.conditional_on > 0 OR s.final_on > 0)")
		if err != nil {
			return err
		}
		affirmed, err := affirmations(tx)
		if err != nil {
			return err
		}
		for _, sys := range list {
			sys.Status.Affirmed = affirmed[sys.ID]
			for _, e := range openDays(sys) {
				left := int(e.Day.Sub(dayOf(tx.Now)) / (24 * time.Hour))
				for i := len(before) - 1; i >= 0; i-- {
					if left >= 0 && left <= before[i] {
						if err := do(sys, e, left, before[i]); err != nil {
							return err
						}
						break
					}
				}
			}
		}
		return nil
	}
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		due = false
		return find(tx, func(System, score.Event, int, int) error { due = true; return nil })
	}); err != nil || !due {
		return err
	}
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		return find(tx, func(sys System, e score.Event, left, step int) error {
			act := Manage
			if e.Kind == "affirmation" {
				act = Affirm
			}
			return s.tell(tx, act, sys.Unit, "", Notice{Subject: text.M("%s: %d days left", sys.Name, left), Body: e.What, Href: sys.Href(), Urgent: step == 1,
				Key: "cmmc.due." + sys.ID + "." + e.Kind + "." + dayText(e.Day) + "." + strconv.Itoa(step)})
		})
	})
}
