package app

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"log/slog"
	"math/big"
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

// TestSAMLApplicationIsRegistered walks an administrator through the pages: what
// can't be read, what is looked at, what is saved and changed, and the form that
// goes to the application.
func TestSAMLApplicationIsRegistered(t *testing.T) {
	cfg, mistakes := config.Load("", []string{"YAGURA_DATA=" + t.TempDir(), "YAGURA_LISTEN=127.0.0.1:8420", "YAGURA_PUBLIC_URL=http://yagura.localhost:8420"})
	for _, m := range mistakes {
		t.Fatal(m)
	}
	a, err := Open(t.Context(), cfg, Options{Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError})), Workers: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := a.FirstLink(t.Context()); err != nil {
		t.Fatal(err)
	}
	v := visit.In("http://yagura.localhost:8420", a.Handler())
	link := ""
	if err := a.DB.Change(t.Context(), func(tx *store.Tx) error {
		secret, err := identity.MakeLink(tx, authz.System("test"), firstAdmin, identity.Persona, tx.Now.AddDate(0, 0, 1))
		link = a.Identity.LinkURL(secret)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := v.Enter(link); err != nil {
		t.Fatal(err)
	}
	open := func(path string) *visit.Page {
		t.Helper()
		p, err := v.Get(path)
		if err != nil || p.Status != 200 {
			t.Fatalf("%s: %v %+v", path, err, p)
		}
		return p
	}
	send := func(p *visit.Page, fill url.Values) *visit.Page {
		t.Helper()
		f, ok := p.Form("^/identity/clients/")
		if !ok {
			t.Fatalf("no form: %s", p.Text())
		}
		p, err := v.Submit(f, fill)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	saved := func() identity.Client {
		t.Helper()
		c, _ := a.Identity.FindClient(t.Context(), "payroll")
		return c
	}
	p := send(open("/identity/clients/saml"), url.Values{"file": {"<!DOCTYPE x><x/>"}})
	if p.Status != 422 || !strings.Contains(p.Text(), "no plain XML") {
		t.Errorf("a document type: %d %s", p.Status, p.Text())
	}
	p = send(open("/identity/clients/saml"), url.Values{"file": {spMetadata(t, "https://payroll.example/saml")}})
	if p.Status != 200 || !strings.Contains(p.Text(), "https://payroll.example/acs") || !strings.Contains(p.Text(), "Nothing is saved yet") || saved().ID != "" {
		t.Fatalf("looked at: %d %s", p.Status, p.Text())
	}
	fill := url.Values{"id": {"payroll"}, "name": {"Payroll"}, "unit": {firstUnit}, "unsolicited": {"on"}, "attributes": {"nonsense = x"}}
	p = send(p, fill)
	if p.Status != 422 || !strings.Contains(p.Text(), "nonsense = x") || saved().ID != "" {
		t.Fatalf("an attribute that is not known: %d %s", p.Status, p.Text())
	}
	fill.Set("attributes", "mail = urn:oid:0.9.2342.19200300.100.1.3\nuid")
	p = send(p, fill)
	c := saved()
	if p.URL.Path != "/identity/clients/payroll" || c.MinLevel != identity.PhishingResistant || c.SAML == nil || !c.SAML.Unsolicited || len(c.SAML.Attributes) != 2 || c.SAML.Attributes[1] != (identity.Attribute{Claim: "uid", Name: "uid"}) ||
		c.SAML.NameID != identity.NameTransient || c.SAML.SignedRequests || c.SAML.Encryption == "" {
		t.Fatalf("saved: %s %+v %+v: %s", p.URL.Path, c, c.SAML, p.Text())
	}
	// New metadata is looked at before it takes the place of the old.
	p = send(open("/identity/clients/payroll/edit"), url.Values{"metadata": {spMetadata(t, "https://payroll.example/saml2")}})
	if saved().SAML.Entity != "https://payroll.example/saml" || !strings.Contains(p.Text(), "https://payroll.example/saml2") {
		t.Errorf("new metadata: %s", p.Text())
	}
	send(p, nil)
	if c := saved(); c.SAML.Entity != "https://payroll.example/saml2" || !c.SAML.Unsolicited || len(c.SAML.Attributes) != 2 {
		t.Errorf("changed: %+v", c.SAML)
	}
	send(open("/identity/clients/payroll/edit"), url.Values{"name_id": {identity.NamePersistent}, "signed_requests": {"on"}})
	if c := saved(); c.SAML.Entity != "https://payroll.example/saml2" || c.SAML.NameID != identity.NamePersistent || !c.SAML.SignedRequests {
		t.Errorf("changed again: %+v", c.SAML)
	}
	// The page that passes through goes to the application alone, by itself.
	p = open("/saml/start/payroll")
	f, ok := p.Form("^https://payroll.example/acs$")
	if !ok || f.Values().Get("SAMLResponse") == "" || strings.Contains(p.Header.Get("Content-Security-Policy"), "form-action") || !strings.Contains(p.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'") || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the form to the application: %v %v %s", ok, p.Header, p.Text())
	}
	if p, err := v.Get("/saml/sso?SAMLRequest=AAAA"); err != nil || p.Status != 422 || !strings.Contains(p.Text(), "not valid") {
		t.Errorf("nonsense: %v %+v", err, p)
	}
}

func spMetadata(t *testing.T, entity string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "payroll"}, NotAfter: time.Now().AddDate(1, 0, 0)}
	raw, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="` + entity + `">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(raw) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
<NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>
<AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://payroll.example/acs"/></SPSSODescriptor></EntityDescriptor>`
}
