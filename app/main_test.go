package app

import (
	"os"
	"runtime/debug"
	"testing"
)

// The test binary is the event store too, where the product starts it as one.
func TestMain(m *testing.M) {
	EventStore()
	debug.SetGCPercent(400) // whole installations live here by the hundred, and none for long
	os.Exit(m.Run())
}
