package cmmc

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/kernel/store"
)

// half is a system's own part: what is open and what is unknown.
type half = inherit.State

const systemColumns = `s.id, s.kind, s.unit, s.name, s.name_ja, s.entity, s.level, s.description, s.boundary, s.owner, s.ssp, s.ssp_id, s.ssp_version,
	s.ssp_date, s.holds, s.fedramp, s.proof, s.conditional_on, s.final_on, s.version, s.created`

func readSystem(r store.Scanner) (s System, err error) {
	var ssp int
	var plan score.SSP
	var planned, conditional, final, created int64
	err = r.Scan(&s.ID, &s.Kind, &s.Unit, &s.Name, &s.NameJA, &s.Entity, &s.Level, &s.Description, &s.Boundary, &s.Owner, &ssp, &plan.ID, &plan.Version,
		&planned, &s.Holds, &s.FedRAMP, &s.Proof, &conditional, &final, &s.Version, &created)
	if ssp != 0 {
		plan.Date = store.Time(planned)
		s.SSP = &plan
	}
	s.Status.Conditional, s.Status.Final, s.Created = store.Time(conditional), store.Time(final), store.Time(created)
	return s, err
}

func findSystem(tx *store.Tx, id string) (System, error) {
	s, err := readSystem(tx.QueryRow("SELECT "+systemColumns+" FROM cmmc_system s WHERE s.id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return s, missing()
	}
	return s, err
}

// systems are those of a condition on "s", by id.
func systems(tx *store.Tx, where string, args ...any) ([]System, error) {
	return store.Rows(tx, readSystem, "SELECT "+systemColumns+" FROM cmmc_system s WHERE "+where+" ORDER BY s.id", args...)
}

func putSystem(tx *store.Tx, s System) error {
	ssp, plan := 0, score.SSP{}
	if s.SSP != nil {
		ssp, plan = 1, *s.SSP
	}
	_, err := tx.Exec(`INSERT INTO cmmc_system (id, kind, unit, name, name_ja, entity, level, description, boundary, owner, ssp, ssp_id, ssp_version, ssp_date,
		holds, fedramp, proof, conditional_on, final_on, created) VALUES (`+marks(1, 20)+`)
		ON CONFLICT (id) DO UPDATE SET unit = excluded.unit, name = excluded.name, name_ja = excluded.name_ja, entity = excluded.entity, level = excluded.level,
		description = excluded.description, boundary = excluded.boundary, owner = excluded.owner, ssp = excluded.ssp, ssp_id = excluded.ssp_id,
		ssp_version = excluded.ssp_version, ssp_date = excluded.ssp_date, holds = excluded.holds, fedramp = excluded.fedramp, proof = excluded.proof,
		conditional_on = excluded.conditional_on, final_on = excluded.final_on, version = cmmc_system.version + 1`,
		s.ID, string(s.Kind), s.Unit, s.Name, s.NameJA, s.Entity, s.Level, s.Description, s.Boundary, s.Owner, ssp, plan.ID, plan.Version, store.Millis(plan.Date),
		s.Holds, s.FedRAMP, s.Proof, store.Millis(s.Status.Conditional), store.Millis(s.Status.Final), tx.Millis())
	return err
}

func marks(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// only narrows a query over rows of systems to one system, and to one objective;
// empty and below zero are all.
type only struct {
	system    string
	objective int
}

var all = only{objective: -1}

func (o only) where(system, objective string) (string, []any) {
	switch {
	case o.system == "":
		return "1=1", nil
	case o.objective < 0:
		return system + " = $1", []any{o.system}
	}
	return system + " = $1 AND " + objective + " = $2", []any{o.system, o.objective}
}

const judgementColumns = "system, objective, result, reason, method, assessor, notes, exception, actor, at, reviewer, reviewed"

func readJudgement(r store.Scanner) (j Judgement, err error) {
	var exception string
	var at, reviewed int64
	if err = r.Scan(&j.System, &j.Objective, &j.Result, &j.Reason, &j.Method, &j.Assessor, &j.Notes, &exception, &j.By, &at, &j.Reviewer, &reviewed); err != nil {
		return j, err
	}
	j.At, j.Reviewed = store.Time(at), store.Time(reviewed)
	j.Exception, err = exceptionOf(exception)
	return j, err
}

func exceptionOf(s string) (*score.Exception, error) {
	if s == "" {
		return nil, nil
	}
	e := &score.Exception{}
	return e, json.Unmarshal([]byte(s), e)
}

func exceptionText(e *score.Exception) string {
	if e == nil {
		return ""
	}
	raw, _ := json.Marshal(e)
	return string(raw)
}

func judgements(tx *store.Tx, o only) ([]Judgement, error) {
	where, args := o.where("system", "objective")
	return store.Rows(tx, readJudgement, "SELECT "+judgementColumns+" FROM cmmc_judgement WHERE "+where+" ORDER BY system, objective", args...)
}

const evidenceColumns = "e.id, e.system, e.name, e.sha256, e.size, e.media, e.draft, e.collected, e.valid_until, e.actor, e.at, e.reviewer, e.reviewed"

func readEvidence(r store.Scanner) (e Evidence, err error) {
	var draft int
	var collected, until, at, reviewed int64
	err = r.Scan(&e.ID, &e.System, &e.Name, &e.SHA256, &e.Size, &e.Media, &draft, &collected, &until, &e.By, &at, &e.Reviewer, &reviewed)
	e.Draft, e.Collected, e.ValidUntil, e.At, e.Reviewed = draft != 0, store.Time(collected), store.Time(until), store.Time(at), store.Time(reviewed)
	return e, err
}

// documents are pieces of evidence that were not withdrawn, with their objectives.
func documents(tx *store.Tx, o only) ([]Evidence, error) {
	where, args := o.where("e.system", "o.objective")
	type tie struct {
		Evidence
		objective int
	}
	rows, err := store.Rows(tx, func(r store.Scanner) (t tie, err error) {
		t.Evidence, err = readEvidence(tail{r, []any{&t.objective}})
		return t, err
	}, "SELECT "+evidenceColumns+", o.objective FROM cmmc_evidence e JOIN cmmc_evidence_of o ON o.evidence = e.id WHERE e.withdrawn = 0 AND "+where+
		" ORDER BY e.system, e.at, e.id, o.objective", args...)
	var list []Evidence
	for _, t := range rows {
		if n := len(list); n == 0 || list[n-1].ID != t.ID {
			list = append(list, t.Evidence)
		}
		last := &list[len(list)-1]
		last.Objectives = append(last.Objectives, t.objective)
	}
	return list, err
}

// tail scans further columns after those that a reader takes.
type tail struct {
	store.Scanner
	more []any
}

func (t tail) Scan(into ...any) error { return t.Scanner.Scan(append(into, t.more...)...) }

func readings(tx *store.Tx, o only) ([]Reading, error) {
	where, args := only{o.system, -1}.where("system", "")
	return store.Rows(tx, func(r store.Scanner) (x Reading, err error) {
		var state string
		var at, since int64
		err = r.Scan(&x.System, &x.Signal, &state, &x.Value, &x.Source, &at, &since)
		x.Pass, x.At, x.Since = state == string(Passing), store.Time(at), store.Time(since)
		return x, err
	}, "SELECT system, signal, state, value, source, at, since FROM cmmc_signal WHERE "+where+" ORDER BY system, signal", args...)
}

func shares(tx *store.Tx, o only) ([]Share, error) {
	where, args := o.where("system", "objective")
	return store.Rows(tx, func(r store.Scanner) (s Share, err error) {
		return s, r.Scan(&s.System, &s.Provider, &s.Objective, &s.Kind)
	}, "SELECT system, provider, objective, kind FROM cmmc_share WHERE "+where+" ORDER BY system, provider, objective", args...)
}

// load is all that is known of systems, by id, as of a time.
func load(tx *store.Tx, o only, list []System, now time.Time) (map[string]*raw, error) {
	found := make(map[string]*raw, len(list))
	for _, s := range list {
		found[s.ID] = &raw{readings: map[string]Reading{}, said: &score.Assessment{Enclave: s.Name, Level: s.Level, Date: dayOf(now), SSP: s.SSP, Partial: map[string]bool{}, Status: s.Status}}
	}
	js, err := judgements(tx, o)
	if err != nil {
		return nil, err
	}
	for _, j := range js {
		if w := found[j.System]; w != nil && j.Objective >= 0 && j.Objective < catalog.Objectives {
			w.said.Objectives[j.Objective] = score.Objective{Result: j.Result, Reason: j.Reason, Method: j.Method, Assessor: j.Assessor, Exception: j.Exception}
		}
	}
	es, err := documents(tx, o)
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		w := found[e.System]
		if w == nil {
			continue
		}
		for _, i := range e.Objectives {
			at := &w.said.Objectives[i].Evidence
			*at = append(*at, score.Evidence{Name: e.Name, SHA256: e.SHA256, Size: int(e.Size), Draft: e.Draft, Collected: e.Collected, ValidUntil: e.ValidUntil})
		}
	}
	rs, err := readings(tx, o)
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		if w := found[r.System]; w != nil {
			w.readings[r.Signal] = r
		}
	}
	where, args := only{o.system, -1}.where("system", "")
	partial, err := store.Rows(tx, func(r store.Scanner) (p [2]string, err error) { return p, r.Scan(&p[0], &p[1]) },
		"SELECT system, requirement FROM cmmc_partial WHERE "+where, args...)
	for _, p := range partial {
		if w := found[p[0]]; w != nil {
			w.said.Partial[p[1]] = true
		}
	}
	return found, err
}
