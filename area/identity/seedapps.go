package identity

import (
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// SeedEntry puts into the log how a person of a played group entered an
// application, judged as a real entry would be. No grant is made.
func (s *Service) SeedEntry(tx *store.Tx, system authz.Actor, person string, proof Proof, from Device, c Client) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	p, err := authz.FindPerson(tx, person)
	if err != nil {
		return err
	}
	session := Session{Person: person, Proof: proof, Device: from}
	now, err := s.judge(tx, p, &session, false)
	if err != nil || !now.decision.Allowed { // who could not sign in did not come so far
		return err
	}
	session.into = c
	if now, err = s.judge(tx, p, &session, false); err != nil {
		return err
	}
	event := session.event(p).at(c)
	event.Outcome, event.Reason, event.past = Allowed, string(now.decision.Reason), true
	if !now.decision.Allowed || !proof.Level.Meets(c.MinLevel) { // it leads to the sign-in page, which is no refusal
		if now.decision.Reason == "" || now.decision.Needs != NoLevel && !proof.Level.Meets(now.decision.Needs) {
			return nil
		}
		event.Outcome = Refused
	}
	return s.note(tx, event)
}

// SeedSignOut notes what became of a sign-out of a played group.
func (s *Service) SeedSignOut(tx *store.Tx, system authz.Actor, l Logout) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	asked := store.Millis(l.Asked)
	done, probed := asked+l.Millis, int64(0)
	if l.Problem != "" {
		done = 0
	}
	if l.Proof != NoDetail {
		probed = asked + max(l.Proved, l.Millis)
	}
	_, err := tx.Exec("INSERT INTO identity_logout ("+logoutColumns+") VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
		l.Client, l.Session, l.Person, asked, done, max(l.Attempts, 1), l.Status, l.Millis, l.Problem, string(l.Proof), probed, l.Proved)
	return err
}
