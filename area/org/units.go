package org

import (
	"fmt"
	"slices"
	"strings"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// UnitFilter narrows a list of units; empty fields do not.
type UnitFilter struct {
	Text    string // in the id or a name
	Kind    Kind
	Country string
	Under   string // unit: it and all below it, in either tree
	Retired bool   // only those retired; else only those in use
	Page    keyset.Page
}

// UnitRow is a unit in a list.
type UnitRow struct {
	Unit
	Path  string
	Sort  string // lower-case name
	Teams int
}

var unitOrders = keyset.Columns{
	"path":    keyset.Text("a.path"),
	"name":    keyset.Text("lower(u.name)"),
	"id":      keyset.Text("u.id"),
	"kind":    keyset.Text("u.kind"),
	"country": keyset.Text("u.country"),
	"people":  keyset.Int("u.people"),
}

// UnitAt is the position of a row in an order of the list.
func UnitAt(r UnitRow, sort string) keyset.Position {
	switch sort {
	case "name":
		return keyset.At(r.Sort, r.ID)
	case "id":
		return keyset.At(r.ID, r.ID)
	case "kind":
		return keyset.At(string(r.Kind), r.ID)
	case "country":
		return keyset.At(r.Country, r.ID)
	case "people":
		return keyset.At(r.People, r.ID)
	}
	return keyset.At(r.Path, r.ID)
}

// like is a pattern for text found anywhere, its own wildcards taken literally.
func like(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(plain(s))) + "%"
}

// query collects conditions with their placeholders.
type query struct {
	where []string
	args  []any
}

// add adds a condition; ? stands for the values in turn.
func (q *query) add(cond string, values ...any) {
	for _, v := range values {
		q.args = append(q.args, v)
		cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(q.args)), 1)
	}
	q.where = append(q.where, cond)
}

func (q *query) scope(s authz.Scope, column string) {
	where, args := s.Where(column, len(q.args)+1)
	q.where, q.args = append(q.where, where), append(q.args, args...)
}

func (q *query) page(p keyset.Page, columns keyset.Columns, id string) (string, error) {
	where, args, order, err := p.SQL(columns, id, len(q.args)+1)
	q.where, q.args = append(q.where, where), append(q.args, args...)
	return order, err
}

func (q *query) sql() string { return strings.Join(q.where, " AND ") }

// Units lists units of the scope, one more than the page holds where there is a
// next one, and counts all that fit the filter.
func (s *Service) Units(tx *store.Tx, scope authz.Scope, f UnitFilter) ([]UnitRow, int, error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return nil, 0, err
	}
	var q query
	q.scope(scope.Within(units, f.Under), "u.id")
	if f.Retired {
		q.add("u.retired > 0")
	} else {
		q.add("u.retired = 0")
	}
	if f.Kind != "" {
		q.add("u.kind = ?", string(f.Kind))
	}
	if f.Country != "" {
		q.add("u.country = ?", strings.ToUpper(f.Country))
	}
	if f.Text != "" {
		q.add(`(lower(u.name) LIKE ? ESCAPE '\' OR lower(u.name_ja) LIKE ? ESCAPE '\' OR u.id LIKE ? ESCAPE '\')`, like(f.Text), like(f.Text), like(f.Text))
	}
	const from = " FROM org_unit u JOIN authz_unit a ON a.id = u.id WHERE "
	var total int
	if err := tx.QueryRow("SELECT count(*)"+from+q.sql(), q.args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	if f.Page.Sort == "" {
		f.Page.Sort = "path"
	}
	order, err := q.page(f.Page, unitOrders, "u.id")
	if err != nil {
		return nil, 0, err
	}
	rows, err := store.Rows(tx, func(r store.Scanner) (row UnitRow, err error) {
		row.Unit, err = readUnit(rest{r, []any{&row.Path, &row.Sort, &row.Teams}})
		return row, err
	}, "SELECT "+unitColumns+", a.path, lower(u.name), (SELECT count(*) FROM org_team t WHERE t.unit = u.id AND t.disbanded = 0)"+from+q.sql()+order, q.args...)
	return rows, total, err
}

// rest reads columns behind those that a reader knows.
type rest struct {
	store.Scanner
	into []any
}

func (r rest) Scan(into ...any) error { return r.Scanner.Scan(append(into, r.into...)...) }

// Countries are the countries of the scope's units in use.
func (s *Service) Countries(tx *store.Tx, scope authz.Scope) ([]string, error) {
	where, args := scope.Where("id", 1)
	return store.Texts(tx, "SELECT DISTINCT country FROM org_unit WHERE country <> '' AND retired = 0 AND "+where+" ORDER BY country", args...)
}

// Node is a unit in a drawing of the tree with all below it counted.
type Node struct {
	Unit
	Below  int // units in use below it, within the scope
	Heads  int // people in it and below it, within the scope
	Kids   []*Node
	Hidden int // direct children that are not drawn
}

// Tree is the part of one of the two trees around a unit: it and levels below
// it, at most wide children each, all units of the scope below counted. With an
// empty top it begins at the topmost units of the scope; there may be several.
func (s *Service) Tree(tx *store.Tx, scope authz.Scope, tree authz.Tree, top string, levels, wide int, lang text.Lang) ([]*Node, error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return nil, err
	}
	where, args := scope.Where("u.id", 1)
	list, err := store.Rows(tx, readUnit, "SELECT "+unitColumns+" FROM org_unit u WHERE u.retired = 0 AND "+where, args...)
	if err != nil {
		return nil, err
	}
	nodes := make(map[string]*Node, len(list))
	for _, u := range list {
		if tree == authz.Own && u.Kind == Region {
			continue
		}
		nodes[u.ID] = &Node{Unit: u, Heads: u.People}
	}
	up := func(u Unit) string {
		if tree == authz.Geography {
			return u.Region
		}
		return u.Parent
	}
	path := func(id string) string {
		own, geo, _ := units.Paths(id)
		if tree == authz.Geography {
			return geo
		}
		return own
	}
	var roots []*Node
	order := make([]*Node, 0, len(nodes))
	for _, n := range nodes {
		order = append(order, n)
	}
	depth := make(map[string]int, len(order))
	for _, n := range order {
		depth[n.ID] = strings.Count(path(n.ID), "/")
	}
	slices.SortFunc(order, func(a, b *Node) int { return depth[b.ID] - depth[a.ID] }) // deepest first
	for _, n := range order {
		if p := nodes[up(n.Unit)]; p != nil {
			p.Below += n.Below + 1
			p.Heads += n.Heads
			p.Kids = append(p.Kids, n)
		} else {
			roots = append(roots, n)
		}
	}
	if top != "" {
		n := nodes[top]
		if n == nil {
			return nil, nil
		}
		roots = []*Node{n}
	}
	var cut func(n *Node, left int)
	sortNodes := func(list []*Node) {
		slices.SortFunc(list, func(a, b *Node) int {
			if x, y := slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind); x != y {
				if a.Kind == Region { // regions come before what lies in them
					return -1
				} else if b.Kind == Region {
					return 1
				}
				return x - y
			}
			if c := strings.Compare(a.Label(lang), b.Label(lang)); c != 0 {
				return c
			}
			return strings.Compare(a.ID, b.ID)
		})
	}
	cut = func(n *Node, left int) {
		sortNodes(n.Kids)
		if left <= 1 {
			n.Hidden, n.Kids = len(n.Kids), nil
			return
		}
		if len(n.Kids) > wide {
			n.Hidden, n.Kids = len(n.Kids)-wide, n.Kids[:wide]
		}
		for _, k := range n.Kids {
			cut(k, left-1)
		}
	}
	sortNodes(roots)
	for _, n := range roots {
		cut(n, levels)
	}
	return roots, nil
}

// Totals are the units and people of a unit and all below it, in its own tree.
func (s *Service) Totals(tx *store.Tx, scope authz.Scope, unit string) (units, people int, err error) {
	picture, err := s.dir.Units(tx)
	if err != nil {
		return 0, 0, err
	}
	where, args := scope.Within(picture, unit).Where("u.id", 1)
	err = tx.QueryRow("SELECT count(*), COALESCE(sum(u.people), 0) FROM org_unit u WHERE u.retired = 0 AND "+where, args...).Scan(&units, &people)
	return units, people, err
}

// Children are the units in use directly below a unit: those it owns, or those
// that lie in it where it is a region.
func (s *Service) Children(tx *store.Tx, scope authz.Scope, u Unit, limit int) ([]Unit, error) {
	column := "parent"
	if u.Kind == Region {
		column = "region"
	}
	where, args := scope.Where("u.id", 3)
	also := ""
	if column == "parent" {
		also = " AND u.kind <> 'region'"
	}
	return store.Rows(tx, readUnit, "SELECT "+unitColumns+" FROM org_unit u WHERE u."+column+" = $1 AND u.retired = 0"+also+" AND "+where+
		" ORDER BY u.kind, u.name, u.id LIMIT $2", append([]any{u.ID, limit}, args...)...)
}
