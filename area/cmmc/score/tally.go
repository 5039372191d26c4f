package score

import "yagura/area/cmmc/catalog"

// Status is what an enclave may call itself.
type Status string

// The statuses.
const (
	Final        Status = "final"
	Conditional  Status = "conditional"
	None         Status = "none"
	NoAssessment Status = "no_assessment" // no system security plan
	NotEligible  Status = "not_eligible"  // Level 3 without Level 2 at its maximum
)

// rank orders statuses from worst to best.
func (s Status) rank() int {
	switch s {
	case Final:
		return 3
	case Conditional:
		return 2
	case None:
		return 1
	}
	return 0
}

// AtLeast tells whether s is as good as other.
func (s Status) AtLeast(other Status) bool { return s.rank() >= other.rank() }

// Tally is the sum over the requirements of a level.
type Tally struct {
	Level  int
	Score  int // Level 1 has none
	Open   int // requirements not met
	Barred int // of these, how many may not stand on a plan of action
	Gate   bool
}

// Count sums up a level where the objectives of open are not satisfied. ssp tells
// whether there is a system security plan.
func Count(level int, open *catalog.Bits, ssp bool) Tally {
	t := Tally{Level: level, Score: catalog.Of(level).Max, Gate: level == 2 && !ssp}
	for _, r := range levels[level] {
		s := r.In(open)
		if s == catalog.Met {
			continue
		}
		t.Open++
		t.Score -= r.Points(s)
		t.Gate = t.Gate || r.Gate
		if ok, _ := r.Deferrable(s); !ok || level == 1 {
			t.Barred++
		}
	}
	return t
}

var levels = [4][]*catalog.Requirement{1: catalog.Requirements(1), 2: catalog.Requirements(2), 3: catalog.Requirements(3)}

// Status is the status that the tally allows.
func (t Tally) Status() Status {
	switch {
	case t.Gate:
		return NoAssessment
	case t.Open == 0:
		return Final
	case t.Barred == 0 && t.Level > 1 && t.Score >= catalog.Of(t.Level).ConditionalMin:
		return Conditional
	}
	return None
}
