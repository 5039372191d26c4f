package fact

import (
	"time"

	"yagura/kernel/store"
)

// Edit is one field that changed. From and To are given for ids and codes
// only: names and addresses of people stay out of the ledger.
type Edit struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// UnitAdded says that the group has a new unit.
type UnitAdded struct {
	Unit    string `json:"unit"`
	Kind    string `json:"kind"`
	Parent  string `json:"parent"`
	Region  string `json:"region"`
	Country string `json:"country,omitempty"`
}

// UnitChanged says that what is known of a unit changed, its place included.
type UnitChanged struct {
	Unit  string `json:"unit"`
	Edits []Edit `json:"edits"`
}

// UnitRetired says that a unit is no longer in use. It stays in all records.
type UnitRetired struct {
	Unit string `json:"unit"`
}

// UnitRestored says that a retired unit is in use again.
type UnitRestored struct {
	Unit string `json:"unit"`
}

// PersonAdded says that somebody is with the group.
type PersonAdded struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
}

// PersonChanged says that what is known of a person changed.
type PersonChanged struct {
	Person string `json:"person"`
	Unit   string `json:"unit"` // after the change
	Edits  []Edit `json:"edits"`
}

// PersonLeft says that a person is no longer with the group: roles no longer
// count, offices and duties end.
type PersonLeft struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
}

// PersonReturned says that a person who had left is with the group again.
type PersonReturned struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
}

// OfficeTaken says that a person holds an office of a unit.
type OfficeTaken struct {
	ID     string    `json:"id"`
	Office string    `json:"office"`
	Person string    `json:"person"`
	Unit   string    `json:"unit"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until,omitzero"`
}

// OfficeLeft says that a person's office has an end.
type OfficeLeft struct {
	ID     string    `json:"id"`
	Office string    `json:"office"`
	Person string    `json:"person"`
	Unit   string    `json:"unit"`
	Until  time.Time `json:"until"`
}

// TeamFormed says that a unit has a new team.
type TeamFormed struct {
	Team    string   `json:"team"`
	Kind    string   `json:"kind"`
	Unit    string   `json:"unit"`
	Lead    string   `json:"lead,omitempty"`
	Members []string `json:"members,omitempty"`
}

// TeamChanged says that a team's lead, members or other data changed.
type TeamChanged struct {
	Team    string   `json:"team"`
	Unit    string   `json:"unit"`
	Edits   []Edit   `json:"edits,omitempty"`
	Lead    string   `json:"lead,omitempty"`
	Members []string `json:"members"` // all of them, after the change
}

// TeamDisbanded says that a team takes nothing any more.
type TeamDisbanded struct {
	Team string `json:"team"`
	Unit string `json:"unit"`
}

// RotaChanged says that who is on call when changed.
type RotaChanged struct {
	Team    string    `json:"team"`
	Unit    string    `json:"unit"`
	Members []string  `json:"members"` // in the order of their turns
	Person  string    `json:"person,omitempty"`
	From    time.Time `json:"from,omitzero"` // of a stand-in
	Until   time.Time `json:"until,omitzero"`
}

// CalendarChanged says that working days or hours changed.
type CalendarChanged struct {
	Calendar string   `json:"calendar"`
	Days     []string `json:"days,omitempty"` // that were added, changed or taken away
}

// ImportChecked says that a file was looked through and what it would change.
type ImportChecked struct {
	Import  string `json:"import"`
	Kind    string `json:"kind"`
	SHA256  string `json:"sha256"`
	Added   int    `json:"added"`
	Changed int    `json:"changed"`
	Wrong   int    `json:"wrong"`
}

// ImportApplied says that a file was taken over as its preview had shown.
type ImportApplied struct {
	Import  string `json:"import"`
	Kind    string `json:"kind"`
	SHA256  string `json:"sha256"`
	Added   int    `json:"added"`
	Changed int    `json:"changed"`
}

// Heading implements store.Fact.
func (f UnitAdded) Heading() store.Heading {
	return store.Heading{Kind: "org.unit-added", Unit: f.Unit, Subject: f.Unit}
}

// Heading implements store.Fact.
func (f UnitChanged) Heading() store.Heading {
	return store.Heading{Kind: "org.unit-changed", Unit: f.Unit, Subject: f.Unit}
}

// Heading implements store.Fact.
func (f UnitRetired) Heading() store.Heading {
	return store.Heading{Kind: "org.unit-retired", Unit: f.Unit, Subject: f.Unit}
}

// Heading implements store.Fact.
func (f UnitRestored) Heading() store.Heading {
	return store.Heading{Kind: "org.unit-restored", Unit: f.Unit, Subject: f.Unit}
}

// Heading implements store.Fact.
func (f PersonAdded) Heading() store.Heading {
	return store.Heading{Kind: "org.person-added", Unit: f.Unit, Subject: f.Person}
}

// Heading implements store.Fact.
func (f PersonChanged) Heading() store.Heading {
	return store.Heading{Kind: "org.person-changed", Unit: f.Unit, Subject: f.Person}
}

// Heading implements store.Fact.
func (f PersonLeft) Heading() store.Heading {
	return store.Heading{Kind: "org.person-left", Unit: f.Unit, Subject: f.Person}
}

// Heading implements store.Fact.
func (f PersonReturned) Heading() store.Heading {
	return store.Heading{Kind: "org.person-returned", Unit: f.Unit, Subject: f.Person}
}

// Heading implements store.Fact.
func (f OfficeTaken) Heading() store.Heading {
	return store.Heading{Kind: "org.office-taken", Unit: f.Unit, Subject: f.Person}
}

// Heading implements store.Fact.
func (f OfficeLeft) Heading() store.Heading {
	return store.Heading{Kind: "org.office-left", Unit: f.Unit, Subject: f.Person}
}

// Heading implements store.Fact.
func (f TeamFormed) Heading() store.Heading {
	return store.Heading{Kind: "org.team-formed", Unit: f.Unit, Subject: f.Team}
}

// Heading implements store.Fact.
func (f TeamChanged) Heading() store.Heading {
	return store.Heading{Kind: "org.team-changed", Unit: f.Unit, Subject: f.Team}
}

// Heading implements store.Fact.
func (f TeamDisbanded) Heading() store.Heading {
	return store.Heading{Kind: "org.team-disbanded", Unit: f.Unit, Subject: f.Team}
}

// Heading implements store.Fact.
func (f RotaChanged) Heading() store.Heading {
	return store.Heading{Kind: "org.rota-changed", Unit: f.Unit, Subject: f.Team}
}

// Heading implements store.Fact.
func (f CalendarChanged) Heading() store.Heading {
	return store.Heading{Kind: "org.calendar-changed", Subject: f.Calendar}
}

// Heading implements store.Fact.
func (f ImportChecked) Heading() store.Heading {
	return store.Heading{Kind: "org.import-checked", Subject: f.Import}
}

// Heading implements store.Fact.
func (f ImportApplied) Heading() store.Heading {
	return store.Heading{Kind: "org.import-applied", Subject: f.Import}
}
