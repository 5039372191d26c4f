package cmmc

import (
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Past is a system of a played group with what was said of it, at the time of the
// transaction.
type Past struct {
	System   System
	Judged   []Judgement // Result "" leaves an objective unknown
	Partial  []string
	Assets   []Asset
	Tasks    []Task
	Evidence []PastEvidence
}

// PastEvidence is a document that is in the store.
type PastEvidence struct {
	Evidence
	Ref document.Ref
}

// Seed puts a system of a played group into the database. What is said of its
// objectives counts at once, without a line in its history for each.
func (s *Service) Seed(tx *store.Tx, system authz.Actor, p Past) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	if err := s.putSystem(tx, system, p.System, 0); err != nil {
		return err
	}
	var rows [][]any
	for _, j := range p.Judged {
		if err := checkJudgement(tx, p.System, j); err != nil {
			return err
		}
		rows = append(rows, []any{p.System.ID, j.Objective, string(j.Result), j.Reason, j.Method, j.Assessor, j.Notes, exceptionText(j.Exception), j.By, tx.Millis(), j.Reviewer, store.Millis(j.Reviewed)})
	}
	if err := bulk(tx, "cmmc_judgement", judgementColumns, rows); err != nil {
		return err
	}
	if err := s.quietly(tx, p.System); err != nil {
		return err
	}
	for _, e := range p.Evidence {
		if _, err := s.keep(tx, system, p.System, e.Evidence, e.Ref); err != nil {
			return err
		}
	}
	for _, q := range p.Partial {
		if err := s.claim(tx, system, p.System.ID, q, true); err != nil {
			return err
		}
	}
	for _, a := range p.Assets {
		a.System = p.System.ID
		if _, err := s.putAsset(tx, system, a); err != nil {
			return err
		}
	}
	for _, t := range p.Tasks {
		t.System = p.System.ID
		if err := s.assign(tx, system, t); err != nil {
			return err
		}
	}
	if err := s.quietly(tx, p.System); err != nil {
		return err
	}
	return tx.Record(system, fact.CMMCImported{System: p.System.ID, Unit: p.System.Unit, Judged: len(p.Judged)})
}

// quietly takes the state of all objectives for known as it is.
func (s *Service) quietly(tx *store.Tx, sys System) error {
	found, err := load(tx, only{sys.ID, -1}, []System{sys}, tx.Now)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM cmmc_state WHERE system = $1", sys.ID); err != nil {
		return err
	}
	var rows [][]any
	for i := range catalog.Objectives {
		if said, live := found[sys.ID].weighed(i, tx.Now); said != score.Unknown || live != score.Unknown {
			rows = append(rows, []any{sys.ID, i, string(said), string(live), tx.Millis()})
		}
	}
	return bulk(tx, "cmmc_state", "system, objective, said, live, since", rows)
}

// bulk inserts many rows, some in each statement.
func bulk(tx *store.Tx, table, columns string, rows [][]any) error {
	for len(rows) > 0 {
		part := rows[:min(len(rows), 40)]
		rows = rows[len(part):]
		var values []string
		var args []any
		for _, r := range part {
			values = append(values, "("+marks(len(args)+1, len(r))+")")
			args = append(args, r...)
		}
		if _, err := tx.Exec("INSERT INTO "+table+" ("+columns+") VALUES "+strings.Join(values, ","), args...); err != nil {
			return err
		}
	}
	return nil
}

// SeedEntity enters a legal entity of a played group.
func (s *Service) SeedEntity(tx *store.Tx, system authz.Actor, e Entity) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	return s.putEntity(tx, system, e)
}

// SeedShares says what a system of a played group takes from a provider.
func (s *Service) SeedShares(tx *store.Tx, system authz.Actor, id, provider string, given, shared catalog.Bits) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	return s.setShares(tx, system, id, provider, given, shared)
}

// SeedStanding keeps how an enclave of a played group stood at the time of the
// transaction, for its course.
func (s *Service) SeedStanding(tx *store.Tx, system authz.Actor, enclave string, p Point) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	sys, err := findSystem(tx, enclave)
	if err != nil {
		return err
	}
	x := standing{enclave: enclave, level: sys.Level}
	x.live.Low, x.live.High, x.live.Status, x.live.Best = p.Low, p.High, p.Status, p.Status
	x.said.Low, x.said.High, x.said.Status, x.said.Best = p.SaidLow, p.SaidHigh, p.Status, p.Status
	if err := putStanding(tx, x); err != nil {
		return err
	}
	return tx.Record(system, fact.CMMCStandingChanged{Enclave: enclave, Unit: sys.Unit, Level: sys.Level, Low: p.Low, High: p.High, Status: string(p.Status)})
}

// JudgeIn says something of an objective within a transaction of the system's own.
func (s *Service) JudgeIn(tx *store.Tx, system authz.Actor, j Judgement) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	sys, err := findSystem(tx, j.System)
	if err != nil {
		return err
	}
	_, err = s.judge(tx, system, sys, j)
	return err
}
