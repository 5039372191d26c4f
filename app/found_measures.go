package app

import (
	"context"
	"fmt"
	"time"

	"yagura/app/demo"
	"yagura/area/cmmc"
	"yagura/kernel/authz"
)

// measures plays the programme of CMMC: budgets, what was proposed, approved, begun
// and paid, each on its day and by its person.
func (f *founding) measures(ctx context.Context, _ demo.History) error {
	officer, err := f.actor(ctx, demo.Officer)
	if err != nil {
		return err
	}
	year := cmmc.FiscalYear(f.now)
	f.clock.Set(f.now.AddDate(-2, 0, 0))
	for n := -1; n <= 2; n++ {
		if err := f.a.CMMC.SetBudget(ctx, officer, cmmc.Budget{Unit: demo.Root, Year: year + n, Yen: demo.Budgets[n] * 1_000_000}); err != nil {
			return fmt.Errorf("measures: %w", err)
		}
	}
	for _, m := range demo.Measures() {
		by, err := f.actor(ctx, m.By)
		if err == nil {
			err = f.measure(ctx, by, officer, m, year)
		}
		if err != nil {
			return fmt.Errorf("measure %q: %w", m.Name.En, err)
		}
	}
	f.clock.Set(f.now)
	return nil
}

func (f *founding) measure(ctx context.Context, by, officer authz.Actor, m demo.Measure, year int) error {
	at := func(days int) time.Time { return f.now.AddDate(0, 0, -max(days, 0)) }
	f.clock.Set(at(m.Ago))
	one, err := f.a.CMMC.ProposeMeasure(ctx, by, cmmc.MeasureDraft{Unit: m.Unit, Name: f.say(m.Name), Note: f.say(m.Note), Yen: m.Million * 1_000_000, Months: m.Months, Year: year + m.Year,
		Objectives: m.Closes, Partial: m.Partial, Enclaves: m.Enclaves, Owner: m.By})
	if err != nil || m.State == "" {
		return err
	}
	f.clock.Set(at(m.Ago - 12))
	if m.State == "dropped" {
		return f.a.CMMC.MoveMeasure(ctx, by, one.ID, 0, cmmc.MeasureDrop, f.say(demo.Text{En: "Another measure does the same for less", Ja: "別の施策でより安く実現できるため"}))
	}
	if err := f.a.CMMC.MoveMeasure(ctx, officer, one.ID, 0, cmmc.MeasureApprove, ""); err != nil {
		return err
	}
	for n, share := range m.Spent {
		days := m.Ago - 30 - 30*n
		if days < 0 {
			break
		}
		f.clock.Set(at(days))
		pay := func(kind string, percent int64) error {
			return f.a.CMMC.EnterMoney(ctx, by, one.ID, cmmc.Payment{Kind: kind, Yen: one.Yen / 100 * percent, Day: at(days).Truncate(24 * time.Hour)})
		}
		if n == 0 {
			if err := pay("committed", 96); err != nil {
				return err
			}
		}
		if err := pay("spent", int64(share)); err != nil {
			return err
		}
	}
	f.clock.Set(at(m.Ago - 40))
	for _, step := range map[string][]cmmc.MeasureStep{"running": {cmmc.MeasureStart}, "done": {cmmc.MeasureStart, cmmc.MeasureFinish}}[m.State] {
		if err := f.a.CMMC.MoveMeasure(ctx, by, one.ID, 0, step, ""); err != nil {
			return err
		}
	}
	return nil
}
