package detect

import (
	"slices"
	"strings"
	"time"

	"yagura/area/detect/sigma"
	"yagura/area/detect/story"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

var system = authz.System("detect")

// Apply lets findings take effect within the transaction of the caller, who
// marks the events as done in it. Each event counts once for each rule however
// often it is applied. Every new alert is recorded in the ledger; hits that only
// count on alerts that are there leave no record, so that a flood of events is
// no flood of records: the caller commits such a transaction by Operate, as
// telemetry does when Change says that nothing was recorded.
func (s *Service) Apply(tx *store.Tx, f *Findings) error {
	if f == nil {
		return nil
	}
	if err := s.tick(tx, f.clocks); err != nil || f.Len() == 0 {
		return err
	}
	n, err := generation(tx)
	if err != nil {
		return err
	}
	if f.stale(n, tx.Now) {
		p, err := s.planIn(tx)
		if err != nil {
			return err
		}
		s.judge(f, p, tx.Now)
	}
	hits := make([]hit, 0, len(f.hits))
	for _, h := range f.hits {
		if !h.verdict.drop {
			hits = append(hits, h)
		}
	}
	if hits, err = fresh(tx, hits); err != nil || len(hits) == 0 {
		return err
	}
	a := s.begins(tx, f.plan)
	if err := a.hand(f.lib, hits); err != nil {
		return err
	}
	if hits, err = a.count(hits); err != nil {
		return err
	}
	if err := a.alert(hits); err != nil {
		return err
	}
	return a.end()
}

// begins is the beginning of letting hits take effect, end its end.
func (s *Service) begins(tx *store.Tx, p *plan) *applying {
	return &applying{s: s, tx: tx, plan: p, days: dayCounts{}, rules: ruleCounts{}, versions: map[string]bool{}, held: holding{}, scales: s.scales(tx)}
}

func (a *applying) end() error {
	if err := a.held.write(a.tx); err != nil {
		return err
	}
	if err := a.days.write(a.tx); err != nil {
		return err
	}
	return a.rules.write(a.tx)
}

// applying is one Apply at work.
type applying struct {
	s        *Service
	tx       *store.Tx
	plan     *plan
	held     holding
	scales   *scales
	touched  []joined // by the stories
	days     dayCounts
	rules    ruleCounts
	versions map[string]bool // rule texts kept already
}

// count counts hidden, silent and other hits and returns those of which people
// are to be told.
func (a *applying) count(hits []hit) ([]hit, error) {
	hidden := map[string]int64{}
	var live []hit
	for _, h := range hits {
		c := a.rules.at(h.rule.ID, a.s.day(h.event.Time), h.event.Unit)
		switch {
		case h.verdict.exclusion != "":
			c.hidden++
			hidden[h.verdict.exclusion]++
		case h.verdict.silent, h.verdict.base:
			c.hits++
			c.silent++
		default:
			c.hits++
			live = append(live, h)
		}
	}
	for _, id := range sorted(hidden) {
		if _, err := a.tx.Exec("UPDATE detect_exclusion SET hidden = hidden + $2, last_hidden = $3 WHERE id = $1", id, hidden[id], a.tx.Millis()); err != nil {
			return nil, err
		}
	}
	// In the order of time, so that an alert begins with its first event.
	slices.SortStableFunc(live, func(x, y hit) int { return x.event.Time.Compare(y.event.Time) })
	return live, nil
}

// tally is what a batch adds to one alert.
type tally struct {
	window
	fresh *Alert // not yet written
	rule  *Rule
	hits  int64
	first int64
	last  int64
	add   []sample

	joints map[string]markSpan
}

func (t *tally) take(h hit) {
	at := store.Millis(h.event.Time)
	if t.hits == 0 && t.fresh != nil {
		t.first, t.last = at, at
	}
	t.hits++
	t.first, t.last = min(t.first, at), max(t.last, at)
	if h.firing != nil { // the events it came of stand for it
		for _, x := range h.firing.samples {
			if t.samples+len(t.add) < MostSamples && !slices.ContainsFunc(t.add, func(y sample) bool { return y.event == x.event }) {
				t.add = append(t.add, x)
			}
		}
		return
	}
	if t.samples+len(t.add) < MostSamples {
		t.add = append(t.add, sampleOf(h))
	}
}

func (a *applying) alert(hits []hit) error {
	var things []thing
	live := hits[:0:0]
	for _, h := range hits {
		t := h.about()
		if x := a.plan.window(h, t); x != nil {
			a.held.take(x, h, t, "")
			continue
		}
		live, things = append(live, h), append(things, t)
	}
	if hits = live; len(hits) == 0 {
		return nil
	}
	storms, err := a.storms(hits)
	if err != nil {
		return err
	}
	var keys, hushed []string
	for i, h := range hits {
		keys = append(keys, things[i].key)
		if a.plan.quiet(h.rule.ID, h.event.Unit, h.event.Time) != nil {
			hushed = append(hushed, things[i].key)
		}
		if storms[stormAt(h)] {
			keys = append(keys, stormKey(h))
		}
	}
	open, err := windows(a.tx, keys)
	if err != nil {
		return err
	}
	before, err := latest(a.tx, hushed)
	if err != nil {
		return err
	}
	tallies := map[string][]*tally{}
	var order []*tally
	for _, w := range open {
		t := &tally{window: w, first: w.first, last: w.last}
		tallies[w.key] = append(tallies[w.key], t)
		order = append(order, t)
	}
	at := func(key string, when int64) *tally {
		for _, t := range tallies[key] {
			if t.holds(when) {
				return t
			}
		}
		return nil
	}
	for i, h := range hits {
		when := store.Millis(h.event.Time)
		t := at(things[i].key, when)
		if t == nil {
			if x := a.plan.quiet(h.rule.ID, h.event.Unit, h.event.Time); x != nil {
				if last, ok := before[things[i].key]; ok && when >= last.at && when < last.at+x.Silence.Milliseconds() {
					a.held.take(x, h, things[i], last.alert)
					continue
				}
			}
		}
		if t == nil && storms[stormAt(h)] {
			if t = at(stormKey(h), when); t == nil {
				t = a.begin(h, thing{key: stormKey(h)}, true)
				tallies[t.key] = append(tallies[t.key], t)
				order = append(order, t)
			}
		}
		if t == nil {
			t = a.begin(h, things[i], false)
			tallies[t.key] = append(tallies[t.key], t)
			order = append(order, t)
			before[t.key] = was{at: when}
		}
		t.take(h)
		if t.key == things[i].key {
			t.touch(things[i].joints, when)
		}
	}
	for _, t := range order {
		if t.hits == 0 {
			continue
		}
		if err := a.save(t); err != nil {
			return err
		}
	}
	return a.relate()
}

// relate lets what was raised or grew take effect on risks and stories.
func (a *applying) relate() error {
	ranks, err := a.scales.write()
	if err != nil {
		return err
	}
	raised, err := a.warn(ranks)
	if err != nil {
		return err
	}
	for _, al := range raised {
		a.touched = append(a.touched, markedBy(*al))
	}
	touched := a.touched
	a.touched = nil
	return a.s.join(a.tx, touched)
}

// markedBy are the marks of an alert that has no events.
func markedBy(al Alert) joined {
	m := map[string]markSpan{}
	for _, key := range []string{story.HostKey(al.Unit, al.Host), story.UserKey(al.User)} {
		if key != "" {
			m[key] = markSpan{"", al.First.UnixMilli() / 60_000, al.Last.UnixMilli() / 60_000}
		}
	}
	return joined{alert: al.ID, unit: al.Unit, tactics: al.Tactics, marks: m}
}

// begin makes an alert of the first hit of a window.
func (a *applying) begin(h hit, about thing, storm bool) *tally {
	length := h.rule.Window
	if length == 0 {
		length = a.s.o.Window
	}
	when := store.Millis(h.event.Time)
	w := window{key: about.key, since: when - length.Milliseconds(), until: when + length.Milliseconds()}
	al := &Alert{Rule: h.rule.ID, Version: h.rule.Version, Title: h.rule.Title, Level: h.verdict.level, Unit: h.event.Unit, Source: h.event.Source,
		Host: about.host, User: about.user, Image: about.image, Entity: about.entity, Approx: about.approx, Storm: storm, State: Untriaged, Raised: a.tx.Now, Tactics: story.SetOf(h.rule.Tags)}
	if storm {
		al.Source = ""
	}
	return &tally{window: w, fresh: al, rule: h.rule}
}

func (a *applying) save(t *tally) error {
	if t.fresh != nil {
		return a.raise(t)
	}
	if _, err := a.tx.Exec(`UPDATE detect_alert SET hits = hits + $2, first = CASE WHEN first > $3 THEN $3 ELSE first END,
		last = CASE WHEN last < $4 THEN $4 ELSE last END, samples = samples + $5 WHERE id = $1`, t.alert, t.hits, t.first, t.last, len(t.add)); err != nil {
		return err
	}
	if t.story != "" {
		const wider = " SET first = CASE WHEN first > $2 THEN $2 ELSE first END, last = CASE WHEN last < $3 THEN $3 ELSE last END WHERE "
		if _, err := a.tx.Exec("UPDATE detect_story_unit"+wider+"story = $1 AND unit = $4", t.story, t.first, t.last, t.unit); err != nil {
			return err
		}
		if _, err := a.tx.Exec("UPDATE detect_story"+wider+"id = $1", t.story, t.first, t.last); err != nil {
			return err
		}
	}
	if len(t.joints) > 0 {
		a.touched = append(a.touched, joined{alert: t.alert, unit: t.unit, tactics: t.tactics, marks: t.joints})
	}
	return putSamples(a.tx, t.alert, t.samples, t.add)
}

// raise writes a new alert and records it.
func (a *applying) raise(t *tally) error {
	al := t.fresh
	al.First, al.Last, al.Hits, al.samples = store.Time(t.first), store.Time(t.last), t.hits, len(t.add)
	if err := number(a.tx, al); err != nil {
		return err
	}
	if err := insert(a.tx, *al); err != nil {
		return err
	}
	if _, err := a.tx.Exec("INSERT INTO detect_window (alert, key, since, until) VALUES ($1,$2,$3,$4)", al.ID, t.key, t.since, t.until); err != nil {
		return err
	}
	if err := putSamples(a.tx, al.ID, 0, t.add); err != nil {
		return err
	}
	if !al.Storm {
		if err := putLatest(a.tx, t.key, t.first, al.ID); err != nil {
			return err
		}
	}
	if err := a.scales.add(a.plan, *al, a.plan.of(t.rule).State == Trial); err != nil {
		return err
	}
	if len(t.joints) > 0 {
		a.touched = append(a.touched, joined{alert: al.ID, unit: al.Unit, tactics: al.Tactics, marks: t.joints})
	}
	if kept := t.rule.ID + t.rule.Version; !a.versions[kept] {
		if err := t.rule.version(a.tx); err != nil {
			return err
		}
		a.versions[kept] = true
	}
	a.days.add(a.s.day(al.First), al.Unit, al.Level)
	a.rules.at(al.Rule, a.s.day(al.First), al.Unit).alerts++
	if err := a.s.index(a.tx, *al); err != nil {
		return err
	}
	if err := a.due(*al, t.rule); err != nil {
		return err
	}
	return a.tx.Record(system, fact.AlertRaised{Alert: al.ID, Unit: al.Unit, Rule: al.Rule, Version: al.Version, Level: al.Level.String(), Storm: al.Storm, First: al.First})
}

// index puts an alert into the search over everything.
func (s *Service) index(tx *store.Tx, a Alert) error {
	if s.o.Index == nil {
		return nil
	}
	words := []string{a.Title.EN, a.Title.JA, a.Host, a.User, a.Image}
	for _, p := range a.Entity {
		words = append(words, p.Value)
	}
	return s.o.Index.Put(tx, "alert", a.ID, a.Unit, a.ID+" "+a.Title.EN, strings.Join(words, "\n"), "/detect/alerts/"+a.ID)
}

// minute is when hits of a rule in a unit are counted together for the storm
// guard. With the unit "*" it is that of all units.
type minute struct {
	rule, unit string
	at         int64
}

func stormAt(h hit) minute { return minute{h.rule.ID, h.event.Unit, h.event.Time.Unix() / 60} }

// stormFactor is how many times as many hits the group may have within a minute
// as one unit.
const stormFactor = 5

func stormKey(h hit) string { return keyOf("storm", h.rule.ID, h.event.Unit) }

// storms are the minutes in which rules fired too often, these hits included.
func (a *applying) storms(hits []hit) (map[minute]bool, error) {
	counts := map[minute]int64{}
	for _, h := range hits {
		counts[stormAt(h)]++
		counts[minute{h.rule.ID, "*", stormAt(h).at}]++
	}
	over := map[minute]bool{}
	order := make([]minute, 0, len(counts))
	for m := range counts {
		order = append(order, m)
	}
	// In one order in all processes, so that they wait for each other and do not
	// block each other.
	slices.SortFunc(order, func(x, y minute) int {
		if c := strings.Compare(x.rule+"\x00"+x.unit, y.rule+"\x00"+y.unit); c != 0 {
			return c
		}
		return int(x.at - y.at)
	})
	for _, m := range order {
		var total int64
		if err := a.tx.QueryRow(`INSERT INTO detect_unit_minute (rule, unit, minute, hits, at) VALUES ($1,$2,$3,$4,$5)
			ON CONFLICT (rule, unit, minute) DO UPDATE SET hits = detect_unit_minute.hits + excluded.hits, at = excluded.at RETURNING hits`,
			m.rule, m.unit, m.at, counts[m], a.tx.Millis()).Scan(&total); err != nil {
			return nil, err
		}
		if m.unit == "*" {
			over[m] = total > stormFactor*a.s.o.Storm
		} else {
			over[m] = total > a.s.o.Storm
		}
	}
	for m := range counts { // a flood over the whole group is one in each unit
		over[m] = over[m] || over[minute{m.rule, "*", m.at}]
	}
	return over, nil
}

// MostSamples is how many events are kept with an alert.
const MostSamples = 10

// mostRaw is the size in bytes up to which an event is kept whole.
const mostRaw = 256 << 10

type sample struct {
	event   string
	at      time.Time
	host    string
	hint    sigma.LogSource
	size    int
	raw     []byte
	matched []Pair
}

func sampleOf(h hit) sample {
	x := sample{event: h.event.ID(), at: h.event.Time, host: short(h.event.Host), hint: h.event.hint(), size: len(h.event.Doc)}
	if x.raw = []byte{}; x.size <= mostRaw {
		x.raw = append(x.raw, h.event.Doc...)
	}
	for _, m := range h.matched {
		p := Pair{m.Field, strings.ToValidUTF8(strings.ReplaceAll(m.Value, "\x00", "\uFFFD"), "\uFFFD")}
		if !slices.Contains(x.matched, p) {
			x.matched = append(x.matched, p)
		}
	}
	return x
}

// stormTitle is what a summary is called.
func stormTitle(title string) text.Message {
	return text.M("%s: fires very often, summed up", title)
}
