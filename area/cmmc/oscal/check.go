package oscal

import (
	"slices"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

// Options say how a document is checked.
type Options struct {
	// Open opens what a relative reference of a resource names; nil: hashes of
	// files are not looked at.
	Open func(name string) ([]byte, error)
	// All says that a file which can't be opened is a finding.
	All bool
}

// Report is what is wrong with a document.
type Report struct {
	Model   string
	Form    place.Problems // against the schema
	Meaning place.Problems // references to nothing, ids that CMMC does not have, hashes
}

// Check checks a document. The error is what can't be read at all.
func Check(file string, data []byte, o Options) (*Report, error) {
	root, err := place.Parse(file, data)
	if err != nil {
		return nil, err
	}
	c, r := &checker{Reader: place.Reader{File: file}, root: root}, &Report{}
	if root.Kind != place.Object {
		c.Wrong(root, text.M("an object is expected"))
		r.Form = c.Problems
		return r, nil
	}
	for _, m := range root.Members {
		switch {
		case m.Key == "$schema":
			c.one(m.Value, &field{kind: "uriref"})
		case slices.Contains(models, m.Key) && r.Model == "":
			r.Model = m.Key
			c.version(m.Value)
			c.assembly(m.Value, m.Key)
		default:
			c.Wrong(m.Value, text.M("there is no field %q here", m.Key))
		}
	}
	if r.Model == "" {
		c.Wrong(root, text.M("this is none of the models %s", strings.Join(models, ", ")))
	}
	r.Form, c.Problems = c.Problems, nil
	if r.Model != "" {
		c.resolve(r.Model)
		c.hashes(o)
	}
	r.Meaning = c.Problems
	for _, list := range []place.Problems{r.Form, r.Meaning} {
		slices.SortStableFunc(list, func(a, b place.Problem) int { return a.Line - b.Line })
	}
	return r, nil
}

// version refuses what this model is not.
func (c *checker) version(n *place.Node) {
	v := n.Get("metadata").Get("oscal-version")
	if v != nil && v.Kind == place.String && !slices.Contains([]string{"1.1.0", "1.1.1", "1.1.2", "1.1.3"}, v.Text) {
		c.Wrong(v, text.M("OSCAL %q is not 1.1.0 to 1.1.3", v.Text))
	}
}

// references are what a document defines and what it refers to.
type references struct {
	uuids map[string]*place.Node     // every uuid that something has
	kinds map[string]map[string]bool // by what has it: uuids, ids of roles
	uses  []use                      // what is referred to
	ids   []identified               // ids of controls and objectives
	twice []*place.Node
	files []*place.Node // resources
}

type use struct {
	at   *place.Node
	id   string
	kind string // of what must have it; empty: anything
}

type identified struct {
	at        *place.Node
	objective bool
	control   string // that it belongs to, where that is said
}

// targets say which field refers to what within the same document. References
// that may lead into an imported document are not among them.
var targets = map[string]string{
	"observation-uuid": "observation", "risk-uuid": "risk", "finding-uuid": "finding",
	"party-uuids": "party", "party-uuid": "party", "member-of-organizations": "party",
	"location-uuids": "location", "role-id": "role", "role-ids": "role",
	"response-uuid": "response",
}

// inModels are fields that refer within the document in some models only: another
// model imports what they refer to.
var inModels = map[string][]string{
	"component-uuid": {"system-security-plan", "component-definition"},
}

// owners name what an assembly is for those who refer to it.
var owners = map[string]string{
	"metadata/parties": "party", "metadata/locations": "location", "metadata/roles": "role",
	"system-component": "component", "defined-component": "component",
	"observation": "observation", "risk": "risk", "finding": "finding", "activity": "activity", "response": "response",
	"back-matter/resources": "resource",
}

func (r *references) note(n *place.Node, kind string) {
	if r.uuids == nil {
		r.uuids, r.kinds = map[string]*place.Node{}, map[string]map[string]bool{}
	}
	if owner := owners[kind]; owner != "" {
		if r.kinds[owner] == nil {
			r.kinds[owner] = map[string]bool{}
		}
		key := "uuid"
		if owner == "role" {
			key = "id"
		}
		if id := n.Get(key); id != nil {
			if r.kinds[owner][fold(id.Text)] && owner == "role" {
				r.twice = append(r.twice, id)
			}
			r.kinds[owner][fold(id.Text)] = true
		}
	}
	if id := n.Get("uuid"); id != nil && id.Kind == place.String {
		if r.uuids[fold(id.Text)] != nil {
			r.twice = append(r.twice, id)
		} else {
			r.uuids[fold(id.Text)] = id
		}
	}
	if kind == "back-matter/resources" {
		r.files = append(r.files, n)
	}
	for _, m := range n.Members {
		r.member(n, kind, m)
	}
}

// fold makes spellings of an id equal: UUIDs are written in either case.
func fold(id string) string {
	if uuidForm.MatchString(id) {
		return strings.ToLower(id)
	}
	return id
}

func (r *references) member(n *place.Node, kind string, m place.Member) {
	values := []*place.Node{m.Value}
	if m.Value.Kind == place.Array {
		values = m.Value.Items
	}
	for _, v := range values {
		if v.Kind != place.String {
			continue
		}
		target, ok := targets[m.Key]
		switch {
		case ok:
			r.uses = append(r.uses, use{v, fold(v.Text), target})
		case inModels[m.Key] != nil:
			r.uses = append(r.uses, use{v, fold(v.Text), m.Key})
		case m.Key == "href" && strings.HasPrefix(v.Text, "#"):
			r.uses = append(r.uses, use{v, fold(v.Text[1:]), ""})
		case m.Key == "control-id":
			r.ids = append(r.ids, identified{at: v})
		case m.Key == "objective-id", m.Key == "target-id":
			r.ids = append(r.ids, identified{at: v, objective: true})
		}
	}
	if m.Key == "statements" { // statements belong to the control beside them
		if control := n.Get("control-id"); control != nil {
			for _, s := range m.Value.Items {
				if id := s.Get("statement-id"); id != nil {
					r.ids = append(r.ids, identified{id, true, control.Text})
				}
			}
		}
	}
}

// resolve tells what refers to nothing, and ids that CMMC does not have.
func (c *checker) resolve(kind string) {
	for _, n := range c.refs.twice {
		c.Wrong(n, text.M("%q stands twice", n.Text))
	}
	for _, u := range c.refs.uses {
		models, limited := inModels[u.kind]
		switch {
		case limited && c.root.Get(kind).Get("import-component-definitions") != nil:
		case limited && !slices.Contains(models, kind):
		case limited && !c.refs.kinds["component"][u.id]:
			c.Wrong(u.at, text.M("this refers to nothing: no component has it"))
		case limited:
		case u.kind == "" && c.refs.uuids[u.id] == nil:
			c.Wrong(u.at, text.M("this refers to nothing: no part of the document has it"))
		case u.kind != "" && !c.refs.kinds[u.kind][u.id]:
			c.Wrong(u.at, text.M("this refers to nothing: no %s has it", u.kind))
		}
	}
	if !slices.ContainsFunc(c.refs.ids, func(i identified) bool { return known(i) }) && !strings.Contains(profile(c.root.Get(kind)), "cmmc") {
		return // of another catalog, which is not ours to know
	}
	for _, i := range c.refs.ids {
		switch {
		case !known(i):
			c.Wrong(i.at, text.M("CMMC has no %q", i.at.Text))
		case i.control != "" && !strings.HasPrefix(i.at.Text, i.control+"_obj."):
			c.Wrong(i.at, text.M("%q is no objective of %q", i.at.Text, i.control))
		}
	}
}

// profile is what a document is made against.
func profile(n *place.Node) string {
	if href := n.Get("import-profile").Get("href"); href != nil {
		return strings.ToLower(href.Text)
	}
	return ""
}

// known tells whether CMMC has such an id, in the spelling that OSCAL takes.
func known(i identified) bool {
	if q := catalog.Find(i.at.Text); q != nil {
		return q.CMMC == i.at.Text && !i.objective
	}
	o, ok := catalog.Index(i.at.Text)
	return ok && i.objective && catalog.OSCAL(o) == i.at.Text
}
