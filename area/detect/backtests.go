package detect

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"yagura/area/detect/backtest"
	"yagura/area/detect/sigma"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Backtest is a rule run over stored events.
type Backtest struct {
	ID       string // number, "BKT-2026-0007"
	Rule     string
	Version  string
	Title    string
	Body     string // the text that was tried
	Filter   string // an exclusion that is tried with it; "" = none
	Unit     string // "" = the whole group
	From, To time.Time
	Budget   int64
	By       string
	Asked    time.Time
	State    BacktestState
	Started  time.Time
	Ended    time.Time
	Looked   int64     // events so far
	Hits     int64     // so far
	Position time.Time // how far back it got
	Error    string
	Result   backtest.Result // once it is done
}

// BacktestState is how far a backtest is.
type BacktestState string

// The states of a backtest.
const (
	TestWaiting   BacktestState = "waiting"
	TestRunning   BacktestState = "running"
	TestDone      BacktestState = "done"
	TestFailed    BacktestState = "failed"
	TestCancelled BacktestState = "cancelled"
)

// joins tells whether what was tried is a correlation.
func (b Backtest) joins() bool {
	return len(sigma.Parse("rule.yml", []byte(b.Body)).Correlations) == 1
}

// Reached is the moment that the backtest of a correlation has come to; of other
// rules it is Position, since there the newest events come first.
func (b Backtest) Reached() time.Time {
	if b.Position.IsZero() {
		return b.Position
	}
	return b.From.Add(b.To.Sub(b.Position))
}

// Over tells whether nothing more will come.
func (s BacktestState) Over() bool { return s != TestWaiting && s != TestRunning }

// Label is the word for the state.
func (s BacktestState) Label() text.Message {
	switch s {
	case TestWaiting:
		return text.M("Waits§backtest")
	case TestRunning:
		return text.M("Runs§backtest")
	case TestDone:
		return text.M("Done§backtest")
	case TestFailed:
		return text.M("Failed§backtest")
	case TestCancelled:
		return text.M("Cancelled§backtest")
	}
	return text.Literal(string(s))
}

// Done is the share of the range that was looked at, 0 to 1.
func (b Backtest) Done() float64 {
	if b.State == TestDone {
		return 1
	}
	whole := b.To.Sub(b.From)
	if whole <= 0 || b.Position.IsZero() {
		return 0
	}
	return min(max(float64(b.To.Sub(b.Position))/float64(whole), 0), 1)
}

const backtestColumns = "b.id, b.rule, b.version, b.title, b.body, b.filter, b.unit, b.since, b.until, b.budget, b.asked_by, b.asked, b.state, b.started, b.ended, b.looked, b.hits, b.position, b.error, b.result"

func readBacktest(r store.Scanner) (b Backtest, err error) {
	var from, to, asked, started, ended, at int64
	var result string
	if err := r.Scan(&b.ID, &b.Rule, &b.Version, &b.Title, &b.Body, &b.Filter, &b.Unit, &from, &to, &b.Budget, &b.By, &asked, &b.State, &started, &ended,
		&b.Looked, &b.Hits, &at, &b.Error, &result); err != nil {
		return b, err
	}
	b.From, b.To, b.Asked, b.Started, b.Ended, b.Position = store.Time(from), store.Time(to), store.Time(asked), store.Time(started), store.Time(ended), store.Time(at)
	if result != "" {
		err = json.Unmarshal([]byte(result), &b.Result)
	}
	return b, err
}

// BacktestRequest is what is to be tried.
type BacktestRequest struct {
	Rule     string // id of a rule that is loaded, or
	Text     string // the text of one that is not kept
	Filter   string // an exclusion to try with it
	Unit     string
	From, To time.Time
}

// longestTest is how long a range may be.
const longestTest = 400 * 24 * time.Hour

// prepare checks a request.
func (s *Service) prepareTest(tx *store.Tx, by authz.Actor, q BacktestRequest) (b Backtest, err error) {
	if s.o.Archive == nil {
		return b, fault.Conflict("There is no store of events")
	}
	if err := by.See(Read, q.Unit); err != nil {
		return b, fault.Invalid(fault.F("unit", "There is no such unit"))
	}
	if err := by.May(Triage, q.Unit); err != nil {
		return b, err
	}
	b = Backtest{Rule: q.Rule, Filter: strings.TrimSpace(q.Filter), Unit: q.Unit, From: q.From, To: q.To, By: by.Who(), Asked: tx.Now, State: TestWaiting}
	var wrong []fault.Field
	r := s.lib.Load().byID[q.Rule]
	switch {
	case strings.TrimSpace(q.Text) != "":
		_, mine, _, err := s.parseOwn(q.Text)
		if err != nil {
			return b, err
		}
		r = mine
	case r == nil:
		wrong = append(wrong, fault.F("rule", "There is no such rule"))
	}
	switch {
	case q.From.IsZero():
		wrong = append(wrong, fault.F("from", "Say from when on"))
	case q.To.IsZero():
		wrong = append(wrong, fault.F("to", "Say until when"))
	case !q.To.After(q.From):
		wrong = append(wrong, fault.F("to", "The end comes before the beginning"))
	case q.To.Sub(q.From) > longestTest:
		wrong = append(wrong, fault.F("from", "At most %d days can be looked at", int(longestTest/(24*time.Hour))))
	}
	if b.Filter != "" {
		if _, err := s.screenOf(b.Filter); err != nil {
			wrong = append(wrong, fault.F("filter", "The filter can't be read: %s", err.Error()))
		}
	}
	if len(wrong) > 0 {
		return b, fault.Invalid(wrong...)
	}
	budget, err := budgetOf(tx, r)
	b.Rule, b.Version, b.Title, b.Body, b.Budget = r.ID, r.Version, r.Title.EN, r.Text, budget.PerDay
	return b, err
}

const backtestKind = "detect.backtest"

type backtesting struct {
	Backtest string `json:"backtest"`
}

// AskBacktest has a rule run over stored events. The answer comes later.
func (s *Service) AskBacktest(ctx context.Context, by authz.Actor, q BacktestRequest) (b Backtest, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if b, err = s.prepareTest(tx, by, q); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow("SELECT COUNT(*) FROM detect_backtest WHERE asked_by = $1 AND state IN ('waiting','running')", by.Who()).Scan(&n); err != nil {
			return err
		}
		if n >= 5 {
			return fault.TooBusy(30*time.Second, "Five of your backtests are not done yet; wait for one of them or cancel it")
		}
		if b.ID, err = tx.Number("BKT"); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO detect_backtest (id, rule, version, title, body, filter, unit, since, until, budget, asked_by, asked, state, started, ended, looked, hits, position, error, result) VALUES ("+marks(1, 13)+",0,0,0,0,0,'','')",
			b.ID, b.Rule, b.Version, b.Title, b.Body, b.Filter, b.Unit, store.Millis(b.From), store.Millis(b.To), b.Budget, b.By, tx.Millis(), string(b.State)); err != nil {
			return err
		}
		if _, err := job.Enqueue(tx, job.Job{Kind: backtestKind, Key: b.ID, Body: job.Body(backtesting{b.ID})}); err != nil {
			return err
		}
		return tx.Record(by, fact.BacktestAsked{Backtest: b.ID, Rule: b.Rule, Version: b.Version, Unit: b.Unit, From: b.From, To: b.To, Filter: b.Filter != ""})
	})
	return b, err
}

// Jobs registers what detection does later: backtests.
func (s *Service) Jobs(q *job.Queue) {
	q.Register(backtestKind, job.Options{Attempts: 3, Timeout: 12 * time.Hour}, func(ctx context.Context, j job.Job) error {
		var b backtesting
		if err := j.Into(&b); err != nil {
			return err
		}
		return s.runBacktest(ctx, b.Backtest)
	})
}

func findBacktest(tx *store.Tx, number string) (Backtest, error) {
	b, err := readBacktest(tx.QueryRow("SELECT "+backtestColumns+" FROM detect_backtest b WHERE b.id = $1", number))
	if errors.Is(err, sql.ErrNoRows) {
		return b, missing()
	}
	return b, err
}

// CancelBacktest ends a backtest that is not done; whoever asked may, and who
// decides about rules.
func (s *Service) CancelBacktest(ctx context.Context, by authz.Actor, number string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		b, err := findBacktest(tx, number)
		if err != nil {
			return err
		}
		if err := by.See(Read, b.Unit); err != nil {
			return err
		}
		if b.By != by.Who() {
			if err := by.May(Rules, ""); err != nil {
				return err
			}
		}
		if b.State.Over() {
			return fault.Conflict("The backtest is over already")
		}
		if _, err := tx.Exec("UPDATE detect_backtest SET state = 'cancelled', ended = $2 WHERE id = $1", number, tx.Millis()); err != nil {
			return err
		}
		return tx.Record(by, fact.BacktestCancelled{Backtest: number, Rule: b.Rule, Unit: b.Unit})
	})
}

// BacktestDetail is a backtest with what pages need.
type BacktestDetail struct {
	Backtest
	Joins  bool // a correlation: the oldest events come first
	Ahead  int  // backtests that wait before this one
	Known  bool
	People map[string]authz.Person
	Cancel bool
}

// ShowBacktest is one backtest.
func (s *Service) ShowBacktest(ctx context.Context, by authz.Actor, number string) (d BacktestDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d.Backtest, err = findBacktest(tx, number); err != nil {
			return err
		}
		if err := by.See(Read, d.Unit); err != nil {
			return missing()
		}
		if d.State == TestWaiting {
			if err := tx.QueryRow("SELECT COUNT(*) FROM detect_backtest WHERE state IN ('waiting','running') AND (asked < $1 OR asked = $1 AND id < $2)", store.Millis(d.Asked), d.ID).Scan(&d.Ahead); err != nil {
				return err
			}
		}
		d.Known = s.lib.Load().byID[d.Rule] != nil
		d.Joins = d.joins()
		d.Cancel = !d.State.Over() && (d.By == by.Who() || by.Can(Rules, ""))
		d.People, err = authz.People(tx, d.By)
		return err
	})
	return d, err
}

var backtestSorts = keyset.Columns{"asked": keyset.Int("b.asked")}

// BacktestAt is a backtest's position in a list.
func BacktestAt(b Backtest, _ string) keyset.Position { return keyset.At(store.Millis(b.Asked), b.ID) }

// BacktestFilter narrows a list of backtests.
type BacktestFilter struct {
	Rule  string
	State string
	Page  keyset.Page
}

// Backtests lists backtests over units in the scope.
func (s *Service) Backtests(ctx context.Context, by authz.Actor, scope authz.Scope, f BacktestFilter) (list []Backtest, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("b.unit", 1)
		if by.Can(Read, "") && scope.All() {
			where = "(b.unit = '' OR " + where + ")"
		} else {
			where = "(b.unit <> '' AND " + where + ")"
		}
		for _, c := range []struct{ column, value string }{{"rule", f.Rule}, {"state", f.State}} {
			if c.value != "" {
				args = append(args, c.value)
				where += " AND b." + c.column + " = $" + itoa(len(args))
			}
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM detect_backtest b WHERE "+where, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := f.Page.SQL(backtestSorts, "b.id", len(args)+1)
		if err != nil {
			return err
		}
		list, err = store.Rows(tx, readBacktest, "SELECT "+backtestColumns+" FROM detect_backtest b WHERE "+where+" AND "+after+order, append(args, more...)...)
		return err
	})
	return list, total, err
}

// Count is a thing with the hits on it.
type Count = backtest.Count
