package saml_test

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	peer "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"yagura/area/identity"
	"yagura/area/identity/saml"
)

func unpacked(t testing.TB, packed string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func deflated(raw []byte) string {
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, flate.BestCompression)
	z.Write(raw)
	z.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// attacks tries what is tried against identity providers. Each must end with a
// page of this host, with no form for anybody, and with nobody let in.
func attacks(t *testing.T, w *world) {
	w.strewn.Store(true) // a network that is told to wait proves nothing
	open := w.application("open", pairs()[0])
	w.register("open", open, func(m *identity.SAML, c *identity.Client) { m.SignedRequests = false })
	strict := w.application("strict", pairs()[1])
	w.register("strict", strict, func(m *identity.SAML, c *identity.Client) { m.SignedRequests = true })
	b := w.browser("keller")
	w.enters(b, open) // who is signed in is answered at once, if at all

	plain := func(sp *peer.ServiceProvider, change func(q *peer.AuthnRequest)) []byte {
		t.Helper()
		q, err := w.now(sp).MakeAuthenticationRequest(sp.GetSSOBindingLocation(peer.HTTPRedirectBinding), peer.HTTPRedirectBinding, peer.HTTPPostBinding)
		if err != nil {
			t.Fatal(err)
		}
		q.Signature = nil
		if change != nil {
			change(q)
		}
		return asText(t, q.Element())
	}
	get := func(raw []byte) outcome {
		return b.open(w.issuer + "/saml/sso?" + url.Values{"SAMLRequest": {deflated(raw)}}.Encode())
	}
	post := func(raw []byte) outcome {
		return b.submit(w.issuer+"/saml/sso", url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(raw)}})
	}
	signedForm := func(sp *peer.ServiceProvider, key pair, method string, change func(q *peer.AuthnRequest)) []byte {
		t.Helper()
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(plain(sp, change)); err != nil {
			t.Fatal(err)
		}
		ctx, err := dsig.NewSigningContext(key.key, [][]byte{key.cert.Raw})
		if err != nil {
			t.Fatal(err)
		}
		ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
		if err := ctx.SetSignatureMethod(method); err != nil {
			t.Fatal(err)
		}
		signed, err := ctx.SignEnveloped(doc.Root())
		if err != nil {
			t.Fatal(err)
		}
		children := signed.ChildElements()
		sig := children[len(children)-1]
		signed.Child = signed.Child[:len(signed.Child)-1]
		signed.InsertChildAt(1, sig)
		return asText(t, signed)
	}
	inside := func(raw []byte, after string, add string) []byte {
		t.Helper()
		if !bytes.Contains(raw, []byte(after)) {
			t.Fatalf("no %s in %s", after, raw)
		}
		return bytes.Replace(raw, []byte(after), []byte(after+add), 1)
	}
	signedQuery := func(sp *peer.ServiceProvider, relay string) *url.URL {
		t.Helper()
		address, _ := w.begin(sp, relay)
		u, _ := url.Parse(address)
		return u
	}
	without := func(u *url.URL, names ...string) string {
		q := u.Query()
		for _, n := range names {
			q.Del(n)
		}
		v := *u
		v.RawQuery = q.Encode()
		return v.String()
	}
	const entity = "https://open.example/saml"
	good, rsa256 := pairs()[1], dsig.RSASHA256SignatureMethod

	// What an honest application sends gets an answer: otherwise nothing here is shown.
	for what, o := range map[string]outcome{
		"unsigned": get(plain(open, nil)), "signed in the form": post(signedForm(strict, good, rsa256, nil)), "signed in the address": b.open(signedQuery(strict, "x").String()),
	} {
		if o.post == nil {
			t.Fatalf("%s: %d %s", what, o.status, o.body)
		}
	}
	replayed := signedQuery(strict, "").String()
	b.open(replayed)
	bomb := bytes.Repeat([]byte("<!-- "+strings.Repeat("a", 1<<10)+" -->"), 5<<10)
	wrapped := signedForm(strict, good, rsa256, nil)
	id := regexp.MustCompile(` ID="([^"]+)"`).FindSubmatch(wrapped)[1]
	evil := func(raw []byte) []byte { // the same with another address and id
		return regexp.MustCompile(` ID="[^"]+"`).ReplaceAll(raw, []byte(` ID="evil"`))
	}
	sigOf := regexp.MustCompile(`(?s)<ds:Signature .*</ds:Signature>`)
	old := w.application("strict", pairs()[2])

	list := map[string]outcome{
		"an unsigned request of who must sign":           get(plain(strict, nil)),
		"the same by form":                               post(plain(strict, nil)),
		"a signature by another key, in the form":        post(signedForm(strict, pairs()[2], rsa256, nil)),
		"a signature by another key, in the address":     b.open(signedQuery(old, "").String()),
		"a signature taken off the address":              b.open(without(signedQuery(strict, "r"), "SigAlg", "Signature")),
		"a signature without its algorithm":              b.open(without(signedQuery(strict, "r"), "SigAlg")),
		"an algorithm without a signature":               b.open(without(signedQuery(strict, "r"), "Signature")),
		"a RelayState that was not signed":               b.open(signedQuery(strict, "").String() + "&RelayState=https%3A%2F%2Fevil.example"),
		"a RelayState taken away":                        b.open(without(signedQuery(strict, "r"), "RelayState")),
		"a RelayState that stands twice":                 b.open(signedQuery(open, "a").String() + "&RelayState=b"),
		"a RelayState that is too long":                  b.open(signedQuery(open, strings.Repeat("r", 1025)).String()),
		"a RelayState with line ends":                    b.open(signedQuery(open, "a\r\nSet-Cookie: x").String()),
		"SHA-1 in the address":                           b.open(strings.Replace(signedQuery(strict, "").String(), url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"), url.QueryEscape("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), 1)),
		"SHA-1 in the form":                              post(signedForm(strict, good, dsig.RSASHA1SignatureMethod, nil)),
		"a key for HMAC":                                 post(bytes.Replace(wrapped, []byte("xmldsig-more#rsa-sha256"), []byte("xmldsig-more#hmac-sha256"), 1)),
		"an address that is not registered":              get(plain(open, func(q *peer.AuthnRequest) { q.AssertionConsumerServiceURL = "https://evil.example/acs" })),
		"an address that begins like the registered one": get(plain(open, func(q *peer.AuthnRequest) { q.AssertionConsumerServiceURL += "/../evil" })),
		"an address with a query more":                   get(plain(open, func(q *peer.AuthnRequest) { q.AssertionConsumerServiceURL += "?next=https://evil.example" })),
		"an address in capital letters":                  get(plain(open, func(q *peer.AuthnRequest) { q.AssertionConsumerServiceURL = "https://OPEN.example/saml/acs" })),
		"an address of another application":              get(plain(open, func(q *peer.AuthnRequest) { q.AssertionConsumerServiceURL = "https://strict.example/saml/acs" })),
		"a script for an address":                        get(plain(open, func(q *peer.AuthnRequest) { q.AssertionConsumerServiceURL = "javascript:alert(1)" })),
		"an index that is not registered":                get(plain(open, func(q *peer.AuthnRequest) { q.AssertionConsumerServiceURL, q.AssertionConsumerServiceIndex = "", "7" })),
		"an index besides another address": get(plain(open, func(q *peer.AuthnRequest) {
			q.AssertionConsumerServiceURL, q.AssertionConsumerServiceIndex = "https://evil.example/acs", "1"
		})),
		"a request for another provider":                       get(plain(open, func(q *peer.AuthnRequest) { q.Destination = "https://other.example/saml/sso" })),
		"a signed request for nobody":                          post(signedForm(strict, good, rsa256, func(q *peer.AuthnRequest) { q.Destination = "" })),
		"an application that is not known":                     get(plain(open, func(q *peer.AuthnRequest) { q.Issuer.Value = "https://evil.example/saml" })),
		"an issuer of another kind":                            get(plain(open, func(q *peer.AuthnRequest) { q.Issuer.Format = string(peer.EmailAddressNameIDFormat) })),
		"the issuer of another application over its signature": post(bytes.Replace(wrapped, []byte("https://strict.example/saml<"), []byte(entity+"<"), 1)),
		"a request of yesterday":                               get(plain(open, func(q *peer.AuthnRequest) { q.IssueInstant = q.IssueInstant.Add(-24 * time.Hour) })),
		"a request of two minutes ago":                         get(plain(open, func(q *peer.AuthnRequest) { q.IssueInstant = q.IssueInstant.Add(-2 * time.Minute) })),
		"a request of tomorrow":                                get(plain(open, func(q *peer.AuthnRequest) { q.IssueInstant = q.IssueInstant.Add(24 * time.Hour) })),
		"a request that was answered":                          b.open(replayed),
		"an unsigned request of an id that was answered":       get(plain(open, func(q *peer.AuthnRequest) { q.ID = answered(t, w, b, open) })),
		"a request of SAML 1.1":                                get(plain(open, func(q *peer.AuthnRequest) { q.Version = "1.1" })),
		"a request without an id":                              get(plain(open, func(q *peer.AuthnRequest) { q.ID = "" })),
		"an id that is no name":                                get(plain(open, func(q *peer.AuthnRequest) { q.ID = `a" onload="x` })),
		"a document type":                                      get(append([]byte("<!DOCTYPE r>"), plain(open, nil)...)),
		"an entity from a file":                                post(append([]byte(`<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>`), bytes.Replace(plain(open, nil), []byte(entity+"<"), []byte("&x;<"), 1)...)),
		"a billion laughs":                                     post([]byte(`<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><r>&c;</r>`)),
		"a comment in the issuer":                              get(bytes.Replace(plain(open, nil), []byte(entity+"<"), []byte(entity+"<!-- -->.evil.example<"), 1)),
		"a comment in a signed issuer":                         post(bytes.Replace(wrapped, []byte("https://strict.example/saml<"), []byte("https://strict.example<!-- -->/saml<"), 1)),
		"a processing instruction":                             get(bytes.Replace(plain(open, nil), []byte(entity+"<"), []byte(entity+"<?evil x?><"), 1)),
		"a CDATA section":                                      get(bytes.Replace(plain(open, nil), []byte(entity+"<"), []byte("<![CDATA["+entity+"]]><"), 1)),
		"a prefix that nobody declared":                        get(bytes.Replace(plain(open, nil), []byte(` Version="2.0"`), []byte(` Version="2.0" x:Destination="y"`), 1)),
		"an attribute of another name space":                   get(bytes.Replace(plain(open, nil), []byte(` Version="2.0"`), []byte(` Version="2.0" xmlns:x="urn:x" x:ID="other"`), 1)),
		"a prefix named like an attribute":                     get(bytes.Replace(plain(open, nil), []byte(` Version="2.0"`), []byte(` Version="2.0" xmlns:AssertionConsumerServiceURL="https://evil.example"`), 1)),
		"an attribute that stands twice":                       get(bytes.Replace(plain(open, nil), []byte(` Version="2.0"`), []byte(` Version="2.0" Destination="`+w.issuer+`/saml/sso"`), 1)),
		"two issuers":                                          get(inside(plain(open, nil), entity+"</saml:Issuer>", `<saml:Issuer>https://strict.example/saml</saml:Issuer>`)),
		"a signature around another request": post([]byte(`<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="evil" Version="2.0" IssueInstant="` + w.clock.Now().Format(time.RFC3339) +
			`" Destination="` + w.issuer + `/saml/sso" AssertionConsumerServiceURL="https://strict.example/saml/acs"><saml:Issuer>https://strict.example/saml</saml:Issuer>` + string(sigOf.Find(wrapped)) + `<samlp:Extensions>` + string(wrapped) + `</samlp:Extensions></samlp:AuthnRequest>`)),
		"a signed request hidden in its own signature": post(bytes.Replace(evil(wrapped), []byte("</ds:Signature>"), []byte("<ds:Object>"+string(sigOf.ReplaceAll(wrapped, nil))+"</ds:Object></ds:Signature>"), 1)),
		"the ID of the signed part twice":              post(inside(evil(wrapped), "</ds:Signature>", `<samlp:Extensions><x ID="`+string(id)+`"/></samlp:Extensions>`)),
		"a signature of something else":                post(bytes.Replace(wrapped, []byte(` ID="`+string(id)+`"`), []byte(` ID="evil"`), 1)),
		"a signed request with an address changed":     post(bytes.Replace(wrapped, []byte("strict.example/saml/acs"), []byte("strict.example/saml/ac5"), 1)),
		"a reference to the whole document":            post(bytes.Replace(wrapped, []byte(`URI="#`+string(id)+`"`), []byte(`URI=""`), 1)),
		"a style sheet as a transform":                 post(bytes.Replace(wrapped, []byte("http://www.w3.org/2000/09/xmldsig#enveloped-signature"), []byte("http://www.w3.org/TR/1999/REC-xslt-19991116"), 1)),
		"a request that unpacks to 5 MiB":              get(bomb),
		"a request that is too long":                   get(inside(plain(open, nil), "</saml:Issuer>", "<samlp:Extensions>"+strings.Repeat("<x/>", 20<<10)+"</samlp:Extensions>")),
		"a request that is too deep":                   get(inside(plain(open, nil), "</saml:Issuer>", "<samlp:Extensions>"+strings.Repeat("<x>", 100)+strings.Repeat("</x>", 100)+"</samlp:Extensions>")),
		"something after the packed request":           b.open(w.issuer + "/saml/sso?" + url.Values{"SAMLRequest": {deflated(plain(open, nil))[:40] + "AAAA"}}.Encode()),
		"a request that is not packed":                 b.open(w.issuer + "/saml/sso?" + url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(plain(open, nil))}}.Encode()),
		"another encoding of the address":              b.open(w.issuer + "/saml/sso?" + url.Values{"SAMLRequest": {deflated(plain(open, nil))}, "SAMLEncoding": {"urn:x"}}.Encode()),
		"two requests":                                 b.open(w.issuer + "/saml/sso?" + url.Values{"SAMLRequest": {deflated(plain(open, nil)), deflated(plain(open, nil))}}.Encode()),
		"a response":                                   b.open(w.issuer + "/saml/sso?" + url.Values{"SAMLResponse": {deflated(plain(open, nil))}}.Encode()),
		"a request to sign out for one to sign in":     get(bytes.ReplaceAll(plain(open, nil), []byte("AuthnRequest"), []byte("LogoutRequest"))),
		"nothing":                                 b.open(w.issuer + "/saml/sso"),
		"nothing by form":                         b.submit(w.issuer+"/saml/sso", url.Values{}),
		"a request in the address of a form":      b.submit(w.issuer+"/saml/sso?"+url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(plain(open, nil))}}.Encode(), url.Values{}),
		"a continuation that was not sealed here": b.open(w.issuer + "/saml/resume?r=AAAA"),
		"the seal of something else":              b.open(w.issuer + "/saml/resume?r=" + sealedElsewhere(t, w)),
	}
	before := w.log("enter-application")
	for what, o := range list {
		if o.post != nil || o.at.Host != strings.TrimPrefix(w.issuer, "http://") || o.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d at %s, form %v: %.300s", what, o.status, o.at, o.post != nil, o.body)
		}
	}
	if len(list) < 60 {
		t.Errorf("%d attacks", len(list))
	}
	if after := w.log("enter-application"); after != before {
		t.Errorf("somebody was let in: %s", after)
	}

	// Requests to sign out: unsigned, by another key, of another, of yesterday.
	address := open.GetSLOBindingLocation(peer.HTTPRedirectBinding)
	leave := func(sp *peer.ServiceProvider, change func(q *peer.LogoutRequest)) *peer.LogoutRequest {
		t.Helper()
		q, err := w.now(sp).MakeLogoutRequest(address, name(t, w, b, open))
		if err != nil {
			t.Fatal(err)
		}
		q.Signature = nil
		if change != nil {
			change(q)
		}
		return q
	}
	sent := func(sp *peer.ServiceProvider, q *peer.LogoutRequest) outcome {
		t.Helper()
		u, err := sp.RedirectLogoutRequestURL(q, "")
		if err != nil {
			t.Fatal(err)
		}
		return b.open(address + "?" + u.RawQuery)
	}
	outs := map[string]outcome{
		"unsigned":           b.open(w.issuer + "/saml/slo?" + url.Values{"SAMLRequest": {deflated(asText(t, leave(open, nil).Element()))}}.Encode()),
		"by another key":     sent(old, leave(strict, nil)),
		"of yesterday":       sent(open, leave(open, func(q *peer.LogoutRequest) { q.IssueInstant = q.IssueInstant.Add(-24 * time.Hour) })),
		"ended":              sent(open, leave(open, func(q *peer.LogoutRequest) { past := w.clock.Now().Add(-time.Hour); q.NotOnOrAfter = &past })),
		"for another":        sent(open, leave(open, func(q *peer.LogoutRequest) { q.Destination = "https://other.example/slo" })),
		"of nobody":          sent(open, leave(open, func(q *peer.LogoutRequest) { q.NameID = nil })),
		"of an unknown one":  sent(open, leave(open, func(q *peer.LogoutRequest) { q.Issuer.Value = "https://evil.example" })),
		"a sealed other one": b.open(w.issuer + "/saml/left?r=AAAA"),
	}
	for what, o := range outs {
		if o.status != http.StatusUnprocessableEntity || o.at.Host != strings.TrimPrefix(w.issuer, "http://") {
			t.Errorf("sign-out %s: %d at %s", what, o.status, o.at)
		}
	}
	if w.sessions("keller") == 0 {
		t.Error("a session was ended")
	}
	t.Logf("%d attacks on sign-in and %d on sign-out are refused", len(list), len(outs))
}

// paced has one network send what is wrong until it must wait: with whatever it
// sends, by every door, and nobody else with it.
func paced(t *testing.T, w *world) {
	sp := w.application("paced", pairs()[0])
	w.register("paced", sp, nil)
	b := w.browser("keller")
	w.clock.Advance(time.Minute) // what was counted before counts no more
	w.strewn.Store(false)
	defer w.strewn.Store(true)
	stranger := w.application("stranger", pairs()[1])
	wrong := []func() outcome{
		func() outcome { return b.open(w.issuer + "/saml/sso?SAMLRequest=AAAA") },
		func() outcome { return b.submit(w.issuer+"/saml/sso", url.Values{"SAMLRequest": {"AAAA"}}) },
		func() outcome { return b.open(w.issuer + "/saml/slo?SAMLRequest=AAAA") },
		func() outcome { return b.submit(w.issuer+"/saml/slo", url.Values{"SAMLRequest": {"AAAA"}}) },
		func() outcome { address, _ := w.begin(stranger, ""); return b.open(address) },
		func() outcome { address, _ := w.begin(sp, ""); return b.open(address + "AAAA") }, // the signature is another
	}
	for i := range 60 {
		if o := wrong[i%len(wrong)](); o.status != http.StatusUnprocessableEntity {
			t.Fatalf("%d: %d %s", i, o.status, o.body)
		}
	}
	wrong = append(wrong, func() outcome { address, _ := w.begin(sp, ""); return b.open(address) }) // a good one waits as well
	for i, one := range wrong {
		if o := one(); o.status != http.StatusTooManyRequests {
			t.Errorf("%d after sixty: %d %s", i, o.status, o.body)
		}
	}
	w.strewn.Store(true)
	if address, _ := w.begin(sp, ""); b.open(address).post == nil {
		t.Error("another network has to wait too")
	}
	w.strewn.Store(false)
	old, _ := w.begin(sp, "")
	w.clock.Advance(time.Hour)
	for i := range 70 {
		if o := b.open(old); o.status != http.StatusUnprocessableEntity {
			t.Fatalf("an old page that is opened once more, %d: %d", i, o.status)
		}
	}
	if address, _ := w.begin(sp, ""); b.open(address).post == nil {
		t.Error("after a while it is not let in")
	}
}

// answered is the id of a request that was answered.
func answered(t *testing.T, w *world, b *browser, sp *peer.ServiceProvider) string {
	t.Helper()
	address, id := w.begin(sp, "")
	if o := b.open(address); o.post == nil {
		t.Fatal(o.body)
	}
	return id
}

// name is how an application knows the person of a browser.
func name(t *testing.T, w *world, b *browser, sp *peer.ServiceProvider) string {
	t.Helper()
	return w.enters(b, sp).Subject.NameID.Value
}

func sealedElsewhere(t *testing.T, w *world) string {
	t.Helper()
	sealed, err := w.s.Seal(map[string]any{"c": "open", "t": "https://evil.example/acs", "u": w.clock.Now().Add(time.Hour).UnixMilli()}, "authorization request")
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func asText(t testing.TB, e *etree.Element) []byte {
	t.Helper()
	doc := etree.NewDocument()
	doc.SetRoot(e)
	raw, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestMetadataOfOthers reads what is wrong with metadata, and says where.
func TestMetadataOfOthers(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	cert := base64.StdEncoding.EncodeToString(pairs()[0].cert.Raw)
	whole := func(in string) string {
		return `<?xml version="1.0" encoding="UTF-8"?>
<!-- written by hand -->
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="https://a.example/saml"><SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + in + `</SPSSODescriptor></EntityDescriptor>`
	}
	key := func(use, cert string) string {
		return `<KeyDescriptor use="` + use + `"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + cert + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`
	}
	const acs = `<AssertionConsumerService index="3" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://a.example/acs"/>`
	m, err := saml.ReadMetadata([]byte("\ufeff"+whole(key("signing", cert)+key("encryption", "\n"+cert[:64]+"\n"+cert[64:]+"\n")+
		`<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://a.example/soap"/><NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>`+
		`<AssertionConsumerService index="1" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://a.example/art"/>`+acs)), now)
	if err != nil || m.Entity != "https://a.example/saml" || len(m.Consumers) != 1 || m.Consumers[0] != (identity.Consumer{Location: "https://a.example/acs", Index: 3, Default: true}) ||
		len(m.SignOuts) != 1 || m.SignOuts[0].Binding != identity.BySOAP || len(m.Signing) != 1 || m.Encryption != cert || !m.SignedRequests || m.NameID != identity.NameTransient {
		t.Errorf("%+v %v", m, err)
	}
	for what, in := range map[string]string{
		"nothing": "", "no XML": "hello", "a document type": "<!DOCTYPE x>" + whole(acs), "another root": "<a/>", "another kind": strings.ReplaceAll(whole(acs), "EntityDescriptor", "EntitiesDescriptor"),
		"no application": strings.ReplaceAll(whole(""), "SPSSODescriptor", "Organization"), "no address": whole(""), "SAML 1.1": strings.ReplaceAll(whole(acs), "SAML:2.0:protocol", "SAML:1.1:protocol"),
		"over": strings.Replace(whole(acs), " entityID", ` validUntil="2020-01-01T00:00:00Z" entityID`, 1), "a broken certificate": whole(key("signing", "AAAA") + acs),
		"too long": whole(acs + strings.Repeat(" ", saml.MostMetadata)), "two": strings.Replace(whole(acs), "</EntityDescriptor>", `<SPSSODescriptor protocolSupportEnumeration="x"/></EntityDescriptor>`, 1),
	} {
		if _, err := saml.ReadMetadata([]byte(in), now); err == nil || !strings.Contains(fmt.Sprintf("%+v", err), "metadata") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// registration refuses what metadata may say and nobody should be sent to.
func registration(t *testing.T, w *world) {
	good := func() *identity.SAML {
		return &identity.SAML{Entity: "https://r.example/saml", NameID: identity.NamePersistent, Consumers: []identity.Consumer{{Location: "https://r.example/acs"}}}
	}
	for what, change := range map[string]func(m *identity.SAML){
		"a script": func(m *identity.SAML) { m.Consumers[0].Location = "javascript:alert(1)" },
		"http":     func(m *identity.SAML) { m.Consumers[0].Location = "http://r.example/acs" },
		"one index twice": func(m *identity.SAML) {
			m.Consumers = append(m.Consumers, identity.Consumer{Location: "https://r.example/2"})
		},
		"a taken entityID": func(m *identity.SAML) { m.Entity = "https://open.example/saml" },
		"no entityID":      func(m *identity.SAML) { m.Entity = "" },
		"a file for sign-out": func(m *identity.SAML) {
			m.SignOuts = []identity.SignOutPoint{{Binding: identity.BySOAP, Location: "file:///etc/passwd"}}
		},
		"signed without key": func(m *identity.SAML) { m.SignedRequests = true },
		"an unknown claim":   func(m *identity.SAML) { m.Attributes = []identity.Attribute{{Claim: "password", Name: "x"}} },
		"another name":       func(m *identity.SAML) { m.NameID = "windows" },
	} {
		m := good()
		change(m)
		if _, err := w.s.AddClient(context.Background(), w.admin, identity.Client{ID: "bad", Name: "Bad", Unit: "works", Kind: identity.SAMLClient, SAML: m}); err == nil {
			t.Errorf("%s is registered", what)
		}
	}
}
