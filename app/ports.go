package app

import (
	"time"

	"yagura/area/cmmc"
	"yagura/area/incident"
	"yagura/area/org"
	"yagura/area/psirt"
	"yagura/kernel/authz"
	"yagura/kernel/notify"
	"yagura/kernel/search"
	"yagura/kernel/store"
)

// The adapters by which one area does for another what that one declared it
// needs.

// teams answers incident's questions from the organisation.
type teams struct{ org *org.Service }

func asTeam(t org.Team) incident.Team {
	common := t.Kind == org.CorporateCSIRT || t.Kind == org.OTTeam || t.Kind == org.PSIRTTeam || t.Kind == org.PrivacyTeam
	return incident.Team{ID: t.ID, Name: t.Name, NameJA: t.NameJA, Unit: t.Unit, Lead: t.Lead, Members: t.Members, Common: common}
}

func (p teams) AllTeams(tx *store.Tx) ([]incident.Team, error) {
	list, err := p.org.Teams(tx, authz.Everything(), org.TeamFilter{})
	all := make([]incident.Team, 0, len(list))
	for _, t := range list {
		all = append(all, asTeam(t))
	}
	return all, err
}

func (p teams) TeamsFor(tx *store.Tx, unit string) ([]incident.Team, error) {
	t, found, err := p.org.TeamFor(tx, org.CSIRT, unit)
	var all []incident.Team
	for err == nil && found {
		all = append(all, asTeam(t))
		t, found, err = p.org.Above(tx, t)
	}
	return all, err
}

func (p teams) OnCall(tx *store.Tx, team string, at time.Time) ([]string, error) {
	t, err := p.org.Team(tx, authz.System("rota"), team)
	if err != nil {
		return nil, err
	}
	if turn := org.OnCall(t.Plan, at); turn.Person != "" {
		return []string{turn.Person}, nil
	}
	return nil, nil
}

func (p teams) Above(tx *store.Tx, team string) (string, error) {
	t, err := p.org.Team(tx, authz.System("rota"), team)
	if err != nil {
		return "", err
	}
	up, found, err := p.org.Above(tx, t)
	if err != nil || !found {
		return "", err
	}
	return up.ID, nil
}

// notices brings incident's notices to people.
type notices struct{}

func (notices) Notify(tx *store.Tx, n incident.Notice) error {
	return notify.Send(tx, notify.Message{To: n.To, Subject: n.Subject, Body: n.Body, Href: n.Href, Key: n.Key, Urgent: n.Urgent, Topic: "incident"})
}

// The kinds of documents that can be searched for, and what one must be allowed
// to find them.
var finders = map[string]authz.Act{"unit": org.Read, "person": org.Read, "team": org.Read, "incident": incident.Read, "alert": "detect.read",
	"product": psirt.Read, "advisory": psirt.Read, "enclave": cmmc.Survey}

type orgIndex struct{}

func (orgIndex) Put(tx *store.Tx, kind, ref, unit, title, body, href string) error {
	return search.Put(tx, search.Doc{Kind: kind, Ref: ref, Unit: unit, Title: title, Text: body, Href: href, Act: finders[kind]})
}

type incidentIndex struct{}

func (incidentIndex) Put(tx *store.Tx, f incident.Found) error {
	return search.Put(tx, search.Doc{Kind: "incident", Ref: f.Ref, Unit: f.Unit, Title: f.Title, Text: f.Text, Href: f.Href, Act: incident.Read})
}

func (incidentIndex) Drop(tx *store.Tx, ref string) error { return search.Remove(tx, "incident", ref) }
