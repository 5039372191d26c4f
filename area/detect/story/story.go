// Package story says which alerts belong together. It knows no database: alerts
// are marks – when which of them had to do with which host, user, address, file
// or process – and a story is a connected component over the links between
// marks. The result depends on the marks alone and never on the order in which
// they became known.
//
// Two alerts are linked by a key, such as a user, when both had to do with it
// and no more than Gap passed between them, or no more than Chain where the later
// one is of a tactic further along: an intruder rests, but goes on.
//
// What everybody shares links nobody. The marks of a key without a pause longer
// than Chain are a run; a run in which more than Degree others took part (hosts of
// a user, users of a host), or more than Most alerts, is noise and makes no
// links. A scanner, a NAT address or a service account so glues nothing together.
//
// Runs only grow, and noise stays noise, as marks are added. So links can be
// made one by one as alerts come; only when a run becomes noise must the stories
// it had held together be looked at anew.
package story

import (
	"cmp"
	"slices"
)

// Mark says from when to when an alert had to do with a key. Times are minutes.
type Mark struct {
	Alert   string
	Key     string
	Partner string // who took part beside the key; "" = nobody in particular
	Tactics Set    // of the alert
	From    int64
	To      int64
}

// Rules say what makes a link.
type Rules struct {
	Gap    int64 // minutes
	Chain  int64 // minutes; at least Gap
	Degree int
	Most   int
}

// Standard are the rules where nothing else is said.
var Standard = Rules{Gap: 6 * 60, Chain: 48 * 60, Degree: 25, Most: 400}

// Linked tells whether two marks of one key link their alerts, noise apart.
func (r Rules) Linked(a, b Mark) bool {
	if b.From < a.From || b.From == a.From && b.To < a.To {
		a, b = b, a
	}
	pause := b.From - a.To
	return pause <= r.Gap || pause <= r.Chain && a.Tactics.Leads(b.Tactics)
}

// Runs cuts the marks of one key into runs, in order of time.
func (r Rules) Runs(marks []Mark) (runs [][]Mark) {
	marks = slices.Clone(marks)
	slices.SortFunc(marks, func(a, b Mark) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Alert, b.Alert))
	})
	var end int64
	for i, m := range marks {
		if i == 0 || m.From-end > r.Chain {
			runs = append(runs, nil)
			end = m.To
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], m)
		end = max(end, m.To)
	}
	return runs
}

// Noisy tells whether a run links nothing.
func (r Rules) Noisy(run []Mark) bool {
	if len(run) > r.Most {
		return true
	}
	partners := map[string]bool{}
	for _, m := range run {
		if m.Partner != "" {
			partners[m.Partner] = true
		}
	}
	return len(partners) > r.Degree
}

// Join puts alerts together: each group has at least two, in order of their
// ids, and the groups are in order of their first.
func (r Rules) Join(marks []Mark) (groups [][]string) {
	byKey := map[string][]Mark{}
	for _, m := range marks {
		byKey[m.Key] = append(byKey[m.Key], m)
	}
	sets := Sets{}
	for _, of := range byKey {
		for _, run := range r.Runs(of) {
			if r.Noisy(run) {
				continue
			}
			r.Link(run, sets.Union)
		}
	}
	return sets.Groups()
}

// Link calls found for links of a run, enough of them to connect all that the
// run connects.
func (r Rules) Link(run []Mark, found func(a, b string)) {
	// What has no pause longer than Gap is one piece, without looking at pairs.
	piece, end := 0, int64(0)
	var pieces [][]Mark
	for i, m := range run {
		if i == 0 || m.From-end > r.Gap {
			piece, end = i, m.To
			pieces = append(pieces, nil)
		} else {
			found(run[piece].Alert, m.Alert)
		}
		end = max(end, m.To)
		pieces[len(pieces)-1] = append(pieces[len(pieces)-1], m)
	}
	// Between pieces only tactics link. One link between two pieces is enough.
	for i, a := range pieces {
		for _, b := range pieces[i+1:] {
			r.bridge(a, b, found)
		}
	}
}

func (r Rules) bridge(as, bs []Mark, found func(a, b string)) {
	for _, a := range as {
		for _, b := range bs {
			if r.Linked(a, b) {
				found(a.Alert, b.Alert)
				return
			}
		}
	}
}

// Sets are disjoint sets of alerts.
type Sets map[string]string

func (s Sets) find(x string) string {
	if _, ok := s[x]; !ok {
		s[x] = x
	}
	for s[x] != x {
		s[x] = s[s[x]]
		x = s[x]
	}
	return x
}

// Root is the alert that stands for the set of another.
func (s Sets) Root(x string) string { return s.find(x) }

// Union puts two alerts into one set.
func (s Sets) Union(a, b string) {
	if a, b = s.find(a), s.find(b); a != b {
		s[max(a, b)] = min(a, b)
	}
}

// Groups are the sets of at least two, sorted.
func (s Sets) Groups() (groups [][]string) {
	by := map[string][]string{}
	for x := range s {
		root := s.find(x)
		by[root] = append(by[root], x)
	}
	for _, g := range by {
		if len(g) > 1 {
			slices.Sort(g)
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	return groups
}
