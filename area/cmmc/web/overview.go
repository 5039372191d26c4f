package web

import (
	"math"
	"strconv"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/text"
)

// overview adds what the first page shows of CMMC.
func (p *pages) overview(a *console.Area) {
	a.Tiles = []console.Tile{{Act: cmmc.Survey, Order: 25, Figure: p.tile}}
	a.Posture = []console.Measure{{Act: cmmc.Survey, Order: 5, Label: text.M("CMMC"), WarnBelow: 0.999, BadBelow: 0.8, Of: p.posture,
		Definition: text.M("Points of all enclaves of the unit as a share of all that can be had, by the low ends of their scores. Four fifths are the least for a Conditional status of one enclave.")}}
	a.Clocks = p.clocks
}

// tile is the mean score of the enclaves that are measured by points.
func (p *pages) tile(c *console.Context) (console.Figure, error) {
	rows, err := p.s.Standings(c.Context(), c.Actor, cmmc.Filter{Unit: c.Unit, Trend: true})
	f := console.Figure{Label: text.M("CMMC Level 2 score"), Unit: text.Literal("/ " + strconv.Itoa(catalog.Of(2).Max)), Href: "/cmmc", Note: text.M("no enclave of Level 2"),
		Definition: text.M("Mean of the low ends of the scores of all Level 2 enclaves: what is unknown counts as not met. 88 is the least for a Conditional status. The line shows 13 weeks.")}
	if err != nil {
		return f, err
	}
	var two []cmmc.Row
	sum, under, lose := 0, 0, 0
	for _, r := range rows {
		if r.Level != 2 {
			continue
		}
		two = append(two, r)
		sum += r.Live.Low
		if below(r) {
			under++
		}
		if losing(r) {
			lose++
		}
	}
	if len(two) == 0 {
		return f, nil
	}
	f.Value = minus(int(math.Floor(float64(sum) / float64(len(two)))))
	f.Trend = sums(two)
	for i := range f.Trend {
		f.Trend[i] /= float64(len(two))
	}
	_, f.TrendTone = gain(f.Trend)
	switch {
	case lose > 0:
		f.Tone, f.Note = console.Bad, text.M("%d of %d about to lose what they hold", lose, len(two))
	case under > 0:
		f.Tone, f.Note = console.Warn, text.M("%d of %d below a lawful Conditional", under, len(two))
	default:
		f.Tone, f.Note = console.Good, text.M("all %d at a lawful status", len(two))
	}
	return f, nil
}

// posture is the share of points by unit.
func (p *pages) posture(c *console.Context, units []string) (map[string]console.Share, error) {
	rows, err := p.s.Standings(c.Context(), c.Actor, cmmc.Filter{})
	if err != nil {
		return nil, err
	}
	direct := map[string]console.Share{}
	for _, r := range rows {
		if r.Level < 2 {
			continue
		}
		s := direct[r.Unit]
		direct[r.Unit] = console.Share{Part: s.Part + float64(max(r.Live.Low, 0)), Whole: s.Whole + float64(catalog.Of(r.Level).Max)}
	}
	return console.RollUp(c.Actor.Units(), units, direct), nil
}

// clocks are the Conditional statuses that run out.
func (p *pages) clocks(c *console.Context, limit int) (list []console.Clock, err error) {
	rows, err := p.s.Standings(c.Context(), c.Actor, cmmc.Filter{Unit: c.Unit})
	for _, r := range rows {
		if r.Life == score.LifeConditional && len(list) < limit {
			list = append(list, console.Clock{Title: r.Label(c.Lang), Label: text.M("CMMC: day 180 of the plan of action"), Href: r.Href() + "/plan", Start: r.Status.Conditional, Due: endOf(r.CloseOut)})
		}
	}
	return list, err
}
