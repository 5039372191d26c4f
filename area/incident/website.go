package incident

import (
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
)

// TakesWebsites is what the area does where a report to the PSIRT turned out to be
// about a website: it becomes an incident of the CSIRT.
func (s *Service) TakesWebsites() ledger.Subscriber {
	return ledger.Subscriber{Name: "incident.websites", Handle: s.takeWebsite, Kinds: []string{"psirt.handed-over"}}
}

func (s *Service) takeWebsite(tx *store.Tx, e ledger.Entry) error {
	var f fact.PsirtHandedOver
	if err := e.Into(&f); err != nil {
		return err
	}
	key := "psirt:" + f.Case
	var there int
	if err := tx.QueryRow("SELECT COUNT(*) FROM incident WHERE key <> '' AND key = $1", key).Scan(&there); err != nil || there > 0 {
		return err
	}
	title, err := tx.Unveil(fact.PsirtHandedOverSubject(f.Case), f.Title)
	if err != nil {
		return err
	}
	description, err := tx.Unveil(fact.PsirtHandedOverSubject(f.Case), f.Description)
	if err != nil {
		return err
	}
	if f.Unit == "" { // whose website it is, the CSIRT finds out
		if err := tx.QueryRow("SELECT MIN(id) FROM authz_unit WHERE parent = ''").Scan(&f.Unit); err != nil {
			return err
		}
	}
	by := authz.System("incident")
	inc := s.draft(tx, Draft{Title: title, Description: short(description, 5000), Unit: f.Unit, Occurred: e.At, Detected: e.At})
	inc.Source, inc.Key, inc.Reporter = ByOutsider, key, by.Who()
	_, err = s.begin(tx, by, inc, nil, Request{})
	return err
}

// short is at most so many characters of a text.
func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
