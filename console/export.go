package console

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// maxExport is how many rows one export holds; past it the last line says so.
const maxExport = 200_000

// export writes all rows from q's position on, page by page, so that memory
// stays that of one page.
func (l List[T]) export(c *Context, q Query, fetch Fetch[T]) error {
	var cols []Column[T]
	for _, col := range l.Columns {
		if col.Value != nil {
			cols = append(cols, col)
		}
	}
	q.Page.Limit = 1000
	rows, _, err := fetch(q) // before the first byte, so that an error is still a page
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%s.%s", l.Name, c.Now.In(c.Zone).Format("20060102-1504"), q.Format)
	var w rowWriter
	out := bufio.NewWriterSize(c.W, 32<<10)
	if q.Format == "csv" {
		c.Download(name, "text/csv; charset=utf-8")
		w = &csvRows{w: csv.NewWriter(out), out: out, c: c}
	} else {
		c.Download(name, "application/json")
		w = &jsonRows{out: out}
	}
	keys := make([]string, len(cols))
	heads := make([]string, len(cols))
	for i, col := range cols {
		keys[i], heads[i] = col.Key, c.Say(col.Head)
	}
	w.begin(keys, heads)
	values := make([]any, len(cols))
	for n := 0; ; {
		page, next := keyset.Cut(q.Page, rows, func(r T) keyset.Position { return l.At(r, q.Page.Sort) })
		for _, r := range page {
			for i, col := range cols {
				values[i] = exported(c, col.Value(r))
			}
			w.row(values)
			n++
		}
		if next == nil || n >= maxExport {
			w.end(next != nil)
			return out.Flush()
		}
		q.Page.After = next
		if rows, _, err = fetch(q); err != nil {
			// The head has gone out: cut the connection rather than let half a file pass for a whole one.
			c.console.log.ErrorContext(c.Context(), "export broke off", "list", l.Name, "rows", n, "error", err.Error())
			panic(abort)
		}
	}
}

// exported makes a value plain: times as RFC 3339 UTC, messages as text.
func exported(c *Context, v any) any {
	switch v := v.(type) {
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UTC().Format(time.RFC3339)
	case text.Message:
		return c.Say(v)
	case Severity:
		return string(v)
	case fmt.Stringer:
		return v.String()
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	}
	return v
}

type rowWriter interface {
	begin(keys, heads []string)
	row(values []any)
	end(cut bool)
}

// csvRows writes RFC 4180 with a byte order mark, without which Excel takes
// Japanese for the wrong encoding.
type csvRows struct {
	w   *csv.Writer
	out io.Writer
	c   *Context
}

func (x *csvRows) begin(_, heads []string) {
	io.WriteString(x.out, "\ufeff")
	x.w.UseCRLF = true
	x.w.Write(heads)
}

func (x *csvRows) row(values []any) {
	rec := make([]string, len(values))
	for i, v := range values {
		rec[i] = csvText(v)
	}
	x.w.Write(rec)
}

func (x *csvRows) end(cut bool) {
	if cut {
		x.w.Write([]string{x.c.T("There are more rows; narrow the filter to export them")})
	}
	x.w.Flush()
}

// csvText is a value as a CSV field. Text that a spreadsheet would run as a
// formula gets an apostrophe before it; numbers stay numbers.
func csvText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if v != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(v[0])) {
			return "'" + v
		}
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int, int32, int64, bool:
		return fmt.Sprint(v)
	}
	return csvText(fmt.Sprint(v))
}

// jsonRows writes one array of objects, each with its keys in column order.
type jsonRows struct {
	out  io.Writer
	keys [][]byte
	n    int
}

func (x *jsonRows) begin(keys, _ []string) {
	for _, k := range keys {
		b, _ := json.Marshal(k)
		x.keys = append(x.keys, b)
	}
	io.WriteString(x.out, "[")
}

func (x *jsonRows) row(values []any) {
	if x.n++; x.n > 1 {
		io.WriteString(x.out, ",")
	}
	io.WriteString(x.out, "\n{")
	for i, v := range values {
		if i > 0 {
			io.WriteString(x.out, ",")
		}
		x.out.Write(x.keys[i])
		io.WriteString(x.out, ":")
		b, err := json.Marshal(v)
		if err != nil {
			b = []byte("null")
		}
		x.out.Write(b)
	}
	io.WriteString(x.out, "}")
}

func (x *jsonRows) end(cut bool) {
	if cut {
		io.WriteString(x.out, ",\n{\"truncated\":true}")
	}
	io.WriteString(x.out, "\n]\n")
}
