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
