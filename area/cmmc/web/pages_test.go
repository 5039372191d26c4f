package web_test

import (
	"strings"
	"testing"

	"yagura/area/cmmc"
)

// pagesOf are addresses of the area, with what must stand on each.
var pagesOf = map[string]string{
	"/cmmc":                         "Heron drawings",
	"/cmmc?by=region":               "Heron drawings",
	"/cmmc?status=below&sort=-name": "Quetzal lab",
	"/cmmc/work":                    "For a second person",
	"/cmmc/calendar":                "In the next twelve months",
	"/cmmc/breaks":                  "Corporate sign-in",
	"/cmmc/breaks?system=idp":       "Heron drawings",
	"/cmmc/breaks?system=idp&name=3.5.3%5Bd%5D": "Heron drawings",
	"/cmmc/enclaves/heron-cui":                  "109",
	"/cmmc/entities":                            "1ABC2",
	"/cmmc/systems/new":                         "Corporate service",
	"/cmmc/enclaves/heron-cui/edit":             "SSP-1",
	"/cmmc/providers/idp/edit":                  "If it is a provider",
	"/cmmc/enclaves/heron-cui/parts":            "3.5.3",
	"/cmmc/enclaves/heron-cui/assessments":      "Nothing was assessed yet",
	"/cmmc/enclaves/heron-cui/plan":             "3.1.9",
	"/cmmc/enclaves/heron-cui/evidence":         "Add a document",
	"/cmmc/enclaves/heron-cui/changes":          "3.14.7[a]",
	"/cmmc/enclaves/heron-cui/affirm":           "holds no status",
	"/cmmc/enclaves/heron-cui/3.5.3":            "Corporate sign-in",
	"/cmmc/enclaves/heron-cui/3.1.9":            "looked at",
	"/cmmc/providers/idp":                       "Heron drawings",
	"/cmmc/providers/idp/3.5.3":                 "3.5.3[d]",
	"/cmmc/measures":                            "No measures",
	"/cmmc/measures/new":                        "Heron drawings",
	"/cmmc/planner":                             "no measure closes",
	"/cmmc/programme":                           "No budget is set",
	"/cmmc/sources":                             "No text is imported",
}

// TestPages lives through one group: its steps are in order.
func TestPages(t *testing.T) {
	s := serve(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *site)
	}{{"open", open}, {"borders", borders}, {"money", money}, {"results", results}, {"evidence", evidence}, {"sources", sources}, {"managed", managed}} {
		t.Run(step.name, func(t *testing.T) { step.run(t, s) })
	}
}

func open(t *testing.T, s *site) {
	for path, words := range pagesOf {
		for _, lang := range []string{"en", "ja"} {
			code, body := s.get(path, "mori", lang)
			if code != 200 || lang == "en" && !strings.Contains(body, words) {
				t.Errorf("%s in %s: %d without %q", path, lang, code, words)
			}
			if strings.Contains(body, "%!") {
				t.Errorf("%s in %s: a sentence lacks an argument", path, lang)
			}
		}
	}
	if code, body := s.get("/cmmc/calendar.ics", "mori"); code != 200 || !strings.HasPrefix(body, "BEGIN:VCALENDAR\r\n") {
		t.Errorf("the calendar: %d", code)
	}
	if code, body := s.get("/cmmc?format=csv", "mori"); code != 200 || !strings.Contains(body, "Quetzal lab") {
		t.Errorf("the export: %d %s", code, body)
	}
}

// borders: who sees which enclave.
func borders(t *testing.T, s *site) {
	for person, sees := range map[string]string{"works": "Heron", "ohio": "Quetzal"} {
		other := map[string]string{"works": "Quetzal", "ohio": "Heron"}[person]
		for _, path := range []string{"/cmmc", "/cmmc/work", "/cmmc/calendar", "/cmmc/breaks?system=idp", "/cmmc/planner", "/cmmc/programme", "/cmmc/measures/new", "/cmmc/measures"} {
			code, body := s.get(path, person)
			if code != 200 {
				t.Errorf("%s opens %s: %d", person, path, code)
			}
			if strings.Contains(body, other) {
				t.Errorf("%s sees something of %s at %s", person, other, path)
			}
		}
		if _, body := s.get("/cmmc", person); !strings.Contains(body, sees) {
			t.Errorf("%s does not see %s", person, sees)
		}
	}
	for _, path := range []string{"/cmmc/enclaves/quetzal-cui", "/cmmc/enclaves/quetzal-cui/plan", "/cmmc/enclaves/quetzal-cui/evidence", "/cmmc/enclaves/quetzal-cui/changes", "/cmmc/enclaves/quetzal-cui/affirm", "/cmmc/enclaves/quetzal-cui/3.5.3", "/cmmc/providers/idp", "/cmmc/breaks?system=quetzal-cui"} {
		if code, body := s.get(path, "works"); code != 404 || strings.Contains(body, "Quetzal") {
			t.Errorf("works at %s: %d", path, code)
		}
	}
	if code, _ := s.get("/cmmc", "clerk"); code != 403 {
		t.Errorf("an employee opens the map: %d", code)
	}
	// An assessor sees the enclave of his place and no money.
	if code, body := s.get("/cmmc", "auditor"); code != 200 || strings.Contains(body, "Heron drawings") {
		t.Errorf("an assessor without a place: %d", code)
	}
	s.must(s.s.Admit(t.Context(), s.by("mori"), "heron-cui", "auditor", s.clk.Now().AddDate(0, 1, 0)))
	for _, path := range []string{"/cmmc", "/cmmc/enclaves/heron-cui", "/cmmc/enclaves/heron-cui/plan", "/cmmc/enclaves/heron-cui/evidence", "/cmmc/enclaves/heron-cui/3.1.9"} {
		code, body := s.get(path, "auditor")
		if code != 200 || !strings.Contains(body, "3.1.9") && !strings.Contains(body, "Heron") {
			t.Errorf("an assessor at %s: %d", path, code)
		}
		if strings.Contains(body, `method="post" action="/cmmc`) || strings.Contains(body, "Quetzal lab") {
			t.Errorf("an assessor can write, or see more, at %s", path)
		}
	}
	for _, path := range []string{"/cmmc/enclaves/quetzal-cui", "/cmmc/measures", "/cmmc/planner", "/cmmc/programme"} {
		if code, _ := s.get(path, "auditor"); code != 403 && code != 404 {
			t.Errorf("an assessor opens %s: %d", path, code)
		}
	}
	for _, form := range []string{"/cmmc/enclaves/heron-cui/3.1.9/result", "/cmmc/enclaves/heron-cui/affirm", "/cmmc/measures/new", "/cmmc/texts", "/cmmc/programme"} {
		if code, _, _ := s.post(form, "auditor", "letter", "a", "result", "met"); code != 403 && code != 404 {
			t.Errorf("an assessor posts to %s: %d", form, code)
		}
	}
	if code, _, _ := s.post("/cmmc/enclaves/quetzal-cui/3.1.9/result", "works", "letter", "a", "result", "not_met"); code != 404 {
		t.Errorf("works judges in Ohio: %d", code)
	}
}

func results(t *testing.T, s *site) {
	at := "/cmmc/enclaves/heron-cui/3.1.9"
	if code, body, _ := s.post(at+"/result", "works", "letter", "a", "result", "na"); code != 422 || !strings.Contains(body, "say why it does not apply") {
		t.Errorf("N/A without a reason: %d", code)
	}
	if code, _, _ := s.post(at+"/result", "works", "letter", "z", "result", "met"); code != 404 {
		t.Errorf("an objective that there is not: %d", code)
	}
	code, _, to := s.post(at+"/result", "works", "letter", "a", "result", "met", "method", "test", "notes", "the banner <b>shows</b>")
	if code != 303 || to != at+"#a" {
		t.Fatalf("%d %s", code, to)
	}
	if _, body := s.get("/cmmc/enclaves/heron-cui", "works"); !strings.Contains(body, "109") {
		t.Error("a result counts before a second person confirmed it")
	}
	if _, body := s.get("/cmmc/work", "sato"); !strings.Contains(body, "Results to confirm") {
		t.Error("the second person is not asked")
	}
	if _, body := s.get(at, "sato"); !strings.Contains(body, "Confirm") || strings.Contains(body, "<b>shows") {
		t.Error("the proposal is not shown, or as it was written")
	}
	if code, _, _ := s.post(at+"/confirm", "works", "letter", "a", "answer", "accept"); code != 403 {
		t.Errorf("who proposed confirms: %d", code)
	}
	if code, _, _ := s.post(at+"/confirm", "sato", "letter", "a", "answer", "accept"); code != 303 {
		t.Errorf("confirming: %d", code)
	}
	if _, body := s.get("/cmmc/enclaves/heron-cui", "works"); !strings.Contains(body, "110") {
		t.Error("the confirmed result does not count")
	}
	if code, body, _ := s.post(at+"/assign", "works", "letter", "a", "assignee", "nobody@x.example"); code != 422 || !strings.Contains(body, "no such person") {
		t.Errorf("assigned to nobody known: %d", code)
	}
	if code, _, _ := s.post(at+"/assign", "works", "letter", "a", "assignee", "WORKS@x.example", "due", s.clk.Now().AddDate(0, 0, 9).Format("2006-01-02")); code != 303 {
		t.Errorf("assigning by mail address: %d", code)
	}
	if _, body := s.get("/cmmc/work", "works"); !strings.Contains(body, "3.1.9[a]") {
		t.Error("the task is not in the list of work")
	}
}

func evidence(t *testing.T, s *site) {
	at := "/cmmc/enclaves/heron-cui/evidence"
	today := s.clk.Now().Format("2006-01-02")
	if code, body, _ := s.upload(at, "works", "log.pdf", "%PDF", "objectives", "3.99.1", "collected", today); code != 422 || !strings.Contains(body, "3.99.1") {
		t.Errorf("evidence of what there is not: %d", code)
	}
	if code, body, _ := s.upload(at, "works", "log.pdf", "%PDF", "objectives", "3.1.9", "collected", "2030-01-01"); code != 422 || !strings.Contains(body, "future") {
		t.Errorf("evidence of the future: %d", code)
	}
	if code, body, _ := s.upload(at, "works", "log <i>.pdf", "%PDF", "objectives", "3.1.9 3.1.1[a]", "collected", today); code != 303 {
		t.Fatalf("%d %s", code, body)
	}
	d, err := s.s.Enclave(t.Context(), s.by("works"), "heron-cui")
	s.must(err)
	piece := ""
	for _, f := range d.Families {
		for _, q := range f.Requirements {
			for _, o := range q.Objectives {
				for _, e := range o.Evidence {
					piece = e.ID
				}
			}
		}
	}
	if code, body := s.get(at+"/"+piece, "works"); code != 200 || body != "%PDF" {
		t.Errorf("the document: %d %q", code, body)
	}
	if code, _, _ := s.post(at+"/"+piece+"/final", "works"); code != 403 {
		t.Errorf("who added it makes it final: %d", code)
	}
	if code, _, _ := s.post(at+"/"+piece+"/final", "mori"); code != 303 {
		t.Errorf("making it final: %d", code)
	}
	if code, _, _ := s.post(at+"/"+piece+"/withdraw", "mori"); code != 303 {
		t.Errorf("taking it back: %d", code)
	}
}

func money(t *testing.T, s *site) {
	form := []string{"unit", "works", "name", "Message at <b>sign-in</b>", "yen", "120,000,000", "months", "3", "year", "2026", "objectives", "3.1.9"}
	if code, body, _ := s.post("/cmmc/measures/new", "works", append(form[:10:10], "objectives", "3.1.9\n3.77.1")...); code != 422 || !strings.Contains(body, "Line 2: there is no requirement or objective") {
		t.Errorf("a measure that closes what there is not: %d", code)
	}
	if code, _, _ := s.post("/cmmc/measures/new", "works", append([]string{"unit", "ohio"}, form[2:]...)...); code != 403 {
		t.Errorf("works proposes in Ohio: %d", code)
	}
	if code, body, _ := s.post("/cmmc/measures/new", "works", append(form, "enclaves", "quetzal-cui")...); code != 422 || !strings.Contains(body, "no enclave") {
		t.Errorf("an enclave of another unit: %d", code)
	}
	code, _, one := s.post("/cmmc/measures/new", "works", form...)
	if code != 303 || one != "/cmmc/measures/MEA-2026-0001" {
		t.Fatalf("%d %s", code, one)
	}
	if code, _ := s.get(one, "ohio"); code != 404 {
		t.Errorf("Ohio sees the measure: %d", code)
	}
	if code, body := s.get(one, "works", "ja"); code != 200 || !strings.Contains(body, "1.2億円") || strings.Contains(body, "<b>sign-in") {
		t.Errorf("the measure in Japanese: %d", code)
	}
	if code, _, _ := s.post(one+"/approve", "mori"); code != 403 {
		t.Errorf("the head approves money: %d", code)
	}
	if _, body := s.get("/cmmc/planner?goal=final&unit=works", "fujii"); !strings.Contains(body, "nothing cheaper does") || !strings.Contains(body, `value="MEA-2026-0001"`) {
		t.Error("the plan does not offer the measure to the officer")
	}
	if code, _, _ := s.post(one+"/pay", "works", "kind", "committed", "amount", "5", "day", "2026-11-20"); code != 409 {
		t.Errorf("money before approval: %d", code)
	}
	if code, _, _ := s.post("/cmmc/planner", "fujii", "measure", "MEA-2026-0001"); code != 303 {
		t.Errorf("approving the plan: %d", code)
	}
	for _, wrong := range [][]string{{"amount", "0", "day", "2026-11-20"}, {"amount", "-5", "day", "2026-11-20"}, {"amount", "5", "day", "2026-12-24"}, {"amount", "5", "day", "20.11.2026"}, {"amount", "x", "day", "2026-11-20"}} {
		if code, _, _ := s.post(one+"/pay", "works", append([]string{"kind", "spent"}, wrong...)...); code != 422 {
			t.Errorf("%v: %d", wrong, code)
		}
	}
	for _, good := range [][]string{{"kind", "committed", "amount", "110,000,000"}, {"kind", "spent", "amount", "60000000"}, {"kind", "spent", "amount", "-1000000"}} {
		if code, body, _ := s.post(one+"/pay", "works", append(good, "day", "2026-11-20")...); code != 303 {
			t.Errorf("%v: %d %s", good, code, body)
		}
	}
	if code, _, _ := s.post("/cmmc/programme", "mori", "unit", "group", "year", "2026", "amount", "50000000000"); code != 403 {
		t.Errorf("the head sets the budget: %d", code)
	}
	if code, _, _ := s.post("/cmmc/programme", "fujii", "unit", "group", "year", "2026", "amount", "50,000,000,000"); code != 303 {
		t.Errorf("setting the budget: %d", code)
	}
	for lang, words := range map[string][]string{"en": {"¥50 billion", "¥110 million", "¥59 million"}, "ja": {"500億円", "1.1億円", "5,900万円"}} {
		_, body := s.get("/cmmc/programme", "fujii", lang)
		for _, w := range words {
			if !strings.Contains(body, w) {
				t.Errorf("the programme in %s does not say %s", lang, w)
			}
		}
	}
	if _, body := s.get("/cmmc/programme", "works"); strings.Contains(body, "50 billion") {
		t.Error("works sees the budget of the group")
	}
	for _, step := range []string{"start", "finish"} {
		if code, _, _ := s.post(one+"/"+step, "works"); code != 303 {
			t.Errorf("%s: %d", step, code)
		}
	}
	if code, _, _ := s.post(one+"/drop", "works", "why", "no"); code != 409 {
		t.Errorf("dropping what is done: %d", code)
	}
	var m cmmc.MeasureDetail
	m, err := s.s.FindMeasure(t.Context(), s.by("works"), "MEA-2026-0001")
	if s.must(err); m.Committed != 110_000_000 || m.Spent != 59_000_000 || m.State != cmmc.MeasureDone || m.ApprovedBy != "fujii" {
		t.Errorf("%+v", m)
	}
}

func sources(t *testing.T, s *site) {
	for name, c := range map[string]struct{ path, file, content, want string }{
		"unknown id":  {"/cmmc/texts", "text.csv", "id,text\n3.99.1,Nothing\n", "3.99.1"},
		"no format":   {"/cmmc/texts", "text.doc", "x", "can&#39;t be told"},
		"no columns":  {"/cmmc/crosswalks", "x.csv", "a,b\n", "column &#34;requirement&#34; is missing"},
		"unknown row": {"/cmmc/crosswalks", "x.csv", "requirement,reference\n3.1.1,A.5.15\n3.99.1,A.5.16\n", "line 3"},
		"twice":       {"/cmmc/crosswalks", "x.csv", "requirement,reference\n3.1.1,A.5.15\nAC.L2-3.1.1,A.5.15\n", "line 2 already"},
		"relation":    {"/cmmc/crosswalks", "x.csv", "requirement,reference,relation\n3.1.1,A.5.15,same\n", "no relation"},
		"not UTF-8":   {"/cmmc/crosswalks", "x.csv", "requirement,reference\n3.1.1,\x83A\n", "not UTF-8"},
	} {
		if code, body, _ := s.upload(c.path, "mori", c.file, c.content, "standard", "NIST CSF 2.0"); code != 422 || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d without %s", name, code, c.want)
		}
	}
	if code, _, _ := s.upload("/cmmc/texts", "works", "text.csv", "id,text\n3.1.9,Words\n"); code != 403 {
		t.Errorf("a contact imports text: %d", code)
	}
	code, body, where := s.upload("/cmmc/texts", "mori", "text.csv", "id,text,title\n3.1.9,Provide notices,Privacy\n3.1.9[a],notices are identified,\n")
	if code != 303 {
		t.Fatalf("%d %s", code, body)
	}
	if _, body := s.get("/cmmc/enclaves/heron-cui/3.1.9", "works"); strings.Contains(body, "Provide notices") {
		t.Error("a text is shown before anybody took it into use")
	}
	if code, body := s.get(where, "mori"); code != 200 || !strings.Contains(body, "1 / 110") {
		t.Errorf("the preview: %d", code)
	}
	if code, _, _ := s.post(where+"/use", "mori"); code != 303 {
		t.Errorf("taking it into use: %d", code)
	}
	if _, body := s.get("/cmmc/enclaves/heron-cui/3.1.9", "works"); !strings.Contains(body, "Provide notices") || !strings.Contains(body, "notices are identified") || !strings.Contains(body, "text.csv") {
		t.Error("the text is not shown beside the requirement")
	}
	code, body, where = s.upload("/cmmc/crosswalks", "mori", "iso.csv", "\ufeffrequirement,reference,relation,title\r\n3.1.9,A.5.10,intersects,利用\r\n", "standard", "ISO/IEC 27001:2022")
	if code != 303 {
		t.Fatalf("%d %s", code, body)
	}
	if _, body := s.get("/cmmc/enclaves/heron-cui/3.1.9", "works"); strings.Contains(body, "A.5.10") {
		t.Error("a crosswalk that nobody signed is shown")
	}
	if code, _, _ := s.post(where+"/sign", "mori", "statement", ""); code != 422 {
		t.Errorf("signed without a word: %d", code)
	}
	if code, _, _ := s.post(where+"/sign", "sato", "statement", "Compared line by line"); code != 303 {
		t.Errorf("signing: %d", code)
	}
	if _, body := s.get("/cmmc/enclaves/heron-cui/3.1.9", "works"); !strings.Contains(body, "A.5.10") || !strings.Contains(body, "SATO") || !strings.Contains(body, "Compared line by line") {
		t.Error("the signed crosswalk is not shown with who signed it")
	}
	if code, _, _ := s.post(where+"/end", "mori"); code != 303 {
		t.Errorf("ending: %d", code)
	}
	if _, body := s.get("/cmmc/enclaves/heron-cui/3.1.9", "works"); strings.Contains(body, "A.5.10") {
		t.Error("a crosswalk out of force is shown")
	}
}

func managed(t *testing.T, s *site) {
	if code, body, _ := s.post("/cmmc/systems/new", "mori", "id", "Not An Id", "kind", "enclave", "unit", "works", "name", "X", "level", "2"); code != 422 || !strings.Contains(body, "small letters") {
		t.Errorf("an id that is none: %d", code)
	}
	if code, _, _ := s.post("/cmmc/systems/new", "works", "id", "x-1", "kind", "enclave", "unit", "works", "name", "X", "level", "2"); code != 403 {
		t.Errorf("a contact adds an enclave: %d", code)
	}
	code, body, to := s.post("/cmmc/systems/new", "mori", "id", "line-7", "kind", "enclave", "unit", "works", "entity", "heron", "name", "Line 7", "level", "2", "ssp", "1", "ssp_id", "S-7", "ssp_version", "1", "ssp_date", "2026-11-01")
	if code != 303 || to != "/cmmc/enclaves/line-7" {
		t.Fatalf("%d %s %s", code, to, body)
	}
	if code, _, _ := s.post(to+"/edit", "mori", "version", "77", "unit", "works", "name", "Line 7", "level", "2"); code != 409 {
		t.Errorf("a stale form: %d", code)
	}
	if code, body, _ := s.post(to+"/edit", "mori", "version", "1", "unit", "works", "name", "Line 7b", "level", "2", "ssp", "1", "ssp_id", "S-7", "ssp_date", "2026-11-02"); code != 303 {
		t.Errorf("editing: %d %s", code, body)
	}
	if code, _, _ := s.post(to+"/asset", "works", "name", "Robot <7>", "category", "sa", "inventory", "1"); code != 303 {
		t.Errorf("an asset: %d", code)
	}
	if _, body := s.get(to+"/parts", "works"); !strings.Contains(body, "Robot &lt;7&gt;") || !strings.Contains(body, "not treated in the SSP") {
		t.Error("the asset and what it lacks are not shown")
	}
	if code, body, _ := s.post(to+"/shares", "mori", "provider", "idp", "given", "3.5.3[a], 3.99.9", "shared", ""); code != 422 || !strings.Contains(body, "3.99.9") {
		t.Errorf("a share of what there is not: %d", code)
	}
	if code, _, _ := s.post(to+"/shares", "mori", "provider", "idp", "given", "3.5.3[a]", "shared", "3.5.3[b]\n3.5.3[c]"); code != 303 {
		t.Errorf("shares: %d", code)
	}
	if _, body := s.get(to+"/3.5.3", "works"); !strings.Contains(body, "one half") || !strings.Contains(body, "all of it") {
		t.Error("the halves are not shown")
	}
	if code, body, _ := s.post("/cmmc/entities", "mori", "id", "quetzal", "name", "Quetzal Inc.", "unit", "ohio", "cage", "12"); code != 422 || !strings.Contains(body, "CAGE") {
		t.Errorf("a CAGE code of two: %d", code)
	}
	if code, _, _ := s.post("/cmmc/entities", "mori", "id", "quetzal", "name", "Quetzal Inc.", "unit", "ohio", "cage", "9zzz9"); code != 303 {
		t.Errorf("an entity: %d", code)
	}
	if _, body := s.get("/cmmc/entities", "works"); strings.Contains(body, "Quetzal Inc.") {
		t.Error("works sees an entity of Ohio")
	}
	// What was assessed: sealed, declared, found wanting, affirmed.
	at := "/cmmc/enclaves/heron-cui"
	if code, body, _ := s.post(at+"/seal", "mori", "form", "c3pao"); code != 422 || !strings.Contains(body, "who assessed") {
		t.Errorf("a C3PAO without a name: %d", code)
	}
	if code, _, _ := s.post(at+"/seal", "mori", "form", "self"); code != 303 {
		t.Errorf("sealing: %d", code)
	}
	if code, body, _ := s.post(at+"/status", "mori", "status", "final", "assessment", "CMA-2026-0099", "day", "2026-11-23"); code != 422 {
		t.Errorf("a status by no assessment: %d %s", code, body)
	}
	if code, body, _ := s.post(at+"/status", "mori", "status", "final", "assessment", "CMA-2026-0001", "day", "2026-11-23"); code != 303 {
		t.Errorf("a status: %d %s", code, body)
	}
	if code, _, _ := s.post(at+"/finding", "works", "assessment", "CMA-2026-0001", "objective", "3.1.1[a]", "text", "No list"); code != 303 {
		t.Errorf("a finding: %d", code)
	}
	if code, body := s.get("/cmmc/assessments/CMA-2026-0001", "works"); code != 200 || !strings.Contains(body, "3.1.9[a]") {
		t.Errorf("what was sealed: %d", code)
	}
	if code, _ := s.get("/cmmc/assessments/CMA-2026-0001", "ohio"); code != 404 {
		t.Errorf("Ohio reads it: %d", code)
	}
	_, body = s.get(at+"/affirm", "fujii")
	_, rest, _ := strings.Cut(body, `name="read" value="`)
	sum, _, _ := strings.Cut(rest, `"`)
	if code, _, _ := s.post(at+"/affirm", "mori", "read", sum); code != 403 {
		t.Errorf("the head signs: %d", code)
	}
	if code, _, _ := s.post(at+"/affirm", "fujii", "read", "something else"); code != 409 {
		t.Errorf("signed without having read: %d", code)
	}
	if code, body, _ := s.post(at+"/affirm", "fujii", "read", sum); code != 303 {
		t.Errorf("signing: %d %s", code, body)
	}
	if _, body := s.get(at+"/affirm", "works"); !strings.Contains(body, sum) || !strings.Contains(body, "FUJII") {
		t.Error("the signature is not shown with the hash of what was read")
	}
}
