package cve

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// State is where an ID stands.
type State string

// The states of an ID. The service knows all but Assigned, which is our own: the
// ID is promised to a case and nothing is published yet.
const (
	Reserved  State = "RESERVED"
	Assigned  State = "ASSIGNED"
	Published State = "PUBLISHED"
	Rejected  State = "REJECTED"
)

// Held is an ID that the CNA owns.
type Held struct {
	ID       ID
	State    State
	Case     string    // which it is assigned to
	Told     bool      // somebody outside knows that it means this case
	Reserved time.Time // when
}

// Pool is the CNA's stock of IDs. It is pure: what it is told is kept elsewhere.
// IDs for rehearsals and real ones never meet in one pool (CNA Rules 5.4.2).
type Pool struct {
	rehearsal bool
	held      map[ID]Held
}

// NewPool makes an empty pool, of real IDs or of those for rehearsals.
func NewPool(rehearsal bool) *Pool { return &Pool{rehearsal, map[ID]Held{}} }

// Add takes an ID in, as reserved just now or as it was kept.
func (p *Pool) Add(h Held) error {
	if _, err := ParseID(string(h.ID)); err != nil {
		return err
	}
	switch {
	case h.ID.Rehearsal() != p.rehearsal:
		return fmt.Errorf("cve: %s: IDs of rehearsals (CVE-%d-) and real ones are kept apart", h.ID, RehearsalYear)
	case (h.State == Assigned) != (h.Case != "") && h.State != Published && h.State != Rejected:
		return fmt.Errorf("cve: %s: an assigned ID has a case, and a reserved one has none", h.ID)
	}
	if _, twice := p.held[h.ID]; twice {
		return fmt.Errorf("cve: %s is in the pool already", h.ID)
	}
	p.held[h.ID] = h
	return nil
}

// All are the IDs in order.
func (p *Pool) All() []Held {
	all := make([]Held, 0, len(p.held))
	for _, h := range p.held {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b Held) int { return a.ID.Compare(b.ID) })
	return all
}

// Free are the IDs of a year that could be assigned.
func (p *Pool) Free(year int) (free []Held) {
	for _, h := range p.All() {
		if h.State == Reserved && (p.rehearsal || h.ID.Year() == year) {
			free = append(free, h)
		}
	}
	return free
}

// Year is the one whose ID a vulnerability should have: that of its disclosure, or
// where this is not set yet that of now, by UTC (CNA Rules 4.2.19).
func Year(now, disclosure time.Time) int {
	if disclosure.IsZero() {
		disclosure = now
	}
	return disclosure.UTC().Year()
}

// ErrNoFreeID says that IDs must be reserved first.
type ErrNoFreeID struct{ Year int }

func (e ErrNoFreeID) Error() string { return fmt.Sprintf("cve: no free ID of %d is reserved", e.Year) }

// Assign gives a case the lowest free ID of a year. A case that has one which is
// not published keeps it, whatever year was asked for: asking twice costs nothing,
// and an ID that was told stays (4.2.19). Several vulnerabilities of one matter
// are several cases here.
func (p *Pool) Assign(name string, year int) (ID, error) {
	if name == "" {
		return "", fmt.Errorf("cve: an ID is assigned to a case, and none is named")
	}
	for _, h := range p.All() {
		if h.Case == name && h.State == Assigned {
			return h.ID, nil
		}
	}
	free := p.Free(year)
	if len(free) == 0 {
		return "", ErrNoFreeID{year}
	}
	h := free[0]
	h.State, h.Case = Assigned, name
	p.held[h.ID] = h
	return h.ID, nil
}

// Release gives an ID back that nobody outside has heard of. One that was told is
// rejected instead: whoever has noted it down must find out what became of it.
func (p *Pool) Release(id ID) error {
	h, ok := p.held[id]
	switch {
	case !ok || h.State != Assigned:
		return fmt.Errorf("cve: %s is not assigned", id)
	case h.Told:
		return fmt.Errorf("cve: %s was told to others: reject it", id)
	}
	h.State, h.Case = Reserved, ""
	p.held[id] = h
	return nil
}

// Tell notes that the ID was given to somebody outside (4.3.3: to the reporter).
func (p *Pool) Tell(id ID) error {
	h, ok := p.held[id]
	if !ok || h.State == Reserved {
		return fmt.Errorf("cve: %s is not assigned", id)
	}
	h.Told = true
	p.held[id] = h
	return nil
}

// moves are the changes of state that the service allows: never back to reserved.
var moves = map[State][]State{
	Reserved: {Published, Rejected}, Assigned: {Published, Rejected}, Published: {Published, Rejected}, Rejected: {Published, Rejected},
}

// Move notes that a record was published or an ID rejected.
func (p *Pool) Move(id ID, to State) error {
	h, ok := p.held[id]
	if !ok {
		return fmt.Errorf("cve: %s is not in the pool", id)
	}
	if !slices.Contains(moves[h.State], to) {
		return fmt.Errorf("cve: %s is %s and can't become %s", id, h.State, to)
	}
	h.State, h.Told = to, true
	p.held[id] = h
	return nil
}

// Chore is something to do about an ID.
type Chore struct {
	Held
	Do     string // Reject, or Decide: publish or reject, a person must say
	Clause string
	Since  time.Time // the end of the ID's year
}

// What a chore asks for.
const (
	Reject = "reject"
	Decide = "decide"
)

// Sweep lists what the end of a year leaves behind. An ID of a past year that no
// case has is of no use, since its year would fit no new vulnerability (4.2.19),
// and is to be rejected (4.5.3.5). One that a case has may still be published in
// the next year (4.2.19); when that year is over too, a person decides. Years end
// by UTC, as the service counts; grace is how long after it they wait.
func (p *Pool) Sweep(now time.Time, grace time.Duration) (chores []Chore) {
	for _, h := range p.All() {
		if p.rehearsal {
			continue
		}
		end := time.Date(h.ID.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
		late := time.Date(h.ID.Year()+2, 1, 1, 0, 0, 0, 0, time.UTC)
		switch {
		case h.State == Reserved && !now.Before(end.Add(grace)):
			chores = append(chores, Chore{h, Reject, "4.5.3.5", end})
		case h.State == Assigned && !now.Before(late.Add(grace)):
			chores = append(chores, Chore{h, Decide, "4.5.3.5", end})
		}
	}
	return chores
}

// Wanted is how many IDs to reserve so that so many of the year are free, within
// what the quota leaves.
func (p *Pool) Wanted(year, stock, quota int) int {
	return max(0, min(stock-len(p.Free(year)), quota))
}

// Difference is an ID of which the pool and the service say different things.
type Difference struct {
	ID            ID
	Here, Service State // empty: not known there
}

// Compare holds the pool against what the service lists. An assigned ID is a
// reserved one to the service.
func (p *Pool) Compare(service map[ID]State) (all []Difference) {
	for _, h := range p.All() {
		here := h.State
		if here == Assigned {
			here = Reserved
		}
		if s := service[h.ID]; s != here {
			all = append(all, Difference{h.ID, h.State, s})
		}
	}
	for id, s := range service {
		if _, ok := p.held[id]; !ok {
			all = append(all, Difference{id, "", s})
		}
	}
	slices.SortFunc(all, func(a, b Difference) int { return cmp.Or(a.ID.Compare(b.ID)) })
	return all
}
