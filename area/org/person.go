package org

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

func personDiff(old, new Person) []Change {
	var d differ
	d.name("name", old.Name, new.Name)
	d.name("name_ja", old.NameJA, new.NameJA)
	d.name("email", old.Email, new.Email)
	d.name("phone", old.Phone, new.Phone)
	d.code("unit", old.Unit, new.Unit)
	d.code("language", string(old.Lang), string(new.Lang))
	d.code("zone", old.Zone, new.Zone)
	return d.changes
}

// personStep is one person before and after; before has no ID where new.
type personStep struct{ old, new Person }

// savePeople writes people, tells authority and search, locks out those who
// leave and ends their duties, and records what happened.
func (s *Service) savePeople(tx *store.Tx, by authz.Actor, steps []personStep) error {
	people := make([]Person, len(steps))
	known := make([]authz.Person, len(steps))
	units := map[string]bool{}
	var left []string
	zones, err := s.zones(tx)
	if err != nil {
		return err
	}
	for i, st := range steps {
		people[i], known[i] = st.new, st.new.authz()
		if known[i].Zone == "" {
			known[i].Zone = zones(st.new.Unit)
		}
		if st.old.Unit != st.new.Unit || st.old.Present() != st.new.Present() || st.old.ID == "" {
			units[st.old.Unit], units[st.new.Unit] = true, true
		}
		if st.old.ID != "" && st.old.Present() && !st.new.Present() {
			left = append(left, st.new.ID)
		}
	}
	if err := putPersonRows(tx, people); err != nil {
		return err
	}
	if err := authz.PutPeople(tx, known...); err != nil {
		return err
	}
	touched := make([]string, 0, len(units))
	for id := range units {
		touched = append(touched, id)
	}
	slices.Sort(touched)
	if err := recount(tx, touched); err != nil {
		return err
	}
	for _, st := range steps {
		p := st.new
		if err := s.put(tx, "person", p.ID, p.Unit, p.Label(text.EN), strings.Join([]string{p.Name, p.NameJA, p.ID, p.Email}, " "), "/org/people/"+p.ID); err != nil {
			return err
		}
		for _, f := range personFacts(st) {
			if err := tx.Record(by, f); err != nil {
				return err
			}
		}
	}
	if s.doors != nil && len(left) > 0 {
		if err := s.doors.Shut(tx, by, left); err != nil {
			return err
		}
	}
	for _, st := range steps {
		if s.doors == nil || st.old.ID == "" || st.old.Email == st.new.Email {
			continue
		}
		if err := s.doors.Moved(tx, by, st.new.ID, st.old.Email, st.new.Email); err != nil {
			return err
		}
	}
	return s.relieve(tx, by, left)
}

func personFacts(st personStep) []store.Fact {
	p := st.new
	if st.old.ID == "" {
		return []store.Fact{fact.PersonAdded{Person: p.ID, Unit: p.Unit}}
	}
	var facts []store.Fact
	if changes := personDiff(st.old, p); len(changes) > 0 {
		facts = append(facts, fact.PersonChanged{Person: p.ID, Unit: p.Unit, Edits: edits(changes)})
	}
	if st.old.Present() && !p.Present() {
		facts = append(facts, fact.PersonLeft{Person: p.ID, Unit: p.Unit})
	}
	if !st.old.Present() && p.Present() {
		facts = append(facts, fact.PersonReturned{Person: p.ID, Unit: p.Unit})
	}
	return facts
}

// relieve ends the offices and team duties of people who left.
func (s *Service) relieve(tx *store.Tx, by authz.Actor, left []string) error {
	return eachPart(left, 1, func(marks string, args []any) error {
		offices, err := store.Rows(tx, readOffice, fmt.Sprintf("SELECT "+officeColumns+" FROM org_office o WHERE o.person IN ("+marks+") AND (o.until = 0 OR o.until > $%d)", len(args)+1), append(slices.Clone(args), tx.Millis())...)
		if err != nil {
			return err
		}
		for i := range offices {
			o := &offices[i]
			o.Until = tx.Now
			if err := tx.Record(by, fact.OfficeLeft{ID: o.ID, Office: string(o.Office), Person: o.Person, Unit: o.Unit, Until: o.Until}); err != nil {
				return err
			}
		}
		if err := putOfficeRows(tx, offices); err != nil {
			return err
		}
		in, err := teams(tx, "t.id IN (SELECT team FROM org_member WHERE person IN ("+marks+"))", args...)
		if err != nil {
			return err
		}
		for _, t := range in {
			for _, a := range args {
				id := a.(string)
				t.Members = slices.DeleteFunc(t.Members, func(m string) bool { return m == id })
				t.Plan = t.Plan.Without(id, tx.Now)
				if t.Lead == id {
					t.Lead = ""
				}
			}
			if err := putTeamRows(tx, []Team{t}); err != nil {
				return err
			}
			if err := tx.Record(by, fact.TeamChanged{Team: t.ID, Unit: t.Unit, Lead: t.Lead, Members: t.Members}); err != nil {
				return err
			}
			if err := tx.Record(by, fact.RotaChanged{Team: t.ID, Unit: t.Unit, Members: t.Plan.Order}); err != nil {
				return err
			}
		}
		_, err = tx.Exec("DELETE FROM org_standin WHERE person IN ("+marks+") AND until > "+fmt.Sprintf("$%d", len(args)+1), append(slices.Clone(args), tx.Millis())...)
		return err
	})
}

// unitFault complains of a unit that does not exist, that the actor may not
// know of, or that is retired.
func unitFault(units map[string]Unit, by authz.Actor, id, field string) []fault.Field {
	u, ok := units[id]
	switch {
	case id == "":
		return nil // said already
	case !ok || !by.Can(Read, id):
		return []fault.Field{fault.F(field, "There is no unit %s", id)}
	case !u.InUse():
		return []fault.Field{fault.F(field, "%s is no longer in use", id)}
	}
	return nil
}

func emailFault(tx *store.Tx, p Person) ([]fault.Field, error) {
	if p.Email == "" {
		return nil, nil
	}
	taken, err := store.Texts(tx, "SELECT id FROM org_person WHERE email = $1 AND id <> $2 AND present = 1 LIMIT 1", p.Email, p.ID)
	if err != nil || len(taken) == 0 {
		return nil, err
	}
	return []fault.Field{fault.F("email", "Another person has this mail address")}, nil
}

// AddPerson adds somebody to a unit.
func (s *Service) AddPerson(ctx context.Context, by authz.Actor, p Person) error {
	p = p.tidy()
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if !by.CanAnywhere(Manage) {
			return by.May(Manage, p.Unit)
		}
		units, err := allUnits(tx)
		if err != nil {
			return err
		}
		wrong := append(p.check(), unitFault(units, by, p.Unit, "unit")...)
		if taken, err := store.Texts(tx, "SELECT id FROM org_person WHERE id = $1", p.ID); err != nil {
			return err
		} else if len(taken) > 0 {
			wrong = append(wrong, fault.F("id", "This id is taken; choose another§org"))
		}
		mail, err := emailFault(tx, p)
		if err != nil {
			return err
		}
		if wrong = append(wrong, mail...); len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if err := by.May(Manage, p.Unit); err != nil {
			return err
		}
		p.Added, p.Gone = tx.Now, time.Time{}
		return s.savePeople(tx, by, []personStep{{new: p}})
	})
}

// ChangePerson changes what is known of somebody; to another unit only where
// both are in the actor's hands.
func (s *Service) ChangePerson(ctx context.Context, by authz.Actor, p Person) error {
	p = p.tidy()
	return s.db.Change(ctx, func(tx *store.Tx) error {
		old, err := managePerson(tx, by, p.ID)
		if err != nil {
			return err
		}
		p.Added, p.Gone = old.Added, old.Gone
		wrong := p.check()
		if p.Unit != old.Unit {
			units, err := allUnits(tx)
			if err != nil {
				return err
			}
			wrong = append(wrong, unitFault(units, by, p.Unit, "unit")...)
		}
		mail, err := emailFault(tx, p)
		if err != nil {
			return err
		}
		if wrong = append(wrong, mail...); len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if err := by.May(Manage, p.Unit); err != nil {
			return err
		}
		if len(personDiff(old, p)) == 0 {
			return nil
		}
		return s.savePeople(tx, by, []personStep{{old, p}})
	})
}

// Leave says that somebody is no longer with the group. Offices and duties end
// at once, and roles no longer count.
func (s *Service) Leave(ctx context.Context, by authz.Actor, id string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := managePerson(tx, by, id)
		if err != nil {
			return err
		}
		if !p.Present() {
			return fault.Conflict("This person has left already")
		}
		old := p
		p.Gone = tx.Now
		return s.savePeople(tx, by, []personStep{{old, p}})
	})
}

// Return says that somebody who had left is with the group again.
func (s *Service) Return(ctx context.Context, by authz.Actor, id string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := managePerson(tx, by, id)
		if err != nil {
			return err
		}
		if p.Present() {
			return fault.Conflict("This person is with the group")
		}
		if u, err := findUnit(tx, p.Unit); err != nil || !u.InUse() {
			return fault.Conflict("The person's unit is retired: choose another first")
		}
		mail, err := emailFault(tx, p)
		if err != nil {
			return err
		} else if len(mail) > 0 {
			return fault.Invalid(mail...)
		}
		old := p
		p.Gone = time.Time{}
		return s.savePeople(tx, by, []personStep{{old, p}})
	})
}

func managePerson(tx *store.Tx, by authz.Actor, id string) (Person, error) {
	p, err := seePerson(tx, by, id)
	if err != nil {
		return p, err
	}
	return p, by.May(Manage, p.Unit)
}

// seePerson returns a person whom the actor may read; everybody may read himself.
func seePerson(tx *store.Tx, by authz.Actor, id string) (Person, error) {
	p, err := findPerson(tx, id)
	if err != nil || by.Person == id && id != "" {
		return p, err
	}
	return p, by.See(Read, p.Unit)
}

// Person returns a person whom the actor may read.
func (s *Service) Person(tx *store.Tx, by authz.Actor, id string) (Person, error) {
	return seePerson(tx, by, id)
}

// resolve finds a person whom the actor may read by id, mail address or whole
// name, as people write them into a form.
func resolve(tx *store.Tx, by authz.Actor, written, field string) (Person, []fault.Field, error) {
	written = plain(written)
	if p, err := seePerson(tx, by, written); err == nil {
		return p, nil, nil
	} else if !fault.Is(err, fault.KindNotFound) {
		return p, nil, err
	}
	scope := by.Scope(Read)
	where, args := scope.Where("p.unit", 3)
	list, err := store.Rows(tx, readPerson, "SELECT "+personColumns+` FROM org_person p WHERE p.present = 1 AND p.id IN
		(SELECT id FROM org_person WHERE email = $1 UNION SELECT person FROM org_word WHERE word = $2
		 UNION SELECT id FROM org_person WHERE present = 1 AND sort = $2) AND `+where+" ORDER BY p.id LIMIT 2",
		append([]any{written, fold(written)}, args...)...)
	switch {
	case err != nil:
		return Person{}, nil, err
	case len(list) == 1:
		return list[0], nil, nil
	case len(list) > 1:
		return Person{}, []fault.Field{fault.F(field, "Several people are called %s: enter the id or the mail address", written)}, nil
	}
	return Person{}, []fault.Field{fault.F(field, "There is no person %s", written)}, nil
}
