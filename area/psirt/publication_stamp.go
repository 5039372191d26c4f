package psirt

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cve"
	"yagura/area/psirt/record"
)

// stamp makes of an approved text what is published at an instant: nothing but the dates
// of the revision, the status, and the address of the document itself, which follow from
// when it is published.
func (s *Service) stamp(a Advisory, d *csaf.Document, at time.Time) *csaf.Document {
	root := d.Root().Clone()
	tracking := root.Get("document", "tracking")
	when := at.UTC().Truncate(time.Second).Format(time.RFC3339)
	if tracking.Get("status").Text() == "draft" {
		tracking.SetText("status", "final")
	}
	tracking.SetText("current_release_date", when)
	history := tracking.Get("revision_history").Items()
	for _, h := range history {
		if h.Get("number").Text() == tracking.Get("version").Text() {
			h.SetText("date", when)
		}
	}
	if a.Live == 0 && !a.Imported && len(history) <= 1 {
		tracking.SetText("initial_release_date", when)
	}
	initial, ok := csaf.Instant(tracking.Get("initial_release_date").Text())
	if !ok {
		initial = at
	}
	for _, r := range root.Get("document", "references").Items() {
		if u := r.Get("url").Text(); r.Get("category").Text() == "self" && s.pub.URL != "" && strings.HasPrefix(u, s.pub.URL+"/") && strings.HasSuffix(u, ".json") {
			r.SetText("url", s.selfURL(a.Number, a.TLP, initial))
		}
	}
	return csaf.New(root)
}

// selfURL is where the document of an advisory is found, once it is public.
func (s *Service) selfURL(number, tlp string, initial time.Time) string {
	folder := "csaf/white"
	if tlp != "WHITE" {
		folder = "restricted/" + strings.ToLower(tlp)
	}
	return fmt.Sprintf("%s/%s/%d/%s", s.pub.URL, folder, initial.UTC().Year(), csaf.Filename(number))
}

// pageURL is where people read an advisory; empty for those that are not for everyone,
// of which there is no page.
func (s *Service) pageURL(number, tlp string) string {
	if !forEveryone(tlp) || s.pub.URL == "" {
		return ""
	}
	return s.pub.URL + "/en/advisories/" + strings.TrimSuffix(csaf.Filename(number), ".json") + ".html"
}

// unfit names what keeps a text from being published at an instant.
func (s *Service) unfit(a Advisory, d *csaf.Document, at time.Time) (problems []string) {
	report := s.stamp(a, d, at).Validate(csaf.Options{Level: csaf.Basic, Now: at})
	for _, p := range report.Schema {
		problems = append(problems, p.Path+": "+p.Message)
	}
	for _, r := range report.Results {
		for _, p := range r.Errors {
			problems = append(problems, r.Test.ID+" "+p.Path+": "+p.Message)
		}
	}
	return problems
}

// RecordView is the CVE record of one vulnerability as it will be published, with what is
// wrong with it.
type RecordView struct {
	ID       cve.ID
	Text     string
	Problems []string // against the format and the binding rules
	Differs  []record.Difference
}

// records makes the records of an advisory.
func (s *Service) records(d *csaf.Document, tlp string, now time.Time) (all []RecordView) {
	page := s.pageURL(d.ID(), tlp)
	for _, id := range record.IDs(d) {
		v := RecordView{ID: id}
		r, err := record.Make(d, id, page)
		if err != nil {
			v.Problems = []string{err.Error()}
			all = append(all, v)
			continue
		}
		v.Text = string(r.Root.Indent())
		for _, p := range r.Check() {
			if !strings.HasPrefix(p.Message.String(), "providerMetadata ") { // the service fills it in
				v.Problems = append(v.Problems, p.Path+": "+p.Message.String())
			}
		}
		for _, f := range r.Lint(now.Add(time.Minute)) {
			if id.Rehearsal() && f.Clause == "5.1.10" { // whose site nobody outside need reach
				continue
			}
			if f.Level.Binding() {
				v.Problems = append(v.Problems, f.Clause+" "+f.Path+": "+f.Message.String())
			}
		}
		v.Differs = record.Disagree(d, id, r, page)
		all = append(all, v)
	}
	return all
}

// rehearsing tells whether an advisory has IDs that are for rehearsals.
func rehearsing(d *csaf.Document) bool {
	return slices.ContainsFunc(record.IDs(d), cve.ID.Rehearsal)
}
