package app

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/e2e/visit"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/store"
)

// TestFactorsChangeSoonAfterASignIn lets a session grow old: it changes nothing
// by which its person signs in, but leads to the sign-in page and back; until
// then, and for who has nothing to sign in by, it does.
func TestFactorsChangeSoonAfterASignIn(t *testing.T) {
	cfg, mistakes := config.Load("", []string{"YAGURA_DATA=" + t.TempDir(), "YAGURA_LISTEN=127.0.0.1:8420", "YAGURA_PUBLIC_URL=http://yagura.localhost:8420"})
	for _, m := range mistakes {
		t.Fatal(m)
	}
	a, err := Open(t.Context(), cfg, Options{Workers: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := a.FirstLink(t.Context()); err != nil {
		t.Fatal(err)
	}
	system := authz.System("test")
	change := func(do func(tx *store.Tx) error) {
		t.Helper()
		if err := a.DB.Change(t.Context(), do); err != nil {
			t.Fatal(err)
		}
	}
	var secret string
	change(func(tx *store.Tx) (err error) {
		secret, err = identity.MakeLink(tx, system, firstAdmin, identity.Enrol, tx.Now.AddDate(0, 0, 1))
		return err
	})
	v := visit.In("http://yagura.localhost:8420", a.Handler())
	if err := v.Enter("http://yagura.localhost:8420/enter?t=" + secret); err != nil {
		t.Fatal(err)
	}
	age := func(millis int) {
		t.Helper()
		if err := a.DB.Operate(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_session SET proved = proved - $1", millis)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	begin := func() (said struct{ Href, Ceremony string }) {
		t.Helper()
		p, err := v.Send("POST", "/settings/passkeys/begin", "application/json", []byte("{}"))
		if err == nil {
			err = json.Unmarshal(p.Body, &said)
		}
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	age(60 * 60 * 1000)
	if said := begin(); said.Ceremony == "" {
		t.Errorf("who has nothing to sign in by can't add a passkey: %+v", said)
	}
	change(func(tx *store.Tx) error {
		for _, key := range []string{"first", "second"} {
			if err := a.Identity.SeedPasskey(tx, system, firstAdmin, key); err != nil {
				return err
			}
		}
		return nil
	})
	keys := func() (n int) {
		t.Helper()
		if err := a.DB.View(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM identity_passkey WHERE removed = 0").Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if said := begin(); said.Ceremony != "" || !strings.HasPrefix(said.Href, "/sign-in?again=1&next=%2Fsettings%23passkeys") {
		t.Errorf("a session that is old adds a passkey: %+v", said)
	}
	for path, form := range map[string]url.Values{
		"/settings/passkeys/remove": {"id": {"first"}}, "/settings/password": {"password": {"seven quiet herons at dusk"}}, "/settings/password/remove": nil,
		"/settings/app": nil, "/settings/app/remove": nil, "/settings/recovery-codes": nil,
		"/settings/tokens": {"name": {"of an open browser"}, "acts": {"org.read"}, "until": {time.Now().AddDate(0, 1, 0).Format(time.DateOnly)}},
	} {
		p, err := v.Post(path, form)
		if err != nil {
			t.Fatal(err)
		}
		if p.URL.Path != "/sign-in" || !strings.HasPrefix(p.URL.Query().Get("next"), "/settings#") || p.URL.Query().Get("again") == "" {
			t.Errorf("%s of an old session leads to %s", path, p.URL)
		}
	}
	if tokens, err := a.Identity.Tokens(t.Context(), authz.Actor{Person: firstAdmin}); err != nil || len(tokens) > 0 {
		t.Errorf("an old session made tokens: %v %v", tokens, err)
	}
	if keys() != 2 {
		t.Fatal("an old session took a passkey away")
	}
	age(-59 * 60 * 1000)
	if said := begin(); said.Ceremony == "" {
		t.Errorf("a fresh session adds no passkey: %+v", said)
	}
	if _, err := v.Post("/settings/passkeys/remove", url.Values{"id": {"first"}}); err != nil || keys() != 1 {
		t.Errorf("a fresh session takes no passkey away: %v", err)
	}
}
