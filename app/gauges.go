package app

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"yagura/area/cmmc"
	"yagura/area/detect"
	"yagura/area/identity"
	"yagura/area/incident"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
)

// The gauges by which the other areas bear CMMC's objectives out or break them. A
// gauge says nothing where there is nothing to measure: no people, no sensors.

// gauge measures over the units of a scope.
type gauge struct {
	area    string
	signals []string
	facts   []string
	measure func(tx *store.Tx, scope authz.Scope) ([]cmmc.Measured, error)
	dir     *authz.Directory
}

func (g gauge) Signals() []string { return g.signals }
func (g gauge) Facts() []string   { return g.facts }

func (g gauge) Measure(tx *store.Tx, unit string) ([]cmmc.Measured, error) {
	units, err := g.dir.Units(tx)
	if err != nil {
		return nil, err
	}
	list, err := g.measure(tx, authz.Everything().Within(units, unit))
	for i := range list {
		list[i].Source = g.area
		if list[i].At.IsZero() {
			list[i].At = tx.Now
		}
	}
	return list, err
}

// The limits that an organisation defines for itself.
const (
	idleAfter   = 90 * 24 * time.Hour
	remoteFor   = 30 * 24 * time.Hour
	triageIn    = 24 * time.Hour
	mostSkew    = 2 * time.Second
	drillEvery  = 365 * 24 * time.Hour
	lostSince   = 24 * time.Hour
	ledgerEvery = 12 * time.Hour
)

func (a *App) gauges() []cmmc.Gauge {
	var list []cmmc.Gauge
	add := func(area string, signals, facts []string, measure func(tx *store.Tx, scope authz.Scope) ([]cmmc.Measured, error)) {
		list = append(list, gauge{area, signals, facts, measure, a.Dir})
	}
	add("identity", []string{"mfa.privileged_network", "mfa.general_network", "mfa.remote_network", "directory.idle_accounts"},
		[]string{"identity.coverage-counted", "identity.passkey-enrolled", "identity.passkey-removed", "identity.factor-enrolled", "identity.factor-removed",
			"org.person-added", "org.person-changed", "org.person-left", "org.person-returned", "authz.grant-approved", "authz.grant-revoked"},
		func(tx *store.Tx, scope authz.Scope) ([]cmmc.Measured, error) {
			return signInSignals(tx, a.Identity, scope)
		})
	add("telemetry", []string{"log.sources_alive", "detect.coverage", "clock.offset"},
		[]string{"telemetry.source_silent", "telemetry.source_heard", "telemetry.source_added", "telemetry.source_stopped", "telemetry.source_resumed"},
		func(tx *store.Tx, scope authz.Scope) ([]cmmc.Measured, error) {
			return sensorSignals(tx, a.Telemetry, scope)
		})
	add("detect", []string{"log.correlation", "detect.unauthorised_use"}, nil,
		func(tx *store.Tx, scope authz.Scope) ([]cmmc.Measured, error) {
			return alertSignals(tx, a.Detect, scope)
		})
	add("incident", []string{"incidents.tracked", "drill.last"},
		[]string{"incident.reported", "incident.triaged", "incident.confirmed", "incident.closed", "incident.dismissed", "incident.led", "incident.task-set", "incident.task-changed", "incident.task-done"},
		func(tx *store.Tx, scope authz.Scope) ([]cmmc.Measured, error) {
			return caseSignals(tx, a.Incident, scope)
		})
	add("ledger", []string{"log.integrity"}, nil, func(*store.Tx, authz.Scope) ([]cmmc.Measured, error) { return a.verified.signals(), nil })
	return list
}

func signInSignals(tx *store.Tx, id *identity.Service, scope authz.Scope) (list []cmmc.Measured, err error) {
	t, err := id.TallyOf(tx, scope)
	if err != nil {
		return nil, err
	}
	add := func(signal string, part, whole int64) {
		if whole > 0 {
			list = append(list, cmmc.Measured{Signal: signal, Pass: part == whole, Value: share(part, whole)})
		}
	}
	add("mfa.privileged_network", t.PrivilegedMFA, t.Privileged)
	add("mfa.general_network", t.GeneralMFA, t.General)
	mfa, all, err := id.RemoteMFA(tx, scope, remoteFor)
	if err != nil {
		return nil, err
	}
	add("mfa.remote_network", mfa, all)
	idle, all, err := id.IdleAccounts(tx, scope, idleAfter)
	if err == nil && all > 0 {
		list = append(list, cmmc.Measured{Signal: "directory.idle_accounts", Pass: idle == 0, Value: fmt.Sprintf("%d of %d", idle, all)})
	}
	return list, err
}

// share is a part of a whole, the percentage rounded down: all but one is not all.
func share(part, whole int64) string {
	tenths := part * 1000 / whole
	return fmt.Sprintf("%d of %d (%d.%d %%)", part, whole, tenths/10, tenths%10)
}

func sensorSignals(tx *store.Tx, t *telemetry.Service, scope authz.Scope) (list []cmmc.Measured, err error) {
	every, edge, err := t.Alive(tx, scope)
	if err != nil {
		return nil, err
	}
	lost, err := t.Lost(tx, tx.Now.Add(-lostSince))
	if err != nil {
		return nil, err
	}
	if every.All > 0 {
		list = append(list, cmmc.Measured{Signal: "log.sources_alive", Pass: every.Alive == every.All && lost == 0,
			Value: fmt.Sprintf("%d of %d heard, %d events lost", every.Alive, every.All, lost)})
	}
	if edge.All > 0 {
		list = append(list, cmmc.Measured{Signal: "detect.coverage", Pass: edge.Alive == edge.All, Value: fmt.Sprintf("%d of %d heard", edge.Alive, edge.All)})
	}
	skew, measured, err := t.LargestSkew(tx, scope)
	if err == nil && measured {
		list = append(list, cmmc.Measured{Signal: "clock.offset", Pass: skew <= mostSkew, Value: fmt.Sprintf("%d ms", skew.Milliseconds())})
	}
	return list, err
}

func alertSignals(tx *store.Tx, d *detect.Service, scope authz.Scope) ([]cmmc.Measured, error) {
	oldest, err := d.Untriaged(tx, scope)
	if err != nil {
		return nil, err
	}
	rules, late := d.Library(), !oldest.IsZero() && tx.Now.Sub(oldest) > triageIn
	value := func(of int) string {
		if late {
			return fmt.Sprintf("%d rules; grave alerts wait for longer than a day", of)
		}
		return fmt.Sprintf("%d rules; no grave alert waits for longer than a day", of)
	}
	return []cmmc.Measured{
		{Signal: "log.correlation", Pass: rules.Correlations > 0 && !late, Value: value(rules.Correlations)},
		{Signal: "detect.unauthorised_use", Pass: rules.Rules > 0 && !late, Value: value(rules.Rules)},
	}, nil
}

func caseSignals(tx *store.Tx, i *incident.Service, scope authz.Scope) (list []cmmc.Measured, err error) {
	open, lost, err := i.Tracked(tx, scope)
	if err != nil {
		return nil, err
	}
	list = append(list, cmmc.Measured{Signal: "incidents.tracked", Pass: lost == 0, Value: fmt.Sprintf("%d open, %d not kept track of", open, lost)})
	last, err := i.LastExercise(tx, scope)
	if err == nil && !last.IsZero() {
		list = append(list, cmmc.Measured{Signal: "drill.last", Pass: tx.Now.Sub(last) <= drillEvery, Value: last.Format(time.DateOnly)})
	}
	return list, err
}

// verification is the last time the ledger was verified as a whole.
type verification struct {
	last atomic.Pointer[cmmc.Measured]
}

func (v *verification) signals() []cmmc.Measured {
	if m := v.last.Load(); m != nil {
		return []cmmc.Measured{*m}
	}
	return nil
}

// verify reads the whole ledger again. A row that does not fit is for everybody who
// keeps records in it.
func (a *App) verify(ctx context.Context) error {
	report, err := ledger.Verify(ctx, a.DB, a.Key)
	if err != nil {
		return err
	}
	m := cmmc.Measured{Signal: "log.integrity", Pass: report.Broken == nil, Value: "no break", At: a.DB.Now()}
	if report.Broken != nil {
		m.Value = fmt.Sprintf("broken at row %d", report.Broken.Pos)
	}
	a.verified.last.Store(&m)
	return nil
}
