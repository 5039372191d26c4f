// Package risk says how much alerts on one thing weigh together. It knows no
// database. Each alert gives points once; points halve with every HalfLife. The
// score at a moment is a pure function of the points and that moment.
//
// Points are kept per day, each discounted to the end of its day as a whole
// number of millionths. So sums are exact, do not depend on the order in which
// alerts came, and points can be taken back to the last millionth.
package risk

import (
	"math"
	"time"
)

// One is a point in the unit in which points are kept.
const One = 1_000_000

// Most is the most points that one alert can give.
const Most = 2000

// ByLevel are the points of an alert by its level, mildest first:
// informational, low, medium, high, critical.
var ByLevel = [5]float64{1, 5, 15, 40, 100}

// Points are what an alert gives: by its level, half where its rule is still on
// trial, times the weight of what it is about in per cent.
func Points(level int, trial bool, weight int64) int64 {
	p := ByLevel[min(max(level, 0), len(ByLevel)-1)]
	if trial {
		p /= 2
	}
	return int64(math.Round(min(p*float64(weight)/100, Most) * One))
}

// Model says how points fade.
type Model struct {
	HalfLife time.Duration
	Zone     *time.Location // where a day begins
}

// Standard is the model where nothing else is said.
var Standard = Model{HalfLife: 7 * 24 * time.Hour, Zone: time.UTC}

// End is the end of the day in which a moment lies.
func (m Model) End(at time.Time) time.Time {
	l := at.In(m.Zone)
	return time.Date(l.Year(), l.Month(), l.Day()+1, 0, 0, 0, 0, m.Zone)
}

// Fade is what is left of a point after a while; more than one before it began.
func (m Model) Fade(after time.Duration) float64 {
	return math.Exp2(-float64(after) / float64(m.HalfLife))
}

// Weigh is what points given at a moment weigh at the end of its day.
func (m Model) Weigh(points int64, at time.Time) int64 {
	return int64(math.Round(float64(points) * m.Fade(m.End(at).Sub(at))))
}

// Day is what the alerts of one day weigh at its end.
type Day struct {
	End    time.Time
	Weight int64
}

// Score is the sum of what is left at a moment of all days up to its own.
func (m Model) Score(days []Day, now time.Time) (score float64) {
	end := m.End(now)
	for _, d := range days {
		if !d.End.After(end) {
			score += float64(d.Weight) / One * m.Fade(now.Sub(d.End))
		}
	}
	return score
}

// Series are the scores at the ends of the last n days, oldest first; the last
// is that of now.
func (m Model) Series(days []Day, now time.Time, n int) []float64 {
	series := make([]float64, n)
	for i := range series {
		at := now
		if i < n-1 {
			l := now.In(m.Zone)
			at = time.Date(l.Year(), l.Month(), l.Day()+i+2-n, 0, 0, 0, 0, m.Zone).Add(-time.Millisecond)
		}
		series[i] = m.Score(days, at)
	}
	return series
}

// epoch is a fixed moment to which ranks refer.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Rank puts things in the order of their scores, whenever they are compared: as
// all points fade alike, the order changes only when points come or go. 0 = none.
func (m Model) Rank(days []Day) int64 {
	if len(days) == 0 {
		return 0
	}
	last := days[0].End
	for _, d := range days {
		if d.End.After(last) {
			last = d.End
		}
	}
	sum := 0.0
	for _, d := range days {
		sum += float64(d.Weight) / One * m.Fade(last.Sub(d.End))
	}
	if sum < 1e-9 {
		return 0
	}
	return int64(math.Round(1e6 * (math.Log2(sum) + float64(last.Sub(epoch))/float64(m.HalfLife) + 64)))
}

// ScoreOf is the score at a moment of what has a rank.
func (m Model) ScoreOf(rank int64, now time.Time) float64 {
	if rank <= 0 {
		return 0
	}
	return math.Exp2(float64(rank)/1e6 - 64 - float64(now.Sub(epoch))/float64(m.HalfLife))
}
