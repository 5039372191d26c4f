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
	"yagura/kernel/id"
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

// Team returns a team that the actor may read.
func (s *Service) Team(tx *store.Tx, by authz.Actor, id string) (Team, error) {
	t, err := findTeam(tx, id)
	if err != nil {
		return t, err
	}
	return t, by.See(Read, t.Unit)
}

// TeamFilter narrows a list of teams; empty fields do not.
type TeamFilter struct {
	Kind TeamKind // a kind or a duty
	Unit string   // directly in this unit
	Text string
}

// Teams are the working teams of the scope in order of ids.
func (s *Service) Teams(tx *store.Tx, scope authz.Scope, f TeamFilter) ([]Team, error) {
	var q query
	q.add("t.disbanded = 0")
	q.scope(scope, "t.unit")
	if f.Unit != "" {
		q.add("t.unit = ?", f.Unit)
	}
	if f.Text != "" {
		q.add(`(lower(t.name) LIKE ? ESCAPE '\' OR lower(t.name_ja) LIKE ? ESCAPE '\' OR t.id LIKE ? ESCAPE '\')`, like(f.Text), like(f.Text), like(f.Text))
	}
	list, err := teams(tx, q.sql(), q.args...)
	if f.Kind != "" {
		list = slices.DeleteFunc(list, func(t Team) bool { return !t.Kind.answers(f.Kind) })
	}
	return list, err
}

// TeamFor is the team of the kind, or of any kind with the duty CSIRT, that
// answers for a unit: its own or that of the nearest owner, else that of the
// nearest region, else that of the whole group. found is false where there is
// none. It asks nobody's permission: it is for the product's own routing.
func (s *Service) TeamFor(tx *store.Tx, kind TeamKind, unit string) (t Team, found bool, err error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return t, false, err
	}
	list, err := teamsOf(tx, climb(units, unit))
	if err != nil {
		return t, false, err
	}
	t, found = pickTeam(units, list, kind, unit, "")
	return t, found, nil
}

// Above is the team to which a team hands what it can't solve.
func (s *Service) Above(tx *store.Tx, t Team) (up Team, found bool, err error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return up, false, err
	}
	list, err := teamsOf(tx, climb(units, t.Unit))
	if err != nil {
		return up, false, err
	}
	up, found = above(units, list, t)
	return up, found, nil
}

func teamsOf(tx *store.Tx, units []string) (list []Team, err error) {
	err = eachPart(units, 1, func(marks string, args []any) error {
		list, err = teams(tx, "t.disbanded = 0 AND t.unit IN ("+marks+")", args...)
		return err
	})
	return list, err
}

// Answering are the teams that answer for a unit, one for each duty that has
// one. They are told to whoever may read the unit, even where they stand above
// it, since that is whom to call; a team that is neither in the actor's part
// nor above it in the geography nor the whole group's is left out.
func (s *Service) Answering(tx *store.Tx, by authz.Actor, unit string) ([]Team, error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return nil, err
	}
	path := climb(units, unit)
	all, err := teamsOf(tx, path)
	if err != nil {
		return nil, err
	}
	_, geo, _ := units.Paths(unit)
	var list []Team
	for _, duty := range []TeamKind{CSIRT, OTTeam, PSIRTTeam, PrivacyTeam} {
		t, ok := pickTeam(units, all, duty, unit, "")
		if ok && (by.Can(Read, t.Unit) || t.Unit == units.Root() || strings.Contains(geo, "/"+t.Unit+"/")) {
			list = append(list, t)
		}
	}
	return list, nil
}

// TeamsOfPerson are the working teams of the scope in which a person is.
func (s *Service) TeamsOfPerson(tx *store.Tx, scope authz.Scope, person string) ([]Team, error) {
	var q query
	q.add("t.disbanded = 0 AND t.id IN (SELECT team FROM org_member WHERE person = ?)", person)
	q.scope(scope, "t.unit")
	return teams(tx, q.sql(), q.args...)
}

// MembersOf are the people of a team, for notifying them: who is on call now
// first, then the lead, then all others.
func (s *Service) MembersOf(tx *store.Tx, team string) ([]string, error) {
	t, err := findTeam(tx, team)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range append([]string{OnCall(t.Plan, tx.Now).Person, t.Lead}, t.Members...) {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
