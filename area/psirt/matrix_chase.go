package psirt

import (
	"context"
	"slices"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// How long the next unit up has, once the one below did not answer.
const (
	climbWithin  = 2 * 24 * time.Hour
	urgentClimbs = 4 * time.Hour
)

// Ask asks the works of some rows what they have to say, until a day. Whoever is
// asked comes onto the list of the case, for his own products alone.
func (s *Service) Ask(ctx context.Context, by authz.Actor, caseID string, rows []string, due time.Time) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if !due.After(tx.Now) {
			return fault.Invalid(fault.F("due", "This lies in the past"))
		}
		if len(rows) == 0 {
			return fault.Invalid(fault.F("rows", "Choose whom to ask"))
		}
		have, err := ranges(tx, c.ID)
		if err != nil {
			return err
		}
		all, err := cells(tx, c.ID)
		if err != nil {
			return err
		}
		for _, row := range rows {
			i := slices.IndexFunc(have, func(r RangeRow) bool { return r.ID == row })
			if i < 0 {
				return missing()
			}
			if !slices.ContainsFunc(all, func(k Cell) bool { return k.Range == row && k.Answer == NoAnswer }) {
				continue
			}
			unit, who, err := s.whoAnswers(tx, have[i].Unit)
			if err != nil {
				return err
			}
			if len(who) == 0 {
				return fault.Conflict("Nobody answers for the works of %s: set its unit in the registry, or give somebody there a role", have[i].Label)
			}
			if err := s.ask(tx, by, c, row, unit, who, due, Asked); err != nil {
				return err
			}
			if _, err := tx.Exec("UPDATE psirt_case_cell SET asked = $1, asked_unit = $2, step = 0, due = $3 WHERE range_id = $4 AND status = ''",
				tx.Millis(), unit, store.Millis(due), row); err != nil {
				return err
			}
		}
		return s.chaseLater(tx, c.ID, due)
	})
}

func (s *Service) ask(tx *store.Tx, by authz.Actor, c *Case, row, unit string, who []string, due time.Time, kind Kind) error {
	for _, p := range who {
		if err := s.give(tx, by, c, p, Works, unit); err != nil {
			return err
		}
	}
	if _, err := write(tx, by, c, Entry{Kind: kind, About: row, Data: unit, Until: due}); err != nil {
		return err
	}
	return s.tell(tx, c, who, string(kind)+":"+row+":"+unit+":"+due.Format(time.RFC3339), text.M("The PSIRT asks about your products"), c.Urgent)
}

// whoAnswers are the persons who answer for a unit, and the unit where they do: the
// nearest one up the tree that has somebody of its own.
func (s *Service) whoAnswers(tx *store.Tx, unit string) (string, []string, error) {
	if s.p.Directory == nil || unit == "" {
		return "", nil, nil
	}
	units, err := s.p.Directory.Units(tx)
	if err != nil {
		return "", nil, err
	}
	for unit != "" {
		here, err := s.p.Directory.Holders(tx, Assess, unit)
		if err != nil {
			return "", nil, err
		}
		u, ok := units.Get(unit)
		if !ok {
			return "", nil, nil
		}
		var above []string
		if u.Parent != "" {
			if above, err = s.p.Directory.Holders(tx, Assess, u.Parent); err != nil {
				return "", nil, err
			}
		}
		own := slices.DeleteFunc(here, func(p string) bool { return slices.Contains(above, p) })
		if len(own) > 0 {
			return unit, own, nil
		}
		unit = u.Parent
	}
	return "", nil, nil
}

// Chase asks one unit further up for every answer of a case that is late: works,
// then the business group, then the division. At the top those who take part hear
// that nobody answered. It is done by a job at each due date.
func (s *Service) Chase(ctx context.Context, caseID string) error {
	by := authz.System("psirt")
	return s.db.Change(ctx, func(tx *store.Tx) error {
		c, err := find(tx, caseID)
		if fault.Is(err, fault.KindNotFound) || err == nil && !c.Open {
			return nil
		}
		if err != nil {
			return err
		}
		all, err := cells(tx, c.ID)
		if err != nil {
			return err
		}
		late := map[string]Cell{} // by row
		for _, k := range all {
			if k.Answer == NoAnswer && !k.Asked.IsZero() && !tx.Now.Before(k.Due) {
				late[k.Range] = k
			}
		}
		if len(late) == 0 {
			return nil
		}
		units, err := s.p.Directory.Units(tx)
		if err != nil {
			return err
		}
		due := tx.Now.Add(climbWithin)
		if c.Urgent {
			due = tx.Now.Add(urgentClimbs)
		}
		rows, err := ranges(tx, c.ID)
		if err != nil {
			return err
		}
		lost := false
		for _, r := range rows {
			k, ok := late[r.ID]
			if !ok {
				continue
			}
			u, _ := units.Get(k.AskedUnit)
			unit, who, err := s.whoAnswers(tx, u.Parent)
			if err != nil {
				return err
			}
			if len(who) == 0 { // there is nobody further up
				lost = true
				unit = k.AskedUnit
				if _, err := write(tx, by, &c, Entry{Kind: Chased, About: r.ID, Data: "", Until: due}); err != nil {
					return err
				}
			} else if err := s.ask(tx, by, &c, r.ID, unit, who, due, Chased); err != nil {
				return err
			}
			if _, err := tx.Exec("UPDATE psirt_case_cell SET asked_unit = $1, step = step + 1, due = $2 WHERE range_id = $3 AND status = '' AND asked > 0 AND due <= $4",
				unit, store.Millis(due), r.ID, tx.Millis()); err != nil {
				return err
			}
		}
		if lost {
			who, err := members(tx, c.ID)
			if err != nil {
				return err
			}
			if err := s.tell(tx, &c, who, "lost:"+due.Format(time.RFC3339), text.M("Nobody answers a question of the PSIRT: please call"), true); err != nil {
				return err
			}
		}
		if err := s.chaseLater(tx, c.ID, due); err != nil {
			return err
		}
		return s.settle(tx, &c)
	})
}

// caseJobs are what is done later about cases and IDs.
func (s *Service) caseJobs(q *job.Queue) {
	q.Register(chaseKind, job.Options{}, func(ctx context.Context, j job.Job) error {
		var c chasing
		if err := j.Into(&c); err != nil {
			return err
		}
		return s.Chase(ctx, c.Case)
	})
	if s.p.IDs != nil {
		q.Every("psirt.sweep", 24*time.Hour, s.SweepIDs)
	}
}
