package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"yagura/area/psirt"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// nobody is signed in.
type nobody struct{}

func (nobody) Actor(http.ResponseWriter, *http.Request) (authz.Actor, error) {
	return authz.Actor{}, fault.Unauthenticated("Please sign in")
}

// postbox keeps the last mail.
type postbox struct{ last psirt.OutsideLetter }

func (b *postbox) Send(_ context.Context, l psirt.OutsideLetter) error {
	b.last = l
	return nil
}

// TestSubscribingOutside goes the way of somebody outside, from the form to the end.
func TestSubscribingOutside(t *testing.T) {
	db, _ := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, psirt.Migrations)
	box := &postbox{}
	s := psirt.New(db, psirt.Ports{Secret: []byte("a secret of thirty-two bytes or so")})
	s.Publish(psirt.Publishing{Letters: box, Mails: true, Forms: "https://psirt.example.com"})
	q := job.New(db, slog.New(slog.DiscardHandler))
	s.Jobs(q)
	ctx, ids := context.Background(), map[string]string{}
	if err := db.Change(ctx, func(tx *store.Tx) (err error) {
		for name, open := range map[string]bool{"FX9U <b>": true, "Unannounced": false} {
			if ids[name], err = s.SeedProduct(tx, authz.System("test"), psirt.PastProduct{ProductDraft: psirt.ProductDraft{Vendor: "Kitaura", Name: name, Unit: "works", Offered: open}}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	k, err := console.New(console.Options{Areas: []console.Area{Area(s)}, Sessions: nobody{}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Clock: db.Clock()})
	if err != nil {
		t.Fatal(err)
	}
	g := &registry{t: t, mux: http.NewServeMux()}
	if err := k.Mount(g.mux); err != nil {
		t.Fatal(err)
	}
	if body := g.get("/psirt/subscribe", 200, "FX9U &lt;b&gt;", ids["FX9U <b>"]); strings.Contains(body, "Unannounced") || strings.Contains(body, ids["Unannounced"]) {
		t.Error("the form names a product that nobody may know of")
	}
	ask := func(form url.Values) (int, string) { return g.post("/psirt/subscribe", form) }
	code, body := ask(url.Values{"mail": {"kunde@b.example"}, "which": {"some"}, "product": {ids["Unannounced"]}})
	g.shows(code, body, http.StatusUnprocessableEntity, "Choose all products, or at least one", "kunde@b.example")
	good := url.Values{"mail": {"kunde@b.example"}, "which": {"some"}, "product": {ids["FX9U <b>"]}, "lang": {"ja"}}
	code, first := ask(good)
	g.shows(code, first, 200, "A mail is on its way")
	if strings.Contains(first, "kunde") {
		t.Error("the answer repeats the address")
	}
	drain := func() psirt.OutsideLetter {
		t.Helper()
		box.last = psirt.OutsideLetter{}
		if _, err := q.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		return box.last
	}
	path := func(address string) string { return strings.TrimPrefix(address, "https://psirt.example.com") }
	confirm := path(drain().URL)
	g.get(confirm, 200, "kunde@b.example") // looking confirms nothing
	g.get(confirm, 200, "kunde@b.example")
	code, mine := g.post(confirm, nil)
	if code != http.StatusSeeOther || !strings.HasPrefix(mine, psirt.SubscriptionPath+"/") {
		t.Fatalf("%d %s", code, mine)
	}
	if page := g.get(mine, 200, "k…@b.example", "checked"); strings.Contains(page, "kunde@") {
		t.Error("whoever the link was passed on to reads the address")
	}
	// Who is on the list gets the same answer, byte for byte.
	if code, again := ask(good); code != 200 || again != first {
		t.Errorf("the answer tells who is on the list: %d\n%s\n%s", code, again, first)
	}
	letter := drain()
	leave := path(letter.Leave)
	if leave == "" || letter.Manage == "" {
		t.Fatalf("%+v", letter)
	}
	code, body = g.post(mine, url.Values{"which": {"all"}, "lang": {"en"}})
	if code != http.StatusSeeOther {
		t.Errorf("%d %s", code, body)
	}
	g.get(leave, 200, "Leave the list") // RFC 8058: following the link is no leaving
	g.get(mine, 200)
	// A mail program sends this by itself: no page before it, no redirection behind it.
	for range 2 {
		code, body = g.do("POST", leave, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
		g.shows(code, body, 200, "You are off the list")
	}
	g.get(mine, http.StatusNotFound)
	for _, bad := range []string{"/psirt/subscription/x", "/psirt/subscribe/confirm/x", confirm} {
		g.get(bad, http.StatusNotFound)
	}
	code, _ = g.do("POST", "/psirt/subscription/x.y/leave", "application/x-www-form-urlencoded", strings.NewReader(""))
	if code != http.StatusNotFound {
		t.Errorf("%d", code)
	}
	for range 30 {
		code, _ = ask(good)
	}
	if code != http.StatusTooManyRequests && code != http.StatusServiceUnavailable {
		t.Errorf("one network asks without bound: %d", code)
	}
}
