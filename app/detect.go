package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"yagura/area/detect"
	"yagura/area/detect/attack"
	"yagura/area/detect/backtest"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// What "yagura detect" does with an installation. A server may run meanwhile.

func withDetect(ctx context.Context, cfg config.Config, do func(a *App) error) error {
	if err := exists(cfg); err != nil {
		return err
	}
	a, err := Open(ctx, cfg, Options{Workers: -1})
	if err != nil {
		return err
	}
	defer a.Close()
	return do(a)
}

// operator acts for whoever runs the machine, with the units of the group.
func (a *App) operator(ctx context.Context) (by authz.Actor, units *authz.Units, err error) {
	err = a.DB.View(ctx, func(tx *store.Tx) error {
		units, err = a.Dir.Units(tx)
		return err
	})
	return authz.System("command-line"), units, err
}

// CoverageDays is how lately log sources must have arrived, where nothing is
// said.
const CoverageDays = detect.CoverageDays

// Backtest runs a rule – a file or the id of one that is loaded – over the
// stored events of a unit and below it, and says in between how
// far it is.
func Backtest(ctx context.Context, cfg config.Config, rule, unit string, from, to time.Time, progress func(looked, hits int64, at time.Time) error) (r backtest.Result, err error) {
	q := detect.BacktestRequest{Unit: unit, From: from, To: to}
	if raw, readErr := os.ReadFile(rule); readErr == nil {
		q.Text = string(raw)
	} else {
		q.Rule = rule
	}
	err = withDetect(ctx, cfg, func(a *App) error {
		by, units, err := a.operator(ctx)
		if err != nil {
			return err
		}
		if _, known := units.Get(q.Unit); q.Unit != "" && !known {
			return fmt.Errorf("there is no unit %s", q.Unit)
		}
		r, err = a.Detect.TryNow(ctx, by, q, progress)
		return err
	})
	return r, err
}

// Coverage is how far the rules of the installation reach.
func Coverage(ctx context.Context, cfg config.Config, d attack.Domain, days int, lang text.Lang) (m attack.Matrix, err error) {
	err = withDetect(ctx, cfg, func(a *App) error {
		by, _, err := a.operator(ctx)
		if err != nil {
			return err
		}
		c, err := a.Detect.Coverage(ctx, by, by.Scope(detect.Read), d, days, lang)
		m = c.Matrix
		return err
	})
	return m, err
}

// ImportAttack takes the names of techniques from a STIX file.
func ImportAttack(ctx context.Context, cfg config.Config, file string) (n int, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	err = withDetect(ctx, cfg, func(a *App) error {
		n, err = a.Detect.ImportAttack(ctx, authz.System("command-line"), f)
		return err
	})
	return n, err
}

// InstallPack installs a signed rule pack.
func InstallPack(ctx context.Context, cfg config.Config, raw []byte) (name string, err error) {
	err = withDetect(ctx, cfg, func(a *App) error {
		name, err = a.Detect.AddPack(ctx, authz.System("command-line"), raw)
		return err
	})
	return name, err
}

// RollbackPack goes back to the version of a pack that was installed before.
func RollbackPack(ctx context.Context, cfg config.Config, name, why string) (version string, err error) {
	err = withDetect(ctx, cfg, func(a *App) error {
		version, err = a.Detect.RollbackPack(ctx, authz.System("command-line"), name, why)
		return err
	})
	return version, err
}
