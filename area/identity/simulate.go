package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

const (
	// MostPast is how many sign-ins are replayed at most, the latest.
	MostPast = 200_000
	// MostDays is how far back.
	MostDays  = 400
	mostShown = 200
)

// Simulation is what a draft would have done to past sign-ins.
type Simulation struct {
	policy.Outcome
	Unit   string
	Since  time.Time
	People map[string]authz.Person // of the rows
	Names  map[string]string       // of applications, by id
}

// Simulate replays the sign-ins of the last days of a unit and all below it, and
// how its people entered applications, as if it had said something else. Networks
// and the classes of applications are those of today; trips, devices and
// countries those of the time.
func (s *Service) Simulate(ctx context.Context, by authz.Actor, unit, said string, days int) (sim Simulation, err error) {
	draft, err := ReadPolicy(unit, said)
	if err != nil {
		return sim, err
	}
	if days < 1 || days > MostDays {
		return sim, fault.Invalid(fault.F("days", "Choose from 1 to %d days", MostDays))
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if !by.Can(ApprovePolicy, unit) {
			if err := by.May(DraftPolicies, unit); err != nil {
				return err
			}
		}
		if err := by.May(ReadFactors, unit); err != nil {
			return err
		}
		around, err := s.surroundings(tx)
		if err != nil {
			return err
		}
		sim = Simulation{Unit: unit, Since: tx.Now.AddDate(0, 0, -days)}
		past, err := s.past(tx, around, by, unit, sim.Since)
		if err != nil {
			return err
		}
		policies, known := around.with(unit, draft), map[string]policy.Rules{}
		var broken error
		sim.Outcome = policy.Replay(past, func(unit string) policy.Rules {
			r, ok := known[unit]
			if !ok {
				path, err := s.path(tx, unit)
				if err != nil {
					broken = err
				}
				r = policy.For(path, policies)
				known[unit] = r
			}
			return r
		}, mostShown)
		if broken != nil {
			return broken
		}
		var ids []string
		for _, row := range sim.Rows {
			ids = append(ids, row.Past.Person)
		}
		if sim.People, err = authz.People(tx, ids...); err != nil {
			return err
		}
		sim.Names, err = clientNames(tx)
		return err
	})
	return sim, err
}

// judged are the outcomes that came of the policy: a wrong passkey or a closed
// account would be as wrong or as closed by any draft.
var judged = []policy.Reason{policy.Elsewhere, policy.TripEarly, policy.TripOver, policy.TripOther, policy.BadDevice, policy.BadPlace, policy.Password, policy.Code, policy.Weak}

// past are the sign-ins since a time of people of a unit and those below it, and
// the times that they entered applications which there still are, oldest first,
// each as the question it was.
func (s *Service) past(tx *store.Tx, around *surroundings, by authz.Actor, unit string, since time.Time) ([]policy.Past, error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return nil, err
	}
	where, args := by.Scope(ReadFactors).Within(units, unit).Where("e.unit", 4)
	reasons := make([]string, len(judged))
	for i, r := range judged {
		args = append(args, string(r))
		reasons[i] = fmt.Sprintf("$%d", len(args)+3)
	}
	classes, err := classesOf(tx)
	if err != nil {
		return nil, err
	}
	type row struct {
		policy.Past
		address string
	}
	rows, err := store.Rows(tx, func(r store.Scanner) (e row, err error) {
		var at int64
		var managed int
		var outcome, method, methods, place string
		q := &e.Question
		err = r.Scan(&e.ID, &at, &e.Client, &outcome, &e.Reason, &e.Person, &e.Unit, &method, &methods, &q.Level, &e.address, &place, &q.Country, &q.Device, &managed)
		proof := Proof{Method: method, Methods: strings.Fields(methods)}
		q.Class = classes[e.Client]
		q.At, q.Managed, q.Password, q.TOTP = store.Time(at), managed != 0, proof.used("pwd"), proof.code()
		e.Allowed = outcome == string(Allowed)
		q.BreakGlass = e.Allowed && policy.Place(place) == policy.Abroad // nobody else is let in from there
		return e, err
	}, `SELECT e.id, e.at, CASE WHEN e.kind = $2 THEN e.client ELSE '' END, e.outcome, e.reason, e.person, e.unit, e.method, e.methods, e.level, e.network, e.place, e.country, e.device, e.managed
		FROM identity_event e WHERE e.kind IN ($1, $2) AND e.at >= $3 AND `+where+" AND (e.outcome = 'allowed' OR e.reason IN ("+strings.Join(reasons, ",")+")) AND e.place <> ''"+
		fmt.Sprintf(" ORDER BY e.at DESC, e.id DESC LIMIT %d", MostPast), append([]any{string(SignIn), string(EnterClient), store.Millis(since)}, args...)...)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(e row) bool { _, there := classes[e.Client]; return e.Client != "" && !there })
	trips, err := s.tripsSince(tx, since)
	if err != nil {
		return nil, err
	}
	homes := map[string]string{}
	list := make([]policy.Past, len(rows))
	for i, e := range rows {
		q := &e.Question
		if a, ok := policy.ParseAddress(e.address); ok {
			q.Network = around.networks.Of(a)
		}
		for _, t := range trips[e.Person] {
			if !t.Decided.After(q.At) && t.To.After(q.At.Add(-aroundTrips)) && t.From.Before(q.At.Add(aroundTrips)) {
				q.Trips = append(q.Trips, t.rule())
			}
		}
		if _, ok := homes[e.Unit]; !ok && s.o.Country != nil {
			if homes[e.Unit], err = s.o.Country(tx, e.Unit); err != nil {
				return nil, err
			}
		}
		q.Home = homes[e.Unit]
		list[len(rows)-1-i] = e.Past
	}
	return list, nil
}

// tripsSince are the approved trips that were not over at a time, by person.
func (s *Service) tripsSince(tx *store.Tx, since time.Time) (map[string][]Trip, error) {
	list, err := store.Rows(tx, readTrip, "SELECT "+tripColumns+" FROM identity_trip t WHERE t.ends > $1 AND (t.state = $2 OR t.cut > 0) ORDER BY t.starts, t.id",
		store.Millis(since.Add(-aroundTrips)), string(TripApproved))
	all := map[string][]Trip{}
	for _, t := range list {
		all[t.Person] = append(all[t.Person], t)
	}
	return all, err
}
