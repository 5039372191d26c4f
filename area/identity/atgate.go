package identity

import (
	"context"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// RADIUSSession is a session at a server that asks by RADIUS and lives, as far as
// is known: as the server reports it, or, where it reports none, from the sign-in
// on until its time ends.
type RADIUSSession struct {
	ID       string
	Server   string       // name
	Person   authz.Person // without an ID where nobody is known, or the reader may not know who
	Hidden   bool         // it is somebody of another unit
	Name     string       // User-Name
	Session  string       // Acct-Session-Id
	Address  string       // inside
	Station  string       // Calling-Station-Id
	Network  string       // from where
	Port     string
	Began    time.Time
	Until    time.Time // of the sign-in; zero where the server reports the end
	Heard    time.Time // of it last; zero where it does not report
	Sent     int64     // octets
	Received int64
	Asked    time.Time // when the server was asked to end it; zero: it was not

	nas, person string
}

// inNow are the sessions that live at the time $1.
const inNow = `(SELECT y.id, y.nas, y.person, y.name, y.acct, y.address, y.station, y.network, y.port, y.began, 0 AS until, y.heard, y.sent, y.received, y.asked
		FROM identity_stay y WHERE y.ended = 0 AND y.lapses > $1
	UNION ALL SELECT r.id, r.nas, r.person, r.name, r.acct, '', '', r.network, '', r.began, r.until, 0, 0, 0, 0
		FROM identity_radius r WHERE r.ended = 0 AND r.until > $1 AND NOT EXISTS (SELECT 1 FROM identity_stay y WHERE y.entry = r.id AND y.ended = 0)) x`

const inColumns = "x.id, n.name, x.nas, x.person, x.name, x.acct, x.address, x.station, x.network, x.port, x.began, x.until, x.heard, x.sent, x.received, x.asked"

func readIn(r store.Scanner) (one RADIUSSession, err error) {
	var began, until, heard, asked int64
	err = r.Scan(&one.ID, &one.Server, &one.nas, &one.person, &one.Name, &one.Session, &one.Address, &one.Station, &one.Network, &one.Port, &began, &until, &heard, &one.Sent, &one.Received, &asked)
	one.Began, one.Until, one.Heard, one.Asked = store.Time(began), store.Time(until), store.Time(heard), store.Time(asked)
	return one, err
}

// RADIUSSessions are those of a person, newest first.
func (s *Service) RADIUSSessions(ctx context.Context, by authz.Actor, person string) (list []RADIUSSession, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadPerson); err != nil {
			return err
		}
		list, err = store.Rows(tx, readIn, "SELECT "+inColumns+" FROM "+inNow+" JOIN identity_nas n ON n.id = x.nas WHERE x.person = $2 ORDER BY x.began DESC, x.id LIMIT 100", tx.Millis(), person)
		return err
	})
	return list, err
}

// SessionsAt are those at one server, for who may read factors in its unit. Who
// it is shows where the reader may read factors in the person's unit as well.
func (s *Service) SessionsAt(ctx context.Context, by authz.Actor, nas string, page keyset.Page) (list []RADIUSSession, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := seeNAS(tx, by, nas); err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM "+inNow+" WHERE x.nas = $2", tx.Millis(), nas).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := page.SQL(keyset.Columns{"began": keyset.Int("x.began")}, "x.id", 3)
		if err != nil {
			return err
		}
		list, err = store.Rows(tx, readIn, "SELECT "+inColumns+" FROM "+inNow+" JOIN identity_nas n ON n.id = x.nas WHERE x.nas = $2 AND "+after+order, append([]any{tx.Millis(), nas}, more...)...)
		if err != nil {
			return err
		}
		ids := make([]string, len(list))
		for i, one := range list {
			ids[i] = one.person
		}
		people, err := authz.People(tx, ids...)
		for i, one := range list {
			p, known := people[one.person]
			switch {
			case known && by.Can(ReadFactors, p.Unit):
				list[i].Person = p
			case one.person != "":
				list[i].Hidden, list[i].Name = true, ""
			}
		}
		return err
	})
	return list, total, err
}
