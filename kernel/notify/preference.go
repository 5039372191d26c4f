package notify

import (
	"database/sql"
	"errors"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Mode is which messages a person gets by mail.
type Mode string

// The modes.
const (
	EachMail   Mode = "each"   // a mail for each message
	DailyMail  Mode = "daily"  // urgent ones at once, the others in one mail a day
	UrgentMail Mode = "urgent" // urgent ones only
	NoMail     Mode = "none"
)

// Modes are all modes in the order in which a person picks from them.
var Modes = []Mode{EachMail, DailyMail, UrgentMail, NoMail}

// Label is the mode's name.
func (m Mode) Label() text.Message {
	switch m {
	case EachMail:
		return text.M("A mail for each message")
	case DailyMail:
		return text.M("Urgent messages at once, all others in one mail a day")
	case UrgentMail:
		return text.M("Urgent messages only")
	case NoMail:
		return text.M("No mail")
	}
	return text.Literal(string(m))
}

// Preferences are how a person wants to be told. Times of day are minutes since
// midnight in the person's own zone.
type Preferences struct {
	Mail      Mode
	DigestAt  int // with DailyMail
	QuietFrom int // quiet hours may run past midnight; both the same: none
	QuietTo   int
	QuietDays []time.Weekday // quiet all day
}

// DefaultPreferences are those of a person who chose none: mail for each
// message, quiet from 22:00 to 7:00.
var DefaultPreferences = Preferences{Mail: EachMail, DigestAt: 9 * 60, QuietFrom: 22 * 60, QuietTo: 7 * 60}

// PreferencesChanged is recorded when a person changes how to be told.
type PreferencesChanged struct {
	Person string `json:"person"`
	Mail   Mode   `json:"mail"`
}

// Heading implements store.Fact.
func (f PreferencesChanged) Heading() store.Heading {
	return store.Heading{Kind: "notify.preferences-changed", Subject: f.Person}
}

// PreferencesOf are a person's preferences, the default ones where none were
// chosen.
func PreferencesOf(tx *store.Tx, person string) (Preferences, error) {
	var p Preferences
	var days int
	err := tx.QueryRow("SELECT mail, digest_at, quiet_from, quiet_to, quiet_days FROM notify_preference WHERE person = $1", person).
		Scan(&p.Mail, &p.DigestAt, &p.QuietFrom, &p.QuietTo, &days)
	if errors.Is(err, sql.ErrNoRows) {
		return DefaultPreferences, nil
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if days&(1<<d) != 0 {
			p.QuietDays = append(p.QuietDays, d)
		}
	}
	return p, err
}

// SetPreferences changes how the actor himself is told. It belongs inside
// Change.
func SetPreferences(tx *store.Tx, by authz.Actor, p Preferences) error {
	if by.Person == "" {
		return fault.Denied("Only a person has an inbox")
	}
	var wrong []fault.Field
	known := false
	for _, m := range Modes {
		known = known || m == p.Mail
	}
	if !known {
		wrong = append(wrong, fault.F("mail", "Choose which messages come by mail"))
	}
	for _, at := range []struct {
		name   string
		minute int
	}{{"digest_at", p.DigestAt}, {"quiet_from", p.QuietFrom}, {"quiet_to", p.QuietTo}} {
		if at.minute < 0 || at.minute >= 24*60 {
			wrong = append(wrong, fault.F(at.name, "Give a time of day from 0:00 to 23:59"))
		}
	}
	days := 0
	for _, d := range p.QuietDays {
		if d < time.Sunday || d > time.Saturday {
			wrong = append(wrong, fault.F("quiet_days", "Choose days of the week"))
			break
		}
		days |= 1 << d
	}
	if days == 0x7f {
		wrong = append(wrong, fault.F("quiet_days", "At least one day of the week can't be quiet"))
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	if _, err := tx.Exec(`INSERT INTO notify_preference (person, mail, digest_at, quiet_from, quiet_to, quiet_days) VALUES ($1,$2,$3,$4,$5,$6)
		ON CONFLICT (person) DO UPDATE SET mail = excluded.mail, digest_at = excluded.digest_at,
		quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, quiet_days = excluded.quiet_days`,
		by.Person, string(p.Mail), p.DigestAt, p.QuietFrom, p.QuietTo, days); err != nil {
		return err
	}
	return tx.Record(by, PreferencesChanged{by.Person, p.Mail})
}

type way int

const (
	byInbox way = iota
	byMail
	byDigest
)

// route says how and when a message goes out by mail.
func (p Preferences) route(urgent bool, now time.Time, zone *time.Location) (way, time.Time) {
	switch {
	case p.Mail == NoMail:
		return byInbox, time.Time{}
	case urgent:
		return byMail, now
	case p.Mail == UrgentMail:
		return byInbox, time.Time{}
	case p.Mail == DailyMail:
		return byDigest, p.nextDigest(now, zone)
	}
	return byMail, p.Awake(now, zone)
}

// at is a time of day on the day of t, or n days after.
func at(t time.Time, days, minute int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, minute/60, minute%60, 0, 0, t.Location())
}

func (p Preferences) quietDay(d time.Weekday) bool {
	for _, q := range p.QuietDays {
		if q == d {
			return true
		}
	}
	return false
}

// quiet tells whether a moment, in the person's zone, is in the quiet hours.
func (p Preferences) quiet(t time.Time) bool {
	minute := t.Hour()*60 + t.Minute()
	switch {
	case p.quietDay(t.Weekday()):
		return true
	case p.QuietFrom < p.QuietTo:
		return p.QuietFrom <= minute && minute < p.QuietTo
	case p.QuietFrom > p.QuietTo:
		return minute >= p.QuietFrom || minute < p.QuietTo
	}
	return false
}

// Awake is now, or the end of the quiet time in which now lies.
func (p Preferences) Awake(now time.Time, zone *time.Location) time.Time {
	t := now.In(zone)
	if !p.quiet(t) {
		return now
	}
	for day := range 9 { // a quiet time ends at the end of the hours or at midnight
		for _, minute := range []int{0, p.QuietTo} {
			if end := at(t, day, minute); end.After(t) && !p.quiet(end) {
				return end.UTC()
			}
		}
	}
	return now
}

// nextDigest is the next time of the daily mail that is on no quiet day.
func (p Preferences) nextDigest(now time.Time, zone *time.Location) time.Time {
	t := now.In(zone)
	for day := range 9 {
		if next := at(t, day, p.DigestAt); next.After(t) && !p.quietDay(next.Weekday()) {
			return next.UTC()
		}
	}
	return now
}
