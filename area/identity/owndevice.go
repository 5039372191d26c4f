package identity

import (
	"context"
	"slices"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Forgettable tells whether a person may have a device of his forgotten by
// himself: what the group manages, or others share, is not his to remove.
func (e Equipment) Forgettable(person string) bool {
	return e.Removed.IsZero() && !e.Managed && e.Asset == "" && (e.Person == "" || e.Person == person)
}

// ForgetDevice forgets a browser that the actor has signed in from: it is a new
// one the next time, and his sessions on it end. Where it is his, nobody is
// recognised by it any more; of one that is not, only his use is forgotten.
func (s *Service) ForgetDevice(ctx context.Context, by authz.Actor, device string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		mine, err := devicesOf(tx, by.Person)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(mine, func(e Equipment) bool { return e.ID == device })
		if i < 0 || by.Person == "" {
			return fault.NotFound("There is no such entry, or you may not see it")
		}
		e := mine[i]
		if !e.Forgettable(by.Person) {
			return fault.Denied("The group manages this device: its administrators remove it")
		}
		if _, err := tx.Exec("DELETE FROM identity_device_use WHERE person = $1 AND device = $2", by.Person, e.ID); err != nil {
			return err
		}
		if e.Person == by.Person {
			e.digest, e.Removed = "", tx.Now
			if err := e.save(tx); err != nil {
				return err
			}
		}
		if err := s.end(tx, by, by.Person, "device = $2", e.ID); err != nil {
			return err
		}
		return tx.Record(by, fact.DeviceRemoved{Device: e.ID, Unit: e.Unit, Person: by.Person})
	})
}
