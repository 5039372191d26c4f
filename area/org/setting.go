package org

import (
	"context"
	"maps"
	"slices"
	"sort"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// location is the zone of that name; nil where there is none.
func location(zone string) *time.Location {
	if !validZone(zone) {
		return nil
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		return nil
	}
	return l
}

// Setting is what holds for a unit, by itself or from the regions it lies in.
type Setting struct {
	Country, CountryFrom   string // value and the unit that it comes from
	Lang, LangFrom         string
	Zone, ZoneFrom         string
	Calendar, CalendarFrom string // empty: the usual calendar
}

// settle follows the regions upwards from a unit until each setting is found.
func settle(units func(id string) (Unit, bool), id string) Setting {
	var s Setting
	for n := 0; id != "" && n < 64; n++ {
		u, ok := units(id)
		if !ok {
			break
		}
		take := func(value, from *string, own string) {
			if *value == "" && own != "" {
				*value, *from = own, u.ID
			}
		}
		take(&s.Country, &s.CountryFrom, u.Country)
		take(&s.Lang, &s.LangFrom, u.Lang)
		take(&s.Zone, &s.ZoneFrom, u.Zone)
		take(&s.Calendar, &s.CalendarFrom, u.Calendar)
		id = u.Region
	}
	if s.Zone == "" {
		s.Zone = "UTC"
	}
	return s
}

// regionsOf reads the units from one upwards through its regions.
func regionsOf(tx *store.Tx, id string) (func(string) (Unit, bool), error) {
	list, err := store.Rows(tx, readUnit, `WITH RECURSIVE up (id, n) AS (SELECT s.id, 0 FROM org_unit s WHERE s.id = $1 UNION ALL
		SELECT o.region, up.n + 1 FROM up JOIN org_unit o ON o.id = up.id WHERE o.region <> '' AND up.n < 64)
		SELECT `+unitColumns+" FROM org_unit u WHERE u.id IN (SELECT id FROM up)", id)
	byID := map[string]Unit{}
	for _, u := range list {
		byID[u.ID] = u
	}
	return func(id string) (Unit, bool) { u, ok := byID[id]; return u, ok }, err
}

// Setting is what holds for a unit.
func (s *Service) Setting(tx *store.Tx, unit string) (Setting, error) {
	units, err := regionsOf(tx, unit)
	return settle(units, unit), err
}

// zones tells the zone of any unit, reading all units once and only if asked.
func (s *Service) zones(tx *store.Tx) (func(unit string) string, error) {
	known := map[string]string{}
	units, err := allUnits(tx)
	if err != nil {
		return nil, err
	}
	return func(id string) string {
		if z, ok := known[id]; ok {
			return z
		}
		known[id] = settle(func(id string) (Unit, bool) { u, ok := units[id]; return u, ok }, id).Zone
		return known[id]
	}, nil
}

// Calendar is the working calendar of a unit: its own, else that of the nearest
// region that has one, else the usual one; in the unit's zone, with the special
// days of its base calendars.
func (s *Service) Calendar(tx *store.Tx, unit string) (Calendar, error) {
	set, err := s.Setting(tx, unit)
	if err != nil {
		return Calendar{}, err
	}
	all, err := calendars(tx)
	if err != nil {
		return Calendar{}, err
	}
	c := whole(all, set.Calendar)
	c.Zone = location(set.Zone)
	return c, nil
}

// whole is a calendar with the special days of its bases.
func whole(all map[string]Calendar, id string) Calendar {
	c, ok := all[id]
	if !ok {
		return Usual()
	}
	days := map[string]Special{}
	for n, b := 0, c; n < 16; n++ {
		for day, sp := range b.Special {
			if _, own := days[day]; !own {
				days[day] = sp
			}
		}
		if b, ok = all[b.Base]; !ok {
			break
		}
	}
	c.Special = days
	return c
}

// Calendars are all calendars in order of ids, each with its own days only.
func (s *Service) Calendars(tx *store.Tx) ([]Calendar, error) {
	all, err := calendars(tx)
	return slices.SortedFunc(maps.Values(all), func(a, b Calendar) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	}), err
}

// Days are the special days of a calendar with those of its bases, in order.
func (s *Service) Days(tx *store.Tx, id string) (Calendar, []Special, error) {
	all, err := calendars(tx)
	if err != nil {
		return Calendar{}, nil, err
	}
	if _, ok := all[id]; !ok {
		return Calendar{}, nil, missing()
	}
	c := whole(all, id)
	days := slices.Collect(maps.Values(c.Special))
	sort.Slice(days, func(i, j int) bool { return days[i].Day < days[j].Day })
	return c, days, nil
}

func calendarFault(tx *store.Tx, id string) []fault.Field {
	if id == "" {
		return nil
	}
	if found, err := store.Texts(tx, "SELECT id FROM org_calendar WHERE id = $1", id); err == nil && len(found) > 0 {
		return nil
	}
	return []fault.Field{fault.F("calendar", "There is no calendar %s", id)}
}

// PutCalendar adds a calendar or changes its week and hours. Calendars belong
// to the whole group: who manages some part of it may add one, and only who
// manages all of it may change one.
func (s *Service) PutCalendar(ctx context.Context, by authz.Actor, c Calendar, add bool) error {
	c.ID, c.Name, c.NameJA = plain(c.ID), plain(c.Name), plain(c.NameJA)
	return s.db.Change(ctx, func(tx *store.Tx) error {
		all, err := calendars(tx)
		if err != nil {
			return err
		}
		_, exists := all[c.ID]
		if err := mayCalendar(by, exists || !add); err != nil {
			return err
		}
		wrong := c.check()
		if add && exists {
			wrong = append(wrong, fault.F("id", "This id is taken; choose another§org"))
		}
		if !add && !exists {
			return missing()
		}
		for b, n := c.Base, 0; b != ""; n++ {
			base, ok := all[b]
			if !ok {
				wrong = append(wrong, fault.F("base", "There is no calendar %s", b))
				break
			}
			if base.ID == c.ID || n > 8 {
				wrong = append(wrong, fault.F("base", "A calendar can't be its own base"))
				break
			}
			b = base.Base
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if err := putCalendarRows(tx, []Calendar{c}); err != nil {
			return err
		}
		return tx.Record(by, fact.CalendarChanged{Calendar: c.ID})
	})
}

func mayCalendar(by authz.Actor, change bool) error {
	if !change && by.CanAnywhere(Manage) {
		return nil
	}
	return by.May(Manage, "")
}

func putCalendarRows(tx *store.Tx, list []Calendar) error {
	rows := make([][]any, len(list))
	for i, c := range list {
		rows[i] = []any{c.ID, c.Name, c.NameJA, c.Base, c.Week, c.Opens, c.Closes}
	}
	return insert(tx, "org_calendar", "id, name, name_ja, base, week, opens, closes",
		"ON CONFLICT (id) DO UPDATE SET name=excluded.name, name_ja=excluded.name_ja, base=excluded.base, week=excluded.week, opens=excluded.opens, closes=excluded.closes", rows)
}

func putDays(tx *store.Tx, calendar string, days []Special) error {
	rows := make([][]any, len(days))
	for i, d := range days {
		rows[i] = []any{calendar, d.Day, flag(d.Working), d.Name, d.NameJA}
	}
	return insert(tx, "org_day", "calendar, day, working, name, name_ja",
		"ON CONFLICT (calendar, day) DO UPDATE SET working=excluded.working, name=excluded.name, name_ja=excluded.name_ja", rows)
}

// PutDay adds or changes a special day of a calendar.
func (s *Service) PutDay(ctx context.Context, by authz.Actor, calendar string, d Special) error {
	d.Name, d.NameJA = plain(d.Name), plain(d.NameJA)
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if calendarFault(tx, calendar) != nil {
			return missing()
		}
		if err := mayCalendar(by, true); err != nil {
			return err
		}
		var wrong []fault.Field
		if _, err := time.Parse(time.DateOnly, d.Day); err != nil {
			wrong = append(wrong, fault.F("day", "A date such as 2026-11-23 is needed here"))
		}
		if d.Name == "" || badText(d.Name) || badText(d.NameJA) {
			wrong = append(wrong, fault.F("name", "Enter a name§org"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if err := putDays(tx, calendar, []Special{d}); err != nil {
			return err
		}
		return tx.Record(by, fact.CalendarChanged{Calendar: calendar, Days: []string{d.Day}})
	})
}

// DropDay takes a special day away: its weekday, or the base's day, counts again.
func (s *Service) DropDay(ctx context.Context, by authz.Actor, calendar, day string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := mayCalendar(by, true); err != nil {
			return err
		}
		n, err := tx.Exec("DELETE FROM org_day WHERE calendar = $1 AND day = $2", calendar, day)
		if err != nil {
			return err
		}
		if n == 0 {
			return missing()
		}
		return tx.Record(by, fact.CalendarChanged{Calendar: calendar, Days: []string{day}})
	})
}
