package policy

import (
	"slices"
	"time"
)

// Reason is why somebody was refused, in one word.
type Reason string

// The reasons. Those above Elsewhere say that the way of signing in does not
// suffice there; Weak alone can be mended by a stronger factor.
const (
	Contained Reason = "contained"
	Elsewhere Reason = "abroad"      // in no country that is his, and without a trip
	TripEarly Reason = "trip-early"  // the trip has not begun
	TripOver  Reason = "trip-over"   // it has ended
	TripOther Reason = "trip-device" // it is for another device
	BadDevice Reason = "unmanaged"   // only managed devices may, there
	BadPlace  Reason = "place"       // nobody may, there
	Password  Reason = "password"    // passwords do not count for the unit
	Code      Reason = "totp"        // one-time codes do not
	Weak      Reason = "level"       // a stronger way of signing in is needed
)

// Trip is a business trip that was approved.
type Trip struct {
	ID        string
	Countries []string
	From, To  time.Time // to the minute; not any more at To
	Device    string    // id; empty: any
}

// Question is what is known of one attempt.
type Question struct {
	At         time.Time
	Contained  bool
	BreakGlass bool
	Network    *Network // declared by the group; nil: none
	Country    string   // of the address by geography; empty: not known
	Home       string   // country of employment; empty: not known
	Device     string   // id; empty: not recognised
	Managed    bool
	Trips      []Trip
	Level      Level
	Password   bool // a password was one of the factors
	TOTP       bool // a one-time code was
	Class      Class
}

// Decision is the answer, with what it rests on.
type Decision struct {
	Allowed bool
	Reason  Reason
	Place   Place
	Country string // empty: not known
	Needs   Level
	Session time.Duration // the longest a session may last; 0: no bound of the policy
	Trip    string        // by which it is allowed
	Until   time.Time     // when the trip ends
}

// Decide answers a question by the rules of the person's unit.
func (r Rules) Decide(q Question) Decision {
	d := r.locate(q)
	if q.Contained {
		return d.refuse(Contained)
	}
	if q.BreakGlass {
		d.Allowed, d.Reason, d.Trip, d.Until = true, "", "", time.Time{}
		d.Session = r.Session
		return d
	}
	if d.Place == Abroad {
		return d.refuse(d.Reason)
	}
	device := Unmanaged
	if q.Managed {
		device = Managed
	}
	class := q.Class
	if class == "" {
		class = Normal
	}
	cell, app := r.Cells[d.Place][device], r.Applications[class]
	if d.Session = cell.Session; d.Session == 0 {
		d.Session = r.Session
	}
	if cell.Refused {
		if !r.Cells[d.Place][Managed].Refused {
			return d.refuse(BadDevice)
		}
		return d.refuse(BadPlace)
	}
	if len(app.Places) > 0 && !slices.Contains(app.Places, d.Place) {
		return d.refuse(BadPlace)
	}
	if app.Managed && !q.Managed {
		return d.refuse(BadDevice)
	}
	d.Needs = Strongest(cell.Level, app.Level)
	switch {
	case q.Password && !r.Passwords:
		return d.refuse(Password)
	case q.TOTP && !r.TOTP:
		return d.refuse(Code)
	case !q.Level.Meets(d.Needs):
		return d.refuse(Weak)
	}
	d.Allowed = true
	return d
}

func (d Decision) refuse(why Reason) Decision {
	d.Allowed, d.Reason = false, why
	return d
}

// locate finds the place, and of a place abroad why no trip helps.
func (r Rules) locate(q Question) Decision {
	d := Decision{Country: q.Country}
	if n := q.Network; n != nil {
		if n.Country != "" {
			d.Country = n.Country
		}
		if d.Place = n.place(); d.Place != "" {
			return d
		}
	}
	switch {
	case d.Country == "":
		d.Place = Unknown
		return d
	case d.Country == q.Home || slices.Contains(r.Countries, d.Country):
		d.Place = Home
		return d
	}
	d.Place, d.Reason = Abroad, Elsewhere
	for _, t := range q.Trips {
		if !slices.Contains(t.Countries, d.Country) {
			continue
		}
		switch why := t.refuses(q); {
		case why == "":
			if t.To.After(d.Until) {
				d.Place, d.Reason, d.Trip, d.Until = OnTrip, "", t.ID, t.To
			}
		case d.Place == Abroad && (d.Reason == Elsewhere || why == TripOther):
			d.Reason = why
		}
	}
	if d.Place == Abroad && q.Home == "" && len(r.Countries) == 0 {
		d.Place, d.Reason = Unknown, "" // nobody knows what is abroad for him
	}
	return d
}

// refuses tells why the trip does not hold; empty where it does.
func (t Trip) refuses(q Question) Reason {
	switch {
	case q.At.Before(t.From):
		return TripEarly
	case !q.At.Before(t.To):
		return TripOver
	case t.Device != "" && t.Device != q.Device:
		return TripOther
	}
	return ""
}
