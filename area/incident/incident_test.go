package incident_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"yagura/area/incident"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// world is a small group with two regions, three teams and a few people.
type world struct {
	t      *testing.T
	db     *store.DB
	clk    *clock.Movable
	dir    *authz.Directory
	s      *incident.Service
	told   *told
	found  *found
	ctx    context.Context
	people map[string]authz.Actor
}

type told struct{ sent map[string]incident.Notice }

func (n *told) Notify(_ *store.Tx, m incident.Notice) error { n.sent[m.Key] = m; return nil }

func (n *told) to(person string) (ms []incident.Notice) {
	for _, m := range n.sent {
		if m.To == person {
			ms = append(ms, m)
		}
	}
	return ms
}

type found struct{ docs map[string]incident.Found }

func (f *found) Put(_ *store.Tx, d incident.Found) error { f.docs[d.Ref] = d; return nil }
func (f *found) Drop(_ *store.Tx, ref string) error      { delete(f.docs, ref); return nil }

type teams struct{}

var allTeams = []incident.Team{
	{ID: "corporate", Name: "Corporate CSIRT", Unit: "group", Lead: "lead", Members: []string{"handler", "lead"}},
	{ID: "europe-csirt", Name: "Europe CSIRT", Unit: "europe", Lead: "euro", Members: []string{"euro"}},
	{ID: "works-csirt", Name: "Works CSIRT", Unit: "works", Lead: "site", Members: []string{"site"}},
}

func (teams) AllTeams(*store.Tx) ([]incident.Team, error) { return allTeams, nil }
func (teams) TeamsFor(_ *store.Tx, unit string) ([]incident.Team, error) {
	switch unit {
	case "works":
		return []incident.Team{allTeams[2], allTeams[0]}, nil
	case "germany":
		return []incident.Team{allTeams[1], allTeams[0]}, nil
	}
	return allTeams[:1], nil
}
func (teams) OnCall(_ *store.Tx, team string, _ time.Time) ([]string, error) {
	return map[string][]string{"corporate": {"handler"}, "europe-csirt": {"euro"}, "works-csirt": {"site"}}[team], nil
}
func (teams) Above(_ *store.Tx, team string) (string, error) {
	if team == "corporate" {
		return "", nil
	}
	return "corporate", nil
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	storetest.Each(t, []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, incident.Migrations}, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		ctx := context.Background()
		docs, err := document.Open(ctx, "file://"+t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, db: db, clk: clk, ctx: ctx, dir: authz.NewDirectory(authz.NewPolicy(authz.Acts, incident.Acts)),
			told: &told{map[string]incident.Notice{}}, found: &found{map[string]incident.Found{}}, people: map[string]authz.Actor{}}
		w.s = incident.New(db, incident.Ports{Teams: teams{}, Notifier: w.told, Index: w.found, Documents: docs, Directory: w.dir,
			Secret: []byte("0123456789abcdef0123456789abcdef"), PublicURL: "https://yagura.example"})
		system := authz.System("test")
		grants := []authz.Grant{
			{Person: "lead", Role: authz.Lead, Tree: authz.Own, Unit: "group"},
			{Person: "handler", Role: authz.Handler, Tree: authz.Own, Unit: "group"},
			{Person: "euro", Role: authz.Handler, Tree: authz.Geography, Unit: "europe"},
			{Person: "america", Role: authz.Regional, Tree: authz.Geography, Unit: "americas"},
			{Person: "site", Role: authz.Handler, Tree: authz.Own, Unit: "works"},
			{Person: "reader", Role: authz.Assessor, Tree: authz.Own, Unit: "group"},
			{Person: "clerk", Role: authz.Employee, Tree: authz.Own, Unit: "group"},
		}
		err = db.Change(ctx, func(tx *store.Tx) error {
			if err := authz.PutUnits(tx,
				authz.Unit{ID: "group", Name: "Group", Kind: "group", Region: "world"},
				authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
				authz.Unit{ID: "europe", Name: "Europe", Kind: authz.RegionKind, Parent: "group", Region: "world"},
				authz.Unit{ID: "americas", Name: "Americas", Kind: authz.RegionKind, Parent: "group", Region: "world"},
				authz.Unit{ID: "works", Name: "Works", Kind: "plant", Parent: "group", Region: "world"},
				authz.Unit{ID: "germany", Name: "Germany", Kind: "company", Parent: "group", Region: "europe"},
				authz.Unit{ID: "ohio", Name: "Ohio", Kind: "company", Parent: "group", Region: "americas"},
			); err != nil {
				return err
			}
			for _, g := range grants {
				if err := authz.PutPeople(tx, authz.Person{ID: g.Person, Name: "Name of " + g.Person, Unit: g.Unit, Lang: text.EN, Active: true}); err != nil {
					return err
				}
				g.Until = tx.Now.AddDate(1, 0, 0)
				if err := authz.Found(tx, system, g); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range grants {
			if err := db.View(ctx, func(tx *store.Tx) error {
				w.people[g.Person], err = w.dir.ActorOf(tx, g.Person)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		test(t, w)
	})
}

func (w *world) as(person string) authz.Actor { return w.people[person] }

func (w *world) report(by, unit string, change ...func(*incident.Draft)) incident.Incident {
	w.t.Helper()
	d := incident.Draft{Title: "Ransom note on a terminal", Description: "Files end in .locked", Unit: unit, Severity: incident.High}
	for _, f := range change {
		f(&d)
	}
	inc, err := w.s.Report(w.ctx, w.as(by), d)
	if err != nil {
		w.t.Fatal(err)
	}
	return inc
}

func (w *world) list(by string, f incident.Filter) []incident.Incident {
	w.t.Helper()
	if f.Page.Sort == "" {
		f.Page = keyset.Page{Sort: "occurred", Desc: true}
	}
	rows, total, err := w.s.List(w.ctx, w.as(by), w.as(by).Scope(incident.Read), f)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := w.s.Count(w.ctx, w.as(by), w.as(by).Scope(incident.Read), f)
	if err != nil || n != total || n < len(rows) {
		w.t.Fatalf("%d rows, total %d, count %d, %v", len(rows), total, n, err)
	}
	return rows
}

func (w *world) take(by string, inc incident.Incident, m incident.Move) incident.Incident {
	w.t.Helper()
	w.clk.Advance(time.Minute)
	got, err := w.s.Take(w.ctx, w.as(by), inc.ID, inc.Version, m)
	if err != nil {
		w.t.Fatalf("%s by %s: %v", m.Step, by, err)
	}
	return got
}

func want(t *testing.T, err error, kind fault.Kind, field string) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("error %v; want kind %d", err, kind)
	}
	if field != "" && (len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != field) {
		t.Fatalf("error %v; want the field %s alone", err, field)
	}
}

func TestFromReportToClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inc := w.report("clerk", "works")
		if inc.ID != "INC-2026-0001" || inc.Team != "works-csirt" || inc.State != incident.Reported || inc.TLP != incident.Amber {
			t.Fatalf("%+v", inc)
		}
		if len(w.told.to("site")) != 1 {
			t.Fatalf("told: %v", w.told.sent)
		}
		if mine, err := w.s.MyReports(w.ctx, w.as("clerk"), 10); err != nil || len(mine) != 1 || mine[0].Number != inc.ID {
			t.Fatalf("%v, %v", mine, err)
		}
		_, err := w.s.Get(w.ctx, w.as("clerk"), inc.ID)
		want(t, err, fault.KindNotFound, "")
		inc = w.take("handler", inc, incident.Move{Step: incident.Triage, Severity: incident.Critical, Team: "corporate"})
		_, err = w.s.Take(w.ctx, w.as("handler"), inc.ID, inc.Version, incident.Move{Step: incident.Confirm})
		want(t, err, fault.KindInvalid, "")
		inc = w.take("handler", inc, incident.Move{Step: incident.Confirm, Class: "malicious-code", Type: "infected-system", Lead: "lead"})
		if len(w.told.to("lead")) == 0 {
			t.Error("the lead was not told")
		}
		task, err := w.s.SetTask(w.ctx, w.as("lead"), inc.ID, incident.Task{Title: "Rebuild the terminal", Assignee: "site", Due: w.clk.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.s.SetTask(w.ctx, w.as("lead"), inc.ID, incident.Task{Title: "x", Assignee: "clerk"})
		want(t, err, fault.KindInvalid, "assignee")
		inc = w.take("lead", inc, incident.Move{Step: incident.Contain, Note: "Cut off the segment", Happened: w.clk.Now()})
		inc = w.take("lead", inc, incident.Move{Step: incident.Eradicate, Note: "Removed"})
		inc = w.take("lead", inc, incident.Move{Step: incident.Recover, Note: "Line runs"})
		review := incident.Move{Step: incident.Review, Cause: "Old VPN", Lessons: "Replace it"}
		_, err = w.s.Take(w.ctx, w.as("lead"), inc.ID, inc.Version, review)
		want(t, err, fault.KindDenied, "")
		inc = w.take("handler", inc, review)
		_, err = w.s.Take(w.ctx, w.as("lead"), inc.ID, inc.Version, incident.Move{Step: incident.Shut})
		want(t, err, fault.KindConflict, "")
		if err := w.s.FinishTask(w.ctx, w.as("site"), inc.ID, task.ID, true, "New image"); err != nil {
			t.Fatal(err)
		}
		inc = w.take("lead", inc, incident.Move{Step: incident.Shut})
		d, err := w.s.Get(w.ctx, w.as("lead"), inc.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d.State != incident.Closed || d.Open() || len(d.Entries) < 9 || len(d.History) < 12 || d.OpenTasks() != 0 {
			t.Fatalf("state %s, %d entries, %d rows of the ledger", d.State, len(d.Entries), len(d.History))
		}
		for _, e := range d.Entries {
			if e.Digest == "" {
				t.Errorf("entry %s does not fit its digest", e.ID)
			}
		}
		for _, h := range d.History {
			if strings.Contains(string(h.Body), "Ransom") || strings.Contains(string(h.Body), "Old VPN") || strings.Contains(string(h.Body), "Name of") {
				t.Errorf("free text stands in the ledger: %s", h.Body)
			}
		}
		if n, err := w.s.Count(w.ctx, w.as("lead"), w.as("lead").Scope(incident.Read), incident.Filter{State: "open"}); err != nil || n != 0 {
			t.Errorf("%d open, %v", n, err)
		}
		reopened := w.take("handler", inc, incident.Move{Step: incident.Reopen, Note: "It came back"})
		if reopened.State != incident.Confirmed || reopened.Reopened != 1 || !reopened.Contained.IsZero() {
			t.Errorf("%+v", reopened)
		}
	})
}

func TestStaleForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inc := w.report("handler", "works")
		w.take("handler", inc, incident.Move{Step: incident.Triage})
		_, err := w.s.Take(w.ctx, w.as("lead"), inc.ID, inc.Version, incident.Move{Step: incident.Dismiss, Reason: "permitted", Note: "x"})
		want(t, err, fault.KindConflict, "")
		_, err = w.s.Change(w.ctx, w.as("lead"), inc.ID, inc.Version, incident.Edit{Title: "x"})
		want(t, err, fault.KindConflict, "")
		_, err = w.s.Assign(w.ctx, w.as("lead"), inc.ID, inc.Version, "lead")
		want(t, err, fault.KindConflict, "")
		_, err = w.s.HandOver(w.ctx, w.as("lead"), inc.ID, inc.Version, incident.HandTo{Team: "corporate"})
		want(t, err, fault.KindConflict, "")
	})
}

func TestBorders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ohio := w.report("handler", "ohio", func(d *incident.Draft) { d.Title = "Ohio secret" })
		germany := w.report("handler", "germany")
		both := w.report("handler", "ohio", func(d *incident.Draft) { d.Title, d.Units = "Both", []string{"germany"} })
		_ = w.report("handler", "works")

		see := func(person string, ids ...string) {
			t.Helper()
			var got []string
			for _, i := range w.list(person, incident.Filter{Page: keyset.Page{Sort: "number"}}) {
				got = append(got, i.ID)
			}
			if strings.Join(got, " ") != strings.Join(ids, " ") {
				t.Errorf("%s sees %v; want %v", person, got, ids)
			}
		}
		see("america", ohio.ID, both.ID)
		see("euro", germany.ID, both.ID)
		see("reader", ohio.ID, germany.ID, both.ID, "INC-2026-0004")
		see("clerk")
		if rows := w.list("euro", incident.Filter{Query: "secret"}); len(rows) != 0 {
			t.Errorf("the search of Europe finds Ohio")
		}
		if rows := w.list("reader", incident.Filter{Query: "ＳＥＣＲＥＴ", Unit: "americas"}); len(rows) != 1 {
			t.Errorf("wide letters find %d rows", len(rows))
		}
		if rows := w.list("handler", incident.Filter{Unit: "europe"}); len(rows) != 2 {
			t.Errorf("narrowed to Europe: %d rows", len(rows))
		}
		_, gone := w.s.Get(w.ctx, w.as("euro"), ohio.ID)
		_, never := w.s.Get(w.ctx, w.as("euro"), "INC-2026-9999")
		if gone.Error() != never.Error() {
			t.Errorf("the error text tells that it exists: %v / %v", gone, never)
		}
		for name, err := range map[string]error{
			"take": func() error {
				_, err := w.s.Take(w.ctx, w.as("euro"), ohio.ID, 0, incident.Move{Step: incident.Triage})
				return err
			}(),
			"note": func() error {
				_, err := w.s.Write(w.ctx, w.as("euro"), ohio.ID, incident.Remark{Body: "x"})
				return err
			}(),
			"duplicate of": func() error {
				_, err := w.s.Take(w.ctx, w.as("euro"), germany.ID, 0, incident.Move{Step: incident.Double, Other: ohio.ID})
				return err
			}(),
		} {
			if err == nil || strings.Contains(err.Error(), "secret") || fault.KindOf(err) == fault.KindInternal {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := w.s.Write(w.ctx, w.as("reader"), ohio.ID, incident.Remark{Body: "x"})
		want(t, err, fault.KindDenied, "")
		if n, err := w.s.OpenIn(w.ctx, w.as("euro"), w.as("euro").Scope(incident.Read), []string{"europe", "americas", "germany"}); err != nil || n["europe"] != 1 || n["germany"] != 1 {
			t.Errorf("%v, %v", n, err)
		}
		// Observables tell of other incidents only what the reader may see.
		for _, id := range []string{ohio.ID, germany.ID} {
			if _, err := w.s.Observe(w.ctx, w.as("handler"), id, "", "198.51.100[.]9\nevil.example", ""); err != nil {
				t.Fatal(err)
			}
		}
		d, err := w.s.Get(w.ctx, w.as("euro"), germany.ID)
		if err != nil || len(d.Observables) != 2 || len(d.Observables[0].Others) != 0 {
			t.Errorf("%+v, %v", d.Observables, err)
		}
		if d, err = w.s.Get(w.ctx, w.as("handler"), germany.ID); err != nil || len(d.Observables[0].Others) != 1 {
			t.Errorf("%+v, %v", d.Observables, err)
		}
		_, err = w.s.Observe(w.ctx, w.as("handler"), ohio.ID, incident.IP, "198.51.100.1\nnonsense", "")
		want(t, err, fault.KindInvalid, "value")
	})
}

func TestRed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inc := w.report("lead", "works", func(d *incident.Draft) { d.TLP, d.Title = incident.Red, "Insider" })
		if len(w.list("lead", incident.Filter{})) != 1 || len(w.list("site", incident.Filter{})) != 1 {
			t.Error("the reporter and who is on call take part")
		}
		for _, p := range []string{"handler", "reader"} {
			if len(w.list(p, incident.Filter{})) != 0 || len(w.list(p, incident.Filter{Query: "insider"})) != 0 {
				t.Errorf("%s sees a TLP:RED incident in the list", p)
			}
			_, err := w.s.Get(w.ctx, w.as(p), inc.ID)
			want(t, err, fault.KindNotFound, "")
			_, err = w.s.Write(w.ctx, w.as(p), inc.ID, incident.Remark{Body: "x"})
			want(t, err, fault.KindNotFound, "")
			f, err := w.s.Figures(w.ctx, w.as(p), w.as(p).Scope(incident.Read), "")
			if err != nil || f.Open != 0 {
				t.Errorf("%s counts it: %+v, %v", p, f, err)
			}
		}
		for _, m := range w.told.sent {
			if strings.Contains(m.Subject.String()+m.Body.String(), "Insider") {
				t.Errorf("a mail tells of it: %v", m)
			}
		}
		if len(w.found.docs) != 0 {
			t.Errorf("it stands in the search: %v", w.found.docs)
		}
		_, err := w.s.HandOver(w.ctx, w.as("lead"), inc.ID, 0, incident.HandTo{Team: "corporate"})
		want(t, err, fault.KindInvalid, "person")
		if err := w.s.Invite(w.ctx, w.as("lead"), inc.ID, "handler"); err != nil {
			t.Fatal(err)
		}
		if len(w.list("handler", incident.Filter{})) != 1 {
			t.Error("who was invited sees it")
		}
		if err := w.s.Release(w.ctx, w.as("lead"), inc.ID, "handler"); err != nil {
			t.Fatal(err)
		}
		if len(w.list("handler", incident.Filter{})) != 0 {
			t.Error("who was released sees it still")
		}
		// What becomes red later leaves the search.
		other := w.report("handler", "works")
		if len(w.found.docs) != 1 {
			t.Fatal("it should stand in the search")
		}
		if _, err := w.s.Change(w.ctx, w.as("handler"), other.ID, other.Version, incident.Edit{Title: other.Title, Unit: "works", Severity: incident.High,
			TLP: incident.Red, Occurred: other.Occurred, Detected: other.Detected}); err != nil {
			t.Fatal(err)
		}
		if len(w.found.docs) != 0 || len(w.list("handler", incident.Filter{})) != 1 {
			t.Error("it must leave the search and stay with who made it red")
		}
	})
}

func TestRaiseOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		raise := func(alerts ...string) (inc incident.Incident, created bool) {
			t.Helper()
			r := incident.Request{Key: "detect:1", Draft: incident.Draft{Title: "Shadow copies deleted", Unit: "works"},
				Observables: []incident.Observation{{Value: "198.51.100.9"}, {Type: incident.Host, Value: "not a host name"}}}
			for _, a := range alerts {
				r.Alerts = append(r.Alerts, incident.AlertRef{ID: a, Title: a, Severity: incident.Critical, Hits: 3, First: w.clk.Now().Add(-time.Hour), Sample: []byte(`{"EventID":1}`)})
			}
			if err := w.db.Change(w.ctx, func(tx *store.Tx) (err error) {
				inc, created, err = w.s.Raise(tx, authz.System("detect"), r)
				if err == nil && !created && len(alerts) == 1 {
					return errStop // nothing new: nothing is written, nothing recorded
				}
				return err
			}); err != nil && !errors.Is(err, errStop) {
				t.Fatal(err)
			}
			return inc, created
		}
		first, created := raise("ALT-1")
		if !created || first.Severity != incident.Critical || first.Source != incident.ByAlert {
			t.Fatalf("%v %+v", created, first)
		}
		if again, created := raise("ALT-1"); created || again.ID != first.ID {
			t.Errorf("raised twice: %s and %s", first.ID, again.ID)
		}
		if again, created := raise("ALT-1", "ALT-2"); created || again.ID != first.ID {
			t.Errorf("raised twice: %s and %s", first.ID, again.ID)
		}
		d, err := w.s.Get(w.ctx, w.as("handler"), first.ID)
		if err != nil || len(d.Alerts) != 2 || len(d.Observables) != 2 || string(d.Alerts[0].Sample) != `{"EventID":1}` {
			t.Errorf("%+v, %v", d.Alerts, err)
		}
		if rows := w.list("handler", incident.Filter{}); len(rows) != 1 {
			t.Errorf("%d incidents", len(rows))
		}
	})
}

var errStop = errors.New("stop")

func TestHandoverClimbs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inc := w.report("handler", "works")
		inc = w.take("handler", inc, incident.Move{Step: incident.Triage, Team: "corporate"})
		o, err := w.s.HandOver(w.ctx, w.as("handler"), inc.ID, inc.Version, incident.HandTo{Team: "europe-csirt", Note: "Your morning"})
		if err != nil {
			t.Fatal(err)
		}
		if d, err := w.s.Get(w.ctx, w.as("euro"), inc.ID); err != nil || d.Mine != o.ID || d.Team != "corporate" {
			t.Fatalf("who is asked sees it, and the giver still answers: %v %+v", err, d.Incident)
		}
		if ws, err := w.s.Mine(w.ctx, w.as("euro"), 10); err != nil || len(ws) != 1 || ws[0].Kind != "offer" {
			t.Fatalf("%v %v", ws, err)
		}
		_, err = w.s.Accept(w.ctx, w.as("site"), o.ID)
		want(t, err, fault.KindDenied, "")
		_, err = w.s.HandOver(w.ctx, w.as("handler"), inc.ID, 0, incident.HandTo{Team: "works-csirt"})
		want(t, err, fault.KindConflict, "")
		if err := w.s.Climb(w.ctx, o.ID, 0); err != nil { // too early: nothing happens
			t.Fatal(err)
		}
		w.clk.Advance(31 * time.Minute)
		for range 2 { // twice does nothing more
			if err := w.s.Climb(w.ctx, o.ID, 0); err != nil {
				t.Fatal(err)
			}
		}
		d, err := w.s.Get(w.ctx, w.as("handler"), inc.ID)
		if err != nil || d.Offers[0].Step != 1 || d.Offers[0].Asked != "corporate" {
			t.Fatalf("%+v %v", d.Offers, err)
		}
		got, err := w.s.Accept(w.ctx, w.as("euro"), o.ID)
		if err != nil || got.Team != "europe-csirt" || got.Lead != "euro" {
			t.Fatalf("%+v %v", got, err)
		}
		_, err = w.s.Accept(w.ctx, w.as("euro"), o.ID)
		want(t, err, fault.KindConflict, "")
		if err := w.s.Climb(w.ctx, o.ID, 1); err != nil {
			t.Fatal(err)
		}
		// The new lead works on it though the unit is not his.
		if _, err := w.s.Write(w.ctx, w.as("euro"), inc.ID, incident.Remark{Kind: incident.Decision, Body: "We go on"}); err != nil {
			t.Fatal(err)
		}
		o, err = w.s.HandOver(w.ctx, w.as("euro"), inc.ID, 0, incident.HandTo{Team: "works-csirt"})
		if err != nil {
			t.Fatal(err)
		}
		want(t, w.s.Decline(w.ctx, w.as("site"), o.ID, ""), fault.KindInvalid, "answer")
		if err := w.s.Decline(w.ctx, w.as("site"), o.ID, "Nobody here"); err != nil {
			t.Fatal(err)
		}
		if got, _ := w.s.Get(w.ctx, w.as("euro"), inc.ID); got.Team != "europe-csirt" {
			t.Errorf("declined, and yet %s", got.Team)
		}
	})
}

func TestLinks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.s.MakeLink(w.ctx, w.as("euro"), "ohio", "Visitors", w.clk.Now().AddDate(0, 1, 0))
		want(t, err, fault.KindDenied, "")
		l, err := w.s.MakeLink(w.ctx, w.as("handler"), "germany", "Visitors", w.clk.Now().AddDate(0, 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		token := strings.TrimPrefix(w.s.ReportURL(l), "https://yagura.example/report/")
		inc, err := w.s.ReportByToken(w.ctx, token, incident.Draft{Title: "Strange mail", Unit: "ohio", TLP: incident.Clear}, "finder@out.example")
		if err != nil || inc.Unit != "germany" || inc.TLP != incident.Amber || inc.Team != "europe-csirt" {
			t.Fatalf("a link is bound to its unit: %+v %v", inc, err)
		}
		if strings.Contains(inc.Contact, "finder") {
			t.Error("the contact stands in the clear")
		}
		if d, err := w.s.Get(w.ctx, w.as("euro"), inc.ID); err != nil || d.Contact != "finder@out.example" {
			t.Errorf("%q %v", d.Contact, err)
		}
		follow := strings.TrimPrefix(w.s.FollowPath(inc.ID), "/report/status/")
		if err := w.s.AddByToken(w.ctx, follow, "One more thing"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Write(w.ctx, w.as("euro"), inc.ID, incident.Remark{Body: "inner matter"}); err != nil {
			t.Fatal(err)
		}
		r, err := w.s.Follow(w.ctx, follow)
		if err != nil || len(r.Notes) != 1 || r.Notes[0].Body != "One more thing" || r.State != incident.Reported {
			t.Errorf("%+v %v", r, err)
		}
		// One sort of link does not pass for the other, nor a changed one, nor a late one.
		for _, bad := range []string{follow, token[:len(token)-2] + "AA", "", ".", strings.Repeat("a", 2000)} {
			_, err := w.s.ReportByToken(w.ctx, bad, incident.Draft{Title: "x"}, "")
			want(t, err, fault.KindNotFound, "")
		}
		_, err = w.s.Follow(w.ctx, token)
		want(t, err, fault.KindNotFound, "")
		for n := 0; ; n++ {
			_, err := w.s.ReportByToken(w.ctx, token, incident.Draft{Title: "Flood"}, "")
			if fault.Is(err, fault.KindTooBusy) {
				break
			}
			if err != nil || n > 40 {
				t.Fatalf("report %d: %v", n, err)
			}
		}
		if err := w.s.EndLink(w.ctx, w.as("handler"), l.ID); err != nil {
			t.Fatal(err)
		}
		_, err = w.s.ByToken(w.ctx, token)
		want(t, err, fault.KindNotFound, "")
		l2, err := w.s.MakeLink(w.ctx, w.as("handler"), "germany", "Short", w.clk.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		token = strings.TrimPrefix(w.s.ReportURL(l2), "https://yagura.example/report/")
		w.clk.Advance(61 * time.Minute)
		_, err = w.s.ByToken(w.ctx, token)
		want(t, err, fault.KindNotFound, "")
	})
}

func TestEvidence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inc := w.report("handler", "works")
		_, err := w.s.Keep(w.ctx, w.as("reader"), inc.ID, "x", "", "", strings.NewReader("x"))
		want(t, err, fault.KindDenied, "")
		p, err := w.s.Keep(w.ctx, w.as("handler"), inc.ID, `C:\Temp\..\note<1>.txt`, "text/plain", "from the screen", strings.NewReader("pay"))
		if err != nil || p.Name != "note_1_.txt" || p.Size != 3 || len(p.SHA256) != 64 {
			t.Fatalf("%+v %v", p, err)
		}
		_, content, err := w.s.Fetch(w.ctx, w.as("reader"), inc.ID, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(content)
		content.Close()
		if err != nil || string(b) != "pay" {
			t.Fatalf("%q %v", b, err)
		}
		if err := w.s.PassOn(w.ctx, w.as("handler"), inc.ID, p.ID, "site", "sealed bag 7"); err != nil {
			t.Fatal(err)
		}
		d, err := w.s.Get(w.ctx, w.as("handler"), inc.ID)
		if err != nil {
			t.Fatal(err)
		}
		var acts []string
		for _, c := range d.Evidence[0].Chain {
			acts = append(acts, c.Actor+" "+c.Act)
		}
		if got := strings.Join(acts, ", "); got != "handler added, reader downloaded, handler handed-over" || d.Evidence[0].Holder != "site" {
			t.Errorf("custody: %s; holder %s", got, d.Evidence[0].Holder)
		}
	})
}

func TestTimelineOnlyGrows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inc := w.report("handler", "works")
		e, err := w.s.Write(w.ctx, w.as("handler"), inc.ID, incident.Remark{Body: "Seen at nine"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.s.Write(w.ctx, w.as("handler"), inc.ID, incident.Remark{Kind: incident.Correction, Body: "At ten", Corrects: "nothing"})
		want(t, err, fault.KindInvalid, "corrects")
		fix, err := w.s.Write(w.ctx, w.as("handler"), inc.ID, incident.Remark{Kind: incident.Correction, Body: "At ten", Corrects: e.ID})
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.s.Get(w.ctx, w.as("handler"), inc.ID)
		if err != nil || d.Corrected(e.ID) != fix.ID {
			t.Errorf("%v", err)
		}
		for _, sql := range []string{"UPDATE incident_entry SET body = 'x'", "DELETE FROM incident_entry", "UPDATE incident_custody SET note = 'x'"} {
			if sql[:6] == "UPDATE" && strings.Contains(sql, "custody") {
				continue // no row there yet
			}
			err := w.db.Operate(w.ctx, func(tx *store.Tx) error {
				_, err := tx.Exec(sql)
				return err
			})
			if err == nil {
				t.Errorf("%s was possible", sql)
			}
		}
	})
}

func TestSeed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		start := w.clk.Now().Add(-30 * 24 * time.Hour).Truncate(time.Second)
		at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
		past := incident.Past{
			Draft:    incident.Draft{Title: "Phishing", Unit: "germany", Severity: incident.Medium, Class: "fraud", Type: "phishing", Occurred: at(0), Detected: at(1)},
			Reporter: "clerk", Reported: at(2), Lead: "euro", People: []string{"handler"},
			Steps: []incident.PastStep{
				{Move: incident.Move{Step: incident.Triage, Happened: at(3)}},
				{Move: incident.Move{Step: incident.Confirm, Happened: at(4)}},
				{Move: incident.Move{Step: incident.Contain, Happened: at(6), Note: "Blocked"}},
				{Move: incident.Move{Step: incident.Recover, Happened: at(8), Note: "Passwords changed"}},
				{Move: incident.Move{Step: incident.Review, Happened: at(30), Cause: "No MFA", Lessons: "MFA"}, By: "handler"},
				{Move: incident.Move{Step: incident.Shut, Happened: at(31)}, By: "handler"},
			},
			Notes:    []incident.PastNote{{At: at(5), By: "euro", Body: "14 people clicked"}},
			Tasks:    []incident.Task{{Title: "Tell them", Assignee: "euro", Done: at(7), DoneBy: "euro"}},
			Observed: []incident.Observation{{Type: incident.Domain, Value: "login.evil.example"}},
		}
		var inc incident.Incident
		if err := w.db.Change(w.ctx, func(tx *store.Tx) (err error) {
			inc, err = w.s.Seed(tx, authz.System("demo"), past)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if inc.State != incident.Closed || len(w.told.sent) != 0 {
			t.Fatalf("%+v, told %v", inc, w.told.sent)
		}
		f, err := w.s.Figures(w.ctx, w.as("euro"), w.as("euro").Scope(incident.Read), "")
		if err != nil || f.Open != 0 || f.Contained != 1 || f.Contain != 4*time.Hour || f.OpenTrend[7] != 1 && f.OpenTrend[6] != 1 && f.OpenTrend[8] != 0 {
			t.Errorf("%+v %v", f, err)
		}
		d, err := w.s.Get(w.ctx, w.as("euro"), inc.ID)
		if err != nil || len(d.Entries) != 8 || !d.Entries[3].At.Equal(at(5)) || d.Entries[3].Author != "euro" {
			t.Errorf("%v %+v", err, d.Entries)
		}
		err = w.db.Change(w.ctx, func(tx *store.Tx) error {
			past.Steps = past.Steps[2:]
			_, err := w.s.Seed(tx, authz.System("demo"), past)
			return err
		})
		want(t, err, fault.KindConflict, "")
	})
}
