package identity

import (
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
)

// Subscribers are what identity does upon facts of other areas: who leaves the
// group is locked out. Requests of people who left are refused anyway; this takes
// away what would count again should they come back.
func (s *Service) Subscribers() []ledger.Subscriber {
	return []ledger.Subscriber{{
		Name: "identity.leavers", Kinds: []string{fact.PersonLeft{}.Heading().Kind},
		Handle: func(tx *store.Tx, e ledger.Entry) error {
			var left fact.PersonLeft
			if err := e.Into(&left); err != nil {
				return err
			}
			_, err := closeDoors(tx, authz.System("identity"), left.Person)
			return err
		},
	}}
}
