package cmmc

import (
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
)

// Health is what a signal says on a day.
type Health string

// The healths. Unmeasured is a signal that nothing feeds yet, or that never came
// for this system: it says nothing, and is never taken for passing.
const (
	Passing    Health = "pass"
	Failing    Health = "fail"
	Stale      Health = "stale" // measured once, longer ago than it may be
	Unmeasured Health = "none"
)

// Reading is the last value of a signal for a system.
type Reading struct {
	System string
	Signal string
	Pass   bool
	Value  string // as measured: "128 of 129", "0"
	Source string // the area that measured it
	At     time.Time
	Since  time.Time // passing or failing without a break
}

// Health is what the reading is worth at a time.
func (r Reading) Health(now time.Time) Health {
	switch {
	case r.At.IsZero():
		return Unmeasured
	case !now.Before(r.expires()):
		return Stale
	case r.Pass:
		return Passing
	}
	return Failing
}

func (r Reading) expires() time.Time {
	sig, ok := FindSignal(r.Signal)
	if !ok {
		return time.Time{}
	}
	return r.At.AddDate(0, 0, sig.FreshDays)
}

// weigh is what counts for an objective, given what the assessor's results and
// documents are worth and what signals say: one that fails breaks it, whatever was
// said; one that is stale leaves open what was met; one that passes adds nothing.
func weigh(said score.Result, signals []Health) score.Result {
	stale := false
	for _, h := range signals {
		switch h {
		case Failing:
			return score.NotMet
		case Stale:
			stale = true
		}
	}
	if stale && said != score.NotMet {
		return score.Unknown
	}
	return said
}

// remote is the signal on which partial credit of 3.5.3 rests: it is given only
// where everyone who comes from outside is measured to use several factors.
const remote = "mfa.remote_network"

// raw is all that is known of a system's own half.
type raw struct {
	said     *score.Assessment
	readings map[string]Reading
}

// own is a system's own half, as the assessor has it and with signals, and until
// when that stays so by itself.
func (w *raw) own(now time.Time) (said, live half) {
	said.Open, said.Unknown = w.said.Open()
	live = said
	for i, signals := range signalsOf {
		if len(signals) == 0 {
			continue
		}
		switch weigh(bitsOf(said, i), w.health(signals, now)) {
		case score.NotMet:
			live.Open.Set(i)
			live.Unknown.Clear(i)
		case score.Unknown:
			live.Open.Clear(i)
			live.Unknown.Set(i)
		}
	}
	mfa := catalog.Find("3.5.3")
	if mark, ok := mfa.Mark(); ok {
		switch w.readings[remote].Health(now) {
		case Passing:
			live.Open.Clear(mark)
		case Failing, Stale:
			live.Open.Set(mark)
		}
	}
	return said, live
}

func (w *raw) health(signals []string, now time.Time) []Health {
	list := make([]Health, 0, len(signals))
	for _, name := range signals {
		list = append(list, w.readings[name].Health(now))
	}
	return list
}

// weighed is what one objective of the system's own half is worth.
func (w *raw) weighed(i int, now time.Time) (said, live score.Result) {
	said, _ = w.said.Effective(i)
	return said, weigh(said, w.health(signalsOf[i], now))
}

// bitsOf is an objective's result as a half has it. N/A is as good as met.
func bitsOf(h half, i int) score.Result {
	switch {
	case h.Open.Has(i):
		return score.NotMet
	case h.Unknown.Has(i):
		return score.Unknown
	}
	return score.Met
}

// until is when the next reading goes stale by itself.
func (w *raw) until(now time.Time) (next time.Time) {
	for _, r := range w.readings {
		if e := r.expires(); e.After(now) && (next.IsZero() || e.Before(next)) {
			next = e
		}
	}
	return next
}
