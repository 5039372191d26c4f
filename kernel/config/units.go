package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/text"
)

// duration is a whole number and a unit, added up: "90s", "1h30m", "24h", "7d".
func duration(p *time.Duration, least, most time.Duration) value {
	return value{
		read: func(s, _ string) text.Message {
			d, ok := ParseDuration(s)
			if !ok {
				return text.M("%q is not a length of time, such as 90s, 30m, 24h or 7d", s)
			}
			if d < least || d > most {
				return text.M("%q is not from %s to %s", s, FormatDuration(least), FormatDuration(most))
			}
			*p = d
			return fine
		},
		show: func() string { return FormatDuration(*p) },
	}
}

// ParseDuration reads a length of time as settings give it: whole numbers, each
// with s, m, h or d, greatest first.
func ParseDuration(s string) (time.Duration, bool) {
	units := []struct {
		letter byte
		unit   time.Duration
	}{{'d', day}, {'h', time.Hour}, {'m', minute}, {'s', time.Second}}
	var total time.Duration
	next := 0
	if s == "" {
		return 0, false
	}
	for s != "" {
		end := 0
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		n, err := strconv.ParseInt(s[:end], 10, 32)
		if err != nil || end == len(s) {
			return 0, false
		}
		for next < len(units) && units[next].letter != s[end] {
			next++
		}
		if next == len(units) {
			return 0, false
		}
		part := time.Duration(n) * units[next].unit
		if n > int64((1<<62)/units[next].unit) || total > 1<<62-part {
			return 0, false
		}
		total += part
		next++
		s = s[end+1:]
	}
	return total, true
}

// FormatDuration is what ParseDuration reads, with the largest units.
func FormatDuration(d time.Duration) string {
	if d < time.Second {
		return "0s"
	}
	var b strings.Builder
	for _, u := range []struct {
		letter string
		unit   time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", minute}, {"s", time.Second}} {
		if n := d / u.unit; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.letter)
			d -= n * u.unit
		}
	}
	return b.String()
}

var sizes = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

func size(p *int64, least, most int64) value {
	show := func(n int64) string {
		for _, u := range sizes {
			if n >= u.bytes && n%u.bytes == 0 {
				return fmt.Sprintf("%d%s", n/u.bytes, u.name)
			}
		}
		return strconv.FormatInt(n, 10)
	}
	return value{
		read: func(s, _ string) text.Message {
			unit, digits := int64(1), s
			for _, u := range sizes {
				if rest, ok := strings.CutSuffix(s, u.name); ok {
					unit, digits = u.bytes, strings.TrimSpace(rest)
					break
				}
			}
			n, err := strconv.ParseInt(digits, 10, 64)
			if err != nil || n < 0 || n > 1<<62/unit {
				return text.M("%q is not a size, such as 512MiB or 4GiB", s)
			}
			if n *= unit; n < least || n > most {
				return text.M("%q is not from %s to %s", s, show(least), show(most))
			}
			*p = n
			return fine
		},
		show: func() string { return show(*p) },
	}
}
