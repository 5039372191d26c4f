package app

import (
	"context"
	"strings"

	"yagura/area/identity"
	"yagura/area/identity/saml"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// beside opens identity for a command beside the server. What the command does
// is recorded as done at the command line.
func beside(ctx context.Context, cfg config.Config, do func(s *identity.Service, by authz.Actor) error) error {
	if err := exists(cfg); err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(ctx, migrations...); err != nil {
		return err
	}
	s, err := openIdentity(cfg, db, authz.NewDirectory(Policy), db.Now(), nil, nil)
	if err != nil {
		return err
	}
	return do(s, authz.System("command-line"))
}

// MostMetadata is how long the metadata of an application may be, in bytes.
const MostMetadata = saml.MostMetadata

// NewClient is an application as the command line describes it.
type NewClient struct {
	ID, Name, Unit, Kind, Host, Logout, Probe, Level, Scopes, Refresh, Algorithm string
	Redirects, AfterLogout                                                       []string
	Devices, JWT, Pairwise                                                       bool

	Metadata    []byte   // of a SAML application: its kind follows from it
	NameID      string   // empty: what the metadata asks for
	Attributes  []string // claim=name
	Unsolicited bool
}

// AddClient registers an application and returns its secret, where it has one.
func AddClient(ctx context.Context, cfg config.Config, n NewClient) (secret string, err error) {
	if n.Refresh == "none" {
		n.Refresh = identity.RefreshNone
	}
	if n.Name == "" {
		n.Name = n.ID
	}
	err = beside(ctx, cfg, func(s *identity.Service, by authz.Actor) error {
		if n.Metadata != nil {
			return n.addSAML(ctx, s, by)
		}
		secret, err = s.AddClient(ctx, by, identity.Client{
			ID: n.ID, Name: n.Name, Unit: n.Unit, Kind: identity.ClientKind(n.Kind), Host: n.Host, LogoutURI: n.Logout, ProbeURI: n.Probe, MinLevel: identity.Level(n.Level),
			Redirects: n.Redirects, AfterLogout: n.AfterLogout, Scopes: strings.Fields(n.Scopes), Refresh: n.Refresh, Algorithm: n.Algorithm,
			Devices: n.Devices, JWT: n.JWT, Pairwise: n.Pairwise,
		})
		return err
	})
	return secret, err
}

// addSAML registers an application by its metadata.
func (n NewClient) addSAML(ctx context.Context, s *identity.Service, by authz.Actor) error {
	m, err := saml.ReadMetadata(n.Metadata, clock.System().Now())
	if err != nil {
		return err
	}
	if n.NameID != "" {
		m.NameID = n.NameID
	}
	m.Unsolicited = n.Unsolicited
	for _, line := range n.Attributes {
		claim, name, named := strings.Cut(line, "=")
		if !named {
			name = claim
		}
		m.Attributes = append(m.Attributes, identity.Attribute{Claim: strings.TrimSpace(claim), Name: strings.TrimSpace(name)})
	}
	_, err = s.AddClient(ctx, by, identity.Client{ID: n.ID, Name: n.Name, Unit: n.Unit, Kind: identity.SAMLClient, MinLevel: identity.Level(n.Level), SAML: &m})
	return err
}

// Clients are all applications.
func Clients(ctx context.Context, cfg config.Config) (list []identity.Client, err error) {
	err = beside(ctx, cfg, func(s *identity.Service, _ authz.Actor) error {
		list, _, err = s.Clients(ctx, authz.Everything(), identity.ClientFilter{Page: keyset.Page{Sort: "name", Limit: 10000}})
		return err
	})
	return list, err
}

// RemoveClient takes an application away.
func RemoveClient(ctx context.Context, cfg config.Config, client string) error {
	return beside(ctx, cfg, func(s *identity.Service, by authz.Actor) error { return s.RemoveClient(ctx, by, client) })
}

// SigningKeys are the keys of tokens that are published.
func SigningKeys(ctx context.Context, cfg config.Config) (keys []identity.SigningKey, err error) {
	err = beside(ctx, cfg, func(s *identity.Service, by authz.Actor) error {
		keys, err = s.SigningKeys(ctx, by)
		return err
	})
	return keys, err
}

// RotateKey lets the next key of an algorithm take over.
func RotateKey(ctx context.Context, cfg config.Config, algorithm string) error {
	return beside(ctx, cfg, func(s *identity.Service, by authz.Actor) error { return s.RotateKey(ctx, by, algorithm) })
}
