package score

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc/catalog"
)

// cases are those published with the facts; they come from a script that shares
// nothing with this package.
type cases struct {
	Requirement []struct {
		N       int      `json:"n"`
		Name    string   `json:"name"`
		Level   int      `json:"level"`
		SSP     bool     `json:"ssp"`
		NotMet  []string `json:"not_met"`
		Partial []string `json:"partial"`
		Expect  struct {
			Score  *int   `json:"score"`
			Status Status `json:"status"`
		} `json:"expect"`
	} `json:"requirement_cases"`
	Objective []struct {
		Name       string   `json:"name"`
		NotMet     []string `json:"objectives_not_met"`
		Enduring   []string `json:"enduring_exception"`
		Undescribe []string `json:"enduring_exception_not_in_ssp"`
		Draft      []string `json:"draft_evidence_only"`
		Unassessed []string `json:"not_assessed"`
		Expect     struct {
			Score     *int  `json:"score"`
			Low, High *int  `json:"-"`
			ScoreLow  *int  `json:"score_low"`
			ScoreHigh *int  `json:"score_high"`
			Complete  *bool `json:"complete"`
		} `json:"expect"`
	} `json:"objective_cases"`
	Level3 []struct {
		Name   string   `json:"name"`
		Level2 *int     `json:"level2_score"`
		NotMet []string `json:"not_met"`
		Expect struct {
			Score  *int   `json:"score"`
			Status Status `json:"status"`
		} `json:"expect"`
	} `json:"level3_cases"`
	Date []map[string]any `json:"date_cases"`
}

func published(t *testing.T) cases {
	t.Helper()
	raw, err := os.ReadFile("testdata/score-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var c cases
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// file writes an assessment of a level with everything met, changed by edit, and
// reads it again, so that the cases go through the format.
func file(t *testing.T, level int, ssp bool, edit func(objectives map[string]any, doc map[string]any)) *Assessment {
	t.Helper()
	objectives := map[string]any{}
	for i := range catalog.Mask(level).All {
		objectives[catalog.Name(i)] = map[string]any{"result": "met"}
	}
	doc := map[string]any{"enclave": "e", "level": level, "date": "2026-11-23", "objectives": objectives}
	if ssp {
		doc["ssp"] = map[string]any{"id": "SSP-1", "version": "3", "date": "2026-10-01"}
	}
	if edit != nil {
		edit(objectives, doc)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Read("f.json", raw, time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func show(p *int) string {
	if p == nil {
		return "none"
	}
	return fmt.Sprint(*p)
}

func TestPublishedCases(t *testing.T) {
	c := published(t)
	if len(c.Requirement) < 20 || len(c.Objective) != 6 || len(c.Level3) != 4 {
		t.Fatalf("%d, %d and %d cases", len(c.Requirement), len(c.Objective), len(c.Level3))
	}
	for _, k := range c.Requirement {
		a := file(t, k.Level, k.SSP, func(o, doc map[string]any) {
			for _, id := range k.NotMet {
				for _, i := range catalog.Find(id).Objective {
					o[catalog.Name(i)] = "not_met"
				}
			}
			partial := map[string]bool{}
			for _, id := range k.Partial {
				last := catalog.Find(id).Objective
				o[catalog.Name(last[len(last)-1])] = "not_met"
				partial[id] = true
			}
			doc["partial"] = partial
		})
		if r := a.Score(0); show(r.Score) != show(k.Expect.Score) || r.Status != k.Expect.Status {
			t.Errorf("%d %s: score %s, %s; not %s, %s", k.N, k.Name, show(r.Score), r.Status, show(k.Expect.Score), k.Expect.Status)
		}
	}
	for _, k := range c.Objective {
		a := file(t, 2, true, func(o, _ map[string]any) {
			for _, id := range k.NotMet {
				o[id] = map[string]any{"result": "not_met", "reason": "r"}
			}
			for _, id := range k.Enduring {
				o[id] = map[string]any{"result": "not_met", "exception": map[string]any{"kind": "enduring", "ssp": "4.2"}}
			}
			for _, id := range k.Undescribe {
				o[id] = map[string]any{"result": "met", "exception": map[string]any{"kind": "enduring"}}
			}
			for _, id := range k.Draft {
				o[id] = map[string]any{"result": "met", "evidence": []any{map[string]any{"name": "policy", "state": "draft"}}}
			}
			for _, id := range k.Unassessed {
				delete(o, id)
			}
		})
		r, e := a.Score(0), k.Expect
		if e.Score != nil && show(r.Score) != show(e.Score) || e.ScoreLow != nil && (show(r.Low) != show(e.ScoreLow) || show(r.High) != show(e.ScoreHigh) || r.Complete != *e.Complete || r.Score != nil) {
			t.Errorf("%s: %s, %s to %s, complete %v", k.Name, show(r.Score), show(r.Low), show(r.High), r.Complete)
		}
	}
	for _, k := range c.Level3 {
		a := file(t, 3, true, func(o, doc map[string]any) {
			if k.Level2 != nil {
				doc["level2_score"] = *k.Level2
			}
			for _, id := range k.NotMet {
				o[catalog.Name(catalog.Find(id).Objective[0])] = "not_met"
			}
		})
		if r := a.Score(0); show(r.Score) != show(k.Expect.Score) || r.Status != k.Expect.Status {
			t.Errorf("%s: score %s, %s", k.Name, show(r.Score), r.Status)
		}
	}
}

func TestNoPlanNoAssessment(t *testing.T) {
	r := file(t, 2, false, nil).Score(0)
	if r.Score != nil || r.Low != nil || r.Status != NoAssessment || r.Best != NoAssessment {
		t.Errorf("without an SSP: %s, %s", show(r.Score), r.Status)
	}
	a := file(t, 2, true, func(o, _ map[string]any) { delete(o, "3.12.4[h]") })
	if r := a.Score(0); r.Score != nil || r.Status != NoAssessment || r.Best != Final || r.Complete || *r.High != 110 {
		t.Errorf("with an unknown objective of 3.12.4: %+v", r)
	}
}

func TestLevel1IsAllOrNothing(t *testing.T) {
	if r := file(t, 1, false, nil).Score(0); r.Status != Final || r.Score != nil || r.ItemsMet != 15 || r.Met != 59 {
		t.Errorf("all met: %+v", r)
	}
	a := file(t, 1, false, func(o, _ map[string]any) { o["3.10.3[a]"] = "not_met"; o["3.10.5[a]"] = "not_met" })
	r := a.Score(0)
	if r.Status != None || r.ItemsMet != 14 || len(r.Deductions) != 2 || r.Deductions[0].Deferrable {
		t.Errorf("two requirements of one item: %+v", r)
	}
	if two := file(t, 2, true, nil).Score(1); two.Status != Final || two.Items != 15 {
		t.Errorf("a file of Level 2 scored for Level 1: %+v", two)
	}
}

func TestPartialCredit(t *testing.T) {
	score := func(edit func(o, doc map[string]any)) string { return show(file(t, 2, true, edit).Score(0).Score) }
	if s := score(func(o, _ map[string]any) { o["3.5.3[d]"] = "not_met" }); s != "105" {
		t.Errorf("general users without MFA, nothing said of remote ones: %s", s)
	}
	if s := score(func(o, doc map[string]any) {
		o["3.5.3[d]"], o["3.5.3[b]"] = "not_met", "not_met"
		doc["partial"] = map[string]any{"3.5.3": true}
	}); s != "105" {
		t.Errorf("privileged users without MFA: %s", s)
	}
	r := file(t, 2, true, func(o, doc map[string]any) {
		delete(o, "3.5.3[d]")
		doc["partial"] = map[string]any{"3.5.3": true}
	}).Score(0)
	if *r.Low != 107 || *r.High != 110 || r.Status != None || r.Best != Final {
		t.Errorf("%d to %d, %s to %s", *r.Low, *r.High, r.Status, r.Best)
	}
	r = file(t, 2, true, func(o, doc map[string]any) {
		o["3.13.11[a]"] = "not_met"
		doc["partial"] = map[string]any{"3.13.11": true}
	}).Score(0)
	if d := r.Deductions[0]; !d.Deferrable || d.State != StatePartial || d.Clause != "32 CFR 170.24(c)(2)(i)(B)(4)" || d.WhyClause != "32 CFR 170.21(a)(2)(ii)" {
		t.Errorf("%+v", d)
	}
}

func TestExceptionsAndEvidence(t *testing.T) {
	for name, k := range map[string]struct {
		objective string
		want      Result
	}{
		"temporary, handled":          {`{"result":"not_met","exception":{"kind":"temporary","plan":"OPA-7","reviewed":"2026-11-01","progress":"half patched"}}`, Met},
		"temporary, never reviewed":   {`{"result":"met","exception":{"kind":"temporary","plan":"OPA-7"}}`, NotMet},
		"temporary, without a plan":   {`{"result":"met","exception":"temporary"}`, NotMet},
		"adjudicated":                 {`{"result":"not_met","exception":{"kind":"adjudicated","ssp":"9","unchanged":true}}`, Met},
		"adjudicated, changed since":  {`{"result":"met","exception":{"kind":"adjudicated","ssp":"9"}}`, NotMet},
		"not applicable":              {`{"result":"na","reason":"no wireless"}`, NA},
		"stale":                       {`{"result":"met","evidence":[{"name":"a","valid_until":"2026-11-22"}]}`, Unknown},
		"valid to the very day":       {`{"result":"met","evidence":[{"name":"a","valid_until":"2026-11-23"}]}`, Met},
		"one final beside a draft":    {`{"result":"met","evidence":[{"name":"a","draft":true},"b"]}`, Met},
		"a draft beside a stale one":  {`{"result":"met","evidence":[{"name":"a","draft":true},{"name":"b","valid_until":"2026-01-01"}]}`, Unknown},
		"not met with good documents": {`{"result":"not_met","evidence":["b"]}`, NotMet},
	} {
		var o any
		if err := json.Unmarshal([]byte(k.objective), &o); err != nil {
			t.Fatal(err)
		}
		a := file(t, 2, true, func(all, _ map[string]any) { all["3.1.16[a]"] = o })
		i, _ := catalog.Index("3.1.16[a]")
		if got, _ := a.Effective(i); got != k.want {
			t.Errorf("%s: %s, not %s", name, got, k.want)
		}
	}
}

func TestLevel3AsksForLevel2(t *testing.T) {
	both := func(edit func(o map[string]any)) *Report {
		return file(t, 3, true, func(o, _ map[string]any) {
			for i := range catalog.Mask(2).All {
				o[catalog.Name(i)] = "met"
			}
			edit(o)
		}).Score(0)
	}
	if r := both(func(map[string]any) {}); r.Status != Final || *r.Score != 24 || *r.Level2 != 110 {
		t.Errorf("%+v", r)
	}
	if r := both(func(o map[string]any) { o["3.1.3[a]"] = "not_met" }); r.Status != NotEligible || r.Score != nil {
		t.Errorf("Level 2 at 109: %+v", r)
	}
	if r := both(func(o map[string]any) { delete(o, "3.1.3[a]") }); r.Status != NotEligible || r.Best != Final || r.Score != nil || *r.High != 24 {
		t.Errorf("Level 2 unknown: %+v", r)
	}
	a := file(t, 3, true, func(o, doc map[string]any) { o["3.1.3e[ODP1]"] = "not_met"; doc["level2_score"] = 110 })
	if r := a.Score(0); *r.Score != 23 || r.Status != Conditional {
		t.Errorf("a value that was not defined: %+v", r)
	}
}

// TestBadFilesAreNamedByPlace has one fault a file; each is told with line and
// path.
func TestBadFilesAreNamedByPlace(t *testing.T) {
	for doc, want := range map[string]string{
		"{\"objectives\":{\n\"3.1.99[a]\":\"met\"}}":                                                 `f.json:2: objectives["3.1.99[a]"]: there is no objective "3.1.99[a]"`,
		"{\"objectives\":{\n\"3.1.1[g]\":\"met\"}}":                                                  `f.json:2: objectives["3.1.1[g]"]: there is no objective`,
		"{\"partial\":{\n\"3.1.1\":true}}":                                                           `f.json:2: partial["3.1.1"]: 3.1.1 has no partial credit`,
		"{\"partial\":{\"9.9\":true}}":                                                               `there is no requirement "9.9"`,
		"{\"objectives\":{\"3.1.1[a]\":\"met\",\n\"3.1.1[a]\":\"not_met\"}}":                         `f.json:2: objectives["3.1.1[a]"]: 3.1.1[a] stands twice: first in line 1`,
		"{\"objectives\":{\"3.1.1[a]\":\"met\",\n\"AC.L2-3.1.1_obj.a\":\"met\"}}":                    `f.json:2: objectives["AC.L2-3.1.1_obj.a"]: 3.1.1[a] stands twice`,
		"{\"objectives\":{\"3.13.11[a]\":\"met\"},\n\"partial\":{\"3.13.11\":true}}":                 `f.json:2: partial["3.13.11"]: 3.13.11 is said to be partly met, yet`,
		"{\"objectives\":{\"3.1.1[a]\":\n{\"result\":\"passed\"}}}":                                  `f.json:2: objectives["3.1.1[a]"].result: "passed" is no result`,
		"{\"objectives\":{\"3.1.1[a]\":{}}}":                                                         `result is missing`,
		"{\"objectives\":{\"3.1.1[a]\":{\"result\":\"met\",\"evidence\":[{\"status\":\"draft\"}]}}}": `evidence[0].status: there is no field "status" here`,
		"{\"objectives\":{\"3.1.1[a]\":{\"result\":\"na\",\"exception\":\"enduring\"}}}":             `can't be na and have an exception`,
		"{\"date\":\"2026-02-30\"}":                                                                  `date: "2026-02-30" is no day`,
		"{\"date\":\"1026-02-03\"}":                                                                  `outside the years`,
		"{\"date\":\"2026-11-23\",\"ssp\":{\"date\":\"2026-11-24\"}}":                                `ssp: the SSP is of 2026-11-24, after`,
		"{\"objectives\":{\"3.1.1[a]\":{\"result\":\"met\",\"evidence\":[{\"collected\":\"2026-01-02\",\n\"valid_until\":\"2026-01-01\"}]}}}": `f.json:2: objectives["3.1.1[a]"].evidence[0].valid_until: the evidence ends before`,
		"{\"date\":\"2026-11-23\",\"objectives\":{\"3.1.1[a]\":{\"result\":\"met\",\"evidence\":[{\"collected\":\"2026-11-24\"}]}}}":          `evidence[0]: the evidence was collected on 2026-11-24, after`,
		"{\"status\":{\"conditional\":\"2026-11-23\",\"final\":\"2027-05-23\"}}":                                                              `status: the Conditional status ended on 2027-05-22`,
		"{\"status\":{\"conditional\":\"2026-11-23\",\"final\":\"2026-11-22\"}}":                                                              `is dated before`,
		"{\"level\":4}":               `level: the level is 1, 2 or 3`,
		"{\"level\":2,\n\"level\":1}": `f.json:2: level: "level" stands twice`,
		"{\"levle\":2}":               `there is no field "levle" here`,
		"{\"level2_score\":111}":      `111 is no score of Level 2`,
		"[]":                          `an object is expected`,
		"{\"level\":\"2\"}":           `a whole number is expected`,
		"{\"objectives\":{\"3.1.1[a]\":{\"result\":\"met\",\"evidence\":[{\"sha256\":\"abc\"}]}}}":                 `is no SHA-256`,
		"{\"objectives\":{\"3.1.1[a]\":{\"result\":\"met\",\"evidence\":[{\"state\":\"final\",\"draft\":true}]}}}": `this contradicts`,
	} {
		_, err := Read("f.json", []byte(doc), time.Time{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n  %v\n  not %s", doc, err, want)
		}
	}
	_, err := Read("f.json", []byte("{\"levle\":2,\n\"date\":\"x\"}"), time.Time{})
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two faults are told together: %v", err)
	}
	a, err := Read("f.json", []byte("{\"objectives\":{\"3.1.1[a]\":{\"result\":\"met\",\n\"evidence\":[{\"name\":\"p\",\"draft\":true}]}}}"), time.Time{})
	if err != nil || len(a.Warnings) != 2 || !strings.HasPrefix(a.Warnings[0].In("en"), `f.json:2: objectives["3.1.1[a]"].evidence[0]: a draft is no evidence`) {
		t.Errorf("a draft is named with its place: %v %v", a.Warnings, err)
	}
}

func TestDates(t *testing.T) {
	at := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := CloseOut(at("2026-11-23"), 2); !d.Equal(at("2027-05-22")) {
		t.Errorf("closed out by %s", d)
	}
	ends := func(c, f string) (day, kept string) {
		d := Dates{}
		if c != "" {
			d.Conditional = at(c)
		}
		if f != "" {
			d.Final = at(f)
		}
		for _, e := range Calendar(2, d) {
			switch e.Kind {
			case "reassessment":
				day = e.Day.Format(time.DateOnly)
			case "retention":
				kept = e.Day.Format(time.DateOnly)
			}
		}
		return day, kept
	}
	for _, k := range [][4]string{
		{"2026-11-23", "", "2029-11-23", "2032-11-23"},
		{"2026-11-23", "2027-04-01", "2029-11-23", "2033-04-01"},
		{"", "2028-02-29", "2031-02-28", "2034-03-01"},
	} {
		if day, kept := ends(k[0], k[1]); day != k[2] || kept != k[3] {
			t.Errorf("%v: %s, %s", k, day, kept)
		}
	}
	if d := Years(at("2026-11-23"), 1); !d.Equal(at("2027-11-23")) {
		t.Errorf("affirmed by %s", d)
	}
	d := Dates{Conditional: at("2026-11-23")}
	for day, want := range map[string]Life{"2026-11-22": LifeNone, "2027-05-22": LifeConditional, "2027-05-23": LifeClosedOut} {
		if got := d.On(2, at(day)); got != want {
			t.Errorf("on %s: %s", day, got)
		}
	}
	d = Dates{Conditional: at("2026-11-23"), Final: at("2027-04-01"), Affirmed: []time.Time{at("2026-11-23"), at("2027-11-20")}}
	for day, want := range map[string]Life{"2027-03-31": LifeConditional, "2027-04-01": LifeFinal, "2028-11-23": LifeFinal, "2028-11-24": LifeUnaffirmed, "2029-11-24": LifeExpired} {
		if got := d.On(2, at(day)); got != want {
			t.Errorf("on %s: %s, not %s", day, got, want)
		}
	}
}

// TestTheCasesAreTheFacts: the copy here is that of the facts, where they are.
func TestTheCasesAreTheFacts(t *testing.T) {
	shared := filepath.Join("..", "..", "..", "..", "shared", "facts", "cmmc-score-cases.json")
	theirs, err := os.ReadFile(shared)
	if err != nil {
		t.Skip("no shared facts beside the repository")
	}
	ours, err := os.ReadFile("testdata/score-cases.json")
	if err != nil || !slices.Equal(ours, theirs) {
		t.Errorf("the cases differ from the facts: %v", err)
	}
}
