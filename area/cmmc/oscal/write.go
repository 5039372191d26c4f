package oscal

import (
	"bytes"
	"crypto/sha1" // a UUID of version 5 is made with it; it protects nothing
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/library"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Model is a document that can be written.
type Model string

// The models.
const (
	SSP                 Model = "ssp"
	POAM                Model = "poam"
	AssessmentResults   Model = "ar"
	ComponentDefinition Model = "cd"
)

// Writer writes the documents of one assessment. The same assessment gives the
// same documents, to the byte.
type Writer struct {
	Assessment *score.Assessment
	Report     *score.Report
	Text       *library.Library // official text, where there is some
	Now        time.Time        // for an assessment without a date
	StatusDate time.Time        // of the plan of action
	Lang       text.Lang
}

// object is an OSCAL assembly. Its keys are written in order of the alphabet.
type object = map[string]any

// Write writes a document.
func (w *Writer) Write(m Model) ([]byte, error) {
	var doc object
	switch m {
	case SSP:
		doc = object{"system-security-plan": w.ssp()}
	case AssessmentResults:
		doc = object{"assessment-results": w.results()}
	case ComponentDefinition:
		body, err := w.components()
		if err != nil {
			return nil, err
		}
		doc = object{"component-definition": body}
	case POAM:
		if len(w.Report.Deductions) == 0 {
			return nil, fault.Invalidf("nothing is open, so there is no plan of action to write")
		}
		doc = object{"plan-of-action-and-milestones": w.poam()}
	default:
		return nil, fault.Invalidf("%q is no document: ssp, poam, ar or cd", string(m))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(doc)
	return b.Bytes(), err
}

// space is the namespace of the ids: a UUID of our own.
var space = [16]byte{0x5b, 0x1f, 0x0e, 0x4c, 0x7a, 0x33, 0x4d, 0x21, 0x9c, 0x58, 0x63, 0x6d, 0x6d, 0x63, 0x79, 0x67}

// uuid is that of a thing in this enclave: version 5, so that the documents of an
// enclave agree on it and a later one keeps it.
func (w *Writer) uuid(parts ...string) string {
	h := sha1.New()
	h.Write(space[:])
	fmt.Fprintf(h, "%q %q", w.name(), parts)
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// or is the first that says something, as a string of OSCAL.
func or(list ...string) string {
	for _, s := range list {
		if s = squeeze(s); s != "" {
			return s
		}
	}
	return "–"
}

func (w *Writer) name() string {
	return or(w.Assessment.Enclave, w.Assessment.System.Name)
}

func (w *Writer) when() string {
	if !w.Assessment.Date.IsZero() {
		return stamp(w.Assessment.Date)
	}
	return stamp(w.Now)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// own is a property of ours.
func own(name, value string) object {
	return object{"name": name, "ns": "urn:yagura:cmmc", "value": or(value)}
}

const (
	rolePrepared = "prepared-by"
	roleOwner    = "system-owner"
)

func (w *Writer) metadata(title string, version string) object {
	s := w.Assessment.System
	party := w.uuid("party")
	org := object{"uuid": party, "type": "organization", "name": or(s.Organization, w.name())}
	if cage := squeeze(s.CAGE); cage != "" {
		org["external-ids"] = []object{{"scheme": "https://cage.dla.mil", "id": cage}}
	}
	parties := []object{org}
	responsible := []object{{"role-id": rolePrepared, "party-uuids": []string{party}}}
	roles := []object{{"id": rolePrepared, "title": "Prepared by"}}
	if owner := squeeze(s.Owner); owner != "" {
		parties = append(parties, object{"uuid": w.uuid("owner"), "type": "person", "name": owner, "member-of-organizations": []string{party}})
		roles = append(roles, object{"id": roleOwner, "title": "System owner"})
		responsible = append(responsible, object{"role-id": roleOwner, "party-uuids": []string{w.uuid("owner")}})
	}
	return object{"title": title, "last-modified": w.when(), "version": or(version), "oscal-version": Version,
		"roles": roles, "parties": parties, "responsible-parties": responsible}
}

// title is the official title of a requirement where it is known, else our label.
func (w *Writer) title(q *catalog.Requirement) string {
	if w.Text != nil {
		for _, r := range w.Text.Requirements {
			if r.ID == q.ID && r.Title != "" {
				return q.CMMC + " " + r.Title
			}
		}
	}
	return q.CMMC + " " + q.Topic.In(w.Lang)
}

// words are the official text of an objective where it is known, else its name
// and our label.
func (w *Writer) words(i int) string {
	if w.Text != nil {
		for _, o := range w.Text.Objectives {
			if o.ID == catalog.Name(i) {
				return o.Text
			}
		}
	}
	return catalog.Name(i) + ": " + catalog.Owner(i).Topic.In(w.Lang)
}

// requirements are those of the level, each with its objectives.
func (w *Writer) requirements() []*catalog.Requirement { return catalog.Requirements(w.Report.Level) }

// profile is the resource that stands for the requirements.
func (w *Writer) profile() string { return w.uuid("profile", fmt.Sprint(w.Report.Level)) }

// back are the resources: the requirements, and the evidence with its hashes.
func (w *Writer) back() object {
	list := []object{{"uuid": w.profile(), "title": fmt.Sprintf("CMMC Level %d", w.Report.Level),
		"description": "32 CFR 170.14; NIST SP 800-171 Rev. 2, NIST SP 800-172",
		"citation":    object{"text": fmt.Sprintf("32 CFR 170, CMMC Level %d", w.Report.Level)}}}
	seen := map[string]bool{}
	for _, q := range w.requirements() {
		for _, i := range q.Objective {
			for _, e := range w.Assessment.Objectives[i].Evidence {
				id := w.evidence(e)
				if seen[id] {
					continue
				}
				seen[id] = true
				r := object{"uuid": id, "title": or(e.Name, e.Signal, e.SHA256)}
				if e.SHA256 != "" {
					r["rlinks"] = []object{{"href": (&relative{e.Name, e.SHA256}).String(), "hashes": []object{{"algorithm": "SHA-256", "value": e.SHA256}}}}
				}
				list = append(list, r)
			}
		}
	}
	return object{"resources": list}
}

func (w *Writer) evidence(e score.Evidence) string {
	return w.uuid("evidence", e.Name, e.Signal, e.SHA256)
}
