package identity

import (
	"slices"

	"yagura/kernel/authz"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// As is what somebody who vouches is to the person.
type As string

// Who vouches, the nearest first.
const (
	AsManager  As = "manager"  // heads the person's unit, or the nearest above
	AsRegion   As = "region"   // answers for the region
	AsDivision As = "division" // heads the division, or is in charge of it
	AsDesk     As = "desk"     // one of the help desk; another of it makes the link then
)

// Label is what he is.
func (a As) Label() text.Message {
	switch a {
	case AsManager:
		return text.M("Head of the unit")
	case AsRegion:
		return text.M("Manager of the region")
	case AsDivision:
		return text.M("Head of the division")
	case AsDesk:
		return text.M("Help desk, and another of it makes the link")
	}
	return text.Literal(string(a))
}

// vouchers are who vouches for a person now; nobody where as is empty.
type vouchers struct {
	as  As
	who []string
}

// vouching finds who vouches for a person: those who are nearest to him, of whom
// at least one can, beside another who can make the link then. Who can't sign in
// strongly enough could do neither.
func (s *Service) vouching(tx *store.Tx, p authz.Person) (vouchers, error) {
	able := func(who []string, err error) ([]string, error) {
		var list []string
		for _, one := range who {
			if err != nil || one == p.ID {
				continue
			}
			var can bool
			if can, err = s.able(tx, one); can && !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
		return list, err
	}
	desk, err := able(s.dir.Holders(tx, Recover, p.Unit))
	if err != nil {
		return vouchers{}, err
	}
	for _, tier := range []struct {
		as  As
		who func() ([]string, error)
	}{
		{AsManager, func() ([]string, error) {
			if s.o.Managers == nil {
				return nil, nil
			}
			return s.o.Managers(tx, p)
		}},
		{AsRegion, func() ([]string, error) { return s.dir.Holders(tx, VouchFor, p.Unit) }},
		{AsDivision, func() ([]string, error) { return s.dir.Holders(tx, VouchAbove, p.Unit) }},
		{AsDesk, func() ([]string, error) { return desk, nil }},
	} {
		who, err := able(tier.who())
		if err != nil {
			return vouchers{}, err
		}
		two := func(v string) bool { return slices.ContainsFunc(desk, func(d string) bool { return d != v }) }
		if slices.ContainsFunc(who, two) {
			return vouchers{tier.as, who}, nil
		}
	}
	return vouchers{}, nil
}

// able tells whether somebody can sign in by a passkey.
func (s *Service) able(tx *store.Tx, person string) (bool, error) {
	st, err := standing(tx, person)
	if err != nil || st.State != Active {
		return false, err
	}
	var can bool
	err = tx.QueryRow("SELECT EXISTS (SELECT 1 FROM identity_passkey k JOIN authz_person p ON p.id = k.person WHERE k.person = $1 AND k.removed = 0 AND p.active = 1)", person).Scan(&can)
	return can, err
}

// callForVouch tells who may vouch and who makes the link, each once. Where nobody
// can vouch the CSIRT is told as well: the person stays out until somebody can.
func (s *Service) callForVouch(tx *store.Tx, l Lost) error {
	p := l.Person
	v, err := s.vouching(tx, p)
	if err != nil {
		return err
	}
	desk, err := s.dir.Holders(tx, Recover, p.Unit)
	if err != nil {
		return err
	}
	for _, m := range v.who {
		if _, err := tx.Exec("INSERT INTO identity_lost_manager (request, person) VALUES ($1,$2) ON CONFLICT (request, person) DO NOTHING", l.ID, m); err != nil {
			return err
		}
	}
	subject, body := text.M("%s can't sign in and asks for a new link", p.Label(text.EN)), text.M("Speak with the person, by a way you know, before you decide.")
	if v.as == "" {
		subject = text.M("%s can't sign in, and nobody can vouch for the person", p.Label(text.EN))
		body = text.M("It takes somebody who vouches and another who makes the link, both with a passkey. Name a head of the person's unit who has one, or give a second person the role of the help desk.")
		if err := s.alarm(tx, p, subject, body, "lost/"+l.ID+"/nobody"); err != nil {
			return err
		}
	}
	for _, who := range slices.Concat(v.who, desk) {
		if who == p.ID {
			continue
		}
		key := "lost/" + l.ID
		if v.as == "" {
			key += "/nobody"
		}
		if err := notify.Send(tx, notify.Message{To: who, Subject: subject, Body: body, Href: "/identity/lost", Key: key, Topic: "identity"}); err != nil {
			return err
		}
	}
	return nil
}
