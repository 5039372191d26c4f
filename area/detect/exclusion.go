package detect

import (
	"errors"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"yagura/area/detect/sigma"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// MostDays is how long an exclusion may last at most.
const MostDays = 180

// Exclusion hides hits of a rule, or of all rules, in a unit and below it, on
// events that its filter selects.
type Exclusion struct {
	ID       string // number, "EXC-2026-0012"
	Rule     string // "" = every rule; then the unit is not the whole group
	Unit     string
	Owner    string // person who answers for it
	Reason   string
	Filter   string // Sigma filter, YAML
	Two      bool   // a second person must approve it
	Created  time.Time
	By       string
	Approved time.Time // zero: not yet in force
	Approver string
	Expires  time.Time
	Ended    time.Time
	EndedBy  string
	Hidden   int64 // hits it hid
	Last     time.Time

	Title Words // of the rule; filled in for pages
}

// ExclusionState is how it stands with an exclusion.
type ExclusionState string

// The states of an exclusion.
const (
	Waiting ExclusionState = "waiting" // for a second person
	InForce ExclusionState = "in-force"
	Expired ExclusionState = "expired"
	Ended   ExclusionState = "ended"
)

// ExclusionStates are all states of exclusions.
var ExclusionStates = []ExclusionState{Waiting, InForce, Expired, Ended}

// Label is the word for the state.
func (s ExclusionState) Label() text.Message {
	switch s {
	case Waiting:
		return text.M("Waits for approval")
	case InForce:
		return text.M("In force")
	case Expired:
		return text.M("Expired§exclusion")
	case Ended:
		return text.M("Ended§exclusion")
	}
	return text.Literal(string(s))
}

// State is how it stands with the exclusion at a time.
func (x Exclusion) State(now time.Time) ExclusionState {
	switch {
	case !x.Ended.IsZero():
		return Ended
	case !now.Before(x.Expires):
		return Expired
	case x.Approved.IsZero():
		return Waiting
	}
	return InForce
}

func (x Exclusion) inForce(now time.Time) bool { return x.State(now) == InForce }

const exclusionColumns = `x.id, x.rule, x.unit, x.owner, x.reason, x.filter, x.two, x.created, x.created_by, x.approved, x.approved_by, x.expires,
	x.ended, x.ended_by, x.hidden, x.last_hidden`

func readExclusion(r store.Scanner) (x Exclusion, err error) {
	var two int
	var created, approved, expires, ended, last int64
	err = r.Scan(&x.ID, &x.Rule, &x.Unit, &x.Owner, &x.Reason, &x.Filter, &two, &created, &x.By, &approved, &x.Approver, &expires,
		&ended, &x.EndedBy, &x.Hidden, &last)
	x.Two = two == 1
	x.Created, x.Approved, x.Expires, x.Ended, x.Last = store.Time(created), store.Time(approved), store.Time(expires), store.Time(ended), store.Time(last)
	return x, err
}

// screen is a filter made ready. It may be used by several goroutines.
type screen struct {
	text     string
	engine   *sigma.Engine
	matchers chan *sigma.Matcher
}

func (c *screen) selects(e Event) bool {
	var m *sigma.Matcher
	select {
	case m = <-c.matchers:
	default:
		m = c.engine.NewMatcher()
	}
	hits, err := m.Match(e.Doc, e.hint())
	select {
	case c.matchers <- m:
	default:
	}
	return err == nil && len(hits) > 0
}

// screenOf makes a filter ready. People write a whole Sigma filter document,
// the search blocks with a condition, or – most often – only fields with values,
// which is one search block.
func (s *Service) screenOf(filter string) (*screen, error) {
	raw := []byte(filter)
	var top map[string]yaml.Node
	if err := yaml.Unmarshal(raw, &top); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(top) == 0 {
		return nil, errors.New("a filter names at least one field with a value")
	}
	_, filtered := top["filter"]
	_, conditioned := top["condition"]
	if !filtered && !conditioned {
		whole, err := yaml.Marshal(map[string]any{"selection": top, "condition": "selection"})
		if err != nil {
			return nil, err
		}
		raw = whole
	}
	f, err := sigma.ParseFilter(raw)
	if err != nil {
		return nil, err
	}
	engine, err := f.Engine(s.o.Mapping, sigma.Options{Placeholders: s.o.Placeholders})
	if err != nil {
		return nil, err
	}
	return &screen{text: filter, engine: engine, matchers: make(chan *sigma.Matcher, 8)}, nil
}

// selects tells whether an exclusion's filter selects an event. A filter that
// can't be read any more hides nothing.
func (s *Service) selects(x Exclusion, e Event) bool {
	kept, ok := s.filters.Load(x.ID)
	if !ok || kept.(*screen).text != x.Filter {
		c, err := s.screenOf(x.Filter)
		if err != nil {
			s.log.Error("detect: an exclusion can't be read and hides nothing", "exclusion", x.ID, "error", err)
			return false
		}
		s.filters.Store(x.ID, c)
		kept = c
	}
	return kept.(*screen).selects(e)
}
