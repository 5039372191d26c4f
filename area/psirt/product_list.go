package psirt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// ProductFilter narrows a list of products; empty fields do not.
type ProductFilter struct {
	Query   string // anywhere in names and model numbers
	Family  string // id, or "none"
	Works   string // this unit alone
	State   string // "", "used", "ended" (without support), "soon" (within a year), "retired"
	Unit    string // within this unit, in either tree
	NoBills bool   // versions without a bill of materials alone
	Now     time.Time
	Page    keyset.Page
}

// ProductRow is a product in a list.
type ProductRow struct {
	Product
	Models   int
	Versions int
	WithBill int
}

var productSorts = keyset.Columns{
	"name": keyset.Text("p.name"), "family": keyset.Text("COALESCE(f.name, '')"), "unit": keyset.Text("p.unit"),
	"support": keyset.Int("p.support_end"), "changed": keyset.Int("p.changed"),
}

// ProductAt is the position of a product in a list ordered by sort.
func ProductAt(p Product, sort string) keyset.Position {
	switch sort {
	case "family":
		return keyset.At(p.FamilyName, p.ID)
	case "unit":
		return keyset.At(p.Unit, p.ID)
	case "support":
		return keyset.At(store.Millis(p.SupportEnd), p.ID)
	case "changed":
		return keyset.At(store.Millis(p.Changed), p.ID)
	}
	return keyset.At(p.Name, p.ID)
}

func (f ProductFilter) where(by authz.Actor, scope authz.Scope) (string, []any) {
	in, args := scope.Where("p.unit", 1)
	where := []string{in}
	if f.Unit != "" {
		narrow, more := authz.Everything().Within(by.Units(), f.Unit).Where("p.unit", len(args)+1)
		where, args = append(where, narrow), append(args, more...)
	}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	if q := strings.TrimSpace(f.Query); q != "" {
		add(`p.haystack LIKE ? ESCAPE '\'`, likeName(q))
	}
	if f.Works != "" {
		add("p.unit = ?", f.Works)
	}
	switch f.Family {
	case "":
	case "none":
		add("p.family = ?", "")
	default:
		add("p.family = ?", f.Family)
	}
	now := store.Millis(f.Now)
	switch f.State {
	case "used":
		add("p.retired = 0 AND (p.support_end = 0 OR p.support_end > ?)", now)
	case "ended":
		add("p.support_end > 0 AND p.support_end <= ?", now)
	case "soon":
		add("p.support_end > ?", now)
		add("p.support_end <= ?", store.Millis(f.Now.AddDate(1, 0, 0)))
	case "retired":
		add("p.retired > ?", 0)
	}
	if f.NoBills {
		add("NOT EXISTS (SELECT 1 FROM psirt_product_firmware w WHERE w.product = p.id AND w.bill_at > ?)", 0)
	}
	return strings.Join(where, " AND "), args
}

// Products are a page of the products that the actor may see (one more than its limit
// when there is a next page) and how many there are in all.
func (s *Service) Products(ctx context.Context, by authz.Actor, scope authz.Scope, f ProductFilter) (rows []ProductRow, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		f.Now = tx.Now
		where, args := f.where(by, scope)
		after, more, order, err := f.Page.SQL(productSorts, "p.id", len(args)+1)
		if err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM "+productTables+" WHERE "+where, args...).Scan(&total); err != nil {
			return err
		}
		found, err := store.Rows(tx, readProduct, "SELECT "+productColumns+" FROM "+productTables+" WHERE "+where+" AND "+after+order, append(args, more...)...)
		if err != nil {
			return err
		}
		rows, err = countParts(tx, found)
		return err
	})
	return rows, total, err
}

// countParts counts models and versions of products.
func countParts(tx *store.Tx, list []Product) ([]ProductRow, error) {
	rows := make([]ProductRow, len(list))
	at, ids := map[string]int{}, []any{}
	for i, p := range list {
		rows[i].Product, at[p.ID] = p, i
		ids = append(ids, p.ID)
	}
	if len(list) == 0 {
		return rows, nil
	}
	in := " WHERE product IN (" + productMarks(1, len(ids)) + ") GROUP BY product"
	err := each(tx, func(r store.Scanner) error {
		var id string
		var n int
		err := r.Scan(&id, &n)
		rows[at[id]].Models = n
		return err
	}, "SELECT product, COUNT(*) FROM psirt_product_model"+in, ids...)
	if err != nil {
		return nil, err
	}
	return rows, each(tx, func(r store.Scanner) error {
		var id string
		var n, bills int
		err := r.Scan(&id, &n, &bills)
		rows[at[id]].Versions, rows[at[id]].WithBill = n, bills
		return err
	}, "SELECT product, COUNT(*), SUM(CASE WHEN bill_at > 0 THEN 1 ELSE 0 END) FROM psirt_product_firmware"+in, ids...)
}

// Choice is a product to choose from, as for a case.
type Choice struct{ ID, Name, Family, Unit string }

// Choices are the products in use that the actor may see, by name.
func (s *Service) Choices(ctx context.Context, by authz.Actor) (all []Choice, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		in, args := by.Scope(Read).Where("p.unit", 1)
		all, err = store.Rows(tx, func(r store.Scanner) (c Choice, err error) { return c, r.Scan(&c.ID, &c.Name, &c.Family, &c.Unit) },
			"SELECT p.id, p.name, COALESCE(f.name, ''), p.unit FROM "+productTables+" WHERE p.retired = 0 AND "+in+" ORDER BY p.name, p.id", args...)
		return err
	})
	return all, err
}

// Works are the units that own a product which the actor may see.
func (s *Service) Works(ctx context.Context, by authz.Actor) (units []string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		in, args := by.Scope(Read).Where("p.unit", 1)
		units, err = store.Texts(tx, "SELECT DISTINCT p.unit FROM psirt_product p WHERE "+in+" ORDER BY p.unit", args...)
		return err
	})
	return units, err
}
