package authz

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is the part of the group whose rows an actor may list. The zero Scope
// is empty. It is made by Actor.Scope alone, so a list function that takes one
// can't be called without having asked.
type Scope struct {
	all    bool
	spans  []span
	within *span // narrowed to a subtree, as by the unit switcher
	units  *Units
}

type span struct {
	tree   Tree
	prefix string
}

// Scope is where the actor may do the act.
func (a Actor) Scope(act Act) Scope {
	if a.system != "" {
		return Scope{all: true}
	}
	s := Scope{units: a.units}
	if a.only != nil && !a.only[act] || a.units == nil {
		return s
	}
	root, _, _ := a.units.Paths("")
	for _, h := range a.holds {
		if !a.policy.Allows(h.role, act) {
			continue
		}
		if h.tree == Own && h.prefix == root {
			return Scope{all: true, units: a.units}
		}
		s.spans = append(s.spans, span{h.tree, h.prefix})
	}
	return s
}

// Everything is the scope of the system itself, for counting and repairing.
func Everything() Scope { return Scope{all: true} }

// Empty tells whether nothing is in the scope.
func (s Scope) Empty() bool { return !s.all && len(s.spans) == 0 }

// All tells whether the whole group is in the scope.
func (s Scope) All() bool { return s.all && s.within == nil }

// Within is the scope narrowed to a unit and all below it in either tree. An
// empty unit and the root of the group narrow nothing; an unknown one leaves
// nothing.
func (s Scope) Within(units *Units, unit string) Scope {
	if unit == "" || unit == units.Root() {
		return s
	}
	own, geo, ok := units.Paths(unit)
	if !ok {
		return Scope{}
	}
	s.units = units
	if units.IsRegion(unit) {
		s.within = &span{Geography, geo}
	} else {
		s.within = &span{Own, own}
	}
	return s
}

// Contains tells whether rows of the unit are in the scope. The empty unit is
// the root of the group, as for Actor.Can.
func (s Scope) Contains(unit string) bool {
	if s.All() {
		return true
	}
	if s.units == nil {
		return false
	}
	own, geo, ok := s.units.Paths(unit)
	if !ok {
		return false
	}
	hit := func(p span) bool {
		return p.tree == Own && strings.HasPrefix(own, p.prefix) || p.tree == Geography && strings.HasPrefix(geo, p.prefix)
	}
	if s.within != nil && !hit(*s.within) {
		return false
	}
	if s.all {
		return true
	}
	for _, p := range s.spans {
		if hit(p) {
			return true
		}
	}
	return false
}

// Units are the ids of the units in the scope, in order, for stores that know no
// tree; all tells that nothing is left out, and the list is empty then.
func (s Scope) Units() (ids []string, all bool) {
	if s.All() {
		return nil, true
	}
	if s.units == nil {
		return nil, false
	}
	for _, u := range s.units.All() {
		if s.Contains(u.ID) {
			ids = append(ids, u.ID)
		}
	}
	if s.Contains("") {
		ids = append(ids, "")
	}
	slices.Sort(ids)
	return ids, false
}

// Where is the predicate that a row's unit column lies in the scope, with
// placeholders from $n on, and their values.
func (s Scope) Where(column string, n int) (string, []any) {
	if s.All() {
		return "1=1", nil
	}
	if s.Empty() {
		return "1=0", nil
	}
	var args []any
	one := func(p span) string {
		col := "path"
		if p.tree == Geography {
			col = "geo"
		}
		// All paths with the prefix: '0' follows '/' in both engines' byte order.
		args = append(args, p.prefix, p.prefix[:len(p.prefix)-1]+"0")
		return fmt.Sprintf("(%s >= $%d AND %s < $%d)", col, n+len(args)-2, col, n+len(args)-1)
	}
	var parts []string
	if s.within != nil {
		parts = append(parts, one(*s.within))
	}
	if !s.all {
		var any []string
		for _, p := range s.spans {
			any = append(any, one(p))
		}
		parts = append(parts, "("+strings.Join(any, " OR ")+")")
	}
	whole := ""
	if s.Contains("") {
		whole = " UNION ALL SELECT ''"
	}
	return column + " IN (SELECT id FROM authz_unit WHERE " + strings.Join(parts, " AND ") + whole + ")", args
}
