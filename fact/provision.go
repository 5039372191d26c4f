package fact

import (
	"time"

	"yagura/kernel/store"
)

// DirectoryConnected is recorded when a directory may bring people, or got a
// new token for it.
type DirectoryConnected struct {
	Directory string    `json:"directory"`
	Unit      string    `json:"unit"` // it brings people to it and to what is below it
	System    string    `json:"system"`
	Until     time.Time `json:"until,omitzero"` // when its token ends
}

// Heading implements store.Fact.
func (f DirectoryConnected) Heading() store.Heading {
	return store.Heading{Kind: "identity.directory-connected", Unit: f.Unit, Subject: f.Directory}
}

// DirectoryEnded is recorded when a directory brings people no longer.
type DirectoryEnded struct {
	Directory string `json:"directory"`
	Unit      string `json:"unit"`
}

// Heading implements store.Fact.
func (f DirectoryEnded) Heading() store.Heading {
	return store.Heading{Kind: "identity.directory-ended", Unit: f.Unit, Subject: f.Directory}
}

// AccountProvisioned is recorded when a directory added, changed or withdrew
// the account of a person.
type AccountProvisioned struct {
	Person    string `json:"person"`
	Unit      string `json:"unit"`
	Directory string `json:"directory"`
	Active    bool   `json:"active"`
	Withdrawn bool   `json:"withdrawn,omitempty"`
}

// Heading implements store.Fact.
func (f AccountProvisioned) Heading() store.Heading {
	return store.Heading{Kind: "identity.account-provisioned", Unit: f.Unit, Subject: f.Person}
}

// GroupProvisioned is recorded when a directory added, changed or withdrew a
// group.
type GroupProvisioned struct {
	Group     string `json:"group"`
	Unit      string `json:"unit"`
	Directory string `json:"directory"`
	Members   int    `json:"members"`
	Withdrawn bool   `json:"withdrawn,omitempty"`
}

// Heading implements store.Fact.
func (f GroupProvisioned) Heading() store.Heading {
	return store.Heading{Kind: "identity.group-provisioned", Unit: f.Unit, Subject: f.Group}
}

// GroupClaimed is recorded when an administrator said what applications are
// told of the members of a group; an empty claim: nothing.
type GroupClaimed struct {
	Group string `json:"group"`
	Unit  string `json:"unit"`
	Claim string `json:"claim"`
}

// Heading implements store.Fact.
func (f GroupClaimed) Heading() store.Heading {
	return store.Heading{Kind: "identity.group-claimed", Unit: f.Unit, Subject: f.Group}
}

// DirectoryStopped is recorded when comparing with a directory would have taken
// more people away at once than its guard allows: nothing was changed.
type DirectoryStopped struct {
	Directory string `json:"directory"`
	Unit      string `json:"unit"`
	Run       string `json:"run"`
	Leaving   int    `json:"leaving"`
	Kept      int    `json:"kept"`
}

// Heading implements store.Fact.
func (f DirectoryStopped) Heading() store.Heading {
	return store.Heading{Kind: "identity.directory-stopped", Unit: f.Unit, Subject: f.Directory}
}

// DirectoryDecided is recorded when a person decided on what was stopped.
type DirectoryDecided struct {
	Directory string `json:"directory"`
	Unit      string `json:"unit"`
	Run       string `json:"run"`
	Approved  bool   `json:"approved"`
}

// Heading implements store.Fact.
func (f DirectoryDecided) Heading() store.Heading {
	return store.Heading{Kind: "identity.directory-decided", Unit: f.Unit, Subject: f.Directory}
}
