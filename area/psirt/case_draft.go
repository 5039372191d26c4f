package psirt

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cvss"
	"yagura/area/psirt/product"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Draft is the advisory that follows from a case, and what the case does not know yet.
type Draft struct {
	Document *csaf.Document
	Gaps     []text.Message
}

// DraftOf makes the advisory of a case in a language: names of products from the
// registry, statements from the matrix, remediations, and who wants to be thanked. A
// cell without an answer says nothing in it: it is a gap. publisher is the object
// document/publisher.
func (s *Service) DraftOf(ctx context.Context, by authz.Actor, caseID string, lang text.Lang, publisher *csaf.Value) (d Draft, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if _, err := working(tx, by, caseID); err != nil {
			return err
		}
		v, err := opening(tx, by, caseID)
		if err != nil {
			return err
		}
		r, err := s.room(tx, by, v)
		if err != nil {
			return err
		}
		var said []product.Range
		for _, row := range r.Ranges {
			if slices.ContainsFunc(r.Cells, func(c Cell) bool { return c.Range == row.ID && c.Answer != NoAnswer }) {
				said = append(said, row.Range)
			}
		}
		tree := &product.Tree{Value: csaf.NewObject()}
		if len(said) > 0 {
			if tree, err = Tree(tx, said, lang); err != nil {
				return err
			}
		}
		d = drafting{Room: r, lang: lang, tree: tree, now: tx.Now}.draft(publisher)
		return nil
	})
	return d, err
}

// PublicURL is the address of this installation, as it stands in what leaves the building.
func (s *Service) PublicURL() string { return s.p.PublicURL }

// drafting is a case on its way to a document.
type drafting struct {
	Room
	lang text.Lang
	tree *product.Tree
	now  time.Time
}

func (d drafting) in(en, ja string) string {
	if d.lang == text.JA && ja != "" {
		return ja
	}
	return en
}

func (d drafting) draft(publisher *csaf.Value) (out Draft) {
	gap := func(m text.Message) { out.Gaps = append(out.Gaps, m) }
	if n := d.Unanswered(); n > 0 {
		gap(text.M("%d cells have no answer yet. That is not the same as not affected.", n))
	}
	if len(d.Vulnerabilities) == 0 {
		gap(text.M("The case has no vulnerability"))
	}
	at := d.now.UTC().Truncate(time.Second).Format(time.RFC3339)
	doc := csaf.NewObject()
	if thanks := d.thanks(); len(thanks) > 0 {
		doc.Set("acknowledgments", csaf.NewArray(thanks...))
	}
	doc.SetText("category", "csaf_security_advisory").SetText("csaf_version", "2.0")
	doc.Set("distribution", csaf.NewObject().Set("tlp", csaf.NewObject().SetText("label", "WHITE").SetText("url", "https://www.first.org/tlp/")))
	doc.SetText("lang", string(d.lang))
	summary := d.Title
	if len(d.Vulnerabilities) > 0 {
		v := d.Vulnerabilities[0]
		summary = d.in(v.Description, v.DescriptionJA)
		if summary == "" {
			summary = v.Label(d.lang)
		}
	}
	doc.Set("notes", csaf.NewArray(csaf.NewObject().SetText("category", "summary").SetText("text", summary).SetText("title", d.in("Summary", "概要"))))
	if publisher != nil {
		doc.Set("publisher", publisher)
	}
	doc.SetText("title", d.Title)
	doc.Set("tracking", csaf.NewObject().SetText("current_release_date", at).SetText("id", d.Number).SetText("initial_release_date", at).
		Set("revision_history", csaf.NewArray(csaf.NewObject().SetText("date", at).SetText("number", "1").SetText("summary", d.in("First release", "初版")))).
		SetText("status", "draft").SetText("version", "1"))
	root := csaf.NewObject().Set("document", doc).Set("product_tree", d.tree.Value)
	list := csaf.NewArray()
	for _, v := range d.Vulnerabilities {
		if v.CVE == "" {
			gap(text.M("%s has no CVE ID", v.Label(d.lang)))
		}
		if v.CWE == "" {
			gap(text.M("%s has no CWE", v.Label(d.lang)))
		}
		if v.Description == "" {
			gap(text.M("%s is not described", v.Label(d.lang)))
		}
		list.Append(d.vulnerability(v))
	}
	if len(d.Vulnerabilities) > 0 {
		root.Set("vulnerabilities", list)
	}
	out.Document = csaf.New(root)
	return out
}

// thanks are the finders who want to be named.
func (d drafting) thanks() (list []*csaf.Value) {
	for _, r := range d.Reports {
		if r.Credit && r.Finder.Name != "" {
			list = append(list, csaf.NewObject().Set("names", csaf.NewArray(csaf.NewText(r.Finder.Name))).SetText("summary", d.in("reported it", "報告")))
		}
	}
	return list
}

// ids are the product ids of some rows.
func (d drafting) ids(rows func(RangeRow) bool) (ids []string) {
	for _, r := range d.Ranges {
		if !rows(r) {
			continue
		}
		for _, x := range d.tree.Of(r.Range) {
			if !slices.Contains(ids, x) {
				ids = append(ids, x)
			}
		}
	}
	return ids
}

func texts(list []string) *csaf.Value {
	a := csaf.NewArray()
	for _, s := range list {
		a.Append(csaf.NewText(s))
	}
	return a
}

func (d drafting) vulnerability(v Vulnerability) *csaf.Value {
	x := csaf.NewObject()
	if v.CVE != "" {
		x.SetText("cve", v.CVE)
	}
	if name, ok := csaf.CWEName(v.CWE); ok {
		x.Set("cwe", csaf.NewObject().SetText("id", v.CWE).SetText("name", name))
	}
	x.SetText("title", v.Label(d.lang))
	if said := d.in(v.Description, v.DescriptionJA); said != "" {
		x.Set("notes", csaf.NewArray(csaf.NewObject().SetText("category", "description").SetText("text", said)))
	}
	status, threats, flags := csaf.NewObject(), csaf.NewArray(), csaf.NewArray()
	for _, a := range []Answer{IsAffected, Fixed, NotAffected, Investigating} {
		if ids := d.ids(func(r RangeRow) bool { return d.Cell(v.ID, r.ID).Answer == a }); len(ids) > 0 {
			status.Set(string(a), texts(ids))
		}
	}
	for _, r := range d.Ranges {
		c := d.Cell(v.ID, r.ID)
		ids := d.tree.Of(r.Range)
		if c.Answer != NotAffected || len(ids) == 0 {
			continue
		}
		if c.Justification != "" {
			flags.Append(csaf.NewObject().SetText("label", c.Justification).Set("product_ids", texts(ids)))
		}
		if c.Note != "" {
			threats.Append(csaf.NewObject().SetText("category", "impact").SetText("details", c.Note).Set("product_ids", texts(ids)))
		}
	}
	affected := d.ids(func(r RangeRow) bool { return d.Cell(v.ID, r.ID).Answer == IsAffected })
	if !v.Exploited.IsZero() {
		threats.Append(csaf.NewObject().SetText("category", "exploit_status").SetText("details", d.in("It is known to be exploited.", "悪用が確認されています。")))
	}
	for key, list := range map[string]*csaf.Value{"flags": flags, "threats": threats} {
		if len(list.Items()) > 0 {
			x.Set(key, list)
		}
	}
	if len(status.Members()) > 0 {
		x.Set("product_status", status)
	}
	if fixes := d.remediations(v, affected); len(fixes) > 0 {
		x.Set("remediations", csaf.NewArray(fixes...))
	}
	if scores := d.scores(v, affected); scores != nil {
		x.Set("scores", csaf.NewArray(scores))
	}
	return x
}

func (d drafting) remediations(v Vulnerability, affected []string) (list []*csaf.Value) {
	for _, r := range d.Remedies {
		if r.Vulnerability != v.ID {
			continue
		}
		ids := affected
		if len(r.Ranges) > 0 {
			ids = d.ids(func(row RangeRow) bool { return slices.Contains(r.Ranges, row.ID) })
		}
		if len(ids) == 0 {
			continue
		}
		x := csaf.NewObject().SetText("category", string(r.Kind))
		if !r.Available.IsZero() {
			x.SetText("date", r.Available.UTC().Truncate(time.Second).Format(time.RFC3339))
		}
		x.SetText("details", d.in(r.Details, r.DetailsJA)).Set("product_ids", texts(ids))
		if r.URL != "" {
			x.SetText("url", r.URL)
		}
		list = append(list, x)
	}
	return list
}

// scores are what CSAF 2.0 has a place for: CVSS 2 and 3.
func (d drafting) scores(v Vulnerability, affected []string) *csaf.Value {
	x := csaf.NewObject()
	for _, s := range v.Vectors {
		vec, err := cvss.Parse(s)
		if err != nil || len(affected) == 0 {
			continue
		}
		score := strconv.FormatFloat(vec.BaseScore(), 'f', 1, 64)
		o := csaf.NewObject().Set("baseScore", csaf.NewNumber(score))
		switch version := vec.Version(); {
		case version == "2.0" && !x.Get("cvss_v2").Exists():
			x.Set("cvss_v2", o.SetText("vectorString", vec.String()).SetText("version", "2.0"))
		case strings.HasPrefix(string(version), "3.") && !x.Get("cvss_v3").Exists():
			o.SetText("baseSeverity", cvss.Severity(version, vec.BaseScore())).SetText("vectorString", vec.String()).SetText("version", string(version))
			x.Set("cvss_v3", o)
		}
	}
	if len(x.Members()) == 0 {
		return nil
	}
	return x.Set("products", texts(affected))
}
