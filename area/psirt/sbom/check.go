package sbom

import "yagura/kernel/text"

// whole looks at the bill as a whole and for the minimum elements that the NTIA of the
// USA names (2021): for each component supplier, name, version, another unique
// identifier and its relationships; for the bill its author and the time.
func (s *SBOM) whole() {
	if s.Author == "" {
		s.find(Warning, "/metadata", text.M("It is not said who made the bill"))
	}
	if s.Made.IsZero() {
		s.find(Warning, "/metadata", text.M("It is not said when the bill was made"))
	}
	if s.Subject.Name == "" {
		s.find(Warning, "/metadata", text.M("It is not said what the bill is about"))
	}
	if len(s.Components) == 0 {
		s.find(Warning, "/components", text.M("The bill has no components"))
	}
	for _, c := range s.Components {
		if c.Version == "" {
			s.find(Warning, c.Place, text.M("%s has no version", c.Name))
		}
		if c.Supplier == "" {
			s.find(Warning, c.Place, text.M("%s has no supplier", c.Name))
		}
		if c.PURL == "" && c.CPE == "" {
			s.find(Warning, c.Place, text.M("%s has neither a package URL nor a CPE: nobody can look it up", c.Name))
		}
		if !s.related[c.Ref] {
			s.find(Warning, c.Place, text.M("%s has no place among the dependencies", c.Name))
		}
	}
}

// Minimum tells for how many of the components all minimum elements are there, and
// whether those of the bill are.
func (s *SBOM) Minimum() (complete int, bill bool) {
	for _, c := range s.Components {
		if c.Name != "" && c.Version != "" && c.Supplier != "" && (c.PURL != "" || c.CPE != "") && s.related[c.Ref] {
			complete++
		}
	}
	return complete, s.Author != "" && !s.Made.IsZero()
}

// Errors is the number of findings that are errors.
func (s *SBOM) Errors() (n int) {
	for _, f := range s.Findings {
		if f.Level == Error {
			n++
		}
	}
	return n
}
