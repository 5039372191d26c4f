package incident

import (
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Step is what a person does to an incident to bring it to another state.
type Step string

// The steps.
const (
	Triage    Step = "triage"
	Confirm   Step = "confirm"
	Contain   Step = "contain"
	Eradicate Step = "eradicate"
	Recover   Step = "recover"
	Review    Step = "review"
	Shut      Step = "close"
	Dismiss   Step = "dismiss"
	Double    Step = "duplicate"
	Merge     Step = "merge"
	Reopen    Step = "reopen"
)

// Steps are all steps in their order.
var Steps = []Step{Triage, Confirm, Contain, Eradicate, Recover, Review, Shut, Dismiss, Double, Merge, Reopen}

// Label is the step as a button says it.
func (s Step) Label() text.Message {
	switch s {
	case Triage:
		return text.M("Triage")
	case Confirm:
		return text.M("Confirm as an incident")
	case Contain:
		return text.M("Mark as contained")
	case Eradicate:
		return text.M("Mark as eradicated")
	case Recover:
		return text.M("Mark as recovered")
	case Review:
		return text.M("Write the review")
	case Shut:
		return text.M("Close the incident")
	case Dismiss:
		return text.M("Dismiss as no incident")
	case Double:
		return text.M("Mark as duplicate")
	case Merge:
		return text.M("Merge into another")
	case Reopen:
		return text.M("Reopen")
	}
	return text.Literal(string(s))
}

// Act is what one must hold for the step.
func (s Step) Act() authz.Act {
	switch s {
	case Review, Shut, Reopen:
		return Close
	}
	return Respond
}

// from is where each step may start.
var from = map[Step][]State{
	Triage:    {Reported},
	Confirm:   {Triaged},
	Contain:   {Confirmed},
	Eradicate: {Contained},
	Recover:   {Contained, Eradicated},
	Review:    {Recovered},
	Shut:      {Reviewed},
	Dismiss:   {Reported, Triaged, Confirmed},
	Double:    {Reported, Triaged, Confirmed},
	Merge:     {Reported, Triaged, Confirmed, Contained},
	Reopen:    {Contained, Eradicated, Recovered, Reviewed, Closed, Dismissed, Duplicate, Merged},
}

// Next are the steps that the state allows, the one onward first.
func Next(s State) []Step {
	var steps []Step
	for _, step := range Steps {
		if slices.Contains(from[step], s) {
			steps = append(steps, step)
		}
	}
	return steps
}

// Reasons why something was no incident, by code.
var Reasons = []string{"false-positive", "permitted", "exercise", "outside"}

// ReasonLabel is the sentence for a reason.
func ReasonLabel(code string) text.Message {
	switch code {
	case "false-positive":
		return text.M("The detection or the report was wrong")
	case "permitted":
		return text.M("It was permitted work")
	case "exercise":
		return text.M("It was an exercise")
	case "outside":
		return text.M("It does not concern the group")
	}
	return text.Literal(code)
}

// Move is a step with what it needs.
type Move struct {
	Step     Step
	Happened time.Time // when it was so in the world; zero is now
	Note     string
	Severity Severity // triage, confirm
	Class    string   // confirm
	Type     string
	Team     string // triage
	Lead     string // confirm
	Other    string // duplicate, merge: number of the other
	Reason   string // dismiss
	Lessons  string // review
	Cause    string // review
}

// around is what a rule must know beside the incident itself.
type around struct {
	now       time.Time
	by        string
	openTasks int
	led       []string // everybody who is or was its lead
}

// apply is the whole rule of states: it returns the incident after the step, or
// why the step can't be done.
func apply(inc Incident, m Move, a around) (Incident, error) {
	if !slices.Contains(from[m.Step], inc.State) {
		return inc, fault.Conflict("This cannot be done to an incident in the state “%s”", inc.State.Label())
	}
	at := m.Happened
	if at.IsZero() {
		at = a.now
	}
	var wrong []fault.Field
	need := func(ok bool, f fault.Field) {
		if !ok {
			wrong = append(wrong, f)
		}
	}
	need(!at.After(a.now), fault.F("happened", "This time lies in the future"))
	need(at.After(a.now) || !at.Before(inc.since()), fault.F("happened", "This is before the step that came before it"))
	note := strings.TrimSpace(m.Note)
	if m.Severity != "" {
		need(m.Severity.Rank() > 0, fault.F("severity", "There is no such choice"))
		inc.Severity = m.Severity
	}
	if m.Class != "" {
		_, _, ok := ClassOf(m.Class, m.Type)
		need(ok, fault.F("class", "There is no such choice"))
		inc.Class, inc.Type = m.Class, m.Type
	}
	if m.Team != "" {
		inc.Team = m.Team
	}
	if m.Lead != "" {
		inc.Lead = m.Lead
	}
	if inc.State != Reported || m.Step == Triage {
		inc.Peak = graver(inc.Peak, inc.Severity)
	}
	switch m.Step {
	case Triage:
		need(inc.Severity.Rank() > 0, fault.F("severity", "Choose how grave it is"))
		need(inc.Team != "", fault.F("team", "Choose the team that answers for it"))
		inc.State, inc.Triaged = Triaged, at
	case Confirm:
		need(inc.Severity.Rank() > 0, fault.F("severity", "Choose how grave it is"))
		need(inc.Class != "", fault.F("class", "Choose what kind of incident it is"))
		need(inc.Team != "", fault.F("team", "Choose the team that answers for it"))
		need(inc.Lead != "", fault.F("lead", "Choose who leads"))
		inc.State, inc.Confirmed = Confirmed, at
	case Contain:
		need(note != "", fault.F("note", "Write down what stopped it"))
		inc.State, inc.Contained = Contained, at
	case Eradicate:
		need(note != "", fault.F("note", "Write down what was removed"))
		inc.State, inc.Eradicated = Eradicated, at
	case Recover:
		need(note != "", fault.F("note", "Write down what works again"))
		inc.State, inc.Recovered = Recovered, at
	case Review:
		need(strings.TrimSpace(m.Cause) != "", fault.F("cause", "Write down what made it possible"))
		need(strings.TrimSpace(m.Lessons) != "", fault.F("lessons", "Write down what the group learns from it"))
		if len(wrong) == 0 && inc.Peak == Critical && slices.Contains(a.led, a.by) {
			return inc, fault.Denied("Who led a critical incident cannot review it: a second person must")
		}
		inc.State, inc.Reviewed = Reviewed, at
		inc.Cause, inc.Lessons, inc.Reviewer = strings.TrimSpace(m.Cause), strings.TrimSpace(m.Lessons), a.by
	case Shut:
		if a.openTasks > 0 {
			return inc, fault.Conflict("%d tasks are not done yet", a.openTasks)
		}
		if inc.Lessons == "" || inc.Reviewer == "" {
			return inc, fault.Conflict("It was not reviewed yet")
		}
		if inc.Peak == Critical && slices.Contains(a.led, inc.Reviewer) {
			return inc, fault.Denied("Who led a critical incident cannot review it: a second person must")
		}
		inc.State, inc.Closed = Closed, at
	case Dismiss:
		need(slices.Contains(Reasons, m.Reason), fault.F("reason", "Choose why it is no incident"))
		need(note != "", fault.F("note", "Write down how you know"))
		inc.State, inc.Closed, inc.Reason = Dismissed, at, m.Reason
	case Double, Merge:
		need(m.Other != "" && m.Other != inc.ID, fault.F("other", "Enter the number of the other incident"))
		inc.State, inc.Closed, inc.Other = Duplicate, at, m.Other
		if m.Step == Merge {
			inc.State = Merged
		}
	case Reopen:
		need(note != "", fault.F("note", "Write down why"))
		zero := time.Time{}
		inc.Contained, inc.Eradicated, inc.Recovered, inc.Reviewed, inc.Closed = zero, zero, zero, zero, zero
		inc.Reviewer, inc.Other, inc.Reason = "", "", ""
		inc.Reopened++
		switch {
		case !inc.Confirmed.IsZero():
			inc.State = Confirmed
		case !inc.Triaged.IsZero():
			inc.State = Triaged
		default:
			inc.State, inc.Triaged = Triaged, at
		}
	}
	if len(wrong) > 0 {
		return inc, fault.Invalid(wrong...)
	}
	return inc, nil
}

// since is when the last step was so; a step onward can't be earlier. Before
// triage that is when it occurred, since what was noticed late was still
// reported after.
func (i Incident) since() time.Time {
	last := i.Occurred
	for _, t := range []time.Time{i.Triaged, i.Confirmed, i.Contained, i.Eradicated, i.Recovered, i.Reviewed, i.Closed} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

func graver(a, b Severity) Severity {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}

// AnswerWithin is how long a team has to accept an offer before the next one
// up is asked.
func AnswerWithin(s Severity) time.Duration {
	switch s {
	case Critical:
		return 15 * time.Minute
	case High:
		return 30 * time.Minute
	case Medium:
		return 4 * time.Hour
	}
	return 8 * time.Hour
}

// draft is what a new incident must have.
func (i Incident) check(now time.Time) []fault.Field {
	var wrong []fault.Field
	need := func(ok bool, f fault.Field) {
		if !ok {
			wrong = append(wrong, f)
		}
	}
	need(i.Title != "", fault.F("title", "Say in one line what happened"))
	need(len([]rune(i.Title)) <= 200, fault.F("title", "At most %d characters", 200))
	need(len([]rune(i.Description)) <= 20000, fault.F("description", "At most %d characters", 20000))
	need(len([]rune(i.Noticed)) <= 2000, fault.F("noticed", "At most %d characters", 2000))
	need(i.Unit != "", fault.F("unit", "Choose where it happened"))
	need(i.Severity.Rank() > 0, fault.F("severity", "Choose how grave it is"))
	need(i.TLP.Valid(), fault.F("tlp", "There is no such choice"))
	if i.Class != "" {
		_, _, ok := ClassOf(i.Class, i.Type)
		need(ok, fault.F("class", "There is no such choice"))
	}
	need(!i.Occurred.After(now), fault.F("occurred", "This time lies in the future"))
	need(!i.Detected.After(now), fault.F("detected", "This time lies in the future"))
	need(i.Detected.IsZero() || !i.Detected.Before(i.Occurred), fault.F("detected", "It cannot be noticed before it happened"))
	return wrong
}
