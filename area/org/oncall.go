package org

import (
	"context"
	"slices"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// ChangeRota changes the order of turns, their length, and when they change.
func (s *Service) ChangeRota(ctx context.Context, by authz.Actor, team, zone string, p Plan) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		old, err := manageTeam(tx, by, team, Rota)
		if err != nil {
			return err
		}
		t := old
		t.Zone = plain(zone)
		t.Plan = Plan{Zone: location(t.Zone), Anchor: plain(p.Anchor), Handover: plain(p.Handover), Days: p.Days, Order: p.Order, Standins: old.Plan.Standins}
		t, wrong, err := teamInput(tx, by, old, t)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if len(teamDiff(old, t)) == 0 {
			return nil
		}
		return s.saveTeams(tx, by, []teamStep{{old, t}})
	})
}

// StandIn puts somebody on call for a time instead of whose turn it is. A
// stand-in entered later comes before one entered earlier.
func (s *Service) StandIn(ctx context.Context, by authz.Actor, team, person string, from, until time.Time) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		t, err := manageTeam(tx, by, team, Rota)
		if err != nil {
			return err
		}
		ids, wrong, err := present(tx, by, []string{person}, "person")
		if err != nil {
			return err
		}
		if from.IsZero() {
			from = tx.Now
		}
		switch {
		case !until.After(from) || !until.After(tx.Now):
			wrong = append(wrong, fault.F("until", "The end must come after the beginning, and lie in the future"))
		case until.Sub(from) > 100*24*time.Hour:
			wrong = append(wrong, fault.F("until", "A stand-in lasts at most 100 days; change the rota instead"))
		}
		if len(wrong) == 0 && !slices.Contains(t.Members, ids[0]) {
			wrong = append(wrong, fault.F("person", "%s is not a member of the team", person))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if err := addStandin(tx, t.ID, ids[0], from, until); err != nil {
			return err
		}
		return tx.Record(by, fact.RotaChanged{Team: t.ID, Unit: t.Unit, Members: t.Plan.Order, Person: ids[0], From: from, Until: until})
	})
}

func addStandin(tx *store.Tx, team, person string, from, until time.Time) error {
	_, err := tx.Exec("INSERT INTO org_standin (id, team, person, since, until) VALUES ($1,$2,$3,$4,$5)", id.New(), team, person, store.Millis(from), store.Millis(until))
	return err
}

// Swap has two turns to come change hands: who is on call at the one moment
// takes the other's turn, and the other way round.
func (s *Service) Swap(ctx context.Context, by authz.Actor, team string, one, other time.Time) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		t, err := manageTeam(tx, by, team, Rota)
		if err != nil {
			return err
		}
		a, b := OnCall(t.Plan, one), OnCall(t.Plan, other)
		if a.Person == "" || b.Person == "" || a.Person == b.Person || !a.Until.After(tx.Now) || !b.Until.After(tx.Now) {
			return fault.Invalid(fault.F("with", "Choose two turns to come of two people"))
		}
		for _, x := range [][2]Turn{{a, b}, {b, a}} {
			from := x[0].From
			if from.Before(tx.Now) {
				from = tx.Now
			}
			if err := addStandin(tx, t.ID, x[1].Person, from, x[0].Until); err != nil {
				return err
			}
			if err := tx.Record(by, fact.RotaChanged{Team: t.ID, Unit: t.Unit, Members: t.Plan.Order, Person: x[1].Person, From: from, Until: x[0].Until}); err != nil {
				return err
			}
		}
		return nil
	})
}

// DropStandIn takes a stand-in back.
func (s *Service) DropStandIn(ctx context.Context, by authz.Actor, team, standin string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		t, err := manageTeam(tx, by, team, Rota)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(t.Plan.Standins, func(s Standin) bool { return s.ID == standin })
		if i < 0 {
			return missing()
		}
		x := t.Plan.Standins[i]
		if _, err := tx.Exec("DELETE FROM org_standin WHERE id = $1", standin); err != nil {
			return err
		}
		return tx.Record(by, fact.RotaChanged{Team: t.ID, Unit: t.Unit, Members: t.Plan.Order, Person: x.Person, From: x.From, Until: tx.Now})
	})
}
