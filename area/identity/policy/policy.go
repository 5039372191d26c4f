// Package policy decides from where, with what and how strongly a person may
// sign in: pure rules over what is known of one attempt. It knows no database
// and no page; the same function judges a real sign-in and a past one against a
// draft.
//
// The order is fixed: a contained account is refused; break-glass is let in;
// then comes the place - a network of the group, the country of employment, a
// registered trip - and whatever is left is elsewhere abroad and refused. What
// each place asks for is data: Rules, made of a built-in default and the
// policies of the units from the top of the group down.
package policy

import (
	"slices"
	"time"
)

// Place is where a person is, as the policy sees it.
type Place string

// The places. Abroad is never let in; the others have a row in the rules.
const (
	Office  Place = "office"
	VPN     Place = "vpn"
	OT      Place = "ot" // network of machines
	Home    Place = "home"
	OnTrip  Place = "trip"
	Unknown Place = "unknown" // the country of the address, or that of employment, is not known
	Abroad  Place = "abroad"
)

// Places are those that have a row, in the order of looking.
var Places = []Place{Office, VPN, OT, Home, OnTrip, Unknown}

// Device is how far the group vouches for what a person uses.
type Device string

// The devices.
const (
	Managed   Device = "managed"
	Unmanaged Device = "unmanaged"
)

// Devices are both.
var Devices = []Device{Managed, Unmanaged}

// Class is how much an application can do harm with.
type Class string

// The classes of applications. Everything is Normal unless it says otherwise.
const (
	Normal    Class = "normal"
	Sensitive Class = "sensitive"
	Critical  Class = "critical"
)

// Classes are all of them.
var Classes = []Class{Normal, Sensitive, Critical}

// Cell is what one place asks of one kind of device.
type Cell struct {
	Refused bool
	Level   Level
	Session time.Duration // longest; 0: as the rules say for all
}

// Application is what a class of applications asks for besides the place.
type Application struct {
	Level   Level
	Places  []Place // from where alone; none: from every place
	Managed bool    // from managed devices alone
}

// Rules are complete: what holds for the people of a unit.
type Rules struct {
	Passwords    bool // whether a password may count as a factor
	TOTP         bool // whether a one-time code may
	Session      time.Duration
	Countries    []string // that count as home besides the country of employment
	Cells        map[Place]map[Device]Cell
	Applications map[Class]Application
}

// Default holds where no unit says anything. It locks nobody out: it neither
// needs networks nor devices, and asks of a trip two factors only. Besides
// passkeys it knows one-time links alone.
func Default() Rules {
	row := func(managed, unmanaged Level) map[Device]Cell {
		return map[Device]Cell{Managed: {Level: managed}, Unmanaged: {Level: unmanaged}}
	}
	return Rules{
		Cells: map[Place]map[Device]Cell{
			Office: row(SingleFactor, SingleFactor), VPN: row(SingleFactor, SingleFactor), OT: row(SingleFactor, SingleFactor),
			Home: row(SingleFactor, SingleFactor), OnTrip: row(TwoFactors, TwoFactors), Unknown: row(SingleFactor, SingleFactor),
		},
		Applications: map[Class]Application{Normal: {Level: SingleFactor}, Sensitive: {Level: TwoFactors}, Critical: {Level: PhishingResistant}},
	}
}

// Policy is what one unit says. What is nil or absent is as above it.
type Policy struct {
	Unit         string // as the text names it; may be empty
	Passwords    *bool
	TOTP         *bool
	Session      *time.Duration
	Countries    []string // nil: as above
	Cells        map[Place]map[Device]CellPart
	Applications map[Class]ApplicationPart
}

// CellPart is what a unit says about a cell.
type CellPart struct {
	Refused *bool
	Level   *Level
	Session *time.Duration
}

// ApplicationPart is what a unit says about a class of applications.
type ApplicationPart struct {
	Level   *Level
	Places  []Place // nil: as above
	Managed *bool
}

// Under is the rules with a policy laid over them; the rules stay as they are.
func (p Policy) Under(above Rules) Rules {
	r := above
	set(&r.Passwords, p.Passwords)
	set(&r.TOTP, p.TOTP)
	set(&r.Session, p.Session)
	if p.Countries != nil {
		r.Countries = p.Countries
	}
	r.Cells = make(map[Place]map[Device]Cell, len(Places))
	for _, place := range Places {
		row := make(map[Device]Cell, len(Devices))
		for _, device := range Devices {
			c, part := above.Cells[place][device], p.Cells[place][device]
			set(&c.Refused, part.Refused)
			set(&c.Level, part.Level)
			set(&c.Session, part.Session)
			row[device] = c
		}
		r.Cells[place] = row
	}
	r.Applications = make(map[Class]Application, len(Classes))
	for _, class := range Classes {
		a, part := above.Applications[class], p.Applications[class]
		set(&a.Level, part.Level)
		set(&a.Managed, part.Managed)
		if part.Places != nil {
			a.Places = part.Places
		}
		r.Applications[class] = a
	}
	return r
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// For are the rules of a unit: the default, and over it what each unit from the
// top of the group down to it says.
func For(path []string, said map[string]Policy) Rules {
	r := Default()
	for _, unit := range path {
		if p, ok := said[unit]; ok {
			r = p.Under(r)
		}
	}
	return r
}

// Weaker names the cells in which rules let in what others do not, as
// "home/unmanaged", so that who approves a draft sees it.
func Weaker(than, r Rules) (cells []string) {
	for _, place := range Places {
		for _, device := range Devices {
			old, now := than.Cells[place][device], r.Cells[place][device]
			if !now.Refused && (old.Refused || !now.Level.Meets(old.Level)) {
				cells = append(cells, string(place)+"/"+string(device))
			}
		}
	}
	for _, class := range Classes {
		old, now := than.Applications[class], r.Applications[class]
		wider := len(old.Places) > 0 && (len(now.Places) == 0 || slices.ContainsFunc(now.Places, func(p Place) bool { return !slices.Contains(old.Places, p) }))
		if !now.Level.Meets(old.Level) || old.Managed && !now.Managed || wider {
			cells = append(cells, string(class))
		}
	}
	if !than.Passwords && r.Passwords {
		cells = append(cells, "passwords")
	}
	if !than.TOTP && r.TOTP {
		cells = append(cells, "totp")
	}
	for _, c := range r.Countries {
		if !slices.Contains(than.Countries, c) {
			cells = append(cells, "countries")
			break
		}
	}
	return cells
}
