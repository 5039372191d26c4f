package correlate

import "yagura/kernel/text"

// Approximate says what it means that a firing is approximate, and the bound of
// the error.
func Approximate(k Kind) text.Message {
	switch k {
	case Sum, Avg:
		return text.M("Approximate: more than 4,096 values came within a slot of the timespan and are kept summed up in 64 parts of it. What was compared is exact for a window that is longer than the timespan by less than a 64th of it.")
	case Percentile, Median:
		return text.M("Approximate: more than 4,096 values came within a slot of the timespan and few stand for all. The value that was compared is at most 3 per cent of all values away from the place asked for, in a window that is longer than the timespan by less than a 64th of it.")
	}
	return text.M("Approximate: more than 4,096 hits of one rule came within a slot of the timespan, and only some are kept. What fired did happen in that order; it may have happened earlier already, and another group may have been missed.")
}
