package incident

import (
	"fmt"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// The acts of this area.
const (
	Read    authz.Act = "incident.read"    // see incidents
	Report  authz.Act = "incident.report"  // report one
	Respond authz.Act = "incident.respond" // work on one
	Close   authz.Act = "incident.close"   // review, close, reopen
	Linking authz.Act = "incident.link"    // make signed links for reporting
)

// Acts says which roles may do them, each within his units.
var Acts = authz.Table{
	Read: {authz.Officer, authz.Head, authz.Lead, authz.Handler, authz.Analyst, authz.Engineer, authz.Psirt, authz.Privacy,
		authz.Regional, authz.Contact, authz.Assessor},
	Report:  {authz.Admin, authz.Officer, authz.Head, authz.Lead, authz.Handler, authz.Analyst, authz.Engineer, authz.Psirt, authz.Privacy, authz.Regional, authz.Contact, authz.Employee},
	Respond: {authz.Head, authz.Lead, authz.Handler, authz.Engineer, authz.Regional, authz.Contact},
	Close:   {authz.Head, authz.Lead, authz.Handler, authz.Regional},
	Linking: {authz.Head, authz.Lead, authz.Handler, authz.Regional},
}

// reach is what decides who may see an incident beside the actor himself.
type reach struct {
	units  []string // its unit and the affected ones
	people map[string]bool
}

func (r reach) covers(by authz.Actor, act authz.Act) bool {
	for _, u := range r.units {
		if by.Can(act, u) {
			return true
		}
	}
	return false
}

// sees is the rule of reading: who may read in a unit concerned, or takes part;
// with TLP:RED only who takes part.
func sees(by authz.Actor, inc Incident, r reach) bool {
	if by.IsSystem() {
		return true
	}
	if r.people[by.Person] && by.CanAnywhere(Read) {
		return true
	}
	return inc.TLP != Red && r.covers(by, Read)
}

func missing() error { return fault.NotFound("There is no such incident, or you may not see it") }

// may is the rule of doing: who may do it in a unit concerned, or takes part
// and may do it anywhere.
func may(by authz.Actor, act authz.Act, inc Incident, r reach) error {
	if !sees(by, inc, r) {
		return missing()
	}
	if by.IsSystem() || r.covers(by, act) || r.people[by.Person] && by.CanAnywhere(act) {
		return nil
	}
	return by.May(act, inc.Unit)
}

// open loads an incident which the actor may see.
func open(tx *store.Tx, by authz.Actor, number string) (Incident, reach, error) {
	inc, err := find(tx, number)
	if err != nil {
		return inc, reach{}, err
	}
	r, err := reachOf(tx, inc)
	if err != nil {
		return inc, r, err
	}
	if !sees(by, inc, r) {
		return Incident{}, r, missing()
	}
	return inc, r, nil
}

// working loads an incident on which the actor may do the act.
func working(tx *store.Tx, by authz.Actor, act authz.Act, number string) (Incident, reach, error) {
	inc, r, err := open(tx, by, number)
	if err != nil {
		return inc, r, err
	}
	return inc, r, may(by, act, inc, r)
}

// visible is sees as a predicate over rows "i" of incident, with placeholders
// from $n on. within is narrower than what the actor may see, as by the unit
// switcher; empty narrows nothing.
func visible(by authz.Actor, scope authz.Scope, within string, n int) (string, []any) {
	if by.IsSystem() {
		return "1=1", nil
	}
	if !by.CanAnywhere(Read) {
		return "1=0", nil
	}
	inScope := func(s authz.Scope, n int) (string, []any) {
		own, args := s.Where("i.unit", n)
		affected, _ := s.Where("x.unit", n)
		return "(" + own + " OR EXISTS (SELECT 1 FROM incident_unit x WHERE x.incident = i.id AND " + affected + "))", args
	}
	units, args := inScope(scope, n+1)
	args = append([]any{by.Person}, args...)
	part := fmt.Sprintf("EXISTS (SELECT 1 FROM incident_person p WHERE p.incident = i.id AND p.person = $%d)", n)
	where := "((i.tlp <> 'RED' AND " + units + ") OR " + part + ")"
	if within != "" {
		narrow, more := inScope(authz.Everything().Within(by.Units(), within), n+len(args))
		where += " AND " + narrow
		args = append(args, more...)
	}
	return where, args
}
