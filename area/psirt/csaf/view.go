package csaf

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/kernel/text"
)

// view is what a page of an advisory shows, in a language. The advisory's own words
// stay in the language they were written in.
type view struct {
	Lang, DocLang string
	Frame
	Title           string
	Facts           []fact
	Notes           []noteView
	Products        []string
	Vulnerabilities []vulnerabilityView
	References      []linkView
	Thanks          []string
	Revisions       []revisionView
	Words           map[string]string
}

type fact struct{ Name, Value string }

type noteView struct{ Title, Text string }

type linkView struct{ Text, URL string }

type scoreView struct{ Version, Score, Severity, Vector, Products string }

type statusView struct {
	Name, Class string
	Products    []string
}

type actionView struct{ Name, Text, URL, Products, Date string }

type vulnerabilityView struct {
	ID, Title    string
	Facts        []fact
	Notes        []noteView
	Status       []statusView
	Scores       []scoreView
	Remediations []actionView
	Threats      []actionView
	Flags        []actionView
	References   []linkView
	Thanks       []string
}

type revisionView struct{ Number, Date, Summary string }

// labels are the words for values of the standard.
var labels = map[string]text.Message{
	"draft": text.M("Draft"), "final": text.M("Final"), "interim": text.M("Interim"),
	"coordinator": text.M("Coordinator"), "discoverer": text.M("Discoverer"), "multiplier": text.M("Multiplier"), "other": text.M("Other"),
	"translator": text.M("Translator"), "user": text.M("User"), "vendor": text.M("Vendor"),
	"description": text.M("Description"), "details": text.M("Details"), "faq": text.M("Questions and answers"), "general": text.M("General"),
	"legal_disclaimer": text.M("Legal notice"), "summary": text.M("Summary"),
	"first_affected": text.M("First affected"), "first_fixed": text.M("First fixed"), "fixed": text.M("Fixed"),
	"known_affected": text.M("Affected"), "known_not_affected": text.M("Not affected"), "last_affected": text.M("Last affected"),
	"recommended": text.M("Recommended"), "under_investigation": text.M("Under investigation"), "unknown": text.M("Unknown"),
	"mitigation": text.M("Mitigation"), "no_fix_planned": text.M("No fix planned"), "none_available": text.M("No fix yet"),
	"vendor_fix": text.M("Fix"), "workaround": text.M("Workaround"), "fix_planned": text.M("Fix planned"), "optional_patch": text.M("Optional update"),
	"exploit_status": text.M("Exploitation"), "impact": text.M("Impact"), "target_set": text.M("Who is targeted"),
	"component_not_present":                             text.M("The component is not in the product"),
	"inline_mitigations_already_exist":                  text.M("The product prevents exploitation by itself"),
	"vulnerable_code_cannot_be_controlled_by_adversary": text.M("An attacker can't control the vulnerable code"),
	"vulnerable_code_not_in_execute_path":               text.M("The vulnerable code is never executed"),
	"vulnerable_code_not_present":                       text.M("The vulnerable code is not in the product"),
}

// headings are the words of a page.
var headings = map[string]text.Message{
	"id": text.M("ID"), "status": text.M("Status"), "version": text.M("Version§advisory"), "publisher": text.M("Publisher"), "contact": text.M("Contact"),
	"first": text.M("First released"), "current": text.M("Last updated"), "tlp": text.M("May be shared as"), "severity": text.M("Severity"),
	"products": text.M("Products"), "vulnerabilities": text.M("Vulnerabilities"), "references": text.M("References"), "thanks": text.M("Thanks"),
	"history": text.M("History§advisory"), "date": text.M("Date"), "change": text.M("Change§advisory"), "score": text.M("Score"), "vector": text.M("Vector"),
	"remedies": text.M("What to do"), "threats": text.M("Threats"), "why": text.M("Why not affected"), "cwe": text.M("Weakness"),
	"discovered": text.M("Discovered"), "disclosed": text.M("Disclosed"),
}

func label(lang text.Lang, value string) string {
	if m, ok := labels[value]; ok {
		return m.In(lang)
	}
	return value
}

// newView gathers a page. zone is where its dates are shown.
func newView(d *Document, lang text.Lang, zone *time.Location) *view {
	version := d.Version()
	if version != V21 {
		version = V20
	}
	r := newRun(d, version, &Options{})
	v := &view{Lang: string(lang), DocLang: r.document.Get("lang").Text(), Title: r.document.Get("title").Text(), Words: map[string]string{}}
	for k, m := range headings {
		v.Words[k] = m.In(lang)
	}
	date := func(s string) string {
		if t, ok := parseTime(s); ok {
			return t.In(zone).Format("2006-01-02 15:04 MST")
		}
		return s
	}
	add := func(facts *[]fact, name, value string) {
		if value != "" {
			*facts = append(*facts, fact{v.Words[name], value})
		}
	}
	t, p := r.tracking, r.document.Get("publisher")
	add(&v.Facts, "id", t.Get("id").Text())
	add(&v.Facts, "version", t.Get("version").Text())
	add(&v.Facts, "status", label(lang, t.Get("status").Text()))
	add(&v.Facts, "first", date(t.Get("initial_release_date").Text()))
	add(&v.Facts, "current", date(t.Get("current_release_date").Text()))
	add(&v.Facts, "publisher", p.Get("name").Text())
	add(&v.Facts, "contact", p.Get("contact_details").Text())
	if l := r.tlp(); l != "" {
		add(&v.Facts, "tlp", "TLP:"+l)
	}
	add(&v.Facts, "severity", r.document.Get("aggregate_severity", "text").Text())
	v.Notes = notesOf(r.document, lang)
	v.Products = r.allNames()
	for i, vuln := range r.vulns {
		v.Vulnerabilities = append(v.Vulnerabilities, r.vulnerabilityView(vuln, i, lang, v.Words, date))
	}
	v.References, v.Thanks = linksOf(r.document), thanksOf(r.document)
	for _, rev := range slices.Backward(r.revisions) {
		item := t.Get("revision_history").Items()[rev.index]
		v.Revisions = append(v.Revisions, revisionView{rev.number, date(item.Get("date").Text()), item.Get("summary").Text()})
	}
	return v
}

// allNames are the names of all products, each once.
func (r *run) allNames() (names []string) {
	for _, d := range r.products {
		if n := d.value.Get("name").Text(); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

func (r *run) names(ids []string) (names []string) {
	for _, id := range ids {
		name := id
		if at, ok := r.byID[id]; ok {
			name = r.products[at].value.Get("name").Text()
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func notesOf(v *Value, lang text.Lang) (notes []noteView) {
	for _, n := range v.Get("notes").Items() {
		title := n.Get("title").Text()
		if title == "" {
			title = label(lang, n.Get("category").Text())
		}
		notes = append(notes, noteView{title, n.Get("text").Text()})
	}
	return notes
}

func linksOf(v *Value) (links []linkView) {
	for _, ref := range v.Get("references").Items() {
		links = append(links, linkView{ref.Get("summary").Text(), ref.Get("url").Text()})
	}
	return links
}

func thanksOf(v *Value) (thanks []string) {
	for _, a := range v.Get("acknowledgments").Items() {
		var parts []string
		for _, s := range []string{strings.Join(a.Get("names").Texts(), ", "), a.Get("organization").Text(), a.Get("summary").Text()} {
			if s != "" {
				parts = append(parts, s)
			}
		}
		thanks = append(thanks, strings.Join(parts, " – "))
	}
	return thanks
}

func (r *run) vulnerabilityView(v *vulnerability, i int, lang text.Lang, words map[string]string, date func(string) string) vulnerabilityView {
	out := vulnerabilityView{ID: v.value.Get("cve").Text(), Title: v.value.Get("title").Text()}
	for _, id := range v.value.Get("ids").Items() {
		if out.ID == "" {
			out.ID = id.Get("text").Text()
		}
	}
	if out.ID == "" {
		out.ID = text.T(lang, "Vulnerability %d", i+1)
	}
	weaknesses := v.value.Get("cwes").Items()
	if w := v.value.Get("cwe"); w != nil {
		weaknesses = append(weaknesses, w)
	}
	for _, w := range weaknesses {
		out.Facts = append(out.Facts, fact{words["cwe"], w.Get("id").Text() + ": " + w.Get("name").Text()})
	}
	for name, fields := range map[string][]string{"discovered": {"discovery_date"}, "disclosed": {"release_date", "disclosure_date"}} {
		for _, f := range fields {
			if s := v.value.Get(f).Text(); s != "" {
				out.Facts = append(out.Facts, fact{words[name], date(s)})
			}
		}
	}
	slices.SortFunc(out.Facts, func(a, b fact) int { return strings.Compare(a.Name, b.Name) })
	out.Notes, out.References, out.Thanks = notesOf(v.value, lang), linksOf(v.value), thanksOf(v.value)
	for _, m := range v.value.Get("product_status").Members() {
		out.Status = append(out.Status, statusView{label(lang, m.Key), m.Key, r.names(m.Value.Texts())})
	}
	for _, c := range v.scores {
		s := scoreView{Version: "CVSS " + c.version(), Score: c.value.Get("baseScore").Literal(), Severity: c.value.Get("baseSeverity").Text(),
			Vector: c.value.Get("vectorString").Text(), Products: strings.Join(r.names(c.products), ", ")}
		if c.ok {
			s.Score, s.Severity = fmt.Sprintf("%.1f", c.vector.Score()), c.vector.Severity()
		}
		out.Scores = append(out.Scores, s)
	}
	actions := func(field, name string) (all []actionView) {
		for _, item := range v.value.Get(field).Items() {
			a := actionView{Name: label(lang, item.Get(name).Text()), Text: item.Get("details").Text(), URL: item.Get("url").Text(),
				Products: strings.Join(r.names(r.of(item)), ", ")}
			if s := item.Get("date").Text(); s != "" {
				a.Date = date(s)
			}
			if c := item.Get("restart_required", "category").Text(); c != "" && c != "none" {
				a.Text += "\n\n" + text.T(lang, "Restart needed: %s", strings.ReplaceAll(c, "_", " "))
			}
			all = append(all, a)
		}
		return all
	}
	out.Remediations, out.Threats, out.Flags = actions("remediations", "category"), actions("threats", "category"), actions("flags", "label")
	return out
}
