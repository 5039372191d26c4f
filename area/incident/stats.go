package incident

import (
	"context"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Figures are the numbers of the overview.
type Figures struct {
	Open      int
	Grave     int       // of these, critical
	Since     time.Time // report of the newest critical one
	OpenTrend []float64 // open at the end of each of the last 12 weeks, oldest first

	Contained    int           // incidents contained in the last 90 days
	Contain      time.Duration // median from report to containment over them
	ContainTrend []float64     // the same in hours, for each of the last 6 months that has one
}

const (
	weeks  = 12
	months = 6
)

// Figures counts what the actor may see in the unit; "" is all of it.
func (s *Service) Figures(ctx context.Context, by authz.Actor, scope authz.Scope, unit string) (f Figures, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		f = Figures{}
		where, args := visible(by, scope, unit, 2)
		cutoff := tx.Now.AddDate(0, -months-1, 0)
		type row struct {
			severity                    Severity
			open                        int
			reported, contained, closed time.Time
		}
		rows, err := store.Rows(tx, func(r store.Scanner) (x row, err error) {
			var reported, contained, closed int64
			err = r.Scan(&x.severity, &x.open, &reported, &contained, &closed)
			x.reported, x.contained, x.closed = store.Time(reported), store.Time(contained), store.Time(closed)
			return x, err
		}, "SELECT i.severity, i.open, i.reported, i.contained, i.closed FROM incident i WHERE (i.open = 1 OR i.closed >= $1) AND "+where,
			append([]any{store.Millis(cutoff)}, args...)...)
		if err != nil {
			return err
		}
		f.OpenTrend = make([]float64, weeks)
		var lately []time.Duration
		monthly := make([][]time.Duration, months)
		for _, x := range rows {
			if x.open == 1 {
				f.Open++
				if x.severity == Critical {
					f.Grave++
					if x.reported.After(f.Since) {
						f.Since = x.reported
					}
				}
			}
			for w := range weeks {
				at := tx.Now.Add(-time.Duration(weeks-1-w) * 7 * 24 * time.Hour)
				if !x.reported.After(at) && (x.open == 1 || x.closed.After(at)) {
					f.OpenTrend[w]++
				}
			}
			if x.contained.IsZero() || x.contained.Before(x.reported) {
				continue
			}
			took := x.contained.Sub(x.reported)
			age := tx.Now.Sub(x.contained)
			if age <= 90*24*time.Hour {
				lately = append(lately, took)
			}
			if m := months - 1 - int(age/(30*24*time.Hour)); m >= 0 && m < months {
				monthly[m] = append(monthly[m], took)
			}
		}
		f.Contained, f.Contain = len(lately), median(lately)
		for _, m := range monthly {
			if len(m) > 0 {
				f.ContainTrend = append(f.ContainTrend, median(m).Hours())
			}
		}
		return nil
	})
	return f, err
}

func median(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	slices.Sort(ds)
	if n := len(ds); n%2 == 0 {
		return (ds[n/2-1] + ds[n/2]) / 2
	}
	return ds[len(ds)/2]
}

// OpenIn counts the open incidents that the actor may see of each unit and all
// below it, by its own tree. Units without any are 0.
func (s *Service) OpenIn(ctx context.Context, by authz.Actor, scope authz.Scope, units []string) (counts map[string]int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := visible(by, scope, "", 1)
		type row struct {
			path, geo string
			n         int
		}
		rows, err := store.Rows(tx, func(r store.Scanner) (x row, err error) { return x, r.Scan(&x.path, &x.geo, &x.n) },
			"SELECT u.path, u.geo, COUNT(*) FROM incident i JOIN authz_unit u ON u.id = i.unit WHERE i.open = 1 AND "+where+" GROUP BY u.path, u.geo", args...)
		if err != nil {
			return err
		}
		counts = map[string]int{}
		tree := by.Units()
		for _, id := range units {
			own, geo, ok := tree.Paths(id)
			if !ok {
				continue
			}
			counts[id] = 0
			for _, x := range rows {
				if tree.IsRegion(id) && strings.HasPrefix(x.geo, geo) || !tree.IsRegion(id) && strings.HasPrefix(x.path, own) {
					counts[id] += x.n
				}
			}
		}
		return nil
	})
	return counts, err
}
