package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"yagura/area/cmmc"
	"yagura/area/detect"
	"yagura/area/identity"
	"yagura/area/identity/fido"
	"yagura/area/identity/password"
	"yagura/area/incident"
	"yagura/area/org"
	"yagura/area/psirt"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/job"
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

// guarded are the acts by which somebody decides for others, or over who may. What
// is not among them is in unguarded, with the reason.
var guarded = []authz.Act{
	authz.AskGrant, authz.ApproveGrant,
	identity.MakeLinks, identity.Recover, identity.VouchFor, identity.VouchAbove, identity.EndSessions, identity.Contain, identity.ManageBreakGlass,
	identity.Provision, identity.ManageClients, identity.RotateKeys, identity.ManageNetworks, identity.ManageDevices, identity.ManageNAS,
	identity.ApproveTrips, identity.DraftPolicies, identity.ApprovePolicy,
	org.Manage,
	detect.Exclude, detect.Rules, detect.Contain, telemetry.Manage, telemetry.Secret,
	cmmc.Review, cmmc.Manage, cmmc.Affirm, cmmc.Fund, incident.Linking, psirt.Approve,
	notify.ManageTargets, job.Manage,
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

// Emergency is a break-glass account as a command shows it.
type Emergency struct {
	Person  string    `json:"person"`
	Keys    int       `json:"keys"` // bound to their hardware
	Used    time.Time `json:"used,omitzero"`
	Drill   time.Time `json:"drill,omitzero"`
	Due     time.Time `json:"due"`
	Overdue bool      `json:"overdue"`
}

// EmergencyAsk waits for a second person, who decides in the console.
type EmergencyAsk struct {
	Person  string    `json:"person"`
	Ends    bool      `json:"ends"` // it shall be an account like any other
	AskedBy string    `json:"asked_by"`
	Until   time.Time `json:"until"`
}

// EmergencyAsks lists what waits about break-glass accounts.
func EmergencyAsks(ctx context.Context, cfg config.Config) (list []EmergencyAsk, err error) {
	service, db, err := identityAlone(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	asks, err := service.BreakGlassAsks(ctx, authz.System("command-line"))
	for _, a := range asks {
		list = append(list, EmergencyAsk{a.Person.ID, a.Ends, a.AskedBy, a.Until()})
	}
	return list, err
}

// AskEmergency asks, for whoever runs the machine, that an account be a
// break-glass account, or be one no longer.
func AskEmergency(ctx context.Context, cfg config.Config, person string, ends bool) error {
	service, db, err := identityAlone(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	return service.AskBreakGlass(ctx, authz.System("command-line"), person, ends)
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
