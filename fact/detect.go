package fact

import (
	"time"

	"yagura/kernel/store"
)

// Facts of area/detect. Hosts, users and words of people are not told: the
// alert has them.

// AlertRaised is recorded when hits of a rule become an alert.
type AlertRaised struct {
	Alert   string    `json:"alert"`
	Unit    string    `json:"unit"`
	Rule    string    `json:"rule"`
	Version string    `json:"version"` // of the rule's text
	Level   string    `json:"level"`
	Storm   bool      `json:"storm,omitempty"` // sums up what fired too often
	First   time.Time `json:"first"`
}

// AlertAssigned is recorded when an alert is given to a person, or taken.
type AlertAssigned struct {
	Alert    string `json:"alert"`
	Unit     string `json:"unit"`
	Assignee string `json:"assignee"`
}

// AlertDismissed is recorded when somebody decided that an alert needs nothing.
type AlertDismissed struct {
	Alert  string `json:"alert"`
	Unit   string `json:"unit"`
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
	Hits   int64  `json:"hits"`
}

// AlertReopened is recorded when a dismissed alert is looked at again.
type AlertReopened struct {
	Alert string `json:"alert"`
	Unit  string `json:"unit"`
}

// AlertEscalated is recorded when an alert becomes part of an incident.
type AlertEscalated struct {
	Alert    string `json:"alert"`
	Unit     string `json:"unit"`
	Rule     string `json:"rule"`
	Incident string `json:"incident"`
	Hits     int64  `json:"hits"`
}

// AlertsSeeded is recorded when alerts of the past are put in.
type AlertsSeeded struct {
	Alerts int       `json:"alerts"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// RuleSet is recorded when people decide about a rule.
type RuleSet struct {
	Rule    string `json:"rule"`
	State   string `json:"state"`
	Enabled bool   `json:"enabled"`
	Level   string `json:"level,omitempty"` // instead of the one written
}

// RulesRead is recorded when somebody has the rules read again.
type RulesRead struct {
	Rules    int    `json:"rules"`
	Problems int    `json:"problems"`
	Digest   string `json:"digest"`
}

// ExclusionSet is recorded when an exclusion is asked for, approved or ended.
type ExclusionSet struct {
	Exclusion string    `json:"exclusion"`
	Act       string    `json:"act"` // asked, approved, ended
	Rule      string    `json:"rule,omitempty"`
	Unit      string    `json:"unit"`
	Owner     string    `json:"owner"`
	Two       bool      `json:"two,omitempty"` // a second person must approve it
	Expires   time.Time `json:"expires"`
	Hidden    int64     `json:"hidden,omitempty"`
}

// StoryBegun is recorded when alerts that belong together get a number.
type StoryBegun struct {
	Story string `json:"story"`
	Unit  string `json:"unit"`  // of the alert
	Alert string `json:"alert"` // that joined them
}

// StoriesMerged is recorded when two stories turn out to be one.
type StoriesMerged struct {
	Story string `json:"story"`
	From  string `json:"from"`
}

// SuppressionSet is recorded when silence after alerts or a window of
// maintenance is asked for, approved or ended.
type SuppressionSet struct {
	Suppression string    `json:"suppression"`
	Act         string    `json:"act"`  // asked, approved, ended
	Kind        string    `json:"kind"` // quiet, window
	Rule        string    `json:"rule,omitempty"`
	Unit        string    `json:"unit"`
	Owner       string    `json:"owner"`
	Two         bool      `json:"two,omitempty"` // a second person must approve it
	Since       time.Time `json:"since"`
	Until       time.Time `json:"until"`
	Hits        int64     `json:"hits,omitempty"`
}

// WeightSet is recorded when people say how much alerts on hosts of a unit weigh.
type WeightSet struct {
	Unit   string `json:"unit"`
	Hosts  string `json:"hosts,omitempty"` // pattern
	Weight int64  `json:"weight"`          // in per cent
}

// AlertUndone is recorded when the person takes back what he did with an alert.
type AlertUndone struct {
	Alert string `json:"alert"`
	Unit  string `json:"unit"`
	Act   string `json:"act"` // assign, dismiss
}

// Heading implements store.Fact.
func (f StoryBegun) Heading() store.Heading {
	return store.Heading{Kind: "detect.story-begun", Unit: f.Unit, Subject: f.Story}
}

// Heading implements store.Fact.
func (f StoriesMerged) Heading() store.Heading {
	return store.Heading{Kind: "detect.stories-merged", Subject: f.Story}
}

// Heading implements store.Fact.
func (f SuppressionSet) Heading() store.Heading {
	return store.Heading{Kind: "detect.suppression-" + f.Act, Unit: f.Unit, Subject: f.Suppression}
}

// Heading implements store.Fact.
func (f WeightSet) Heading() store.Heading {
	return store.Heading{Kind: "detect.weight-set", Unit: f.Unit, Subject: f.Unit}
}

// Heading implements store.Fact.
func (f AlertUndone) Heading() store.Heading {
	return store.Heading{Kind: "detect.alert-undone", Unit: f.Unit, Subject: f.Alert}
}

// RulePromotion is recorded when a rule's promotion is asked for, approved,
// refused or withdrawn.
type RulePromotion struct {
	Promotion string `json:"promotion"`
	Act       string `json:"act"` // asked, approved, refused, withdrawn
	Rule      string `json:"rule"`
	Version   string `json:"version"`
	From      string `json:"from"`
	To        string `json:"to"`
	Backtest  string `json:"backtest,omitempty"`
}

// RuleBudgetSet is recorded when people say how many hits of a rule are expected.
type RuleBudgetSet struct {
	Rule   string `json:"rule"`
	PerDay int64  `json:"per_day"` // 0: as for its level
}

// RuleWritten is recorded when a rule of the house is written or changed.
type RuleWritten struct {
	Rule    string `json:"rule"`
	Version string `json:"version"`
	Was     string `json:"was,omitempty"` // version before
}

// RuleRemoved is recorded when a rule of the house is taken away.
type RuleRemoved struct {
	Rule    string `json:"rule"`
	Version string `json:"version"`
}

// RuleCase is recorded when an event is kept with a rule as its case, or
// dropped. The event itself is not told.
type RuleCase struct {
	Rule  string `json:"rule"`
	Case  string `json:"case"`
	Act   string `json:"act"` // kept, dropped
	Fires bool   `json:"fires,omitempty"`
}

// BacktestAsked is recorded when a rule is to be run over stored events.
type BacktestAsked struct {
	Backtest string    `json:"backtest"`
	Rule     string    `json:"rule"`
	Version  string    `json:"version"`
	Unit     string    `json:"unit,omitempty"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Filter   bool      `json:"filter,omitempty"` // an exclusion is tried with it
}

// BacktestCancelled is recorded when a backtest is ended before it is done.
type BacktestCancelled struct {
	Backtest string `json:"backtest"`
	Rule     string `json:"rule"`
	Unit     string `json:"unit,omitempty"`
}

// RulePack is recorded when a signed pack of rules is brought, installed, or
// gone back from.
type RulePack struct {
	Pack    string `json:"pack"`
	Version string `json:"version"`
	Act     string `json:"act"` // brought, installed, rolled-back
	Digest  string `json:"digest"`
	Signer  string `json:"signer"`
}

// AttackImported is recorded when names of techniques are imported.
type AttackImported struct {
	Names int `json:"names"`
}

// Heading implements store.Fact.
func (f AlertRaised) Heading() store.Heading {
	return store.Heading{Kind: "detect.alert-raised", Unit: f.Unit, Subject: f.Alert}
}

// Heading implements store.Fact.
func (f AlertAssigned) Heading() store.Heading {
	return store.Heading{Kind: "detect.alert-assigned", Unit: f.Unit, Subject: f.Alert}
}

// Heading implements store.Fact.
func (f AlertDismissed) Heading() store.Heading {
	return store.Heading{Kind: "detect.alert-dismissed", Unit: f.Unit, Subject: f.Alert}
}

// Heading implements store.Fact.
func (f AlertReopened) Heading() store.Heading {
	return store.Heading{Kind: "detect.alert-reopened", Unit: f.Unit, Subject: f.Alert}
}

// Heading implements store.Fact.
func (f AlertEscalated) Heading() store.Heading {
	return store.Heading{Kind: "detect.alert-escalated", Unit: f.Unit, Subject: f.Alert}
}

// Heading implements store.Fact.
func (f AlertsSeeded) Heading() store.Heading {
	return store.Heading{Kind: "detect.alerts-seeded", Subject: "alerts"}
}

// Heading implements store.Fact.
func (f RuleSet) Heading() store.Heading {
	return store.Heading{Kind: "detect.rule-set", Subject: f.Rule}
}

// Heading implements store.Fact.
func (f RulesRead) Heading() store.Heading {
	return store.Heading{Kind: "detect.rules-read", Subject: "rules"}
}

// Heading implements store.Fact.
func (f ExclusionSet) Heading() store.Heading {
	return store.Heading{Kind: "detect.exclusion-" + f.Act, Unit: f.Unit, Subject: f.Exclusion}
}

// Heading implements store.Fact.
func (f RulePromotion) Heading() store.Heading {
	return store.Heading{Kind: "detect.promotion-" + f.Act, Subject: f.Rule}
}

// Heading implements store.Fact.
func (f RuleBudgetSet) Heading() store.Heading {
	return store.Heading{Kind: "detect.rule-budget-set", Subject: f.Rule}
}

// Heading implements store.Fact.
func (f RuleWritten) Heading() store.Heading {
	return store.Heading{Kind: "detect.rule-written", Subject: f.Rule}
}

// Heading implements store.Fact.
func (f RuleRemoved) Heading() store.Heading {
	return store.Heading{Kind: "detect.rule-removed", Subject: f.Rule}
}

// Heading implements store.Fact.
func (f RuleCase) Heading() store.Heading {
	return store.Heading{Kind: "detect.case-" + f.Act, Subject: f.Rule}
}

// Heading implements store.Fact.
func (f BacktestAsked) Heading() store.Heading {
	return store.Heading{Kind: "detect.backtest-asked", Unit: f.Unit, Subject: f.Backtest}
}

// Heading implements store.Fact.
func (f BacktestCancelled) Heading() store.Heading {
	return store.Heading{Kind: "detect.backtest-cancelled", Unit: f.Unit, Subject: f.Backtest}
}

// Heading implements store.Fact.
func (f RulePack) Heading() store.Heading {
	return store.Heading{Kind: "detect.pack-" + f.Act, Subject: f.Pack}
}

// Heading implements store.Fact.
func (f AttackImported) Heading() store.Heading {
	return store.Heading{Kind: "detect.attack-imported", Subject: "attack"}
}

// LatenessSet is recorded when people say by how much the events of a stream may
// come after newer ones; zero: as its kind has it.
type LatenessSet struct {
	Source  string `json:"source"`
	Seconds int64  `json:"seconds"`
}

// Heading implements store.Fact.
func (f LatenessSet) Heading() store.Heading {
	return store.Heading{Kind: "detect.lateness-set", Subject: f.Source}
}
