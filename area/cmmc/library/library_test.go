package library

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yagura/area/cmmc/catalog"
)

// TestGuides: the guides of the department hold exactly what the catalog holds.
func TestGuides(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "..", "shared", "data", "cmmc-guides")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the guides are not beside the repository")
	}
	for name, want := range map[string]string{
		"AssessmentGuideL2v2.13.txt": "[{2 110 110 320 320 []}]",
		"AssessmentGuideL3v2.13.txt": "[{3 24 24 80 80 []}]",
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		l, err := Read(name, data, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(l.Counts()); got != want {
			t.Errorf("%s: %s", name, got)
		}
		for _, o := range l.Objectives {
			if strings.Contains(o.Text, "Assessment Guide") || strings.Contains(o.Text, "Version 2") || strings.Contains(o.Text, "Th e") || len(o.Text) > 600 || len(o.Text) < 10 {
				t.Errorf("%s: %q", o.ID, o.Text)
			}
		}
		for _, r := range l.Requirements {
			if r.Title == "" || strings.Contains(r.Text, "Version 2") || len(r.Text) > 800 || len(r.Text) < 20 {
				t.Errorf("%s %q: %q", r.ID, r.Title, r.Text)
			}
		}
		if name == "AssessmentGuideL3v2.13.txt" && len(l.Objectives) != 89 {
			t.Errorf("%d objectives and defined values, not 89", len(l.Objectives))
		}
	}
}

// made are the same words in each format, two requirements of them.
var made = map[string]string{
	"a.txt": `AC.L2-3.1.10 – Session Lock ....... 12
AC.L2-3.1.10 –   Session Lock
CMMC Assessment Guide – Level 2 | Version 2.13
AC.L2-3.1.10 – SESSION LOCK [CUI DATA]
First  words
of one.
ASSESSMENT  OBJECTIVES [NIST SP 800-171A]
11
Determine if:
[a] the period
is defined;
AC.L2-3.1.10 –   Session Lock
CMMC Assessment Guide – Level 2 | Version 2.13
15
[b] it is locked; and
[c] it is hidden.
POTENTIAL ASSESSMENT METHODS AND OBJECTS
PE.L2-3.10.4 – LOGS
Second words.
ASSESSMENT OBJECTIVES
Determine if:
[a] logs are kept.
POTENTIAL ASSESSMENT METHODS AND OBJECTS
`,
	"a.json": `{"catalog":{"groups":[{"controls":[
 {"id":"ac-9","parts":[{"name":"statement","prose":"other"}]},
 {"id":"AC.L2-3.1.10","title":"Session Lock","parts":[{"name":"statement","prose":"First words","parts":[{"name":"item","prose":"of one."}]},
  {"name":"assessment-objective","prose":"Determine if:","parts":[
   {"name":"assessment-objective","id":"AC.L2-3.1.10_obj.a","prose":"the period is defined;"},
   {"name":"assessment-objective","props":[{"name":"label","value":"3.1.10[b]"}],"prose":"it is locked; and"},
   {"name":"assessment-objective","prose":"[c] it is hidden."}]}]},
 {"id":"s","props":[{"name":"label","value":"3.10.4"}],"title":"LOGS","parts":[{"name":"statement","prose":"Second words."},{"name":"objective","prose":"logs are kept."}]}]}]}}`,
	"a.yaml": `objects:
  framework:
    requirement_nodes:
    - ref_id: AC
      name: ACCESS
    - ref_id: AC.L2-3.1.10
      name: Session Lock
      description: "First words of one.\n• NIST SP 800-171 Rev 2 3.1.10"
      annotation: "Determine if:\n\n[a] the period\nis defined;\n\n[b] it is locked; and\n\n[c] it is hidden."
    - ref_id: PE.L1-3.10.4
      name: LOGS
      description: Second words.
      questions:
        urn:1:
          text: "[a] logs are kept."
`,
	"a.csv": "\ufeffId,Title,Text\nAC.L2-3.1.10,Session Lock,First words of one.\n3.1.10[a],,the period is defined;\n3.1.10[b],,it is locked; and\n3.1.10[c],,it is hidden.\n3.10.4,LOGS,Second words.\n3.10.4[a],,logs are kept.\n",
}

func TestFormatsSayTheSame(t *testing.T) {
	want := "[{3.1.10 Session Lock First words of one.} {3.10.4 LOGS Second words.}] [{3.1.10[a] the period is defined;} {3.1.10[b] it is locked; and} {3.1.10[c] it is hidden.} {3.10.4[a] logs are kept.}]"
	for name, doc := range made {
		l, err := Read(name, []byte(doc), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprint(l.Requirements, l.Objectives); got != want {
			t.Errorf("%s:\n%s", name, got)
		}
		if c := l.Counts(); len(c) != 1 || c[0].Requirements != 2 || c[0].Objectives != 4 || len(c[0].Missing) != 108+316 {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestWrongLibraries(t *testing.T) {
	for _, k := range [][3]string{
		{"a.pdf", "x", "can't be told by its name"},
		{"a.txt", "nothing", "no requirement of CMMC is in it"},
		{"a.txt", "AC.L2-3.1.99 – X\nwords\nASSESSMENT OBJECTIVES", `a.txt:1: there is no requirement "AC.L2-3.1.99"`},
		{"a.txt", "AC.L2-3.1.3 – X\nwords\nASSESSMENT OBJECTIVES\n[z] y\nPOTENTIAL ASSESSMENT METHODS", `a.txt:4: there is no objective "3.1.3[z]"`},
		{"a.txt", "AC.L2-3.1.3 – X\nwords\nASSESSMENT OBJECTIVES\n[a] y", `ends too early`},
		{"a.json", `{"catalog":{"controls":[{"id":"3.1.3","parts":[{"name":"objective","id":"x_obj.z","prose":"p"}]}]}}`, `a.json:1: catalog.controls[0].parts[0]: there is no objective "3.1.3[z]"`},
		{"a.json", `{}`, `catalog is missing`},
		{"a.yaml", "objects: [", `this is not YAML`},
		{"a.csv", "id,words\n", `a.csv:1: text is missing`},
		{"a.csv", "id,text\n3.1.1[a],x\n3.9.9,x\n", `a.csv:3: there is no requirement or objective "3.9.9"`},
		{"a.csv", "id,text\n3.1.1[a],x\n3.1.1[a],y\n", `a.csv:3: "3.1.1[a]" stands twice`},
		{"a.csv", "id,text\n3.1.1[a],\n", `a.csv:2: 3.1.1[a] has no text`},
	} {
		if _, err := Read(k[0], []byte(k[1]), ""); err == nil || !strings.Contains(err.Error(), k[2]) {
			t.Errorf("%s %q: %v", k[0], k[1], err)
		}
	}
}

func FuzzGuide(f *testing.F) {
	f.Add([]byte(made["a.txt"]))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Read("a.txt", data, Guide)
		if err != nil {
			return
		}
		for _, o := range l.Objectives {
			if _, ok := catalog.Index(o.ID); !ok {
				t.Errorf("%q", o.ID)
			}
		}
	})
}
