package psirt_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/psirt"
	clocks "yagura/area/psirt/clock"
	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cve/services"
	"yagura/area/psirt/cve/simulator"
	"yagura/area/psirt/product"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// world is a division with two business groups, works under each, a PSIRT, and a
// simulator of the service for CVE IDs.
type world struct {
	*testing.T
	db   *store.DB
	clk  *clock.Movable
	ctx  context.Context
	s    *psirt.Service
	q    *job.Queue
	sent []psirt.Notice
	as   map[string]authz.Actor
	nx5  product.Range
	gw   product.Range
}

func (w *world) Notify(_ *store.Tx, n psirt.Notice) error { w.sent = append(w.sent, n); return nil }

type team struct{}

func (team) PSIRT(*store.Tx) ([]string, error) { return []string{"kimura", "mori"}, nil }

func each(t *testing.T, test func(w *world)) {
	storetest.Each(t, []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, psirt.Migrations}, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := &world{T: t, db: db, clk: clk, ctx: context.Background(), as: map[string]authz.Actor{}}
		docs, err := document.Open(w.ctx, "file://"+t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		sim, err := simulator.New(simulator.Options{Clock: clk})
		if err != nil {
			t.Fatal(err)
		}
		if err := sim.Admit("aoba", "psirt@example.com", "secret-key-of-the-simulator", 50); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(sim)
		t.Cleanup(server.Close)
		ids, err := services.New(services.Options{URL: server.URL + "/api", Org: "aoba", User: "psirt@example.com", Key: config.NewSecret("secret-key-of-the-simulator")})
		if err != nil {
			t.Fatal(err)
		}
		dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, psirt.Acts))
		w.s = psirt.New(db, psirt.Ports{Notifier: w, Documents: docs, Directory: dir, Secret: []byte("0123456789abcdef0123456789abcdef"), PublicURL: "https://yagura.example",
			Team: team{}, IDs: ids})
		w.q = job.New(db, slog.New(slog.DiscardHandler))
		w.s.Jobs(w.q)
		people := map[string]authz.Grant{
			"kimura":   {Role: authz.Psirt, Unit: "group"},
			"mori":     {Role: authz.Psirt, Unit: "group"},
			"outsider": {Role: authz.Psirt, Unit: "group"}, // of the PSIRT, on no list
			"head":     {Role: authz.Head, Unit: "group"},
			"assessor": {Role: authz.Assessor, Unit: "group"},
			"lead-a":   {Role: authz.Lead, Unit: "bg-a"},
			"works-a":  {Role: authz.Engineer, Unit: "works-a"},
			"works-b":  {Role: authz.Contact, Unit: "works-b"},
			"clerk":    {Role: authz.Employee, Unit: "group"},
		}
		err = db.Change(w.ctx, func(tx *store.Tx) error {
			if err := authz.PutUnits(tx, authz.Unit{ID: "group", Name: "Group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
				authz.Unit{ID: "bg-a", Name: "Business group A", Kind: "group", Parent: "group", Region: "world"}, authz.Unit{ID: "works-a", Name: "Works A", Kind: "plant", Parent: "bg-a", Region: "world"},
				authz.Unit{ID: "bg-b", Name: "Business group B", Kind: "group", Parent: "group", Region: "world"}, authz.Unit{ID: "works-b", Name: "Works B", Kind: "plant", Parent: "bg-b", Region: "world"}); err != nil {
				return err
			}
			for name, g := range people {
				if err := authz.PutPeople(tx, authz.Person{ID: name, Name: strings.ToUpper(name[:1]) + name[1:], Unit: g.Unit, Lang: text.EN, Zone: "Asia/Tokyo", Active: true}); err != nil {
					return err
				}
				g.Person, g.Tree, g.Until = name, authz.Own, tx.Now.AddDate(1, 0, 0)
				if err := authz.Found(tx, authz.System("test"), g); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name := range people {
			if err := db.View(w.ctx, func(tx *store.Tx) error { w.as[name], err = dir.ActorOf(tx, name); return err }); err != nil {
				t.Fatal(err)
			}
		}
		nx5, err := w.s.AddProduct(w.ctx, authz.System("test"), psirt.ProductDraft{Vendor: "Aoba Electric", Name: "NX5 controller", NameJA: "NX5コントローラ", Unit: "works-a"})
		w.ok(err)
		gw, err := w.s.AddProduct(w.ctx, authz.System("test"), psirt.ProductDraft{Vendor: "Aoba Electric", Name: "Gateway GW2", Unit: "works-b"})
		w.ok(err)
		w.nx5, w.gw = product.Range{Product: nx5, Before: "1.25"}, product.Range{Product: gw}
		test(w)
	})
}

// minute leaves out what the clock of a test goes on by itself.
func minute(t time.Time) time.Time { return t.Truncate(time.Minute) }

// ok ends the test where something failed.
func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) is(err error, kind fault.Kind) {
	w.Helper()
	if !fault.Is(err, kind) {
		w.Errorf("a fault of kind %d expected: %v", kind, err)
	}
}

func (w *world) room(who, id string) psirt.Room {
	w.Helper()
	r, err := w.s.Room(w.ctx, w.as[who], id)
	w.ok(err)
	return r
}

// accepted is a case with a vulnerability in the products of two works.
func (w *world) accepted() (id, vulnerability string) {
	w.Helper()
	c, err := w.s.Receive(w.ctx, w.as["kimura"], psirt.Reporting{Title: "Zebra overflow in NX5", Description: "A long packet stops it", Product: "NX5", Finder: psirt.Finder{Name: "Fin Der", Contact: "fin@example.net"}})
	w.ok(err)
	w.ok(w.s.Triage(w.ctx, w.as["kimura"], c.ID, psirt.Triage{Outcome: psirt.Accepted}))
	v, err := w.s.PutVulnerability(w.ctx, w.as["kimura"], c.ID, psirt.Vulnerability{Title: "Out-of-bounds write", CWE: "cwe-787", Vectors: []string{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}})
	w.ok(err)
	for _, r := range []product.Range{w.nx5, w.gw} {
		_, err := w.s.AddRange(w.ctx, w.as["kimura"], c.ID, r)
		w.ok(err)
	}
	return c.ID, v.ID
}

func TestFromReportToPublication(t *testing.T) {
	each(t, func(w *world) {
		by := w.as["kimura"]
		r, err := w.s.ReportByFinder(w.ctx, psirt.Reporting{Title: "NX5 stops", Description: "It stops", Finder: psirt.Finder{Name: "Fin Der", Contact: "fin@example.net"},
			Files: []psirt.Upload{{Name: `C:\x\poc.pgp`, Content: strings.NewReader("-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n")}}})
		w.ok(err)
		token := strings.TrimPrefix(w.s.FinderPath(r), "/psirt/report/")
		receipt, err := w.s.Follow(w.ctx, token)
		w.ok(err)
		// Start is a Monday: five working days later it is Monday again.
		if receipt.State != psirt.Received || !minute(receipt.Promised).Equal(storetest.Start.AddDate(0, 0, 7)) || len(receipt.Files) != 1 {
			w.Errorf("%+v", receipt)
		}
		id := r.Case
		room := w.room("kimura", id)
		if f := room.Files[0]; !f.Sealed || f.Name != "poc.pgp" {
			w.Errorf("%+v", f)
		}
		f, content, err := w.s.Fetch(w.ctx, by, id, room.Files[0].ID)
		w.ok(err)
		if raw, err := io.ReadAll(content); err != nil || !strings.HasPrefix(string(raw), "-----BEGIN PGP") || int64(len(raw)) != f.Size {
			w.Error(string(raw), err)
		}
		content.Close()
		if room.Reports[0].Finder.Name != "Fin Der" || !strings.Contains(w.dump("psirt_case_report"), "veil1:") || strings.Contains(w.dump("psirt_case_report"), "Fin Der") {
			w.Error("the finder is not veiled")
		}
		w.ok(w.s.Answer(w.ctx, by, id, r.ID, psirt.Answering{Body: "Thank you", Promise: w.clk.Now().AddDate(0, 0, 10)}))
		if receipt, _ = w.s.Follow(w.ctx, token); receipt.State != psirt.Acknowledged || len(receipt.Letters) != 1 || !minute(receipt.Promised).Equal(storetest.Start.AddDate(0, 0, 10)) {
			w.Errorf("%+v", receipt)
		}
		w.ok(w.s.WriteByToken(w.ctx, token, "One more thing", nil))
		w.ok(w.s.Triage(w.ctx, by, id, psirt.Triage{Outcome: psirt.Accepted}))
		v, err := w.s.PutVulnerability(w.ctx, by, id, psirt.Vulnerability{Title: "Out-of-bounds write", Description: "A long packet stops it.", CWE: "CWE-787", Vectors: []string{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}})
		w.ok(err)
		_, err = w.s.AddRange(w.ctx, by, id, w.nx5)
		w.ok(err)
		got, err := w.s.AssignID(w.ctx, by, id, v.ID)
		w.ok(err)
		if !strings.HasPrefix(string(got), "CVE-1900-") {
			w.Errorf("the simulator gave %s", got)
		}
		if again, err := w.s.AssignID(w.ctx, by, id, v.ID); err != nil || again != got {
			w.Error(again, err)
		}
		w.ok(w.s.Answer(w.ctx, by, id, r.ID, psirt.Answering{Body: "It has a number", TellIDs: true}))
		if receipt, _ = w.s.Follow(w.ctx, token); !slices.Equal(receipt.IDs, []string{string(got)}) {
			w.Errorf("%+v", receipt)
		}
		w.is(w.s.ReleaseID(w.ctx, by, id, v.ID), fault.KindConflict) // it was told
		room = w.room("kimura", id)
		w.ok(w.s.Assess(w.ctx, by, id, psirt.Assessment{Vulnerability: v.ID, Range: room.Ranges[0].ID, Answer: psirt.IsAffected}))
		remedy, err := w.s.PlanRemedy(w.ctx, by, id, psirt.Remedy{Vulnerability: v.ID, Kind: psirt.VendorFix, Details: "Update to 1.25"})
		w.ok(err)
		w.ok(w.s.RemedyAvailable(w.ctx, by, id, remedy, time.Time{}))
		publisher := csaf.NewObject().SetText("category", "vendor").SetText("name", "Aoba Electric").SetText("namespace", "https://psirt.example.com")
		for _, lang := range []text.Lang{text.EN, text.JA} {
			d, err := w.s.DraftOf(w.ctx, by, id, lang, publisher)
			w.ok(err)
			if len(d.Gaps) != 0 {
				w.Error(d.Gaps)
			}
			for _, r := range d.Document.Validate(csaf.Options{}).Results {
				if !r.OK {
					w.Errorf("%s %v\n%s", r.Test.ID, r.Errors, d.Document.Encode())
				}
			}
			for _, want := range []string{string(got), "known_affected", "Update to 1.25", "Out-of-bounds Write", map[text.Lang]string{text.EN: "NX5 controller", text.JA: "NX5コントローラ"}[lang]} {
				if !strings.Contains(string(d.Document.Encode()), want) {
					w.Errorf("the draft does not say %s", want)
				}
			}
		}
		_, err = w.s.DraftOf(w.ctx, w.as["outsider"], id, text.EN, publisher)
		w.is(err, fault.KindNotFound)
		if s := w.room("kimura", id).State; s != psirt.FixReady {
			w.Error(s)
		}
		w.is(w.s.Schedule(w.ctx, by, id, w.clk.Now().Add(-time.Second)), fault.KindInvalid)
		w.ok(w.s.SetEmbargo(w.ctx, by, id, w.clk.Now().AddDate(0, 0, 30), "agreed with the coordinator"))
		w.is(w.s.Schedule(w.ctx, by, id, w.clk.Now().AddDate(0, 0, 29)), fault.KindInvalid)
		w.clk.Advance(time.Hour)
		w.ok(w.db.Change(w.ctx, func(tx *store.Tx) error {
			if err := w.s.Advised(tx, by, id, psirt.Reviewing, ""); err != nil {
				return err
			}
			return w.s.Advised(tx, w.as["mori"], id, psirt.WasApproved, "")
		}))
		w.ok(w.db.Change(w.ctx, func(tx *store.Tx) error { return w.s.Publicised(tx, by, id, "YA-2026-001", tx.Now) }))
		if room = w.room("assessor", id); room.State != psirt.Published || room.Restricted || room.Part != psirt.Works || len(room.Reports) != 0 {
			w.Errorf("%+v", room.Case)
		}
		running := func() (ids []string) {
			for _, k := range w.room("kimura", id).Clocks {
				if k.Open() {
					ids = append(ids, k.Rule.ID)
				}
			}
			return ids
		}
		if got := running(); !slices.Equal(got, []string{"cna-publish-should", "cna-publish-must"}) {
			w.Error(got)
		}
		w.ok(w.db.Change(w.ctx, func(tx *store.Tx) error { return w.s.Recorded(tx, by, id, got, tx.Now) }))
		if got := running(); len(got) != 0 {
			w.Error(got)
		}
		for _, e := range w.room("kimura", id).Log {
			if e.Digest == "" {
				w.Errorf("the entry %s does not fit its digest", e.Kind)
			}
		}
	})
}

func (w *world) dump(table string) string {
	w.Helper()
	var all strings.Builder
	w.ok(w.db.View(w.ctx, func(tx *store.Tx) error {
		rows, err := tx.Query("SELECT * FROM " + table)
		if err != nil {
			return err
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			cells := make([]any, len(names))
			for i := range cells {
				cells[i] = new(any)
			}
			if err := rows.Scan(cells...); err != nil {
				return err
			}
			for _, c := range cells {
				b, _ := json.Marshal(*c.(*any))
				all.Write(b)
				all.WriteByte('\n')
			}
		}
		return rows.Err()
	}))
	return all.String()
}

func TestOnlyTheListKnows(t *testing.T) {
	each(t, func(w *world) {
		id, v := w.accepted()
		cveID, err := w.s.AssignID(w.ctx, w.as["kimura"], id, v)
		w.ok(err)
		for _, who := range []string{"outsider", "head", "assessor", "lead-a", "works-a", "works-b", "clerk"} {
			by := w.as[who]
			_, err := w.s.Room(w.ctx, by, id)
			w.is(err, fault.KindNotFound)
			rows, total, err := w.s.Cases(w.ctx, by, psirt.CaseFilter{Page: keyset.Page{Sort: "opened", Limit: 10}})
			w.ok(err)
			if len(rows) != 0 || total != 0 {
				w.Errorf("%s sees %d of %d cases", who, len(rows), total)
			}
			if n, err := w.s.OpenCases(w.ctx, by); err != nil || n != 0 {
				w.Error(who, n, err)
			}
			if ws, err := w.s.Mine(w.ctx, by, 10); err != nil || len(ws) != 0 {
				w.Error(who, ws, err)
			}
			if ks, err := w.s.Clocks(w.ctx, by, false, 10); err != nil || len(ks) != 0 {
				w.Error(who, ks, err)
			}
			if found, err := w.s.Similar(w.ctx, by, id); !fault.Is(err, fault.KindNotFound) {
				w.Error(who, found, err)
			}
			w.is(w.s.Noting(w.ctx, by, id, "x"), fault.KindNotFound)
			w.is(w.s.FinishTask(w.ctx, by, id, "x"), fault.KindNotFound)
			w.is(w.s.Assess(w.ctx, by, id, psirt.Assessment{Vulnerability: v, Range: "x", Answer: psirt.IsAffected}), fault.KindNotFound)
			w.is(w.s.Give(w.ctx, by, id, who, psirt.Member, ""), fault.KindNotFound)
			w.is(w.s.LiftEmbargo(w.ctx, by, id, "x"), fault.KindNotFound)
			_, _, err = w.s.Fetch(w.ctx, by, id, "x")
			w.is(err, fault.KindNotFound)
		}
		stock, err := w.s.Stock(w.ctx, w.as["outsider"])
		w.ok(err)
		if len(stock.Rows) != 0 {
			w.Errorf("the pool shows %v to who is on no list", stock.Rows)
		}
		if stock, err = w.s.Stock(w.ctx, w.as["kimura"]); err != nil || len(stock.Rows) != 1 || stock.Rows[0].Number == "" {
			w.Error(stock, err)
		}
		room := w.room("kimura", id)
		// Nothing of it stands outside of the tables of cases.
		for _, table := range []string{"ledger_pending", "job"} {
			d := w.dump(table)
			for _, secret := range []string{"Zebra", string(cveID), room.Number, "<1.25", "Fin Der"} {
				if strings.Contains(d, secret) {
					w.Errorf("%s has %q", table, secret)
				}
			}
		}
		for _, n := range w.sent {
			said, _ := json.Marshal(n)
			for _, secret := range []string{"Zebra", string(cveID), room.Number, "NX5"} {
				if strings.Contains(string(said), secret) {
					w.Errorf("a notice says %s", said)
				}
			}
		}
		// Every look of a member is recorded.
		before := len(w.room("mori", id).Readings)
		if after := w.room("mori", id).Readings; len(after) != before+1 || after[0].Person != "mori" {
			w.Errorf("%d looks, then %v", before, after)
		}
		w.ok(w.s.LiftEmbargo(w.ctx, w.as["kimura"], id, "all is known"))
		if r := w.room("assessor", id); r.Part != psirt.Works || len(r.Log) != 0 || len(r.Ranges) != 0 || r.Clocks != nil {
			w.Errorf("%+v", r)
		}
		if _, err := w.s.Room(w.ctx, w.as["clerk"], id); !fault.Is(err, fault.KindNotFound) {
			w.Error(err)
		}
	})
}

func TestWorksSeeTheirOwnRowsAndTheQuestionClimbs(t *testing.T) {
	each(t, func(w *world) {
		id, v := w.accepted()
		room := w.room("kimura", id)
		rowA, rowB := room.Ranges[1], room.Ranges[0] // by label: Gateway, NX5
		if rowA.Unit != "works-a" || rowA.Label != "NX5 controller <1.25" || rowA.Name(text.JA) != "NX5コントローラ <1.25" || rowB.Unit != "works-b" {
			w.Fatalf("%+v %+v", rowA, rowB)
		}
		w.ok(w.s.Ask(w.ctx, w.as["kimura"], id, []string{rowA.ID, rowB.ID}, w.clk.Now().AddDate(0, 0, 3)))
		mine, err := w.s.Mine(w.ctx, w.as["works-a"], 10)
		w.ok(err)
		if len(mine) != 1 || mine[0].Why != "answer" || mine[0].Title != rowA.Label {
			w.Errorf("%+v", mine)
		}
		seen := w.room("works-a", id)
		raw, _ := json.Marshal(seen)
		if len(seen.Ranges) != 1 || len(seen.Cells) != 1 || seen.Ranges[0].ID != rowA.ID || len(seen.Reports)+len(seen.Parties)+len(seen.Access)+len(seen.Readings) != 0 ||
			strings.Contains(string(raw), "Gateway") || strings.Contains(string(raw), "Fin Der") || strings.Contains(string(raw), "long packet") {
			w.Errorf("works see %s", raw)
		}
		w.is(w.s.Assess(w.ctx, w.as["works-a"], id, psirt.Assessment{Vulnerability: v, Range: rowB.ID, Answer: psirt.NotAffected, Note: "x"}), fault.KindNotFound)
		w.is(w.s.Noting(w.ctx, w.as["works-a"], id, "x"), fault.KindDenied)
		w.is(w.s.Assess(w.ctx, w.as["works-a"], id, psirt.Assessment{Vulnerability: v, Range: rowA.ID, Answer: psirt.NotAffected}), fault.KindInvalid) // no reason
		w.ok(w.s.Assess(w.ctx, w.as["works-a"], id, psirt.Assessment{Vulnerability: v, Range: rowA.ID, Answer: psirt.NotAffected, Justification: "component_not_present"}))
		if room = w.room("kimura", id); room.State != psirt.Assessing || room.Unanswered() != 1 || room.Cell(v, rowB.ID).Answer != psirt.NoAnswer {
			w.Errorf("%s %d", room.State, room.Unanswered())
		}
		// Works B is silent. Its business group has nobody: the question goes on to the
		// division, then nobody is left and the PSIRT hears of it.
		w.clk.Advance(3*24*time.Hour + time.Minute)
		_, err = w.q.Drain(w.ctx)
		w.ok(err)
		cell := w.room("kimura", id).Cell(v, rowB.ID)
		if cell.AskedUnit != "group" || cell.Step != 1 || cell.Overdue(w.clk.Now()) {
			w.Errorf("%+v", cell)
		}
		if _, err := w.s.Room(w.ctx, w.as["lead-a"], id); !fault.Is(err, fault.KindNotFound) {
			w.Error("somebody of another group was asked")
		}
		w.sent = nil
		w.clk.Advance(2*24*time.Hour + time.Minute)
		_, err = w.q.Drain(w.ctx)
		w.ok(err)
		if !slices.ContainsFunc(w.sent, func(n psirt.Notice) bool { return n.To == "kimura" && n.Urgent }) {
			w.Errorf("nobody heard: %+v", w.sent)
		}
		w.ok(w.s.Assess(w.ctx, w.as["kimura"], id, psirt.Assessment{Vulnerability: v, Range: rowB.ID, Answer: psirt.IsAffected}))
		w.sent = nil
		w.clk.Advance(30 * 24 * time.Hour)
		_, err = w.q.Drain(w.ctx)
		w.ok(err)
		if len(w.sent) != 0 {
			w.Errorf("answered, and still chased: %+v", w.sent)
		}
	})
}

func TestALeakPlansAnew(t *testing.T) {
	each(t, func(w *world) {
		id, v := w.accepted()
		room := w.room("kimura", id)
		w.ok(w.s.Ask(w.ctx, w.as["kimura"], id, []string{room.Ranges[0].ID}, w.clk.Now().AddDate(0, 0, 20)))
		w.sent = nil
		w.ok(w.s.Leak(w.ctx, w.as["kimura"], id, psirt.Leak{What: "A talk shows it", Where: "https://talks.example", Elsewhere: true}))
		room = w.room("kimura", id)
		day := storetest.Start.Add(24 * time.Hour)
		if !room.Urgent || len(room.Tasks) != 2 || !minute(room.Cell(v, room.Ranges[0].ID).Due).Equal(day) || !minute(room.Tasks[0].Due).Equal(day) {
			w.Errorf("%+v", room.Tasks)
		}
		if !slices.ContainsFunc(room.Clocks, func(k clocks.Clock) bool { return k.Rule.ID == "cna-others-disclosed" }) {
			w.Error("no clock of the CNA rules")
		}
		for _, who := range []string{"kimura", "mori", "works-b"} {
			if !slices.ContainsFunc(w.sent, func(n psirt.Notice) bool { return n.To == who && n.Urgent }) {
				w.Errorf("%s did not hear of it", who)
			}
		}
		w.ok(w.s.Take(w.ctx, w.as["kimura"], id, "nobody"))
		w.ok(w.s.Take(w.ctx, w.as["kimura"], id, "mori"))
		w.is(w.s.Take(w.ctx, w.as["kimura"], id, "kimura"), fault.KindConflict)
		w.is(w.s.Give(w.ctx, w.as["kimura"], id, "clerk", psirt.Member, ""), fault.KindInvalid)
		_, err := w.s.Room(w.ctx, w.as["mori"], id)
		w.is(err, fault.KindNotFound)
	})
}
