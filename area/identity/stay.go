package identity

import (
	"strings"
	"time"

	"yagura/area/identity/radius"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Stay is a session at a server that asks by RADIUS, as that accounts for it:
// who is in there now, since when, and by which address. A row is the latest
// session of its number; those before it are in the log.
type Stay struct {
	ID       string
	NAS      string
	Box      string // which machine of the server
	Session  string // Acct-Session-Id, of that machine
	Entry    string // the sign-in that began it, by Class; empty where none here did
	Person   string // empty where nobody is known by the name
	Name     string // User-Name
	Address  string // inside: what the person was given
	Station  string // Calling-Station-Id
	Network  string // from where
	Port     string
	Began    time.Time
	Heard    time.Time
	Sent     int64     // octets
	Received int64     // octets
	Asked    time.Time // when the server was last asked to end it
	Ended    time.Time // zero: not yet
	How      StayEnd
	Cause    string // Acct-Terminate-Cause

	started bool // its Start came
	stamp   time.Time
	every   time.Duration // the longest pause between two reports
	lapses  time.Time     // when it counts as silent
}

// StayEnd says how a stay ended.
type StayEnd string

// The ends.
const (
	Stopped      StayEnd = "stop"         // the server reported it
	Restarted    StayEnd = "restart"      // so did it of all its sessions (Accounting-On, -Off)
	Disconnected StayEnd = "disconnected" // it agreed to end it (Disconnect-ACK)
	Silent       StayEnd = "silent"       // it has said nothing for too long
	Replaced     StayEnd = "replaced"     // another session has its number
)

const (
	// interim is how often servers are asked to report (RFC 2869 §5.16).
	interim = 10 * time.Minute
	// briefest is the shortest pause that can be a rhythm (RFC 2869 §2.1); a
	// report that follows sooner has something new to tell.
	briefest = time.Minute
	// slack is how far apart two arrivals of one report may seem: delays are
	// told in whole seconds.
	slack = 5 * time.Second
	// oldest is how long a server may keep a report before it is sent.
	oldest = 30 * 24 * time.Hour
)

const stayColumns = "y.id, y.nas, y.box, y.acct, y.entry, y.person, y.name, y.address, y.station, y.network, y.port, y.started, y.stamp, y.began, y.heard, y.every, y.lapses, y.sent, y.received, y.asked, y.ended, y.how, y.cause"

// bare are columns without the name of their table.
func bare(columns string) string { return strings.ReplaceAll(columns, "y.", "") }

func readStay(r store.Scanner) (y Stay, err error) {
	var stamp, began, heard, every, lapses, asked, ended int64
	var started int
	err = r.Scan(&y.ID, &y.NAS, &y.Box, &y.Session, &y.Entry, &y.Person, &y.Name, &y.Address, &y.Station, &y.Network, &y.Port, &started, &stamp, &began, &heard, &every, &lapses, &y.Sent, &y.Received, &asked, &ended, &y.How, &y.Cause)
	y.started, y.stamp, y.Began, y.Heard, y.every, y.lapses = started != 0, store.Time(stamp), store.Time(began), store.Time(heard), time.Duration(every)*time.Millisecond, store.Time(lapses)
	y.Asked, y.Ended = store.Time(asked), store.Time(ended)
	return y, err
}

// take finds the row of a session and holds it until the transaction ends, so
// that two reports of one session are looked at one after the other; fresh tells
// that there was none.
func take(tx *store.Tx, nas, box, session string) (y Stay, fresh bool, err error) {
	own := id.New()
	list, err := store.Rows(tx, readStay, `INSERT INTO identity_stay (id, nas, box, acct, entry, person, name, address, station, network, port, started, stamp, began, heard, every, lapses, sent, received, asked, ended, how, cause)
		VALUES ($1,$2,$3,$4,'','','','','','','',0,0,0,0,0,0,0,0,0,0,'','') ON CONFLICT (nas, box, acct) DO UPDATE SET port = identity_stay.port RETURNING `+bare(stayColumns), own, nas, box, session)
	if err != nil {
		return y, false, err
	}
	return list[0], list[0].ID == own, nil
}

func (y Stay) save(tx *store.Tx, row string) error {
	_, err := tx.Exec(`UPDATE identity_stay SET id = $1, entry = $2, person = $3, name = $4, address = $5, station = $6, network = $7, port = $8, started = $9, stamp = $10, began = $11, heard = $12, every = $13,
		lapses = $14, sent = $15, received = $16, asked = $17, ended = $18, how = $19, cause = $20 WHERE id = $21`,
		y.ID, y.Entry, y.Person, y.Name, y.Address, y.Station, y.Network, y.Port, flag(y.started), store.Millis(y.stamp), store.Millis(y.Began), store.Millis(y.Heard), y.every.Milliseconds(),
		store.Millis(y.lapses), y.Sent, y.Received, store.Millis(y.Asked), store.Millis(y.Ended), string(y.How), y.Cause, row)
	return err
}

// stayNews is what a report changes for others than the row.
type stayNews struct {
	began    bool
	ended    bool    // for the first time
	stopped  bool    // the server has said that it is over
	back     StayEnd // it lives, though it counted as ended so
	replaces Stay    // the session that had the number before, where it was not reported to be over
}

// told takes a report of what happened at a time. What came before, or comes
// once more, changes nothing: reports overtake each other, and each is sent again
// until it is acknowledged. entry is the sign-in that the report names.
func (y Stay) told(a radius.Account, at time.Time, entry string, fresh bool) (Stay, stayNews) {
	var news stayNews
	if !fresh && y.another(a, at, entry) {
		if y.How != Stopped {
			news.replaces = y
		}
		y, fresh = Stay{ID: id.New(), NAS: y.NAS, Box: y.Box, Session: y.Session}, true
	}
	switch {
	case fresh:
		y.Began, y.Entry = at, entry
		if a.Status != radius.Start {
			y.Began = at.Add(-a.Lasted)
		}
		news.began = a.Status != radius.Stop
	case at.Before(y.Began.Add(-slack)) && (y.started || a.Status != radius.Start), a.Status == radius.Start && y.over(at):
		return y, news // of a session before, or the same once more
	case a.Status == radius.Interim && y.over(at):
		if y.How == Stopped {
			return y, news
		}
		news.back = y.How
		y.Ended, y.How = time.Time{}, ""
	}
	switch a.Status {
	case radius.Start:
		if !y.started {
			y.started, y.stamp = true, a.Stamp
			y.Began = earliest(y.Began, at)
		}
	case radius.Stop:
		news.stopped, news.ended = y.How != Stopped, y.Ended.IsZero()
		if news.stopped {
			y.Ended, y.How, y.Cause = at, Stopped, a.Cause
		}
	}
	if pause := at.Sub(y.Heard); !y.Heard.IsZero() && a.Status == radius.Interim && pause >= briefest {
		y.every = max(y.every, pause)
	}
	if at.After(y.Heard) {
		y.Heard = at
		y.describe(a)
	}
	if y.Entry == "" {
		y.Entry = entry
	}
	y.Sent, y.Received = max(y.Sent, counter(a.Sent)), max(y.Received, counter(a.Received)) // they only grow
	return y, news
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// over tells whether something that happened at a time came after the end.
func (y Stay) over(at time.Time) bool {
	return !y.Ended.IsZero() && at.After(y.Ended.Add(slack))
}

// another tells whether a report is of another session than the row's: servers
// count anew, as after a restart that nobody heard of.
func (y Stay) another(a radius.Account, at time.Time, entry string) bool {
	switch a.Status {
	case radius.Start:
		switch {
		case entry != "" && entry == y.Entry, !a.Stamp.IsZero() && a.Stamp.Equal(y.stamp):
			return false // it is sent again
		case y.Ended.IsZero():
			return y.started && at.After(y.Began.Add(slack))
		}
		return y.over(at)
	case radius.Interim:
		return a.Lasted > 0 && y.over(at.Add(-a.Lasted))
	}
	return a.Lasted > 0 && y.over(at.Add(-a.Lasted)) && (counter(a.Sent) != y.Sent || counter(a.Received) != y.Received)
}

// describe keeps what the latest report says of the session.
func (y *Stay) describe(a radius.Account) {
	for _, one := range []struct {
		into *string
		said string
	}{{&y.Name, a.User}, {&y.Address, a.Address}, {&y.Station, a.Station}, {&y.Port, a.Port}, {&y.Network, outer(a.From, a.Station)}} {
		if one.said != "" {
			*one.into = one.said
		}
	}
}

// outer is the address a person comes from, where the server gives one: of a
// tunnel (RFC 2868 §3.3), or in the place of a telephone number.
func outer(endpoint, calling string) string {
	if a := station(endpoint); a != "" {
		return a
	}
	return station(calling)
}

// counter is octets as they are kept.
func counter(n uint64) int64 { return int64(min(n, 1<<62)) } // #nosec G115: bounded

// until is when a stay counts as silent: after three of its pauses, or, where the
// server reports nothing in between, once nobody can be in any more.
func (y Stay) until(entry, longest time.Time) time.Time {
	switch {
	case y.every > 0:
		return y.Heard.Add(3 * max(y.every, interim))
	case !entry.IsZero():
		return entry.Add(interim)
	}
	return longest
}
