package org

import (
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// PersonFilter narrows a list of people; empty fields do not.
type PersonFilter struct {
	Text  string // beginnings of names, of the id or of the mail address
	Under string // unit: those of it and of all below it, in either tree
	Only  string // unit: those who belong to it directly
	Left  bool   // only those who left; else only those who are with the group
	Page  keyset.Page
}

// PersonRow is a person in a list.
type PersonRow struct {
	Person
	Sort string
}

// PersonAt is the position of a row in an order of the list.
func PersonAt(r PersonRow, sort string) keyset.Position {
	if sort == "id" {
		return keyset.At(r.ID, r.ID)
	}
	return keyset.At(r.Sort, r.ID)
}

// narrow is how many people a part of the group may have for its people to be
// gathered first and sorted then. A larger part is read in the order of the
// list until a page is full, which then does not take long.
const narrow = 4000

// People lists people of the scope, one more than the page holds where there is
// a next one. The number of all is below zero where counting would be slow.
func (s *Service) People(tx *store.Tx, scope authz.Scope, f PersonFilter) ([]PersonRow, int, error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return nil, 0, err
	}
	if f.Only == "" {
		scope = scope.Within(units, f.Under)
	}
	where, args := scope.Where("u.id", 1)
	if f.Only != "" {
		where, args = scope.Where("u.id", 2)
		where, args = "u.id = $1 AND "+where, append([]any{f.Only}, args...)
	}
	var heads int
	if err := tx.QueryRow("SELECT COALESCE(sum(u.people), 0) FROM org_unit u WHERE "+where, args...).Scan(&heads); err != nil {
		return nil, 0, err
	}
	var q query
	q.add("p.present = ?", flag(!f.Left))
	column := "p.unit"
	if heads > narrow && f.Text == "" {
		column = "p.unit || ''" // keeps the engine from gathering by unit
	}
	if f.Only != "" {
		q.add("p.unit = ?", f.Only)
	}
	q.scope(scope, column)
	total := heads
	columns := keyset.Columns{"name": keyset.Text("p.sort"), "id": keyset.Text("p.id")}
	if f.Text != "" {
		total = -1
		for _, w := range asked(f.Text) {
			q.add("p.id IN (SELECT person FROM org_word WHERE word >= ? AND word < ?)", w, w+"\U0010ffff")
		}
		// As many as match are usually few: found by their words, then sorted.
		columns = keyset.Columns{"name": keyset.Text("p.sort || ''"), "id": keyset.Text("p.id || ''")}
	}
	if f.Left {
		total = -1
	}
	if f.Text != "" || f.Left {
		const most = 2000
		var n int
		if err := tx.QueryRow("SELECT count(*) FROM (SELECT 1 FROM org_person p WHERE "+q.sql()+" LIMIT 2001) x", q.args...).Scan(&n); err != nil {
			return nil, 0, err
		}
		if n <= most {
			total = n
		} else {
			columns = keyset.Columns{"name": keyset.Text("p.sort"), "id": keyset.Text("p.id")}
		}
	}
	if f.Page.Sort == "" {
		f.Page.Sort = "name"
	}
	order, err := q.page(f.Page, columns, "p.id")
	if err != nil {
		return nil, 0, err
	}
	rows, err := store.Rows(tx, func(r store.Scanner) (row PersonRow, err error) {
		row.Person, err = readPerson(more{r, []any{&row.Sort}})
		return row, err
	}, "SELECT "+personColumns+", p.sort FROM org_person p WHERE "+q.sql()+order, q.args...)
	return rows, total, err
}

// Names are the people with the ids, for showing who they are.
func (s *Service) Names(tx *store.Tx, ids ...string) (map[string]Person, error) {
	return peopleByID(tx, ids)
}
