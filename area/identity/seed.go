package identity

import (
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// SeedSignIn puts a sign-in of a played group into the log, judged as a real one
// would be. No session begins.
func (s *Service) SeedSignIn(tx *store.Tx, system authz.Actor, person string, proof Proof, from Device) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	p, err := authz.FindPerson(tx, person)
	if err != nil {
		return err
	}
	session := Session{Person: person, Proof: proof, Device: from}
	now, err := s.judge(tx, p, &session, false)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE identity_device SET seen = $1 WHERE id = $2", tx.Millis(), session.Device.ID); err != nil {
		return err
	}
	event := session.event(p)
	event.Outcome, event.Reason, event.past = Allowed, string(now.decision.Reason), true
	if !now.decision.Allowed {
		event.Outcome = Refused
	}
	signals, err := s.signals(tx, p, now, event)
	if err != nil {
		return err
	}
	for _, e := range append(signals, event) {
		if err := s.note(tx, e); err != nil {
			return err
		}
	}
	return nil
}

// SeedDevice puts a managed device of a played group into the inventory, with a
// browser that was seen where it has an agent. Nobody holds its token.
func (s *Service) SeedDevice(tx *store.Tx, system authz.Actor, e Equipment) (device string, err error) {
	if !system.IsSystem() {
		return "", fault.Denied("Only the system can do this")
	}
	if e.Unit, err = unitOf(tx, e.Person); err != nil {
		return "", err
	}
	e.ID, e.Managed, e.Added = id.New(), true, tx.Now
	if e.Agent != "" {
		e.digest, e.Seen = id.Digest(id.Token()), tx.Now
		if _, err := tx.Exec("INSERT INTO identity_device_use (person, device, first) VALUES ($1,$2,$3)", e.Person, e.ID, tx.Millis()); err != nil {
			return "", err
		}
	}
	if err := e.save(tx); err != nil {
		return "", err
	}
	return e.ID, tx.Record(system, fact.DeviceManaged{Device: e.ID, Unit: e.Unit, Person: e.Person, Managed: true})
}

// SeedContainment contains a person of a played group, with what became of its
// targets besides the doors of Yagura itself.
func (s *Service) SeedContainment(tx *store.Tx, system, by authz.Actor, o Order, targets []Target) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	c, err := s.order(tx, by, o)
	if err != nil {
		return err
	}
	if err := s.lockOut(tx, by, &c); err != nil {
		return err
	}
	for i := range targets {
		targets[i].At = tx.Now.Add(time.Duration(targets[i].Millis) * time.Millisecond)
	}
	return aim(tx, c, targets)
}

// SeedStay puts a session into a server of a played group, of which that reports
// seldom: it lasts as long as one plays.
func (s *Service) SeedStay(tx *store.Tx, system authz.Actor, y Stay) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	row, _, err := take(tx, y.NAS, y.Box, y.Session)
	if err != nil {
		return err
	}
	y.ID, y.started, y.Heard, y.lapses = row.ID, true, tx.Now, tx.Now.Add(s.o.Session)
	return y.save(tx, row.ID)
}
