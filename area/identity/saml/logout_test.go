package saml_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	peer "github.com/crewjam/saml"

	"yagura/area/identity"
	"yagura/kernel/fault"
)

var input = regexp.MustCompile(`<input type="hidden" name="([A-Za-z]+)" value="([^"]*)"`)

// fields are those of a form that the peer wrote.
func fields(t testing.TB, form string) url.Values {
	t.Helper()
	q := url.Values{}
	for _, m := range input.FindAllStringSubmatch(form, -1) {
		q.Set(m[1], html.UnescapeString(m[2]))
	}
	if q.Get("SAMLRequest") == "" {
		t.Fatalf("no request in %s", form)
	}
	return q
}

// idOf is the ID of the request in a form that the peer wrote.
func idOf(t testing.TB, form string) string {
	t.Helper()
	var q struct {
		ID string `xml:",attr"`
	}
	if err := xml.Unmarshal(unpacked(t, fields(t, form).Get("SAMLRequest")), &q); err != nil {
		t.Fatal(err)
	}
	return q.ID
}

func (w *world) enters(b *browser, sp *peer.ServiceProvider) *peer.Assertion {
	w.t.Helper()
	address, id := w.begin(sp, "")
	a, err := w.accept(sp, b.open(address), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// end ends all sessions of a person.
func (w *world) end(person string) {
	w.t.Helper()
	if err := w.s.EndAll(context.Background(), w.admin, person); err != nil && !fault.Is(err, fault.KindNotFound) && !fault.Is(err, fault.KindConflict) {
		w.t.Fatal(err)
	}
}

func (w *world) sessions(person string) int {
	w.t.Helper()
	list, err := w.s.Sessions(context.Background(), w.admin, person, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return len(list)
}

// singleLogout has applications end sessions, each in its way.
func singleLogout(t *testing.T, w *world) {
	w.end("keller")
	sp := w.application("out1", pairs()[0])
	w.register("out1", sp, nil)
	two := w.application("out2", pairs()[1])
	two.LogoutBindings = []string{peer.HTTPPostBinding}
	w.register("out2", two, nil)

	// By redirect: the one session that is named.
	b, elsewhere := w.browser("keller"), w.browser("keller")
	a := w.enters(b, sp)
	w.enters(elsewhere, sp)
	if w.sessions("keller") != 2 {
		t.Fatal("there are not two sessions")
	}
	ask := func(sp *peer.ServiceProvider, a *peer.Assertion, index string, relay string) (*url.URL, string) {
		t.Helper()
		q, err := w.now(sp).MakeLogoutRequest(sp.GetSLOBindingLocation(peer.HTTPRedirectBinding), a.Subject.NameID.Value, peer.WithSessionIndex(index))
		if err != nil {
			t.Fatal(err)
		}
		u, err := sp.RedirectLogoutRequestURL(q, relay)
		if err != nil {
			t.Fatal(err)
		}
		return u, q.ID
	}
	u, id := ask(sp, a, a.AuthnStatements[0].SessionIndex, "home")
	o := b.open(u.String())
	if o.at.Host != "out1.example" || o.at.Path != "/saml/slo" || o.at.Query().Get("RelayState") != "home" {
		t.Fatalf("came to %d %s %s", o.status, o.at, o.body)
	}
	r := httptest.NewRequest("GET", o.at.String(), nil)
	if _, err := w.now(sp).ParseLogoutResponse(r, []string{id}); err != nil {
		t.Errorf("the answer: %v", err)
	}
	if n := w.sessions("keller"); n != 1 {
		t.Errorf("%d sessions are left", n)
	}
	if o := b.open(u.String()); o.status != http.StatusUnprocessableEntity {
		t.Errorf("the request a second time: %d", o.status)
	}
	// A name that is not the application's ends nothing.
	u, id = ask(sp, &peer.Assertion{Subject: &peer.Subject{NameID: &peer.NameID{Value: "somebody"}}}, "", "")
	o = b.open(u.String())
	if res, err := w.now(sp).ParseLogoutResponse(httptest.NewRequest("GET", o.at.String(), nil), []string{id}); err == nil || w.sessions("keller") != 1 {
		t.Errorf("nobody was meant: %+v", res)
	}
	// Nor does another application that knows the name of this one.
	u, _ = ask(two, a, "", "")
	b.open(u.String())
	if w.sessions("keller") != 1 {
		t.Error("an application ended the session of another one's name")
	}
	// By form, all sessions of the person: none is named.
	d := w.enters(elsewhere, two)
	form, err := w.now(two).MakePostLogoutRequest(d.Subject.NameID.Value, "x")
	if err != nil {
		t.Fatal(err)
	}
	o = elsewhere.submit(w.issuer+"/saml/slo", fields(t, string(form)))
	if o.post == nil || o.post.To != "https://out2.example/saml/slo" || o.field("RelayState") != "x" || !strings.Contains(said(t, o), "status:Success") {
		t.Fatalf("by form: %d %s %s", o.status, o.at, o.body)
	}
	if w.sessions("keller") != 0 {
		t.Error("a session is left")
	}
	if o := w.browser("").submit(w.issuer+"/saml/slo", url.Values{"SAMLRequest": {"AAAA"}}); o.status != http.StatusUnprocessableEntity || !strings.Contains(o.body, "not valid") {
		t.Errorf("nonsense: %d %s", o.status, o.body)
	}
}

// soap is the sign-out of an application, written by others, that is told by SOAP.
type soap struct {
	*httptest.Server
	sp     *peer.ServiceProvider
	mu     sync.Mutex
	heard  []string
	answer func(q *peer.LogoutRequest) (int, string)
	errs   []error
}

func (s *soap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, _ := io.ReadAll(r.Body)
	q, err := s.sp.ParseXMLSOAPLogoutRequest(raw)
	if err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml") {
		s.errs = append(s.errs, fmt.Errorf("%w: %s", err, raw))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.heard = append(s.heard, q.NameID.Value+" "+q.SessionIndex.Value)
	status, body := s.answer(q)
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// farewell tells an application of the end of a session, whatever ended it.
func farewell(t *testing.T, w *world) {
	ctx, clk := context.Background(), w.clock
	w.end("keller")
	w.end("ruiz")
	sp := w.application("told", pairs()[0])
	app := &soap{sp: sp}
	app.Server = httptest.NewServer(app)
	defer app.Close()
	sp.SloURL = url.URL{Scheme: "http", Host: strings.TrimPrefix(app.URL, "http://"), Path: "/slo"}
	sp.LogoutBindings = []string{peer.SOAPBinding, peer.HTTPRedirectBinding}
	w.register("told", sp, nil)
	envelope := func(q *peer.LogoutRequest, to, code, second string) string {
		return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:LogoutResponse xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="r1" InResponseTo="` + to +
			`" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:` + code + `">` + second + `</p:StatusCode></p:Status></p:LogoutResponse></s:Body></s:Envelope>`
	}
	send := func(answer func(q *peer.LogoutRequest) (int, string)) identity.Logout {
		t.Helper()
		app.answer = answer
		sp.Clock = nil
		w.now(sp)
		if _, err := w.queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		list, err := w.s.Logouts(ctx, w.admin, "told")
		if err != nil || len(list) == 0 || len(app.errs) > 0 {
			t.Fatalf("%+v %v %v", list, err, app.errs)
		}
		return list[0]
	}
	a := w.enters(w.browser("keller"), sp)
	w.enters(w.browser("ruiz"), sp)
	if err := w.s.EndAll(ctx, w.admin, "keller"); err != nil {
		t.Fatal(err)
	}
	for what, answer := range map[string]func(q *peer.LogoutRequest) (int, string){
		"an error":          func(q *peer.LogoutRequest) (int, string) { return 500, "" },
		"no XML":            func(q *peer.LogoutRequest) (int, string) { return 200, "fine" },
		"another request's": func(q *peer.LogoutRequest) (int, string) { return 200, envelope(q, "other", "Success", "") },
		"a refusal":         func(q *peer.LogoutRequest) (int, string) { return 200, envelope(q, q.ID, "Responder", "") },
		"a document type": func(q *peer.LogoutRequest) (int, string) {
			return 200, "<!DOCTYPE x>" + envelope(q, q.ID, "Success", "")
		},
		"an answer without body": func(q *peer.LogoutRequest) (int, string) { return 200, "" },
	} {
		if l := send(answer); !l.Done.IsZero() || l.Problem == "" || l.Attempts == 0 {
			t.Errorf("%s: %+v", what, l)
		}
		clk.Advance(10 * time.Minute)
	}
	l := send(func(q *peer.LogoutRequest) (int, string) { return 200, envelope(q, q.ID, "Success", "") })
	if l.Done.IsZero() || l.Status != 200 || l.Problem != "" || l.Person != "keller" || l.Millis < 60_000 {
		t.Errorf("in the end: %+v", l)
	}
	for _, heard := range app.heard {
		if heard != a.Subject.NameID.Value+" "+a.AuthnStatements[0].SessionIndex {
			t.Errorf("told of %s", heard)
		}
	}
	// Who asked for the end itself is not told of it; who never knew is content.
	app.heard = nil
	a = w.enters(w.browser("keller"), sp)
	q, err := w.now(sp).MakeLogoutRequest(sp.GetSLOBindingLocation(peer.HTTPRedirectBinding), a.Subject.NameID.Value)
	if err != nil {
		t.Fatal(err)
	}
	u, err := sp.RedirectLogoutRequestURL(q, "")
	if err != nil {
		t.Fatal(err)
	}
	w.browser("").open(u.String())
	if w.sessions("keller") != 0 {
		t.Error("the session goes on")
	}
	send(func(q *peer.LogoutRequest) (int, string) { return 500, "" })
	if len(app.heard) != 0 {
		t.Errorf("told of its own wish: %v", app.heard)
	}
	if err := w.s.EndAll(ctx, w.admin, "ruiz"); err != nil {
		t.Fatal(err)
	}
	clk.Advance(time.Second)
	l = send(func(q *peer.LogoutRequest) (int, string) {
		return 200, envelope(q, q.ID, "Responder", `<p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"/>`)
	})
	if l.Done.IsZero() || l.Person != "ruiz" {
		t.Errorf("unknown to the application: %+v", l)
	}
}
