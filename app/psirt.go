package app

import (
	"yagura/area/org"
	"yagura/area/psirt"
	"yagura/area/psirt/clock"
	"yagura/area/psirt/cve/services"
	"yagura/kernel/notify"
	"yagura/kernel/search"
	"yagura/kernel/store"
)

// openPSIRT makes the service for weaknesses in products and hands it its
// neighbours.
func (a *App) openPSIRT(secret []byte) error {
	p := psirt.Ports{
		Notifier: productNotices{}, Documents: a.Docs, Index: productIndex{}, Directory: a.Dir, Secret: secret, PublicURL: a.Config.PublicURL,
		Calendars: workingDays{a.Org}, Team: psirtTeam{a.Org},
	}
	var records psirt.Records
	if c := a.Config.CVE; c.URL != "" && c.Key.Set() {
		ids, err := services.New(services.Options{URL: c.URL, Org: c.Org, User: c.User, Key: c.Key})
		if err != nil {
			return err
		}
		p.IDs, records = ids, ids
	}
	a.PSIRT = psirt.New(a.DB, p)
	pub, err := a.publishing(records)
	if err != nil {
		return err
	}
	a.PSIRT.Publish(pub)
	a.PSIRT.Jobs(a.Queue)
	return nil
}

// workingDays are the calendars of the organisation.
type workingDays struct{ org *org.Service }

func (p workingDays) Calendar(tx *store.Tx, unit string) (clock.Calendar, error) {
	if unit == "" {
		t, found, err := p.org.TeamFor(tx, org.PSIRTTeam, "")
		if err != nil {
			return nil, err
		}
		if found {
			unit = t.Unit
		}
	}
	return p.org.Calendar(tx, unit)
}

// psirtTeam are the people of the division's PSIRT.
type psirtTeam struct{ org *org.Service }

func (p psirtTeam) PSIRT(tx *store.Tx) ([]string, error) {
	t, found, err := p.org.TeamFor(tx, org.PSIRTTeam, "")
	if err != nil || !found {
		return nil, err
	}
	return p.org.MembersOf(tx, t.ID)
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
