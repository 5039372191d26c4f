package paper

import (
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

// Categories are those of 32 CFR 170.19(c)(1), in its order.
var Categories = []string{"CUI", "SPA", "CRMA", "SA", "OOS"}

// ReadDescription reads a description. What is wrong is told with its place, all of
// it.
func ReadDescription(file string, data []byte) (*Description, error) {
	root, err := place.Parse(file, data)
	if err != nil {
		return nil, err
	}
	r := &reader{place.Reader{File: file}, &Description{Implementation: map[int]string{}, Overview: map[string]string{}, Plan: map[string]PlanItem{}}}
	r.description(root)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return r.d, nil
}

type reader struct {
	place.Reader
	d *Description
}

type fields = map[string]func(*place.Node)

func (r *reader) description(root *place.Node) {
	d := r.d
	r.Fields(root, fields{
		"status": r.Text(&d.Status), "marking": r.Text(&d.Marking), "purpose": r.Text(&d.Purpose), "boundary": r.Text(&d.Boundary),
		"environment": r.Text(&d.Environment), "data_flow": r.Text(&d.DataFlow),
		"diagrams": r.each(func(n *place.Node) {
			var x Diagram
			r.Fields(n, fields{"name": r.Text(&x.Name), "sha256": r.hash(&x.SHA256), "date": r.Day(&x.Date)})
			d.Diagrams = append(d.Diagrams, x)
		}),
		"roles": r.each(func(n *place.Node) {
			var x Role
			r.Fields(n, fields{"role": r.Text(&x.Role), "name": r.Text(&x.Name), "organization": r.Text(&x.Organization), "contact": r.Text(&x.Contact), "duty": r.Text(&x.Duty)})
			d.Roles = append(d.Roles, x)
		}),
		"assets": r.each(r.asset),
		"connections": r.each(func(n *place.Node) {
			var x Connection
			r.Fields(n, fields{"name": r.Text(&x.Name), "organization": r.Text(&x.Organization), "direction": r.one(&x.Direction, "in", "out", "both"),
				"data": r.Text(&x.Data), "agreement": r.Text(&x.Agreement), "protection": r.Text(&x.Protection)})
			d.Connections = append(d.Connections, x)
		}),
		"providers":      r.each(r.provider),
		"implementation": r.implementation,
		"plan":           r.plan,
		"revisions": r.each(func(n *place.Node) {
			var x Revision
			r.Fields(n, fields{"version": r.Text(&x.Version), "date": r.Day(&x.Date), "author": r.Text(&x.Author), "change": r.Text(&x.What)})
			d.Revisions = append(d.Revisions, x)
		}),
		"sprs": r.sprs,
	})
}

func (r *reader) each(read func(*place.Node)) func(*place.Node) {
	return func(n *place.Node) { r.List(n, read) }
}

// one reads one of a few words.
func (r *reader) one(into *string, words ...string) func(*place.Node) {
	return func(n *place.Node) {
		r.Text(into)(n)
		if n.Kind == place.String && !slices.Contains(words, *into) {
			r.Wrong(n, text.M("%q is none of: %s", *into, strings.Join(words, ", ")))
		}
	}
}

func (r *reader) hash(into *string) func(*place.Node) {
	return func(n *place.Node) {
		r.Text(into)(n)
		*into = strings.ToLower(*into)
		if n.Kind == place.String && (len(*into) != 64 || strings.Trim(*into, "0123456789abcdef") != "") {
			r.Wrong(n, text.M("%q is no SHA-256 in hexadecimal", n.Text))
		}
	}
}

func (r *reader) asset(n *place.Node) {
	var x Asset
	ok := r.Fields(n, fields{"category": r.one(&x.Category, Categories...), "name": r.Text(&x.Name), "count": r.Int(&x.Count),
		"kind": r.Text(&x.Kind), "location": r.Text(&x.Location), "note": r.Text(&x.Note)})
	switch {
	case ok && x.Category == "":
		r.Wrong(n, text.M("%s is missing", "category"))
	case x.Count < 0:
		r.Wrong(n.Get("count"), text.M("there can't be %d of them", x.Count))
	}
	r.d.Assets = append(r.d.Assets, x)
}

func (r *reader) provider(n *place.Node) {
	var x Provider
	if !r.Fields(n, fields{"id": r.Text(&x.ID), "name": r.Text(&x.Name), "kind": r.one(&x.Kind, "service", "esp", "csp"), "data": r.one(&x.Data, "cui", "spd", "none"),
		"fedramp": r.one(&x.FedRAMP, "moderate", "high", "equivalent"), "services": r.Text(&x.Services), "matrix": r.Text(&x.Matrix),
		"shares": r.each(func(n *place.Node) { r.share(&x, n) })}) {
		return
	}
	switch {
	case x.ID == "" && x.Name == "":
		r.Wrong(n, text.M("%s is missing", "name"))
	case slices.ContainsFunc(r.d.Providers, func(p Provider) bool { return x.ID != "" && p.ID == x.ID }):
		r.Wrong(n, text.M("%q stands twice", x.ID))
	}
	if x.Name == "" {
		x.Name = x.ID
	}
	r.d.Providers = append(r.d.Providers, x)
}

func (r *reader) share(p *Provider, n *place.Node) {
	var s Share
	var kind string
	if !r.Fields(n, fields{"kind": r.one(&kind, "provider", "shared"), "provider": r.Text(&s.Provider), "customer": r.Text(&s.Customer),
		"objectives": r.each(func(n *place.Node) {
			bits, ok := named(n)
			if !ok {
				r.Wrong(n, text.M("there is no requirement or objective %q", n.Text))
			}
			s.Objectives = s.Objectives.Or(bits)
		})}) {
		return
	}
	if kind == "" {
		r.Wrong(n, text.M("%s is missing", "kind"))
	}
	s.Shared = kind == "shared"
	p.Shares = append(p.Shares, s)
}

// named are the objectives of a name: one, or all of a requirement.
func named(n *place.Node) (b catalog.Bits, ok bool) {
	if n.Kind != place.String {
		return b, false
	}
	if q := catalog.Find(n.Text); q != nil {
		for _, i := range q.Objective {
			b.Set(i)
		}
		return b, true
	}
	i, ok := catalog.Index(n.Text)
	if ok {
		b.Set(i)
	}
	return b, ok
}

func (r *reader) implementation(n *place.Node) {
	if n.Kind != place.Object {
		r.Wrong(n, text.M("an object is expected"))
		return
	}
	for _, m := range n.Members {
		var words string
		r.Text(&words)(m.Value)
		q := catalog.Find(m.Key)
		i, ok := catalog.Index(m.Key)
		switch {
		case q != nil && r.d.Overview[q.ID] == "":
			r.d.Overview[q.ID] = words
		case q == nil && ok && r.d.Implementation[i] == "":
			r.d.Implementation[i] = words
		case q != nil || ok:
			r.Wrong(m.Value, text.M("%q stands twice", m.Key))
		default:
			r.Wrong(m.Value, text.M("there is no requirement or objective %q", m.Key))
		}
	}
}

func (r *reader) plan(n *place.Node) {
	if n.Kind != place.Object {
		r.Wrong(n, text.M("an object is expected"))
		return
	}
	for _, m := range n.Members {
		q := catalog.Find(m.Key)
		if q == nil {
			r.Wrong(m.Value, text.M("there is no requirement %q", m.Key))
			continue
		}
		var x PlanItem
		r.Fields(m.Value, fields{"owner": r.Text(&x.Owner), "action": r.Text(&x.Action), "resources": r.Text(&x.Resources),
			"start": r.Day(&x.Start), "due": r.Day(&x.Due),
			"milestones": r.each(func(n *place.Node) {
				var s Milestone
				r.Fields(n, fields{"date": r.Day(&s.Date), "what": r.Text(&s.What), "done": r.Bool(&s.Done)})
				x.Milestones = append(x.Milestones, s)
			})})
		if !x.Due.IsZero() && x.Due.Before(x.Start) {
			r.Wrong(m.Value, text.M("it is due before it starts on %s", x.Start.Format(time.DateOnly)))
		}
		if _, twice := r.d.Plan[q.ID]; twice {
			r.Wrong(m.Value, text.M("%q stands twice", m.Key))
		}
		r.d.Plan[q.ID] = x
	}
}

func (r *reader) sprs(n *place.Node) {
	s := &r.d.SPRS
	r.Fields(n, fields{"scope": r.one(&s.Scope, "enterprise", "enclave"), "scope_description": r.Text(&s.ScopeText), "employees": r.Int(&s.Employees),
		"cages": r.Texts(&s.CAGEs), "expected": r.Day(&s.Expected),
		"official": func(n *place.Node) {
			r.Fields(n, fields{"name": r.Text(&s.Official.Name), "title": r.Text(&s.Official.Title), "email": r.Text(&s.Official.Email)})
		}})
}
