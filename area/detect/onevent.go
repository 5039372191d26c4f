package detect

import (
	"context"

	"yagura/area/detect/sigma"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
)

// OnEvent is what the rules say of one stored event.
type OnEvent struct {
	Event   Event
	Sources []sigma.LogSource // what it was recognised as
	Fires   map[string]bool   // rules that hold on it, whatever people decided about them
}

// LooksAt tells whether the rule is for such events.
func (t OnEvent) LooksAt(r *Rule) bool {
	for _, s := range t.Sources {
		if r.Sources.Covers(s) {
			return true
		}
	}
	return r.Sources.IsZero()
}

// RulesOn looks at a stored event with all rules; nothing comes of it. An event that
// the asker may not see is not there.
func (s *Service) RulesOn(ctx context.Context, by authz.Actor, event string) (t OnEvent, err error) {
	if !by.CanAnywhere(Read) {
		return t, by.See(Read, "")
	}
	if s.o.Archive == nil {
		return t, missing()
	}
	if t.Event, err = s.o.Archive.Find(ctx, by, event); err != nil {
		return t, err
	}
	lib := s.lib.Load()
	m := lib.matcher()
	defer lib.give(m)
	found, err := m.Match(t.Event.Doc, t.Event.hint())
	if err != nil {
		return t, fault.Invalid(fault.F("event", "The event can't be read: %s", err.Error()))
	}
	t.Sources, t.Fires = m.Sources(t.Event.hint()), map[string]bool{}
	for _, h := range found {
		t.Fires[lib.bySigma[h.Rule].ID] = true
	}
	return t, nil
}
