package cmmc

import (
	"context"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Change is one thing that changed at a system, with both states. It is never
// altered.
type Change struct {
	ID        string
	System    string
	Objective int // below zero: of the system as a whole
	At        time.Time
	Kind      string // signal, stale, result, evidence, evidence-ended, ssp, level, share, asset, status, assessment, finding, partial
	Was, Now  string // results of objectives; else what is told of the kind
	Signal    string
	WasValue  string // of the signal before
	Value     string // of the signal now
	Ref       string // evidence, assessment, asset
	By        string
}

const changeColumns = "id, system, objective, at, kind, was, now, signal, was_value, value, ref, actor"

func readChange(r store.Scanner) (c Change, err error) {
	var at int64
	err = r.Scan(&c.ID, &c.System, &c.Objective, &at, &c.Kind, &c.Was, &c.Now, &c.Signal, &c.WasValue, &c.Value, &c.Ref, &c.By)
	c.At = store.Time(at)
	return c, err
}

// note keeps a change.
func note(tx *store.Tx, by authz.Actor, c Change) error {
	_, err := tx.Exec("INSERT INTO cmmc_change ("+changeColumns+") VALUES ("+marks(1, 12)+")",
		id.New(), c.System, c.Objective, tx.Millis(), c.Kind, c.Was, c.Now, c.Signal, c.WasValue, c.Value, c.Ref, by.Who())
	return err
}

// chain is a system and all that it inherits an objective from, by any way;
// below zero: any objective.
func chain(tx *store.Tx, system string, objective int) ([]string, error) {
	list, seen := []string{system}, map[string]bool{system: true}
	for k := 0; k < len(list); k++ {
		where, args := "system = $1", []any{list[k]}
		if objective >= 0 {
			where, args = where+" AND objective = $2", append(args, objective)
		}
		more, err := store.Texts(tx, "SELECT DISTINCT provider FROM cmmc_share WHERE "+where+" ORDER BY provider", args...)
		if err != nil {
			return nil, err
		}
		for _, p := range more {
			if !seen[p] {
				seen[p] = true
				list = append(list, p)
			}
		}
	}
	return list, nil
}

// history are the latest changes of an objective, those at providers it is taken
// from included, the latest first.
func (s *Service) history(tx *store.Tx, sys System, objective, limit int) ([]Change, error) {
	list, err := chain(tx, sys.ID, objective)
	if err != nil {
		return nil, err
	}
	args := []any{limit, objective}
	for _, p := range list {
		args = append(args, p)
	}
	return store.Rows(tx, readChange, "SELECT "+changeColumns+" FROM cmmc_change WHERE objective = $2 AND system IN ("+marks(3, len(list))+") ORDER BY at DESC, id DESC LIMIT $1", args...)
}

// Changes are the latest changes of a system, what its providers' signals broke or
// mended included, the latest first. since narrows to what came after; zero does not.
func (s *Service) Changes(ctx context.Context, by authz.Actor, system string, since time.Time, limit int) (list []Change, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		sys, err := open(tx, by, system)
		if err != nil {
			return err
		}
		list, err = changesOf(tx, sys.ID, since, limit)
		return err
	})
	return list, err
}

func changesOf(tx *store.Tx, system string, since time.Time, limit int) ([]Change, error) {
	return store.Rows(tx, readChange, "SELECT "+changeColumns+` FROM cmmc_change c WHERE at > $2 AND (system = $1 OR EXISTS (
			SELECT 1 FROM cmmc_share h WHERE h.system = $1 AND h.provider = c.system AND h.objective = c.objective)) ORDER BY at DESC, id DESC LIMIT $3`,
		system, store.Millis(since), limit)
}

// recall is what was last noted of objectives: said and live.
func recall(tx *store.Tx, o only) (map[int][2]score.Result, error) {
	type row struct {
		objective int
		states    [2]score.Result
	}
	where, args := o.where("system", "objective")
	rows, err := store.Rows(tx, func(r store.Scanner) (x row, err error) { return x, r.Scan(&x.objective, &x.states[0], &x.states[1]) },
		"SELECT objective, said, live FROM cmmc_state WHERE "+where, args...)
	was := make(map[int][2]score.Result, len(rows))
	for _, x := range rows {
		was[x.objective] = x.states
	}
	return was, err
}

// settle weighs objectives of a system anew after something changed, keeps both
// states of those that stand otherwise than they did, and tells the books. why is
// what the changes have in common.
func settle(tx *store.Tx, by authz.Actor, sys System, why Change, objectives ...int) error {
	o := only{sys.ID, -1}
	if len(objectives) == 1 {
		o.objective = objectives[0]
	}
	found, err := load(tx, o, []System{sys}, tx.Now)
	if err != nil {
		return err
	}
	was, err := recall(tx, o)
	if err != nil {
		return err
	}
	for _, i := range objectives {
		said, live := found[sys.ID].weighed(i, tx.Now)
		before, known := was[i]
		if !known {
			before = [2]score.Result{score.Unknown, score.Unknown}
		}
		if said == before[0] && live == before[1] {
			continue
		}
		if _, err := tx.Exec(`INSERT INTO cmmc_state (system, objective, said, live, since) VALUES ($1,$2,$3,$4,$5)
			ON CONFLICT (system, objective) DO UPDATE SET said = excluded.said, live = excluded.live, since = excluded.since`,
			sys.ID, i, string(said), string(live), tx.Millis()); err != nil {
			return err
		}
		if live == before[1] {
			continue
		}
		c := why
		c.System, c.Objective, c.Was, c.Now = sys.ID, i, string(before[1]), string(live)
		if err := note(tx, by, c); err != nil {
			return err
		}
		if err := tx.Record(by, fact.CMMCObjectiveChanged{System: sys.ID, Unit: sys.Unit, Objective: catalog.Name(i), Was: c.Was, Now: c.Now,
			Cause: c.Kind, Signal: c.Signal, WasValue: c.WasValue, Value: c.Value}); err != nil {
			return err
		}
	}
	return stir(tx, sys.ID, pulseOne)
}
