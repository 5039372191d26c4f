package console

import (
	"net/http"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

const seeUnits authz.Act = "org.read"

// people are two persons over a small group: p1 sees all of it, p2 Europe only.
type people map[string]authz.Actor

func (p people) Actor(_ http.ResponseWriter, r *http.Request) (authz.Actor, error) {
	name := r.Header.Get("X-Person")
	if c, err := r.Cookie("person"); err == nil {
		name = c.Value
	}
	a, ok := p[name]
	if !ok {
		return authz.Actor{}, fault.Unauthenticated("Please sign in")
	}
	return a, nil
}

func world(t testing.TB) people {
	t.Helper()
	db, _ := storetest.SQLite(t, authz.Migrations)
	dir := authz.NewDirectory(authz.NewPolicy(authz.Table{seeUnits: authz.Everyone}))
	system := authz.System("test")
	err := db.Change(t.Context(), func(tx *store.Tx) error {
		if err := authz.PutUnits(tx,
			authz.Unit{ID: "group", Name: "Mikage Electric Group", NameJA: "御影電機グループ", Kind: "division", Region: "world"},
			authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "electric", Name: "Electric Systems", NameJA: "電力システム事業本部", Kind: "group", Parent: "group", Region: "world"},
			authz.Unit{ID: "himeji", Name: "Works 3, Himeji", NameJA: "第3工場(姫路)", Kind: "plant", Parent: "electric", Region: "world"},
			authz.Unit{ID: "europe", Name: "Europe", NameJA: "欧州", Kind: "company", Parent: "group", Region: "world"},
		); err != nil {
			return err
		}
		for person, unit := range map[string]string{"p1": "group", "p2": "europe"} {
			if err := authz.Found(tx, system, authz.Grant{Person: person, Role: authz.Head, Tree: authz.Own, Unit: unit, Until: tx.Now.AddDate(1, 0, 0)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p := people{}
	err = db.View(t.Context(), func(tx *store.Tx) error {
		for id, name := range map[string]string{"p1": "Sato Aiko", "p2": "Jens Keller"} {
			a, err := dir.Actor(tx, id, name, "", time.FixedZone("JST", 9*3600))
			if err != nil {
				return err
			}
			p[id] = a
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// pictured is the navigation of the product.
func pictured() Area {
	n := func(s Section, order int, en, href, icon, jump string, count int) NavItem {
		item := NavItem{Section: s, Order: order, Label: text.M(en), Href: href, Icon: icon, Jump: jump}
		if count > 0 {
			item.Count = func(*Context) (int, error) { return count, nil }
		}
		return item
	}
	return Area{Name: "pictured", Nav: []NavItem{
		n(Start, 1, "Overview", "/_gallery", "home", "o", 0), n(Start, 2, "My work", "/work", "check", "w", 7),
		n(Govern, 1, "Organization", "/org", "tree", "", 0), n(Govern, 2, "Directives", "/directives", "flag", "", 2), n(Govern, 3, "Information register", "/register", "book", "", 0), n(Govern, 4, "Privacy", "/privacy", "shield", "", 1),
		n(Protect, 1, "Identity and MFA", "/identity", "key", "", 0), n(Protect, 2, "Assets", "/assets", "box", "", 0), n(Protect, 3, "Website approval", "/sites", "globe", "", 3),
		n(DetectRespond, 1, "Telemetry", "/telemetry", "pulse", "", 0), n(DetectRespond, 2, "Detection", "/detect", "eye", "", 12), n(DetectRespond, 3, "Incidents", "/incidents", "bolt", "i", 4), n(DetectRespond, 4, "Factory OT", "/ot", "gear", "", 1),
		n(Products, 1, "PSIRT and CVE", "/psirt", "tag", "", 5),
		n(Assure, 1, "CMMC", "/cmmc", "medal", "", 0), n(Assure, 2, "Audit trail", "/ledger", "list", "", 0),
	}, Commands: []Command{{Label: text.Literal("Report an incident"), Href: "/incidents/new", Icon: "plus"}}}
}
