package fact

import "yagura/kernel/store"

// Facts of cases in area/psirt. A case under embargo has a list of people, and
// the ledger has other readers: so these facts name a case by an id that stands
// nowhere else and belong to no unit, and what happened in a case, to which
// product and by which number, stands in the case's own log alone.

// PsirtCaseWritten is recorded for every entry of a case's log. Digest is the
// salted SHA-256 of the entry, so that the log can be checked against the
// ledger while the ledger tells nothing of what it says.
type PsirtCaseWritten struct {
	Case   string `json:"case"`
	Entry  string `json:"entry"`
	Digest string `json:"digest"`
}

// PsirtCaseRead is recorded whenever somebody opens a case under embargo.
type PsirtCaseRead struct {
	Case string `json:"case"`
}

// PsirtHandedOver is recorded when a report turned out to be about a website: the
// CSIRT takes it over. Title and description are veiled under the subject of
// PsirtHandedOverSubject.
type PsirtHandedOver struct {
	Case        string `json:"case"`
	Unit        string `json:"unit"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// PsirtHandedOverSubject is whose key veils what PsirtHandedOver says.
func PsirtHandedOverSubject(id string) string { return "psirt-website:" + id }

// PsirtInstructionOffered is recorded when the division may draft an instruction to
// units: a published or urgent case. Under embargo it says no more than that.
type PsirtInstructionOffered struct {
	Case       string   `json:"case"`
	Restricted bool     `json:"restricted,omitempty"`
	Urgent     bool     `json:"urgent,omitempty"`
	IDs        []string `json:"ids,omitempty"` // CVE IDs
	Products   []string `json:"products,omitempty"`
}

// PsirtIDsReserved is recorded when CVE IDs were reserved. Which, the pool knows.
type PsirtIDsReserved struct {
	Order  string `json:"order"`
	Year   int    `json:"year"`
	Amount int    `json:"amount"`
	Act    string `json:"act"` // begun, done, uncertain, refused
}

// PsirtIDsRejected is recorded when CVE IDs that nobody used were rejected, in public.
type PsirtIDsRejected struct {
	Year int      `json:"year"`
	IDs  []string `json:"ids"`
}

// Heading implements store.Fact.
func (f PsirtHandedOver) Heading() store.Heading {
	return store.Heading{Kind: "psirt.handed-over", Subject: f.Case}
}

// Heading implements store.Fact.
func (f PsirtInstructionOffered) Heading() store.Heading {
	return store.Heading{Kind: "psirt.instruction-offered", Subject: f.Case}
}

// Heading implements store.Fact.
func (f PsirtIDsReserved) Heading() store.Heading {
	return store.Heading{Kind: "psirt.ids-" + f.Act, Subject: f.Order}
}

// Heading implements store.Fact.
func (f PsirtIDsRejected) Heading() store.Heading {
	return store.Heading{Kind: "psirt.ids-rejected", Subject: "cve-ids"}
}

// Heading implements store.Fact.
func (f PsirtCaseWritten) Heading() store.Heading {
	return store.Heading{Kind: "psirt.case-written", Subject: f.Case}
}

// Heading implements store.Fact.
func (f PsirtCaseRead) Heading() store.Heading {
	return store.Heading{Kind: "psirt.case-read", Subject: f.Case}
}
