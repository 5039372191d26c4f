package observe

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
)

// Point is one number with its labels. Labels have few values: kinds, states,
// names of parts of the program; never people, addresses or texts.
type Point struct {
	Value  float64
	Labels map[string]string
}

func (p Point) options() metric.ObserveOption {
	all := make([]attribute.KeyValue, 0, len(p.Labels))
	for _, name := range slices.Sorted(maps.Keys(p.Labels)) {
		all = append(all, attribute.String(name, p.Labels[name]))
	}
	return metric.WithAttributes(all...)
}

// reading is how long a callback may take.
const reading = 5 * time.Second

func (w *Watch) observe(name string, read func(context.Context) ([]Point, error)) metric.Float64Callback {
	return func(ctx context.Context, o metric.Float64Observer) error {
		ctx, cancel := context.WithTimeout(ctx, reading)
		defer cancel()
		points, err := read(ctx)
		if err != nil { // the other metrics are still of use
			w.Log.Warn("a metric could not be read", "metric", name, "error", err)
			return nil
		}
		for _, p := range points {
			o.Observe(p.Value, p.options())
		}
		return nil
	}
}

// Gauge is a number that goes up and down, read each time somebody looks. The
// name has dots, such as "yagura.jobs"; the unit is one of UCUM ("s", "By",
// "{job}").
func (w *Watch) Gauge(name, unit, about string, read func(context.Context) ([]Point, error)) error {
	_, err := w.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(about), metric.WithFloat64Callback(w.observe(name, read)))
	if err != nil {
		return fmt.Errorf("metric %s: %w", name, err)
	}
	return nil
}

// Counter is a number that only grows while the program runs.
func (w *Watch) Counter(name, unit, about string, read func(context.Context) ([]Point, error)) error {
	_, err := w.meter.Float64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(about), metric.WithFloat64Callback(w.observe(name, read)))
	if err != nil {
		return fmt.Errorf("metric %s: %w", name, err)
	}
	return nil
}

// Database watches what every installation has: jobs, the ledger, and whether
// the database answers.
func (w *Watch) Database(db *store.DB) error {
	for _, g := range []struct {
		name, unit, about string
		read              func(tx *store.Tx) ([]Point, error)
	}{
		{"yagura.jobs", "{job}", "Jobs by kind and state.", jobs},
		{"yagura.job.delay", "s", "How long the most overdue waiting job of a kind has been due.", delays},
		{"yagura.ledger.pending", "{row}", "Recorded rows that are not yet sealed.", func(tx *store.Tx) ([]Point, error) {
			var n float64
			err := tx.QueryRow("SELECT COUNT(*) FROM ledger_pending").Scan(&n)
			return []Point{{Value: n}}, err
		}},
		{"yagura.ledger.rows", "{row}", "Sealed rows.", func(tx *store.Tx) ([]Point, error) {
			var n float64
			err := tx.QueryRow("SELECT COALESCE(MAX(pos), 0) FROM ledger").Scan(&n)
			return []Point{{Value: n}}, err
		}},
		{"yagura.ledger.behind", "{row}", "Sealed rows that a subscriber has not yet seen.", behind(func(p ledger.Progress) int64 { return p.Behind })},
		{"yagura.ledger.failures", "{failure}", "Failures in a row of a subscriber.", behind(func(p ledger.Progress) int64 { return p.Failures })},
		{"yagura.recurring.failures", "{failure}", "Failures in a row of a recurring task.", turns},
	} {
		if err := w.Gauge(g.name, g.unit, g.about, func(ctx context.Context) (points []Point, err error) {
			err = db.View(ctx, func(tx *store.Tx) (err error) {
				points, err = g.read(tx)
				return err
			})
			return points, err
		}); err != nil {
			return err
		}
	}
	return w.Gauge("yagura.database.up", "", "Whether the database answers: 1 or 0.", func(ctx context.Context) ([]Point, error) {
		up := Point{Labels: map[string]string{"engine": string(db.Engine())}}
		if db.Ping(ctx) == nil {
			up.Value = 1
		}
		return []Point{up}, nil
	})
}

func jobs(tx *store.Tx) ([]Point, error) {
	counts, err := job.Counts(tx)
	var points []Point
	for _, c := range counts {
		points = append(points, Point{float64(c.Jobs), map[string]string{"kind": c.Kind, "state": string(c.State)}})
	}
	return points, err
}

func delays(tx *store.Tx) ([]Point, error) {
	counts, err := job.Counts(tx)
	var points []Point
	for _, c := range counts {
		if c.State == job.Waiting {
			points = append(points, Point{max(0, tx.Now.Sub(c.Oldest).Seconds()), map[string]string{"kind": c.Kind}})
		}
	}
	return points, err
}

func behind(number func(ledger.Progress) int64) func(tx *store.Tx) ([]Point, error) {
	return func(tx *store.Tx) ([]Point, error) {
		all, err := ledger.Subscribers(tx)
		var points []Point
		for _, p := range all {
			points = append(points, Point{float64(number(p)), map[string]string{"subscriber": p.Name}})
		}
		return points, err
	}
}

func turns(tx *store.Tx) ([]Point, error) {
	all, err := job.Turns(tx)
	var points []Point
	for _, t := range all {
		points = append(points, Point{float64(t.Failures), map[string]string{"name": t.Name}})
	}
	return points, err
}
