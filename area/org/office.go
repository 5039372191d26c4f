package org

import (
	"context"
	"slices"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// OfficeKind is what somebody is in a unit. An office names who answers for
// what; what he may do in this product is a role, given apart.
type OfficeKind string

// The offices.
const (
	ExecutiveOfficer OfficeKind = "executive-officer"
	HeadOfUnit       OfficeKind = "head"
	DeputyHead       OfficeKind = "deputy-head"
	RegionalManager  OfficeKind = "regional-manager"
	SecurityContact  OfficeKind = "security-contact"
	PrivacyContact   OfficeKind = "privacy-contact"
	ProductContact   OfficeKind = "product-contact"
	PlantContact     OfficeKind = "plant-contact"
	OtherOffice      OfficeKind = "other"
)

// OfficeKinds are all offices in the order in which a person picks from them.
var OfficeKinds = []OfficeKind{ExecutiveOfficer, HeadOfUnit, DeputyHead, RegionalManager, SecurityContact, PrivacyContact, ProductContact, PlantContact, OtherOffice}

// Label is the office's name.
func (k OfficeKind) Label() text.Message {
	switch k {
	case ExecutiveOfficer:
		return text.M("Executive officer in charge")
	case HeadOfUnit:
		return text.M("Head of the unit")
	case DeputyHead:
		return text.M("Deputy head of the unit")
	case RegionalManager:
		return text.M("Manager of the region")
	case SecurityContact:
		return text.M("Information security contact")
	case PrivacyContact:
		return text.M("Personal information contact")
	case ProductContact:
		return text.M("Product security contact")
	case PlantContact:
		return text.M("Factory security contact")
	case OtherOffice:
		return text.M("Other office")
	}
	return text.Literal(string(k))
}

// Office is that a person holds an office of a unit for a time.
type Office struct {
	ID      string
	Person  string
	Unit    string
	Office  OfficeKind
	Title   string // as it stands on the card; empty: the office's name
	TitleJA string
	From    time.Time
	Until   time.Time // zero: no end yet
}

// Held tells whether the office is held at the moment.
func (o Office) Held(now time.Time) bool {
	return !now.Before(o.From) && (o.Until.IsZero() || now.Before(o.Until))
}

// Name is the title, or the office's name where there is none.
func (o Office) Name(lang text.Lang) string {
	switch {
	case lang == text.JA && o.TitleJA != "":
		return o.TitleJA
	case o.Title != "":
		return o.Title
	}
	return o.Office.Label().In(lang)
}

func (o Office) check() []fault.Field {
	var wrong []fault.Field
	if !slices.Contains(OfficeKinds, o.Office) {
		wrong = append(wrong, fault.F("office", "There is no office %s", string(o.Office)))
	}
	if o.Office == OtherOffice && o.Title == "" {
		wrong = append(wrong, fault.F("title", "Enter a title§org"))
	}
	if badText(o.Title) || badText(o.TitleJA) {
		wrong = append(wrong, fault.F("title", "At most %d characters on one line", longestName))
	}
	if o.From.IsZero() {
		wrong = append(wrong, fault.F("from", "Enter a date§org"))
	}
	if !o.Until.IsZero() && !o.Until.After(o.From) {
		wrong = append(wrong, fault.F("until", "The end must come after the beginning"))
	}
	return wrong
}

func (s *Service) saveOffice(tx *store.Tx, by authz.Actor, o Office) error {
	if err := putOfficeRows(tx, []Office{o}); err != nil {
		return err
	}
	return tx.Record(by, fact.OfficeTaken{ID: o.ID, Office: string(o.Office), Person: o.Person, Unit: o.Unit, From: o.From, Until: o.Until})
}

// TakeOffice gives a person an office. Who is entered may be an id, a mail
// address or a name.
func (s *Service) TakeOffice(ctx context.Context, by authz.Actor, o Office) error {
	o.Title, o.TitleJA, o.Unit = plain(o.Title), plain(o.TitleJA), plain(o.Unit)
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, wrong, err := resolve(tx, by, o.Person, "person")
		if err != nil {
			return err
		}
		units, err := allUnits(tx)
		if err != nil {
			return err
		}
		wrong = append(wrong, unitFault(units, by, o.Unit, "unit")...)
		if o.Unit == "" {
			wrong = append(wrong, fault.F("unit", "Choose a unit"))
		}
		if len(wrong) == 0 && !p.Present() {
			wrong = append(wrong, fault.F("person", "This person has left"))
		}
		if wrong = append(wrong, o.check()...); len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if err := by.May(Manage, o.Unit); err != nil {
			return err
		}
		o.ID, o.Person = id.New(), p.ID
		return s.saveOffice(tx, by, o)
	})
}

// LeaveOffice ends an office now, or one that has not begun before it does.
func (s *Service) LeaveOffice(ctx context.Context, by authz.Actor, office string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		list, err := store.Rows(tx, readOffice, "SELECT "+officeColumns+" FROM org_office o WHERE o.id = $1", office)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return missing()
		}
		o := list[0]
		if err := by.See(Read, o.Unit); err != nil {
			return err
		}
		if err := by.May(Manage, o.Unit); err != nil {
			return err
		}
		if !o.Until.IsZero() && !o.Until.After(tx.Now) {
			return fault.Conflict("This office has ended already")
		}
		o.Until = tx.Now
		if err := putOfficeRows(tx, []Office{o}); err != nil {
			return err
		}
		return tx.Record(by, fact.OfficeLeft{ID: o.ID, Office: string(o.Office), Person: o.Person, Unit: o.Unit, Until: o.Until})
	})
}

// OfficesOfUnit are the offices of a unit that are held or will be.
func (s *Service) OfficesOfUnit(tx *store.Tx, scope authz.Scope, unit string) ([]Office, error) {
	where, args := scope.Where("o.unit", 3)
	return store.Rows(tx, readOffice, "SELECT "+officeColumns+" FROM org_office o WHERE o.unit = $1 AND (o.until = 0 OR o.until > $2) AND "+where+" ORDER BY o.since, o.id LIMIT 200",
		append([]any{unit, tx.Millis()}, args...)...)
}

// OfficesOfPerson are all offices of a person in units of the scope, the
// latest first.
func (s *Service) OfficesOfPerson(tx *store.Tx, scope authz.Scope, person string) ([]Office, error) {
	where, args := scope.Where("o.unit", 2)
	return store.Rows(tx, readOffice, "SELECT "+officeColumns+" FROM org_office o WHERE o.person = $1 AND "+where+" ORDER BY o.since DESC, o.id DESC LIMIT 200",
		append([]any{person}, args...)...)
}

// Holders are the people who hold an office of a unit at the transaction's time.
func (s *Service) Holders(tx *store.Tx, office OfficeKind, unit string) ([]Person, error) {
	return store.Rows(tx, readPerson, "SELECT "+personColumns+` FROM org_person p WHERE p.present = 1 AND p.id IN
		(SELECT person FROM org_office WHERE unit = $1 AND office = $2 AND since <= $3 AND (until = 0 OR until > $3)) ORDER BY p.id`, unit, string(office), tx.Millis())
}
