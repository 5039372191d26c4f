package psirt

import (
	"context"
	"errors"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// A program hands in an advisory as a whole text. What is wrong with it is named by its
// JSON pointer, what stands in the way of reading it by that of the value that was read.

// HandedIn is such a text.
type HandedIn struct {
	Raw    []byte
	Case   string // of a new advisory: opaque id; empty: of none
	Strict bool   // refuse it where it breaks the schema or a mandatory test; else it is kept, and the tests tell
}

func pointer(p string) string {
	if p == "" {
		return "/"
	}
	return p
}

func (h HandedIn) parse() (*csaf.Document, error) {
	if len(h.Raw) > LargestAdvisory {
		return nil, fault.Invalid(fault.F("/", "An advisory has at most %d bytes", LargestAdvisory))
	}
	d, err := csaf.Parse(h.Raw)
	if err != nil {
		place := ""
		if bad := (*csaf.SyntaxError)(nil); errors.As(err, &bad) {
			place = bad.Path
		}
		return nil, fault.Invalid(fault.F(pointer(place), "This is no JSON: %s", err.Error()))
	}
	if d.Version() != csaf.V20 {
		return nil, fault.Invalid(fault.F("/document/csaf_version", "Advisories are published as CSAF 2.0: csaf_version must be 2.0"))
	}
	if d.Get("document", "tracking").Kind() != csaf.Object {
		return nil, fault.Invalid(fault.F("/document/tracking", "There is no such object"))
	}
	return d, nil
}

// passes refuses a text that would not be published as it is.
func (s *Service) passes(a Advisory, d *csaf.Document, at time.Time) error {
	var wrong []fault.Field
	report := s.stamp(a, d, at).Validate(csaf.Options{Level: csaf.Basic, Now: at})
	for _, p := range report.Schema {
		wrong = append(wrong, fault.Field{Name: pointer(p.Path), Message: text.Literal(p.Message)})
	}
	for _, r := range report.Results {
		for _, p := range r.Errors {
			wrong = append(wrong, fault.Field{Name: pointer(p.Path), Message: text.Literal(r.Test.ID + ": " + p.Message)})
		}
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

// HandInAdvisory makes an advisory of a text, or of one that has an id its draft. A new one
// gets a number of ours in the place of its tracking id.
func (s *Service) HandInAdvisory(ctx context.Context, by authz.Actor, advisory string, version int64, h HandedIn) (a Advisory, err error) {
	d, err := h.parse()
	if err != nil {
		// Who may not work on it learns nothing by a text that can't be read.
		if advisory != "" {
			if bad := s.db.View(ctx, func(tx *store.Tx) error { _, err := workOn(tx, by, advisory, 0); return err }); bad != nil {
				return a, bad
			}
		}
		return a, err
	}
	if advisory == "" {
		if h.Strict {
			if err := s.passes(Advisory{Number: d.ID()}, d, s.db.Now()); err != nil {
				return a, err
			}
		}
		return s.DraftAdvisory(ctx, by, NewAdvisory{Case: h.Case, Document: d})
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if a, err = workOn(tx, by, advisory, version); err != nil {
			return err
		}
		if a.Stage != AdvisoryDrafting {
			return fault.Conflict("Only a draft can be changed: take it back first")
		}
		if d.ID() != a.Number {
			return fault.Invalid(fault.F("/document/tracking/id", "The tracking id must stay %s", a.Number))
		}
		if h.Strict {
			if err := s.passes(a, d, tx.Now); err != nil {
				return err
			}
		}
		a.Title, a.TLP, _ = aboutDocument(d)
		if err := saveAdvisory(tx, &a); err != nil {
			return err
		}
		return s.keepDraft(tx, by, &a, d, "saved")
	})
	return a, err
}
