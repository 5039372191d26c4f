package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"yagura/area/detect"
	"yagura/area/detect/evtx"
	"yagura/area/identity/oidc"
	"yagura/area/identity/saml"
	"yagura/area/incident"
	"yagura/area/org"
	"yagura/area/telemetry"
	"yagura/area/telemetry/relay"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/notify"
	"yagura/kernel/store"
)

// openAreas makes every area's service and hands each its neighbours.
func (a *App) openAreas(ctx context.Context, o Options) (err error) {
	cfg := a.Config
	if a.Notify, err = notify.New(a.DB, o.Log, notify.Options{PublicURL: cfg.PublicURL, Mail: cfg.Mail, Reach: reach(cfg)}); err != nil {
		return err
	}
	a.Notify.Register(a.Queue)
	a.Org = org.New(a.DB, a.Dir, orgIndex{})
	if a.Identity, err = openIdentity(cfg, a.DB, a.Dir, o.Clock.Now(), a.Org, a.Notify); err != nil {
		return err
	}
	a.Org.Guard(a.Identity)
	a.Identity.Jobs(a.Queue)
	for _, c := range a.Identity.Asked() {
		a.Queue.Every("identity.ldap."+c.Name, c.Every, func(ctx context.Context) error { return a.Identity.Poll(ctx, c.Name) })
		if c.Watch {
			a.Queue.Hold("identity.watch."+c.Name, func(ctx context.Context) error { return a.Identity.Watch(ctx, c.Name, o.Log) })
		}
	}
	a.Queue.Every("identity.keys", time.Hour, a.Identity.KeepKeys)
	a.Provider = oidc.New(oidc.Options{Identity: a.Identity, Issuer: cfg.PublicURL, Clock: o.Clock, Log: o.Log, Reach: reach(cfg)})
	a.Provider.Jobs(a.Queue)
	a.SAML = saml.New(saml.Options{Identity: a.Identity, Issuer: cfg.PublicURL, Clock: o.Clock, Log: o.Log, Reach: reach(cfg)})
	a.SAML.Jobs(a.Queue)
	secret, err := randomKey(cfg.Keys, "links.key")
	if err != nil {
		return err
	}
	maskKey, err := randomKey(cfg.Keys, "mask.key")
	if err != nil {
		return err
	}
	a.Incident = incident.New(a.DB, incident.Ports{
		Teams: teams{a.Org}, Notifier: notices{}, Documents: a.Docs, Index: incidentIndex{}, Directory: a.Dir,
		Secret: secret, PublicURL: cfg.PublicURL,
	})
	a.Incident.Jobs(a.Queue)
	if err := a.openPSIRT(secret); err != nil {
		return err
	}
	a.openCMMC()
	trusted, err := packKeys(cfg.Detection.PackKeys)
	if err != nil {
		return err
	}
	if a.Detect, err = detect.New(detect.Options{
		DB: a.DB, Directory: a.Dir, Own: ownSigns, Incidents: raiser{a.Incident}, Index: orgIndex{}, Notifier: alarms{}, Log: o.Log,
		Archive: archive{a}, Forwards: telemetry.LateSources, PackFolder: cfg.Detection.Packs, PackKeys: trusted,
		Folders: cfg.Detection.Rules, NoPack: !cfg.Detection.Builtin, Zone: cfg.Location(),
	}); err != nil {
		return err
	}
	a.Detect.Jobs(a.Queue)
	a.Identity.Ask(cases{a.Incident, a.Detect})
	a.Detect.Watch(byRules{a.Identity})
	if err := claimEvents(ctx, cfg, a.DB, telemetry.Claim); err != nil {
		return err
	}
	if err := telemetry.NeedsClasses(ctx, a.DB, classes(cfg)); err != nil {
		return err
	}
	events, closeEvents, err := openEvents(ctx, cfg, o.Log)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, closeEvents)
	a.Events = events
	var relays *relay.Authority
	if cfg.Telemetry.RelayListen != "" {
		if relays, err = relayAuthority(cfg, o.Clock.Now()); err != nil {
			return err
		}
	}
	workers := o.Workers
	if !cfg.Has(config.RoleWorker) {
		workers = -1
	}
	a.Telemetry, err = telemetry.New(telemetry.Options{
		DB: a.DB, Events: events, Detector: detector{a.Detect}, Notifier: telemetry.Notices(a.Dir), Log: o.Log, EventLog: evtx.Events, MaskKey: maskKey, Classes: classes(cfg),
		Units: a.Dir, Relays: relays, Workers: workers, CapBytes: cfg.Telemetry.JournalLimit,
	})
	return err
}

// randomKey is a secret of the installation, made where there is none yet.
func randomKey(folder, name string) ([]byte, error) {
	return store.KeyFile(folder, name, func() []byte {
		key := make([]byte, 32)
		rand.Read(key)
		return key
	})
}

// raiser makes incidents of alerts.
type raiser struct{ incident *incident.Service }

func (p raiser) Raise(tx *store.Tx, by authz.Actor, r detect.RaiseRequest) (string, error) {
	q := incident.Request{Key: r.Key, Draft: incident.Draft{Title: r.Title, Description: r.Description, Unit: r.Unit, Severity: incident.Severity(r.Severity)}}
	for _, x := range r.Alerts {
		q.Alerts = append(q.Alerts, incident.AlertRef{ID: x.ID, Title: x.Title, Rule: x.Rule, Severity: incident.Severity(x.Severity),
			Hits: x.Hits, First: x.First, Last: x.Last, Href: x.Href, Sample: json.RawMessage(x.Sample)})
	}
	for _, x := range r.Observables {
		q.Observables = append(q.Observables, incident.Observation{Type: incident.Kind(x.Type), Value: x.Value, Note: x.Note})
	}
	inc, _, err := p.incident.Raise(tx, by, q)
	return inc.ID, err
}

// alarms brings detection's notices to people.
type alarms struct{}

func (alarms) Notify(tx *store.Tx, n detect.Notice) error {
	return notify.Send(tx, notify.Message{To: n.To, Subject: n.Subject, Body: n.Body, Href: n.Href, Key: n.Key, Urgent: n.Urgent, Topic: "detect"})
}

// detector shows detection what telemetry takes in.
type detector struct{ detect *detect.Service }

func (p detector) Match(ctx context.Context, events []telemetry.Event) (telemetry.Findings, error) {
	list := make([]detect.Event, len(events))
	for i, e := range events {
		list[i] = stored(e)
	}
	found, err := p.detect.Match(ctx, list)
	if found == nil || err != nil {
		return nil, err
	}
	return found, nil
}

func (p detector) Apply(tx *store.Tx, found telemetry.Findings) error {
	return p.detect.Apply(tx, found.(*detect.Findings))
}
