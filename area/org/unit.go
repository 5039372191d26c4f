package org

import (
	"context"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Change is one field before and after.
type Change struct {
	Field string
	From  string
	To    string
	named bool // a name or address: not for the ledger
}

// edits are the changes as the ledger may hold them.
func edits(changes []Change) []fact.Edit {
	list := make([]fact.Edit, len(changes))
	for i, c := range changes {
		list[i] = fact.Edit{Field: c.Field}
		if !c.named {
			list[i].From, list[i].To = c.From, c.To
		}
	}
	return list
}

type differ struct{ changes []Change }

func (d *differ) code(field, from, to string) {
	if from != to {
		d.changes = append(d.changes, Change{Field: field, From: from, To: to})
	}
}

func (d *differ) name(field, from, to string) {
	if from != to {
		d.changes = append(d.changes, Change{field, from, to, true})
	}
}

func unitDiff(old, new Unit) []Change {
	var d differ
	d.code("kind", string(old.Kind), string(new.Kind))
	d.name("name", old.Name, new.Name)
	d.name("name_ja", old.NameJA, new.NameJA)
	d.code("parent", old.Parent, new.Parent)
	d.code("region", old.Region, new.Region)
	d.code("country", old.Country, new.Country)
	d.code("language", old.Lang, new.Lang)
	d.code("zone", old.Zone, new.Zone)
	d.code("calendar", old.Calendar, new.Calendar)
	return d.changes
}

// unitStep is one unit before and after; before has no ID where it is new.
type unitStep struct{ old, new Unit }

// saveUnits writes units, tells authority and search, and records what
// happened. Steps without a change are left out by the caller.
func (s *Service) saveUnits(tx *store.Tx, by authz.Actor, steps []unitStep) error {
	units := make([]Unit, len(steps))
	paths := make([]authz.Unit, len(steps))
	for i, st := range steps {
		units[i] = st.new
		paths[i] = st.new.authz()
	}
	zoneBefore, err := s.zones(tx)
	if err != nil {
		return err
	}
	if err := putUnitRows(tx, units); err != nil {
		return err
	}
	if err := authz.PutUnits(tx, paths...); err != nil {
		return err
	}
	if err := s.followZones(tx, steps, zoneBefore); err != nil {
		return err
	}
	for _, st := range steps {
		u := st.new
		if err := s.put(tx, "unit", u.ID, u.ID, u.Label(text.EN), strings.Join([]string{u.Name, u.NameJA, u.ID, u.Country}, " "), "/org/units/"+u.ID); err != nil {
			return err
		}
		for _, f := range unitFacts(st) {
			if err := tx.Record(by, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// followZones tells authority the new zone of people who have none of their own
// where that of their unit changes.
func (s *Service) followZones(tx *store.Tx, steps []unitStep, before func(string) string) error {
	if !slices.ContainsFunc(steps, func(st unitStep) bool {
		return st.old.ID != "" && (st.old.Zone != st.new.Zone || st.old.Region != st.new.Region)
	}) {
		return nil
	}
	after, err := s.zones(tx)
	if err != nil {
		return err
	}
	all, err := store.Texts(tx, "SELECT id FROM org_unit WHERE people > 0 ORDER BY id")
	if err != nil {
		return err
	}
	moved := slices.DeleteFunc(all, func(id string) bool { return before(id) == after(id) })
	return eachPart(moved, 1, func(marks string, args []any) error {
		people, err := store.Rows(tx, readPerson, "SELECT "+personColumns+" FROM org_person p WHERE p.present = 1 AND p.zone = '' AND p.unit IN ("+marks+")", args...)
		if err != nil {
			return err
		}
		known := make([]authz.Person, len(people))
		for i, p := range people {
			known[i] = p.authz()
			known[i].Zone = after(p.Unit)
		}
		return authz.PutPeople(tx, known...)
	})
}

func unitFacts(st unitStep) []store.Fact {
	u := st.new
	if st.old.ID == "" {
		return []store.Fact{fact.UnitAdded{Unit: u.ID, Kind: string(u.Kind), Parent: u.Parent, Region: u.Region, Country: u.Country}}
	}
	var facts []store.Fact
	if changes := unitDiff(st.old, u); len(changes) > 0 {
		facts = append(facts, fact.UnitChanged{Unit: u.ID, Edits: edits(changes)})
	}
	if st.old.InUse() && !u.InUse() {
		facts = append(facts, fact.UnitRetired{Unit: u.ID})
	}
	if !st.old.InUse() && u.InUse() {
		facts = append(facts, fact.UnitRestored{Unit: u.ID})
	}
	return facts
}

// knows tells whether the actor may know of a unit: one that may be read, or a
// region in which such a one lies.
func knows(by authz.Actor, id string) bool {
	if by.Can(Read, id) {
		return true
	}
	u, ok := by.Units().Get(id)
	return ok && u.Kind == authz.RegionKind && slices.Contains(KnownRegions(by), id)
}

// KnownRegions are the regions in which the units lie that the actor may read.
func KnownRegions(by authz.Actor) []string {
	seen := map[string]bool{}
	var list []string
	for _, u := range by.Visible(Read) {
		for _, id := range strings.Split(strings.Trim(u.Geo, "/"), "/") {
			if r, ok := by.Units().Get(id); ok && r.Kind == authz.RegionKind && !seen[id] {
				seen[id] = true
				list = append(list, id)
			}
		}
	}
	slices.Sort(list)
	return list
}

// mayPlace tells whether the actor may put a unit under an owner and into a
// region. One of the two must be in his hands, and he must know the other.
func mayPlace(by authz.Actor, parent, region string) bool {
	if by.IsSystem() {
		return true
	}
	return by.Can(Manage, parent) && parent != "" && knows(by, region) ||
		by.Can(Manage, region) && region != "" && knows(by, parent)
}

// placeFaults are complaints about owner and region. A unit that the actor may
// not know of is treated as one that does not exist.
func placeFaults(by authz.Actor, units map[string]Unit, u Unit) []fault.Field {
	var wrong []fault.Field
	sees := func(id string) (Unit, bool) {
		r, ok := units[id]
		return r, ok && (by.IsSystem() || knows(by, id))
	}
	if u.Parent != "" {
		if p, ok := sees(u.Parent); !ok {
			wrong = append(wrong, fault.F("parent", "There is no unit %s", u.Parent))
		} else if !p.InUse() {
			wrong = append(wrong, fault.F("parent", "%s is no longer in use", u.Parent))
		} else if p.Kind == Region {
			wrong = append(wrong, fault.F("parent", "A region owns no units"))
		}
	}
	if u.Region != "" {
		if r, ok := sees(u.Region); !ok {
			wrong = append(wrong, fault.F("region", "There is no unit %s", u.Region))
		} else if r.Kind != Region {
			wrong = append(wrong, fault.F("region", "%s is not a region", u.Region))
		} else if !r.InUse() {
			wrong = append(wrong, fault.F("region", "%s is no longer in use", u.Region))
		}
	}
	return wrong
}

// AddUnit adds a unit under its owner.
func (s *Service) AddUnit(ctx context.Context, by authz.Actor, u Unit) error {
	u = u.tidy()
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if !by.CanAnywhere(Manage) {
			return by.May(Manage, u.Parent)
		}
		units, err := allUnits(tx)
		if err != nil {
			return err
		}
		wrong := u.check()
		if _, exists := units[u.ID]; exists {
			wrong = append(wrong, fault.F("id", "This id is taken; choose another§org"))
		}
		if u.Kind == Region && u.Region == "" {
			wrong = append(wrong, fault.F("region", "Say which region it lies in"))
		}
		wrong = append(wrong, placeFaults(by, units, u)...)
		if wrong = append(wrong, calendarFault(tx, u.Calendar)...); len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if !mayPlace(by, u.Parent, u.Region) {
			return by.May(Manage, u.Parent)
		}
		u.Added, u.People = tx.Now, 0
		return s.saveUnits(tx, by, []unitStep{{new: u}})
	})
}

// ChangeUnit changes what is known of a unit, its place in both trees included.
func (s *Service) ChangeUnit(ctx context.Context, by authz.Actor, u Unit) error {
	u = u.tidy()
	return s.db.Change(ctx, func(tx *store.Tx) error {
		old, err := seeUnit(tx, by, u.ID)
		if err != nil {
			return err
		}
		if err := by.May(Manage, u.ID); err != nil {
			return err
		}
		units, err := allUnits(tx)
		if err != nil {
			return err
		}
		u.Added, u.Retired, u.People = old.Added, old.Retired, old.People
		wrong := u.check()
		if (old.Kind == Region) != (u.Kind == Region) || (old.Kind == Group) != (u.Kind == Group) {
			wrong = append(wrong, fault.F("kind", "A region stays a region, and an owned unit an owned unit"))
		}
		if old.Region == "" && u.Region != "" || old.Region != "" && u.Region == "" {
			wrong = append(wrong, fault.F("region", "Only the topmost region lies in no other"))
		}
		moved := old.Parent != u.Parent || old.Region != u.Region
		if moved {
			wrong = append(wrong, movedFaults(by, units, old, u)...)
		}
		if wrong = append(wrong, calendarFault(tx, u.Calendar)...); len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if moved && !mayMove(by, old, u) {
			return by.May(Manage, u.Parent)
		}
		if len(unitDiff(old, u)) == 0 {
			return nil
		}
		return s.saveUnits(tx, by, []unitStep{{old, u}})
	})
}

// movedFaults looks only at the references that change: the others may lie
// where the actor does not see them.
func movedFaults(by authz.Actor, units map[string]Unit, old, u Unit) []fault.Field {
	if old.Parent == u.Parent {
		u.Parent = ""
	}
	if old.Region == u.Region {
		u.Region = ""
	}
	return placeFaults(by, units, u)
}

func mayMove(by authz.Actor, old, u Unit) bool {
	if by.IsSystem() {
		return true
	}
	owner := old.Parent == u.Parent || by.Can(Manage, u.Parent)
	region := old.Region == u.Region || by.Can(Manage, u.Region)
	return (owner || knows(by, u.Parent) && by.Can(Manage, u.Region)) && (region || knows(by, u.Region) && by.Can(Manage, u.Parent))
}

// RetireUnit takes a unit out of use. Units, people and teams must have left it
// before.
func (s *Service) RetireUnit(ctx context.Context, by authz.Actor, id string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		u, err := seeUnit(tx, by, id)
		if err != nil {
			return err
		}
		if err := by.May(Manage, id); err != nil {
			return err
		}
		if err := retirable(tx, u); err != nil {
			return err
		}
		old := u
		u.Retired = tx.Now
		return s.saveUnits(tx, by, []unitStep{{old, u}})
	})
}

func retirable(tx *store.Tx, u Unit) error {
	if u.Kind == Group || u.Region == "" {
		return fault.Conflict("The group and the topmost region can't be retired")
	}
	if !u.InUse() {
		return fault.Conflict("This unit is retired already")
	}
	var below, people, teams int
	if err := tx.QueryRow(`SELECT (SELECT count(*) FROM org_unit WHERE (parent = $1 OR region = $1) AND retired = 0),
		(SELECT count(*) FROM org_person WHERE unit = $1 AND present = 1),
		(SELECT count(*) FROM org_team WHERE unit = $1 AND disbanded = 0)`, u.ID).Scan(&below, &people, &teams); err != nil {
		return err
	}
	if below+people+teams > 0 {
		return fault.Conflict("Still in use here: %d units, %d people, %d teams. Move them first.", below, people, teams)
	}
	return nil
}

// RestoreUnit puts a retired unit into use again.
func (s *Service) RestoreUnit(ctx context.Context, by authz.Actor, id string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		u, err := seeUnit(tx, by, id)
		if err != nil {
			return err
		}
		if err := by.May(Manage, id); err != nil {
			return err
		}
		if u.InUse() {
			return fault.Conflict("This unit is in use")
		}
		for _, above := range []string{u.Parent, u.Region} {
			if above == "" {
				continue
			}
			if p, err := findUnit(tx, above); err != nil || !p.InUse() {
				return fault.Conflict("The unit above it is retired: move it elsewhere first")
			}
		}
		old := u
		u.Retired = time.Time{}
		return s.saveUnits(tx, by, []unitStep{{old, u}})
	})
}

// seeUnit returns a unit that the actor may read.
func seeUnit(tx *store.Tx, by authz.Actor, id string) (Unit, error) {
	u, err := findUnit(tx, id)
	if err != nil {
		return u, err
	}
	return u, by.See(Read, id)
}

// Unit returns a unit that the actor may read.
func (s *Service) Unit(tx *store.Tx, by authz.Actor, id string) (Unit, error) {
	return seeUnit(tx, by, id)
}
