package identity_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// able gives people a passkey, so that they can decide something.
func (w world) able(t *testing.T, people ...string) {
	t.Helper()
	w.change(t, func(tx *store.Tx) error {
		for _, p := range people {
			if err := w.s.SeedPasskey(tx, authz.System("test"), p, "key-of-"+p); err != nil {
				return err
			}
		}
		return nil
	})
}

// byPassword signs in with a password and a code of the app.
func (w world) byPassword(t *testing.T, person string, app phone) authz.Actor {
	t.Helper()
	w.clock.Advance(31 * time.Second) // the next code
	ticket, err := w.s.BeginPassword(context.Background(), person, secretOfKeller, home)
	if err != nil {
		t.Fatal(err)
	}
	in, err := w.s.FinishPassword(context.Background(), ticket, app.code(w.clock.Now()), home, "")
	if err != nil || in.Level != identity.TwoFactors {
		t.Fatal(in, err)
	}
	return w.who(t, in.Secret)
}

func (w world) who(t *testing.T, session string) authz.Actor {
	t.Helper()
	a, err := w.s.Who(context.Background(), session)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestStolenPasswordMakesNoKey has somebody with a person's password and code try
// all that would last.
func TestStolenPasswordMakesNoKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		w.s.Cheap(secretOfKeller)
		keller := w.actor(t, "keller")
		if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		app := w.addApp(t, keller)
		codes, err := w.s.MakeRecoveryCodes(ctx, keller)
		if err != nil {
			t.Fatal(err)
		}

		// Without a passkey he may add the first, and is on probation.
		own, strange := newAuthenticator(t), newAuthenticator(t)
		weak := w.byPassword(t, "keller", app)
		if err := w.enrol(t, weak, strange); err != nil {
			t.Fatal(err)
		}
		in, err := w.signIn(t, strange, "")
		if err != nil || in.Level != identity.TwoFactors {
			t.Fatalf("a first passkey by a password is worth %s at once, %v", in.Level, err)
		}
		if may, err := w.s.Changing(ctx, in.Secret); err != nil || !may.Now() {
			t.Errorf("the only key changes nothing: %+v, %v", may, err)
		}
		if err := w.s.RemovePassword(ctx, weak); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a password and a code take the password away, though there is a key: %v", err)
		}
		// "This was not me" takes the strange key away, though its person has none to do so.
		mine := w.byPassword(t, "keller", app)
		if err := w.s.Disown(ctx, mine, w.secretOf(t, app)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.signIn(t, strange, ""); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the stranger's key opens after \"this was not me\": %v", err)
		}

		if err := w.enrol(t, keller, own); err != nil {
			t.Fatal(err)
		}
		clk.Advance(25 * time.Hour)
		weak = w.byPassword(t, "keller", app)
		if may, err := w.s.Changing(ctx, w.secretOf(t, app)); err != nil || may.Now() || may.Level() != identity.PhishingResistant {
			t.Errorf("a password and a code change something, or lead nowhere: %+v, %v", may, err)
		}
		for what, do := range map[string]func(authz.Actor) error{
			"adds a passkey":       func(a authz.Actor) error { _, err := w.s.BeginEnrol(ctx, a); return err },
			"removes a passkey":    func(a authz.Actor) error { return w.s.RemovePasskey(ctx, a, b64(own.id)) },
			"sets a password":      func(a authz.Actor) error { return w.s.SetPassword(ctx, a, "another copper meadow") },
			"removes the password": func(a authz.Actor) error { return w.s.RemovePassword(ctx, a) },
			"adds an app":          func(a authz.Actor) error { _, err := w.s.BeginApp(ctx, a); return err },
			"removes the app":      func(a authz.Actor) error { return w.s.RemoveApp(ctx, a) },
			"makes codes":          func(a authz.Actor) error { _, err := w.s.MakeRecoveryCodes(ctx, a); return err },
			"makes a token": func(a authz.Actor) error {
				_, err := w.s.MakeToken(ctx, a, "script", []authz.Act{readThings}, clk.Now().AddDate(0, 1, 0))
				return err
			},
		} {
			if err := do(weak); !fault.Is(err, fault.KindDenied) {
				t.Errorf("who has the password and a code of somebody with a passkey %s: %v", what, err)
			}
			if err := do(weak.Limited([]authz.Act{readThings})); !fault.Is(err, fault.KindDenied) {
				t.Errorf("a token %s: %v", what, err)
			}
		}

		// A recovery code adds a key, which then takes nothing away for a day, also not
		// by a second code; the one from before does.
		for i, code := range codes[:2] {
			in, err := w.s.EnterByRecoveryCode(ctx, code, home, "")
			if err != nil {
				t.Fatal(err)
			}
			key := newAuthenticator(t)
			if err := w.enrol(t, w.who(t, in.Secret), key); err != nil {
				t.Fatal(err)
			}
			clk.Advance(time.Hour)
			if i == 0 {
				strange = key
			}
		}
		if in, err = w.signIn(t, strange, ""); err != nil {
			t.Fatal(err)
		}
		if err := w.s.RemovePasskey(ctx, w.who(t, in.Secret), b64(own.id)); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a key by a recovery code takes the person's own away: %v", err)
		}
		if may, err := w.s.Changing(ctx, in.Secret); err != nil || may.Now() || may.Level() != identity.TwoFactors {
			t.Errorf("the way to the person's own key asks for what no key reaches now: %s, %v", may.Level(), err)
		}
		if in, err = w.signIn(t, own, ""); err != nil {
			t.Fatal(err)
		}
		if may, err := w.s.Changing(ctx, in.Secret); err != nil || !may.Now() {
			t.Errorf("the person's own key changes nothing: %+v, %v", may, err)
		}
		if err := w.s.RemovePasskey(ctx, w.who(t, in.Secret), b64(strange.id)); err != nil {
			t.Errorf("the person can't remove a strange key: %v", err)
		}
		clk.Advance(25 * time.Hour)
		if in, err = w.signIn(t, own, ""); err != nil {
			t.Fatal(err)
		}
		if err := w.enrol(t, w.who(t, in.Secret), newAuthenticator(t)); err != nil {
			t.Error(err)
		}
		if in, err := w.signIn(t, own, ""); err != nil || in.Level != identity.PhishingResistant {
			t.Errorf("a second passkey put its person on probation: %s, %v", in.Level, err)
		}
	})
}

// secretOf is the secret of a session by a password and a code.
func (w world) secretOf(t *testing.T, app phone) string {
	t.Helper()
	w.clock.Advance(31 * time.Second)
	ticket, err := w.s.BeginPassword(context.Background(), "keller", secretOfKeller, home)
	if err != nil {
		t.Fatal(err)
	}
	in, err := w.s.FinishPassword(context.Background(), ticket, app.code(w.clock.Now()), home, "")
	if err != nil {
		t.Fatal(err)
	}
	return in.Secret
}

// TestOneAdministratorTakesNobodyOver has one make links for who has, had or uses
// something, or whose address was changed.
func TestOneAdministratorTakesNobodyOver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		var sent []string
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything, Letter: func(_ context.Context, to authz.Person, _ string, subject, _ text.Message, href string) error {
			sent = append(sent, to.Email+" "+subject.Key)
			return nil
		}}), context.Background()
		admin := w.actor(t, "admin")
		w.s.Cheap(secretOfKeller)
		refused := func(person, why string) {
			t.Helper()
			if _, _, err := w.s.LinkFor(ctx, admin, person); !fault.Is(err, fault.KindDenied) {
				t.Errorf("a link for somebody who %s: %v", why, err)
			}
		}
		for person, has := range map[string]func(authz.Actor) error{
			"has a password":     func(a authz.Actor) error { return w.s.SetPassword(ctx, a, secretOfKeller) },
			"has an app":         func(a authz.Actor) error { w.addApp(t, a); return nil },
			"has recovery codes": func(a authz.Actor) error { _, err := w.s.MakeRecoveryCodes(ctx, a); return err },
			"had a password": func(a authz.Actor) error {
				if err := w.s.SetPassword(ctx, a, secretOfKeller); err != nil {
					return err
				}
				return w.s.RemovePassword(ctx, a)
			},
			"has signed in": func(a authz.Actor) error { w.enter(t, a.Person); return nil },
		} {
			name := strings.ReplaceAll(person, " ", "-")
			w.change(t, func(tx *store.Tx) error {
				if err := authz.PutPeople(tx, authz.Person{ID: name, Name: name, Unit: "works-eu", Lang: text.EN, Email: name + "@example", Active: true}); err != nil {
					return err
				}
				return tx.Record(admin, thing{})
			})
			if _, _, err := w.s.LinkFor(ctx, admin, name); err != nil {
				t.Errorf("no link for somebody new: %v", err)
			}
			if err := has(w.actor(t, name)); err != nil {
				t.Fatal(err)
			}
			refused(name, person)
		}

		move := func(by authz.Actor, from, to string) {
			w.change(t, func(tx *store.Tx) error {
				if err := authz.PutPeople(tx, authz.Person{ID: "ruiz", Name: "Ruiz", Unit: "works-us", Lang: text.EN, Email: to, Active: true}); err != nil {
					return err
				}
				if err := w.s.Moved(tx, by, "ruiz", from, to); err != nil {
					return err
				}
				return tx.Record(by, thing{})
			})
		}
		move(authz.System("directory:hr"), "", "ruiz@example")
		secret, _, err := w.s.LinkFor(ctx, admin, "ruiz")
		if err != nil || secret != "" {
			t.Errorf("a directory gave an address, and no link goes there: %v", err)
		}
		queue := job.New(db, slog.New(slog.DiscardHandler))
		w.s.Jobs(queue)
		if _, err := queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		sent = nil
		for _, to := range []string{"mallory@example", ""} { // one's own, or none, so that the link is handed over
			move(admin, "ruiz@example", to)
			refused("ruiz", "got the address "+to)
		}
		if _, err := queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(sent, "ruiz@example The mail address of your account was changed") {
			t.Errorf("the old address was told %q", sent)
		}
		if n := w.told(t, "ruiz", "mail address"); n != 2 {
			t.Errorf("the person got %d messages", n)
		}
		clk.Advance(7*24*time.Hour + time.Minute)
		if _, _, err := w.s.LinkFor(ctx, admin, "ruiz"); err != nil {
			t.Errorf("after a week: %v", err)
		}
	})
}

// thing is something to record.
type thing struct{}

func (thing) Heading() store.Heading { return store.Heading{Kind: "thing.done", Unit: "group"} }

// TestNarrowSessionsLeaveTripsAlone: a session for adding a passkey registers no
// trip, and who heads a unit approves none in a session that could be phished.
func TestWeakSessionsLeaveTripsAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		heads := func(*store.Tx, authz.Person) ([]string, error) { return []string{"ruiz"}, nil }
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything, Managers: heads}), context.Background()
		w.s.Cheap(secretOfKeller)
		ruiz := w.actor(t, "ruiz")
		if err := w.s.SetPassword(ctx, ruiz, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		app := w.addApp(t, ruiz)
		trip := func(by authz.Actor) (identity.Trip, error) {
			return w.s.AskTrip(ctx, by, identity.Trip{Countries: []string{"VN"}, From: clk.Now(), To: clk.Now().Add(48 * time.Hour), Purpose: "line 4"})
		}
		var first string
		w.change(t, func(tx *store.Tx) (err error) {
			first, err = identity.MakeLink(tx, authz.System("test"), "keller", identity.First, tx.Now.Add(time.Minute))
			return err
		})
		session, err := w.s.Follow(ctx, first, home)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trip(w.who(t, session)); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a first link registers a trip: %v", err)
		}
		asked, err := trip(w.actor(t, "keller"))
		if err != nil {
			t.Fatal(err)
		}
		weak := w.byPassword(t, "ruiz", app)
		for who, by := range map[string]authz.Actor{"a password and a code": weak, "a token": ruiz.Limited([]authz.Act{readThings})} {
			if err := w.s.DecideTrip(ctx, by, asked.ID, true, ""); !fault.Is(err, fault.KindDenied) {
				t.Errorf("%s approves a trip: %v", who, err)
			}
			if err := w.s.CancelTrip(ctx, by, asked.ID); !fault.Is(err, fault.KindDenied) {
				t.Errorf("%s cancels somebody's trip: %v", who, err)
			}
		}
		if err := w.s.DecideTrip(ctx, w.who(t, w.enter(t, "ruiz")), asked.ID, true, ""); err != nil {
			t.Error(err)
		}
	})
}

// TestWhoVouches takes one after another away who would, until nobody is left.
func TestWhoVouches(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		manager := "ruiz"
		heads := func(*store.Tx, authz.Person) ([]string, error) { return []string{manager, "keller"}, nil }
		w, ctx := foundWith(t, db, clk, identity.Options{Managers: heads}), context.Background()
		w.hold(t, "regional", authz.Regional, "works-eu")
		w.hold(t, "head", authz.Head, "group")
		w.hold(t, "contact", authz.Contact, "works-eu")
		w.hold(t, "second", authz.Lead, "group")
		w.able(t, "ruiz", "regional", "head", "contact", "admin")
		contact, admin := w.actor(t, "contact"), w.actor(t, "admin")
		gone := func(person string) {
			w.change(t, func(tx *store.Tx) error {
				_, err := w.s.Close(tx, admin, person, identity.Standing{State: identity.Contained, Reason: "test"})
				return err
			})
		}
		waiting := func(as identity.As, who ...string) identity.Lost {
			t.Helper()
			nobody, err := w.s.AskRecoveryFor(ctx, contact, "keller")
			if err != nil || nobody != (as == "") {
				t.Fatalf("nobody can: %v, %v", nobody, err)
			}
			list, _, err := w.s.LostList(ctx, contact, keyset.Page{Limit: 10})
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			var got []string
			for _, p := range list[0].Vouchers {
				got = append(got, p.ID)
			}
			if slices.Sort(got); list[0].As != as || fmt.Sprint(got) != fmt.Sprint(who) || list[0].Nobody != (as == "") {
				t.Errorf("%v vouch as %q, want %v as %q", got, list[0].As, who, as)
			}
			for _, one := range who {
				if w.told(t, one, "asks for a new link") != 1 {
					t.Errorf("%s was not told once", one)
				}
			}
			return list[0]
		}
		waiting(identity.AsManager, "ruiz")
		gone("ruiz")
		waiting(identity.AsRegion, "regional")
		gone("regional")
		waiting(identity.AsDivision, "head")
		gone("head")
		request := waiting(identity.AsDesk, "admin", "contact").ID
		desk := map[string]string{"contact": w.enter(t, "contact"), "admin": w.enter(t, "admin")}
		if err := w.s.Vouch(ctx, contact, desk["contact"], request); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Serve(ctx, contact, request, identity.ByHand); !fault.Is(err, fault.KindDenied) {
			t.Errorf("one of the help desk is both: %v", err)
		}
		if link, err := w.s.Serve(ctx, admin, request, identity.ByHand); err != nil || link == "" {
			t.Errorf("the other makes no link: %v", err)
		}
		clk.Advance(time.Minute)
		gone("admin")
		if nobody, err := w.s.AskRecoveryFor(ctx, contact, "keller"); err != nil || !nobody {
			t.Errorf("nobody can: %v, %v", nobody, err)
		}
		for _, who := range []string{"contact", "second"} { // the help desk, and the CSIRT
			if w.told(t, who, "nobody can vouch") != 1 {
				t.Errorf("%s was not told that nobody can vouch", who)
			}
		}
	})
}

// TestAskingIsCountedByAccount has a house of colleagues ask, and one ask for
// somebody again and again.
func TestAskingIsCountedByAccount(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		from := func(i int) identity.Device { return identity.Device{Network: fmt.Sprintf("10.%d.0.1", i)} }
		for i := range 40 {
			if err := w.s.AskRecovery(ctx, fmt.Sprint("colleague", i), from(0)); err != nil {
				t.Fatalf("colleague %d: %v", i, err)
			}
		}
		last := 0
		for ; last < 100; last++ {
			if err := w.s.AskRecovery(ctx, "keller", from(1)); err != nil {
				break
			}
		}
		if err := w.s.AskRecovery(ctx, "Keller ", from(2)); err != nil || last != 4 {
			t.Errorf("from one network somebody is asked for %d times, and then %v from another", last, err)
		}
		for i := range 100 {
			if err := w.s.AskRecovery(ctx, "keller", from(3+i)); fault.Is(err, fault.KindTooBusy) {
				return
			}
		}
		t.Error("from ever new networks somebody is asked for without end")
	})
}

// TestAHouseMistypesRecoveryCodes: colleagues who mistype theirs keep nobody out.
func TestAHouseMistypesRecoveryCodes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		codes, err := w.s.MakeRecoveryCodes(ctx, w.actor(t, "keller"))
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			if _, err := w.s.EnterByRecoveryCode(ctx, "AAAAA-AAAAA-AAAAA-AAAAA-AAAA", home, ""); !fault.Is(err, fault.KindUnauthenticated) {
				t.Fatal(err)
			}
		}
		if _, err := w.s.EnterByRecoveryCode(ctx, codes[0], home, ""); err != nil {
			t.Errorf("after thirty mistypings of colleagues: %v", err)
		}
		busy := false
		for range 250 {
			_, err := w.s.EnterByRecoveryCode(ctx, "AAAAA-AAAAA-AAAAA-AAAAA-AAAA", home, "")
			busy = busy || fault.Is(err, fault.KindTooBusy)
		}
		if !busy {
			t.Error("a network guesses at recovery codes without end")
		}
	})
}

// TestHandlersSeeWhatTheyAnswerFor: they see sessions, sign-ins and devices of
// their people and nothing of how they sign in; of others not that they exist.
func TestHandlersSeeWhatTheyAnswerFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		w.hold(t, "works", authz.Employee, "works-eu")
		keller := w.actor(t, "keller") // handler in Europe
		look := map[string]func(person string) error{
			"account":  func(p string) error { _, err := w.s.Account(ctx, keller, p); return err },
			"sessions": func(p string) error { _, err := w.s.Sessions(ctx, keller, p, ""); return err },
			"timeline": func(p string) error { _, err := w.s.Timeline(ctx, keller, p, 10); return err },
			"devices":  func(p string) error { _, err := w.s.DevicesOf(ctx, keller, p); return err },
			"passkeys": func(p string) error { _, err := w.s.Passkeys(ctx, keller, p); return err },
			"factors":  func(p string) error { _, err := w.s.Factors(ctx, keller, p); return err },
		}
		for what, do := range look {
			hidden := what == "passkeys" || what == "factors"
			if err := do("works"); hidden != fault.Is(err, fault.KindDenied) || !hidden && err != nil {
				t.Errorf("%s of his own people: %v", what, err)
			}
			elsewhere, nobody := do("ruiz"), do("nobody-at-all")
			if !fault.Is(elsewhere, fault.KindNotFound) || fmt.Sprint(elsewhere) != fmt.Sprint(nobody) {
				t.Errorf("%s tells people of other units from none: %q, %q", what, elsewhere, nobody)
			}
		}
	})
}
