package org

import (
	"context"

	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Speak keeps the language in which a person wants pages and mails. Everyone
// chooses for himself.
func (s *Service) Speak(ctx context.Context, by authz.Actor, lang text.Lang) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		old, err := findPerson(tx, by.Person)
		if err != nil || old.Lang == lang {
			return err
		}
		changed := old
		changed.Lang = lang
		return s.savePeople(tx, by, []personStep{{old, changed}})
	})
}
