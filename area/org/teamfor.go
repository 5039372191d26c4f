package org

import (
	"slices"
	"strings"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

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
