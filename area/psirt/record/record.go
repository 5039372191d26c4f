// Package record makes CVE records from advisories and tells where the two disagree:
// the CNA rules want an advisory that does not contradict the record (4.5.2.3).
package record

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cve"
)

// IDs are the CVE IDs of an advisory, in its order.
func IDs(d *csaf.Document) (ids []cve.ID) {
	for _, v := range d.Get("vulnerabilities").Items() {
		if id, err := cve.ParseID(v.Get("cve").Text()); err == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Facts are what an advisory says of one vulnerability. page is where people read the
// advisory; it is the first reference of the record.
func Facts(d *csaf.Document, id cve.ID, page string) (cve.Facts, error) {
	v := vulnerability(d, id)
	if v == nil {
		return cve.Facts{}, fmt.Errorf("%s is not in the advisory", id)
	}
	doc := d.Get("document")
	lang := language(d)
	f := cve.Facts{Title: cut(cmp.Or(v.Get("title").Text(), doc.Get("title").Text()), 256), Advisory: d.ID(), Discovery: "UNKNOWN"}
	if at, ok := csaf.Instant(doc.Get("tracking", "initial_release_date").Text()); ok {
		f.Public = at
	}
	for _, category := range [...]string{"description", "summary", "details"} {
		for _, n := range v.Get("notes").Items() {
			if n.Get("category").Text() == category && len(f.Descriptions) == 0 {
				f.Descriptions = []cve.Text{{Lang: lang, Value: cut(n.Get("text").Text(), 4096)}}
			}
		}
	}
	for _, w := range append(v.Get("cwes").Items(), v.Get("cwe")) {
		if w.Exists() {
			f.Weaknesses = append(f.Weaknesses, cve.Weakness{CWE: w.Get("id").Text(), Name: []cve.Text{{Lang: "en", Value: w.Get("name").Text()}}})
		}
	}
	for _, vector := range vectors(v) {
		f.Scores = append(f.Scores, cve.Score{Vector: vector})
	}
	f.Products = products(d, v)
	if page != "" {
		f.References = append(f.References, cve.Reference{URL: page, Name: cut(d.ID(), 512), Tags: []string{"vendor-advisory"}})
	}
	for _, list := range [...]*csaf.Value{v.Get("references"), doc.Get("references")} {
		for _, r := range list.Items() {
			if u := r.Get("url").Text(); strings.HasPrefix(u, "http") && len(u) <= 2048 && utf8.RuneCountInString(u) > 8 {
				f.References = append(f.References, cve.Reference{URL: u, Name: cut(r.Get("summary").Text(), 512)})
			}
		}
	}
	for _, r := range v.Get("remediations").Items() {
		said := cve.Text{Lang: lang, Value: cut(r.Get("details").Text(), 4096)}
		switch r.Get("category").Text() {
		case "vendor_fix", "fix_planned":
			f.Solutions = once(f.Solutions, said)
		case "workaround", "mitigation":
			f.Workarounds = once(f.Workarounds, said)
		}
	}
	for _, list := range [...]*csaf.Value{v.Get("acknowledgments"), doc.Get("acknowledgments")} {
		for _, a := range list.Items() {
			for _, name := range a.Get("names").Texts() {
				if org := a.Get("organization").Text(); org != "" {
					name += " (" + org + ")"
				}
				f.Credits = once(f.Credits, cve.Credit{Name: cve.Text{Lang: lang, Value: cut(name, 4096)}, Part: "finder"})
			}
			if len(a.Get("names").Texts()) == 0 && a.Get("organization").Text() != "" {
				f.Credits = once(f.Credits, cve.Credit{Name: cve.Text{Lang: lang, Value: cut(a.Get("organization").Text(), 4096)}, Part: "finder"})
			}
		}
	}
	if len(f.Credits) > 0 {
		f.Discovery = "EXTERNAL"
	}
	return f, nil
}

// Make is the record of one vulnerability of an advisory.
func Make(d *csaf.Document, id cve.ID, page string) (*cve.Document, error) {
	f, err := Facts(d, id, page)
	if err != nil {
		return nil, err
	}
	return cve.Make(f)
}

func vulnerability(d *csaf.Document, id cve.ID) *csaf.Value {
	for _, v := range d.Get("vulnerabilities").Items() {
		if v.Get("cve").Text() == string(id) {
			return v
		}
	}
	return nil
}

// language is that of the advisory's texts, as a record writes it.
func language(d *csaf.Document) string { return cmp.Or(d.Get("document", "lang").Text(), "en") }

// vectors are the CVSS vectors of a vulnerability, each once, the newest version first.
func vectors(v *csaf.Value) (all []string) {
	for _, k := range [...]string{"cvss_v4", "cvss_v3", "cvss_v2"} {
		for _, s := range v.Get("scores").Items() {
			all = append(all, s.Get(k, "vectorString").Text())
		}
		for _, m := range v.Get("metrics").Items() {
			all = append(all, m.Get("content", k, "vectorString").Text())
		}
	}
	out := all[:0]
	for _, x := range all {
		if x != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// once adds what is not there yet: a record says nothing twice.
func once[T comparable](all []T, one T) []T {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// cut shortens a text to as many characters as the record allows.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
