package detect

import (
	"context"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Day is how many alerts of each level a day brought.
type Day struct {
	Day    time.Time // its beginning
	Alerts [Critical + 1]int64
}

// Total is all alerts of the day.
func (d Day) Total() (n int64) {
	for _, x := range d.Alerts {
		n += x
	}
	return n
}

// Days are the last n days, oldest first, today included.
func (s *Service) Days(ctx context.Context, scope authz.Scope, n int) (days []Day, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		days = make([]Day, n)
		at := map[string]int{}
		l := tx.Now.In(s.o.Zone)
		for i := range days {
			days[i].Day = time.Date(l.Year(), l.Month(), l.Day()+i+1-n, 0, 0, 0, 0, s.o.Zone)
			at[s.day(days[i].Day)] = i
		}
		where, args := scope.Where("d.unit", 2)
		_, err := store.Rows(tx, func(r store.Scanner) (struct{}, error) {
			var day string
			var level Level
			var alerts int64
			err := r.Scan(&day, &level, &alerts)
			if i, ok := at[day]; ok && level >= Informational && level <= Critical {
				days[i].Alerts[level] = alerts
			}
			return struct{}{}, err
		}, "SELECT d.day, d.level, CAST(SUM(d.alerts) AS bigint) FROM detect_day d WHERE d.day >= $1 AND "+where+" GROUP BY d.day, d.level",
			append([]any{s.day(days[0].Day)}, args...)...)
		return err
	})
	return days, err
}

// Backlog is how many grave alerts nobody has taken up.
type Backlog struct {
	Now      int64 // high and critical ones
	Critical int64
	Oldest   time.Time // first hit of the oldest of them
	Trend    []float64 // at the end of each of the last 14 days, oldest first; the last is now
}

// Backlog counts the high and critical alerts that nobody has taken up.
func (s *Service) Backlog(ctx context.Context, scope authz.Scope) (u Backlog, err error) {
	const days = 14
	err = s.db.View(ctx, func(tx *store.Tx) error {
		u = Backlog{Trend: make([]float64, days)}
		l := tx.Now.In(s.o.Zone)
		var ends [days]int64
		for i := range ends {
			ends[i] = store.Millis(time.Date(l.Year(), l.Month(), l.Day()+i+2-days, 0, 0, 0, 0, s.o.Zone))
		}
		ends[days-1] = tx.Millis()
		where, args := scope.Where("a.unit", 2)
		_, err := store.Rows(tx, func(r store.Scanner) (struct{}, error) {
			var level Level
			var raised, triaged, first int64
			err := r.Scan(&level, &raised, &triaged, &first)
			for i, end := range ends {
				if raised <= end && (triaged == 0 || triaged > end) {
					u.Trend[i]++
				}
			}
			if triaged == 0 {
				u.Now++
				if level == Critical {
					u.Critical++
				}
				if t := store.Time(first); u.Oldest.IsZero() || t.Before(u.Oldest) {
					u.Oldest = t
				}
			}
			return struct{}{}, err
		}, "SELECT a.level, a.raised, a.triaged, a.first FROM detect_alert a WHERE a.level >= 3 AND a.triaged = 0 AND "+where+
			" UNION ALL SELECT a.level, a.raised, a.triaged, 0 FROM detect_alert a WHERE a.level >= 3 AND a.triaged >= $1 AND "+where,
			append([]any{ends[0]}, args...)...)
		return err
	})
	return u, err
}

// Mine are the open alerts that wait for the actor: those assigned to him, then
// critical new ones in units where he may triage; gravest first.
func (s *Service) Mine(ctx context.Context, by authz.Actor, scope authz.Scope, limit int) (mine, fresh []Alert, err error) {
	if by.Person == "" || !by.CanAnywhere(Triage) {
		return nil, nil, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("a.unit", 3)
		var err error
		if mine, err = store.Rows(tx, read, "SELECT "+columns+" FROM detect_alert a WHERE a.open = 1 AND a.assignee = $1 AND "+where+" ORDER BY a.level DESC, a.ord LIMIT $2",
			append([]any{by.Person, limit}, args...)...); err != nil {
			return err
		}
		where, args = scope.Where("a.unit", 2)
		fresh, err = store.Rows(tx, read, "SELECT "+columns+" FROM detect_alert a WHERE a.open = 1 AND a.state = 'new' AND a.level = 4 AND "+where+" ORDER BY a.ord LIMIT $1",
			append([]any{limit}, args...)...)
		return err
	})
	return mine, fresh, err
}

// AwaitingApproval are exclusions that wait for a second person and that the
// actor may approve, the longest waiting first.
func (s *Service) AwaitingApproval(ctx context.Context, by authz.Actor, limit int) (xs []Exclusion, err error) {
	names := s.Names()
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := by.Scope(Exclude).Where("x.unit", 4)
		xs, err = store.Rows(tx, readExclusion, "SELECT "+exclusionColumns+` FROM detect_exclusion x WHERE x.approved = 0 AND x.ended = 0 AND x.expires > $1
			AND x.created_by <> $2 AND x.owner <> $2 AND `+where+" ORDER BY x.created LIMIT $3", append([]any{tx.Millis(), by.Who(), limit}, args...)...)
		for i := range xs {
			xs[i].Title = names[xs[i].Rule]
		}
		return err
	})
	return xs, err
}

// Alerting are the rules that raised alerts in the scope in the last 90 days.
func (s *Service) Alerting(ctx context.Context, scope authz.Scope) (rules []string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("d.unit", 2)
		rules, err = store.Texts(tx, "SELECT DISTINCT d.rule FROM detect_rule_day d WHERE d.day >= $1 AND d.alerts > 0 AND "+where+" ORDER BY d.rule",
			append([]any{s.day(tx.Now.In(s.o.Zone).AddDate(0, 0, -90))}, args...)...)
		return err
	})
	return rules, err
}
