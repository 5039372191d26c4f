package console

import (
	"math"
	"time"

	"yagura/console/chart"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// galleryPage shows every part of the shell with made-up data, for those who
// build pages. Its words are the same in every language, so that what changes
// with the language is the shell alone.
var galleryPage = Page{Method: "GET", Path: "/_gallery", Public: true, Title: literal("Security, whole group"), Handle: showGallery}

var galleryForm = Page{Method: "POST", Path: "/_gallery", Public: true, Title: literal("Security, whole group"), Handle: func(c *Context) error {
	return c.Invalid("gallery", gallery(c), galleryFault)
}}

type galleryData struct {
	Figures []Figure
	Clocks  []Clock
	Work    []WorkItem
	Charts  map[string]chart.Chart
	List    Table
	Posture *Table
	Facts   []Fact
	Events  []Event
	Tabs    []Tab
	Options []Option
	Icons   []string
	None    Table
}

func showGallery(c *Context) error {
	c.Crumb(literal("Parts"), "/_gallery")
	q, err := galleryList.Read(c)
	if err != nil {
		return err
	}
	if q.Format != "" {
		return galleryList.export(c, q, galleryFetch)
	}
	return c.Render("gallery", gallery(c))
}

type galleryRow struct {
	Number, Title, Unit, Lead string
	Severity                  Severity
	State                     text.Message
	Opened                    time.Time
}

var galleryStates = []Option{{"open", literal("Open")}, {"closed", literal("Closed")}}

var galleryList = List[galleryRow]{
	Name: "gallery", Caption: literal("Incidents"), Sort: "-opened",
	Columns: []Column[galleryRow]{
		{Key: "number", Head: literal("Number"), Sort: true, Value: func(r galleryRow) any { return r.Number },
			Cell: func(_ *Context, r galleryRow) Cell { return Strong("/_gallery?q="+r.Number, r.Number) }},
		{Key: "title", Head: literal("Title"), Value: func(r galleryRow) any { return r.Title }},
		{Key: "unit", Head: literal("Unit"), Value: func(r galleryRow) any { return r.Unit }},
		{Key: "severity", Head: literal("Severity"), Sort: true, Value: func(r galleryRow) any { return r.Severity }},
		{Key: "state", Head: literal("State"), Value: func(r galleryRow) any { return r.State }},
		{Key: "lead", Head: literal("Lead"), Value: func(r galleryRow) any { return r.Lead }},
		{Key: "opened", Head: literal("Opened"), Sort: true, Value: func(r galleryRow) any { return r.Opened }},
	},
	Filters: []Filter{
		{Name: "q", Label: literal("Search")},
		{Name: "state", Label: literal("State"), Options: galleryStates},
		{Name: "from", Label: literal("From"), Date: true},
	},
	At: func(r galleryRow, _ string) keyset.Position { return keyset.At(r.Opened.UnixMilli(), r.Number) },
}

func galleryFetch(q Query) ([]galleryRow, int, error) {
	if q.Get("state") == "closed" {
		return nil, 0, nil
	}
	at := func(s string) time.Time { t, _ := time.Parse("2006-01-02 15:04", s); return t }
	rows := []galleryRow{
		{"INC-2026-0418", "Ransom note on an engineering workstation", "Works 3, Himeji", "Sato", Critical, literal("Contained"), at("2026-11-22 13:10")},
		{"INC-2026-0417", "Impossible travel of a privileged account", "Europe", "Keller", High, literal("Confirmed"), at("2026-11-22 07:02")},
		{"INC-2026-0415", "ログイン画面のある未承認サイト", "Americas", "Ruiz", Medium, literal("Recovered"), at("2026-11-21 00:45")},
		{"INC-2026-0412", "14 employees reported a phishing mail", "Europe", "Mori", Low, literal("Reviewed"), at("2026-11-20 02:30")},
	}
	return rows, len(rows), nil
}

func gallery(c *Context) galleryData {
	now := c.Now
	rows, total, _ := galleryFetch(Query{})
	q := Query{Page: keyset.Page{Sort: "opened", Desc: true, Limit: 50}, Values: map[string]string{}, url: c.R.URL}
	none := NewTable(literal("Nothing"), literal("Name"))
	d := galleryData{
		List:    galleryList.Table(c, q, rows, total),
		None:    *none,
		Icons:   Icons(),
		Options: []Option{{"", literal("Choose")}, {"a", literal("Works 3")}, {"b", literal("Europe")}},
		Figures: []Figure{
			{Label: literal("Open incidents"), Value: "4", Tone: Bad, Note: literal("1 major, since yesterday 22:10"), Trend: []float64{2, 2, 3, 3, 2, 1, 1, 2, 2, 4}, TrendTone: Bad, Href: "/_gallery", Definition: literal("Incidents that are reported and not closed.")},
			{Label: literal("CMMC Level 2 score"), Value: "94", Unit: literal("/ 110"), Note: literal("88 needed for conditional status"), Trend: []float64{70, 72, 75, 76, 80, 81, 85, 90, 92, 94}, TrendTone: Good},
			{Label: literal("Strong MFA coverage"), Value: "98.7", Unit: literal("%"), Note: literal("412 accounts left, 38 privileged"), Trend: []float64{90, 92, 92, 94, 96, 97, 98, 98.5, 98.7}, TrendTone: Good},
			{Label: literal("Past-due weaknesses"), Value: "23", Tone: Warn, Note: literal("9 on internet-facing assets"), Trend: []float64{60, 58, 52, 54, 45, 42, 36, 33, 28, 26, 23}, TrendTone: Warn},
		},
		Clocks: []Clock{
			{Title: "INC-2026-0418 Ransom note, Works 3", Label: literal("NIS2 early warning"), Href: "/_gallery", Start: now.Add(-18*time.Hour - 20*time.Minute), Due: now.Add(5*time.Hour + 40*time.Minute)},
			{Title: "PSIRT-0291 Exploited flaw in PLC firmware", Label: literal("CRA 24-hour notice"), Href: "/_gallery", Start: now.Add(-13 * time.Hour), Due: now.Add(11 * time.Hour)},
			{Title: "PRV-0077 Mis-sent customer list", Label: literal("PPC preliminary report"), Href: "/_gallery", Start: now.Add(-50 * time.Hour), Due: now.Add(51 * time.Hour)},
			{Title: "DIR-0031 Replace VPN gateways", Label: literal("Group directive"), Href: "/_gallery", Start: now.AddDate(0, 0, -2), Due: now.AddDate(0, 0, 9)},
			{Title: "DIR-0029 Review of administrators", Label: literal("Group directive"), Href: "/_gallery", Start: now.AddDate(0, 0, -20), Due: now.AddDate(0, 0, -2)},
		},
		Work: []WorkItem{
			{Kind: literal("Incident task"), Number: "INC-2026-0418", Title: "Isolate the line's jump host", Href: "/_gallery", Unit: "Works 3", Why: literal("You lead it"), Severity: Critical, Due: now.Add(-2 * time.Hour)},
			{Kind: literal("Approval"), Title: "Website shop.example", Href: "/_gallery", Unit: "Americas", Since: now.Add(-26 * time.Hour)},
		},
		Facts: []Fact{{literal("Number"), Code("INC-2026-0418")}, {literal("Severity"), Mark(Critical)}, {literal("State"), Chip(Warn, literal("Contained"))},
			{literal("Opened"), When(now.Add(-18 * time.Hour))}, {literal("Answer"), Due(now.Add(6 * time.Hour))}, {literal("Size"), Bytes(7_340_032)}, {literal("Coverage"), Meter(96.1, 100, Good)}, {literal("Unit"), Link("/_gallery", "Works 3, Himeji")}},
		Events: []Event{
			{At: now.Add(-18 * time.Hour), Who: "Sato Aiko", Title: literal("Reported"), Icon: "megaphone", Tone: Info, Body: "A note on the screen of ENG-WS-07.\n二行目の説明です。"},
			{At: now.Add(-17 * time.Hour), Who: "Keller", Title: literal("Confirmed"), Icon: "warning", Tone: Bad, Cells: []Cell{Chip(Bad, literal("T1486")), Link("/_gallery", "memory.dmp")}},
			{At: now.Add(-3 * time.Hour), Who: "Mori", Title: literal("Contained"), Icon: "check", Tone: Good},
		},
		Tabs:   []Tab{{Label: literal("Overview"), Href: "/_gallery", Current: true}, {Label: literal("Timeline"), Href: "/_gallery?tab=timeline", Count: 12}, {Label: literal("Evidence"), Href: "/_gallery?tab=evidence"}},
		Charts: galleryCharts(now),
	}
	d.Posture = NewTable(literal("Posture by unit"), literal("Unit"), literal("CMMC"), literal("Strong MFA"), literal("Patched in time"), literal("Open"))
	for i, u := range []struct {
		name          string
		depth         int
		cmmc, mfa, ok float64
		open          int
	}{{"Group", 0, 85, 98.7, 91, 4}, {"Electric Systems", 1, 91, 99.2, 95, 1}, {"Works 3, Himeji", 2, 78, 96.1, 82, 1}, {"Factory Automation", 1, 88, 99, 93, 0}, {"Europe", 1, 79, 98.1, 88, 2}} {
		d.Posture.Row(Strong("/_gallery", u.name), Meter(u.cmmc, 100, ToneOf(u.cmmc, 100, .9, .8)), Meter(u.mfa, 100, Good), Meter(u.ok, 100, ToneOf(u.ok, 100, .9, .8)), Num(u.open))
		d.Posture.Rows[i].Depth = u.depth
	}
	return d
}

func galleryCharts(now time.Time) map[string]chart.Chart {
	var days, hours, links []string
	var crit, high, med, low, rate, count []float64
	for i := range 30 {
		days = append(days, now.AddDate(0, 0, i-29).Format("01/02"))
		x := float64(i)
		crit = append(crit, math.Round(1.5+math.Sin(x)))
		high = append(high, math.Round(4+2*math.Sin(x/3)))
		med = append(med, math.Round(10+4*math.Cos(x/5)))
		low = append(low, math.Round(17+6*math.Sin(x/6)))
		rate = append(rate, 90+x/4+math.Sin(x))
		hours = append(hours, now.Add(time.Duration(i-29)*time.Hour).Format("15:04"))
		links = append(links, "/_gallery")
		count = append(count, math.Round(4000+3000*math.Sin(x/4)))
	}
	crit[22], high[22] = 4, 9
	leaf := func(n, tone string) *chart.Node { return &chart.Node{Label: n, Href: "/_gallery", Tone: tone} }
	return map[string]chart.Chart{
		"stacked": chart.Stacked{Title: literal("Detections per day"), Labels: days, Series: []chart.Series{
			{Label: Critical.Label(), Class: "critical", Values: crit}, {Label: High.Label(), Class: "high", Values: high},
			{Label: Medium.Label(), Class: "medium", Values: med}, {Label: Low.Label(), Class: "low", Values: low}}},
		"line":      chart.Line{Title: literal("Coverage"), Labels: days, Series: []chart.Series{{Label: literal("MFA"), Values: rate}, {Label: literal("Patched"), Values: low}}, Unit: "%", Max: 100, Goal: 95, Width: 500},
		"histogram": chart.Histogram{Title: literal("Events per hour"), Labels: hours, Values: count, Width: 500, Hrefs: links},
		"bars":      chart.Bars{Title: literal("By rule"), Bars: []chart.Bar{{Label: "Encoded PowerShell command line", Value: 420, Href: "/_gallery"}, {Label: "不審なサービス作成", Value: 133}, {Label: "MFA fatigue", Value: 12, Class: "warn"}}, Width: 500},
		"tree": chart.Tree{Title: literal("Organisation"), Root: &chart.Node{Label: "Whole group", Note: "40 units", Children: []*chart.Node{
			{Label: "Electric Systems", Tone: "good", Href: "/_gallery", Children: []*chart.Node{leaf("Works 3, Himeji", "bad"), leaf("伊丹製作所", "good")}},
			leaf("Factory Automation", "warn"), {Label: "Europe", Href: "/_gallery", More: 12}}}},
		"lanes": chart.Lanes{Title: literal("Phases"), From: now.Add(-24 * time.Hour), To: now.Add(6 * time.Hour), Now: now, Width: 1080, Lanes: []chart.Lane{
			{Label: "Response", Items: []chart.Item{{From: now.Add(-18 * time.Hour), To: now.Add(-15 * time.Hour), Label: "Triage", Class: "info"}, {From: now.Add(-15 * time.Hour), To: now.Add(-3 * time.Hour), Label: "Containment", Class: "warn"}}},
			{Label: "Legal clock", Items: []chart.Item{{From: now.Add(-18 * time.Hour), To: now.Add(5 * time.Hour), Label: "NIS2 early warning", Class: "bad"}, {From: now.Add(-10 * time.Hour), Label: "Notice sent", Class: "good"}}}}},
		"none": chart.Line{Title: literal("Nothing"), Labels: nil},
	}
}

var galleryFault = fault.Invalid(fault.F("title", "This entry is required"), fault.F("state", "There is no such choice"))
