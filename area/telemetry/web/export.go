package web

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/console"
	"yagura/kernel/fault"
)

// maxExport is how many events one file holds.
const maxExport = 500_000

// export writes exactly what the explorer found, newest first. Where it cannot
// hold everything its last line says so.
func (p *pages) export(c *console.Context) error {
	a, err := readAsk(c)
	if err != nil {
		return err
	}
	if a.piped() {
		return p.exportAnswer(c, a)
	}
	format := c.Query("format")
	name := "events-" + c.Now.In(c.Zone).Format("20060102-1504") + "." + format
	out := bufio.NewWriterSize(c.W, 64<<10)
	var each func(telemetry.Event) error
	var end func(string)
	switch format {
	case "ndjson":
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		each = func(e telemetry.Event) error { return enc.Encode(show(e)) }
		end = func(words string) { enc.Encode(map[string]string{"truncated": words}) }
	case "csv":
		w := csv.NewWriter(out)
		w.UseCRLF = true
		head := func() {
			out.WriteString("\ufeff")
			w.Write([]string{c.T("Time"), c.T("Received§event"), c.T("Source§telemetry"), c.T("Unit"), c.T("Host"), c.T("Kind§source"), c.T("Summary"), c.T("Original line"), "ID"})
		}
		begun := false
		each = func(e telemetry.Event) error {
			if !begun {
				head()
				begun = true
			}
			return w.Write([]string{e.Time.Format(time.RFC3339Nano), e.Received.Format(time.RFC3339Nano), plain(e.Source), plain(e.Unit), plain(e.Host), e.Kind,
				plain(e.Summary()), plain(strings.ToValidUTF8(string(e.Line()), "\uFFFD")), e.ID()})
		}
		end = func(words string) {
			if !begun {
				head()
			}
			if words != "" {
				w.Write([]string{words})
			}
			w.Flush()
		}
	default:
		return fault.Invalid(fault.F("format", "There is no such choice"))
	}
	begun := false
	cov, err := p.s.Export(c.Context(), c.Actor, c.Unit, a.query(), maxExport, func(e telemetry.Event) error {
		if !begun {
			begun = true
			p.head(c, name, format)
		}
		return each(e)
	})
	if err != nil {
		if begun { // half a file must not pass for a whole one
			p.o.Log.ErrorContext(c.Context(), "telemetry: an export broke off", "error", err)
			panic(http.ErrAbortHandler)
		}
		return err
	}
	if !begun {
		p.head(c, name, format)
	}
	switch {
	case cov.Partial && !cov.Why.IsZero():
		end(c.Say(cov.Why))
	case cov.Partial:
		end(c.T("There are older events in the range that this file does not hold; narrow the range to export them"))
	case format == "csv":
		end("")
	}
	return out.Flush()
}

// exportAnswer writes the answer to a query with pipes, in the store's order.
func (p *pages) exportAnswer(c *console.Context, a ask) error {
	format := c.Query("format")
	if format != "csv" && format != "ndjson" {
		return fault.Invalid(fault.F("format", "There is no such choice"))
	}
	q := a.query()
	q.Text = a.Text
	t, err := p.s.Rows(c.Context(), c.Actor, c.Unit, q, maxExport)
	if err != nil {
		return err
	}
	t = ordered(a.Text, t)
	p.head(c, "answer-"+c.Now.In(c.Zone).Format("20060102-1504")+"."+format, format)
	out := bufio.NewWriterSize(c.W, 64<<10)
	cut := ""
	if t.Partial {
		cut = partly(c, t.Coverage, c.T("The answer is longer; this file does not hold the rest"))
	}
	if format == "csv" {
		out.WriteString("\ufeff")
		w := csv.NewWriter(out)
		w.UseCRLF = true
		w.Write(t.Columns)
		for _, row := range t.Rows {
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = plain(v)
			}
			w.Write(cells)
		}
		if cut != "" {
			w.Write([]string{cut})
		}
		w.Flush()
		return out.Flush()
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, row := range t.Rows {
		m := make(map[string]string, len(row))
		for i, v := range row {
			if v != "" {
				m[t.Columns[i]] = v
			}
		}
		enc.Encode(m)
	}
	if cut != "" {
		enc.Encode(map[string]string{"truncated": cut})
	}
	return out.Flush()
}

func (p *pages) head(c *console.Context, name, format string) {
	kind := "application/x-ndjson"
	if format == "csv" {
		kind = "text/csv; charset=utf-8"
	}
	c.Download(name, kind)
}

// plain keeps a spreadsheet from running a text as a formula.
func plain(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(s[0])) {
		return "'" + s
	}
	return s
}
