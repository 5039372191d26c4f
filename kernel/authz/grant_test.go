package authz_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

const (
	read authz.Act = "thing.read"
	work authz.Act = "thing.work"
)

var policy = authz.NewPolicy(authz.Acts, authz.Table{
	read: {authz.Handler, authz.Regional, authz.Assessor},
	work: {authz.Handler},
})

// world is a group with two companies, each with a plant in two regions.
var world = []authz.Unit{
	{ID: "group", Name: "Group", NameJA: "グループ", Region: "world"},
	{ID: "world", Kind: authz.RegionKind, Parent: "group"},
	{ID: "eu", Kind: authz.RegionKind, Parent: "group", Region: "world"},
	{ID: "us", Kind: authz.RegionKind, Parent: "group", Region: "world"},
	{ID: "motors", Parent: "group", Region: "eu"},
	{ID: "motors-eu", Parent: "motors", Region: "eu"},
	{ID: "motors-us", Parent: "motors", Region: "us"},
	{ID: "chips", Parent: "group", Region: "us"},
	{ID: "chips-eu", Parent: "chips", Region: "eu"},
}

type given struct {
	person string
	role   authz.Role
	tree   authz.Tree
	unit   string
}

// found makes the group, its people and their grants.
func found(t *testing.T, db *store.DB, grants ...given) *authz.Directory {
	t.Helper()
	system := authz.System("test")
	err := db.Change(context.Background(), func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, world...); err != nil {
			return err
		}
		for _, g := range grants {
			if err := authz.PutPeople(tx, authz.Person{ID: g.person, Name: g.person, Unit: "group", Active: true}); err != nil {
				return err
			}
			if err := authz.Found(tx, system, authz.Grant{Person: g.person, Role: g.role, Tree: g.tree, Unit: g.unit, Until: tx.Now.AddDate(1, 0, 0)}); err != nil {
				return err
			}
		}
		return tx.Record(system, moved{})
	})
	if err != nil {
		t.Fatal(err)
	}
	return authz.NewDirectory(policy)
}

func actor(t *testing.T, db *store.DB, dir *authz.Directory, person string) (a authz.Actor) {
	t.Helper()
	if err := db.View(context.Background(), func(tx *store.Tx) (err error) { a, err = dir.ActorOf(tx, person); return err }); err != nil {
		t.Fatal(err)
	}
	return a
}

func change(db *store.DB, do func(tx *store.Tx) error) error {
	return db.Change(context.Background(), do)
}

func TestGrantFromAskingToItsEnd(t *testing.T) {
	storetest.Each(t, []store.Migrations{authz.Migrations}, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		dir := found(t, db, given{"lead", authz.Lead, authz.Own, "motors"}, given{"head", authz.Head, authz.Own, "group"},
			given{"other", authz.Head, authz.Own, "group"}, given{"new", authz.Assessor, authz.Own, "chips"})
		lead, head, other := actor(t, db, dir, "lead"), actor(t, db, dir, "head"), actor(t, db, dir, "other")
		ask := func(by authz.Actor, g authz.Grant) (id string, err error) {
			err = change(db, func(tx *store.Tx) error {
				asked, err := authz.Ask(tx, by, g)
				id = asked.ID
				return err
			})
			return id, err
		}
		month := storetest.Start.AddDate(0, 1, 0)
		good := authz.Grant{Person: "new", Role: authz.Handler, Tree: authz.Own, Unit: "motors", Until: month}
		for name, wrong := range map[string]func(*authz.Grant){
			"person": func(g *authz.Grant) { g.Person = "" },
			"role":   func(g *authz.Grant) { g.Role = "king" },
			"tree":   func(g *authz.Grant) { g.Tree = "" },
			"until":  func(g *authz.Grant) { g.Until = storetest.Start.AddDate(3, 0, 0) },
		} {
			g := good
			wrong(&g)
			if _, err := ask(lead, g); !fault.Is(err, fault.KindInvalid) || len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		elsewhere := good
		elsewhere.Unit = "chips"
		if _, err := ask(lead, elsewhere); !fault.Is(err, fault.KindDenied) {
			t.Errorf("asked for a unit of others: %v", err)
		}
		id, err := ask(lead, good)
		if err != nil {
			t.Fatal(err)
		}
		if actor(t, db, dir, "new").Can(work, "motors") {
			t.Error("in force before it was approved")
		}
		approve := func(by authz.Actor, id string) error {
			return change(db, func(tx *store.Tx) error { return authz.Approve(tx, by, id) })
		}
		if err := approve(lead, id); !fault.Is(err, fault.KindDenied) {
			t.Errorf("approved by a lead: %v", err)
		}
		if err := approve(head, id); err != nil {
			t.Fatal(err)
		}
		if a := actor(t, db, dir, "new"); !a.Can(work, "motors-us") || a.Can(work, "chips") || a.Can(work, "") || a.Can(work, "nowhere") {
			t.Error("the role does not reach what it should")
		}
		if err := approve(other, id); !fault.Is(err, fault.KindConflict) {
			t.Errorf("approved twice: %v", err)
		}
		// Two persons: neither who asked nor who gets it, not even under a token.
		own := good
		own.Person = "other"
		if id, err = ask(head, own); err != nil {
			t.Fatal(err)
		}
		for name, by := range map[string]authz.Actor{"asker": head, "receiver": other, "asker by token": head.Limited([]authz.Act{authz.ApproveGrant})} {
			if err := approve(by, id); !fault.Is(err, fault.KindDenied) {
				t.Errorf("approved by its %s: %v", name, err)
			}
		}
		// What was asked too long ago is not approved.
		clk.Advance(40 * 24 * time.Hour)
		if err := change(db, func(tx *store.Tx) error { return authz.Revoke(tx, lead, id) }); !fault.Is(err, fault.KindDenied) {
			t.Errorf("refused by a lead who did not ask: %v", err)
		}
		late, err := ask(lead, authz.Grant{Person: "new", Role: authz.Handler, Tree: authz.Own, Unit: "motors", Until: clk.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		clk.Advance(2 * time.Hour)
		if err := approve(head, late); !fault.Is(err, fault.KindConflict) {
			t.Errorf("approved after its end: %v", err)
		}
		if actor(t, db, dir, "new").Can(work, "motors") {
			t.Error("in force after its end")
		}
		// Ended before its time, and by somebody who has left.
		id, err = ask(lead, authz.Grant{Person: "new", Role: authz.Handler, Tree: authz.Own, Unit: "motors", Until: clk.Now().AddDate(0, 1, 0)})
		if err != nil || approve(head, id) != nil {
			t.Fatal(err)
		}
		holders := func() (who []string) {
			if err := db.View(context.Background(), func(tx *store.Tx) (err error) { who, err = dir.Holders(tx, work, "motors-eu"); return err }); err != nil {
				t.Fatal(err)
			}
			return who
		}
		if who := holders(); !slices.Equal(who, []string{"new"}) {
			t.Errorf("holders: %v", who)
		}
		leave := func(active bool) {
			if err := db.Operate(context.Background(), func(tx *store.Tx) error {
				return authz.PutPeople(tx, authz.Person{ID: "new", Unit: "group", Active: active})
			}); err != nil {
				t.Fatal(err)
			}
		}
		leave(false)
		if who := holders(); len(who) != 0 {
			t.Errorf("held by who has left: %v", who)
		}
		if err := db.View(context.Background(), func(tx *store.Tx) error { _, err := dir.ActorOf(tx, "new"); return err }); !fault.Is(err, fault.KindDenied) {
			t.Errorf("who has left is an actor: %v", err)
		}
		leave(true)
		if err := change(db, func(tx *store.Tx) error { return authz.Revoke(tx, lead, id) }); err != nil {
			t.Error(err)
		}
		if actor(t, db, dir, "new").Can(work, "motors") || len(holders()) != 0 {
			t.Error("in force after it was revoked")
		}
		if err := change(db, func(tx *store.Tx) error { return authz.Revoke(tx, head, id) }); !fault.Is(err, fault.KindConflict) {
			t.Errorf("revoked twice: %v", err)
		}
	})
}

// TestNobodyGivesMoreThanHeReaches has askers and approvers with one tree give
// roles along the other.
func TestNobodyGivesMoreThanHeReaches(t *testing.T) {
	storetest.Each(t, []store.Migrations{authz.Migrations}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		dir := found(t, db, given{"europe", authz.Regional, authz.Geography, "eu"}, given{"motors", authz.Head, authz.Own, "motors"},
			given{"headeu", authz.Head, authz.Geography, "eu"}, given{"all", authz.Head, authz.Own, "group"}, given{"new", authz.Assessor, authz.Own, "chips"})
		ask := func(by string, tree authz.Tree, unit string) error {
			return change(db, func(tx *store.Tx) error {
				_, err := authz.Ask(tx, actor(t, db, dir, by), authz.Grant{Person: "new", Role: authz.Admin, Tree: tree, Unit: unit, Until: tx.Now.AddDate(0, 1, 0)})
				return err
			})
		}
		// motors lies in Europe and owns a plant in America.
		if err := ask("europe", authz.Own, "motors"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("Europe asked for a role in America: %v", err)
		}
		if err := ask("europe", authz.Geography, "eu"); err != nil {
			t.Error(err)
		}
		if err := ask("europe", authz.Own, "motors-eu"); err != nil {
			t.Error(err)
		}
		if err := ask("europe", authz.Own, ""); !fault.Is(err, fault.KindDenied) {
			t.Errorf("Europe asked for the whole group: %v", err)
		}
		if err := ask("all", authz.Own, "motors"); err != nil {
			t.Error(err)
		}
		var waiting []authz.Grant
		if err := db.View(context.Background(), func(tx *store.Tx) (err error) {
			waiting, err = authz.Pending(tx, authz.Everything(), 10)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, g := range waiting {
			if g.Tree != authz.Own || g.Unit != "motors" {
				continue
			}
			err := change(db, func(tx *store.Tx) error { return authz.Approve(tx, actor(t, db, dir, "headeu"), g.ID) })
			if !fault.Is(err, fault.KindDenied) {
				t.Errorf("the head for Europe approved a role in America: %v", err)
			}
			if err := change(db, func(tx *store.Tx) error { return authz.Approve(tx, actor(t, db, dir, "motors"), g.ID) }); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestLimitedActor(t *testing.T) {
	db, _ := storetest.SQLite(t, authz.Migrations)
	dir := found(t, db, given{"h", authz.Handler, authz.Own, "motors"})
	a := actor(t, db, dir, "h").Limited([]authz.Act{read})
	if !a.Can(read, "motors") || a.Can(work, "motors") || a.CanAnywhere(work) || !a.Scope(work).Empty() || len(a.Visible(work)) != 0 {
		t.Error("a token does more than it was given")
	}
	if b := a.Limited([]authz.Act{work, read}); b.Can(work, "motors") || !b.Can(read, "motors") {
		t.Error("a second limit widens the first")
	}
	if o := authz.Outsider("link"); o.CanAnywhere(read) || o.Can(read, "") || !o.Scope(read).Empty() || o.Who() == "link" {
		t.Error("an outsider may do something")
	}
	if err := authz.TwoPersons("", "x"); err == nil {
		t.Error("nobody and somebody are two")
	}
}

// TestRolledBackTreeIsForgotten looks at the tree inside a change that fails: no
// later check may go by it.
func TestRolledBackTreeIsForgotten(t *testing.T) {
	storetest.Each(t, []store.Migrations{authz.Migrations}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		dir := found(t, db, given{"h", authz.Handler, authz.Own, "motors"})
		move := func(unit, to string, end error) error {
			return change(db, func(tx *store.Tx) error {
				if err := authz.PutUnits(tx, authz.Unit{ID: unit, Parent: to, Region: "us"}); err != nil {
					return err
				}
				if _, err := dir.Units(tx); err != nil {
					return err
				}
				if err := tx.Record(authz.System("test"), moved{}); err != nil {
					return err
				}
				return end
			})
		}
		refused := errors.New("refused")
		if err := move("chips", "motors", refused); err != refused {
			t.Fatal(err)
		}
		if err := move("motors-us", "chips", nil); err != nil {
			t.Fatal(err)
		}
		a := actor(t, db, dir, "h")
		if a.Can(read, "chips") || a.Can(read, "motors-us") || !a.Can(read, "motors-eu") {
			t.Error("the tree of a transaction that failed is in force")
		}
	})
}

type moved struct{}

func (moved) Heading() store.Heading { return store.Heading{Kind: "test.moved"} }

func TestUnitsThatDoNotHoldTogether(t *testing.T) {
	db, _ := storetest.SQLite(t, authz.Migrations)
	found(t, db)
	for name, u := range map[string]authz.Unit{
		"above itself":   {ID: "motors", Parent: "motors-eu", Region: "eu"},
		"two tops":       {ID: "second", Region: "eu"},
		"no such parent": {ID: "x", Parent: "nobody"},
		"not a region":   {ID: "x", Parent: "group", Region: "chips"},
		"bad id":         {ID: "X y", Parent: "group"},
	} {
		err := change(db, func(tx *store.Tx) error {
			if err := authz.PutUnits(tx, u); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), moved{})
		})
		if !fault.Is(err, fault.KindInvalid) || fault.FieldsOf(err)[0].Message.In(text.JA) == fault.FieldsOf(err)[0].Message.In(text.EN) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
