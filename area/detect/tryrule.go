package detect

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"yagura/area/detect/backtest"
	"yagura/area/detect/sigma"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
)

var errCancelled = errors.New("cancelled")

// runBacktest does a backtest that was asked for.
func (s *Service) runBacktest(ctx context.Context, number string) error {
	var b Backtest
	var by authz.Actor
	over := false
	err := s.db.Operate(ctx, func(tx *store.Tx) (err error) {
		if b, err = findBacktest(tx, number); err != nil {
			return err
		}
		if over = b.State.Over(); over {
			return nil
		}
		if by, err = s.o.Directory.ActorOf(tx, b.By); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE detect_backtest SET state = 'running', started = $2, looked = 0, hits = 0, position = 0 WHERE id = $1", number, tx.Millis())
		return err
	})
	if over {
		return nil
	}
	if err == nil {
		watch := clock.Stopwatch()
		told, joins := time.Duration(0), b.joins()
		b.Result, err = s.Try(ctx, by, b, func(looked, hits int64, at time.Time) error {
			if watch()-told < time.Second {
				return nil
			}
			told = watch()
			if joins {
				at = b.To.Add(-at.Sub(b.From)) // the oldest came first: see Reached
			}
			return s.db.Operate(ctx, func(tx *store.Tx) error {
				n, err := tx.Exec("UPDATE detect_backtest SET looked = $2, hits = $3, position = $4 WHERE id = $1 AND state = 'running'", number, looked, hits, store.Millis(at))
				if err == nil && n == 0 {
					err = errCancelled
				}
				return err
			})
		})
	}
	switch {
	case errors.Is(err, errCancelled):
		return nil
	case ctx.Err() != nil:
		return err // it begins anew elsewhere
	}
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		state, said, result := TestDone, "", ""
		if err != nil {
			state, said = TestFailed, err.Error()
			s.log.Error("detect: a backtest failed", "backtest", number, "error", err)
		} else {
			raw, err := json.Marshal(b.Result)
			if err != nil {
				return err
			}
			result = string(raw)
		}
		_, err := tx.Exec("UPDATE detect_backtest SET state = $2, ended = $3, looked = $4, hits = $5, error = $6, result = $7 WHERE id = $1 AND state = 'running'",
			number, string(state), tx.Millis(), b.Result.Events, b.Result.Hits, said, result)
		return err
	})
}

// progress is told how far a backtest is: events, hits, and the moment that it
// has come to.
type progress func(looked, hits int64, at time.Time) error

// confirmedFor are the incidents that a backtest compares with.
func (s *Service) confirmedFor(ctx context.Context, by authz.Actor, b Backtest) (c *confirmed, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		units, err := s.o.Directory.Units(tx)
		if err != nil {
			return err
		}
		c, err = confirmedIn(tx, by.Scope(Read).Within(units, b.Unit), b.From, b.To)
		return err
	})
	return c, err
}

// Try runs a rule over stored events now and says in between how far it is.
func (s *Service) Try(ctx context.Context, by authz.Actor, b Backtest, progress progress) (r backtest.Result, err error) {
	if b.joins() {
		return s.tryJoined(ctx, by, b, progress)
	}
	set := sigma.Parse("rule.yml", []byte(b.Body))
	if len(set.Rules) != 1 {
		return r, errors.New("the text holds no rule")
	}
	engine, problems := sigma.Compile(set.Rules, s.o.Mapping, sigma.Options{Placeholders: s.o.Placeholders})
	if len(problems) > 0 {
		return r, problems[0]
	}
	rule, err := describe(set.Rules[0], b.Body)
	if err != nil {
		return r, err
	}
	var filter *screen
	if b.Filter != "" {
		if filter, err = s.screenOf(b.Filter); err != nil {
			return r, err
		}
	}
	confirmed, err := s.confirmedFor(ctx, by, b)
	if err != nil {
		return r, err
	}
	m := engine.NewMatcher()
	t := backtest.New(b.From, b.To, s.o.Zone, float64(b.Budget))
	partial, until, err := s.o.Archive.Each(ctx, by, b.Unit, b.From, b.To, func(e Event) error {
		t.Event(e.Time)
		hits, err := m.Match(e.Doc, e.hint())
		if err != nil {
			t.Unread()
			return nil
		}
		if len(hits) > 0 {
			th := thingOf(rule, e)
			h := backtest.Hit{Time: e.Time, Event: e.ID(), Unit: e.Unit, Host: th.host, User: th.user, Summary: summary(hits[0].Fields)}
			h.Incident = confirmed.of(h)
			h.Hidden = filter != nil && filter.selects(e)
			t.Hit(h)
		}
		if t.Events()%4096 == 0 && progress != nil {
			return progress(t.Events(), t.Hits(), e.Time)
		}
		return nil
	})
	r = t.Result()
	r.Rule, r.Version, r.Title, r.Partial, r.Until, r.Filter = b.Rule, b.Version, b.Title, partial, until, filter != nil
	return r, err
}

// TryNow prepares and runs a backtest at once, for the command line, and says in
// between how far it is, if progress is not nil.
func (s *Service) TryNow(ctx context.Context, by authz.Actor, q BacktestRequest, progress progress) (r backtest.Result, err error) {
	var b Backtest
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		b, err = s.prepareTest(tx, by, q)
		return err
	}); err != nil {
		return r, err
	}
	return s.Try(ctx, by, b, progress)
}

// summary is what made a rule match, in a line.
func summary(fields []sigma.Matched) string {
	var parts []string
	for _, f := range fields {
		if len(parts) == 4 {
			break
		}
		v := short(f.Value)
		if f.Field != "" {
			v = f.Field + "=" + v
		}
		parts = append(parts, v)
	}
	return short(strings.Join(parts, "  "))
}
