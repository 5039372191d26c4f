package paper

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/paper/docx"
	"yagura/area/cmmc/score"
	"yagura/kernel/text"
)

var today = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

type m = map[string]any

// assessed is an enclave with something of everything: most of it met, what is
// open lawful and barred, partial credit, exceptions, N/A, unknown, drafts and
// expired evidence, in two languages.
func assessed(t testing.TB, edit func(o, doc m)) *score.Assessment {
	t.Helper()
	docs := []string{"アクセス管理規程 v4", "Account review 2026 Q3", "Firewall rule set", "ネットワーク構成図 3.2", "Vulnerability scan 2026-09"}
	o, n := m{}, 0
	for i := range catalog.Mask(2).All {
		k := n % len(docs)
		o[catalog.Name(i)] = m{"result": "met", "method": []string{"examine", "interview", "test"}[n%3], "assessor": "K. Tanaka",
			"evidence": []m{{"name": docs[k], "sha256": strings.Repeat(fmt.Sprint(k+1), 64), "state": "final", "collected": "2026-09-14", "valid_until": "2027-09-13"}}}
		n++
	}
	o["3.1.16[a]"] = m{"result": "na", "reason": "No wireless in the boundary; radio survey of 2026-08-14."}
	o["3.2.2[a]"] = m{"result": "met", "evidence": []m{{"name": "=cmd|' /C calc'!A0", "state": "draft"}}}
	o["3.3.3[a]"] = m{"result": "not_met", "reason": "監査ログの見直し手順が承認されていない。"}
	o["3.4.8[a]"] = m{"result": "not_met", "exception": m{"kind": "enduring", "ssp": "4, CM.L2-3.4.8"}, "reason": "Test benches can't run allow-listing."}
	o["3.5.3[d]"] = m{"result": "not_met", "reason": "One account of a hundred has no second factor."}
	o["3.6.3"] = m{"result": "not_met", "reason": "No exercise in twelve months."}
	o["3.14.1[f]"] = m{"result": "not_met", "exception": m{"kind": "temporary", "plan": "OPA-12", "reviewed": "2026-11-10", "progress": "38 of 41 hosts"}}
	o["3.12.1[a]"] = m{"result": "met", "evidence": []m{{"name": "Control review 2025", "state": "final", "collected": "2025-10-01", "valid_until": "2026-10-01"}}}
	delete(o, "3.11.2[e]")
	delete(o, "3.6.3[a]")
	doc := m{"enclave": "Works 3 / 第三製作所", "level": 2, "date": "2026-11-23", "ssp": m{"id": "SSP-3", "version": "2.1", "date": "2026-11-01"},
		"objectives": o, "partial": m{"3.5.3": true}, "status": m{"conditional": "2026-09-20", "affirmed": []string{"2026-09-20"}},
		"system": m{"name": "Design enclave", "description": "Design and test of drive units.", "boundary": "Building 4 of Works 3.",
			"organization": "Hoshino Precision 星野精密株式会社", "owner": "Sato Hanako 佐藤 花子", "cage": "SJ123"}}
	if edit != nil {
		edit(o, doc)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	a, err := score.Read("works.json", raw, today)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func described(t testing.TB) *Description {
	t.Helper()
	raw, err := os.ReadFile("testdata/description.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := ReadDescription("description.json", raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func papers(t testing.TB, lang text.Lang) *Papers {
	return From(assessed(t, nil), described(t), Options{Lang: lang, Now: today})
}

// said is all that a document says, in order.
func said(d *block.Document) string {
	var b strings.Builder
	para := func(p block.Para) {
		for _, r := range p.Runs {
			b.WriteString(r.Text)
		}
		b.WriteString("\n")
	}
	for _, f := range d.Cover {
		fmt.Fprintln(&b, f.Name, f.Value)
	}
	for _, x := range d.Body {
		switch x := x.(type) {
		case block.Heading:
			fmt.Fprintln(&b, x.Text)
		case block.Para:
			para(x)
		case block.Table:
			for _, c := range x.Columns {
				fmt.Fprintln(&b, c.Title)
			}
			for _, r := range x.Rows {
				for _, c := range r.Cells {
					for _, p := range c.Paras {
						para(p)
					}
				}
			}
		}
	}
	return b.String()
}

func TestThePlanSaysWhatTheAssessmentSays(t *testing.T) {
	for _, lang := range []text.Lang{text.EN, text.JA} {
		got := said(papers(t, lang).SSP())
		var want []string
		for _, q := range catalog.Requirements(2) {
			want = append(want, q.CMMC+"  ")
		}
		for i := range catalog.Mask(2).All {
			want = append(want, catalog.Name(i)+"\n")
		}
		want = append(want, "SSP-3", "SJ123, SJ124", "Exchange gateway", "ISA-2025-07", "Aerodata Cloud", "FedRAMP Moderate", "Keeps the keys", "Test line controllers",
			"No wireless in the boundary", "4, CM.L2-3.4.8", "OPA-12", "38 of 41 hosts", "Virtual desktops replace terminals", "2027-03-19", strings.Repeat("1", 64),
			"監査ログの見直し手順が承認されていない。", "全員に多要素認証を求めている。", "32 CFR 170.21(a)(2)(ii)", "32 CFR 170.24(c)(2)(i)(B)(4)")
		if lang == text.EN {
			want = append(want, "all evidence is draft", "all evidence has expired", "Shared with Group identity service: Offers two factors", "Our part: Asks for them", "Enduring exception", "Security protection assets", "90 to 100 of 110")
		} else {
			want = append(want, "証拠がすべて草案です", "Group identity service と分担: Offers two factors", "恒久的例外", "セキュリティ保護資産", "90～100 点（満点 110）", "アクセス制御 (AC)")
		}
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: the plan does not say %q", lang, w)
			}
		}
	}
}

func TestWhatIsNotRecordedIsSaid(t *testing.T) {
	bare := From(assessed(t, func(_, doc m) { delete(doc, "system") }), nil, Options{Lang: text.EN, Now: today})
	if n := strings.Count(said(bare.SSP()), "Nothing is recorded here yet."); n != 10 {
		t.Errorf("%d sections are said to be empty", n)
	}
	cloud := &Description{Providers: []Provider{{Name: "Cloud", Kind: "csp", Data: "cui"}}}
	if got := said(From(assessed(t, nil), cloud, Options{Lang: text.EN}).SSP()); !strings.Contains(got, "FedRAMP Moderate or its equivalent is missing (32 CFR 170.19(c)(2))") {
		t.Error("a cloud with CUI and without FedRAMP passes unseen")
	}
}

func TestEveryLevelHasItsPlan(t *testing.T) {
	for level, n := range map[int]int{1: 17, 2: 110, 3: 24} {
		a := &score.Assessment{Level: level}
		got := said(From(a, nil, Options{Lang: text.EN, Now: today}).SSP())
		for _, q := range catalog.Requirements(level) {
			if strings.Count(got, "\n"+q.CMMC+"  ") != 1 {
				t.Errorf("level %d: %s", level, q.CMMC)
			}
			n--
		}
		if n != 0 {
			t.Errorf("level %d: %d requirements too few", level, n)
		}
	}
}

func TestTheSamePapersHaveTheSameBytes(t *testing.T) {
	var first bytes.Buffer
	if err := docx.Write(&first, papers(t, text.JA).SSP()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var again bytes.Buffer
		if err := docx.Write(&again, papers(t, text.JA).SSP()); err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Fatalf("not the same: %v", err)
		}
	}
}

func TestAWrongDescriptionIsToldByItsPlace(t *testing.T) {
	for doc, want := range map[string]string{
		`{"marking": 3}`: "d.json:1: marking: a text is expected",
		`{"colour": ""}`: `there is no field "colour" here`,
		"{\n\"assets\": [{\"category\": \"XYZ\"}]}":                                                `d.json:2: assets[0].category: "XYZ" is none of: CUI, SPA, CRMA, SA, OOS`,
		`{"assets": [{"name": "x"}]}`:                                                              "category is missing",
		`{"assets": [{"category": "CUI", "count": -1}]}`:                                           "there can't be -1 of them",
		`{"providers": [{"name": "x", "shares": [{"kind": "shared", "objectives": ["3.99.1"]}]}]}`: `there is no requirement or objective "3.99.1"`,
		`{"providers": [{"name": "x", "shares": [{"objectives": ["3.1.1"]}]}]}`:                    "kind is missing",
		`{"providers": [{"id": "x"}, {"id": "x"}]}`:                                                `"x" stands twice`,
		`{"implementation": {"3.1.1[q]": "x"}}`:                                                    `there is no requirement or objective "3.1.1[q]"`,
		`{"implementation": {"3.1.1[a]": "x", "AC.L2-3.1.1[a]": "y"}}`:                             `"AC.L2-3.1.1[a]" stands twice`,
		`{"plan": {"3.1.1": {"start": "2026-02-02", "due": "2026-02-01"}}}`:                        "it is due before it starts on 2026-02-02",
		`{"plan": {"3.1.1": {"due": "2026-02-30"}}}`:                                               `"2026-02-30" is no day of the calendar`,
		`{"diagrams": [{"sha256": "xyz"}]}`:                                                        "is no SHA-256 in hexadecimal",
		`{"connections": [{"direction": "up"}]}`:                                                   `"up" is none of: in, out, both`,
		`{"sprs": {"scope": "world"}}`:                                                             `"world" is none of: enterprise, enclave`,
	} {
		_, err := ReadDescription("d.json", []byte(doc))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", doc, err, want)
		}
	}
}
