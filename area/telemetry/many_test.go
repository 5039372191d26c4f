package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store/storetest"
)

// TestManyProcessesShareTheJournal runs three servers on one PostgreSQL
// database, all taking in and working, and ends one in the middle.
func TestManyProcessesShareTheJournal(t *testing.T) {
	t.Parallel()
	db, clk := storetest.Postgres(t, sets...)
	w := newWorld(t, db, clk)
	token := w.token("win-3")
	servers := []*Service{w.service(), w.service(), w.service()}
	for _, s := range servers {
		w.do(s.Start(context.Background()))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := 0
	for k := range 6 {
		wg.Go(func() {
			for n := range 20 {
				s := servers[(k+n)%3]
				var body bytes.Buffer
				for i := range 50 {
					fmt.Fprintf(&body, "%s\n", line(k*100_000+n*100+i))
				}
				r, err := s.Receive(context.Background(), Delivery{Token: token, Body: &body})
				if err != nil {
					continue // the one that was closed
				}
				mu.Lock()
				acknowledged += int(r.Accepted)
				mu.Unlock()
				if k == 0 && n == 10 {
					servers[1].Close()
				}
			}
		})
	}
	wg.Wait()
	for range 400 {
		if w.count("SELECT COUNT(*) FROM telemetry_batch WHERE state = 0") == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	servers[0].Close()
	servers[2].Close()
	ids := map[string]bool{}
	all := w.events(authz.Everything())
	for _, e := range all {
		ids[e.ID()] = true
	}
	n, different := w.count("SELECT COUNT(*) FROM test_found"), w.count("SELECT COUNT(DISTINCT id) FROM test_found")
	if len(all) != acknowledged || len(ids) != acknowledged || n != acknowledged || different != n {
		t.Fatalf("%d acknowledged, %d stored (%d different), %d took effect (%d different)", acknowledged, len(all), len(ids), n, different)
	}
}

// TestPartialAnswersSaySo asks more than may be looked at.
func TestPartialAnswersSaySo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		token := w.token("win-3")
		for n := range 10 {
			var body bytes.Buffer
			for i := range 100 {
				fmt.Fprintf(&body, `{"@timestamp":"2026-11-23T08:%02d:%02dZ","n":%d}`+"\n", n*5, i%60, i)
			}
			_, err := w.send(token, body.String())
			w.do(err)
		}
		w.do(w.Drain(context.Background()))
		q := Query{From: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), MaxScan: 300}
		var c Coverage
		oldest := time.Time{}
		q.Scope, q.Limit = authz.Everything(), 5000
		for e, err := range w.store.Query(context.Background(), q, &c) {
			w.do(err)
			oldest = e.Time
		}
		if !c.Partial || c.Scanned != 300 || c.Until.IsZero() || !oldest.After(c.Until) {
			t.Fatalf("%+v, down to %s", c, oldest)
		}
		q.Limit = 0
		q.MaxScan = 0
		v, err := w.Search(context.Background(), w.actor("ana"), "", q, SurveyOptions{Buckets: 12, Sample: 10})
		w.do(err)
		sum := int64(0)
		for _, b := range v.Buckets {
			sum += b.N
		}
		if v.Partial || v.Total != 1000 || sum != 1000 || len(v.Events) != 100 || !v.More {
			t.Fatalf("%d in all, %d in bars, partial %v", v.Total, sum, v.Partial)
		}
		// Page by page everything comes once.
		seen := map[string]bool{}
		for {
			v, err := w.Search(context.Background(), w.actor("ana"), "", q, SurveyOptions{})
			w.do(err)
			for _, e := range v.Events {
				if seen[e.ID()] {
					t.Fatal("twice on pages")
				}
				seen[e.ID()] = true
			}
			if !v.More {
				break
			}
			last := v.Events[len(v.Events)-1].At()
			q.After = &last
		}
		if len(seen) != 1000 {
			t.Fatalf("%d on pages", len(seen))
		}
	})
}

func TestFiltersMeanWhatTheySay(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	token := w.token("win-3")
	for _, l := range []string{
		`{"User":"CORP\\Alice","Image":"C:\\Windows\\cmd.exe","n":7,"tags":["red","blue"],"host":"pc1"}`,
		`{"Event":{"EventData":{"User":"bob","CommandLine":"whoami /all"}},"empty":"","nul":null}`,
		`{"User":"\u30a2\u30ea\u30b9","msg":"漏洩の疑い","n":70}`,
	} {
		_, err := w.send(token, l)
		w.do(err)
	}
	w.do(w.Drain(context.Background()))
	for text, want := range map[string]int{
		`User:="CORP\\Alice"`: 1, `User:="corp\\alice"`: 0, `User:=bob`: 1, `EventData.User:=bob`: 0, `!User:=bob`: 2, `User:~"(?i)LIC"`: 1, `User:=アリス`: 1, `!User:~o`: 2,
		`n:=7`: 1, `n:~7`: 2, `tags:red`: 1, `tags:blue`: 1, `!tags:red`: 2, `empty:*`: 0, `!empty:*`: 3, `nul:*`: 0, `CommandLine:*`: 1, `host:i(PC1)`: 1, `source:="win-3"`: 3,
		`Image:="C:\\Windows\\cmd.exe"`: 1, `nothing:x`: 0,
		`whoami`: 1, `WHOAMI`: 0, `i("WHOAMI /all")`: 1, `"whoami /all"`: 1, `"/all whoami"`: 0, `漏洩`: 1, `アリス`: 1, `"C:\\\\Windows"`: 1, `zzz`: 0, `whoam*`: 1,
	} {
		v, err := w.Search(context.Background(), w.actor("ana"), "", Query{From: time.Unix(0, 0), To: clkEnd(clk), Text: text}, SurveyOptions{})
		w.do(err)
		if int(v.Total) != want {
			t.Errorf("%s finds %d, want %d", text, v.Total, want)
		}
	}
}

// FuzzFlatten looks that nothing makes it panic or hang, and that packing gives
// back what went in.
func FuzzFlatten(f *testing.F) {
	for _, s := range []string{`{"a":{"b":[1,"x\u0041",null,{}]},"c":[]}`, `{"a`, `{"a":"\`, `{"":{"":""}}`, "{\"\xff\":1}", `{"a":[[[[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		Flatten(b, func(string, string) bool { n++; return true })
		if n > len(b) {
			t.Fatalf("%d values of %d bytes", n, len(b))
		}
		in := []Event{{Ordinal: 3, Time: time.UnixMilli(5).UTC(), Doc: b, Original: b, Host: "h", Problem: "p", Kind: "k"}}
		out := 0
		if err := unpack(pack(in), Event{}, func(e Event) bool {
			out++
			if !bytes.Equal(e.Doc, b) || !bytes.Equal(e.Original, b) || e.Ordinal != 3 || e.Host != "h" || e.Problem != "p" {
				t.Fatalf("%+v", e)
			}
			return true
		}); err != nil || out != 1 {
			t.Fatal(err, out)
		}
		in[0].Summary()
		unpack(b, Event{}, func(Event) bool { return true })
	})
}
