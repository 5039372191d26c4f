package detect

import (
	"slices"
	"strings"
	"time"

	"yagura/kernel/store"
	"yagura/kernel/text"
)

// The kinds of suppression.
const (
	Quiet  = "quiet"  // after an alert on a thing no further one on it for a while
	Window = "window" // planned maintenance: from when to when, on which hosts
)

// SuppressionKinds are both kinds.
var SuppressionKinds = []string{Quiet, Window}

// Suppression keeps alerts from being raised for a known reason. Hits are
// counted as ever, and what was not raised is listed.
type Suppression struct {
	ID       string // number, "SUP-2026-0012"
	Kind     string
	Rule     string        // id; "" = every rule, for windows alone
	Unit     string        // with all below it
	Hosts    string        // pattern; "" = all; for windows alone
	Silence  time.Duration // of Quiet: how long after an alert
	Grave    bool          // of Window: critical alerts, too
	Since    time.Time
	Until    time.Time
	Owner    string
	Reason   string
	Two      bool // a second person must approve it
	Created  time.Time
	By       string
	Approved time.Time
	Approver string
	Ended    time.Time
	EndedBy  string
	Hits     int64 // that raised nothing
	Things   int64 // alerts that they would have been
	Last     time.Time

	Title Words // of the rule; filled in for pages
}

// The longest a suppression may last.
const (
	LongestQuiet   = MostDays * 24 * time.Hour
	LongestWindow  = 14 * 24 * time.Hour
	LongestSilence = 30 * 24 * time.Hour
)

// SuppressionState is how it stands with a suppression.
type SuppressionState string

// The states of a suppression.
const (
	SuppressionWaits   SuppressionState = "waiting"
	SuppressionPlanned SuppressionState = "planned"
	SuppressionActive  SuppressionState = "active"
	SuppressionOver    SuppressionState = "over"
)

// SuppressionStates are all states of suppressions.
var SuppressionStates = []SuppressionState{SuppressionWaits, SuppressionPlanned, SuppressionActive, SuppressionOver}

// Label is the word for the state.
func (s SuppressionState) Label() text.Message {
	switch s {
	case SuppressionWaits:
		return text.M("Waits for approval")
	case SuppressionPlanned:
		return text.M("Planned§suppression")
	case SuppressionActive:
		return text.M("In force")
	case SuppressionOver:
		return text.M("Over§suppression")
	}
	return text.Literal(string(s))
}

// State is how it stands at a time.
func (x Suppression) State(now time.Time) SuppressionState {
	switch {
	case !x.Ended.IsZero() || !now.Before(x.Until):
		return SuppressionOver
	case x.Approved.IsZero():
		return SuppressionWaits
	case now.Before(x.Since):
		return SuppressionPlanned
	}
	return SuppressionActive
}

// covers tells whether it was in force at the moment of an event.
func (x Suppression) covers(at time.Time) bool {
	end := x.Until
	if !x.Ended.IsZero() && x.Ended.Before(end) {
		end = x.Ended
	}
	begin := x.Since
	if x.Approved.After(begin) {
		begin = x.Approved
	}
	return !x.Approved.IsZero() && !at.Before(begin) && at.Before(end)
}

const suppressionColumns = `x.id, x.kind, x.rule, x.unit, x.hosts, x.silence, x.grave, x.since, x.until, x.owner, x.reason, x.two, x.created, x.created_by,
	x.approved, x.approved_by, x.ended, x.ended_by, x.hits, x.things, x.last_hit`

func readSuppression(r store.Scanner) (x Suppression, err error) {
	var grave, two int
	var silence, since, until, created, approved, ended, last int64
	err = r.Scan(&x.ID, &x.Kind, &x.Rule, &x.Unit, &x.Hosts, &silence, &grave, &since, &until, &x.Owner, &x.Reason, &two, &created, &x.By,
		&approved, &x.Approver, &ended, &x.EndedBy, &x.Hits, &x.Things, &last)
	x.Silence, x.Grave, x.Two = time.Duration(silence)*time.Millisecond, grave == 1, two == 1
	x.Since, x.Until, x.Created, x.Approved, x.Ended, x.Last = store.Time(since), store.Time(until), store.Time(created), store.Time(approved), store.Time(ended), store.Time(last)
	return x, err
}

// suppressionsIn are those that may matter for events that still come: of sites
// whose link was down for days, too.
func suppressionsIn(tx *store.Tx) ([]Suppression, error) {
	return store.Rows(tx, readSuppression, "SELECT "+suppressionColumns+" FROM detect_suppression x WHERE x.approved > 0 AND x.until > $1 ORDER BY x.id",
		store.Millis(tx.Now.Add(-remembered)))
}

// window is the planned maintenance in which a hit lies; nil: none.
func (p *plan) window(h hit, t thing) *Suppression {
	for i, x := range p.suppressions {
		if x.Kind == Window && x.covers(h.event.Time) && (x.Rule == "" || x.Rule == h.rule.ID) && (x.Grave || h.verdict.level < Critical) &&
			p.below(h.event.Unit, x.Unit) && (x.Hosts == "" || t.host != "" && fits(x.Hosts, t.host)) {
			return &p.suppressions[i]
		}
	}
	return nil
}

// quiet is the longest silence that a rule keeps in a unit at a time; nil: none.
func (p *plan) quiet(rule, unit string, at time.Time) (longest *Suppression) {
	for i, x := range p.suppressions {
		if x.Kind == Quiet && x.covers(at) && x.Rule == rule && p.below(unit, x.Unit) && (longest == nil || x.Silence > longest.Silence) {
			longest = &p.suppressions[i]
		}
	}
	return longest
}

// was is the last alert on a thing.
type was struct {
	at    int64
	alert string
}

// latest are the last alerts on things by their keys.
func latest(tx *store.Tx, keys []string) (map[string]was, error) {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	found := map[string]was{}
	for part := range slices.Chunk(keys, 500) {
		args := make([]any, len(part))
		for i, k := range part {
			args[i] = k
		}
		if _, err := store.Rows(tx, func(r store.Scanner) (struct{}, error) {
			var key string
			var w was
			err := r.Scan(&key, &w.at, &w.alert)
			found[key] = w
			return struct{}{}, err
		}, "SELECT l.key, l.at, l.alert FROM detect_latest l WHERE l.key IN ("+marks(1, len(part))+")", args...); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func putLatest(tx *store.Tx, key string, at int64, alert string) error {
	_, err := tx.Exec(`INSERT INTO detect_latest (key, at, alert) VALUES ($1,$2,$3) ON CONFLICT (key) DO UPDATE SET at = excluded.at, alert = excluded.alert
		WHERE detect_latest.at <= excluded.at`, key, at, alert)
	return err
}

// held is what a transaction keeps from being raised.
type held struct {
	cause *Suppression
	thing thing
	rule  *Rule
	level Level
	unit  string
	event string
	alert string // the one before, of Quiet
	first int64
	last  int64
	hits  int64
}

// holding gathers hits that raise nothing, by cause and thing.
type holding map[[2]string]*held

func (o holding) take(x *Suppression, h hit, t thing, before string) {
	at := store.Millis(h.event.Time)
	k := [2]string{x.ID, keyOf(t.key, before)}
	e := o[k]
	if e == nil {
		e = &held{cause: x, thing: t, rule: h.rule, level: h.verdict.level, unit: h.event.Unit, event: h.event.ID(), alert: before, first: at, last: at}
		o[k] = e
	}
	e.hits++
	e.first, e.last, e.level = min(e.first, at), max(e.last, at), max(e.level, h.verdict.level)
}

func (o holding) write(tx *store.Tx) error {
	keys := make([][2]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	type sum struct{ hits, things, last int64 }
	sums := map[string]*sum{}
	for _, k := range keys {
		e := o[k]
		if sums[k[0]] == nil {
			sums[k[0]] = &sum{}
		}
		fresh, err := e.write(tx, k)
		if err != nil {
			return err
		}
		if s := sums[k[0]]; fresh {
			s.things++
		}
		sums[k[0]].hits += e.hits
		sums[k[0]].last = max(sums[k[0]].last, e.last)
	}
	for _, id := range sorted(sums) {
		if _, err := tx.Exec(`UPDATE detect_suppression SET hits = hits + $2, things = things + $3, last_hit = CASE WHEN last_hit < $4 THEN $4 ELSE last_hit END WHERE id = $1`,
			id, sums[id].hits, sums[id].things, sums[id].last); err != nil {
			return err
		}
	}
	return nil
}

// write tells whether the thing is a new one.
func (e *held) write(tx *store.Tx, k [2]string) (bool, error) {
	n, err := tx.Exec(`UPDATE detect_held SET hits = hits + $3, first = CASE WHEN first > $4 THEN $4 ELSE first END, last = CASE WHEN last < $5 THEN $5 ELSE last END,
		level = CASE WHEN level < $6 THEN $6 ELSE level END WHERE cause = $1 AND key = $2`, k[0], k[1], e.hits, e.first, e.last, int(e.level))
	if err != nil || n > 0 {
		return false, err
	}
	entity, err := entityText(e.thing.entity)
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(`INSERT INTO detect_held (id, cause, key, rule, title, title_ja, level, unit, host, account, entity, first, last, hits, event, alert) VALUES (`+marks(1, 16)+")",
		keyOf(k[0], k[1]), k[0], k[1], e.rule.ID, e.rule.Title.EN, e.rule.Title.JA, int(e.level), e.unit, e.thing.host, e.thing.user, entity, e.first, e.last, e.hits, e.event, e.alert)
	return true, err
}
