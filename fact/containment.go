package fact

import "yagura/kernel/store"

// ContainmentAsked is recorded when somebody wants to contain a privileged
// person, for which a second person is needed. Nothing has ended yet.
type ContainmentAsked struct {
	Containment string `json:"containment"`
	Person      string `json:"person"`
	Unit        string `json:"unit"`
	Incident    string `json:"incident,omitempty"`
	Alert       string `json:"alert,omitempty"`
	Rule        string `json:"rule,omitempty"` // of detection, that asked
}

// Heading implements store.Fact.
func (f ContainmentAsked) Heading() store.Heading {
	return store.Heading{Kind: "identity.containment-asked", Unit: f.Unit, Subject: f.Person}
}

// ContainmentRefused is recorded when the second person refused, or who asked
// took it back.
type ContainmentRefused struct {
	Containment string `json:"containment"`
	Person      string `json:"person"`
	Unit        string `json:"unit"`
	Incident    string `json:"incident,omitempty"`
}

// Heading implements store.Fact.
func (f ContainmentRefused) Heading() store.Heading {
	return store.Heading{Kind: "identity.containment-refused", Unit: f.Unit, Subject: f.Person}
}

// PersonContained is recorded when a person was contained, besides AccountClosed
// of the account: what is told here is the act, and how much there is to prove.
type PersonContained struct {
	Containment string `json:"containment"`
	Person      string `json:"person"`
	Unit        string `json:"unit"`
	Incident    string `json:"incident,omitempty"`
	Alert       string `json:"alert,omitempty"`
	Rule        string `json:"rule,omitempty"` // of detection, that asked
	Asked       string `json:"asked"`          // who asked; who recorded it decided
	Targets     int    `json:"targets"`
}

// Heading implements store.Fact.
func (f PersonContained) Heading() store.Heading {
	return store.Heading{Kind: "identity.person-contained", Unit: f.Unit, Subject: f.Person}
}

// ContainmentTarget is recorded when something is known, or known otherwise, of
// one of the things by which a contained person got in.
type ContainmentTarget struct {
	Containment string `json:"containment"`
	Person      string `json:"person"`
	Unit        string `json:"unit"`
	Incident    string `json:"incident,omitempty"`
	Target      string `json:"target"`
	Form        string `json:"form"` // "door", "application", "gate" or "radius"
	Name        string `json:"name"` // of the door, the application or the server
	Count       int64  `json:"count,omitempty"`
	Result      string `json:"result"` // "ended", "confirmed", "unconfirmed", "refused" or "no answer"
	Detail      string `json:"detail,omitempty"`
	Status      int64  `json:"status,omitempty"` // by HTTP
	Millis      int64  `json:"millis"`           // since the act
}

// Heading implements store.Fact.
func (f ContainmentTarget) Heading() store.Heading {
	return store.Heading{Kind: "identity.containment-target", Unit: f.Unit, Subject: f.Person}
}

// ContainmentAttempt is recorded when something of a contained person was tried
// and refused for the first time at a target: who tries has not let go of it.
type ContainmentAttempt struct {
	Containment string `json:"containment"`
	Person      string `json:"person"`
	Unit        string `json:"unit"`
	Incident    string `json:"incident,omitempty"`
	Target      string `json:"target"`
	Form        string `json:"form"`
	Name        string `json:"name"`
	Millis      int64  `json:"millis"`
}

// Heading implements store.Fact.
func (f ContainmentAttempt) Heading() store.Heading {
	return store.Heading{Kind: "identity.containment-attempt", Unit: f.Unit, Subject: f.Person}
}

// ContainmentReleased is recorded when a contained person may sign in again, as
// far as the containment goes.
type ContainmentReleased struct {
	Containment string `json:"containment"`
	Person      string `json:"person"`
	Unit        string `json:"unit"`
	Incident    string `json:"incident,omitempty"`
}

// Heading implements store.Fact.
func (f ContainmentReleased) Heading() store.Heading {
	return store.Heading{Kind: "identity.containment-released", Unit: f.Unit, Subject: f.Person}
}
