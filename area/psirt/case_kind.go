package psirt

import (
	"context"

	"yagura/kernel/store"
	"yagura/kernel/text"
)

// KindLabel is what an entry of a log is called.
func KindLabel(k Kind) text.Message {
	switch k {
	case Opened:
		return text.M("Case opened")
	case WasReported:
		return text.M("Report arrived")
	case WasAcked:
		return text.M("Report acknowledged")
	case Triaged:
		return text.M("Triaged§case")
	case TriageUndone:
		return text.M("Triage taken back")
	case Weakness:
		return text.M("Vulnerability added")
	case Dropped:
		return text.M("Vulnerability taken out")
	case IDAssigned:
		return text.M("CVE ID assigned")
	case IDReleased:
		return text.M("CVE ID released")
	case Asked:
		return text.M("Works asked")
	case Answered:
		return text.M("Answer given")
	case Chased:
		return text.M("No answer: asked further up")
	case RemedyPlanned:
		return text.M("Remediation planned")
	case Measure:
		return text.M("Remediation available")
	case Exploited:
		return text.M("Exploitation known")
	case Retracted:
		return text.M("Exploitation taken back")
	case Elsewhere:
		return text.M("Published by others")
	case Leaked:
		return text.M("Something under embargo came out")
	case SevereCase:
		return text.M("Severe incident known")
	case RefusalAsked:
		return text.M("Asked for the right of first refusal")
	case RefusalGiven:
		return text.M("First refusal answered")
	case Contacted:
		return text.M("First contact with a coordinator")
	case Told:
		return text.M("Party told")
	case ToldFinder:
		return text.M("Finder told")
	case Promised:
		return text.M("Next word promised")
	case Message:
		return text.M("Message§case")
	case Note:
		return text.M("Note")
	case EmbargoSet:
		return text.M("Embargo set")
	case EmbargoLifted:
		return text.M("Embargo lifted")
	case Timed:
		return text.M("Publication scheduled")
	case Reviewing:
		return text.M("Advisory in review")
	case WasApproved:
		return text.M("Advisory approved")
	case SentBack:
		return text.M("Advisory sent back")
	case Disclosed:
		return text.M("Published by us")
	case RecordOut:
		return text.M("CVE record published")
	case Withdrawn:
		return text.M("Advisory withdrawn")
	case Given:
		return text.M("Put on the list")
	case Taken:
		return text.M("Taken off the list")
	case Changed:
		return text.M("Changed§case")
	case PlantsAsked:
		return text.M("Asked which of our plants run it")
	case TaskSet:
		return text.M("Task set")
	case TaskDone:
		return text.M("Task done")
	case WasClosed:
		return text.M("Case closed")
	case Reopened:
		return text.M("Case opened again")
	case CRAEarly:
		return text.M("CRA: early warning sent")
	case CRANotice:
		return text.M("CRA: notification sent")
	case CRAFinal:
		return text.M("CRA: final report sent")
	case CRAIncidentEarly:
		return text.M("CRA: early warning of an incident sent")
	case CRAIncidentNotice:
		return text.M("CRA: notification of an incident sent")
	case CRAIncidentFinal:
		return text.M("CRA: final report on an incident sent")
	}
	return text.Literal(string(k))
}

// WhoIs is the id of the person whose id or mail address it is; what fits nobody
// comes back as it is, for the use case to refuse by its field.
func (s *Service) WhoIs(ctx context.Context, idOrMail string) (person string, err error) {
	person = idOrMail
	err = s.db.View(ctx, func(tx *store.Tx) error {
		found, err := store.Texts(tx, "SELECT id FROM authz_person WHERE id = $1 OR (email <> '' AND LOWER(email) = LOWER($1)) ORDER BY id LIMIT 1", idOrMail)
		if len(found) > 0 {
			person = found[0]
		}
		return err
	})
	return person, err
}
