package identity_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/radius"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// outcomes counts what became of many attempts at once.
type outcomes struct{ wrong, busy, void, other atomic.Int64 }

func (o *outcomes) add(err error) {
	switch fault.KindOf(err) {
	case fault.KindUnauthenticated:
		o.wrong.Add(1)
	case fault.KindTooBusy:
		o.busy.Add(1)
	case fault.KindConflict:
		o.void.Add(1)
	default:
		o.other.Add(1)
	}
}

// atOnce does many things at once.
func atOnce(many int, do func(n int) error) *outcomes {
	var wg sync.WaitGroup
	var o outcomes
	for n := range many {
		wg.Go(func() { o.add(do(n)) })
	}
	wg.Wait()
	return &o
}

// counts are the rows of the throttle that count something.
func (w world) counts(t *testing.T) (rows, failures int) {
	t.Helper()
	if err := w.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT COUNT(*), COALESCE(SUM(failures), 0) FROM identity_throttle").Scan(&rows, &failures)
	}); err != nil {
		t.Fatal(err)
	}
	return rows, failures
}

// TestGuessesAtOnceAreNoMore sends at once what would be looked at one after
// another: no more of it is looked at.
func TestGuessesAtOnceAreNoMore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		keller := w.actor(t, "keller")
		if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		app := w.addApp(t, keller)
		w.s.Cheap(secretOfKeller)
		clk.Advance(time.Minute)
		// From one network, whose wait has grown to a quarter of an hour.
		for name, guess := range map[string]func(int) error{
			"keller": func(int) error { // the same is said of both
				_, err := w.s.BeginPassword(ctx, "keller", "guess", identity.Device{Network: "203.0.113.66"})
				return err
			},
			"nobody": func(int) error {
				_, err := w.s.BeginPassword(ctx, "nobody", "guess", identity.Device{Network: "203.0.113.66"})
				return err
			},
			"recovery codes": func(n int) error {
				_, err := w.s.EnterByRecoveryCode(ctx, fmt.Sprintf("wrong-%d", n), identity.Device{Network: "203.0.113.66"}, "")
				return err
			},
		} {
			before := 15
			if name == "recovery codes" { // those of a house are free
				before += identity.OfAHouse
			}
			for range before {
				if err := guess(0); !fault.Is(err, fault.KindUnauthenticated) {
					t.Fatal(err)
				}
				clk.Advance(16 * time.Minute)
			}
			if o := atOnce(40, guess); o.wrong.Load() != 1 || o.busy.Load() != 39 {
				t.Errorf("%s: of 40 at once %d were looked at, %d refused, %d otherwise", name, o.wrong.Load(), o.busy.Load(), o.other.Load())
			}
		}
		// The hundred of all networks hold as well.
		if o := atOnce(120, func(n int) error {
			_, err := w.s.BeginPassword(ctx, "keller", "guess", identity.Device{Network: fmt.Sprintf("10.0.%d.66", n)})
			return err
		}); o.wrong.Load() != 84 || o.busy.Load() != 36 { // sixteen were looked at before
			t.Errorf("of 120 passwords from as many networks %d were looked at, %d refused, %d otherwise", o.wrong.Load(), o.busy.Load(), o.other.Load())
		}
		key := newAuthenticator(t)
		if err := w.enrol(t, keller, key); err != nil {
			t.Fatal(err)
		}
		if _, err := w.signIn(t, key, ""); err != nil { // and he is free again
			t.Fatal(err)
		}

		// Who is right owes nothing, nor who went away before he was looked at.
		rows, failures := w.counts(t)
		from := identity.Device{Network: "198.51.100.66"}
		ticket, err := w.s.BeginPassword(ctx, "keller", secretOfKeller, from)
		if err != nil {
			t.Fatal(err)
		}
		if r, f := w.counts(t); r != rows || f != failures {
			t.Errorf("a right password is counted: %d rows and %d failures, before %d and %d", r, f, rows, failures)
		}

		// A ticket takes three codes.
		o := atOnce(40, func(n int) error {
			_, err := w.s.FinishPassword(ctx, ticket, fmt.Sprintf("%06d", n), from, "")
			return err
		})
		if o.wrong.Load() != 3 || o.void.Load() != 37 {
			t.Errorf("of 40 codes for one ticket %d were looked at, %d refused, %d void, %d otherwise", o.wrong.Load(), o.busy.Load(), o.void.Load(), o.other.Load())
		}
		clk.Advance(time.Minute)
		if _, err := w.s.FinishPassword(ctx, ticket, app.code(clk.Now()), from, ""); !fault.Is(err, fault.KindConflict) {
			t.Errorf("a ticket of which three codes were wrong: %v", err)
		}
		if ticket, err = w.s.BeginPassword(ctx, "keller", secretOfKeller, from); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.FinishPassword(ctx, ticket, app.code(clk.Now()), from, ""); err != nil {
			t.Errorf("a new ticket: %v", err)
		}
	})
}

// TestWhoLeavesTheQueueIsNotCounted goes away before his password is looked at,
// and finds the queue full.
func TestWhoLeavesTheQueueIsNotCounted(t *testing.T) {
	db, clk := storetest.SQLite(t, tables...)
	w := foundWith(t, db, clk, identity.Options{Allow: everything})
	started, release := w.s.Stuck()
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for n := range 200 { // several cores may look at once
		wg.Go(func() {
			w.s.BeginPassword(ctx, fmt.Sprint("nobody", n), "guess", identity.Device{Network: "10.1.0.1"})
		})
	}
	<-started
	for {
		if rows, failures := w.counts(t); rows > 0 && failures > 0 {
			break
		}
	}
	stop()
	release()
	wg.Wait()
	var looked int
	if err := db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT COUNT(*) FROM identity_event WHERE reason = 'password'").Scan(&looked)
	}); err != nil {
		t.Fatal(err)
	}
	// Who was looked at when everybody went stays counted, and is in the log.
	if rows, failures := w.counts(t); looked == 0 || rows != failures || failures != 2*looked {
		t.Errorf("%d were looked at, %d rows count %d failures", looked, rows, failures)
	}
}

// TestRightPasswordsAreNoSpray has an office sign in at nine.
func TestRightPasswordsAreNoSpray(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
	w.s.Cheap(secretOfKeller)
	w.crowd(t, 30)
	if err := db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO identity_password (person, hash, made) SELECT id, 'kept', 1 FROM authz_person")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	people, err := crowdOf(w)
	if err != nil || len(people) < 30 {
		t.Fatal(len(people), err)
	}
	office := identity.Device{Network: "192.0.2.50"}
	for _, p := range people {
		if _, err := w.s.BeginPassword(ctx, p, secretOfKeller, office); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		w.s.BeginPassword(ctx, people[0], "mistyped", office)
	}
	var sprays int
	if err := db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT COUNT(*) FROM identity_event WHERE kind = 'spray'").Scan(&sprays)
	}); err != nil || sprays != 0 {
		t.Errorf("%d sprays, %v", sprays, err)
	}
}

func crowdOf(w world) (people []string, err error) {
	err = w.db.View(context.Background(), func(tx *store.Tx) error {
		people, err = store.Texts(tx, "SELECT id FROM authz_person WHERE active = 1 ORDER BY id")
		return err
	})
	return people, err
}

// TestStateAtAGateIsAnsweredOnce mistypes the code of a challenge.
func TestStateAtAGateIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		keller := w.actor(t, "keller")
		if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		app := w.addApp(t, keller)
		w.s.Cheap(secretOfKeller)
		w.gate(t)
		var nas string
		if err := db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT id FROM identity_nas").Scan(&nas) }); err != nil {
			t.Fatal(err)
		}
		clk.Advance(time.Minute)
		ask := func(password, state string) radius.Answer {
			t.Helper()
			a, err := w.s.Enter(ctx, radius.Request{Client: nas, User: "keller", Secret: password, State: state, Station: "198.51.100.7"})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		state := ask(secretOfKeller, "").State
		if a := ask("000000", state); a.Kind != radius.Reject {
			t.Errorf("a wrong code: %+v", a)
		}
		if a := ask(app.code(clk.Now()), state); a.Kind != radius.Reject {
			t.Errorf("the state once more, with the right code: %+v", a)
		}
		if a := ask(app.code(clk.Now()), ask(secretOfKeller, "").State); a.Kind != radius.Accept {
			t.Errorf("another state: %+v", a)
		}
	})
}
