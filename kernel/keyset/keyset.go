// Package keyset cuts long ordered lists into pages by the position of the last
// row shown, never by counting rows off: page 400 costs what page 1 costs, and a
// row that is added meanwhile neither repeats nor hides another. The position
// travels in the URL as an opaque mark. Pages of the console, the JSON API and
// exports all use it.
package keyset

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"yagura/kernel/fault"
)

// Position is where a row stands in an order: its value in the sorted column
// (string or int64) and its id, which settles ties.
type Position struct {
	Value any
	ID    string
	Row   int // how many rows come up to and including this one, for "51–100 of 1,234"
}

type mark struct {
	Value any    `json:"v"`
	ID    string `json:"i"`
	Row   int    `json:"n,omitempty"`
}

// At is the position of a row. The value is a string, an integer of any size or
// a bool (which is ordered as 0 and 1, as the store keeps it).
func At(value any, id string) Position {
	switch v := value.(type) {
	case int:
		value = int64(v)
	case int32:
		value = int64(v)
	case bool:
		if value = int64(0); v {
			value = int64(1)
		}
	}
	return Position{Value: value, ID: id}
}

// String is the opaque mark: base64url of a small JSON object.
func (p Position) String() string {
	b, err := json.Marshal(mark(p))
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Parse reads a mark. An empty one is the beginning: nil. A damaged one is a
// fault of the field "cursor".
func Parse(s string) (*Position, error) {
	if s == "" {
		return nil, nil
	}
	bad := fault.Invalid(fault.F("cursor", "This page mark cannot be read; start again from the first page"))
	if len(s) > 4096 {
		return nil, bad
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, bad
	}
	var m mark
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, bad
	}
	p := &Position{ID: m.ID, Row: max(m.Row, 0)}
	switch v := m.Value.(type) {
	case string:
		p.Value = v
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			return nil, bad
		}
		p.Value = n
	default:
		return nil, bad
	}
	return p, nil
}

// Page asks for one page of an ordered list.
type Page struct {
	Sort  string    // name of the column to order by; "" is the list's own default
	Desc  bool      // from the greatest down
	After *Position // nil: from the beginning
	Limit int       // rows on the page; SQL asks for one more, to know whether there is a next page
}

// Column is what a list may be ordered by: an SQL expression that is never
// NULL, and whether it is text or a whole number.
type Column struct {
	expr string
	num  bool
}

// Text is an ordering by an SQL expression of type text.
func Text(expr string) Column { return Column{expr: expr} }

// Int is an ordering by an SQL expression of type bigint or smallint.
func Int(expr string) Column { return Column{expr: expr, num: true} }

// Columns names what a list may be ordered by.
type Columns map[string]Column

// SQL returns the predicate for the rows after the mark ("1=1" on the first
// page) with its arguments as placeholders from $n on, and the clause
// " ORDER BY … LIMIT …". id is the expression of the unique text column that
// settles ties. Use Cut on the rows that come back. An unknown column is a
// fault of the field "sort", a mark of another order one of the field "cursor".
func (p Page) SQL(columns Columns, id string, n int) (where string, args []any, order string, err error) {
	col, ok := columns[p.Sort]
	if !ok {
		return "", nil, "", fault.Invalid(fault.F("sort", "This list cannot be sorted by %s", p.Sort))
	}
	dir, than := "ASC", ">"
	if p.Desc {
		dir, than = "DESC", "<"
	}
	where = "1=1"
	if p.After != nil {
		if _, num := p.After.Value.(int64); num != col.num {
			return "", nil, "", fault.Invalid(fault.F("cursor", "This page mark cannot be read; start again from the first page"))
		}
		where = fmt.Sprintf("(%s, %s) %s ($%d, $%d)", col.expr, id, than, n, n+1)
		args = []any{p.After.Value, p.After.ID}
	}
	limit := p.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	order = fmt.Sprintf(" ORDER BY %s %s, %s %s LIMIT %d", col.expr, dir, id, dir, limit+1)
	return where, args, order, nil
}

// DefaultLimit is the number of rows on a page that says nothing else.
const DefaultLimit = 50

// Cut takes the one row too many off and says where the next page begins; nil
// when this was the last. at is the position of a row in the order of the page.
func Cut[T any](p Page, rows []T, at func(T) Position) ([]T, *Position) {
	limit := p.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	if len(rows) <= limit {
		return rows, nil
	}
	rows = rows[:limit]
	next := at(rows[limit-1])
	next.Row = limit
	if p.After != nil {
		next.Row += p.After.Row
	}
	return rows, &next
}
