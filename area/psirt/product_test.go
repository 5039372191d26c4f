package psirt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/area/psirt/sbom"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// makers is a group with two works, and people who keep, read or know nothing.
type makers struct {
	t      *testing.T
	db     *store.DB
	s      *psirt.Service
	ctx    context.Context
	found  map[string]psirt.Found
	people map[string]authz.Actor
}

func (m *makers) Put(_ *store.Tx, f psirt.Found) error { m.found[f.Ref] = f; return nil }
func (m *makers) Drop(_ *store.Tx, _, ref string) error {
	delete(m.found, ref)
	return nil
}

func eachMaker(t *testing.T, test func(*testing.T, *makers)) {
	set := []store.Migrations{authz.Migrations, ledger.Migrations, psirt.Migrations}
	storetest.Each(t, set, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		m := &makers{t: t, db: db, ctx: context.Background(), found: map[string]psirt.Found{}, people: map[string]authz.Actor{}}
		m.s = psirt.New(db, psirt.Ports{Index: m})
		dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, psirt.Acts))
		grants := []authz.Grant{
			{Person: "kimura", Role: authz.Psirt, Unit: "group"}, {Person: "keeper", Role: authz.Engineer, Unit: "works"},
			{Person: "other", Role: authz.Engineer, Unit: "plant"}, {Person: "reader", Role: authz.Assessor, Unit: "works"},
			{Person: "clerk", Role: authz.Employee, Unit: "works"},
		}
		system := authz.System("test")
		err := db.Change(m.ctx, func(tx *store.Tx) error {
			if err := authz.PutUnits(tx, authz.Unit{ID: "group", Name: "Group", Kind: "group", Region: "world"},
				authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
				authz.Unit{ID: "works", Name: "Works", Kind: "plant", Parent: "group", Region: "world"},
				authz.Unit{ID: "plant", Name: "Plant", Kind: "plant", Parent: "group", Region: "world"}); err != nil {
				return err
			}
			for _, g := range grants {
				if err := authz.PutPeople(tx, authz.Person{ID: g.Person, Name: g.Person, Unit: g.Unit, Lang: text.EN, Active: true}); err != nil {
					return err
				}
				g.Tree, g.Until = authz.Own, tx.Now.AddDate(1, 0, 0)
				if err := authz.Found(tx, system, g); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range grants {
			if err := db.View(m.ctx, func(tx *store.Tx) error {
				m.people[g.Person], err = dir.ActorOf(tx, g.Person)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		test(t, m)
	})
}

func (m *makers) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// controller registers a product with two models and three versions.
func (m *makers) controller() psirt.Product {
	m.t.Helper()
	by := m.people["keeper"]
	family, err := m.s.KeepFamily(m.ctx, by, "", 0, psirt.FamilyDraft{Name: "MX9 Series", NameJA: "MX9シリーズ", Scheme: "lettered", Unit: "works"})
	m.must(err)
	id, err := m.s.AddProduct(m.ctx, by, psirt.ProductDraft{Family: family, Vendor: "Kitaura Electric", Name: "FX9U", Unit: "works", CPE: "cpe:2.3:o:kitaura:fx9u_firmware:*:*:*:*:*:*:*:*"})
	m.must(err)
	m.must(m.s.AddModels(m.ctx, by, id, 0, "FX9U(C)-32MT/ES\n"))
	for _, v := range []string{"1.04E", "Ver. 1.05F", "1.00A"} {
		m.must(m.s.KeepFirmware(m.ctx, by, id, 0, product.Firmware{Version: v}))
	}
	return m.product(id)
}

func (m *makers) product(id string) psirt.Product {
	m.t.Helper()
	p, err := m.s.Product(m.ctx, m.people["kimura"], id)
	m.must(err)
	return p
}

// refused fails unless an error is of a kind and, where given, names a field.
func refused(t *testing.T, err error, kind fault.Kind, field string) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("error %v; want kind %d", err, kind)
	} else if field != "" && (len(fault.FieldsOf(err)) == 0 || fault.FieldsOf(err)[0].Name != field) {
		t.Errorf("error %v; want the field %s", err, field)
	}
}

func TestRegistry(t *testing.T) {
	eachMaker(t, func(t *testing.T, m *makers) {
		p := m.controller()
		if len(p.Models) != 2 || p.Models[1].Number != "FX9UC-32MT/ES" || len(p.Firmware) != 3 || p.Firmware[0].Version != "1.05F" || p.Firmware[2].Version != "1.00A" || p.FamilyName != "MX9 Series" {
			t.Fatalf("%+v", p)
		}
		if f := m.found[p.ID]; f.Unit != "works" || !strings.Contains(f.Text, "fx9uc-32mt/es") {
			t.Errorf("found as %+v", f)
		}
		by := m.people["keeper"]
		ranges := []product.Range{{Product: p.ID, Before: "1.05F"}, {Product: p.ID, Model: p.Models[0].ID, Versions: []string{"1.04E"}}}
		before, err := m.s.ProductTree(m.ctx, by, ranges, text.EN)
		m.must(err)

		// Renamed, moved and ordered otherwise, it has the same product ids.
		d := p.Draft()
		d.Name, d.Vendor, d.Unit = "FX9U-X", "Kitaura", "works"
		m.must(m.s.EditProduct(m.ctx, by, p.ID, p.Version, d))
		after, err := m.s.ProductTree(m.ctx, by, ranges, text.EN)
		m.must(err)
		for _, r := range ranges {
			if len(before.Of(r)) != 1 || !slices.Equal(before.Of(r), after.Of(r)) {
				t.Errorf("%v became %v", before.Of(r), after.Of(r))
			}
		}
		if name := after.Names[after.Of(ranges[0])[0]]; name != "Kitaura MX9 Series FX9U-X: <1.05F" {
			t.Errorf("called %s", name)
		}
		refused(t, m.s.EditProduct(m.ctx, by, p.ID, p.Version, d), fault.KindConflict, "") // the version seen is old
		m.must(m.s.EditProduct(m.ctx, by, p.ID, 0, d))                                     // nothing is different

		_ = m.db.View(m.ctx, func(tx *store.Tx) error {
			all, err := psirt.AffectedBy(tx, ranges)
			m.must(err)
			if len(all) != 1 || len(all[0].Models) != 2 || len(all[0].Firmware) != 2 || all[0].Firmware[0].Version != "1.04E" {
				t.Errorf("%+v", all)
			}
			units, err := psirt.Owners(tx, ranges)
			if err != nil || !slices.Equal(units, []string{"works"}) {
				t.Errorf("owners %v, %v", units, err)
			}
			return nil
		})

		model := p.Models[0]
		m.must(m.s.KeepHardware(m.ctx, by, p.ID, 0, model.ID, product.Hardware{Name: "Rev. B", Serials: product.Serials{From: "17X"}}))
		m.must(m.s.EditModel(m.ctx, by, p.ID, 0, model.ID, "FX9U-32MT/ES-A", "", true))
		now := m.product(p.ID)
		i := slices.IndexFunc(now.Models, func(x product.Model) bool { return x.ID == model.ID })
		if now.Models[i].Number != "FX9U-32MT/ES-A" || now.Models[i].Hardware[0].Serials.From != "17X" || now.Gone[model.ID].IsZero() {
			t.Errorf("%+v", now.Models)
		}
		refused(t, m.s.KeepHardware(m.ctx, by, p.ID, 0, model.ID, product.Hardware{Name: "Rev. B"}), fault.KindInvalid, "name")
		refused(t, m.s.AddModels(m.ctx, by, p.ID, 0, "FX9U-**M"), fault.KindInvalid, "models")
		refused(t, m.s.KeepFirmware(m.ctx, by, p.ID, 0, product.Firmware{Version: "Version 1.05f"}), fault.KindInvalid, "version")
		refused(t, m.s.KeepFirmware(m.ctx, by, p.ID, 0, product.Firmware{Version: "Rev-X"}), fault.KindInvalid, "version")
		day := time.Date(2020, 3, 31, 0, 0, 0, 0, time.UTC)
		for _, f := range now.Firmware {
			f.SupportEnd = day
			m.must(m.s.KeepFirmware(m.ctx, by, p.ID, 0, f))
		}
		if now = m.product(p.ID); !now.SupportEnd.Equal(day) {
			t.Errorf("support ends %v", now.SupportEnd)
		}

		// A family's order must hold the versions of its products.
		f, err := m.s.Family(m.ctx, by, p.Family)
		m.must(err)
		_, err = m.s.KeepFamily(m.ctx, by, f.ID, f.Version, psirt.FamilyDraft{Name: f.Name, Scheme: "semver", Unit: "works"})
		refused(t, err, fault.KindInvalid, "scheme")
		_, err = m.s.KeepFamily(m.ctx, by, f.ID, f.Version, psirt.FamilyDraft{Name: "MX9 Line", Scheme: "coded", Unit: "works"})
		m.must(err)
		if f := m.found[p.ID]; !strings.Contains(f.Text, "mx9 line") {
			t.Errorf("found as %+v", f)
		}

		m.must(m.s.RetireProduct(m.ctx, by, p.ID, 0, false))
		if _, ok := m.found[p.ID]; ok {
			t.Error("a retired product is found")
		}
		refused(t, m.s.RetireProduct(m.ctx, by, p.ID, 0, false), fault.KindConflict, "")
		m.must(m.s.RetireProduct(m.ctx, by, p.ID, 0, true))
		m.lists(p)
	})
}

func (m *makers) lists(p psirt.Product) {
	m.t.Helper()
	for _, c := range []struct {
		f psirt.ProductFilter
		n int
	}{{psirt.ProductFilter{}, 1}, {psirt.ProductFilter{Query: "ＦＸ9u-x"}, 1}, {psirt.ProductFilter{Query: "32MT/ES-A"}, 1}, {psirt.ProductFilter{Query: "%"}, 0}, {psirt.ProductFilter{State: "ended"}, 1},
		{psirt.ProductFilter{State: "used"}, 0}, {psirt.ProductFilter{State: "retired"}, 0}, {psirt.ProductFilter{Family: p.Family}, 1}, {psirt.ProductFilter{Family: "none"}, 0},
		{psirt.ProductFilter{Works: "plant"}, 0}, {psirt.ProductFilter{Unit: "works"}, 1}, {psirt.ProductFilter{Unit: "plant"}, 0}, {psirt.ProductFilter{NoBills: true}, 1}} {
		c.f.Page = keyset.Page{Sort: "name"}
		by := m.people["kimura"]
		rows, total, err := m.s.Products(m.ctx, by, by.Scope(psirt.Read), c.f)
		if err != nil || total != c.n || len(rows) != c.n || c.n > 0 && (rows[0].Models != 2 || rows[0].Versions != 3) {
			m.t.Errorf("%+v: %d rows of %d, %v", c.f, len(rows), total, err)
		}
	}
}

// TestWhoMay: who may not read a unit learns nothing of its products; who may only read
// changes nothing.
func TestWhoMay(t *testing.T) {
	eachMaker(t, func(t *testing.T, m *makers) {
		p := m.controller()
		for person, kind := range map[string]fault.Kind{"other": fault.KindNotFound, "clerk": fault.KindNotFound, "reader": fault.KindDenied} {
			by := m.people[person]
			refused(t, m.s.EditProduct(m.ctx, by, p.ID, 0, p.Draft()), kind, "")
			refused(t, m.s.AddModels(m.ctx, by, p.ID, 0, "X"), kind, "")
			refused(t, m.s.RetireProduct(m.ctx, by, p.ID, 0, false), kind, "")
			_, err := m.s.TakeBill(m.ctx, by, p.ID, p.Firmware[0].ID, []byte(bill))
			refused(t, err, kind, "")
			rows, total, err := m.s.Products(m.ctx, by, by.Scope(psirt.Read), psirt.ProductFilter{Page: keyset.Page{Sort: "name"}})
			if m.must(err); (total == 1) != (kind == fault.KindDenied) || total != len(rows) {
				t.Errorf("%s sees %d", person, total)
			}
			choices, err := m.s.Choices(m.ctx, by)
			if m.must(err); len(choices) != total {
				t.Errorf("%s chooses from %v", person, choices)
			}
			if kind == fault.KindNotFound {
				_, err := m.s.Product(m.ctx, by, p.ID)
				refused(t, err, kind, "")
				_, err = m.s.ProductTree(m.ctx, by, []product.Range{{Product: p.ID}}, text.EN)
				refused(t, err, kind, "")
				_, err = m.s.Components(m.ctx, by, p.ID, p.Firmware[0].ID)
				refused(t, err, kind, "")
			}
		}
		d := p.Draft()
		d.Unit = "plant"
		refused(t, m.s.EditProduct(m.ctx, m.people["keeper"], p.ID, 0, d), fault.KindInvalid, "unit")
		d.Name = "another"
		_, err := m.s.AddProduct(m.ctx, m.people["keeper"], d)
		refused(t, err, fault.KindInvalid, "unit")
		_, err = m.s.AddProduct(m.ctx, m.people["reader"], p.Draft())
		refused(t, err, fault.KindDenied, "")
		_, err = m.s.AddProduct(m.ctx, m.people["keeper"], p.Draft())
		refused(t, err, fault.KindInvalid, "name")
	})
}

const bill = `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"component":{"type":"firmware","name":"FX9U firmware","version":"1.05F"}},
	"components":[{"type":"library","name":"OpenSSL","version":"3.0.13","purl":"pkg:generic/openssl@3.0.13","cpe":"cpe:2.3:a:openssl:openssl:3.0.13:*:*:*:*:*:*:*"},
	{"type":"library","name":"lwip","purl":"pkg:github/lwip-tcpip/lwip"},{"type":"library","name":""}]}`

func TestBills(t *testing.T) {
	eachMaker(t, func(t *testing.T, m *makers) {
		p := m.controller()
		by := m.people["keeper"]
		newest, old := p.Firmware[0].ID, p.Firmware[1].ID
		found, err := m.s.TakeBill(m.ctx, by, p.ID, newest, []byte(bill))
		if m.must(err); found.Errors() != 1 {
			t.Errorf("%v", found.Findings)
		}
		_, err = m.s.TakeBill(m.ctx, by, p.ID, newest, []byte(bill))
		refused(t, err, fault.KindConflict, "")
		_, err = m.s.TakeBill(m.ctx, by, p.ID, newest, []byte("PK\x03\x04"))
		refused(t, err, fault.KindInvalid, "")
		_, err = m.s.TakeBill(m.ctx, by, p.ID, "elsewhere", []byte(bill))
		refused(t, err, fault.KindNotFound, "")
		_, err = m.s.TakeBill(m.ctx, by, p.ID, old, []byte(strings.ReplaceAll(bill, "3.0.13", "1.1.1k")))
		m.must(err)
		if b := m.product(p.ID).Bills[newest]; b.Name != "FX9U firmware 1.05F" || b.Components != 3 || len(b.SHA256) != 64 {
			t.Errorf("%+v", b)
		}
		parts, err := m.s.Components(m.ctx, by, p.ID, newest)
		if m.must(err); len(parts) != 2 || parts[1].Name != "OpenSSL" {
			t.Errorf("%+v", parts)
		}
		for _, c := range []struct{ what, versions, answer string }{
			{"openssl", "", "1.05F yes, 1.04E yes"}, {"openssl", "<3.0.0", "1.04E yes"}, {"pkg:generic/openssl", ">=3.0.0", "1.05F yes"}, {"pkg:github/lwip-tcpip/lwip", "<2.2.0", "1.05F perhaps, 1.04E perhaps"},
			{"cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*", "3.0.13", "1.05F yes"}, {"zlib", "", ""},
		} {
			q, err := sbom.ParseQuery(c.what, c.versions)
			m.must(err)
			for person, sees := range map[string]bool{"kimura": true, "reader": true, "other": false, "clerk": false} {
				who := m.people[person]
				all, more, err := m.s.WhoContains(m.ctx, who, who.Scope(psirt.Read), q)
				m.must(err)
				var words []string
				for _, one := range all {
					words = append(words, one.Firmware.Version+map[bool]string{true: " yes", false: " perhaps"}[one.Sure])
				}
				if want := map[bool]string{true: c.answer}[sees]; strings.Join(words, ", ") != want || more {
					t.Errorf("%s asks for %s %s: %v", person, c.what, c.versions, words)
				}
			}
		}
	})
}

func TestImport(t *testing.T) {
	eachMaker(t, func(t *testing.T, m *makers) {
		p := m.controller()
		by := m.people["keeper"]
		table := "vendor,family,scheme,product,model,hardware,serials,version,cpe,unit\n" +
			"Kitaura Electric,MX9 Series,,FX9U,FX9U-32MT/ES,Rev. C,..24031*,1.06A,,\n" + // the model is known
			"Kitaura Electric,New Family,semver,Gateway,GW-1,,,1.0.0,,\n" +
			"Kitaura Electric,New Family,,Gateway,,,,nonsense,,\n" +
			"Kitaura Electric,,,Elsewhere,,,,1.0,,plant\n"
		key, err := m.s.CheckImport(m.ctx, by, psirt.ImportDraft{Unit: "works", File: []byte(table)})
		m.must(err)
		plan, err := m.s.ImportPlan(m.ctx, by, key)
		m.must(err)
		if len(plan.Steps) != 2 || plan.Steps[0].New || fmt.Sprint(plan.Steps[0].Hardware, plan.Steps[0].Versions, plan.Steps[0].Models) != "[FX9U-32MT/ES / Rev. C] [1.06A] []" ||
			!plan.Steps[1].New || fmt.Sprint(plan.Families) != "[New Family (semver)]" || len(plan.Problems) != 2 {
			t.Fatalf("%+v", plan)
		}
		if len(m.product(p.ID).Firmware) != 3 {
			t.Fatal("a preview changed something")
		}
		_, err = m.s.ImportPlan(m.ctx, m.people["kimura"], key)
		refused(t, err, fault.KindNotFound, "") // another's
		m.must(m.s.KeepFirmware(m.ctx, by, p.ID, 0, product.Firmware{Version: "1.06A"}))
		refused(t, m.s.ApplyImport(m.ctx, by, key, plan.Digest()), fault.KindConflict, "")
		plan, err = m.s.ImportPlan(m.ctx, by, key)
		m.must(err)
		m.must(m.s.ApplyImport(m.ctx, by, key, plan.Digest()))
		refused(t, m.s.ApplyImport(m.ctx, by, key, plan.Digest()), fault.KindConflict, "")
		now := m.product(p.ID)
		if len(now.Firmware) != 4 || now.Models[0].Hardware[0].Serials.Through != "24031" {
			t.Errorf("%+v", now)
		}
		rows, _, err := m.s.Products(m.ctx, by, by.Scope(psirt.Read), psirt.ProductFilter{Query: "gateway", Page: keyset.Page{Sort: "name"}})
		if m.must(err); len(rows) != 1 || rows[0].FamilyName != "New Family" || rows[0].Scheme.Kind != product.Semver || rows[0].Versions != 1 {
			t.Errorf("%+v", rows)
		}
		key, err = m.s.CheckImport(m.ctx, by, psirt.ImportDraft{Unit: "works", File: []byte(table)})
		m.must(err)
		if plan, err = m.s.ImportPlan(m.ctx, by, key); err != nil || plan.Ready() || plan.Same != 2 {
			t.Errorf("a second time: %+v, %v", plan, err)
		}
		for field, file := range map[string]string{"file": "{}", "file ": "nonsense", "file  ": `{"document":{}}`} {
			_, err := m.s.CheckImport(m.ctx, by, psirt.ImportDraft{Unit: "works", File: []byte(file)})
			refused(t, err, fault.KindInvalid, strings.TrimSpace(field))
		}
		_, err = m.s.CheckImport(m.ctx, m.people["reader"], psirt.ImportDraft{Unit: "works", File: []byte(table)})
		refused(t, err, fault.KindDenied, "")
	})
}

// TestImportAdvisories: the trees of real advisories come into the registry one after
// the other, and nothing of one that is there comes twice.
func TestImportAdvisories(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/data/csaf/advisories/OT/white/*/icsa-2[34]*.json")
	if len(files) == 0 {
		files, _ = filepath.Glob("../../../shared/data/csaf/advisories/OT/*/icsa-2[34]*.json")
	}
	if len(files) == 0 {
		t.Skip("the advisories are not here")
	}
	eachMaker(t, func(t *testing.T, m *makers) {
		by := m.people["kimura"]
		taken := 0
		for _, file := range files[:min(len(files), 25)] {
			raw, err := os.ReadFile(file)
			m.must(err)
			key, err := m.s.CheckImport(m.ctx, by, psirt.ImportDraft{Unit: "group", File: raw})
			m.must(err)
			plan, err := m.s.ImportPlan(m.ctx, by, key)
			m.must(err)
			if !plan.Ready() {
				continue
			}
			if err := m.s.ApplyImport(m.ctx, by, key, plan.Digest()); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			taken++
			if key, err = m.s.CheckImport(m.ctx, by, psirt.ImportDraft{Unit: "group", File: raw}); err != nil {
				t.Fatal(err)
			}
			if plan, err = m.s.ImportPlan(m.ctx, by, key); err != nil || plan.Ready() {
				t.Fatalf("%s: a second time %+v, %v", file, plan, err)
			}
		}
		if taken < 10 {
			t.Errorf("%d taken", taken)
		}
	})
}
