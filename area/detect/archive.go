package detect

import (
	"context"
	"time"

	"yagura/area/detect/sigma"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Archive is the events of the past. What an actor may not see is not in it.
type Archive interface {
	// Each hands out every event of a unit and below it in a range, newest first,
	// without a bound, until do returns an error. partial says that not all of the
	// range was looked at, and until from which moment on it was.
	Each(ctx context.Context, by authz.Actor, unit string, from, to time.Time, do func(Event) error) (partial bool, until time.Time, err error)
	// Find is one event; a fault of kind not found where it is not there or may not
	// be seen.
	Find(ctx context.Context, by authz.Actor, id string) (Event, error)
}

// Why is why a rule did or did not raise an alert on an event.
type Why struct {
	*sigma.Explanation
	Rule     Rule
	Setting  Setting
	Event    Event
	Excluded string // exclusion that hides it
	// Outcome is what the rule made of the event: alert, silent, excluded, off,
	// draft, retired or, where it does not match, the cause.
	Outcome string
}

// WhyNot explains a rule on a stored event, with what people decided about it.
func (s *Service) WhyNot(ctx context.Context, by authz.Actor, ruleID, event string) (w Why, err error) {
	if !by.CanAnywhere(Read) {
		return w, by.See(Read, "")
	}
	r := s.lib.Load().byID[ruleID]
	if r == nil || s.o.Archive == nil {
		return w, missing()
	}
	e, err := s.o.Archive.Find(ctx, by, event)
	if err != nil {
		return w, err
	}
	return s.why(ctx, r, e)
}

// WhyNotText explains a rule on an event that is pasted.
func (s *Service) WhyNotText(ctx context.Context, by authz.Actor, ruleID, doc string) (w Why, err error) {
	if !by.CanAnywhere(Read) {
		return w, by.See(Read, "")
	}
	r := s.lib.Load().byID[ruleID]
	if r == nil {
		return w, missing()
	}
	if len(doc) > mostCase {
		return w, fault.Invalid(fault.F("event", "The event is longer than %d KiB", mostCase>>10))
	}
	return s.why(ctx, r, Event{Doc: []byte(doc), Unit: "", Time: s.db.Now()})
}

func (s *Service) why(ctx context.Context, r *Rule, e Event) (w Why, err error) {
	w.Rule, w.Event = *r, e
	if r.Correlation != nil || r.sigma == nil {
		return w, fault.Invalid(fault.F("event", "A correlation joins several events: ask for the rules that it joins"))
	}
	if r.sigma == nil {
		return w, fault.Invalid(fault.F("event", "A correlation joins several events: look at the rules it refers to"))
	}
	w.Explanation, err = sigma.Explain(r.sigma, e.Doc, e.hint(), s.o.Mapping, sigma.Options{Placeholders: s.o.Placeholders})
	if err != nil {
		return w, fault.Invalid(fault.F("event", "The event can't be read: %s", err.Error()))
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err := s.planIn(tx)
		if err != nil {
			return err
		}
		w.Setting = p.of(r)
		v := s.verdict(p, &hit{event: e, rule: r}, tx.Now)
		switch {
		case !w.Matched:
			w.Outcome = w.Cause()
		case !w.Setting.Enabled:
			w.Outcome = "off"
		case w.Setting.State == Draft || w.Setting.State == Retired:
			w.Outcome = string(w.Setting.State)
		case v.exclusion != "":
			w.Outcome, w.Excluded = "excluded", v.exclusion
		case v.silent:
			w.Outcome = "silent"
		default:
			w.Outcome = "alert"
		}
		return nil
	})
	return w, err
}
