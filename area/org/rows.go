package org

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// insert writes rows, many in a statement. onConflict is appended. SQLite finds
// a numbered placeholder by looking through all of the statement, so that some
// hundred at a time are quickest.
func insert(tx *store.Tx, table, columns, onConflict string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	per := max(1, 300/len(rows[0]))
	for len(rows) > 0 {
		part := rows[:min(per, len(rows))]
		rows = rows[len(part):]
		var b strings.Builder
		b.WriteString("INSERT INTO " + table + " (" + columns + ") VALUES ")
		args := make([]any, 0, len(part)*len(part[0]))
		for i, r := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			for j := range r {
				if j == 0 {
					b.WriteByte('(')
				} else {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, "$%d", len(args)+j+1)
			}
			b.WriteByte(')')
			args = append(args, r...)
		}
		b.WriteString(" " + onConflict)
		if _, err := tx.Exec(b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// eachPart calls do with at most 300 of the ids at a time, as placeholders
// from $n on.
func eachPart(ids []string, n int, do func(marks string, args []any) error) error {
	for len(ids) > 0 {
		part := ids[:min(300, len(ids))]
		ids = ids[len(part):]
		marks := make([]string, len(part))
		args := make([]any, len(part))
		for i, id := range part {
			marks[i], args[i] = fmt.Sprintf("$%d", n+i), id
		}
		if err := do(strings.Join(marks, ","), args); err != nil {
			return err
		}
	}
	return nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func missing() error { return fault.NotFound("There is no such entry, or you may not see it") }

const unitColumns = "u.id, u.kind, u.name, u.name_ja, u.parent, u.region, u.country, u.lang, u.zone, u.calendar, u.people, u.retired, u.added"

func readUnit(r store.Scanner) (u Unit, err error) {
	var retired, added int64
	err = r.Scan(&u.ID, &u.Kind, &u.Name, &u.NameJA, &u.Parent, &u.Region, &u.Country, &u.Lang, &u.Zone, &u.Calendar, &u.People, &retired, &added)
	u.Retired, u.Added = store.Time(retired), store.Time(added)
	return u, err
}

func findUnit(tx *store.Tx, id string) (Unit, error) {
	u, err := readUnit(tx.QueryRow("SELECT "+unitColumns+" FROM org_unit u WHERE u.id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return u, missing()
	}
	return u, err
}

func allUnits(tx *store.Tx) (map[string]Unit, error) {
	list, err := store.Rows(tx, readUnit, "SELECT "+unitColumns+" FROM org_unit u")
	byID := make(map[string]Unit, len(list))
	for _, u := range list {
		byID[u.ID] = u
	}
	return byID, err
}

func putUnitRows(tx *store.Tx, units []Unit) error {
	rows := make([][]any, len(units))
	for i, u := range units {
		rows[i] = []any{u.ID, string(u.Kind), u.Name, u.NameJA, u.Parent, u.Region, u.Country, u.Lang, u.Zone, u.Calendar, store.Millis(u.Retired), store.Millis(u.Added)}
	}
	return insert(tx, "org_unit", "id, kind, name, name_ja, parent, region, country, lang, zone, calendar, retired, added",
		`ON CONFLICT (id) DO UPDATE SET kind=excluded.kind, name=excluded.name, name_ja=excluded.name_ja, parent=excluded.parent, region=excluded.region,
		country=excluded.country, lang=excluded.lang, zone=excluded.zone, calendar=excluded.calendar, retired=excluded.retired`, rows)
}

const personColumns = "p.id, p.name, p.name_ja, p.email, p.phone, p.unit, p.lang, p.zone, p.added, p.gone"

func readPerson(r store.Scanner) (p Person, err error) {
	var added, gone int64
	err = r.Scan(&p.ID, &p.Name, &p.NameJA, &p.Email, &p.Phone, &p.Unit, &p.Lang, &p.Zone, &added, &gone)
	p.Added, p.Gone = store.Time(added), store.Time(gone)
	return p, err
}

func findPerson(tx *store.Tx, id string) (Person, error) {
	p, err := readPerson(tx.QueryRow("SELECT "+personColumns+" FROM org_person p WHERE p.id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return p, missing()
	}
	return p, err
}

func peopleByID(tx *store.Tx, ids []string) (map[string]Person, error) {
	found := make(map[string]Person, len(ids))
	err := eachPart(ids, 1, func(marks string, args []any) error {
		list, err := store.Rows(tx, readPerson, "SELECT "+personColumns+" FROM org_person p WHERE p.id IN ("+marks+")", args...)
		for _, p := range list {
			found[p.ID] = p
		}
		return err
	})
	return found, err
}

// putPersonRows writes people and the words they are found by.
func putPersonRows(tx *store.Tx, people []Person) error {
	rows := make([][]any, len(people))
	var words [][]any
	ids := make([]string, len(people))
	for i, p := range people {
		rows[i] = []any{p.ID, p.Name, p.NameJA, fold(p.Name), p.Email, p.Phone, p.Unit, string(p.Lang), p.Zone, flag(p.Present()), store.Millis(p.Added), store.Millis(p.Gone)}
		ids[i] = p.ID
		for _, w := range p.words() {
			words = append(words, []any{w, p.Unit, p.ID})
		}
	}
	if err := insert(tx, "org_person", "id, name, name_ja, sort, email, phone, unit, lang, zone, present, added, gone",
		`ON CONFLICT (id) DO UPDATE SET name=excluded.name, name_ja=excluded.name_ja, sort=excluded.sort, email=excluded.email, phone=excluded.phone,
		unit=excluded.unit, lang=excluded.lang, zone=excluded.zone, present=excluded.present, gone=excluded.gone`, rows); err != nil {
		return err
	}
	if err := eachPart(ids, 1, func(marks string, args []any) error {
		_, err := tx.Exec("DELETE FROM org_word WHERE person IN ("+marks+")", args...)
		return err
	}); err != nil {
		return err
	}
	return insert(tx, "org_word", "word, unit, person", "", words)
}

// recount brings the head counts of units up to date.
func recount(tx *store.Tx, units []string) error {
	return eachPart(units, 1, func(marks string, args []any) error {
		_, err := tx.Exec(`UPDATE org_unit SET people = (SELECT count(*) FROM org_person p WHERE p.unit = org_unit.id AND p.present = 1)
			WHERE id IN (`+marks+`)`, args...)
		return err
	})
}

const teamColumns = "t.id, t.kind, t.name, t.name_ja, t.unit, t.email, t.phone, t.lead, t.zone, t.anchor, t.handover, t.days, t.disbanded, t.added"

func readTeam(r store.Scanner) (t Team, err error) {
	var disbanded, added int64
	err = r.Scan(&t.ID, &t.Kind, &t.Name, &t.NameJA, &t.Unit, &t.Email, &t.Phone, &t.Lead, &t.Zone, &t.Plan.Anchor, &t.Plan.Handover, &t.Plan.Days, &disbanded, &added)
	t.Disbanded, t.Added = store.Time(disbanded), store.Time(added)
	t.Plan.Zone = location(t.Zone)
	return t, err
}

// teams reads teams with their members, turns and the stand-ins not yet over,
// in order of ids. where speaks of org_team t.
func teams(tx *store.Tx, where string, args ...any) ([]Team, error) {
	list, err := store.Rows(tx, readTeam, "SELECT "+teamColumns+" FROM org_team t WHERE "+where+" ORDER BY t.id", args...)
	if err != nil || len(list) == 0 {
		return list, err
	}
	at := make(map[string]int, len(list))
	ids := make([]string, len(list))
	for i, t := range list {
		at[t.ID], ids[i] = i, t.ID
	}
	type member struct {
		team, person string
		turn         int
	}
	err = eachPart(ids, 1, func(marks string, args []any) error {
		ms, err := store.Rows(tx, func(r store.Scanner) (m member, err error) { return m, r.Scan(&m.team, &m.person, &m.turn) },
			"SELECT team, person, turn FROM org_member WHERE team IN ("+marks+") ORDER BY team, turn, person", args...)
		if err != nil {
			return err
		}
		for _, m := range ms {
			t := &list[at[m.team]]
			t.Members = append(t.Members, m.person)
			if m.turn > 0 {
				t.Plan.Order = append(t.Plan.Order, m.person)
			}
		}
		type standin struct {
			team string
			s    Standin
		}
		ss, err := store.Rows(tx, func(r store.Scanner) (x standin, err error) {
			var from, until int64
			err = r.Scan(&x.team, &x.s.ID, &x.s.Person, &from, &until)
			x.s.From, x.s.Until = store.Time(from), store.Time(until)
			return x, err
		}, fmt.Sprintf("SELECT team, id, person, since, until FROM org_standin WHERE team IN ("+marks+") AND until > $%d ORDER BY id", len(args)+1), append(args, tx.Millis()-standinsKept)...)
		for _, x := range ss {
			t := &list[at[x.team]]
			t.Plan.Standins = append(t.Plan.Standins, x.s)
		}
		return err
	})
	return list, err
}

// standinsKept is how long stand-ins are still shown after their end: 35 days
// in milliseconds.
const standinsKept = 35 * 24 * 60 * 60 * 1000

func findTeam(tx *store.Tx, id string) (Team, error) {
	list, err := teams(tx, "t.id = $1", id)
	if err == nil && len(list) == 0 {
		err = missing()
	}
	if err != nil {
		return Team{}, err
	}
	return list[0], nil
}

func putTeamRows(tx *store.Tx, list []Team) error {
	rows := make([][]any, len(list))
	ids := make([]string, len(list))
	var members [][]any
	for i, t := range list {
		rows[i] = []any{t.ID, string(t.Kind), t.Name, t.NameJA, t.Unit, t.Email, t.Phone, t.Lead, t.Zone, t.Plan.Anchor, t.Plan.Handover, t.Plan.Days, store.Millis(t.Disbanded), store.Millis(t.Added)}
		ids[i] = t.ID
		turn := map[string]int{}
		for n, id := range t.Plan.Order {
			turn[id] = n + 1
		}
		for _, id := range t.Members {
			members = append(members, []any{t.ID, id, turn[id]})
		}
	}
	if err := insert(tx, "org_team", "id, kind, name, name_ja, unit, email, phone, lead, zone, anchor, handover, days, disbanded, added",
		`ON CONFLICT (id) DO UPDATE SET kind=excluded.kind, name=excluded.name, name_ja=excluded.name_ja, unit=excluded.unit, email=excluded.email, phone=excluded.phone,
		lead=excluded.lead, zone=excluded.zone, anchor=excluded.anchor, handover=excluded.handover, days=excluded.days, disbanded=excluded.disbanded`, rows); err != nil {
		return err
	}
	if err := eachPart(ids, 1, func(marks string, args []any) error {
		_, err := tx.Exec("DELETE FROM org_member WHERE team IN ("+marks+")", args...)
		return err
	}); err != nil {
		return err
	}
	return insert(tx, "org_member", "team, person, turn", "", members)
}

const officeColumns = "o.id, o.person, o.unit, o.office, o.title, o.title_ja, o.since, o.until"

func readOffice(r store.Scanner) (o Office, err error) {
	var since, until int64
	err = r.Scan(&o.ID, &o.Person, &o.Unit, &o.Office, &o.Title, &o.TitleJA, &since, &until)
	o.From, o.Until = store.Time(since), store.Time(until)
	return o, err
}

func putOfficeRows(tx *store.Tx, list []Office) error {
	rows := make([][]any, len(list))
	for i, o := range list {
		rows[i] = []any{o.ID, o.Person, o.Unit, string(o.Office), o.Title, o.TitleJA, store.Millis(o.From), store.Millis(o.Until)}
	}
	return insert(tx, "org_office", "id, person, unit, office, title, title_ja, since, until",
		"ON CONFLICT (id) DO UPDATE SET unit=excluded.unit, office=excluded.office, title=excluded.title, title_ja=excluded.title_ja, since=excluded.since, until=excluded.until", rows)
}

// calendars reads all calendars, each with the days of its own.
func calendars(tx *store.Tx) (map[string]Calendar, error) {
	list, err := store.Rows(tx, func(r store.Scanner) (c Calendar, err error) {
		c.Special = map[string]Special{}
		return c, r.Scan(&c.ID, &c.Name, &c.NameJA, &c.Base, &c.Week, &c.Opens, &c.Closes)
	}, "SELECT id, name, name_ja, base, week, opens, closes FROM org_calendar")
	if err != nil {
		return nil, err
	}
	byID := make(map[string]Calendar, len(list))
	for _, c := range list {
		byID[c.ID] = c
	}
	type day struct {
		calendar string
		s        Special
	}
	days, err := store.Rows(tx, func(r store.Scanner) (d day, err error) {
		var working int
		err = r.Scan(&d.calendar, &d.s.Day, &working, &d.s.Name, &d.s.NameJA)
		d.s.Working = working != 0
		return d, err
	}, "SELECT calendar, day, working, name, name_ja FROM org_day")
	for _, d := range days {
		if c, ok := byID[d.calendar]; ok {
			c.Special[d.s.Day] = d.s
		}
	}
	return byID, err
}
