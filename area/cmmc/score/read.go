package score

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

// Read reads an assessment. What is wrong is told with its place, all of it; what
// is only doubtful becomes a warning. today is for what lies in the future.
func Read(file string, data []byte, today time.Time) (*Assessment, error) {
	root, err := place.Parse(file, data)
	if err != nil {
		return nil, err
	}
	return ReadNode(file, root, today)
}

// ReadNode reads an assessment within a larger document.
func ReadNode(file string, root *place.Node, today time.Time) (*Assessment, error) {
	r := &reader{Reader: place.Reader{File: file}, a: &Assessment{File: file, Level: 2, Partial: map[string]bool{}}, today: today}
	r.assessment(root)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return r.a, nil
}

type reader struct {
	place.Reader
	a       *Assessment
	today   time.Time
	level   *place.Node
	ssp     *place.Node
	partial []place.Member
	dates   *place.Node
}

func (r *reader) warn(n *place.Node, what text.Message) {
	r.a.Warnings = append(r.a.Warnings, place.Problem{File: r.File, Line: n.Line, Path: n.Path, What: what})
}

func (r *reader) assessment(root *place.Node) {
	a := r.a
	ok := r.Fields(root, map[string]func(*place.Node){
		"enclave":      r.Text(&a.Enclave),
		"level":        func(n *place.Node) { r.level = n; r.Int(&a.Level)(n) },
		"date":         func(n *place.Node) { r.Day(&a.Date)(n); r.future(n, a.Date) },
		"ssp":          func(n *place.Node) { r.ssp = n; r.plan(n) },
		"objectives":   r.objectives,
		"partial":      r.partials,
		"level2_score": r.level2,
		"status":       r.status,
		"system":       r.system,
	})
	if !ok {
		return
	}
	if a.Level < 1 || a.Level > 3 {
		r.Wrong(r.level, text.M("the level is 1, 2 or 3"))
		return
	}
	r.check()
}

func (r *reader) future(n *place.Node, day time.Time) {
	if !r.today.IsZero() && day.After(r.today) {
		r.warn(n, text.M("this day lies in the future"))
	}
}

// plan reads the system security plan: an object, or true where there is one of
// which nothing more is said; null and false say that there is none.
func (r *reader) plan(n *place.Node) {
	switch n.Kind {
	case place.Null:
		return
	case place.Bool:
		if n.True {
			r.a.SSP = &SSP{}
		}
		return
	}
	s := &SSP{}
	if r.Fields(n, map[string]func(*place.Node){
		"id": r.Text(&s.ID), "version": r.Text(&s.Version), "date": r.Day(&s.Date),
	}) {
		r.a.SSP = s
	}
}

func (r *reader) level2(n *place.Node) {
	v := 0
	r.Int(&v)(n)
	if l := catalog.Of(2).Max; v > l || v < l-catalog.Level2Floor {
		r.Wrong(n, text.M("%d is no score of Level 2, which goes from %d to %d", v, l-catalog.Level2Floor, l))
	}
	r.a.Level2 = &v
}

func (r *reader) status(n *place.Node) {
	r.dates = n
	d := &r.a.Status
	r.Fields(n, map[string]func(*place.Node){
		"conditional": r.Day(&d.Conditional), "final": r.Day(&d.Final),
		"affirmed": func(n *place.Node) {
			r.List(n, func(item *place.Node) {
				var day time.Time
				r.Day(&day)(item)
				r.future(item, day)
				d.Affirmed = append(d.Affirmed, day)
			})
		},
	})
}

func (r *reader) system(n *place.Node) {
	s := &r.a.System
	r.Fields(n, map[string]func(*place.Node){
		"name": r.Text(&s.Name), "description": r.Text(&s.Description), "boundary": r.Text(&s.Boundary),
		"organization": r.Text(&s.Organization), "owner": r.Text(&s.Owner), "cage": r.Text(&s.CAGE),
	})
}

func (r *reader) partials(n *place.Node) {
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
		if _, ok := q.Mark(); !ok {
			r.Wrong(m.Value, text.M("%s has no partial credit; %s and %s have", q.ID, "3.5.3", "3.13.11"))
			continue
		}
		if slices.ContainsFunc(r.partial, func(old place.Member) bool { return old.Key == q.ID }) {
			r.Wrong(m.Value, text.M("%q stands twice", m.Key))
			continue
		}
		var yes bool
		r.Bool(&yes)(m.Value)
		r.partial = append(r.partial, place.Member{Key: q.ID, Value: m.Value})
		r.a.Partial[q.ID] = yes
	}
}

func (r *reader) objectives(n *place.Node) {
	if n.Kind != place.Object {
		r.Wrong(n, text.M("an object is expected"))
		return
	}
	for _, m := range n.Members {
		i, ok := catalog.Index(m.Key)
		if !ok {
			r.Wrong(m.Value, text.M("there is no objective %q", m.Key))
			continue
		}
		o := &r.a.Objectives[i]
		if o.node != nil {
			r.Wrong(m.Value, text.M("%s stands twice: first in line %d", catalog.Name(i), o.node.Line))
			continue
		}
		o.node = m.Value
		if m.Value.Kind == place.String {
			r.result(o)(m.Value)
			r.objective(i, o)
			continue
		}
		if r.Fields(m.Value, map[string]func(*place.Node){
			"result": r.result(o), "reason": r.Text(&o.Reason), "assessor": r.Text(&o.Assessor),
			"method":   r.method(o),
			"evidence": func(n *place.Node) { r.List(n, func(item *place.Node) { r.evidence(o, item) }) },
			"exception": func(n *place.Node) {
				if n.Kind != place.Null {
					r.exception(o, n)
				}
			},
		}) {
			r.objective(i, o)
		}
	}
}

func (r *reader) result(o *Objective) func(*place.Node) {
	return func(n *place.Node) {
		r.Text((*string)(&o.Result))(n)
		if n.Kind == place.String && !slices.Contains([]Result{Met, NotMet, NA, Unknown}, o.Result) {
			r.Wrong(n, text.M("%q is no result: met, not_met, na or unknown", n.Text))
		}
	}
}

func (r *reader) method(o *Objective) func(*place.Node) {
	return func(n *place.Node) {
		r.Text(&o.Method)(n)
		if !slices.Contains([]string{"examine", "interview", "test"}, o.Method) {
			r.Wrong(n, text.M("%q is no method: examine, interview or test", n.Text))
		}
	}
}

var sha = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (r *reader) evidence(o *Objective, n *place.Node) {
	e := Evidence{node: n}
	if n.Kind == place.String {
		e.Name = n.Text
		o.Evidence = append(o.Evidence, e)
		return
	}
	var state string
	var draft bool
	fields := map[string]*place.Node{}
	keep := func(name string, read func(*place.Node)) func(*place.Node) {
		return func(n *place.Node) { fields[name] = n; read(n) }
	}
	if !r.Fields(n, map[string]func(*place.Node){
		"name": r.Text(&e.Name), "sha256": keep("sha256", r.Text(&e.SHA256)), "size": r.Int(&e.Size), "signal": r.Text(&e.Signal),
		"state": keep("state", r.Text(&state)), "draft": keep("draft", r.Bool(&draft)),
		"collected":   keep("collected", r.Day(&e.Collected)),
		"valid_until": keep("valid_until", r.Day(&e.ValidUntil)),
	}) {
		return
	}
	if at := fields["sha256"]; at != nil {
		if e.SHA256 = strings.ToLower(e.SHA256); !sha.MatchString(e.SHA256) {
			r.Wrong(at, text.M("%q is no SHA-256 in hexadecimal", at.Text))
		}
	}
	if at := fields["state"]; at != nil {
		switch {
		case state != "draft" && state != "final":
			r.Wrong(at, text.M("%q is no state of a document: draft or final", state))
		case fields["draft"] != nil && draft != (state == "draft"):
			r.Wrong(at, text.M("this contradicts %s", fields["draft"].Path))
		}
	}
	e.Draft = draft || state == "draft"
	if !e.Collected.IsZero() && !e.ValidUntil.IsZero() && e.ValidUntil.Before(e.Collected) {
		r.Wrong(fields["valid_until"], text.M("the evidence ends before it was collected on %s", e.Collected.Format(time.DateOnly)))
	}
	o.Evidence = append(o.Evidence, e)
}

func (r *reader) exception(o *Objective, n *place.Node) {
	e := &Exception{}
	o.Exception = e
	kind := func(n *place.Node) {
		r.Text((*string)(&e.Kind))(n)
		if n.Kind == place.String && !slices.Contains([]Kind{Enduring, Temporary, Adjudicated}, e.Kind) {
			r.Wrong(n, text.M("%q is no exception: enduring, temporary or adjudicated", n.Text))
		}
	}
	if n.Kind == place.String {
		kind(n)
		return
	}
	if r.Fields(n, map[string]func(*place.Node){
		"kind": kind, "ssp": r.Text(&e.SSP), "plan": r.Text(&e.Plan), "progress": r.Text(&e.Progress),
		"reviewed": func(n *place.Node) { r.Day(&e.Reviewed)(n); r.future(n, e.Reviewed) }, "unchanged": r.Bool(&e.Unchanged),
	}) && e.Kind == "" {
		r.Wrong(n, text.M("%s is missing", "kind"))
	}
}
