package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// List declares a list once: its table, filters, sorting, paging and exports
// all come from it, and all of it is in the URL.
type List[T any] struct {
	Name    string       // of the exported file, "incidents"
	Caption text.Message // of the table, for those who cannot see it
	Columns []Column[T]
	Filters []Filter
	Sort    string // when the URL says nothing: "-opened" is newest first
	Limit   int    // rows on a page; 0 = 50
	// At is where the row stands in the order by the column sort: keyset.At(value, id).
	At    func(r T, sort string) keyset.Position
	Empty Empty // shown when there is no row at all
	// NoExport leaves out the links to CSV and JSON.
	NoExport bool
	// Fitted lets headings and names take several lines, so that many columns fit.
	Fitted bool
}

// Column is one column of a list.
type Column[T any] struct {
	Key  string // name in the URL, in CSV and in JSON; also handed to the use case as sort
	Head text.Message
	Sort bool // the reader may sort by it
	Num  bool // numbers: aligned to the right
	// Cell is what the table shows; nil shows Value.
	Cell func(c *Context, r T) Cell
	// Value is what exports hold: string, integer, float64, bool, time.Time (zero
	// = empty) or text.Message. nil keeps the column out of exports.
	Value func(r T) any
	// ExportOnly keeps the column out of the table.
	ExportOnly bool
}

// Filter is an entry of the bar above a list; its name is that in the URL.
type Filter struct {
	Name    string
	Label   text.Message
	Options []Option                  // a choice; the first, "all", is added by the shell
	Choices func(c *Context) []Option // the same, made per request
	Date    bool                      // a day; otherwise, without options, free text
}

// Option is one of the values to choose from.
type Option struct {
	Value string
	Label text.Message
}

// Empty is what an empty list says, and where to go from there.
type Empty struct {
	Title  text.Message
	Body   text.Message
	Action text.Message
	Href   string
}

// Query is what the URL asks of a list.
type Query struct {
	Page   keyset.Page       // hand it to the use case
	Values map[string]string // of the filters that are set
	Format string            // "", "csv" or "json"
	url    *url.URL
}

// Get is the value of a filter, "" when it is not set.
func (q Query) Get(name string) string { return q.Values[name] }

// Day is the beginning of the day of a date filter in the zone, in UTC; zero
// when it is not set.
func (q Query) Day(name string, zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, q.Values[name], zone)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Read reads the URL. Filters that are no choice of the list, sort keys that it
// does not have and damaged marks are faults with the parameter's name.
func (l List[T]) Read(c *Context) (Query, error) {
	v := c.R.URL.Query()
	q := Query{Values: map[string]string{}, url: c.R.URL}
	var bad []fault.Field
	for _, f := range l.Filters {
		s := strings.TrimSpace(v.Get(f.Name))
		if s == "" {
			continue
		}
		if opts := f.options(c); opts != nil && !slices.ContainsFunc(opts, func(o Option) bool { return o.Value == s }) {
			bad = append(bad, fault.F(f.Name, "There is no such choice"))
			continue
		}
		if f.Date {
			if _, err := time.Parse(time.DateOnly, s); err != nil {
				bad = append(bad, fault.F(f.Name, "A date such as 2026-11-23 is needed here"))
				continue
			}
		}
		q.Values[f.Name] = s
	}
	sort := v.Get("sort")
	if sort == "" {
		sort = l.Sort
	}
	q.Page.Sort, q.Page.Desc = strings.CutPrefix(sort, "-")
	if sort != l.Sort && !slices.ContainsFunc(l.Columns, func(col Column[T]) bool { return col.Sort && col.Key == q.Page.Sort }) {
		bad = append(bad, fault.F("sort", "This list cannot be sorted by %s", q.Page.Sort))
	}
	q.Page.Limit = l.Limit
	if q.Page.Limit == 0 {
		q.Page.Limit = keyset.DefaultLimit
	}
	if s := v.Get("limit"); s != "" {
		if n, err := strconv.Atoi(s); err == nil && n >= 1 && n <= 500 {
			q.Page.Limit = n
		}
	}
	after, err := keyset.Parse(v.Get("cursor"))
	if err != nil {
		bad = append(bad, fault.FieldsOf(err)...)
	}
	q.Page.After = after
	switch f := v.Get("format"); f {
	case "", "csv", "json":
		q.Format = f
	default:
		bad = append(bad, fault.F("format", "There is no such choice"))
	}
	if len(bad) > 0 {
		return q, fault.Invalid(bad...)
	}
	return q, nil
}

func (f Filter) options(c *Context) []Option {
	if f.Choices != nil {
		return f.Choices(c)
	}
	return f.Options
}

// Fetch is the use case behind a list: the rows of q.Page (one more than its
// limit when there is a next page, as keyset.Page.SQL asks) and how many rows
// there are in all, below zero when counting would be slow.
type Fetch[T any] func(q Query) (rows []T, total int, err error)

// Serve answers the whole request: the area's view with the table as .D.Table
// and extra as .D.Extra, or the export. The view "" is the shell's own: title
// and table, nothing else.
func (l List[T]) Serve(c *Context, view string, fetch Fetch[T], extra any) error {
	q, err := l.Read(c)
	if err != nil {
		return err
	}
	if q.Format != "" && !l.NoExport {
		return l.export(c, q, fetch)
	}
	rows, total, err := fetch(q)
	if err != nil {
		return err
	}
	return c.Render(view, ListView{Table: l.Table(c, q, rows, total), Extra: extra})
}

// ListView is the data of a list's view.
type ListView struct {
	Table Table
	Extra any
}

// Table makes the table of rows as fetched, for {{table .D.Table}}.
func (l List[T]) Table(c *Context, q Query, rows []T, total int) Table {
	rows, next := keyset.Cut(q.Page, rows, func(r T) keyset.Position { return l.At(r, q.Page.Sort) })
	t := Table{Caption: l.Caption, Empty: l.Empty, Total: total, Filtered: len(q.Values) > 0, Paged: true, Fitted: l.Fitted, Path: q.url.Path}
	for _, col := range l.Columns {
		if col.ExportOnly {
			continue
		}
		t.Heads = append(t.Heads, q.head(l.Sort, col.Key, col.Head, col.Sort, col.Num))
	}
	for _, r := range rows {
		row := TableRow{}
		for _, col := range l.Columns {
			switch {
			case col.ExportOnly:
			case col.Cell != nil:
				row.Cells = append(row.Cells, col.Cell(c, r))
			case col.Value != nil:
				row.Cells = append(row.Cells, CellOf(col.Value(r)))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	if q.Page.After != nil {
		t.From = q.Page.After.Row
		t.First = q.link("cursor", "")
	}
	t.To = t.From + len(rows)
	if len(rows) > 0 {
		t.From++
	}
	if next != nil {
		t.Next = q.link("cursor", next.String())
	}
	for _, f := range l.Filters {
		t.Filters = append(t.Filters, TableFilter{Name: f.Name, Label: f.Label, Value: q.Values[f.Name], Options: f.options(c), Date: f.Date})
	}
	if !l.NoExport {
		t.CSV, t.JSON = q.link("format", "csv", "cursor", ""), q.link("format", "json", "cursor", "")
	}
	for _, keep := range []string{"sort", "unit"} {
		if s := q.url.Query().Get(keep); s != "" {
			t.Hidden = append(t.Hidden, Hidden{keep, s})
		}
	}
	return t
}

// head is a column's heading with the link that sorts by it.
func (q Query) head(standard, key string, label text.Message, sortable, num bool) TableHead {
	h := TableHead{Label: label, Num: num}
	if !sortable {
		return h
	}
	want := key
	if q.Page.Sort == key {
		if h.Sorted = "ascending"; q.Page.Desc {
			h.Sorted = "descending"
		} else {
			want = "-" + key
		}
	}
	if want == standard {
		want = ""
	}
	h.Href = q.link("sort", want, "cursor", "")
	return h
}

// link is the canonical URL of the same list with some parameters changed:
// parameters in alphabetical order, empty ones left out.
func (q Query) link(changes ...string) string {
	v := q.url.Query()
	for i := 0; i+1 < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	for name, values := range v {
		if len(values) == 0 || values[0] == "" || (name == "format" && !slices.Contains(changes, "format")) {
			v.Del(name)
		}
	}
	if len(v) == 0 {
		return q.url.Path
	}
	return q.url.Path + "?" + v.Encode()
}
