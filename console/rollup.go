package console

import (
	"strings"

	"yagura/kernel/authz"
)

// RollUp adds up what is counted per unit over each of the wanted units and all
// below it, by ownership, or by geography for regions. A wanted unit without
// any data below it is absent.
func RollUp(units *authz.Units, wanted []string, direct map[string]Share) map[string]Share {
	sums := map[string]Share{}
	for _, w := range wanted {
		own, geo, ok := units.Paths(w)
		if !ok {
			continue
		}
		region := units.IsRegion(w)
		for unit, n := range direct {
			below, lies, ok := units.Paths(unit)
			if ok && (region && strings.HasPrefix(lies, geo) || !region && strings.HasPrefix(below, own)) {
				s := sums[w]
				sums[w] = Share{s.Part + n.Part, s.Whole + n.Whole}
			}
		}
	}
	return sums
}
