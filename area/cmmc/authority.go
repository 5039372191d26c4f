package cmmc

import (
	"fmt"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// The acts of this area.
const (
	// Read opens the pages. It shows nothing by itself: Survey does, or a place as
	// assessor of one enclave.
	Read   authz.Act = "cmmc.read"
	Survey authz.Act = "cmmc.survey" // see every enclave of one's units
	Work   authz.Act = "cmmc.work"   // results, evidence, assets
	Review authz.Act = "cmmc.review" // confirm as the second person
	Manage authz.Act = "cmmc.manage" // entities, enclaves, providers, assessments, status
	Affirm authz.Act = "cmmc.affirm" // sign for an enclave, as the executive officer does
	Plan   authz.Act = "cmmc.plan"   // propose measures, write down what was committed and spent
	Fund   authz.Act = "cmmc.fund"   // approve measures, set budgets
	Text   authz.Act = "cmmc.text"   // import official text and crosswalks, and sign these
)

// Acts says which roles may do them, each within his units.
var Acts = authz.Table{
	Read:   {authz.Officer, authz.Head, authz.Lead, authz.Handler, authz.Engineer, authz.Regional, authz.Contact, authz.Assessor},
	Survey: {authz.Officer, authz.Head, authz.Lead, authz.Handler, authz.Engineer, authz.Regional, authz.Contact},
	Work:   {authz.Head, authz.Lead, authz.Engineer, authz.Regional, authz.Contact},
	Review: {authz.Head, authz.Lead, authz.Regional, authz.Contact},
	Manage: {authz.Head, authz.Lead, authz.Regional},
	Affirm: {authz.Officer},
	Plan:   {authz.Head, authz.Lead, authz.Regional, authz.Contact},
	Fund:   {authz.Officer},
	Text:   {authz.Head, authz.Lead},
}

func missing() error {
	return fault.NotFound("There is no such enclave or service, or you may not see it")
}

// view is what an actor may see: systems of units where he may survey, and the
// enclaves that he is the assessor of. An assessor of an outside body sees these
// alone, whatever his unit.
type view struct {
	by       authz.Actor
	scope    authz.Scope
	assigned map[string]bool
}

func viewOf(tx *store.Tx, by authz.Actor) (view, error) {
	v := view{by: by, scope: by.Scope(Survey), assigned: map[string]bool{}}
	if by.IsSystem() || by.Person == "" || !by.CanAnywhere(Read) {
		return v, nil
	}
	list, err := store.Rows(tx, func(r store.Scanner) (p [2]string, err error) { return p, r.Scan(&p[0], &p[1]) },
		"SELECT a.enclave, s.unit FROM cmmc_assessor a JOIN cmmc_system s ON s.id = a.enclave WHERE a.person = $1 AND a.until > $2", by.Person, tx.Millis())
	for _, p := range list {
		v.assigned[p[0]] = by.Can(Read, p[1])
	}
	return v, err
}

func (v view) sees(system, unit string) bool {
	return v.by.IsSystem() || v.scope.Contains(unit) || v.assigned[system]
}

// within narrows a view to a unit, as by the unit switcher.
func (v view) within(unit string) func(System) bool {
	if unit == "" {
		return func(s System) bool { return v.sees(s.ID, s.Unit) }
	}
	narrow := authz.Everything()
	if u := v.by.Units(); u != nil {
		narrow = narrow.Within(u, unit)
	}
	return func(s System) bool { return v.sees(s.ID, s.Unit) && narrow.Contains(s.Unit) }
}

// open loads a system that the actor may see.
func open(tx *store.Tx, by authz.Actor, id string) (System, error) {
	s, err := findSystem(tx, id)
	if err != nil {
		return s, err
	}
	v, err := viewOf(tx, by)
	if err != nil {
		return s, err
	}
	if !v.sees(s.ID, s.Unit) {
		return System{}, missing()
	}
	return s, nil
}

// enclave is open for an enclave.
func openEnclave(tx *store.Tx, by authz.Actor, id string) (System, error) {
	s, err := open(tx, by, id)
	if err == nil && s.Kind != Enclave {
		return System{}, missing()
	}
	return s, err
}

// working loads a system on which the actor may do the act.
func working(tx *store.Tx, by authz.Actor, act authz.Act, id string) (System, error) {
	s, err := open(tx, by, id)
	if err != nil {
		return s, err
	}
	return s, by.May(act, s.Unit)
}

// where is a view as a predicate over rows "s" of cmmc_system, with placeholders
// from $n on.
func (v view) where(n int) (string, []any) {
	if v.by.IsSystem() {
		return "1=1", nil
	}
	in, args := v.scope.Where("s.unit", n)
	for id, ok := range v.assigned {
		if ok {
			args = append(args, id)
			in += fmt.Sprintf(" OR s.id = $%d", n+len(args)-1)
		}
	}
	return "(" + in + ")", args
}
