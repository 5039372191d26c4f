package backtest

import (
	"fmt"
	"testing"
	"time"
)

func TestTallyCountsByDay(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Skip(err)
	}
	from := time.Date(2026, 11, 1, 15, 0, 0, 0, time.UTC) // midnight of the 2nd in Tokyo
	c := New(from, from.AddDate(0, 0, 7), zone, 2)
	for i := range 7 * 24 {
		at := from.Add(time.Duration(i) * time.Hour)
		c.Event(at)
		if i%12 == 0 {
			h := Hit{Time: at, Event: fmt.Sprint(i), Host: fmt.Sprintf("pc%d", i%24), User: "u"}
			if i < 24 {
				h.Incident = "INC-1"
			}
			h.Hidden = i >= 24*6
			c.Hit(h)
		}
	}
	r := c.Result()
	if r.Events != 168 || r.Hits != 14 || r.WithData != 7 || len(r.Days) != 7 || r.Days[0].Day != "2026-11-02" || r.Days[0].Hits != 2 || r.Days[6].Hidden != 2 {
		t.Errorf("%+v", r)
	}
	if r.PerDay != 12.0/7 || !r.Within || r.Confirmed != 2 || r.Hidden != 2 || r.HiddenIn != 0 || r.Incidents[0].Name != "INC-1" {
		t.Errorf("%+v", r)
	}
	if len(r.Hosts) != 2 || r.Hosts[0].Hits != 7 || r.Users[0].Hits != 14 {
		t.Errorf("%+v", r)
	}
	c.Hit(Hit{Time: from})
	c.Hit(Hit{Time: from})
	c.Hit(Hit{Time: from})
	if r := c.Result(); r.Within || r.Most != 5 {
		t.Errorf("over the budget: %+v", r)
	}
}

func TestThingsAreBoundedAndHitsAreNot(t *testing.T) {
	c := New(time.Time{}, time.Time{}, time.UTC, 0)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range mostThings + 10 {
		c.Hit(Hit{Time: at, Host: fmt.Sprint(i)})
	}
	r := c.Result()
	if r.Hits != mostThings+10 || !r.Many || len(r.Hosts) != shownThings || len(r.Days) != 1 || !r.Within {
		t.Errorf("%d hits, many %v, %d hosts, %d days", r.Hits, r.Many, len(r.Hosts), len(r.Days))
	}
}
