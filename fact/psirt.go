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

// Heading implements store.Fact.
func (f PsirtCaseWritten) Heading() store.Heading {
	return store.Heading{Kind: "psirt.case-written", Subject: f.Case}
}

// Heading implements store.Fact.
func (f PsirtCaseRead) Heading() store.Heading {
	return store.Heading{Kind: "psirt.case-read", Subject: f.Case}
}
