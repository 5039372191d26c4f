package app

import (
	"os"
	"testing"
)

// The test binary is the event store too, where the product starts it as one.
func TestMain(m *testing.M) {
	EventStore()
	os.Exit(m.Run())
}
