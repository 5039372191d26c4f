package psirt

import (
	"strings"
	"testing"
	"time"
)

// TestDerive holds the states against logs. A word is a kind, with about after a colon
// and data after an equals sign.
func TestDerive(t *testing.T) {
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		log  string
		want State
		sign string // what else holds: open closed restricted public urgent exploited embargo
	}{
		{"", Received, "open restricted"},
		{"opened reported:r1", Received, "open restricted"},
		{"reported:r1 acknowledged:r1", Acknowledged, "open restricted"},
		{"reported:r1 triaged=accepted", Accepted, "open restricted"},
		{"reported:r1 acknowledged:r1 triaged=accepted", Accepted, "open restricted"},
		{"triaged=not-a-vulnerability", NoVulnerability, "closed restricted"},
		{"triaged=duplicate", Duplicate, "closed restricted"},
		{"triaged=other-cna", OtherCNA, "closed restricted"},
		{"triaged=website", Website, "closed restricted"},
		{"acknowledged:r1 triaged=duplicate triage-undone", Acknowledged, "open restricted"},
		{"triaged=accepted vulnerability-added:v1", Accepted, "open"},
		{"triaged=accepted vulnerability-added:v1 id-assigned:v1", Numbered, "open"},
		{"triaged=accepted vulnerability-added:v1 id-assigned:v1 id-released:v1", Accepted, "open"},
		{"triaged=accepted vulnerability-added:v1 id-assigned:v1 asked:a", Assessing, "open"},
		{"triaged=accepted vulnerability-added:v1 asked:a id-assigned:v1", Assessing, "open"},
		{"triaged=accepted vulnerability-added:v1 asked:a remedy-planned:v1", Planned, "open"},
		{"triaged=accepted vulnerability-added:v1 asked:a remedy-planned:v1 measure-available:v1", FixReady, "open"},
		{"triaged=accepted vulnerability-added:v1 vulnerability-added:v2 measure-available:v1", Planned, "open"},
		{"triaged=accepted vulnerability-added:v1 vulnerability-added:v2 measure-available:v1 vulnerability-dropped:v2", FixReady, "open"},
		{"triaged=accepted vulnerability-added:v1 measure-available:v1 advisory-in-review", InReview, "open restricted"},
		{"triaged=accepted vulnerability-added:v1 measure-available:v1 advisory-in-review advisory-sent-back", FixReady, "open"},
		{"triaged=accepted vulnerability-added:v1 advisory-in-review", InReview, "open"},
		{"triaged=accepted advisory-in-review advisory-approved", Approved, "open restricted"},
		{"triaged=accepted advisory-in-review advisory-approved scheduled", Scheduled, "open restricted"},
		{"triaged=accepted scheduled advisory-in-review", InReview, "open"},
		{"triaged=accepted advisory-in-review advisory-approved scheduled disclosed", Published, "open public"},
		{"triaged=accepted embargo-set advisory-in-review advisory-approved disclosed", Published, "open public"},
		{"triaged=accepted disclosed advisory-in-review", Updating, "open public"},
		{"triaged=accepted disclosed advisory-in-review advisory-approved", Updating, "open public"},
		{"triaged=accepted disclosed advisory-in-review advisory-approved disclosed", Published, "open public"},
		{"triaged=accepted disclosed closed", Closed, "closed public"},
		{"triaged=accepted disclosed closed reopened", Published, "open public"},
		{"triaged=not-a-vulnerability closed", Closed, "closed restricted"},
		{"reported:r1 closed", Closed, "closed restricted"},
		{"embargo-set", Received, "restricted embargo"},
		{"embargo-set embargo-lifted", Received, "public"},
		{"embargo-lifted embargo-set", Received, "restricted embargo"},
		{"disclosed embargo-set", Received, "restricted embargo"},
		{"vulnerability-added:v1 exploited:v1", Received, "urgent exploited restricted"},
		{"triaged=accepted vulnerability-added:v1 exploited:v1 asked:a", Assessing, "urgent exploited"},
		{"triaged=accepted vulnerability-added:v1 exploited:v1 exploitation-retracted:v1", Accepted, "open"},
		{"triaged=accepted vulnerability-added:v1 exploited:v1 disclosed", Published, "exploited public"},
		{"triaged=accepted leaked", Accepted, "urgent restricted"},
		{"triaged=accepted disclosed-elsewhere", Accepted, "urgent restricted"},
		{"triaged=accepted leaked disclosed", Published, "public"},
		{"triaged=duplicate leaked", Duplicate, "closed restricted"},
	} {
		var log []Entry
		for i, w := range strings.Fields(c.log) {
			e := Entry{At: day.Add(time.Duration(i) * time.Hour), Happened: day.Add(time.Duration(i) * time.Hour), Until: day.AddDate(0, 1, 0)}
			w, e.Data, _ = strings.Cut(w, "=")
			w, e.About, _ = strings.Cut(w, ":")
			e.Kind = Kind(w)
			log = append(log, e)
		}
		s := Derive(log)
		if s.State != c.want {
			t.Errorf("%q is %s, not %s", c.log, s.State, c.want)
		}
		has := map[string]bool{"open": s.Open, "closed": !s.Open, "restricted": s.Restricted, "public": !s.Restricted, "urgent": s.Urgent, "exploited": s.Exploited, "embargo": !s.Embargo.IsZero()}
		for _, sign := range strings.Fields(c.sign) {
			if !has[sign] {
				t.Errorf("%q is not %s: %+v", c.log, sign, s)
			}
		}
		if s.Urgent && !strings.Contains(c.sign, "urgent") || s.Exploited && !strings.Contains(c.sign, "exploited") {
			t.Errorf("%q: %+v", c.log, s)
		}
	}
}
