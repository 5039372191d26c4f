package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/app"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// Whatever was acknowledged is there after kill -9, and has taken effect once.
// Three rounds on SQLite, thirty for each database with YAGURA_SOAK=1.
func TestKill(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { killing(t) })
	t.Run("postgres", func(t *testing.T) {
		if os.Getenv("YAGURA_SOAK") != "1" {
			t.Skip("killed on PostgreSQL only with YAGURA_SOAK=1")
		}
		keys := t.TempDir()
		killing(t, "YAGURA_DATABASE="+storetest.DSN(t), "YAGURA_KEYS="+keys)
	})
}

func rounds() int {
	if os.Getenv("YAGURA_SOAK") == "1" {
		return 30
	}
	return 3
}

// delivery is a batch of events as a sender keeps it until it is acknowledged.
type delivery struct {
	key  string
	body []byte
	ids  []string
}

// office is what the people and the sensors remember.
type office struct {
	url       string
	furnished furnished

	mu      sync.Mutex
	acked   map[string]bool // events
	bad     map[string]bool // events that a rule must find
	unsure  []delivery      // sent, no answer
	reports map[string]string
	asked   map[string]bool // titles of reports that were sent
	notes   map[string]string
	said    map[string]bool // notes that were sent
	refused map[int]int     // answers that are neither success nor a broken connection
}

func killing(t *testing.T, env ...string) {
	data := folder(t)
	f := furnish(t, data, env...)
	s, err := installation(data, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	o := &office{url: s.url, furnished: f, acked: map[string]bool{}, bad: map[string]bool{}, reports: map[string]string{}, asked: map[string]bool{},
		notes: map[string]string{}, said: map[string]bool{}, refused: map[int]int{}}
	for round := range rounds() {
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		if err := s.ready(time.Minute); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		ctx, end := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for n := range 3 {
			wg.Go(func() { o.senses(ctx, round, n) })
		}
		for n := range 2 {
			wg.Go(func() { o.works(ctx, round, n) })
		}
		time.Sleep(time.Duration(100+rand.IntN(1200)) * time.Millisecond)
		s.kill()
		end()
		wg.Wait()
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	if err := s.ready(time.Minute); err != nil {
		t.Fatal(err)
	}
	o.again(t)
	a := f.open(t)
	defer a.Close()
	o.drained(t, a)
	found := o.kept(t, a)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rounds: %d events acknowledged, %d reports, %d notes", rounds(), len(o.acked), len(o.reports), len(o.notes))
	for code, n := range o.refused {
		t.Errorf("%d requests were answered %d", n, code)
	}
	if len(o.acked) == 0 || len(o.reports) == 0 || len(o.notes) == 0 {
		t.Fatal("nothing was acknowledged, so nothing is proved")
	}
	o.events(t, a, found)
	o.changes(t, a)
	out, errs, code := run(t, time.Minute, append(env, "YAGURA_DATA="+data), "ledger", "verify", "-json")
	if code != 0 {
		t.Errorf("ledger verify ended with %d: %s%s", code, out, errs)
	}
	var report struct{ Rows, Pending int64 }
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Rows == 0 || report.Pending != 0 {
		t.Errorf("after a stop everything is sealed: %s (%v)", out, err)
	}
}

// do sends a request; ok is false where no answer came.
func (o *office) do(ctx context.Context, path, token, media, key string, body []byte) (status int, answer []byte, ok bool) {
	r, err := http.NewRequestWithContext(ctx, "POST", o.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, false
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", media)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, false
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err == nil
}

// senses sends batches of events until the server is gone. Every seventh event
// is one that a rule of the starter pack finds; they are of few computers, so
// that they stay apart from the floods that detection sums up.
func (o *office) senses(ctx context.Context, round, sender int) {
	for n := 0; ctx.Err() == nil; n++ {
		d := delivery{key: fmt.Sprintf("r%d-s%d-n%d", round, sender, n)}
		var body bytes.Buffer
		for i := range 10 + rand.IntN(60) {
			id := fmt.Sprintf("%s-%d", d.key, i)
			file := `C:\\Users\\a.ito\\Documents\\minutes.docx`
			if i%7 == 0 {
				file = `D:\\Recover-All-Files.hta`
				o.mu.Lock()
				o.bad[id] = true
				o.mu.Unlock()
			}
			fmt.Fprintf(&body, `{"EventID":11,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"eng-%02d.corp.example","Image":"C:\\PerfLogs\\winsvc64.exe","TargetFilename":"%s","RecordNumber":"%s"}`+"\n",
				i%4, file, id)
			d.ids = append(d.ids, id)
		}
		d.body = body.Bytes()
		o.send(ctx, d)
	}
}

func (o *office) send(ctx context.Context, d delivery) bool {
	status, _, ok := o.do(ctx, "/intake/ndjson", o.furnished.source, "application/x-ndjson", d.key, d.body)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case ok && status == http.StatusOK:
		for _, id := range d.ids {
			o.acked[id] = true
		}
		return true
	case ok && status != http.StatusTooManyRequests:
		o.refused[status]++
	default:
		o.unsure = append(o.unsure, d)
	}
	return false
}

// works reports incidents and writes to their timelines.
func (o *office) works(ctx context.Context, round, worker int) {
	for n := 0; ctx.Err() == nil; n++ {
		title := fmt.Sprintf("Report %d of desk %d in round %d", n, worker, round)
		o.mu.Lock()
		o.asked[title] = true
		o.mu.Unlock()
		status, answer, ok := o.do(ctx, "/api/v1/incidents", o.furnished.token, "application/json", "", []byte(fmt.Sprintf(`{"title":%q,"unit":"works"}`, title)))
		if !ok {
			continue
		}
		var inc struct{ Number string }
		if status != http.StatusCreated || json.Unmarshal(answer, &inc) != nil || inc.Number == "" {
			o.mu.Lock()
			o.refused[status]++
			o.mu.Unlock()
			continue
		}
		o.mu.Lock()
		o.reports[title] = inc.Number
		o.mu.Unlock()
		for k := range 3 {
			note := fmt.Sprintf("Note %d on %s", k, title)
			o.mu.Lock()
			o.said[note] = true
			o.mu.Unlock()
			status, _, ok := o.do(ctx, "/api/v1/incidents/"+inc.Number+"/notes", o.furnished.token, "application/json", "", []byte(fmt.Sprintf(`{"body":%q}`, note)))
			o.mu.Lock()
			if ok && status == http.StatusCreated {
				o.notes[note] = inc.Number
			} else if ok {
				o.refused[status]++
			}
			o.mu.Unlock()
		}
	}
}

// again sends what was not acknowledged once more, as senders do.
func (o *office) again(t *testing.T) {
	waiting := o.unsure
	o.unsure = nil
	for _, d := range waiting {
		if !o.send(context.Background(), d) {
			t.Errorf("batch %s is not taken after the restart", d.key)
		}
	}
}

// drained waits until the server has worked on all that it took in. On
// PostgreSQL what a killed server had claimed is taken over after 30 s.
func (o *office) drained(t *testing.T, a *app.App) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		var n int
		if err := a.DB.View(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM telemetry_batch WHERE state = 0").Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d batches wait for ever in the journal", n)
		}
	}
}

// kept counts the events that are in the store. What the store forgot when it
// was killed is written again from the journal once the server runs again, which
// may take a moment.
func (o *office) kept(t *testing.T, a *app.App) map[string]int {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Second) {
		found, all := o.count(t, a), true
		for id := range o.acked {
			all = all && found[id] > 0
		}
		if all || time.Now().After(deadline) {
			return found
		}
	}
}

func (o *office) count(t *testing.T, a *app.App) map[string]int {
	t.Helper()
	found := map[string]int{}
	var coverage telemetry.Coverage
	now := a.DB.Now()
	for e, err := range a.Events.Query(t.Context(), telemetry.Query{Scope: authz.Everything(), From: now.Add(-24 * time.Hour), To: now.Add(time.Hour),
		Source: sensors, Limit: 10_000_000, MaxScan: 100_000_000, Budget: 5 * time.Minute}, &coverage) {
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{ RecordNumber string }
		if err := json.Unmarshal(e.Doc, &doc); err != nil {
			t.Fatal(err)
		}
		found[doc.RecordNumber]++
	}
	if coverage.Partial {
		t.Fatal("not all events were looked at")
	}
	return found
}

// events compares what is kept with what was sent, and the alerts with it.
func (o *office) events(t *testing.T, a *app.App, found map[string]int) {
	t.Helper()
	missing, twice, hits := 0, 0, 0
	for id := range o.acked {
		if found[id] == 0 {
			missing++
		}
	}
	for id, n := range found {
		if n > 1 {
			twice++
		}
		if o.bad[id] {
			hits++
		}
	}
	if missing > 0 || twice > 0 {
		t.Errorf("of %d acknowledged events %d are missing; %d are there more than once", len(o.acked), missing, twice)
	}
	var counted, alerts int
	if err := a.DB.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT COUNT(*), COALESCE(SUM(hits),0) FROM detect_alert WHERE unit = 'works'").Scan(&alerts, &counted)
	}); err != nil {
		t.Fatal(err)
	}
	if hits == 0 || counted != hits {
		t.Errorf("%d events match the rule, %d alerts count %d", hits, alerts, counted)
	}
}

// changes compares what people were told with what is there.
func (o *office) changes(t *testing.T, a *app.App) {
	t.Helper()
	numbers, facts, told := map[string][]string{}, map[string]int{}, map[string]int{}
	notes := map[string]int{}
	err := a.DB.View(t.Context(), func(tx *store.Tx) error {
		clear(numbers)
		clear(facts)
		clear(told)
		clear(notes)
		type pair struct{ a, b string }
		read := func(query string, into func(pair)) error {
			rows, err := store.Rows(tx, func(r store.Scanner) (p pair, err error) { err = r.Scan(&p.a, &p.b); return p, err }, query)
			for _, p := range rows {
				into(p)
			}
			return err
		}
		for _, q := range []struct {
			query string
			into  func(pair)
		}{
			{"SELECT title, id FROM incident", func(p pair) { numbers[p.a] = append(numbers[p.a], p.b) }},
			{"SELECT subject, kind FROM ledger WHERE kind = 'incident.reported'", func(p pair) { facts[p.a]++ }},
			{"SELECT href, id FROM notify_inbox WHERE topic <> 'detect'", func(p pair) { told[p.a]++ }},
			{"SELECT body, incident FROM incident_entry WHERE kind = 'note'", func(p pair) { notes[p.a+"\x00"+p.b]++ }},
		} {
			if err := read(q.query, q.into); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for title, number := range o.reports {
		if !slices.Equal(numbers[title], []string{number}) {
			t.Errorf("report %s was acknowledged as %s, there is %v", title, number, numbers[title])
		}
	}
	for title, list := range numbers {
		if !o.asked[title] || len(list) != 1 {
			t.Errorf("report %q is there as %v", title, list)
		}
		for _, number := range list {
			if facts[number] != 1 {
				t.Errorf("%s is recorded %d times", number, facts[number])
			}
			if n := told["/incidents/"+number]; n != 1 {
				t.Errorf("the team was told of %s %d times", number, n)
			}
		}
	}
	for note, number := range o.notes {
		if notes[note+"\x00"+number] != 1 {
			t.Errorf("note %q was acknowledged and is there %d times", note, notes[note+"\x00"+number])
		}
	}
	for key, n := range notes {
		body, _, _ := strings.Cut(key, "\x00")
		if n != 1 || !o.said[body] {
			t.Errorf("note %q is there %d times", body, n)
		}
	}
}
