package web

import (
	"math"
	"net/url"
	"slices"
	"strings"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// mapPage is the group: what needs somebody, whether it gets better, which unit is
// worst, and every enclave.
type mapPage struct {
	Tabs    []console.Tab
	Figures []console.Figure
	Needs   []console.WorkItem
	More    int // needs that are not shown
	Trend   chart.Chart
	Heat    chart.Chart
	Hidden  int // enclaves that the heat map leaves out
	Units   *console.Table
	By      []console.Tab
	Table   console.Table
	None    bool
	Manage  bool
}

var statuses = []score.Status{score.Final, score.Conditional, score.None, score.NoAssessment, score.NotEligible}

func statusOptions() []console.Option {
	list := []console.Option{{Value: "below", Label: text.M("Below a lawful Conditional")}, {Value: "losing", Label: text.M("About to lose what it holds")}}
	for _, s := range statuses {
		list = append(list, console.Option{Value: string(s), Label: cmmc.StatusLabel(s)})
	}
	return list
}

// row is an enclave with its name in the reader's language, by which it is sorted.
type row struct {
	cmmc.Row
	label, unit string
}

var enclaves = console.List[row]{
	Name: "cmmc-enclaves", Caption: text.M("Enclaves"), Sort: "score",
	Columns: []console.Column[row]{
		{Key: "name", Head: text.M("Enclave"), Sort: true, Value: func(r row) any { return r.label },
			Cell: func(c *console.Context, r row) console.Cell {
				return console.Stack(console.Strong(r.Href(), r.label), console.Text(entityName(c, r.Row)))
			}},
		{Key: "unit", Head: text.M("Unit"), Sort: true, Value: func(r row) any { return r.unit }},
		{Key: "level", Head: text.M("Level"), Sort: true, Num: true, Value: func(r row) any { return r.Level }},
		{Key: "score", Head: text.M("Score§cmmc"), Sort: true, Num: true, Value: func(r row) any { return scored(r.Live) },
			Cell: func(_ *console.Context, r row) console.Cell {
				return console.Link(r.Href()+"/plan", scored(r.Live))
			}},
		{Key: "status", Head: text.M("Worth today"), Sort: true, Value: func(r row) any { return cmmc.StatusLabel(r.Live.Status) },
			Cell: func(_ *console.Context, r row) console.Cell { return statusCell(r.Live.Status) }},
		{Key: "holds", Head: text.M("Holds§status"), Sort: true, Value: func(r row) any { return lifeLabel(r.Life) },
			Cell: func(_ *console.Context, r row) console.Cell {
				if losing(r.Row) {
					return console.Stack(console.Chip(lifeTone(r.Life), lifeLabel(r.Life)), console.Say(text.M("its state no longer bears it")))
				}
				return console.Chip(lifeTone(r.Life), lifeLabel(r.Life))
			}},
		{Key: "closeout", Head: text.M("Day 180"), Sort: true, Value: func(r row) any { return r.CloseOut },
			Cell: func(_ *console.Context, r row) console.Cell {
				if r.CloseOut.IsZero() {
					return console.Text("")
				}
				return console.Due(endOf(r.CloseOut))
			}},
		{Key: "said", Head: text.M("As assessed"), Num: true, Value: func(r row) any { return scored(r.Said) }},
		{Key: "open", Head: text.M("Open requirements"), Sort: true, Num: true, Value: func(r row) any { return r.Live.Open },
			Cell: func(_ *console.Context, r row) console.Cell {
				if r.Live.Open == 0 {
					return console.Text("0")
				}
				return console.Link(r.Href()+"/plan", minus(r.Live.Open))
			}},
		{Key: "trend", Head: text.M("13 weeks"), Sort: true, Cell: func(_ *console.Context, r row) console.Cell {
			note, tone := gain(r.Trend)
			return console.Trend(note, r.Trend, tone)
		}},
	},
	Filters: []console.Filter{
		{Name: "q", Label: text.M("Search")},
		{Name: "status", Label: text.M("Status"), Options: statusOptions()},
		{Name: "region", Label: text.M("Region"), Choices: nil},
		{Name: "entity", Label: text.M("Entity"), Choices: nil},
	},
	At:    enclaveAt,
	Empty: console.Empty{Title: text.M("No enclaves"), Body: text.M("No enclave is written down in the units that you may see.")},
}

func enclaveAt(r row, sort string) keyset.Position {
	switch sort {
	case "name":
		return keyset.At(strings.ToLower(r.label), r.ID)
	case "unit":
		return keyset.At(strings.ToLower(r.unit), r.ID)
	case "level":
		return keyset.At(r.Level, r.ID)
	case "status":
		return keyset.At(slices.Index(statuses, r.Live.Status), r.ID)
	case "holds":
		return keyset.At(string(r.Life), r.ID)
	case "closeout":
		if r.CloseOut.IsZero() {
			return keyset.At(int64(1)<<60, r.ID)
		}
		return keyset.At(r.CloseOut.UnixMilli(), r.ID)
	case "open":
		return keyset.At(r.Live.Open, r.ID)
	case "trend":
		return keyset.At(gained(r.Trend), r.ID)
	}
	return keyset.At(-short(r.Row), r.ID)
}

// short is how many points an enclave lacks, by which enclaves of different levels
// can be compared. Level 1 lacks none, or is beside the scale.
func short(r cmmc.Row) int {
	if r.Level < 2 {
		return -1
	}
	return catalog.Of(r.Level).Max - r.Live.Low
}

func gained(trend []float64) int {
	if len(trend) < 2 {
		return 0
	}
	return int(trend[len(trend)-1] - trend[0])
}

func gain(trend []float64) (string, console.Tone) {
	switch n := gained(trend); {
	case len(trend) < 2:
		return "", console.Plain
	case n > 0:
		return "+" + minus(n), console.Good
	case n < 0:
		return minus(n), console.Bad
	}
	return "±0", console.Plain
}

func entityName(c *console.Context, r cmmc.Row) string {
	if c.Lang == text.JA && r.EntityNameJA != "" {
		return r.EntityNameJA
	}
	return r.EntityName
}

func (p *pages) groupMap(c *console.Context) error {
	all, err := p.s.Standings(c.Context(), c.Actor, cmmc.Filter{Unit: c.Unit, Trend: true})
	if err != nil {
		return err
	}
	v := mapPage{Tabs: tabs("/cmmc"), None: len(all) == 0, Manage: c.Actor.CanAnywhere(cmmc.Manage)}
	list := enclaves
	list.Filters = slices.Clone(list.Filters)
	list.Filters[2].Options, list.Filters[3].Options = placesOf(c, all)
	q, err := list.Read(c)
	if err != nil {
		return err
	}
	rows := chosen(c, q, all)
	fetch := func(q console.Query) ([]row, int, error) {
		return ordered(q, slices.Clone(rows), enclaveAt), len(rows), nil
	}
	if q.Format != "" {
		return list.Serve(c, "", fetch, nil)
	}
	shown, total, _ := fetch(q)
	v.Table = list.Table(c, q, shown, total)
	if v.None {
		return c.Render("map", v)
	}
	v.Figures = p.mapFigures(c, all)
	if v.Needs, v.More, err = p.needs(c, all); err != nil {
		return err
	}
	v.Trend = mapTrend(c, all)
	losses, err := p.s.Losses(c.Context(), c.Actor, c.Unit)
	if err != nil {
		return err
	}
	v.Heat, v.Hidden = heat(c, rows, losses)
	v.Units, v.By = byPlace(c, all)
	return c.Render("map", v)
}

// placesOf are the regions and entities of enclaves, to choose from.
func placesOf(c *console.Context, all []cmmc.Row) (regions, entities []console.Option) {
	for _, r := range all {
		if r.Region != "" && !slices.ContainsFunc(regions, func(o console.Option) bool { return o.Value == r.Region }) {
			regions = append(regions, console.Option{Value: r.Region, Label: regionName(c, r.Region)})
		}
		if r.Entity != "" && !slices.ContainsFunc(entities, func(o console.Option) bool { return o.Value == r.Entity }) {
			entities = append(entities, console.Option{Value: r.Entity, Label: text.Literal(entityName(c, r))})
		}
	}
	for _, list := range [][]console.Option{regions, entities} {
		slices.SortFunc(list, func(a, b console.Option) int { return strings.Compare(c.Say(a.Label), c.Say(b.Label)) })
	}
	return orNone(regions), orNone(entities)
}

// orNone keeps a choice a choice where there is nothing to choose from.
func orNone(list []console.Option) []console.Option {
	if len(list) == 0 {
		return []console.Option{{Value: "-", Label: text.M("None§choice")}}
	}
	return list
}

// regionName is a region by name: of the organisation where it is one of its
// units, else as it was written down.
func regionName(c *console.Context, region string) text.Message {
	if u := c.Actor.Units(); u != nil {
		if _, ok := u.Get(region); ok {
			return text.Literal(u.Label(region, c.Lang))
		}
	}
	return text.Literal(region)
}

func chosen(c *console.Context, q console.Query, all []cmmc.Row) (rows []row) {
	word, status, region, entity := strings.ToLower(q.Get("q")), q.Get("status"), q.Get("region"), q.Get("entity")
	for _, r := range all {
		x := row{r, r.Label(c.Lang), c.UnitLabel(r.Unit)}
		switch {
		case region != "" && r.Region != region, entity != "" && r.Entity != entity,
			status == "below" && !below(r), status == "losing" && !losing(r),
			status != "" && status != "below" && status != "losing" && string(r.Live.Status) != status,
			word != "" && !strings.Contains(strings.ToLower(strings.Join([]string{r.ID, r.Name, r.NameJA, r.EntityName, r.EntityNameJA, x.unit}, "\n")), word):
			continue
		}
		rows = append(rows, x)
	}
	return rows
}

func (p *pages) mapFigures(c *console.Context, all []cmmc.Row) []console.Figure {
	lawful, lose, missing, level2 := 0, 0, 0, 0
	worst := -1
	var next cmmc.Row
	for i, r := range all {
		if !below(r) {
			lawful++
		}
		if losing(r) {
			lose++
		}
		if !r.CloseOut.IsZero() && r.Life == score.LifeConditional && (next.CloseOut.IsZero() || r.CloseOut.Before(next.CloseOut)) {
			next = r
		}
		if r.Level < 2 {
			continue
		}
		level2++
		missing += catalog.Of(r.Level).Max - r.Live.Low
		if worst < 0 || short(r) > short(all[worst]) {
			worst = i
		}
	}
	sum := sums(all)
	out := []console.Figure{
		{Label: text.M("Enclaves at a lawful status"), Value: minus(lawful), Unit: text.Literal("/ " + minus(len(all))), Tone: console.ToneOf(float64(lawful), float64(len(all)), 1, 0.8),
			Note: text.M("%d below a lawful Conditional", len(all)-lawful), Href: "/cmmc?status=below",
			Definition: text.M("Enclaves that could call themselves Conditional or Final today, by assessors' results, documents that hold today and signals. What is unknown counts as not met.")},
		{Label: text.M("Points missing"), Value: minus(missing), Note: text.M("over %d enclaves of Level 2 and 3", level2), Trend: sum, Href: "/cmmc/programme",
			Definition: text.M("How far the low ends of all scores are from 110 (Level 3: 24). The line shows the points reached over 13 weeks.")},
	}
	if g := gained(sum); g != 0 {
		out[1].TrendTone = console.Good
		if g < 0 {
			out[1].TrendTone = console.Bad
		}
	}
	if worst >= 0 {
		r := all[worst]
		out = append(out, console.Figure{Label: text.M("Lowest enclave"), Value: minus(r.Live.Low), Unit: upTo(r.Live), Tone: scoreTone(r.Live), Note: text.Literal(r.Label(c.Lang)), Href: r.Href(),
			Trend: r.Trend, Definition: text.M("The enclave that lacks the most points, by the low end of its score. 88 of 110 is the least for a Conditional status.")})
	}
	switch {
	case lose > 0:
		out = append(out, console.Figure{Label: text.M("About to lose what they hold"), Value: minus(lose), Tone: console.Bad, Note: text.M("their state no longer bears their status"), Href: "/cmmc?status=losing",
			Definition: text.M("Enclaves that hold a status by their last assessment which their state of today would not get.")})
	case !next.CloseOut.IsZero():
		days := int(endOf(next.CloseOut).Sub(c.Now).Hours() / 24)
		tone := console.Plain
		if days < 60 {
			tone = console.Warn
		}
		if days < 21 {
			tone = console.Bad
		}
		out = append(out, console.Figure{Label: text.M("Next day 180"), Value: minus(days), Unit: text.M("days"), Tone: tone, Note: text.Literal(next.Label(c.Lang)), Href: next.Href() + "/plan",
			Definition: text.M("Days until the first Conditional status ends, unless its plan of action is closed.")})
	default:
		out = append(out, console.Figure{Label: text.M("About to lose what they hold"), Value: "0", Tone: console.Good, Note: text.M("no enclave"), Href: "/cmmc/calendar"})
	}
	return out
}

// upTo is the high end of a range, small beside the low one.
func upTo(s inherit.Standing) text.Message {
	if s.Low == s.High {
		return text.Literal("/ " + minus(catalog.Of(s.Level).Max))
	}
	return text.Literal("– " + minus(s.High))
}

// sums are the points of all enclaves, week by week, of those whose whole history
// of the weeks is known; others would look like a gain.
func sums(all []cmmc.Row) (list []float64) {
	n := 0
	for _, r := range all {
		n = max(n, len(r.Trend))
	}
	list = make([]float64, n)
	for _, r := range all {
		if r.Level < 2 || len(r.Trend) == 0 {
			continue
		}
		for w := range list {
			at := max(0, w-(n-len(r.Trend))) // before it was known: as it was first known
			list[w] += r.Trend[at]
		}
	}
	return list
}

// mapTrend is the mean score over time.
func mapTrend(c *console.Context, all []cmmc.Row) chart.Chart {
	n := 0
	for _, r := range all {
		if r.Level == 2 && len(r.Trend) > 0 {
			n++
		}
	}
	var level2 []cmmc.Row
	for _, r := range all {
		if r.Level == 2 {
			level2 = append(level2, r)
		}
	}
	b := chart.Band{Title: text.M("Mean score of Level 2 enclaves"), Desc: text.M("Mean of the low ends over 13 weeks; 88 is the least for a Conditional status"), Head: text.M("Week of"),
		Min: 60, Max: 110, Limits: []chart.Limit{{Value: 88, Label: text.M("Conditional§line")}}, Height: 240}
	list := sums(level2)
	for w, v := range list {
		b.Labels = append(b.Labels, c.Now.AddDate(0, 0, -7*(len(list)-1-w)).In(c.Zone).Format("01/02"))
		b.Low = append(b.Low, math.Round(v/float64(max(n, 1))*10)/10)
		b.Min = scaleFrom(b.Min, b.Low[w])
	}
	b.High = b.Low
	return b
}

// mostHeat is how many enclaves the heat map has, the worst first.
const mostHeat = 30

func heat(c *console.Context, rows []row, losses map[string][]cmmc.Loss) (chart.Chart, int) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b row) int { return compare(enclaveAt(a, "score"), enclaveAt(b, "score")) })
	h := chart.Heat{Title: text.M("Points lost by family"), Desc: text.M("Points that each of the 14 families costs each enclave today, unknown counted as not met"), Head: text.M("Enclave"),
		Keys: []chart.Key{{Class: "good", Label: c.T("nothing lost")}, {Class: "warn", Label: c.T("1 to 4 points")}, {Class: "bad", Label: c.T("5 points or more")}}}
	for _, f := range catalog.Families() {
		h.Heads = append(h.Heads, f.Abbr)
		h.Names = append(h.Names, f.Abbr+" "+f.Name.In(c.Lang))
	}
	for _, r := range rows[:min(len(rows), mostHeat)] {
		hr := chart.HeatRow{Label: r.label, Href: r.Href()}
		for k, l := range losses[r.ID] {
			cell := chart.HeatCell{Text: minus(-l.Points), Class: "good", Href: r.Href() + "#" + catalog.Families()[k].Abbr,
				Tip: c.T("%s: %d of %d requirements open, %d points", catalog.Families()[k].Name.In(c.Lang), l.Open, l.Of, l.Points)}
			switch {
			case l.Of == 0:
				cell.Text, cell.Class, cell.Href = "–", "none", ""
			case l.Points >= 5:
				cell.Class = "bad"
			case l.Open > 0:
				cell.Class = "warn"
			}
			if l.Points == 0 && l.Of > 0 {
				cell.Text = "0"
				if l.Open > 0 {
					cell.Text = "!" // the plan of 3.12.4: no points, and no assessment
					cell.Class = "bad"
				}
			}
			hr.Cells = append(hr.Cells, cell)
		}
		h.Rows = append(h.Rows, hr)
	}
	return h, max(0, len(rows)-mostHeat)
}

// place is some enclaves of one unit, region or entity.
type place struct {
	key, label       string
	n, lawful, total int
	lowest           cmmc.Row
}

const mostPlaces = 8

// byPlace sums enclaves up, the worst first.
func byPlace(c *console.Context, all []cmmc.Row) (*console.Table, []console.Tab) {
	by := c.Query("by")
	if by != "region" && by != "entity" {
		by = "unit"
	}
	at := map[string]*place{}
	var list []*place
	for _, r := range all {
		key, label := r.Unit, c.UnitLabel(r.Unit)
		switch by {
		case "region":
			key, label = r.Region, c.Say(regionName(c, r.Region))
		case "entity":
			key, label = r.Entity, entityName(c, r)
		}
		p := at[key]
		if p == nil {
			p = &place{key: key, label: label, lowest: r}
			at[key] = p
			list = append(list, p)
		}
		p.n++
		if !below(r) {
			p.lawful++
		}
		if r.Level >= 2 {
			p.total += catalog.Of(r.Level).Max - r.Live.Low
			if short(r) > short(p.lowest) {
				p.lowest = r
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *place) int { return b.total - a.total })
	heads := map[string]text.Message{"unit": text.M("Unit"), "region": text.M("Region"), "entity": text.M("Entity")}
	t := console.NewTable(text.M("Worst first"), heads[by], text.M("Lawful"), text.M("Points missing"), text.M("Lowest§enclave"))
	for _, p := range list[:min(len(list), mostPlaces)] {
		label := p.label
		if label == "" {
			label = c.T("None§choice")
		}
		name := console.Text(label)
		if p.key != "" {
			name = console.Strong("/cmmc?"+url.Values{by: {p.key}}.Encode(), label)
		}
		t.Row(name, console.Chip(console.ToneOf(float64(p.lawful), float64(p.n), 1, 0.8), text.Literal(minus(p.lawful)+" / "+minus(p.n))), console.Num(p.total),
			console.Stack(console.Link(p.lowest.Href(), p.lowest.Label(c.Lang)), console.Text(scored(p.lowest.Live))))
	}
	var ts []console.Tab
	for _, k := range []string{"unit", "region", "entity"} {
		ts = append(ts, console.Tab{Label: heads[k], Href: "/cmmc?by=" + k + "#places", Current: k == by})
	}
	return t, ts
}
