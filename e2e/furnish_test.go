package e2e

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yagura/app"
	"yagura/area/identity"
	"yagura/area/incident"
	"yagura/area/org"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// furnished is what a test needs of an installation that it did not set up by
// hand.
type furnished struct {
	cfg    config.Config
	source string // token of the source "sensors"
	token  string // API token of the handler "hana"
}

// open opens an installation within the test. Nothing runs in the background.
func (f furnished) open(t testing.TB) *app.App {
	t.Helper()
	a, err := app.Open(context.Background(), f.cfg, app.Options{Workers: -1, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const sensors = "sensors"

// furnish puts a small group into an empty installation: two units, a CSIRT of
// one person, who may handle incidents, and a source of Windows events.
func furnish(t testing.TB, folder string, env ...string) furnished {
	t.Helper()
	cfg, mistakes := config.Load("", append([]string{"YAGURA_DATA=" + folder}, env...))
	for _, m := range mistakes {
		t.Fatal(m)
	}
	f := furnished{cfg: cfg}
	a := f.open(t)
	defer a.Close()
	ctx := context.Background()
	system := authz.System("setup")
	err := a.DB.Change(ctx, func(tx *store.Tx) error {
		usual := org.Usual()
		if err := a.Org.Seed(tx, system, org.Founding{
			Calendars: []org.Calendar{usual},
			Units: []org.Unit{
				{ID: "group", Kind: org.Group, Name: "Group", Region: "world"},
				{ID: "world", Kind: org.Region, Name: "World", Parent: "group", Lang: "en", Zone: "UTC", Calendar: usual.ID},
				{ID: "works", Kind: org.Plant, Name: "Works", Parent: "group", Region: "world"},
			},
			People: []org.Person{{ID: "hana", Name: "Hana Mori", Email: "hana@example.org", Unit: "works", Lang: text.EN, Zone: "UTC"}},
			Teams: []org.Team{{ID: "csirt", Kind: org.CorporateCSIRT, Name: "CSIRT", Unit: "group", Lead: "hana", Members: []string{"hana"}, Zone: "UTC",
				Plan: org.Plan{Zone: time.UTC, Anchor: "2026-01-05", Handover: "09:00", Days: 7, Order: []string{"hana"}}}},
		}); err != nil {
			return err
		}
		for _, role := range []authz.Role{authz.Head, authz.Handler, authz.Analyst} {
			if err := authz.Found(tx, system, authz.Grant{Person: "hana", Role: role, Tree: authz.Own, Unit: "group", Until: tx.Now.AddDate(1, 0, 0)}); err != nil {
				return err
			}
		}
		return a.Telemetry.AddIn(tx, system, telemetry.Source{ID: sensors, Name: "Sensors", Kind: "windows", Unit: "works", Product: "windows", SilentAfter: 24 * time.Hour})
	})
	if err != nil {
		t.Fatal(err)
	}
	var hana authz.Actor
	if err := a.DB.View(ctx, func(tx *store.Tx) (err error) {
		hana, err = a.Dir.ActorOf(tx, "hana")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if f.source, err = a.Telemetry.IssueSecret(ctx, hana, sensors, 0); err != nil {
		t.Fatal(err)
	}
	acts := []authz.Act{incident.Read, incident.Report, incident.Respond, telemetry.Read}
	if f.token, err = a.Identity.MakeToken(ctx, hana, "test", acts, a.DB.Now().AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	return f
}

// folder is one for the data of a server, which is removed when its event store,
// a process that ends a little after it, writes no more.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(scratch, "server-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for deadline := time.Now().Add(10 * time.Second); os.RemoveAll(dir) != nil && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		}
	})
	return filepath.Join(dir, "data")
}

// link is the secret of a link with which "hana" signs in.
func (f furnished) link(t testing.TB, a *app.App) (secret string) {
	t.Helper()
	if err := a.DB.Change(context.Background(), func(tx *store.Tx) (err error) {
		secret, err = identity.MakeLink(tx, authz.System("setup"), "hana", identity.Persona, tx.Now.AddDate(0, 0, 1))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return secret
}
