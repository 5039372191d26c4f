package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/area/telemetry/victoria/child/childtest"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

func TestMain(m *testing.M) { childtest.Main(m) }

// world is a small group: europe's works3 and america's plant9 under electric.
type world struct {
	*Service
	t     testing.TB
	db    *store.DB
	clk   *clock.Movable
	store *Victoria
	dir   *authz.Directory
	seen  *recorder
}

// recorder is a detector that finds every event and remembers in the database
// how often it took effect.
type recorder struct {
	mu     sync.Mutex
	failAt func([]Event) error
}

func (r *recorder) Match(_ context.Context, events []Event) (Findings, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failAt != nil {
		if err := r.failAt(events); err != nil {
			return nil, err
		}
	}
	var ids []string
	for _, e := range events {
		ids = append(ids, e.ID())
	}
	return ids, nil
}

type found struct{ IDs int }

func (f found) Heading() store.Heading { return store.Heading{Kind: "test.found", Subject: "x"} }

func (r *recorder) Apply(tx *store.Tx, f Findings) error {
	ids := f.([]string)
	for _, id := range ids {
		if _, err := tx.Exec("INSERT INTO test_found (id) VALUES ($1)", id); err != nil {
			return err
		}
	}
	return tx.Record(authz.System("test"), found{len(ids)})
}

var foundTable = store.Migrations{Area: "testfound", SQL: "-- migration 1: found\nCREATE TABLE test_found (\n\tid text NOT NULL\n);\n"}

var sets = []store.Migrations{authz.Migrations, ledger.Migrations, Migrations, foundTable}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	storetest.Each(t, sets, func(t *testing.T, db *store.DB, clk *clock.Movable) { test(t, newWorld(t, db, clk)) })
}

func newWorld(t testing.TB, db *store.DB, clk *clock.Movable) *world {
	t.Helper()
	w := &world{t: t, db: db, clk: clk, store: NewVictoria(childtest.Node(t)), dir: authz.NewDirectory(authz.NewPolicy(Acts)), seen: &recorder{}}
	w.Service = w.service()
	system := authz.System("test")
	w.do(db.Change(context.Background(), func(tx *store.Tx) error {
		if err := authz.PutUnits(tx,
			authz.Unit{ID: "group", Name: "Group", Kind: "division", Region: "world"},
			authz.Unit{ID: "works3", Name: "Works 3", NameJA: "第三工場", Kind: "plant", Parent: "group", Region: "eu"},
			authz.Unit{ID: "plant9", Name: "Plant 9", Kind: "plant", Parent: "group", Region: "am"},
			authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "eu", Name: "Europe", Kind: authz.RegionKind, Parent: "group", Region: "world"},
			authz.Unit{ID: "am", Name: "Americas", Kind: authz.RegionKind, Parent: "group", Region: "world"},
		); err != nil {
			return err
		}
		for _, g := range []authz.Grant{
			{Person: "ana", Role: authz.Analyst, Tree: authz.Own, Unit: "group"},
			{Person: "eva", Role: authz.Regional, Tree: authz.Geography, Unit: "eu"},
			{Person: "con", Role: authz.Contact, Tree: authz.Own, Unit: "plant9"},
		} {
			g.Until = tx.Now.AddDate(1, 0, 0)
			if err := authz.Found(tx, system, g); err != nil {
				return err
			}
		}
		return tx.Record(system, found{})
	}))
	for _, src := range []Source{
		{ID: "win-3", Name: "Windows, works 3", NameJA: "第三工場のWindows", Kind: "windows", Unit: "works3", Product: "windows", SilentAfter: time.Hour},
		{ID: "fw-9", Name: "Firewall, plant 9", Kind: "firewall", Unit: "plant9", Category: "firewall"},
	} {
		w.do(w.Add(context.Background(), w.actor("ana"), src))
	}
	return w
}

// service is a fresh process on the same databases.
func (w *world) service() *Service {
	s, err := New(Options{DB: w.db, Events: w.store, Detector: w.seen, Log: slog.New(slog.DiscardHandler), Workers: 2})
	w.do(err)
	w.do(s.begin(context.Background()))
	return s
}

func (w *world) start() {
	w.t.Helper()
	w.do(w.Start(context.Background()))
	w.t.Cleanup(func() { w.Close() })
}

func (w *world) actor(person string) authz.Actor {
	w.t.Helper()
	var a authz.Actor
	w.do(w.db.View(context.Background(), func(tx *store.Tx) (err error) {
		a, err = w.dir.Actor(tx, person, person, "en", time.UTC)
		return err
	}))
	return a
}

func (w *world) do(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) token(source string) string {
	w.t.Helper()
	secret, err := w.IssueSecret(context.Background(), w.actor("ana"), source, 0)
	w.do(err)
	return secret
}

func (w *world) send(token, body string) (Receipt, error) {
	return w.Receive(context.Background(), Delivery{Token: token, Body: strings.NewReader(body)})
}

// events are all that is stored, and foundTimes how often each took effect.
func (w *world) events(scope authz.Scope) []Event {
	w.t.Helper()
	var all []Event
	q := Query{Scope: scope, From: time.Unix(0, 0), To: w.clk.Now().AddDate(1, 0, 0), Limit: 1 << 30}
	for e, err := range w.store.Query(context.Background(), q, nil) {
		w.do(err)
		all = append(all, e)
	}
	return all
}

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	var n int
	w.do(w.db.View(context.Background(), func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&n) }))
	return n
}

func line(n int) string {
	return fmt.Sprintf(`{"@timestamp":"2026-11-23T08:%02d:%02dZ","EventID":1,"Channel":"Sysmon","Computer":"PC-%d","CommandLine":"C:\\Windows\\cmd.exe /c echo %d","n":%d}`, n/60%60, n%60, n%7, n, n)
}

func TestAcknowledgedEventsAreStoredAndDetectedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.token("win-3")
		w.start()
		var b strings.Builder
		for n := range 1203 {
			b.WriteString(line(n) + "\n")
		}
		b.WriteString("this is no JSON\n[1,2]\n")
		r, err := w.send(token, b.String())
		w.do(err)
		if r.Accepted != 1205 || r.Unreadable != 2 || r.Batch == "" {
			t.Fatalf("receipt %+v", r)
		}
		w.do(w.Drain(context.Background()))
		all := w.events(authz.Everything())
		if len(all) != 1205 {
			t.Fatalf("%d events stored", len(all))
		}
		lines := map[string]bool{}
		for i, e := range all {
			lines[string(e.Line())] = true
			if i > 0 && !all[i-1].At().before(e.At()) {
				t.Fatalf("event %d is out of order", i)
			}
			if e.Source != "win-3" || e.Unit != "works3" || e.Product != "windows" {
				t.Fatalf("event %+v", e)
			}
		}
		for n := range 1203 {
			if !lines[line(n)] {
				t.Fatalf("line %d did not come back byte for byte", n)
			}
		}
		if !lines["this is no JSON"] || !lines["[1,2]"] {
			t.Fatal("unreadable lines were not kept")
		}
		if n := w.count("SELECT COUNT(*) FROM test_found"); n != 1203 {
			t.Fatalf("%d found", n)
		}
		one, err := w.Event(context.Background(), w.actor("ana"), all[5].ID())
		w.do(err)
		if string(one.Line()) != string(all[5].Line()) {
			t.Fatal("another event")
		}
	})
}

var errCrash = errors.New("crash")

// TestCrashBetweenSteps ends the work at every step, in the writer and in the
// worker, and begins again with a new process on what is on disk.
func TestCrashBetweenSteps(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"packed", "inserted", "journaled", "claimed", "matched", "appended", "applied", "settled"} {
		t.Run(at, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				token := w.token("win-3")
				acknowledged := 0
				for round := range 4 {
					s := w.service() // a fresh process; the one before is gone
					w.Service = s
					if round < 3 {
						s.step = func(here string) error {
							if here == at {
								return errCrash
							}
							return nil
						}
					}
					for k := range 3 {
						_, err := w.send(token, line(round*10+k)+"\n"+line(round*10+k+5)+"\n")
						switch {
						case err == nil:
							acknowledged += 2
						case at != "packed" && at != "inserted" && at != "journaled":
							t.Fatal(err)
						}
					}
					s.Step(context.Background())
					if s.db.Engine() == store.Postgres {
						w.clk.Advance(2 * lease) // claims of the dead process end
					} else {
						w.clk.Advance(10 * time.Second)
					}
				}
				w.clk.Advance(time.Hour)
				w.do(w.Drain(context.Background()))
				ids := map[string]int{}
				for _, e := range w.events(authz.Everything()) {
					ids[e.ID()]++
				}
				stored := w.count("SELECT COALESCE(SUM(stored), 0) FROM telemetry_batch WHERE state = 1")
				if len(ids) < acknowledged || len(ids) != stored {
					t.Fatalf("%d acknowledged, %d stored, %d marked", acknowledged, len(ids), stored)
				}
				if at != "journaled" && at != "packed" && len(ids) != acknowledged {
					t.Fatalf("%d acknowledged, %d stored", acknowledged, len(ids))
				}
				for id, n := range ids {
					if n != 1 {
						t.Fatalf("event %s is there %d times", id, n)
					}
				}
				if n, d := w.count("SELECT COUNT(*) FROM test_found"), w.count("SELECT COUNT(DISTINCT id) FROM test_found"); n != len(ids) || d != n {
					t.Fatalf("%d events, %d took effect, %d of them different", len(ids), n, d)
				}
			})
		})
	}
}

// forgetful loses what it was given, as an event store does that was killed.
type forgetful struct {
	Store
	lose bool
}

func (f *forgetful) Append(ctx context.Context, b []Batch) error {
	if f.lose {
		return nil
	}
	return f.Store.Append(ctx, b)
}

func TestWhatTheEventStoreForgotIsWrittenAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		token := w.token("win-3")
		lossy := &forgetful{Store: w.store, lose: true}
		w.Service.events = lossy
		_, err := w.send(token, line(1)+"\n"+line(2))
		w.do(err)
		w.do(w.Drain(context.Background()))
		if n := len(w.events(authz.Everything())); n != 0 {
			t.Fatalf("%d stored", n)
		}
		lossy.lose = false
		w.do(w.Recheck(context.Background()))
		w.do(w.Recheck(context.Background()))
		if n := len(w.events(authz.Everything())); n != 2 {
			t.Fatalf("%d stored", n)
		}
		if n := w.count("SELECT COUNT(*) FROM test_found"); n != 2 {
			t.Fatalf("detection took effect %d times", n)
		}
	})
}

func TestAFailingBatchWaitsAndOthersPass(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.token("win-3")
		w.seen.failAt = func(events []Event) error {
			for _, e := range events {
				if strings.Contains(string(e.Doc), "poison") {
					panic("a rule stumbled")
				}
			}
			return nil
		}
		for _, l := range []string{line(1), `{"x":"poison"}`, line(2)} {
			_, err := w.send(token, l)
			w.do(err)
		}
		w.Step(context.Background())
		w.Step(context.Background())
		if n := w.count("SELECT COUNT(*) FROM test_found"); n != 2 {
			t.Fatalf("%d passed", n)
		}
		h, err := w.Health(context.Background(), w.actor("ana"))
		w.do(err)
		if h.Failing != 1 || !strings.Contains(h.Failure, "stumbled") || h.Waiting != 1 {
			t.Fatalf("health %+v", h)
		}
		w.seen.failAt = nil
		w.clk.Advance(time.Minute)
		w.do(w.Drain(context.Background()))
		if n := w.count("SELECT COUNT(*) FROM test_found"); n != 3 {
			t.Fatalf("%d passed", n)
		}
	})
}

func TestFullJournalTellsSendersToComeBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.token("win-3")
		w.o.CapEvents = 3
		for n := range 3 {
			_, err := w.send(token, line(n))
			w.do(err)
		}
		_, err := w.send(token, line(9))
		if !fault.Is(err, fault.KindTooBusy) || fault.As(err).RetryAfter <= 0 {
			t.Fatalf("a full journal answered %v", err)
		}
		w.do(w.Drain(context.Background()))
		_, err = w.send(token, line(9))
		w.do(err)
		rows, _, err := w.Sources(context.Background(), w.actor("ana").Scope(Read), SourceFilter{Page: page("id")})
		w.do(err)
		for _, r := range rows {
			if r.ID == "win-3" && (r.Day.Journaled != 4 || r.Day.Refused != 1 || r.Day.Stored != 3) {
				t.Fatalf("counted %+v", r.Day)
			}
		}
	})
}

func TestADeliveryWithAKeyIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.token("win-3")
		send := func() Receipt {
			r, err := w.Receive(context.Background(), Delivery{Token: token, Body: strings.NewReader(line(1)), Key: "a-17"})
			w.do(err)
			return r
		}
		first, again := send(), send()
		if first.Repeated || !again.Repeated || again.Batch != first.Batch || again.Accepted != 1 {
			t.Fatalf("%+v then %+v", first, again)
		}
		w.do(w.Drain(context.Background()))
		if n := len(w.events(authz.Everything())); n != 1 {
			t.Fatalf("%d stored", n)
		}
	})
}

func TestCountersSurviveTheJournal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.token("win-3")
		_, err := w.send(token, line(1)+"\n"+line(2)+"\nbroken")
		w.do(err)
		w.do(w.Drain(context.Background()))
		look := func() Counts {
			d, err := w.Source(context.Background(), w.actor("ana"), "win-3", "week")
			w.do(err)
			var sum Counts
			for _, c := range d.Series {
				sum.add(c)
			}
			return sum
		}
		want := look()
		if want.Journaled != 3 || want.Stored != 3 || want.Unreadable != 1 || want.Bytes == 0 {
			t.Fatalf("counted %+v", want)
		}
		w.clk.Advance(w.o.Hold + time.Minute)
		n, err := w.fold(context.Background())
		w.do(err)
		if n != 1 || w.count("SELECT COUNT(*) FROM telemetry_body") != 0 {
			t.Fatalf("%d folded", n)
		}
		if got := look(); got != want {
			t.Fatalf("after the hold %+v, before %+v", got, want)
		}
		w.clk.Advance(keepFine + time.Hour)
		w.do(w.thin(context.Background()))
		if got := look(); got != want {
			t.Fatalf("after two days %+v, before %+v", got, want)
		}
		if w.count("SELECT COUNT(*) FROM telemetry_count WHERE span = 60000") != 0 {
			t.Fatal("minutes were kept")
		}
	})
}

func TestSilenceIsNoticedOnceAndEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.token("win-3")
		_, err := w.send(token, line(1))
		w.do(err)
		w.do(w.flush(context.Background()))
		started := w.db.Now()
		facts := func(kind string) int {
			return w.count("SELECT COUNT(*) FROM ledger_pending WHERE kind = $1", kind)
		}
		w.clk.Advance(59 * time.Minute)
		w.do(w.listen(context.Background(), started))
		if facts("telemetry.source_silent") != 0 {
			t.Fatal("too early")
		}
		w.clk.Advance(2 * time.Minute)
		w.do(w.listen(context.Background(), w.db.Now()))
		if facts("telemetry.source_silent") != 0 {
			t.Fatal("the time in which nothing ran is nobody's silence")
		}
		w.do(w.listen(context.Background(), started))
		w.do(w.listen(context.Background(), started))
		if facts("telemetry.source_silent") != 1 {
			t.Fatalf("%d facts", facts("telemetry.source_silent"))
		}
		if n, err := w.SilentCount(context.Background(), w.actor("ana").Scope(Read)); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if n, err := w.SilentCount(context.Background(), w.actor("con").Scope(Read)); err != nil || n != 0 {
			t.Fatal("another unit's silence is counted", n, err)
		}
		_, err = w.send(token, line(2))
		w.do(err)
		w.do(w.flush(context.Background()))
		w.do(w.listen(context.Background(), started))
		if facts("telemetry.source_heard") != 1 {
			t.Fatal("not heard again")
		}
	})
}

func TestTokensRotateWithOverlap(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := w.token("win-3")
		next, err := w.IssueSecret(context.Background(), w.actor("ana"), "win-3", time.Hour)
		w.do(err)
		for _, token := range []string{old, next} {
			_, err := w.send(token, line(1))
			w.do(err)
		}
		w.clk.Advance(61 * time.Minute)
		if _, err := w.send(old, line(1)); !fault.Is(err, fault.KindUnauthenticated) {
			t.Fatalf("the old token after its time: %v", err)
		}
		_, err = w.send(next, line(1))
		w.do(err)
		if _, err := w.IssueSecret(context.Background(), w.actor("con"), "fw-9", 0); !fault.Is(err, fault.KindDenied) {
			t.Fatalf("a contact made a token: %v", err)
		}
		if _, err := w.IssueSecret(context.Background(), w.actor("con"), "win-3", 0); !fault.Is(err, fault.KindNotFound) {
			t.Fatalf("a contact learned of another's source: %v", err)
		}
		w.do(w.Stop(context.Background(), w.actor("ana"), "win-3"))
		if _, err := w.send(next, line(1)); !fault.Is(err, fault.KindDenied) {
			t.Fatalf("a stopped source was taken: %v", err)
		}
	})
}

func TestUnitBordersHold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.token("win-3"), w.token("fw-9")
		_, err := w.send(a, line(1))
		w.do(err)
		r, err := w.send(b, `{"action":"deny","src_ip":"192.0.2.9"}`)
		w.do(err)
		w.do(w.Drain(context.Background()))
		q := Query{From: time.Unix(0, 0), To: w.clk.Now().Add(time.Hour)}
		for person, want := range map[string]int{"ana": 2, "eva": 1, "con": 1, "nobody": 0} {
			by := w.actor(person)
			v, err := w.Search(context.Background(), by, "", q, SurveyOptions{Buckets: 10, Sample: 10})
			w.do(err)
			if int(v.Total) != want || len(v.Events) != want {
				t.Errorf("%s finds %d", person, v.Total)
			}
			for _, f := range v.Fields {
				if person == "eva" && f.Name == "src_ip" {
					t.Error("a field of America is shown to Europe")
				}
			}
		}
		if _, err := w.Event(context.Background(), w.actor("eva"), EventID(r.Batch, 0)); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("an event of America: %v", err)
		}
		if _, err := w.Source(context.Background(), w.actor("eva"), "fw-9", "day"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a source of America: %v", err)
		}
		rows, total, err := w.Sources(context.Background(), w.actor("eva").Scope(Read), SourceFilter{Page: page("name")})
		w.do(err)
		if total != 1 || rows[0].ID != "win-3" {
			t.Errorf("Europe sees %d sources", total)
		}
	})
}

func TestSourcesAreDescribedWell(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		err := w.Add(context.Background(), w.actor("ana"), Source{ID: "Bad Id", Kind: "x", Unit: "eu", Zone: "Mars/Base", SilentAfter: time.Second})
		var names []string
		for _, f := range fault.FieldsOf(err) {
			names = append(names, f.Name)
		}
		if strings.Join(names, " ") != "id kind name silent_after unit zone" {
			t.Fatalf("named %v", names)
		}
		if err := w.Add(context.Background(), w.actor("ana"), Source{ID: "win-3", Name: "x", Kind: "windows", Unit: "works3"}); len(fault.FieldsOf(err)) != 1 {
			t.Fatalf("the same code again: %v", err)
		}
		if err := w.Change(context.Background(), w.actor("ana"), Source{ID: Quarantine, Name: "x", Kind: "windows", Unit: "works3"}); err == nil {
			t.Fatal("the quarantine was changed")
		}
	})
}

func page(sort string) keyset.Page { return keyset.Page{Sort: sort} }
