package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// large is a group of 5,000 units and 150,000 people on three continents.
func large() org.Founding {
	f := group()
	regions := []string{"japan", "europe", "americas"}
	kinds := []org.Kind{org.Site, org.Plant, org.Company, org.Department}
	add := func(id, parent string, n int) {
		kind := kinds[n%len(kinds)]
		f.Units = append(f.Units, org.Unit{ID: id, Kind: kind, Name: fmt.Sprintf("Unit %s", id), NameJA: fmt.Sprintf("部門 %s", id), Parent: parent, Region: regions[n%3], Country: []string{"JP", "DE", "US"}[n%3]})
	}
	n := 0
	for g := range 10 {
		business := fmt.Sprintf("b%d", g)
		f.Units = append(f.Units, org.Unit{ID: business, Kind: org.Business, Name: "Business " + business, Parent: "group", Region: "japan"})
		for c := range 25 {
			company := fmt.Sprintf("%s-c%d", business, c)
			add(company, business, n)
			for d := range 19 {
				n++
				add(fmt.Sprintf("%s-d%d", company, d), company, n)
			}
			n++
		}
	}
	family := []string{"Sato", "Suzuki", "Tanaka", "Müller", "Schmidt", "Smith", "Jones", "García", "Rossi", "Novák"}
	kanji := []string{"佐藤", "鈴木", "田中", "高橋", "伊藤", "渡辺", "山本", "中村", "小林", "加藤"}
	for i := range 150_000 {
		u := f.Units[11+i%(len(f.Units)-11)]
		f.People = append(f.People, org.Person{ID: fmt.Sprintf("e%06d", i), Name: fmt.Sprintf("%s %s%d", family[i%10], []string{"Aoi", "Ken", "Anna", "Tom", "Maria"}[i%5], i%997),
			NameJA: kanji[i%10] + " 葵", Email: fmt.Sprintf("e%06d@group.example", i), Unit: u.ID, Lang: text.JA})
	}
	return f
}

// slowPages are the pages that depend on the size of the group.
var slowPages = []string{"/org", "/org?view=region", "/org?top=b3", "/org/units", "/org/units?sort=-people", "/org/units?q=c1", "/org/units?country=DE", "/org/units/group", "/org/units/b3", "/org/units/b3-c4-d5", "/org/units/europe",
	"/org/people", "/org/people?q=sato+aoi", "/org/people?q=s", "/org/people?q=佐藤", "/org/people?q=e1234", "/org/people?unit=europe", "/org/people?unit=b3-c4", "/org/people?sort=-name", "/org/people/e000042", "/org/teams", "/org/roles", "/org/units/new",
	"/org/people/e000042/edit", "/api/v1/units?limit=200", "/api/v1/people?q=tanaka&limit=100", "/api/v1/units/b3-c4-d5/on-call"}

// BenchmarkPages measures each page at the server, as the head of the division
// and as the manager of a region, and reports the slowest in ms. It takes a
// minute to found the group: YAGURA_SPEED=1 runs it as part of the tests too.
func BenchmarkPages(b *testing.B) {
	h := foundLarge(b)
	for _, who := range []string{"p-head", "p-eu"} {
		v := visitor{b, h, who}
		for _, path := range slowPages {
			b.Run(who+path, func(b *testing.B) {
				for b.Loop() {
					v.do(httptest.NewRequest("GET", path, nil))
				}
			})
		}
	}
}

func TestSpeed(t *testing.T) {
	if os.Getenv("YAGURA_SPEED") == "" {
		t.Skip("5,000 units and 150,000 people take a minute to found: set YAGURA_SPEED=1")
	}
	h := foundLarge(t)
	for _, who := range []string{"p-head", "p-eu"} {
		v := visitor{t, h, who}
		for _, path := range slowPages {
			// Processor time, which does not depend on what else the machine does.
			var took, waited []time.Duration
			code := 0
			for range 7 {
				began, used := time.Now(), processor()
				code = v.do(httptest.NewRequest("GET", path, nil)).Code
				took, waited = append(took, processor()-used), append(waited, time.Since(began))
			}
			slices.Sort(took)
			slices.Sort(waited)
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			t.Logf("%-8s %6.1f ms of the processor, %6.1f ms by the clock  %d %s", who, ms(took[3]), ms(waited[3]), code, path)
			if took[3] > 100*time.Millisecond {
				t.Errorf("%s as %s takes %v", path, who, took[3])
			}
		}
	}
}

// processor is the time that this process has had on processors.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func foundLarge(t testing.TB) http.Handler {
	db, _ := storetest.SQLite(t, authz.Migrations, ledger.Migrations, org.Migrations)
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, ledger.Acts, org.Acts))
	s := org.New(db, dir, nil)
	began := time.Now()
	if err := db.Change(context.Background(), func(tx *store.Tx) error {
		if err := s.Seed(tx, authz.System("test"), large()); err != nil {
			return err
		}
		if err := authz.Found(tx, authz.System("test"), authz.Grant{Person: "p-eu", Role: authz.Regional, Tree: authz.Geography, Unit: "europe", Until: tx.Now.Add(time.Hour)}); err != nil {
			return err
		}
		return authz.Found(tx, authz.System("test"), authz.Grant{Person: "p-head", Role: authz.Head, Tree: authz.Own, Unit: "group", Until: tx.Now.Add(time.Hour)})
	}); err != nil {
		t.Fatal(err)
	}
	key, err := ledger.OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sealer := ledger.NewSealer(db, key, t.TempDir(), slog.New(slog.DiscardHandler))
	for {
		if n, err := sealer.Seal(context.Background()); err != nil {
			t.Fatal(err)
		} else if n == 0 {
			break
		}
	}
	t.Logf("founded in %v", time.Since(began))
	k, err := console.New(console.Options{Areas: []console.Area{Area(s)}, Sessions: persona{db, dir}, Log: slog.New(slog.DiscardHandler), Clock: db.Clock(), UnitAct: org.Read})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	if err := k.Mount(mux); err != nil {
		t.Fatal(err)
	}
	machine, err := machineOf(k, db, dir)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/api/", machine)
	return k.Wrap(mux)
}
