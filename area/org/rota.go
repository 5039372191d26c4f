package org

import (
	"slices"
	"time"

	"yagura/kernel/fault"
)

// Plan is who of a team is on call when: its people in turn, each for Days
// days, changing at one time of day in the team's zone. Stand-ins come before
// turns.
type Plan struct {
	Zone     *time.Location
	Anchor   string // local date of a hand-over at which the first of Order takes over
	Handover string // time of day, "09:00"
	Days     int    // length of a turn
	Order    []string
	Standins []Standin
}

// Standin is somebody on call instead of whose turn it is.
type Standin struct {
	ID     string
	Person string
	From   time.Time
	Until  time.Time
}

// Turn is a stretch of time in which one person is on call.
type Turn struct {
	Person  string
	From    time.Time
	Until   time.Time
	Standin bool
}

// handover is the moment of the hand-over that lies n turns after the anchor.
// Civil dates are counted, so turns stay at the same time of day when clocks
// change; a time that the clocks skip is shifted as time.Date does.
func (p Plan) handover(n int) time.Time {
	day, err := time.Parse(time.DateOnly, p.Anchor)
	minutes, ok := ParseClock(p.Handover)
	if err != nil || !ok {
		return time.Time{}
	}
	return time.Date(day.Year(), day.Month(), day.Day()+n*p.Days, minutes/60, minutes%60, 0, 0, p.Zone).UTC()
}

// turn is the number of the turn that runs at t, counted from the anchor.
func (p Plan) turn(t time.Time) int {
	// Near enough by plain hours, then put right by at most one or two.
	n := int(t.Sub(p.handover(0)) / (time.Duration(p.Days) * 24 * time.Hour))
	for p.handover(n).After(t) {
		n--
	}
	for !p.handover(n + 1).After(t) {
		n++
	}
	return n
}

// OnCall says who is on call at t, from when and until when. It is zero where
// nobody is.
func OnCall(p Plan, t time.Time) Turn {
	t = t.UTC()
	var now Turn
	if len(p.Order) > 0 && p.Days > 0 && p.Zone != nil && !p.handover(0).IsZero() {
		n := p.turn(t)
		i := n % len(p.Order)
		if i < 0 {
			i += len(p.Order)
		}
		now = Turn{Person: p.Order[i], From: p.handover(n), Until: p.handover(n + 1)}
	}
	// The stand-in that was entered last counts.
	for i := len(p.Standins) - 1; i >= 0; i-- {
		s := p.Standins[i]
		if t.Before(s.From) || !t.Before(s.Until) {
			continue
		}
		now = Turn{Person: s.Person, From: s.From, Until: s.Until, Standin: true}
		for _, later := range p.Standins[i+1:] {
			if later.From.After(t) && later.From.Before(now.Until) {
				now.Until = later.From
			}
			if !later.Until.After(t) && later.Until.After(now.From) {
				now.From = later.Until
			}
		}
		return now
	}
	for _, s := range p.Standins {
		if s.From.After(t) && s.From.Before(now.Until) {
			now.Until = s.From
		}
		if !s.Until.After(t) && s.Until.After(now.From) {
			now.From = s.Until
		}
	}
	return now
}

// Turns are those from t on, n of them at most, adjacent ones of one person
// joined.
func Turns(p Plan, t time.Time, n int) []Turn {
	var turns []Turn
	for len(turns) < n {
		turn := OnCall(p, t)
		if turn.Person == "" || !turn.Until.After(t) {
			break
		}
		t = turn.Until
		if k := len(turns) - 1; k >= 0 && turns[k].Person == turn.Person && turns[k].Standin == turn.Standin && (turn.Standin || len(p.Order) > 1) {
			turns[k].Until = turn.Until
			continue
		}
		turns = append(turns, turn)
	}
	return turns
}

// Without is the plan without a person, the turn that runs at t staying whose
// it is; where it is the person's own, the next takes over at once.
func (p Plan) Without(person string, t time.Time) Plan {
	at := slices.Index(p.Order, person)
	p.Standins = slices.DeleteFunc(slices.Clone(p.Standins), func(s Standin) bool { return s.Person == person })
	if at < 0 {
		return p
	}
	first := at
	if p.Days > 0 && p.Zone != nil && !p.handover(0).IsZero() {
		n := p.turn(t.UTC())
		first = ((n % len(p.Order)) + len(p.Order)) % len(p.Order)
		p.Anchor = p.handover(n).In(p.Zone).Format(time.DateOnly)
	}
	order := append(slices.Clone(p.Order[first:]), p.Order[:first]...)
	p.Order = slices.DeleteFunc(order, func(id string) bool { return id == person })
	return p
}

func (p Plan) check() []fault.Field {
	var wrong []fault.Field
	if _, err := time.Parse(time.DateOnly, p.Anchor); err != nil {
		wrong = append(wrong, fault.F("anchor", "A date such as 2026-11-23 is needed here"))
	}
	if minutes, ok := ParseClock(p.Handover); !ok || minutes == 24*60 {
		wrong = append(wrong, fault.F("handover", "A time of day such as 09:00 is needed here"))
	}
	if p.Days < 1 || p.Days > 28 {
		wrong = append(wrong, fault.F("days", "A turn lasts from 1 to 28 days"))
	}
	if p.Zone == nil {
		wrong = append(wrong, fault.F("zone", "There is no such time zone; they are named as Asia/Tokyo"))
	}
	for i, id := range p.Order {
		if slices.Contains(p.Order[:i], id) {
			wrong = append(wrong, fault.F("order", "%s stands twice in the order of turns", id))
		}
	}
	return wrong
}
