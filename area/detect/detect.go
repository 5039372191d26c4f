// Package detect finds what is suspicious among events and puts it before
// people. It promises: a hit of a rule is never lost and never counted twice,
// whatever is worked on again; hits of one rule on one thing are one alert, and
// a flood of them is one summary with an exact number; what is hidden is hidden
// by an exclusion that has an owner, a reason and an end, and is counted; and
// every alert keeps the rule and the events it came from as they were.
//
// Nouns: a rule is a Sigma rule with a state that people decide; a hit is a
// rule that matched an event; an alert is hits of the same rule and the same
// thing (by default host, user and program) of one unit within a window; an
// exclusion is a Sigma filter for a rule or a unit.
//
// The engine itself is in sigma, the rules that come with the product are in
// rules; neither knows of databases or pages.
package detect

import (
	_ "embed"
	"time"

	"yagura/area/detect/correlate"
	"yagura/area/detect/story"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of detection.
var Migrations = store.Migrations{Area: "detect", SQL: schema}

// The acts.
const (
	Read    authz.Act = "detect.read"    // see alerts of the unit; see rules
	Triage  authz.Act = "detect.triage"  // assign, dismiss, raise to an incident
	Rules   authz.Act = "detect.rules"   // state and level of rules, for the whole group
	Exclude authz.Act = "detect.exclude" // exclusions in the unit, and approving those of others
	Contain authz.Act = "detect.contain" // that alerts of a rule contain the person, for the whole group
)

// Acts says who may do what.
var Acts = authz.Table{
	Read:    {authz.Admin, authz.Head, authz.Officer, authz.Lead, authz.Handler, authz.Analyst, authz.Engineer, authz.Regional, authz.Contact, authz.Assessor},
	Triage:  {authz.Lead, authz.Handler, authz.Analyst},
	Rules:   {authz.Lead, authz.Analyst},
	Exclude: {authz.Lead, authz.Handler, authz.Analyst},
	// Who may contain by hand: nobody does by a rule what he may not do himself.
	Contain: {authz.Head, authz.Lead, authz.Handler},
}

// Level is how grave a hit of a rule is, as Sigma has it.
type Level int

// The levels, mildest first.
const (
	Informational Level = iota
	Low
	Medium
	High
	Critical
)

// Levels are all levels, gravest first.
var Levels = []Level{Critical, High, Medium, Low, Informational}

var levelNames = []string{"informational", "low", "medium", "high", "critical"}

// ParseLevel reads a level's name; rules without one are medium.
func ParseLevel(s string) (Level, bool) {
	for i, n := range levelNames {
		if n == s {
			return Level(i), true
		}
	}
	return Medium, false
}

// String is the level's name as in Sigma.
func (l Level) String() string { return levelNames[min(max(l, Informational), Critical)] }

// Label is the word for the level.
func (l Level) Label() text.Message {
	switch l {
	case Critical:
		return text.M("Critical")
	case High:
		return text.M("High")
	case Medium:
		return text.M("Medium")
	case Low:
		return text.M("Low")
	}
	return text.M("Informational")
}

// State is how far an alert is.
type State string

// The states of an alert.
const (
	Untriaged State = "new"
	Assigned  State = "assigned"
	Dismissed State = "dismissed"
	Raised    State = "raised" // to an incident
)

// States are all states in their order.
var States = []State{Untriaged, Assigned, Dismissed, Raised}

// Open tells whether somebody still has to decide on it.
func (s State) Open() bool { return s == Untriaged || s == Assigned }

// Label is the word for the state.
func (s State) Label() text.Message {
	switch s {
	case Untriaged:
		return text.M("New§alert")
	case Assigned:
		return text.M("Assigned")
	case Dismissed:
		return text.M("Dismissed")
	case Raised:
		return text.M("Raised to incident")
	}
	return text.Literal(string(s))
}

// Reason is why an alert was dismissed.
type Reason string

// The reasons.
const (
	FalsePositive Reason = "false-positive"
	Benign        Reason = "benign"
	Duplicate     Reason = "duplicate"
	Test          Reason = "test"
)

// Reasons are all reasons in the order in which one picks them.
var Reasons = []Reason{FalsePositive, Benign, Duplicate, Test}

// Label is the word for the reason.
func (r Reason) Label() text.Message {
	switch r {
	case FalsePositive:
		return text.M("False positive")
	case Benign:
		return text.M("Benign true positive")
	case Duplicate:
		return text.M("Duplicate")
	case Test:
		return text.M("Test or exercise")
	}
	return text.Literal(string(r))
}

// Harmless tells whether nothing happened at all: then the alert's points are
// taken back. What is benign did happen.
func (r Reason) Harmless() bool { return r == FalsePositive || r == Duplicate || r == Test }

// Words is a text in both languages; where the Japanese is missing the English
// stands for it.
type Words struct{ EN, JA string }

// In is the text in a language.
func (w Words) In(lang text.Lang) string {
	if lang == text.JA && w.JA != "" {
		return w.JA
	}
	return w.EN
}

// Pair is a field with its value.
type Pair struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Alert is hits of one rule on one thing.
type Alert struct {
	ID      string // number, "ALR-2026-00417"
	Rule    string // id of the rule
	Version string // first 12 hex digits of the SHA-256 of the rule's text
	Title   Words
	Level   Level
	Unit    string
	Source  string // id of the stream of events that the first hit came from
	Host    string
	User    string
	Image   string         // the program
	Entity  []Pair         // the fields by which hits are the same alert
	Approx  correlate.Kind // of the correlation that raised it, where it is not exact; "" = exact
	Storm   bool           // sums up hits of a rule that fired too often
	First   time.Time
	Last    time.Time
	Hits    int64
	State   State

	Raised   time.Time // when it came to be
	Triaged  time.Time // when somebody took it up first; zero: nobody yet
	Assignee string    // person
	Reason   Reason    // why it was dismissed
	Note     string    // in words
	By       string    // who decided
	Decided  time.Time
	Incident string // number

	Story   string // number; empty: it belongs to none
	Tactics story.Set
	Risk    int64 // rank of the risk of its host or user while it is open; see package risk

	ord     string
	samples int
}

// Subject is what the alert is about, for lists: host, user or else the values
// of its entity.
func (a Alert) Subject() string {
	switch {
	case a.Host != "" && a.User != "":
		return a.Host + " · " + a.User
	case a.Host != "":
		return a.Host
	case a.User != "":
		return a.User
	}
	s := ""
	for _, p := range a.Entity {
		if p.Value != "" {
			if s != "" {
				s += " · "
			}
			s += p.Value
		}
	}
	return s
}
