package web

import (
	"strings"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// onObjective does something to the objective named by the form and goes back to
// it; what was wrong is shown in the form it came from.
func (p *pages) onObjective(do func(c *console.Context, objective int) (text.Message, error)) func(*console.Context) error {
	return func(c *console.Context) error {
		name := c.Path("requirement") + "[" + c.Value("letter") + "]"
		i, ok := catalog.Index(name)
		if !ok {
			return fault.NotFound("There is no objective %s", name)
		}
		said, err := do(c, i)
		if fault.Is(err, fault.KindInvalid) {
			v, failed := p.requirementPage(c)
			if failed != nil {
				return failed
			}
			v.Own = c.Value("letter")
			return c.Invalid("requirement", v, err)
		}
		if err != nil {
			return err
		}
		c.Flash(said)
		return c.Redirect(systemPath(c) + "/" + c.Path("requirement") + "#" + c.Value("letter"))
	}
}

// systemPath is the address of the system of the request.
func systemPath(c *console.Context) string {
	if strings.HasPrefix(c.R.URL.Path, "/cmmc/providers/") {
		return cmmc.Href(cmmc.Corporate, c.Path("id"))
	}
	return cmmc.Href(cmmc.Enclave, c.Path("id"))
}

func (p *pages) judge(c *console.Context, i int) (text.Message, error) {
	j := cmmc.Judgement{System: c.Path("id"), Objective: i, Result: score.Result(c.Value("result")), Reason: c.Value("reason"), Method: c.Value("method"), Assessor: c.Value("assessor"), Notes: c.Value("notes")}
	if kind := c.Value("exception"); kind != "" {
		reviewed, err := dayOf(c, "reviewed")
		if err != nil {
			return text.Message{}, err
		}
		j.Exception = &score.Exception{Kind: score.Kind(kind), SSP: c.Value("where"), Plan: c.Value("opplan"), Reviewed: reviewed, Progress: c.Value("progress"), Unchanged: c.Bool("unchanged")}
	}
	waits, err := p.s.Judge(c.Context(), c.Actor, j)
	if waits {
		return text.M("Saved. It counts once a second person has confirmed it."), err
	}
	return text.M("Saved. It counts from now on."), err
}

func (p *pages) confirm(c *console.Context, i int) (text.Message, error) {
	accept := c.Value("answer") == "accept"
	if err := p.s.Confirm(c.Context(), c.Actor, c.Path("id"), i, accept); err != nil || !accept {
		return text.M("Refused. What stood before counts."), err
	}
	return text.M("Confirmed. It counts from now on."), nil
}

func (p *pages) assign(c *console.Context, i int) (text.Message, error) {
	due, err := dayOf(c, "due")
	if err != nil {
		return text.Message{}, err
	}
	who := c.Value("assignee")
	if who != "" {
		if who, err = p.s.WhoIs(c.Context(), who); err != nil {
			return text.Message{}, err
		}
	}
	err = p.s.Assign(c.Context(), c.Actor, cmmc.Task{System: c.Path("id"), Objective: i, Assignee: who, Due: due})
	if fault.Is(err, fault.KindNotFound) && who != "" {
		err = fault.Invalid(fault.F("assignee", "There is no such person"))
	}
	return text.M("Saved."), err
}

// claim says whether a requirement is in place in part.
func (p *pages) claim(c *console.Context) error {
	if err := p.s.Claim(c.Context(), c.Actor, c.Path("id"), c.Path("requirement"), c.Value("claimed") == "1"); err != nil {
		return err
	}
	c.Flash(text.M("Saved."))
	return c.Redirect(systemPath(c) + "/" + c.Path("requirement"))
}

// confirmAll answers all that waits at a system.
func (p *pages) confirmAll(c *console.Context) error {
	n, err := p.s.ConfirmAll(c.Context(), c.Actor, c.Path("id"), c.Value("answer") == "accept")
	if err != nil {
		return err
	}
	c.Flash(text.M("%d results are answered.", n))
	return c.Redirect(systemPath(c))
}
