package psirt

import (
	"context"

	"yagura/area/psirt/cve"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// AdviseOf makes the advisory of a case: a draft that says what the case knows, to be
// written on, reviewed, approved and published like every other.
func (s *Service) AdviseOf(ctx context.Context, by authz.Actor, caseID string, lang text.Lang) (Advisory, error) {
	d, err := s.DraftOf(ctx, by, caseID, lang, publisherValue(s.pub.Publisher))
	if err != nil {
		return Advisory{}, err
	}
	return s.DraftAdvisory(ctx, by, NewAdvisory{Case: caseID, Document: d.Document})
}

// tellCase notes in the case of an advisory how far that is.
func (s *Service) tellCase(tx *store.Tx, by authz.Actor, a Advisory, act string) error {
	kind, ok := map[string]Kind{"submitted": Reviewing, "returned": SentBack, "approved": WasApproved}[act]
	if a.Case == "" || !ok {
		return nil
	}
	return s.Advised(tx, by, a.Case, kind, a.ID)
}

// recordOfCase notes in the case of an advisory that a CVE record is public.
func (s *Service) recordOfCase(tx *store.Tx, a Advisory, id cve.ID) error {
	if a.Case == "" {
		return nil
	}
	return s.Recorded(tx, authz.System("psirt"), a.Case, id, tx.Now)
}
