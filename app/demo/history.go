package demo

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The states of an incident in their order, and the side way.
var States = []string{"reported", "triaged", "confirmed", "contained", "eradicated", "recovered", "reviewed", "closed"}

// Dismissed is the state of what turned out to be no incident.
const Dismissed = "dismissed"

// Note is one line of a timeline: what was written when a state was reached.
type Note struct {
	State string
	At    time.Time
	By    string // person
	Text  Text
}

// Incident is one of the past, or one that is still open when the demo starts.
type Incident struct {
	Slug     string // "past-01"; stable for a seed
	Title    Text
	Unit     string
	Severity string // critical, high, medium, low
	Class    string // of the Reference Security Incident Taxonomy
	Type     string // within the class
	TLP      string // TLP 2.0: CLEAR, GREEN, AMBER, AMBER+STRICT, RED
	Team     string
	Reporter string // person; empty when an alert raised it
	Rule     string // slug of the rule whose alert raised it; empty when reported
	Handler  string
	Occurred time.Time
	State    string               // the last state reached
	Times    map[string]time.Time // when each state was reached, by name
	Notes    []Note
	Cause    Text // empty before the review, as is the lesson
	Lesson   Text
	Reason   string // why it was dismissed: "permitted"
}

// Open tells whether somebody still works on it.
func (i Incident) Open() bool { return i.State != "closed" && i.State != Dismissed }

// History is a year that ends at now.
type History struct {
	seed uint64
	now  time.Time
}

// NewHistory returns the year before now. All times are UTC, in whole seconds.
func NewHistory(seed uint64, now time.Time) History {
	return History{seed, now.UTC().Truncate(time.Second)}
}

const pastIncidents = 60

// Incidents returns about sixty closed incidents and three open ones, oldest
// first. They grow fewer and are handled faster towards today; what happens
// most follows the season.
func (h History) Incidents() []Incident {
	r := source(h.seed, 1)
	used := map[string]bool{}
	out := make([]Incident, 0, pastIncidents+3)
	for n := range pastIncidents {
		age := ageOf((float64(n) + 0.2 + 0.6*r.Float64()) / pastIncidents)
		at := h.now.Add(-time.Duration(age * float64(year-16*24*time.Hour))).Add(-16 * 24 * time.Hour)
		out = append(out, h.closed(r, n, at, age, used))
	}
	out = append(out, h.open()...)
	slices.SortFunc(out, func(a, b Incident) int { return a.Occurred.Compare(b.Occurred) })
	return out
}

// ageOf turns an even share 0…1 into the age of an incident as a share of the
// year, so that the rate at the far end is 2.6 times today's.
func ageOf(share float64) float64 {
	const today, yearAgo = 1.0, 2.6
	// The rate grows linearly with age a: today + (yearAgo-today)·a. Its
	// integral is solved for the share that is still to come.
	rest := (1 - share) * (today + yearAgo) / 2
	slope := yearAgo - today
	return (-today + math.Sqrt(today*today+2*slope*rest)) / slope
}

func (h History) closed(r *rand.Rand, n int, at time.Time, age float64, used map[string]bool) Incident {
	var k kind
	var title Text
	for try := 0; ; try++ {
		k = pick(r, kinds)
		if try < 6 && !slices.Contains(k.months, int(at.Month())) && r.IntN(10) < 7 {
			continue
		}
		d := pick(r, k.detail)
		title = Text{strings.ReplaceAll(k.title.En, "%s", d.En), strings.ReplaceAll(k.title.Ja, "%s", d.Ja)}
		if try > 20 || !used[title.En] {
			break
		}
	}
	used[title.En] = true
	units := places(k.plant)
	u := pick(r, units)
	team, handler, reporter := responsible(u, r)
	at = intoHours(at, u, r)
	class, typ, _ := strings.Cut(k.class, "/")
	inc := Incident{
		Slug: "past-" + pad(n+1, 2), Title: title, Unit: u.ID, Severity: pick(r, k.severity), Class: class, Type: typ, TLP: k.tlp, Cause: k.cause,
		Team: team, Handler: handler, Rule: k.raised, Occurred: at, State: "closed", Times: map[string]time.Time{}, Lesson: k.lesson,
	}
	if k.raised == "" {
		inc.Reporter = reporter
	}
	// A year ago every step took about three times as long as today.
	slow := 0.55 + 1.1*age
	steps := []float64{0.4, 0.7, 2, 5, 30, 40, 150, 30} // hours before each state at slow = 1
	urgency := map[string]float64{"critical": 0.35, "high": 0.6, "medium": 1, "low": 1.4}[inc.Severity]
	if r.IntN(12) == 0 {
		inc.State, inc.Severity, inc.Cause, inc.Lesson, inc.Reason = Dismissed, "low", Text{}, Text{}, "permitted"
		reported := at.Add(hours(steps[0] * slow))
		inc.Times["reported"] = reported
		inc.Times["triaged"] = reported.Add(hours(steps[1] * slow))
		inc.Times[Dismissed] = reported.Add(hours(3 * slow))
		inc.Notes = []Note{{"reported", reported, firstOf(inc.Reporter, handler), k.found}, {"triaged", inc.Times["triaged"], handler, noteTriaged},
			{Dismissed, inc.Times[Dismissed], handler, noteFalse}}
		return inc
	}
	texts := []Text{k.found, noteTriaged, noteConfirmed, k.stopped, k.cleaned, noteRecovered, noteReviewed, noteClosed}
	t := at
	for i, state := range States {
		t = t.Add(hours(steps[i] * slow * urgency * (0.6 + 0.9*r.Float64()))).Truncate(time.Second)
		by := handler
		switch state {
		case "reported":
			by = firstOf(inc.Reporter, handler)
		case "reviewed", "closed":
			by = CsirtLead
		}
		inc.Times[state] = t
		inc.Notes = append(inc.Notes, Note{state, t, by, texts[i]})
	}
	return inc
}

// open are the incidents under way when the demo starts. The fourth, the
// largest, is what the day of events leads to.
func (h History) open() []Incident {
	build := func(k kind, slug string, title Text, unit, severity, tlp, team, handler, reporter, rule string, ago time.Duration, reached int, notes ...Text) Incident {
		at := h.now.Add(-ago)
		class, typ, _ := strings.Cut(k.class, "/")
		inc := Incident{Slug: slug, Title: title, Unit: unit, Severity: severity, Class: class, Type: typ, TLP: tlp, Team: team, Handler: handler,
			Reporter: reporter, Rule: rule, Occurred: at, State: States[reached], Times: map[string]time.Time{}}
		for i := range reached + 1 {
			t := at.Add(ago * time.Duration(i+1) / time.Duration(reached+3)).Truncate(time.Second)
			inc.Times[States[i]] = t
			if i < len(notes) {
				by := handler
				switch {
				case i == 0 && reporter != "":
					by = reporter
				case States[i] == "reviewed":
					by, inc.Cause, inc.Lesson = CsirtLead, k.cause, k.lesson
				}
				inc.Notes = append(inc.Notes, Note{States[i], t, by, notes[i]})
			}
		}
		return inc
	}
	k := kinds
	return []Incident{
		build(k[0], "open-phishing", Text{"Phishing reported by 14 employees", "従業員14名がフィッシングを報告"}, "sales-germany", "low", "GREEN",
			"europe-csirt", HandlerEurope, ManagerEurope, "", 78*time.Hour, 6, k[0].found, noteTriaged, noteConfirmed, k[0].stopped, k[0].cleaned, noteRecovered, noteReviewed),
		build(k[5], "open-site", Text{"Sign-in page on an unapproved site", "未承認サイトにログイン画面"}, "electric-usa", "medium", "GREEN",
			"americas-csirt", "p-marquez", ManagerAmer, "", 57*time.Hour, 5, k[5].found, noteTriaged, noteConfirmed, k[5].stopped, k[5].cleaned, noteRecovered),
		build(k[3], "open-travel", Text{"Impossible travel of a privileged account", "特権アカウントの不可能な移動"}, "office-europe", "high", "AMBER",
			"europe-csirt", HandlerEurope, "", "identity/session-used-elsewhere", 26*time.Hour, 2, k[3].found, noteTriaged, noteConfirmed),
	}
}

// places are the units where incidents happen, larger ones more often.
func places(plant bool) []Unit {
	var out []Unit
	for _, u := range Units() {
		if u.Code == "" || (plant && !u.hasMachines()) {
			continue
		}
		for range 1 + u.People/500 {
			out = append(out, u)
		}
	}
	return out
}

// responsible names the team, the handler and somebody who would report.
func responsible(u Unit, r *rand.Rand) (team, handler, reporter string) {
	switch {
	case u.ID == "works-himeji":
		return "himeji-csirt", "p-hirano", OTEngineer
	case u.Region == "europe":
		return "europe-csirt", pick(r, []string{HandlerEurope, HandlerEurope, "p-novak"}), ManagerEurope
	case u.Region == "americas":
		return "americas-csirt", "p-marquez", ManagerAmer
	case u.ID == "precision-ueda":
		return "corporate-csirt", HandlerJapan, SmallCompany
	case u.Parent == "electric":
		return "electric-csirt", "p-ueno", "p-ueno"
	}
	return "corporate-csirt", pick(r, []string{HandlerJapan, "p-yamane"}), "p-yamane"
}

// intoHours moves a time to the waking hours of a unit: people report by day.
func intoHours(at time.Time, u Unit, r *rand.Rand) time.Time {
	l := at.In(zone(u.Zone))
	return time.Date(l.Year(), l.Month(), l.Day(), 7+r.IntN(13), r.IntN(60), r.IntN(60), 0, l.Location()).UTC()
}

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(s))) + s
}
