package identity

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"strings"
	"time"

	"yagura/area/identity/policy"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// Network is an address block of the group with its name.
type Network struct {
	policy.Network
	Name  string
	Added time.Time
}

const networkColumns = "n.id, n.prefix, n.kind, n.name, n.unit, n.country, n.added"

func readNetwork(r store.Scanner) (n Network, err error) {
	var prefix string
	var added int64
	if err = r.Scan(&n.ID, &prefix, &n.Kind, &n.Name, &n.Unit, &n.Country, &added); err != nil {
		return n, err
	}
	n.Added = store.Time(added)
	n.Prefix, err = netip.ParsePrefix(prefix)
	return n, err
}

// AddNetwork declares a network. It counts for everybody of the group who signs
// in from it, so a new one is declared by who answers for the whole group; who
// answers for a part divides what the part has.
func (s *Service) AddNetwork(ctx context.Context, by authz.Actor, prefix string, n Network) error {
	p, err := policy.ParseNetwork(prefix)
	wrong := fault.FieldsOf(err)
	n.Name, n.Country = strings.TrimSpace(n.Name), strings.ToUpper(strings.TrimSpace(n.Country))
	if n.Name == "" || len([]rune(n.Name)) > 120 {
		wrong = append(wrong, fault.F("name", "A name of at most %d letters is needed", 120))
	}
	known := false
	for _, k := range policy.Kinds {
		known = known || n.Kind == k
	}
	if !known {
		wrong = append(wrong, fault.F("kind", "Choose what the network is for"))
	}
	if n.Country != "" && !policy.Country(n.Country) {
		wrong = append(wrong, fault.F("country", "A country has two capital letters as in ISO 3166, such as JP or DE"))
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	n.ID, n.Prefix = id.New(), p
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(ManageNetworks, n.Unit); err != nil {
			return err
		}
		around, err := s.surroundings(tx)
		if err != nil {
			return err
		}
		held := by.Can(ManageNetworks, "")
		for _, other := range around.networks.Touching(p) {
			switch {
			case !by.Can(ManageNetworks, other.Unit):
				return fault.Conflict("This network overlaps with one of another part of the group")
			case other.Prefix == p:
				return fault.Conflict("This network is declared already")
			case other.Prefix.Bits() < p.Bits():
				held = true
			}
		}
		if !held {
			return fault.Denied("A network that lies in none of yours is declared by who answers for the whole group")
		}
		return s.putNetwork(tx, by, n)
	})
}

func (s *Service) putNetwork(tx *store.Tx, by authz.Actor, n Network) error {
	if _, err := tx.Exec("INSERT INTO identity_network (id, prefix, kind, name, unit, country, added) VALUES ($1,$2,$3,$4,$5,$6,$7)",
		n.ID, n.Prefix.String(), string(n.Kind), n.Name, n.Unit, n.Country, tx.Millis()); err != nil {
		return err
	}
	if err := stirred(tx); err != nil {
		return err
	}
	return tx.Record(by, fact.NetworkDeclared{Network: n.ID, Unit: n.Unit, Prefix: n.Prefix.String(), Use: string(n.Kind), Country: n.Country})
}

// RemoveNetwork takes a network back.
func (s *Service) RemoveNetwork(ctx context.Context, by authz.Actor, network string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		n, err := readNetwork(tx.QueryRow("SELECT "+networkColumns+" FROM identity_network n WHERE n.id = $1", network))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.NotFound("There is no such entry, or you may not see it")
		}
		if err != nil {
			return err
		}
		if err := by.See(ReadFactors, n.Unit); err != nil {
			return err
		}
		if err := by.May(ManageNetworks, n.Unit); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM identity_network WHERE id = $1", network); err != nil {
			return err
		}
		if err := stirred(tx); err != nil {
			return err
		}
		return tx.Record(by, fact.NetworkRemoved{Network: n.ID, Unit: n.Unit, Prefix: n.Prefix.String()})
	})
}

// NetworkFilter narrows the list of networks.
type NetworkFilter struct {
	Kind policy.Kind
	Text string // part of the name or of the network
	Page keyset.Page
}

// Networks lists the networks of units in the scope.
func (s *Service) Networks(ctx context.Context, scope authz.Scope, f NetworkFilter) (list []Network, total int, err error) {
	where, args := scope.Where("n.unit", 3)
	args = append([]any{string(f.Kind), contains(f.Text)}, args...)
	where += ` AND ($1 = '' OR n.kind = $1) AND (LOWER(n.name) LIKE $2 ESCAPE '\' OR n.prefix LIKE $2 ESCAPE '\')`
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := tx.QueryRow("SELECT COUNT(*) FROM identity_network n WHERE "+where, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := f.Page.SQL(keyset.Columns{"name": keyset.Text("n.name"), "prefix": keyset.Text("n.prefix"), "unit": keyset.Text("n.unit")}, "n.id", len(args)+1)
		if err != nil {
			return err
		}
		list, err = store.Rows(tx, readNetwork, "SELECT "+networkColumns+" FROM identity_network n WHERE "+where+" AND "+after+order, append(args, more...)...)
		return err
	})
	return list, total, err
}
