package org

import (
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
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

func (w *work) planPeople(tx *store.Tx, by authz.Actor, sh *sheet) error {
	all := make([]string, 0, len(sh.rows))
	for _, r := range sh.rows {
		id, _ := sh.get(r, "id")
		all = append(all, id)
	}
	before, err := peopleByID(tx, all)
	if err != nil {
		return err
	}
	units, err := allUnits(tx)
	if err != nil {
		return err
	}
	mails := map[string]string{} // address → id of whoever has it after the import
	if _, ok := sh.at["email"]; ok {
		if mails, err = takenMails(tx, sh, before); err != nil {
			return err
		}
	}
	manages := map[string]bool{}
	can := func(unit string) bool {
		v, ok := manages[unit]
		if !ok {
			v = by.Can(Manage, unit)
			manages[unit] = v
		}
		return v
	}
	seen := once{}
	for _, r := range sh.rows {
		id, _ := sh.get(r, "id")
		if seen.twice(w, id, r.line) {
			continue
		}
		old, exists := before[id]
		if exists && !can(old.Unit) {
			w.blame(r.line, hidden(by, old.Unit)...)
			continue
		}
		p := old
		p.ID = id
		lang := string(p.Lang)
		sh.cells(r, map[string]*string{"name": &p.Name, "name_ja": &p.NameJA, "email": &p.Email, "phone": &p.Phone, "unit": &p.Unit, "language": &lang, "zone": &p.Zone})
		p.Lang = text.Lang(lang)
		n := w.WrongCount
		w.ended(sh, r, "left", &p.Gone)
		p = p.tidy()
		wrong := p.check()
		if p.Unit != old.Unit || !exists {
			wrong = append(wrong, unitFault(units, by, p.Unit, "unit")...)
		}
		if len(wrong) == 0 && !can(p.Unit) {
			wrong = append(wrong, fault.F("unit", "You don't manage %s", p.Unit))
		}
		if p.Email != "" && p.Present() {
			if other, ok := mails[p.Email]; ok && other != p.ID {
				wrong = append(wrong, fault.F("email", "Another person has this mail address"))
			}
			mails[p.Email] = p.ID
		}
		if w.blame(r.line, wrong...); w.WrongCount > n {
			continue
		}
		changes := personDiff(old, p)
		if old.Present() != p.Present() {
			changes = append(changes, Change{Field: "left", From: yesNo(!old.Present()), To: yesNo(!p.Present())})
		}
		if exists && len(changes) == 0 {
			w.Unchanged++
			continue
		}
		w.people = append(w.people, personStep{old, p})
		w.step(stepOf(r.line, p.ID, p.Name, p.NameJA, !exists, changes))
	}
	return nil
}

// takenMails are the addresses of the file that people have who are not in it.
func takenMails(tx *store.Tx, sh *sheet, inFile map[string]Person) (map[string]string, error) {
	addresses := make([]string, 0, len(sh.rows))
	listed := make(map[string]bool, len(sh.rows))
	for _, r := range sh.rows {
		if a, _ := sh.get(r, "email"); a != "" {
			addresses = append(addresses, a)
		}
		id, _ := sh.get(r, "id")
		listed[id] = true
	}
	taken := map[string]string{}
	err := eachPart(addresses, 1, func(marks string, args []any) error {
		found, err := store.Rows(tx, func(r store.Scanner) (v [2]string, err error) { return v, r.Scan(&v[0], &v[1]) },
			"SELECT email, id FROM org_person WHERE present = 1 AND email IN ("+marks+")", args...)
		for _, v := range found {
			if !listed[v[1]] {
				taken[v[0]] = v[1]
			}
		}
		return err
	})
	return taken, err
}

type officeStep struct{ old, new Office }

func (w *work) planOffices(tx *store.Tx, by authz.Actor, sh *sheet) error {
	units, err := allUnits(tx)
	if err != nil {
		return err
	}
	var who []string
	for _, r := range sh.rows {
		id, _ := sh.get(r, "person")
		who = append(who, id)
	}
	people, err := peopleByID(tx, who)
	if err != nil {
		return err
	}
	existing := map[string]Office{}
	if err := eachPart(who, 1, func(marks string, args []any) error {
		found, err := store.Rows(tx, readOffice, "SELECT "+officeColumns+" FROM org_office o WHERE o.person IN ("+marks+")", args...)
		for _, o := range found {
			existing[officeKey(o)] = o
		}
		return err
	}); err != nil {
		return err
	}
	zone := func(unit string) *time.Location {
		l := location(settle(func(id string) (Unit, bool) { u, ok := units[id]; return u, ok }, unit).Zone)
		if l == nil {
			l = time.UTC
		}
		return l
	}
	seen := once{}
	for _, r := range sh.rows {
		var o Office
		var office, from, until string
		sh.cells(r, map[string]*string{"person": &o.Person, "office": &office, "unit": &o.Unit, "title": &o.Title, "title_ja": &o.TitleJA, "from": &from, "until": &until})
		o.Office = OfficeKind(office)
		wrong := unitFault(units, by, o.Unit, "unit")
		if o.Unit == "" {
			wrong = append(wrong, fault.F("unit", "Choose a unit"))
		}
		l := zone(o.Unit)
		var bad []fault.Field
		if o.From, bad = day(from, l, "from"); bad != nil {
			wrong = append(wrong, bad...)
		}
		if o.Until, bad = day(until, l, "until"); bad != nil {
			wrong = append(wrong, bad...)
		}
		p, ok := people[o.Person]
		if !ok || !by.Can(Read, p.Unit) {
			wrong = append(wrong, fault.F("person", "There is no person %s", o.Person))
		}
		if len(wrong) == 0 {
			wrong = o.check()
		}
		if len(wrong) == 0 && !by.Can(Manage, o.Unit) {
			wrong = append(wrong, fault.F("unit", "You don't manage %s", o.Unit))
		}
		old, exists := existing[officeKey(o)]
		if len(wrong) == 0 && !exists && !p.Present() && o.Until.IsZero() {
			wrong = append(wrong, fault.F("person", "This person has left"))
		}
		if w.blame(r.line, wrong...); len(wrong) > 0 || seen.twice(w, officeKey(o), r.line) {
			continue
		}
		if o.ID = old.ID; exists {
			if _, has := sh.at["until"]; !has {
				o.Until = old.Until
			}
			for column, keep := range map[string][2]*string{"title": {&o.Title, &old.Title}, "title_ja": {&o.TitleJA, &old.TitleJA}} {
				if _, has := sh.at[column]; !has {
					*keep[0] = *keep[1]
				}
			}
		}
		var d differ
		d.name("title", old.Title, o.Title)
		d.name("title_ja", old.TitleJA, o.TitleJA)
		d.code("until", dayText(old.Until, l), dayText(o.Until, l))
		if exists && len(d.changes) == 0 {
			w.Unchanged++
			continue
		}
		w.offices = append(w.offices, officeStep{old, o})
		w.step(stepOf(r.line, o.Person, strings.Join([]string{p.Name, string(o.Office), o.Unit}, " · "), "", !exists, d.changes))
	}
	return nil
}

// officeKey is what makes an office the same in a file and in the database.
func officeKey(o Office) string {
	return strings.Join([]string{o.Person, string(o.Office), o.Unit, o.From.UTC().Format(time.RFC3339)}, "\x00")
}

// day reads a date in a zone, or a moment as RFC 3339.
func day(s string, l *time.Location, field string) (time.Time, []fault.Field) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{time.DateOnly, "2006/1/2"} { // Japanese Excel turns dates into the second
		if t, err := time.ParseInLocation(layout, s, l); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, []fault.Field{fault.F(field, "A date such as 2026-11-23 is needed here")}
}

func dayText(t time.Time, l *time.Location) string {
	if t.IsZero() {
		return ""
	}
	if local := t.In(l); local.Hour() == 0 && local.Minute() == 0 && local.Second() == 0 && local.Nanosecond() == 0 {
		return local.Format(time.DateOnly)
	}
	return t.UTC().Format(time.RFC3339Nano)
}

type dayStep struct {
	calendar string
	old, new Special
}

func (w *work) planDays(tx *store.Tx, by authz.Actor, sh *sheet) error {
	if err := by.May(Manage, ""); err != nil {
		return err
	}
	cals, err := calendars(tx)
	if err != nil {
		return err
	}
	seen := once{}
	for _, r := range sh.rows {
		id, _ := sh.get(r, "calendar")
		when, _ := sh.get(r, "day")
		c, ok := cals[id]
		if !ok {
			w.wrong(Wrong{r.line, "calendar", text.M("There is no calendar %s", id)})
			continue
		}
		t, bad := day(when, time.UTC, "day")
		if w.blame(r.line, bad...); len(bad) > 0 || t.IsZero() {
			if when == "" {
				w.wrong(Wrong{r.line, "day", text.M("A date such as 2026-11-23 is needed here")})
			}
			continue
		}
		when = t.Format(time.DateOnly)
		if seen.twice(w, id+" "+when, r.line) {
			continue
		}
		old := c.Special[when]
		d := old
		d.Day = when
		sh.cells(r, map[string]*string{"name": &d.Name, "name_ja": &d.NameJA})
		if v, has := sh.get(r, "working"); has {
			if d.Working, ok = yes(v); !ok {
				w.wrong(Wrong{r.line, "working", text.M("Enter yes or no")})
				continue
			}
		}
		if d.Name == "" || badText(d.Name) || badText(d.NameJA) {
			w.wrong(Wrong{r.line, "name", text.M("Enter a name§org")})
			continue
		}
		if d == old {
			w.Unchanged++
			continue
		}
		var df differ
		df.code("working", yesNo(old.Working), yesNo(d.Working))
		df.name("name", old.Name, d.Name)
		df.name("name_ja", old.NameJA, d.NameJA)
		w.days = append(w.days, dayStep{id, old, d})
		w.step(stepOf(r.line, id+" "+when, d.Name, d.NameJA, old.Day == "", df.changes))
	}
	slices.SortStableFunc(w.days, func(a, b dayStep) int { return strings.Compare(a.calendar, b.calendar) })
	return nil
}
