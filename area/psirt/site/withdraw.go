package site

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
)

// End is why a document no longer holds.
type End struct {
	Reason string
	// Successor is the tracking id of the document that supersedes it, with the
	// address of that; without one the document is withdrawn.
	Successor, SuccessorURL string
	Version                 string // of the new revision; the next one where empty
}

// Withdraw makes the last revision of a document, which says that it no longer holds
// and why. CSAF 2.1 has profiles for that (withdrawn, superseded); 2.0 has none, so
// the same content stands in the base profile: no products, no vulnerabilities, the
// reason as a note with the title that 2.1 demands. What was said stays in the history.
func Withdraw(d *csaf.Document, end End, now time.Time) (*csaf.Document, error) {
	reason := strings.TrimSpace(end.Reason)
	if reason == "" {
		return nil, errors.New("a reason is missing")
	}
	if (end.Successor == "") != (end.SuccessorURL == "") {
		return nil, errors.New("a superseding document needs its id and its address")
	}
	root := d.Root().Clone()
	doc := root.Get("document")
	tracking := doc.Get("tracking")
	version, err := NextVersion(tracking.Get("version").Text())
	if err != nil {
		return nil, err
	}
	if end.Version != "" {
		version = end.Version
	}
	title, summary, word := "Reasoning for Withdrawal", "Withdrawn: "+reason, "Withdrawn"
	if end.Successor != "" {
		title, summary, word = "Reasoning for Supersession", "Superseded by "+end.Successor+": "+reason, "Superseded"
		refs := doc.Get("references")
		if refs == nil {
			refs = csaf.NewArray()
			doc.Set("references", refs)
		}
		refs.Append(csaf.NewObject().SetText("category", "external").SetText("summary", "Superseding Document: "+end.Successor).SetText("url", end.SuccessorURL))
	}
	notes := csaf.NewArray(csaf.NewObject().SetText("category", "description").SetText("text", reason).SetText("title", title))
	for _, n := range doc.Get("notes").Items() {
		if n.Get("category").Text() == "legal_disclaimer" {
			notes.Append(n)
		}
	}
	doc.SetText("category", "csaf_base").Set("notes", notes).SetText("title", word+": "+doc.Get("title").Text())
	doc.Delete("aggregate_severity")
	root.Delete("product_tree")
	root.Delete("vulnerabilities")
	at := now.UTC().Truncate(time.Second).Format(time.RFC3339)
	tracking.SetText("current_release_date", at).SetText("status", "final").SetText("version", version)
	tracking.Get("revision_history").Append(csaf.NewObject().SetText("date", at).SetText("number", version).SetText("summary", summary))
	return csaf.New(root), nil
}

// Withdrawn tells what Withdraw made.
func Withdrawn(d *csaf.Document) bool {
	for _, n := range d.Get("document", "notes").Items() {
		if t := n.Get("title").Text(); t == "Reasoning for Withdrawal" || t == "Reasoning for Supersession" {
			return d.Get("document", "category").Text() == "csaf_base" || strings.HasPrefix(d.Get("document", "category").Text(), "csaf_withdrawn") || d.Get("document", "category").Text() == "csaf_superseded"
		}
	}
	return false
}

// NextVersion is the version of the next revision that readers have to look at, by
// section 3.1.11: the next number, or the next major version.
func NextVersion(version string) (string, error) {
	major, rest, semantic := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	if err != nil || n < 0 {
		return "", fmt.Errorf("/document/tracking/version: %q is no version of CSAF", version)
	}
	if semantic && rest != "" {
		return strconv.Itoa(n+1) + ".0.0", nil
	}
	return strconv.Itoa(n + 1), nil
}
