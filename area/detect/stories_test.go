package detect

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/detect/story"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// storyRules is a folder's worth of small rules with tactics, one for each door.
const storyRules = `title: Door %[1]d
id: 00000000-0000-4000-8000-0000000000%02[1]d
status: stable
level: %[2]s
logsource: {product: door}
detection:
  s: {door: d%[1]d}
  condition: s
tags: [attack.%[3]s]
`

func doorRules(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for i, tactic := range []string{"initial-access", "execution", "credential-access", "lateral-movement", "impact", "discovery"} {
		level := []string{"low", "medium", "high", "high", "critical", "low"}[i]
		write(t, dir, fmt.Sprintf("d%d.yml", i), fmt.Sprintf(storyRules, i, level, tactic))
	}
	return dir
}

type opened struct {
	door       int
	host, user string
	src        string
	unit       string
	at         time.Time
}

func (o opened) event(batch string, n int) Event {
	doc := map[string]any{"door": fmt.Sprintf("d%d", o.door)}
	for k, v := range map[string]string{"user": o.user, "src_ip": o.src} {
		if v != "" {
			doc[k] = v
		}
	}
	raw, _ := json.Marshal(doc)
	return Event{Batch: batch, Ordinal: n, Source: "doors", Unit: o.unit, Time: o.at, Host: o.host, Product: "door", Doc: raw}
}

// partition is the stories as sets of what their alerts are about.
func (w *world) partition() (groups []string) {
	by := map[string][]string{}
	for _, a := range w.alerts(all, Filter{}) {
		if a.Story != "" {
			by[a.Story] = append(by[a.Story], fmt.Sprintf("%s/%s/%s/%s", a.Rule[len(a.Rule)-2:], a.Unit, a.Host, a.User))
		}
	}
	for _, g := range by {
		slices.Sort(g)
		groups = append(groups, strings.Join(g, " "))
	}
	slices.Sort(groups)
	return groups
}

// byHand is what the definition makes of the marks.
func (w *world) byHand() (groups []string) {
	w.t.Helper()
	var marks []story.Mark
	err := w.db.View(context.Background(), func(tx *store.Tx) (err error) {
		marks, err = store.Rows(tx, readMark, "SELECT "+markColumns+" FROM detect_joint j")
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	about := map[string]string{}
	for _, a := range w.alerts(all, Filter{}) {
		about[a.ID] = fmt.Sprintf("%s/%s/%s/%s", a.Rule[len(a.Rule)-2:], a.Unit, a.Host, a.User)
	}
	for _, g := range w.s.o.Stories.Join(marks) {
		var names []string
		for _, a := range g {
			names = append(names, about[a])
		}
		slices.Sort(names)
		groups = append(groups, strings.Join(names, " "))
	}
	slices.Sort(groups)
	return groups
}

// counted holds what is counted of stories to what their alerts say.
func (w *world) counted() {
	w.t.Helper()
	var world authz.Scope // all of it too, but added up of its units
	if err := w.db.View(context.Background(), func(tx *store.Tx) error {
		units, err := w.s.o.Directory.Units(tx)
		world = all.Within(units, "world")
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	rows, total, err := w.s.Stories(context.Background(), all, StoryFilter{Page: keyset.Page{Sort: "number", Limit: 500}})
	if err != nil || total != len(rows) {
		w.t.Fatal(total, len(rows), err)
	}
	for _, f := range []StoryFilter{{}, {State: "open"}, {State: "closed"}, {Least: "high"}, {Unit: "himeji", State: "open"}} {
		f.Page = keyset.Page{Sort: "level", Limit: 500}
		whole, n, err := w.s.Stories(context.Background(), all, f)
		if err != nil {
			w.t.Fatal(err)
		}
		if added, m, err := w.s.Stories(context.Background(), world, f); err != nil || n != m || !reflect.DeepEqual(whole, added) {
			w.t.Errorf("%+v: %d stories of the group, %d of its units, %v\n%+v\n%+v", f, n, m, err, whole, added)
		}
	}
	for _, x := range rows {
		as := w.alerts(all, Filter{Story: x.ID})
		var open int64
		level := Informational
		units := map[string]bool{}
		var tactics story.Set
		first, last := as[0].First, as[0].Last
		for _, a := range as {
			if a.State.Open() {
				open++
			}
			level = max(level, a.Level)
			units[a.Unit] = true
			tactics |= a.Tactics
			if a.First.Before(first) {
				first = a.First
			}
			if a.Last.After(last) {
				last = a.Last
			}
		}
		if x.Alerts != int64(len(as)) || x.Open != open || x.Level != level || len(x.Units) != len(units) || x.Tactics != tactics || !x.First.Equal(first) || !x.Last.Equal(last) {
			w.t.Errorf("%+v, but its alerts are %d, %d open, level %v, %d units, %v to %v", x, len(as), open, level, len(units), first, last)
		}
	}
}

// TestStoriesAreTheDefinition joins random alerts in random batches, each again
// now and then, and holds the outcome to the definition.
func TestStoriesAreTheDefinition(t *testing.T) {
	dir := doorRules(t)
	rules := story.Rules{Gap: 60, Chain: 240, Degree: 3, Most: 12}
	each2(t, Options{NoPack: true, Folders: []string{dir}, Window: 20 * time.Minute, Stories: rules, Threshold: 1e9}, func(t *testing.T, w *world) {
		r := rand.New(rand.NewPCG(11, uint64(len(t.Name()))))
		begin := w.db.Now().Add(-40 * 24 * time.Hour)
		for round := range 3 {
			var things []opened
			for i := range 45 {
				o := opened{door: r.IntN(6), unit: []string{"himeji", "brno"}[r.IntN(2)], at: begin.Add(time.Duration(round)*72*time.Hour + time.Duration(r.IntN(36*60))*time.Minute)}
				if r.IntN(5) > 0 {
					o.host = fmt.Sprintf("pc-%d-%d.corp.example", round, r.IntN(9))
				}
				if r.IntN(3) > 0 {
					o.user = fmt.Sprintf("u%d-%d", round, r.IntN(6))
				}
				if r.IntN(4) == 0 {
					o.src = fmt.Sprintf("10.%d.0.%d", round, 1+r.IntN(4))
				}
				_ = i
				things = append(things, o)
			}
			n := 0
			for len(things) > 0 {
				k := min(1+r.IntN(8), len(things))
				var events []Event
				for i, o := range things[:k] {
					events = append(events, o.event(fmt.Sprintf("r%d-%d", round, n), i))
				}
				n++
				w.apply(events...)
				if r.IntN(3) == 0 {
					before := w.fingerprint()
					w.apply(events...)
					if after := w.fingerprint(); after != before {
						t.Fatalf("the same batch again changed something:\n%s\n%s", before, after)
					}
				}
				things = things[k:]
				if n%5 == 0 {
					if got, want := w.partition(), w.byHand(); !reflect.DeepEqual(got, want) {
						t.Fatalf("round %d after %d batches:\ngot  %s\nwant %s", round, n, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
					}
				}
			}
			if got, want := w.partition(), w.byHand(); !reflect.DeepEqual(got, want) {
				t.Fatalf("round %d:\ngot  %s\nwant %s", round, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		}
		if len(w.partition()) < 5 {
			t.Errorf("only %d stories: the test tests too little", len(w.partition()))
		}
		w.counted()
	})
}

// fingerprint is everything that applying may change, but for marks of what was
// applied.
func (w *world) fingerprint() (s string) {
	w.t.Helper()
	err := w.db.View(context.Background(), func(tx *store.Tx) error {
		for _, q := range []string{
			"SELECT a.id || a.story || ' ' || CAST(a.hits AS text) || ' ' || CAST(a.risk AS text) || ' ' || CAST(a.last AS text) FROM detect_alert a ORDER BY a.id",
			"SELECT j.alert || j.key || CAST(j.first AS text) || '-' || CAST(j.last AS text) FROM detect_joint j ORDER BY j.alert, j.key",
			"SELECT n.key || CAST(n.first AS text) || '-' || CAST(n.last AS text) FROM detect_noise n ORDER BY n.key, n.first",
			"SELECT u.story || u.unit || CAST(u.alerts AS text) || CAST(u.open AS text) FROM detect_story_unit u ORDER BY u.story, u.unit",
			"SELECT d.kind || d.unit || d.thing || CAST(d.day AS text) || ' ' || CAST(d.weight AS text) || ' ' || CAST(d.alerts AS text) FROM detect_risk_day d ORDER BY d.kind, d.unit, d.thing, d.day",
			"SELECT r.kind || r.unit || r.thing || CAST(r.rank AS text) FROM detect_risk r ORDER BY r.kind, r.unit, r.thing",
			"SELECT h.cause || h.key || CAST(h.hits AS text) FROM detect_held h ORDER BY h.cause, h.key",
			"SELECT x.id || CAST(x.hits AS text) || ' ' || CAST(x.things AS text) FROM detect_suppression x ORDER BY x.id",
		} {
			lines, err := store.Texts(tx, q)
			if err != nil {
				return err
			}
			s += strings.Join(lines, "\n") + "\n--\n"
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// TestOrderOfBatchesDoesNotMatter applies the same events one by one in several
// orders.
func TestOrderOfBatchesDoesNotMatter(t *testing.T) {
	t.Parallel()
	dir := doorRules(t)
	var first []string
	for order := range 3 {
		t.Run(fmt.Sprint("order", order), func(t *testing.T) {
			each2(t, Options{NoPack: true, Folders: []string{dir}, Stories: story.Rules{Gap: 60, Chain: 240, Degree: 2, Most: 12}, Threshold: 1e9}, func(t *testing.T, w *world) {
				r := rand.New(rand.NewPCG(5, 5))
				begin := w.db.Now().Add(-72 * time.Hour)
				var events []Event
				for i := range 60 {
					o := opened{door: r.IntN(6), unit: []string{"himeji", "brno"}[r.IntN(2)], host: fmt.Sprintf("pc-%d.corp.example", i), user: fmt.Sprintf("u%d", r.IntN(14)),
						at: begin.Add(time.Duration(r.IntN(48*60)) * time.Minute)}
					events = append(events, o.event(fmt.Sprint("b", i), 0))
				}
				rand.New(rand.NewPCG(uint64(order), 9)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
				for start := 0; start < len(events); start += 1 + 3*order {
					w.apply(events[start:min(start+1+3*order, len(events))]...)
				}
				got := w.partition()
				if first == nil {
					first = got
				}
				if !reflect.DeepEqual(got, first) || len(got) == 0 {
					t.Errorf("in another order:\n%s\n\n%s", strings.Join(got, "\n"), strings.Join(first, "\n"))
				}
			})
		})
	}
}

// TestBridge: two stories become one when an alert connects them; the number of
// the later one leads to the other. What everybody shares connects nothing.
func TestBridge(t *testing.T) {
	dir := doorRules(t)
	each2(t, Options{NoPack: true, Folders: []string{dir}, Threshold: 1e9}, func(t *testing.T, w *world) {
		ctx := context.Background()
		at := w.db.Now().Add(-3 * time.Hour)
		ana := w.actor("ana")
		n := 0
		open := func(o opened) { n++; w.apply(o.event(fmt.Sprint("b", n), 0)) }
		open(opened{door: 0, host: "a.corp.example", unit: "himeji", user: "SYSTEM", at: at})
		open(opened{door: 1, host: "a.corp.example", unit: "himeji", user: "SYSTEM", at: at.Add(time.Minute)})
		open(opened{door: 0, host: "b.corp.example", unit: "brno", user: "SYSTEM", at: at.Add(2 * time.Minute)})
		open(opened{door: 1, host: "b.corp.example", unit: "brno", user: "SYSTEM", at: at.Add(3 * time.Minute)})
		if p := w.partition(); len(p) != 2 {
			t.Fatalf("%v", p)
		}
		open(opened{door: 3, host: "a.corp.example", unit: "himeji", user: "mallory", at: at.Add(time.Hour)})
		open(opened{door: 4, host: "b.corp.example", unit: "brno", user: `CORP\Mallory`, at: at.Add(2 * time.Hour)})
		if p := w.partition(); len(p) != 1 {
			t.Fatalf("%v", p)
		}
		d, err := w.s.ShowStory(ctx, ana, "STO-2026-0002")
		if err != nil || d.ID != "STO-2026-0001" || d.Alerts != 6 || len(d.Members) != 6 || d.Level != Critical || !d.Triage || len(d.Units) != 2 ||
			!slices.Equal(d.Tactics.Names(), []string{"initial-access", "execution", "lateral-movement", "impact"}) || d.Shared[0].Alerts != 3 {
			t.Errorf("%+v %v", d, err)
		}
		// Europe sees its part, and nothing else is in any count.
		eva, emi := w.actor("eva"), w.actor("emi")
		for _, who := range []string{"eva", "emi"} {
			by := w.actor(who)
			d, err = w.s.ShowStory(ctx, by, "STO-2026-0001")
			if err != nil || d.Alerts != 3 || len(d.Members) != 3 || !slices.Equal(d.Units, []string{"brno"}) || d.Tactics.Len() != 3 || d.Open != 3 {
				t.Errorf("%s: %+v %v", who, d, err)
			}
			for _, x := range d.Shared {
				if strings.HasPrefix(x.Value, "a.corp") || x.Alerts > 3 {
					t.Errorf("%s: %+v", who, x)
				}
			}
			rows, total, err := w.s.Stories(ctx, by.Scope(Read), StoryFilter{State: "open", Page: keyset.Page{Sort: "level", Desc: true}})
			if err != nil || total != 1 || rows[0].Alerts != 3 || rows[0].Title.EN == "" {
				t.Errorf("%s: %+v %v", who, rows, err)
			}
			groups, err := w.s.Grouped(ctx, by.Scope(Read), Filter{State: "open"}, "story", 50)
			if err != nil || len(groups) != 1 || groups[0].Alerts != 3 || groups[0].Key != "STO-2026-0001" {
				t.Errorf("%s: %+v %v", who, groups, err)
			}
		}
		open(opened{door: 0, host: "c.corp.example", unit: "himeji", at: at})
		open(opened{door: 1, host: "c.corp.example", unit: "himeji", at: at})
		if _, err := w.s.ShowStory(ctx, eva, "STO-2026-0003"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a story of another unit: %v", err)
		}
		if _, err := w.s.Act(ctx, eva, Bulk{Do: DoDismiss, Stories: []string{"STO-2026-0003"}, Reason: Benign, Note: "x"}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("acting on a story of another unit: %v", err)
		}
		if n, err := w.s.CountStories(ctx, emi.Scope(Read)); err != nil || n != 1 {
			t.Errorf("%d %v", n, err)
		}
		// Dismissing the whole touches what one may see.
		out, err := w.s.Act(ctx, eva, Bulk{Do: DoDismiss, Stories: []string{"STO-2026-0001"}, Reason: Test, Note: "An exercise"})
		if err != nil || len(out.Done) != 3 {
			t.Errorf("%+v %v", out, err)
		}
		d, err = w.s.ShowStory(ctx, ana, "STO-2026-0001")
		if err != nil || d.Open != 3 || d.Alerts != 6 {
			t.Errorf("%+v %v", d.Story, err)
		}
		if out, err = w.s.Act(ctx, ana, Bulk{Do: DoRaise, Stories: []string{"STO-2026-0001"}}); err != nil || len(out.Done) != 3 || out.Incident == "" {
			t.Errorf("%+v %v", out, err)
		}
		w.counted()
	})
}

// TestNoiseLetsGo: a user that ever more hosts share holds a story together
// until it is too many; then the story falls apart, and what else connects stays.
func TestNoiseLetsGo(t *testing.T) {
	dir := doorRules(t)
	each2(t, Options{NoPack: true, Folders: []string{dir}, Stories: story.Rules{Gap: 360, Chain: 2880, Degree: 4, Most: 400}, Threshold: 1e9}, func(t *testing.T, w *world) {
		at := w.db.Now().Add(-10 * time.Hour)
		n := 0
		open := func(o opened) { n++; w.apply(o.event(fmt.Sprint("b", n), 0)) }
		for i := range 4 {
			open(opened{door: 0, host: fmt.Sprintf("h%d.corp.example", i), user: "scanner", unit: "himeji", at: at.Add(time.Duration(i) * time.Minute)})
		}
		open(opened{door: 1, host: "h0.corp.example", unit: "himeji", at: at.Add(time.Hour)})
		if p := w.partition(); len(p) != 1 {
			t.Fatalf("%v", p)
		}
		for i := 4; i < 9; i++ {
			open(opened{door: 0, host: fmt.Sprintf("h%d.corp.example", i), user: "scanner", unit: "himeji", at: at.Add(time.Duration(i) * time.Minute)})
		}
		if p := w.partition(); len(p) != 1 || !strings.Contains(p[0], "h0.corp") || strings.Contains(p[0], "h1.corp") {
			t.Errorf("%v", p)
		}
		if d, err := w.s.ShowStory(context.Background(), w.actor("ana"), "STO-2026-0001"); err != nil || d.Alerts != 2 {
			t.Errorf("%+v %v", d.Story, err)
		}
		w.counted()
	})
}
