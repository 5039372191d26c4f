package telemetry

import (
	"context"
	"fmt"

	"yagura/area/telemetry/intake"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Own are events that the product itself tells of the people of one unit.
type Own struct {
	Unit   string
	Events []intake.Event
}

// SubmitOwn journals events of the product itself. Their source is one like any
// other – it can be masked, kept for another time, or stopped –, except that an
// event belongs to the unit of whom it tells, not to that of the source. with
// runs in the transaction that makes them durable. The source is added where
// there is none yet.
func (s *Service) SubmitOwn(ctx context.Context, by authz.Actor, src Source, own []Own, with func(tx *store.Tx) error) error {
	if !by.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	now := s.routes.Load()
	if now == nil {
		return fmt.Errorf("telemetry: not started")
	}
	kept := now.sources[src.ID]
	if kept == nil {
		if err := s.Add(ctx, by, src); err != nil && !fault.Is(err, fault.KindInvalid) { // another process added it
			return err
		}
		if err := s.reload(ctx); err != nil {
			return err
		}
		if kept = s.routes.Load().sources[src.ID]; kept == nil {
			return fmt.Errorf("telemetry: the source %s was not added", src.ID)
		}
	}
	if !kept.Stopped.IsZero() {
		return fault.Conflict("The source %s is stopped: what would come of it waits", src.ID)
	}
	if err := s.level.admits(s.o); err != nil {
		return err
	}
	p := &parcel{with: with}
	for _, o := range own {
		s.dress(kept, o.Events)
		of := *kept
		of.Unit = o.Unit
		s.fill(p, &of, o.Events)
	}
	_, err := s.send(ctx, kept, p)
	return err
}
