//go:build !unix

package offline

import (
	"runtime"
	"time"

	"yagura/kernel/clock"
)

var sinceStart = clock.Stopwatch()

// processor is the time since the program began, where no other is known, and
// the memory taken from the system.
func processor() (time.Duration, int64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return sinceStart(), int64(m.Sys)
}
