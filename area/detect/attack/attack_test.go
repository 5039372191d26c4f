package attack

import (
	"encoding/json"
	"strings"
	"testing"
)

const bundle = `{"type":"bundle","id":"bundle--1","spec_version":"2.0","objects":[
{"type":"identity","name":"somebody"},
{"type":"attack-pattern","name":"Old","revoked":true,"external_references":[{"source_name":"mitre-attack","external_id":"T1000"}],"kill_chain_phases":[{"kill_chain_name":"mitre-attack","phase_name":"execution"}]},
{"type":"attack-pattern","name":"A shell","external_references":[{"source_name":"other","external_id":"X"},{"source_name":"mitre-attack","external_id":"T1059.001"}],"kill_chain_phases":[{"kill_chain_name":"mitre-attack","phase_name":"execution"}]},
{"type":"attack-pattern","name":7},
{"type":"attack-pattern","name":"Stop\n the line","external_references":[{"source_name":"mitre-attack","external_id":"T0816"}],"kill_chain_phases":[{"kill_chain_name":"mitre-ics-attack","phase_name":"inhibit-response-function"}]},
{"type":"x-mitre-tactic","name":"Doing","x_mitre_shortname":"execution","external_references":[{"source_name":"mitre-attack","external_id":"TA0002"}]}]}`

func TestABundleNamesTechniques(t *testing.T) {
	names, err := Read(strings.NewReader(bundle))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(names)
	want := `[{"id":"T1059.001","domain":"enterprise","name":"A shell","tactics":["execution"]},{"id":"TA0002","domain":"enterprise","name":"Doing","tactics":null},{"id":"T0816","domain":"ics","name":"Stop the line","tactics":["inhibit-response-function"]}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, text := range map[string]string{"empty": "", "a list": "[]", "no bundle": `{"type":"report","objects":[]}`, "cut off": bundle[:300], "no techniques": `{"type":"bundle","objects":[]}`} {
		if _, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

func TestTagsNameTechniquesAndTactics(t *testing.T) {
	for tag, want := range map[string]string{"attack.t1059.001": "T1059.001", "attack.T0816": "T0816", "attack.execution": "", "attack.g0016": "", "car.t1059": "", "attack.t10590": ""} {
		if id, _, _ := Technique(tag); id != want {
			t.Errorf("%s: %q, not %q", tag, id, want)
		}
	}
	if DomainOf("T0816") != ICS || DomainOf("T1059") != Enterprise {
		t.Error("the domains are told wrongly")
	}
	if x, ok := TacticOf("attack.defense_evasion", Enterprise); !ok || x.ID != "TA0005" {
		t.Error(x, ok)
	}
	if x, ok := TacticOf("attack.defense-impairment", Enterprise); !ok || x.ID != "TA0112" {
		t.Error(x, ok)
	}
	if x, ok := TacticOf("attack.ta0106", ICS); !ok || x.Slug != "impair-process-control" {
		t.Error(x, ok)
	}
	if len(Tactics(Enterprise)) != 15 || len(Tactics(ICS)) != 12 {
		t.Error("the matrices have other columns")
	}
}

func TestALayerIsOfFormat45(t *testing.T) {
	raw, err := Layer("Coverage", "about", ICS, []Mark{{ID: "T0816", Score: 3, Rules: []string{"x"}}, {ID: "T0836", Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	var l struct {
		Domain     string
		Versions   map[string]string
		Techniques []struct {
			ID      string `json:"techniqueID"`
			Score   int
			Enabled bool
		}
		Gradient struct{ MaxValue int }
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		t.Fatal(err)
	}
	if l.Domain != "ics-attack" || l.Versions["layer"] != "4.5" || len(l.Techniques) != 2 || l.Techniques[0].ID != "T0816" || l.Gradient.MaxValue != 3 {
		t.Errorf("%s", raw)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(bundle)
	f.Add(`{"type":"bundle","objects":[{"type":"attack-pattern"}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		names, err := Read(strings.NewReader(s))
		if err != nil {
			return
		}
		for _, n := range names {
			if !idForm.MatchString(n.ID) || n.Name == "" || strings.ContainsAny(n.Name, "\n\r") {
				t.Fatalf("%+v", n)
			}
		}
	})
}

func TestOnlyWhatIsInForceAndArrivesAndPassesCovers(t *testing.T) {
	yes := Rule{ID: "1", Title: "A", Source: "windows", Tags: []string{"attack.execution", "attack.t1059.001"}, InForce: true, Arrived: true, Case: true}
	quiet := yes
	quiet.ID, quiet.Arrived, quiet.Source, quiet.Tags = "2", false, "linux", []string{"attack.execution", "attack.t1059", "attack.t1204"}
	draft := yes
	draft.ID, draft.InForce, draft.Tags = "3", false, []string{"attack.impact", "attack.t1486"}
	untested := yes
	untested.ID, untested.Case, untested.Tags = "4", false, []string{"attack.t1490"}
	m := Build(Enterprise, []Rule{yes, quiet, draft, untested}, nil)
	if m.Covered != 1 || m.Named != 4 || m.Imported {
		t.Errorf("%d of %d", m.Covered, m.Named)
	}
	if len(m.Uncolumned) != 1 || m.Uncolumned[0] != "T1490" {
		t.Errorf("without a tactic: %v", m.Uncolumned)
	}
	ex := m.Columns[3]
	if ex.Tactic.Slug != "execution" || ex.Covered != 1 || ex.Cells[0].ID != "T1059" || ex.Cells[0].Counts != 1 || ex.Cells[0].Would != 1 || len(ex.Cells[0].Subs) != 1 {
		t.Errorf("%+v", ex)
	}
	if len(m.Gains) != 1 || m.Gains[0].Source != "linux" || len(m.Gains[0].Techniques) != 1 || m.Gains[0].Techniques[0] != "T1204" {
		t.Errorf("%+v", m.Gains)
	}
	names := []Name{{ID: "T1059", Domain: Enterprise, Name: "Shells", Tactics: []string{"execution"}}, {ID: "T1003", Domain: Enterprise, Name: "Keys", Tactics: []string{"credential-access"}}}
	m = Build(Enterprise, []Rule{yes}, names)
	if !m.Imported || m.Named != 2 || m.Columns[3].Cells[0].Name != "Shells" || len(m.Columns[8].Cells) != 1 {
		t.Errorf("%+v", m)
	}
	if marks := Build(Enterprise, []Rule{yes, quiet}, nil).Marks(); len(marks) != 3 || marks[0].ID != "T1059" || !marks[0].Off && marks[0].Score == 0 {
		t.Errorf("%+v", marks)
	}
}
