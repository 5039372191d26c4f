package fact

import (
	"time"

	"yagura/kernel/store"
)

// NetworkDeclared is recorded when an address block counts as the group's.
type NetworkDeclared struct {
	Network string `json:"network"`
	Unit    string `json:"unit"`
	Prefix  string `json:"prefix"`
	Use     string `json:"use"` // "office", "vpn", "ot" or "guest"
	Country string `json:"country,omitempty"`
}

// Heading implements store.Fact.
func (f NetworkDeclared) Heading() store.Heading {
	return store.Heading{Kind: "identity.network-declared", Unit: f.Unit, Subject: f.Network}
}

// NetworkRemoved is recorded when it no longer does.
type NetworkRemoved struct {
	Network string `json:"network"`
	Unit    string `json:"unit"`
	Prefix  string `json:"prefix"`
}

// Heading implements store.Fact.
func (f NetworkRemoved) Heading() store.Heading {
	return store.Heading{Kind: "identity.network-removed", Unit: f.Unit, Subject: f.Network}
}

// DeviceManaged is recorded when the group begins or ceases to vouch for a device.
type DeviceManaged struct {
	Device  string `json:"device"`
	Unit    string `json:"unit"`
	Person  string `json:"person,omitempty"`
	Managed bool   `json:"managed"`
}

// Heading implements store.Fact.
func (f DeviceManaged) Heading() store.Heading {
	return store.Heading{Kind: "identity.device-managed", Unit: f.Unit, Subject: f.Device}
}

// DeviceBound is recorded when a browser that was seen turned out to be a device
// of the inventory.
type DeviceBound struct {
	Device string `json:"device"`
	Unit   string `json:"unit"`
	Person string `json:"person,omitempty"`
	Seen   string `json:"seen"`
}

// Heading implements store.Fact.
func (f DeviceBound) Heading() store.Heading {
	return store.Heading{Kind: "identity.device-bound", Unit: f.Unit, Subject: f.Device}
}

// DeviceRemoved is recorded when a device is no longer recognised.
type DeviceRemoved struct {
	Device string `json:"device"`
	Unit   string `json:"unit"`
	Person string `json:"person,omitempty"`
}

// Heading implements store.Fact.
func (f DeviceRemoved) Heading() store.Heading {
	return store.Heading{Kind: "identity.device-removed", Unit: f.Unit, Subject: f.Device}
}

// TripAsked is recorded when a person registers a business trip.
type TripAsked struct {
	Trip      string    `json:"trip"`
	Person    string    `json:"person"`
	Unit      string    `json:"unit"`
	Countries []string  `json:"countries"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
}

// Heading implements store.Fact.
func (f TripAsked) Heading() store.Heading {
	return store.Heading{Kind: "identity.trip-asked", Unit: f.Unit, Subject: f.Person}
}

// TripDecided is recorded when somebody else approved or refused it.
type TripDecided struct {
	Trip     string `json:"trip"`
	Person   string `json:"person"`
	Unit     string `json:"unit"`
	Approved bool   `json:"approved"`
}

// Heading implements store.Fact.
func (f TripDecided) Heading() store.Heading {
	return store.Heading{Kind: "identity.trip-decided", Unit: f.Unit, Subject: f.Person}
}

// TripCancelled is recorded when a trip ended before its time.
type TripCancelled struct {
	Trip   string `json:"trip"`
	Person string `json:"person"`
	Unit   string `json:"unit"`
}

// Heading implements store.Fact.
func (f TripCancelled) Heading() store.Heading {
	return store.Heading{Kind: "identity.trip-cancelled", Unit: f.Unit, Subject: f.Person}
}

// PolicyDrafted is recorded when somebody proposes what a unit asks of those who
// sign in.
type PolicyDrafted struct {
	Policy string `json:"policy"`
	Unit   string `json:"unit"`
}

// Heading implements store.Fact.
func (f PolicyDrafted) Heading() store.Heading {
	return store.Heading{Kind: "identity.policy-drafted", Unit: f.Unit, Subject: f.Policy}
}

// PolicyApproved is recorded when a second person puts it in force.
type PolicyApproved PolicyDrafted

// Heading implements store.Fact.
func (f PolicyApproved) Heading() store.Heading {
	return store.Heading{Kind: "identity.policy-approved", Unit: f.Unit, Subject: f.Policy}
}

// PolicyWithdrawn is recorded when a draft is taken back.
type PolicyWithdrawn PolicyDrafted

// Heading implements store.Fact.
func (f PolicyWithdrawn) Heading() store.Heading {
	return store.Heading{Kind: "identity.policy-withdrawn", Unit: f.Unit, Subject: f.Policy}
}
