package sigma

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// used is the processor time of this process: what other processes do at the
// same time changes it less than the time that passes.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkMix measures one matcher with all 2,856 public Windows rules on the
// 20,133 events of mix as raw JSON lines, scanning included: events per second
// and rules evaluated per event. Classes are built before the clock starts.
func BenchmarkMix(b *testing.B) { bench(b, "mix.ndjson.gz") }

// BenchmarkProcessCreation measures the same on 1,837 process creations, the
// class that most rules look at.
func BenchmarkProcessCreation(b *testing.B) { bench(b, "process-creation.ndjson.gz") }

// BenchmarkScan measures reading the wanted fields of mix alone.
func BenchmarkScan(b *testing.B) {
	e, _ := Compile(windowsRules(b), thorMapping(b), Options{})
	events := lines(b, "mix.ndjson.gz")
	m := e.NewMatcher()
	b.ResetTimer()
	began := used()
	for range b.N {
		for _, ev := range events {
			if err := m.read(ev, LogSource{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N*len(events))/(used()-began).Seconds(), "ev/cpu-s")
}

// BenchmarkCompile measures compiling all public Windows rules, without the
// classes, which are built when first met.
func BenchmarkCompile(b *testing.B) {
	rules, m := windowsRules(b), thorMapping(b)
	b.ResetTimer()
	for range b.N {
		Compile(rules, m, Options{})
	}
}

func bench(b *testing.B, file string) {
	e, _ := Compile(windowsRules(b), thorMapping(b), Options{})
	events := lines(b, file)
	size := 0
	m := e.NewMatcher()
	for _, ev := range events {
		size += len(ev)
		if _, err := m.Match(ev, LogSource{}); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	m.Candidates = 0
	b.ResetTimer()
	began := used()
	for range b.N {
		for _, ev := range events {
			m.Match(ev, LogSource{})
		}
	}
	n := float64(b.N * len(events))
	b.ReportMetric(n/(used()-began).Seconds(), "ev/cpu-s")
	b.ReportMetric(float64(m.Candidates)/n, "rules/ev")
}

// BenchmarkFirstPass measures a new matcher on the process creations, each met
// for the first time, after what loading prepares.
func BenchmarkFirstPass(b *testing.B) {
	e, _ := Compile(windowsRules(b), thorMapping(b), Options{})
	e.Warm()
	events := lines(b, "process-creation.ndjson.gz")
	runtime.GC()
	b.ResetTimer()
	began := used()
	for range b.N {
		m := e.NewMatcher()
		for _, ev := range events {
			m.Match(ev, LogSource{})
		}
	}
	b.ReportMetric(float64(b.N*len(events))/(used()-began).Seconds(), "ev/cpu-s")
}
