package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yagura/area/telemetry"
)

// TestEventsOfAClassAreNotForgotten looks that a folder with events keeps its
// class in the configuration.
func TestEventsOfAClassAreNotForgotten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "events")
	has := []telemetry.Class{{Name: telemetry.Standard, Keep: 24 * time.Hour}}
	if err := noOtherClass(folder, has); err != nil {
		t.Fatalf("no folder at all: %v", err)
	}
	for _, day := range []string{"standard/partitions/20261126", "short/partitions", ".front"} {
		if err := os.MkdirAll(filepath.Join(folder, day), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := noOtherClass(folder, has); err != nil {
		t.Fatalf("a class without events: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "short/partitions/20261126"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := noOtherClass(folder, has); err == nil || !strings.Contains(err.Error(), "class short") {
		t.Errorf("events of a class that is gone: %v", err)
	}
	if err := noOtherClass(folder, append(has, telemetry.Class{Name: "short", Keep: time.Hour})); err != nil {
		t.Error(err)
	}
}
