package cve

import (
	"errors"
	"testing"
	"time"
)

func pool(t *testing.T, held ...Held) *Pool {
	t.Helper()
	p := NewPool(false)
	for _, h := range held {
		if err := p.Add(h); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestIDs(t *testing.T) {
	for _, s := range []string{"CVE-2026-123", "cve-2026-1234", "CVE-26-1234", "CVE-2026-12345678901234567890", "CVE-2026-1234 "} {
		if _, err := ParseID(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
	if a, b := ID("CVE-2026-9999"), ID("CVE-2026-10000"); a.Compare(b) >= 0 || b.Compare("CVE-2025-99999") <= 0 {
		t.Error("IDs are ordered by year and number")
	}
}

func TestAssign(t *testing.T) {
	p := pool(t, Held{ID: "CVE-2026-20001", State: Reserved}, Held{ID: "CVE-2026-2000", State: Reserved}, Held{ID: "CVE-2025-1000", State: Reserved})
	id, err := p.Assign("case-1", 2026)
	if err != nil || id != "CVE-2026-2000" {
		t.Fatalf("the lowest of the year: %s %v", id, err)
	}
	if again, _ := p.Assign("case-1", 2027); again != id {
		t.Errorf("asked twice, the case gets %s", again)
	}
	if _, err := p.Assign("case-2", 2026); err != nil {
		t.Error(err)
	}
	var none ErrNoFreeID
	if _, err := p.Assign("case-3", 2026); !errors.As(err, &none) || none.Year != 2026 {
		t.Errorf("none is left: %v", err)
	}
	if err := p.Release(id); err != nil {
		t.Error(err)
	}
	if id, _ = p.Assign("case-4", 2026); id != "CVE-2026-2000" {
		t.Error("a released ID is free again")
	}
	if p.Tell(id) != nil || p.Release(id) == nil {
		t.Error("an ID that was told is not given back")
	}
	for _, step := range []struct {
		to State
		ok bool
	}{{Published, true}, {Reserved, false}, {Rejected, true}, {Assigned, false}, {Published, true}} {
		if err := p.Move(id, step.to); (err == nil) != step.ok {
			t.Errorf("to %s: %v", step.to, err)
		}
	}
	if p.Add(Held{ID: "CVE-1900-1000", State: Reserved}) == nil {
		t.Error("an ID of a rehearsal came among real ones")
	}
}

func TestSweep(t *testing.T) {
	p := pool(t,
		Held{ID: "CVE-2024-1001", State: Assigned, Case: "old"}, Held{ID: "CVE-2025-1001", State: Reserved}, Held{ID: "CVE-2025-1002", State: Assigned, Case: "a"},
		Held{ID: "CVE-2025-1003", State: Published, Case: "b"}, Held{ID: "CVE-2025-1004", State: Rejected}, Held{ID: "CVE-2026-1001", State: Reserved})
	tokyo := time.FixedZone("JST", 9*3600)
	for _, c := range []struct {
		now   time.Time
		grace time.Duration
		want  string
	}{
		{time.Date(2025, 12, 31, 23, 59, 59, 0, time.UTC), 0, ""},
		{time.Date(2026, 1, 1, 0, 0, 0, 0, tokyo), 0, ""}, // still 2025 by UTC
		{time.Date(2026, 1, 1, 9, 0, 0, 0, tokyo), 0, "CVE-2024-1001 decide CVE-2025-1001 reject "},
		{time.Date(2026, 1, 14, 0, 0, 0, 0, time.UTC), 14 * 24 * time.Hour, ""},
		{time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC), 14 * 24 * time.Hour, "CVE-2024-1001 decide CVE-2025-1001 reject "},
		{time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), 0, "CVE-2024-1001 decide CVE-2025-1001 reject CVE-2025-1002 decide CVE-2026-1001 reject "},
	} {
		got := ""
		for _, chore := range p.Sweep(c.now, c.grace) {
			got += string(chore.ID) + " " + chore.Do + " "
		}
		if got != c.want {
			t.Errorf("%s: %q", c.now, got)
		}
	}
	if Year(time.Date(2026, 1, 1, 5, 0, 0, 0, tokyo), time.Time{}) != 2025 || Year(time.Now(), time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)) != 2027 {
		t.Error("the year is that of the disclosure, by UTC")
	}
	if n := p.Wanted(2026, 5, 3); n != 3 {
		t.Errorf("wanted %d", n)
	}
	if d := p.Compare(map[ID]State{"CVE-2024-1001": Reserved, "CVE-2025-1001": Rejected, "CVE-2025-1002": Reserved, "CVE-2025-1003": Published, "CVE-2025-1004": Rejected, "CVE-2026-9999": Reserved}); len(d) != 3 ||
		d[0].ID != "CVE-2025-1001" || d[1].Service != "" || d[2].Here != "" {
		t.Errorf("%+v", d)
	}
}
