package correlate

import "testing"

func TestMark(t *testing.T) {
	const now = 1_764_000_000_000
	none := func(string) bool { return false }
	for name, x := range map[string]struct {
		since   int64
		sources []Source
		feeds   func(string) bool
		want    int64
	}{
		"nobody is heard":         {0, nil, none, now - 15*minute},
		"we just came":            {now - 5*minute, nil, none, never},
		"what was kept comes in":  {now, []Source{{"a", now - 5*60*minute, now, Lateness}, {"b", now, now - 6*60*minute, Lateness}}, none, now - 305*minute},
		"the slowest counts":      {0, []Source{{"a", now, now, Lateness}, {"b", now - 2*minute, now, Lateness}}, none, now - 7*minute},
		"silent ones do not":      {0, []Source{{"a", now, now, Lateness}, {"b", now - 20*minute, now - 11*minute, Lateness}}, none, now - 5*minute},
		"nor those far behind":    {0, []Source{{"a", now, now, Lateness}, {"b", now - 8*24*60*minute, now, Lateness}}, none, now - 5*minute},
		"nobody is ahead of us":   {0, []Source{{"a", now + 99*minute, now, Lateness}}, none, now - 5*minute},
		"stored ones hold theirs": {0, []Source{{"a", now, now, Lateness}, {"plant", now - minute, now, Forwarded}}, func(id string) bool { return id == "plant" }, now - minute - Forwarded},
		"and no others":           {0, []Source{{"a", now, now, Lateness}, {"plant", now - minute, now, Forwarded}}, none, now - 5*minute},
	} {
		if got := Mark(x.sources, now, x.since, x.feeds); got != x.want {
			t.Errorf("%s: %d minutes behind, want %d", name, (now-got)/minute, (now-x.want)/minute)
		}
	}
}
