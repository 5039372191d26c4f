package org_test

import (
	"context"
	"testing"
	"time"

	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

var ctx = context.Background()

var sets = []store.Migrations{authz.Migrations, ledger.Migrations, org.Migrations}

// world is a small group on three continents for the tests.
type world struct {
	t   testing.TB
	db  *store.DB
	dir *authz.Directory
	s   *org.Service
}

var system = authz.System("test")

func group() org.Founding {
	u := func(id string, kind org.Kind, parent, region, country, zone string) org.Unit {
		return org.Unit{ID: id, Kind: kind, Name: "Name of " + id, Parent: parent, Region: region, Country: country, Zone: zone}
	}
	p := func(id, en, ja, unit string) org.Person {
		return org.Person{ID: id, Name: en, NameJA: ja, Email: id + "@group.example", Phone: "+81 45 000 0000", Unit: unit, Lang: text.EN}
	}
	return org.Founding{
		Calendars: []org.Calendar{
			{ID: "jp", Name: "Japan", Week: "1111100", Opens: 9 * 60, Closes: 17*60 + 30, Special: map[string]org.Special{"2026-11-23": {Name: "Labour Thanksgiving Day", NameJA: "勤労感謝の日"}}},
			{ID: "jp-works", Name: "Japan, works", Base: "jp", Week: "1111100", Opens: 8 * 60, Closes: 17 * 60, Special: map[string]org.Special{"2026-11-28": {Working: true, Name: "Saturday shift"}}},
			{ID: "de", Name: "Germany", Week: "1111100", Opens: 8 * 60, Closes: 16 * 60},
		},
		Units: []org.Unit{
			u("group", org.Group, "", "japan", "JP", ""),
			{ID: "world", Kind: org.Region, Name: "World", Parent: "group"},
			{ID: "japan", Kind: org.Region, Name: "Japan", NameJA: "日本", Parent: "group", Region: "world", Country: "JP", Lang: "ja", Zone: "Asia/Tokyo", Calendar: "jp"},
			{ID: "europe", Kind: org.Region, Name: "Europe", Parent: "group", Region: "world", Zone: "Europe/Berlin", Calendar: "de"},
			{ID: "americas", Kind: org.Region, Name: "Americas", Parent: "group", Region: "world", Zone: "America/Chicago"},
			u("electric", org.Business, "group", "japan", "JP", ""),
			{ID: "works3", Kind: org.Plant, Name: "Works 3", NameJA: "第3工場", Parent: "electric", Region: "japan", Country: "JP", Calendar: "jp-works"},
			u("sales-de", org.Company, "electric", "europe", "DE", ""),
			u("sales-de-south", org.Department, "sales-de", "europe", "DE", ""),
			u("sales-us", org.Company, "electric", "americas", "US", ""),
			u("plant-ohio", org.Plant, "sales-us", "americas", "US", "America/New_York"),
		},
		People: []org.Person{
			p("p-head", "Keiko Hayashi", "林 恵子", "group"), p("p-admin", "Ren Fujii", "藤井 蓮", "group"), p("p-lead", "Haruto Mori", "森 陽翔", "group"),
			p("p-eu", "Claire Dubois", "", "sales-de"), p("p-eu2", "Jonas Keller", "", "sales-de"), p("p-eu3", "Petra Nováková", "", "sales-de-south"),
			p("p-us", "Daniel Ruiz", "", "sales-us"), p("p-us2", "Sofía Márquez", "", "plant-ohio"), p("p-works", "Daichi Okamoto", "岡本 大地", "works3"),
		},
		Offices: []org.Office{{Person: "p-head", Unit: "group", Office: org.HeadOfUnit}, {Person: "p-us", Unit: "sales-us", Office: org.SecurityContact}},
		Teams: []org.Team{
			{ID: "csirt", Kind: org.CorporateCSIRT, Name: "Corporate CSIRT", Unit: "group", Lead: "p-lead", Members: []string{"p-lead", "p-head"}, Zone: "Asia/Tokyo",
				Plan: org.Plan{Anchor: "2026-11-16", Order: []string{"p-lead", "p-head"}}},
			{ID: "eu-csirt", Kind: org.RegionalCSIRT, Name: "Europe CSIRT", Unit: "europe", Lead: "p-eu2", Members: []string{"p-eu2", "p-eu3"}, Zone: "Europe/Berlin",
				Plan: org.Plan{Anchor: "2026-11-16", Order: []string{"p-eu2", "p-eu3"}}},
			{ID: "us-csirt", Kind: org.RegionalCSIRT, Name: "Americas CSIRT", Unit: "americas", Lead: "p-us", Members: []string{"p-us"}, Zone: "America/Chicago",
				Plan: org.Plan{Anchor: "2026-11-16", Order: []string{"p-us"}}},
			{ID: "works3-csirt", Kind: org.SiteCSIRT, Name: "Works 3 CSIRT", Unit: "works3", Members: []string{"p-works"}, Zone: "Asia/Tokyo"},
			{ID: "ot", Kind: org.OTTeam, Name: "Factory security", Unit: "group", Members: []string{"p-works"}, Zone: "Asia/Tokyo"},
		},
	}
}

func found(t testing.TB, db *store.DB) *world {
	t.Helper()
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, ledger.Acts, org.Acts))
	w := &world{t, db, dir, org.New(db, dir, nil)}
	w.change(func(tx *store.Tx) error {
		if err := w.s.Seed(tx, system, group()); err != nil {
			return err
		}
		for _, g := range []authz.Grant{
			{Person: "p-head", Role: authz.Head, Tree: authz.Own, Unit: "group"},
			{Person: "p-admin", Role: authz.Admin, Tree: authz.Own, Unit: "group"},
			{Person: "p-lead", Role: authz.Lead, Tree: authz.Own, Unit: "group"},
			{Person: "p-eu", Role: authz.Regional, Tree: authz.Geography, Unit: "europe"},
			{Person: "p-us", Role: authz.Regional, Tree: authz.Geography, Unit: "americas"},
			{Person: "p-eu2", Role: authz.Handler, Tree: authz.Geography, Unit: "europe"},
			{Person: "p-works", Role: authz.Contact, Tree: authz.Own, Unit: "works3"},
		} {
			g.Until = tx.Now.Add(300 * 24 * time.Hour)
			if err := authz.Found(tx, system, g); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func (w *world) change(fn func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.db.Change(ctx, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) view(fn func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.db.View(ctx, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) actor(person string) (a authz.Actor) {
	w.t.Helper()
	w.view(func(tx *store.Tx) (err error) {
		a, err = w.dir.ActorOf(tx, person)
		return err
	})
	return a
}
