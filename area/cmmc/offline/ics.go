package offline

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/area/cmmc/score"
	"yagura/kernel/text"
)

// Day is a day of an enclave. Key tells enclaves of the same name apart; where it is
// empty the name does.
type Day struct {
	Enclave, Key string
	score.Event
}

// calendar is that of one enclave.
func calendar(enclave string, lang text.Lang, now time.Time, events []score.Event) string {
	days := make([]Day, len(events))
	for i, e := range events {
		days[i] = Day{Enclave: enclave, Event: e}
	}
	return Calendar(lang, now, days)
}

// Calendar is RFC 5545: whole days, each with an id that stays the same, so that
// a calendar imported twice has them once.
func Calendar(lang text.Lang, now time.Time, days []Day) string {
	var b strings.Builder
	line := func(s string) { b.WriteString(fold(s) + "\r\n") }
	line("BEGIN:VCALENDAR")
	line("VERSION:2.0")
	line("PRODID:-//Yagura//CMMC//EN")
	for _, e := range days {
		sum := sha256.Sum256([]byte(cmp.Or(e.Key, e.Enclave) + "\x00" + e.Kind + "\x00" + date(e.Day)))
		summary := "CMMC: " + e.What.In(lang)
		if e.Enclave != "" {
			summary = "CMMC " + e.Enclave + ": " + e.What.In(lang)
		}
		line("BEGIN:VEVENT")
		line(fmt.Sprintf("UID:%x@yagura", sum[:16]))
		line("DTSTAMP:" + stamp(now))
		line("DTSTART;VALUE=DATE:" + e.Day.Format("20060102"))
		line("DTEND;VALUE=DATE:" + e.Day.AddDate(0, 0, 1).Format("20060102"))
		line("SUMMARY:" + escape(summary))
		line("DESCRIPTION:" + escape(e.Clause))
		line("TRANSP:TRANSPARENT")
		line("END:VEVENT")
	}
	line("END:VCALENDAR")
	return b.String()
}

func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", "").Replace(s)
}

// fold breaks a line of more than 75 octets, between characters.
func fold(s string) string {
	var b strings.Builder
	room := 75
	for _, r := range s {
		if n := utf8.RuneLen(r); n > room {
			b.WriteString("\r\n ")
			room = 74
		}
		b.WriteRune(r)
		room -= utf8.RuneLen(r)
	}
	return b.String()
}
