package identity

import (
	"context"
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

// TestKnownAndUnknownCostTheSame counts the slow work of a sign-in by password:
// one piece each, whether the account exists, has a password, or may have one.
func TestKnownAndUnknownCostTheSame(t *testing.T) {
	storetest.Each(t, []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, Migrations}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		allowed := false
		s, err := New(db, authz.NewDirectory(authz.NewPolicy(Acts)), Options{PublicURL: "http://localhost:8420", Idle: time.Hour, Session: time.Hour, Key: make([]byte, 32),
			Allow: func(*store.Tx, string) (Allowance, error) { return Allowance{Codes: true, Passwords: allowed}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		if err := db.Change(ctx, func(tx *store.Tx) error {
			if err := authz.PutUnits(tx, authz.Unit{ID: "group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Kind: authz.RegionKind, Parent: "group"}); err != nil {
				return err
			}
			if err := authz.PutPeople(tx, authz.Person{ID: "with", Unit: "group", Active: true}, authz.Person{ID: "without", Unit: "group", Active: true}, authz.Person{ID: "left", Unit: "group"}); err != nil {
				return err
			}
			if _, err := tx.Exec("INSERT INTO identity_password (person, hash, made) VALUES ('with', 'kept', 1), ('left', 'kept', 1)"); err != nil {
				return err
			}
			return authz.Found(tx, authz.System("test"), authz.Grant{Person: "with", Role: authz.Employee, Tree: authz.Own, Unit: "group", Until: tx.Now.Add(time.Hour)})
		}); err != nil {
			t.Fatal(err)
		}
		pieces := 0
		s.work = work{
			check: func(string, string) (bool, bool, error) { pieces++; return false, false, nil },
			spend: func(string) error { pieces++; return nil },
		}
		for _, allowed = range []bool{true, false} {
			for i, account := range []string{"with", "without", "left", "nobody", ""} {
				pieces = 0
				if _, err := s.BeginPassword(ctx, account, "guess", Device{Network: "192.0.2." + string(rune('1'+i))}); err == nil || err.Error() != errWrong().Error() {
					t.Errorf("%q: %v", account, err)
				}
				if pieces != 1 {
					t.Errorf("%q, allowed %v: %d pieces of work", account, allowed, pieces)
				}
			}
		}
	})
}
