package identity

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"yagura/area/identity/radius"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/store"
)

// Keep takes a report of a server that asks by RADIUS. What it returns no error
// for has reached the disk.
func (s *Service) Keep(ctx context.Context, a radius.Account) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		n, err := readNAS(tx.QueryRow("SELECT "+nasColumns+" FROM identity_nas WHERE id = $1 AND removed = 0", a.Client))
		if err != nil {
			return err
		}
		at := tx.Now.Add(-min(a.Delay, oldest))
		if a.Status == radius.On || a.Status == radius.Off {
			return s.restarted(tx, n, a.Box, at)
		}
		e, err := entryOf(tx, a)
		if err != nil {
			return err
		}
		was, fresh, err := take(tx, n.ID, a.Box, a.Session)
		if err != nil {
			return err
		}
		y, news := was.told(a, at, e.id, fresh)
		if y.Entry != e.id { // the row knows a sign-in that this report does not name
			if e, err = entryByID(tx, y.Entry, n.ID); err != nil {
				return err
			}
		}
		if y.Person == "" && (fresh || y.ID != was.ID || y.Name != was.Name) {
			if y.Person, err = s.whoStays(tx, e, y.Name); err != nil {
				return err
			}
		}
		y.lapses = y.until(e.until, y.Heard.Add(s.o.Session))
		if err := y.save(tx, was.ID); err != nil {
			return err
		}
		if over := news.replaces; over.ID != "" {
			open := over.Ended.IsZero()
			over.Ended, over.How = y.Began, Replaced
			if err := s.overAt(tx, n, over, open); err != nil {
				return err
			}
		}
		return s.spread(tx, n, y, e, news)
	})
}

// entry is a sign-in that a report may name.
type entry struct {
	id, person string
	until      time.Time
	shut       bool // it was ended here
	quiet      bool // it counts as over because of what the server reported
}

const entryColumns = "id, person, until, ended, result FROM identity_radius WHERE "

// Results that a sign-in has because of reports; any other is of what was asked.
const (
	byReport  = "stop"
	bySilence = "silent"
)

func readEntry(r store.Scanner) (e entry, err error) {
	var until, ended int64
	var result string
	err = r.Scan(&e.id, &e.person, &until, &ended, &result)
	e.until, e.quiet = store.Time(until), ended > 0 && (result == byReport || result == bySilence)
	e.shut = ended > 0 && !e.quiet
	return e, err
}

// entryOf is the sign-in of a report: by Class, which the server was given with
// it, or by the number that it had announced for the same name (RFC 2866 §5.5). That of another
// server is nobody's.
func entryOf(tx *store.Tx, a radius.Account) (e entry, err error) {
	for _, class := range a.Class {
		if e, err = entryByID(tx, class, a.Client); err != nil || e.id != "" {
			return e, err
		}
	}
	return oneEntry(tx.QueryRow("SELECT "+entryColumns+"nas = $1 AND box = $2 AND acct = $3 AND began >= $4 AND ($5 = '' OR LOWER(name) = $5) ORDER BY began DESC LIMIT 1",
		a.Client, a.Box, a.Session, store.Millis(tx.Now.Add(-oldest)), strings.ToLower(a.User)))
}

func entryByID(tx *store.Tx, id, nas string) (entry, error) {
	if id == "" {
		return entry{}, nil
	}
	return oneEntry(tx.QueryRow("SELECT "+entryColumns+"id = $1 AND nas = $2", id, nas))
}

func oneEntry(row store.Scanner) (entry, error) {
	e, err := readEntry(row)
	if errors.Is(err, sql.ErrNoRows) {
		return entry{}, nil
	}
	return e, err
}

// whoStays is the person of a session: of its sign-in, or of the name that the
// server has from elsewhere.
func (s *Service) whoStays(tx *store.Tx, e entry, name string) (string, error) {
	if e.person != "" || name == "" {
		return e.person, nil
	}
	_, p, err := s.lookUp(tx, name, Device{})
	return p.ID, err
}

// spread makes known what a report changed.
func (s *Service) spread(tx *store.Tx, n NAS, y Stay, e entry, news stayNews) error {
	if news.began {
		if err := s.noteStay(tx, n, y, SessionBegan, ""); err != nil {
			return err
		}
	}
	if y.Ended.IsZero() && e.quiet { // it went on, as with the next access point
		if _, err := tx.Exec("UPDATE identity_radius SET ended = 0, result = '' WHERE id = $1", e.id); err != nil {
			return err
		}
	}
	if news.stopped {
		return s.overAt(tx, n, y, news.ended)
	}
	if !news.began && news.back == "" || y.Person == "" {
		return nil
	}
	st, err := standing(tx, y.Person)
	if err != nil || !e.shut && news.back != Disconnected && st.State == Active {
		return err
	}
	// Who was locked out is in: the server is told, by the number of the session.
	if news.back != "" {
		list, err := gateTargets(tx, n.ID, y, true)
		if err != nil {
			return err
		}
		for _, t := range list {
			if err := t.found(tx, authz.System("identity"), Unconfirmed, StillIn, 0, "", n.Ends != ""); err != nil {
				return err
			}
		}
	}
	return askToEnd(tx, y)
}

// overAt is for a stay that is over: it ends for detection, where that is news,
// for its sign-in, and for who waits to be sure.
func (s *Service) overAt(tx *store.Tx, n NAS, y Stay, news bool) error {
	if news {
		why := string(y.How)
		if y.Cause != "" {
			why += " " + y.Cause
		}
		if err := s.noteStay(tx, n, y, SessionEnded, why); err != nil {
			return err
		}
	}
	last := true
	if y.Entry != "" {
		result := byReport
		if y.How == Silent {
			result = bySilence
		}
		if _, err := tx.Exec(`UPDATE identity_radius SET ended = $1, result = $2 WHERE id = $3 AND (ended = 0 OR result = $4)
			AND NOT EXISTS (SELECT 1 FROM identity_stay y WHERE y.entry = identity_radius.id AND y.ended = 0)`, tx.Millis(), result, y.Entry, bySilence); err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT NOT EXISTS (SELECT 1 FROM identity_stay WHERE entry = $1 AND ended = 0)", y.Entry).Scan(&last); err != nil {
			return err
		}
	}
	if y.How == Disconnected || y.How == Silent { // nobody has reported it
		return nil
	}
	list, err := gateTargets(tx, n.ID, y, false)
	for _, t := range list {
		if t.Session == y.Entry && !last {
			continue
		}
		if err := t.found(tx, authz.System("identity"), Confirmed, Reported, 0, "", false); err != nil {
			return err
		}
	}
	return err
}

// restarted ends the sessions of a machine: it begins anew, or is about to end,
// and has none (RFC 2866 §5.1).
func (s *Service) restarted(tx *store.Tx, n NAS, box string, at time.Time) error {
	for _, open := range []bool{true, false} { // that what was silent is over is no news
		which := "how = 'silent'"
		if open {
			which = "ended = 0"
		}
		list, err := store.Rows(tx, readStay, "UPDATE identity_stay SET ended = $1, how = $2 WHERE nas = $3 AND box = $4 AND began <= $5 AND heard <= $5 AND "+which+" RETURNING "+bare(stayColumns),
			store.Millis(at), string(Restarted), n.ID, box, store.Millis(at.Add(slack)))
		if err != nil {
			return err
		}
		for _, y := range list {
			if err := s.overAt(tx, n, y, open); err != nil {
				return err
			}
		}
	}
	// What it never accounted for is over as well.
	entries, err := store.Texts(tx, `UPDATE identity_radius SET ended = $1, result = $2 WHERE nas = $3 AND box = $4 AND began <= $5 AND (ended = 0 OR result = $6)
		AND NOT EXISTS (SELECT 1 FROM identity_stay y WHERE y.entry = identity_radius.id AND y.ended = 0) RETURNING id`, tx.Millis(), byReport, n.ID, box, store.Millis(at), bySilence)
	if err != nil {
		return err
	}
	// So is what it was asked to end before.
	asked, err := store.Texts(tx, "SELECT r.id FROM identity_radius r WHERE r.nas = $1 AND r.box = $2 AND r.began <= $3 AND r.ended > 0 AND r.id IN (SELECT session FROM identity_target WHERE kind = 'radius' AND name = $1)",
		n.ID, box, store.Millis(at))
	for _, e := range append(entries, asked...) {
		if err := s.overAt(tx, n, Stay{NAS: n.ID, Box: box, Entry: e, How: Restarted}, false); err != nil {
			return err
		}
	}
	return err
}

// lapse ends, for the sweep, what has been silent for too long, and forgets what
// has long been over.
func (s *Service) lapse(tx *store.Tx) error {
	list, err := store.Rows(tx, readStay, "UPDATE identity_stay SET ended = heard, how = $1 WHERE ended = 0 AND lapses <= $2 RETURNING "+bare(stayColumns), string(Silent), tx.Millis())
	if err != nil {
		return err
	}
	servers := map[string]NAS{}
	for _, y := range list {
		n, ok := servers[y.NAS]
		if !ok {
			if n, err = readNAS(tx.QueryRow("SELECT "+nasColumns+" FROM identity_nas WHERE id = $1", y.NAS)); err != nil {
				return err
			}
			servers[y.NAS] = n
		}
		if err := s.overAt(tx, n, y, true); err != nil {
			return err
		}
	}
	_, err = tx.Exec("DELETE FROM identity_stay WHERE ended > 0 AND ended <= $1", tx.Millis()-loggedFor)
	return err
}

// noteStay tells detection that a session at a server began or ended.
func (s *Service) noteStay(tx *store.Tx, n NAS, y Stay, kind EventKind, why string) error {
	e := Event{Kind: kind, Outcome: Allowed, Reason: why, Person: y.Person, Session: y.Entry, Client: n.Name, Inside: y.Address,
		Device: Device{Agent: "RADIUS, " + n.Name, Network: y.Network}, Proof: Proof{Method: byRADIUS}}
	if e.Session == "" {
		e.Session = y.ID
	}
	if y.Person == "" {
		e.Account = s.pseudonym(typed(y.Name))
		return s.note(tx, e)
	}
	unit, err := unitOf(tx, y.Person)
	if err != nil && !fault.Is(err, fault.KindNotFound) { // who is not known any more may be in still
		return err
	}
	e.Unit = unit
	return s.note(tx, e)
}

// gateTargets are the targets of containments in force that a stay or its sign-in
// is, of which it is known, or not, that the person is out.
func gateTargets(tx *store.Tx, nas string, y Stay, out bool) ([]Target, error) {
	is := "NOT IN"
	if out {
		is = "IN"
	}
	return store.Rows(tx, readTarget, "SELECT "+targetColumns+targetTables+"WHERE t.kind = 'radius' AND t.name = $1 AND t.session <> '' AND t.session IN ($2, $3) AND c.state = 'in-force' AND t.result "+is+" ('ended', 'confirmed')",
		nas, y.ID, y.Entry)
}

// askToEnd has the server of a stay end it, by a job.
func askToEnd(tx *store.Tx, y Stay) error {
	if _, err := tx.Exec("UPDATE identity_stay SET asked = $1 WHERE id = $2", tx.Millis(), y.ID); err != nil {
		return err
	}
	_, err := job.Enqueue(tx, job.Job{Kind: endKind, Key: y.ID + "/" + tx.Now.Format(time.RFC3339Nano), Deadline: tx.Now.Add(24 * time.Hour), Body: job.Body(endBody{Stay: y.ID, Asked: tx.Millis()})})
	return err
}
