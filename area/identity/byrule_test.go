package identity_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// hears has the area react to a fact of a neighbour.
func (w world) hears(t *testing.T, f store.Fact) {
	t.Helper()
	w.change(t, func(tx *store.Tx) error {
		return w.s.Reacts().Handle(tx, ledger.Entry{At: tx.Now, Kind: f.Heading().Kind, Body: job.Body(f)})
	})
}

// alerted has an alert of a rule that contains be about a person now, and returns
// what became of it.
func (w world) alerted(t *testing.T, alert, rule, person string, change func(*fact.ContainmentDue)) identity.ByRule {
	t.Helper()
	f := fact.ContainmentDue{Alert: alert, Unit: "works-eu", Rule: rule, Version: "v", Title: "Code presented twice", TitleJA: "コードの再使用", Person: person, Most: 3, At: w.clock.Now()}
	if change != nil {
		change(&f)
	}
	w.hears(t, f)
	return w.byRule(t, alert)
}

func (w world) byRule(t *testing.T, alert string) (did identity.ByRule) {
	t.Helper()
	if err := w.db.View(context.Background(), func(tx *store.Tx) (err error) {
		var ok bool
		if did, ok, err = w.s.DoneByRule(tx, w.actor(t, "hana"), alert); err == nil && !ok {
			err = fmt.Errorf("nothing is known of %s", alert)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return did
}

// workers adds people of Europe with nothing but their account.
func (w world) workers(t *testing.T, n int) (ids []string) {
	t.Helper()
	w.change(t, func(tx *store.Tx) error {
		for i := range n {
			ids = append(ids, fmt.Sprintf("worker%d", i))
			if err := authz.PutPeople(tx, authz.Person{ID: ids[i], Name: "W", Unit: "works-eu", Lang: "en", Active: true}); err != nil {
				return err
			}
		}
		return tx.Record(authz.System("test"), left{})
	})
	return ids
}

func TestARuleContains(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Guarded: []authz.Act{authz.AskGrant}}), context.Background()
		w.csirt(t)
		w.vpn(t, "")
		hana, hugo := w.actor(t, "hana"), w.actor(t, "hugo")
		r := w.furnish(t, "weber")
		did := w.alerted(t, "ALR-1", "replay", "weber", nil)
		if did.Outcome != identity.RuleContained || did.State != identity.ContainInForce || did.Person.Name != "Weber" || did.Unproven == 0 || did.Href == "" {
			t.Fatalf("%+v", did)
		}
		if got := w.live(t, "weber", r); len(got) > 0 {
			t.Errorf("still open: %v", got)
		}
		if n := w.told(t, "hana", "contained by the rule"); n != 1 {
			t.Errorf("who may contain was told %d times", n)
		}
		c, ok, err := w.s.ContainmentOf(ctx, hana, "weber")
		if err != nil || !ok || c.Rule != "replay" || c.Title != "Code presented twice" || c.TitleJA == "" || c.Alert != "ALR-1" || c.Incident != "" {
			t.Fatalf("%+v %v", c, err)
		}
		if did := w.alerted(t, "ALR-2", "replay", "weber", nil); did.Outcome != identity.RuleAlready || did.Href != "" {
			t.Errorf("contained twice: %+v", did)
		}

		// The alert becomes part of an incident, and so does what was done.
		w.hears(t, fact.AlertEscalated{Alert: "ALR-1", Unit: "works-eu", Rule: "replay", Incident: "INC-2026-0007"})
		w.hears(t, fact.AlertEscalated{Alert: "ALR-2", Unit: "works-eu", Rule: "replay", Incident: "INC-2026-0008"})
		w.hears(t, fact.AlertEscalated{Alert: "ALR-1", Unit: "works-eu", Rule: "replay", Incident: "INC-2026-0009"})
		if c, _, err = w.s.ContainmentOf(ctx, hana, "weber"); err != nil || c.Incident != "INC-2026-0007" {
			t.Errorf("it belongs to incident %q, %v", c.Incident, err)
		}
		if n := w.facts(t, "identity.containment-joined"); n != 1 {
			t.Errorf("%d containments became part of an incident", n)
		}

		// It is released as any other.
		if err := w.s.Release(ctx, hugo, c.ID, "it was he"); err != nil || w.byRule(t, "ALR-1").State != identity.ContainReleased {
			t.Error(err)
		}
		w.enter(t, "weber")
		if did := w.alerted(t, "ALR-3", "replay", "weber", nil); did.Outcome != identity.RuleContained {
			t.Errorf("after a release nothing is contained: %+v", did)
		}
	})
}

// TestWhomARuleNeverContains tries break-glass accounts, the privileged, events of
// long ago and who is not there.
func TestWhomARuleNeverContains(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Guarded: []authz.Act{authz.AskGrant}}), context.Background()
		w.csirt(t)
		ids := w.workers(t, 3)
		w.change(t, func(tx *store.Tx) error {
			if _, err := tx.Exec("INSERT INTO identity_breakglass (person, made, made_by) VALUES ('weber', 1, 'admin')"); err != nil {
				return err
			}
			if _, err := tx.Exec("UPDATE authz_person SET active = 0 WHERE id = $1", ids[2]); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
		contained := func() bool {
			_, ok, err := w.s.ContainmentOf(ctx, w.actor(t, "hana"), "weber")
			return ok || err != nil
		}
		if did := w.alerted(t, "ALR-1", "replay", "weber", nil); did.Outcome != identity.RuleEmergency || contained() {
			t.Errorf("a break-glass account: %+v", did)
		}
		if did := w.alerted(t, "ALR-2", "replay", ids[0], func(f *fact.ContainmentDue) { f.At = f.At.Add(-61 * time.Minute) }); did.Outcome != identity.RuleLate {
			t.Errorf("an event of an hour ago: %+v", did)
		}
		if did := w.alerted(t, "ALR-3", "replay", ids[2], nil); did.Outcome != identity.RuleUnknown {
			t.Errorf("who has left: %+v", did)
		}
		if did := w.alerted(t, "ALR-4", "replay", `CORP\weber`, nil); did.Outcome != identity.RuleUnknown {
			t.Errorf("nobody of this name: %+v", did)
		}
		if n := w.facts(t, "identity.containment-declined"); n != 4 {
			t.Errorf("%d are recorded", n)
		}

		// Of a privileged account it asks, as one person would.
		session := w.enter(t, "hugo")
		did := w.alerted(t, "ALR-5", "replay", "hugo", nil)
		if _, err := w.s.Who(ctx, session); did.Outcome != identity.RuleAsked || did.State != identity.ContainAsked || err != nil {
			t.Fatalf("a privileged account: %+v, %v", did, err)
		}
		c, _, err := w.s.ContainmentOf(ctx, w.actor(t, "hana"), "hugo")
		if err != nil || w.told(t, "hana", "second person") != 1 {
			t.Error("nobody was asked", err)
		}
		if err := w.s.ConfirmContainment(ctx, w.actor(t, "hugo"), c.ID); !fault.Is(err, fault.KindDenied) {
			t.Errorf("he confirms his own: %v", err)
		}
		if err := w.s.ConfirmContainment(ctx, authz.System("rule"), c.ID); !fault.Is(err, fault.KindDenied) {
			t.Errorf("the rule confirms it: %v", err)
		}
		if err := w.s.ConfirmContainment(ctx, w.actor(t, "hana"), c.ID); err != nil {
			t.Error(err)
		}
		if _, err := w.s.Who(ctx, session); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("he is in after it was confirmed: %v", err)
		}

		// What waited in vain is asked for anew.
		w.alerted(t, "ALR-6", "replay", "keller", nil)
		clk.Advance(5 * time.Hour)
		if did := w.byRule(t, "ALR-6"); did.State != identity.ContainExpired {
			t.Errorf("after five hours: %+v", did)
		}
		if did := w.alerted(t, "ALR-7", "replay", "keller", nil); did.Outcome != identity.RuleAsked {
			t.Errorf("asked for anew: %+v", did)
		}
	})
}

// TestTheBrake has a bad rule name one person after the other, and then many
// rules: a plant is not locked out by it.
func TestTheBrake(t *testing.T) {
	db, clk := storetest.SQLite(t, tables...)
	w := foundWith(t, db, clk, identity.Options{})
	w.csirt(t)
	ids := w.workers(t, 40)
	next := 0
	try := func(rule string) identity.RuleOutcome {
		t.Helper()
		next++
		return w.alerted(t, fmt.Sprint("ALR-", next), rule, ids[next-1], nil).Outcome
	}
	contained := func() (n int) {
		t.Helper()
		if err := db.View(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM identity_containment WHERE state = 'in-force'").Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 6 {
		try("bad")
	}
	if contained() != 3 || w.told(t, "hana", "contains nobody for now") != 1 {
		t.Errorf("a rule that may contain 3 contained %d; told of it %d times", contained(), w.told(t, "hana", "contains nobody for now"))
	}
	clk.Advance(59 * time.Minute)
	if got := try("bad"); got != identity.RuleBraked {
		t.Errorf("before the hour was over: %s", got)
	}
	clk.Advance(2 * time.Minute)
	if got := try("bad"); got != identity.RuleContained {
		t.Errorf("after the hour: %s", got)
	}
	clk.Advance(2 * time.Hour)
	before := contained()
	for n := range 24 { // each rule is within its own bound
		try(fmt.Sprint("rule", n/2))
	}
	if got := contained() - before; got != 20 {
		t.Errorf("all rules together contained %d within an hour", got)
	}
}
