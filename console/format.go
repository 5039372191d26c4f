package console

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/text"
)

// formatInt groups by thousands, as both languages do.
func formatInt(n int64) string {
	s := strconv.FormatInt(n, 10)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if neg {
		return "−" + s
	}
	return s
}

func formatNumber(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return formatInt(int64(v))
	}
	whole, frac := math.Modf(math.Abs(v))
	s := formatInt(int64(whole)) + strings.TrimLeft(strconv.FormatFloat(frac, 'f', 1, 64), "0")
	if frac >= 0.95 {
		s = formatInt(int64(whole) + 1)
	}
	if v < 0 {
		return "−" + s
	}
	return s
}

func formatPercent(part, whole float64) string {
	if whole == 0 {
		return ""
	}
	p := part / whole * 100
	// 99.96 % of something is not all of it, and one of 10,000 is not none.
	switch r := math.Round(p*10) / 10; {
	case r == 100 && part < whole:
		return "99.9"
	case r == 0 && part > 0:
		return "0.1"
	default:
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
}

// formatBytes uses binary units, as file managers do.
func formatBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), 0
	for v >= 1024 && unit < 5 {
		v, unit = v/1024, unit+1
	}
	s := strconv.FormatFloat(v, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0") + " " + []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}[unit]
}

// printed is the moment of a page for paper.
func printed(c *Context) string {
	return formatTime(c.Now, c.Zone) + " " + c.Now.In(c.Zone).Format("MST") + " (" + formatUTC(c.Now) + ")"
}

func formatUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func formatTime(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(zone).Format("2006-01-02 15:04")
}

// span is a length of time in at most two units: "5 h 40 min", "2 d 3 h", "9 d".
func span(d time.Duration) text.Message {
	d = d.Abs()
	minutes := int(d.Minutes())
	days, hours, minutes := minutes/1440, minutes/60%24, minutes%60
	switch {
	case days >= 7, days > 0 && hours == 0:
		return text.M("%d d", days)
	case days > 0:
		return text.M("%d d %d h", days, hours)
	case hours >= 6, hours > 0 && minutes == 0:
		return text.M("%d h", hours)
	case hours > 0:
		return text.M("%d h %d min", hours, minutes)
	case minutes > 0:
		return text.M("%d min", minutes)
	}
	return text.M("less than a minute")
}

// ago is the distance of a moment from now, either way.
func ago(t, now time.Time) text.Message {
	d := now.Sub(t)
	switch {
	case d.Abs() < time.Minute:
		return text.M("just now")
	case d > 0:
		return text.M("%s ago", span(d))
	}
	return text.M("in %s", span(d))
}

// due is what is left until a deadline.
func due(t, now time.Time) text.Message {
	if d := t.Sub(now); d < 0 {
		return text.M("%s overdue", span(d))
	} else {
		return text.M("%s left", span(d))
	}
}

// defaultZone is that of a reader who is not signed in.
func defaultZone(lang text.Lang) *time.Location {
	if lang == text.JA {
		return tokyo
	}
	return time.UTC
}

// Japan has had no summer time since 1951, so no table of zones is needed.
var tokyo = time.FixedZone("JST", 9*60*60)

func urlEscape(s string) string { return url.QueryEscape(s) }

// attachment is a Content-Disposition with a name in any script (RFC 6266).
func attachment(name string) string {
	var ascii strings.Builder
	for _, r := range name {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`"\/;`, r) {
			r = '_'
		}
		ascii.WriteRune(r)
	}
	return `attachment; filename="` + ascii.String() + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}
