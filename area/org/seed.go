package org

import (
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Seed founds an organisation in one go: calendars, units (in any order, one of
// kind Group without a parent), people, offices, teams. What exists already is
// changed. Only the system may do it; it is for the first start and for groups
// that are played.
func (s *Service) Seed(tx *store.Tx, by authz.Actor, f Founding) error {
	if !by.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	if err := s.seedUnits(tx, by, f.Calendars, f.Units); err != nil {
		return err
	}
	old, err := peopleByID(tx, ids(f.People, func(p Person) string { return p.ID }))
	if err != nil {
		return err
	}
	var steps []personStep
	for _, p := range f.People {
		p = p.tidy()
		if wrong := p.check(); len(wrong) > 0 {
			return seedFault(p.ID, wrong)
		}
		st := personStep{old[p.ID], p}
		if st.new.Added = st.old.Added; st.old.ID == "" {
			st.new.Added = tx.Now
		} else if len(personDiff(st.old, st.new)) == 0 && st.old.Present() == st.new.Present() {
			continue
		}
		steps = append(steps, st)
	}
	if err := s.savePeople(tx, by, steps); err != nil {
		return err
	}
	for _, o := range f.Offices {
		if o.From.IsZero() {
			o.From = tx.Now
		}
		if wrong := o.check(); len(wrong) > 0 {
			return seedFault(o.Person, wrong)
		}
		if o.ID == "" {
			o.ID = id.New()
		}
		if err := s.saveOffice(tx, by, o); err != nil {
			return err
		}
	}
	return s.seedTeams(tx, by, f.Teams)
}

// Founding is what Seed takes.
type Founding struct {
	Calendars []Calendar
	Units     []Unit
	People    []Person
	Offices   []Office
	Teams     []Team
}

func seedFault(id string, wrong []fault.Field) error {
	for i := range wrong {
		wrong[i].Name = id + "." + wrong[i].Name
	}
	return fault.Invalid(wrong...)
}

func ids[T any](list []T, id func(T) string) []string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = id(v)
	}
	return all
}

func (s *Service) seedUnits(tx *store.Tx, by authz.Actor, cals []Calendar, units []Unit) error {
	for _, c := range cals {
		if wrong := c.check(); len(wrong) > 0 {
			return seedFault(c.ID, wrong)
		}
		if err := putCalendarRows(tx, []Calendar{c}); err != nil {
			return err
		}
		var days []Special
		for day, sp := range c.Special {
			sp.Day = day
			days = append(days, sp)
		}
		if err := putDays(tx, c.ID, days); err != nil {
			return err
		}
	}
	old, err := allUnits(tx)
	if err != nil {
		return err
	}
	var steps []unitStep
	for _, u := range units {
		u = u.tidy()
		if wrong := u.check(); len(wrong) > 0 {
			return seedFault(u.ID, wrong)
		}
		st := unitStep{old[u.ID], u}
		if st.new.Added = st.old.Added; st.old.ID == "" {
			st.new.Added = tx.Now
		} else if len(unitDiff(st.old, st.new)) == 0 {
			continue
		}
		steps = append(steps, st)
	}
	return s.saveUnits(tx, by, steps)
}

func (s *Service) seedTeams(tx *store.Tx, by authz.Actor, list []Team) error {
	var steps []teamStep
	for _, t := range list {
		t = t.tidy()
		if t.Plan.Anchor == "" {
			t.Plan.Anchor = tx.Now.AddDate(0, 0, -((int(tx.Now.Weekday()) + 6) % 7)).Format("2006-01-02") // the Monday of this week
		}
		t, wrong, err := teamInput(tx, by, Team{}, t)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return seedFault(t.ID, wrong)
		}
		old, err := findTeam(tx, t.ID)
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		if t.Added = old.Added; old.ID == "" {
			t.Added = tx.Now
		} else if len(teamDiff(old, t)) == 0 {
			continue
		}
		steps = append(steps, teamStep{old, t})
	}
	return s.saveTeams(tx, by, steps)
}
