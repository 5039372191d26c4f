package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"yagura/kernel/store"
)

// vaults puts one more application behind NGINX and one behind Caddy, set up as
// in the manual, which let nobody in who has no key bound to its hardware.
func (st *street) vaults(t testing.TB) {
	t.Helper()
	for _, one := range []struct {
		app, block, like string
		start            func(testing.TB, int, string) *daemon
		at               *string
	}{{"vault", "wiki.conf", "wiki", nginx, &st.vault}, {"safe", "board.conf", "board", caddy, &st.safe}} {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		host := fmt.Sprintf("%s.localhost:%d", one.app, port)
		if out, said, code := run(t, time.Minute, st.s.env, "id", "client", "add", "-data", st.data, "-kind", "gate", "-level", "phrh", "-unit", "works", "-host", host, one.app); code != 0 {
			t.Fatal(out, said)
		}
		config := st.block(t, one.block, "/"+one.like+"/", "/"+one.app+"/", "/"+one.like+";", "/"+one.app+";", "/"+one.like+"\n", "/"+one.app+"\n", one.like+".example", host, "\n"+one.like+".example {", "\nhttp://"+host+" {")
		one.start(t, port, config)
		*one.at = "http://" + host + "/"
	}
}

// raw sends a request as it is written, to where an address leads, and returns
// the status and the page.
func raw(t testing.TB, at, request string) (int, string) {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", "127.0.0.1:"+u.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, strings.ReplaceAll(request, "\n", "\r\n")+"\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	defer resp.Body.Close()
	page, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(page)
}

// gates signs a person in at one application behind each proxy and goes with that
// to those that ask for more, saying whatever could make their proxies ask about
// the first: NGINX answers any Host that no server of it has the name of.
func (st *street) gates(t *testing.T) {
	person, _ := st.send(t, "POST", "/Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "gates@works.example", "displayName": "Gina Gates", "active": true})["id"].(string)
	h := st.enrol(t, person)
	for _, app := range st.apps {
		if app.name != "wiki" && app.name != "board" {
			continue
		}
		h.visit(app.url)
		var cookies []string
		for _, c := range command(h.window, network.GetCookies, network.GetCookiesParams{URLs: []string{app.url}}).Cookies {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
		bring := "\nCookie: " + strings.Join(cookies, "; ") + "\nConnection: close\n"
		here := hostOf(t, app.url)
		if status, page := raw(t, app.url, "GET / HTTP/1.1\nHost: "+here+bring); status != 200 || !strings.Contains(page, person) {
			t.Fatalf("%s by its own passage: %d %s", app.name, status, page)
		}
		for _, at := range []string{st.vault, st.safe} {
			there := hostOf(t, at)
			tries := map[string]string{
				"as it is":               "GET / HTTP/1.1\nHost: " + there,
				"another Host":           "GET / HTTP/1.1\nHost: " + here,
				"an absolute address":    "GET " + app.url + " HTTP/1.1\nHost: " + there,
				"an absolute address, 2": "GET " + at + " HTTP/1.1\nHost: " + here,
				"two hosts":              "GET / HTTP/1.1\nHost: " + there + "\nHost: " + here,
				"two hosts, 2":           "GET / HTTP/1.1\nHost: " + here + "\nHost: " + there,
				"no host":                "GET / HTTP/1.0",
				"a dot at the end":       "GET / HTTP/1.1\nHost: " + strings.Replace(there, ":", ".:", 1),
				"other letters":          "GET / HTTP/1.1\nHost: " + strings.ToUpper(there),
				"no port":                "GET / HTTP/1.1\nHost: " + strings.Split(there, ":")[0],
				"HEAD":                   "HEAD / HTTP/1.1\nHost: " + there,
				"OPTIONS":                "OPTIONS / HTTP/1.1\nHost: " + there,
				"a WebSocket":            "GET / HTTP/1.1\nHost: " + there + "\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
				"the way back":           "GET /.yagura/../ HTTP/1.1\nHost: " + there,
				"Yagura's own addresses": "GET /.yagura/..%2f..%2f..%2fauth/check/" + app.name + " HTTP/1.1\nHost: " + there,
				"a query for Yagura":     "GET /?app=" + app.name + " HTTP/1.1\nHost: " + there,
				"the question itself":    "GET /.yagura-check HTTP/1.1\nHost: " + there,
			}
			for _, name := range []string{"X-Original-URL", "X-Forwarded-Host", "X-Forwarded-Uri", "X-Original-Host", "X-Host", "Forwarded", "X-Forwarded-Server", "X-Rewrite-URL", "X-Forwarded-Method", "X-Original-Method"} {
				for _, value := range []string{app.url, here, "host=" + here, "/auth/check/" + app.name, "OPTIONS"} {
					tries[name+": "+value] = "GET / HTTP/1.1\nHost: " + there + "\n" + name + ": " + value
				}
			}
			for what, request := range tries {
				// For a host that it has no site of, Caddy says 200 with nothing.
				status, page := raw(t, at, request+bring)
				if status/100 == 2 && (page != "" || what == "HEAD") || status == http.StatusSwitchingProtocols || strings.Contains(page, person) {
					t.Errorf("the passage of %s at %s, %s: %d %s", app.name, there, what, status, page)
				}
			}
		}
		// Where people come from is what the proxy saw, not what they say.
		for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded"} {
			if status, page := raw(t, app.url, "GET / HTTP/1.1\nHost: "+here+"\n"+name+": 203.0.113.7"+bring); status != 200 || !strings.Contains(page, person) {
				t.Errorf("%s with %s: %d %s", app.name, name, status, page)
			}
		}
	}
	db := st.open(t)
	defer db.Close()
	var places []string
	if err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		places, err = store.Texts(tx, "SELECT DISTINCT judged FROM identity_grant WHERE person = $1 AND judged <> ''", person)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(places) == 0 {
		t.Error("no gate judged anything")
	}
	for _, from := range places {
		if from != "127.0.0.1" {
			t.Errorf("a gate judged a request from %s, which its browser made up", from)
		}
	}
}

func hostOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
