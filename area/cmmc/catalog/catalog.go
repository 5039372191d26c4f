// Package catalog holds the facts of CMMC: the 110 requirements of Level 2 with
// their weights and 320 objectives, the 24 of Level 3 with their 80, which of them
// are Level 1, and the limits and paragraphs of 32 CFR 170. The labels are ours;
// the official text is imported where an installation has it.
package catalog

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"yagura/kernel/text"
)

//go:embed *.json
var files embed.FS

// Indexes of objectives: first those of Level 2, then of Level 3, then the values
// that an organisation defines for Level 3 itself (ODP), then the marks of partial
// credit.
const (
	Level2Objectives = 320
	Level3Objectives = 80
	odps             = 9
	firstODP         = Level2Objectives + Level3Objectives
	firstMark        = firstODP + odps
	// Level2Floor is the sum of all deductions: 110 down to -203.
	Level2Floor = 313
	// Objectives is how many indexes are objectives that an assessment can name.
	Objectives = firstMark
)

// Requirement is one of the 110 of Level 2 or the 24 of Level 3.
type Requirement struct {
	ID        string // 3.1.1, 3.1.2e
	CMMC      string // AC.L2-3.1.1, which is its id in OSCAL too
	Family    string // AC
	Level     int    // 2 or 3
	Basic     bool
	Single    bool   // one objective, unlettered in SP 800-171A
	Weight    int    // points when not met; 0 for the plan of 3.12.4
	Partial   int    // points when partly met; 0 where there is no partial credit
	Gate      bool   // without it there is no assessment
	Named     bool   // barred from a plan of action by name
	Deferred  bool   // may be on a plan of action when partly met
	FAR       string // its item of Level 1
	Topic     Label
	Objective []int // indexes, in order of letters
	ODP       []int

	mark  int // index of "not even partly met"
	parts []part
}

// part is the bits of a requirement within one word.
type part struct {
	word int
	mask uint64
}

// Label is a short name in our words.
type Label struct{ EN, JA string }

// In is the label in a language.
func (l Label) In(lang text.Lang) string {
	if lang == text.JA {
		return l.JA
	}
	return l.EN
}

// Family is one of the 14 families.
type Family struct {
	ID, Abbr string
	Name     Label
}

// Limits are numbers of the rule.
type Limits struct {
	Max            int // 110 or 24
	ConditionalMin int // 88 or 20
	CloseOutDays   int
	ValidYears     int
	RetainYears    int
}

var (
	requirements []*Requirement
	families     []Family
	byID         = map[string]*Requirement{}
	owner        [firstMark]*Requirement
	letters      [firstMark]string
	clauses      map[string]string
	limits       [4]Limits
	far          []string
	phases       []Phase
)

// Phase is one of the four steps in which contracts begin to ask for CMMC.
type Phase struct {
	Number int    `json:"phase"`
	From   string `json:"from"`
	Adds   string `json:"adds"`
}

func init() {
	if err := load(); err != nil {
		panic("cmmc catalog: " + err.Error())
	}
}

func read(name string, into any) error {
	raw, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

type fact struct {
	ID         string   `json:"id"`
	CMMC       string   `json:"cmmc_id"`
	Family     string   `json:"family"`
	Type       string   `json:"type"`
	Weight     int      `json:"weight"`
	WeightRule string   `json:"weight_rule"`
	Rule       string   `json:"poam_rule"`
	Allowed    bool     `json:"poam_allowed"`
	Objectives []string `json:"objectives"`
	ODP        []string `json:"odp_objectives"`
	Single     bool     `json:"single_objective"`
	Level1     string   `json:"level1_id"`
	TopicEN    string   `json:"topic_en"`
	TopicJA    string   `json:"topic_ja"`
	Partial    *struct {
		Deduction int `json:"deduction"`
	} `json:"partial"`
}

func load() error {
	var two, three struct {
		Families []struct {
			ID     string `json:"id"`
			Abbr   string `json:"abbr"`
			Name   string `json:"name"`
			NameJA string `json:"name_ja"`
		} `json:"families"`
		Requirements []fact `json:"requirements"`
		Rules        struct {
			CloseOut int `json:"closeout_days"`
		} `json:"rules"`
		Totals struct {
			Max            int `json:"max_score"`
			ConditionalMin int `json:"conditional_min_score"`
		} `json:"totals"`
	}
	var rules struct {
		Phases []Phase `json:"phases"`
		Level2 struct {
			Max            int `json:"max"`
			ConditionalMin int `json:"conditional_min_score"`
			CloseOut       int `json:"closeout_days"`
			Years          int `json:"validity_years"`
		} `json:"level2"`
		Artifacts struct {
			Years int `json:"retention_years"`
		} `json:"artifacts"`
	}
	for name, into := range map[string]any{"nist-800-171r2.json": &two, "cmmc-level3.json": &three, "cmmc-rules.json": &rules, "clauses.json": &clauses} {
		if err := read(name, into); err != nil {
			return err
		}
	}
	for _, f := range two.Families {
		families = append(families, Family{f.ID, f.Abbr, Label{f.Name, f.NameJA}})
	}
	l2, years := rules.Level2, rules.Artifacts.Years
	limits[1] = Limits{ValidYears: 1, RetainYears: years}
	limits[2] = Limits{l2.Max, l2.ConditionalMin, l2.CloseOut, l2.Years, years}
	limits[3] = Limits{three.Totals.Max, three.Totals.ConditionalMin, three.Rules.CloseOut, l2.Years, years}
	phases = rules.Phases

	next, odp, mark := 0, firstODP, firstMark
	for level, facts := range [][]fact{2: two.Requirements, 3: three.Requirements} {
		for _, f := range facts {
			r := &Requirement{ID: f.ID, CMMC: f.CMMC, Family: f.Family, Level: level, Basic: f.Type == "basic", Single: f.Single,
				Weight: f.Weight, Gate: f.WeightRule == "ssp_gate", FAR: f.Level1, Topic: Label{f.TopicEN, f.TopicJA}, mark: -1,
				Named: f.Rule == "never_by_name" || level == 3 && !f.Allowed, Deferred: f.Rule == "only_if_partial"}
			if f.Partial != nil {
				r.Partial, r.mark = f.Partial.Deduction, mark
				mark++
			}
			for _, letter := range f.Objectives {
				r.Objective = append(r.Objective, next)
				owner[next], letters[next] = r, letter
				next++
			}
			for _, name := range f.ODP {
				r.ODP = append(r.ODP, odp)
				owner[odp], letters[odp] = r, name
				odp++
			}
			r.parts = partsOf(append(append([]int(nil), r.Objective...), r.ODP...))
			requirements = append(requirements, r)
			byID[r.ID], byID[r.CMMC] = r, r
			if r.FAR != "" && (len(far) == 0 || far[len(far)-1] != r.FAR) {
				far = append(far, r.FAR)
			}
		}
	}
	if next != firstODP || odp != firstMark || mark != firstMark+2 || len(requirements) != l2.Max+three.Totals.Max {
		return fmt.Errorf("%d requirements, %d objectives, %d defined values", len(requirements), next, odp-firstODP)
	}
	return nil
}

func partsOf(indexes []int) []part {
	var b Bits
	for _, i := range indexes {
		b.Set(i)
	}
	var parts []part
	for w, mask := range b {
		if mask != 0 {
			parts = append(parts, part{w, mask})
		}
	}
	return parts
}

// Requirements are those of a level, in the order of the standard. Those of
// Level 1 are the 17 of Level 2 that it maps to.
func Requirements(level int) []*Requirement {
	switch level {
	case 1:
		var first []*Requirement
		for _, r := range requirements {
			if r.FAR != "" {
				first = append(first, r)
			}
		}
		return first
	case 2:
		return requirements[:limits[2].Max]
	}
	return requirements[limits[2].Max:]
}

// Families are the families in the order of the standard.
func Families() []Family { return families }

// Items are the 15 items of Level 1.
func Items() []string { return far }

// Phases are the steps of 32 CFR 170.3(e).
func Phases() []Phase { return phases }

// Of are the limits of a level.
func Of(level int) Limits { return limits[level] }

// Clause is the paragraph behind a rule of the program.
func Clause(name string) string {
	c, ok := clauses[name]
	if !ok {
		panic("cmmc catalog: no clause " + name)
	}
	return c
}

// Find is the requirement of an id in any spelling: 3.1.1 or AC.L2-3.1.1.
func Find(id string) *Requirement { return byID[id] }

// Mask are all objectives of a level, without defined values.
func Mask(level int) Bits {
	var b Bits
	for _, r := range Requirements(level) {
		for _, i := range r.Objective {
			b.Set(i)
		}
	}
	return b
}

// Owner is the requirement of an objective.
func Owner(i int) *Requirement { return owner[i] }

// Letter is what stands in an objective's brackets.
func Letter(i int) string { return letters[i] }

// Name is an objective as the guides write it: 3.1.1[a].
func Name(i int) string { return owner[i].ID + "[" + letters[i] + "]" }

// OSCAL is an objective's id in OSCAL: AC.L2-3.1.1_obj.a.
func OSCAL(i int) string { return owner[i].CMMC + "_obj." + letters[i] }

// Index finds an objective by its name in any spelling: 3.1.1[a],
// AC.L2-3.1.1[a], AC.L2-3.1.1_obj.a, or 3.10.4 where the requirement has but one.
func Index(name string) (int, bool) {
	id, letter, lettered := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	if lettered != strings.HasSuffix(name, "]") {
		return 0, false
	}
	if !lettered {
		id, letter, lettered = strings.Cut(name, "_obj.")
	}
	r := byID[id]
	if r == nil {
		return 0, false
	}
	if !lettered {
		return r.Objective[0], r.Single
	}
	for _, list := range [][]int{r.Objective, r.ODP} {
		for _, i := range list {
			if letters[i] == letter {
				return i, true
			}
		}
	}
	return 0, false
}
