package oidc_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"yagura/area/identity"
	"yagura/area/identity/oidc"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/peer"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestFarewellsReachNoAddressInside has an application whose name leads to this
// machine when it is told, though it did not when it was registered.
func TestFarewellsReachNoAddressInside(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		app := &application{answer: http.StatusOK}
		app.Server = httptest.NewServer(app)
		defer app.Close()
		c := identity.Client{ID: "told", Kind: identity.WebClient, Redirects: []string{"https://told.example/cb"}, LogoutURI: app.URL + "/logout"}
		told := w.add(c)
		strict, err := identity.New(db, authz.NewDirectory(authz.NewPolicy(authz.Acts, identity.Acts)), identity.Options{PublicURL: w.issuer, Key: bytes.Repeat([]byte{7}, 32), Reach: peer.Reach{Private: true}})
		if err != nil {
			t.Fatal(err)
		}
		for _, inside := range []string{"http://127.0.0.1:8123/?query=x", "https://[::1]/x", "https://localhost/x", "http://169.254.169.254/latest/meta-data", "https://169.254.169.254/x", "https://[fd00:ec2::254]/x"} {
			for field, change := range map[string]identity.Client{"logout_uri": {LogoutURI: inside}, "probe_uri": {ProbeURI: inside}} {
				change.ID, change.Name, change.Unit, change.Kind, change.Redirects = "hidden", "Hidden", "works", identity.WebClient, c.Redirects
				if _, err := strict.AddClient(ctx, w.admin, change); !fault.Is(err, fault.KindInvalid) || fault.FieldsOf(err)[0].Name != field {
					t.Errorf("%s %s: %v", field, inside, err)
				}
			}
		}
		b := w.browser("keller")
		if _, _, err := w.relying(told).signIn(b); err != nil {
			t.Fatal(err)
		}
		queue := job.New(db, slog.New(slog.NewTextHandler(io.Discard, nil)))
		oidc.New(oidc.Options{Identity: w.s, Issuer: w.issuer, Clock: clk, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Reach: peer.Reach{Private: true}}).Jobs(queue)
		if err := w.s.EndAll(ctx, w.admin, "keller"); err != nil {
			t.Fatal(err)
		}
		if _, err := queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		list, err := w.s.Logouts(ctx, w.admin, "told")
		if err != nil || len(list) != 1 || !list[0].Done.IsZero() || !strings.Contains(list[0].Problem, peer.ErrReach.Error()) || len(app.tokens) != 0 {
			t.Errorf("told at %s: %+v, %v", app.URL, list, err)
		}
	})
}
