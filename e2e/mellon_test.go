package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// newMellon is an installation with an application behind Apache that speaks
// SAML, as docs/applications.md says how to put it there.
func newMellon(t *testing.T) *street {
	t.Helper()
	client(t, "libapache2-mod-auth-mellon", apacheModules+"mod_auth_mellon.so")
	client(t, "apache2", "/usr/sbin/apache2")
	client(t, "openssl", "/usr/bin/openssl")
	client(t, "curl", "/usr/bin/curl")
	st := &street{data: folder(t), text: manual(t)}
	f := furnish(t, st.data)
	a := f.open(t)
	_, secret, err := a.Identity.Connect(t.Context(), authz.System("setup"), identity.Directory{Name: "Directory", Unit: "works", Leaving: identity.Disable, Until: a.DB.Now().AddDate(0, 1, 0)})
	a.Close()
	if err != nil {
		t.Fatal(err)
	}
	st.scim = secret
	s, err := installation(st.data, "YAGURA_WEBHOOK_ALLOW_LOCAL=true", "YAGURA_IDENTITY_MAIL_DOMAINS=works.example")
	st.s = started(t, s, err)
	t.Cleanup(func() { s.stop() }) // with its event store, whose folder is removed next
	app := httptest.NewServer(http.HandlerFunc(show))
	t.Cleanup(app.Close)
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	host, own := fmt.Sprintf("localhost:%d", port), shed(t)
	st.apps = []application{{"accounts", "http://" + host + "/"}}
	st.names = []string{"https://yagura.example", s.url, "application:8080", strings.TrimPrefix(app.URL, "http://"), "/etc/apache2/mellon", own,
		"https://accounts.example", "http://" + host, "accounts.example", host}
	st.shell(t, "accounts-key.sh")
	apache(t, port, "MellonLockFile "+own+"/lock\n"+st.block(t, "accounts.conf"), "auth_mellon")
	st.shell(t, "accounts.sh")
	return st
}

// TestMellon signs a person in at a real SAML application with a passkey in
// Chromium, signs him out by it, locks him out and lets him back in.
func TestMellon(t *testing.T) {
	if os.Getenv("YAGURA_REQUIRE_CLIENTS") != "1" {
		t.Skip("real programs sign people in only with YAGURA_REQUIRE_CLIENTS=1")
	}
	st := newMellon(t)
	app := st.apps[0]
	nadia, _ := st.send(t, "POST", "/Users", scimUser(true))["id"].(string)
	h := st.enrol(t, nadia)
	enter := func(when string) {
		t.Helper()
		told := h.visit(app.url)
		if told["remote-user"] != nadia || told["remote-name"] != "Nadia Brunner" || told["remote-email"] != "nadia.brunner@works.example" || !slices.Contains(strings.Split(told["remote-groups"], ","), "works") {
			t.Errorf("%s: the application is told %v", when, told)
		}
	}
	enter("at first")
	if seen := ask[string](h.window, `fetch("/?forge", {headers: {"Remote-User": "forged", "Remote-Name": "forged", "Remote-Level": "forged"}}).then((r) => r.text())`); strings.Contains(seen, "forged") || !strings.Contains(seen, nadia) {
		t.Errorf("it takes headers of the browser: %s", seen)
	}

	// Sign-out by the application ends the session here as well.
	h.open(app.url + "mellon/logout?ReturnTo=" + app.url + "bye")
	h.until("the page for signing in", "location.href.startsWith('"+st.s.url+"/sign-in')")
	h.open(st.s.url + "/settings")
	h.until("the page for signing in", "location.pathname === '/sign-in'")
	enter("after a sign-out")

	// Locked out: the application is told by SOAP and lets nobody in any more.
	var ready sync.WaitGroup
	ready.Add(1)
	out := make(chan error, 1)
	var at time.Time
	go func() {
		var err error
		at, err = h.watch(app, ready.Done)
		out <- err
	}()
	ready.Wait()
	since := time.Now()
	st.send(t, "PATCH", "/Users/"+nadia, scimActive(false))
	if err := <-out; err != nil {
		t.Fatal(err)
	}
	t.Logf("SCIM PATCH: out of Apache with mod_auth_mellon after %d ms", at.Sub(since).Milliseconds())
	h.open("about:blank")
	h.touch(true)
	h.head(app.url)
	h.until("the page for signing in", "location.href.startsWith('"+st.s.url+"/sign-in')")
	ask[bool](h.window, `document.querySelector("[data-passkey=get] button").click(), true`)
	h.until("the refusal", "document.querySelector('[role=alert]') && !document.querySelector('[role=alert]').hidden && document.querySelector('[role=alert]').innerText.length > 5")
	if where := h.address(); !strings.HasPrefix(where, st.s.url+"/sign-in") {
		t.Errorf("who is locked out came to %s", where)
	}
	h.touch(false)

	// What the application answered stands in the record of sign-outs.
	db := st.open(t)
	defer db.Close()
	var status, done, millis int64
	if err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT status, done, millis FROM identity_logout WHERE client = 'accounts' AND person = $1 ORDER BY asked DESC LIMIT 1", nadia).Scan(&status, &done, &millis)
	}); err != nil || status != http.StatusOK || done == 0 {
		t.Errorf("the record of the sign-out says %d, done %d, %d ms: %v", status, done, millis, err)
	}

	st.send(t, "PATCH", "/Users/"+nadia, scimActive(true))
	enter("let back in")
}
