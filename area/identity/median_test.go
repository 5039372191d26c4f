package identity

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestKnownAndUnknownTakeTheSameTime measures sign-ins by password with the real
// hash, for accounts that exist and that do not, in turn: their medians differ by
// less than 5 %. Noise is the machine's, so a difference must show three times.
func TestKnownAndUnknownTakeTheSameTime(t *testing.T) {
	if os.Getenv("YAGURA_SOAK") != "1" {
		t.Skip("a measurement: with YAGURA_SOAK=1 only")
	}
	db, clk := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, Migrations)
	s, err := New(db, authz.NewDirectory(authz.NewPolicy(Acts)), Options{PublicURL: "http://localhost:8420", Idle: time.Hour, Session: time.Hour, Key: make([]byte, 32),
		Allow: func(*store.Tx, string) (Allowance, error) { return Allowance{Codes: true, Passwords: true}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	const people = 60
	if err := db.Change(ctx, func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Kind: authz.RegionKind, Parent: "group"}); err != nil {
			return err
		}
		for i := range people {
			if err := authz.PutPeople(tx, authz.Person{ID: fmt.Sprintf("known%d", i), Unit: "group", Active: true}); err != nil {
				return err
			}
		}
		return authz.Found(tx, authz.System("test"), authz.Grant{Person: "known0", Role: authz.Employee, Tree: authz.Own, Unit: "group", Until: tx.Now.Add(time.Hour)})
	}); err != nil {
		t.Fatal(err)
	}
	for i := range people {
		if err := s.SetPassword(ctx, authz.Actor{Person: fmt.Sprintf("known%d", i)}, "vastly copper meadow"); err != nil {
			t.Fatal(err)
		}
	}
	measure := func(round int) float64 {
		var took [2][]time.Duration
		for i := range 2 * people {
			// Which of the two comes first changes, so that a trend hits both.
			which := (i + i/2 + round) % 2
			account := fmt.Sprintf("%s%d", []string{"known", "nobody"}[which], i/2)
			elapsed := clock.Stopwatch()
			if _, err := s.BeginPassword(ctx, account, "a wrong password", Device{Network: fmt.Sprintf("198.18.%d.%d", round, i)}); err == nil || err.Error() != errWrong().Error() {
				t.Fatalf("%s: %v", account, err)
			}
			took[which] = append(took[which], elapsed())
		}
		clk.Advance(time.Hour)
		for _, list := range took {
			slices.Sort(list)
		}
		known, unknown := took[0][len(took[0])/2], took[1][len(took[1])/2]
		t.Logf("known %v, unknown %v", known, unknown)
		return math.Abs(float64(known-unknown)) / float64(unknown)
	}
	for round := range 3 {
		if measure(round) < 0.05 {
			return
		}
	}
	t.Error("the time tells whether an account exists")
}
