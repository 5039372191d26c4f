// Package attack knows the shape of the ATT&CK matrices: the tactics in their
// order, by id alone, and techniques by id. Names come from a STIX bundle that
// the operator imports; without one a technique is shown by its id.
package attack

import (
	"regexp"
	"slices"
	"strings"
)

// Domain is one of the matrices.
type Domain string

// The domains.
const (
	Enterprise Domain = "enterprise"
	ICS        Domain = "ics"
)

// Tactic is a column of a matrix.
type Tactic struct {
	ID   string // "TA0001"
	Slug string // as tags of rules and STIX write it, "initial-access"
}

// Tactics are the columns of a matrix in their order.
func Tactics(d Domain) []Tactic {
	if d == ICS {
		return slices.Clone(icsTactics)
	}
	return slices.Clone(enterpriseTactics)
}

var enterpriseTactics = []Tactic{
	{"TA0043", "reconnaissance"}, {"TA0042", "resource-development"}, {"TA0001", "initial-access"}, {"TA0002", "execution"},
	{"TA0003", "persistence"}, {"TA0004", "privilege-escalation"}, {"TA0005", "stealth"}, {"TA0112", "defense-impairment"},
	{"TA0006", "credential-access"},
	{"TA0007", "discovery"}, {"TA0008", "lateral-movement"}, {"TA0009", "collection"}, {"TA0011", "command-and-control"},
	{"TA0010", "exfiltration"}, {"TA0040", "impact"},
}

// current is the name that a tactic has since version 19, in which defense
// evasion became stealth and gave a part to defense impairment. Older rules and
// files keep their place by it.
func current(slug string) string {
	if slug == "defense-evasion" {
		return "stealth"
	}
	return slug
}

var icsTactics = []Tactic{
	{"TA0108", "initial-access"}, {"TA0104", "execution"}, {"TA0110", "persistence"}, {"TA0111", "privilege-escalation"},
	{"TA0103", "evasion"}, {"TA0102", "discovery"}, {"TA0109", "lateral-movement"}, {"TA0100", "collection"},
	{"TA0101", "command-and-control"}, {"TA0107", "inhibit-response-function"}, {"TA0106", "impair-process-control"}, {"TA0105", "impact"},
}

var techniqueForm = regexp.MustCompile(`^t(\d{4})(\.\d{3})?$`)

// Technique reads the id of a technique from a rule's tag such as
// "attack.t1059.001".
func Technique(tag string) (id string, d Domain, ok bool) {
	rest, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(tag)), "attack.")
	if !found || !techniqueForm.MatchString(rest) {
		return "", "", false
	}
	return strings.ToUpper(rest), DomainOf(rest), true
}

// DomainOf tells a technique's matrix by its number: those of industrial control
// systems begin with a nought.
func DomainOf(id string) Domain {
	if len(id) > 1 && id[1] == '0' {
		return ICS
	}
	return Enterprise
}

// TacticOf reads a tactic from a rule's tag such as "attack.initial-access" or
// "attack.ta0001".
func TacticOf(tag string, d Domain) (Tactic, bool) {
	rest, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(tag)), "attack.")
	if !found {
		return Tactic{}, false
	}
	rest = current(strings.ReplaceAll(rest, "_", "-"))
	for _, t := range Tactics(d) {
		if rest == t.Slug || rest == strings.ToLower(t.ID) {
			return t, true
		}
	}
	return Tactic{}, false
}

// Parent is the technique of a sub-technique, or itself.
func Parent(id string) string {
	p, _, _ := strings.Cut(id, ".")
	return p
}
