package sbom

import (
	"strings"

	"github.com/package-url/packageurl-go"

	"yagura/area/psirt/cpe"
	"yagura/area/psirt/product"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Query asks for a component: by its name, a package URL or a CPE, and in a range of
// versions.
type Query struct {
	Name  string // "openssl"; the whole name, small or large letters
	PURL  *packageurl.PackageURL
	CPE   *cpe.Name
	Range product.Range
	text  string
}

// ParseQuery reads what somebody asks for and the range of versions, such as
// ">=3.0.0|<3.0.15"; empty is all. A version in a package URL is a range of that one.
func ParseQuery(what, versions string) (*Query, error) {
	what = strings.TrimSpace(what)
	q := &Query{text: what}
	var err error
	if q.Range, err = product.ParseVersions(versions); err != nil {
		return nil, fault.Invalid(fault.F("range", "A range is written like >=1.0.0|<1.2.3, <=1.2.3 or 1.2.3|1.2.5"))
	}
	if !q.Range.Serials.Any() {
		return nil, fault.Invalid(fault.F("range", "A range is written like >=1.0.0|<1.2.3, <=1.2.3 or 1.2.3|1.2.5"))
	}
	switch {
	case what == "":
		return nil, fault.Invalid(fault.F("component", "Please name a component"))
	case strings.HasPrefix(what, "pkg:"):
		p, err := packageurl.FromString(what)
		if err != nil {
			return nil, fault.Invalid(fault.F("component", "%s is no package URL: %s", what, text.Foreign(err.Error())))
		}
		if p.Version != "" && q.Range.All() {
			q.Range.Versions = []string{p.Version}
		}
		q.PURL = &p
	case strings.HasPrefix(what, "cpe:"):
		n, err := cpe.Parse(what)
		if err != nil {
			return nil, fault.Invalid(fault.F("component", "%s is no CPE: %s", what, text.Foreign(err.Error())))
		}
		if !n.Wild(cpe.Version) && n[cpe.Version] != cpe.NA && q.Range.All() {
			q.Range.Versions = []string{n.Text(cpe.Version)}
		}
		n[cpe.Version], n[cpe.Update] = cpe.Any, cpe.Any
		q.CPE = &n
	default:
		q.Name = what
	}
	return q, nil
}

// Keys are names in small letters, one of which every component asked for has as its
// own; none where that can't be said.
func (q *Query) Keys() []string {
	switch {
	case q.PURL != nil:
		return nil // its name there is often another than the component's
	case q.Name == "":
		return nil
	}
	name := strings.ToLower(q.Name)
	return []string{name, name[strings.LastIndexByte(name, '/')+1:]}
}

// Matches tells whether a component is what is asked for. sure is false where its
// version is not known or can't be ordered: it may be.
func (q *Query) Matches(c Component) (is, sure bool) {
	if !q.names(c) {
		return false, true
	}
	if q.Range.All() {
		return true, true
	}
	if c.Version == "" {
		return true, false
	}
	s := schemeFor(append(ends(q.Range), c.Version))
	if s.Kind == "" {
		return true, false
	}
	return q.Range.Holds(s, c.Version), true
}

func (q *Query) names(c Component) bool {
	switch {
	case q.PURL != nil:
		p, err := packageurl.FromString(c.PURL)
		return err == nil && c.PURL != "" && strings.EqualFold(p.Type, q.PURL.Type) && p.Name == q.PURL.Name && p.Namespace == q.PURL.Namespace
	case q.CPE != nil:
		n, err := cpe.Parse(c.CPE)
		return err == nil && q.CPE.Covers(n)
	}
	if strings.EqualFold(c.Name, q.Name) || c.Group != "" && strings.EqualFold(c.Group+"/"+c.Name, q.Name) {
		return true
	}
	return false
}

func ends(r product.Range) []string {
	var all []string
	for _, v := range append([]string{r.From, r.After, r.Before, r.Through}, r.Versions...) {
		if v != "" {
			all = append(all, v)
		}
	}
	return all
}

// schemeFor is how versions of a component are ordered: as semantic ones where all are
// such, else by their numbers and letters; "" where that can't be done.
func schemeFor(versions []string) product.Scheme {
next:
	for _, kind := range []product.Kind{product.Semver, product.Dotted, product.Lettered, product.Coded} {
		s := product.Scheme{Kind: kind}
		for _, v := range versions {
			if s.Check(v) != nil {
				continue next
			}
		}
		return s
	}
	return product.Scheme{}
}
