package detect

import (
	"context"
	"fmt"
	"time"

	"yagura/area/detect/risk"
	"yagura/area/detect/story"
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// Risk is how it stands with a host, a person or a unit.
type Risk struct {
	Kind   string
	Unit   string
	Thing  string // its key
	Name   string
	Score  float64
	Change float64   // against seven days ago
	Series []float64 // at the ends of the last 14 days, the last is now

	rank int64
}

// RiskDays is how many days the small line shows.
const RiskDays = 14

// RiskFilter narrows a list of risks.
type RiskFilter struct {
	Kind string // one of RiskKinds
	Text string // in the name
	Page keyset.Page
}

var riskSorts = keyset.Columns{"risk": keyset.Int("r.rank")}

// RiskAt is the position of a risk in its list.
func RiskAt(r Risk, _ string) keyset.Position { return keyset.At(r.rank, r.Unit+"/"+r.Thing) }

// Risks lists what is at risk in the scope, most first. What has faded to less
// than half a point is left out.
func (s *Service) Risks(ctx context.Context, scope authz.Scope, f RiskFilter) (rows []Risk, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("r.unit", 3)
		least := s.model().Rank([]risk.Day{{End: tx.Now, Weight: risk.One / 2}})
		args = append([]any{f.Kind, least}, args...)
		where = "r.kind = $1 AND r.rank >= $2 AND " + where
		if f.Text != "" {
			args = append(args, like(f.Text))
			where += fmt.Sprintf(` AND r.thing LIKE $%d ESCAPE '\'`, len(args))
		}
		after, more, order, err := f.Page.SQL(riskSorts, "(r.unit || '/' || r.thing)", len(args)+1)
		if err != nil {
			return err
		}
		if err := tx.QueryRow(fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM detect_risk r WHERE %s LIMIT %d) n", where, countedUpTo+1), args...).Scan(&total); err != nil {
			return err
		}
		if total > countedUpTo {
			total = -1
		}
		if rows, err = store.Rows(tx, readRisk, "SELECT r.kind, r.unit, r.thing, r.name, r.rank FROM detect_risk r WHERE "+where+" AND "+after+order, append(args, more...)...); err != nil {
			return err
		}
		for i := range rows {
			if err := s.draw(tx, &rows[i], RiskDays); err != nil {
				return err
			}
		}
		return nil
	})
	return rows, total, err
}

func readRisk(r store.Scanner) (x Risk, err error) {
	return x, r.Scan(&x.Kind, &x.Unit, &x.Thing, &x.Name, &x.rank)
}

// draw computes the score now and on the days before.
func (s *Service) draw(tx *store.Tx, x *Risk, days int) error {
	sums, err := riskDays(tx, risky{x.Kind, x.Unit, x.Thing})
	if err != nil {
		return err
	}
	m := s.model()
	x.Score = m.Score(sums, tx.Now)
	x.Change = x.Score - m.Score(sums, tx.Now.AddDate(0, 0, -7))
	x.Series = m.Series(sums, tx.Now, days)
	return nil
}

// Given is an alert with the points that it gave.
type Given struct {
	Alert
	Points float64 // at once
	Left   float64 // of them now
	Void   bool    // taken back
}

// RiskDetail is a risk with where it comes from.
type RiskDetail struct {
	Risk
	Alerts  []Given // newest first, at most 200
	Tactics story.Set
	Days    []time.Time // of the series
}

// ShowRisk is the risk of a thing with the alerts that gave it.
func (s *Service) ShowRisk(ctx context.Context, by authz.Actor, kind, unit, thing string) (d RiskDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := by.See(Read, unit); err != nil {
			return missing()
		}
		xs, err := store.Rows(tx, readRisk, "SELECT r.kind, r.unit, r.thing, r.name, r.rank FROM detect_risk r WHERE r.kind = $1 AND r.unit = $2 AND r.thing = $3", kind, unit, thing)
		if err != nil {
			return err
		}
		if len(xs) == 0 {
			return missing()
		}
		d.Risk = xs[0]
		const days = 30
		if err := s.draw(tx, &d.Risk, days); err != nil {
			return err
		}
		l := tx.Now.In(s.o.Zone)
		for i := range days {
			d.Days = append(d.Days, time.Date(l.Year(), l.Month(), l.Day()+i+1-days, 0, 0, 0, 0, s.o.Zone))
		}
		type given struct {
			at, points int64
			void       bool
		}
		points := map[string]given{}
		ids, err := store.Rows(tx, func(r store.Scanner) (string, error) {
			var id string
			var g given
			var void int
			err := r.Scan(&id, &g.at, &g.points, &void)
			g.void = void == 1
			points[id] = g
			return id, err
		}, "SELECT p.alert, p.at, p.points, p.void FROM detect_risk_point p WHERE p.kind = $1 AND p.unit = $2 AND p.thing = $3 ORDER BY p.at DESC, p.alert DESC LIMIT 200", kind, unit, thing)
		if err != nil || len(ids) == 0 {
			return err
		}
		args := make([]any, len(ids))
		for i, id := range ids {
			args[i] = id
		}
		alerts, err := store.Rows(tx, read, "SELECT "+columns+" FROM detect_alert a WHERE a.id IN ("+marks(1, len(args))+") ORDER BY a.first DESC, a.ord DESC", args...)
		if err != nil {
			return err
		}
		m := s.model()
		for _, a := range alerts {
			g := points[a.ID]
			x := Given{Alert: a, Points: float64(g.points) / risk.One, Void: g.void}
			if !g.void {
				x.Left = x.Points * m.Fade(tx.Now.Sub(store.Time(g.at)))
				d.Tactics |= a.Tactics
			}
			d.Alerts = append(d.Alerts, x)
		}
		return nil
	})
	return d, err
}

// RisksOf are the risks of an alert's host and user, and what it gave to them.
func (s *Service) RisksOf(ctx context.Context, by authz.Actor, number string) (all []Risk, given float64, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		a, err := find(tx, number)
		if err != nil {
			return err
		}
		if err := by.See(Read, a.Unit); err != nil {
			return err
		}
		var points int64
		if err := tx.QueryRow("SELECT COALESCE(MAX(p.points), 0) FROM detect_risk_point p WHERE p.alert = $1 AND p.void = 0", a.ID).Scan(&points); err != nil {
			return err
		}
		given = float64(points) / risk.One
		for thing := range s.scales(tx).of(a) {
			if thing.kind == UnitRisk {
				continue
			}
			xs, err := store.Rows(tx, readRisk, "SELECT r.kind, r.unit, r.thing, r.name, r.rank FROM detect_risk r WHERE r.kind = $1 AND r.unit = $2 AND r.thing = $3", thing.kind, thing.unit, thing.thing)
			if err != nil {
				return err
			}
			for _, x := range xs {
				if err := s.draw(tx, &x, RiskDays); err != nil {
					return err
				}
				all = append(all, x)
			}
		}
		if len(all) == 2 && all[0].Kind > all[1].Kind {
			all[0], all[1] = all[1], all[0]
		}
		return nil
	})
	return all, given, err
}

// ScoreOf is the score now of what has a rank.
func (s *Service) ScoreOf(rank int64) float64 { return s.model().ScoreOf(rank, s.db.Now()) }

// Threshold is the risk from which on an alert is raised.
func (s *Service) Threshold() float64 { return s.o.Threshold }

// HalfLifeDays is how many days it takes until points count half.
func (s *Service) HalfLifeDays() int { return int(s.o.HalfLife / (24 * time.Hour)) }
