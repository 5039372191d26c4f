package demo

import (
	"iter"
	"math"
	"strings"
	"time"

	"yagura/area/detect/rules"
)

// AlertDay is how many alerts of each level one day brought. Day is midnight
// in Japan.
type AlertDay struct {
	Day                         time.Time
	Critical, High, Medium, Low int
}

// Total is the height of the column.
func (d AlertDay) Total() int { return d.Critical + d.High + d.Medium + d.Low }

// Of returns the count of a level.
func (d AlertDay) Of(level string) int {
	switch level {
	case "critical":
		return d.Critical
	case "high":
		return d.High
	case "medium":
		return d.Medium
	}
	return d.Low
}

// Days returns the 365 days before the one of now, oldest first: from over
// fifty a day to under thirty, a little less in the weeks of the holidays, and
// a bad day eight days ago.
func (h History) Days() []AlertDay {
	r := source(h.seed, 2)
	japan := zone("Asia/Tokyo")
	l := h.now.In(japan)
	today := time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, japan)
	out := make([]AlertDay, 0, 365)
	for ago := 365; ago >= 1; ago-- {
		day := today.AddDate(0, 0, -ago)
		a := float64(ago) / 365
		wave := math.Sin(float64(ago) / 17)
		season := 1.0
		switch m, d := day.Month(), day.Day(); {
		case m == time.December && d > 28, m == time.January && d < 4, m == time.August && d > 10 && d < 17, m == time.May && d > 2 && d < 7:
			season = 0.65
		case m == time.April, m == time.December:
			season = 1.12
		}
		about := func(base float64) int { return max(0, int(base*season+r.Float64()*3-1)) }
		d := AlertDay{
			Day:    day,
			Low:    about(12 + 14*a + 4*wave),
			Medium: about(11 + 6*a - 3*wave),
			High:   about(4 + 4*a),
		}
		if r.Float64() < 0.35+0.5*a {
			d.Critical = 1
		}
		if ago == 8 {
			d.High, d.Critical = d.High+5, 4
		}
		out = append(out, d)
	}
	return out
}

// Alert is one of the past: hits of one rule on one host that were looked at.
type Alert struct {
	Rule        string // id of a rule of the starter pack
	Level       string
	Unit        string
	Host, User  string
	First, Last time.Time
	Count       int
	State       string // dismissed or raised
	By          string
	Decided     time.Time
	Reason      Text
}

var reasons = []Text{
	{"Agreed maintenance of the supplier", "合意済みの業者保守作業"},
	{"Administrator's own work, confirmed by telephone", "管理者本人の作業(電話で確認)"},
	{"Deployment of the software distribution", "ソフトウェア配布による動作"},
	{"The user mistyped, no sign of another person", "利用者の誤入力であり第三者の形跡なし"},
	{"Commissioned test", "委託した診断による検知"},
	{"Known equipment; moved to its own network", "既知の機器。専用網へ移設済み"},
}

// Alerts yields the past alerts of the last days given, in order of First;
// their number on each day and level is that of Days.
func (h History) Alerts(days int) iter.Seq[Alert] {
	return func(yield func(Alert) bool) {
		all, err := rules.Pack()
		if err != nil {
			return
		}
		byLevel := map[string][]rules.Rule{}
		for _, rule := range all {
			byLevel[rule.Level] = append(byLevel[rule.Level], rule)
		}
		c := newCast(h.seed)
		past := h.Days()
		start := max(0, len(past)-days)
		for di, d := range past[start:] {
			// From about six hours until somebody decided down to under two.
			slow := time.Duration(100+260*(len(past)-start-di)/len(past)) * time.Minute
			r := source(h.seed, 1000+uint64(d.Day.Unix()/86400))
			left := map[string]int{"critical": d.Critical, "high": d.High, "medium": d.Medium, "low": d.Low}
			n := d.Total()
			for i := range n {
				level := ""
				for at := r.IntN(n - i); level == ""; {
					for _, l := range []string{"critical", "high", "medium", "low"} {
						if at < left[l] {
							level = l
							break
						}
						at -= left[l]
					}
				}
				left[level]--
				rule := pick(r, byLevel[level])
				s := c.sites[c.weighted(r)]
				for aboutPlants(rule.Slug) && len(s.machines) == 0 {
					s = c.sites[c.weighted(r)]
				}
				first := d.Day.Add(time.Duration((float64(i) + r.Float64()) / float64(n) * float64(24*time.Hour))).UTC().Truncate(time.Second)
				a := Alert{Rule: rule.ID, Level: level, Unit: s.unit.ID, First: first, Count: 1 + int(r.ExpFloat64()*3)}
				a.Last = first.Add(time.Duration(a.Count-1) * time.Duration(10+r.IntN(200)) * time.Second)
				a.Host, a.User = s.witness(r, rule.Slug)
				_, a.By, _ = responsible(s.unit, r)
				a.Decided = a.Last.Add(time.Duration(r.Float64() * float64(slow))).Truncate(time.Second)
				a.State, a.Reason = "dismissed", pick(r, reasons)
				if level == "critical" || (level == "high" && r.IntN(6) == 0) {
					a.State, a.Reason = "raised", Text{}
				}
				if a.Decided.After(h.now) {
					a.Decided = h.now
				}
				if !yield(a) {
					return
				}
			}
		}
	}
}

// aboutPlants reports whether a rule can only fire where there are machines.
func aboutPlants(slug string) bool {
	return strings.HasPrefix(slug, "ot/") || strings.Contains(slug, "plc") || strings.Contains(slug, "plant")
}

// witness names the host and the user of a past alert in the manner of its log.
func (s *site) witness(r interface{ IntN(int) int }, slug string) (host, user string) {
	area, _, _ := strings.Cut(slug, "/")
	who := s.users[r.IntN(len(s.users))].login
	switch {
	case (area == "linux" || area == "server") && len(s.linux) > 0:
		return s.linux[r.IntN(len(s.linux))], ""
	case area == "network":
		return "fw-" + s.unit.Code, ""
	case area == "ot":
		return "ot-" + s.unit.Code, ""
	case area == "cloud", area == "identity":
		return "", who
	case aboutPlants(slug) && len(s.machines) > 0:
		return s.machines[r.IntN(len(s.machines))], who
	}
	return s.stations[r.IntN(len(s.stations))], who
}
