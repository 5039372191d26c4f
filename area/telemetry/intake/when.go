package intake

import (
	"strconv"
	"strings"
	"time"
)

// Layouts of times that products write. Those without a zone are taken to be
// in the zone of the source.
var layouts = []string{
	"2006-01-02T15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999 Z07:00",
	"2006-01-02 15:04:05.999999999 -0700",
	"2006-01-02 15:04:05.999999999 MST",
	"2006/01/02 15:04:05.999999999",
	"1/2/2006, 3:04:05.999999999 PM", // Azure's exports
	"Jan _2 2006 15:04:05",
	"02/Jan/2006:15:04:05 -0700",
	"Mon Jan _2 15:04:05 2006",
	"Mon, 02 Jan 2006 15:04:05 -0700",
	"Mon, 02 Jan 2006 15:04:05 MST",
}

// ParseTime reads a time as products write it: RFC 3339 and its relatives,
// "2006-01-02 15:04:05.000", seconds, milliseconds, microseconds or
// nanoseconds since 1970 (told apart by their size), and /Date(ms)/. Times
// without a zone are taken to be in zone, nil meaning UTC. The result is UTC.
func ParseTime(s string, zone *time.Location) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 8 || len(s) > 64 {
		return time.Time{}, false
	}
	if inner, ok := strings.CutPrefix(s, "/Date("); ok {
		s, _, _ = strings.Cut(inner, ")")
	}
	if zone == nil {
		zone = time.UTC
	}
	if t, ok := epoch(s); ok {
		return t, true
	}
	for _, l := range layouts {
		if len(s) > 10 && s[4] == '-' != (l[4] == '-') {
			continue
		}
		if t, err := time.ParseInLocation(l, s, zone); err == nil && plausible(t) {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// epoch reads a number since 1970. Below 10^11 it counts seconds, below 10^14
// milliseconds, below 10^17 microseconds, above nanoseconds.
func epoch(s string) (time.Time, bool) {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' {
			if c|0x20 != 'e' && c != '+' || i == 0 {
				return time.Time{}, false
			}
		}
	}
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(fraction, "eE+.") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f < 0 || f > 9e18 {
			return time.Time{}, false
		}
		n, fraction = int64(f), ""
	}
	var t time.Time
	switch {
	case n < 1e8:
		return t, false // before 1973: rather a counter than a time
	case n < 1e11:
		for len(fraction) < 9 {
			fraction += "0"
		}
		ns, err := strconv.ParseInt(fraction[:9], 10, 64)
		if err != nil {
			return t, false
		}
		t = time.Unix(n, ns)
	case n < 1e14:
		t = time.UnixMilli(n)
	case n < 1e17:
		t = time.UnixMicro(n)
	default:
		t = time.Unix(0, n)
	}
	return t.UTC(), plausible(t)
}

func plausible(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 2200 }
