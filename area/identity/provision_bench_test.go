package identity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/ldap"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// BenchmarkDirectory asks a directory that sees 150,000 people, on SQLite as the
// store opens it. On two shared cores of an AMD EPYC under load: find 1.9 ms,
// get 1.1 ms, patch 11 ms, a page behind 100,000 others 0.28 s, count 0.13 s, a
// search that no index helps 3.0 s.
func BenchmarkDirectory(b *testing.B) {
	db, clk := storetest.SQLite(b, tables...)
	w := foundWith(b, db, clk, identity.Options{})
	w.crowd(b, 150_000)
	c := w.client(b, "works-eu", identity.Leave)
	n := 0
	for _, x := range []struct{ name, method, path, body string }{
		{"find", "GET", "/Users?filter=" + url.QueryEscape(`userName eq "p%06d@example.com"`), ""},
		{"get", "GET", "/Users/p%06d", ""},
		{"patch", "PATCH", "/Users/p%06d", op(`{"op":"replace","path":"title","value":"Title of %06d"}`)},
		{"page", "GET", "/Users?count=100&startIndex=1%05d", ""},
		{"count", "GET", "/Users?count=0", ""},
		{"search", "GET", "/Users?count=10&filter=" + url.QueryEscape(`displayName ew "of %06d"`), ""},
	} {
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				n = (n + 7919) % 100_000
				fill := func(s string) string {
					s = strings.ReplaceAll(s, "%25", "%")
					if !strings.Contains(s, "%0") {
						return s
					}
					i := strings.Index(s, "%0")
					return s[:i] + fmt.Sprintf(s[i:i+4], n) + s[i+4:]
				}
				r := httptest.NewRequest(x.method, "/scim/v2"+fill(x.path), strings.NewReader(fill(x.body)))
				r.Header.Set("Authorization", "Bearer "+c.secret)
				r.Header.Set("Content-Type", "application/scim+json")
				answer := httptest.NewRecorder()
				c.h.ServeHTTP(answer, r)
				if answer.Code != 200 {
					b.Fatalf("%s: %d %s", r.URL, answer.Code, answer.Body)
				}
			}
		})
	}
}

// BenchmarkSync brings in line with a directory that is asked and keeps 150,000
// people: what it tells at once, by the kind of change, and the comparison of
// all; the answer of the directory itself costs nothing here.
func BenchmarkSync(b *testing.B) {
	db, clk := storetest.SQLite(b, tables...)
	c := ldap.Connection{Name: "works", Title: "Works", Unit: "works-eu", Leaving: "disable", Guard: 100, Every: 15 * time.Minute, Compare: 100000 * time.Hour}
	w := foundWith(b, db, clk, identity.Options{LDAP: []ldap.Connection{c}})
	const many = 150_000
	w.crowd(b, many)
	entry := func(n int) ldap.Entry {
		name := fmt.Sprintf("p%06d", n)
		return ldap.Entry{ID: "id-" + name, Name: name, Label: "Person of " + name[1:], Email: name + "@example.com"}
	}
	sync := func(found ldap.Found) {
		run, err := w.s.SyncBy(b.Context(), c, func(context.Context, ldap.Question) (ldap.Found, error) { found.Mark = "1"; return found, nil })
		if err != nil || run.State != identity.RunApplied || run.Report.WrongAll > 0 {
			b.Fatalf("%s %s %v %v", run.State, counts(run.Report), run.Report.Wrong, err)
		}
	}
	sync(ldap.Found{All: true}) // the directory is there
	w.change(b, func(tx *store.Tx) error {
		for i := range many {
			e := entry(i)
			data, _ := json.Marshal(map[string]string{"userName": e.Name, "displayName": e.Label, "mail": e.Email})
			if _, err := tx.Exec("INSERT INTO identity_provisioned (person, directory, name, external, active, data, created, changed) VALUES ($1,'ldap-works',$1,$2,1,$3,1,1)", e.Name, e.ID, string(data)); err != nil {
				return err
			}
		}
		return tx.Record(authz.System("test"), left{})
	})
	all := ldap.Found{All: true}
	for i := range many {
		all.Entries = append(all.Entries, entry(i))
	}
	n := 0
	next := func() ldap.Entry { n = (n + 7919) % many; return entry(n) }
	b.Run("nothing", func(b *testing.B) {
		for b.Loop() {
			sync(ldap.Found{Entries: []ldap.Entry{next()}})
		}
	})
	b.Run("change", func(b *testing.B) {
		for b.Loop() {
			e := next()
			e.Label = fmt.Sprint("Renamed ", b.N, n)
			sync(ldap.Found{Entries: []ldap.Entry{e}})
		}
	})
	b.Run("disable", func(b *testing.B) {
		for b.Loop() {
			e := next()
			e.Disabled = true
			sync(ldap.Found{Entries: []ldap.Entry{e}})
			e.Disabled = false
			sync(ldap.Found{Entries: []ldap.Entry{e}})
		}
	})
	b.Run("delete", func(b *testing.B) {
		for b.Loop() {
			sync(ldap.Found{Gone: []string{next().ID}})
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			w.change(b, func(tx *store.Tx) error { // as they were
				if _, err := tx.Exec("UPDATE identity_provisioned SET deleted = 0, active = 1"); err != nil {
					return err
				}
				return tx.Record(authz.System("test"), left{})
			})
			sync(ldap.Found{All: true, Entries: all.Entries[:many-1]})
		}
	})
}

// crowd brings many people, as by a list.
func (w world) crowd(t testing.TB, many int) {
	for from := 0; from < many; from += 10_000 {
		w.change(t, func(tx *store.Tx) error {
			list := make([]authz.Person, 0, 10_000)
			for i := from; i < min(from+10_000, many); i++ {
				list = append(list, authz.Person{ID: fmt.Sprintf("p%06d", i), Name: fmt.Sprintf("Person of %06d", i), Unit: "works-eu", Email: fmt.Sprintf("p%06d@example.com", i), Active: true})
			}
			if err := authz.PutPeople(tx, list...); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
	}
}
