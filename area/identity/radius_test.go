package identity_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/radius"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// gate makes a server that asks from this machine, and returns its secret.
func (w world) gate(t *testing.T) string {
	t.Helper()
	secret, err := w.s.SaveNAS(context.Background(), w.actor(t, "admin"), identity.NAS{Name: "VPN", Unit: "works-eu", Filter: "staff",
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, false)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestGate(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		keller, admin := w.actor(t, "keller"), w.actor(t, "admin")
		if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		app := w.addApp(t, keller)
		secret := w.gate(t)
		client, ok := w.s.NASAt(ctx, netip.MustParseAddr("127.0.0.1"))
		if !ok || string(client.Secret) != secret {
			t.Fatalf("the client of the address is %v, %v", client.ID, ok)
		}
		if _, ok := w.s.NASAt(ctx, netip.MustParseAddr("127.0.0.2")); ok {
			t.Error("another address is a client too")
		}
		ask := func(user, password, state string) radius.Answer {
			t.Helper()
			a, err := w.s.Enter(ctx, radius.Request{Client: client.ID, User: user, Secret: password, State: state, Station: "198.51.100.7"})
			if err != nil {
				t.Fatal(err)
			}
			clk.Advance(time.Minute)
			return a
		}
		challenge := ask("keller", secretOfKeller, "")
		if challenge.Kind != radius.Challenge || len(challenge.State) > 253 {
			t.Fatalf("%+v", challenge)
		}
		code := app.code(clk.Now())
		in := ask("keller", code, challenge.State)
		if in.Kind != radius.Accept || in.Filter != "staff" || in.Class == "" || in.Timeout <= 0 {
			t.Fatalf("%+v", in)
		}
		for name, a := range map[string]radius.Answer{
			"the state again":     ask("keller", app.code(clk.Now()), challenge.State),
			"the code again":      ask("keller", secretOfKeller+","+code, ""),
			"no code":             ask("keller", secretOfKeller+",", ""),
			"somebody else":       ask("nobody", secretOfKeller, ""),
			"without a password":  ask("ruiz", "x", ""),
			"a state that is not": ask("keller", app.code(clk.Now()), strings.Repeat("A", 200)),
		} {
			if a.Kind != radius.Reject {
				t.Errorf("%s: %+v", name, a)
			}
		}
		clk.Advance(10 * time.Minute)
		if a := ask("keller", secretOfKeller+","+app.code(clk.Now()), ""); a.Kind != radius.Accept {
			t.Errorf("both in one field: %+v", a)
		}
		live := func() int {
			list, _, err := w.s.NASes(ctx, authz.Everything(), keyset.Page{Sort: "name", Limit: 10})
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			return list[0].Live
		}
		if live() != 2 {
			t.Errorf("%d sessions", live())
		}
		w.change(t, func(tx *store.Tx) error {
			_, err := w.s.Close(tx, admin, "keller", identity.Standing{State: identity.Contained})
			return err
		})
		if live() != 0 {
			t.Errorf("%d sessions of who is contained", live())
		}
		clk.Advance(10 * time.Minute)
		if a := ask("keller", secretOfKeller+","+app.code(clk.Now()), ""); a.Kind != radius.Reject {
			t.Errorf("who is contained enters: %+v", a)
		}
		if err := w.s.RemoveNAS(ctx, keller, client.ID); !fault.Is(err, fault.KindDenied) {
			t.Errorf("anybody removes a server: %v", err)
		}
		_, err := w.s.SaveNAS(ctx, admin, identity.NAS{Name: "Other", Unit: "group", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, false)
		if !fault.Is(err, fault.KindInvalid) {
			t.Errorf("two servers of one address: %v", err)
		}
		elsewhere := w.again(t, identity.Options{Allow: everything}) // another process on the same database
		if _, ok := elsewhere.s.NASAt(ctx, netip.MustParseAddr("::ffff:127.0.0.1")); !ok {
			t.Error("another process does not know the server")
		}
		if err := w.s.RemoveNAS(ctx, admin, client.ID); err != nil {
			t.Fatal(err)
		}
		if _, ok := elsewhere.s.NASAt(ctx, netip.MustParseAddr("127.0.0.1")); ok {
			t.Error("another process answers a removed server")
		}
		if _, ok := w.s.NASAt(ctx, netip.MustParseAddr("127.0.0.1")); ok {
			t.Error("a removed server is answered")
		}
	})
}

func requireRadclient(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("radclient"); err != nil {
		if os.Getenv("YAGURA_REQUIRE_RADCLIENT") != "" {
			t.Fatal(err)
		}
		t.Skip("radclient is not installed (Debian: freeradius-utils)")
	}
}

// TestRadclient has FreeRADIUS's own client ask.
func TestRadclient(t *testing.T) {
	t.Parallel()
	requireRadclient(t)
	db, clk := storetest.SQLite(t, tables...)
	w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
	keller := w.actor(t, "keller")
	if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
		t.Fatal(err)
	}
	app := w.addApp(t, keller)
	clk.Advance(time.Minute)
	secret := w.gate(t)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() {
		done <- radius.Server{Clients: w.s, Door: w.s, Log: slog.New(slog.DiscardHandler)}.Serve(ctx, conn, clk.Now)
	}()
	defer func() { stop(); <-done }()
	ask := func(secret string, attributes ...string) string {
		t.Helper()
		// #nosec G204: the test's own arguments
		cmd := exec.Command("radclient", "-x", "-r", "1", "-t", "5", "--", conn.LocalAddr().String(), "auth", secret)
		cmd.Stdin = strings.NewReader(strings.Join(attributes, "\n") + "\n")
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out)
	}
	name, password, mac := `User-Name = "keller"`, `User-Password = "`+secretOfKeller+`"`, "Message-Authenticator = 0x00"
	out := ask(secret, name, password, mac)
	_, state, found := strings.Cut(out, "State = ")
	if state, _, _ = strings.Cut(state, "\n"); !strings.Contains(out, "Access-Challenge") || !found {
		t.Fatalf("no challenge:\n%s", out)
	}
	code := `User-Password = "` + app.code(clk.Now()) + `"`
	if out := ask(secret, name, code, "State = "+state, mac); !strings.Contains(out, "Access-Accept") || !strings.Contains(out, "Filter-Id = \"staff\"") {
		t.Errorf("not accepted:\n%s", out)
	}
	if out := ask(secret, name, code, "State = "+state, mac); !strings.Contains(out, "Access-Reject") {
		t.Errorf("state and code opened twice:\n%s", out)
	}
	if out := ask(secret, name, password); strings.Contains(out, "Received") {
		t.Errorf("answered without Message-Authenticator:\n%s", out)
	}
	if out := ask("another secret", name, password, mac); strings.Contains(out, "Received") {
		t.Errorf("answered who does not know the secret:\n%s", out)
	}
}
