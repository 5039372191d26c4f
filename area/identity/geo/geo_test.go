package geo_test

import (
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yagura/area/identity/geo"
	"yagura/area/identity/geo/geotest"
)

var (
	now   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tokyo = geo.Point{Country: "JP", Latitude: 35.68, Longitude: 139.77, Located: true}
	paris = geo.Point{Country: "FR", Latitude: 48.86, Longitude: 2.35, Located: true}
	hanoi = geo.Point{Country: "VN"}
)

func TestLookup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	geotest.Write(t, path, geotest.Network{Prefix: "198.51.0.0/16", Point: tokyo}, geotest.Network{Prefix: "198.51.100.0/24", Point: paris},
		geotest.Network{Prefix: "2001:db8::/32", Point: hanoi}, geotest.Network{Prefix: "203.0.113.0/24", Point: geo.Point{}})
	f := geo.Open(path, now)
	if s := f.State(now); s.Problem != nil || s.Kind != "Test-City" || s.Built.Year() != 2026 {
		t.Fatalf("%+v", s)
	}
	for address, want := range map[string]geo.Point{
		"198.51.7.7": tokyo, "::ffff:198.51.7.7": tokyo, "198.51.100.1": paris, "2001:db8:5::1": hanoi, "203.0.113.1": {}, "10.0.0.1": {}, "::1": {},
	} {
		if got := f.Of(netip.MustParseAddr(address), now); got != want {
			t.Errorf("%s: %+v, want %+v", address, got, want)
		}
	}
	if got := f.Of(netip.Addr{}, now); got != (geo.Point{}) {
		t.Errorf("no address: %+v", got)
	}
	if km := tokyo.Kilometres(paris); math.Abs(km-9711) > 15 {
		t.Errorf("Tokyo to Paris: %.0f km", km)
	}
}

// TestTheFileIsReadAnew replaces the file, damages it and takes it away.
func TestTheFileIsReadAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	address := netip.MustParseAddr("198.51.7.7")
	at := now
	f := geo.Open(path, at)
	step := func(want string, problem bool) {
		t.Helper()
		at = at.Add(time.Minute)
		if got := f.Of(address, at).Country; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if s := f.State(at); (s.Problem != nil) != problem {
			t.Errorf("%+v", s)
		}
	}
	stamp := func(n int) {
		if err := os.Chtimes(path, now, now.Add(time.Duration(n)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	step("", true)
	geotest.Write(t, path, geotest.Network{Prefix: "198.51.0.0/16", Point: tokyo})
	stamp(1)
	step("JP", false)
	geotest.Write(t, path, geotest.Network{Prefix: "198.51.0.0/16", Point: paris})
	stamp(2)
	if got := f.Of(address, at.Add(time.Second)).Country; got != "JP" {
		t.Errorf("looked again at once: %s", got)
	}
	step("FR", false)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n, broken := range [][]byte{raw[:len(raw)/2], []byte("nothing"), {}} {
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		stamp(3 + n)
		step("FR", true)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	step("FR", true)
	if f := geo.Open("", now); f.Of(address, now) != (geo.Point{}) || f.State(now) != (geo.State{}) {
		t.Error("without a file it knows something")
	}
}
