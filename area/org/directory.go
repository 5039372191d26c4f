package org

import (
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// PutPerson adds somebody, or changes what is known of him, as a directory has
// it, within the caller's transaction. A telephone number or Japanese name that
// is not given stays. Whether he is with the group is said by present: who is
// not, leaves now.
func (s *Service) PutPerson(tx *store.Tx, by authz.Actor, p Person, present bool) error {
	before, err := peopleByID(tx, []string{p.ID})
	if err != nil {
		return err
	}
	old, known := before[p.ID]
	if p.NameJA == "" {
		p.NameJA = old.NameJA
	}
	if p.Phone == "" {
		p.Phone = old.Phone
	}
	if p.Lang == "" {
		p.Lang = old.Lang
	}
	if p.Zone == "" {
		p.Zone = old.Zone
	}
	p = p.tidy()
	p.Added, p.Gone = old.Added, time.Time{}
	if !known {
		p.Added = tx.Now
	}
	if !present {
		if p.Gone = old.Gone; p.Gone.IsZero() {
			p.Gone = tx.Now
		}
	}
	wrong := p.check()
	if p.Unit != old.Unit || known && present && !old.Present() {
		units, err := allUnits(tx)
		if err != nil {
			return err
		}
		wrong = append(wrong, unitFault(units, by, p.Unit, "unit")...)
	}
	if present {
		mail, err := emailFault(tx, p)
		if err != nil {
			return err
		}
		wrong = append(wrong, mail...)
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	if err := by.May(Manage, p.Unit); err != nil {
		return err
	}
	if known && old.Present() == present && len(personDiff(old, p)) == 0 {
		return nil
	}
	return s.savePeople(tx, by, []personStep{{old, p}})
}
