package identity

import (
	"context"
	"maps"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Way is the strongest way by which a person can sign in, named by its level.
type Way string

// The ways, from the strongest.
const (
	ByHardware Way = "phrh" // a passkey that can't leave its hardware
	ByPasskey  Way = "phr"
	ByCode     Way = "aal2"     // a password with codes of an app
	ByPassword Way = "password" // alone; it never opens the console
	ByNothing  Way = "nothing"
)

// Ways are all of them, from the strongest.
var Ways = []Way{ByHardware, ByPasskey, ByCode, ByPassword, ByNothing}

// MFA tells whether it shows two factors.
func (w Way) MFA() bool { return w == ByHardware || w == ByPasskey || w == ByCode }

// Tally counts the people who belong directly to a unit by their strongest way.
// Who holds a role in Yagura is privileged and counts by his last sign-in,
// everybody else by what he has enrolled.
type Tally fact.MFA

func (t *Tally) add(w Way, n int64) {
	t.People += n
	switch w {
	case ByHardware:
		t.Hardware += n
	case ByPasskey:
		t.Passkey += n
	case ByCode:
		t.TwoFactors += n
	case ByPassword:
		t.Password += n
	default:
		t.Nothing += n
	}
	t.General += n
	if w.MFA() {
		t.GeneralMFA += n
	}
}

// raise counts one who was added as privileged.
func (t *Tally) raise(w Way, last Level) {
	t.General--
	if w.MFA() {
		t.GeneralMFA--
	}
	t.Privileged++
	if last.Meets(TwoFactors) {
		t.PrivilegedMFA++
	}
}

// Plus is both together.
func (t Tally) Plus(o Tally) Tally {
	return Tally{t.People + o.People, t.Hardware + o.Hardware, t.Passkey + o.Passkey, t.TwoFactors + o.TwoFactors, t.Password + o.Password, t.Nothing + o.Nothing,
		t.Privileged + o.Privileged, t.PrivilegedMFA + o.PrivilegedMFA, t.General + o.General, t.GeneralMFA + o.GeneralMFA}
}

// Passkeys are how many have one.
func (t Tally) Passkeys() int64 { return t.Hardware + t.Passkey }

// wayOf is the strongest way of the person p. What the metadata says of a model
// later does not count: the evidence of a day must stay what it was.
const wayOf = `CASE WHEN EXISTS (SELECT 1 FROM identity_passkey k WHERE k.person = p.id AND k.removed = 0 AND k.hardware = 1 AND k.credential NOT LIKE '%"backupEligible":true%') THEN 'phrh'
	WHEN EXISTS (SELECT 1 FROM identity_passkey k WHERE k.person = p.id AND k.removed = 0) THEN 'phr'
	WHEN EXISTS (SELECT 1 FROM identity_password w WHERE w.person = p.id) THEN
		CASE WHEN EXISTS (SELECT 1 FROM identity_totp a WHERE a.person = p.id) THEN 'aal2' ELSE 'password' END
	ELSE 'nothing' END`

// lastLevel is what the person p showed at the last sign-in.
const lastLevel = "(SELECT e.level FROM identity_event e WHERE e.person = p.id AND e.kind = 'sign-in' AND e.outcome = 'allowed' ORDER BY e.at DESC, e.id DESC LIMIT 1)"

// privilegedAt is who holds a role at the time $1.
const privilegedAt = "SELECT g.person FROM authz_grant g WHERE g.approver <> '' AND g.revoked = 0 AND g.until > $1"

// countWays counts everybody by unit.
func countWays(tx *store.Tx) (map[string]Tally, error) {
	units := map[string]Tally{}
	_, err := store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
		var unit string
		var way Way
		var n int64
		err = r.Scan(&unit, &way, &n)
		t := units[unit]
		t.add(way, n)
		units[unit] = t
		return none, err
	}, "SELECT x.unit, x.way, COUNT(*) FROM (SELECT p.unit AS unit, "+wayOf+" AS way FROM authz_person p WHERE p.active = 1) x GROUP BY x.unit, x.way")
	return units, err
}

// tallies are those of all units now.
func (s *Service) tallies(tx *store.Tx) (map[string]Tally, error) {
	kept, err := s.direct(tx)
	if err != nil {
		return nil, err
	}
	units := maps.Clone(kept)
	_, err = store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
		var unit string
		var way Way
		var last Level
		err = r.Scan(&unit, &way, &last)
		t := units[unit]
		t.raise(way, last)
		units[unit] = t
		return none, err
	}, "SELECT p.unit, "+wayOf+", COALESCE("+lastLevel+`, '')
		FROM authz_person p WHERE p.active = 1 AND p.id IN (`+privilegedAt+")", tx.Millis())
	return units, err
}

// Tallies are those of the units of the scope.
func (s *Service) Tallies(ctx context.Context, scope authz.Scope) (found map[string]Tally, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		units, err := s.tallies(tx)
		found = map[string]Tally{}
		for unit, t := range units {
			if scope.Contains(unit) {
				found[unit] = t
			}
		}
		return err
	})
	return found, err
}

// PublishCoverage tells others how people of each unit can sign in, where that
// has changed.
func (s *Service) PublishCoverage(ctx context.Context) error {
	earlier, err := s.uncounted(ctx)
	if err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		now, err := s.tallies(tx)
		if err != nil {
			return err
		}
		was, err := published(tx, tx.Millis())
		if err != nil {
			return err
		}
		if len(was) == 0 {
			if err := fillIn(tx, earlier); err != nil {
				return err
			}
		}
		for unit := range was {
			if _, ok := now[unit]; !ok { // nobody is left there
				now[unit] = Tally{}
			}
		}
		for unit, t := range now {
			if was[unit] == t {
				continue
			}
			if err := keepCount(tx, unit, tx.Now, t, false); err != nil {
				return err
			}
			if err := tx.Record(authz.System("identity"), fact.CoverageCounted{Unit: unit, MFA: fact.MFA(t)}); err != nil {
				return err
			}
		}
		return nil
	})
}

func keepCount(tx *store.Tx, unit string, at time.Time, t Tally, filled bool) error {
	_, err := tx.Exec(`INSERT INTO identity_coverage (unit, at, people, hardware, passkey, two_factors, password, unenrolled, privileged, privileged_mfa, general, general_mfa, filled)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13) ON CONFLICT (unit, at) DO NOTHING`,
		unit, store.Millis(at), t.People, t.Hardware, t.Passkey, t.TwoFactors, t.Password, t.Nothing, t.Privileged, t.PrivilegedMFA, t.General, t.GeneralMFA, flag(filled))
	return err
}

// published is what was told last of each unit up to a time, in milliseconds.
func published(tx *store.Tx, until int64) (map[string]Tally, error) {
	units := map[string]Tally{}
	_, err := store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
		var unit string
		var t Tally
		err = r.Scan(&unit, &t.People, &t.Hardware, &t.Passkey, &t.TwoFactors, &t.Password, &t.Nothing, &t.Privileged, &t.PrivilegedMFA, &t.General, &t.GeneralMFA)
		units[unit] = t
		return none, err
	}, `SELECT c.unit, c.people, c.hardware, c.passkey, c.two_factors, c.password, c.unenrolled, c.privileged, c.privileged_mfa, c.general, c.general_mfa
		FROM (SELECT unit, MAX(at) AS at FROM identity_coverage WHERE at <= $1 GROUP BY unit) l JOIN identity_coverage c ON c.unit = l.unit AND c.at = l.at`, until)
	return units, err
}
