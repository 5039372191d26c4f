package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// persona signs the keeper of a works in.
type persona struct {
	db  *store.DB
	dir *authz.Directory
}

func (p persona) Actor(_ http.ResponseWriter, r *http.Request) (a authz.Actor, err error) {
	err = p.db.View(r.Context(), func(tx *store.Tx) error {
		a, err = p.dir.ActorOf(tx, "keeper")
		return err
	})
	return a, err
}

// registry is the pages over a registry with one product.
type registry struct {
	t       *testing.T
	mux     *http.ServeMux
	product string
}

func newRegistry(t *testing.T) *registry {
	t.Helper()
	db, _ := storetest.SQLite(t, authz.Migrations, ledger.Migrations, psirt.Migrations)
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, ledger.Acts, psirt.Acts))
	s := psirt.New(db, psirt.Ports{})
	g := &registry{t: t, mux: http.NewServeMux()}
	system := authz.System("test")
	if err := db.Change(context.Background(), func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "works", Name: "Works", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "works"}); err != nil {
			return err
		}
		if err := authz.PutPeople(tx, authz.Person{ID: "keeper", Name: "Keeper", Unit: "works", Lang: text.EN, Active: true}); err != nil {
			return err
		}
		if err := authz.Found(tx, system, authz.Grant{Person: "keeper", Role: authz.Psirt, Tree: authz.Own, Unit: "works", Until: tx.Now.AddDate(1, 0, 0)}); err != nil {
			return err
		}
		var err error
		g.product, err = s.SeedProduct(tx, system, psirt.PastProduct{ProductDraft: psirt.ProductDraft{Vendor: "Kitaura", Name: "FX9U <b>", Unit: "works", Scheme: "lettered"},
			Models: []product.Model{{Number: "FX9U-32MT/ES"}}, Firmware: []product.Firmware{{Version: "1.05F"}}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	k, err := console.New(console.Options{Areas: []console.Area{Area(s)}, Sessions: persona{db, dir}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Clock: db.Clock(), UnitAct: psirt.Read})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Mount(g.mux); err != nil {
		t.Fatal(err)
	}
	return g
}

// do answers with the status and the body, or where it leads.
func (g *registry) do(method, path, kind string, body io.Reader) (int, string) {
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	g.mux.ServeHTTP(w, r)
	if w.Code == http.StatusSeeOther {
		return w.Code, w.Header().Get("Location")
	}
	return w.Code, w.Body.String()
}

func (g *registry) post(path string, form url.Values) (int, string) {
	return g.do("POST", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

func (g *registry) upload(path, file string, fields ...string) (int, string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		m.WriteField(fields[i], fields[i+1])
	}
	f, _ := m.CreateFormFile("file", "file")
	io.WriteString(f, file)
	m.Close()
	return g.do("POST", path, m.FormDataContentType(), &b)
}

// shows fails unless a page answers with a status and has all words.
func (g *registry) shows(code int, body string, status int, words ...string) {
	g.t.Helper()
	if code != status {
		g.t.Errorf("answers %d, not %d: %.300s", code, status, body)
	}
	for _, w := range words {
		if !strings.Contains(body, w) {
			g.t.Errorf("does not show %q", w)
		}
	}
}

func (g *registry) get(path string, status int, words ...string) string {
	g.t.Helper()
	code, body := g.do("GET", path, "", nil)
	g.shows(code, body, status, words...)
	return body
}

func TestImportPages(t *testing.T) {
	g := newRegistry(t)
	code, body := g.upload("/psirt/product-import", "product,version\nX,", "unit", "nowhere")
	g.shows(code, body, 422, "Choose a unit")
	code, body = g.upload("/psirt/product-import", "colour\nred", "unit", "works")
	g.shows(code, body, 422, "The column colour is not known")
	code, at := g.upload("/psirt/product-import", "vendor,product,scheme,model,version\nKitaura,FX9U <b>,,FX9U-64MT/ES,1.06A\nKitaura,Gateway,semver,GW-1,1.0.0\nKitaura,Gateway,,,x\n", "unit", "works")
	g.shows(code, at, 303, "/psirt/product-import/")
	body = g.get(at, 200, "Gets more", "Comes new", "1.06A", "GW-1", "x is no version of the order semver", "FX9U &lt;b&gt;")
	digest := regexp.MustCompile(`name="digest" value="([0-9a-f]{64})"`).FindStringSubmatch(body)
	if digest == nil {
		t.Fatal("the preview can't be taken over")
	}
	code, to := g.post(at+"/apply", url.Values{"digest": {"another"}})
	g.shows(code, to, 303, at)
	if strings.Contains(g.get("/psirt/products", 200), "Gateway") {
		t.Error("another preview was taken over")
	}
	code, to = g.post(at+"/apply", url.Values{"digest": {digest[1]}})
	g.shows(code, to, 303, at)
	g.get(at, 200, "This file was taken over on")
	g.get("/psirt/products", 200, "Gateway")
}

func TestBillPages(t *testing.T) {
	g := newRegistry(t)
	home := psirt.ProductHref(g.product)
	at := regexp.MustCompile(home + `/firmware/[0-9a-f-]{36}`).FindString(g.get(home, 200, "1.05F", "FX9U-32MT/ES", "FX9U &lt;b&gt;"))
	if at == "" {
		t.Fatal("the version has no page")
	}
	code, body := g.upload(at+"/bill", "PK\x03\x04")
	g.shows(code, body, 422, "The file is an archive")
	code, body = g.upload(at+"/bill", `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"library","name":"openssl","version":"3.0.13","purl":"nonsense"}]}`)
	g.shows(code, body, 200, "Taken over: 1 components", "nonsense is no package URL", "/components/0")
	g.get(at, 200, "openssl", "3.0.13")
	g.get("/psirt/products/components?component=openssl&range="+url.QueryEscape("<3.0.14"), 200, "FX9U &lt;b&gt;", "1.05F")
	g.get("/psirt/products/components?component=openssl&range="+url.QueryEscape(">=3.0.14"), 200, "No version contains it")
	g.get("/psirt/products/components?component=openssl&range=%3C%3E", 422, "A range is written like")
	code, body = g.post(home+"/firmware", url.Values{"version": {"1"}, "version_name": {"1.06A"}})
	g.shows(code, body, 409, "Somebody changed this product")
	code, body = g.post(home+"/firmware", url.Values{"version": {"0"}, "version_name": {"nonsense"}})
	g.shows(code, body, 422, "nonsense is no version of the order lettered")
}
