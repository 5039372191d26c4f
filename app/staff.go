package app

import (
	"yagura/area/identity"
	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// staff keeps for identity the people whom directories bring.
type staff struct{ org *org.Service }

func (p staff) Put(tx *store.Tx, by authz.Actor, m identity.Member) error {
	return p.org.PutPerson(tx, by, org.Person{ID: m.ID, Name: m.Name, Email: m.Email, Phone: m.Phone, Unit: m.Unit, Lang: m.Lang, Zone: m.Zone}, m.Present)
}

// people are those whom the organisation keeps; nobody where there is none.
func people(o *org.Service) identity.People {
	if o == nil {
		return nil
	}
	return staff{o}
}
