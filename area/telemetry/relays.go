package telemetry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/telemetry/relay"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Relay is a small server of the group's own at a plant or abroad. It takes
// events in for sources of its unit, keeps them through days without a link,
// and delivers them here.
type Relay struct {
	ID      string
	Name    string
	NameJA  string
	Unit    string   // of its sources, and those below
	Sources []string // none: all of the unit's

	SilentAfter time.Duration
	Created     time.Time
	Enrolled    time.Time // of the last enrolment; zero: never yet
	Until       time.Time // when its certificate runs out
	Revoked     time.Time // zero: it is trusted
	LastSeen    time.Time
	SilentSince time.Time
	Address     string        // it was last heard from
	Skew        time.Duration // how far its clock is ahead
	Report      relay.Report  // its last

	serial, next string // of its certificates
	epoch        string
	seq          int64
	digest       string // of the last shipment
}

// Label is the relay's name in a language.
func (r Relay) Label(lang text.Lang) string {
	if lang == text.JA && r.NameJA != "" {
		return r.NameJA
	}
	return r.Name
}

// RelayState is what a relay is doing.
type RelayState string

// The states.
const (
	RelayWaiting RelayState = "waiting" // not enrolled yet
	RelayAlive   RelayState = "alive"
	RelaySilent  RelayState = "silent"
	RelayRevoked RelayState = "revoked"
)

// RelayStates are all of them, the worst first.
var RelayStates = []RelayState{RelaySilent, RelayWaiting, RelayAlive, RelayRevoked}

// Label is the state's name.
func (s RelayState) Label() text.Message {
	switch s {
	case RelayWaiting:
		return text.M("Not enrolled yet")
	case RelayAlive:
		return text.M("Alive")
	case RelaySilent:
		return text.M("Silent§source")
	case RelayRevoked:
		return text.M("Revoked§relay")
	}
	return text.Literal(string(s))
}

// StateAt is the relay's state at a time.
func (r Relay) StateAt(now time.Time) RelayState {
	switch {
	case !r.Revoked.IsZero():
		return RelayRevoked
	case r.Enrolled.IsZero():
		return RelayWaiting
	case now.Sub(r.heardBy()) > r.SilentAfter:
		return RelaySilent
	}
	return RelayAlive
}

func (r Relay) heardBy() time.Time {
	if r.LastSeen.Before(r.Enrolled) {
		return r.Enrolled
	}
	return r.LastSeen
}

// Quarantine is the source of what the relay takes in and no source knows.
func (r Relay) Quarantine() string { return "unknown-" + r.ID }

// Tree tells where units stand, as *authz.Directory does.
type Tree interface {
	Units(tx *store.Tx) (*authz.Units, error)
}

// below tells whether a unit is another or stands below it.
func below(units *authz.Units, unit, top string) bool {
	own, _, ok := units.Paths(unit)
	above, _, known := units.Paths(top)
	return ok && known && strings.HasPrefix(own, above)
}

// serves tells whether a relay may deliver events of a source.
func (r Relay) serves(units *authz.Units, src Source) bool {
	if src.Kind == quarantineKind || !below(units, src.Unit, r.Unit) {
		return false
	}
	return len(r.Sources) == 0 || slices.Contains(r.Sources, src.ID)
}

const relayColumns = "s.id, s.name, s.name_ja, s.unit, s.sources, s.silent_after, s.created, s.serial, s.next_serial, s.until, s.enrolled, s.revoked, s.epoch, s.seq, s.digest, s.last_seen, s.silent_since, s.address, s.skew, s.report"

func readRelay(r store.Scanner) (x Relay, err error) {
	var sources, report string
	var after, created, until, enrolled, revoked, seen, silent, skew int64
	if err = r.Scan(&x.ID, &x.Name, &x.NameJA, &x.Unit, &sources, &after, &created, &x.serial, &x.next, &until, &enrolled, &revoked,
		&x.epoch, &x.seq, &x.digest, &seen, &silent, &x.Address, &skew, &report); err != nil {
		return x, err
	}
	x.SilentAfter, x.Skew = time.Duration(after)*time.Millisecond, time.Duration(skew)*time.Millisecond
	x.Created, x.Until, x.Enrolled, x.Revoked = store.Time(created), store.Time(until), store.Time(enrolled), store.Time(revoked)
	x.LastSeen, x.SilentSince = store.Time(seen), store.Time(silent)
	if err := json.Unmarshal([]byte(sources), &x.Sources); err != nil {
		return x, fmt.Errorf("relay %s: sources: %w", x.ID, err)
	}
	if report != "" {
		if err := json.Unmarshal([]byte(report), &x.Report); err != nil {
			return x, fmt.Errorf("relay %s: report: %w", x.ID, err)
		}
	}
	return x, nil
}

func findRelay(tx *store.Tx, where string, args ...any) (Relay, error) {
	r, err := readRelay(tx.QueryRow("SELECT "+relayColumns+" FROM telemetry_relay s WHERE "+where, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.NotFound("There is no such relay, or you may not see it")
	}
	return r, err
}

// RelayFilter narrows the list of relays.
type RelayFilter struct {
	State RelayState
	Text  string
	Page  keyset.Page
}

var relayOrder = keyset.Columns{"name": keyset.Text("s.name"), "id": keyset.Text("s.id"), "unit": keyset.Text("s.unit"), "seen": keyset.Int("s.last_seen")}

func (f RelayFilter) where(scope authz.Scope, now int64) (string, []any) {
	where, args := scope.Where("s.unit", 1)
	silent := fmt.Sprintf("(%d - (CASE WHEN s.last_seen > s.enrolled THEN s.last_seen ELSE s.enrolled END) > s.silent_after)", now)
	switch f.State {
	case RelayRevoked:
		where += " AND s.revoked > 0"
	case RelayWaiting:
		where += " AND s.revoked = 0 AND s.enrolled = 0"
	case RelaySilent:
		where += " AND s.revoked = 0 AND s.enrolled > 0 AND " + silent
	case RelayAlive:
		where += " AND s.revoked = 0 AND s.enrolled > 0 AND NOT " + silent
	}
	if f.Text != "" {
		args = append(args, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Text))+"%")
		where += fmt.Sprintf(` AND (s.id LIKE $%[1]d ESCAPE '\' OR LOWER(s.name) LIKE $%[1]d ESCAPE '\' OR LOWER(s.name_ja) LIKE $%[1]d ESCAPE '\')`, len(args))
	}
	return where, args
}

// RelayRow is a relay in a list with what it delivered lately.
type RelayRow struct {
	Relay
	Day  RelayCounts
	Hour []RelayCounts // twelve spans of five minutes, oldest first
}

// RelayCounts is what a relay did in a span of time.
type RelayCounts struct {
	At      time.Time
	Events  int64         // delivered
	Bytes   int64         // as sent
	Strayed int64         // of them: of sources that are not the relay's, kept as unknown
	Dropped int64         // lost at the relay
	Refused int64         // told to wait there
	Waiting int64         // the most that waited there
	Delay   time.Duration // the most between coming to the relay and being here
}

func (c *RelayCounts) add(o RelayCounts) {
	c.Events += o.Events
	c.Bytes += o.Bytes
	c.Strayed += o.Strayed
	c.Dropped += o.Dropped
	c.Refused += o.Refused
	c.Waiting = max(c.Waiting, o.Waiting)
	c.Delay = max(c.Delay, o.Delay)
}

const relaySpan = 5 * time.Minute

// Relays lists relays in the scope, and how many there are.
func (s *Service) Relays(ctx context.Context, scope authz.Scope, f RelayFilter) ([]RelayRow, int, error) {
	var rows []RelayRow
	var total int
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rows, total = nil, 0
		where, args := f.where(scope, tx.Millis())
		if err := tx.QueryRow("SELECT COUNT(*) FROM telemetry_relay s WHERE "+where, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := f.Page.SQL(relayOrder, "s.id", len(args)+1)
		if err != nil {
			return err
		}
		all, err := store.Rows(tx, readRelay, "SELECT "+relayColumns+" FROM telemetry_relay s WHERE "+where+" AND "+after+order, append(args, more...)...)
		if err != nil {
			return err
		}
		for _, r := range all {
			row := RelayRow{Relay: r}
			spans, err := relayCounts(tx, r.ID, tx.Now.Add(-24*time.Hour), relaySpan)
			if err != nil {
				return err
			}
			for _, c := range spans {
				row.Day.add(c)
			}
			row.Hour = fillRelay(spans, tx.Now.Add(-(sparkSpans-1)*relaySpan), tx.Now, relaySpan)
			rows = append(rows, row)
		}
		return nil
	})
	return rows, total, err
}

func relayCounts(tx *store.Tx, id string, from time.Time, step time.Duration) ([]RelayCounts, error) {
	return store.Rows(tx, func(r store.Scanner) (c RelayCounts, err error) {
		var at, delay int64
		err = r.Scan(&at, &c.Events, &c.Bytes, &c.Strayed, &c.Dropped, &c.Refused, &c.Waiting, &delay)
		c.At, c.Delay = store.Time(at), time.Duration(delay)*time.Millisecond
		return c, err
	}, `SELECT at - at % $3, SUM(events), SUM(bytes), SUM(strayed), SUM(dropped), SUM(refused), MAX(waiting), MAX(delay)
		FROM telemetry_relay_count WHERE relay = $1 AND at >= $2 GROUP BY 1 ORDER BY 1`, id, from.UnixMilli(), step.Milliseconds())
}

func fillRelay(cs []RelayCounts, from, to time.Time, step time.Duration) []RelayCounts {
	var out []RelayCounts
	i := 0
	for t := from.Truncate(step); !t.After(to); t = t.Add(step) {
		for i < len(cs) && cs[i].At.Before(t) {
			i++
		}
		if i < len(cs) && cs[i].At.Equal(t) {
			out = append(out, cs[i])
		} else {
			out = append(out, RelayCounts{At: t.UTC()})
		}
	}
	return out
}

// RelayDetail is all that is to be known of a relay.
type RelayDetail struct {
	RelayRow
	Series []RelayCounts
	Step   time.Duration
	Serves []Source  // that it may deliver for
	Token  time.Time // until when one that was not used yet can be
}

// RelayRanges are the spans of time of a relay's chart.
var RelayRanges = map[string]struct{ Back, Step time.Duration }{
	"day": {24 * time.Hour, 15 * time.Minute}, "week": {7 * 24 * time.Hour, 2 * time.Hour}, "month": {30 * 24 * time.Hour, 12 * time.Hour},
}

// RelayOf shows one relay; over is a key of RelayRanges.
func (s *Service) RelayOf(ctx context.Context, by authz.Actor, id, over string) (RelayDetail, error) {
	span, ok := RelayRanges[over]
	if !ok {
		return RelayDetail{}, fault.Invalid(fault.F("over", "There is no such choice"))
	}
	var d RelayDetail
	err := s.db.View(ctx, func(tx *store.Tx) error {
		d = RelayDetail{Step: span.Step}
		var err error
		if d.Relay, err = findRelay(tx, "s.id = $1", id); err != nil {
			return err
		}
		if err := by.See(Read, d.Unit); err != nil {
			return err
		}
		cs, err := relayCounts(tx, id, tx.Now.Add(-span.Back).Truncate(span.Step), span.Step)
		if err != nil {
			return err
		}
		d.Series = fillRelay(cs, tx.Now.Add(-span.Back), tx.Now, span.Step)
		day, err := relayCounts(tx, id, tx.Now.Add(-24*time.Hour), relaySpan)
		if err != nil {
			return err
		}
		for _, c := range day {
			d.Day.add(c)
		}
		units, err := s.tree.Units(tx)
		if err != nil {
			return err
		}
		all, err := allSources(tx)
		if err != nil {
			return err
		}
		for _, src := range all {
			if d.serves(units, src) && by.Can(Read, src.Unit) {
				d.Serves = append(d.Serves, src)
			}
		}
		var until int64
		if err := tx.QueryRow("SELECT COALESCE(MAX(until), 0) FROM telemetry_relay_token WHERE relay = $1 AND used = 0 AND until > $2", id, tx.Millis()).Scan(&until); err != nil {
			return err
		}
		d.Token = store.Time(until)
		return nil
	})
	return d, err
}

// SilentRelays is how many relays in the scope are silent.
func (s *Service) SilentRelays(ctx context.Context, scope authz.Scope) (n int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := RelayFilter{State: RelaySilent}.where(scope, tx.Millis())
		return tx.QueryRow("SELECT COUNT(*) FROM telemetry_relay s WHERE "+where, args...).Scan(&n)
	})
	return n, err
}
