package app

import (
	"context"
	"fmt"
	"time"

	"yagura/app/demo"
	"yagura/area/identity"
	"yagura/kernel/store"
)

// containments locks people out as happened before the day of the story.
func (f *founding) containments(ctx context.Context, _ demo.History) error {
	for _, one := range demo.Containments() {
		person := ""
		for _, e := range demo.Staff(f.seed) {
			if e.Unit == one.Unit {
				person = e.ID
				break
			}
		}
		by, err := f.actor(ctx, one.By)
		if err != nil {
			return err
		}
		var targets []identity.Target
		for i, t := range one.Targets {
			label := t.Name
			if c, err := f.a.Identity.FindClient(ctx, t.Name); err == nil {
				label = c.Name
			}
			targets = append(targets, identity.Target{ID: fmt.Sprintf("%s/%d", t.Name, i), Kind: identity.TargetKind(t.Kind), Name: t.Name, Label: label, Result: identity.Result(t.Result),
				Detail: identity.Detail(t.Detail), Status: t.Status, Millis: t.Millis})
		}
		if err := f.at(ctx, f.now.Add(-time.Duration(one.Ago)*time.Hour), func(tx *store.Tx) error {
			return f.a.Identity.SeedContainment(tx, player, by, identity.Order{Person: person, Reason: f.say(one.Reason)}, targets)
		}); err != nil {
			return err
		}
	}
	return nil
}
