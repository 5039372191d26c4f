package authz_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestScopeIsWhatMayBeDone makes random groups and people. For each, a row of
// each unit, of the whole group and of no known unit is listed by Where exactly
// if Contains says so, and without narrowing exactly if Can says so.
func TestScopeIsWhatMayBeDone(t *testing.T) {
	sets := []store.Migrations{authz.Migrations, {Area: "rows", SQL: "-- migration 1: rows\nCREATE TABLE a_row (\n\tunit text NOT NULL\n);\n"}}
	storetest.Each(t, sets, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		rnd := rand.New(rand.NewPCG(3, 4))
		ctx, system := context.Background(), authz.System("test")
		for round := range 12 {
			units := randomUnits(rnd)
			dir := authz.NewDirectory(policy)
			var people []string
			if err := db.Operate(ctx, func(tx *store.Tx) error {
				for _, table := range []string{"authz_unit", "authz_grant", "a_row"} {
					if _, err := tx.Exec("DELETE FROM " + table); err != nil {
						return err
					}
				}
				if err := authz.PutUnits(tx, units...); err != nil {
					return err
				}
				for _, u := range append(slices.Clone(units), authz.Unit{}, authz.Unit{ID: "nowhere"}) {
					if _, err := tx.Exec("INSERT INTO a_row (unit) VALUES ($1)", u.ID); err != nil {
						return err
					}
				}
				people = people[:0]
				for i := range 8 {
					person := fmt.Sprintf("p%d", i)
					people = append(people, person)
					if err := authz.PutPeople(tx, authz.Person{ID: person, Active: true}); err != nil {
						return err
					}
					for range rnd.IntN(4) {
						g := authz.Grant{Person: person, Role: []authz.Role{authz.Handler, authz.Regional, authz.Privacy}[rnd.IntN(3)],
							Tree: []authz.Tree{authz.Own, authz.Geography}[rnd.IntN(2)], Unit: units[rnd.IntN(len(units))].ID, Until: tx.Now.AddDate(1, 0, 0)}
						if rnd.IntN(10) == 0 {
							g.Unit = ""
						}
						if err := authz.Found(tx, system, g); err != nil {
							return err
						}
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if err := db.View(ctx, func(tx *store.Tx) error {
				picture, err := dir.Units(tx)
				if err != nil {
					return err
				}
				scopes := map[string]authz.Scope{"everything": authz.Everything(), "system": system.Scope(work)}
				for _, p := range people {
					a, err := dir.ActorOf(tx, p)
					if err != nil {
						return err
					}
					scopes[p+" by token"] = a.Limited([]authz.Act{read}).Scope(work)
					for _, act := range []authz.Act{read, work} {
						scope := a.Scope(act)
						scopes[p+" "+string(act)] = scope
						for _, u := range append(slices.Clone(units), authz.Unit{}, authz.Unit{ID: "nowhere"}) {
							known := u.ID != "nowhere" || !scope.All() // all means all rows, whatever they say
							if known && scope.Contains(u.ID) != a.Can(act, u.ID) {
								t.Errorf("round %d: %s of %s at %q: scope %v, may %v", round, act, p, u.ID, scope.Contains(u.ID), a.Can(act, u.ID))
							}
							if rnd.IntN(6) > 0 {
								continue
							}
							holders, err := dir.Holders(tx, act, u.ID)
							if err != nil {
								return err
							}
							if slices.Contains(holders, p) != a.Can(act, u.ID) {
								t.Errorf("round %d: %s holds %s at %q: %v", round, p, act, u.ID, holders)
							}
						}
					}
				}
				for _, name := range slices.Collect(keys(scopes)) {
					for _, u := range []string{"nowhere", "", picture.Root(), units[rnd.IntN(len(units))].ID, units[rnd.IntN(len(units))].ID} {
						scopes[name+" within "+u] = scopes[name].Within(picture, u)
					}
				}
				for name, scope := range scopes {
					where, args := scope.Where("r.unit", 2)
					got, err := store.Texts(tx, "SELECT unit FROM a_row r WHERE $1 = 1 AND "+where+" ORDER BY unit", append([]any{1}, args...)...)
					if err != nil {
						return err
					}
					var want []string
					for _, u := range append(slices.Clone(units), authz.Unit{}, authz.Unit{ID: "nowhere"}) {
						if scope.Contains(u.ID) {
							want = append(want, u.ID)
						}
					}
					slices.Sort(want)
					if !slices.Equal(got, want) {
						t.Errorf("round %d: %s: listed %s, contains %s", round, name, strings.Join(got, " "), strings.Join(want, " "))
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		var all []string
		for k := range m {
			all = append(all, k)
		}
		slices.Sort(all)
		for _, k := range all {
			if !yield(k) {
				return
			}
		}
	}
}

// randomUnits is a tree by ownership with a tree of regions; some ids begin
// with others, and some units lie in no region.
func randomUnits(rnd *rand.Rand) []authz.Unit {
	units := []authz.Unit{{ID: "a", Region: "r"}, {ID: "r", Kind: authz.RegionKind, Parent: "a"}}
	if rnd.IntN(3) == 0 {
		units[0].Region = ""
	}
	regions := []string{"r"}
	for i := range 4 {
		id := fmt.Sprintf("r%d", i)
		units = append(units, authz.Unit{ID: id, Kind: authz.RegionKind, Parent: "a", Region: regions[rnd.IntN(len(regions))]})
		regions = append(regions, id)
	}
	owners := []string{"a"}
	for i := range 20 {
		id := fmt.Sprintf("a%d", i)
		if rnd.IntN(3) == 0 {
			id = owners[len(owners)-1] + "-0"
		}
		u := authz.Unit{ID: id, Parent: owners[rnd.IntN(len(owners))]}
		if rnd.IntN(5) > 0 {
			u.Region = regions[rnd.IntN(len(regions))]
		}
		if slices.ContainsFunc(units, func(v authz.Unit) bool { return v.ID == id }) {
			continue
		}
		units = append(units, u)
		owners = append(owners, id)
	}
	return units
}
