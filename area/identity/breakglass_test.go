package identity_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/fido"
	"yagura/area/identity/fido/fidotest"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// told is how many messages a person got about something.
func (w world) told(t *testing.T, person, about string) (n int) {
	t.Helper()
	if err := w.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT COUNT(*) FROM notify_inbox WHERE person = $1 AND subject LIKE $2", person, "%"+about+"%").Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBreakGlass(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		root, maker := fidotest.Root(t, clk.Now(), "root"), fidotest.Root(t, clk.Now(), "maker")
		models, err := fido.Read(fidotest.Metadata(t, root.Issue(t, fido.Signer), maker, "FIDO_CERTIFIED"), root.PEM(), clk.Now())
		if err != nil {
			t.Fatal(err)
		}
		w, ctx := foundWith(t, db, clk, identity.Options{Passkeys: identity.PasskeyRule{Attestation: "direct", Models: models}}), context.Background()
		w.change(t, func(tx *store.Tx) error { // somebody to be alarmed in the group
			return authz.Found(tx, authz.System("test"), authz.Grant{Person: "keller", Role: authz.Lead, Tree: authz.Own, Unit: "group", Until: tx.Now.AddDate(1, 0, 0)})
		})
		w.remind(t, 1) // there is none
		clk.Advance(7 * 24 * time.Hour)
		ruiz := w.actor(t, "ruiz")
		alone := w.actor(t, "admin")
		soft, hard := newAuthenticator(t), newAuthenticator(t)
		cert := maker.Attest(t, fidotest.Model)
		hard.aaguid, hard.maker, hard.cert = fidotest.Model, cert.Key, cert.Cert.Raw
		if err := w.enrol(t, ruiz, soft); err != nil {
			t.Fatal(err)
		}
		if err := w.s.AskBreakGlass(ctx, alone, "ruiz", false); !fault.Is(err, fault.KindConflict) {
			t.Errorf("an account without a hardware key is for emergencies: %v", err)
		}
		if err := w.enrol(t, ruiz, hard); err != nil {
			t.Fatal(err)
		}
		if err := w.s.AskBreakGlass(ctx, ruiz, "ruiz", false); !fault.Is(err, fault.KindDenied) {
			t.Errorf("anybody makes one: %v", err)
		}
		if err := w.s.AskBreakGlass(ctx, alone, "ruiz", false); !fault.Is(err, fault.KindConflict) {
			t.Errorf("one is asked for where nobody can agree: %v", err)
		}
		w.hold(t, "head", authz.Head, "group")
		w.hold(t, "ruiz", authz.Head, "group")
		admin, head := w.actor(t, "admin"), w.actor(t, "head")
		ruiz = w.actor(t, "ruiz")
		if err := w.s.AskBreakGlass(ctx, ruiz, "ruiz", false); !fault.Is(err, fault.KindDenied) {
			t.Errorf("somebody asks for himself: %v", err)
		}
		decide := func(by authz.Actor, yes bool) error {
			t.Helper()
			list, err := w.s.BreakGlassAsks(ctx, admin)
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v waits, %v", list, err)
			}
			return w.s.DecideBreakGlass(ctx, by, list[0].ID, yes)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(w.s.AskBreakGlass(ctx, admin, "ruiz", false))
		if err := w.s.AskBreakGlass(ctx, head, "ruiz", false); !fault.Is(err, fault.KindConflict) {
			t.Errorf("it is asked for twice: %v", err)
		}
		for who, by := range map[string]authz.Actor{"who asked": admin, "the person himself": ruiz, "whoever runs the machine": authz.System("command-line")} {
			if err := decide(by, true); !fault.Is(err, fault.KindDenied) {
				t.Errorf("%s agrees: %v", who, err)
			}
		}
		if n := w.told(t, "head", "second person"); n != 1 {
			t.Errorf("who may agree got %d messages", n)
		}
		must(decide(admin, false)) // takes it back
		must(w.s.AskBreakGlass(ctx, authz.System("command-line"), "ruiz", false))
		if n := w.told(t, "keller", "break-glass"); n != 0 {
			t.Errorf("the CSIRT got %d alarms of what is not yet", n)
		}
		must(decide(head, true))
		if n := w.told(t, "keller", "break-glass account from now on"); n != 1 {
			t.Errorf("the CSIRT got %d alarms of a new account for emergencies", n)
		}
		if err := w.s.Drill(ctx, admin, "ruiz"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("a drill without a sign-in: %v", err)
		}
		if _, err := w.signIn(t, soft, ""); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a key that can be copied opens it: %v", err)
		}
		if _, err := w.signIn(t, hard, ""); err != nil {
			t.Fatal(err)
		}
		if n := w.told(t, "keller", "in use"); n != 1 {
			t.Errorf("the CSIRT got %d alarms", n)
		}
		session := w.newest(t, "ruiz")
		for _, app := range []string{"wiki", "payroll"} {
			if err := w.into(t, w.application(t, app, ""), session, session.Device); err != nil {
				t.Errorf("%s: %v", app, err)
			}
		}
		if n := w.told(t, "keller", "in use") + w.told(t, "keller", "entered the"); n != 3 {
			t.Errorf("the CSIRT got %d alarms of a sign-in and two applications", n)
		}
		if err := w.s.Drill(ctx, admin, "ruiz"); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Drill(ctx, admin, "ruiz"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("one sign-in is two drills: %v", err)
		}
		w.remind(t, 2) // there is but one
		w.remind(t, 2)
		clk.Advance(7 * 24 * time.Hour)
		w.remind(t, 3)
		clk.Advance(90 * 24 * time.Hour)
		list, err := w.s.BreakGlassAccounts(ctx, admin)
		if err != nil || len(list) != 1 || !list[0].Overdue(clk.Now()) || list[0].Keys != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := w.signIn(t, hard, ""); err != nil {
			t.Fatal(err)
		}
		must(w.s.AskBreakGlass(ctx, head, "ruiz", true))
		if err := decide(head, true); !fault.Is(err, fault.KindDenied) {
			t.Errorf("one person ends it alone: %v", err)
		}
		must(decide(admin, true))
		if n := w.told(t, "keller", "break-glass account no longer"); n != 1 {
			t.Errorf("the CSIRT got %d alarms of the end", n)
		}
		if _, err := w.signIn(t, soft, ""); err != nil {
			t.Errorf("an account like any other: %v", err)
		}
	})
}

// remind reminds, after which the administrator has been so often.
func (w world) remind(t *testing.T, want int) {
	t.Helper()
	if err := w.s.Remind(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := w.told(t, "admin", "Break-glass accounts need"); n != want {
		t.Errorf("%d reminders, want %d", n, want)
	}
}

// hold gives somebody a role, and makes him where he is new.
func (w world) hold(t *testing.T, person string, role authz.Role, unit string) {
	t.Helper()
	w.change(t, func(tx *store.Tx) error {
		if _, err := authz.FindPerson(tx, person); fault.Is(err, fault.KindNotFound) {
			if err := authz.PutPeople(tx, authz.Person{ID: person, Name: person, Unit: unit, Lang: text.EN, Active: true}); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		return authz.Found(tx, authz.System("test"), authz.Grant{Person: person, Role: role, Tree: authz.Own, Unit: unit, Until: tx.Now.AddDate(1, 0, 0)})
	})
}

func TestThisWasNotMe(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		keller := w.actor(t, "keller")
		key := newAuthenticator(t)
		if err := w.enrol(t, keller, key); err != nil {
			t.Fatal(err)
		}
		stranger, err := w.signIn(t, key, "")
		if err != nil {
			t.Fatal(err)
		}
		mine, err := w.signIn(t, key, "")
		if err != nil {
			t.Fatal(err)
		}
		before := w.told(t, "keller", "this was not me")
		if err := w.s.Disown(ctx, keller, mine.Secret); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Who(ctx, stranger.Secret); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the stranger is still in: %v", err)
		}
		if _, err := w.s.Who(ctx, mine.Secret); err != nil {
			t.Errorf("the person threw himself out: %v", err)
		}
		if n := w.told(t, "keller", "this was not me"); n != before+1 { // keller is the handler there
			t.Errorf("the CSIRT got %d alarms", n-before)
		}
	})
}

// TestLetter has the first link go by mail: nobody else sees it, and no inbox
// keeps it.
func TestLetter(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		var sent []string
		w, ctx := foundWith(t, db, clk, identity.Options{Letter: func(_ context.Context, to authz.Person, _ string, _, _ text.Message, href string) error {
			sent = append(sent, to.ID+" "+href)
			return nil
		}}), context.Background()
		secret, _, err := w.s.LinkFor(ctx, w.actor(t, "admin"), "keller")
		if err != nil || secret != "" {
			t.Fatalf("the administrator sees %q, %v", secret, err)
		}
		queue := job.New(db, slog.New(slog.DiscardHandler))
		w.s.Jobs(queue)
		var kept bytes.Buffer
		if err := db.View(ctx, func(tx *store.Tx) error {
			for _, query := range []string{"SELECT body FROM job", "SELECT body FROM notify_inbox", "SELECT subject FROM notify_inbox", "SELECT href FROM notify_inbox"} {
				list, err := store.Texts(tx, query)
				if err != nil {
					return err
				}
				kept.WriteString(strings.Join(list, "\n"))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		if len(sent) != 1 || !strings.HasPrefix(sent[0], "keller /enter?t=") {
			t.Fatal(sent)
		}
		secret = strings.TrimPrefix(sent[0], "keller /enter?t=")
		if strings.Contains(kept.String(), secret) {
			t.Error("the link lies in the database")
		}
		if session, err := w.s.Follow(ctx, secret, home); err != nil {
			t.Fatal(err)
		} else if a, err := w.s.Who(ctx, session); err != nil || a.CanAnywhere(readThings) {
			t.Errorf("the first link opens more than the way to a passkey: %v", err)
		}
	})
}
