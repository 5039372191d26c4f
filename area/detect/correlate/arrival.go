package correlate

// Arrivals remember when events of the past came in, so that one can tell of a
// stored hit whether it came too late to be joined: whether its source had
// shown an event newer by more than the lateness before. Kept is, for each
// source and minute in which events happened, when the first of them came.
type Arrivals struct{ first map[string]map[int64]int64 }

// See notes an event by when it happened and when it came.
func (a *Arrivals) See(source string, at, received int64) {
	if a.first == nil {
		a.first = map[string]map[int64]int64{}
	}
	of := a.first[source]
	if of == nil {
		of = map[int64]int64{}
		a.first[source] = of
	}
	m := floor(at, minute)
	if was, ok := of[m]; !ok || received < was {
		of[m] = received
	}
}

// Late tells whether a hit came after an event of its source that is newer by
// more than the lateness. All events up to when it came must have been seen.
func (a *Arrivals) Late(source string, at, received, lateness int64) bool {
	if received-at <= lateness {
		return false
	}
	of := a.first[source]
	from, to := floor(at+lateness, minute)+1, floor(received, minute)
	if to-from > int64(len(of)) {
		for m, first := range of {
			if m >= from && m <= to && first < received {
				return true
			}
		}
		return false
	}
	for m := from; m <= to; m++ {
		if first, ok := of[m]; ok && first < received {
			return true
		}
	}
	return false
}

// Forget leaves out what happened before a time.
func (a *Arrivals) Forget(before int64) {
	for source, of := range a.first {
		for m := range of {
			if (m+1)*minute <= before {
				delete(of, m)
			}
		}
		if len(of) == 0 {
			delete(a.first, source)
		}
	}
}
