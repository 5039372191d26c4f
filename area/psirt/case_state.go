package psirt

import (
	"time"
)

// Kind says what an entry of a case's log tells.
type Kind string

// The kinds of entries from which the state of a case and its clocks follow. The
// clocks of area/psirt/clock name them too.
const (
	Opened        Kind = "opened"
	WasReported   Kind = "reported"     // about: report
	WasAcked      Kind = "acknowledged" // about: report
	Triaged       Kind = "triaged"      // data: outcome
	TriageUndone  Kind = "triage-undone"
	Weakness      Kind = "vulnerability-added"   // about: vulnerability
	Dropped       Kind = "vulnerability-dropped" // about: vulnerability
	IDAssigned    Kind = "id-assigned"           // about: vulnerability
	IDReleased    Kind = "id-released"           // about: vulnerability
	Asked         Kind = "asked"                 // about: range; data: unit
	Answered      Kind = "answered"              // about: vulnerability; data: status
	Chased        Kind = "chased"                // about: range; data: unit
	RemedyPlanned Kind = "remedy-planned"        // about: vulnerability
	Measure       Kind = "measure-available"     // about: vulnerability
	Exploited     Kind = "exploited"             // about: vulnerability; happened: when we knew
	Retracted     Kind = "exploitation-retracted"
	Elsewhere     Kind = "disclosed-elsewhere" // about: vulnerability, or the whole case
	Leaked        Kind = "leaked"
	SevereCase    Kind = "severe-incident"
	RefusalAsked  Kind = "refusal-asked"    // about: party
	RefusalGiven  Kind = "refusal-answered" // about: party
	Contacted     Kind = "contacted"        // about: party: first contact with a coordinator
	Told          Kind = "told"             // about: party; body: what
	ToldFinder    Kind = "told-finder"      // about: report
	Promised      Kind = "promised"         // about: report; until: the date
	Message       Kind = "message"          // about: report; body; author: who
	Note          Kind = "note"
	EmbargoSet    Kind = "embargo-set"    // until: the instant
	EmbargoLifted Kind = "embargo-lifted" // by a decision
	Timed         Kind = "scheduled"      // until: when it is to be published
	Reviewing     Kind = "advisory-in-review"
	WasApproved   Kind = "advisory-approved"
	SentBack      Kind = "advisory-sent-back"
	Disclosed     Kind = "disclosed"        // we published
	RecordOut     Kind = "record-published" // about: vulnerability
	Withdrawn     Kind = "withdrawn"
	Given         Kind = "access-given"
	Taken         Kind = "access-taken"
	Changed       Kind = "changed"
	PlantsAsked   Kind = "plants-asked"
	TaskSet       Kind = "task-set"
	TaskDone      Kind = "task-done"
	WasClosed     Kind = "closed"
	Reopened      Kind = "reopened"

	CRAEarly          Kind = "cra-early-warning"
	CRANotice         Kind = "cra-notification"
	CRAFinal          Kind = "cra-final"
	CRAIncidentEarly  Kind = "cra-incident-warning"
	CRAIncidentNotice Kind = "cra-incident-notification"
	CRAIncidentFinal  Kind = "cra-incident-final"
)

// Entry is one line of a case's log. It is never changed.
type Entry struct {
	ID       string
	Case     string
	At       time.Time // when it was written
	Happened time.Time // when it happened
	Author   string    // person, or "finder"
	Kind     Kind
	About    string    // what it is about: a report, a vulnerability, a party …
	Until    time.Time // the moment that it names
	Data     string    // a code: an outcome, a status, a unit
	Body     string    // in somebody's words
	Digest   string    // as the ledger has it; empty where the entry does not fit it
}

// Status is what follows from a case's log.
type Status struct {
	State     State
	Open      bool      // somebody still has to work on it
	Exploited bool      // at least one of its vulnerabilities is
	Urgent    bool      // exploited, leaked or disclosed by others, and not published by us
	Embargo   time.Time // until when; zero: no instant is set
	// Restricted tells that only those on its list may know of it. Every case begins
	// so, and ends so unless something of it was published or the embargo lifted.
	Restricted   bool
	ScheduledFor time.Time
	DisclosedAt  time.Time // first
}

// Derive is the status of a case with this log, in the order in which it was
// written. It is the only place where a state comes from.
func Derive(log []Entry) Status {
	s := Status{State: Received, Open: true, Restricted: true}
	var triage State
	vulnerabilities, numbered, planned, fixed, exploited := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	var acked, asked, closed, known, updating bool
	advisory := State("")
	for _, e := range log {
		switch e.Kind {
		case WasAcked:
			acked = true
		case Triaged:
			triage = State(e.Data)
		case TriageUndone:
			triage = ""
		case Weakness:
			vulnerabilities[e.About] = true
		case Dropped:
			for _, m := range []map[string]bool{vulnerabilities, numbered, planned, fixed, exploited} {
				delete(m, e.About)
			}
		case IDAssigned:
			numbered[e.About] = true
		case IDReleased:
			delete(numbered, e.About)
		case Asked, Answered:
			asked = true
		case RemedyPlanned:
			planned[e.About] = true
		case Measure:
			planned[e.About], fixed[e.About] = true, true
		case Exploited:
			exploited[e.About] = true
		case Retracted:
			delete(exploited, e.About)
		case Elsewhere, Leaked:
			known = true
		case EmbargoSet:
			s.Embargo, s.Restricted = e.Until, true
		case EmbargoLifted:
			s.Embargo, s.Restricted = time.Time{}, false
		case Reviewing:
			advisory, updating = InReview, !s.DisclosedAt.IsZero()
		case SentBack:
			advisory = ""
		case WasApproved:
			advisory = Approved
		case Timed:
			s.ScheduledFor = e.Until
			if advisory == Approved {
				advisory = Scheduled
			}
		case Disclosed:
			if s.DisclosedAt.IsZero() {
				s.DisclosedAt = e.Happened
			}
			advisory, updating, s.Restricted, s.Embargo, s.ScheduledFor = "", false, false, time.Time{}, time.Time{}
		case WasClosed:
			closed = true
		case Reopened:
			closed = false
		}
	}
	s.Exploited = len(exploited) > 0
	s.Urgent = (s.Exploited || known) && s.DisclosedAt.IsZero()
	switch {
	case closed:
		s.State, s.Open, s.Urgent = Closed, false, false
	case triage == "" && acked:
		s.State = Acknowledged
	case triage == "":
	case triage != Accepted:
		s.State, s.Open, s.Urgent = triage, false, false
	case !s.DisclosedAt.IsZero() && updating:
		s.State = Updating
	case !s.DisclosedAt.IsZero():
		s.State = Published
	case advisory != "":
		s.State = advisory
	case len(vulnerabilities) > 0 && len(fixed) == len(vulnerabilities):
		s.State = FixReady
	case len(planned) > 0:
		s.State = Planned
	case asked:
		s.State = Assessing
	case len(numbered) > 0:
		s.State = Numbered
	default:
		s.State = Accepted
	}
	return s
}
