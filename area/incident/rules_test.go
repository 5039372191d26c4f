package incident

import (
	"testing"
	"time"

	"yagura/kernel/fault"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestSteps(t *testing.T) {
	base := Incident{ID: "INC-2026-0001", Severity: High, Peak: High, TLP: Amber, Team: "csirt", Lead: "p-a", Class: "fraud", Type: "phishing", Occurred: noon.Add(-24 * time.Hour)}
	in := func(s State, change ...func(*Incident)) Incident {
		i := base
		i.State = s
		for _, f := range change {
			f(&i)
		}
		return i
	}
	critical := func(i *Incident) { i.Peak = Critical }
	reviewed := func(by string) func(*Incident) {
		return func(i *Incident) { i.Lessons, i.Cause, i.Reviewer = "learned", "cause", by }
	}
	cases := []struct {
		name  string
		inc   Incident
		move  Move
		tasks int
		by    string
		want  State
		kind  fault.Kind
		field string
	}{
		{"triage", in(Reported), Move{Step: Triage}, 0, "p-b", Triaged, 0, ""},
		{"triage needs a team", in(Reported, func(i *Incident) { i.Team = "" }), Move{Step: Triage}, 0, "p-b", "", fault.KindInvalid, "team"},
		{"triage takes a severity of the list only", in(Reported), Move{Step: Triage, Severity: "huge"}, 0, "p-b", "", fault.KindInvalid, "severity"},
		{"confirm", in(Triaged), Move{Step: Confirm}, 0, "p-b", Confirmed, 0, ""},
		{"confirm needs a class", in(Triaged, func(i *Incident) { i.Class, i.Type = "", "" }), Move{Step: Confirm}, 0, "p-b", "", fault.KindInvalid, "class"},
		{"confirm needs a lead", in(Triaged, func(i *Incident) { i.Lead = "" }), Move{Step: Confirm}, 0, "p-b", "", fault.KindInvalid, "lead"},
		{"confirm refuses a class outside the taxonomy", in(Triaged), Move{Step: Confirm, Class: "fraud", Type: "ddos"}, 0, "p-b", "", fault.KindInvalid, "class"},
		{"no containing before confirming", in(Triaged), Move{Step: Contain, Note: "x"}, 0, "p-b", "", fault.KindConflict, ""},
		{"contain", in(Confirmed), Move{Step: Contain, Note: "blocked"}, 0, "p-b", Contained, 0, ""},
		{"contain needs words", in(Confirmed), Move{Step: Contain, Note: "  "}, 0, "p-b", "", fault.KindInvalid, "note"},
		{"not in the future", in(Confirmed), Move{Step: Contain, Note: "x", Happened: noon.Add(time.Minute)}, 0, "p-b", "", fault.KindInvalid, "happened"},
		{"not before it occurred", in(Confirmed), Move{Step: Contain, Note: "x", Happened: noon.Add(-25 * time.Hour)}, 0, "p-b", "", fault.KindInvalid, "happened"},
		{"not before the step before", in(Confirmed, func(i *Incident) { i.Confirmed = noon.Add(-time.Hour) }), Move{Step: Contain, Note: "x", Happened: noon.Add(-2 * time.Hour)}, 0, "p-b", "", fault.KindInvalid, "happened"},
		{"recover without eradicating", in(Contained), Move{Step: Recover, Note: "back"}, 0, "p-b", Recovered, 0, ""},
		{"review", in(Recovered), Move{Step: Review, Cause: "c", Lessons: "l"}, 0, "p-a", Reviewed, 0, ""},
		{"review needs lessons", in(Recovered), Move{Step: Review, Cause: "c"}, 0, "p-b", "", fault.KindInvalid, "lessons"},
		{"the lead does not review a critical one", in(Recovered, critical), Move{Step: Review, Cause: "c", Lessons: "l"}, 0, "p-a", "", fault.KindDenied, ""},
		{"another reviews a critical one", in(Recovered, critical), Move{Step: Review, Cause: "c", Lessons: "l"}, 0, "p-b", Reviewed, 0, ""},
		{"close", in(Reviewed, reviewed("p-a")), Move{Step: Shut}, 0, "p-a", Closed, 0, ""},
		{"close needs all tasks done", in(Reviewed, reviewed("p-a")), Move{Step: Shut}, 2, "p-a", "", fault.KindConflict, ""},
		{"what became critical after the review needs another review", in(Reviewed, reviewed("p-a"), critical), Move{Step: Shut}, 0, "p-b", "", fault.KindDenied, ""},
		{"dismiss", in(Triaged), Move{Step: Dismiss, Reason: "permitted", Note: "asked"}, 0, "p-b", Dismissed, 0, ""},
		{"dismiss needs a reason of the list", in(Triaged), Move{Step: Dismiss, Reason: "because", Note: "asked"}, 0, "p-b", "", fault.KindInvalid, "reason"},
		{"no dismissing once contained", in(Contained), Move{Step: Dismiss, Reason: "permitted", Note: "x"}, 0, "p-b", "", fault.KindConflict, ""},
		{"not a duplicate of itself", in(Reported), Move{Step: Double, Other: "INC-2026-0001"}, 0, "p-b", "", fault.KindInvalid, "other"},
		{"duplicate", in(Reported), Move{Step: Double, Other: "INC-2026-0002"}, 0, "p-b", Duplicate, 0, ""},
		{"merge", in(Confirmed), Move{Step: Merge, Other: "INC-2026-0002"}, 0, "p-b", Merged, 0, ""},
		{"reopen to confirmed", in(Closed, func(i *Incident) { i.Confirmed = noon.Add(-time.Hour) }), Move{Step: Reopen, Note: "again"}, 0, "p-b", Confirmed, 0, ""},
		{"reopen to triaged", in(Dismissed), Move{Step: Reopen, Note: "again"}, 0, "p-b", Triaged, 0, ""},
		{"reopen needs words", in(Closed), Move{Step: Reopen}, 0, "p-b", "", fault.KindInvalid, "note"},
		{"an open one is not reopened", in(Triaged), Move{Step: Reopen, Note: "x"}, 0, "p-b", "", fault.KindConflict, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := apply(c.inc, c.move, around{now: noon, by: c.by, openTasks: c.tasks, led: []string{"p-a"}})
			if c.want != "" {
				if err != nil || got.State != c.want {
					t.Fatalf("state %q, error %v; want %q", got.State, err, c.want)
				}
				if got.Open() != c.want.Open() || !got.Open() && got.Closed.IsZero() {
					t.Errorf("open %v, closed %v in state %s", got.Open(), got.Closed, got.State)
				}
				return
			}
			if fault.KindOf(err) != c.kind {
				t.Fatalf("error %v; want kind %d", err, c.kind)
			}
			if c.field != "" && (len(fault.FieldsOf(err)) == 0 || fault.FieldsOf(err)[0].Name != c.field) {
				t.Errorf("complaint %v; want field %s", err, c.field)
			}
		})
	}
}

func TestPeakStays(t *testing.T) {
	i := Incident{State: Triaged, Severity: Critical, Peak: Critical, Team: "t", Lead: "l", Class: "other", Occurred: noon}
	i, err := apply(i, Move{Step: Confirm, Severity: Low}, around{now: noon})
	if err != nil || i.Severity != Low || i.Peak != Critical {
		t.Fatalf("severity %s, peak %s, error %v: lowering must not evade the second person", i.Severity, i.Peak, err)
	}
}

func TestEveryStateHasAWayOn(t *testing.T) {
	for _, s := range States {
		if len(Next(s)) == 0 {
			t.Errorf("nothing can be done in state %s", s)
		}
		if s.Label().Key == "%s" {
			t.Errorf("state %s has no word", s)
		}
	}
}

func TestObservables(t *testing.T) {
	for _, c := range []struct {
		kind           Kind
		in, want, show string
	}{
		{IP, "192.0.2.7", "192.0.2.7", "192.0.2[.]7"},
		{IP, "192[.]0[.]2[.]7", "192.0.2.7", "192.0.2[.]7"},
		{IP, "2001:DB8::1", "2001:db8::1", "2001:db8:[:]1"},
		{IP, "192.0.2.700", "", ""},
		{Net, "192.0.2.9/24", "192.0.2.0/24", "192.0.2[.]0/24"},
		{Domain, "Bad.Example.", "bad.example", "bad[.]example"},
		{Domain, "no spaces.example", "", ""},
		{URL, "hxxps://Bad[.]example/Path?x=1", "https://bad.example/Path?x=1", "hxxps://bad[.]example/Path?x=1"},
		{URL, "bad.example/path", "", ""},
		{Hash, "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"},
		{Hash, "d41d8c", "", ""},
		{Mail, "Someone[at]bad[.]example", "someone@bad.example", "someone[@]bad[.]example"},
		{Vuln, "cve-2026-12345", "CVE-2026-12345", "CVE-2026-12345"},
		{User, `ELECTRIC\Sato`, `electric\sato`, `electric\sato`},
		{File, `C:\Windows\Temp\a.exe`, `C:\Windows\Temp\a.exe`, `C:\Windows\Temp\a.exe`},
		{Host, "HIM-ENG-014", "him-eng-014", "him-eng-014"},
		{Host, "a b", "", ""},
		{Misc, "two\nlines", "", ""},
		{"nothing", "x", "", ""},
	} {
		got, err := Canonical(c.kind, c.in)
		if (err == nil) != (c.want != "") || got != c.want {
			t.Errorf("%s %q: %q, %v; want %q", c.kind, c.in, got, err, c.want)
			continue
		}
		if err == nil && Defang(c.kind, got) != c.show {
			t.Errorf("%s %q is shown as %q; want %q", c.kind, got, Defang(c.kind, got), c.show)
		}
		if err == nil {
			if again, err := Canonical(c.kind, Defang(c.kind, got)); err != nil || again != got {
				t.Errorf("%s %q does not come back from its shown form: %q, %v", c.kind, got, again, err)
			}
		}
	}
	for in, want := range map[string]Kind{"198.51.100.4": IP, "10.0.0.0/8": Net, "https://a.example/": URL, "a@b.example": Mail, "CVE-2026-1234": Vuln,
		"evil.example": Domain, `C:\a.exe`: File, `HKLM\Software\X`: Key, `ELECTRIC\sato`: User, "hello": Misc,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855": Hash} {
		if got := Guess(in); got != want {
			t.Errorf("%q is taken for %s; want %s", in, got, want)
		}
	}
}

func TestTaxonomy(t *testing.T) {
	types := 0
	for _, c := range Taxonomy {
		types += len(c.Types)
		for _, ty := range c.Types {
			if ClassLabel(c.Code, ty.Code).IsZero() {
				t.Errorf("%s/%s has no words", c.Code, ty.Code)
			}
		}
	}
	if len(Taxonomy) != 11 || types != 39 {
		t.Errorf("%d classes with %d types", len(Taxonomy), types)
	}
}
