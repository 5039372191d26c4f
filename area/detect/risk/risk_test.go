package risk

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-5*max(1, math.Abs(b)) }

func TestPoints(t *testing.T) {
	for _, c := range []struct {
		level  int
		trial  bool
		weight int64
		want   float64
	}{{0, false, 100, 1}, {1, false, 100, 5}, {2, false, 100, 15}, {3, false, 100, 40}, {4, false, 100, 100}, {4, true, 100, 50}, {3, false, 300, 120}, {1, true, 50, 1.25},
		{4, false, 0, 0}, {9, false, 100, 100}, {-1, false, 100, 1}, {4, false, 1e9, Most}} {
		if got := float64(Points(c.level, c.trial, c.weight)) / One; !near(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestDecay is a table: points given so long ago are worth so much.
func TestDecay(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 13, 7, 0, 0, time.UTC)
	for _, zone := range []*time.Location{time.UTC, tokyo} {
		m := Model{HalfLife: 7 * 24 * time.Hour, Zone: zone}
		for _, c := range []struct {
			ago  time.Duration
			want float64
		}{{0, 100}, {time.Hour, 99.58825}, {24 * time.Hour, 90.57237}, {3*24*time.Hour + 12*time.Hour, 70.71068}, {7 * 24 * time.Hour, 50}, {14 * 24 * time.Hour, 25}, {70 * 24 * time.Hour, 0.09765625}} {
			at := now.Add(-c.ago)
			days := []Day{{m.End(at), m.Weigh(100*One, at)}}
			if got := m.Score(days, now); !near(got, c.want) {
				t.Errorf("%v ago in %v: %v, not %v", c.ago, zone, got, c.want)
			}
			if got := m.ScoreOf(m.Rank(days), now); !near(got, c.want) {
				t.Errorf("%v ago by rank: %v, not %v", c.ago, got, c.want)
			}
		}
		// nothing of tomorrow counts today
		if got := m.Score([]Day{{m.End(now.AddDate(0, 0, 1)), 100 * One}}, now); got != 0 {
			t.Errorf("from the future: %v", got)
		}
	}
	if Standard.Rank(nil) != 0 || Standard.Rank([]Day{{now, 0}}) != 0 || Standard.ScoreOf(0, now) != 0 {
		t.Error("nothing has a rank")
	}
}

// TestOrderAndTakingBack: sums do not depend on order, and what is taken back
// leaves nothing behind; the order by rank is that by score at any moment.
func TestOrderAndTakingBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	now := time.Date(2026, 11, 23, 13, 7, 0, 0, time.UTC)
	m := Standard
	type given struct {
		points int64
		at     time.Time
	}
	sum := func(gs []given) []Day {
		by := map[time.Time]int64{}
		for _, g := range gs {
			by[m.End(g.at)] += m.Weigh(g.points, g.at)
		}
		var days []Day
		for end, w := range by {
			days = append(days, Day{end, w})
		}
		return days
	}
	var last []Day
	for range 200 {
		var gs []given
		exact := 0.0
		for range 1 + r.IntN(30) {
			g := given{r.Int64N(200 * One), now.Add(-time.Duration(r.Int64N(int64(60 * 24 * time.Hour))))}
			gs = append(gs, g)
			exact += float64(g.points) / One * m.Fade(now.Sub(g.at))
		}
		days := sum(gs)
		if got := m.Score(days, now); math.Abs(got-exact) > 1e-3 {
			t.Fatalf("%v, not %v", got, exact)
		}
		r.Shuffle(len(gs), func(i, j int) { gs[i], gs[j] = gs[j], gs[i] })
		if got := m.Rank(sum(gs)); got != m.Rank(days) {
			t.Fatalf("rank %d, then %d", m.Rank(days), got)
		}
		if last != nil {
			for _, at := range []time.Time{now, now.AddDate(0, 0, 100)} {
				a, b := m.Score(days, at), m.Score(last, at)
				if math.Abs(a-b) > 1e-3*max(a, b) && (a > b) != (m.Rank(days) > m.Rank(last)) {
					t.Fatalf("%v and %v, ranks %d and %d", a, b, m.Rank(days), m.Rank(last))
				}
			}
		}
		last = days
	}
}

func TestSeries(t *testing.T) {
	m := Standard
	now := time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)
	at := now.AddDate(0, 0, -3)
	s := m.Series([]Day{{m.End(at), m.Weigh(100*One, at)}}, now, 14)
	if len(s) != 14 || s[9] != 0 || s[10] == 0 || s[13] >= s[12] || !near(s[13], 100*m.Fade(72*time.Hour)) {
		t.Errorf("%v", s)
	}
}
