package app

import (
	"context"
	"time"

	"yagura/area/detect"
	"yagura/area/identity"
	"yagura/area/incident"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// cases shows identity the incidents and alerts from which people are contained.
type cases struct {
	incident *incident.Service
	detect   *detect.Service
}

func (c cases) Incident(tx *store.Tx, by authz.Actor, number string) error {
	return c.incident.Known(tx, by, number)
}

func (c cases) Alert(tx *store.Tx, by authz.Actor, number string) error {
	return c.detect.Known(tx, by, number)
}

// byRules shows detection what became of the people whom its alerts contain.
type byRules struct{ identity *identity.Service }

func (r byRules) ByRule(tx *store.Tx, by authz.Actor, alert string) (detect.Contained, bool, error) {
	did, ok, err := r.identity.DoneByRule(tx, by, alert)
	return detect.Contained{At: did.At, Person: did.Person, Outcome: string(did.Outcome), State: string(did.State), Unproven: did.Unproven, Href: did.Href}, ok, err
}

// Containment is what the command line says of one.
type Containment struct {
	ID       string              `json:"id"`
	Person   string              `json:"person"`
	State    string              `json:"state"` // "asked": it waits for a second person
	Incident string              `json:"incident,omitempty"`
	Asked    time.Time           `json:"asked"`
	Began    time.Time           `json:"began,omitzero"`
	Ended    time.Time           `json:"ended,omitzero"`
	Targets  []ContainmentTarget `json:"targets"`
}

// ContainmentTarget is one target of it.
type ContainmentTarget struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Count    int64  `json:"count,omitempty"`
	Result   string `json:"result"`
	Detail   string `json:"detail,omitempty"`
	Status   int64  `json:"status,omitempty"`
	Millis   int64  `json:"ms"`
	Attempts int64  `json:"attempts,omitempty"`
}

// Out tells whether it is known that the person is out.
func (t ContainmentTarget) Out() bool { return identity.Result(t.Result).Out() }

func written(d identity.ContainmentDetail) Containment {
	c := Containment{ID: d.ID, Person: d.Person.ID, State: string(d.State), Incident: d.Incident, Asked: d.Asked, Began: d.Began, Ended: d.Ended}
	for _, t := range d.Targets {
		name := t.Name
		if t.Kind == identity.RADIUSTarget {
			name = t.Label
		}
		c.Targets = append(c.Targets, ContainmentTarget{t.ID, string(t.Kind), name, t.Count, string(t.Result), string(t.Detail), t.Status, t.Millis, t.Attempts})
	}
	return c
}

// Contain locks a person out, by whoever runs the machine, and waits so long for
// the targets, which the running server asks; for a privileged person it waits
// for the second one as well.
func Contain(ctx context.Context, cfg config.Config, person, reason, incident string, wait time.Duration) (c Containment, err error) {
	err = withDetect(ctx, cfg, func(a *App) error {
		by := authz.System("command-line")
		begun, err := a.Identity.Contain(ctx, by, identity.Order{Person: person, Reason: reason, Incident: incident})
		if err != nil {
			return err
		}
		until := a.DB.Now().Add(wait)
		for {
			d, err := a.Identity.Containment(ctx, by, begun.ID)
			if err != nil {
				return err
			}
			c = written(d)
			if !d.Open() && !d.Waiting(a.DB.Now()) || !a.DB.Now().Before(until) {
				return nil
			}
			select {
			case <-ctx.Done():
				return nil // it is begun: say how far it is
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return c, err
}

// Release lets a person whom somebody contained in again, by whoever runs the
// machine.
func Release(ctx context.Context, cfg config.Config, person, reason string) (c Containment, err error) {
	err = withDetect(ctx, cfg, func(a *App) error {
		by := authz.System("command-line")
		of, ok, err := a.Identity.ContainmentOf(ctx, by, person)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Conflict("This person is not contained")
		}
		if err := a.Identity.Release(ctx, by, of.ID, reason); err != nil {
			return err
		}
		d, err := a.Identity.Containment(ctx, by, of.ID)
		c = written(d)
		return err
	})
	return c, err
}
