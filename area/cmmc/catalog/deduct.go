package catalog

// State is how a requirement stands.
type State uint8

// The states. Partly is that of the two requirements with partial credit.
const (
	Met State = iota
	Partly
	NotMet
)

// In tells how a requirement stands where the objectives of open are not
// satisfied. One of them is enough; partial credit is given where nothing but the
// last one is open and the mark is not set.
func (r *Requirement) In(open *Bits) State {
	hit := false
	for _, p := range r.parts {
		if open[p.word]&p.mask != 0 {
			hit = true
			break
		}
	}
	switch {
	case !hit:
		return Met
	case r.Partial == 0 || open.Has(r.mark):
		return NotMet
	}
	for _, i := range r.Objective[:len(r.Objective)-1] {
		if open.Has(i) {
			return NotMet
		}
	}
	return Partly
}

// Mark is the index that says "not even partly met"; it goes with the last
// objective. ok is false where there is no partial credit.
func (r *Requirement) Mark() (i int, ok bool) { return r.mark, r.mark >= 0 }

// Points are what a state costs.
func (r *Requirement) Points(s State) int {
	switch s {
	case Met:
		return 0
	case Partly:
		return r.Partial
	}
	return r.Weight
}

// Deferrable tells whether a requirement in this state may stand on a plan of
// action, and else by which paragraph it may not.
func (r *Requirement) Deferrable(s State) (ok bool, clause string) {
	switch {
	case r.Level == 3 && r.Named:
		return false, "poam_level3_named"
	case r.Level == 3:
		return true, "poam_level3_ratio"
	case r.Named:
		return false, "poam_named"
	case r.Points(s) > 1 && !(s == Partly && r.Deferred):
		return false, "poam_value"
	}
	return true, "poam_value"
}

// Clause is the paragraph by which a requirement in this state costs its points.
func (r *Requirement) Clause(s State) string {
	switch {
	case r.Level == 3:
		return Clause("level3")
	case r.Gate:
		return Clause("ssp")
	case r.Partial > 0:
		return Clause("partial")
	case r.Weight == 5:
		return Clause("weight_5")
	case r.Weight == 3:
		return Clause("weight_3")
	}
	return Clause("weight_1")
}
