package psirt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"yagura/area/psirt/clock"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/id"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
)

// The author of what a finder writes, who has no account here.
const finder = "finder"

const entryColumns = "e.id, e.case_id, e.at, e.happened, e.author, e.kind, e.about, e.until, e.data, e.body, e.salt, e.digest"

func readEntry(r store.Scanner) (e Entry, err error) {
	var at, happened, until int64
	var salt, digest string
	err = r.Scan(&e.ID, &e.Case, &at, &happened, &e.Author, &e.Kind, &e.About, &until, &e.Data, &e.Body, &salt, &digest)
	e.At, e.Happened, e.Until = store.Time(at), store.Time(happened), store.Time(until)
	if digest == e.digest(salt) {
		e.Digest = digest
	}
	return e, err
}

// digest is the SHA-256 over a salt and all the entry says. The ledger has it, and
// without the salt nobody can guess from it what was said.
func (e Entry) digest(salt string) string {
	b, err := json.Marshal([]string{salt, e.ID, e.Case, strconv.FormatInt(store.Millis(e.At), 10), strconv.FormatInt(store.Millis(e.Happened), 10),
		e.Author, string(e.Kind), e.About, strconv.FormatInt(store.Millis(e.Until), 10), e.Data, e.Body})
	if err != nil {
		panic(err) // texts can always be written
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// write appends to a case's log and tells the ledger that it did.
func write(tx *store.Tx, by authz.Actor, c *Case, e Entry) (Entry, error) {
	e.ID, e.Case, e.At = id.New(), c.ID, tx.Now
	if e.Happened.IsZero() {
		e.Happened = tx.Now
	}
	e.Happened = store.Time(store.Millis(e.Happened))
	e.Until = store.Time(store.Millis(e.Until))
	if e.Author == "" {
		e.Author = by.Who()
	}
	salt := id.Token()
	e.Digest = e.digest(salt)
	if _, err := tx.Exec(`INSERT INTO psirt_case_entry (id, case_id, at, happened, author, kind, about, until, data, body, salt, digest)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`, e.ID, e.Case, store.Millis(e.At), store.Millis(e.Happened), e.Author, string(e.Kind), e.About,
		store.Millis(e.Until), e.Data, e.Body, salt, e.Digest); err != nil {
		return e, err
	}
	return e, tx.Record(by, fact.PsirtCaseWritten{Case: c.ID, Entry: e.ID, Digest: e.Digest})
}

func logOf(tx *store.Tx, caseID string) ([]Entry, error) {
	return store.Rows(tx, readEntry, "SELECT "+entryColumns+" FROM psirt_case_entry e WHERE e.case_id = $1 ORDER BY e.at, e.id", caseID)
}

// settle derives the status of a case from its log anew and saves it with all
// fields that can change, if any did. Every use case ends with it.
func (s *Service) settle(tx *store.Tx, c *Case) error {
	before, err := find(tx, c.ID)
	if err != nil {
		return err
	}
	log, err := logOf(tx, c.ID)
	if err != nil {
		return err
	}
	c.Status = Derive(log)
	clocks, err := s.clocksOf(tx, *c, log)
	if err != nil {
		return err
	}
	c.Due = time.Time{}
	for _, k := range clocks {
		if k.Open() && (c.Due.IsZero() || k.Due.Before(c.Due)) {
			c.Due = k.Due
		}
	}
	if c.kept() == before.kept() {
		return nil
	}
	return save(tx, c)
}

// clocksOf are the clocks of a case: what its log starts and stops.
func (s *Service) clocksOf(tx *store.Tx, c Case, log []Entry) ([]clock.Clock, error) {
	var cal clock.Calendar
	if s.p.Calendars != nil {
		var err error
		if cal, err = s.p.Calendars.Calendar(tx, ""); err != nil {
			return nil, err
		}
	}
	events := make([]clock.Event, 0, len(log))
	for _, e := range log {
		events = append(events, clock.Event{Kind: string(e.Kind), Of: e.About, At: e.Happened, Until: e.Until})
	}
	return clock.Run(clock.Rules(), events, cal), nil
}

// Reading is when somebody opened a case under embargo.
type Reading struct {
	Person string
	At     time.Time
}

// readings are who opened the case, the latest first.
func readings(tx *store.Tx, caseID string, limit int) ([]Reading, error) {
	rows, err := ledger.History(tx, authz.Everything(), caseID)
	var all []Reading
	for i := len(rows) - 1; i >= 0 && len(all) < limit; i-- {
		if rows[i].Kind == "psirt.case-read" {
			all = append(all, Reading{rows[i].Actor, rows[i].At})
		}
	}
	return all, err
}
