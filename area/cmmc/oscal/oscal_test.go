package oscal

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/kernel/text"
)

func sortStrings(s []string) { slices.Sort(s) }

// assessed is an assessment with something of everything.
func assessed(t *testing.T, level int) *score.Assessment {
	t.Helper()
	o := map[string]any{}
	for i := range catalog.Mask(level).All {
		o[catalog.Name(i)] = "met"
	}
	first := catalog.Requirements(level)[0].Objective[0]
	day := map[string]any{"name": "policy: 方針.pdf", "sha256": fmt.Sprintf("%x", sha256.Sum256([]byte("policy"))), "state": "final", "collected": "2026-10-01", "valid_until": "2027-10-01"}
	o[catalog.Name(first)] = map[string]any{"result": "met", "method": "examine", "assessor": "A. Sato", "evidence": []any{day, "interview notes"}}
	o[catalog.Name(first+1)] = map[string]any{"result": "not_met", "reason": "two\nlines", "evidence": []any{day}}
	o[catalog.Name(first+2)] = map[string]any{"result": "na", "reason": "no such thing"}
	o[catalog.Name(first+3)] = map[string]any{"result": "not_met", "exception": map[string]any{"kind": "enduring", "ssp": "4.2"}}
	delete(o, catalog.Name(first+8))
	doc := map[string]any{"enclave": " Works 3 ", "level": level, "date": "2026-11-23", "ssp": map[string]any{"id": "S", "version": "2"}, "objectives": o, "level2_score": 110,
		"system": map[string]any{"name": "第三工場", "description": "line 1\nline 2", "organization": "Example KK", "owner": "B. Ito", "cage": "J1234"}}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	a, err := score.Read("a.json", raw, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func written(t *testing.T, level int) map[Model][]byte {
	t.Helper()
	a := assessed(t, level)
	w := &Writer{Assessment: a, Report: a.Score(0), StatusDate: a.Date, Lang: text.EN}
	docs := map[Model][]byte{}
	for _, m := range []Model{SSP, POAM, AssessmentResults, ComponentDefinition} {
		data, err := w.Write(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.Write(m)
		if err != nil || !bytes.Equal(data, again) {
			t.Fatalf("%s is not the same twice: %v", m, err)
		}
		docs[m] = data
	}
	return docs
}

func TestWhatIsWrittenIsWhole(t *testing.T) {
	for level := 1; level <= 3; level++ {
		for m, data := range written(t, level) {
			r, err := Check("d.json", data, Options{})
			if err != nil || len(r.Form)+len(r.Meaning) > 0 {
				t.Errorf("%s of Level %d: %v\n%v\n%v", m, level, err, r.Form, r.Meaning)
			}
		}
	}
	docs := written(t, 2)
	for m, want := range map[Model][2]any{SSP: {`"control-id": "`, 110}, AssessmentResults: {`"target-id": "`, 320}} {
		if n := bytes.Count(docs[m], []byte(want[0].(string))); n != want[1].(int) {
			t.Errorf("%s has %d of %s, not %d", m, n, want[0], want[1])
		}
	}
	if !bytes.Contains(docs[POAM], []byte(`"deadline": "2027-05-22T00:00:00Z"`)) {
		t.Error("no day 180 in the plan of action")
	}
	if n := bytes.Count(docs[AssessmentResults], []byte(`"state": "not-satisfied"`)); n != 2 {
		t.Errorf("%d objectives not satisfied: one is not met and one unknown", n)
	}
}

// damage is one thing done to a document, which both this check and go-oscal
// refuse.
type damage struct {
	name  string
	model Model
	do    func(d map[string]any)
}

func at(d any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			d = d.(map[string]any)[p]
		case int:
			d = d.([]any)[p]
		}
	}
	return d
}

func (d damage) apply(t *testing.T, data []byte) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for _, root := range doc {
		d.do(root.(map[string]any))
	}
	if d.name == "a second root" {
		doc["catalog"] = map[string]any{}
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func set(path []any, v any) func(map[string]any) {
	return func(d map[string]any) {
		holder := at(d, path[:len(path)-1]...)
		switch last := path[len(path)-1].(type) {
		case string:
			if v == nil {
				delete(holder.(map[string]any), last)
			} else {
				holder.(map[string]any)[last] = v
			}
		case int:
			holder.([]any)[last] = v
		}
	}
}

func p(path ...any) []any { return path }

var (
	firstRequirement = p("control-implementation", "implemented-requirements", 0)
	firstBy          = append(slices.Clone(firstRequirement), "statements", 0, "by-components", 0)
	firstFinding     = p("results", 0, "findings", 0)
	firstObservation = p("results", 0, "observations", 0)
)

func in(path []any, more ...any) []any { return append(slices.Clone(path), more...) }

var damages = []damage{
	{"no metadata", SSP, set(p("metadata"), nil)},
	{"no control implementation", SSP, set(p("control-implementation"), nil)},
	{"no title", SSP, set(p("metadata", "title"), nil)},
	{"a version that is a number", SSP, set(p("metadata", "version"), 2)},
	{"a time without a zone", SSP, set(p("metadata", "last-modified"), "2026-11-23T00:00:00")},
	{"the 30th of February", POAM, set(p("metadata", "last-modified"), "2026-02-30T00:00:00Z")},
	{"an id that begins with a digit", SSP, set(in(firstRequirement, "control-id"), "3.1.1")},
	{"an empty list of statements", SSP, set(in(firstRequirement, "statements"), []any{})},
	{"a UUID of version 1", SSP, set(p("uuid"), "11111111-2222-1333-8444-555555555555")},
	{"a UUID that is none", AssessmentResults, set(in(firstFinding, "uuid"), "finding-1")},
	{"an unknown field", SSP, set(in(firstRequirement, "score"), 5)},
	{"a name with a space in front", SSP, set(p("system-characteristics", "system-name"), " Works")},
	{"an empty name", SSP, set(p("system-characteristics", "system-name"), "")},
	{"an unknown state", SSP, set(p("system-characteristics", "status", "state"), "running")},
	{"a state that is no token", SSP, set(in(firstBy, "implementation-status", "state"), "not yet")},
	{"no description of a part", SSP, set(in(firstBy, "description"), nil)},
	{"a party of an unknown type", SSP, set(p("metadata", "parties", 0, "type"), "robot")},
	{"a property in no namespace", POAM, set(p("risks", 0, "props", 0, "ns"), "yagura")},
	{"a plan without items", POAM, set(p("poam-items"), []any{})},
	{"a target of an unknown type", AssessmentResults, set(in(firstFinding, "target", "type"), "objective")},
	{"a third state of a finding", AssessmentResults, set(in(firstFinding, "target", "status", "state"), "unknown")},
	{"an observation without methods", AssessmentResults, set(in(firstObservation, "methods"), nil)},
	{"an observation at no time", AssessmentResults, set(in(firstObservation, "collected"), nil)},
	{"a reference that is none", AssessmentResults, set(p("import-ap", "href"), "http://[::1")},
	{"a component without a source", ComponentDefinition, set(p("components", 0, "control-implementations", 0, "source"), nil)},
	{"a list that is an object", ComponentDefinition, set(p("components"), map[string]any{})},
	{"a second root", ComponentDefinition, func(map[string]any) {}},
}

func TestDamagedDocumentsAreRefused(t *testing.T) {
	docs := written(t, 2)
	for _, d := range damages {
		r, err := Check("d.json", d.apply(t, docs[d.model]), Options{})
		if err != nil || len(r.Form) == 0 {
			t.Errorf("%s is accepted: %v", d.name, err)
		}
	}
}

// TestWhatNoSchemaSees: references, ids and hashes.
func TestWhatNoSchemaSees(t *testing.T) {
	docs := written(t, 2)
	const nobody = "99999999-2222-4333-8444-555555555555"
	for _, k := range []struct {
		damage
		want string
	}{
		{damage{"component", SSP, set(in(firstBy, "component-uuid"), nobody)}, "by-components[0].component-uuid: this refers to nothing: no component has it"},
		{damage{"party", SSP, set(p("metadata", "responsible-parties", 0, "party-uuids", 0), nobody)}, "no party has it"},
		{damage{"role", SSP, set(p("metadata", "responsible-parties", 0, "role-id"), "chief")}, "no role has it"},
		{damage{"profile", SSP, set(p("import-profile", "href"), "#"+nobody)}, "import-profile.href: this refers to nothing"},
		{damage{"observation", AssessmentResults, set(in(firstFinding, "related-observations", 0, "observation-uuid"), nobody)}, "no observation has it"},
		{damage{"evidence", AssessmentResults, set(in(firstObservation, "relevant-evidence", 0, "href"), "#"+nobody)}, "this refers to nothing"},
		{damage{"risk", POAM, set(p("poam-items", 0, "related-risks", 0, "risk-uuid"), nobody)}, "no risk has it"},
		{damage{"control", SSP, set(in(firstRequirement, "control-id"), "AC.L2-3.1.99")}, `CMMC has no "AC.L2-3.1.99"`},
		{damage{"lower case", ComponentDefinition, set(p("components", 0, "control-implementations", 0, "implemented-requirements", 0, "control-id"), "ac.l2-3.1.1")}, `CMMC has no "ac.l2-3.1.1"`},
		{damage{"objective", AssessmentResults, set(in(firstFinding, "target", "target-id"), "AC.L2-3.1.1_obj.z")}, `CMMC has no "AC.L2-3.1.1_obj.z"`},
		{damage{"other control", SSP, set(in(firstRequirement, "statements", 0, "statement-id"), "AC.L2-3.1.2_obj.a")}, `"AC.L2-3.1.2_obj.a" is no objective of "AC.L2-3.1.1"`},
		{damage{"twice", AssessmentResults, func(d map[string]any) {
			set(in(firstFinding, "uuid"), at(d, "results", 0, "findings", 1, "uuid"))(d)
		}}, "stands twice"},
		{damage{"no hash", SSP, set(p("back-matter", "resources", 1, "rlinks", 0, "hashes", 0, "value"), "abc")}, `"abc" is no SHA-256`},
	} {
		r, err := Check("d.json", k.apply(t, docs[k.model]), Options{})
		if err != nil || len(r.Form) > 0 || !strings.Contains(r.Meaning.Error(), k.want) || !strings.HasPrefix(r.Meaning.Error(), "d.json:") {
			t.Errorf("%s: %v\n%v\n%v", k.name, err, r.Form, r.Meaning)
		}
	}
}

func TestHashesOfEvidence(t *testing.T) {
	data := written(t, 2)[SSP]
	asked := ""
	open := func(content string) func(string) ([]byte, error) {
		return func(name string) ([]byte, error) {
			asked = name
			if content == "" {
				return nil, os.ErrNotExist
			}
			return []byte(content), nil
		}
	}
	for content, want := range map[string]int{"policy": 0, "forged": 1, "": 1} {
		r, err := Check("d.json", data, Options{Open: open(content), All: true})
		if err != nil || len(r.Meaning) != want {
			t.Errorf("%q: %v %v", content, err, r.Meaning)
		}
	}
	if asked != "policy: 方針.pdf" {
		t.Errorf("the file is asked for as %q", asked)
	}
	outside := damage{"outside", SSP, set(p("back-matter", "resources", 1, "rlinks", 0, "href"), "../../etc/passwd")}
	asked = ""
	if _, err := Check("d.json", outside.apply(t, data), Options{Open: open("x"), All: true}); err != nil || asked != "" {
		t.Errorf("a file outside is opened: %q", asked)
	}
	embedded := damage{"embedded", SSP, func(d map[string]any) {
		at(d, "back-matter", "resources", 1).(map[string]any)["base64"] = map[string]any{"value": "Zm9yZ2Vk"}
	}}
	if r, err := Check("d.json", embedded.apply(t, data), Options{}); err != nil || len(r.Meaning) != 1 || !strings.Contains(r.Meaning[0].What.String(), "the hash is not that of the content") {
		t.Errorf("%v %v", err, r.Meaning)
	}
}

func TestDocumentsOfOtherCatalogs(t *testing.T) {
	doc := `{"component-definition":{"uuid":"11111111-2222-4333-8444-555555555555","metadata":{"title":"t","last-modified":"2026-11-23T00:00:00Z","version":"1","oscal-version":"1.1.2"},
 "components":[{"uuid":"21111111-2222-4333-8444-555555555555","type":"software","title":"t","description":"d","control-implementations":[
  {"uuid":"31111111-2222-4333-8444-555555555555","source":"https://example.org","description":"d","implemented-requirements":[{"uuid":"41111111-2222-4333-8444-555555555555","control-id":"ac-1","description":"d"}]}]}]}}`
	r, err := Check("d.json", []byte(doc), Options{})
	if err != nil || len(r.Form)+len(r.Meaning) > 0 {
		t.Errorf("%v %+v", err, r)
	}
	for from, to := range map[string]string{`"1.1.2"`: `"2.0"`, `"component-definition"`: `"profile"`} {
		if r, err := Check("d.json", []byte(strings.Replace(doc, from, to, 1)), Options{}); err != nil || len(r.Form) == 0 {
			t.Errorf("%s is accepted: %v", to, err)
		}
	}
}

func TestNothingToWrite(t *testing.T) {
	a := &score.Assessment{Level: 2, SSP: &score.SSP{}}
	w := &Writer{Assessment: a, Report: a.Score(0)}
	if _, err := w.Write(ComponentDefinition); err == nil {
		t.Error("a component that offers nothing")
	}
	for i := range a.Objectives {
		a.Objectives[i].Result = score.Met
	}
	w.Report = a.Score(0)
	if _, err := w.Write(POAM); err == nil {
		t.Error("a plan of action for nothing")
	}
	if _, err := w.Write("catalog"); err == nil {
		t.Error("a model that is not written")
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"system-security-plan":{"uuid":"x","metadata":{"parties":[{"uuid":"y"}]},"back-matter":{"resources":[{"rlinks":[{"hashes":[{"algorithm":"SHA-256","value":"0"}]}]}]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := Check("d", data, Options{}); err == nil && r.Model == "" && len(r.Form) == 0 {
			t.Error("a document of no model is accepted")
		}
	})
}
