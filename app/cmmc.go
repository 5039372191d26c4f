package app

import (
	"yagura/area/cmmc"
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
