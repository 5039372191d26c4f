package web

import (
	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// holding is what the page of a rule shows of it: whether its alerts contain
// the person they are about.
type holding struct {
	Chip    console.Cell
	Says    text.Message
	Asker   string
	Waits   bool // for a second person
	Decides bool // the reader may end the wait
	Second  bool // and approve
	Mine    bool // he asked
	Asks    bool // he may ask
	Stops   bool // he may switch it off
	Most    int
	Why     string // it can't
}

func holdingOf(c *console.Context, d detect.RuleDetail) holding {
	n := d.Containing
	v := holding{Most: detect.MostContained, Asker: who(c, d.People, n.By), Mine: n.By == c.Actor.Who(), Waits: n.State == "waiting"}
	if d.Unfit != nil {
		v.Why = fault.MessageOf(d.Unfit).In(c.Lang)
	}
	v.Decides, v.Second = v.Waits && d.MayContain, v.Waits && !v.Mine && d.Unfit == nil && !d.Stale
	v.Stops = n.State == "on" && d.MayContain
	v.Asks = d.MayContain && d.Unfit == nil && (n.ID == "" || d.Stale)
	switch {
	case n.ID == "":
		v.Chip, v.Says = console.Chip(console.Plain, text.M("off§containing")), text.M("Its alerts contain nobody.")
	case v.Waits && d.Stale:
		v.Chip, v.Says = console.Chip(console.Plain, text.M("off§containing")), text.M("The text of the rule changed since it was asked for: it must be asked for anew.")
	case v.Waits:
		v.Chip, v.Says = console.Chip(console.Warn, text.M("waits§containing")), text.M("Its alerts would contain the person they are about, at most %d an hour. Until a second person approves, they contain nobody.", n.Most)
	case d.Stale:
		v.Chip, v.Says = console.Chip(console.Warn, text.M("off§containing")), text.M("The text of the rule changed since two people agreed: its alerts contain nobody until they agree anew.")
	case d.Unfit != nil:
		v.Chip, v.Says = console.Chip(console.Warn, text.M("off§containing")), text.M("Two people agreed, but as the rule stands now its alerts contain nobody.")
	default:
		v.Chip, v.Says = console.Chip(console.Bad, text.M("on§containing")), text.M("Its alerts contain the person they are about at once, at most %d an hour. %s and %s agreed on %s.", n.Most, v.Asker, who(c, d.People, n.Decider), c.Local(n.Decided))
	}
	return v
}

func (p *pages) waitingContainings(c *console.Context, names map[string]detect.Words) (console.Table, error) {
	t := console.NewTable(text.M("Rules of which a second person must say whether they contain"), text.M("Rule"), text.M("People an hour at most"), text.M("Asked for"))
	list, err := p.s.WaitingContainings(c.Context(), c.Actor)
	for _, n := range list {
		t.Row(console.Strong(ruleHref(n.Rule)+"#containing", names[n.Rule].In(c.Lang)), console.Num(n.Most), console.Ago(n.Asked))
	}
	return *t, err
}

// containing takes what is decided about containment by a rule.
func (p *pages) containing(c *console.Context) error {
	rule := c.Path("id")
	var err error
	switch do := c.Value("do"); do {
	case "ask":
		most, wrong := c.Int("most")
		if wrong != nil {
			most = 0
		}
		err = p.s.AskContaining(c.Context(), c.Actor, rule, int(min(max(most, 0), 1000)), c.Value("containing"))
	case "stop":
		err = p.s.StopContaining(c.Context(), c.Actor, rule, c.Value("stop"))
	default:
		err = p.s.DecideContaining(c.Context(), c.Actor, rule, do)
	}
	if err != nil {
		if fault.Is(err, fault.KindDenied) {
			return err
		}
		return p.ruleAgain(c, err)
	}
	switch c.Value("do") {
	case "ask":
		c.Flash(text.M("A second person was asked. Until he approves, its alerts contain nobody."))
	case "approve":
		c.Flash(text.M("Alerts of this rule contain from now on."))
	default:
		c.Flash(text.M("Alerts of this rule contain nobody."))
	}
	return c.Redirect(ruleHref(rule) + "#containing")
}

// reaction is what became of the person of an alert whose rule contains.
type reaction struct {
	Tone  string
	Words string
	Href  string
}

func reactionOf(c *console.Context, d detect.Contained) *reaction {
	r := &reaction{Tone: "warn", Href: d.Href}
	name := d.Person.Label(c.Lang)
	var m text.Message
	switch {
	case d.Outcome == "brake":
		m = text.M("The rule would have contained %s and did not: too many within an hour. The person is still in.", name)
	case d.Outcome == "break-glass":
		m = text.M("The rule did not contain %s: it is a break-glass account, which only people contain.", name)
	case d.Outcome == "already":
		m = text.M("The rule did not contain %s: the person is contained already, or a second person is asked.", name)
	case d.Outcome == "unknown":
		m = text.M("The rule would have contained %s, but there is nobody of this name who may sign in.", name)
	case d.Outcome == "late":
		m = text.M("The rule did not contain %s: the event was more than an hour old when it was looked at.", name)
	case d.State == "asked":
		m = text.M("The rule asked to contain %s at %s. The account is privileged: until a second person confirms, the person is still in.", name, c.Local(d.At))
	case d.State == "released":
		r.Tone, m = "info", text.M("The rule contained %s at %s; the person is released.", name, c.Local(d.At))
	case d.State == "refused":
		m = text.M("The rule asked to contain %s; a person refused it.", name)
	case d.State == "expired":
		m = text.M("The rule asked to contain %s; nobody confirmed it in time, and the person is still in.", name)
	case d.Unproven > 0:
		m = text.M("The rule contained %s at %s. %d targets are not confirmed.", name, c.Local(d.At), d.Unproven)
	default:
		r.Tone, m = "info", text.M("The rule contained %s at %s. All targets are confirmed.", name, c.Local(d.At))
	}
	r.Words = m.In(c.Lang)
	return r
}
