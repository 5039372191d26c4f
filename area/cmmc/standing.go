package cmmc

import (
	"context"
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Row is an enclave on the map of the group.
type Row struct {
	System
	EntityName, EntityNameJA string
	Region                   string           // of the entity
	Said                     inherit.Standing // by assessors' results and documents alone
	Live                     inherit.Standing // with signals
	Life                     score.Life       // of the status it holds
	CloseOut                 time.Time        // last day of a Conditional status; zero: none runs
	Trend                    []float64        // low ends of the live score, a point a week; empty where not asked for
}

// Filter narrows the map; empty fields do not.
type Filter struct {
	Query  string // in id, name, entity
	Unit   string // within this unit, in either tree
	Region string // of the entity
	Entity string
	Status score.Status // live
	Trend  bool         // with trends
}

// Standings are the enclaves that the actor may see, lowest first.
func (s *Service) Standings(ctx context.Context, by authz.Actor, f Filter) (rows []Row, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		rows, err = s.standings(tx, by, f)
		if err != nil || !f.Trend {
			return err
		}
		return trends(tx, rows)
	})
	return rows, err
}

func (s *Service) standings(tx *store.Tx, by authz.Actor, f Filter) (rows []Row, err error) {
	v, err := viewOf(tx, by)
	if err != nil {
		return nil, err
	}
	entities, err := entitiesByID(tx)
	if err != nil {
		return nil, err
	}
	sees := v.within(f.Unit)
	err = s.book.with(tx, func() error {
		for _, sys := range s.book.systems {
			if sys.Kind == Enclave && sees(sys) {
				rows = append(rows, s.book.row(sys, entities[sys.Entity], tx.Now))
			}
		}
		return nil
	})
	q := strings.ToLower(strings.TrimSpace(f.Query))
	rows = slices.DeleteFunc(rows, func(r Row) bool {
		return f.Region != "" && r.Region != f.Region || f.Entity != "" && r.Entity != f.Entity || f.Status != "" && r.Live.Status != f.Status ||
			q != "" && !strings.Contains(strings.ToLower(strings.Join([]string{r.ID, r.Name, r.NameJA, r.EntityName, r.EntityNameJA}, "\n")), q)
	})
	slices.SortStableFunc(rows, func(a, b Row) int {
		if d := rankOf(a.Live.Status) - rankOf(b.Live.Status); d != 0 {
			return d
		}
		return a.Live.Low - b.Live.Low
	})
	return rows, err
}

// rankOf orders statuses from what needs somebody most.
func rankOf(s score.Status) int {
	return slices.Index([]score.Status{score.NoAssessment, score.NotEligible, score.None, score.Conditional, score.Final}, s)
}

// row is an enclave of the book as it stands. The book is held.
func (b *book) row(sys System, e Entity, now time.Time) Row {
	r := Row{System: sys, EntityName: e.Name, EntityNameJA: e.NameJA, Region: e.Region, Life: sys.Status.On(sys.Level, dayOf(now))}
	r.Said, _ = b.said.Of(sys.ID)
	r.Live, _ = b.live.Of(sys.ID)
	if r.Life == score.LifeConditional || r.Life == score.LifeClosedOut {
		r.CloseOut = score.CloseOut(sys.Status.Conditional, sys.Level)
	}
	return r
}

const (
	trendWeeks = 13
	week       = 7 * 24 * time.Hour
)

// trends puts the low ends of the last weeks to the rows.
func trends(tx *store.Tx, rows []Row) error {
	type point struct {
		enclave string
		at      int64
		low     int
	}
	points, err := store.Rows(tx, func(r store.Scanner) (p point, err error) { return p, r.Scan(&p.enclave, &p.at, &p.low) },
		"SELECT enclave, at, low FROM cmmc_standing WHERE level > 1 ORDER BY enclave, at")
	if err != nil {
		return err
	}
	by := map[string][]point{}
	for _, p := range points {
		by[p.enclave] = append(by[p.enclave], p)
	}
	for i := range rows {
		list := by[rows[i].ID]
		for w := trendWeeks - 1; w >= 0; w-- {
			end := tx.Now.Add(-time.Duration(w) * week).UnixMilli()
			n, _ := slices.BinarySearchFunc(list, end+1, func(p point, at int64) int { return int(min(max(p.at-at, -1), 1)) })
			if n > 0 {
				rows[i].Trend = append(rows[i].Trend, float64(list[n-1].low))
			}
		}
	}
	return nil
}

const entityColumns = "id, name, name_ja, unit, region, cage, parent"

func entitiesByID(tx *store.Tx) (map[string]Entity, error) {
	list, err := store.Rows(tx, readEntity, "SELECT "+entityColumns+" FROM cmmc_entity ORDER BY id")
	by := make(map[string]Entity, len(list))
	for _, e := range list {
		by[e.ID] = e
	}
	return by, err
}

func readEntity(r store.Scanner) (e Entity, err error) {
	return e, r.Scan(&e.ID, &e.Name, &e.NameJA, &e.Unit, &e.Region, &e.CAGE, &e.Parent)
}
