package password

import (
	"math"
	"runtime/metrics"
	"time"

	"yagura/kernel/clock"
)

// crowd watches for a while how many goroutines waited for a core at once.
type crowd struct {
	elapsed func() time.Duration
	waited  float64 // seconds, of all together, when it began
}

func watchCrowd() crowd { return crowd{clock.Stopwatch(), waited()} }

// is the length of the watch, and how many waited on average (Little's law).
func (c crowd) is() (took time.Duration, waiting float64) {
	took = c.elapsed()
	return took, (waited() - c.waited) / max(took.Seconds(), 1e-6)
}

// waited is how long goroutines have waited for a core since the program began.
func waited() (sum float64) {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	h := sample[0].Value.Float64Histogram()
	for i, n := range h.Counts {
		if from, to := h.Buckets[i], h.Buckets[i+1]; n > 0 && !math.IsInf(to, 0) {
			sum += float64(n) * (max(from, 0) + to) / 2
		}
	}
	return sum
}
