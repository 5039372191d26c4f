package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/telemetry"
	"yagura/kernel/fault"
)

// token is a fresh one of a source.
func (w *setup) token(source string) string {
	w.t.Helper()
	secret, err := w.s.IssueSecret(context.Background(), w.actor("ana"), source, 24*time.Hour)
	w.must(err)
	return secret
}

// stored are the lines of a source, oldest first, when so many are there.
func (w *setup) stored(source string, want int) []telemetry.Event {
	w.t.Helper()
	var found []telemetry.Event
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		w.must(w.s.Drain(context.Background()))
		found = nil
		now := w.clk.Now()
		_, err := w.s.Export(context.Background(), w.actor("ana"), "", telemetry.Query{From: now.AddDate(-20, 0, 0), To: now.AddDate(1, 0, 0), Source: source}, 1_000_000,
			func(e telemetry.Event) error { found = append(found, e); return nil })
		w.must(err)
		if len(found) >= want {
			break
		}
	}
	if len(found) != want {
		w.t.Fatalf("%d of %d events are stored", len(found), want)
	}
	slices.SortFunc(found, func(a, b telemetry.Event) int {
		if c := strings.Compare(a.Batch, b.Batch); c != 0 {
			return c
		}
		return a.Ordinal - b.Ordinal
	})
	return found
}

func TestBulkAnswersEachItem(t *testing.T) {
	w := prepare(t)
	token := w.token("win-himeji")
	h := Elastic(w.s, slog.New(slog.DiscardHandler))
	ask := func(method, path, authorization string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, body)
		r.Header.Set("Authorization", authorization)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("elastic:"+token))
	for _, auth := range []string{basic, "Bearer " + token, "ApiKey " + base64.StdEncoding.EncodeToString([]byte("id:"+token))} {
		rec := ask("GET", "/", auth, nil)
		var root struct{ Version struct{ Number string } }
		if json.Unmarshal(rec.Body.Bytes(), &root) != nil || rec.Code != 200 || root.Version.Number[0] != '8' || rec.Header().Get("X-Elastic-Product") != "Elasticsearch" {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	}
	for _, auth := range []string{"", "Bearer x", "Basic !!!", "ApiKey " + base64.StdEncoding.EncodeToString([]byte("id:nothing"))} {
		if rec := ask("POST", "/_bulk", auth, strings.NewReader("{}\n")); rec.Code != 401 || rec.Header().Get("WWW-Authenticate") == "" || strings.Contains(rec.Body.String(), "nothing") {
			t.Errorf("%q: %d %s", auth, rec.Code, rec.Body)
		}
	}
	for path, code := range map[string]int{
		"HEAD /": 200, "GET /_license": 200, "GET /_xpack": 200, "GET /_cluster/health": 200, "GET /_cat/health": 200, "HEAD /_index_template/filebeat": 200,
		"GET /_ilm/policy/filebeat": 200, "PUT /_ilm/policy/filebeat": 200, "PUT /_index_template/x": 200, "GET /_data_stream/filebeat-8": 200, "PUT /_ingest/pipeline/p": 200,
		"GET /x/_search": 400, "POST /_search": 400, "DELETE /_data_stream/x": 405, "HEAD /intake/elastic/": 200, "GET /intake/elastic/_license": 200,
	} {
		method, p, _ := strings.Cut(path, " ")
		if rec := ask(method, p, basic, nil); rec.Code != code {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}

	lines := []string{
		`{"create":{"_index":"logs","_id":"a1"}}`, `{"@timestamp":"2026-11-23T00:00:00Z","message":"一つ目 7.10"}`,
		`{"index":{}}`, `{"n":1}`,
		`{"create":{}}`, `not json`,
		`{"delete":{"_id":"x"}}`,
		`{"update":{"_id":"x"}}`, `{"doc":{"a":1}}`,
		`{"create":{}}`, `[1,2]`,
		`{"create":{}}`, `{"last":true}`,
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, strings.Join(lines, "\n")+"\n")
	z.Close()
	rec := ask("POST", "/intake/elastic/some-index/_bulk", basic, &packed, "Content-Encoding", "gzip")
	var got struct {
		Took   *int
		Errors bool
		Items  []map[string]struct {
			Index  string `json:"_index"`
			ID     string `json:"_id"`
			Status int
			Error  struct{ Reason string }
		}
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != 200 || got.Took == nil || !got.Errors {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	var said []string
	for _, it := range got.Items {
		for action, i := range it {
			said = append(said, fmt.Sprintf("%s %s %d", action, i.Index, i.Status))
		}
	}
	want := []string{"create logs 201", "index some-index 201", "create some-index 400", "delete some-index 400", "update some-index 400", "create some-index 400", "create some-index 201"}
	if !slices.Equal(said, want) {
		t.Fatalf("%q", said)
	}
	events := w.stored("win-himeji", 5)
	for n, want := range map[int]string{0: lines[1], 1: lines[3], 2: "not json", 3: "[1,2]", 4: `{"last":true}`} {
		if string(events[n].Line()) != want || (events[n].Problem != "") != (n == 2 || n == 3) {
			t.Errorf("%d: %q %s", n, events[n].Line(), events[n].Problem)
		}
	}
	if id := got.Items[6]["create"].ID; id != events[4].ID() || got.Items[0]["create"].ID != "a1" {
		t.Errorf("ids %s %s", id, events[4].ID())
	}

	// A body that cannot be divided into items is refused whole.
	for _, body := range []string{"{\"create\":{}}\n", "{\"create\":{}}\n{}\nxx\n{}\n", "{\"make\":{}}\n{}\n", "[]\n{}\n", "{\"create\":{},\"index\":{}}\n{}\n"} {
		if rec := ask("POST", "/_bulk", basic, strings.NewReader(body)); rec.Code != 400 || !strings.Contains(rec.Body.String(), "Malformed") {
			t.Errorf("%q: %d %s", body, rec.Code, rec.Body)
		}
	}
	for name, body := range map[string]io.Reader{"cut": strings.NewReader(packed.String()), "bomb": bomb(t, 200<<20)} {
		if rec := ask("POST", "/_bulk", basic, body, "Content-Encoding", "gzip"); rec.Code != 422 && rec.Code != 413 {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	w.stored("win-himeji", 5)
}

// bomb is gzip of so many bytes of one line.
func bomb(t testing.TB, n int) io.Reader {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	chunk := bytes.Repeat([]byte("a"), 1<<20)
	for range n >> 20 {
		z.Write(chunk)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestAFullJournalIsSaidSo(t *testing.T) {
	w := prepare(t)
	w.must(w.s.Close())
	s, err := telemetry.New(telemetry.Options{DB: w.db, Events: w.events, Log: slog.New(slog.DiscardHandler), Workers: -1, CapEvents: 3})
	w.must(err)
	w.must(s.Start(context.Background()))
	defer s.Close()
	w.s = s
	token := w.token("win-himeji")
	say := func(h http.Handler, path, kind, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", kind)
		r.Header.Set("User-Agent", "Filebeat/8.19.0")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
	items := strings.Repeat("{\"create\":{}}\n{}\n", 3)
	if rec := say(Elastic(s, nil), "/_bulk", "application/x-ndjson", items); rec.Code != 200 {
		t.Fatal(rec.Code, rec.Body)
	}
	// rsyslog, which has no name, would drop what is answered with a fault.
	for _, path := range []string{"/_bulk", "/_cat/health"} {
		func() {
			defer func() {
				if p := recover(); p != http.ErrAbortHandler {
					t.Errorf("%s without a name: %v", path, p)
				}
			}()
			r := httptest.NewRequest(map[bool]string{true: "POST", false: "GET"}[path == "/_bulk"], path, strings.NewReader(items))
			r.Header.Set("Authorization", "Bearer "+token)
			Elastic(s, nil).ServeHTTP(httptest.NewRecorder(), r)
		}()
	}
	for path, h := range map[string]http.Handler{"/_bulk": Elastic(s, nil), "/v1/logs": OTLP(s, nil)} {
		rec := say(h, path, "application/json", `{"resourceLogs":[]}`)
		if rec.Code != 429 || rec.Header().Get("Retry-After") != "5" {
			t.Errorf("%s: %d %v %s", path, rec.Code, rec.Header(), rec.Body)
		}
	}
}

// What is personal is masked before the journal: neither it nor the store, nor
// any page, has the clear value; the ledger says that, and which fields not.
func TestPersonalFieldsAreMaskedBeforeTheJournal(t *testing.T) {
	w := prepare(t)
	w.must(w.s.Close())
	s, err := telemetry.New(telemetry.Options{DB: w.db, Events: w.events, Log: slog.New(slog.DiscardHandler), Workers: -1, MaskKey: []byte("a key of the installation")})
	w.must(err)
	w.must(s.Start(context.Background()))
	defer s.Close()
	w.s = s
	src := s.Names(w.actor("ana").Scope(telemetry.Read))["win-himeji"]
	src.Masks, src.MaskMode = telemetry.ParseMasks("User\n/\\d{3}-\\d{4}/\n"), telemetry.Pseudonym
	w.must(s.Change(context.Background(), w.actor("ana"), src))
	for _, bad := range []telemetry.Source{{Masks: []string{"*"}, MaskMode: telemetry.Removal}, {MaskMode: telemetry.Pseudonym}, {MaskMode: "x"}} {
		wrong := src
		wrong.Masks, wrong.MaskMode = bad.Masks, bad.MaskMode
		if err := s.Change(context.Background(), w.actor("ana"), wrong); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%v %s: %v", bad.Masks, bad.MaskMode, err)
		}
	}
	token := w.token("win-himeji")
	for path, body := range map[string]string{
		IntakePath: `{"EventID":1,"User":"CORP\\taro.yamada","CommandLine":"type C:\\Users\\taro.yamada\\tel 090-1234.txt"}` + "\n" + `taro.yamada wrote half a lin` + "\n",
		"/_bulk":   `{"create":{}}` + "\n" + `{"ecs":{"version":"8"},"event":{"category":"process","type":"start"},"process":{"executable":"C:\\x.exe","command_line":"x TARO.YAMADA"},"winlog":{"event_data":{"User":"CORP\\taro.yamada"}},"user":{"domain":"CORP","name":"taro.yamada"}}` + "\n",
		"/v1/logs": `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"taro.yamada came"},"attributes":[{"key":"User","value":{"stringValue":"taro.yamada"}}]}]}]}]}`,
	} {
		h := map[string]http.Handler{IntakePath: Intake(s, nil), "/_bulk": Elastic(s, nil), "/v1/logs": OTLP(s, nil)}[path]
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != 200 || strings.Contains(rec.Body.String(), "yamada") {
			t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
	events := w.stored("win-himeji", 4)
	pseudonyms := map[string]bool{}
	for _, e := range events {
		all := strings.ToLower(string(e.Doc) + string(e.Original) + e.Host + e.Problem)
		if strings.Contains(all, "yamada") || strings.Contains(all, "0-1234") {
			t.Errorf("in the clear: %s", all)
		}
		for _, word := range strings.FieldsFunc(all, func(r rune) bool { return !(r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z') }) {
			if strings.HasPrefix(word, "p-") && len(word) == 22 {
				pseudonyms[word] = true
			}
		}
	}
	if len(pseudonyms) != 2 { // of the person, and of the number
		t.Errorf("pseudonyms %v", pseudonyms)
	}
	if code, body := w.get("/telemetry/sources/win-himeji", "ana"); code != 200 || !strings.Contains(body, "Masked by pseudonyms") {
		t.Errorf("%d: the page of the source does not say that it is masked", code)
	}
}
