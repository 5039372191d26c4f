package web

import (
	"context"

	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

// What the pages of exclusions and of suppressions have in common.

// settled says whether what was made is in force or waits, and shows it.
func settled(c *console.Context, id string, two bool, href string) error {
	if two {
		c.Warn(text.M("%s waits for a second person.", id))
	} else {
		c.Flash(text.M("%s is in force.", id))
	}
	return c.Redirect(href)
}

// approving is the handler that puts in force what somebody else asked for.
func approving(do func(context.Context, authz.Actor, string) error, href func(string) string) func(*console.Context) error {
	return func(c *console.Context) error {
		if err := do(c.Context(), c.Actor, c.Path("id")); err != nil {
			return err
		}
		return settled(c, c.Path("id"), false, href(c.Path("id")))
	}
}

// ending is the handler that ends something by hand.
func ending(do func(ctx context.Context, by authz.Actor, number, why string) error, href func(string) string) func(*console.Context) error {
	return func(c *console.Context) error {
		if err := do(c.Context(), c.Actor, c.Path("id"), c.Value("why")); err != nil {
			return err
		}
		c.Flash(text.M("%s has ended.", c.Path("id")))
		return c.Redirect(href(c.Path("id")))
	}
}

// aim is what both forms ask: for which rule and in which unit.
type aim struct {
	Rule, Unit   string
	Rules, Units []console.Option
}

// aimed fills a form in: from its address, or from an alert, which is
// returned. every: it may be for every rule.
func (p *pages) aimed(c *console.Context, every bool) (n aim, from *detect.Detail, err error) {
	n = aim{Rule: c.Query("rule"), Unit: c.Query("unit"), Units: c.UnitOptions(detect.Exclude)}
	if id := c.Query("alert"); id != "" {
		d, err := p.s.Get(c.Context(), c.Actor, id)
		if err != nil {
			return n, nil, err
		}
		n.Rule, n.Unit, from = d.Alert.Rule, d.Unit, &d
	}
	rows, err := p.s.Rulebook(c.Context(), c.Actor, c.Scope(detect.Read), detect.RuleFilter{})
	if err != nil {
		return n, from, err
	}
	if every {
		n.Rules = append(n.Rules, console.Option{Value: "", Label: text.M("Every rule")})
	}
	for _, r := range rows {
		n.Rules = append(n.Rules, console.Option{Value: r.ID, Label: text.Literal(r.Title.In(c.Lang))})
	}
	return n, from, nil
}
