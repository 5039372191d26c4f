package org

import (
	"slices"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// TeamKind is what a team is for.
type TeamKind string

// The kinds of teams.
const (
	CorporateCSIRT TeamKind = "corporate-csirt"
	GroupCSIRT     TeamKind = "group-csirt"
	SiteCSIRT      TeamKind = "site-csirt"
	RegionalCSIRT  TeamKind = "regional-csirt"
	OTTeam         TeamKind = "ot"
	PSIRTTeam      TeamKind = "psirt"
	PrivacyTeam    TeamKind = "privacy"
)

// CSIRT asks for a team of any of the four kinds of CSIRT.
const CSIRT TeamKind = "csirt"

// TeamKinds are all kinds in the order in which a person picks from them.
var TeamKinds = []TeamKind{CorporateCSIRT, GroupCSIRT, SiteCSIRT, RegionalCSIRT, OTTeam, PSIRTTeam, PrivacyTeam}

// Label is the kind's name.
func (k TeamKind) Label() text.Message {
	switch k {
	case CorporateCSIRT:
		return text.M("Corporate CSIRT")
	case GroupCSIRT:
		return text.M("CSIRT of a business group")
	case SiteCSIRT:
		return text.M("CSIRT of a site")
	case RegionalCSIRT:
		return text.M("Regional CSIRT")
	case OTTeam:
		return text.M("OT security")
	case PSIRTTeam:
		return text.M("PSIRT")
	case PrivacyTeam:
		return text.M("Privacy team")
	case CSIRT:
		return text.M("CSIRT")
	}
	return text.Literal(string(k))
}

// Duty is what a team of the kind answers for: CSIRT for the four kinds of
// them, the kind itself for the others.
func (k TeamKind) Duty() TeamKind {
	switch k {
	case CorporateCSIRT, GroupCSIRT, SiteCSIRT, RegionalCSIRT:
		return CSIRT
	}
	return k
}

// answers tells whether a team of kind k does what is asked for: a duty, or one
// kind exactly.
func (k TeamKind) answers(asked TeamKind) bool { return k == asked || k.Duty() == asked }

// Team is a group of people that takes what happens in a unit and below it.
type Team struct {
	ID        string
	Kind      TeamKind
	Name      string
	NameJA    string
	Unit      string
	Email     string
	Phone     string
	Lead      string
	Members   []string // everybody, the lead included
	Plan      Plan
	Zone      string // IANA name, as entered
	Disbanded time.Time
	Added     time.Time
}

// Label is the team's name in a language.
func (t Team) Label(lang text.Lang) string {
	if lang == text.JA && t.NameJA != "" {
		return t.NameJA
	}
	if t.Name == "" {
		return t.ID
	}
	return t.Name
}

// Works tells whether the team is not disbanded.
func (t Team) Works() bool { return t.Disbanded.IsZero() }

func (t Team) check() []fault.Field {
	var wrong []fault.Field
	if !validID(t.ID) {
		wrong = append(wrong, fault.F("id", "An id has letters a-z, digits and hyphens, at most 40"))
	}
	if !slices.Contains(TeamKinds, t.Kind) {
		wrong = append(wrong, fault.F("kind", "There is no kind of team %s", string(t.Kind)))
	}
	if t.Name == "" {
		wrong = append(wrong, fault.F("name", "Enter a name§org"))
	}
	if t.Email != "" && !validEmail(t.Email) {
		wrong = append(wrong, fault.F("email", "This is not a mail address§org"))
	}
	for _, id := range t.Plan.Order {
		if !slices.Contains(t.Members, id) {
			wrong = append(wrong, fault.F("order", "%s is not a member of the team", id))
		}
	}
	if t.Lead != "" && !slices.Contains(t.Members, t.Lead) {
		wrong = append(wrong, fault.F("lead", "The lead must be a member of the team"))
	}
	return append(wrong, t.Plan.check()...)
}

// climb is the order in which teams are asked for a unit: those of the unit and
// its owners from below, but for the top of the group; then those of the regions
// it lies in, from the nearest; last those of the whole group.
func climb(units *authz.Units, unit string) []string {
	var path []string
	add := func(next func(authz.Unit) string) {
		for id, n := unit, 0; id != "" && n < 64; n++ {
			u, ok := units.Get(id)
			if !ok {
				return
			}
			if id != units.Root() && !slices.Contains(path, id) {
				path = append(path, id)
			}
			id = next(u)
		}
	}
	add(func(u authz.Unit) string { return u.Parent })
	add(func(u authz.Unit) string { return u.Region })
	return append(path, units.Root())
}

// pickTeam is the team of the kind (or duty) that answers for the unit, out of
// all working teams. skip names one that is not asked: the one whose superior
// is looked for.
func pickTeam(units *authz.Units, teams []Team, kind TeamKind, unit, skip string) (Team, bool) {
	for _, id := range climb(units, unit) {
		for _, t := range teams { // in order of ids, so that the answer is always the same
			if t.Unit == id && t.ID != skip && t.Works() && t.Kind.answers(kind) {
				return t, true
			}
		}
	}
	return Team{}, false
}

// above is the team to which a team hands what it can't solve: that of the unit
// above, in the tree in which it stands, else that of the whole group.
func above(units *authz.Units, teams []Team, t Team) (Team, bool) {
	u, ok := units.Get(t.Unit)
	if !ok {
		return Team{}, false
	}
	up := u.Parent
	if u.Kind == authz.RegionKind && u.Region != "" {
		up = u.Region
	}
	if up == "" {
		return Team{}, false
	}
	return pickTeam(units, teams, t.Kind.Duty(), up, t.ID)
}
