package identity

import (
	"context"
	"fmt"
	"strings"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// secretMark begins every secret of an application, so that scanners of
// repositories know it.
const secretMark = "ygc_"

func (c *Client) freshSecret() (secret string) {
	c.secret = ""
	if c.HasSecret() {
		secret = secretMark + id.Token()
		c.secret = id.Digest(secret)
	}
	return secret
}

// AddClient registers an application and returns its secret, where it has one.
// It is shown once.
func (s *Service) AddClient(ctx context.Context, by authz.Actor, c Client) (secret string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.mayOwn(tx, by, c.Unit); err != nil {
			return err
		}
		if err := c.settle(s.secure, s.o.Reach); err != nil {
			return err
		}
		var taken int
		if err := tx.QueryRow("SELECT COUNT(*) FROM identity_client WHERE id = $1", c.ID).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 { // also by one that was removed: a name does not change hands
			return fault.Invalid(fault.F("id", "There is or was an application of this name"))
		}
		if err := freeHost(tx, c); err != nil {
			return err
		}
		if err := freeEntity(tx, c); err != nil {
			return err
		}
		c.Made, c.Changed = tx.Now, tx.Now
		secret = c.freshSecret()
		if err := c.save(tx); err != nil {
			return err
		}
		s.forgetClients(tx)
		return tx.Record(by, fact.ClientAdded{Client: c.ID, Unit: c.Unit, Form: string(c.Kind)})
	})
	return secret, err
}

// mayOwn passes who may put an application into a unit.
func (s *Service) mayOwn(tx *store.Tx, by authz.Actor, unit string) error {
	var known int
	if err := tx.QueryRow("SELECT COUNT(*) FROM authz_unit WHERE id = $1", unit).Scan(&known); err != nil {
		return err
	}
	if known == 0 {
		return fault.Invalid(fault.F("unit", "There is no such unit"))
	}
	return by.May(ManageClients, unit)
}

// freeHost keeps two gates from standing on one host: whose rules held would be
// chance.
func freeHost(tx *store.Tx, c Client) error {
	if c.Host == "" {
		return nil
	}
	var taken int
	if err := tx.QueryRow("SELECT COUNT(*) FROM identity_client WHERE host = $1 AND id <> $2 AND removed = 0", c.Host, c.ID).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		return fault.Invalid(fault.F("host", "Another application has this host"))
	}
	return nil
}

// ChangeClient changes an application. Its name, kind and secret stay.
func (s *Service) ChangeClient(ctx context.Context, by authz.Actor, c Client) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		old, err := s.managed(tx, by, c.ID)
		if err != nil {
			return err
		}
		if err := s.mayOwn(tx, by, c.Unit); err != nil {
			return err
		}
		c.Kind, c.Made, c.secret = old.Kind, old.Made, old.secret
		if err := c.settle(s.secure, s.o.Reach); err != nil {
			return err
		}
		if c.HasSecret() != old.HasSecret() {
			return fault.Invalid(fault.F("auth", "An application with a secret keeps one, and one without gets none: add it anew"))
		}
		if err := freeHost(tx, c); err != nil {
			return err
		}
		if err := freeEntity(tx, c); err != nil {
			return err
		}
		c.Changed = tx.Now
		if err := c.save(tx); err != nil {
			return err
		}
		s.forgetClients(tx)
		return tx.Record(by, fact.ClientChanged{Client: c.ID, Unit: c.Unit})
	})
}

// managed is an application that the actor may change.
func (s *Service) managed(tx *store.Tx, by authz.Actor, client string) (Client, error) {
	c, err := findClient(tx, client)
	if err != nil {
		return c, err
	}
	if by.See(ReadFactors, c.Unit) != nil && by.See(ManageClients, c.Unit) != nil {
		return c, fault.NotFound("There is no such application")
	}
	return c, by.May(ManageClients, c.Unit)
}

// RotateSecret gives an application a new secret; the old one is void at once.
func (s *Service) RotateSecret(ctx context.Context, by authz.Actor, client string) (secret string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		c, err := s.managed(tx, by, client)
		if err != nil {
			return err
		}
		if !c.HasSecret() {
			return fault.Conflict("This application has no secret")
		}
		secret, c.Changed = c.freshSecret(), tx.Now
		if err := c.save(tx); err != nil {
			return err
		}
		s.forgetClients(tx)
		return tx.Record(by, fact.ClientSecretMade{Client: c.ID, Unit: c.Unit})
	})
	return secret, err
}

// RemoveClient takes an application away, with everything it was allowed.
func (s *Service) RemoveClient(ctx context.Context, by authz.Actor, client string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		c, err := s.managed(tx, by, client)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE identity_client SET removed = $1, secret = '' WHERE id = $2", tx.Millis(), c.ID); err != nil {
			return err
		}
		s.forgetClients(tx)
		if _, err := tx.Exec("UPDATE identity_grant SET ended = $1, reason = 'removed' WHERE client = $2 AND ended = 0", tx.Millis(), c.ID); err != nil {
			return err
		}
		return tx.Record(by, fact.ClientRemoved{Client: c.ID, Unit: c.Unit})
	})
}

// Client is an application that the actor may look at.
func (s *Service) Client(ctx context.Context, by authz.Actor, client string) (c Client, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if c, err = findClient(tx, client); err != nil {
			return err
		}
		return by.See(ReadFactors, c.Unit)
	})
	return c, err
}

// FindClient is the application of a request, for the protocol itself.
func (s *Service) FindClient(ctx context.Context, client string) (c Client, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		c, err = findClient(tx, client)
		return err
	})
	return c, err
}

// GateOf is the application behind a proxy at a host.
func (s *Service) GateOf(ctx context.Context, host string) (c Client, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := store.Rows(tx, readClient, "SELECT "+clientColumns+" FROM identity_client WHERE host = $1 AND host <> '' AND removed = 0", host)
		if err == nil && len(list) == 0 {
			err = fault.NotFound("There is no such application")
		}
		if err == nil {
			c = list[0]
		}
		return err
	})
	return c, err
}

// ClientFilter narrows the list of applications; empty fields do not.
type ClientFilter struct {
	Text string // part of a name, an id or a host
	Page keyset.Page
}

// Clients are the applications of units in the scope.
func (s *Service) Clients(ctx context.Context, scope authz.Scope, f ClientFilter) (list []Client, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("unit", 1)
		where = "removed = 0 AND " + where
		if f.Text != "" {
			args = append(args, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(f.Text))+"%")
			where += fmt.Sprintf(` AND (LOWER(name) LIKE $%[1]d ESCAPE '\' OR id LIKE $%[1]d ESCAPE '\' OR host LIKE $%[1]d ESCAPE '\')`, len(args))
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM identity_client WHERE "+where, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := f.Page.SQL(keyset.Columns{"name": keyset.Text("name")}, "id", len(args)+1)
		if err != nil {
			return err
		}
		list, err = store.Rows(tx, readClient, "SELECT "+clientColumns+" FROM identity_client WHERE "+where+" AND "+after+order, append(args, more...)...)
		return err
	})
	return list, total, err
}
