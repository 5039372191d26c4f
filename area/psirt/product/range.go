package product

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"yagura/kernel/fault"
)

// Range is what a statement is about: some or all versions of a product, on all its
// models or some, on a hardware revision or all, with some serial numbers or any.
// It refers to the registry by ids. Empty fields narrow nothing.
type Range struct {
	Product  string `json:"product"`
	Model    string `json:"model,omitempty"`    // one model
	Pattern  string `json:"pattern,omitempty"`  // or the models whose numbers fit; see ParsePattern
	Hardware string `json:"hardware,omitempty"` // a revision of the model

	From    string `json:"from,omitempty"`    // the first version
	After   string `json:"after,omitempty"`   // or the last that is not in it yet
	Before  string `json:"before,omitempty"`  // the first version that is not in it any more
	Through string `json:"through,omitempty"` // or the last that is in it
	// Versions are instead the very versions.
	Versions []string `json:"versions,omitempty"`

	Serials Serials `json:"serials,omitzero"`
}

// All tells a range of all versions.
func (r Range) All() bool {
	return r.From == "" && r.After == "" && r.Before == "" && r.Through == "" && len(r.Versions) == 0
}

// Key tells ranges apart: equal ranges have equal keys. It is made of ids and
// versions, never of names.
func (r Range) Key() string {
	parts := append([]string{r.Product, r.Model, r.Pattern, r.Hardware, r.From, r.After, r.Before, r.Through, r.Serials.String()}, r.Versions...)
	for i, p := range parts {
		parts[i] = strings.NewReplacer(`\`, `\\`, "|", `\|`).Replace(p)
	}
	return strings.Join(parts, "|")
}

// productID is the id in advisories of what has the key.
func productID(key string) string {
	sum := sha256.Sum256([]byte("yagura product 1|" + key))
	return "CSAFPID-" + base32.StdEncoding.EncodeToString(sum[:])[:12]
}

// Check says what is wrong with a range's versions, or nil. s orders them.
func (r Range) Check(s Scheme) error {
	if r.Product == "" {
		return fault.Invalidf("A range names its product")
	}
	if r.Model != "" && r.Pattern != "" {
		return fault.Invalidf("A range has either a model or a pattern, not both")
	}
	if r.Hardware != "" && r.Model == "" {
		return fault.Invalidf("A hardware revision is that of one model: please name the model too")
	}
	if r.Pattern != "" {
		if _, err := ParsePattern(r.Pattern); err != nil {
			return err
		}
	}
	if err := r.Serials.Check(); err != nil {
		return err
	}
	return r.checkVersions(s)
}

func (r Range) checkVersions(s Scheme) error {
	if r.From != "" && r.After != "" || r.Before != "" && r.Through != "" {
		return fault.Invalidf("A range has one beginning and one end")
	}
	for _, v := range append([]string{r.From, r.After, r.Before, r.Through}, r.Versions...) {
		if v == "" {
			continue
		}
		if err := s.Check(v); err != nil {
			return err
		}
	}
	low, high := r.From+r.After, r.Before+r.Through
	if len(r.Versions) > 0 {
		if low+high != "" {
			return fault.Invalidf("A range has either a list of versions or a beginning and an end, not both")
		}
		for i, v := range r.Versions {
			if v == "" {
				return fault.Invalidf("A version is missing")
			}
			for _, w := range r.Versions[:i] {
				if s.Compare(v, w) == 0 {
					return fault.Invalidf("The version %s stands twice", v)
				}
			}
		}
		return nil
	}
	if low != "" && high != "" {
		if c := s.Compare(low, high); c > 0 || c == 0 && (r.After != "" || r.Before != "") {
			return fault.Invalidf("There is no version from %s to %s", low, high)
		}
	}
	return nil
}

// Holds tells whether a version is in the range.
func (r Range) Holds(s Scheme, version string) bool {
	if len(r.Versions) > 0 {
		for _, v := range r.Versions {
			if s.Compare(v, version) == 0 {
				return true
			}
		}
		return false
	}
	switch {
	case r.From != "" && s.Compare(version, r.From) < 0,
		r.After != "" && s.Compare(version, r.After) <= 0,
		r.Before != "" && s.Compare(version, r.Before) >= 0,
		r.Through != "" && s.Compare(version, r.Through) > 0:
		return false
	}
	return true
}

// Text is the versions as the name of a branch writes them: vers:all/*, a version,
// or comparators with | between, without blanks.
func (r Range) Text(s Scheme) string {
	var parts []string
	for _, c := range []struct{ op, version string }{{">=", r.From}, {">", r.After}, {"<", r.Before}, {"<=", r.Through}} {
		if c.version != "" {
			parts = append(parts, c.op+s.Bare(c.version))
		}
	}
	for _, v := range r.Versions {
		parts = append(parts, s.Bare(v))
	}
	if len(parts) == 0 {
		return "vers:all/*"
	}
	return strings.Join(parts, "|")
}
