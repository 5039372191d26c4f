package org

import (
	"fmt"
	"strings"

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

// MostFound is how many people one search looks at: of a word that fits more,
// the first by word. One more word narrows it down.
const MostFound = 2000

// People lists people of the scope, one more than the page holds where there is
// a next one. The number of all is below zero where a search fits more than
// MostFound and only those are listed. Several words must all fit; where each
// of them fits more than MostFound, they must begin a name together.
func (s *Service) People(tx *store.Tx, scope authz.Scope, f PersonFilter) ([]PersonRow, int, error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return nil, 0, err
	}
	if f.Only == "" {
		scope = scope.Within(units, f.Under)
	}
	var of query
	of.scope(scope, "u.id")
	if f.Only != "" {
		of.add("u.id = ?", f.Only)
	}
	var heads int
	if err := tx.QueryRow("SELECT COALESCE(sum(u.people), 0) FROM org_unit u WHERE "+of.sql(), of.args...).Scan(&heads); err != nil {
		return nil, 0, err
	}
	var q query
	if f.Only != "" {
		q.add("p.unit = ?", f.Only)
	}
	words := asked(f.Text)
	// How the engine is to go about it: an expression in place of a column keeps
	// it from an index that would lead it through the whole group.
	present, unit, sort, id := "p.present", "p.unit", "p.sort", "p.id"
	total, more := heads, false
	switch {
	case len(words) > 0 && (heads > narrow || f.Left):
		present, unit, sort, id = "p.present + 0", "p.unit || ''", "p.sort || ''", "p.id || ''"
		if words, more, err = rarest(tx, scope, words); err != nil {
			return nil, 0, err
		}
		q.among(scope, words[0])
		words = words[1:]
	case heads > narrow || f.Left:
		unit = "p.unit || ''"
	default:
		sort, id = "p.sort || ''", "p.id || ''"
	}
	q.add(present+" = ?", flag(!f.Left))
	for _, w := range words {
		q.add("EXISTS (SELECT 1 FROM org_word w WHERE w.person = p.id AND w.word >= ? AND w.word < ?)", w, w+last)
	}
	q.scope(scope, unit)
	if more {
		total = -1
	} else if f.Text != "" || f.Left {
		if err := tx.QueryRow("SELECT count(*) FROM org_person p WHERE "+q.sql(), q.args...).Scan(&total); err != nil {
			return nil, 0, err
		}
	}
	if f.Page.Sort == "" {
		f.Page.Sort = "name"
	}
	order, err := q.page(f.Page, keyset.Columns{"name": keyset.Text(sort), "id": keyset.Text(id)}, "p.id")
	if err != nil {
		return nil, 0, err
	}
	rows, err := store.Rows(tx, func(r store.Scanner) (row PersonRow, err error) {
		row.Person, err = readPerson(rest{r, []any{&row.Sort}})
		return row, err
	}, "SELECT "+personColumns+", p.sort FROM org_person p WHERE "+q.sql()+order, q.args...)
	return rows, total, err
}

// last follows every word that begins alike.
const last = "\U0010ffff"

// among narrows to the people of the scope whom a word fits, MostFound at most.
func (q *query) among(scope authz.Scope, word string) {
	var in query
	in.args = q.args
	in.add("w.word >= ? AND w.word < ?", word, word+last)
	in.scope(scope, "w.unit")
	q.args = in.args
	q.where = append(q.where, fmt.Sprintf("p.id IN (SELECT x.person FROM (SELECT w.person FROM org_word w WHERE %s ORDER BY w.word, w.unit, w.person LIMIT %d) x)", in.sql(), MostFound))
}

// rarest puts the word first that fits the fewest people of the scope and tells
// whether those are more than MostFound. Where no word is rare, several become
// one: the beginning of a name.
func rarest(tx *store.Tx, scope authz.Scope, words []string) ([]string, bool, error) {
	count := func(w string) (n int, err error) {
		var q query
		q.add("w.word >= ? AND w.word < ?", w, w+last)
		q.scope(scope, "w.unit")
		err = tx.QueryRow(fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM org_word w WHERE %s LIMIT %d) x", q.sql(), MostFound+1), q.args...).Scan(&n)
		return n, err
	}
	best, fewest := 0, MostFound+1
	for i, w := range words {
		n, err := count(w)
		if err != nil {
			return nil, false, err
		}
		if n < fewest {
			best, fewest = i, n
		}
	}
	if fewest <= MostFound {
		words[0], words[best] = words[best], words[0]
		return words, false, nil
	}
	if len(words) == 1 {
		return words, true, nil
	}
	together := strings.Join(words, " ")
	n, err := count(together)
	return []string{together}, n > MostFound, err
}

// Names are the people with the ids, for showing who they are.
func (s *Service) Names(tx *store.Tx, ids ...string) (map[string]Person, error) {
	return peopleByID(tx, ids)
}
