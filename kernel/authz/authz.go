// Package authz says who may do what where. Units form two trees at once, by
// ownership and by geography; a grant gives a person a role over a subtree of
// one of them until a date, approved by a second person. A use case asks
// Actor.May; a list takes a Scope, which becomes a predicate over unit paths.
package authz

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Act is something that can be allowed, named area and verb: "incident.respond".
type Act string

// Role is what a person is for the division.
type Role string

// The roles.
const (
	Admin    Role = "admin"    // administrator of this system
	Officer  Role = "officer"  // executive officer in charge
	Head     Role = "head"     // head of the division
	Lead     Role = "lead"     // lead of a CSIRT
	Handler  Role = "handler"  // CSIRT handler
	Analyst  Role = "analyst"  // detection analyst
	Engineer Role = "engineer" // OT engineer of a plant
	Psirt    Role = "psirt"    // PSIRT analyst
	Privacy  Role = "privacy"  // privacy manager
	Regional Role = "regional" // regional manager
	Contact  Role = "contact"  // security contact of a company or site
	Employee Role = "employee" // everyone
	Assessor Role = "assessor" // reads only
)

// Roles are all roles in the order in which a person picks from them.
var Roles = []Role{Officer, Head, Lead, Handler, Analyst, Engineer, Psirt, Privacy, Regional, Contact, Employee, Assessor, Admin}

// Everyone is for acts that any signed-in person may do in his unit.
var Everyone = Roles

// Label is the role's name.
func (r Role) Label() text.Message {
	switch r {
	case Admin:
		return text.M("System administrator")
	case Officer:
		return text.M("Executive officer")
	case Head:
		return text.M("Head of the division")
	case Lead:
		return text.M("CSIRT lead")
	case Handler:
		return text.M("CSIRT handler")
	case Analyst:
		return text.M("Detection analyst")
	case Engineer:
		return text.M("OT engineer")
	case Psirt:
		return text.M("PSIRT analyst")
	case Privacy:
		return text.M("Privacy manager")
	case Regional:
		return text.M("Regional manager")
	case Contact:
		return text.M("Security contact")
	case Employee:
		return text.M("Employee")
	case Assessor:
		return text.M("Assessor")
	}
	return text.Literal(string(r))
}

// Table says which roles may do an area's acts.
type Table map[Act][]Role

// Policy is the tables of all areas together.
type Policy struct{ roles map[Act][]Role }

// NewPolicy joins tables. An act that two areas define is a mistake of the
// programmers: it panics.
func NewPolicy(tables ...Table) Policy {
	p := Policy{map[Act][]Role{}}
	for _, t := range tables {
		for act, roles := range t {
			if _, ok := p.roles[act]; ok {
				panic(fmt.Sprintf("authz: act %s is defined twice", act))
			}
			p.roles[act] = roles
		}
	}
	return p
}

// Acts are all acts, sorted.
func (p Policy) Acts() []Act {
	acts := make([]Act, 0, len(p.roles))
	for a := range p.roles {
		acts = append(acts, a)
	}
	slices.Sort(acts)
	return acts
}

// Allows tells whether the role may do the act.
func (p Policy) Allows(r Role, a Act) bool { return slices.Contains(p.roles[a], r) }

// Tree names one of the two trees of units.
type Tree string

// The trees.
const (
	Own       Tree = "own"    // who owns whom
	Geography Tree = "region" // where it lies
)

// holding is a grant as an actor carries it: a role over a path prefix.
type holding struct {
	role   Role
	tree   Tree
	prefix string
}

// Actor is who asks: a person with the grants held now, or a reaction of the
// system. The zero Actor may nothing.
type Actor struct {
	Person string // id; empty for the system and for outsiders
	Name   string
	Lang   text.Lang
	Zone   *time.Location
	// Session is the sign-in by which a person is here; empty for programs with a
	// token, and for the system.
	Session string

	system string
	holds  []holding
	units  *Units
	policy Policy
	only   map[Act]bool // what a token was given; nil: all that the person may
}

// System is the actor of a reaction, named "system:" and name in the ledger.
// It may do everything.
func System(name string) Actor {
	return Actor{Name: name, Lang: text.EN, Zone: time.UTC, system: "system:" + name}
}

// Outsider is the actor of somebody without an account who holds a signed
// link, named "outsider:" and what the link is for. It may nothing by itself.
func Outsider(name string) Actor {
	return Actor{Person: "outsider:" + name, Name: name, Lang: text.EN, Zone: time.UTC}
}

// Who is the actor's name in the ledger.
func (a Actor) Who() string {
	if a.system != "" {
		return a.system
	}
	return a.Person
}

// IsSystem tells whether the actor is a reaction.
func (a Actor) IsSystem() bool { return a.system != "" }

// Limited is the actor with no more than the acts given, as a token is. What an
// earlier limit took away does not come back.
func (a Actor) Limited(acts []Act) Actor {
	only := map[Act]bool{}
	for _, act := range acts {
		only[act] = a.only == nil || a.only[act]
	}
	a.only = only
	return a
}

// Without is the actor without some acts. What an earlier limit took away does
// not come back.
func (a Actor) Without(acts ...Act) Actor {
	if len(acts) == 0 {
		return a
	}
	only := map[Act]bool{}
	for act := range a.policy.roles {
		only[act] = (a.only == nil || a.only[act]) && !slices.Contains(acts, act)
	}
	a.only = only
	return a
}

// Whole tells whether no limit takes anything away.
func (a Actor) Whole() bool { return a.only == nil }

// Powerless tells whether a limit has taken every act away, whatever the roles.
func (a Actor) Powerless() bool { return a.only != nil && len(a.only) == 0 }

// Can tells whether the actor may do the act in the unit; the empty unit is
// the whole group.
func (a Actor) Can(act Act, unit string) bool {
	if a.system != "" {
		return true
	}
	if a.only != nil && !a.only[act] {
		return false
	}
	if a.units == nil {
		return false
	}
	own, geo, ok := a.units.Paths(unit)
	if !ok {
		return false
	}
	for _, h := range a.holds {
		if !a.policy.Allows(h.role, act) {
			continue
		}
		if h.tree == Own && strings.HasPrefix(own, h.prefix) || h.tree == Geography && strings.HasPrefix(geo, h.prefix) {
			return true
		}
	}
	return false
}

// May returns nil where the actor may do the act in the unit, else a fault of
// kind denied.
func (a Actor) May(act Act, unit string) error {
	if a.Can(act, unit) {
		return nil
	}
	return fault.Denied("You have no permission for this (%s)", string(act))
}

// See is May for reading one thing: who may not read it is told that there is
// no such thing.
func (a Actor) See(act Act, unit string) error {
	if a.Can(act, unit) {
		return nil
	}
	return fault.NotFound("There is no such entry, or you may not see it")
}

// CanAnywhere tells whether the actor may do the act in any unit at all.
func (a Actor) CanAnywhere(act Act) bool {
	if a.system != "" {
		return true
	}
	if a.only != nil && !a.only[act] {
		return false
	}
	for _, h := range a.holds {
		if a.policy.Allows(h.role, act) {
			return true
		}
	}
	return false
}

// Roles are the roles the actor holds anywhere, without repetition.
func (a Actor) Roles() []Role {
	var roles []Role
	for _, h := range a.holds {
		if !slices.Contains(roles, h.role) {
			roles = append(roles, h.role)
		}
	}
	return roles
}

// Home is the unit of the actor's widest grant, a natural default for forms.
func (a Actor) Home() string {
	best := ""
	for _, h := range a.holds {
		if best == "" || len(h.prefix) < len(best) {
			best = h.prefix
		}
	}
	parts := strings.Split(strings.Trim(best, "/"), "/")
	return parts[len(parts)-1]
}

// Units is the tree of units as the actor's checks see it.
func (a Actor) Units() *Units { return a.units }

// TwoPersons refuses that one person approves what the same person asked for.
func TwoPersons(first, second string) error {
	if first == "" || second == "" || first == second {
		return fault.Denied("A second person must approve this: you can't approve your own request")
	}
	return nil
}
