package notify

import (
	"testing"
	"time"

	"yagura/kernel/peer"
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

func TestTargetsAsTheyStand(t *testing.T) {
	for url, fine := range map[string]bool{
		"https://hooks.example.com/x": true, "http://hooks.example.com": false, "https://127.0.0.1/": false, "https://[::1]/": false, "https://LOCALHOST/": false, "https://localhost./": false,
		"https://u:p@example.com/": false, "file:///etc/passwd": false, "https://": false, "": false, "https://169.254.169.254/latest": false, "https://10.0.0.1/": false,
	} {
		if err := checkURL(url, peer.Reach{}); (err == nil) != fine {
			t.Errorf("%s: %v", url, err)
		}
	}
	for url, fine := range map[string]bool{"http://10.0.0.1/": true, "https://127.0.0.1/": false, "https://169.254.169.254/latest": false} {
		if err := checkURL(url, peer.Reach{Private: true}); (err == nil) != fine {
			t.Errorf("%s, with private addresses: %v", url, err)
		}
	}
}
