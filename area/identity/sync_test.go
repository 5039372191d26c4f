package identity_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/ldap"
	"yagura/area/identity/ldap/ldaptest"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// counts is what a run did, in short.
func counts(r identity.Report) string {
	return fmt.Sprintf("all=%v added=%d changed=%d disabled=%d left=%d unchanged=%d wrong=%d", r.All, r.Added, r.Changed, r.Disabled, r.Left, r.Unchanged, r.WrongAll)
}

// TestOpenLDAP brings people from a real OpenLDAP server: all of them, then
// what has changed, with the guard between.
func TestOpenLDAP(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		server := ldaptest.Start(t)
		w, ctx := foundWith(t, db, clk, identity.Options{LDAP: []ldap.Connection{server.Connection("unit: works-eu\nguard_percent: 20\ncompare: 24h\n")}}), context.Background()
		sync := func(want identity.RunState, did string) identity.Run {
			t.Helper()
			run, err := w.s.Sync(ctx, "works", false)
			if err != nil || run.State != want || counts(run.Report) != did {
				t.Fatalf("%s %s %v, want %s %s (%v)", run.State, counts(run.Report), err, want, did, run.Report.Wrong)
			}
			return run
		}
		for i := range 24 { // more than two answers of a page
			server.Person(fmt.Sprintf("p%02d", i), fmt.Sprintf("Person %d", i))
		}
		server.Person("keller", "Jonas Keller")
		server.Set("keller", "mail", "keller@example")
		run, err := w.s.Sync(ctx, "works", true)
		if err != nil || run.State != identity.RunDry || run.Report.Added != 25 {
			t.Fatalf("dry: %s %v", counts(run.Report), err)
		}
		sync(identity.RunApplied, "all=true added=25 changed=0 disabled=0 left=0 unchanged=0 wrong=0")
		list, err := w.s.Directories(ctx, w.actor(t, "admin").Scope(identity.Provision))
		if err != nil || len(list) != 1 || list[0].People != 25 || list[0].System != identity.LDAP {
			t.Fatalf("%+v %v", list, err)
		}
		if from, err := w.s.Source(ctx, w.actor(t, "admin"), "keller"); err != nil || from.UserName != "keller" || !from.Active {
			t.Errorf("who was there is not taken over: %+v %v", from, err)
		}
		session := w.enter(t, "keller")

		// Only what has changed is asked for; whoever is deleted is seen when all are compared.
		time.Sleep(1100 * time.Millisecond) // modifyTimestamp counts seconds
		server.Set("p01", "cn", "Renamed")
		server.Set("keller", "shadowExpire", "1")
		server.Delete("p02")
		run, err = w.s.Sync(ctx, "works", false)
		if err != nil || run.Report.All || run.Report.Changed != 1 || run.Report.Disabled != 1 || run.Report.Left != 0 || run.State != identity.RunApplied {
			t.Fatalf("%s %s %v", run.State, counts(run.Report), err)
		}
		if _, err := w.s.Who(ctx, session); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the session of who was disabled lives on: %v", err)
		}
		clk.Advance(25 * time.Hour)
		run = sync(identity.RunApplied, "all=true added=0 changed=0 disabled=0 left=1 unchanged=24 wrong=0")
		if run.Report.Steps[0].Act != "leave" {
			t.Errorf("%+v", run.Report.Steps)
		}

		// Too many at once: nothing happens until a person has decided.
		for i := 3; i < 9; i++ {
			server.Delete(fmt.Sprintf("p%02d", i))
		}
		server.Person("fresh", "Fresh")
		clk.Advance(25 * time.Hour)
		stopped := sync(identity.RunStopped, "all=true added=1 changed=0 disabled=0 left=6 unchanged=18 wrong=0")
		again := sync(identity.RunStopped, "all=true added=1 changed=0 disabled=0 left=6 unchanged=18 wrong=0")
		if stopped.ID != again.ID {
			t.Error("the same is asked twice")
		}
		var unread int64
		if err := db.View(ctx, func(tx *store.Tx) (err error) { unread, err = notify.Unread(tx, "admin"); return err }); err != nil || unread != 1 {
			t.Errorf("%d notices, %v", unread, err)
		}
		if _, err := w.s.Decide(ctx, w.actor(t, "keller"), stopped.ID, true); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a handler decides: %v", err)
		}
		if _, err := w.s.Decide(ctx, w.actor(t, "admin"), stopped.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Decide(ctx, w.actor(t, "admin"), stopped.ID, false); !fault.Is(err, fault.KindConflict) {
			t.Errorf("decided twice: %v", err)
		}
		server.Delete("p10") // not what was approved
		sync(identity.RunStopped, "all=true added=1 changed=0 disabled=0 left=7 unchanged=17 wrong=0")
		server.Person("p10", "Person 10") // another entry of the same name: who left comes back
		server.Delete("p11")
		run, err = w.s.Sync(ctx, "works", false)
		if err != nil || run.State != identity.RunStopped {
			t.Fatalf("%s %v", run.State, err)
		}
		if _, err := w.s.Decide(ctx, w.actor(t, "admin"), run.ID, true); err != nil {
			t.Fatal(err)
		}
		sync(identity.RunApplied, counts(run.Report))
		runs, err := w.s.Runs(ctx, w.actor(t, "admin"), list[0].ID)
		if err != nil || len(runs) < 5 || runs[0].State != identity.RunApplied {
			t.Errorf("%+v %v", runs, err)
		}
	})
}

func TestDirectoryThatDoesNotAnswer(t *testing.T) {
	db, clk := storetest.SQLite(t, tables...)
	server := ldaptest.Start(t)
	c := server.Connection("unit: works-eu\n")
	c.BindDN = "cn=nobody,dc=works,dc=example"
	w := foundWith(t, db, clk, identity.Options{LDAP: []ldap.Connection{c}})
	run, err := w.s.Sync(context.Background(), "works", false)
	if err == nil || run.State != identity.RunFailed || !strings.Contains(run.Report.Error, "bind as cn=nobody") {
		t.Errorf("%+v %v", run, err)
	}
	if _, err := w.s.Sync(context.Background(), "other", false); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("%v", err)
	}
	c = server.Connection("unit: works-eu\n")
	c.CA = "" // a certificate that nobody vouches for
	w = foundWith(t, mustOpen(t), clk, identity.Options{LDAP: []ldap.Connection{c}})
	if _, err := w.s.Sync(context.Background(), "works", false); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
}

func mustOpen(t *testing.T) *store.DB {
	db, _ := storetest.SQLite(t, tables...)
	return db
}
