package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child"
	"yagura/area/telemetry/victoria/child/childtest"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store/storetest"
)

// batchOf makes a batch of lines that came now, each with the time given.
func batchOf(at time.Time, docs ...[]byte) Batch {
	b := Batch{ID: id.New(), Source: "win-3", Unit: "works3", Received: at}
	for i, d := range docs {
		e := Event{Batch: b.ID, Ordinal: i, Source: b.Source, Unit: b.Unit, Received: at, Time: at, Kind: "json", Doc: d}
		if len(d) == 0 || d[0] != '{' {
			e.Doc, e.Original, e.Kind = []byte(`{}`), d, "text"
		}
		b.Events = append(b.Events, e)
	}
	return b
}

func everything() Query {
	return Query{Scope: authz.Everything(), From: time.Unix(0, 0), To: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), Limit: 1 << 30, MaxScan: 1 << 50, Budget: time.Minute}
}

// lines are all that a store has, and how often.
func linesOf(t testing.TB, s Store) map[string]int {
	t.Helper()
	all := map[string]int{}
	for e, err := range s.Query(context.Background(), everything(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		all[string(e.Line())]++
	}
	return all
}

// TestTheCorpusComesBack stores what the store would write otherwise or drop,
// and looks that every line comes back byte for byte, in a store that was
// restarted too.
func TestTheCorpusComesBack(t *testing.T) {
	t.Parallel()
	var corpus [][]byte
	add := func(s string) { corpus = append(corpus, []byte(s)) }
	for _, s := range []string{"7.10", "7.1", "010.0.0.1", "10.0.0.1", "-1.0", "-1", "1_000", "0.10", "00", "1e5", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00.100Z", "2026-11-23T08:00:00.1Z", "'quoted", "漏洩の疑い", "𠮷野家", "a\x00b", "\xff\xfe broken \x80", "\x00", " ", "tab\there", `{"broken":`, "line\r", strings.Repeat("9", 40)} {
		add(s)
		if utf8.ValidString(s) && !strings.ContainsAny(s, "\x00\t\r\"") {
			add(`{"v":"` + s + `","n.x":"` + s + `"}`)
		}
	}
	add(`{"v":7.10,"w":-1.0,"x":1e5,"y":100000000000000000000000,"z":null,"_time":"x","_msg":"y","":"empty","host":"h","unit":"u","batch":1,"_stream_id":"s"}`)
	add(strings.Repeat("x", 1<<20))
	add(strings.Repeat("\x00\xff", 1<<19))
	add(`{"big":"` + strings.Repeat("é", 1<<19) + `","after":"end"}`)
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	add(string(noise))
	many := bytes.NewBufferString(`{"first":"1"`)
	for i := range 5000 {
		fmt.Fprintf(many, `,"field %d":"%d"`, i, i)
	}
	many.WriteString("}")
	corpus = append(corpus, many.Bytes())
	add(`{"` + strings.Repeat("long", 200) + `":"name"}`)
	add(`{"a":` + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + `}`)

	folder := t.TempDir()
	open := func() (*Victoria, *child.Child) {
		c, err := child.Open(context.Background(), child.Options{Folder: filepath.Join(folder, "events"), Keep: 40 * 365 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		n, err := victoria.Open(victoria.Options{Access: c.Access})
		if err != nil {
			t.Fatal(err)
		}
		return NewVictoria(n), c
	}
	s, c := open()
	// Alike values lie together: only then are they taken for numbers.
	for _, doc := range corpus {
		var group [][]byte
		for range 12 {
			group = append(group, doc)
			if len(doc) > 1000 {
				break
			}
		}
		b := batchOf(storetest.Start, group...)
		if err := s.Append(context.Background(), []Batch{b}); err != nil {
			t.Fatal(err)
		}
		if missing, err := s.Missing(context.Background(), []Batch{b}); err != nil || len(missing) > 0 {
			t.Fatalf("%.60q: missing %v %v", doc, missing, err)
		}
	}
	for _, when := range []string{"at once", "after a restart"} {
		got := linesOf(t, s)
		for _, doc := range corpus {
			want := 12
			if len(doc) > 1000 {
				want = 1
			}
			if got[string(doc)] != want {
				t.Errorf("%s: %.60q is there %d times, want %d", when, doc, got[string(doc)], want)
			}
		}
		q := everything()
		for filter, want := range map[string]int{`v:="7.10"`: 24, `v:="7.1"`: 12, `v:="010.0.0.1"`: 12, `v:="10.0.0.1"`: 12, `v:="-1.0"`: 12, `v:="-1"`: 12, `v:="1_000"`: 12, `v:="0.10"`: 12, `v:="'quoted"`: 12, `v:="漏洩の疑い"`: 12, `"field 7":="7"`: 1, `after:=end`: 1} {
			q.Text = filter
			v, err := s.Survey(context.Background(), q, SurveyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if int(v.Total) != want {
				t.Errorf("%s: %s finds %d, want %d", when, filter, v.Total, want)
			}
		}
		s.Close()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		s, c = open()
	}
	s.Close()
	c.Close()
}

// TestKilledStoreForgetsNothing kills the store under load, again and again.
// What was acknowledged is there once after the journal was compared with it.
func TestKilledStoreForgetsNothing(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	var v *Victoria
	c, err := child.Open(context.Background(), child.Options{Folder: filepath.Join(t.TempDir(), "events"), Keep: 40 * 365 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler), Restarted: func() { v.WasAway() }})
	w.do(err)
	t.Cleanup(func() { c.Close() })
	node, err := victoria.Open(victoria.Options{Access: c.Access})
	w.do(err)
	v = NewVictoria(node)
	w.store, w.Service.events = v, v
	w.seen.failAt = nil
	token := w.token("win-3")
	w.start()
	var acknowledged sync.Map
	sent, stop := 0, make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			var body bytes.Buffer
			from := sent
			for range 200 {
				fmt.Fprintf(&body, `{"@timestamp":"%s","number":"n%d"}`+"\n", clk.Now().Format(time.RFC3339Nano), sent)
				sent++
			}
			if _, err := w.send(token, body.String()); err == nil {
				for n := from; n < sent; n++ {
					acknowledged.Store(n, true)
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	for range 3 {
		time.Sleep(time.Duration(300+rand.IntN(900)) * time.Millisecond)
		if p := c.Process(); p != nil {
			p.Kill()
		}
	}
	time.Sleep(500 * time.Millisecond)
	close(stop)
	wg.Wait()
	for range 600 { // batches that failed are put off; the clock goes with them
		if w.count("SELECT COUNT(*) FROM telemetry_batch WHERE state = 0") == 0 {
			break
		}
		clk.Advance(time.Second)
		time.Sleep(30 * time.Millisecond)
	}
	w.do(w.Recheck(context.Background()))
	got := map[string]int{}
	for e, err := range v.Query(context.Background(), everything(), nil) {
		w.do(err)
		got[e.ID()]++
	}
	n := 0
	acknowledged.Range(func(any, any) bool { n++; return true })
	if len(got) < n || n == 0 {
		t.Fatalf("%d acknowledged, %d stored", n, len(got))
	}
	q := everything()
	q.Text = "* | stats count() n, count_uniq(number) m"
	for row, err := range v.Rows(context.Background(), q, 10, nil) {
		w.do(err)
		if row[0].Value != row[1].Value || row[0].Value != fmt.Sprint(len(got)) {
			t.Fatalf("%v rows for %d events", row, len(got))
		}
	}
	t.Logf("%d acknowledged, %d stored, once each", n, len(got))
}

// TestTwoStoresOneDown takes one of two stores away and brings it back.
func TestTwoStoresOneDown(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	var gate [2]gated
	var both [2]*Victoria
	for i := range both {
		both[i] = NewVictoria(gate[i].node(t))
	}
	p := NewPair(slog.New(slog.DiscardHandler), both[0], both[1])
	w.Service.events = p
	token := w.token("win-3")
	send := func(n int) {
		t.Helper()
		_, err := w.send(token, line(n))
		w.do(err)
		w.do(w.Drain(context.Background()))
	}
	found := func() (int, Coverage) {
		t.Helper()
		v, err := p.Survey(context.Background(), everything(), SurveyOptions{})
		w.do(err)
		return int(v.Total), v.Coverage
	}
	send(1)
	gate[1].shut()
	send(2)
	if n, c := found(); n != 2 || c.Partial {
		t.Fatalf("one down: %d found, %+v", n, c)
	}
	clk.Advance(w.o.Hold + time.Hour)
	if _, err := w.fold(context.Background()); err == nil {
		t.Fatal("batches were let go while a store was down")
	}
	if w.count("SELECT COUNT(*) FROM telemetry_body") != 2 {
		t.Fatal("batches were let go while a store was down")
	}
	// Now the other: what is left lacks an event, and says so.
	gate[1].open()
	gate[0].shut()
	time.Sleep(leftAlone)
	if n, c := found(); n != 1 || !c.Partial || c.Why.IsZero() {
		t.Fatalf("the other down: %d found, %+v", n, c)
	}
	send(3)
	gate[0].open()
	time.Sleep(leftAlone)
	select {
	case <-p.Returned():
	default:
		found()
	}
	w.do(w.Recheck(context.Background()))
	for i, s := range both {
		if n := len(linesOf(t, s)); n != 3 {
			t.Errorf("store %d has %d lines of 3", i+1, n)
		}
	}
	if n, c := found(); n != 3 || c.Partial {
		t.Fatalf("both up: %d found, %+v", n, c)
	}
	clk.Advance(w.o.Hold + time.Hour)
	_, err := w.fold(context.Background())
	w.do(err)
	if w.count("SELECT COUNT(*) FROM telemetry_body") != 0 {
		t.Fatal("batches are held though both stores have them")
	}
	gate[0].shut()
	gate[1].shut()
	if _, err := w.send(token, line(4)); err != nil {
		t.Fatalf("intake stopped with the stores: %v", err)
	}
	time.Sleep(leftAlone)
	if _, err := w.Search(context.Background(), w.actor("ana"), "", everything(), SurveyOptions{}); err == nil {
		t.Fatal("an answer without a store")
	}
}

// gated is a store that can be taken away.
type gated struct {
	mu   sync.Mutex
	away bool
}

func (g *gated) shut() { g.mu.Lock(); g.away = true; g.mu.Unlock() }
func (g *gated) open() { g.mu.Lock(); g.away = false; g.mu.Unlock() }

func (g *gated) node(t testing.TB) *victoria.Node {
	return childtest.NodeThrough(t, func(a victoria.Access) victoria.Access {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.away {
			a.URL = "http://127.0.0.1:1"
		}
		return a
	})
}

// TestClusterWithANodeDown runs two storage nodes and one that divides among
// them, kills one, and looks that intake goes on, that answers do not pretend,
// and that nothing acknowledged is lost in the end.
func TestClusterWithANodeDown(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	folder := t.TempDir()
	keep := 40 * 365 * 24 * time.Hour
	var ports [2]int
	var nodes [2]*child.Child
	start := func(i int) {
		t.Helper()
		if ports[i] == 0 {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			w.do(err)
			ports[i] = l.Addr().(*net.TCPAddr).Port
			l.Close()
		}
		c, err := child.Open(context.Background(), child.Options{Folder: filepath.Join(folder, fmt.Sprint("node", i)), Keep: keep, Port: ports[i], Password: "secret", Log: slog.New(slog.DiscardHandler)})
		w.do(err)
		nodes[i] = c
	}
	start(0)
	start(1)
	defer func() { nodes[0].Close(); nodes[1].Close() }()
	front, err := child.Open(context.Background(), child.Options{Folder: filepath.Join(folder, "front"), Keep: keep, Log: slog.New(slog.DiscardHandler), Flags: []string{
		fmt.Sprintf("-storageNode=127.0.0.1:%d,127.0.0.1:%d", ports[0], ports[1]), "-storageNode.username=yagura,yagura", "-storageNode.password=secret,secret"}})
	w.do(err)
	defer front.Close()
	node, err := victoria.Open(victoria.Options{Access: front.Access})
	w.do(err)
	v := NewVictoria(node)
	w.store, w.Service.events = v, v
	tokens := []string{w.token("win-3"), w.token("fw-9")}
	sent := 0
	send := func(n int) {
		t.Helper()
		for i := range n {
			var body bytes.Buffer
			for range 50 {
				fmt.Fprintf(&body, `{"@timestamp":"%s","number":"n%d"}`+"\n", clk.Now().Format(time.RFC3339Nano), sent)
				sent++
			}
			_, err := w.send(tokens[i%2], body.String())
			w.do(err)
		}
	}
	send(20)
	w.do(w.Drain(context.Background()))
	// Killed before it wrote to disk.
	nodes[0].Process().Kill()
	nodes[0].Close()
	send(10)
	w.Step(context.Background())
	q := everything()
	q.Text = "number:*"
	q.Budget = 5 * time.Second
	got, err := v.Survey(context.Background(), q, SurveyOptions{})
	if err == nil && !got.Partial {
		t.Fatalf("with a node down the answer pretends to be whole: %d", got.Total)
	}
	if fault.Is(err, fault.KindInvalid) {
		t.Fatalf("the asker is blamed for it: %v", err)
	}
	if _, err := v.Missing(context.Background(), []Batch{{ID: id.New(), count: 1, Received: clk.Now()}}); err == nil {
		t.Fatal("with a node down nobody can know what is missing")
	}
	start(0)
	elapsed := clock.Stopwatch()
	for {
		clk.Advance(time.Minute)
		err := w.Drain(context.Background())
		if err == nil {
			err = w.Recheck(context.Background())
		}
		if err == nil {
			break
		}
		if elapsed() > 60*time.Second {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
	}
	time.Sleep(2 * time.Second)
	q.Budget = time.Minute
	ids := map[string]int{}
	for e, err := range v.Query(context.Background(), q, nil) {
		w.do(err)
		ids[e.ID()]++
	}
	if len(ids) != sent {
		t.Fatalf("%d acknowledged, %d stored", sent, len(ids))
	}
	t.Logf("%d acknowledged, %d stored after the node's return", sent, len(ids))
}

// TestPagesOfOneMoment pages through events that all happened at once.
func TestPagesOfOneMoment(t *testing.T) {
	s := NewVictoria(childtest.Node(t))
	for k := range 9 {
		var docs [][]byte
		for n := range 11 {
			docs = append(docs, fmt.Appendf(nil, `{"k":"%d","n":%d,"odd":%d}`, k, n, n%2))
		}
		if err := s.Append(context.Background(), []Batch{batchOf(storetest.Start, docs...)}); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]int{"": 99, "odd:=1": 45} {
		q := everything()
		q.Text, q.Limit = name, 7
		seen := map[string]bool{}
		for {
			v, err := s.Survey(context.Background(), q, SurveyOptions{})
			if err != nil || int(v.Total) != want {
				t.Fatal(v.Total, err)
			}
			for _, e := range v.Events {
				if seen[e.ID()] {
					t.Fatalf("%q: %s twice", name, e.ID())
				}
				seen[e.ID()] = true
				last := e.At()
				q.After = &last
			}
			if !v.More {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("%q: %d on pages, want %d", name, len(seen), want)
		}
	}
}
