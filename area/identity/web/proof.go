package web

import (
	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/text"
)

// logoutCell says how fast an application let go of a session, as it proved.
func logoutCell(c *console.Context, r clientRow) console.Cell {
	switch {
	case r.Kind == identity.GateClient:
		return console.Chip(console.Good, text.M("Next request"))
	case r.Kind == identity.ServiceClient:
		return console.Text("–")
	case r.LogoutURI == "" && !r.Told:
		return console.Chip(console.Warn, text.M("Is not told"))
	case !r.Told:
		return console.Chip("", text.M("Not proved yet"))
	}
	return proofCell(c, r.Logout)
}

// proofCell is green only where the application was asked again and the session
// was over. That it answered is no proof.
func proofCell(c *console.Context, l identity.Logout) console.Cell {
	switch l.Proof {
	case identity.ProbedOut:
		return console.Chip(console.Good, text.M("%s ms", c.Num(l.Proved)))
	case identity.StillIn:
		return console.Chip(console.Bad, text.M("Still lets in"))
	case identity.ProbeSilent:
		return console.Stack(console.Chip(console.Warn, text.M("Answered, not proved")), console.Say(text.M("The probe gets no answer")))
	case identity.Answered:
		return console.Chip("", text.M("Being asked"))
	}
	switch {
	case !l.Done.IsZero():
		return console.Chip(console.Warn, text.M("Answered, not proved"))
	case l.Attempts == 0:
		return console.Chip("", text.M("On its way"))
	}
	return console.Chip(console.Bad, text.M("Did not confirm"))
}

// provenCell is the share that was proved, and how fast.
func provenCell(c *console.Context, r clientRow) console.Cell {
	p := r.Proven
	if p.Asked == 0 {
		return console.Text("")
	}
	share := console.Text(c.T("%s%% of %s", c.Percent(float64(p.Proved), float64(p.Asked)), c.Num(p.Asked)))
	if p.Proved == 0 {
		return share
	}
	return console.Stack(share, console.Text(c.T("p50 %s ms, p95 %s ms", c.Num(p.P50), c.Num(p.P95))))
}

// loadLogouts are the latest sign-outs, with what was proved of each.
func (w web) loadLogouts(c *console.Context, d *clientPage) error {
	list, err := w.s.Logouts(c.Context(), c.Actor, d.Client.ID)
	if err != nil {
		return err
	}
	d.Logouts = console.NewTable(text.M("Sign-outs"), text.M("When§logout"), text.M("Proved after"), text.M("Answer§logout"), text.M("Attempts"))
	d.Logouts.Empty = console.Empty{Title: text.M("No session with this application has ended yet.")}
	for _, l := range list {
		answer := console.Text("")
		switch {
		case l.Problem != "":
			answer = console.Stack(console.Chip(console.Bad, text.M("Did not confirm")), console.Text(l.Problem))
		case !l.Done.IsZero() && l.Status > 0:
			answer = console.Say(text.M("%s after %s ms", l.Status, c.Num(l.Millis)))
		}
		d.Logouts.Row(console.When(l.Asked), proofCell(c, l), answer, console.Num(l.Attempts))
	}
	proven, err := w.s.Proofs(c.Context(), d.Client.ID)
	if p := proven[d.Client.ID]; err == nil && p.Asked > 0 {
		d.Proven = c.T("Proved in the last 90 days: %s of %s", c.Num(p.Proved), c.Num(p.Asked))
		if p.Proved > 0 {
			d.Proven = c.T("Proved in the last 90 days: %s of %s, half within %s ms, 95%% within %s ms", c.Num(p.Proved), c.Num(p.Asked), c.Num(p.P50), c.Num(p.P95))
		}
	}
	return err
}
