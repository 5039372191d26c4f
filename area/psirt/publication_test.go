package psirt_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/area/psirt"
	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cve"
	"yagura/area/psirt/cve/services"
	"yagura/area/psirt/cve/simulator"
	"yagura/area/psirt/site"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// desk is a PSIRT that publishes: a site in a folder, a simulator of CVE Services, and a
// few people.
type desk struct {
	t       *testing.T
	ctx     context.Context
	db      *store.DB
	clk     *clock.Movable
	s       *psirt.Service
	q       *job.Queue
	dir     string
	sites   *sites
	records *records
	letters *letters
	people  map[string]authz.Actor
}

// sites publishes, and fails or dies behind the effect when it is told to.
type sites struct {
	psirt.Sites
	before, behind error
}

func (s *sites) Publish(now time.Time, c site.Change) (*site.Result, error) {
	if s.before != nil {
		return nil, s.before
	}
	r, err := s.Sites.Publish(now, c)
	return r, errors.Join(err, s.behind)
}

type records struct {
	*services.Client
	site           string // the page must be there when a record is published
	before, behind error
	early          bool
	n              int
}

func (r *records) Publish(ctx context.Context, id cve.ID, c *cve.Node) (services.Outcome, error) {
	if r.before != nil {
		return services.Outcome{}, r.before
	}
	if pages, _ := filepath.Glob(filepath.Join(r.site, "current", "public", "en", "advisories", "*.html")); len(pages) == 0 {
		r.early = true
	}
	r.n++
	o, err := r.Client.Publish(ctx, id, c)
	return o, errors.Join(err, r.behind)
}

type letters struct {
	mu   sync.Mutex
	sent map[string]psirt.OutsideLetter
}

func (l *letters) Send(_ context.Context, x psirt.OutsideLetter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[x.Ref] = x
	return nil
}

var signingKey = sync.OnceValue(func() *site.Signer {
	armoured, err := site.NewKey("Aoba PSIRT", "", storetest.Start.AddDate(-1, 0, 0))
	if err != nil {
		panic(err)
	}
	k, err := site.ReadKey(armoured, "", storetest.Start)
	if err != nil {
		panic(err)
	}
	return k
})

func eachDesk(t *testing.T, test func(t *testing.T, d *desk)) {
	storetest.Each(t, []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, psirt.Migrations}, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		d := &desk{t: t, ctx: context.Background(), db: db, clk: clk, dir: t.TempDir(), letters: &letters{sent: map[string]psirt.OutsideLetter{}}, people: map[string]authz.Actor{}}
		sim, err := simulator.New(simulator.Options{Clock: clk})
		if err != nil {
			t.Fatal(err)
		}
		const key = "AAAAAAA-BBBBBBB-CCCCCCC-DDDDDDD"
		if err := sim.Admit("aoba", "psirt@aoba.example", key, 1000); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(sim)
		t.Cleanup(server.Close)
		client, err := services.New(services.Options{URL: server.URL + "/api", Org: "aoba", User: "psirt@aoba.example", Key: config.NewSecret(key)})
		if err != nil {
			t.Fatal(err)
		}
		order, err := client.Prepare(d.ctx, 3, 2026, services.InRow)
		if err == nil {
			_, err = client.Reserve(d.ctx, order)
		}
		if err != nil {
			t.Fatal(err)
		}
		ids, err := client.List(d.ctx, services.Filter{})
		if err != nil || len(ids) != 3 {
			t.Fatal(ids, err)
		}
		pub := site.Publisher{Category: "vendor", Name: "Aoba Electric PSIRT", Namespace: "https://www.aoba.example"}
		public, err := site.Open(d.dir, site.Config{URL: "https://psirt.example.com", Publisher: pub, Contacts: []string{"mailto:psirt@example.com"}}, signingKey())
		if err != nil {
			t.Fatal(err)
		}
		policy := authz.NewDirectory(authz.NewPolicy(authz.Acts, psirt.Acts))
		d.sites, d.records = &sites{Sites: public}, &records{Client: client, site: d.dir}
		d.s = psirt.New(db, psirt.Ports{Directory: policy, Secret: []byte("a secret of thirty-two bytes or so")})
		d.s.Publish(psirt.Publishing{Site: d.sites, Folder: d.dir, URL: "https://psirt.example.com", Publisher: pub, Prefix: "AE", Records: d.records, Letters: d.letters, Mails: true, Forms: "https://psirt.example.com"})
		d.q = job.New(db, slog.New(slog.DiscardHandler))
		d.s.Jobs(d.q)
		err = db.Change(d.ctx, func(tx *store.Tx) error {
			for _, x := range ids {
				if _, err := tx.Exec("INSERT INTO psirt_cve_id (id, year, state, reserved) VALUES ($1, 1900, 'RESERVED', 0)", string(x.CVE)); err != nil {
					return err
				}
			}
			if err := authz.PutUnits(tx, authz.Unit{ID: "group", Name: "Group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"}); err != nil {
				return err
			}
			for person, role := range map[string]authz.Role{"writer": authz.Psirt, "second": authz.Psirt, "other": authz.Psirt, "chief": authz.Head, "officer": authz.Officer, "clerk": authz.Employee} {
				if err := authz.PutPeople(tx, authz.Person{ID: person, Name: person, Unit: "group", Lang: text.EN, Active: true}); err != nil {
					return err
				}
				if err := authz.Found(tx, authz.System("test"), authz.Grant{Person: person, Role: role, Tree: authz.Own, Unit: "group", Until: tx.Now.AddDate(1, 0, 0)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, person := range []string{"writer", "second", "other", "chief", "officer", "clerk"} {
			if err := db.View(d.ctx, func(tx *store.Tx) error {
				d.people[person], err = policy.ActorOf(tx, person)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		test(t, d)
	})
}

// complete is a draft with all that an advisory needs.
func complete(t *testing.T, raw []byte, cveID, secret string) []byte {
	t.Helper()
	doc, err := csaf.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	more, err := csaf.Parse([]byte(fmt.Sprintf(`{"product_tree":{"branches":[{"category":"vendor","name":"Aoba","branches":[{"category":"product_name","name":"AE-5 %[2]s","branches":[
{"category":"product_version_range","name":"<2.0","product":{"name":"AE-5 before 2.0","product_id":"old"}},{"category":"product_version","name":"2.0","product":{"name":"AE-5 2.0","product_id":"new"}}]}]}]},
"vulnerabilities":[{"cve":%[1]q,"cwe":{"id":"CWE-787","name":"Out-of-bounds Write"},"notes":[{"category":"description","text":"An out-of-bounds write in AE-5 %[2]s before 2.0 lets a remote attacker stop it."}],
"product_status":{"known_affected":["old"],"fixed":["new"]},"remediations":[{"category":"vendor_fix","details":"Update to 2.0.","product_ids":["old"]}],
"scores":[{"cvss_v3":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H","baseScore":7.5,"baseSeverity":"HIGH"},"products":["old"]}]}]}`, cveID, secret)))
	if err != nil {
		t.Fatal(err)
	}
	root := doc.Edit()
	root.Set("product_tree", more.Get("product_tree"))
	root.Set("vulnerabilities", more.Get("vulnerabilities"))
	return doc.Bytes()
}

// approved is an advisory up to its approval.
func (d *desk) approved(cveID string) psirt.Advisory {
	d.t.Helper()
	a, err := d.s.DraftAdvisory(d.ctx, d.people["writer"], psirt.NewAdvisory{Title: "Out-of-bounds write in AE-5 Zebra"})
	d.ok(err)
	return d.through(a, func(raw []byte) []byte { return complete(d.t, raw, cveID, "Zebra") })
}

// through takes a draft through saving, review and approval.
func (d *desk) through(a psirt.Advisory, edit func([]byte) []byte) psirt.Advisory {
	d.t.Helper()
	detail, err := d.s.Advisory(d.ctx, d.people["writer"], a.ID)
	d.ok(err)
	a, err = d.s.SaveAdvisory(d.ctx, d.people["writer"], a.ID, detail.Advisory.Version, edit(detail.Open.Text))
	d.ok(err)
	a, err = d.s.SubmitAdvisory(d.ctx, d.people["writer"], a.ID, a.Version)
	d.ok(err)
	for _, p := range []string{"second", "chief"} {
		d.ok(d.s.InviteToAdvisory(d.ctx, d.people["writer"], a.ID, p))
	}
	a, err = d.s.ReviewAdvisory(d.ctx, d.people["second"], a.ID, a.Version, true, "")
	d.ok(err)
	a, err = d.s.ApproveAdvisory(d.ctx, d.people["chief"], a.ID, a.Version)
	d.ok(err)
	return a
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) run() {
	d.t.Helper()
	_, err := d.q.Drain(d.ctx)
	d.ok(err)
}

func (d *desk) detail(who string, id string) psirt.AdvisoryDetail {
	d.t.Helper()
	x, err := d.s.Advisory(d.ctx, d.people[who], id)
	d.ok(err)
	return x
}

func (d *desk) states(id string) string {
	d.t.Helper()
	var all []string
	for _, st := range d.detail("writer", id).Plans[0].Steps {
		all = append(all, st.Kind+" "+st.State)
	}
	return strings.Join(all, ", ")
}

func TestPublicationInOrder(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.ok(d.s.Subscribe(d.ctx, d.people["writer"], psirt.Subscriber{Name: "Customer", Mail: "a@b.example", Lang: text.JA, TLP: "WHITE"}))
		a, err := d.s.DraftAdvisory(d.ctx, d.people["writer"], psirt.NewAdvisory{Title: "Out-of-bounds write in AE-5 Zebra"})
		d.ok(err)
		if _, err := d.s.SubmitAdvisory(d.ctx, d.people["writer"], a.ID, 0); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("what the tests refuse is submitted: %v", err)
		}
		for who, kind := range map[string]fault.Kind{"other": fault.KindNotFound, "chief": fault.KindNotFound, "officer": fault.KindNotFound, "clerk": fault.KindNotFound} {
			if _, err := d.s.Advisory(d.ctx, d.people[who], a.ID); !fault.Is(err, kind) {
				t.Errorf("%s sees a draft: %v", who, err)
			}
			if rows, total, err := d.s.Advisories(d.ctx, d.people[who], psirt.AdvisoryFilter{Query: "zebra", Page: keyset.Page{Sort: "date", Limit: 10}}); err != nil || len(rows) != 0 || total != 0 {
				t.Errorf("%s finds a draft: %v %v", who, rows, err)
			}
		}
		raw := d.detail("writer", a.ID).Open.Text
		if _, err := d.s.SaveAdvisory(d.ctx, d.people["writer"], a.ID, 0, bytes.Replace(raw, []byte(a.Number), []byte("OTHER-1"), 1)); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("another number is saved: %v", err)
		}
		if _, err := d.s.SaveAdvisory(d.ctx, d.people["writer"], a.ID, a.Version+7, raw); !fault.Is(err, fault.KindConflict) {
			t.Errorf("an old form is saved: %v", err)
		}
		a, err = d.s.SaveAdvisory(d.ctx, d.people["writer"], a.ID, a.Version, complete(t, raw, "CVE-1900-0001", "Zebra"))
		d.ok(err)
		ids, err := d.records.List(d.ctx, services.Filter{})
		d.ok(err)
		cveID := string(ids[0].CVE)
		a, err = d.s.SaveAdvisory(d.ctx, d.people["writer"], a.ID, a.Version, complete(t, raw, cveID, "Zebra"))
		d.ok(err)
		a, err = d.s.SubmitAdvisory(d.ctx, d.people["writer"], a.ID, a.Version)
		d.ok(err)
		if _, err := d.s.ReviewAdvisory(d.ctx, d.people["writer"], a.ID, a.Version, true, ""); !fault.Is(err, fault.KindDenied) {
			t.Errorf("an author reviews: %v", err)
		}
		if _, err := d.s.ReviewAdvisory(d.ctx, d.people["second"], a.ID, a.Version, true, ""); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("who is not on the list reviews: %v", err)
		}
		d.ok(d.s.InviteToAdvisory(d.ctx, d.people["writer"], a.ID, "second"))
		d.ok(d.s.InviteToAdvisory(d.ctx, d.people["writer"], a.ID, "chief"))
		if err := d.s.InviteToAdvisory(d.ctx, d.people["writer"], a.ID, "clerk"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("who has no role is invited: %v", err)
		}
		if _, err := d.s.ApproveAdvisory(d.ctx, d.people["chief"], a.ID, a.Version); !fault.Is(err, fault.KindConflict) {
			t.Errorf("approved without a review: %v", err)
		}
		a, err = d.s.ReviewAdvisory(d.ctx, d.people["second"], a.ID, a.Version, false, "A comma is missing.")
		d.ok(err)
		a, err = d.s.SubmitAdvisory(d.ctx, d.people["writer"], a.ID, a.Version)
		d.ok(err)
		a, err = d.s.ReviewAdvisory(d.ctx, d.people["second"], a.ID, a.Version, true, "")
		d.ok(err)
		if _, err := d.s.ApproveAdvisory(d.ctx, d.people["writer"], a.ID, a.Version); !fault.Is(err, fault.KindDenied) {
			t.Errorf("an author approves: %v", err)
		}
		a, err = d.s.ApproveAdvisory(d.ctx, d.people["chief"], a.ID, a.Version)
		d.ok(err)
		at := d.clk.Now().Add(3 * time.Hour).Truncate(time.Second)
		_, err = d.s.ScheduleAdvisory(d.ctx, d.people["chief"], a.ID, a.Version, at, false)
		d.ok(err)
		d.run()
		if _, err := os.Stat(filepath.Join(d.dir, "current")); err == nil || d.records.n > 0 {
			t.Error("something is public before its time")
		}
		d.clk.Set(at.Add(time.Second))
		d.run()
		if got := d.states(a.ID); got != "site done, cve done, notices done, mails done" || d.records.early {
			t.Fatalf("%s, the record before the page: %v", got, d.records.early)
		}
		got := d.detail("officer", a.ID)
		if got.State != "published" || got.Title != "Out-of-bounds write in AE-5 Zebra" || got.Member || len(got.People) > 0 {
			t.Errorf("%+v", got.Advisory)
		}
		doc, err := csaf.Parse(got.Public.Text)
		d.ok(err)
		when := at.Add(time.Second).Format(time.RFC3339)
		if tr := doc.Get("document", "tracking"); tr.Get("current_release_date").Text() != when || tr.Get("initial_release_date").Text() != when || tr.Get("status").Text() != "final" || tr.Get("revision_history").Items()[0].Get("date").Text() != when {
			t.Errorf("%s", got.Public.Text)
		}
		if data, err := os.ReadFile(filepath.Join(d.dir, "current", "public", "csaf", "white", "2026", csaf.Filename(a.Number))); err != nil || !bytes.Equal(data, got.Public.Text) {
			t.Error("the site has other bytes", err)
		}
		there, err := d.records.Record(d.ctx, cve.ID(cveID))
		if err != nil || there == nil || there.State() != "PUBLISHED" {
			t.Error(there, err)
		}
		if len(d.letters.sent) != 0 { // CVE-1900: a rehearsal
			t.Error("a rehearsal mails customers")
		}
		check, err := d.s.CheckSite(d.ctx, d.people["writer"])
		if err != nil || check.Documents != 1 || len(check.Findings) > 0 {
			t.Error(check, err)
		}
	})
}

func TestRevisions(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ids, err := d.records.List(d.ctx, services.Filter{})
		d.ok(err)
		a := d.approved(string(ids[0].CVE))
		_, err = d.s.ScheduleAdvisory(d.ctx, d.people["chief"], a.ID, a.Version, time.Time{}, false)
		d.ok(err)
		d.run()
		d.clk.Advance(24 * time.Hour)
		a, err = d.s.ReviseAdvisory(d.ctx, d.people["writer"], a.ID, "AE-6 Yak is affected too")
		d.ok(err)
		a = d.through(a, func(raw []byte) []byte {
			if !bytes.Contains(raw, []byte("Update A: AE-6 Yak")) {
				t.Errorf("%s", raw)
			}
			return bytes.ReplaceAll(raw, []byte("Out-of-bounds write in AE-5 Zebra"), []byte("Out-of-bounds write in Yak"))
		})
		if got := d.detail("officer", a.ID); strings.Contains(got.Title, "Yak") || got.Stage != "" || len(got.Revisions) != 1 {
			t.Errorf("a reader sees the next revision: %+v", got)
		}
		if rows, _, err := d.s.Advisories(d.ctx, d.people["other"], psirt.AdvisoryFilter{Query: "yak", Page: keyset.Page{Sort: "date", Limit: 10}}); err != nil || len(rows) > 0 {
			t.Errorf("a reader finds the next revision: %v %v", rows, err)
		}
		p, err := d.s.ScheduleAdvisory(d.ctx, d.people["chief"], a.ID, a.Version, d.clk.Now().Add(time.Hour), false)
		d.ok(err)
		a, err = d.s.UnscheduleAdvisory(d.ctx, d.people["chief"], a.ID, 0)
		d.ok(err)
		d.clk.Advance(2 * time.Hour)
		d.run()
		if got := d.detail("officer", a.ID); got.Public.N != 1 {
			t.Errorf("what was taken back is published: %v", p)
		}
		_, err = d.s.ScheduleAdvisory(d.ctx, d.people["chief"], a.ID, a.Version, time.Time{}, false)
		d.ok(err)
		d.run()
		if got := d.detail("officer", a.ID); got.Title != "Out-of-bounds write in Yak" || got.Public.Tracking != "2" || !got.Released.Before(got.Updated) {
			t.Errorf("%+v %s", got.Advisory, d.states(a.ID))
		}
		d.clk.Advance(24 * time.Hour)
		a, err = d.s.EndAdvisory(d.ctx, d.people["writer"], a.ID, "There is no such door.", "")
		d.ok(err)
		a = d.through(a, func(raw []byte) []byte { return raw })
		_, err = d.s.ScheduleAdvisory(d.ctx, d.people["chief"], a.ID, a.Version, time.Time{}, false)
		d.ok(err)
		d.run()
		if got := d.detail("officer", a.ID); got.State != "withdrawn" || got.Public.Tracking != "3" {
			t.Errorf("%+v", got.Advisory)
		}
		if _, found, err := site.Inspect(d.dir, d.clk.Now()); err != nil || len(found) > 0 {
			t.Error(found, err)
		}
	})
	for n, want := range map[int]string{1: "Update A", 26: "Update Z", 27: "Update AA", 53: "Update BA"} {
		if got := psirt.UpdateName(n); got != want {
			t.Errorf("%d: %s, not %s", n, got, want)
		}
	}
}

// TestPublicationGoesOn: whatever fails or dies, before an effect or behind it, the
// publication goes on where it stood, does nothing twice that counts, and never shows a
// record before the page.
func TestPublicationGoesOn(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ids, err := d.records.List(d.ctx, services.Filter{})
		d.ok(err)
		dead := errors.New("killed")
		for i, at := range []*error{&d.sites.before, &d.sites.behind, &d.records.before, &d.records.behind} {
			a := d.approved(string(ids[i%len(ids)].CVE))
			*at = dead
			_, err = d.s.ScheduleAdvisory(d.ctx, d.people["chief"], a.ID, a.Version, time.Time{}, false)
			d.ok(err)
			d.run()
			if got := d.states(a.ID); !strings.Contains(got, "failed") || i < 2 && !strings.HasSuffix(got, "cve waiting, notices waiting, mails waiting") {
				t.Errorf("%d: %s", i, got)
			}
			if said := d.detail("writer", a.ID).Plans[0].Steps[min(i/2, 1)].Said; said != "killed" {
				t.Errorf("%d: %q", i, said)
			}
			*at = nil
			d.clk.Advance(time.Minute) // the pause before the next try
			d.run()
			if got := d.states(a.ID); got != "site done, cve done, notices done, mails done" || d.records.early {
				t.Errorf("%d: %s", i, got)
			}
			if n, found, err := site.Inspect(d.dir, d.clk.Now()); err != nil || len(found) > 0 || n != i+1 {
				t.Errorf("%d: %d %v %v", i, n, found, err)
			}
		}
	})
}

func TestAdvisoriesImported(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		a := d.approved("CVE-2026-1000")
		raw := d.detail("writer", a.ID).Open.Text
		doc, err := csaf.Parse(raw)
		d.ok(err)
		doc.Edit().Get("document", "tracking").SetText("id", "OLD-2020-1").SetText("status", "final")
		old := doc.Bytes()
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, data := range map[string][]byte{"2020/old-2020-1.json": old, "2020/wrong.json": old, "readme.txt": []byte("x"), "2020/bad.json": []byte("{")} {
			w, err := z.Create(name)
			d.ok(err)
			w.Write(data)
		}
		d.ok(z.Close())
		files, err := psirt.ReadAdvisories("all.zip", bytes.NewReader(b.Bytes()), int64(b.Len()))
		d.ok(err)
		r, err := d.s.ImportAdvisories(d.ctx, d.people["writer"], files)
		if err != nil || r.Added != 1 || len(r.Refused) != 2 {
			t.Fatalf("%+v %v", r, err)
		}
		if r, err = d.s.ImportAdvisories(d.ctx, d.people["writer"], files); err != nil || r.Added != 0 || r.Unchanged != 1 {
			t.Errorf("%+v %v", r, err)
		}
		d.run()
		rows, total, err := d.s.Advisories(d.ctx, d.people["officer"], psirt.AdvisoryFilter{Query: "zebra", Page: keyset.Page{Sort: "date", Desc: true, Limit: 10}})
		if err != nil || total != 1 || rows[0].Number != "OLD-2020-1" {
			t.Error(rows, err)
		}
		if data, err := os.ReadFile(filepath.Join(d.dir, "current", "public", "csaf", "white", "2026", "old-2020-1.json")); err != nil || !bytes.Equal(data, old) {
			t.Error("not on the site as it came", err)
		}
		if d.records.n > 0 {
			t.Error("an import publishes records")
		}
		if _, err := d.s.ImportAdvisories(d.ctx, d.people["officer"], files); !fault.Is(err, fault.KindDenied) {
			t.Errorf("anyone imports: %v", err)
		}
		var bomb bytes.Buffer
		z = zip.NewWriter(&bomb)
		w, err := z.Create("bomb.json")
		d.ok(err)
		w.Write(bytes.Repeat([]byte(" "), 4<<20))
		d.ok(z.Close())
		if _, err := psirt.ReadAdvisories("bomb.zip", bytes.NewReader(bomb.Bytes()), int64(bomb.Len())); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("a bomb is unpacked: %v", err)
		}
	})
}

// FuzzReadAdvisories: no archive unpacks to more than is allowed, and what comes out has
// names of files.
func FuzzReadAdvisories(f *testing.F) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("a.json")
	w.Write([]byte("{}"))
	z.Close()
	f.Add(b.Bytes())
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := psirt.ReadAdvisories("x.json", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if fault.As(err) == nil {
				t.Errorf("%v is said to nobody", err)
			}
			return
		}
		for name, content := range files {
			if !strings.HasSuffix(name, ".json") || len(content) > psirt.LargestAdvisory {
				t.Errorf("%s has %d bytes", name, len(content))
			}
		}
	})
}
