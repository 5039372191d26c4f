package cmmc

import (
	"context"
	_ "embed"

	"yagura/kernel/authz"
	"yagura/kernel/document"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of CMMC.
var Migrations = store.Migrations{Area: "cmmc", SQL: schema}

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

// Index is the search over everything.
type Index interface {
	Put(tx *store.Tx, kind, ref, unit, title, body, href string) error
}

// Ports are the neighbours. Every one may be nil: then that part of the work is
// not done.
type Ports struct {
	Notifier  Notifier
	Documents *document.Store
	Index     Index
	Directory *authz.Directory
	Gauges    []Gauge // what measures signals
}

// Service is what one can do with the group's CMMC state.
type Service struct {
	db   *store.DB
	p    Ports
	book book

	heard, kept heard // by those who deliver facts
}

// New returns the service.
func New(db *store.DB, p Ports) *Service { return &Service{db: db, p: p, book: book{db: db}} }

// People are persons by id, for showing names.
func (s *Service) People(ctx context.Context, ids ...string) (people map[string]authz.Person, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		people, err = authz.People(tx, ids...)
		return err
	})
	return people, err
}
