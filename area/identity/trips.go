package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// TripRow is a trip in a list.
type TripRow struct {
	Trip
	Traveller authz.Person
	On        Equipment // the device; without an ID: any
	Decider   authz.Person
	Mine      bool // the actor decides about it
}

// TripFilter narrows the list of trips.
type TripFilter struct {
	State   string // "waiting", "running", "ahead" (approved, not begun), "over"
	Country string
	Text    string // part of the person's name or id
	Person  string
	Page    keyset.Page
}

// Trips lists the trips of units in the scope. A person's own are listed with
// him as the filter, whatever the scope.
func (s *Service) Trips(ctx context.Context, by authz.Actor, scope authz.Scope, f TripFilter) (list []TripRow, total int, err error) {
	where, args := scope.Where("t.unit", 1)
	if f.Person != "" && f.Person == by.Person {
		where, args = "1=1", nil
	}
	add := func(cond string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where += " AND " + cond
	}
	if f.Person != "" {
		add("t.person = ?", f.Person)
	}
	if f.Country != "" {
		add("(' ' || t.countries || ' ') LIKE ?", "% "+strings.ToUpper(f.Country)+" %")
	}
	if f.Text != "" {
		add(`(LOWER(p.name) LIKE ? ESCAPE '\' OR p.name_ja LIKE ? ESCAPE '\' OR t.person LIKE ? ESCAPE '\')`, contains(f.Text), contains(f.Text), contains(f.Text))
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		now := tx.Millis()
		switch f.State {
		case "waiting":
			add("t.state = ? AND t.ends > ?", string(TripAsked), now)
		case "running":
			add("t.state = ? AND t.starts <= ? AND t.ends > ?", string(TripApproved), now, now)
		case "ahead":
			add("t.state = ? AND t.starts > ?", string(TripApproved), now)
		case "over":
			add("(t.ends <= ? OR t.state NOT IN (?, ?))", now, string(TripAsked), string(TripApproved))
		}
		from := " FROM identity_trip t LEFT JOIN authz_person p ON p.id = t.person WHERE " + where
		if err := tx.QueryRow("SELECT COUNT(*)"+from, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := f.Page.SQL(keyset.Columns{"from": keyset.Int("t.starts"), "to": keyset.Int("t.ends"), "asked": keyset.Int("t.asked")}, "t.id", len(args)+1)
		if err != nil {
			return err
		}
		found, err := store.Rows(tx, readTrip, "SELECT "+tripColumns+from+" AND "+after+order, append(args, more...)...)
		if err != nil {
			return err
		}
		list, err = s.tripRows(tx, by, found)
		return err
	})
	return list, total, err
}

func (s *Service) tripRows(tx *store.Tx, by authz.Actor, found []Trip) ([]TripRow, error) {
	var ids []string
	for _, t := range found {
		ids = append(ids, t.Person, t.DecidedBy)
	}
	people, err := authz.People(tx, ids...)
	if err != nil {
		return nil, err
	}
	rows := make([]TripRow, len(found))
	for i, t := range found {
		rows[i] = TripRow{Trip: t, Traveller: people[t.Person], Decider: people[t.DecidedBy]}
		if t.Device != "" {
			list, err := store.Rows(tx, readEquipment, "SELECT "+deviceColumns+" FROM identity_device d WHERE d.id = $1", t.Device)
			if err != nil {
				return nil, err
			}
			if len(list) > 0 {
				rows[i].On = list[0]
			}
		}
		if t.State == TripAsked {
			if rows[i].Mine, err = s.mayDecide(tx, by, t); err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}

// TripOf is one trip that the actor may see.
func (s *Service) TripOf(ctx context.Context, by authz.Actor, trip string) (row TripRow, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		t, mine, err := s.findTrip(tx, by, trip)
		if err != nil {
			return err
		}
		rows, err := s.tripRows(tx, by, []Trip{t})
		if err != nil {
			return err
		}
		row = rows[0]
		row.Mine = mine
		return nil
	})
	return row, err
}

// TripsToDecide are the trips that were brought to the actor and still wait, the
// longest waiting first.
func (s *Service) TripsToDecide(ctx context.Context, by authz.Actor, limit int) (list []TripRow, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		waiting, err := store.Rows(tx, readTrip, "SELECT "+tripColumns+` FROM identity_trip t WHERE t.state = 'asked' AND t.ends > $1 AND t.person <> $2
			AND t.id IN (SELECT trip FROM identity_trip_approver WHERE person = $2) ORDER BY t.asked, t.id LIMIT $3`, tx.Millis(), by.Person, limit)
		if err != nil {
			return err
		}
		list, err = s.tripRows(tx, by, waiting)
		list = slices.DeleteFunc(list, func(r TripRow) bool { return !r.Mine })
		return err
	})
	return list, err
}
