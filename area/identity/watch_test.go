package identity_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/ldap"
	"yagura/area/identity/ldap/ldaptest"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// watched is a directory that is watched until the test ends.
type watched struct {
	world
	t *testing.T
}

func watchIt(t *testing.T, db *store.DB, clk *clock.Movable, c ldap.Connection) watched {
	w := watched{foundWith(t, db, clk, identity.Options{LDAP: []ldap.Connection{c}}), t}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.s.Watch(ctx, "works", slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

// soon waits until something is so.
func (w watched) soon(what string, so func() bool) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			runs, err := w.s.Runs(context.Background(), w.actor(w.t, "admin"), "ldap-works")
			w.t.Fatalf("%s: not within 20 s; %v %+v", what, err, runs)
		}
	}
}

func (w watched) directory() identity.Directory {
	d, err := w.s.Directory(context.Background(), w.actor(w.t, "admin"), "ldap-works")
	if err != nil && !fault.Is(err, fault.KindNotFound) {
		w.t.Fatal(err)
	}
	return d
}

// person waits for somebody to come and returns his id.
func (w watched) person(name string) (id string) {
	w.t.Helper()
	w.soon(name+" comes", func() bool {
		return w.db.View(context.Background(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT person FROM identity_provisioned WHERE name = $1 AND deleted = 0", name).Scan(&id)
		}) == nil
	})
	return id
}

// out waits until a session opens nothing any more.
func (w watched) out(what, session string) {
	w.t.Helper()
	w.soon(what, func() bool {
		_, err := w.s.Who(context.Background(), session)
		return fault.Is(err, fault.KindUnauthenticated)
	})
}

// in waits until a person may sign in again.
func (w watched) in(what, person string) string {
	w.t.Helper()
	w.soon(what, func() bool {
		var n int
		err := w.db.View(context.Background(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM identity_provisioned l JOIN authz_person p ON p.id = l.person WHERE l.person = $1 AND l.active = 1 AND l.deleted = 0 AND p.active = 1", person).Scan(&n)
		})
		return err == nil && n == 1
	})
	return w.enter(w.t, person)
}

// TestWatchedDirectory changes a directory and calls nothing: who is disabled,
// deleted or no longer meant is out, also where it happens while the line is
// broken.
func TestWatchedDirectory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		server := ldaptest.Start(t)
		for i := range 6 {
			server.Person(fmt.Sprintf("p%d", i), fmt.Sprintf("Person %d", i))
		}
		server.Person("ito", "Ken Ito")
		w := watchIt(t, db, clk, server.Connection("unit: works-eu\nguard_percent: 90\nfilter: (&(objectClass=inetOrgPerson)(!(title=guest)))\n"))
		ito := w.person("ito")
		if d := w.directory(); !d.Watched() {
			t.Errorf("it is not said to be watched: %+v", d)
		}

		session := w.enter(t, ito)
		server.Set("ito", "shadowExpire", "1")
		w.out("is disabled", session)
		server.Set("ito", "shadowExpire")
		session = w.in("is enabled again", ito)
		server.Set("ito", "title", "guest")
		w.out("no longer fits the filter", session)
		server.Set("ito", "title")
		session = w.in("fits it again", ito)
		server.Delete("ito")
		w.out("is deleted", session)
		server.Person("ito", "Ken Ito")
		session = w.in("is there again", ito)

		server.Stop()
		w.soon("the line is seen to be broken", func() bool { return !w.directory().Watched() })
		server.Run()
		server.Delete("ito")
		w.out("was deleted while the line was broken", session)
		w.soon("it is watched again", func() bool { return w.directory().Watched() })

		// Whoever asks by hand meanwhile does no harm, and what recurs leaves it alone.
		for range 3 {
			go w.s.Sync(context.Background(), "works", false)
		}
		p0 := w.person("p0")
		session = w.enter(t, p0)
		server.Set("p0", "shadowExpire", "1")
		w.out("is disabled while others ask", session)
		server.Set("p1", "cn", "Renamed")
		if err := w.s.Poll(context.Background(), "works"); err != nil {
			t.Error(err)
		}
	})
}

// TestWatchAfterAPause finds at its start who was deleted while nobody watched.
func TestWatchAfterAPause(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	server := ldaptest.Start(t)
	for _, uid := range []string{"ito", "moreau", "brandt"} {
		server.Person(uid, uid)
	}
	c := server.Connection("unit: works-eu\nguard_percent: 50\n")
	before := foundWith(t, db, clk, identity.Options{LDAP: []ldap.Connection{c}})
	if _, err := before.s.Sync(t.Context(), "works", false); err != nil {
		t.Fatal(err)
	}
	server.Delete("ito")
	w := watched{before, t}
	session := w.enter(t, w.person("ito"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.s.Watch(ctx, "works", slog.New(slog.DiscardHandler)) }()
	defer func() { cancel(); <-done }()
	w.out("was deleted while nobody watched", session)
}

// TestWatchIsImpossible is asked as ever, and says why.
func TestWatchIsImpossible(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	server := ldaptest.StartPlain(t)
	server.Person("ito", "Ken Ito")
	w := watchIt(t, db, clk, server.Connection("unit: works-eu\n"))
	w.soon("it is said that it can't be watched", func() bool { d := w.directory(); return d.Watch == identity.WatchNever && d.Why != "" })
	if err := w.s.Poll(t.Context(), "works"); err != nil {
		t.Fatal(err)
	}
	w.person("ito")
}

// TestWatchedActiveDirectory does so with a domain controller, where
// YAGURA_REQUIRE_SAMBA=1.
func TestWatchedActiveDirectory(t *testing.T) {
	t.Parallel()
	dc := ldaptest.StartSamba(t)
	db, clk := storetest.SQLite(t, tables...)
	dc.ReadDeleted()
	for _, name := range []string{"ito", "keller", "moreau", "brandt"} {
		dc.Person(name, name)
	}
	w := watchIt(t, db, clk, dc.Connection("unit: works-eu\nguard_percent: 90\n"))
	ito, brandt := w.person("ito@works.example"), w.person("brandt@works.example")
	session := w.enter(t, ito)
	dc.Set("ito", "userAccountControl", "514")
	w.out("is disabled", session)
	dc.Set("ito", "userAccountControl", "512")
	session = w.in("is enabled again", ito)
	dc.Delete("ito")
	w.out("is deleted", session)
	session = w.enter(t, brandt)
	dc.Move("brandt", ldaptest.People, ldaptest.Elsewhere)
	w.out("is moved away", session)
	if d := w.directory(); d.Watch != identity.WatchOn || !d.Watched() {
		t.Errorf("%+v", d)
	}
}
