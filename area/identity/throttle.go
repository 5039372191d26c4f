package identity

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"strings"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Guesses at a password or a code are counted three ways. From one network at
// one account each makes the next wait longer: who guesses there shuts himself
// out, and nobody else. From all networks together at one account there are at
// most guesses, after which no unknown device is asked any more until the person
// has signed in (SP 800-63B-4 §3.2.2). A device that the person has used before
// is counted by itself alone: an outsider can't lock him out of it.
const (
	free        = 3 // mistypings that cost nothing
	longestWait = 15 * time.Minute
	guesses     = 100
	sprayed     = 20  // accounts tried from one network within the time of a spray
	sprayedAll  = 200 // or at one server that asks by RADIUS, by whatever stations: more than mistype at the beginning of a shift
	stormed     = 5   // right passwords with wrong codes within the time of a storm
	watchFor    = 10 * time.Minute
	forgetIn    = 24 * time.Hour
)

// pause is how long the next attempt must wait after failures.
func pause(failures int64) time.Duration {
	if failures <= free {
		return 0
	}
	if failures-free > 10 {
		return longestWait
	}
	return min(time.Second<<(failures-free), longestWait)
}

// attempt is somebody who tries to show who he is by something that can be
// guessed.
type attempt struct {
	account string // id of the person; else what was typed, in lower case
	person  string // empty where nobody is known by it
	unit    string
	from    Device
	device  string // that the person has used before, empty for any other

	patience int64 // mistypings that cost nothing besides, where a whole network is counted as one
}

// place is what is counted as one network: what one customer of a provider is
// given.
func place(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	bits := 24
	if a = a.Unmap(); a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return address
	}
	return p.String()
}

// keys are under what the attempt is counted. An account is kept as its digest:
// what people type there may be a password.
func (a attempt) keys() (near, total string) {
	if a.device != "" {
		return id.Digest("device " + a.account + " " + a.device), ""
	}
	return id.Digest("network " + a.account + " " + a.from.place()), id.Digest("account " + a.account)
}

type counted struct {
	failures, until int64
}

func countOf(tx *store.Tx, key string) (c counted, err error) {
	err = tx.QueryRow("SELECT failures, until FROM identity_throttle WHERE id = $1", key).Scan(&c.failures, &c.until)
	if errors.Is(err, sql.ErrNoRows) {
		return counted{}, nil
	}
	return c, err
}

// mayTry tells whether one more attempt is looked at now.
func (c counted) mayTry(now time.Time) error {
	if wait := store.Time(c.until).Sub(now); wait > 0 {
		return fault.TooBusy(wait, "Too many attempts. Please wait a little, or use a passkey.")
	}
	if c.failures >= guesses {
		return fault.TooBusy(longestWait, "Too many attempts. Please wait a little, or use a passkey.")
	}
	return nil
}

// mayTry spares an attempt that is not looked at anyway its transaction.
func (a attempt) mayTry(tx *store.Tx) error {
	near, total := a.keys()
	for _, key := range []string{near, total} {
		c, err := countOf(tx, key)
		if err == nil {
			err = c.mayTry(tx.Now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// taken is an attempt that was counted.
type taken struct {
	near, total string
	was, until  int64 // when the next one is looked at, before and after this one
}

// take counts an attempt as if it were wrong, before anything of it is looked
// at: of many at once no more are looked at than of one after the other. Each
// row is held from before it is read. The same is written for an account that
// nobody has. When somebody failed is noted once he has.
func (a attempt) take(tx *store.Tx) (t taken, err error) {
	t.near, t.total = a.keys()
	for _, key := range []string{t.near, t.total} {
		if key == "" {
			continue
		}
		var c counted
		from, server := "", "" // told of what is counted by it
		if key == t.near {
			from, server = a.placed(), a.from.seat.server
		}
		if err := tx.QueryRow(`INSERT INTO identity_throttle (id, person, account, network, failures, at, until, server) VALUES ($1,$2,$3,$4,0,0,0,$5)
			ON CONFLICT (id) DO UPDATE SET failures = identity_throttle.failures RETURNING failures, until`,
			key, a.person, id.Digest(a.account), from, server).Scan(&c.failures, &c.until); err != nil {
			return t, err
		}
		c.failures -= a.patience
		if err := c.mayTry(tx.Now); err != nil {
			return t, err
		}
		if key == t.near {
			t.was = c.until
			if wait := pause(c.failures + 1); wait > 0 { // not even until now: others who came at once may be a moment behind
				t.until = store.Millis(tx.Now.Add(wait))
			}
			c.until = t.until
		}
		if _, err := tx.Exec("UPDATE identity_throttle SET failures = failures + 1, until = $1 WHERE id = $2", c.until, key); err != nil {
			return t, err
		}
	}
	return t, nil
}

// placed is the network of an attempt as it is kept.
func (a attempt) placed() string { return id.Digest("place " + a.from.place()) }

// back takes the count of an attempt back that was right, or was not looked at.
func (t taken) back(tx *store.Tx) error {
	for _, key := range []string{t.near, t.total} {
		if _, err := tx.Exec("UPDATE identity_throttle SET failures = failures - 1, until = CASE WHEN until = $1 THEN $2 ELSE until END WHERE id = $3 AND failures > 0", t.until, t.was, key); err != nil {
			return err
		}
	}
	_, err := tx.Exec("DELETE FROM identity_throttle WHERE (id = $1 OR id = $2) AND failures = 0", t.near, t.total)
	return err
}

// count is take, in a transaction of its own.
func (s *Service) count(ctx context.Context, a attempt) (t taken, err error) {
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		t, err = a.take(tx)
		return err
	})
	return t, err
}

// uncount is back, whether or not anybody still waits for the answer.
func (s *Service) uncount(ctx context.Context, t taken) error {
	return s.db.Operate(context.WithoutCancel(ctx), t.back)
}

// failed keeps in the log that an attempt, which was counted before, was wrong;
// also of who has gone away since.
func (s *Service) failed(ctx context.Context, a attempt, kind EventKind, reason string) error {
	return s.db.Operate(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		near, total := a.keys()
		if _, err := tx.Exec("UPDATE identity_throttle SET at = $1 WHERE id = $2 OR id = $3", tx.Millis(), near, total); err != nil {
			return err
		}
		e := Event{Kind: kind, Outcome: Refused, Reason: reason, Person: a.person, Unit: a.unit, Device: a.from, Proof: Proof{Method: "password"}, Account: s.pseudonym(a.account)}
		if err := s.note(tx, e); err != nil {
			return err
		}
		return s.watch(tx, a, e, a.placed())
	})
}

// watch adds to the log what many failures together tell, once each time.
func (s *Service) watch(tx *store.Tx, a attempt, e Event, network string) error {
	since := store.Millis(tx.Now.Add(-watchFor))
	var accounts int
	if err := tx.QueryRow("SELECT COUNT(DISTINCT account) FROM identity_throttle WHERE network = $1 AND at >= $2", network, since).Scan(&accounts); err != nil {
		return err
	}
	if accounts >= sprayed {
		if err := s.noteOnce(tx, Event{Kind: Spray, Outcome: Refused, Device: a.from, Reason: a.from.place()}, since); err != nil {
			return err
		}
	}
	if server := a.from.seat.server; server != "" {
		if err := tx.QueryRow("SELECT COUNT(DISTINCT account) FROM identity_throttle WHERE server = $1 AND at >= $2", server, since).Scan(&accounts); err != nil {
			return err
		}
		if accounts >= sprayedAll {
			if err := s.noteOnce(tx, Event{Kind: Spray, Outcome: Refused, Device: a.from, Reason: server}, since); err != nil {
				return err
			}
		}
	}
	if e.Reason != wrongCode || a.person == "" {
		return nil
	}
	var prompts int
	if err := tx.QueryRow("SELECT COUNT(*) FROM identity_event WHERE person = $1 AND at >= $2 AND reason = $3", a.person, since, wrongCode).Scan(&prompts); err != nil {
		return err
	}
	if prompts < stormed {
		return nil
	}
	return s.noteOnce(tx, Event{Kind: PromptStorm, Outcome: Refused, Person: a.person, Unit: a.unit, Device: a.from, Reason: a.from.place()}, since)
}

// noteOnce notes an event unless the same was noted since.
func (s *Service) noteOnce(tx *store.Tx, e Event, since int64) error {
	var told bool
	if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM identity_event WHERE kind = $1 AND person = $2 AND reason = $3 AND at >= $4)",
		string(e.Kind), e.Person, e.Reason, since).Scan(&told); err != nil || told {
		return err
	}
	return s.note(tx, e)
}

// succeeded forgets what was counted against who has now shown who he is: the
// guesses at his account, and those of this network or device.
func (a attempt) succeeded(tx *store.Tx) error {
	near, total := a.keys()
	_, err := tx.Exec("DELETE FROM identity_throttle WHERE id = $1 OR id = $2", near, total)
	return err
}

// forgiveGuesses counts the guesses at an account anew: its person has signed in.
func forgiveGuesses(tx *store.Tx, person string) error {
	_, total := attempt{account: person}.keys()
	_, err := tx.Exec("DELETE FROM identity_throttle WHERE id = $1", total)
	return err
}

// forgetGuesses is for the sweep: what was counted a day ago no longer counts,
// except how often in a row an account of somebody was guessed at.
func forgetGuesses(tx *store.Tx) error {
	_, err := tx.Exec("DELETE FROM identity_throttle WHERE at < $1 AND (person = '' OR failures < $2)", store.Millis(tx.Now.Add(-forgetIn)), guesses)
	return err
}

// typed is an account as it was typed, in the one form that is looked up.
func typed(account string) string {
	account = strings.ToLower(strings.TrimSpace(account))
	if len(account) > 200 {
		account = account[:200]
	}
	return strings.ToValidUTF8(account, "")
}
