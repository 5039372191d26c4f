package console

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

type thing struct {
	ID, Name string
	N        int64
	At       time.Time
}

var things = func() []thing {
	var ts []thing
	for i := range 2500 {
		ts = append(ts, thing{fmt.Sprintf("T-%04d", i), "name", int64(i), testNow.Add(-time.Duration(i) * time.Minute)})
	}
	ts[1].Name, ts[2].Name, ts[3].Name = `=HYPERLINK("http://evil")`, "改行\nと\"引用\"", "-5+cmd"
	return ts
}()

var thingList = List[thing]{
	Name: "things", Caption: text.Literal("Things"), Sort: "n",
	Columns: []Column[thing]{
		{Key: "id", Head: text.Literal("No."), Value: func(t thing) any { return t.ID }, Cell: func(_ *Context, t thing) Cell { return Strong("/things/"+t.ID, t.ID) }},
		{Key: "name", Head: text.Literal("Name"), Value: func(t thing) any { return t.Name }},
		{Key: "n", Head: text.Literal("N"), Num: true, Sort: true, Value: func(t thing) any { return t.N }},
		{Key: "at", Head: text.Literal("At"), ExportOnly: true, Value: func(t thing) any { return t.At }},
		{Key: "grade", Head: text.Literal("Grade"), Value: func(t thing) any { return High }},
	},
	Filters: []Filter{{Name: "q", Label: text.Literal("Search")}, {Name: "kind", Label: text.Literal("Kind"), Options: []Option{{"a", text.Literal("A")}}}, {Name: "day", Label: text.Literal("Day"), Date: true}},
	At:      func(t thing, _ string) keyset.Position { return keyset.At(t.N, t.ID) },
}

// fetchThings is a use case as keyset.Page.SQL would make it.
func fetchThings(q Query) ([]thing, int, error) {
	var rows []thing
	for i := range things {
		t := things[i]
		if q.Page.Desc {
			t = things[len(things)-1-i]
		}
		if after := q.Page.After; after != nil {
			n := after.Value.(int64)
			if q.Page.Desc && t.N >= n || !q.Page.Desc && t.N <= n {
				continue
			}
		}
		if q.Get("q") != "" && !strings.Contains(t.ID, q.Get("q")) {
			continue
		}
		if rows = append(rows, t); len(rows) > q.Page.Limit {
			break
		}
	}
	return rows, len(things), nil
}

func listServer(t *testing.T) http.Handler {
	_, h := newTest(t, Options{Areas: []Area{{Name: "things", Pages: []Page{{Method: "GET", Path: "/things", Title: text.Literal("Things"),
		Handle: func(c *Context) error { return thingList.Serve(c, "", fetchThings, nil) }}}}}})
	return h
}

func between(t *testing.T, s, a, b string) string {
	t.Helper()
	_, s, ok := strings.Cut(s, a)
	if !ok {
		return ""
	}
	s, _, _ = strings.Cut(s, b)
	return strings.ReplaceAll(s, "&amp;", "&")
}

func TestListPagesSortsAndFilters(t *testing.T) {
	h := listServer(t)
	body := get(h, "/things", "X-Person", "p1").Body.String()
	if !strings.Contains(body, "1–50 of 2,500") || strings.Count(body, "<tr>") != 51 {
		t.Fatalf("first page: %s", body)
	}
	next := between(t, body, `class="button small" href="`, `"`)
	body = get(h, next, "X-Person", "p1").Body.String()
	if !strings.Contains(body, "51–100 of 2,500") || !strings.Contains(body, "T-0050") || strings.Contains(body, "T-0049") {
		t.Errorf("second page: %s", between(t, body, `class="pages"`, "</div>"))
	}
	if first := between(t, body, `class="button small" href="`, `"`); first != "/things" {
		t.Errorf("first page is at %s", first)
	}
	down := between(t, body, `aria-sort="ascending"><a href="`, `"`)
	if down != "/things?sort=-n" {
		t.Errorf("turning round is at %s", down)
	}
	body = get(h, down, "X-Person", "p1").Body.String()
	if !strings.Contains(body, "T-2499") || between(t, body, `aria-sort="descending"><a href="`, `"`) != "/things" {
		t.Errorf("turned round: %s", body)
	}
	body = get(h, "/things?kind=a&q=nothing&unit=x", "X-Person", "p1").Body.String()
	if !strings.Contains(body, "Nothing matches") || !strings.Contains(body, `name="unit" value="x"`) || !strings.Contains(body, `value="a" selected`) {
		t.Errorf("no match: %s", body)
	}
	for _, f := range wellFormed([]byte(body)) {
		t.Error(f)
	}
	for _, bad := range []string{"sort=id", "sort=%3Bdrop", "kind=zz", "day=yesterday", "cursor=%21", "format=exe"} {
		if w := get(h, "/things?"+bad, "X-Person", "p1"); w.Code != 422 || !strings.Contains(w.Body.String(), strings.Split(bad, "=")[0]) {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}

func TestExports(t *testing.T) {
	h := listServer(t)
	w := get(h, "/things?format=csv&sort=n", "X-Person", "p1")
	body := w.Body.String()
	if !strings.HasPrefix(body, "\ufeff") || !strings.Contains(w.Header().Get("Content-Disposition"), `filename="things-20261123-0930.csv"`) {
		t.Fatalf("%v %.80q", w.Header(), body)
	}
	recs, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || len(recs) != 2501 {
		t.Fatalf("%d records, %v", len(recs), err)
	}
	if recs[2][1] != `'=HYPERLINK("http://evil")` || recs[3][1] != "改行\nと\"引用\"" || recs[4][1] != "'-5+cmd" || recs[4][2] != "3" || recs[1][3] != "2026-11-23T09:30:00Z" || recs[1][4] != "high" {
		t.Errorf("%q", recs[1:5])
	}
	var rows []map[string]any
	if err := json.Unmarshal(get(h, "/things?format=json&q=T-01", "X-Person", "p1").Body.Bytes(), &rows); err != nil || len(rows) != 100 || rows[0]["id"] != "T-0100" {
		t.Errorf("%v, %d rows", err, len(rows))
	}
}

func TestFormats(t *testing.T) {
	for in, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "−1,234,567", 98.74: "98.7", 0.96: "1", 1999.97: "2,000"} {
		if got := formatNumber(in); got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
	for _, c := range []struct {
		part, whole float64
		want        string
	}{{1, 0, ""}, {9999, 10000, "99.9"}, {1, 10000, "0.1"}, {1, 3, "33.3"}, {3, 3, "100.0"}, {0, 3, "0.0"}} {
		if got := formatPercent(c.part, c.whole); got != c.want {
			t.Errorf("%v of %v: %s, want %s", c.part, c.whole, got, c.want)
		}
	}
	for in, want := range map[time.Duration][2]string{
		30 * time.Second: {"less than a minute", "1分未満"}, 5*time.Hour + 40*time.Minute: {"5 h 40 min", "5時間40分"}, 11*time.Hour + 20*time.Minute: {"11 h", "11時間"},
		51 * time.Hour: {"2 d 3 h", "2日3時間"}, 9 * 24 * time.Hour: {"9 d", "9日"}, 48 * time.Hour: {"2 d", "2日"}} {
		if en, ja := span(in).In(text.EN), span(in).In(text.JA); en != want[0] || ja != want[1] {
			t.Errorf("%v: %s, %s", in, en, ja)
		}
	}
	if got := attachment("報告 1.csv"); got != `attachment; filename="__ 1.csv"; filename*=UTF-8''%E5%A0%B1%E5%91%8A%201.csv` {
		t.Error(got)
	}
	for in, want := range map[string]string{"Sato Aiko": "SA", "佐藤 愛子": "佐", "Jens": "J", "": "?", "Anna de la Cruz": "AC"} {
		if got := initials(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
