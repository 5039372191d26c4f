package telemetry

import (
	"slices"
	"strings"

	"yagura/area/telemetry/intake"
	"yagura/area/telemetry/intake/mask"
	"yagura/area/telemetry/intake/normalise"
	"yagura/kernel/fault"
)

// Before events become durable they get the names that rules know, and lose
// what is personal where their source says so: the journal holds nothing that
// is not meant to be kept. What comes twice this way, since the journal was
// full, is done once.

// dress does so with events of a source, in place.
func (s *Service) dress(src *Source, events []intake.Event) {
	names := normalise.Builtin()
	var m *mask.Mask
	if r := s.routes.Load(); r != nil {
		m = r.masks[src.ID]
	}
	for i := range events {
		e := &events[i]
		if e.Dressed {
			continue
		}
		e.Dressed = true
		if e.Problem == "" || e.Kind != "text" {
			doc, kind := names.Apply(e.Raw)
			if len(doc) != len(e.Raw) {
				if e.Original == nil {
					e.Original = e.Raw
				}
				e.Raw = doc
			}
			if kind != "" {
				e.Kind = kind
			}
		}
		if m != nil {
			*e = m.Event(*e)
		}
	}
}

// LogSource is what Sigma calls so: as the source's owner said it, else as it
// was recognised when the event came.
func (e Event) LogSource() (product, category, service string) {
	if e.Product != "" || e.Category != "" || e.Service != "" {
		return e.Product, e.Category, e.Service
	}
	l := normalise.LogSourceOf(e.Doc)
	return l.Product, l.Category, l.Service
}

// MaskMode says what becomes of personal values.
type MaskMode string

// The modes.
const (
	NoMask    MaskMode = ""
	Pseudonym MaskMode = "pseudonym" // the same value, the same pseudonym
	Removal   MaskMode = "removal"
)

// ParseMasks reads fields and patterns, one a line.
func ParseMasks(s string) (rules []string) {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(rules, line) {
			rules = append(rules, line)
		}
	}
	return rules
}

// mask is what the source's events go through; nil: nothing.
func (s Source) mask(key []byte) (*mask.Mask, error) {
	if s.MaskMode == NoMask || len(s.Masks) == 0 {
		return nil, nil
	}
	if s.MaskMode == Removal || len(key) == 0 {
		key = nil
	}
	return mask.New(s.Masks, key)
}

// checkMask names what is wrong with it.
func (s Source) checkMask(say func(fault.Field)) {
	switch s.MaskMode {
	case NoMask:
		return
	case Pseudonym, Removal:
	default:
		say(fault.F("mask_mode", "Choose what becomes of personal fields"))
		return
	}
	if len(s.Masks) == 0 {
		say(fault.F("masks", "Name the fields to be masked, one a line"))
	}
	if len(s.Masks) > 100 {
		say(fault.F("masks", "At most %d fields can be masked", 100))
	}
	for _, r := range s.Masks {
		if len(r) > 200 {
			say(fault.F("masks", "%s is too long", oneLine(r, 40)))
			return
		}
	}
	if _, err := mask.New(s.Masks, nil); err != nil {
		say(fault.F("masks", "This cannot be masked: %s", oneLine(err.Error(), 200)))
	}
}
