// Package sbom reads software bills of materials in CycloneDX, JSON and XML, versions
// 1.0 to 1.7: which components a firmware is made of, what is wrong with how they are
// named, and whether one is what somebody asks for. It trusts no file: size, depth and
// number are bounded, archives and document types are refused.
package sbom

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"

	"yagura/area/psirt/cpe"
	"yagura/area/psirt/csaf"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// The limits of a file.
const (
	MaxSize       = 16 << 20
	MaxComponents = 50000
	maxDepth      = 200 // of elements, and of objects and arrays
)

// SBOM is a bill that was read.
type SBOM struct {
	Format     string // json or xml
	Version    string // of CycloneDX
	Serial     string
	Made       time.Time // zero: not said
	Author     string    // who made it: a person, an organisation or a tool
	Subject    Component // what it is about
	Components []Component
	Findings   []Finding // in the order of their places
	related    map[string]bool
}

// Component is one that is in it.
type Component struct {
	Place    string `json:"place"` // where in the file: /components/3
	Ref      string `json:"ref,omitempty"`
	Type     string `json:"type"`
	Group    string `json:"group,omitempty"`
	Name     string `json:"name"`
	Version  string `json:"version,omitempty"`
	PURL     string `json:"purl,omitempty"` // canonical; empty where it was wrong
	CPE      string `json:"cpe,omitempty"`  // empty where it was wrong
	Supplier string `json:"supplier,omitempty"`
	License  string `json:"license,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
}

// Level says how bad a finding is.
type Level string

// The levels: an error is a name that can't be used, a warning is missing or doubtful.
const (
	Error   Level = "error"
	Warning Level = "warning"
)

// Finding is something wrong with a bill.
type Finding struct {
	Level   Level
	Place   string
	Message text.Message
}

// Read reads a bill. It fails where the file is none; mistakes within are findings.
func Read(r io.Reader) (*SBOM, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxSize {
		return nil, fault.Invalidf("The file is larger than %d MB", MaxSize>>20)
	}
	return Parse(raw)
}

// Parse is Read of bytes.
func Parse(raw []byte) (*SBOM, error) {
	body := bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\ufeff")), " \t\r\n")
	s := &SBOM{related: map[string]bool{}}
	var bom cyclonedx.BOM
	switch {
	case len(body) == 0:
		return nil, fault.Invalidf("The file is empty")
	case bytes.HasPrefix(body, []byte("PK\x03\x04")), bytes.HasPrefix(body, []byte("\x1f\x8b")), bytes.HasPrefix(body, []byte("BZh")), bytes.HasPrefix(body, []byte("\xfd7zXZ")), bytes.HasPrefix(body, []byte("(\xb5/\xfd")):
		return nil, fault.Invalidf("The file is an archive; please unpack it and bring the bill of materials itself")
	case body[0] == '{':
		s.Format = "json"
		if err := scanJSON(body); err != nil {
			return nil, err
		}
		if err := cyclonedx.NewBOMDecoder(bytes.NewReader(body), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
			return nil, unread(err)
		}
	case body[0] == '<':
		s.Format = "xml"
		if err := scanXML(body); err != nil {
			return nil, err
		}
		if err := cyclonedx.NewBOMDecoder(bytes.NewReader(body), cyclonedx.BOMFileFormatXML).Decode(&bom); err != nil {
			return nil, unread(err)
		}
		if bom.SpecVersion == 0 {
			return nil, fault.Invalidf("This version of CycloneDX is not known: %s", bom.XMLNS)
		}
	default:
		return nil, fault.Invalidf("The file is neither JSON nor XML")
	}
	s.Version = bom.SpecVersion.String()
	return s, s.take(&bom)
}

func unread(err error) error {
	if errors.Is(err, cyclonedx.ErrInvalidSpecVersion) {
		return fault.Invalidf("This version of CycloneDX is not known: %s", text.Foreign(err.Error()))
	}
	return fault.Invalidf("The file is no CycloneDX: %s", text.Foreign(err.Error()))
}

// scanJSON refuses what is no bill before it is read into memory: other documents, keys
// that stand twice, what is too deep.
func scanJSON(body []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fault.Invalidf("The file has more than %d levels", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	d, err := csaf.Parse(body)
	if err != nil {
		return fault.Invalidf("The file can't be read: %s", text.Foreign(err.Error()))
	}
	if format := d.Get("bomFormat").Text(); format != "CycloneDX" {
		return fault.Invalidf("The file is no CycloneDX: it has no bomFormat that says so")
	}
	return nil
}

// scanXML does the same for XML. A document type could define entities that grow without
// end, and is refused.
func scanXML(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	depth := 0
	for first := true; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Invalidf("The file can't be read: %s", text.Foreign(err.Error()))
		}
		switch e := token.(type) {
		case xml.Directive:
			return fault.Invalidf("The file has a document type, which is refused")
		case xml.StartElement:
			if first && (e.Name.Local != "bom" || !strings.HasPrefix(e.Name.Space, "http://cyclonedx.org/schema/bom/")) {
				return fault.Invalidf("The file is no CycloneDX: it begins with <%s>", e.Name.Local)
			}
			if first = false; depth >= maxDepth {
				return fault.Invalidf("The file has more than %d levels", maxDepth)
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

func (s *SBOM) find(level Level, place string, m text.Message) {
	s.Findings = append(s.Findings, Finding{level, place, m})
}

// take makes the list of components and looks at each.
func (s *SBOM) take(bom *cyclonedx.BOM) error {
	s.Serial = bom.SerialNumber
	if bom.Metadata != nil {
		s.metadata(bom.Metadata)
	}
	if bom.Dependencies != nil {
		for _, d := range *bom.Dependencies {
			if s.related[d.Ref] = true; d.Dependencies != nil {
				for _, on := range *d.Dependencies {
					s.related[on] = true
				}
			}
		}
	}
	refs := map[string]string{}
	if s.Subject.Ref != "" {
		refs[s.Subject.Ref] = s.Subject.Place
	}
	if err := s.components(bom.Components, "/components", refs); err != nil {
		return err
	}
	for i, d := range deref(bom.Dependencies) {
		place := "/dependencies/" + strconv.Itoa(i)
		for _, ref := range append([]string{d.Ref}, deref(d.Dependencies)...) {
			if _, ok := refs[ref]; !ok && ref != "" && !services(bom, ref) {
				s.find(Warning, place, text.M("Nothing in the file has the reference %s", ref))
			}
		}
	}
	s.whole()
	return nil
}

func services(bom *cyclonedx.BOM, ref string) bool {
	return slices.ContainsFunc(deref(bom.Services), func(v cyclonedx.Service) bool { return v.BOMRef == ref })
}

func deref[T any](p *[]T) []T {
	if p == nil {
		return nil
	}
	return *p
}

func (s *SBOM) metadata(m *cyclonedx.Metadata) {
	if m.Timestamp != "" {
		var err error
		if s.Made, err = time.Parse(time.RFC3339, m.Timestamp); err != nil {
			s.find(Warning, "/metadata/timestamp", text.M("%s is no point in time", m.Timestamp))
		}
	}
	var tool string
	if m.Tools != nil {
		for _, t := range deref(m.Tools.Tools) {
			tool = cmp.Or(tool, t.Name)
		}
		for _, c := range deref(m.Tools.Components) {
			tool = cmp.Or(tool, c.Name)
		}
	}
	for _, a := range deref(m.Authors) {
		s.Author = cmp.Or(s.Author, a.Name, a.Email)
	}
	s.Author = cmp.Or(s.Author, entity(m.Manufacturer), entity(m.Manufacture), entity(m.Supplier), tool)
	if m.Component != nil {
		s.Subject = s.component(*m.Component, "/metadata/component")
	}
}

func entity(e *cyclonedx.OrganizationalEntity) string {
	if e == nil {
		return ""
	}
	return e.Name
}

// components flattens those that are parts of others.
func (s *SBOM) components(list *[]cyclonedx.Component, place string, refs map[string]string) error {
	for i, c := range deref(list) {
		here := place + "/" + strconv.Itoa(i)
		if len(s.Components) == MaxComponents {
			return fault.Invalidf("The file has more than %d components", MaxComponents)
		}
		if c.BOMRef != "" {
			if other, ok := refs[c.BOMRef]; ok {
				s.find(Error, here, text.M("The reference %s stands at %s already", c.BOMRef, other))
			}
			refs[c.BOMRef] = here
		}
		s.Components = append(s.Components, s.component(c, here))
		if err := s.components(c.Components, here+"/components", refs); err != nil {
			return err
		}
	}
	return nil
}

// component reads one and tells what is wrong with its names.
func (s *SBOM) component(c cyclonedx.Component, place string) Component {
	out := Component{Place: place, Ref: c.BOMRef, Type: string(c.Type), Group: clip(c.Group), Name: clip(c.Name), Version: clip(c.Version),
		Supplier: clip(cmp.Or(entity(c.Supplier), entity(c.Manufacturer), c.Publisher, c.Author)), License: clip(licenses(c.Licenses))}
	for _, a := range deref(c.Authors) {
		out.Supplier = cmp.Or(out.Supplier, clip(a.Name))
	}
	if out.Name == "" {
		s.find(Error, place, text.M("The component has no name"))
	}
	if c.PackageURL != "" {
		switch p, err := packageurl.FromString(c.PackageURL); {
		case err != nil:
			s.find(Error, place, text.M("%s is no package URL: %s", c.PackageURL, text.Foreign(err.Error())))
		case p.Version != "" && out.Version != "" && p.Version != out.Version:
			s.find(Warning, place, text.M("The component has the version %s, and its package URL %s", out.Version, p.Version))
			fallthrough
		default:
			out.PURL = p.ToString()
			if out.Version == "" {
				out.Version = p.Version
			}
		}
	}
	if c.CPE != "" {
		if n, err := cpe.Parse(c.CPE); err != nil {
			s.find(Error, place, text.M("%s is no CPE: %s", c.CPE, text.Foreign(err.Error())))
		} else {
			out.CPE = n.String()
		}
	}
	for _, h := range deref(c.Hashes) {
		if h.Algorithm == cyclonedx.HashAlgoSHA256 {
			if v := strings.ToLower(h.Value); len(v) == 64 && strings.Trim(v, "0123456789abcdef") == "" {
				out.SHA256 = v
			} else {
				s.find(Error, place, text.M("The SHA-256 of the component has not 64 hexadecimal digits"))
			}
		}
	}
	return out
}

// clip bounds what is kept of a text.
func clip(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if r := []rune(s); len(r) > 500 {
		return string(r[:500]) + "…"
	}
	return s
}

func licenses(l *cyclonedx.Licenses) string {
	var all []string
	if l != nil {
		for _, choice := range *l {
			if choice.License != nil {
				all = append(all, cmp.Or(choice.License.ID, choice.License.Name))
			} else if choice.Expression != "" {
				all = append(all, choice.Expression)
			}
		}
	}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), ", ")
}
