package app

import (
	"context"

	"yagura/area/cmmc"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/notify"
	"yagura/kernel/store"
)

// openCMMC makes the service of CMMC with its neighbours.
func (a *App) openCMMC() {
	a.CMMC = cmmc.New(a.DB, cmmc.Ports{Notifier: cmmcNotices{}, Documents: a.Docs, Index: orgIndex{}, Directory: a.Dir, Gauges: a.gauges()})
	a.Queue.Every("ledger.verify", ledgerEvery, a.verify)
	a.CMMC.Jobs(a.Queue)
}

// cmmcNotices brings notices of CMMC to people.
type cmmcNotices struct{}

func (cmmcNotices) Notify(tx *store.Tx, n cmmc.Notice) error {
	return notify.Send(tx, notify.Message{To: n.To, Subject: n.Subject, Body: n.Body, Href: n.Href, Key: n.Key, Urgent: n.Urgent, Topic: "cmmc"})
}

// CMMCFile is an enclave of the store as a file of `yagura cmmc score`, or without
// one the group as a file of `yagura cmmc rollup`, for whoever runs the machine.
func CMMCFile(ctx context.Context, cfg config.Config, enclave string, live bool) ([]byte, error) {
	if err := exists(cfg); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := db.Migrate(ctx, migrations...); err != nil {
		return nil, err
	}
	s := cmmc.New(db, cmmc.Ports{Directory: authz.NewDirectory(Policy)})
	if enclave == "" {
		return s.ExportGroup(ctx, authz.System("command-line"), "")
	}
	return s.Export(ctx, authz.System("command-line"), enclave, live)
}
