package psirt

import (
	"time"

	"yagura/area/psirt/cve"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// What the advisory of a case tells it, within the caller's transaction. None of
// these asks for a right: the use case of the advisory did.

// Advised notes how far the advisory of a case is: in review, sent back, approved.
func (s *Service) Advised(tx *store.Tx, by authz.Actor, caseID string, kind Kind, about string) error {
	return s.from(tx, caseID, func(c *Case) error {
		_, err := write(tx, by, c, Entry{Kind: kind, About: about})
		return err
	})
}

// Publicised notes that the advisory of a case is public. It ends the embargo, starts
// the clocks of the CNA rules, and offers the division an instruction to the units.
func (s *Service) Publicised(tx *store.Tx, by authz.Actor, caseID, advisory string, at time.Time) error {
	return s.from(tx, caseID, func(c *Case) error {
		about, err := store.Texts(tx, "SELECT id FROM psirt_case_vulnerability WHERE case_id = $1 AND cve <> '' ORDER BY at, id", c.ID)
		if err != nil {
			return err
		}
		if len(about) == 0 {
			about = []string{""}
		}
		for _, v := range about { // each has a record to be published
			if _, err := write(tx, by, c, Entry{Kind: Disclosed, About: v, Happened: at, Body: advisory}); err != nil {
				return err
			}
		}
		log, err := logOf(tx, c.ID)
		if err != nil {
			return err
		}
		c.Status = Derive(log)
		return s.offer(tx, by, c)
	})
}

// Recorded notes that the CVE record of an ID is public.
func (s *Service) Recorded(tx *store.Tx, by authz.Actor, caseID string, id cve.ID, at time.Time) error {
	return s.from(tx, caseID, func(c *Case) error {
		var vulnerability string
		all, err := store.Texts(tx, "SELECT id FROM psirt_case_vulnerability WHERE case_id = $1 AND cve = $2", c.ID, string(id))
		if err != nil || len(all) == 0 {
			return err
		}
		vulnerability = all[0]
		if _, err := tx.Exec("UPDATE psirt_cve_id SET state = $1, told = 1 WHERE id = $2", string(cve.Published), string(id)); err != nil {
			return err
		}
		_, err = write(tx, by, c, Entry{Kind: RecordOut, About: vulnerability, Happened: at})
		return err
	})
}

// from loads a case of the caller's own, does, and derives its status anew.
func (s *Service) from(tx *store.Tx, caseID string, do func(c *Case) error) error {
	c, err := find(tx, caseID)
	if err != nil {
		return err
	}
	if err := do(&c); err != nil {
		return err
	}
	return s.settle(tx, &c)
}

// MayOpen tells whether the actor takes part in a case, for what belongs to it: an
// advisory under embargo. Works do not: they see what they were asked alone.
func (s *Service) MayOpen(tx *store.Tx, by authz.Actor, caseID string) error {
	v, err := open(tx, by, caseID)
	if err == nil && v.part != Member {
		err = missing()
	}
	return err
}

// Read notes that somebody opened what belongs to a case under embargo.
func (s *Service) Read(tx *store.Tx, by authz.Actor, caseID string) error {
	c, err := find(tx, caseID)
	if err != nil || !c.Restricted || by.IsSystem() {
		return err
	}
	return tx.Record(by, fact.PsirtCaseRead{Case: c.ID})
}
