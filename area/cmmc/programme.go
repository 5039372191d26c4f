package cmmc

import (
	"context"
	"math"
	"slices"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Budget is what a unit may spend in a fiscal year.
type Budget struct {
	Unit string
	Year int
	Yen  int64
	By   string
	At   time.Time
}

// SetBudget sets the budget of a unit for a fiscal year; 0 takes it away.
func (s *Service) SetBudget(ctx context.Context, by authz.Actor, b Budget) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if _, ok := by.Units().Get(b.Unit); !ok || !by.Can(Survey, b.Unit) {
			return fault.Invalid(fault.F("unit", "Choose a unit"))
		}
		if err := by.May(Fund, b.Unit); err != nil {
			return err
		}
		switch {
		case b.Year < 2000 || b.Year > 2200:
			return fault.Invalid(fault.F("year", "There is no fiscal year %d", b.Year))
		case b.Yen < 0 || b.Yen > mostYen:
			return fault.Invalid(fault.F("amount", "A budget is a whole number of yen"))
		}
		if b.Yen == 0 {
			if _, err := tx.Exec("DELETE FROM cmmc_budget WHERE unit = $1 AND year = $2", b.Unit, b.Year); err != nil {
				return err
			}
		} else if _, err := tx.Exec(`INSERT INTO cmmc_budget (unit, year, yen, by_person, at) VALUES ($1,$2,$3,$4,$5)
			ON CONFLICT (unit, year) DO UPDATE SET yen = excluded.yen, by_person = excluded.by_person, at = excluded.at`, b.Unit, b.Year, b.Yen, by.Who(), tx.Millis()); err != nil {
			return err
		}
		return tx.Record(by, fact.CMMCBudget{Unit: b.Unit, Year: b.Year, Yen: b.Yen})
	})
}

// Programme is money against points over time, of all that an actor may see.
type Programme struct {
	Years   []ProgrammeYear
	Months  []ProgrammeMonth
	Budgets []Budget
	// Proposed, Approved are the costs of measures in these states; Approved holds
	// those that run and those that are done too.
	Proposed, Approved, Committed, Spent, Budget int64
	Enclaves                                     int
	From, To                                     int // points of all enclaves at the first and the last month, low ends
}

// Gained are the points won over the time shown.
func (p Programme) Gained() int { return p.To - p.From }

// ProgrammeYear is a fiscal year.
type ProgrammeYear struct {
	Year                              int
	Budget, Planned, Committed, Spent int64
	Measures                          int
}

// ProgrammeMonth is the end of a month; money is what there was until then.
type ProgrammeMonth struct {
	Month            time.Time
	Committed, Spent int64
	Points           float64 // of all enclaves, low ends; NaN before the first is known
}

const programmeMonths = 24

type payment struct {
	kind string
	yen  int64
	day  time.Time
}

type mark struct {
	enclave string
	at      time.Time
	low     int
}

// Programme adds up the measures and budgets in the scope.
func (s *Service) Programme(ctx context.Context, by authz.Actor, scope authz.Scope) (p Programme, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		in, args := scope.Where("m.unit", 1)
		list, err := store.Rows(tx, readMeasure, "SELECT "+measureColumns+" FROM cmmc_measure m WHERE "+in, args...)
		if err != nil {
			return err
		}
		paid, err := store.Rows(tx, func(r store.Scanner) (x payment, err error) {
			var day string
			if err = r.Scan(&x.kind, &x.yen, &day); err != nil {
				return x, err
			}
			x.day, err = time.Parse(time.DateOnly, day)
			return x, err
		}, "SELECT y.kind, y.yen, y.day FROM cmmc_money y JOIN cmmc_measure m ON m.id = y.measure WHERE "+in+" ORDER BY y.day", args...)
		if err != nil {
			return err
		}
		in, args = scope.Where("b.unit", 1)
		if p.Budgets, err = store.Rows(tx, func(r store.Scanner) (b Budget, err error) {
			var at int64
			err = r.Scan(&b.Unit, &b.Year, &b.Yen, &b.By, &at)
			b.At = store.Time(at)
			return b, err
		}, "SELECT b.unit, b.year, b.yen, b.by_person, b.at FROM cmmc_budget b WHERE "+in+" ORDER BY b.year DESC, b.unit", args...); err != nil {
			return err
		}
		in, args = scope.Where("s.unit", 1)
		marks, err := store.Rows(tx, func(r store.Scanner) (x mark, err error) {
			var at int64
			err = r.Scan(&x.enclave, &at, &x.low)
			x.at = store.Time(at)
			return x, err
		}, "SELECT t.enclave, t.at, t.low FROM cmmc_standing t JOIN cmmc_system s ON s.id = t.enclave WHERE t.level >= 2 AND "+in+" ORDER BY t.at", args...)
		if err != nil {
			return err
		}
		p.add(list, paid, marks, tx.Now)
		return nil
	})
	return p, err
}

func (p *Programme) add(list []Measure, paid []payment, marks []mark, now time.Time) {
	years := map[int]*ProgrammeYear{}
	year := func(n int) *ProgrammeYear {
		if years[n] == nil {
			years[n] = &ProgrammeYear{Year: n}
		}
		return years[n]
	}
	for _, b := range p.Budgets {
		year(b.Year).Budget += b.Yen
		p.Budget += b.Yen
	}
	for _, m := range list {
		switch m.State {
		case MeasureDropped:
			continue
		case MeasureProposed:
			p.Proposed += m.Yen
		default:
			p.Approved += m.Yen
		}
		y := year(m.Year)
		y.Planned += m.Yen
		y.Measures++
	}
	for _, x := range paid {
		y := year(FiscalYear(x.day))
		if x.kind == "spent" {
			y.Spent += x.yen
			p.Spent += x.yen
		} else {
			y.Committed += x.yen
			p.Committed += x.yen
		}
	}
	for _, y := range years {
		p.Years = append(p.Years, *y)
	}
	slices.SortFunc(p.Years, func(a, b ProgrammeYear) int { return a.Year - b.Year })
	p.months(paid, marks, now)
}

// months counts what there was at the end of each month. An enclave counts with
// its first known score before that was known, so that taking one in is no gain.
func (p *Programme) months(paid []payment, marks []mark, now time.Time) {
	first := map[string]int{}
	at := map[string]int{}
	for _, m := range marks {
		if _, ok := first[m.enclave]; !ok {
			first[m.enclave] = m.low
			at[m.enclave] = m.low
		}
	}
	p.Enclaves = len(first)
	end := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, 1, 0)
	money, score := 0, 0
	var committed, spent int64
	for n := programmeMonths - 1; n >= 0; n-- {
		until := end.AddDate(0, -n, 0)
		for ; money < len(paid) && paid[money].day.Before(until); money++ {
			if paid[money].kind == "spent" {
				spent += paid[money].yen
			} else {
				committed += paid[money].yen
			}
		}
		for ; score < len(marks) && marks[score].at.Before(until); score++ {
			at[marks[score].enclave] = marks[score].low
		}
		if score == 0 && committed == 0 && spent == 0 && len(p.Months) == 0 {
			continue // before anything was known
		}
		m := ProgrammeMonth{Month: until.AddDate(0, 0, -1), Committed: committed, Spent: spent, Points: math.NaN()}
		if score > 0 {
			m.Points = 0
			for _, low := range at {
				m.Points += float64(low)
			}
		}
		p.Months = append(p.Months, m)
	}
	known := false
	for _, m := range p.Months {
		if math.IsNaN(m.Points) {
			continue
		}
		if !known {
			p.From, known = int(m.Points), true
		}
		p.To = int(m.Points)
	}
}
