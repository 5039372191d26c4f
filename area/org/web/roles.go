package web

import (
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

type rolesPage struct {
	Tabs  []console.Tab
	Roles []roleRow
}

// roleRows makes grants readable: who, where, in what state, and what this
// reader may decide.
func (w web) roleRows(tx *store.Tx, c *console.Context, list []authz.Grant) ([]roleRow, error) {
	var ids []string
	for _, g := range list {
		ids = append(ids, g.Person, g.AskedBy, g.Approver)
	}
	names, err := w.s.Names(tx, ids...)
	var rows []roleRow
	for _, g := range list {
		r := roleRow{Grant: g, Unit: unitCell(c, g.Unit), Person: personCell(c, names, g.Person), AskedBy: personCell(c, names, g.AskedBy), By: personCell(c, names, g.Approver)}
		open := g.Revoked.IsZero() && tx.Now.Before(g.Until)
		switch {
		case !g.Revoked.IsZero():
			r.State = console.Chip(console.Plain, text.M("Ended§org"))
		case !tx.Now.Before(g.Until):
			r.State = console.Chip(console.Plain, text.M("Run out§org"))
		case g.Approver == "":
			r.State = console.Chip(console.Warn, text.M("To be approved"))
		default:
			r.State = console.Chip(console.Good, text.M("In force§org"))
		}
		r.End = open && (c.Actor.Can(authz.ApproveGrant, g.Unit) || g.AskedBy == c.Actor.Who())
		r.Approve = open && g.Approver == "" && c.Actor.Can(authz.ApproveGrant, g.Unit) &&
			authz.TwoPersons(g.AskedBy, c.Actor.Who()) == nil && authz.TwoPersons(g.Person, c.Actor.Who()) == nil
		rows = append(rows, r)
	}
	return rows, err
}

func (w web) roles(c *console.Context) error {
	d := rolesPage{Tabs: w.tabs(c, "/org/roles")}
	err := w.s.View(c.Context(), func(tx *store.Tx) error {
		list, err := w.s.RolesToApprove(tx, c.Scope(authz.ReadGrants), mayWait)
		if err != nil {
			return err
		}
		d.Roles, err = w.roleRows(tx, c, list)
		return err
	})
	if err != nil {
		return err
	}
	return c.Render("roles", d)
}

// whence is the page that the decision was made on.
func whence(c *console.Context) string {
	if next := console.LocalPath(c.Value("next")); next != "/" {
		return next
	}
	return "/org/roles"
}

func (w web) roleApprove(c *console.Context) error {
	return back(c, whence(c), w.s.ApproveRole(c.Context(), c.Actor, c.Path("id")), text.M("The role is in force."))
}

func (w web) roleEnd(c *console.Context) error {
	return back(c, whence(c), w.s.EndRole(c.Context(), c.Actor, c.Path("id")), text.M("The role has ended."))
}
