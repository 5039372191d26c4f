package web

import (
	"cmp"
	"slices"
	"strings"

	"yagura/area/telemetry"
	"yagura/area/telemetry/logsql"
	"yagura/console"
	"yagura/kernel/text"
)

// answerTable shows an answer with pipes. Values by which events were grouped
// lead to the events behind them.
func answerTable(a ask, answer telemetry.Table) *console.Table {
	heads := make([]text.Message, len(answer.Columns))
	leads := make([]bool, len(answer.Columns))
	for i, name := range answer.Columns {
		heads[i] = text.Literal(name)
		leads[i] = groups(a.Text, name)
	}
	t := console.NewTable(text.M("Answer to the query"), heads...)
	t.Empty = console.Empty{Title: text.M("The answer is empty"), Body: text.M("No event in this range fits, or nothing was left of them. Widen the range, or take conditions away.")}
	for _, row := range answer.Rows {
		cells := make([]console.Cell, len(row))
		for i, v := range row {
			switch {
			case leads[i]:
				cells[i] = console.Link(a.with(logsql.Is(answer.Columns[i], v)), shorten(v))
			default:
				cells[i] = console.Code(shorten(v))
			}
		}
		t.Row(cells...)
	}
	return t
}

// ordered puts the columns of an answer in the order in which the query names
// them; the store tells of them in any.
func ordered(query string, t telemetry.Table) telemetry.Table {
	at := map[string]int{}
	for i, word := range logsql.Lex(query) {
		if at[word.Text] == 0 {
			at[word.Text] = i + 1
		}
	}
	order := make([]int, len(t.Columns))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := at[t.Columns[a]], at[t.Columns[b]]
		if x == 0 || y == 0 {
			return cmp.Compare(y, x) // what is not named comes last
		}
		return cmp.Compare(x, y)
	})
	out := telemetry.Table{Coverage: t.Coverage}
	for _, i := range order {
		out.Columns = append(out.Columns, t.Columns[i])
	}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for to, from := range order {
			cells[to] = row[from]
		}
		out.Rows = append(out.Rows, cells)
	}
	return out
}

// shorten keeps a long value from filling the page; the export holds it whole.
func shorten(v string) string {
	if v == "" {
		return "–"
	}
	return brief([]byte(v), 500)
}

// groups tells whether a column of the answer is a field of the events, so that
// its values are conditions.
func groups(query, column string) bool {
	_, pipes := logsql.Split(query)
	for _, p := range pipes {
		for _, word := range logsql.Lex(p) {
			if word.Text == column && !strings.HasPrefix(column, "_") {
				return isGrouping(p, word.At)
			}
		}
	}
	return false
}

// isGrouping tells whether what stands at a place of a pipe are names of
// fields: behind by, or as the pipe's own arguments. A name that stands behind a
// function is that of a number.
func isGrouping(pipe string, at int) bool {
	before := logsql.Lex(pipe[:at])
	if len(before) == 0 {
		return false
	}
	switch strings.ToLower(before[0].Text) {
	case "fields", "keep":
		return true
	case "stats", "top", "uniq", "by", "count_uniq":
		open := 0
		for i, t := range before {
			if t.Quoted {
				continue
			}
			switch t.Text {
			case "(":
				if i > 0 && (strings.EqualFold(before[i-1].Text, "by") || i == 1) {
					open++
				} else if open > 0 {
					open++
				}
			case ")":
				open = max(open-1, 0)
			}
		}
		return open == 1
	}
	return false
}
