package org

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Elsewhere stands in a file of units for an owner or region of which the
// reader may not know. Read back, it leaves that as it is.
const Elsewhere = "*"

// Export writes what the actor may read as a file that Check takes: UTF-8 with
// a byte order mark, CRLF, headings in the first line. Read back unchanged, it
// changes nothing.
func (s *Service) Export(ctx context.Context, by authz.Actor, kind ImportKind, out io.Writer) error {
	if kind.Columns() == nil {
		return fault.NotFound("There is no such entry, or you may not see it")
	}
	return s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := io.WriteString(out, "\ufeff"); err != nil {
			return err
		}
		w := csv.NewWriter(out)
		w.UseCRLF = true
		if err := w.Write(kind.Columns()); err != nil {
			return err
		}
		write := func(cells ...string) error {
			for i := range cells {
				cells[i] = guard(cells[i])
			}
			return w.Write(cells)
		}
		if err := s.exportRows(tx, by, kind, write); err != nil {
			return err
		}
		w.Flush()
		return w.Error()
	})
}

func (s *Service) exportRows(tx *store.Tx, by authz.Actor, kind ImportKind, write func(...string) error) error {
	scope := by.Scope(Read)
	switch kind {
	case UnitsFile:
		regions := map[string]bool{}
		for _, id := range KnownRegions(by) {
			regions[id] = true
		}
		name := func(id string) string {
			if id == "" || scope.Contains(id) || regions[id] {
				return id
			}
			return Elsewhere
		}
		where, args := scope.Where("u.id", 1)
		return each(tx, readUnit, func(u Unit) error {
			return write(u.ID, string(u.Kind), u.Name, u.NameJA, name(u.Parent), name(u.Region), u.Country, u.Lang, u.Zone, u.Calendar, yesNo(!u.InUse()))
		}, "SELECT "+unitColumns+" FROM org_unit u JOIN authz_unit a ON a.id = u.id WHERE "+where+" ORDER BY a.path", args...)
	case PeopleFile:
		where, args := scope.Where("p.unit", 1)
		return each(tx, readPerson, func(p Person) error {
			return write(p.ID, p.Name, p.NameJA, p.Email, p.Phone, p.Unit, string(p.Lang), p.Zone, yesNo(!p.Present()))
		}, "SELECT "+personColumns+" FROM org_person p WHERE "+where+" ORDER BY p.id", args...)
	case TeamsFile:
		where, args := scope.Where("t.unit", 1)
		all, err := teams(tx, where, args...)
		if err != nil {
			return err
		}
		for _, t := range all {
			if err := write(t.ID, string(t.Kind), t.Name, t.NameJA, t.Unit, t.Email, t.Phone, t.Lead, list(t.Members), t.Zone, list(t.Plan.Order),
				t.Plan.Anchor, t.Plan.Handover, strconv.Itoa(t.Plan.Days), yesNo(!t.Works())); err != nil {
				return err
			}
		}
		return nil
	case OfficesFile:
		units, err := allUnits(tx)
		if err != nil {
			return err
		}
		where, args := scope.Where("o.unit", 1)
		return each(tx, readOffice, func(o Office) error {
			l := location(settle(func(id string) (Unit, bool) { u, ok := units[id]; return u, ok }, o.Unit).Zone)
			if l == nil {
				l = time.UTC
			}
			return write(o.Person, string(o.Office), o.Unit, o.Title, o.TitleJA, dayText(o.From, l), dayText(o.Until, l))
		}, "SELECT "+officeColumns+" FROM org_office o WHERE "+where+" ORDER BY o.person, o.since, o.id", args...)
	case DaysFile:
		cals, err := s.Calendars(tx)
		if err != nil {
			return err
		}
		for _, c := range cals {
			_, days, err := s.Days(tx, c.ID)
			if err != nil {
				return err
			}
			for _, d := range days {
				if own, ok := c.Special[d.Day]; !ok || own != d {
					continue // the base's
				}
				if err := write(c.ID, d.Day, yesNo(d.Working), d.Name, d.NameJA); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// each runs a query and hands on every row as it comes.
func each[T any](tx *store.Tx, read func(store.Scanner) (T, error), do func(T) error, query string, args ...any) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := read(rows)
		if err != nil {
			return err
		}
		if err := do(v); err != nil {
			return err
		}
	}
	return rows.Err()
}
