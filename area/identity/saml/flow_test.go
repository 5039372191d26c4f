package saml_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	peer "github.com/crewjam/saml"

	"yagura/area/identity"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

func values(a *peer.Assertion, name string) (list []string) {
	for _, s := range a.AttributeStatements {
		for _, one := range s.Attributes {
			if one.Name == name {
				for _, v := range one.Values {
					list = append(list, v.Value)
				}
			}
		}
	}
	return list
}

// TestProvider has applications written by others send people here and read
// what they are told: the whole way on both databases, all else on one, with one
// provider, whose keys take long to make.
func TestProvider(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		part := func(name string, do func(t *testing.T, w *world)) {
			t.Run(name, func(t *testing.T) {
				w.t = t
				do(t, w)
			})
		}
		part("peer", peerEnters)
		if strings.HasSuffix(t.Name(), "sqlite") {
			part("attacks", attacks)
			part("paced", paced)
			part("registration", registration)
			part("wishes", wishes)
			part("slow person", slowPerson)
			part("storm", storm)
			part("single logout", singleLogout)
			part("farewell", farewell)
			part("keys", keys)
		}
	})
}

func peerEnters(t *testing.T, w *world) {
	ctx, clk := context.Background(), w.clock
	papers := pairs()
	sp := w.application("wiki", papers[0])
	w.register("wiki", sp, func(m *identity.SAML, c *identity.Client) { m.Encryption = "" })
	b := w.browser("keller")
	address, id := w.begin(sp, "https://wiki.example/page?a=b&c")
	began := clk.Now()
	o := b.open(address)
	if o.post == nil || o.post.To != "https://wiki.example/saml/acs" || o.post.Name != "The wiki" || o.field("RelayState") != "https://wiki.example/page?a=b&c" {
		t.Fatalf("came to %d %s %+v %s", o.status, o.at, o.post, o.body)
	}
	if strings.Count(said(t, o), "<ds:Signature ") != 2 {
		t.Error("response and assertion are not both signed")
	}
	a, err := w.accept(sp, o, id)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	name := a.Subject.NameID
	if name.Format != string(peer.PersistentNameIDFormat) || name.Value == "keller" || len(name.Value) < 32 || name.SPNameQualifier != sp.EntityID {
		t.Errorf("the name is %+v", name)
	}
	for attribute, want := range map[string][]string{"urn:oid:0.9.2342.19200300.100.1.1": {"keller"}, "displayName": {"Anna <Keller> & Co"}, "mail": {"keller@example.com"}, "memberOf": {"group", "works", "world"}, "ou": {"works"}, "roles": nil} {
		if got := values(a, attribute); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("%s: %q instead of %q", attribute, got, want)
		}
	}
	st := a.AuthnStatements[0]
	sessions, err := w.s.Sessions(ctx, w.admin, "keller", "")
	if err != nil || len(sessions) != 1 || st.SessionIndex != sessions[0].ID || st.AuthnContext.AuthnContextClassRef.Value != "phrh" || st.SessionNotOnOrAfter == nil ||
		st.SessionNotOnOrAfter.Sub(sessions[0].Until).Abs() > time.Second || st.AuthnInstant.Before(began.Add(-time.Second)) {
		t.Errorf("the statement says %+v, the session is %+v, %v", st, sessions, err)
	}
	if a.Conditions.NotOnOrAfter.Sub(clk.Now()) > 6*time.Minute || a.Subject.SubjectConfirmations[0].SubjectConfirmationData.InResponseTo != id {
		t.Errorf("conditions %+v", a.Conditions)
	}
	// A second application knows the same person by another name, encrypted to it.
	other := w.application("files", papers[1])
	w.register("files", other, func(m *identity.SAML, c *identity.Client) { m.SignedRequests = true })
	form, err := w.now(other).MakePostAuthenticationRequest("relay")
	if err != nil {
		t.Fatal(err)
	}
	o = b.submit(w.issuer+"/saml/sso", fields(t, string(form)))
	if o.post == nil || !strings.Contains(said(t, o), "EncryptedAssertion") || strings.Contains(said(t, o), "keller") || b.asked != 1 {
		t.Fatalf("by a form: %d %s %s, asked %d times", o.status, o.at, o.body, b.asked)
	}
	second, err := w.accept(other, o, idOf(t, string(form)))
	if err != nil {
		t.Fatalf("%+v", err)
	}
	if second.Subject.NameID.Value == name.Value {
		t.Error("two applications know a person by the same name")
	}
	if !strings.Contains(w.log("enter-application"), "wiki allowed") || !strings.Contains(w.log("enter-application"), "files allowed") {
		t.Errorf("the log has %s", w.log("enter-application"))
	}
	// It is no client of OpenID Connect.
	if c, err := w.s.FindClient(ctx, "wiki"); err != nil || len(c.Redirects) != 0 || c.Scopes != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

// log are the events of a kind: application, outcome and reason of each.
func (w *world) log(kind string) (all string) {
	w.t.Helper()
	if err := w.db.View(context.Background(), func(tx *store.Tx) error {
		list, err := store.Rows(tx, func(r store.Scanner) (s string, err error) {
			var client, outcome, reason string
			err = r.Scan(&client, &outcome, &reason)
			return client + " " + outcome + " " + reason, err
		}, "SELECT client, outcome, reason FROM identity_event WHERE kind = $1 ORDER BY at, id", kind)
		all = strings.Join(list, "\n")
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// wishes asks for all that a request can ask for.
func wishes(t *testing.T, w *world) {
	db, clk := w.db, w.clock
	sp := w.application("plan", pairs()[0])
	w.register("plan", sp, func(m *identity.SAML, c *identity.Client) { m.Encryption = "" })
	mail := w.application("mail", pairs()[1])
	w.register("mail", mail, func(m *identity.SAML, c *identity.Client) {
		m.Encryption, m.NameID, m.Unsolicited, c.MinLevel = "", identity.NameEmail, true, identity.NoLevel
	})
	b := w.browser("keller")
	yes := true
	format := func(s string) *string { return &s }
	ask := func(b *browser, sp *peer.ServiceProvider, change func(q *peer.AuthnRequest)) (outcome, string) {
		t.Helper()
		q, err := w.now(sp).MakeAuthenticationRequest(sp.GetSSOBindingLocation(peer.HTTPRedirectBinding), peer.HTTPRedirectBinding, peer.HTTPPostBinding)
		if err != nil {
			t.Fatal(err)
		}
		change(q)
		u, err := q.Redirect("", sp)
		if err != nil {
			t.Fatal(err)
		}
		return b.open(u.String()), q.ID
	}
	status := func(what string, o outcome, code string) {
		t.Helper()
		if xml := said(t, o); !strings.Contains(xml, ":status:"+code+`"`) || strings.Contains(xml, "Assertion ") || o.post.To != "https://plan.example/saml/acs" && o.post.To != "https://mail.example/saml/acs" {
			t.Errorf("%s: %s", what, xml)
		}
	}
	// Nobody is signed in, and no page may be shown.
	o, _ := ask(b, sp, func(q *peer.AuthnRequest) { q.IsPassive = &yes })
	status("passive", o, "NoPassive")
	if _, err := w.accept(sp, o); err == nil {
		t.Error("the application takes a refusal for an assertion")
	}
	o, id := ask(b, sp, func(q *peer.AuthnRequest) {})
	first, err := w.accept(sp, o, id)
	if err != nil || b.asked != 1 {
		t.Fatal(err, b.asked)
	}
	// Now there is a session: passive works, and nobody is asked again.
	o, id = ask(b, sp, func(q *peer.AuthnRequest) { q.IsPassive = &yes })
	if a, err := w.accept(sp, o, id); err != nil || b.asked != 1 || a.Subject.NameID.Value != first.Subject.NameID.Value {
		t.Errorf("passive with a session: %v, asked %d times", err, b.asked)
	}
	// ForceAuthn asks again, however long that takes.
	clk.Advance(2 * time.Minute)
	o, id = ask(b, sp, func(q *peer.AuthnRequest) { q.ForceAuthn = &yes })
	if a, err := w.accept(sp, o, id); err != nil || b.asked != 2 || !a.AuthnStatements[0].AuthnInstant.After(first.AuthnStatements[0].AuthnInstant) {
		t.Errorf("ForceAuthn: %v, asked %d times", err, b.asked)
	}
	o, _ = ask(b, sp, func(q *peer.AuthnRequest) { q.ForceAuthn, q.IsPassive = &yes, &yes })
	status("fresh and passive", o, "NoPassive")

	context := func(comparison string, refs ...string) func(q *peer.AuthnRequest) {
		return func(q *peer.AuthnRequest) {
			q.RequestedAuthnContext = &peer.RequestedAuthnContext{Comparison: comparison, AuthnContextClassRefs: refs}
		}
	}
	const ppt = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	for _, c := range []struct {
		ask  func(q *peer.AuthnRequest)
		told string
	}{
		{context("exact", "phr"), "phr"},
		{context("exact", "phrh", "phr"), "phrh"},
		{context("", ppt), ppt},
		{context("minimum", "aal2"), "aal2"},
		{context("better", "phr"), "phrh"},
		{context("exact", "urn:oasis:names:tc:SAML:2.0:ac:classes:X509", "https://refeds.org/profile/mfa"), "https://refeds.org/profile/mfa"},
	} {
		o, id := ask(b, sp, c.ask)
		a, err := w.accept(sp, o, id)
		if err != nil || a.AuthnStatements[0].AuthnContext.AuthnContextClassRef.Value != c.told {
			t.Errorf("%s: %v %+v", c.told, err, a)
		}
	}
	for what, ask1 := range map[string]func(q *peer.AuthnRequest){
		"unknown": context("exact", "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"), "better than the best": context("better", "phrh"), "maximum": context("maximum", "aal2"),
	} {
		o, _ := ask(b, sp, ask1)
		status(what, o, "NoAuthnContext")
	}

	// Names: what tells less is given, what tells more is not.
	policy := func(format *string, qualifier *string) func(q *peer.AuthnRequest) {
		return func(q *peer.AuthnRequest) {
			q.NameIDPolicy = &peer.NameIDPolicy{Format: format, SPNameQualifier: qualifier}
		}
	}
	o, id = ask(b, mail, policy(nil, nil))
	if a, err := w.accept(mail, o, id); err != nil || a.Subject.NameID.Value != "keller@example.com" || a.Subject.NameID.Format != string(peer.EmailAddressNameIDFormat) {
		t.Errorf("by mail: %v %+v", err, a)
	}
	o, id = ask(b, mail, policy(format(string(peer.TransientNameIDFormat)), nil))
	if a, err := w.accept(mail, o, id); err != nil || a.Subject.NameID.Value == "keller@example.com" || a.Subject.NameID.Format != string(peer.TransientNameIDFormat) {
		t.Errorf("transient: %v", err)
	}
	o, _ = ask(b, sp, policy(format(string(peer.EmailAddressNameIDFormat)), nil))
	status("a mail address where none is told", o, "InvalidNameIDPolicy")
	o, _ = ask(b, sp, policy(nil, format("https://other.example")))
	status("the name at another application", o, "InvalidNameIDPolicy")
	o, _ = ask(b, sp, policy(format("urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"), nil))
	status("a format that is not known", o, "InvalidNameIDPolicy")
	o, _ = ask(w.browser("ruiz"), mail, policy(nil, nil))
	status("by mail without an address of the group", o, "InvalidNameIDPolicy")
	o, _ = ask(b, sp, func(q *peer.AuthnRequest) { q.ProtocolBinding = peer.HTTPArtifactBinding })
	status("artifact", o, "UnsupportedBinding")

	// Without being asked, where that is allowed.
	o = b.open(w.issuer + "/saml/start/mail")
	mail.AllowIDPInitiated = true
	if a, err := w.accept(mail, o); err != nil || a.Subject.SubjectConfirmations[0].SubjectConfirmationData.InResponseTo != "" {
		t.Errorf("begun here: %v", err)
	}
	if o := b.open(w.issuer + "/saml/start/plan"); o.status != http.StatusUnprocessableEntity || o.post != nil {
		t.Errorf("begun here though not allowed: %d", o.status)
	}
	// A level that the session has not: the person signs in again.
	if err := db.Operate(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE identity_session SET level = 'aal1'")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	asked := b.asked
	o, id = ask(b, mail, policy(nil, nil))
	if _, err := w.accept(mail, o, id); err != nil || b.asked != asked {
		t.Errorf("any sign-in: %v, asked %d times", err, b.asked-asked)
	}
	o, id = ask(b, sp, func(q *peer.AuthnRequest) {})
	if _, err := w.accept(sp, o, id); err != nil || b.asked != asked+1 {
		t.Errorf("a stronger one: %v, asked %d times", err, b.asked-asked)
	}
}

// storm brings one request sixteen times at once: it is answered once.
func storm(t *testing.T, w *world) {
	sp := w.application("storm", pairs()[0])
	w.register("storm", sp, nil)
	b := w.browser("keller")
	w.enters(b, sp)
	for range 5 {
		address, _ := w.begin(sp, "")
		var wg sync.WaitGroup
		var answers atomic.Int32
		for range 16 {
			wg.Go(func() {
				resp, err := b.http.Get(address)
				if err != nil {
					t.Error(err)
					return
				}
				raw, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if strings.Contains(string(raw), "SAMLResponse") {
					answers.Add(1)
				}
			})
		}
		wg.Wait()
		if n := answers.Load(); n != 1 {
			t.Errorf("the request was answered %d times", n)
		}
	}
}

// slowPerson takes longer to sign in than a request is valid, and then too long.
func slowPerson(t *testing.T, w *world) {
	clk := w.clock
	sp := w.application("slow", pairs()[0])
	w.register("slow", sp, nil)
	address, id := w.begin(sp, "")
	b := w.browser("")
	waits := b.open(address)
	next, err := url.Parse(waits.at.Query().Get("next"))
	if err != nil || waits.at.Path != "/sign-in" || waits.at.Query().Get("level") != "phr" {
		t.Fatal(waits.at, err)
	}
	clk.Advance(10 * time.Minute)
	b.person = "keller"
	if o := w.browser("keller").open(w.issuer + next.String()); o.status != http.StatusUnprocessableEntity || !strings.Contains(o.body, "another browser") {
		t.Errorf("the link in another browser: %d %s", o.status, o.body)
	}
	o := b.open(w.issuer + next.String())
	if _, err := w.accept(sp, o, id); err != nil {
		t.Errorf("after ten minutes: %v", err)
	}
	if o := b.open(w.issuer + next.String()); o.status != http.StatusUnprocessableEntity || !strings.Contains(o.body, "answered before") {
		t.Errorf("a second time: %d %s", o.status, o.body)
	}
	clk.Advance(6 * time.Minute)
	if o := b.open(w.issuer + next.String()); o.status != http.StatusUnprocessableEntity || !strings.Contains(o.body, "too long") {
		t.Errorf("after a quarter of an hour: %d %s", o.status, o.body)
	}
	// What came by a form must go on at once: no browser is known for it yet.
	form, err := w.now(sp).MakePostAuthenticationRequest("")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.http.PostForm(w.issuer+"/saml/sso", fields(t, string(form)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	clk.Advance(61 * time.Second)
	if o := b.open(w.issuer + resp.Header.Get("Location")); o.status != http.StatusUnprocessableEntity || !strings.Contains(o.body, "too long") {
		t.Errorf("a form that did not go on: %d %s", o.status, o.body)
	}
	// An application that was removed meanwhile gets nobody.
	address, _ = w.begin(sp, "")
	b = w.browser("")
	waits = b.open(address)
	if err := w.s.RemoveClient(t.Context(), w.admin, "slow"); err != nil {
		t.Fatal(err)
	}
	b.person = "keller"
	if o := b.open(w.issuer + waits.at.Query().Get("next")); o.status != http.StatusUnprocessableEntity || !strings.Contains(o.body, "not known") {
		t.Errorf("removed meanwhile: %d %s", o.status, o.body)
	}
}

// keys: the next certificate is in the metadata before it signs, and what an
// application read before the change still serves it after.
func keys(t *testing.T, w *world) {
	clk := w.clock
	sp := w.application("keys", pairs()[0])
	w.register("keys", sp, nil)
	if n := len(sp.IDPMetadata.IDPSSODescriptors[0].KeyDescriptors); n != 2 {
		t.Fatalf("%d keys in the metadata", n)
	}
	sign := func() {
		t.Helper()
		address, id := w.begin(sp, "")
		if _, err := w.accept(sp, w.browser("keller").open(address), id); err != nil {
			t.Fatal(err)
		}
	}
	sign()
	clk.Advance(2 * time.Hour)
	before, _, err := w.s.SAMLSigner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.s.RotateKey(t.Context(), w.admin, "SAML"); err != nil {
		t.Fatal(err)
	}
	after, _, err := w.s.SAMLSigner(t.Context())
	if err != nil || after.Equal(before) {
		t.Fatal("the same key signs", err)
	}
	sign() // with the metadata of before
	papers, err := w.s.SAMLPapers(t.Context())
	if err != nil || len(papers) != 3 || !papers[0].Equal(after) || !papers[2].Equal(before) || papers[0].NotAfter.Sub(clk.Now()) < 9*365*24*time.Hour {
		t.Errorf("%d certificates, %v", len(papers), err)
	}
	set, err := w.s.KeySet(t.Context())
	if err != nil || len(set.Keys) != 4 {
		t.Errorf("%d keys of tokens, %v", len(set.Keys), err)
	}
}
