package story

import "strings"

// Tactics are the tactics of ATT&CK in the order in which an intrusion usually
// goes, those for ICS at their places among them.
var Tactics = []string{
	"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation", "stealth", "defense-impairment",
	"credential-access", "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration",
	"inhibit-response-function", "impair-process-control", "impact",
}

// names under which a tactic was tagged before ATT&CK 19, which divided what was
// defense evasion.
var names = map[string]string{"evasion": "stealth", "defense-evasion": "stealth"}

// Set is a set of tactics: bit i stands for Tactics[i].
type Set uint32

// SetOf are the tactics that a rule's tags name.
func SetOf(tags []string) (s Set) {
	for _, t := range tags {
		t = strings.ToLower(t)
		name, ok := strings.CutPrefix(t, "attack.")
		if !ok {
			continue
		}
		name = strings.TrimPrefix(name, "ics.")
		name = strings.ReplaceAll(name, "_", "-")
		if other, ok := names[name]; ok {
			name = other
		}
		for i, tactic := range Tactics {
			if tactic == name {
				s |= 1 << i
			}
		}
	}
	return s
}

// Len is how many tactics there are in the set.
func (s Set) Len() (n int) {
	for ; s != 0; s &= s - 1 {
		n++
	}
	return n
}

// Names are the tactics of the set in their order.
func (s Set) Names() (names []string) {
	for i, t := range Tactics {
		if s&(1<<i) != 0 {
			names = append(names, t)
		}
	}
	return names
}

// Further tells whether the set reaches further along than another.
func (s Set) Further(than Set) bool { return s.last() > than.last() }

// last is the place of the furthest tactic; -1 where the set is empty.
func (s Set) last() int {
	for i := len(Tactics) - 1; i >= 0; i-- {
		if s&(1<<i) != 0 {
			return i
		}
	}
	return -1
}

// Leads tells whether something with these tactics can lead on to something
// with the others: they reach further than all of these. A rule so never leads
// on to itself.
func (s Set) Leads(on Set) bool { return s != 0 && on.last() > s.last() }
