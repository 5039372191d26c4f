package score

import (
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/kernel/fault"
)

// Set changes one thing, as in 3.5.3=partial, 3.14.1[f]=not_met or ssp=none. A
// requirement changes all its objectives.
func (a *Assessment) Set(change string) error {
	name, value, ok := strings.Cut(change, "=")
	if !ok {
		return fault.Invalidf("%q does not read NAME=RESULT", change)
	}
	if name == "ssp" {
		switch value {
		case "none":
			a.SSP = nil
		case "yes":
			a.SSP = &SSP{}
		default:
			return fault.Invalidf("the SSP is set to yes or none, not %q", value)
		}
		return nil
	}
	var indexes []int
	q := catalog.Find(name)
	if q != nil {
		indexes = q.Objective
	} else if i, ok := catalog.Index(name); ok {
		indexes = []int{i}
	} else {
		return fault.Invalidf("there is no requirement or objective %q", name)
	}
	res := Result(value)
	switch res {
	case Met, NotMet, NA, Unknown:
		for _, i := range indexes {
			a.Objectives[i] = Objective{Result: res}
		}
		if q != nil {
			delete(a.Partial, q.ID)
		}
	case "partial":
		if q == nil {
			return fault.Invalidf("a requirement is partly met, not the objective %s", name)
		}
		if _, ok := q.Mark(); !ok {
			return fault.Invalidf("%s has no partial credit; %s and %s have", q.ID, "3.5.3", "3.13.11")
		}
		for _, i := range indexes {
			a.Objectives[i] = Objective{Result: Met}
		}
		a.Objectives[indexes[len(indexes)-1]] = Objective{Result: NotMet}
		a.Partial[q.ID] = true
	default:
		return fault.Invalidf("%q is no result: met, not_met, na, unknown or partial", value)
	}
	return nil
}
