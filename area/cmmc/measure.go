package cmmc

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/plan"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// MeasureState is how far a measure is.
type MeasureState string

// The states of a measure. What is dropped or done stays to be read.
const (
	MeasureProposed MeasureState = "proposed"
	MeasureApproved MeasureState = "approved"
	MeasureRunning  MeasureState = "running"
	MeasureDone     MeasureState = "done"
	MeasureDropped  MeasureState = "dropped"
)

// MeasureStates are all states in order.
var MeasureStates = []MeasureState{MeasureProposed, MeasureApproved, MeasureRunning, MeasureDone, MeasureDropped}

// Label is the word for the state.
func (s MeasureState) Label() text.Message {
	switch s {
	case MeasureProposed:
		return text.M("Proposed§measure")
	case MeasureApproved:
		return text.M("Approved§measure")
	case MeasureRunning:
		return text.M("Running§measure")
	case MeasureDone:
		return text.M("Done§measure")
	}
	return text.M("Dropped§measure")
}

// MeasureStep is what can be done to a measure.
type MeasureStep string

// The steps.
const (
	MeasureApprove MeasureStep = "approve"
	MeasureReturn  MeasureStep = "return"
	MeasureStart   MeasureStep = "start"
	MeasureFinish  MeasureStep = "finish"
	MeasureDrop    MeasureStep = "drop"
)

type measureMove struct {
	from []MeasureState
	to   MeasureState
	act  string // in the ledger
}

var measureMoves = map[MeasureStep]measureMove{
	MeasureApprove: {[]MeasureState{MeasureProposed}, MeasureApproved, "approved"},
	MeasureReturn:  {[]MeasureState{MeasureApproved}, MeasureProposed, "returned"},
	MeasureStart:   {[]MeasureState{MeasureApproved}, MeasureRunning, "started"},
	MeasureFinish:  {[]MeasureState{MeasureRunning}, MeasureDone, "finished"},
	MeasureDrop:    {[]MeasureState{MeasureProposed, MeasureApproved, MeasureRunning}, MeasureDropped, "dropped"},
}

// Steps are what can be done in this state.
func (s MeasureState) Steps() (steps []MeasureStep) {
	for _, step := range []MeasureStep{MeasureApprove, MeasureStart, MeasureFinish, MeasureReturn, MeasureDrop} {
		if slices.Contains(measureMoves[step].from, s) {
			steps = append(steps, step)
		}
	}
	return steps
}

// Measure is something that costs money and closes objectives: a tool, a
// rebuilding, a training, in some enclaves or in all of a unit.
type Measure struct {
	ID       string
	Unit     string
	Name     string
	Note     string
	Yen      int64
	Months   int
	Year     int // fiscal year whose budget pays it
	State    MeasureState
	Closes   catalog.Bits
	Partly   catalog.Bits // marks of requirements brought into force in part
	Enclaves []string     // none: all of the unit
	Owner    string       // person who answers for it; may be nobody

	Committed, Spent int64 // sums of the entries

	ProposedBy string
	Proposed   time.Time
	ApprovedBy string
	Approved   time.Time
	Moved      time.Time // into its present state
	Why        string    // of dropping or returning
	Version    int64
	ord        string
}

// Live tells whether the measure is still ahead of us: neither done nor dropped.
func (m Measure) Live() bool { return m.State != MeasureDone && m.State != MeasureDropped }

// Decided tells whether the measure was approved and is not done yet.
func (m Measure) Decided() bool { return m.State == MeasureApproved || m.State == MeasureRunning }

// Objectives are the names of what it closes: whole requirements by their id.
func (m Measure) Objectives() []string { return NamesOf(m.Closes) }

// Partial are the requirements that it brings into force in part.
func (m Measure) Partial() (ids []string) {
	for _, q := range catalog.Requirements(2) {
		if mark, ok := q.Mark(); ok && m.Partly.Has(mark) {
			ids = append(ids, q.ID)
		}
	}
	return ids
}

// NamesOf writes objectives short: a requirement all of whose objectives are in
// the set stands for them.
func NamesOf(b catalog.Bits) (names []string) {
	for _, level := range []int{2, 3} {
		for _, q := range catalog.Requirements(level) {
			whole := true
			for _, i := range q.Objective {
				whole = whole && b.Has(i)
			}
			if whole {
				names = append(names, q.ID)
				continue
			}
			for _, i := range q.Objective {
				if b.Has(i) {
					names = append(names, catalog.Name(i))
				}
			}
		}
	}
	return names
}

// MeasureDraft is what a person writes down of a measure.
type MeasureDraft struct {
	Unit       string
	Name       string
	Note       string
	Yen        int64
	Months     int
	Year       int
	Objectives string // names, parted by blanks, commas or lines
	Partial    []string
	Enclaves   []string
	Owner      string
}

const (
	mostYen    = 1_000_000_000_000_000
	mostMonths = 600
)

// apply checks a draft and puts it into the measure; the fields at fault are
// named.
func (m *Measure) apply(d MeasureDraft) error {
	var wrong []fault.Field
	bad := func(f fault.Field) { wrong = append(wrong, f) }
	m.Name, m.Note, m.Unit = strings.TrimSpace(d.Name), strings.TrimSpace(d.Note), d.Unit
	m.Yen, m.Months, m.Year, m.Owner = d.Yen, d.Months, d.Year, d.Owner
	switch {
	case m.Name == "":
		bad(fault.F("name", "Say in one line what is done"))
	case utf8.RuneCountInString(m.Name) > 200:
		bad(fault.F("name", "At most %d characters", 200))
	}
	if utf8.RuneCountInString(m.Note) > 4000 {
		bad(fault.F("note", "At most %d characters", 4000))
	}
	if m.Yen < 0 || m.Yen > mostYen {
		bad(fault.F("yen", "A cost is a whole number of yen"))
	}
	if m.Months < 0 || m.Months > mostMonths {
		bad(fault.F("months", "%d months are not possible", m.Months))
	}
	if m.Year < 2000 || m.Year > 2200 {
		bad(fault.F("year", "There is no fiscal year %d", m.Year))
	}
	m.Closes, m.Partly = catalog.Bits{}, catalog.Bits{}
	for n, line := range strings.Split(d.Objectives, "\n") {
		for _, name := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' || r == '、' || r <= ' ' || r == '　' }) {
			bits, ok := inherit.Named(name)
			if !ok {
				bad(fault.F("objectives", "Line %d: there is no requirement or objective %q", n+1, name))
				continue
			}
			m.Closes = m.Closes.Or(bits)
		}
	}
	for _, id := range d.Partial {
		q := catalog.Find(id)
		if q == nil {
			bad(fault.F("partial", "There is no requirement %q", id))
			continue
		}
		mark, ok := q.Mark()
		if !ok {
			bad(fault.F("partial", "%s has no partial credit", q.ID))
			continue
		}
		if m.Closes.Has(q.Objective[len(q.Objective)-1]) {
			bad(fault.F("partial", "%s is closed as a whole already", q.ID))
			continue
		}
		m.Partly.Set(mark)
	}
	if !m.Closes.Any() && !m.Partly.Any() && len(wrong) == 0 {
		bad(fault.F("objectives", "A measure closes at least one objective"))
	}
	m.Enclaves = slices.Compact(slices.Sorted(slices.Values(d.Enclaves)))
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

// move is one step; the reason is needed where something is taken back.
func (m *Measure) move(step MeasureStep, why string, now time.Time) error {
	mv, ok := measureMoves[step]
	if !ok {
		return fault.Invalidf("There is no step %q", string(step))
	}
	if !slices.Contains(mv.from, m.State) {
		return fault.Conflict("This cannot be done to a measure in the state “%s”", m.State.Label())
	}
	why = strings.TrimSpace(why)
	if why == "" && (step == MeasureDrop || step == MeasureReturn) {
		return fault.Invalid(fault.F("why", "Write down why"))
	}
	m.State, m.Moved, m.Why = mv.to, now, why
	switch step {
	case MeasureApprove:
		m.Approved = now
	case MeasureReturn:
		m.Approved, m.ApprovedBy = time.Time{}, ""
	}
	return nil
}

// planned is the measure as the planner takes it. within are the enclaves of
// its unit.
func (m Measure) planned(within []string) plan.Measure {
	p := plan.Measure{ID: m.ID, Name: m.Name, Yen: m.Yen, Months: m.Months, Closes: m.Closes, Partly: m.Partly, Enclaves: m.Enclaves}
	if len(p.Enclaves) == 0 {
		p.Enclaves = append([]string{nowhere}, within...) // none at all would be everywhere
	}
	return p
}

// nowhere is no enclave.
const nowhere = "-"

// Payment is money of a measure that was committed or spent.
type Payment struct {
	ID      string
	Measure string
	Kind    string // committed, spent
	Yen     int64  // below zero corrects
	Day     time.Time
	Note    string
	By      string
	At      time.Time
}

// FiscalYear is the year of the budget to which a day belongs: it begins in
// April, as budgets of the group do.
func FiscalYear(day time.Time) int {
	if day.Month() < time.April {
		return day.Year() - 1
	}
	return day.Year()
}
