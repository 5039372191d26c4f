package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"yagura/api"
	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/area/cmmc/web"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// site is a served console whose visitor is named by a header.
type site struct {
	*testing.T
	db   *store.DB
	clk  *clock.Movable
	dir  *authz.Directory
	s    *cmmc.Service
	host string
}

func (s *site) Actor(_ http.ResponseWriter, r *http.Request) (a authz.Actor, err error) {
	return s.Authenticate(r)
}

func (s *site) Authenticate(r *http.Request) (a authz.Actor, err error) {
	who := r.Header.Get("X-Test-Person")
	if who == "" {
		return a, fault.Unauthenticated("Please sign in")
	}
	err = s.db.View(r.Context(), func(tx *store.Tx) error {
		a, err = s.dir.ActorOf(tx, who)
		return err
	})
	if l := r.Header.Get("X-Test-Lang"); l != "" {
		a.Lang = text.Lang(l)
	}
	return a, err
}

// by is the actor of a person.
func (s *site) by(person string) (a authz.Actor) {
	s.Helper()
	s.must(s.db.View(s.Context(), func(tx *store.Tx) (err error) { a, err = s.dir.ActorOf(tx, person); return err }))
	return a
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// serve is a group with an enclave in Europe that lacks nothing but 3.5.3[d], one in
// America of which nothing is known, and a service that both inherit from.
func serve(t *testing.T) *site {
	t.Helper()
	db, clk := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, cmmc.Migrations)
	docs, err := document.Open(context.Background(), "file://"+t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, db: db, clk: clk, dir: authz.NewDirectory(authz.NewPolicy(authz.Acts, ledger.Acts, cmmc.Acts))}
	s.s = cmmc.New(db, cmmc.Ports{Documents: docs, Directory: s.dir})
	s.must(db.Change(t.Context(), func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Name: "Group", Kind: "group", Region: "world"},
			authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "works", Name: "Heron Works", Kind: "plant", Parent: "group", Region: "world"},
			authz.Unit{ID: "ohio", Name: "Quetzal Ohio", Kind: "company", Parent: "group", Region: "world"}); err != nil {
			return err
		}
		for who, g := range map[string]authz.Grant{"fujii": {Role: authz.Officer, Unit: "group"}, "mori": {Role: authz.Head, Unit: "group"}, "sato": {Role: authz.Lead, Unit: "group"},
			"works": {Role: authz.Contact, Unit: "works"}, "ohio": {Role: authz.Contact, Unit: "ohio"}, "clerk": {Role: authz.Employee, Unit: "group"}, "auditor": {Role: authz.Assessor, Unit: "group"}} {
			if err := authz.PutPeople(tx, authz.Person{ID: who, Name: strings.ToUpper(who), Email: who + "@x.example", Unit: "works", Lang: text.EN, Active: true}); err != nil {
				return err
			}
			g.Person, g.Tree, g.Until = who, authz.Own, tx.Now.AddDate(1, 0, 0)
			if err := authz.Found(tx, authz.System("test"), g); err != nil {
				return err
			}
		}
		return nil
	}))
	s.furnish()
	k, err := console.New(console.Options{Areas: []console.Area{web.Area(s.s)}, Sessions: s, Clock: clk, UnitAct: cmmc.Read})
	s.must(err)
	mux := http.NewServeMux()
	s.must(k.Mount(mux))
	s.must(api.Mount(mux, k.Routes(), api.Options{Authenticator: s, Clock: clk}))
	srv := httptest.NewServer(k.Wrap(mux))
	t.Cleanup(srv.Close)
	s.host = srv.URL
	return s
}

func (s *site) furnish() {
	ctx, system, now := s.Context(), authz.System("test"), s.clk.Now()
	s.must(s.s.PutEntity(ctx, system, cmmc.Entity{ID: "heron", Name: "Heron KK", NameJA: "ヘロン", Unit: "works", Region: "world", CAGE: "1ABC2"}))
	for _, x := range []cmmc.System{
		{ID: "idp", Kind: cmmc.Corporate, Unit: "group", Name: "Corporate sign-in", Level: 2},
		{ID: "heron-cui", Kind: cmmc.Enclave, Unit: "works", Entity: "heron", Name: "Heron drawings", NameJA: "ヘロン図面", Level: 2, SSP: &score.SSP{ID: "SSP-1", Version: "2", Date: now.AddDate(0, -1, 0)}},
		{ID: "quetzal-cui", Kind: cmmc.Enclave, Unit: "ohio", Name: "Quetzal lab", Level: 2},
	} {
		s.must(s.s.PutSystem(ctx, system, x, 0))
	}
	for _, id := range []string{"idp", "heron-cui"} {
		said := map[string]any{}
		for i := range catalog.Level2Objectives {
			said[catalog.Name(i)] = map[string]string{"result": "met", "method": "examine"}
		}
		if id == "heron-cui" {
			said["3.1.9[a]"] = map[string]string{"result": "not_met", "reason": "looked at"}
		}
		file, err := json.Marshal(map[string]any{"level": 2, "ssp": id == "heron-cui", "objectives": said})
		s.must(err)
		_, err = s.s.Import(ctx, system, id, id+".json", file)
		s.must(err)
	}
	var mfa catalog.Bits
	for _, i := range catalog.Find("3.5.3").Objective {
		mfa.Set(i)
	}
	for _, id := range []string{"heron-cui", "quetzal-cui"} {
		s.must(s.s.SetShares(ctx, system, id, "idp", mfa, catalog.Bits{}))
	}
}

func (s *site) ask(method, path, person, lang, media string, body io.Reader) (int, string, string) {
	s.Helper()
	req, err := http.NewRequest(method, s.host+path, body)
	s.must(err)
	req.Header.Set("X-Test-Person", person)
	req.Header.Set("X-Test-Lang", lang)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	s.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	s.must(err)
	return res.StatusCode, string(b), res.Header.Get("Location")
}

func (s *site) get(path, person string, lang ...string) (int, string) {
	s.Helper()
	code, body, _ := s.ask("GET", path, person, append(lang, "en")[0], "", nil)
	return code, body
}

func (s *site) post(path, person string, pairs ...string) (int, string, string) {
	s.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return s.ask("POST", path, person, "en", "application/x-www-form-urlencoded", strings.NewReader(v.Encode()))
}

// upload posts a form with a file.
func (s *site) upload(path, person, name, content string, pairs ...string) (int, string, string) {
	s.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("file", name)
	s.must(err)
	_, err = io.WriteString(f, content)
	s.must(err)
	for i := 0; i+1 < len(pairs); i += 2 {
		s.must(w.WriteField(pairs[i], pairs[i+1]))
	}
	s.must(w.Close())
	return s.ask("POST", path, person, "en", w.FormDataContentType(), &b)
}
