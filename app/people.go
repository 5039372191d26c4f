package app

import (
	"context"
	"errors"
	"time"

	"yagura/area/identity"
	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/store"
)

// Preview is what a file of people would change.
type Preview = org.Preview

// besideServer opens the organisation and the identities for whoever runs the
// machine. A server may run meanwhile: nothing but the database is opened.
func besideServer(ctx context.Context, cfg config.Config) (*org.Service, *identity.Service, *store.DB, error) {
	if err := exists(cfg); err != nil {
		return nil, nil, nil, err
	}
	db, err := store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys})
	if err != nil {
		return nil, nil, nil, err
	}
	if err = db.Migrate(ctx, migrations...); err == nil {
		dir := authz.NewDirectory(Policy)
		people := org.New(db, dir, orgIndex{})
		var ids *identity.Service
		if ids, err = openIdentity(cfg, db, dir, db.Now(), people, nil); err == nil {
			people.Guard(ids) // who leaves by the file is out in the same transaction
			return people, ids, db, nil
		}
	}
	return nil, nil, nil, errors.Join(err, db.Close())
}

// ImportPeople takes a file of people over, all of it or nothing, as the page of
// the organisation does; dry only looks. Mistakes are in the preview, and then
// nothing was changed.
func ImportPeople(ctx context.Context, cfg config.Config, file []byte, dry bool) (p Preview, applied bool, err error) {
	people, _, db, err := besideServer(ctx, cfg)
	if err != nil {
		return p, false, err
	}
	defer db.Close()
	by := authz.System("command-line")
	key, err := people.Check(ctx, by, org.PeopleFile, file)
	if err != nil {
		return p, false, err
	}
	if err := people.View(ctx, func(tx *store.Tx) error {
		i, err := people.Import(tx, by, key)
		p = i.Preview
		return err
	}); err != nil {
		return p, false, err
	}
	if dry || p.WrongCount > 0 || p.Added+p.Changed == 0 {
		return p, false, nil
	}
	return p, true, people.Apply(ctx, by, key)
}

// NewTrip is a business trip as a command asks for it.
type NewTrip struct {
	Person, Countries, Device, Purpose string
	From, To                           time.Time
}

// AddTrip registers a trip in the name of a person. His manager decides about it.
func AddTrip(ctx context.Context, cfg config.Config, n NewTrip) (string, error) {
	countries, err := identity.ReadCountries(n.Countries)
	if err != nil {
		return "", err
	}
	_, ids, db, err := besideServer(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer db.Close()
	t, err := ids.AskTripFor(ctx, authz.System("command-line"), n.Person, identity.Trip{Countries: countries, From: n.From, To: n.To, Device: n.Device, Purpose: n.Purpose})
	return t.ID, err
}
