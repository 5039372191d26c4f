package detect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"yagura/area/detect/correlate"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// correlator is the process's part in joining hits. Its state is what the tables
// say: whenever a transaction fails it is thrown away and read anew.
type correlator struct {
	sync.Mutex
	holder  string // we, for the turn
	until   time.Time
	since   time.Time // we are there without a break
	seen    time.Time // by us, last
	lib     *library
	engine  *correlate.Engine
	plan    *plan
	states  []joinState
	written []correlate.Figures
}

// joinState is how far a correlation is.
type joinState struct {
	mark    int64
	feeders map[string]bool // sources that store events and have fed it
}

const (
	turn     = 30 * time.Second
	watch    = 5 * time.Minute // a longer break in joining is not time in which we heard
	mostRows = 2000
)

// correlating joins hits until the context ends.
func (s *Service) correlating(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for ctx.Err() == nil {
			n, err := s.Correlate(ctx)
			if err != nil && ctx.Err() == nil {
				s.log.Error("detect: hits could not be joined", "error", err)
			}
			if n < mostRows || err != nil {
				break
			}
		}
	}
}

// joinRow is a hit that waits.
type joinRow struct {
	id, rule, event, source, unit, group, value, carry string
	part                                               int
	at                                                 int64
	number                                             float64
	host, product, category, service, matched          string
	size                                               int64
	raw                                                []byte
}

func readJoinRow(r store.Scanner) (x joinRow, err error) {
	var number string
	if err := r.Scan(&x.id, &x.rule, &x.part, &x.event, &x.at, &x.source, &x.unit, &x.group, &x.value, &number, &x.carry, &x.host, &x.product, &x.category, &x.service,
		&x.size, &x.raw, &x.matched); err != nil {
		return x, err
	}
	x.number, err = strconv.ParseFloat(number, 64)
	return x, err
}

// Correlate takes hits that wait into the state of the correlations and raises the
// alerts of what fired, in one transaction: ended before its commit, all of it
// is done again; after it, nothing. It returns how many hits it took. Where
// another process has the turn, it does nothing.
func (s *Service) Correlate(ctx context.Context) (int, error) {
	j := &s.correlator
	j.Lock()
	defer j.Unlock()
	lib := s.lib.Load()
	if len(lib.joined) == 0 && j.engine == nil {
		return 0, nil
	}
	// Time that we slept through says nothing of sources that were not heard.
	now := s.db.Now()
	if now.Sub(j.seen) > watch {
		j.since = now
	}
	j.seen = now
	if j.engine == nil || j.lib != lib || !s.db.Now().Before(j.until) {
		if ok, err := s.takeTurn(ctx, lib); err != nil || !ok {
			return 0, err
		}
	}
	var rows []joinRow
	var sources []joinSource
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if j.plan, err = s.planIn(tx); err != nil {
			return err
		}
		if sources, err = s.sourcesIn(tx); err != nil {
			return err
		}
		rows, err = store.Rows(tx, readJoinRow, `SELECT id, rule, part, event, at, source, unit, grp, value, number, carry, host, product, category, service, size, raw, matched
			FROM detect_joined_hit ORDER BY id LIMIT $1`, mostRows)
		return err
	})
	if err != nil {
		return 0, err
	}
	b := j.work(s, rows, sources)
	if len(rows) == 0 && len(b.groups) == 0 && len(b.fired) == 0 && s.db.Now().Before(j.until.Add(-turn/2)) {
		return 0, nil
	}
	do := func(tx *store.Tx) error { return s.settleJoined(tx, b) }
	if len(b.fired) == 0 {
		err = s.db.Operate(ctx, do)
	} else if err = s.db.Change(ctx, do); errors.Is(err, store.ErrUnrecorded) {
		err = s.db.Operate(ctx, do)
	}
	if err != nil {
		j.engine = nil // it is ahead of the tables
		if errors.Is(err, errTurn) {
			return 0, nil
		}
		return 0, err
	}
	j.until = s.db.Now().Add(turn)
	for i := range j.written {
		j.written[i] = j.engine.Figures(i)
	}
	return len(rows), nil
}

// errTurn says that another process joins now.
var errTurn = errors.New("detect: another process joins hits now")

// takeTurn makes us the one who joins, if nobody else is, and reads the state.
func (s *Service) takeTurn(ctx context.Context, lib *library) (ok bool, err error) {
	j := &s.correlator
	if j.holder == "" {
		j.holder = id.New()
	}
	j.engine = nil
	var engine *correlate.Engine
	var states []joinState
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		ok = false
		if err := s.holdTurn(tx); err != nil {
			return err
		}
		if j.plan, err = s.planIn(tx); err != nil {
			return err
		}
		engine = correlate.New(lib.joins.Specs(), correlate.Options{Pass: lib.joins.Pass, Join: func(a, b string) string { return j.plan.within(a, b) }})
		states = make([]joinState, len(lib.joined))
		at := map[string]int{}
		for i, r := range lib.joined {
			at[r.ID] = i
			states[i] = joinState{feeders: map[string]bool{}}
		}
		type row struct {
			rule, shape, feeders string
			mark                 int64
		}
		known, err := store.Rows(tx, func(r store.Scanner) (x row, err error) { return x, r.Scan(&x.rule, &x.shape, &x.mark, &x.feeders) },
			"SELECT rule, shape, mark, feeders FROM detect_joined")
		if err != nil {
			return err
		}
		for _, x := range known {
			i, there := at[x.rule]
			if there && shape(lib.joined[i].Correlation) == x.shape {
				states[i].mark = x.mark
				if err := json.Unmarshal([]byte(x.feeders), &states[i].feeders); err != nil {
					return fmt.Errorf("correlation %s: %w", x.rule, err)
				}
				continue
			}
			// It says something else now, or is gone: its state means nothing.
			if _, err := tx.Exec("DELETE FROM detect_joined_group WHERE rule = $1", x.rule); err != nil {
				return err
			}
			if there {
				states[i].mark = x.mark
			} else if _, err := tx.Exec("DELETE FROM detect_joined WHERE rule = $1", x.rule); err != nil {
				return err
			}
		}
		groups, err := store.Rows(tx, func(r store.Scanner) (x correlate.Saved, err error) {
			var body string
			err = r.Scan(&x.Rule, &x.Group, &body)
			x.Body = []byte(body)
			return x, err
		}, "SELECT rule, grp, body FROM detect_joined_group")
		if err != nil {
			return err
		}
		for _, g := range groups {
			if err := engine.Load(g); err != nil {
				return fmt.Errorf("correlation %s: %w", g.Rule, err)
			}
		}
		for i, x := range states {
			if x.mark != 0 {
				engine.Advance(i, x.mark)
			}
		}
		ok = true
		return nil
	})
	if errors.Is(err, errTurn) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	j.lib, j.engine, j.states, j.until = lib, engine, states, s.db.Now().Add(turn)
	j.written = make([]correlate.Figures, len(lib.joined))
	for i := range j.written {
		j.written[i] = engine.Figures(i)
	}
	return ok, nil
}

// holdTurn takes or keeps the turn.
func (s *Service) holdTurn(tx *store.Tx) error {
	n, err := tx.Exec("UPDATE detect_joined_turn SET holder = $1, until = $2 WHERE id = 1 AND (holder = $1 OR until < $3)",
		s.correlator.holder, tx.Now.Add(turn).UnixMilli(), tx.Millis())
	if err == nil && n == 0 {
		err = errTurn
	}
	return err
}

// joinBatch is what one step changes.
type joinBatch struct {
	lib     *library
	rows    []joinRow
	samples []joinRow // that a firing may be shown by
	groups  []correlate.Saved
	fired   []correlate.Firing
	late    map[string]int64 // by source
	figures []correlate.Figures
	states  []joinState
	until   int64 // samples are kept
}

// work feeds the engine and moves its time.
func (j *correlator) work(s *Service, rows []joinRow, sources []joinSource) *joinBatch {
	b := &joinBatch{lib: j.lib, rows: rows, late: map[string]int64{}}
	at := map[string]int{}
	longest := int64(0)
	for i, r := range j.lib.joined {
		at[r.ID] = i
		longest = max(longest, r.Correlation.Timespan.Milliseconds())
	}
	stores := map[string]bool{}
	times := make([]correlate.Source, len(sources))
	for i, x := range sources {
		times[i] = x.Source
		stores[x.ID] = x.Stores()
	}
	for _, x := range rows {
		i, ok := at[x.rule]
		if !ok || x.part >= len(j.lib.joined[i].Correlation.Parts) {
			continue // the rule is gone, or says something else
		}
		if stores[x.source] && len(j.states[i].feeders) < 1000 {
			j.states[i].feeders[x.source] = true
		}
		sample, late := j.engine.Feed(correlate.Hit{Rule: i, Part: x.part, Time: x.at, Event: x.event, Group: x.group, Value: x.value, Number: x.number,
			Source: x.source, Scope: x.unit, Carry: x.carry})
		if sample {
			b.samples = append(b.samples, x)
		}
		if late {
			b.late[x.source]++
		}
	}
	now := s.db.Now().UnixMilli()
	if len(rows) < mostRows { // else something older may still wait
		marks := make([]int64, len(j.states))
		place := map[string]int{}
		for i := range j.states {
			c := j.lib.joined[i].Correlation
			place[j.lib.joined[i].ID] = i
			marks[i] = correlate.Mark(times, now, j.since.UnixMilli(), func(source string) bool { return j.states[i].feeders[source] })
			for _, p := range c.Parts {
				if p.Correlation != nil {
					marks[i] = min(marks[i], marks[place[p.Correlation.ID]])
				}
			}
			j.engine.Advance(i, marks[i])
			if j.states[i].mark < marks[i] && marks[i] > 0 {
				j.states[i].mark = marks[i]
			}
		}
	}
	for _, f := range j.engine.Fired() {
		if !f.Final {
			b.fired = append(b.fired, f)
		}
	}
	b.groups = j.engine.Dirty()
	b.states = slices.Clone(j.states)
	b.until = now + 4*longest + 48*time.Hour.Milliseconds()
	for i := range j.states {
		f, w := j.engine.Figures(i), j.written[i]
		b.figures = append(b.figures, correlate.Figures{Groups: f.Groups, Bytes: f.Bytes, Hits: f.Hits - w.Hits, Late: f.Late - w.Late, Evicted: f.Evicted - w.Evicted,
			Fired: f.Fired - w.Fired, Approx: f.Approx - w.Approx})
	}
	return b
}

// settleJoined lets a step take effect.
func (s *Service) settleJoined(tx *store.Tx, b *joinBatch) error {
	if err := s.holdTurn(tx); err != nil {
		return err
	}
	for part := range slices.Chunk(b.rows, 500) {
		args := make([]any, len(part))
		for i, x := range part {
			args[i] = x.id
		}
		n, err := tx.Exec("DELETE FROM detect_joined_hit WHERE id IN ("+marks(1, len(part))+")", args...)
		if err != nil {
			return err
		}
		if n != int64(len(part)) {
			return errTurn
		}
	}
	for _, x := range b.samples {
		if _, err := tx.Exec(`INSERT INTO detect_joined_event (event, until, at, source, unit, host, product, category, service, size, raw, matched)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12) ON CONFLICT DO NOTHING`,
			x.event, b.until, x.at, x.source, x.unit, x.host, x.product, x.category, x.service, x.size, x.raw, x.matched); err != nil {
			return err
		}
	}
	for _, g := range b.groups {
		var err error
		if g.Body == nil {
			_, err = tx.Exec("DELETE FROM detect_joined_group WHERE rule = $1 AND grp = $2", g.Rule, g.Group)
		} else {
			_, err = tx.Exec("INSERT INTO detect_joined_group (rule, grp, body) VALUES ($1,$2,$3) ON CONFLICT (rule, grp) DO UPDATE SET body = excluded.body", g.Rule, g.Group, clean(string(g.Body)))
		}
		if err != nil {
			return err
		}
	}
	for _, source := range sorted(b.late) {
		if _, err := tx.Exec("UPDATE detect_joined_source SET late = late + $2, last_late = $3 WHERE source = $1", source, b.late[source], tx.Millis()); err != nil {
			return err
		}
	}
	for i, r := range b.lib.joined {
		if err := s.putFigures(tx, r, b.states[i], b.figures[i]); err != nil {
			return err
		}
	}
	return s.raiseJoined(tx, b)
}

func (s *Service) putFigures(tx *store.Tx, r *Rule, x joinState, f correlate.Figures) error {
	feeders, err := json.Marshal(x.feeders)
	if err != nil {
		return err
	}
	evicted := int64(0)
	if f.Evicted > 0 {
		evicted = tx.Millis()
		if err := s.tellEvicted(tx, r); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`INSERT INTO detect_joined (rule, shape, mark, feeders, groups, bytes, hits, late, evicted, fired, approx, last_evicted)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12) ON CONFLICT (rule) DO UPDATE SET shape = excluded.shape, mark = excluded.mark, feeders = excluded.feeders,
		groups = excluded.groups, bytes = excluded.bytes, hits = detect_joined.hits + excluded.hits, late = detect_joined.late + excluded.late,
		evicted = detect_joined.evicted + excluded.evicted, fired = detect_joined.fired + excluded.fired, approx = detect_joined.approx + excluded.approx,
		last_evicted = CASE WHEN excluded.last_evicted > 0 THEN excluded.last_evicted ELSE detect_joined.last_evicted END`,
		r.ID, shape(r.Correlation), x.mark, string(feeders), f.Groups, f.Bytes, f.Hits, f.Late, f.Evicted, f.Fired, f.Approx, evicted)
	return err
}
