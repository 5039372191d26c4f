package csaf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/cvss"
)

// Conversion says how a 2.0 document is made one of 2.1.
type Conversion struct {
	Now time.Time // for remediations that are dated ahead
	// Multiplier turns the publisher category other into multiplier.
	Multiplier bool
	// TLPFromText takes the label from a distribution text with "TLP v2.0: TLP:…".
	TLPFromText bool
	// Complete takes model and serial numbers and SKUs as written in full, so that no
	// star is added.
	Complete bool
}

// converter holds a conversion on its way (conformance clause 18 of 2.1).
type converter struct {
	Conversion
	run      *run
	warnings []Problem
}

func (c *converter) warn(path, format string, args ...any) {
	c.warnings = append(c.warnings, problem(path, format, args...))
}

// Convert makes a document of 2.0 one of 2.1. The document stays as it is. Warnings
// tell by their path in the original what was changed beyond the form, left out, or
// could not be told; what can't be made valid is told by validating the result.
func (d *Document) Convert(how Conversion) (*Document, []Problem, error) {
	if d.Version() != V20 {
		return nil, nil, errors.New("csaf: only documents of version 2.0 are converted")
	}
	if wrong := checkSchema(d, V20); len(wrong) > 0 {
		return nil, nil, fmt.Errorf("csaf: the document does not follow the schema of 2.0: %s: %s", wrong[0].Path, wrong[0].Message)
	}
	root := d.root.Clone()
	c := &converter{Conversion: how, run: newRun(d, V20, &Options{})}
	for _, p := range additionalProperties(c.run) {
		c.warn(p.Path, "the field is not of the standard and is left out")
		remove(root, p.Path)
	}
	root.Set("$schema", NewText("https://docs.oasis-open.org/csaf/csaf/v2.1/schema/csaf.json"))
	c.leap(root)
	c.document(root.Get("document"))
	c.tree(root)
	for i, v := range root.Get("vulnerabilities").Items() {
		c.vulnerability(v, c.run.vulns[i])
	}
	out := New(root)
	c.category(out)
	sortKeys(root)
	return out, c.warnings, nil
}

// remove takes out the value that a JSON pointer names.
func remove(root *Value, path string) {
	steps := strings.Split(strings.TrimPrefix(path, "/"), "/")
	v := root
	for _, step := range steps[:len(steps)-1] {
		if v.Kind() == Array {
			v = v.items[atoi(step)]
		} else {
			v = v.Get(step)
		}
	}
	v.Delete(strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[len(steps)-1]))
}

func atoi(s string) (n int) {
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func sortKeys(v *Value) {
	slices.SortStableFunc(v.members, func(a, b Member) int { return cmp.Compare(a.Key, b.Key) })
	for _, m := range v.members {
		sortKeys(m.Value)
	}
	for _, item := range v.items {
		sortKeys(item)
	}
}

// leap replaces leap seconds, which 2.1 does not know, by the moment before.
func (c *converter) leap(root *Value) {
	var visit func(v *Value, path string)
	visit = func(v *Value, path string) {
		for _, m := range v.Members() {
			if m.Value.kind == String && len(m.Value.text) > 19 && m.Value.text[17:19] == "60" && isDateTime(m.Value.text) == "" {
				zone := m.Value.text[strings.IndexAny(m.Value.text[19:], "Zz+-")+19:]
				c.warn(path+"/"+m.Key, "2.1 has no leap seconds: %s is replaced by the moment before", m.Value.text)
				m.Value.text = m.Value.text[:17] + "59.999999" + zone
			}
			visit(m.Value, path+"/"+m.Key)
		}
		for i, item := range v.Items() {
			visit(item, path+"/"+itoa(i))
		}
	}
	visit(root, "")
}

func (c *converter) document(d *Value) {
	d.SetText("csaf_version", "2.1")
	dist := d.Get("distribution")
	if dist == nil {
		dist = NewObject()
		d.Set("distribution", dist)
	}
	tlp := dist.Get("tlp")
	if tlp == nil {
		tlp = NewObject().SetText("label", "CLEAR")
		dist.Set("tlp", tlp)
		c.warn("/document/distribution/tlp", "no label was given: CLEAR is set")
	}
	label := tlp.Get("label").Text()
	if label == "WHITE" {
		label = "CLEAR"
	}
	if _, rest, ok := strings.Cut(dist.Get("text").Text(), "TLP v2.0: TLP:"); ok && c.TLPFromText {
		for _, said := range []string{"AMBER+STRICT", "AMBER", "CLEAR", "GREEN", "RED"} { // the longer one first
			if strings.HasPrefix(rest, said) {
				if said != label {
					c.warn("/document/distribution/tlp/label", "the label %s is taken from the text instead of %s", said, label)
				}
				label = said
				break
			}
		}
	}
	tlp.SetText("label", label)
	if p := d.Get("publisher"); p.Get("category").Text() == "other" {
		if c.Multiplier {
			p.SetText("category", "multiplier")
		} else {
			c.warn("/document/publisher/category", "some who were other are multiplier in 2.1")
		}
	}
	if id, title := d.Get("tracking", "id").Text(), d.Get("title").Text(); strings.Contains(title, id) {
		short := strings.Trim(strings.ReplaceAll(title, id, ""), " \t:-–—_()[]{}")
		if short != "" {
			d.SetText("title", short)
			c.warn("/document/title", "the tracking id is taken out of the title")
		}
	}
	var found []string
	for i, n := range d.Get("notes").Items() {
		text := strings.TrimSpace(n.Get("text").Text())
		terms, wrong := parseLicense(text)
		listed := wrong == "" && len(terms) > 0 && !slices.ContainsFunc(terms, func(t licenseTerm) bool { return !t.listed() })
		if n.Get("category").Text() == "legal_disclaimer" && listed {
			found = append(found, text)
			c.warn("/document/notes/"+itoa(i), "%q is a license expression", text)
		}
	}
	if len(found) == 1 {
		d.SetText("license_expression", found[0])
	}
}

// category decides whether a security advisory fulfils the stricter profile of 2.1.
func (c *converter) category(out *Document) {
	d := out.Get("document")
	r := newRun(out, V21, &Options{})
	switch {
	case r.category == "csaf_security_advisory" && len(profileAffected(r))+len(correspondingAffected(r)) > 0:
		d.SetText("category", "csaf_deprecated_security_advisory")
		c.warn("/document/category", "not every fixed product has an affected one: the profile is csaf_deprecated_security_advisory")
	case r.english():
		for _, p := range []struct{ word, profile, reason string }{
			{"superseded", "csaf_superseded", "Reasoning for Supersession"}, {"withdrawn", "csaf_withdrawn", "Reasoning for Withdrawal"}} {
			if !strings.HasPrefix(strings.ToLower(d.Get("title").Text()), p.word) && !strings.EqualFold(r.category, p.word) {
				continue
			}
			was := r.category
			d.SetText("category", p.profile)
			if !New(out.root).Validate(Options{}).Valid() {
				d.SetText("category", was)
				c.warn("/document/category", "the document seems to be %s; it lacks what the profile %s demands, such as the note %q", p.word, p.profile, p.reason)
			}
		}
	}
}

func (c *converter) vulnerability(v *Value, old *vulnerability) {
	rename := func(from, to string) *Value {
		value := v.Get(from)
		if value != nil {
			v.Delete(from)
			v.Set(to, value)
		}
		return value
	}
	rename("release_date", "disclosure_date")
	if w := v.Get("cwe"); w != nil {
		v.Delete("cwe")
		id, name := w.Get("id").Text(), strings.TrimSpace(w.Get("name").Text())
		at, _ := parseTime(c.run.tracking.Get("current_release_date").Text())
		version, ok := cwe().named(id, name, at)
		if !ok {
			version = CWEVersion()
			c.warn(old.path+"/cwe", "no version of CWE calls %s %q", id, name)
		}
		v.Set("cwes", NewArray(NewObject().SetText("id", id).SetText("name", name).SetText("version", version)))
	}
	var metrics []*Value
	for _, s := range v.Get("scores").Items() {
		content := NewObject()
		for _, field := range [...]string{"cvss_v2", "cvss_v3"} {
			if o := s.Get(field); o != nil {
				content.Set(field, o)
			}
		}
		metrics = append(metrics, NewObject().Set("content", content).Set("products", s.Get("products")))
	}
	v.Delete("scores")
	metrics = append(metrics, c.linked(v, old)...)
	unique := NewArray()
	for _, m := range metrics {
		if !slices.ContainsFunc(unique.items, m.Equal) {
			unique.Append(m)
		}
	}
	if len(unique.items) > 0 {
		v.Set("metrics", unique)
	}
	for i, n := range v.Get("notes").Items() {
		if n.Get("category").Text() == "other" && n.Get("title").Text() == "SSVC" {
			c.warn(old.path+"/notes/"+itoa(i), "the SSVC assessment in the note is not converted")
		}
	}
	for i, item := range v.Get("ids").Items() {
		if idSystems[item.Get("system_name").Text()] == nil {
			c.warn(old.path+"/ids/"+itoa(i), "%q may be no registered system", item.Get("system_name").Text())
		}
	}
	c.remediations(v, old)
}

// linked turns references to the calculator of CVSS 4.0 into scores of all affected
// products.
func (c *converter) linked(v *Value, old *vulnerability) (metrics []*Value) {
	for i, ref := range v.Get("references").Items() {
		rest, ok := strings.CutPrefix(ref.Get("url").Text(), "https://www.first.org/cvss/calculator/4")
		_, fragment, found := strings.Cut(rest, "#")
		if !ok || !found || ref.Get("category").Text() == "self" {
			continue
		}
		vector, err := cvss.Parse(fragment)
		_, affected := old.group("affected")
		if err != nil || vector.Version() != cvss.V4 || len(affected) == 0 {
			c.warn(old.path+"/references/"+itoa(i), "the CVSS 4.0 vector of the reference is not converted")
			continue
		}
		products := NewArray()
		for _, id := range affected {
			if !slices.Contains(products.Texts(), id) {
				products.Append(NewText(id))
			}
		}
		o := NewObject().SetText("version", "4.0").SetText("vectorString", vector.String()).
			Set("baseScore", NewNumber(fmt.Sprintf("%.1f", vector.Score()))).SetText("baseSeverity", vector.Severity())
		metrics = append(metrics, NewObject().Set("content", NewObject().Set("cvss_v4", o)).Set("products", products))
	}
	return metrics
}

// remediations makes fixes for what is not affected optional, and settles products
// that had a fix and none at the same time.
func (c *converter) remediations(v *Value, old *vulnerability) {
	items := v.Get("remediations").Items()
	if len(items) == 0 {
		return
	}
	in := old.groupsOf()
	fixed := map[string]string{} // by product: now or later, from vendor_fix
	for _, rem := range items {
		if rem.Get("category").Text() == "vendor_fix" {
			at, dated := parseTime(rem.Get("date").Text())
			for _, id := range c.run.of(rem) {
				if fixed[id] = "later"; dated && !at.After(c.Now) {
					fixed[id] = "now"
				}
			}
		}
	}
	none := map[string]bool{}
	for _, rem := range items {
		if rem.Get("category").Text() == "none_available" {
			for _, id := range c.run.of(rem) {
				none[id] = true
			}
		}
	}
	out := NewArray()
	for i, rem := range items {
		category := rem.Get("category").Text()
		parts := map[string][]string{}
		var order []string
		for _, id := range c.run.of(rem) {
			to := category
			switch {
			case category == "vendor_fix" && (slices.Contains(in[id], "not affected") || slices.Contains(in[id], "fixed")):
				to = "optional_patch"
			case category == "vendor_fix" && none[id] && fixed[id] == "later", category == "none_available" && fixed[id] == "now":
				to = ""
			case category == "none_available" && fixed[id] == "later":
				to = "fix_planned"
			}
			if parts[to] == nil {
				order = append(order, to)
			}
			if !slices.Contains(parts[to], id) {
				parts[to] = append(parts[to], id)
			}
		}
		if len(order) == 0 || len(order) == 1 && order[0] == category {
			out.Append(rem)
			continue
		}
		for _, to := range order {
			if to == "" {
				c.warn(old.path+"/remediations/"+itoa(i), "%s is left out for %s", category, strings.Join(parts[to], ", "))
				continue
			}
			if to != category {
				c.warn(old.path+"/remediations/"+itoa(i), "%s becomes %s for %s", category, to, strings.Join(parts[to], ", "))
			}
			part := rem.Clone()
			part.Delete("group_ids")
			part.SetText("category", to)
			ids := NewArray()
			for _, id := range parts[to] {
				ids.Append(NewText(id))
			}
			out.Append(part.Set("product_ids", ids))
		}
	}
	if len(out.items) == 0 {
		v.Delete("remediations")
		return
	}
	v.Set("remediations", out)
}
