package identity_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/ldap"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// drip is a directory of the test that answers as it is told.
type drip struct {
	world
	t     *testing.T
	c     ldap.Connection
	names []string
}

func dripping(t *testing.T, db *store.DB, clk *clock.Movable, people, guard int) drip {
	c := ldap.Connection{Name: "works", Title: "Works", Unit: "works-eu", Leaving: "leave", Guard: guard, Every: 5 * time.Minute, Compare: 1000 * time.Hour}
	d := drip{foundWith(t, db, clk, identity.Options{LDAP: []ldap.Connection{c}}), t, c, nil}
	for i := range people {
		d.names = append(d.names, fmt.Sprintf("p%03d", i))
	}
	d.says(identity.RunApplied, ldap.Found{All: true, Entries: d.entries(false, 0, people)})
	return d
}

func (d drip) entries(disabled bool, from, to int) (list []ldap.Entry) {
	for _, name := range d.names[from:to] {
		list = append(list, ldap.Entry{ID: "id-" + name, Name: name, Label: name, Disabled: disabled})
	}
	return list
}

// says has the directory answer and the run end in a state.
func (d drip) says(want identity.RunState, found ldap.Found) identity.Run {
	d.t.Helper()
	found.Mark = "1"
	run, err := d.s.SyncBy(context.Background(), d.c, func(_ context.Context, q ldap.Question) (ldap.Found, error) { return found, nil })
	if err != nil || run.State != want {
		d.t.Fatalf("%s %s %v, want %s", run.State, counts(run.Report), err, want)
	}
	return run
}

func (d drip) gone(names ...string) ldap.Found {
	var f ldap.Found
	for _, n := range names {
		f.Gone = append(f.Gone, "id-"+n)
	}
	return f
}

// TestGuardCountsSmallPartsTogether locks many out a few at a time.
func TestGuardCountsSmallPartsTogether(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		d := dripping(t, db, clk, 100, 10)
		disable := func(want identity.RunState, from, to int) identity.Run {
			t.Helper()
			return d.says(want, ldap.Found{Entries: d.entries(true, from, to)})
		}
		disable(identity.RunApplied, 0, 4)
		d.says(identity.RunApplied, d.gone(d.names[4:8]...))
		clk.Advance(14 * time.Minute) // more than the directory is asked, less than the guard looks back
		run := disable(identity.RunStopped, 8, 12)
		if leaving, of := run.Counted(); leaving != 12 || of != 100 || run.Report.Recent != 8 || run.Report.Kept != 92 {
			t.Errorf("%d of %d, %+v", leaving, of, run.Report)
		}
		// Whoever comes back counts no longer.
		d.says(identity.RunApplied, ldap.Found{Entries: d.entries(false, 0, 4)})
		disable(identity.RunApplied, 8, 12)
		if run = disable(identity.RunStopped, 12, 16); run.Report.Recent != 8 {
			t.Errorf("%+v", run.Report)
		}
		// After a while they do not either.
		clk.Advance(16 * time.Minute)
		disable(identity.RunApplied, 12, 21)

		// Whom a person has approved is not counted, and the count begins anew.
		run = disable(identity.RunStopped, 22, 24)
		if _, err := d.s.Decide(context.Background(), d.actor(t, "admin"), run.ID, true); err != nil {
			t.Fatal(err)
		}
		if run = disable(identity.RunApplied, 22, 24); run.Report.Recent != 9 {
			t.Errorf("%+v", run.Report)
		}
		if run = disable(identity.RunApplied, 24, 25); run.Report.Recent != 0 {
			t.Errorf("%+v", run.Report)
		}

		// What nobody has decided on and the directory has gone past waits no longer.
		waiting := disable(identity.RunStopped, 25, 60)
		d.says(identity.RunApplied, ldap.Found{Entries: d.entries(false, 25, 26)})
		runs, err := d.s.Runs(context.Background(), d.actor(t, "admin"), "ldap-works")
		for _, r := range runs {
			if err != nil || r.ID == waiting.ID && r.State != identity.RunDiscarded {
				t.Errorf("%s %v", r.State, err)
			}
		}
	})
}

func TestGuardAsksBeforeTheLastIsGone(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	d := dripping(t, db, clk, 3, 100)
	d.says(identity.RunApplied, d.gone("p000"))
	d.says(identity.RunApplied, d.gone("p001"))
	d.says(identity.RunStopped, d.gone("p002"))
	// What was told once must be seen again by the next run, whoever asks.
	if _, err := d.s.SyncBy(t.Context(), d.c, func(_ context.Context, q ldap.Question) (ldap.Found, error) {
		if q.Mark != "" {
			t.Errorf("asks from %q", q.Mark)
		}
		return ldap.Found{All: true, Entries: d.entries(false, 2, 3)}, nil
	}); err != nil {
		t.Error(err)
	}
}

// TestManyRunsOfADay are kept, and forgotten after it.
func TestManyRunsOfADay(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	d := dripping(t, db, clk, 2, 10)
	d.says(identity.RunStopped, ldap.Found{All: true, Entries: d.entries(true, 0, 1)})
	change := func(n int) {
		for i := range n {
			e := d.entries(false, 0, 1)
			e[0].Label = fmt.Sprint(n, i)
			if _, err := d.s.SyncBy(t.Context(), d.c, func(context.Context, ldap.Question) (ldap.Found, error) {
				return ldap.Found{Entries: e, Mark: "1"}, nil
			}); err != nil {
				t.Fatal(err)
			}
			clk.Advance(time.Second)
		}
	}
	count := func(want int) {
		t.Helper()
		var n int
		if err := db.View(t.Context(), func(tx *store.Tx) error { return tx.QueryRow("SELECT COUNT(*) FROM identity_run").Scan(&n) }); err != nil || n != want {
			t.Errorf("%d runs, want %d; %v", n, want, err)
		}
	}
	change(70)
	count(72)
	clk.Advance(25 * time.Hour)
	change(1)
	count(50)
}

// TestOneRunAtATime has two ask at once: the second one asks when the first has
// done what it was told, so that an older answer never undoes a newer one.
func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		d := dripping(t, db, clk, 10, 50)
		ctx := context.Background()
		asked, answer := make(chan bool), make(chan bool)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := d.s.SyncBy(ctx, d.c, func(context.Context, ldap.Question) (ldap.Found, error) {
				close(asked)
				<-answer
				return ldap.Found{Entries: d.entries(false, 0, 1), Mark: "1"}, nil
			}); err != nil {
				t.Error(err)
			}
		})
		<-asked
		second := make(chan bool, 1)
		wg.Go(func() {
			if _, err := d.s.SyncBy(ctx, d.c, func(context.Context, ldap.Question) (ldap.Found, error) {
				second <- true
				return ldap.Found{Entries: d.entries(true, 0, 1), Mark: "2"}, nil
			}); err != nil {
				t.Error(err)
			}
		})
		select {
		case <-second:
			t.Error("two at once")
		case <-time.After(300 * time.Millisecond):
		}
		close(answer)
		wg.Wait()
		var active int
		if err := db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT active FROM identity_provisioned WHERE name = 'p000'").Scan(&active)
		}); err != nil || active != 0 {
			t.Errorf("active %d, %v", active, err)
		}
	})
}

// TestRunThatWasTakenOver changes nothing more: its process was taken for dead.
func TestRunThatWasTakenOver(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	d := dripping(t, db, clk, 10, 50)
	run, err := d.s.SyncBy(t.Context(), d.c, func(ctx context.Context, _ ldap.Question) (ldap.Found, error) {
		return ldap.Found{Entries: d.entries(true, 0, 1), Mark: "9"}, db.Operate(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_directory SET claim = 'another'")
			return err
		})
	})
	if err == nil || run.State != identity.RunFailed {
		t.Errorf("%s %v", run.State, err)
	}
	var active int
	var mark string
	if err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT l.active, d.mark FROM identity_provisioned l JOIN identity_directory d ON d.id = l.directory WHERE l.name = 'p000'").Scan(&active, &mark)
	}); err != nil || active != 1 || mark != "1" {
		t.Errorf("active %d, mark %s, %v", active, mark, err)
	}
}
