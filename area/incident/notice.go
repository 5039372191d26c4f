package incident

import (
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// onCall are the persons of the team to be told: those on call now, else its
// lead, else all its members.
func (s *Service) onCall(tx *store.Tx, team string) ([]string, error) {
	if team == "" {
		return nil, nil
	}
	who, err := s.p.Teams.OnCall(tx, team, tx.Now)
	if err != nil || len(who) > 0 {
		return who, err
	}
	t, ok, err := s.team(tx, team)
	switch {
	case err != nil || !ok:
		return nil, err
	case t.Lead != "":
		return []string{t.Lead}, nil
	}
	return t.Members, nil
}

func (s *Service) tellTeam(tx *store.Tx, i Incident, team, key string, subject, body text.Message) error {
	who, err := s.onCall(tx, team)
	if err != nil {
		return err
	}
	return s.tell(tx, i, who, key, subject, body)
}

// tell brings a message to people. Mails leave the building: with TLP:RED they
// say that there is something, and nothing of what it is.
func (s *Service) tell(tx *store.Tx, i Incident, who []string, key string, subject, body text.Message) error {
	if s.p.Notifier == nil {
		return nil
	}
	if i.TLP == Red {
		subject = text.M("Incident %s needs you (TLP:RED)", i.ID)
		body = text.M("Sign in to read it. Nothing of its content is sent by mail.")
	}
	for _, p := range who {
		n := Notice{To: p, Subject: subject, Body: body, Href: Href(i.ID), Key: "incident:" + key + ":" + p, Urgent: i.Severity.Rank() >= High.Rank()}
		if err := s.p.Notifier.Notify(tx, n); err != nil {
			return err
		}
	}
	return nil
}
