package fact

import "yagura/kernel/store"

// PsirtAdvisoryWritten is recorded for everything that is done to an advisory before
// it is public. It names it by an opaque id and says neither what it is about nor its
// number.
type PsirtAdvisoryWritten struct {
	Advisory string `json:"advisory"`
	Revision int64  `json:"revision"`
	Act      string `json:"act"` // made, saved, submitted, reviewed, returned, approved, scheduled, unscheduled, invited
	SHA256   string `json:"sha256,omitempty"`
}

// PsirtPublicationStepped is recorded for each step of a publication.
type PsirtPublicationStepped struct {
	Publication string `json:"publication"`
	Step        int64  `json:"step"`
	State       string `json:"state"`
}

// PsirtAdvisoryPublished is recorded when an advisory is public.
type PsirtAdvisoryPublished struct {
	Advisory string   `json:"advisory"`
	Number   string   `json:"number,omitempty"` // not of one that is not for everyone
	Version  string   `json:"version"`
	CVEs     []string `json:"cves,omitempty"`
	State    string   `json:"state"` // published, withdrawn, superseded
}

// PsirtAdvisoriesImported is recorded when advisories that others or earlier tools had
// published were taken over.
type PsirtAdvisoriesImported struct {
	Count  int    `json:"count"`
	SHA256 string `json:"sha256"` // of all their hashes in order
}

// PsirtSubscriberChanged is recorded when somebody was put on the list of those who get
// mails about advisories, wants other ones, or was taken off it.
type PsirtSubscriberChanged struct {
	Subscriber string `json:"subscriber"`
	Removed    bool   `json:"removed,omitempty"`
}

// PsirtSiteChecked is recorded when the public site was inspected.
type PsirtSiteChecked struct {
	Documents int `json:"documents"`
	Findings  int `json:"findings"`
}

// Heading implements store.Fact.
func (f PsirtAdvisoryWritten) Heading() store.Heading {
	return store.Heading{Kind: "psirt.advisory-" + f.Act, Subject: f.Advisory}
}

// Heading implements store.Fact.
func (f PsirtPublicationStepped) Heading() store.Heading {
	return store.Heading{Kind: "psirt.publication-stepped", Subject: f.Publication}
}

// Heading implements store.Fact.
func (f PsirtAdvisoryPublished) Heading() store.Heading {
	return store.Heading{Kind: "psirt.advisory-published", Subject: f.Advisory}
}

// Heading implements store.Fact.
func (f PsirtAdvisoriesImported) Heading() store.Heading {
	return store.Heading{Kind: "psirt.advisories-imported"}
}

// Heading implements store.Fact.
func (f PsirtSubscriberChanged) Heading() store.Heading {
	return store.Heading{Kind: "psirt.subscriber-changed", Subject: f.Subscriber}
}

// Heading implements store.Fact.
func (f PsirtSiteChecked) Heading() store.Heading {
	return store.Heading{Kind: "psirt.site-checked"}
}
