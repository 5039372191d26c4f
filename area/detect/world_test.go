package detect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// incidents is a neighbour that numbers what it is asked for.
type incidents struct{ asked []RaiseRequest }

func (i *incidents) Raise(tx *store.Tx, by authz.Actor, r RaiseRequest) (string, error) {
	i.asked = append(i.asked, r)
	return tx.Number("INC")
}

type world struct {
	t   testing.TB
	db  *store.DB
	clk *clock.Movable
	dir *authz.Directory
	s   *Service
	inc *incidents
}

// The group: group → electric → himeji; group → europe → brno.
func open(t testing.TB, db *store.DB, clk *clock.Movable, o Options) *world {
	t.Helper()
	w := &world{t: t, db: db, clk: clk, dir: authz.NewDirectory(authz.NewPolicy(Acts)), inc: &incidents{}}
	system := authz.System("test")
	w.change(func(tx *store.Tx) error {
		if err := authz.PutUnits(tx,
			authz.Unit{ID: "group", Name: "Group", Kind: "division", Region: "world"},
			authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "electric", Name: "Electric", Kind: "group", Parent: "group", Region: "world"},
			authz.Unit{ID: "himeji", Name: "Himeji", Kind: "plant", Parent: "electric", Region: "world"},
			authz.Unit{ID: "europe", Name: "Europe", Kind: "company", Parent: "group", Region: "world"},
			authz.Unit{ID: "brno", Name: "Brno", Kind: "plant", Parent: "europe", Region: "world"},
		); err != nil {
			return err
		}
		for _, p := range []struct {
			id, unit string
			role     authz.Role
		}{{"ana", "group", authz.Analyst}, {"lea", "group", authz.Lead}, {"eva", "europe", authz.Handler}, {"emi", "europe", authz.Regional}, {"hiro", "himeji", authz.Handler}, {"ass", "group", authz.Assessor}} {
			if err := authz.PutPeople(tx, authz.Person{ID: p.id, Name: p.id, Unit: p.unit, Lang: text.EN, Zone: "UTC", Active: true}); err != nil {
				return err
			}
			if err := authz.Found(tx, system, authz.Grant{Person: p.id, Role: p.role, Tree: authz.Own, Unit: p.unit, Until: tx.Now.AddDate(1, 0, 0)}); err != nil {
				return err
			}
		}
		return nil
	})
	o.DB, o.Directory, o.Incidents = db, w.dir, w.inc
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	return w
}

func (w *world) change(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.db.Change(context.Background(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) actor(person string) (a authz.Actor) {
	w.t.Helper()
	err := w.db.View(context.Background(), func(tx *store.Tx) (err error) {
		a, err = w.dir.ActorOf(tx, person)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// apply is what telemetry does with events: match, then take effect by Change,
// or by Operate where nothing was to be recorded.
func (w *world) apply(events ...Event) *Findings {
	w.t.Helper()
	ctx := context.Background()
	f, err := w.s.Match(ctx, events)
	if err != nil {
		w.t.Fatal(err)
	}
	if f == nil {
		return nil
	}
	do := func(tx *store.Tx) error { return w.s.Apply(tx, f) }
	if err = w.db.Change(ctx, do); errors.Is(err, store.ErrUnrecorded) {
		err = w.db.Operate(ctx, do)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func (w *world) alerts(scope authz.Scope, f Filter) []Alert {
	w.t.Helper()
	if f.Page.Sort == "" {
		f.Page.Sort = "number"
	}
	if f.Page.Limit == 0 {
		f.Page.Limit = 500
	}
	rows, _, err := w.s.List(context.Background(), scope, f)
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

var all = authz.Everything()

// lsass is an event on which the rule "Memory of the logon service read by
// another process" fires (level high).
const lsassRule = "dd893e3e-6acf-47ba-8913-71b6ac9c56a3"

func lsass(batch string, n int, unit, host, image string, at time.Time) Event {
	doc, _ := json.Marshal(map[string]any{"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 10, "Computer": host, "SourceImage": image,
		"TargetImage": `C:\Windows\System32\lsass.exe`, "GrantedAccess": "0x1410", "UtcTime": at.Format("2006-01-02 15:04:05.000")})
	return Event{Batch: batch, Ordinal: n, Source: "src-" + unit, Unit: unit, Time: at, Host: host, Doc: doc}
}

func many(n int, f func(i int) Event) []Event {
	es := make([]Event, n)
	for i := range es {
		es[i] = f(i)
	}
	return es
}

var migrations = []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, Migrations}

func each2(t *testing.T, o Options, f func(t *testing.T, w *world)) {
	storetest.Each(t, migrations, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		f(t, open(t, db, clk, o))
	})
}

func (w *world) records(kind string) (n int) {
	w.t.Helper()
	err := w.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT COUNT(*) FROM ledger_pending WHERE kind = $1", kind).Scan(&n)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func host(i int) string { return fmt.Sprintf("PC-%05d", i) }

func write(t testing.TB, dir, name, body string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
}
