package alive

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

func list(t *testing.T, db *store.DB) (all []Process) {
	t.Helper()
	if err := db.View(context.Background(), func(tx *store.Tx) (err error) { all, err = List(tx); return err }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestKilledProcessIsSilentAndThenForgotten(t *testing.T) {
	storetest.Each(t, []store.Migrations{Migrations}, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		ctx := context.Background()
		killed, lives := New([]string{"worker"}, "1"), New([]string{"intake", "console"}, "1")
		for _, p := range []Process{killed, lives} {
			if err := p.Beat(ctx, db); err != nil {
				t.Fatal(err)
			}
		}
		clk.Set(db.Now().Add(time.Minute))
		if err := lives.Beat(ctx, db); err != nil {
			t.Fatal(err)
		}
		all := list(t, db)
		if len(all) != 2 {
			t.Fatalf("%d processes", len(all))
		}
		for _, p := range all {
			if p.Silent(db.Now()) != (p.ID == killed.ID) {
				t.Errorf("%v is silent: %v", p.Roles, p.Silent(db.Now()))
			}
			if p.ID == lives.ID && (len(p.Roles) != 2 || p.Roles[1] != "console" || p.Started.Equal(p.Seen)) {
				t.Errorf("%+v", p)
			}
		}
		clk.Set(db.Now().Add(25 * time.Hour))
		if err := lives.Beat(ctx, db); err != nil {
			t.Fatal(err)
		}
		if all := list(t, db); len(all) != 1 || all[0].ID != lives.ID {
			t.Errorf("after a day: %+v", all)
		}
	})
}

func TestProcessThatEndsTakesItsRowAway(t *testing.T) {
	storetest.Each(t, []store.Migrations{Migrations}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); New([]string{"worker"}, "1").Run(ctx, db, slog.New(slog.DiscardHandler)) }()
		for end := time.Now().Add(10 * time.Second); len(list(t, db)) != 1; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the process is not seen")
			}
		}
		cancel()
		<-done
		if all := list(t, db); len(all) != 0 {
			t.Errorf("%+v", all)
		}
	})
}
