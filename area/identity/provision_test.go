package identity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"yagura/area/identity"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// people keeps people as org does: who leaves is locked out in the same
// transaction.
type people struct{ s **identity.Service }

func (p people) Put(tx *store.Tx, by authz.Actor, m identity.Member) error {
	if strings.ContainsAny(m.Email, " <>") {
		return fault.Invalid(fault.F("email", "This is not a mail address§org"))
	}
	if err := authz.PutPeople(tx, authz.Person{ID: m.ID, Name: m.Name, Unit: m.Unit, Email: m.Email, Lang: m.Lang, Zone: m.Zone, Active: m.Present}); err != nil {
		return err
	}
	if m.Present {
		return tx.Record(by, fact.PersonAdded{Person: m.ID, Unit: m.Unit})
	}
	if err := (*p.s).Shut(tx, by, []string{m.ID}); err != nil {
		return err
	}
	return tx.Record(by, fact.PersonLeft{Person: m.ID, Unit: m.Unit})
}

// client is another system's directory.
type client struct {
	t      testing.TB
	h      http.Handler
	secret string
	header http.Header
}

func (w world) client(t testing.TB, unit string, leaving identity.Leaving) *client {
	t.Helper()
	_, secret, err := w.s.Connect(context.Background(), w.actor(t, "admin"), identity.Directory{Name: "Directory of " + unit, Unit: unit, Leaving: leaving, Until: w.clock.Now().AddDate(0, 6, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return &client{t, w.s.Provisioning(slog.New(slog.DiscardHandler)), secret, http.Header{}}
}

type document = map[string]any

// do sends a request and wants a status; it returns the answer.
func (c *client) do(method, path, body string, want int) document {
	c.t.Helper()
	r := httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+c.secret)
	r.Header.Set("Content-Type", "application/scim+json")
	for name, values := range c.header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	if w.Code != want {
		c.t.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	var d document
	if w.Body.Len() > 0 {
		if err := json.NewDecoder(bytes.NewReader(w.Body.Bytes())).Decode(&d); err != nil {
			c.t.Fatal(err)
		}
		if kind := w.Header().Get("Content-Type"); kind != "application/scim+json" {
			c.t.Errorf("%s %s is %s", method, path, kind)
		}
	}
	if want >= 400 && (d["status"] != fmt.Sprint(want) || d["detail"] == "") {
		c.t.Errorf("%s %s: the error says %v", method, path, d)
	}
	c.header = http.Header{}
	return d
}

func (c *client) find(filter string) document {
	c.t.Helper()
	return c.do("GET", "/Users?filter="+url.QueryEscape(filter), "", 200)
}

func op(ops string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + ops + `]}`
}

func newUser(name, more string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"name":{"givenName":"Given","familyName":%q},"emails":[{"value":%q,"type":"work","primary":true}]%s}`, name, name, name, more)
}

func total(d document) int { return int(d["totalResults"].(float64)) }

// TestDirectoryBringsPeople walks a client of SCIM through all it does.
func TestDirectoryBringsPeople(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		c := w.client(t, "works-eu", identity.Leave)
		for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group"} {
			c.do("GET", path, "", 200)
		}
		c.do("GET", "/ResourceTypes/Device", "", 404)
		c.do("POST", "/Bulk", "{}", 501)
		c.do("GET", "/Me", "", 501)
		c.do("POST", "/Users/x", "{}", 405)
		c.do("GET", "/Nothing", "", 404)

		// Keller is there already, by a list: the directory finds and takes him over.
		if d := c.find(`userName eq "KELLER@example"`); total(d) != 1 {
			t.Fatalf("who is there is not found: %v", d)
		}
		if d := c.do("POST", "/Users", newUser("keller@example", ""), 409); d["scimType"] != "uniqueness" {
			t.Errorf("%v", d)
		}
		c.do("PATCH", "/Users/keller", op(`{"op":"replace","path":"title","value":"Lead"}`), 200)

		// Create, find, page, sort.
		ids := map[string]string{}
		for i, name := range []string{"a@x.example", "B@x.example", "c@x.example"} {
			d := c.do("POST", "/Users", newUser(name, fmt.Sprintf(`,"externalId":"ext-%d","active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"nowhere"}`, i)), 201)
			ids[name] = d["id"].(string)
			if d["active"] != true || d["meta"].(document)["version"] == "" {
				t.Errorf("%v", d)
			}
		}
		if d := c.do("GET", "/Users?startIndex=2&count=2", "", 200); total(d) != 4 || len(d["Resources"].([]any)) != 2 || d["startIndex"].(float64) != 2 {
			t.Errorf("page: %v", d)
		}
		if d := c.do("GET", "/Users?count=0", "", 200); total(d) != 4 || len(d["Resources"].([]any)) != 0 {
			t.Errorf("count=0: %v", d)
		}
		d := c.do("GET", "/Users?sortBy=userName&sortOrder=descending&attributes=userName&count=2", "", 200)
		if first := d["Resources"].([]any)[0].(document); first["userName"] != "keller@example" || first["name"] != nil || first["id"] == nil {
			t.Errorf("sorted: %v", d)
		}
		if d := c.find(`emails.value sw "b@" and active eq true`); total(d) != 1 {
			t.Errorf("filter: %v", d)
		}
		if d := c.find(`externalId eq "ext-2"`); total(d) != 1 {
			t.Errorf("externalId: %v", d)
		}
		if d := c.do("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"userName eq \"c@x.example\"","excludedAttributes":["emails"]}`, 200); total(d) != 1 || d["Resources"].([]any)[0].(document)["emails"] != nil {
			t.Errorf("search: %v", d)
		}
		if d := c.do("GET", "/Users?filter=userName+xx+1", "", 400); d["scimType"] != "invalidFilter" {
			t.Errorf("%v", d)
		}

		// Entity tags.
		one := c.do("GET", "/Users/"+ids["c@x.example"], "", 200)
		tag := one["meta"].(document)["version"].(string)
		c.header.Set("If-None-Match", tag)
		c.do("GET", "/Users/"+ids["c@x.example"], "", 304)
		c.header.Set("If-Match", `W/"other"`)
		c.do("PATCH", "/Users/"+ids["c@x.example"], op(`{"op":"replace","path":"title","value":"x"}`), 412)
		c.header.Set("If-Match", tag)
		c.do("PATCH", "/Users/"+ids["c@x.example"], op(`{"op":"replace","path":"title","value":"x"}`), 200)
		c.header.Set("If-Match", tag)
		c.do("DELETE", "/Users/"+ids["c@x.example"], "", 412)

		// PUT takes away what it does not say, but nobody's account.
		if d := c.do("PUT", "/Users/"+ids["c@x.example"], newUser("c2@x.example", ""), 200); d["title"] != nil || d["active"] != true || d["externalId"] != nil || d["userName"] != "c2@x.example" {
			t.Errorf("put: %v", d)
		}
		c.do("PUT", "/Users/"+ids["c@x.example"], newUser("A@X.example", ""), 409)
		c.do("PUT", "/Users/"+ids["c@x.example"], `{"userName":""}`, 400)
		c.do("POST", "/Users", newUser("not an address <x>", ""), 400)

		// Groups.
		g := c.do("POST", "/Groups", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Plant","members":[{"value":%q},{"value":"keller"}]}`, ids["a@x.example"]), 201)
		group := g["id"].(string)
		if len(g["members"].([]any)) != 2 {
			t.Errorf("%v", g)
		}
		c.do("POST", "/Groups", `{"displayName":"Plant"}`, 409)
		c.do("PATCH", "/Groups/"+group, op(`{"op":"remove","path":"members[value eq \"keller\"]"}`), 200)
		c.do("PATCH", "/Groups/"+group, op(`{"op":"add","path":"members","value":[{"value":"nobody"}]}`), 400)
		c.do("PATCH", "/Groups/"+group, op(`{"op":"add","path":"members","value":[{"value":"`+group+`","type":"Group"}]}`), 400)
		if d := c.do("GET", "/Groups?filter="+url.QueryEscape(`displayName eq "plant"`)+"&excludedAttributes=members", "", 200); total(d) != 1 || d["Resources"].([]any)[0].(document)["members"] != nil {
			t.Errorf("%v", d)
		}
		if d := c.find(`groups.display eq "Plant"`); total(d) != 1 {
			t.Errorf("by group: %v", d)
		}
		if err := w.s.Claim(context.Background(), w.actor(t, "keller"), group, "plant"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a handler maps a group: %v", err)
		}
		if err := w.s.Claim(context.Background(), w.actor(t, "admin"), group, "plant"); err != nil {
			t.Error(err)
		}

		if p, err := w.s.Profile(context.Background(), ids["a@x.example"]); err != nil || !slices.Contains(p.Groups, "plant") || !slices.Contains(p.Groups, p.Person.Unit) {
			t.Errorf("applications are told of %v, %v", p.Groups, err)
		}
		if err := w.s.Claim(context.Background(), w.actor(t, "admin"), group, "works-us"); err != nil {
			t.Error(err)
		}
		if p, err := w.s.Profile(context.Background(), ids["a@x.example"]); err != nil || slices.Contains(p.Groups, "works-us") {
			t.Errorf("a directory says that somebody belongs to a unit: %v, %v", p.Groups, err)
		}

		// Withdrawn and back: the same person.
		c.do("DELETE", "/Users/"+ids["a@x.example"], "", 204)
		c.do("GET", "/Users/"+ids["a@x.example"], "", 404)
		c.do("DELETE", "/Users/"+ids["a@x.example"], "", 404)
		if d := c.do("GET", "/Groups/"+group, "", 200); d["members"] != nil {
			t.Errorf("who is withdrawn is a member still: %v", d)
		}
		if d := c.do("POST", "/Users", newUser("a@x.example", ""), 201); d["id"] != ids["a@x.example"] {
			t.Errorf("back as another person: %v", d)
		}
		c.do("DELETE", "/Groups/"+group, "", 204)
	})
}

// TestDirectorySeesItsPartAlone asks a directory of Europe for people of America.
func TestDirectorySeesItsPartAlone(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		eu, us := w.client(t, "eu", identity.Leave), w.client(t, "works-us", identity.Leave)
		other := us.do("POST", "/Users", newUser("ana@x.example", ""), 201)["id"].(string)
		group := us.do("POST", "/Groups", `{"displayName":"Ohio","members":[{"value":"`+other+`"}]}`, 201)["id"].(string)
		absent := eu.do("GET", "/Users/nobody", "", 404)["detail"].(string)
		for _, id := range []string{other, "ruiz", "admin"} {
			for _, method := range []string{"GET", "DELETE", "PUT", "PATCH"} {
				body := newUser("x@x.example", "")
				if method == "PATCH" {
					body = op(`{"op":"replace","path":"active","value":false}`)
				}
				if d := eu.do(method, "/Users/"+id, body, 404); strings.ReplaceAll(d["detail"].(string), id, "nobody") != absent {
					t.Errorf("%s tells of %s: %v", method, id, d)
				}
			}
		}
		eu.do("GET", "/Groups/"+group, "", 404)
		eu.do("DELETE", "/Groups/"+group, "", 404)
		if d := eu.do("POST", "/Groups", `{"displayName":"Ohio","members":[{"value":"ruiz"}]}`, 400); d["scimType"] != "invalidValue" {
			t.Errorf("%v", d)
		}
		eu.do("POST", "/Groups", `{"displayName":"Ohio"}`, 201) // the name is free here
		for _, filter := range []string{`userName eq "ana@x.example"`, `id eq "ruiz"`, `id eq "` + other + `"`, `userName pr and not (userName eq "keller@example")`, `emails.value co "ana"`} {
			if d := eu.find(filter); total(d) != 0 {
				t.Errorf("%s: %v", filter, d)
			}
		}
		if d := eu.do("GET", "/Users", "", 200); total(d) != 1 {
			t.Errorf("counted: %v", d)
		}
		// An account for emergencies is no directory's.
		emergency := func(ended int64) {
			w.change(t, func(tx *store.Tx) error {
				if _, err := tx.Exec("INSERT INTO identity_breakglass (person, made, made_by, ended) VALUES ('keller', 1, 'admin', $1) ON CONFLICT (person) DO UPDATE SET ended = excluded.ended", ended); err != nil {
					return err
				}
				return tx.Record(authz.System("test"), left{})
			})
		}
		emergency(0)
		eu.do("PATCH", "/Users/keller", op(`{"op":"replace","path":"active","value":false}`), 404)
		if d := eu.do("GET", "/Users", "", 200); total(d) != 0 {
			t.Errorf("counted: %v", d)
		}
		emergency(2)
		// A name and a mail address that somebody outside has are no conflict.
		d := eu.do("POST", "/Users", newUser("ana@x.example", `,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"works-us"}`), 201)
		if err := db.View(context.Background(), func(tx *store.Tx) error {
			p, err := authz.FindPerson(tx, d["id"].(string))
			if err == nil && (p.Unit != "eu" || p.Email != "") {
				t.Errorf("put to %s with %q", p.Unit, p.Email)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		// Moved out of its part, a person is gone for the directory.
		w.change(t, func(tx *store.Tx) error {
			if err := authz.PutPeople(tx, authz.Person{ID: d["id"].(string), Name: "Ana", Unit: "works-us", Active: true}); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
		eu.do("GET", "/Users/"+d["id"].(string), "", 404)
		us.do("GET", "/Users/"+d["id"].(string), "", 404) // another directory keeps her
	})
}

// TestTokenOfADirectory has no power after its time, nor an administrator's.
func TestTokenOfADirectory(t *testing.T) {
	db, clk := storetest.SQLite(t, tables...)
	w := found(t, db, clk)
	c := w.client(t, "works-eu", identity.Disable)
	good := c.secret
	token, err := w.s.MakeToken(context.Background(), w.actor(t, "keller"), "script", []authz.Act{readThings}, clk.Now().AddDate(0, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"", "ygd_x", token, good + "x"} {
		c.secret = secret
		c.do("GET", "/Users", "", 401)
		c.do("GET", "/ServiceProviderConfig", "", 401)
	}
	c.secret = good
	list, err := w.s.Directories(context.Background(), authz.Everything())
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	fresh, err := w.s.RenewDirectory(context.Background(), w.actor(t, "admin"), list[0].ID, clk.Now().AddDate(0, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	c.do("GET", "/Users", "", 401)
	c.secret = fresh
	c.do("GET", "/Users", "", 200)
	clk.Advance(40 * 24 * 3600 * 1e9)
	c.do("GET", "/Users", "", 401)
	if _, _, err := w.s.Connect(context.Background(), w.actor(t, "keller"), identity.Directory{Name: "x", Unit: "eu", Leaving: identity.Leave, Until: clk.Now().AddDate(0, 1, 0)}); !fault.Is(err, fault.KindDenied) {
		t.Errorf("a handler connects a directory: %v", err)
	}
	if _, _, err := w.s.Connect(context.Background(), w.actor(t, "admin"), identity.Directory{Name: "x", Unit: "nowhere", Leaving: "keep", Until: clk.Now().AddDate(2, 0, 0)}); !fault.Is(err, fault.KindInvalid) || len(fault.FieldsOf(err)) != 3 {
		t.Errorf("%v", err)
	}
	if err := w.s.EndDirectory(context.Background(), w.actor(t, "admin"), list[0].ID); err != nil {
		t.Fatal(err)
	}
	c.do("GET", "/Users", "", 401)
}

// TestContainedStaysContained: a directory releases nobody whom the CSIRT
// contained, and the CSIRT nobody whom his directory disabled.
func TestContainedStaysContained(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		c := w.client(t, "works-eu", identity.Disable)
		by := w.actor(t, "admin")
		enters := func() bool {
			secret, _, err := w.s.LinkFor(context.Background(), by, "keller")
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.s.Follow(context.Background(), secret, identity.Device{})
			return err == nil
		}
		active := func(yes bool) {
			c.do("PATCH", "/Users/keller", op(fmt.Sprintf(`{"op":"replace","path":"active","value":%v}`, yes)), 200)
		}
		w.change(t, func(tx *store.Tx) error {
			_, err := w.s.Close(tx, by, "keller", identity.Standing{State: identity.Contained, Reason: "phished", Incident: "INC-1"})
			return err
		})
		active(false)
		active(true)
		if enters() {
			t.Error("the directory released whom the CSIRT contained")
		}
		active(false)
		w.change(t, func(tx *store.Tx) error { return w.s.Open(tx, by, "keller", identity.Contained) })
		if enters() {
			t.Error("released, though the directory disabled the account meanwhile")
		}
		if active(true); !enters() {
			t.Error("released by both, but kept out")
		}
	})
}
