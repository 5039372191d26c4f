package identity_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/radius"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestGuessesOnWiFi has somebody guess at a person on Wi-Fi: he shuts out his own
// computer, however the server writes its address, and neither the person at the
// same server nor anybody at another one.
func TestGuessesOnWiFi(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		keller := w.actor(t, "keller")
		if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		app := w.addApp(t, keller)
		w.gate(t)
		servers, _, err := w.s.NASes(ctx, authz.Everything(), keyset.Page{Sort: "name", Limit: 10})
		if err != nil || len(servers) != 1 {
			t.Fatal(servers, err)
		}
		enter := func(station, user, password string) radius.Kind {
			t.Helper()
			a, err := w.s.Enter(ctx, radius.Request{Client: servers[0].ID, User: user, Secret: password, Station: station})
			if err != nil {
				t.Fatal(err)
			}
			return a.Kind
		}
		w.s.Cheap(secretOfKeller)
		clk.Advance(time.Minute) // the code by which the app was added is spent
		for range 15 {
			enter("06-8B-0C-11-22-33", "keller", "a guess")
		}
		right := func() string { return secretOfKeller + "," + app.code(clk.Now()) }
		for _, same := range []string{"06-8B-0C-11-22-33", "06:8b:0c:11:22:33", "068b.0c11.2233", "068B0C112233", " 06-8b-0c-11-22-33 "} {
			if got := enter(same, "keller", right()); got != radius.Reject {
				t.Errorf("%q is not the computer that guesses: %v", same, got)
			}
		}
		if got := enter("06-8B-0C-11-22-34", "keller", right()); got != radius.Accept {
			t.Errorf("the person is shut out of Wi-Fi: %v", got)
		}
		clk.Advance(time.Hour)
		for range 8 { // the server tells nothing of who asks: it is one place, and no other is
			enter("", "keller", "a guess")
		}
		if got := enter("", "keller", right()); got != radius.Reject {
			t.Errorf("guesses without a station cost nothing: %v", got)
		}
		if got := enter("06-8B-0C-11-22-34", "keller", right()); got != radius.Accept {
			t.Errorf("guesses without a station shut a station out: %v", got)
		}
	})
}

// TestMistypingOnWiFiIsNoSpray has twenty people mistype behind one controller,
// each on his own computer, then twenty accounts be tried from one, and two hundred
// by stations that somebody makes up.
func TestMistypingOnWiFiIsNoSpray(t *testing.T) {
	db, clk := storetest.SQLite(t, tables...)
	w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
	w.s.Cheap("of nobody")
	w.gate(t)
	servers, _, err := w.s.NASes(ctx, authz.Everything(), keyset.Page{Sort: "name", Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	tries := func(people int, account string, station func(n int) string) (sprays []string) {
		t.Helper()
		for n := range people {
			if a, err := w.s.Enter(ctx, radius.Request{Client: servers[0].ID, User: fmt.Sprint(account, n), Secret: "mistyped", Station: station(n)}); err != nil || a.Kind != radius.Reject {
				t.Fatal(a, err)
			}
		}
		if err := db.View(ctx, func(tx *store.Tx) (err error) {
			sprays, err = store.Texts(tx, "SELECT reason FROM identity_event WHERE kind = 'spray'")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return sprays
	}
	another := func(n int) string { return fmt.Sprintf("02-00-00-00-00-%02X", n) }
	one := func(n int) string { return []string{"06:00:00:00:00:aa", "0600.0000.00AA"}[n%2] }
	if got := tries(20, "person", another); len(got) != 0 {
		t.Errorf("twenty people who mistype are a spray: %q", got)
	}
	if got := tries(20, "person", one); len(got) != 1 || got[0] != servers[0].ID+"/0600000000aa" {
		t.Errorf("one station tries twenty accounts: %q", got)
	}
	if got := tries(179, "made up ", another); len(got) != 1 {
		t.Errorf("199 accounts at one server are a spray: %q", got)
	}
	if got := tries(1, "one more ", another); len(got) != 2 || !slices.Contains(got, servers[0].ID) {
		t.Errorf("200 accounts by as many stations are no spray: %q", got)
	}
}
