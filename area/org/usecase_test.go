package org_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"

	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

func each(t *testing.T, test func(w *world, clk *clock.Movable)) {
	storetest.Each(t, sets, func(t *testing.T, db *store.DB, clk *clock.Movable) { test(found(t, db), clk) })
}

func fields(err error) string {
	var names []string
	for _, f := range fault.FieldsOf(err) {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

func TestUnits(t *testing.T) {
	each(t, func(w *world, _ *clock.Movable) {
		t := w.t.(*testing.T)
		eu := w.actor("p-eu")
		add := func(by authz.Actor, u org.Unit) error { return w.s.AddUnit(ctx, by, u) }
		ok := org.Unit{ID: "sales-fr", Kind: org.Company, Name: "France", Parent: "sales-de", Region: "europe", Country: "fr"}
		if err := add(eu, ok); err != nil {
			t.Fatal(err)
		}
		head := w.actor("p-head")
		eu = w.actor("p-eu") // an actor sees the units as they were when he asked
		for name, c := range map[string]struct {
			by     authz.Actor
			u      org.Unit
			kind   fault.Kind
			fields string
		}{
			"taken":               {head, ok, fault.KindInvalid, "id"},
			"all wrong at once":   {head, org.Unit{ID: "Ä", Kind: "x", Country: "XX", Lang: "??", Zone: "Mars", Calendar: "none"}, fault.KindInvalid, "id kind name country language zone parent region calendar"},
			"owner unknown":       {head, org.Unit{ID: "a", Kind: org.Site, Name: "A", Parent: "nowhere", Region: "japan"}, fault.KindInvalid, "parent"},
			"owner not seen":      {eu, org.Unit{ID: "a", Kind: org.Site, Name: "A", Parent: "sales-us", Region: "europe"}, fault.KindInvalid, "parent"},
			"region not seen":     {eu, org.Unit{ID: "a", Kind: org.Site, Name: "A", Parent: "sales-de", Region: "americas"}, fault.KindInvalid, "region"},
			"region owns nothing": {head, org.Unit{ID: "a", Kind: org.Site, Name: "A", Parent: "europe", Region: "europe"}, fault.KindInvalid, "parent"},
			"no region":           {head, org.Unit{ID: "a", Kind: org.Site, Name: "A", Parent: "group", Region: "works3"}, fault.KindInvalid, "region"},
			"not allowed":         {w.actor("p-works"), org.Unit{ID: "a", Kind: org.Site, Name: "A", Parent: "works3", Region: "japan"}, fault.KindDenied, ""},
		} {
			if err := add(c.by, c.u); fault.KindOf(err) != c.kind || fields(err) != c.fields {
				t.Errorf("%s: %v (fields %q)", name, err, fields(err))
			}
		}
		// Who sees no America is told the same of its units as of none.
		unseen := add(eu, org.Unit{ID: "a", Kind: org.Site, Name: "A", Parent: "sales-us", Region: "europe"})
		none := add(eu, org.Unit{ID: "a", Kind: org.Site, Name: "A", Parent: "sales-uk", Region: "europe"})
		if strings.ReplaceAll(unseen.Error(), "sales-us", "sales-uk") != none.Error() {
			t.Errorf("told apart: %v, %v", unseen, none)
		}
		// Moving.
		change := func(by authz.Actor, id string, f func(*org.Unit)) error {
			var u org.Unit
			w.view(func(tx *store.Tx) (err error) { u, err = w.s.Unit(tx, system, id); return err })
			f(&u)
			return w.s.ChangeUnit(ctx, by, u)
		}
		if err := change(head, "sales-de", func(u *org.Unit) { u.Parent = "sales-de-south" }); err == nil {
			t.Error("a unit was put below itself")
		}
		if err := change(eu, "plant-ohio", func(u *org.Unit) { u.Name = "x" }); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("Europe changed Ohio: %v", err)
		}
		if err := change(eu, "sales-de", func(u *org.Unit) { u.Name = "Germany" }); err != nil { // its owner is out of sight
			t.Errorf("change with an unseen owner: %v", err)
		}
		if err := change(eu, "sales-de", func(u *org.Unit) { u.Parent = "group" }); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("move under an unseen owner: %v", err)
		}
		if err := change(head, "sales-fr", func(u *org.Unit) { u.Region = "americas" }); err != nil {
			t.Fatal(err)
		}
		if w.actor("p-eu").Can(org.Read, "sales-fr") || !w.actor("p-us").Can(org.Read, "sales-fr") {
			t.Error("authority does not follow the region")
		}
		// Retiring.
		if err := w.s.RetireUnit(ctx, head, "sales-de"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("retired while in use: %v", err)
		}
		if err := w.s.RetireUnit(ctx, head, "sales-fr"); err != nil {
			t.Fatal(err)
		}
		if err := add(head, org.Unit{ID: "b", Kind: org.Site, Name: "B", Parent: "sales-fr", Region: "europe"}); fields(err) != "parent" {
			t.Errorf("added below a retired unit: %v", err)
		}
		if err := w.s.RestoreUnit(ctx, head, "sales-fr"); err != nil {
			t.Fatal(err)
		}
		w.view(func(tx *store.Tx) error {
			h, err := ledger.History(tx, authz.Everything(), "sales-fr")
			var kinds []string
			for _, e := range h {
				kinds = append(kinds, e.Kind)
				if strings.Contains(string(e.Body), "France") {
					t.Errorf("a name in the ledger: %s", e.Body)
				}
			}
			if got := strings.Join(kinds, " "); got != "org.unit-added org.unit-changed org.unit-retired org.unit-restored" {
				t.Error(got)
			}
			return err
		})
	})
}

func TestPeople(t *testing.T) {
	each(t, func(w *world, _ *clock.Movable) {
		t := w.t.(*testing.T)
		head, eu := w.actor("p-head"), w.actor("p-eu")
		p := org.Person{ID: "E100", Name: "Anna Schmidt", Email: "anna@group.example", Unit: "sales-de"}
		if err := w.s.AddPerson(ctx, eu, p); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			p      org.Person
			fields string
		}{
			"taken":       {org.Person{ID: "E100", Name: "X", Unit: "sales-de"}, "id"},
			"mail taken":  {org.Person{ID: "E101", Name: "X", Unit: "sales-de", Email: "anna@group.example"}, "email"},
			"unseen unit": {org.Person{ID: "E101", Name: "X", Unit: "sales-us"}, "unit"},
			"all wrong":   {org.Person{ID: "a b", Email: "no", Phone: "call me", Lang: "fr", Zone: "Local"}, "id name email phone unit language zone"},
		} {
			if err := w.s.AddPerson(ctx, eu, c.p); fields(err) != c.fields {
				t.Errorf("%s: %v", name, err)
			}
		}
		p.Unit = "sales-de-south"
		if err := w.s.ChangePerson(ctx, eu, p); err != nil {
			t.Fatal(err)
		}
		count := func(unit string) (n int) {
			w.view(func(tx *store.Tx) error {
				u, err := w.s.Unit(tx, system, unit)
				n = u.People
				return err
			})
			return n
		}
		if count("sales-de") != 2 || count("sales-de-south") != 2 {
			t.Errorf("heads: %d, %d", count("sales-de"), count("sales-de-south"))
		}
		// Without a zone of his own, a person lives in that of the unit's region.
		w.view(func(tx *store.Tx) error {
			a, err := authz.FindPerson(tx, "E100")
			if a.Zone != "Europe/Berlin" {
				t.Errorf("zone %q", a.Zone)
			}
			return err
		})
		var u org.Unit
		w.view(func(tx *store.Tx) (err error) { u, err = w.s.Unit(tx, system, "europe"); return err })
		u.Zone = "Europe/Paris"
		if err := w.s.ChangeUnit(ctx, head, u); err != nil {
			t.Fatal(err)
		}
		w.view(func(tx *store.Tx) error {
			a, err := authz.FindPerson(tx, "E100")
			if a.Zone != "Europe/Paris" {
				t.Errorf("zone after the region's changed: %q", a.Zone)
			}
			return err
		})
		// Leaving ends duties.
		if err := w.s.Leave(ctx, eu, "p-eu2"); err != nil {
			t.Fatal(err)
		}
		w.view(func(tx *store.Tx) error {
			team, err := w.s.Team(tx, system, "eu-csirt")
			if team.Lead != "" || slices.Contains(team.Members, "p-eu2") || org.OnCall(team.Plan, tx.Now).Person != "p-eu3" {
				t.Errorf("team after the lead left: %+v", team)
			}
			if _, err := w.dir.ActorOf(tx, "p-eu2"); !fault.Is(err, fault.KindDenied) {
				t.Errorf("who left still acts: %v", err)
			}
			return err
		})
		if err := w.s.Return(ctx, eu, "p-eu2"); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Leave(ctx, eu, "p-us2"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("Europe let somebody of Ohio leave: %v", err)
		}
		// Finding.
		find := func(by authz.Actor, f org.PersonFilter) string {
			var ids []string
			w.view(func(tx *store.Tx) error {
				rows, total, err := w.s.People(tx, by.Scope(org.Read), f)
				if err == nil && total != len(rows) {
					t.Errorf("%+v: %d of %d", f, len(rows), total)
				}
				for _, r := range rows {
					ids = append(ids, r.ID)
				}
				return err
			})
			return strings.Join(ids, " ")
		}
		for q, want := range map[string]string{"kel": "p-eu2", "岡本": "p-works", "岡本大": "p-works", "岡本 大": "p-works", "NOVÁK": "p-eu3", "p-us2@group": "p-us2", "ruiz dan": "p-us", "nobody": ""} {
			if got := find(head, org.PersonFilter{Text: q}); got != want {
				t.Errorf("%q found %q, want %q", q, got, want)
			}
		}
		if got := find(head, org.PersonFilter{Under: "europe"}); got != "E100 p-eu p-eu2 p-eu3" {
			t.Errorf("people of Europe: %s", got)
		}
		if got := find(eu, org.PersonFilter{}); got != "E100 p-eu p-eu2 p-eu3" {
			t.Errorf("what Europe sees: %s", got)
		}
		if got := find(eu, org.PersonFilter{Text: "ruiz"}); got != "" {
			t.Errorf("Europe found %s", got)
		}
	})
}

func TestTeamsAndRoles(t *testing.T) {
	each(t, func(w *world, clk *clock.Movable) {
		t := w.t.(*testing.T)
		head, lead, eu := w.actor("p-head"), w.actor("p-lead"), w.actor("p-eu")
		answers := func(kind org.TeamKind, unit, want string) {
			t.Helper()
			w.view(func(tx *store.Tx) error {
				team, _, err := w.s.TeamFor(tx, kind, unit)
				if team.ID != want {
					t.Errorf("%s for %s: %s, want %s", kind, unit, team.ID, want)
				}
				return err
			})
		}
		answers(org.CSIRT, "works3", "works3-csirt")
		answers(org.CSIRT, "sales-de-south", "eu-csirt")
		answers(org.CSIRT, "plant-ohio", "us-csirt")
		answers(org.CSIRT, "electric", "csirt")
		answers(org.OTTeam, "plant-ohio", "ot")
		answers(org.PSIRTTeam, "works3", "")
		answers(org.CorporateCSIRT, "works3", "csirt")
		w.view(func(tx *store.Tx) error {
			team, err := w.s.Team(tx, system, "eu-csirt")
			if err != nil {
				return err
			}
			up, ok, err := w.s.Above(tx, team)
			if !ok || up.ID != "csirt" {
				t.Errorf("above Europe: %s", up.ID)
			}
			if _, ok, _ := w.s.Above(tx, up); ok {
				t.Error("there is something above the top")
			}
			return err
		})
		if err := w.s.FormTeam(ctx, head, org.Team{ID: "electric-csirt", Kind: org.GroupCSIRT, Name: "Electric", Unit: "electric", Members: []string{"Daichi Okamoto", "p-head@group.example"},
			Zone: "Asia/Tokyo", Plan: org.Plan{Anchor: "2026-11-23", Order: []string{"岡本大地"}}}); err != nil {
			t.Fatal(err)
		}
		answers(org.CSIRT, "sales-de-south", "electric-csirt")
		if err := w.s.FormTeam(ctx, eu, org.Team{ID: "x", Kind: org.SiteCSIRT, Name: "X", Unit: "sales-de", Members: []string{"p-us"}, Zone: "Europe/Berlin", Plan: org.Plan{Anchor: "2026-11-23"}}); fields(err) != "members" {
			t.Errorf("a member out of sight: %v", err)
		}
		// The rota.
		now := clk.Now()
		onCall := func(at time.Time) (who string) {
			w.view(func(tx *store.Tx) error {
				team, err := w.s.Team(tx, system, "csirt")
				who = org.OnCall(team.Plan, at).Person
				return err
			})
			return who
		}
		if who := onCall(now); who != "p-head" { // the second week from 16 November
			t.Errorf("on call: %s", who)
		}
		if err := w.s.StandIn(ctx, lead, "csirt", "p-lead", now.Add(time.Hour), now.Add(3*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if onCall(now.Add(2*time.Hour)) != "p-lead" || onCall(now.Add(4*time.Hour)) != "p-head" {
			t.Error("the stand-in does not hold")
		}
		if err := w.s.Swap(ctx, lead, "csirt", now.Add(4*time.Hour), now.Add(8*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if onCall(now.Add(5*time.Hour)) != "p-lead" || onCall(now.Add(8*24*time.Hour)) != "p-head" {
			t.Error("the swap does not hold")
		}
		if err := w.s.StandIn(ctx, w.actor("p-eu2"), "eu-csirt", "p-eu3", now, now.Add(time.Hour)); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a handler changed the rota: %v", err)
		}
		if err := w.s.ChangeRota(ctx, eu, "eu-csirt", "Europe/Berlin", org.Plan{Anchor: "2026-11-23", Handover: "08:30", Days: 3, Order: []string{"p-eu3", "Jonas Keller"}}); err != nil {
			t.Fatal(err)
		}
		if err := w.s.ChangeRota(ctx, eu, "us-csirt", "Europe/Berlin", org.Plan{}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("Europe changed America's rota: %v", err)
		}
		if err := w.s.ChangeTeam(ctx, eu, org.Team{ID: "eu-csirt", Kind: org.RegionalCSIRT, Name: "Europe", Unit: "europe", Members: []string{"p-eu2"}, Lead: "p-eu2"}); err != nil {
			t.Fatal(err)
		}
		w.view(func(tx *store.Tx) error {
			team, err := w.s.Team(tx, system, "eu-csirt")
			if !slices.Equal(team.Plan.Order, []string{"p-eu2"}) {
				t.Errorf("order after a member left: %v", team.Plan.Order)
			}
			return err
		})
		// Roles: two persons, each within his part.
		until := now.Add(100 * 24 * time.Hour)
		if err := w.s.AskRole(ctx, eu, "p-us2", authz.Handler, authz.Geography, "europe", until); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a role for somebody unseen: %v", err)
		}
		if err := w.s.AskRole(ctx, eu, "p-eu3", authz.Handler, authz.Own, "sales-us", until); fields(err) != "role_unit" {
			t.Errorf("a role over an unseen unit: %v", err)
		}
		if err := w.s.AskRole(ctx, head, "p-eu3", authz.Handler, authz.Geography, "europe", until); err != nil {
			t.Fatal(err)
		}
		var grant string
		w.view(func(tx *store.Tx) error {
			list, err := w.s.RolesToApprove(tx, head.Scope(authz.ReadGrants), 10)
			if len(list) != 1 {
				t.Fatalf("to approve: %d", len(list))
			}
			grant = list[0].ID
			return err
		})
		if err := w.s.ApproveRole(ctx, head, grant); !fault.Is(err, fault.KindDenied) {
			t.Errorf("approved by who asked: %v", err)
		}
		if err := w.s.ApproveRole(ctx, w.actor("p-us"), grant); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("America sees Europe's roles: %v", err)
		}
		if err := w.s.ApproveRole(ctx, w.actor("p-admin"), grant); err != nil {
			t.Fatal(err)
		}
		if !w.actor("p-eu3").Can(org.Read, "sales-de") {
			t.Error("the role is not in force")
		}
		if err := w.s.EndRole(ctx, head, grant); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSettings(t *testing.T) {
	each(t, func(w *world, _ *clock.Movable) {
		t := w.t.(*testing.T)
		w.view(func(tx *store.Tx) error {
			for unit, want := range map[string][3]string{"works3": {"Asia/Tokyo", "jp-works", "ja"}, "electric": {"Asia/Tokyo", "jp", "ja"}, "sales-de-south": {"Europe/Berlin", "de", ""}, "plant-ohio": {"America/New_York", "", ""}} {
				set, err := w.s.Setting(tx, unit)
				if err != nil {
					return err
				}
				if got := [3]string{set.Zone, set.Calendar, set.Lang}; got != want {
					t.Errorf("%s: %v, want %v", unit, got, want)
				}
			}
			cal, err := w.s.Calendar(tx, "works3")
			if err != nil {
				return err
			}
			tokyo := cal.Zone
			friday := time.Date(2026, 11, 20, 10, 0, 0, 0, tokyo)
			// The holiday comes from the base, the working Saturday is its own.
			if got := cal.AddWorkingDays(friday, 1).In(tokyo).Format("01-02 15:04"); got != "11-24 10:00" {
				t.Errorf("one working day after Friday: %s", got)
			}
			if got := cal.AddWorkingDays(friday, 5).In(tokyo).Format("01-02"); got != "11-28" {
				t.Errorf("five working days after Friday: %s", got)
			}
			return nil
		})
		if err := w.s.PutCalendar(ctx, w.actor("p-eu"), org.Calendar{ID: "fr", Name: "France", Week: "1111100", Opens: 540, Closes: 1020}, true); err != nil {
			t.Errorf("a region can't add a calendar: %v", err)
		}
		if err := w.s.PutDay(ctx, w.actor("p-eu"), "jp", org.Special{Day: "2026-12-31", Name: "x"}); !fault.Is(err, fault.KindDenied) {
			t.Errorf("Europe changed Japan's calendar: %v", err)
		}
	})
}

func TestPagesOfLists(t *testing.T) {
	each(t, func(w *world, _ *clock.Movable) {
		t := w.t.(*testing.T)
		for _, sort := range []string{"path", "name", "id", "kind", "country", "people"} {
			for _, desc := range []bool{false, true} {
				var seen []string
				w.view(func(tx *store.Tx) error {
					page := keyset.Page{Sort: sort, Desc: desc, Limit: 3}
					for range 10 {
						rows, total, err := w.s.Units(tx, authz.Everything(), org.UnitFilter{Page: page})
						if err != nil || total != 11 {
							t.Fatalf("%s: %d, %v", sort, total, err)
						}
						rows, next := keyset.Cut(page, rows, func(r org.UnitRow) keyset.Position { return org.UnitAt(r, sort) })
						for _, r := range rows {
							seen = append(seen, r.ID)
						}
						if page.After = next; next == nil {
							break
						}
					}
					return nil
				})
				n := len(seen)
				slices.Sort(seen)
				if n != 11 || len(slices.Compact(seen)) != 11 {
					t.Errorf("by %s: %d rows, %d different", sort, n, len(seen))
				}
			}
		}
	})
}

// check brings a file and returns what it would do.
func (w *world) check(by authz.Actor, kind org.ImportKind, file string) (string, org.Preview) {
	w.t.Helper()
	id, err := w.s.Check(ctx, by, kind, []byte(file))
	if err != nil {
		w.t.Fatal(err)
	}
	var p org.Preview
	w.view(func(tx *store.Tx) error {
		i, err := w.s.Import(tx, by, id)
		p = i.Preview
		return err
	})
	return id, p
}

func (w *world) exported(by authz.Actor, kind org.ImportKind) string {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.s.Export(ctx, by, kind, &b); err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

func TestImport(t *testing.T) {
	each(t, func(w *world, _ *clock.Movable) {
		t := w.t.(*testing.T)
		head, eu := w.actor("p-head"), w.actor("p-eu")
		// What goes out comes back without a change, for everybody.
		for _, kind := range org.ImportKinds {
			for _, by := range []authz.Actor{head, eu} {
				if kind == org.DaysFile && by.Person == "p-eu" {
					continue
				}
				if _, p := w.check(by, kind, w.exported(by, kind)); p.WrongCount+p.Added+p.Changed > 0 || p.Rows == 0 && kind != org.OfficesFile {
					t.Errorf("%s of %s comes back changed: %+v", kind, by.Person, p)
				}
			}
		}
		for _, kind := range org.ImportKinds {
			if out := w.exported(eu, kind); kind != org.DaysFile && (strings.Contains(out, "us") && strings.Contains(out, "sales-us") || strings.Contains(out, "ohio") || strings.Contains(out, "meric")) {
				t.Errorf("Europe's export of %s names America:\n%s", kind, out)
			}
		}
		// Adding units in any order, changing one.
		id, p := w.check(head, org.UnitsFile, "id,name,name_ja,kind,parent,region\r\nline2,Line 2,第2ライン,department,hall,japan\r\nhall,\"Hall, \"\"A\"\"\",,department,works3,japan\r\nworks3,Works Three,第三工場,plant,electric,japan\r\n")
		if p.Added != 2 || p.Changed != 1 || p.WrongCount != 0 || len(p.Steps) != 3 || len(p.Steps[2].Changes) != 2 {
			t.Fatalf("preview: %+v", p)
		}
		if err := w.s.Apply(ctx, w.actor("p-admin"), id); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("applied somebody else's import: %v", err)
		}
		if err := w.s.Apply(ctx, head, id); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Apply(ctx, head, id); !fault.Is(err, fault.KindConflict) {
			t.Errorf("applied twice: %v", err)
		}
		w.view(func(tx *store.Tx) error {
			u, err := w.s.Unit(tx, w.actor("p-head"), "hall")
			if u.Name != `Hall, "A"` || u.Parent != "works3" {
				t.Errorf("imported: %+v", u)
			}
			if u, _ := w.s.Unit(tx, head, "works3"); u.Calendar != "jp-works" {
				t.Errorf("a column not in the file changed: %+v", u)
			}
			return err
		})
		// Every mistake by line and column; nothing applied.
		id, p = w.check(head, org.UnitsFile, "id,kind,name,parent,region,country,zone,retired\n"+
			"new1,plant,New,electric,japan,JP,,\n"+
			"BAD ID,plant,X,electric,japan,JP,,\n"+
			"new2,castle,X,electric,japan,ZZ,Mars,\n"+
			"new3,plant,X,nowhere,electric,JP,,maybe\n"+
			"new1,plant,X,electric,japan,JP,,\n"+
			"new4,plant\n"+
			"loop1,plant,X,loop2,japan,JP,,\n"+
			"loop2,plant,X,loop1,japan,JP,,\n")
		var places []string
		for _, x := range p.Wrong {
			places = append(places, org.Clock(x.Line)[3:]+x.Column)
		}
		if got := strings.Join(places, " "); got != "03id 04kind 04country 04zone 05retired 05parent 05region 06id 07 08parent 09parent" {
			t.Errorf("mistakes: %s\n%+v", got, p.Wrong)
		}
		if err := w.s.Apply(ctx, head, id); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("applied with mistakes: %v", err)
		}
		// What changed since the preview is a conflict, and a new look settles it.
		id, _ = w.check(head, org.PeopleFile, "id,phone\np-works,+81 79 111 2222\n")
		if err := w.s.ChangePerson(ctx, head, org.Person{ID: "p-works", Name: "Daichi Okamoto", NameJA: "岡本 大地", Email: "p-works@group.example", Unit: "works3", Lang: "ja"}); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Apply(ctx, head, id); !fault.Is(err, fault.KindConflict) {
			t.Errorf("applied after a change: %v", err)
		}
		if err := w.s.Recheck(ctx, head, id); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Apply(ctx, head, id); err != nil {
			t.Fatal(err)
		}
		// Shift_JIS, semicolons, Japanese yes.
		sjis, err := japanese.ShiftJIS.NewEncoder().String("id;name;name_ja;unit;email;language;left\r\nE7;Taro Yamada;山田 太郎;works3;taro@group.example;ja;\r\np-us;Daniel Ruiz;;sales-us;p-us@group.example;en;はい\r\n")
		if err != nil {
			t.Fatal(err)
		}
		id, p = w.check(head, org.PeopleFile, sjis)
		if p.Encoding != "Shift_JIS" || p.Added != 1 || p.Changed != 1 || p.WrongCount != 0 {
			t.Fatalf("Shift_JIS: %+v", p)
		}
		if err := w.s.Apply(ctx, head, id); err != nil {
			t.Fatal(err)
		}
		w.view(func(tx *store.Tx) error {
			y, err := w.s.Person(tx, head, "E7")
			if y.NameJA != "山田 太郎" {
				t.Errorf("imported: %+v", y)
			}
			if d, _ := w.s.Person(tx, head, "p-us"); d.Present() {
				t.Error("has not left")
			}
			return err
		})
		// Europe: another's id is taken, another's unit does not exist.
		_, p = w.check(eu, org.PeopleFile, "id,name,unit\np-us2,X,sales-de\nE9,X,plant-ohio\nE10,X,nowhere\n")
		var said []string
		for _, x := range p.Wrong {
			said = append(said, x.Message.String())
		}
		if got := strings.Join(said, "|"); got != "This id is taken; choose another|There is no unit plant-ohio|There is no unit nowhere" {
			t.Errorf("Europe is told: %s", got)
		}
		// Files that are none.
		for name, file := range map[string]string{"empty": "", "excel": "PK\x03\x04abc", "utf-16": "\xff\xfei\x00d\x00", "binary": "id,name\nx,\x81\x00\xff\n", "heading": "id,\"name\nx,y\n"} {
			if _, err := w.s.Check(ctx, head, org.PeopleFile, []byte(file)); fields(err) != "file" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, p := w.check(head, org.PeopleFile, "id,nmae,id\nx,y,z\n"); p.WrongCount != 2 {
			t.Errorf("headings: %+v", p.Wrong)
		}
		if _, p := w.check(head, org.PeopleFile, "id,name\nok1,\"a\" b\nok2,x\n"); p.WrongCount != 1 || p.Wrong[0].Line != 2 {
			t.Errorf("quotes: %+v", p.Wrong)
		}
		if _, err := w.s.Check(ctx, w.actor("p-works"), org.PeopleFile, []byte("id\n")); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a contact imports: %v", err)
		}
	})
}
