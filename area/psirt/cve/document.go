// Package cve reads, checks, judges and makes CVE records of format 5.1 and 5.2,
// and keeps count of CVE IDs. Records are checked against the record format
// (Check) and the CNA Operational Rules 4.2.0 (Lint); Make writes the container
// of an advisory's facts. It knows neither a database nor a network: the client
// of the service that reserves IDs and publishes records is the package services,
// and the one that plays this service is simulator.
package cve

import (
	"errors"

	"yagura/kernel/text"
)

// Sort is what a document holds.
type Sort int

// The sorts of documents.
const (
	Container Sort = iota // what a CNA says of a public vulnerability
	Rejection             // what a CNA says of an ID that it rejects
	Record                // a whole record, as the service gives it out
	Draft                 // a container within a record that no service has seen
)

// Document is a CVE record, or the part of one that a CNA writes.
type Document struct {
	Sort Sort
	Root *Node

	path string // of the CNA's container
}

// Parse reads a document: a record, a container, or a container as it is sent to
// the service, within cnaContainer. A record without a state is a draft, as tools
// of CNAs keep them: its container alone counts.
func Parse(raw []byte) (*Document, error) {
	n, err := ParseJSON(raw)
	if err != nil {
		return nil, err
	}
	return Of(n)
}

// Of is the document in a node.
func Of(n *Node) (*Document, error) {
	if n.Kind != Object {
		return nil, errors.New("cve: $: a record or a container is an object")
	}
	d := &Document{Root: n, path: "$"}
	switch {
	case n.Get("containers") != nil || n.Get("cveMetadata") != nil || n.Get("dataType") != nil:
		d.Sort, d.path = Record, "$.containers.cna"
		meta := n.Get("cveMetadata")
		if (meta == nil || meta.Kind == Object) && meta.Get("state") == nil && meta.Get("assignerOrgId") == nil && n.Get("containers", "cna") != nil {
			d.Sort = Draft
		}
	case n.Get("cnaContainer") != nil && len(n.Members) == 1:
		d.path = "$.cnaContainer"
	}
	if c := d.CNA(); d.Sort == Container && c.Get("rejectedReasons") != nil {
		d.Sort = Rejection
	}
	return d, nil
}

// CNA is the container of the CNA; nil where a record has none.
func (d *Document) CNA() *Node {
	switch d.path {
	case "$":
		return d.Root
	case "$.cnaContainer":
		return d.Root.Get("cnaContainer")
	}
	return d.Root.Get("containers", "cna")
}

// Path is where the CNA's container stands.
func (d *Document) Path() string { return d.path }

// ID is the record's ID, where the document has one.
func (d *Document) ID() ID {
	id, _ := ParseID(d.Root.Str("cveMetadata", "cveId"))
	return id
}

// State is the state of a record: PUBLISHED, REJECTED or none.
func (d *Document) State() string { return d.Root.Str("cveMetadata", "state") }

// Rejects tells whether the document says why an ID is rejected.
func (d *Document) Rejects() bool {
	return d.Sort == Rejection || d.Sort == Record && d.State() == "REJECTED" || d.Sort == Draft && d.CNA().Get("rejectedReasons") != nil
}

// Check holds a document against the record format and tells every place where
// it breaks it; none where it is valid.
func (d *Document) Check() []Problem {
	f := &form{}
	container := published
	if d.Rejects() {
		container = rejected
	}
	switch d.Sort {
	case Record:
		switch d.State() {
		case "PUBLISHED":
			publishedRecord(f, d.Root, "$")
		case "REJECTED":
			rejectedRecord(f, d.Root, "$")
		default:
			f.wrong("$.cveMetadata.state", text.M("must be PUBLISHED or REJECTED"))
		}
	default:
		if d.Sort == Draft && d.Root.Get("cveMetadata", "cveId") != nil {
			cveID(f, d.Root.Get("cveMetadata", "cveId"), "$.cveMetadata.cveId")
		}
		container(f, d.CNA(), d.path)
	}
	return f.problems
}
