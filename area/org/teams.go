package org

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

func (t Team) tidy() Team {
	t.ID, t.Name, t.NameJA, t.Unit = plain(t.ID), plain(t.Name), plain(t.NameJA), plain(t.Unit)
	t.Email, t.Phone, t.Lead, t.Zone = plain(t.Email), plain(t.Phone), plain(t.Lead), plain(t.Zone)
	t.Plan.Zone = location(t.Zone)
	if t.Plan.Days == 0 {
		t.Plan.Days = 7
	}
	if t.Plan.Handover == "" {
		t.Plan.Handover = "09:00"
	}
	return t
}

func list(ids []string) string { return strings.Join(ids, " ") }

func teamDiff(old, new Team) []Change {
	var d differ
	d.code("kind", string(old.Kind), string(new.Kind))
	d.name("name", old.Name, new.Name)
	d.name("name_ja", old.NameJA, new.NameJA)
	d.code("unit", old.Unit, new.Unit)
	d.name("email", old.Email, new.Email)
	d.name("phone", old.Phone, new.Phone)
	d.code("lead", old.Lead, new.Lead)
	sorted := func(ids []string) string { return list(slices.Sorted(slices.Values(ids))) }
	d.code("members", sorted(old.Members), sorted(new.Members))
	return append(d.changes, rotaDiff(old, new)...)
}

func rotaDiff(old, new Team) []Change {
	var d differ
	d.code("zone", old.Zone, new.Zone)
	d.code("rota", list(old.Plan.Order), list(new.Plan.Order))
	d.code("anchor", old.Plan.Anchor, new.Plan.Anchor)
	d.code("handover", old.Plan.Handover, new.Plan.Handover)
	if old.Plan.Days != new.Plan.Days {
		d.code("days", strconv.Itoa(old.Plan.Days), strconv.Itoa(new.Plan.Days))
	}
	return d.changes
}

// teamStep is one team before and after; before has no ID where it is new.
type teamStep struct{ old, new Team }

func (s *Service) saveTeams(tx *store.Tx, by authz.Actor, steps []teamStep) error {
	rows := make([]Team, len(steps))
	for i, st := range steps {
		rows[i] = st.new
	}
	if err := putTeamRows(tx, rows); err != nil {
		return err
	}
	for _, st := range steps {
		t := st.new
		if err := s.put(tx, "team", t.ID, t.Unit, t.Label(text.EN), strings.Join([]string{t.Name, t.NameJA, t.ID}, " "), "/org/teams/"+t.ID); err != nil {
			return err
		}
		for _, f := range teamFacts(st) {
			if err := tx.Record(by, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func teamFacts(st teamStep) []store.Fact {
	t := st.new
	if st.old.ID == "" {
		facts := []store.Fact{fact.TeamFormed{Team: t.ID, Kind: string(t.Kind), Unit: t.Unit, Lead: t.Lead, Members: t.Members}}
		if len(t.Plan.Order) > 0 {
			facts = append(facts, fact.RotaChanged{Team: t.ID, Unit: t.Unit, Members: t.Plan.Order})
		}
		return facts
	}
	var facts []store.Fact
	rota := rotaDiff(st.old, t)
	all := teamDiff(st.old, t)
	if len(all) > len(rota) {
		facts = append(facts, fact.TeamChanged{Team: t.ID, Unit: t.Unit, Edits: edits(all[:len(all)-len(rota)]), Lead: t.Lead, Members: t.Members})
	}
	if len(rota) > 0 {
		facts = append(facts, fact.RotaChanged{Team: t.ID, Unit: t.Unit, Members: t.Plan.Order})
	}
	if st.old.Works() && !t.Works() {
		facts = append(facts, fact.TeamDisbanded{Team: t.ID, Unit: t.Unit})
	}
	return facts
}

// present resolves what was written into people whom the actor may read and who
// are with the group.
func present(tx *store.Tx, by authz.Actor, written []string, field string) ([]string, []fault.Field, error) {
	var ids []string
	var wrong []fault.Field
	for _, w := range written {
		p, bad, err := resolve(tx, by, w, field)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case len(bad) > 0:
			wrong = append(wrong, bad...)
		case !p.Present():
			wrong = append(wrong, fault.F(field, "%s has left", w))
		case slices.Contains(ids, p.ID):
			wrong = append(wrong, fault.F(field, "%s stands there twice", w))
		default:
			ids = append(ids, p.ID)
		}
	}
	return ids, wrong, nil
}

// teamInput makes people of what was written and completes the members by
// the lead and those on the rota.
func teamInput(tx *store.Tx, by authz.Actor, old, t Team) (Team, []fault.Field, error) {
	var wrong []fault.Field
	// Members who are in the team already stay, whether or not the actor sees them.
	keep := func(written []string, field string) ([]string, error) {
		var ids []string
		for _, w := range written {
			if slices.Contains(old.Members, w) {
				ids = append(ids, w)
				continue
			}
			found, bad, err := present(tx, by, []string{w}, field)
			if err != nil {
				return nil, err
			}
			ids, wrong = append(ids, found...), append(wrong, bad...)
		}
		return ids, nil
	}
	var err error
	if t.Members, err = keep(t.Members, "members"); err != nil {
		return t, nil, err
	}
	if t.Plan.Order, err = keep(t.Plan.Order, "order"); err != nil {
		return t, nil, err
	}
	if t.Lead != "" {
		lead, err := keep([]string{t.Lead}, "lead")
		if err != nil {
			return t, nil, err
		}
		if len(lead) == 1 {
			t.Lead = lead[0]
			t.Members = append(t.Members, t.Lead)
		}
	}
	t.Members = append(t.Members, t.Plan.Order...)
	slices.Sort(t.Members)
	t.Members = slices.Compact(t.Members)
	if len(wrong) == 0 {
		wrong = t.check()
	}
	return t, wrong, nil
}

// FormTeam forms a team in a unit. Members, lead and order of turns may be
// written as ids, mail addresses or names.
func (s *Service) FormTeam(ctx context.Context, by authz.Actor, t Team) error {
	t = t.tidy()
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if !by.CanAnywhere(Manage) {
			return by.May(Manage, t.Unit)
		}
		units, err := allUnits(tx)
		if err != nil {
			return err
		}
		team, wrong, err := teamInput(tx, by, Team{}, t)
		if err != nil {
			return err
		}
		if taken, err := store.Texts(tx, "SELECT id FROM org_team WHERE id = $1", t.ID); err != nil {
			return err
		} else if len(taken) > 0 {
			wrong = append(wrong, fault.F("id", "This id is taken; choose another§org"))
		}
		wrong = append(wrong, unitFault(units, by, t.Unit, "unit")...)
		if t.Unit == "" {
			wrong = append(wrong, fault.F("unit", "Choose a unit"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if err := by.May(Manage, t.Unit); err != nil {
			return err
		}
		team.Added, team.Disbanded = tx.Now, time.Time{}
		return s.saveTeams(tx, by, []teamStep{{new: team}})
	})
}

// ChangeTeam changes a team's data, lead and members; its rota stays, but for
// those who are no longer members.
func (s *Service) ChangeTeam(ctx context.Context, by authz.Actor, t Team) error {
	t = t.tidy()
	return s.db.Change(ctx, func(tx *store.Tx) error {
		old, err := manageTeam(tx, by, t.ID, Manage)
		if err != nil {
			return err
		}
		t.Plan, t.Zone, t.Added, t.Disbanded = old.Plan, old.Zone, old.Added, old.Disbanded
		order := t.Plan.Order
		t.Plan.Order = nil
		team, wrong, err := teamInput(tx, by, old, t)
		if err != nil {
			return err
		}
		team.Plan.Order = order
		for _, id := range order {
			if !slices.Contains(team.Members, id) {
				team.Plan = team.Plan.Without(id, tx.Now)
			}
		}
		if team.Unit != old.Unit {
			units, err := allUnits(tx)
			if err != nil {
				return err
			}
			wrong = append(wrong, unitFault(units, by, team.Unit, "unit")...)
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if err := by.May(Manage, team.Unit); err != nil {
			return err
		}
		if len(teamDiff(old, team)) == 0 {
			return nil
		}
		return s.saveTeams(tx, by, []teamStep{{old, team}})
	})
}

// Disband has a team take nothing any more.
func (s *Service) Disband(ctx context.Context, by authz.Actor, team string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		old, err := manageTeam(tx, by, team, Manage)
		if err != nil {
			return err
		}
		t := old
		t.Disbanded = tx.Now
		return s.saveTeams(tx, by, []teamStep{{old, t}})
	})
}

func manageTeam(tx *store.Tx, by authz.Actor, id string, act authz.Act) (Team, error) {
	t, err := findTeam(tx, id)
	if err != nil {
		return t, err
	}
	if err := by.See(Read, t.Unit); err != nil {
		return t, err
	}
	if err := by.May(act, t.Unit); err != nil {
		return t, err
	}
	if !t.Works() {
		return t, fault.Conflict("This team is disbanded")
	}
	return t, nil
}
