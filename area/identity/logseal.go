package identity

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// The log of authentication is no part of the ledger, which would drown in it.
// But evidence rests on it, so a hash over each day's events is: the ledger is
// chained and signed, and so whoever changes, adds or takes away an event of a
// sealed day is found out.

// sealAfter is how long after its end a day is sealed: transactions that began in
// it have ended by then, also where clocks of servers differ.
const sealAfter = time.Hour

const (
	sealKind = "identity.events-sealed"
	theSeals = "(SELECT body, kind, subject FROM ledger UNION ALL SELECT body, kind, subject FROM ledger_pending) l"
)

func readSeal(r store.Scanner) (f fact.EventsSealed, err error) {
	var body string
	if err = r.Scan(&body); err == nil {
		err = json.Unmarshal([]byte(body), &f)
	}
	return f, err
}

// lastSeal is the latest; without a Last there is none.
func lastSeal(tx *store.Tx) (fact.EventsSealed, error) {
	list, err := store.Rows(tx, readSeal, "SELECT l.body FROM "+theSeals+" WHERE l.kind = $1 ORDER BY l.subject DESC LIMIT 1", sealKind)
	return append(list, fact.EventsSealed{})[0], err
}

// SealEvents seals the days that are over and not sealed yet.
func (s *Service) SealEvents(ctx context.Context) error {
	var next fact.EventsSealed
	var last string
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		before, err := lastSeal(tx)
		if err != nil {
			return err
		}
		last = before.Last
		next = fact.EventsSealed{Last: tx.Now.UTC().Add(-sealAfter).AddDate(0, 0, -1).Format(time.DateOnly)}
		if last >= next.Last {
			next = fact.EventsSealed{}
			return nil
		}
		if last != "" {
			day, err := time.Parse(time.DateOnly, last)
			if err != nil {
				return err
			}
			next.First = day.AddDate(0, 0, 1).Format(time.DateOnly)
		}
		return digestEvents(tx, &next)
	}); err != nil || next.Last == "" {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if before, err := lastSeal(tx); err != nil || before.Last != last { // another process was faster
			return err
		}
		return tx.Record(authz.System("identity"), next)
	})
}

// digestEvents counts and hashes the events of the days of a seal, in their order:
// each value with its length before it, so that no two can pass for others. That
// an event is telemetry by now is no part of it.
func digestEvents(tx *store.Tx, f *fact.EventsSealed) error {
	from := int64(0)
	if f.First != "" {
		day, err := time.Parse(time.DateOnly, f.First)
		if err != nil {
			return err
		}
		from = store.Millis(day)
	}
	end, err := time.Parse(time.DateOnly, f.Last)
	if err != nil {
		return err
	}
	h := sha256.New()
	h.Write([]byte("yagura authentication events 1\n"))
	var n [8]byte
	number := func(v int64) { binary.BigEndian.PutUint64(n[:], uint64(v)); h.Write(n[:]) }
	f.Count = 0
	_, err = store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
		var at, managed int64
		words := make([]string, 18)
		into := []any{&at, &managed}
		for i := range words {
			into = append(into, &words[i])
		}
		if err := r.Scan(into...); err != nil {
			return none, err
		}
		f.Count++
		number(at)
		number(managed)
		for _, w := range words {
			number(int64(len(w)))
			h.Write([]byte(w))
		}
		return none, nil
	}, `SELECT at, managed, id, kind, outcome, reason, person, unit, session, client, method, level, agent, network, place, country, methods, device, account, inside
		FROM identity_event WHERE at >= $1 AND at < $2 ORDER BY at, id`, from, store.Millis(end.AddDate(0, 0, 1)))
	f.SHA256 = hex.EncodeToString(h.Sum(nil))
	return err
}

// LogEvidence says whether the days of the log, on which something rests, are as
// they were when they were sealed.
type LogEvidence struct {
	Days     int      `json:"days"`             // on which something rests
	Unsealed []string `json:"unsealed"`         // those that are not sealed yet
	Broken   []string `json:"broken,omitempty"` // those that are not as they were
}

// checkLog hashes the sealed days among some anew.
func checkLog(tx *store.Tx, days []string) (e LogEvidence, err error) {
	slices.Sort(days)
	days = slices.Compact(days)
	e = LogEvidence{Days: len(days), Unsealed: []string{}}
	known := map[string]bool{} // by the last day of the seal: whether it holds
	for _, day := range days {
		seals, err := store.Rows(tx, readSeal, "SELECT l.body FROM "+theSeals+" WHERE l.kind = $1 AND l.subject >= $2 ORDER BY l.subject LIMIT 1", sealKind, day)
		if err != nil {
			return e, err
		}
		if len(seals) == 0 || seals[0].First > day {
			e.Unsealed = append(e.Unsealed, day)
			continue
		}
		seal := seals[0]
		holds, ok := known[seal.Last]
		if !ok {
			now := seal
			if err := digestEvents(tx, &now); err != nil {
				return e, err
			}
			holds = now == seal
			known[seal.Last] = holds
		}
		if !holds {
			e.Broken = append(e.Broken, day)
		}
	}
	return e, nil
}
