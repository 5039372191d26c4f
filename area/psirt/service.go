// Package psirt is what the group does about weaknesses in its own products. It
// promises: whoever reports one gets an answer in time; a case under embargo is
// known to those on its list and to nobody else; its state follows from what
// happened and from nothing that somebody set; for every product there is an
// answer or somebody who was asked for it; and what is published was approved by
// a person who did not write it.
package psirt

import (
	"context"
	_ "embed"

	"yagura/area/psirt/clock"
	"yagura/area/psirt/cve"
	"yagura/area/psirt/cve/services"
	"yagura/kernel/authz"
	"yagura/kernel/document"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of products, cases, advisories and their publication.
var Migrations = store.Migrations{Area: "psirt", SQL: schema}

// Notice is a message to one person.
type Notice struct {
	To      string
	Subject text.Message
	Body    text.Message
	Href    string
	Key     string // the same key reaches the person once
	Urgent  bool
}

// Notifier brings messages to people.
type Notifier interface {
	Notify(tx *store.Tx, n Notice) error
}

// Found is a thing as the search over everything knows it. Kind is "product" or
// "advisory": a case is never in it.
type Found struct {
	Kind, Ref, Unit, Title, Text, Href string
}

// Index is the search over everything.
type Index interface {
	Put(tx *store.Tx, f Found) error
	Drop(tx *store.Tx, kind, ref string) error
}

// Calendars are those of the organisation.
type Calendars interface {
	// Calendar counts the working days of a unit; the empty unit is the division.
	Calendar(tx *store.Tx, unit string) (clock.Calendar, error)
}

// Team is who the PSIRT is.
type Team interface {
	PSIRT(tx *store.Tx) ([]string, error)
}

// Plant is one of the group's own plants that runs a product.
type Plant struct{ Unit, What string }

// Plants answers which of the group's own plants run some products; known is false
// where nobody could say.
type Plants interface {
	Running(tx *store.Tx, products []string) (plants []Plant, known bool, err error)
}

// IDs is the service from which CVE IDs come (area/psirt/cve/services).
type IDs interface {
	Prepare(ctx context.Context, amount, year int, batch services.Batch) (services.Order, error)
	Reserve(ctx context.Context, o services.Order) (services.Reservation, error)
	Resume(ctx context.Context, o services.Order) (services.Reservation, error)
	Reject(ctx context.Context, id cve.ID, container *cve.Node) (services.Outcome, error)
	Quota(ctx context.Context) (services.Quota, error)
	Local() bool // a simulator: its IDs are for rehearsals
}

// Ports are the neighbours. Each may be nil: then that part of the work is not
// done.
type Ports struct {
	Notifier  Notifier
	Documents *document.Store
	Index     Index
	// Directory tells whether a person who is to see a case has a role with which
	// he can.
	Directory *authz.Directory
	// Secret signs the links of finders: 32 bytes or more.
	Secret []byte
	// PublicURL is put before links that leave the building, "https://yagura.example".
	PublicURL string

	Calendars Calendars
	Team      Team
	Plants    Plants
	IDs       IDs
}

// Service is what one can do about weaknesses in products.
type Service struct {
	db  *store.DB
	p   Ports
	pub Publishing
}

// New returns the service.
func New(db *store.DB, p Ports) *Service { return &Service{db: db, p: p} }

// Jobs registers what this area does later.
func (s *Service) Jobs(q *job.Queue) {
	s.caseJobs(q)
	s.publicationJobs(q)
}
