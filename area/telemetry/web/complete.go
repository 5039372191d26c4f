package web

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/logsql"
	"yagura/console"
)

// choice is what could be typed next.
type choice struct {
	Label string `json:"label"`
	Note  string `json:"note,omitempty"`
	Text  string `json:"text"` // the query up to the cursor, with it
}

const (
	maxChoices = 20
	// completionRange is how far back names and values are looked for: it is asked
	// with every letter.
	completionRange = 6 * time.Hour
)

// complete answers the script of the query's field: what could stand where the
// query breaks off. Names and values are those of events that the reader sees.
func (p *pages) complete(c *console.Context) error {
	a, err := readAsk(c)
	if err != nil {
		return err
	}
	before := c.R.URL.Query().Get("before")
	if len(before) > telemetry.MaxText {
		before = ""
	}
	if d := a.To.Sub(a.From); d > completionRange {
		a.From = a.To.Add(-completionRange)
	}
	place := logsql.At(before)
	var out []choice
	switch place.Kind {
	case logsql.FieldName, logsql.FieldArgument:
		out, err = p.fieldChoices(c, a, place)
	case logsql.FieldValue:
		out, err = p.valueChoices(c, a, place)
	case logsql.PipeName:
		out = fixedChoices(place, logsql.Pipes)
	case logsql.FunctionName:
		out = fixedChoices(place, logsql.Functions)
	}
	if err != nil {
		return err
	}
	h := c.W.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "private, max-age=30")
	return json.NewEncoder(c.W).Encode(map[string]any{"choices": out})
}

func fixedChoices(place logsql.Place, words []string) (out []choice) {
	for _, w := range words {
		if strings.HasPrefix(w, strings.ToLower(place.Typed)) && len(out) < maxChoices {
			out = append(out, choice{Label: w, Text: place.With(w)})
		}
	}
	return out
}

func (p *pages) fieldChoices(c *console.Context, a ask, place logsql.Place) (out []choice, err error) {
	t, err := p.ask(c, a, "*", "field_names")
	if err != nil {
		return nil, err
	}
	typed := strings.ToLower(place.Typed)
	for _, prefix := range []bool{true, false} { // those that begin so come first
		for i := range t.Rows {
			name := cellOf(t, i, "name")
			low := strings.ToLower(name)
			if name == "_rest" || strings.HasPrefix(low, typed) != prefix || !prefix && !strings.Contains(low, typed) || len(out) >= maxChoices {
				continue
			}
			out = append(out, choice{Label: name, Note: count(c, cellOf(t, i, "hits")), Text: place.With(name)})
		}
	}
	return out, nil
}

func (p *pages) valueChoices(c *console.Context, a ask, place logsql.Place) (out []choice, err error) {
	filter := logsql.Has(place.Field)
	if place.Typed != "" {
		filter = logsql.Quote(place.Field) + ":~" + strconv.Quote("(?i)"+regexp.QuoteMeta(place.Typed))
	}
	t, err := p.ask(c, a, filter, "top "+strconv.Itoa(maxChoices)+" by ("+logsql.Quote(place.Field)+") hits as n")
	if err != nil {
		return nil, err
	}
	for i := range t.Rows {
		v := cellOf(t, i, place.Field)
		if v == "" || len(v) > 1000 {
			continue
		}
		out = append(out, choice{Label: brief([]byte(v), 120), Note: count(c, cellOf(t, i, "n")), Text: place.With(v)})
	}
	return out, nil
}

func (p *pages) ask(c *console.Context, a ask, filter, pipe string) (telemetry.Table, error) {
	q := telemetry.Query{From: a.From, To: a.To, Source: a.Source, Text: filter + " | " + pipe, Budget: 2 * time.Second}
	return p.s.Rows(c.Context(), c.Actor, c.Unit, q, 5000)
}

func count(c *console.Context, n string) string {
	v, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		return ""
	}
	return c.Num(v)
}
