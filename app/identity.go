package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"yagura/area/detect"
	"yagura/area/identity"
	"yagura/area/identity/fido"
	"yagura/area/identity/password"
	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/notify"
	"yagura/kernel/peer"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// openIdentity makes the service of identity, also for commands beside the server.
func openIdentity(cfg config.Config, db *store.DB, dir *authz.Directory, now time.Time, heads *org.Service, mail *notify.Service) (*identity.Service, error) {
	key, err := randomKey(cfg.Keys, "identity.key")
	if err != nil {
		return nil, err
	}
	models, err := models(cfg, now)
	if err != nil {
		return nil, err
	}
	asked, err := asked(cfg)
	if err != nil {
		return nil, err
	}
	var blocked map[string]bool
	if file := cfg.Passwords.Blocklist; file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("passwords.blocklist: %w", err)
		}
		blocked = password.List(raw)
	}
	var letter func(ctx context.Context, to authz.Person, ref string, subject, body text.Message, href string) error
	if mail != nil && cfg.Mail.Host != "" {
		letter = mail.Letter
	}
	return identity.New(db, dir, identity.Options{
		PublicURL: cfg.PublicURL, Idle: cfg.Session.Idle, Session: cfg.Session.Longest, Key: key,
		Blocked: blocked, Managers: managers(dir, heads), Guarded: guarded, Letter: letter,
		People: people(heads), LDAP: asked,
		Passkeys: identity.PasskeyRule{Attestation: cfg.Passkeys.Attestation, Accepted: cfg.Passkeys.Accepted, Models: models},
		Accounts: cfg.RADIUSAccounts != "",
		Geo:      cfg.Identity.Geo, Country: countryOf(heads),
		Reach: reach(cfg), MailDomains: cfg.Identity.MailDomains,
	})
}

// reach is which addresses webhooks and messages to applications may call.
func reach(cfg config.Config) peer.Reach {
	return peer.Reach{Private: cfg.Webhook.AllowPrivate, Local: cfg.Webhook.AllowLocal}
}

// countryOf is where people of a unit are employed.
func countryOf(units *org.Service) func(tx *store.Tx, unit string) (string, error) {
	return func(tx *store.Tx, unit string) (string, error) {
		s, err := units.Setting(tx, unit)
		return s.Country, err
	}
}

// guarded are the acts by which somebody decides for others, or over who may.
var guarded = []authz.Act{
	authz.AskGrant, authz.ApproveGrant, identity.MakeLinks, identity.Contain, identity.Recover, identity.ManageBreakGlass, identity.ManageClients, identity.RotateKeys,
	identity.ManageNetworks, identity.ManageDevices, identity.DraftPolicies, identity.ApprovePolicy,
	detect.Exclude, detect.Rules, notify.ManageTargets, org.Manage,
}

// managers are who heads a person's unit, or the nearest above that somebody
// else heads.
func managers(dir *authz.Directory, heads *org.Service) func(tx *store.Tx, p authz.Person) ([]string, error) {
	return func(tx *store.Tx, p authz.Person) ([]string, error) {
		units, err := dir.Units(tx)
		if err != nil {
			return nil, err
		}
		for u, ok := units.Get(p.Unit); ok; u, ok = units.Get(u.Parent) {
			list, err := heads.Holders(tx, org.HeadOfUnit, u.ID)
			if err != nil {
				return nil, err
			}
			var who []string
			for _, h := range list {
				if h.ID != p.ID {
					who = append(who, h.ID)
				}
			}
			if len(who) > 0 {
				return who, nil
			}
		}
		return nil, nil
	}
}

// models are the authenticators that the operator's file of metadata tells of.
func models(cfg config.Config, now time.Time) (*fido.Models, error) {
	p := cfg.Passkeys
	if p.Metadata == "" {
		if p.Attestation == "required" {
			return nil, fmt.Errorf("passkeys.attestation: makers can't be required without passkeys.metadata")
		}
		return nil, nil
	}
	if p.MetadataRoot == "" {
		return nil, fmt.Errorf("passkeys.metadata: the file is believed by its root alone, which passkeys.metadata_root names")
	}
	blob, err := os.ReadFile(p.Metadata)
	if err != nil {
		return nil, fmt.Errorf("passkeys.metadata: %w", err)
	}
	root, err := os.ReadFile(p.MetadataRoot)
	if err != nil {
		return nil, fmt.Errorf("passkeys.metadata_root: %w", err)
	}
	m, err := fido.Read(blob, root, now)
	if err != nil {
		return nil, fmt.Errorf("passkeys.metadata: %s: %w", p.Metadata, err)
	}
	return m, nil
}

// Drill records that a break-glass account was tried, by whoever runs the machine.
func Drill(ctx context.Context, cfg config.Config, person string) error {
	service, db, err := identityAlone(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	return service.Drill(ctx, authz.System("command-line"), person)
}

// Emergency is a break-glass account as a command shows it.
type Emergency struct {
	Person  string    `json:"person"`
	Keys    int       `json:"keys"` // bound to their hardware
	Used    time.Time `json:"used,omitzero"`
	Drill   time.Time `json:"drill,omitzero"`
	Due     time.Time `json:"due"`
	Overdue bool      `json:"overdue"`
}

// Emergencies lists the break-glass accounts.
func Emergencies(ctx context.Context, cfg config.Config) (list []Emergency, err error) {
	service, db, err := identityAlone(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	found, err := service.BreakGlassAccounts(ctx, authz.System("command-line"))
	for _, b := range found {
		list = append(list, Emergency{b.Person.ID, b.Keys, b.Used, b.Drill, b.Due, b.Overdue(db.Now())})
	}
	return list, err
}

// UnitEvidence is of one unit.
type UnitEvidence = identity.UnitEvidence

// Evidence computes anew, from the ledger, how people could sign in at a time.
func Evidence(ctx context.Context, cfg config.Config, control string, at time.Time) (identity.Evidence, error) {
	service, db, err := identityAlone(ctx, cfg)
	if err != nil {
		return identity.Evidence{}, err
	}
	defer db.Close()
	return service.Evidence(ctx, authz.System("command-line"), control, at)
}
