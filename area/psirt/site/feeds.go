package site

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/kernel/text"
)

// atom is the feed of the newest advisories in a language.
func (b *build) atom(open []*entry, lang text.Lang) ([]byte, error) {
	type link struct {
		Rel  string `xml:"rel,attr"`
		Type string `xml:"type,attr,omitempty"`
		HRef string `xml:"href,attr"`
	}
	type name struct {
		Name string `xml:"name"`
	}
	type item struct {
		ID        string `xml:"id"`
		Title     string `xml:"title"`
		Published string `xml:"published"`
		Updated   string `xml:"updated"`
		Links     []link `xml:"link"`
		Summary   string `xml:"summary,omitempty"`
	}
	type feed struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		Lang    string   `xml:"xml:lang,attr"`
		ID      string   `xml:"id"`
		Title   string   `xml:"title"`
		Updated string   `xml:"updated"`
		Author  name     `xml:"author"`
		Links   []link   `xml:"link"`
		Entries []item   `xml:"entry"`
	}
	c := &b.site.config
	home := c.URL + "/" + string(lang) + "/"
	f := feed{Lang: string(lang), ID: home, Title: c.name(lang), Updated: b.state.Changed.Format(time.RFC3339), Author: name{c.Publisher.Name},
		Links: []link{{"self", "application/atom+xml", home + "feed.xml"}, {"alternate", "text/html", home}}}
	for _, e := range open[:min(newest, len(open))] {
		f.Entries = append(f.Entries, item{ID: b.at(e.path), Title: e.id + ": " + e.title, Published: e.published.Format(time.RFC3339), Updated: e.current.UTC().Format(time.RFC3339),
			Links: []link{{"alternate", "text/html", home + "advisories/" + e.stem() + ".html"}, {"related", "application/json", b.at(e.path)}}, Summary: clean(e.summary)})
	}
	var buf bytes.Buffer
	buf.WriteString(xml.Header)
	enc := xml.NewEncoder(&buf)
	enc.Indent("", " ")
	err := enc.Encode(f)
	buf.WriteByte('\n')
	return buf.Bytes(), err
}

// clean is a text without the characters that XML can't hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}

// indexed is an advisory in advisories.json, from which the server also searches.
type indexed struct {
	ID        string         `json:"id"`
	Title     string         `json:"title"`
	Lang      string         `json:"lang,omitempty"`
	Page      string         `json:"page"` // without the language
	CSAF      string         `json:"csaf"`
	Published time.Time      `json:"published"`
	Updated   time.Time      `json:"updated"`
	Version   string         `json:"version"`
	Score     float64        `json:"score,omitempty"`
	Severity  string         `json:"severity,omitempty"`
	CVEs      []string       `json:"cves"`
	Products  []indexProduct `json:"products"`
}

type indexProduct struct {
	Name string `json:"name"`
	Slug string `json:"slug"`
}

func (b *build) index(open []*entry) error {
	all := make([]indexed, len(open))
	for i, e := range open {
		all[i] = indexed{e.id, e.title, e.lang, "advisories/" + e.stem() + ".html", address(e.path), e.published, e.current.UTC(), e.version, e.score, e.severity, append([]string{}, e.cves...), []indexProduct{}}
		for _, p := range e.products {
			all[i].Products = append(all[i].Products, indexProduct{p.String(), p.slug})
		}
	}
	return b.json(public+"/advisories.json", map[string]any{"advisories": all})
}

// osv is an advisory in the form of OSV 1.7, as far as that form has a place for it:
// its list of ecosystems knows no devices, so products stand by their names alone.
func (b *build) osv(e *entry) ([]byte, error) {
	o := csaf.NewObject().SetText("schema_version", "1.7.3").SetText("id", e.id).
		SetText("published", e.initial.UTC().Format(time.RFC3339)).SetText("modified", e.current.UTC().Format(time.RFC3339)).SetText("summary", e.title)
	if e.summary != "" {
		o.SetText("details", e.summary)
	}
	var cves []*csaf.Value
	for _, c := range e.cves {
		cves = append(cves, csaf.NewText(c))
	}
	if len(cves) == 1 { // several vulnerabilities are no aliases of each other
		o.Set("aliases", csaf.NewArray(cves...))
	} else if len(cves) > 1 {
		o.Set("upstream", csaf.NewArray(cves...))
	}
	severity := csaf.NewArray()
	seen := map[string]bool{}
	for _, v := range e.doc.Get("vulnerabilities").Items() {
		for _, s := range v.Get("scores").Items() {
			for _, k := range [...][2]string{{"cvss_v3", "CVSS_V3"}, {"cvss_v2", "CVSS_V2"}} {
				if vector := s.Get(k[0], "vectorString").Text(); vector != "" && !seen[k[1]] { // OSV has one of a kind
					seen[k[1]] = true
					severity.Append(csaf.NewObject().SetText("type", k[1]).SetText("score", vector))
				}
			}
		}
	}
	if len(severity.Items()) > 0 && len(cves) < 2 {
		o.Set("severity", severity)
	}
	affected := csaf.NewArray()
	versions := affectedVersions(e.doc)
	for _, p := range e.products {
		item := csaf.NewObject().Set("package", csaf.NewObject().SetText("name", p.String()))
		list := csaf.NewArray()
		for _, id := range p.ids {
			if v := versions[id]; v != "" {
				list.Append(csaf.NewText(v))
			}
		}
		if len(list.Items()) > 0 {
			affected.Append(item.Set("versions", list))
		}
	}
	if len(affected.Items()) > 0 {
		o.Set("affected", affected)
	}
	refs := csaf.NewArray(csaf.NewObject().SetText("type", "ADVISORY").SetText("url", b.at(e.page("en"))))
	for _, r := range e.doc.Get("document", "references").Items() {
		if u := r.Get("url").Text(); strings.HasPrefix(u, "http") {
			refs.Append(csaf.NewObject().SetText("type", "WEB").SetText("url", u))
		}
	}
	o.Set("references", refs)
	return csaf.New(o).Encode(), nil
}

// affectedVersions are the names of the affected products by their ids.
func affectedVersions(d *csaf.Document) map[string]string {
	names := productNames(d)
	out := map[string]string{}
	for _, v := range d.Get("vulnerabilities").Items() {
		for _, field := range [...]string{"known_affected", "first_affected", "last_affected"} {
			for _, id := range v.Get("product_status", field).Texts() {
				out[id] = names[id]
			}
		}
	}
	return out
}

// productNames are the full names of all products by their ids.
func productNames(d *csaf.Document) map[string]string {
	names := map[string]string{}
	tree := d.Get("product_tree")
	var walk func(v *csaf.Value)
	walk = func(v *csaf.Value) {
		for _, br := range v.Items() {
			if p := br.Get("product"); p != nil {
				names[p.Get("product_id").Text()] = p.Get("name").Text()
			}
			walk(br.Get("branches"))
		}
	}
	walk(tree.Get("branches"))
	for _, p := range tree.Get("full_product_names").Items() {
		names[p.Get("product_id").Text()] = p.Get("name").Text()
	}
	for _, r := range tree.Get("relationships").Items() {
		names[r.Get("full_product_name", "product_id").Text()] = r.Get("full_product_name", "name").Text()
	}
	return names
}

func vexPath(p *product) string { return public + "/vex/" + p.slug + ".json" }

// vexStatus is the status of OpenVEX for one of CSAF.
var vexStatus = map[string]string{"known_affected": "affected", "first_affected": "affected", "last_affected": "affected",
	"fixed": "fixed", "first_fixed": "fixed", "known_not_affected": "not_affected", "under_investigation": "under_investigation"}

// openVEX gathers what all advisories say of one product, as an OpenVEX 0.2.0 document.
// It is no CSAF document, so it has no place in the CSAF feeds. What lacks the reason
// or the action that OpenVEX demands is left out; nil where nothing is left.
func (b *build) openVEX(p *product, docs []*entry) ([]byte, error) {
	type vulnerability struct {
		Name string `json:"name"`
	}
	type item struct {
		ID string `json:"@id"`
	}
	type statement struct {
		Vulnerability vulnerability `json:"vulnerability"`
		Timestamp     time.Time     `json:"timestamp"`
		Products      []item        `json:"products"`
		Status        string        `json:"status"`
		Notes         string        `json:"status_notes,omitempty"`
		Justification string        `json:"justification,omitempty"`
		Impact        string        `json:"impact_statement,omitempty"`
		Action        string        `json:"action_statement,omitempty"`
	}
	var all []statement
	newestAt := time.Time{}
	for _, e := range docs {
		var ids []string
		for _, own := range e.products {
			if own.slug == p.slug {
				ids = own.ids
			}
		}
		names := productNames(e.doc)
		groups := groupsOf(e.doc)
		for _, v := range e.doc.Get("vulnerabilities").Items() {
			cve := v.Get("cve").Text()
			if cve == "" {
				continue
			}
			for _, m := range v.Get("product_status").Members() {
				status := vexStatus[m.Key]
				if status == "" {
					continue
				}
				for _, id := range m.Value.Texts() {
					if !slices.Contains(ids, id) {
						continue
					}
					s := statement{Vulnerability: vulnerability{cve}, Timestamp: e.current.UTC(), Status: status,
						Products: []item{{b.site.config.URL + "/en/products/" + p.slug + ".html#" + id}}, Notes: names[id] + " – " + e.id}
					switch status {
					case "not_affected":
						s.Justification = about(v, "flags", "label", "", id, groups)
						s.Impact = about(v, "threats", "details", "impact", id, groups)
						if s.Justification == "" && s.Impact == "" {
							continue
						}
					case "affected":
						if s.Action = about(v, "remediations", "details", "", id, groups); s.Action == "" {
							continue
						}
					}
					all = append(all, s)
					if e.current.After(newestAt) {
						newestAt = e.current
					}
				}
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	c := &b.site.config
	return encode(map[string]any{"@context": "https://openvex.dev/ns/v0.2.0", "@id": b.at(vexPath(p)), "author": c.Publisher.Name,
		"role": c.Publisher.Category, "timestamp": newestAt.UTC(), "version": newestAt.Unix(), "statements": all})
}

// about is what a list of a vulnerability says of a product.
func about(v *csaf.Value, list, field, category, id string, groups map[string][]string) string {
	var said []string
	for _, i := range v.Get(list).Items() {
		if category != "" && i.Get("category").Text() != category {
			continue
		}
		hit := slices.Contains(i.Get("product_ids").Texts(), id)
		for _, g := range i.Get("group_ids").Texts() {
			hit = hit || slices.Contains(groups[g], id)
		}
		if hit && !slices.Contains(said, i.Get(field).Text()) {
			said = append(said, i.Get(field).Text())
			if list == "flags" {
				break // one reason is enough, and there is a place for one
			}
		}
	}
	return strings.Join(said, "\n\n")
}

func groupsOf(d *csaf.Document) map[string][]string {
	groups := map[string][]string{}
	for _, g := range d.Get("product_tree", "product_groups").Items() {
		groups[g.Get("group_id").Text()] = g.Get("product_ids").Texts()
	}
	return groups
}
