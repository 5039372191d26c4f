// Package of makes rules for the engine of correlations of what Sigma says. It
// promises that the two mean the same.
package of

import (
	"slices"

	"yagura/area/detect/correlate"
	"yagura/area/detect/sigma"
)

// Sigma is a correlation as the engine takes it; what it feeds is not filled in.
func Sigma(c *sigma.Linked) correlate.Rule {
	r := correlate.Rule{ID: c.ID, Kind: correlate.Kind(c.Type), Parts: len(c.Parts), Span: c.Timespan.Milliseconds(), Percentile: c.Percentile}
	for _, b := range c.Bounds {
		r.Bounds = append(r.Bounds, correlate.Bound{Op: b.Op, Value: b.Value})
	}
	p := c.Presence
	switch {
	case p == nil:
	case !c.AtLeast(): // with not: what is there and what is not
		_, absent := p.Literals()
		r.Absent = make([]bool, r.Parts)
		for i, ref := range c.Rules {
			r.Absent[i] = slices.Contains(absent, ref)
		}
	case c.Type == sigma.TemporalOrdered:
		r.Bounds = []correlate.Bound{{Op: "gte", Value: float64(r.Parts)}}
	default:
		r.Present = func(there []bool) bool { return present(p, c.Rules, there) }
	}
	return r
}

func present(p *sigma.Presence, refs []string, there []bool) bool {
	switch {
	case p.Not != nil:
		return !present(p.Not, refs, there)
	case len(p.And) > 0:
		for _, k := range p.And {
			if !present(k, refs, there) {
				return false
			}
		}
		return true
	case len(p.Or) > 0:
		return slices.ContainsFunc(p.Or, func(k *sigma.Presence) bool { return present(k, refs, there) })
	}
	return there[slices.Index(refs, p.Rule)]
}
