package app

import (
	"yagura/area/psirt"
	"yagura/kernel/notify"
	"yagura/kernel/search"
	"yagura/kernel/store"
)

// openPSIRT makes the service for weaknesses in products and hands it its
// neighbours.
func (a *App) openPSIRT(secret []byte) {
	a.PSIRT = psirt.New(a.DB, psirt.Ports{
		Notifier: productNotices{}, Documents: a.Docs, Index: productIndex{}, Directory: a.Dir, Secret: secret, PublicURL: a.Config.PublicURL,
	})
	a.PSIRT.Jobs(a.Queue)
}

// productNotices brings the area's notices to people.
type productNotices struct{}

func (productNotices) Notify(tx *store.Tx, n psirt.Notice) error {
	return notify.Send(tx, notify.Message{To: n.To, Subject: n.Subject, Body: n.Body, Href: n.Href, Key: n.Key, Urgent: n.Urgent, Topic: "psirt"})
}

// productIndex puts products and advisories into the search over everything.
type productIndex struct{}

func (productIndex) Put(tx *store.Tx, f psirt.Found) error {
	return search.Put(tx, search.Doc{Kind: f.Kind, Ref: f.Ref, Unit: f.Unit, Title: f.Title, Text: f.Text, Href: f.Href, Act: finders[f.Kind]})
}

func (productIndex) Drop(tx *store.Tx, kind, ref string) error { return search.Remove(tx, kind, ref) }
