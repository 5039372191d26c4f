//go:build unix

package offline

import (
	"runtime"
	"syscall"
	"time"
)

// processor is the processor time of this process so far and the most memory it
// had, in bytes.
func processor() (time.Duration, int64) {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0, 0
	}
	memory := int64(u.Maxrss)
	if runtime.GOOS != "darwin" {
		memory <<= 10
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), memory
}
