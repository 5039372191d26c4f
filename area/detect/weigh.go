package detect

import (
	"slices"
	"strings"
	"time"

	"yagura/area/detect/risk"
	"yagura/area/detect/story"
	"yagura/fact"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// The kinds of things that risk is kept for.
const (
	HostRisk   = "host"
	PersonRisk = "person"
	UnitRisk   = "unit"
)

// RiskKinds are all kinds of things that risk is kept for.
var RiskKinds = []string{HostRisk, PersonRisk, UnitRisk}

// risky names a thing: of one unit, since borders are drawn by units.
type risky struct{ kind, unit, thing string }

// scales is what a transaction does to risks.
type scales struct {
	s       *Service
	tx      *store.Tx
	days    map[riskDay]*[2]int64 // weight, alerts
	touched map[risky]string      // with the name to show
}

type riskDay struct {
	risky
	day int64
}

func (s *Service) scales(tx *store.Tx) *scales {
	return &scales{s: s, tx: tx, days: map[riskDay]*[2]int64{}, touched: map[risky]string{}}
}

// of are the things that an alert is about, with their names.
func (w *scales) of(a Alert) map[risky]string {
	things := map[risky]string{{UnitRisk, a.Unit, a.Unit}: a.Unit}
	if a.Storm { // of everything at once
		return things
	}
	if story.HostKey(a.Unit, a.Host) != "" {
		things[risky{HostRisk, a.Unit, strings.ToLower(a.Host)}] = a.Host
	}
	if key := story.UserKey(a.User); key != "" {
		_, name := story.Cut(key)
		things[risky{PersonRisk, a.Unit, name}] = name
	}
	return things
}

// add gives an alert's points to what it is about.
func (w *scales) add(p *plan, a Alert, trial bool) error {
	if a.Rule == RiskRule {
		return nil // it sums up what was counted already
	}
	points := risk.Points(int(a.Level), trial, p.weight(a.Unit, a.Host))
	at := a.First
	if at.After(w.tx.Now) { // a clock that is ahead gives no points in advance
		at = w.tx.Now
	}
	m := w.s.model()
	day, weight := m.End(at), m.Weigh(points, at)
	for thing, name := range w.of(a) {
		if _, err := w.tx.Exec(`INSERT INTO detect_risk_point (alert, kind, unit, thing, at, day, points, weight, tactics, void) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,0)`,
			a.ID, thing.kind, thing.unit, thing.thing, store.Millis(at), store.Millis(day), points, weight, int64(a.Tactics)); err != nil {
			return err
		}
		w.count(riskDay{thing, store.Millis(day)}, weight, 1)
		w.touched[thing] = name
	}
	return nil
}

func (w *scales) count(d riskDay, weight, alerts int64) {
	if w.days[d] == nil {
		w.days[d] = &[2]int64{}
	}
	w.days[d][0] += weight
	w.days[d][1] += alerts
}

// void takes the points of an alert back, or gives them again.
func (w *scales) void(alert string, back bool) error {
	type given struct {
		riskDay
		weight int64
	}
	from, sign := 0, int64(-1)
	if !back {
		from, sign = 1, 1
	}
	points, err := store.Rows(w.tx, func(r store.Scanner) (g given, err error) {
		return g, r.Scan(&g.kind, &g.unit, &g.thing, &g.day, &g.weight)
	}, "SELECT p.kind, p.unit, p.thing, p.day, p.weight FROM detect_risk_point p WHERE p.alert = $1 AND p.void = $2", alert, from)
	if err != nil || len(points) == 0 {
		return err
	}
	if _, err := w.tx.Exec("UPDATE detect_risk_point SET void = $2 WHERE alert = $1", alert, 1-from); err != nil {
		return err
	}
	for _, g := range points {
		w.count(g.riskDay, sign*g.weight, sign)
		if _, ok := w.touched[g.risky]; !ok {
			w.touched[g.risky] = ""
		}
	}
	return nil
}

// write writes the sums and puts the things in their new places. It returns the
// ranks of what was touched.
func (w *scales) write() (ranks map[risky]int64, err error) {
	days := make([]riskDay, 0, len(w.days))
	for d := range w.days {
		days = append(days, d)
	}
	slices.SortFunc(days, func(a, b riskDay) int {
		if c := compareRisky(a.risky, b.risky); c != 0 {
			return c
		}
		return int(min(max(a.day-b.day, -1), 1))
	})
	for part := range slices.Chunk(days, 150) {
		var b strings.Builder
		var args []any
		for _, d := range part {
			if len(args) > 0 {
				b.WriteByte(',')
			}
			b.WriteString("(" + marks(len(args)+1, 6) + ")")
			args = append(args, d.kind, d.unit, d.thing, d.day, w.days[d][0], w.days[d][1])
		}
		if _, err := w.tx.Exec("INSERT INTO detect_risk_day (kind, unit, thing, day, weight, alerts) VALUES "+b.String()+
			` ON CONFLICT (kind, unit, thing, day) DO UPDATE SET weight = detect_risk_day.weight + excluded.weight, alerts = detect_risk_day.alerts + excluded.alerts`, args...); err != nil {
			return nil, err
		}
	}
	order := make([]risky, 0, len(w.touched))
	for t := range w.touched {
		order = append(order, t)
	}
	slices.SortFunc(order, compareRisky)
	ranks = map[risky]int64{}
	for _, t := range order {
		sums, err := riskDays(w.tx, t)
		if err != nil {
			return nil, err
		}
		rank := w.s.model().Rank(sums)
		ranks[t] = rank
		if _, err := w.tx.Exec(`INSERT INTO detect_risk (kind, unit, thing, name, rank) VALUES ($1,$2,$3,$4,$5) ON CONFLICT (kind, unit, thing) DO UPDATE SET rank = excluded.rank`,
			t.kind, t.unit, t.thing, w.touched[t], rank); err != nil {
			return nil, err
		}
	}
	w.days, w.touched = map[riskDay]*[2]int64{}, map[risky]string{}
	for _, t := range order {
		if t.kind == UnitRisk {
			continue
		}
		// Alerts that wait are sorted by the greater risk of their host and user.
		if _, err := w.tx.Exec(`UPDATE detect_alert SET risk = COALESCE((SELECT MAX(r.rank) FROM detect_risk_point p JOIN detect_risk r ON r.kind = p.kind AND r.unit = p.unit AND r.thing = p.thing
			WHERE p.alert = detect_alert.id AND p.kind <> 'unit'), 0) WHERE open = 1 AND id IN (SELECT q.alert FROM detect_risk_point q WHERE q.kind = $1 AND q.unit = $2 AND q.thing = $3 AND q.at > $4)`,
			t.kind, t.unit, t.thing, store.Millis(w.tx.Now.Add(-90*24*time.Hour))); err != nil {
			return nil, err
		}
	}
	return ranks, nil
}

func compareRisky(a, b risky) int {
	if c := strings.Compare(a.kind, b.kind); c != 0 {
		return c
	}
	if c := strings.Compare(a.unit, b.unit); c != 0 {
		return c
	}
	return strings.Compare(a.thing, b.thing)
}

func riskDays(tx *store.Tx, t risky) ([]risk.Day, error) {
	return store.Rows(tx, func(r store.Scanner) (d risk.Day, err error) {
		var end int64
		err = r.Scan(&end, &d.Weight)
		d.End = store.Time(end)
		return d, err
	}, "SELECT d.day, d.weight FROM detect_risk_day d WHERE d.kind = $1 AND d.unit = $2 AND d.thing = $3 ORDER BY d.day", t.kind, t.unit, t.thing)
}

// model says how points fade.
func (s *Service) model() risk.Model { return risk.Model{HalfLife: s.o.HalfLife, Zone: s.o.Zone} }

// RiskRule stands in the place of a rule in alerts that risk raised.
const RiskRule = "risk"

var riskTitle = Words{"Many signs of different kinds on one host", "1台のホストに種類の異なる兆候が重なっています"}
var personTitle = Words{"Many signs of different kinds on one account", "1つのアカウントに種類の異なる兆候が重なっています"}

// What makes a risk alert: so many alerts of so many tactics within so long.
const (
	riskTactics = 3
	riskAlerts  = 3
	riskSpan    = 7 * 24 * time.Hour
)

// warn raises an alert for hosts and persons on which many things of different
// tactics came together, once per window, however low each of them was.
func (a *applying) warn(ranks map[risky]int64) (raised []*Alert, err error) {
	order := make([]risky, 0, len(ranks))
	for t := range ranks {
		order = append(order, t)
	}
	slices.SortFunc(order, compareRisky)
	now := a.tx.Now
	for _, t := range order {
		if t.kind == UnitRisk || a.s.model().ScoreOf(ranks[t], now) < a.s.o.Threshold {
			continue
		}
		key := keyOf("risk", t.kind, t.unit, t.thing)
		// Once per window, also where somebody dismissed it meanwhile.
		if last, err := latest(a.tx, []string{key}); err != nil {
			return nil, err
		} else if was, ok := last[key]; ok && now.Sub(store.Time(was.at)) < a.s.o.Window {
			continue
		}
		type given struct {
			at      int64
			tactics story.Set
			name    string
		}
		points, err := store.Rows(a.tx, func(r store.Scanner) (g given, err error) {
			return g, r.Scan(&g.at, &g.tactics, &g.name)
		}, `SELECT p.at, p.tactics, x.host FROM detect_risk_point p JOIN detect_alert x ON x.id = p.alert
			WHERE p.kind = $1 AND p.unit = $2 AND p.thing = $3 AND p.void = 0 AND p.at > $4 ORDER BY p.at`, t.kind, t.unit, t.thing, store.Millis(now.Add(-riskSpan)))
		if err != nil {
			return nil, err
		}
		var reached story.Set
		for _, g := range points {
			reached |= g.tactics
		}
		if len(points) < riskAlerts || reached.Len() < riskTactics {
			continue
		}
		// All on one host: then it is the host's alert, not also the account's.
		if one := points[0].name; t.kind == PersonRisk && one != "" && !slices.ContainsFunc(points, func(g given) bool { return g.name != one }) {
			continue
		}
		last := points[len(points)-1]
		al := &Alert{Rule: RiskRule, Title: riskTitle, Level: High, Unit: t.unit, Host: last.name, Entity: []Pair{{"host", last.name}}, First: store.Time(last.at), Last: store.Time(last.at),
			Hits: int64(len(points)), State: Untriaged, Raised: now, Tactics: reached}
		if t.kind == PersonRisk {
			al.Title, al.Host, al.User, al.Entity = personTitle, "", t.thing, []Pair{{"user", t.thing}}
		}
		if err := number(a.tx, al); err != nil {
			return nil, err
		}
		if err := insert(a.tx, *al); err != nil {
			return nil, err
		}
		if err := putLatest(a.tx, key, a.tx.Millis(), al.ID); err != nil {
			return nil, err
		}
		if _, err := a.tx.Exec("UPDATE detect_alert SET risk = $2 WHERE id = $1", al.ID, ranks[t]); err != nil {
			return nil, err
		}
		a.days.add(a.s.day(al.First), al.Unit, al.Level)
		if err := a.s.index(a.tx, *al); err != nil {
			return nil, err
		}
		if err := a.tx.Record(system, fact.AlertRaised{Alert: al.ID, Unit: al.Unit, Rule: al.Rule, Level: al.Level.String(), First: al.First}); err != nil {
			return nil, err
		}
		raised = append(raised, al)
	}
	return raised, nil
}

// RiskTitle is what stands for a rule's title where risk raised the alert.
func RiskTitle() text.Message { return text.M("Risk of a host or an account") }
