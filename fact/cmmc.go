package fact

import (
	"time"

	"yagura/kernel/store"
)

// CMMCEntityPut is recorded when a legal entity is entered or changed.
type CMMCEntityPut struct {
	Entity string `json:"entity"`
	Unit   string `json:"unit"`
	CAGE   string `json:"cage,omitempty"`
	Parent string `json:"parent,omitempty"`
}

// CMMCSystemPut is recorded when an enclave or a provider is entered or changed.
type CMMCSystemPut struct {
	System string `json:"system"`
	Unit   string `json:"unit"`
	Kind   string `json:"kind"`
	Entity string `json:"entity,omitempty"`
	Level  int    `json:"level,omitempty"`
	SSP    string `json:"ssp,omitempty"` // id and version of the system security plan
}

// CMMCSharesSet is recorded when what a system takes from a provider is set.
type CMMCSharesSet struct {
	System   string `json:"system"`
	Unit     string `json:"unit"`
	Provider string `json:"provider"`
	Given    int    `json:"given"`  // objectives that are the provider's alone
	Shared   int    `json:"shared"` // objectives of which each has a half
}

// CMMCAssetPut is recorded when an asset of an enclave is entered or changed.
type CMMCAssetPut struct {
	System   string `json:"system"`
	Unit     string `json:"unit"`
	Asset    string `json:"asset"`
	Category string `json:"category"`
}

// CMMCAssetDropped is recorded when an asset leaves an enclave.
type CMMCAssetDropped CMMCAssetPut

// CMMCJudged is recorded when what somebody says of an objective counts at once.
type CMMCJudged struct {
	System    string `json:"system"`
	Unit      string `json:"unit"`
	Objective string `json:"objective"`
	Result    string `json:"result"`
	Method    string `json:"method,omitempty"`
	Exception string `json:"exception,omitempty"`
}

// CMMCProposed is recorded when what somebody says of an objective waits for a
// second person.
type CMMCProposed CMMCJudged

// CMMCReviewed is recorded when a second person answers a proposal.
type CMMCReviewed struct {
	System    string `json:"system"`
	Unit      string `json:"unit"`
	Objective string `json:"objective"`
	Result    string `json:"result"`
	Accepted  bool   `json:"accepted"`
	Proposer  string `json:"proposer"`
}

// CMMCTaskGiven is recorded when somebody is to bring an objective forward; with
// no person it is taken from whoever had it.
type CMMCTaskGiven struct {
	System    string    `json:"system"`
	Unit      string    `json:"unit"`
	Objective string    `json:"objective"`
	Person    string    `json:"person,omitempty"`
	Due       time.Time `json:"due,omitzero"`
}

// CMMCPartialClaimed is recorded when partial credit is claimed or given up.
type CMMCPartialClaimed struct {
	System      string `json:"system"`
	Unit        string `json:"unit"`
	Requirement string `json:"requirement"`
	Claimed     bool   `json:"claimed"`
}

// CMMCEvidenceAdded is recorded when a document becomes evidence of objectives.
type CMMCEvidenceAdded struct {
	System     string    `json:"system"`
	Unit       string    `json:"unit"`
	Evidence   string    `json:"evidence"`
	SHA256     string    `json:"sha256"`
	Size       int64     `json:"size"`
	Objectives []string  `json:"objectives"`
	Collected  time.Time `json:"collected"`
	ValidUntil time.Time `json:"valid_until,omitzero"`
}

// CMMCEvidenceReviewed is recorded when a second person makes evidence final.
type CMMCEvidenceReviewed struct {
	System   string `json:"system"`
	Unit     string `json:"unit"`
	Evidence string `json:"evidence"`
	SHA256   string `json:"sha256"`
}

// CMMCEvidenceWithdrawn is recorded when evidence counts no longer. The document
// stays.
type CMMCEvidenceWithdrawn CMMCEvidenceReviewed

// CMMCEvidenceFetched is recorded when somebody takes a copy of evidence.
type CMMCEvidenceFetched CMMCEvidenceReviewed

// CMMCSignalChanged is recorded when a signal of a system passes, fails or goes
// stale where it did not before.
type CMMCSignalChanged struct {
	System   string    `json:"system"`
	Unit     string    `json:"unit"`
	Signal   string    `json:"signal"`
	Was      string    `json:"was"`
	Now      string    `json:"now"`
	WasValue string    `json:"was_value,omitempty"`
	Value    string    `json:"value,omitempty"`
	Measured time.Time `json:"measured"`
}

// CMMCObjectiveChanged is recorded whenever an objective of an enclave or a
// provider stands otherwise than before: Was and Now are met, not_met, na or
// unknown. Cause is what did it; where that was a signal, both of its values
// stand here.
type CMMCObjectiveChanged struct {
	System    string `json:"system"`
	Unit      string `json:"unit"`
	Objective string `json:"objective"`
	Was       string `json:"was"`
	Now       string `json:"now"`
	Cause     string `json:"cause"`
	Signal    string `json:"signal,omitempty"`
	WasValue  string `json:"was_value,omitempty"`
	Value     string `json:"value,omitempty"`
}

// CMMCStandingChanged is recorded when an enclave's score or status is another
// than before.
type CMMCStandingChanged struct {
	Enclave   string `json:"enclave"`
	Unit      string `json:"unit"`
	Level     int    `json:"level"`
	WasLow    int    `json:"was_low"`
	WasHigh   int    `json:"was_high"`
	WasStatus string `json:"was_status"`
	Low       int    `json:"low"`
	High      int    `json:"high"`
	Status    string `json:"status"`
}

// CMMCAssessmentSealed is recorded when how an enclave stands on a day is kept for
// good. SHA256 is that of the whole, so that the ledger's signature is its.
type CMMCAssessmentSealed struct {
	Assessment string    `json:"assessment"`
	Enclave    string    `json:"enclave"`
	Unit       string    `json:"unit"`
	Form       string    `json:"form"` // self, c3pao, dibcac
	Level      int       `json:"level"`
	Day        time.Time `json:"day"`
	SHA256     string    `json:"sha256"`
	Low        int       `json:"low"`
	High       int       `json:"high"`
	Status     string    `json:"status"`
}

// CMMCFindingMade is recorded when an assessment has a finding.
type CMMCFindingMade struct {
	Finding    string `json:"finding"`
	Assessment string `json:"assessment"`
	Enclave    string `json:"enclave"`
	Unit       string `json:"unit"`
	Objective  string `json:"objective"`
}

// CMMCFindingClosed is recorded when a finding is answered.
type CMMCFindingClosed CMMCFindingMade

// CMMCStatusDeclared is recorded when an enclave takes a status, or gives it up:
// then there is no day.
type CMMCStatusDeclared struct {
	Enclave    string    `json:"enclave"`
	Unit       string    `json:"unit"`
	Status     string    `json:"status"`
	Day        time.Time `json:"day,omitzero"`
	Assessment string    `json:"assessment,omitempty"`
}

// CMMCAffirmed is the signature of the executive officer for an enclave. SHA256 is
// that of the file he signed.
type CMMCAffirmed struct {
	Affirmation string    `json:"affirmation"`
	Enclave     string    `json:"enclave"`
	Unit        string    `json:"unit"`
	Day         time.Time `json:"day"`
	SHA256      string    `json:"sha256"`
}

// CMMCAssessorAdmitted is recorded when an assessor may read one enclave.
type CMMCAssessorAdmitted struct {
	Enclave string    `json:"enclave"`
	Unit    string    `json:"unit"`
	Person  string    `json:"person"`
	Until   time.Time `json:"until"`
}

// CMMCAssessorDismissed is recorded when he may no longer.
type CMMCAssessorDismissed CMMCAssessorAdmitted

// CMMCImported is recorded when results are taken from a file.
type CMMCImported struct {
	System   string `json:"system"`
	Unit     string `json:"unit"`
	SHA256   string `json:"sha256"`
	Judged   int    `json:"judged"`
	Proposed int    `json:"proposed"`
}

// Heading implements store.Fact.
func (f CMMCEntityPut) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.entity-put", Unit: f.Unit, Subject: f.Entity}
}

// Heading implements store.Fact.
func (f CMMCSystemPut) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.system-put", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCSharesSet) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.shares-set", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCAssetPut) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.asset-put", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCAssetDropped) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.asset-dropped", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCJudged) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.judged", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCProposed) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.proposed", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCReviewed) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.reviewed", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCTaskGiven) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.task-given", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCPartialClaimed) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.partial-claimed", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCEvidenceAdded) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.evidence-added", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCEvidenceReviewed) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.evidence-reviewed", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCEvidenceWithdrawn) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.evidence-withdrawn", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCEvidenceFetched) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.evidence-fetched", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCSignalChanged) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.signal-changed", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCObjectiveChanged) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.objective-changed", Unit: f.Unit, Subject: f.System}
}

// Heading implements store.Fact.
func (f CMMCStandingChanged) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.standing-changed", Unit: f.Unit, Subject: f.Enclave}
}

// Heading implements store.Fact.
func (f CMMCAssessmentSealed) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.assessment-sealed", Unit: f.Unit, Subject: f.Enclave}
}

// Heading implements store.Fact.
func (f CMMCFindingMade) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.finding-made", Unit: f.Unit, Subject: f.Enclave}
}

// Heading implements store.Fact.
func (f CMMCFindingClosed) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.finding-closed", Unit: f.Unit, Subject: f.Enclave}
}

// Heading implements store.Fact.
func (f CMMCStatusDeclared) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.status-declared", Unit: f.Unit, Subject: f.Enclave}
}

// Heading implements store.Fact.
func (f CMMCAffirmed) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.affirmed", Unit: f.Unit, Subject: f.Enclave}
}

// Heading implements store.Fact.
func (f CMMCAssessorAdmitted) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.assessor-admitted", Unit: f.Unit, Subject: f.Enclave}
}

// Heading implements store.Fact.
func (f CMMCAssessorDismissed) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.assessor-dismissed", Unit: f.Unit, Subject: f.Enclave}
}

// Heading implements store.Fact.
func (f CMMCImported) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.imported", Unit: f.Unit, Subject: f.System}
}
