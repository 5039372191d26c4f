package inherit

import (
	"slices"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/area/cmmc/score"
	"yagura/kernel/text"
)

// Where says where a system belongs.
type Where struct{ Region, Entity, Site string }

// File is a group as a file describes it.
type File struct {
	Systems  []System
	Where    map[string]Where
	Warnings place.Problems
}

// kinds of systems in a file. ESP and CSP are external; a CSP's service is a
// cloud offering.
const (
	kindEnclave = "enclave"
	kindService = "service"
	kindESP     = "esp"
	kindCSP     = "csp"
)

// Read reads a group. open brings the file of an assessment named in it.
func Read(file string, data []byte, today time.Time, open func(name string) ([]byte, error)) (*File, error) {
	root, err := place.Parse(file, data)
	if err != nil {
		return nil, err
	}
	r := &reader{Reader: place.Reader{File: file}, f: &File{Where: map[string]Where{}}, today: today, open: open}
	r.Fields(root, map[string]func(*place.Node){"systems": func(n *place.Node) { r.List(n, r.system) }})
	if err := r.Err(); err != nil {
		return nil, err
	}
	return r.f, nil
}

type reader struct {
	place.Reader
	f     *File
	today time.Time
	open  func(name string) ([]byte, error)
}

func (r *reader) system(n *place.Node) {
	s := System{Level: 2}
	kind, data, fedramp := kindEnclave, "", ""
	var where Where
	var level int
	var a *score.Assessment
	var kindAt *place.Node
	if !r.Fields(n, map[string]func(*place.Node){
		"id": r.Text(&s.ID), "region": r.Text(&where.Region), "entity": r.Text(&where.Entity), "site": r.Text(&where.Site),
		"level": r.Int(&level), "data": r.Text(&data), "fedramp": r.Text(&fedramp),
		"kind":       func(n *place.Node) { kindAt = n; r.Text(&kind)(n) },
		"assessment": func(n *place.Node) { a = r.assessment(n) },
		"shares":     func(n *place.Node) { r.List(n, func(item *place.Node) { r.share(&s, item) }) },
	}) {
		return
	}
	switch {
	case s.ID == "":
		r.Wrong(n, text.M("%s is missing", "id"))
		return
	case !slices.Contains([]string{kindEnclave, kindService, kindESP, kindCSP}, kind):
		r.Wrong(kindAt, text.M("%q is no kind of system: enclave, service, esp or csp", kind))
	case level < 0 || level > 3:
		r.Wrong(n, text.M("the level is 1, 2 or 3"))
		return
	case kind == kindCSP && data == "cui" && !slices.Contains([]string{"moderate", "high", "equivalent"}, fedramp):
		r.f.Warnings = append(r.f.Warnings, place.Problem{File: r.File, Line: n.Line, Path: n.Path,
			What: text.M("a cloud service with CUI needs FedRAMP Moderate or its equivalent (%s)", catalog.Clause("esp"))})
	}
	s.Enclave = kind == kindEnclave
	if a != nil {
		s.Own.Open, s.Own.Unknown = a.Open()
		s.SSP, s.Level = a.SSP != nil, a.Level
		r.f.Warnings = append(r.f.Warnings, a.Warnings...)
	} else { // nothing is known, and there is no partial credit
		s.Own = State{Unknown: catalog.Mask(2).Or(catalog.Mask(3))}
		for _, m := range marks {
			s.Own.Open.Set(m[1])
		}
	}
	if level > 0 {
		s.Level = level
	}
	r.f.Systems = append(r.f.Systems, s)
	r.f.Where[s.ID] = where
}

// assessment is one within the file, or the name of a file.
func (r *reader) assessment(n *place.Node) *score.Assessment {
	file, node := r.File, n
	if n.Kind == place.String {
		data, err := r.open(n.Text)
		if err != nil {
			r.Wrong(n, text.M("the file can't be read: %s", text.Foreign(err.Error())))
			return nil
		}
		if node, err = place.Parse(n.Text, data); err != nil {
			r.add(n, err)
			return nil
		}
		file = n.Text
	}
	a, err := score.ReadNode(file, node, r.today)
	if err != nil {
		r.add(n, err)
		return nil
	}
	return a
}

func (r *reader) add(n *place.Node, err error) {
	if p, ok := err.(place.Problems); ok {
		r.Problems = append(r.Problems, p...)
		return
	}
	r.Wrong(n, text.M("%s", err.Error()))
}

func (r *reader) share(s *System, n *place.Node) {
	var sh Share
	if !r.Fields(n, map[string]func(*place.Node){
		"provider": r.Text(&sh.Provider), "kind": r.Text((*string)(&sh.Kind)),
		"objectives": func(n *place.Node) {
			r.List(n, func(item *place.Node) { r.name(&sh.Objectives, item) })
		},
	}) {
		return
	}
	s.Shares = append(s.Shares, sh)
}

// name takes an objective, or a requirement for all of its objectives.
func (r *reader) name(b *catalog.Bits, n *place.Node) {
	if n.Kind == place.String {
		more, ok := Named(n.Text)
		if ok {
			*b = b.Or(more)
			return
		}
	}
	r.Wrong(n, text.M("there is no requirement or objective %q", n.Text))
}

// Named are the objectives of a name: one, or all of a requirement.
func Named(name string) (b catalog.Bits, ok bool) {
	if q := catalog.Find(name); q != nil {
		for _, i := range q.Objective {
			b.Set(i)
		}
		return b, true
	}
	if i, ok := catalog.Index(name); ok {
		b.Set(i)
		return b, true
	}
	return b, false
}
