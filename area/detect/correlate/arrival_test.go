package correlate

import (
	"math/rand/v2"
	"testing"
)

// TestArrivalsTellWhatCameTooLate compares with looking at all events: of a
// source by itself the watermark is its newest event so far less the lateness.
func TestArrivalsTellWhatCameTooLate(t *testing.T) {
	type event struct{ at, received int64 }
	r := rand.New(rand.NewPCG(7, 1))
	late := 0
	for range 200 {
		var all []event
		var a Arrivals
		for range 60 {
			at := int64(r.IntN(120)) * minute
			e := event{at, at + int64(r.IntN(3))*int64(r.IntN(40))*minute}
			all = append(all, e)
			a.See("s", e.at, e.received)
			a.See("other", e.at, e.at)
		}
		for _, e := range all {
			newest := int64(never)
			for _, o := range all {
				if o.received < e.received {
					newest = max(newest, o.at)
				}
			}
			want := e.at < newest-Lateness
			if got := a.Late("s", e.at, e.received, Lateness); got != want {
				t.Fatalf("an event of %d that came at %d: %v, not %v", e.at, e.received, got, want)
			}
			if want {
				late++
			}
		}
		a.Forget(60 * minute)
		for m := range a.first["s"] {
			if m < 60 {
				t.Fatal("what should be forgotten is kept")
			}
		}
	}
	if late < 200 {
		t.Errorf("%d late events are too few to say anything", late)
	}
}
