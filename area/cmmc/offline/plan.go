package offline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/plan"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// planned is `yagura cmmc plan --json`.
type planned struct {
	Stages []stage   `json:"stages"`
	Rest   *stage    `json:"rest,omitempty"` // what the rest of the budget buys
	Yen    int64     `json:"yen"`            // of all that is reached or bought
	After  []outcome `json:"after"`
}

type stage struct {
	Goal        plan.Goal `json:"goal,omitempty"`
	Reached     bool      `json:"reached"`
	Measures    []string  `json:"measures"`
	Yen         int64     `json:"yen"`
	Months      int       `json:"months"`
	Points      int       `json:"points"`
	YenPerPoint int64     `json:"yen_per_point,omitempty"`
	Proven      bool      `json:"proven"` // that there is nothing better
	Missing     []string  `json:"missing,omitempty"`
}

type outcome struct {
	Enclave string       `json:"enclave"`
	Status  score.Status `json:"status"`
	Score   int          `json:"score"`
	Level3  score.Status `json:"level3_status,omitempty"`
}

func (c *command) plan() int {
	list := c.set.String("measures", "", "")
	budget := c.set.Int64("budget", -1, "")
	goal := c.set.String("goal", string(plan.Final), "")
	by := c.set.String("by", "cost", "")
	names, code, ok := c.parse(1, 1000)
	if !ok {
		return code
	}
	ways := map[string]func([]plan.Enclave, []plan.Measure, plan.Goal) plan.Stage{"cost": plan.Cheapest, "months": plan.Soonest}
	switch {
	case *list == "":
		return c.fail(fault.Invalidf("give the measures: --measures FILE"))
	case !slices.Contains(plan.Goals, plan.Goal(*goal)):
		return c.fail(fault.Invalidf("%q is no goal: conditional, final or level3", *goal))
	case ways[*by] == nil:
		return c.fail(fault.Invalidf("%q is no way to plan: cost or months", *by))
	}
	enclaves, measures, err := c.scene(names, *list)
	if err != nil {
		return c.fail(err)
	}
	stages, rest := plan.Stages(enclaves, measures, plan.Goal(*goal), *budget, ways[*by])
	out := planned{}
	after := enclaves
	take := func(st *plan.Stage, bought bool) stage {
		if bought {
			out.Yen += st.Yen
			after = plan.Apply(after, measures, st.Measures)
		}
		return c.stage(st, measures)
	}
	for i := range stages {
		out.Stages = append(out.Stages, take(&stages[i], stages[i].Reached))
	}
	if rest != nil {
		r := take(rest, true)
		r.Goal = ""
		out.Rest = &r
	}
	worst := score.Final
	for i := range after {
		s, n := after[i].Status(2)
		o := outcome{Enclave: after[i].Name, Status: s, Score: n}
		if plan.Goal(*goal) == plan.Level3 {
			o.Level3, _ = after[i].Status(3)
			s = o.Level3
		}
		if !s.AtLeast(worst) {
			worst = s
		}
		out.After = append(out.After, o)
	}
	if *c.json {
		if code := c.print(out); code != 0 {
			return code
		}
		return exit(worst)
	}
	c.tell(out)
	return exit(worst)
}

// scene reads enclaves and measures. Enclaves are told apart by name.
func (c *command) scene(names []string, list string) ([]plan.Enclave, []plan.Measure, error) {
	var enclaves []plan.Enclave
	for _, name := range names {
		a, err := c.assessment(name)
		if err != nil {
			return nil, nil, err
		}
		e := plan.Of(a)
		e.Name = cmp.Or(e.Name, name)
		if slices.ContainsFunc(enclaves, func(other plan.Enclave) bool { return other.Name == e.Name }) {
			return nil, nil, fault.Invalidf("two files are of the enclave %q", e.Name)
		}
		enclaves = append(enclaves, e)
	}
	data, err := c.read(list)
	if err != nil {
		return nil, nil, err
	}
	measures, err := plan.Read(list, data, enclaves)
	return enclaves, measures, err
}

func (c *command) stage(st *plan.Stage, measures []plan.Measure) stage {
	out := stage{Goal: st.Goal, Reached: st.Reached, Measures: []string{}, Yen: st.Yen, Months: st.Months, Points: st.Points, Proven: st.Proven}
	for _, m := range st.Measures {
		out.Measures = append(out.Measures, measures[m].ID)
	}
	if st.Points > 0 {
		out.YenPerPoint = st.Yen / int64(st.Points)
	}
	for _, g := range st.Missing {
		what := text.M("%s: the points do not suffice", g.Enclave)
		if g.Objective >= 0 {
			what = text.M("%s: no measure closes %s", g.Enclave, catalog.Name(g.Objective))
		}
		out.Missing = append(out.Missing, what.In(c.Lang))
	}
	return out
}

func (c *command) tell(out planned) {
	tell := func(name text.Message, s stage) {
		c.say(text.M("%s: %d yen, %d months, %d points: %s", name, s.Yen, s.Months, s.Points, cmp.Or(strings.Join(s.Measures, ", "), "–")))
		if !s.Proven {
			c.say(text.M("    the best that was found; that there is nothing better is not proven"))
		}
	}
	for _, s := range out.Stages {
		name := map[plan.Goal]text.Message{plan.Conditional: text.M("Conditional§status"), plan.Final: text.M("Final§status"), plan.Level3: text.M("Level 3")}[s.Goal]
		switch {
		case s.Reached:
			tell(name, s)
		case len(s.Missing) > 0:
			c.say(text.M("%s is out of reach:", name))
			for _, m := range s.Missing {
				fmt.Fprintln(c.Out, "    "+m)
			}
		default:
			tell(text.M("%s, beyond the budget", name), s)
		}
	}
	if out.Rest != nil {
		tell(text.M("the rest buys"), *out.Rest)
	}
	for _, o := range out.After {
		c.say(text.M("%s then: %d, %s", o.Enclave, o.Score, word(o.Status)))
	}
}
