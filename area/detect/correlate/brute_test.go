package correlate

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// brute answers by the definitions of the package comment alone: all hits of a
// group, sorted, and every window looked at by itself.

type answer struct {
	rule  string
	group string
	slot  int64
	time  int64
}

func (a answer) String() string {
	return fmt.Sprintf("%s %s slot %d at %d", a.rule, a.group, a.slot, a.time)
}

func brute(rules []Rule, hits []Hit) map[answer]bool {
	out := map[answer]bool{}
	byRule := make([][]Hit, len(rules))
	for _, h := range hits {
		byRule[h.Rule] = append(byRule[h.Rule], h)
	}
	for i, r := range rules {
		groups := map[string][]Hit{}
		for _, h := range byRule[i] {
			groups[h.Group] = append(groups[h.Group], h)
		}
		for key, list := range groups {
			sort.Slice(list, func(a, b int) bool {
				return place{list[a].Time, list[a].Event}.compare(place{list[b].Time, list[b].Event}) < 0
			})
			for slot, t := range bruteGroup(r, list) {
				out[answer{r.ID, key, slot, t}] = true
				for _, f := range r.Feeds {
					byRule[f.Rule] = append(byRule[f.Rule], Hit{Rule: f.Rule, Part: f.Part, Time: t, Event: "~" + r.ID + "~" + key, Group: key})
				}
			}
		}
	}
	return out
}

// bruteGroup is the time of the firing by slot.
func bruteGroup(r Rule, list []Hit) map[int64]int64 {
	out := map[int64]int64{}
	least, sliding := r.atLeast()
	absence := slices.Contains(r.Absent, true)
	if !sliding && !absence {
		slots := map[int64][]Hit{}
		for _, h := range list {
			k := floor(h.Time, r.Span)
			slots[k] = append(slots[k], h)
		}
		for k, in := range slots {
			if r.holds(measure(r, in)) {
				out[k] = (k + 1) * r.Span
			}
		}
		return out
	}
	for _, h := range list {
		k := floor(h.Time, r.Span)
		if _, done := out[k]; done {
			continue
		}
		var window []Hit
		for j := sort.Search(len(list), func(i int) bool { return list[i].Time > h.Time-r.Span }); j < len(list) && list[j].Time <= h.Time; j++ {
			window = append(window, list[j])
		}
		switch {
		case absence:
			if r.Absent[h.Part] || !completes(r, window, h) || near(r, list, h) {
				continue
			}
			t := h.Time
			for p, a := range r.Absent {
				if _, after := r.sides(p); a && after {
					t = h.Time + r.Span
				}
			}
			out[k] = t
		case r.Kind == Ordered:
			if longest(r, window, h, int(least)) {
				out[k] = h.Time
			}
		case r.Kind == Temporal:
			there := make([]bool, r.Parts)
			n := 0
			for _, x := range window {
				if !there[x.Part] {
					there[x.Part] = true
					n++
				}
			}
			if r.Present != nil && r.Present(there) || r.Present == nil && int64(n) >= least {
				out[k] = h.Time
			}
		default:
			if r.holds(measure(r, window)) {
				out[k] = h.Time
			}
		}
	}
	return out
}

func measure(r Rule, in []Hit) float64 {
	var numbers []float64
	values := map[string]bool{}
	parts := map[int]bool{}
	sum := 0.0
	for _, h := range in {
		values[h.Value], parts[h.Part] = true, true
		numbers = append(numbers, h.Number)
		sum += h.Number
	}
	slices.Sort(numbers)
	switch r.Kind {
	case EventCount:
		return float64(len(in))
	case ValueCount:
		return float64(len(values))
	case Sum:
		return sum
	case Avg:
		return sum / float64(len(in))
	case Median:
		if n := len(numbers); n%2 == 0 {
			return (numbers[n/2-1] + numbers[n/2]) / 2
		}
		return numbers[len(numbers)/2]
	case Percentile:
		for i, v := range numbers { // the smallest of which at least p % are not larger
			notLarger := i + 1
			for notLarger < len(numbers) && numbers[notLarger] == v {
				notLarger++
			}
			if float64(notLarger)*100 >= r.Percentile*float64(len(numbers)) {
				return v
			}
		}
	}
	return float64(len(parts))
}

// longest tells whether a chain of need parts in order ends with h.
func longest(r Rule, window []Hit, h Hit, need int) bool {
	best := make([]int, len(window))
	for i, x := range window {
		best[i] = 1
		for j := range i {
			y := window[j]
			if y.Part < x.Part && (y.Time != x.Time || y.Event != x.Event) && best[j]+1 > best[i] {
				best[i] = best[j] + 1
			}
		}
		if x.Time == h.Time && x.Event == h.Event && x.Part == h.Part && best[i] >= need {
			return true
		}
	}
	return false
}

func completes(r Rule, window []Hit, h Hit) bool {
	positives := 0
	there := map[int]bool{}
	for p, a := range r.Absent {
		if !a {
			positives++
			for _, x := range window {
				there[p] = there[p] || x.Part == p
			}
		}
	}
	if r.Kind == Ordered {
		return longest(r, slices.DeleteFunc(slices.Clone(window), func(x Hit) bool { return r.Absent[x.Part] }), h, positives)
	}
	for p, a := range r.Absent {
		if !a && !there[p] {
			return false
		}
	}
	return true
}

// near tells whether something that must be absent is within the timespan.
func near(r Rule, list []Hit, h Hit) bool {
	for _, q := range list {
		if !r.Absent[q.Part] {
			continue
		}
		before, after := r.sides(q.Part)
		d := q.Time - h.Time
		order := place{q.Time, q.Event}.compare(place{h.Time, h.Event})
		if d > -r.Span && d < r.Span && (before && after || before && order < 0 || after && order > 0) {
			return true
		}
	}
	return false
}

func differ(want, got map[answer]bool) string {
	var out []string
	for a := range want {
		if !got[a] {
			out = append(out, "missing "+a.String())
		}
	}
	for a := range got {
		if !want[a] {
			out = append(out, "extra "+a.String())
		}
	}
	slices.Sort(out)
	if len(out) > 20 {
		out = append(out[:20], fmt.Sprintf("and %d more", len(out)-20))
	}
	return strings.Join(out, "\n")
}
