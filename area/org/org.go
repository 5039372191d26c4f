// Package org knows the group: its units in two trees at once (who owns whom,
// where it lies), the people and the offices they hold, the teams and who of
// them is on call, and the days and hours in which a unit works. Everything
// else in the product hangs on it.
//
// Units, people and teams are never deleted: units retire, people leave, teams
// disband, and all that refers to them keeps reading. A change of the
// organisation reaches authority (kernel/authz) and search in the same
// transaction. What an asker may not see is answered as what does not exist.
package org

import (
	"context"
	_ "embed"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of the organisation.
var Migrations = store.Migrations{Area: "org", SQL: schema}

// The acts of the organisation.
const (
	Read   authz.Act = "org.read"   // units, people, teams, who is on call
	Manage authz.Act = "org.manage" // units, people, offices, teams, calendars, imports
	Rota   authz.Act = "org.rota"   // who is on call when
)

// Acts says who may do them, each within his part of the group.
var Acts = authz.Table{
	Read:   authz.Everyone,
	Manage: {authz.Admin, authz.Head, authz.Regional},
	Rota:   {authz.Admin, authz.Head, authz.Regional, authz.Lead},
}

// Index is the search over everything, told in the same transaction.
type Index interface {
	Put(tx *store.Tx, kind, ref, unit, title, body, href string) error
}

// Doors takes away everything by which people get in, told in the same
// transaction in which they leave.
type Doors interface {
	Shut(tx *store.Tx, by authz.Actor, people []string) error
	// Moved says that the mail address of a person, to which links go, changed.
	Moved(tx *store.Tx, by authz.Actor, person, from, to string) error
}

// Service is the use cases of the organisation.
type Service struct {
	db    *store.DB
	dir   *authz.Directory
	index Index
	doors Doors
}

// New returns the service. index may be nil: then nothing is searchable.
func New(db *store.DB, dir *authz.Directory, index Index) *Service {
	return &Service{db: db, dir: dir, index: index}
}

// Guard says who locks out those who leave. It comes before the first use.
func (s *Service) Guard(doors Doors) { s.doors = doors }

// View runs fn on one unchanging state, for pages that show several things.
func (s *Service) View(ctx context.Context, fn func(tx *store.Tx) error) error {
	return s.db.View(ctx, fn)
}

func (s *Service) put(tx *store.Tx, kind, ref, unit, title, body, href string) error {
	if s.index == nil {
		return nil
	}
	return s.index.Put(tx, kind, ref, unit, title, body, href)
}

// Kind is the kind of a unit.
type Kind string

// The kinds. Units of kind Region form the geography; all others are owned.
const (
	Group      Kind = "group" // the whole, exactly one
	Division   Kind = "division"
	Business   Kind = "business-group"
	Site       Kind = "site"
	Plant      Kind = "plant"
	Company    Kind = "company" // associated company
	Department Kind = "department"
	Region     Kind = authz.RegionKind
)

// Kinds are all kinds in the order in which a person picks from them.
var Kinds = []Kind{Group, Division, Business, Site, Plant, Company, Department, Region}

// Label is the kind's name.
func (k Kind) Label() text.Message {
	switch k {
	case Group:
		return text.M("Group§org")
	case Division:
		return text.M("Division§org")
	case Business:
		return text.M("Business group§org")
	case Site:
		return text.M("Site§org")
	case Plant:
		return text.M("Plant§org")
	case Company:
		return text.M("Associated company")
	case Department:
		return text.M("Department§org")
	case Region:
		return text.M("Region§org")
	}
	return text.Literal(string(k))
}

// Unit is a part of the group. Language, zone and calendar may be empty: then
// those of the region it lies in hold (see Setting).
type Unit struct {
	ID       string // letters a-z, digits and hyphens; never changes
	Kind     Kind
	Name     string
	NameJA   string
	Parent   string // who owns it; empty for the group alone
	Region   string // where it lies; empty for the topmost region alone
	Country  string // ISO 3166-1 alpha-2; empty where it spans several
	Lang     string // BCP 47 tag of what its people speak
	Zone     string // IANA name, "Europe/Berlin"
	Calendar string // id of its working calendar
	People   int    // who belong to it directly, those who left not counted
	Retired  time.Time
	Added    time.Time
}

// Label is the unit's name in a language.
func (u Unit) Label(lang text.Lang) string { return u.authz().Label(lang) }

// InUse tells whether the unit is not retired.
func (u Unit) InUse() bool { return u.Retired.IsZero() }

func (u Unit) authz() authz.Unit {
	return authz.Unit{ID: u.ID, Name: u.Name, NameJA: u.NameJA, Kind: string(u.Kind), Parent: u.Parent, Region: u.Region}
}

// Person is somebody of the group.
type Person struct {
	ID     string
	Name   string
	NameJA string
	Email  string
	Phone  string
	Unit   string
	Lang   text.Lang // of the product's languages
	Zone   string    // IANA name; empty: that of the unit
	Added  time.Time
	Gone   time.Time // when the person left; zero: is with the group
}

// Present tells whether the person is with the group.
func (p Person) Present() bool { return p.Gone.IsZero() }

// Label is the person's name in a language.
func (p Person) Label(lang text.Lang) string { return p.authz().Label(lang) }

func (p Person) authz() authz.Person {
	return authz.Person{ID: p.ID, Name: p.Name, NameJA: p.NameJA, Unit: p.Unit, Email: p.Email, Lang: p.Lang, Zone: p.Zone, Active: p.Present()}
}
