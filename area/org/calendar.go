package org

import (
	"regexp"
	"strconv"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Calendar says on which days and between which hours a unit works. Days are
// local dates "2026-05-04" in the calendar's zone.
type Calendar struct {
	ID      string
	Name    string
	NameJA  string
	Base    string // calendar whose special days hold here too, this one's own coming first
	Week    string // seven letters from Monday on: 1 for a working day, 0 for none
	Opens   int    // minutes after midnight
	Closes  int
	Special map[string]Special
	Zone    *time.Location // of the unit it is used for; nil is UTC
}

// Special is a day that differs from its weekday.
type Special struct {
	Day     string
	Working bool
	Name    string
	NameJA  string
}

// Label is the day's name in a language.
func (d Special) Label(lang text.Lang) string {
	if lang == text.JA && d.NameJA != "" {
		return d.NameJA
	}
	return d.Name
}

// Label is the calendar's name in a language.
func (c Calendar) Label(lang text.Lang) string {
	if lang == text.JA && c.NameJA != "" {
		return c.NameJA
	}
	if c.Name == "" {
		return c.ID
	}
	return c.Name
}

// Usual is the calendar where none was chosen: Monday to Friday, 9:00 to 17:30.
func Usual() Calendar {
	return Calendar{ID: "usual", Name: "Usual week", NameJA: "通常の週", Week: "1111100", Opens: 9 * 60, Closes: 17*60 + 30}
}

func (c Calendar) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// Works tells whether the local day of t is a working day.
func (c Calendar) Works(t time.Time) bool {
	t = t.In(c.zone())
	if d, ok := c.Special[t.Format(time.DateOnly)]; ok {
		return d.Working
	}
	return len(c.Week) == 7 && c.Week[(int(t.Weekday())+6)%7] == '1'
}

// far is how many days a search for a working day goes on: a calendar without
// any would else never end.
const far = 4000

// AddWorkingDays is the moment at the same local time n working days after the
// day of t, or before it where n is below zero. With n = 0 it is t itself, or
// the next working day where that of t is none. Local times that the clocks
// skip are shifted as time.Date does.
func (c Calendar) AddWorkingDays(t time.Time, n int) time.Time {
	local := t.In(c.zone())
	step := 1
	if n < 0 {
		step = -1
	}
	at := func(days int) time.Time {
		return time.Date(local.Year(), local.Month(), local.Day()+days, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), c.zone())
	}
	if n == 0 {
		for days := range far {
			if c.Works(at(days)) {
				return at(days).In(t.Location())
			}
		}
		return t
	}
	left := n * step
	for days := step; days < far && days > -far; days += step {
		if c.Works(at(days)) {
			if left--; left == 0 {
				return at(days).In(t.Location())
			}
		}
	}
	return t.AddDate(0, 0, n)
}

// hours are the opening and closing of the local day that lies days after t.
func (c Calendar) hours(t time.Time, days int) (opens, closes time.Time, works bool) {
	l := t.In(c.zone())
	at := func(minutes int) time.Time {
		return time.Date(l.Year(), l.Month(), l.Day()+days, minutes/60, minutes%60, 0, 0, c.zone())
	}
	opens, closes = at(c.Opens), at(c.Closes)
	return opens, closes, c.Works(at(12*60)) && closes.After(opens)
}

// Open tells whether the unit works at the moment.
func (c Calendar) Open(t time.Time) bool {
	opens, closes, works := c.hours(t, 0)
	return works && !t.Before(opens) && t.Before(closes)
}

// WorkingHours is how much working time lies between two moments.
func (c Calendar) WorkingHours(from, to time.Time) time.Duration {
	var sum time.Duration
	for days := 0; days < far; days++ {
		opens, closes, works := c.hours(from, days)
		if opens.After(to) {
			break
		}
		if !works {
			continue
		}
		if opens.Before(from) {
			opens = from
		}
		if closes.After(to) {
			closes = to
		}
		if closes.After(opens) {
			sum += closes.Sub(opens)
		}
	}
	return sum
}

// AddWorkingHours is the moment at which d of working time will have passed
// since t.
func (c Calendar) AddWorkingHours(t time.Time, d time.Duration) time.Time {
	for days := range far {
		opens, closes, works := c.hours(t, days)
		if !works || !closes.After(t) {
			continue
		}
		if opens.Before(t) {
			opens = t
		}
		if room := closes.Sub(opens); room < d {
			d -= room
			continue
		}
		return opens.Add(d).In(t.Location())
	}
	return t.Add(d)
}

var weekForm = regexp.MustCompile(`^[01]{7}$`)

func (c Calendar) check() []fault.Field {
	var wrong []fault.Field
	if !validID(c.ID) {
		wrong = append(wrong, fault.F("id", "An id has letters a-z, digits and hyphens, at most 40"))
	}
	if c.Name == "" {
		wrong = append(wrong, fault.F("name", "Enter a name§org"))
	}
	if !weekForm.MatchString(c.Week) || c.Week == "0000000" {
		wrong = append(wrong, fault.F("week", "At least one day of the week must be a working day"))
	}
	if c.Opens < 0 || c.Closes > 24*60 || c.Closes <= c.Opens {
		wrong = append(wrong, fault.F("closes", "Work must end after it begins, on the same day"))
	}
	if c.Base == c.ID && c.Base != "" {
		wrong = append(wrong, fault.F("base", "A calendar can't be its own base"))
	}
	return wrong
}

// ParseClock reads a time of day "09:00" as minutes after midnight; "24:00" is
// the end of the day.
func ParseClock(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	h, err1 := strconv.ParseUint(s[:2], 10, 8)
	m, err2 := strconv.ParseUint(s[3:], 10, 8)
	if err1 != nil || err2 != nil || m > 59 || h > 24 || h == 24 && m > 0 {
		return 0, false
	}
	return int(h*60 + m), true
}

// Clock is minutes after midnight as "09:00".
func Clock(minutes int) string {
	two := func(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
	return two(minutes/60) + ":" + two(minutes%60)
}
