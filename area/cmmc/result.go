package cmmc

import "yagura/kernel/store"

func proposals(tx *store.Tx, o only) ([]Judgement, error) {
	where, args := o.where("system", "objective")
	return store.Rows(tx, readJudgement, "SELECT system, objective, result, reason, method, assessor, notes, exception, actor, at, '', 0 FROM cmmc_proposal WHERE "+where+" ORDER BY system, objective", args...)
}

func tasks(tx *store.Tx, o only) ([]Task, error) {
	where, args := o.where("system", "objective")
	return store.Rows(tx, func(r store.Scanner) (t Task, err error) {
		var due int64
		err = r.Scan(&t.System, &t.Objective, &t.Assignee, &due)
		t.Due = store.Time(due)
		return t, err
	}, "SELECT system, objective, assignee, due FROM cmmc_task WHERE "+where+" ORDER BY system, objective", args...)
}
