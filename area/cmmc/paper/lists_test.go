package paper

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/paper/html"
	"yagura/kernel/text"
)

// workbook opens what was written, and asks that each part is XML.
func workbook(t *testing.T, raw []byte, err error) *excelize.File {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		for x := xml.NewDecoder(r); ; {
			if _, err := x.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestThePlanOfAction(t *testing.T) {
	raw, err := papers(t, text.EN).POAM()
	f := workbook(t, raw, err)
	s := f.GetSheetList()[0]
	rows, err := f.GetRows(s)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, r := range rows[5:] {
		got[r[1]] = append(r, make([]string, 18-len(r))...)
	}
	for id, want := range map[string][4]string{ // points, lawful, paragraph, day 180
		"AT.L2-3.2.2":  {"5", "may not stand on it", "32 CFR 170.21(a)(2)(ii)", ""},
		"AU.L2-3.3.3":  {"1", "may stand on it", "32 CFR 170.21(a)(2)(ii)", "2027-03-19"},
		"IA.L2-3.5.3":  {"3", "may not stand on it", "32 CFR 170.21(a)(2)(ii)", ""},
		"IR.L2-3.6.3":  {"1", "may stand on it", "32 CFR 170.21(a)(2)(ii)", "2027-03-19"},
		"RA.L2-3.11.2": {"5", "may not stand on it", "32 CFR 170.21(a)(2)(ii)", ""},
		"CA.L2-3.12.1": {"5", "may not stand on it", "32 CFR 170.21(a)(2)(ii)", ""},
	} {
		r := got[id]
		if r == nil || r[4] != want[0] || r[7] != want[1] || r[9] != want[2] || r[16] != want[3] {
			t.Errorf("%s: %q", id, r)
		}
		delete(got, id)
	}
	if len(got) > 0 {
		t.Errorf("what is not open: %v", got)
	}
	if r := rows[6]; r[11] != `=HYPERLINK("http://attacker.example","approve")` || r[12] != "-佐藤" {
		t.Errorf("%q", r)
	}
	// What looks like a formula is text, and its cell says so; a day is a number.
	for _, at := range []string{"L7", "M7"} {
		kind, err := f.GetCellType(s, at)
		formula, _ := f.GetCellFormula(s, at)
		style, _ := f.GetCellStyle(s, at)
		if quote := f.Styles.CellXfs.Xf[style].QuotePrefix; err != nil || kind != excelize.CellTypeSharedString || formula != "" || quote == nil || !*quote {
			t.Errorf("%s: type %v, formula %q, quoted %v, %v", at, kind, formula, quote, err)
		}
	}
	if raw, err := f.GetCellValue(s, "P7", excelize.Options{RawCellValue: true}); err != nil || raw != "46418" { // 2027-01-31
		t.Errorf("due is %q, %v", raw, err)
	}
	if style, _ := f.GetCellStyle(s, "B7"); f.Styles.CellXfs.Xf[style].QuotePrefix != nil {
		t.Error("plain text is quoted")
	}
	panes, err := f.GetPanes(s)
	if err != nil || !panes.Freeze || panes.YSplit != 5 {
		t.Errorf("%+v %v", panes, err)
	}
	titles := ""
	for _, n := range f.GetDefinedName() {
		titles += n.Name + n.RefersTo + " "
	}
	if !strings.Contains(titles, "_xlnm.Print_Titles'Open items'!$1:$5") || !strings.Contains(titles, "_xlnm._FilterDatabase") {
		t.Error(titles)
	}
	props, err := f.GetDocProps()
	if err != nil || props.Created != "2026-11-23T00:00:00Z" {
		t.Errorf("%+v %v", props, err)
	}
}

func TestTheResponsibilityMatrix(t *testing.T) {
	raw, err := papers(t, text.EN).Responsibility()
	f := workbook(t, raw, err)
	rows, err := f.GetRows(f.GetSheetList()[0])
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, r := range rows[5:] {
		got[r[1]] = append(r, make([]string, 9-len(r))...)
	}
	if len(got) != catalog.Level2Objectives {
		t.Errorf("%d objectives", len(got))
	}
	for name, want := range map[string]string{
		"3.5.1[a]":   "Provider|Group identity service|Identifies and authenticates every account||CRM-IDP-2",
		"3.5.3[d]":   "Shared|Group identity service|Offers two factors|Asks for them from every account of the enclave|CRM-IDP-2",
		"3.13.16[a]": "Shared|Aerodata Cloud|Encrypts at rest|Keeps the keys|CRM 2026-04",
		"3.1.1[a]":   "Ours|||The identity service keeps the list of authorised users; the owner of the enclave reviews it each quarter.|",
	} {
		if r := got[name]; strings.Join([]string{r[3], r[4], r[5], r[6], r[8]}, "|") != want {
			t.Errorf("%s: %q", name, r)
		}
	}
	if doc := said(papers(t, text.EN).Matrix()); strings.Count(doc, "Shared\nGroup identity service\n") != 4 || !strings.Contains(doc, "3.14.7[b]") {
		t.Error("the document does not say the same")
	}
}

func TestTheListOfEvidence(t *testing.T) {
	p := papers(t, text.EN)
	raw, err := p.EvidenceList()
	f := workbook(t, raw, err)
	rows, err := f.GetRows(f.GetSheetList()[0])
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	proves := 0
	for _, r := range rows[4:] {
		states[r[1]] = r[6]
		proves += len(strings.Split(r[9], ", "))
	}
	if len(rows) != 4+7 || states["=cmd|' /C calc'!A0"] != "draft" || states["Control review 2025"] != "expired" || states["Firewall rule set"] != "final" {
		t.Errorf("%d rows, %v", len(rows), states)
	}
	if want := catalog.Level2Objectives - 7; proves != want { // seven have none: N/A, not met, exceptions, unknown
		t.Errorf("evidence proves %d objectives, not %d", proves, want)
	}
}

func TestWorkbooksHaveTheSameBytes(t *testing.T) {
	var first []byte
	for i := range 6 {
		raw, err := papers(t, text.JA).Responsibility()
		if err != nil || i > 0 && !bytes.Equal(raw, first) {
			t.Fatalf("not the same: %v", err)
		}
		first = raw
	}
}

func TestWhatIsTypedIntoSPRS(t *testing.T) {
	open := papers(t, text.EN)
	s, err := open.SPRS()
	if err != nil || s.Ready || strings.Join(s.Missing, "; ") != "Score; requirements of unknown status: 2" {
		t.Errorf("%v %+v", err, s)
	}
	ready := From(assessed(t, func(o, doc m) {
		delete(doc, "partial")
		for _, name := range []string{"3.2.2[a]", "3.5.3[d]", "3.11.2[e]", "3.12.1[a]"} {
			o[name] = "met"
		}
	}), described(t), Options{Lang: text.EN})
	if s, err = ready.SPRS(); err != nil || !s.Ready {
		t.Errorf("%v %v", err, s.Missing)
	}
	values := map[string]string{}
	for _, f := range s.Fields {
		values[f.ID] = f.Value
		if f.Source == "" {
			t.Errorf("%s has no source", f.ID)
		}
	}
	for id, want := range map[string]string{"level": "Level 2 (Self)", "date": "2026-11-23", "scope": "Enclave", "employees": "310", "cages": "SJ123, SJ124", "score": "108",
		"status": "Conditional Level 2 (Self)", "poam": "Yes", "expected": "2027-02-28", "official": "Mori Akira, Executive officer, mori@example.co.jp"} {
		if values[id] != want {
			t.Errorf("%s is %q, not %q", id, values[id], want)
		}
	}
	counts := map[string]int{}
	for _, a := range s.Requirements {
		counts[a.Status]++
	}
	if counts["Met"] != 108 || counts["Not Met"] != 2 || len(counts) != 2 { // one of two objectives of 3.1.16 does not apply: it is met
		t.Errorf("%v", counts)
	}
	plain := ready.Plain(s)
	if !strings.Contains(plain, "Number of employees *: 310\n") || !strings.Contains(plain, "CAGE codes: SJ123, SJ124\n") || !strings.Contains(plain, "Nothing is missing.") {
		t.Error(plain)
	}
	raw, err := json.Marshal(s)
	if err != nil || !strings.Contains(string(raw), `{"id":"scope","label":"Assessment scope","value":"Enclave","sure":false,`) {
		t.Errorf("%s %v", raw, err)
	}
	if _, err := From(atLevel(ready.a, 3), nil, Options{}).SPRS(); err == nil {
		t.Error("Level 3 is typed in by the department")
	}
}

func TestTheAffirmationFileSaysAllThatChanged(t *testing.T) {
	p := papers(t, text.EN)
	last := assessed(t, func(o, doc m) {
		doc["date"], doc["ssp"] = "2026-09-20", m{"id": "SSP-3", "version": "2.0", "date": "2026-04-01"}
		o["3.3.3[a]"] = o["3.3.3[b]"]
		o["3.14.1[f]"] = "met"
		o["3.1.1[a]"] = m{"result": "met", "evidence": []m{{"name": "Old policy", "sha256": strings.Repeat("a", 64)}}}
		delete(doc, "partial")
	})
	d, err := p.Affirmation(last)
	if err != nil {
		t.Fatal(err)
	}
	got := said(d)
	for _, want := range []string{
		"SSP-3, version 2.0, 2026-04-01", "SSP-3, version 2.1, 2026-11-01", "What changed since 2026-09-20",
		"3.3.3[a]\nmet\nnot met\nreason: 監査ログの見直し手順が承認されていない。\n",
		"3.14.1[f]\nmet\nmet\nnew exception: Temporary deficiency, operational plan OPA-12; reviewed 2026-11-10; progress 38 of 41 hosts\n",
		"new evidence: アクセス管理規程 v4 (111111111111...), holds until 2027-09-13\nevidence gone: Old policy (aaaaaaaaaaaa...)\n",
		"partial credit is claimed\n", "3.12.1[a]\nmet\nunknown\nall evidence has expired\n",
		"There is no status that could be affirmed", "Objectives that are unknown: 2", "Evidence that is a draft: 1", "Evidence that has expired: 1",
		"Evidence that expires within the year for which is affirmed: 5", "Mori Akira", "2027-09-20 (32 CFR 170.17(a))", "4.1  Exceptions",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the file does not say %q", want)
		}
	}
	if strings.Contains(got, "3.1.2[a]\n") {
		t.Error("it names what did not change")
	}
	same, err := p.Affirmation(assessed(t, nil))
	if err != nil || !strings.Contains(said(same), "No result, no evidence and no exception has changed.") {
		t.Error(err)
	}
	for edit, want := range map[string]string{"enclave": "different enclaves", "date": "the earlier assessment is of 2027-01-01"} {
		other := *last
		if edit == "enclave" {
			other.Enclave = "Works 4"
		} else {
			other.Date = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		if _, err := p.Affirmation(&other); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

func TestAPageOfHTML(t *testing.T) {
	p := papers(t, text.JA)
	p.a.Enclave = "<script>alert(1)</script>"
	s, err := p.SPRS()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := html.Write(&b, p.SPRSDocument(s)); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	if strings.Contains(got, "<script") || !strings.Contains(got, "&lt;script&gt;") || strings.Count(got, "<table>") != 2 || !strings.Contains(got, `<html lang="ja">`) {
		t.Errorf("%.600s", got)
	}
	for _, q := range catalog.Requirements(2) {
		if !strings.Contains(got, ">"+q.CMMC+"<") {
			t.Error(q.CMMC)
		}
	}
}
