package org

import (
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

func (w *work) planUnits(tx *store.Tx, by authz.Actor, sh *sheet) error {
	before, err := allUnits(tx)
	if err != nil {
		return err
	}
	cals, err := calendars(tx)
	if err != nil {
		return err
	}
	type entry struct {
		line int
		step unitStep
	}
	var entries []entry
	after := make(map[string]Unit, len(before)+len(sh.rows))
	for id, u := range before {
		after[id] = u
	}
	seen := once{}
	fresh := map[string]bool{}
	for _, r := range sh.rows {
		id, _ := sh.get(r, "id")
		if seen.twice(w, id, r.line) {
			continue
		}
		old, exists := before[id]
		if exists && !by.Can(Manage, id) {
			w.blame(r.line, hidden(by, id)...)
			continue
		}
		u := old
		u.ID = id
		kind := string(u.Kind)
		sh.cells(r, map[string]*string{"kind": &kind, "name": &u.Name, "name_ja": &u.NameJA, "parent": &u.Parent, "region": &u.Region,
			"country": &u.Country, "language": &u.Lang, "zone": &u.Zone, "calendar": &u.Calendar})
		u.Kind = Kind(kind)
		if u.Parent == Elsewhere && exists {
			u.Parent = old.Parent
		}
		if u.Region == Elsewhere && exists {
			u.Region = old.Region
		}
		w.ended(sh, r, "retired", &u.Retired)
		u = u.tidy()
		after[id], fresh[id] = u, !exists
		entries = append(entries, entry{r.line, unitStep{old, u}})
	}
	pl := placing{by: by, before: before, after: after, fresh: fresh, regions: map[string]bool{}}
	for _, id := range KnownRegions(by) {
		pl.regions[id] = true
	}
	children := map[string]int{}
	for _, u := range after {
		if u.InUse() {
			children[u.Parent]++
			children[u.Region]++
		}
	}
	for _, e := range entries {
		old, u := e.step.old, e.step.new
		wrong := append(u.check(), pl.check(old, u)...)
		if _, ok := cals[u.Calendar]; !ok && u.Calendar != "" {
			wrong = append(wrong, fault.F("calendar", "There is no calendar %s", u.Calendar))
		}
		if old.InUse() && !u.InUse() && old.ID != "" && len(wrong) == 0 {
			if children[u.ID] > 0 {
				wrong = append(wrong, fault.F("retired", "Still in use here: %d units, %d people, %d teams. Move them first.", children[u.ID], 0, 0))
			} else if err := retirable(tx, Unit{ID: u.ID, Kind: u.Kind, Region: "-", Parent: u.Parent}); err != nil && fault.KindOf(err) == fault.KindConflict && !onlyUnits(tx, u.ID) {
				wrong = append(wrong, fault.Field{Name: "retired", Message: fault.MessageOf(err)})
			}
		}
		if w.blame(e.line, wrong...); len(wrong) > 0 {
			continue
		}
		changes := unitDiff(old, u)
		if old.InUse() != u.InUse() {
			changes = append(changes, Change{Field: "retired", From: yesNo(!old.InUse()), To: yesNo(!u.InUse())})
		}
		if old.ID != "" && len(changes) == 0 {
			w.Unchanged++
			continue
		}
		w.units = append(w.units, e.step)
		w.step(stepOf(e.line, u.ID, u.Name, u.NameJA, old.ID == "", changes))
	}
	return nil
}

// onlyUnits tells whether neither people nor teams are left in a unit: the
// units below it may retire in the same file.
func onlyUnits(tx *store.Tx, id string) bool {
	var n int
	err := tx.QueryRow(`SELECT (SELECT count(*) FROM org_person WHERE unit = $1 AND present = 1) + (SELECT count(*) FROM org_team WHERE unit = $1 AND disbanded = 0)`, id).Scan(&n)
	return err == nil && n == 0
}

// placing checks the places of units in a file where others of the same file
// may be above them.
type placing struct {
	by            authz.Actor
	before, after map[string]Unit
	fresh         map[string]bool
	regions       map[string]bool
}

func (p placing) knows(id string) bool {
	return p.by.IsSystem() || p.fresh[id] || p.by.Can(Read, id) || p.regions[id]
}

// mine tells whether the actor manages a unit, or would once the file is taken over.
func (p placing) mine(id string, depth int) bool {
	if id == "" || depth > 32 {
		return false
	}
	if !p.fresh[id] {
		return p.by.Can(Manage, id)
	}
	u := p.after[id]
	return p.mine(u.Parent, depth+1) || p.mine(u.Region, depth+1)
}

func (p placing) check(old, u Unit) []fault.Field {
	var wrong []fault.Field
	added := old.ID == ""
	look := func(field, id string, changed bool) {
		if id == "" || !changed {
			return
		}
		up, ok := p.after[id]
		switch {
		case !ok || !p.knows(id):
			wrong = append(wrong, fault.F(field, "There is no unit %s", id))
		case !up.InUse() && u.InUse():
			wrong = append(wrong, fault.F(field, "%s is no longer in use", id))
		case field == "region" && up.Kind != Region:
			wrong = append(wrong, fault.F(field, "%s is not a region", id))
		case field == "parent" && up.Kind == Region:
			wrong = append(wrong, fault.F(field, "A region owns no units"))
		}
	}
	restored := !old.InUse() && u.InUse()
	look("parent", u.Parent, added || old.Parent != u.Parent || restored)
	look("region", u.Region, added || old.Region != u.Region || restored)
	if !added {
		if (old.Kind == Region) != (u.Kind == Region) || (old.Kind == Group) != (u.Kind == Group) {
			wrong = append(wrong, fault.F("kind", "A region stays a region, and an owned unit an owned unit"))
		}
	}
	if u.Kind == Group && added {
		wrong = append(wrong, fault.F("kind", "There is one group, and it exists already"))
	}
	if u.Kind == Region && u.Region == "" && (added || old.Region != "") {
		wrong = append(wrong, fault.F("region", "Say which region it lies in"))
	}
	if len(wrong) == 0 && (added || old.Parent != u.Parent || old.Region != u.Region) {
		for field, up := range map[string]func(Unit) string{"parent": func(u Unit) string { return u.Parent }, "region": func(u Unit) string { return u.Region }} {
			n := 0
			for id := up(u); id != "" && n <= 32; id = up(p.after[id]) {
				n++
			}
			if n > 32 {
				wrong = append(wrong, fault.F(field, "The unit is above itself, or more than %d levels deep", 32))
			}
		}
		parent := !added && old.Parent == u.Parent || p.mine(u.Parent, 0)
		region := !added && old.Region == u.Region || p.mine(u.Region, 0)
		if len(wrong) == 0 && !p.by.IsSystem() && !(parent || region && p.mine(u.Region, 0)) {
			wrong = append(wrong, fault.F("parent", "You don't manage %s", u.Parent))
		} else if len(wrong) == 0 && !p.by.IsSystem() && !(region || p.mine(u.Parent, 0)) {
			wrong = append(wrong, fault.F("region", "You don't manage %s", u.Region))
		}
	}
	return wrong
}
