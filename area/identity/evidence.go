package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// MFAControl is the requirement of NIST SP 800-171 that the evidence is for:
// multifactor authentication.
const MFAControl = "3.5.3"

// Evidence is how people could sign in at a time, computed anew from the ledger
// and the log of authentication, beside what was published.
type Evidence struct {
	Control   string         `json:"requirement"`
	At        time.Time      `json:"at"`
	Group     Tally          `json:"group"`
	Units     []UnitEvidence `json:"units"`
	Published time.Time      `json:"published,omitzero"` // the last time up to then
	Agrees    bool           `json:"agrees"`             // what was published is what was so at that time
	Without   []string       `json:"without_mfa"`        // people by id: who is in one of the next two, or has no two factors now
	// Who is missing from each share, by id: as many as it lacks.
	PrivilegedWithout []string `json:"privileged_without_mfa"`
	GeneralWithout    []string `json:"general_without_mfa"`
	// Log is the check of the days on which the last sign-ins of the privileged lie.
	Log LogEvidence `json:"log"`
}

// UnitEvidence is of the people who belong directly to a unit.
type UnitEvidence struct {
	Unit      string `json:"unit"`
	Counted   Tally  `json:"counted"`
	Published *Tally `json:"published,omitempty"` // as of the time of the last publication
}

// replayed is a person as the ledger tells of him.
type replayed struct {
	unit          string
	here          bool
	keys          map[string]bool // bound to their hardware
	app, password bool
	roles         map[string]time.Time // until when, by grant
}

func (p *replayed) way() Way {
	way := ByNothing
	for _, bound := range p.keys {
		if bound {
			return ByHardware
		}
		way = ByPasskey
	}
	switch {
	case way == ByPasskey || !p.password:
		return way
	case p.app:
		return ByCode
	}
	return ByPassword
}

func (p *replayed) privileged(at time.Time) bool {
	for _, until := range p.roles {
		if until.After(at) {
			return true
		}
	}
	return false
}

// telling are the facts of which coverage is computed.
var telling = []string{"org.person-added", "org.person-changed", "org.person-left", "org.person-returned", "identity.passkey-enrolled", "identity.passkey-removed",
	"identity.factor-enrolled", "identity.factor-removed", "authz.grant-approved", "authz.grant-revoked"}

// Evidence computes the coverage at a time anew. Only who may read factors in
// the whole group is told.
func (s *Service) Evidence(ctx context.Context, by authz.Actor, control string, at time.Time) (e Evidence, err error) {
	if control != MFAControl {
		return e, fault.NotFound("There is no evidence of %s here; there is of %s", control, MFAControl)
	}
	if err := by.May(ReadFactors, ""); err != nil {
		return e, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if at.IsZero() {
			at = tx.Now
		}
		if at.After(tx.Now) {
			return fault.Invalid(fault.F("at", "This is in the future"))
		}
		at = at.UTC().Truncate(time.Millisecond)
		e = Evidence{Control: control, At: at, Agrees: true, Without: []string{}, PrivilegedWithout: []string{}, GeneralWithout: []string{}}
		var last int64
		if !at.Before(countsSince(tx.Now)) { // of earlier days not every count is kept
			if err := tx.QueryRow("SELECT COALESCE(MAX(at), 0) FROM identity_coverage WHERE at <= $1 AND filled = 0", store.Millis(at)).Scan(&last); err != nil {
				return err
			}
		}
		e.Published = store.Time(last)
		told, err := published(tx, last)
		if err != nil {
			return err
		}
		people := crowd{}
		was := map[string]Tally{}
		if last > 0 {
			if err := people.replay(tx, sealed, -1, last); err != nil {
				return err
			}
			if was, _, err = tallyOf(tx, people, e.Published); err != nil {
				return err
			}
		} else {
			last = -1
		}
		if err := people.replay(tx, sealed, last, store.Millis(at)); err != nil {
			return err
		}
		counted, without, err := tallyOf(tx, people, at)
		if err != nil {
			return err
		}
		if e.Log, err = checkLog(tx, without.days); err != nil {
			return err
		}
		e.Without = append(e.Without, without.any...)
		e.PrivilegedWithout, e.GeneralWithout = append(e.PrivilegedWithout, without.privileged...), append(e.GeneralWithout, without.general...)
		for unit, t := range told {
			e.Agrees = e.Agrees && was[unit] == t
		}
		for unit, t := range was {
			e.Agrees = e.Agrees && told[unit] == t
		}
		for unit, t := range counted {
			u := UnitEvidence{Unit: unit, Counted: t}
			if p, ok := told[unit]; ok {
				u.Published = &p
			}
			e.Units, e.Group = append(e.Units, u), e.Group.Plus(t)
		}
		slices.SortFunc(e.Units, func(a, b UnitEvidence) int { return strings.Compare(a.Unit, b.Unit) })
		return nil
	})
	return e, err
}

// sealed and pending are where facts stand, in the order in which they were recorded.
const (
	sealed  = "(SELECT kind, body, at, pos AS nth FROM ledger) l"
	pending = "(SELECT kind, body, at, id AS nth FROM ledger_pending) l"
)

// retold is one fact of a person.
type retold struct {
	at             int64
	kind           string
	Person         string
	Unit           string
	Passkey        string
	BackupEligible bool `json:"backup_eligible"`
	Hardware       bool
	Factor         string
	Grant          string
	Until          time.Time
}

// hear hands over what facts tell of people after one time up to another.
func hear(tx *store.Tx, facts string, after, until int64, take func(retold)) error {
	marks, args := "", []any{after, until}
	for i, kind := range telling {
		marks += fmt.Sprintf(",$%d", i+3)
		args = append(args, kind)
	}
	_, err := store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
		var f retold
		var body string
		if err := r.Scan(&f.at, &f.kind, &body); err != nil {
			return none, err
		}
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			return none, err
		}
		take(f)
		return none, nil
	}, "SELECT l.at, l.kind, l.body FROM "+facts+" WHERE l.at > $1 AND l.at <= $2 AND l.kind IN ("+marks[1:]+") ORDER BY l.nth", args...)
	return err
}

// crowd are people as facts tell of them.
type crowd map[string]*replayed

// replay lets people become what facts tell of them after one time up to another.
func (c crowd) replay(tx *store.Tx, facts string, after, until int64) error {
	return hear(tx, facts, after, until, c.apply)
}

func (c crowd) apply(f retold) {
	p := c[f.Person]
	if p == nil {
		p = &replayed{keys: map[string]bool{}, roles: map[string]time.Time{}}
		c[f.Person] = p
	}
	switch f.kind {
	case "org.person-added", "org.person-returned":
		p.unit, p.here = f.Unit, true
	case "org.person-changed":
		p.unit = f.Unit
	case "org.person-left":
		p.here = false
	case "identity.passkey-enrolled":
		p.keys[f.Passkey] = f.Hardware && !f.BackupEligible
	case "identity.passkey-removed":
		delete(p.keys, f.Passkey)
	case "identity.factor-enrolled", "identity.factor-removed":
		has := f.kind == "identity.factor-enrolled"
		switch f.Factor {
		case fact.App:
			p.app = has
		case fact.Password:
			p.password = has
		}
	case "authz.grant-approved":
		p.roles[f.Grant] = f.Until
	case "authz.grant-revoked":
		delete(p.roles, f.Grant)
	}
}

// without are people who have no two factors, by the share that they are missing from.
// days are those of the log that it rests on.
type without struct{ any, privileged, general, days []string }

// tallyOf counts people at a time, and names who has no two factors.
func tallyOf(tx *store.Tx, people crowd, at time.Time) (units map[string]Tally, missing without, err error) {
	units = map[string]Tally{}
	for id, p := range people {
		if !p.here {
			continue
		}
		way, t := p.way(), units[p.unit]
		t.add(way, 1)
		if p.privileged(at) {
			var shown Level
			if _, err := store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
				var then int64
				err = r.Scan(&shown, &then)
				missing.days = append(missing.days, store.Time(then).UTC().Format(time.DateOnly))
				return none, err
			}, "SELECT level, at FROM identity_event WHERE person = $1 AND kind = 'sign-in' AND outcome = 'allowed' AND at <= $2 ORDER BY at DESC, id DESC LIMIT 1", id, store.Millis(at)); err != nil {
				return nil, missing, err
			}
			if t.raise(way, shown); !shown.Meets(TwoFactors) {
				missing.privileged = append(missing.privileged, id)
			}
		} else if !way.MFA() {
			missing.general = append(missing.general, id)
		}
		units[p.unit] = t
		if !way.MFA() {
			missing.any = append(missing.any, id)
		}
	}
	missing.any = append(missing.any, missing.privileged...)
	for _, list := range []*[]string{&missing.any, &missing.privileged, &missing.general} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return units, missing, nil
}
