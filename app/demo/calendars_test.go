package demo

import "testing"

func TestCalendars(t *testing.T) {
	byID := map[string]Calendar{}
	for _, c := range Calendars(2025, 2027) {
		byID[c.ID] = c
		if len(c.Days) < 15 || !japanese(c.Name.Ja) || c.Closes <= c.Opens {
			t.Errorf("calendar %s: %d days, %d to %d", c.ID, len(c.Days), c.Opens, c.Closes)
		}
	}
	for _, u := range Units() {
		if _, ok := byID[u.Calendar]; u.Calendar != "" && !ok {
			t.Errorf("%s: no calendar %s", u.ID, u.Calendar)
		}
	}
	for _, w := range []struct {
		id, day string
		off     bool
	}{
		{"jp-office", "2026-01-12", true}, {"jp-office", "2026-03-20", true}, {"jp-office", "2026-05-06", true}, // Constitution Day fell on a Sunday
		{"jp-office", "2026-09-21", true}, {"jp-office", "2026-09-22", true}, {"jp-office", "2026-09-23", true}, {"jp-office", "2026-11-23", true},
		{"jp-office", "2026-08-13", false}, {"jp-works", "2026-08-13", true}, {"jp-office", "2026-11-24", false}, {"jp-office", "2025-11-24", true},
		{"de-nw", "2026-04-03", true}, {"de-nw", "2026-04-06", true}, {"de-nw", "2026-05-14", true}, {"de-nw", "2026-06-04", true},
		{"us", "2026-11-26", true}, {"us", "2026-05-25", true}, {"us", "2026-09-07", true}, {"gb", "2026-08-31", true}, {"gb", "2026-12-28", true},
		{"nl", "2027-03-29", true}, {"br", "2026-02-17", true},
	} {
		if _, off := byID[w.id].Days[w.day]; off != w.off {
			t.Errorf("%s on %s: off %v", w.id, w.day, off)
		}
	}
}
