package cmmc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// world is a small group with a company on each side of the ocean, an enclave in
// each, and a service of the group that both take from.
type world struct {
	t      *testing.T
	db     *store.DB
	clk    *clock.Movable
	s      *cmmc.Service
	told   *told
	meter  *meter
	dir    *authz.Directory
	deliv  *ledger.Delivery
	sealer *ledger.Sealer
	ctx    context.Context
	people map[string]authz.Actor
}

type told struct{ sent []cmmc.Notice }

func (n *told) Notify(_ *store.Tx, m cmmc.Notice) error { n.sent = append(n.sent, m); return nil }

// meter is a gauge whose hand the test moves.
type meter struct{ at map[string][]cmmc.Measured } // by unit

func (m *meter) Signals() []string { return []string{"mfa.general_network", "mfa.remote_network"} }
func (m *meter) Facts() []string   { return []string{"test.counted"} }
func (m *meter) Measure(tx *store.Tx, unit string) ([]cmmc.Measured, error) {
	list := append([]cmmc.Measured(nil), m.at[unit]...)
	for i := range list {
		list[i].At, list[i].Source = tx.Now, "test"
	}
	return list, nil
}

type counted struct {
	Unit string `json:"unit"`
}

func (f counted) Heading() store.Heading {
	return store.Heading{Kind: "test.counted", Unit: f.Unit, Subject: f.Unit}
}

var sets = []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, cmmc.Migrations}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	storetest.Each(t, sets, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		test(t, newWorld(t, db, clk))
	})
}

func newWorld(t *testing.T, db *store.DB, clk *clock.Movable) *world {
	t.Helper()
	w := &world{t: t, db: db, clk: clk, ctx: t.Context(), told: &told{}, meter: &meter{map[string][]cmmc.Measured{}}, people: map[string]authz.Actor{},
		dir: authz.NewDirectory(authz.NewPolicy(authz.Acts, cmmc.Acts))}
	docs, err := document.Open(w.ctx, "file://"+t.TempDir())
	w.must(err)
	keys := t.TempDir()
	key, err := ledger.OpenKey(keys)
	w.must(err)
	w.s = cmmc.New(db, cmmc.Ports{Notifier: w.told, Documents: docs, Directory: w.dir, Gauges: []cmmc.Gauge{w.meter}})
	w.sealer = ledger.NewSealer(db, key, keys, nil)
	w.deliv = ledger.NewDelivery(db, w.sealer, nil, w.s.Reacts()...)
	system := authz.System("test")
	grants := []authz.Grant{
		{Person: "officer", Role: authz.Officer, Tree: authz.Own, Unit: "group"},
		{Person: "head", Role: authz.Head, Tree: authz.Own, Unit: "group"},
		{Person: "second", Role: authz.Head, Tree: authz.Own, Unit: "group"},
		{Person: "euro", Role: authz.Regional, Tree: authz.Geography, Unit: "europe"},
		{Person: "contact", Role: authz.Contact, Tree: authz.Own, Unit: "germany"},
		{Person: "ohioan", Role: authz.Contact, Tree: authz.Own, Unit: "ohio"},
		{Person: "assessor", Role: authz.Assessor, Tree: authz.Own, Unit: "group"},
		{Person: "clerk", Role: authz.Employee, Tree: authz.Own, Unit: "germany"},
	}
	w.change(func(tx *store.Tx) error {
		if err := authz.PutUnits(tx,
			authz.Unit{ID: "group", Name: "Group", Kind: "group", Region: "world"},
			authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "europe", Name: "Europe", Kind: authz.RegionKind, Parent: "group", Region: "world"},
			authz.Unit{ID: "americas", Name: "Americas", Kind: authz.RegionKind, Parent: "group", Region: "world"},
			authz.Unit{ID: "it", Name: "IT", Kind: "division", Parent: "group", Region: "world"},
			authz.Unit{ID: "germany", Name: "Germany", Kind: "company", Parent: "group", Region: "europe"},
			authz.Unit{ID: "ohio", Name: "Ohio", Kind: "company", Parent: "group", Region: "americas"},
		); err != nil {
			return err
		}
		for _, g := range grants {
			if err := authz.PutPeople(tx, authz.Person{ID: g.Person, Name: "Name of " + g.Person, Unit: g.Unit, Lang: text.EN, Active: true}); err != nil {
				return err
			}
			g.Until = tx.Now.AddDate(1, 0, 0)
			if err := authz.Found(tx, system, g); err != nil {
				return err
			}
		}
		if err := w.s.SeedEntity(tx, system, cmmc.Entity{ID: "germany", Name: "Germany GmbH", Unit: "germany", Region: "Europe", CAGE: "D1234"}); err != nil {
			return err
		}
		if err := w.s.Seed(tx, system, complete(cmmc.System{ID: "idp", Kind: cmmc.Corporate, Unit: "it", Name: "Sign-in", Level: 2}, tx.Now)); err != nil {
			return err
		}
		for _, e := range []cmmc.System{{ID: "munich", Unit: "germany", Name: "Munich", Entity: "germany"}, {ID: "dayton", Unit: "ohio", Name: "Dayton"}} {
			e.Kind, e.Level, e.SSP = cmmc.Enclave, 2, &score.SSP{ID: "SSP-" + e.ID, Version: "1", Date: day(tx.Now)}
			if err := w.s.Seed(tx, system, complete(e, tx.Now)); err != nil {
				return err
			}
			given, shared := named("3.13.11"), named("3.5.3")
			if err := w.s.SeedShares(tx, system, e.ID, "idp", given, shared); err != nil {
				return err
			}
		}
		return nil
	})
	for _, g := range grants {
		w.view(func(tx *store.Tx) (err error) { w.people[g.Person], err = w.dir.ActorOf(tx, g.Person); return err })
	}
	w.deliver()
	return w
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func named(names ...string) (b catalog.Bits) {
	for _, n := range names {
		if q := catalog.Find(n); q != nil {
			for _, i := range q.Objective {
				b.Set(i)
			}
			continue
		}
		i, ok := catalog.Index(n)
		if !ok {
			panic(n)
		}
		b.Set(i)
	}
	return b
}

func index(name string) int {
	i, ok := catalog.Index(name)
	if !ok {
		panic(name)
	}
	return i
}

// complete is a system of which all is met.
func complete(s cmmc.System, _ time.Time) cmmc.Past {
	p := cmmc.Past{System: s}
	for i := range catalog.Level2Objectives {
		p.Judged = append(p.Judged, cmmc.Judgement{Objective: i, Result: score.Met, Method: "examine", By: "seed"})
	}
	return p
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%v %v", err, fault.FieldsOf(err))
	}
}

func (w *world) change(do func(tx *store.Tx) error) { w.t.Helper(); w.must(w.db.Change(w.ctx, do)) }
func (w *world) view(do func(tx *store.Tx) error)   { w.t.Helper(); w.must(w.db.View(w.ctx, do)) }

// deliver seals and delivers until nothing is left to do.
func (w *world) deliver() {
	w.t.Helper()
	for range 8 {
		n, err := w.sealer.Seal(w.ctx)
		w.must(err)
		w.must(w.deliv.Drain(w.ctx))
		if n == 0 {
			return
		}
	}
}

// row is an enclave on the map of somebody.
func (w *world) row(person, enclave string) cmmc.Row {
	w.t.Helper()
	rows, err := w.s.Standings(w.ctx, w.people[person], cmmc.Filter{})
	w.must(err)
	for _, r := range rows {
		if r.ID == enclave {
			return r
		}
	}
	w.t.Fatalf("%s does not see %s", person, enclave)
	return cmmc.Row{}
}

func (w *world) stands(enclave string, low, high int, status score.Status) {
	w.t.Helper()
	if r := w.row("head", enclave); r.Live.Low != low || r.Live.High != high || r.Live.Status != status {
		w.t.Errorf("%s stands at %d…%d %s, not %d…%d %s", enclave, r.Live.Low, r.Live.High, r.Live.Status, low, high, status)
	}
}

// refused fails unless the error is a fault that names the field and says the words.
func (w *world) refused(err error, field, words string) {
	w.t.Helper()
	for _, f := range fault.FieldsOf(err) {
		if f.Name == field && strings.Contains(fmt.Sprint(f.Message.In(text.EN)), words) {
			return
		}
	}
	w.t.Errorf("%v %v: not refused by %s with %q", err, fault.FieldsOf(err), field, words)
}
