package notify

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func TestAwake(t *testing.T) {
	tokyo, _ := time.LoadLocation("Asia/Tokyo")
	berlin, _ := time.LoadLocation("Europe/Berlin")
	night := Preferences{QuietFrom: 22 * 60, QuietTo: 7 * 60}
	for _, c := range []struct {
		name string
		p    Preferences
		now  string
		zone *time.Location
		want string
	}{
		{"by day", night, "2026-11-24T12:00:00+09:00", tokyo, "2026-11-24T12:00:00+09:00"},
		{"in the evening", night, "2026-11-24T22:00:00+09:00", tokyo, "2026-11-25T07:00:00+09:00"},
		{"in the morning", night, "2026-11-24T06:59:59+09:00", tokyo, "2026-11-24T07:00:00+09:00"},
		{"at the end", night, "2026-11-24T07:00:00+09:00", tokyo, "2026-11-24T07:00:00+09:00"},
		{"none", Preferences{QuietFrom: 60, QuietTo: 60}, "2026-11-24T01:00:00+09:00", tokyo, "2026-11-24T01:00:00+09:00"},
		{"lunch", Preferences{QuietFrom: 12 * 60, QuietTo: 13 * 60}, "2026-11-24T12:30:00+09:00", tokyo, "2026-11-24T13:00:00+09:00"},
		{"weekend", Preferences{QuietFrom: 22 * 60, QuietTo: 7 * 60, QuietDays: []time.Weekday{6, 0}}, "2026-11-27T23:00:00+09:00", tokyo, "2026-11-30T07:00:00+09:00"},
		{"weekend without hours", Preferences{QuietDays: []time.Weekday{6, 0}}, "2026-11-28T23:00:00+09:00", tokyo, "2026-11-30T00:00:00+09:00"},
		{"the hour that does not exist", Preferences{QuietFrom: 22 * 60, QuietTo: 2*60 + 30}, "2026-03-29T01:00:00+01:00", berlin, "2026-03-29T03:30:00+02:00"},
	} {
		now, _ := time.Parse(time.RFC3339, c.now)
		want, _ := time.Parse(time.RFC3339, c.want)
		if got := c.p.Awake(now, c.zone); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", c.name, got.In(c.zone), want)
		}
	}
	if got := (Preferences{Mail: NoMail}); true {
		if way, _ := got.route(true, time.Time{}, tokyo); way != byInbox {
			t.Error("mail to who wants none")
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	for _, s := range []string{"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "255.255.255.255", "224.0.0.1", "198.18.0.1",
		"::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "2001::1"} {
		if public(netip.MustParseAddr(s)) {
			t.Errorf("%s passes for public", s)
		}
	}
	for _, s := range []string{"8.8.8.8", "203.0.112.1", "2606:4700::1111", "2400::1"} {
		if !public(netip.MustParseAddr(s)) {
			t.Errorf("%s is refused", s)
		}
	}
	for url, fine := range map[string]bool{
		"https://hooks.example.com/x": true, "http://hooks.example.com": false, "https://127.0.0.1/": false, "https://[::1]/": false, "https://LOCALHOST/": false,
		"https://u:p@example.com/": false, "file:///etc/passwd": false, "https://": false, "": false, "https://169.254.169.254/latest": false,
	} {
		if err := checkURL(url, false); (err == nil) != fine {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// A name can't smuggle a private address in: what counts is where the
// connection goes.
func TestCallerRefusesPrivateAddresses(t *testing.T) {
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	for _, url := range []string{inside.URL, "http://localhost" + inside.URL[len("http://127.0.0.1"):]} {
		if _, err := newCaller(false).Get(url); !errors.Is(err, errPrivate) || reached {
			t.Errorf("%s: %v", url, err)
		}
		if _, err := newCaller(true).Get(url); err != nil || !reached {
			t.Errorf("%s, allowed: %v", url, err)
		}
		reached = false
	}
}
