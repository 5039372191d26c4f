package score

import (
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

// objective checks one objective by itself.
func (r *reader) objective(i int, o *Objective) {
	if o.Result == "" && o.Exception == nil {
		r.Wrong(o.node, text.M("%s is missing", "result"))
	}
	if o.Exception != nil && (o.Result == NA || o.Result == Unknown) {
		r.Wrong(o.node, text.M("%s can't be %s and have an exception", catalog.Name(i), string(o.Result)))
	}
	if o.Result == NA && o.Reason == "" {
		r.warn(o.node, text.M("nothing says why %s does not apply", catalog.Name(i)))
	}
}

// check looks at what only the whole file can tell.
func (r *reader) check() {
	a := r.a
	if a.SSP != nil && !a.Date.IsZero() && a.SSP.Date.After(a.Date) {
		r.Wrong(r.ssp, text.M("the SSP is of %s, after the assessment on %s", a.SSP.Date.Format(time.DateOnly), a.Date.Format(time.DateOnly)))
	}
	if what := a.Status.Check(a.Level); !what.IsZero() {
		r.Wrong(r.dates, what)
	}
	for i := range a.Objectives {
		o := &a.Objectives[i]
		if o.node == nil {
			continue
		}
		for _, e := range o.Evidence {
			if !a.Date.IsZero() && e.Collected.After(a.Date) {
				r.Wrong(e.node, text.M("the evidence was collected on %s, after the assessment on %s", e.Collected.Format(time.DateOnly), a.Date.Format(time.DateOnly)))
			}
			if e.Draft {
				r.warn(e.node, text.M("a draft is no evidence"))
			}
		}
		if x := o.Exception; x != nil && !a.Date.IsZero() && x.Reviewed.After(a.Date) {
			r.Wrong(o.node, text.M("the plan was reviewed on %s, after the assessment on %s", x.Reviewed.Format(time.DateOnly), a.Date.Format(time.DateOnly)))
		}
		if _, why := a.Effective(i); !why.IsZero() {
			r.warn(o.node, text.M("%s: %s", catalog.Name(i), why))
		}
	}
	for _, m := range r.partial {
		if a.Partial[m.Key] {
			r.partly(m)
		}
	}
	if a.Level == 3 && a.Level2 == nil && !a.names(2) {
		r.a.Warnings = append(r.a.Warnings, place.Problem{File: r.File, What: text.M("the file does not say how Level 2 stands, without which there is no Level 3")})
	}
}

// partly checks a claim of partial credit against the results.
func (r *reader) partly(m place.Member) {
	q := catalog.Find(m.Key)
	met := 0
	for n, i := range q.Objective {
		switch res, _ := r.a.Effective(i); {
		case res == Met || res == NA:
			met++
		case res == NotMet && n < len(q.Objective)-1:
			r.warn(m.Value, text.M("%s counts as not met, since %s is not satisfied", q.ID, catalog.Name(i)))
		}
	}
	if met == len(q.Objective) {
		r.Wrong(m.Value, text.M("%s is said to be partly met, yet all its objectives are met", q.ID))
	}
}
