package sigma

import (
	"strconv"
	"strings"
	"time"
)

// Forms in which logs write a time, tried in order. Nothing is converted
// between zones: the part is the one that stands in the text.
var timeForms = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05.999999999 UTC",
	"2006-01-02T15:04:05.999999999-0700", "2006-01-02", "2006/01/02 15:04:05", time.RFC1123Z, time.RFC1123,
	"02/Jan/2006:15:04:05 -0700",
}

// timePart takes one part out of a time: minute 0–59, hour 0–23, day 1–31,
// week 1–53 (ISO 8601), month 1–12, year. A bare number is seconds since 1970
// in UTC, from 10^11 on milliseconds.
func timePart(v []byte, unit string) (int, bool) {
	s := strings.TrimSpace(string(v))
	if s == "" || len(s) > 64 {
		return 0, false
	}
	t, ok := parseTime(s)
	if !ok {
		return 0, false
	}
	switch unit {
	case "minute":
		return t.Minute(), true
	case "hour":
		return t.Hour(), true
	case "day":
		return t.Day(), true
	case "week":
		_, w := t.ISOWeek()
		return w, true
	case "month":
		return int(t.Month()), true
	}
	return t.Year(), true
}

func parseTime(s string) (time.Time, bool) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		switch {
		case n < 0 || n > 1e14:
			return time.Time{}, false
		case n >= 1e11:
			return time.UnixMilli(int64(n)).UTC(), true
		case n >= 1e8:
			return time.Unix(int64(n), 0).UTC(), true
		}
		return time.Time{}, false
	}
	for _, f := range timeForms {
		if t, err := time.Parse(f, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
