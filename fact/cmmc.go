package fact

import "yagura/kernel/store"

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

// Heading implements store.Fact.
func (f CMMCObjectiveChanged) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.objective-changed", Unit: f.Unit, Subject: f.System}
}
