package fact

import (
	"time"

	"yagura/kernel/store"
)

// CMMCMeasure is recorded when a measure is proposed, changed or moved on; Act
// tells which: proposed, edited, approved, returned, started, finished, dropped.
type CMMCMeasure struct {
	ID         string   `json:"id"`
	Unit       string   `json:"unit"`
	Act        string   `json:"act"`
	State      string   `json:"state"`
	Yen        int64    `json:"yen"`
	Months     int      `json:"months"`
	Year       int      `json:"year"`
	Objectives []string `json:"objectives,omitempty"`
	Partial    []string `json:"partial,omitempty"`
	Enclaves   []string `json:"enclaves,omitempty"`
}

// Heading implements store.Fact.
func (f CMMCMeasure) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.measure", Unit: f.Unit, Subject: f.ID}
}

// CMMCMoney is recorded when money for a measure is committed or spent. Kind is
// committed or spent; below zero corrects.
type CMMCMoney struct {
	ID   string    `json:"id"`
	Unit string    `json:"unit"`
	Kind string    `json:"kind"`
	Yen  int64     `json:"yen"`
	Day  time.Time `json:"day"`
}

// Heading implements store.Fact.
func (f CMMCMoney) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.money", Unit: f.Unit, Subject: f.ID}
}

// CMMCBudget is recorded when the budget of a unit for a fiscal year is set.
type CMMCBudget struct {
	Unit string `json:"unit"`
	Year int    `json:"year"`
	Yen  int64  `json:"yen"`
}

// Heading implements store.Fact.
func (f CMMCBudget) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.budget", Unit: f.Unit, Subject: f.Unit}
}

// CMMCText is recorded when official text is read in, taken into use or thrown
// away; Act tells which: imported, used, discarded.
type CMMCText struct {
	Library      string `json:"library"`
	Act          string `json:"act"`
	SHA256       string `json:"sha256"`
	Requirements int    `json:"requirements"`
	Objectives   int    `json:"objectives"`
}

// Heading implements store.Fact.
func (f CMMCText) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.text", Subject: f.Library}
}

// CMMCCrosswalk is recorded when a crosswalk table is read in, signed, ended or
// thrown away; Act tells which: imported, signed, ended, discarded.
type CMMCCrosswalk struct {
	Crosswalk string `json:"crosswalk"`
	Act       string `json:"act"`
	Standard  string `json:"standard"`
	SHA256    string `json:"sha256"`
	Rows      int    `json:"rows"`
}

// Heading implements store.Fact.
func (f CMMCCrosswalk) Heading() store.Heading {
	return store.Heading{Kind: "cmmc.crosswalk", Subject: f.Crosswalk}
}
