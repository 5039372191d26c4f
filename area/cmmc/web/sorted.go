package web

import (
	"cmp"
	"slices"
	"strings"

	"yagura/console"
	"yagura/kernel/keyset"
)

// ordered is a page of rows that are all in memory: in the order of the query,
// after its mark.
func ordered[T any](q console.Query, rows []T, at func(T, string) keyset.Position) []T {
	slices.SortStableFunc(rows, func(a, b T) int {
		n := compare(at(a, q.Page.Sort), at(b, q.Page.Sort))
		if q.Page.Desc {
			return -n
		}
		return n
	})
	if q.Page.After != nil {
		rows = slices.DeleteFunc(rows, func(r T) bool {
			n := compare(at(r, q.Page.Sort), *q.Page.After)
			return q.Page.Desc && n >= 0 || !q.Page.Desc && n <= 0
		})
	}
	return rows[:min(len(rows), q.Page.Limit+1)]
}

func compare(a, b keyset.Position) int {
	switch x := a.Value.(type) {
	case string:
		y, _ := b.Value.(string)
		if n := strings.Compare(x, y); n != 0 {
			return n
		}
	case int64:
		y, _ := b.Value.(int64)
		if n := cmp.Compare(x, y); n != 0 {
			return n
		}
	}
	return strings.Compare(a.ID, b.ID)
}
