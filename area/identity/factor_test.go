package identity_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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
)

// everything is the policy of a unit that allows all ways.
func everything(*store.Tx, string) (identity.Allowance, error) {
	return identity.Allowance{Codes: true, Passwords: true}, nil
}

// phone is an authenticator app (RFC 6238), written apart from the one tested.
type phone struct{ seed []byte }

func (p phone) code(at time.Time) string {
	mac := hmac.New(sha1.New, p.seed)
	binary.Write(mac, binary.BigEndian, uint64(at.Unix()/30))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}

func (w world) addApp(t *testing.T, by authz.Actor) phone {
	t.Helper()
	setup, err := w.s.BeginApp(context.Background(), by)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := base32.StdEncoding.DecodeString(setup.Secret)
	if err != nil || !strings.Contains(setup.URI, "secret="+setup.Secret) {
		t.Fatal(setup, err)
	}
	p := phone{seed}
	if err := w.s.FinishApp(context.Background(), by, setup.Sealed, p.code(w.clock.Now().Add(-5*time.Minute))); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("an old code enrols an app: %v", err)
	}
	if err := w.s.FinishApp(context.Background(), by, setup.Sealed, p.code(w.clock.Now())); err != nil {
		t.Fatal(err)
	}
	return p
}

const secretOfKeller = "vastly copper meadow"

var home = browserAt("198.51.100.7")

// browserAt is a browser that keeps the cookie by which it is known again.
func browserAt(address string) identity.Device {
	r := httptest.NewRequest(http.MethodPost, "/sign-in/password", nil)
	r.RemoteAddr = address + ":40000"
	r.AddCookie(&http.Cookie{Name: "yagura-device", Value: "the-cookie-of-the-laptop-at-home-" + address})
	return identity.DeviceOf(r)
}

// TestPasswordAndCode walks through the other way in, and what it does not open.
func TestPasswordAndCode(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything, Guarded: []authz.Act{readThings}}), context.Background()
		keller := w.actor(t, "keller")
		for _, weak := range []string{"password2026!!!!", "keller of works-eu", "too short"} {
			if err := w.s.SetPassword(ctx, keller, weak); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%q was taken: %v", weak, err)
			}
		}
		if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		ticket, err := w.s.BeginPassword(ctx, "Keller@Example", secretOfKeller, home)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.FinishPassword(ctx, ticket, "000000", home, ""); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a password alone opened the console: %v", err)
		}
		app := w.addApp(t, keller)
		clk.Advance(time.Minute)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var opened, tickets []string
		for range 16 {
			ticket, err := w.s.BeginPassword(ctx, "keller", secretOfKeller, home)
			if err != nil {
				t.Fatal(err)
			}
			tickets = append(tickets, ticket)
		}
		code := app.code(clk.Now())
		for _, ticket := range tickets { // one code, at once
			wg.Go(func() {
				if in, err := w.s.FinishPassword(ctx, ticket, code, home, ""); err == nil {
					mu.Lock()
					opened = append(opened, in.Secret)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(opened) != 1 {
			t.Fatalf("one code opened %d sessions", len(opened))
		}
		here, err := w.s.Here(ctx, opened[0])
		if err != nil || here.Proof.Level != identity.TwoFactors {
			t.Errorf("%+v, %v", here.Proof, err)
		}
		if a, err := w.s.Who(ctx, opened[0]); err != nil || a.Can(readThings, "works-eu") {
			t.Errorf("a sign-in that can be phished may do what is guarded: %v", err)
		}
		clk.Advance(time.Hour)
		codes, err := w.s.MakeRecoveryCodes(ctx, keller)
		if err != nil || len(codes) != 10 {
			t.Fatal(codes, err)
		}
		if ticket, err = w.s.BeginPassword(ctx, "keller", secretOfKeller, home); err != nil {
			t.Fatal(err)
		}
		if in, err := w.s.FinishPassword(ctx, ticket, strings.ToLower(codes[0]), home, ""); err != nil || in.Level != identity.TwoFactors {
			t.Errorf("a recovery code with the password: %+v, %v", in, err)
		}
		if _, err := w.s.EnterByRecoveryCode(ctx, codes[0], home, ""); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a recovery code counts twice: %v", err)
		}
		in, err := w.s.EnterByRecoveryCode(ctx, codes[1], home, "")
		if err != nil || !in.Narrow {
			t.Fatal(in, err)
		}
		narrow, err := w.s.Who(ctx, in.Secret)
		if err != nil || narrow.CanAnywhere(readThings) {
			t.Errorf("a recovery code opens more than the way to a passkey: %v", err)
		}
		if err := w.s.SetPassword(ctx, narrow, "another copper meadow"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a recovery code sets a password: %v", err)
		}
		if _, err := w.s.MakeRecoveryCodes(ctx, narrow); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a recovery code makes new ones: %v", err)
		}
		if err := w.s.RemoveApp(ctx, narrow); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a recovery code removes the app: %v", err)
		}
		if err := w.s.Disown(ctx, w.actor(t, "keller"), in.Secret); err == nil {
			t.Error("a recovery code throws its person out")
		}
		closed := w.again(t, identity.Options{})
		if _, err := closed.s.BeginPassword(ctx, "keller", secretOfKeller, home); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a password counts where the unit allows none: %v", err)
		}
		if _, err := closed.s.EnterByRecoveryCode(ctx, codes[2], home, ""); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a recovery code counts where the unit allows none: %v", err)
		}
	})
}

// TestNobodyIsLockedOut has an outsider guess, and the person sign in all the same.
func TestNobodyIsLockedOut(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		keller := w.actor(t, "keller")
		if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		app := w.addApp(t, keller)
		w.s.Cheap(secretOfKeller)
		guess := func(account, network string) error {
			_, err := w.s.BeginPassword(ctx, account, "wrong", identity.Device{Network: network})
			return err
		}
		shown := map[string]string{}
		for _, account := range []string{"keller", "nobody"} { // the same is said of both, each time
			for range 6 {
				err := guess(account, "203.0.113.5")
				shown[account] += fmt.Sprint(fault.KindOf(err), fault.MessageOf(err), ";")
			}
		}
		if shown["keller"] != shown["nobody"] || !strings.Contains(shown["keller"], "Too many") {
			t.Errorf("known: %s\nunknown: %s", shown["keller"], shown["nobody"])
		}
		if _, err := w.s.BeginPassword(ctx, "keller", secretOfKeller, identity.Device{Network: "203.0.113.99"}); !fault.Is(err, fault.KindTooBusy) {
			t.Errorf("a neighbour in the guesser's network is looked at: %v", err)
		}
		clk.Advance(time.Minute)
		ticket, err := w.s.BeginPassword(ctx, "keller", secretOfKeller, home)
		if err != nil {
			t.Fatalf("an outsider has locked the person out: %v", err)
		}
		if _, err := w.s.FinishPassword(ctx, ticket, app.code(clk.Now()), home, ""); err != nil {
			t.Fatal(err)
		}
		for range 6 { // somebody in the same house
			guess("keller", home.Network)
		}
		if _, err := w.s.BeginPassword(ctx, "keller", secretOfKeller, home); err != nil {
			t.Errorf("a stranger in the same network has locked the person out of his own device: %v", err)
		}
		// From ever new networks there are a hundred guesses, and no more.
		looked := 0
		for i := range 130 {
			if err := guess("keller", fmt.Sprintf("10.%d.0.1", i)); fault.Is(err, fault.KindUnauthenticated) {
				looked++
			}
		}
		if looked != 96 { // four were looked at before, from the same house
			t.Errorf("%d guesses were looked at", looked)
		}
		key := newAuthenticator(t)
		if err := w.enrol(t, keller, key); err != nil {
			t.Fatal(err)
		}
		if _, err := w.signIn(t, key, ""); err != nil {
			t.Errorf("a passkey waits for guesses at a password: %v", err)
		}
		if err := guess("keller", "10.200.0.1"); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("after a sign-in guesses are not counted anew: %v", err)
		}
		for i := range 25 {
			guess(fmt.Sprint("someone", i), "192.0.2.200")
		}
		var sprays int
		if err := db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM identity_event WHERE kind = 'spray'").Scan(&sprays)
		}); err != nil || sprays != 1 {
			t.Errorf("%d sprays are in the log, %v", sprays, err)
		}
	})
}

// TestLostFactor has two people bring back a third, and nobody else.
func TestLostFactor(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		heads := func(*store.Tx, authz.Person) ([]string, error) { return []string{"ruiz", "admin", "keller"}, nil }
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything, Managers: heads, Guarded: []authz.Act{readThings}}), context.Background()
		keller, admin, ruiz := w.actor(t, "keller"), w.actor(t, "admin"), w.actor(t, "ruiz")
		lost := newAuthenticator(t)
		if err := w.enrol(t, keller, lost); err != nil {
			t.Fatal(err)
		}
		before, err := w.signIn(t, lost, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.s.LinkFor(ctx, admin, "keller"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("an administrator alone makes a link for who has a passkey: %v", err)
		}
		w.able(t, "ruiz", "admin")
		strong := w.enter(t, "ruiz")
		queue := job.New(db, slog.New(slog.DiscardHandler))
		w.s.Jobs(queue)
		for _, account := range []string{"keller@example", "nobody"} {
			if err := w.s.AskRecovery(ctx, account, home); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		list, _, err := w.s.LostList(ctx, admin, keyset.Page{Limit: 10})
		if err != nil || len(list) != 1 || list[0].Person.ID != "keller" {
			t.Fatal(list, err)
		}
		request := list[0].ID
		if _, err := w.s.Serve(ctx, admin, request, identity.ByHand); !fault.Is(err, fault.KindConflict) {
			t.Errorf("the help desk alone made a link: %v", err)
		}
		if err := w.s.Vouch(ctx, keller, before.Secret, request); err == nil {
			t.Error("a person vouches for himself")
		}
		if err := w.s.Vouch(ctx, ruiz, strong, request); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Serve(ctx, ruiz, request, identity.ByHand); err == nil {
			t.Error("the manager is the help desk as well")
		}
		link, err := w.s.Serve(ctx, admin, request, identity.ByHand)
		if err != nil || link == "" {
			t.Fatal(link, err)
		}
		if _, err := w.s.Serve(ctx, admin, request, identity.ByHand); err == nil {
			t.Error("a second link was made")
		}
		session, err := w.s.Follow(ctx, link, home)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Who(ctx, before.Secret); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("whoever has the lost device is still signed in: %v", err)
		}
		if _, err := w.signIn(t, lost, ""); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the lost key opens: %v", err)
		}
		narrow, err := w.s.Who(ctx, session)
		if err != nil || narrow.CanAnywhere(readThings) {
			t.Errorf("the link opens more than the way to a passkey: %v", err)
		}
		fresh := newAuthenticator(t)
		if err := w.enrol(t, narrow, fresh); err != nil {
			t.Fatal(err)
		}
		in, err := w.signIn(t, fresh, session)
		if err != nil || in.Level != identity.TwoFactors || in.Narrow {
			t.Errorf("on the first day a passkey is worth %s, %v", in.Level, err)
		}
		if a, err := w.s.Who(ctx, in.Secret); err != nil || a.Can(readThings, "works-eu") {
			t.Errorf("somebody decides who came back just now: %v", err)
		}
		clk.Advance(24*time.Hour + time.Minute)
		if in, err = w.signIn(t, fresh, ""); err != nil || in.Level != identity.PhishingResistant {
			t.Errorf("after a day a passkey is worth %s, %v", in.Level, err)
		}
		if a, err := w.s.Who(ctx, in.Secret); err != nil || !a.Can(readThings, "works-eu") {
			t.Errorf("after a day: %v", err)
		}
	})
}
