package app

import (
	"fmt"
	"os"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/fido"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/store"
)

// openIdentity makes the service of identity, also for commands beside the server.
func openIdentity(cfg config.Config, db *store.DB, dir *authz.Directory, now time.Time) (*identity.Service, error) {
	key, err := randomKey(cfg.Keys, "identity.key")
	if err != nil {
		return nil, err
	}
	models, err := models(cfg, now)
	if err != nil {
		return nil, err
	}
	return identity.New(db, dir, identity.Options{
		PublicURL: cfg.PublicURL, Idle: cfg.Session.Idle, Session: cfg.Session.Longest, Key: key,
		Passkeys: identity.PasskeyRule{Attestation: cfg.Passkeys.Attestation, Accepted: cfg.Passkeys.Accepted, Models: models},
	})
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
