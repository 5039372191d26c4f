package score

import (
	"slices"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/kernel/text"
)

// Dates are those of a status.
type Dates struct {
	Conditional time.Time
	Final       time.Time
	Affirmed    []time.Time
}

// From is the day from which a status counts: the Conditional one's, where there
// was one.
func (d Dates) From() time.Time {
	if !d.Conditional.IsZero() {
		return d.Conditional
	}
	return d.Final
}

// CloseOut is the last day on which the open items of a Conditional status can be
// closed.
func CloseOut(conditional time.Time, level int) time.Time {
	return conditional.AddDate(0, 0, catalog.Of(level).CloseOutDays)
}

// Years is the same day n years on. The 29th of February becomes the 28th: a
// limit read too early harms nobody.
func Years(day time.Time, n int) time.Time {
	d := day.AddDate(n, 0, 0)
	if d.Month() != day.Month() {
		d = d.AddDate(0, 0, -1)
	}
	return d
}

// Event is a day on which something falls due.
type Event struct {
	Day    time.Time
	Kind   string
	What   text.Message
	Clause string
}

// Calendar are the days that follow from a status, in order.
func Calendar(level int, d Dates) []Event {
	from, l := d.From(), catalog.Of(level)
	if from.IsZero() {
		return nil
	}
	validity := "validity"
	if level == 1 {
		validity = "validity_level1"
	}
	var list []Event
	add := func(day time.Time, kind, clause string, what text.Message) {
		list = append(list, Event{day, kind, what, catalog.Clause(clause)})
	}
	if !d.Conditional.IsZero() && d.Final.IsZero() {
		add(CloseOut(d.Conditional, level), "close_out", "closeout", text.M("Last day to close the plan of action; else the Conditional status ends"))
	}
	if !d.Final.IsZero() && !d.Final.Equal(from) {
		add(d.Final, "affirmation", "affirmation", text.M("Affirm the Final status"))
	}
	add(from, "affirmation", "affirmation", text.M("Affirm the status"))
	for n := 1; n < l.ValidYears; n++ {
		add(Years(from, n), "affirmation", "affirmation", text.M("Affirm that nothing has become untrue"))
	}
	add(Years(from, l.ValidYears), "reassessment", validity, text.M("The status ends: assessed and affirmed again by this day"))
	// What must be kept is kept from the later date, and a leap day gives a day more.
	kept := from
	if d.Final.After(kept) {
		kept = d.Final
	}
	add(kept.AddDate(l.RetainYears, 0, 0), "retention", "artifacts", text.M("Artifacts of the assessment are kept until this day"))
	slices.SortStableFunc(list, func(a, b Event) int { return a.Day.Compare(b.Day) })
	return list
}

// Life is how a status stands on a day.
type Life string

// The ways of a status.
const (
	LifeNone        Life = "none"
	LifeConditional Life = "conditional"
	LifeFinal       Life = "final"
	LifeClosedOut   Life = "close_out_missed"
	LifeExpired     Life = "expired"
	LifeUnaffirmed  Life = "affirmation_overdue"
)

// On tells how the status stands on a day.
func (d Dates) On(level int, day time.Time) Life {
	from := d.From()
	switch {
	case from.IsZero() || day.Before(from):
		return LifeNone
	case d.Final.IsZero() || day.Before(d.Final):
		if day.After(CloseOut(d.Conditional, level)) {
			return LifeClosedOut
		}
		return LifeConditional
	case day.After(Years(from, catalog.Of(level).ValidYears)):
		return LifeExpired
	}
	// An affirmation is due at the status and on each of its yearly days; one given
	// in the year before it fell due, and not before the last one, answers it.
	if len(d.Affirmed) > 0 {
		for n := 1; n < catalog.Of(level).ValidYears; n++ {
			due := Years(from, n)
			if !day.After(due) {
				break
			}
			if !slices.ContainsFunc(d.Affirmed, func(a time.Time) bool { return a.After(Years(from, n-1)) && !a.After(day) }) {
				return LifeUnaffirmed
			}
		}
	}
	return LifeFinal
}

// Check says what cannot be about the dates; zero where they can.
func (d Dates) Check(level int) text.Message {
	switch {
	case !d.Conditional.IsZero() && level == 1:
		return text.M("Level 1 has no Conditional status")
	case d.Conditional.IsZero() || d.Final.IsZero():
	case d.Final.Before(d.Conditional):
		return text.M("the Final status is dated before the Conditional one")
	case d.Final.After(CloseOut(d.Conditional, level)):
		return text.M("the Conditional status ended on %s, before the Final one", CloseOut(d.Conditional, level).Format(time.DateOnly))
	}
	return text.Message{}
}
