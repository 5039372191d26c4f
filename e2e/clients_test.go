package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"yagura/area/identity"
	"yagura/area/identity/ldap/ldaptest"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/store"
)

// street is an installation with applications behind it, as docs/applications.md
// says how to put them there: Apache, NGINX and Caddy, each before the same
// small application, which shows the headers it gets.
type street struct {
	s     *server
	data  string
	names []string // placeholders of the manual and what stands for them
	text  map[string]string
	apps  []application
	scim  string
	ldap  *ldaptest.Server

	login       *login
	vault, safe string // addresses behind NGINX and Caddy, for which no passkey here is enough

	shared string // secret of the gate that speaks RADIUS
	portal string // secret of an application that takes passwords
	back   string // where that one takes people back
}

type application struct{ name, url string }

// newStreet builds it, or skips where a program is missing.
func newStreet(t *testing.T) *street {
	t.Helper()
	for pkg, path := range map[string]string{"libapache2-mod-auth-openidc": apacheModules + "mod_auth_openidc.so", "apache2": "/usr/sbin/apache2", "nginx-light": "/usr/sbin/nginx", "caddy": "/usr/bin/caddy"} {
		client(t, pkg, path)
	}
	st := &street{data: filepath.Join(shed(t), "data"), text: manual(t)}
	ports := make([]int, 6)
	for i := range ports {
		var err error
		if ports[i], err = freePort(); err != nil {
			t.Fatal(err)
		}
	}
	// Everything is on this machine: the proxies, and the application that is told of sign-outs.
	env := []string{fmt.Sprintf("YAGURA_RADIUS_LISTEN=127.0.0.1:%d", ports[4]), fmt.Sprintf("YAGURA_RADIUS_ACCOUNTING=127.0.0.1:%d", ports[5]), "YAGURA_TRUSTED_PROXIES=127.0.0.1", "YAGURA_WEBHOOK_ALLOW_LOCAL=true"}
	if ldaptest.Installed(t) {
		st.ldap = ldaptest.Start(t)
		for uid, name := range map[string]string{"brandt": "Lena Brandt", "ito": "Ken Ito", "kaya": "Deniz Kaya", "moreau": "Claire Moreau"} {
			st.ldap.Person(uid, name)
		}
		env = append(env, "YAGURA_DIRECTORIES_LDAP="+st.ldap.File("unit: works\nguard_percent: 100\n"))
	}
	f := furnish(t, st.data, env...)
	app := httptest.NewServer(http.HandlerFunc(show))
	t.Cleanup(app.Close)
	st.back = app.URL + "/back"
	st.byPassword(t, f, st.back)
	a := f.open(t)
	_, secret, err := a.Identity.Connect(t.Context(), authz.System("setup"), identity.Directory{Name: "Directory", Unit: "works", Leaving: identity.Disable, Until: a.DB.Now().AddDate(0, 1, 0)})
	a.Close()
	if err != nil {
		t.Fatal(err)
	}
	st.scim = secret
	s, err := installation(st.data, env...)
	st.s = started(t, s, err)

	hosts := map[string]string{"parts": fmt.Sprintf("parts.localhost:%d", ports[3]), "orders": fmt.Sprintf("localhost:%d", ports[0]), "wiki": fmt.Sprintf("wiki.localhost:%d", ports[1]), "board": fmt.Sprintf("board.localhost:%d", ports[2])}
	st.names = []string{"https://yagura.example", s.url, "application:8080", strings.TrimPrefix(app.URL, "http://"), "PASSPHRASE", "long and random", "\nboard.example {", "\nhttp://" + hosts["board"] + " {", "yagura.example:1812", fmt.Sprintf("127.0.0.1:%d", ports[4]), "yagura.example:1813", fmt.Sprintf("127.0.0.1:%d", ports[5])}
	// Yagura itself, which knows names of the machine alone, tells parts of sign-outs.
	st.names = append(st.names, "https://parts.example/signed-out", fmt.Sprintf("http://localhost:%d/signed-out", ports[3]))
	for _, name := range []string{"orders", "wiki", "board", "parts"} {
		st.names = append(st.names, "https://"+name+".example", "http://"+hosts[name], name+".example", hosts[name])
		st.apps = append(st.apps, application{name, "http://" + hosts[name] + "/"})
	}
	secret = st.shell(t, "orders.sh")
	st.shell(t, "wiki.sh")
	st.shell(t, "board.sh")
	st.shell(t, "kit.sh")
	apache(t, ports[0], st.block(t, "orders.conf", "SECRET", secret), "auth_openidc")
	nginx(t, ports[1], st.block(t, "wiki.conf"))
	caddy(t, ports[2], st.block(t, "board.conf"))
	st.vaults(t)
	t.Setenv("PARTS_SECRET", st.shell(t, "parts.sh"))
	t.Setenv("PARTS_LISTEN", fmt.Sprintf("127.0.0.1:%d", ports[3]))
	listen(t, ports[3], filepath.Join(t.TempDir(), "log"), st.compiled(t, "parts.go"))
	return st
}

// block is a block of the manual with this street's addresses.
func (st *street) block(t testing.TB, name string, more ...string) string {
	t.Helper()
	if st.text[name] == "" {
		t.Fatalf("docs/applications.md has no block %s", name)
	}
	text, err := filled("\n"+st.text[name], append(more, st.names...)...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return text
}

// shell runs a block of the manual that is meant for the shell.
func (st *street) shell(t testing.TB, name string, more ...string) string {
	t.Helper()
	out, err := st.try(t, name, more...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return out
}

func (st *street) try(t testing.TB, name string, more ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-eu", "-c", st.block(t, name, more...))
	cmd.Env = append(environment(st.s.env...), "YAGURA_DATA="+st.data, "PATH="+filepath.Dir(yagura)+":"+os.Getenv("PATH"))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, said.String())
	}
	return strings.TrimSpace(string(out)), err
}

// compiled is a program of the manual.
func (st *street) compiled(t testing.TB, name string) string {
	t.Helper()
	folder := t.TempDir()
	program := filepath.Join(folder, strings.TrimSuffix(name, ".go"))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, lay(t, folder, name, st.block(t, name)))
	cmd.Dir = ".." // its modules are among ours
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return program
}

// show is the application: it says as whom it sees its visitor.
func show(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!DOCTYPE html><title>Application</title><dl id=seen>")
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range r.Header {
			if !yield(n) {
				return
			}
		}
	}) {
		if key := strings.ToLower(name); strings.HasPrefix(key, "remote-") || strings.HasPrefix(key, "oidc_claim_") {
			fmt.Fprintf(w, "<dt>%s<dd id=%q>%s", name, key, html.EscapeString(r.Header.Get(name)))
		}
	}
	fmt.Fprint(w, "</dl>")
}

// send asks the SCIM service, as the directory does.
func (st *street) send(t testing.TB, method, path string, body any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, st.s.url+"/scim/v2"+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/scim+json")
	req.Header.Set("Authorization", "Bearer "+st.scim)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if raw, err = io.ReadAll(res.Body); err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, raw)
	}
	said := map[string]any{}
	json.Unmarshal(raw, &said)
	return said
}

func scimUser(active bool) any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "nadia.brunner@works.example", "displayName": "Nadia Brunner", "active": active,
		"emails": []any{map[string]any{"value": "nadia.brunner@works.example", "primary": true}}}
}

func scimActive(active bool) any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{map[string]any{"op": "replace", "path": "active", "value": active}}}
}

// holder is a browser with a passkey of one person.
type holder struct {
	*window
	st    *street
	touch func(on bool)
	tabs  map[string]context.Context // by application: open beside, to look again
}

// enrol gives a person a browser and, by a link, a passkey in it.
func (st *street) enrol(t testing.TB, person string) *holder {
	t.Helper()
	w := browse(t)
	command(w, webauthn.Enable, webauthn.EnableParams{})
	key := command(w, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	h := &holder{w, st, func(on bool) {
		command(w, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: key.AuthenticatorID, Enabled: on})
	}, map[string]context.Context{}}
	for _, app := range st.apps {
		ctx, end := chromedp.NewContext(w.ctx)
		t.Cleanup(end)
		if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
			t.Fatal(err)
		}
		h.tabs[app.name] = ctx
	}
	link, said, code := run(t, time.Minute, st.s.env, "access", "-data", st.data, person)
	if code != 0 {
		t.Fatal(said)
	}
	w.open(strings.TrimSpace(link))
	w.leaving(func() {
		w.press("\t")
		ask[bool](w, `document.querySelector('form[action="/enter"] button').click(), true`)
	})
	w.leaving(func() { ask[bool](w, `document.querySelector('[data-passkey=create] button').click(), true`) })
	w.until("the passkey in the list", "document.querySelector('form[action=\"/settings/passkeys/remove\"]')")
	// What comes next begins with a sign-in by the passkey, but not on the page
	// that is shown after this.
	h.touch(false)
	w.leaving(func() { ask[bool](w, `document.querySelector('form[action="/sign-out"]').submit(), true`) })
	return h
}

// visit opens an application and signs in where that is asked for. It returns
// what the application was told.
func (h *holder) visit(url string) map[string]string {
	h.t.Helper()
	h.open("about:blank") // a page for signing in would take the touch that is meant for the next
	h.touch(true)
	h.head(url)
	h.until("the application", "document.querySelector('#seen')")
	h.touch(false)
	return ask[map[string]string](h.window, `Object.fromEntries([...document.querySelectorAll("#seen dd")].map((d) => [d.id, d.innerText]))`)
}

// watching asks an application again and again, as its own page would, until it
// lets the browser in no more, and tells when that was in milliseconds.
const watching = `(async () => {
  for (const began = Date.now(); Date.now() - began < 20000;) {
    const r = await fetch("/?look=" + Math.random(), { redirect: "manual", cache: "no-store" }).catch(() => null);
    if (r && (r.type === "opaqueredirect" || r.status === 401)) return Date.now();
    await new Promise((go) => setTimeout(go, 10));
  }
  return 0;
})()`

// watch looks at an application in a tab of its own until it is closed to the
// browser, and returns when that was. looks tells that it began.
func (h *holder) watch(app application, looks func()) (time.Time, error) {
	ctx, end := context.WithTimeout(h.tabs[app.name], 40*time.Second)
	defer end()
	err := chromedp.Do(ctx, chromedp.Navigate(app.url+"?begin"))
	looks()
	if err != nil {
		return time.Time{}, err
	}
	at, err := chromedp.Run(ctx, chromedp.Evaluate[int64](watching, chromedp.EvalAwaitPromise))
	if err != nil || at == 0 {
		return time.Time{}, fmt.Errorf("%s still shows itself after 20 s: %v", app.name, err)
	}
	// Whoever looks there now stands before the sign-in page.
	where := ""
	if err := chromedp.Do(ctx, chromedp.Navigate(app.url+"?end")); err == nil {
		where, _ = chromedp.Run(ctx, chromedp.Evaluate[string]("location.href"))
	}
	if !strings.HasPrefix(where, h.st.s.url+"/sign-in") {
		return time.Time{}, fmt.Errorf("%s leads to %s", app.name, where)
	}
	return time.UnixMilli(at), nil
}

// TestClients signs a person in at real programs with a passkey in Chromium,
// locks him out by every way in which a directory can, and sees him out of each.
func TestClients(t *testing.T) {
	if os.Getenv("YAGURA_REQUIRE_CLIENTS") != "1" {
		t.Skip("real programs sign people in only with YAGURA_REQUIRE_CLIENTS=1")
	}
	st := newStreet(t)
	t.Run("gates", st.gates)
	t.Run("locked out", st.lockOut)
	t.Run("keys rotate", st.rotate)
	t.Run("password", st.password)
	t.Run("RADIUS", st.radius)
	t.Run("device", st.device)
	t.Run("old session", st.old)
}

// asHead is the browser of the head, who may contain people.
func (st *street) asHead(t *testing.T) *http.Client {
	t.Helper()
	link, said, code := run(t, time.Minute, st.s.env, "access", "-data", st.data, "hana")
	if code != 0 {
		t.Fatal(said)
	}
	at, err := url.Parse(strings.TrimSpace(link))
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: time.Minute}
	st.submit(t, c, "/enter", at.Query())
	return c
}

// submit sends a form of the console.
func (st *street) submit(t *testing.T, c *http.Client, path string, form url.Values) {
	t.Helper()
	res, err := c.PostForm(st.s.url+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, res.Status)
	}
}

func (st *street) lockOut(t *testing.T) {
	nadia, _ := st.send(t, "POST", "/Users", scimUser(true))["id"].(string)
	h := st.enrol(t, nadia)
	head := st.asHead(t)
	ways := []struct {
		name      string
		out, back func()
	}{
		{"SCIM PATCH", func() { st.send(t, "PATCH", "/Users/"+nadia, scimActive(false)) }, func() { st.send(t, "PATCH", "/Users/"+nadia, scimActive(true)) }},
		{"SCIM PUT", func() { st.send(t, "PUT", "/Users/"+nadia, scimUser(false)) }, func() { st.send(t, "PUT", "/Users/"+nadia, scimUser(true)) }},
		{"SCIM DELETE", func() { st.send(t, "DELETE", "/Users/"+nadia, nil) }, func() { st.send(t, "POST", "/Users", scimUser(true)) }},
		{"page", func() {
			st.submit(t, head, "/identity/contain", url.Values{"person": {nadia}, "reason": {"Phished"}, "incident": {""}})
		}, func() {}},
	}
	for i, way := range ways {
		h.lockedOut(way.name, nadia, "Nadia Brunner", i == 0, way.out)
		way.back()
	}
	if st.ldap == nil {
		t.Log("slapd is not installed: not locked out by LDAP")
		return
	}
	// The server watches the directory: nobody calls anything but the directory.
	for _, way := range []struct {
		name, person string
		out          func()
	}{
		{"LDAP, is disabled", "Lena Brandt", func() { st.ldap.Set("brandt", "shadowExpire", "1") }},
		{"LDAP, is deleted", "Deniz Kaya", func() { st.ldap.Delete("kaya") }},
	} {
		id := st.personNamed(t, way.person)
		st.enrol(t, id).lockedOut(way.name, id, way.person, false, way.out)
	}
}

// outWithin holds on a busy machine as well; what is promised is a second, and
// what it took is logged.
const outWithin = 10 * time.Second

// lockedOut signs in everywhere, has the person locked out and waits until he is.
func (h *holder) lockedOut(way, person, name string, forge bool, lock func()) {
	h.t.Helper()
	for _, app := range h.st.apps {
		told := h.visit(app.url)
		knows, groups := told["remote-name"], told["remote-groups"]
		if app.name == "orders" {
			knows, groups = told["oidc_claim_name"], told["oidc_claim_groups"]
		}
		if told["remote-user"] != person || knows != name || app.name != "parts" && !slices.Contains(strings.Split(groups, ","), "works") {
			h.t.Errorf("%s: %s is told %v", way, app.name, told)
		}
		if forge {
			headers := `"Remote-User": "forged", "Remote-Roles": "forged", "Remote-Level": "forged", "Remote-Groups": "forged"`
			if app.name == "orders" {
				headers += `, "OIDC_CLAIM_name": "forged", "OIDC_CLAIM_groups": "forged"`
			}
			seen := ask[string](h.window, `fetch("/?forge", {headers: {`+headers+`}}).then((r) => r.text())`)
			if strings.Contains(seen, "forged") || app.name != "parts" && !strings.Contains(seen, person) {
				h.t.Errorf("%s takes headers of the browser: %s", app.name, seen)
			}
		}
	}
	var wg, ready sync.WaitGroup
	at, errs := make([]time.Time, len(h.st.apps)), make([]error, len(h.st.apps))
	ready.Add(len(h.st.apps))
	for i, app := range h.st.apps {
		wg.Go(func() { at[i], errs[i] = h.watch(app, ready.Done) })
	}
	ready.Wait()
	since := time.Now()
	lock()
	asked := time.Since(since)
	wg.Wait()
	said := ""
	for i, app := range h.st.apps {
		if errs[i] != nil {
			h.t.Errorf("%s: %v", way, errs[i])
			continue
		}
		out := at[i].Sub(since)
		if out > outWithin {
			h.t.Errorf("%s: out of %s only after %d ms", way, app.name, out.Milliseconds())
		}
		said += fmt.Sprintf(" %s %d ms", app.name, out.Milliseconds())
	}
	h.t.Logf("%s (answered after %d ms): out of%s", way, asked.Milliseconds(), said)
}

// personNamed is the id of a person, once there is one.
func (st *street) personNamed(t testing.TB, name string) string {
	t.Helper()
	db := st.open(t)
	defer db.Close()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var person string
		err := db.View(t.Context(), personCalled(name, &person))
		if err == nil {
			return person
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not come: %v", name, err)
		}
	}
}

// open opens the database beside the running server.
func (st *street) open(t testing.TB) *store.DB {
	t.Helper()
	cfg, mistakes := config.Load("", append(slices.Clone(st.s.env), "YAGURA_DATA="+st.data))
	for _, m := range mistakes {
		t.Fatal(m)
	}
	db, err := store.Open(t.Context(), store.Options{DSN: cfg.DSN(), Keys: cfg.Keys})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func personCalled(name string, person *string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		return tx.QueryRow("SELECT id FROM authz_person WHERE name = $1", name).Scan(person)
	}
}
