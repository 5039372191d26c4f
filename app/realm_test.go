package app

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/area/detect"
	"yagura/area/identity"
	"yagura/area/identity/policy"
	"yagura/area/identity/radius"
	"yagura/area/incident"
	"yagura/area/org"
	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/area/telemetry"
	"yagura/e2e/visit"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// The world of the matrix: the made-up group with its year, and in it two
// companies, one in Europe and one in America, each with one of everything. All
// that belongs to a company carries its mark and its word, so that a page which
// shows something of it gives itself away.

type realm struct {
	unit, mark, word string

	things map[string]string // by the name that fill gives them
}

const (
	ours   = "zzeuropa"
	theirs = "zzamerica"
)

type matrix struct {
	*testing.T
	a        *App
	all      authz.Actor // holds every role everywhere
	second   authz.Actor // the second person of approvals
	europe   *realm
	america  *realm
	people   map[string]authz.Role // persons of Europe with one role each
	visitors map[string]*visit.Visitor
	tokens   map[string]string
	log      *lines // all that the server wrote into its log
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	folder := t.TempDir()
	clk, kept := clock.NewMovable(clock.System()), &lines{}
	rehearse, err := rehearsal(t.Context(), folder, clk)
	if err != nil {
		t.Fatal(err)
	}
	cfg, mistakes := config.Load("", append(rehearse, "YAGURA_DATA="+folder, "YAGURA_LISTEN=127.0.0.1:8420", "YAGURA_PUBLIC_URL=http://yagura.localhost:8420", "YAGURA_SESSION_IDLE=24h", "YAGURA_SESSION_LONGEST=7d"))
	for _, m := range mistakes {
		t.Fatal(m)
	}
	a, err := Open(t.Context(), cfg, Options{Clock: clk, Log: slog.New(slog.NewMultiHandler(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}), slog.NewTextHandler(kept, &slog.HandlerOptions{Level: slog.LevelDebug}))), Workers: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	f := &founding{a: a, clock: clk, lang: text.EN, now: clock.System().Now(), seed: demoSeed, days: 14}
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Telemetry.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Telemetry.Close() })
	m := &matrix{T: t, a: a, log: kept, people: map[string]authz.Role{}, visitors: map[string]*visit.Visitor{}, tokens: map[string]string{}}
	m.change(func(tx *store.Tx) error {
		return a.Org.Seed(tx, player, org.Founding{
			Units: []org.Unit{
				{ID: ours, Kind: org.Company, Name: "Zzeuropa Heron Works", Parent: "sales-germany", Region: "europe"},
				{ID: theirs, Kind: org.Company, Name: "Zzamerica Quetzal Works", Parent: "mobility-usa", Region: "americas"},
			},
			People: []org.Person{
				{ID: "m-all", Name: "Alma All", Email: "all@example.org", Unit: "kirishio", Lang: text.EN, Zone: "UTC"},
				{ID: "m-second", Name: "Sekond Second", Email: "second@example.org", Unit: "kirishio", Lang: text.EN, Zone: "UTC"},
			},
		})
	})
	for _, role := range authz.Roles {
		m.grant("m-all", role, authz.Own, "kirishio")
		m.grant("m-second", role, authz.Own, "kirishio")
	}
	m.all, m.second = m.actor("m-all"), m.actor("m-second")
	m.europe = m.settle(&realm{unit: ours, mark: "Zzeuropa", word: "Heron"})
	m.america = m.settle(&realm{unit: theirs, mark: "Zzamerica", word: "Quetzal"})
	for _, role := range authz.Roles {
		m.person("m-"+string(role), role)
		m.grant("m-"+string(role), role, authz.Own, ours)
	}
	// The role of an assessor alone opens no enclave.
	m.must(a.CMMC.Admit(t.Context(), m.all, m.europe.things["enclave"], "m-assessor", a.DB.Now().AddDate(0, 1, 0)))
	m.person("m-regional-europe", authz.Regional)
	m.grant("m-regional-europe", authz.Regional, authz.Geography, "europe")
	m.enter("m-all")
	for {
		n, err := a.Sealer.Seal(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	for _, r := range []*realm{m.europe, m.america} {
		r.things["ledger"] = m.scan("SELECT CAST(MAX(pos) AS text) FROM ledger WHERE unit = $1", r.unit)
	}
	return m
}

// lines keeps a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) Len() int { return len(l.String()) }

// testLog shows errors of the server in the test's log.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func (m *matrix) change(do func(tx *store.Tx) error) {
	m.Helper()
	if err := m.a.DB.Change(m.Context(), do); err != nil {
		m.Fatalf("%v %v", err, fault.FieldsOf(err))
	}
}

func (m *matrix) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatalf("%v %v", err, fault.FieldsOf(err))
	}
}

func (m *matrix) scan(query string, args ...any) string {
	m.Helper()
	var s string
	m.must(m.a.DB.View(m.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(query, args...).Scan(&s)
	}))
	if s == "" {
		m.Fatalf("nothing found: %s %v", query, args)
	}
	return s
}

func (m *matrix) grant(person string, role authz.Role, tree authz.Tree, unit string) {
	m.Helper()
	m.change(func(tx *store.Tx) error {
		return authz.Found(tx, player, authz.Grant{Person: person, Role: role, Tree: tree, Unit: unit, Until: tx.Now.AddDate(0, 6, 0)})
	})
}

func (m *matrix) actor(person string) (a authz.Actor) {
	m.Helper()
	m.must(m.a.DB.View(m.Context(), func(tx *store.Tx) (err error) {
		a, err = m.a.Dir.ActorOf(tx, person)
		return err
	}))
	return a
}

// person makes somebody of the European company who is signed in and has a
// token for all that the role allows.
func (m *matrix) person(id string, role authz.Role) {
	m.Helper()
	m.change(func(tx *store.Tx) error {
		return m.a.Org.Seed(tx, player, org.Founding{People: []org.Person{{ID: id, Name: "Mx " + id, Email: id + "@example.org", Unit: ours, Lang: text.EN, Zone: "UTC"}}})
	})
	m.people[id] = role
	m.enter(id)
}

func (m *matrix) enter(id string) {
	m.Helper()
	var link string
	m.change(func(tx *store.Tx) error {
		secret, err := identity.MakeLink(tx, player, id, identity.Persona, tx.Now.AddDate(0, 0, 7))
		link = m.a.Identity.LinkURL(secret)
		return err
	})
	v := visit.In("http://yagura.localhost:8420", m.a.Handler())
	m.must(v.Enter(link))
	m.visitors[id] = v
}

// token is an API token of the person with all that the roles allow.
func (m *matrix) token(id string) string {
	m.Helper()
	if m.tokens[id] == "" {
		by := m.actor(id)
		var acts []authz.Act
		for _, act := range Policy.Acts() {
			if by.CanAnywhere(act) {
				acts = append(acts, act)
			}
		}
		secret, err := m.a.Identity.MakeToken(m.Context(), by, "matrix", acts, m.a.DB.Now().AddDate(0, 1, 0))
		m.must(err)
		m.tokens[id] = secret
	}
	return m.tokens[id]
}

// settle gives a company one of everything.
func (m *matrix) settle(r *realm) *realm {
	m.Helper()
	ctx := m.Context()
	label := r.mark + " " + r.word
	low := strings.ToLower(r.mark)
	host := low + "-" + strings.ToLower(r.word) + ".corp.example"
	t := map[string]string{"unit": r.unit, "person": "p-" + low, "team": "t-" + low, "source": "s-" + low}
	r.things = t
	m.must(m.a.Org.AddPerson(ctx, m.all, org.Person{ID: t["person"], Name: label + " Person", Email: low + "@example.com", Unit: r.unit, Lang: text.EN, Zone: "UTC"}))
	m.must(m.a.Org.TakeOffice(ctx, m.all, org.Office{Person: t["person"], Unit: r.unit, Office: org.SecurityContact, Title: label + " Office", From: m.a.DB.Now()}))
	m.grant(t["person"], authz.Contact, authz.Own, r.unit)
	m.must(m.a.Org.AskRole(ctx, m.all, t["person"], authz.Engineer, authz.Own, r.unit, m.a.DB.Now().AddDate(0, 3, 0)))
	m.must(m.a.Org.FormTeam(ctx, m.all, org.Team{ID: t["team"], Kind: org.SiteCSIRT, Name: label + " CSIRT", Unit: r.unit, Lead: t["person"], Members: []string{t["person"]},
		Zone: "UTC", Plan: org.Plan{Zone: time.UTC, Anchor: "2026-01-05", Handover: "09:00", Days: 7, Order: []string{t["person"]}}}))
	m.must(m.a.Telemetry.Add(ctx, m.all, telemetry.Source{ID: t["source"], Name: label + " Sensors", Kind: "windows", Unit: r.unit, Product: "windows", SilentAfter: time.Hour}))
	t["relay"] = "r-" + low
	saved, err := m.a.Telemetry.SaveSearch(ctx, m.all, telemetry.Saved{Name: label + " Search", Text: "host:" + strings.ToLower(r.mark), Unit: r.unit, Shared: true})
	m.must(err)
	t["search"] = saved.ID
	m.must(m.a.Telemetry.AddRelay(ctx, m.all, telemetry.Relay{ID: t["relay"], Name: label + " Relay", Unit: r.unit, SilentAfter: time.Hour}))
	var lines strings.Builder
	for i := range 5 {
		fmt.Fprintf(&lines, `{"EventID":11,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":%q,"User":%q,"Image":"C:\\PerfLogs\\%s.exe","TargetFilename":"D:\\Recover-All-Files.hta","n":%d}`+"\n",
			host, label, r.word, i)
	}
	// A second rule on the same host: the two alerts are a story.
	fmt.Fprintf(&lines, `{"EventID":10,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":%q,"SourceImage":"C:\\PerfLogs\\%s.exe","TargetImage":"C:\\Windows\\System32\\lsass.exe","GrantedAccess":"0x1410"}`+"\n", host, r.word)
	events, err := telemetry.Events([]byte(lines.String()), time.UTC)
	m.must(err)
	_, err = m.a.Telemetry.Submit(ctx, &telemetry.Source{ID: t["source"], Unit: r.unit, Kind: "windows", Product: "windows"}, events, "")
	m.must(err)
	for {
		n, err := m.a.Telemetry.Step(ctx)
		m.must(err)
		if n == 0 {
			break
		}
	}
	t["event"] = m.event(r)
	t["alert"] = m.scan("SELECT MAX(id) FROM detect_alert WHERE unit = $1", r.unit)
	x, _, err := m.a.Detect.AddExclusion(ctx, m.all, detect.Exclusion{Unit: r.unit, Rule: m.scan("SELECT MAX(rule) FROM detect_alert WHERE unit = $1", r.unit),
		Owner: t["person"], Reason: label + " reason", Filter: "Image|endswith: '\\" + r.word + "-nothing.exe'\n", Expires: m.a.DB.Now().AddDate(0, 0, 20)})
	m.must(err)
	t["exclusion"] = x.ID
	t["story"] = m.scan("SELECT MAX(story) FROM detect_alert WHERE unit = $1 AND story <> ''", r.unit)
	sup, err := m.a.Detect.Suppress(ctx, m.all, detect.Suppression{Kind: detect.Quiet, Rule: x.Rule, Unit: r.unit, Owner: t["person"], Reason: label + " reason of silence", Silence: time.Hour, Until: m.a.DB.Now().AddDate(0, 0, 20)})
	m.must(err)
	t["suppression"] = sup.ID
	m.must(m.a.Detect.SetWeight(ctx, m.all, detect.Weight{Unit: r.unit, Hosts: low + "-*", Weight: 150, Reason: label + " weight"}))
	inc, err := m.a.Incident.Report(ctx, m.all, incident.Draft{Title: label + " incident", Description: label + " description", Unit: r.unit, Severity: incident.High})
	m.must(err)
	t["incident"] = inc.ID
	entry, err := m.a.Incident.Write(ctx, m.all, inc.ID, incident.Remark{Body: label + " note"})
	m.must(err)
	t["entry"] = entry.ID
	task, err := m.a.Incident.SetTask(ctx, m.all, inc.ID, incident.Task{Title: label + " task", Assignee: t["person"], Due: m.a.DB.Now().Add(time.Hour)})
	m.must(err)
	t["task"] = task.ID
	_, err = m.a.Incident.Observe(ctx, m.all, inc.ID, incident.Kind("domain"), low+".example.net", label+" observable")
	m.must(err)
	piece, err := m.a.Incident.Keep(ctx, m.all, inc.ID, label+".txt", "text/plain", label+" evidence", strings.NewReader(label+" content"))
	m.must(err)
	t["piece"] = piece.ID
	m.must(m.a.Incident.Invite(ctx, m.all, inc.ID, t["person"]))
	link, err := m.a.Incident.MakeLink(ctx, m.all, r.unit, label+" link", m.a.DB.Now().AddDate(0, 0, 20))
	m.must(err)
	t["link"] = link.ID
	t["directory"], _, err = m.a.Identity.Connect(ctx, m.all, identity.Directory{Name: label + " Directory", Unit: r.unit, Leaving: identity.Leave, Until: m.a.DB.Now().AddDate(0, 6, 0)})
	m.must(err)
	t["client"] = "c-" + low
	_, err = m.a.Identity.AddClient(ctx, m.all, identity.Client{ID: t["client"], Name: label + " application", Unit: r.unit, Kind: identity.WebClient, Redirects: []string{"https://" + host + "/callback"}})
	m.must(err)
	m.must(m.a.Identity.AddNetwork(ctx, player, map[string]string{ours: "10.250.0.0/16", theirs: "10.251.0.0/16"}[r.unit],
		identity.Network{Name: label + " network", Network: policy.Network{Kind: policy.OfficeNetwork, Unit: r.unit}}))
	t["network"] = m.scan("SELECT MAX(id) FROM identity_network WHERE unit = $1", r.unit)
	_, bad, err := m.a.Identity.ImportDevices(ctx, m.all, []byte("asset,name,person\n"+low+"-1,"+label+" laptop,"+t["person"]))
	if m.must(err); len(bad) > 0 {
		m.Fatal(bad)
	}
	t["device"] = m.scan("SELECT MAX(id) FROM identity_device WHERE unit = $1", r.unit)
	_, err = m.a.Identity.SaveNAS(ctx, m.all, identity.NAS{Name: label + " gateway", Unit: r.unit, Networks: []netip.Prefix{netip.MustParsePrefix(map[string]string{ours: "10.250.1.1/32", theirs: "10.251.1.1/32"}[r.unit])}}, false)
	m.must(err)
	t["nas"] = m.scan("SELECT MAX(id) FROM identity_nas WHERE unit = $1", r.unit)
	m.must(m.a.Identity.Keep(ctx, radius.Account{Client: t["nas"], Status: radius.Start, Box: "10.250.1.1", Session: "1", User: t["person"], Address: "10.99.0.1"}))
	t["policy"], err = m.a.Identity.DraftPolicy(ctx, m.second, r.unit, "# "+label+"\n", label+" reason")
	m.must(err)
	trip, err := m.a.Identity.AskTrip(ctx, m.actor(t["person"]), identity.Trip{Countries: []string{"VN"}, From: m.a.DB.Now(), To: m.a.DB.Now().Add(48 * time.Hour), Purpose: label + " purpose"})
	m.must(err)
	t["trip"] = trip.ID
	// He is a security contact, so it waits for a second person, and he stays in.
	held, err := m.a.Identity.Contain(ctx, m.all, identity.Order{Person: t["person"], Reason: label + " reason of containment"})
	m.must(err)
	t["containment"] = held.ID
	m.govern(r, label)
	t["family"], err = m.a.PSIRT.KeepFamily(ctx, m.all, "", 0, psirt.FamilyDraft{Name: label + " Series", Scheme: "lettered", Unit: r.unit})
	m.must(err)
	t["product"], err = m.a.PSIRT.AddProduct(ctx, m.all, psirt.ProductDraft{Family: t["family"], Vendor: label + " Makers", Name: label + " controller", Unit: r.unit})
	m.must(err)
	m.must(m.a.PSIRT.AddModels(ctx, m.all, t["product"], 0, r.mark+"-32MT"))
	t["model"] = m.scan("SELECT MAX(id) FROM psirt_product_model WHERE product = $1", t["product"])
	m.must(m.a.PSIRT.KeepFirmware(ctx, m.all, t["product"], 0, product.Firmware{Version: "1.05F"}))
	t["firmware"] = m.scan("SELECT MAX(id) FROM psirt_product_firmware WHERE product = $1", t["product"])
	_, err = m.a.PSIRT.TakeBill(ctx, m.all, t["product"], t["firmware"], []byte(`{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"library","name":"`+label+` library","version":"1.0"}]}`))
	m.must(err)
	t["office"] = m.scan("SELECT MAX(id) FROM org_office WHERE person = $1", t["person"])
	t["grant"] = m.scan("SELECT MAX(id) FROM authz_grant WHERE person = $1 AND role = 'engineer'", t["person"])
	return r
}

// govern gives the company an enclave that takes from a service of its own, with a
// document, an assessment and a measure.
func (m *matrix) govern(r *realm, label string) {
	m.Helper()
	ctx, t, low := m.Context(), r.things, strings.ToLower(r.mark)
	t["enclave"], t["provider"] = "e-"+low, "svc-"+low
	m.must(m.a.CMMC.PutEntity(ctx, m.all, cmmc.Entity{ID: "le-" + low, Name: label + " Inc.", Unit: r.unit}))
	m.must(m.a.CMMC.PutSystem(ctx, m.all, cmmc.System{ID: t["provider"], Kind: cmmc.Corporate, Unit: r.unit, Name: label + " service", Level: 2}, 0))
	m.must(m.a.CMMC.PutSystem(ctx, m.all, cmmc.System{ID: t["enclave"], Kind: cmmc.Enclave, Unit: r.unit, Entity: "le-" + low, Name: label + " enclave", Level: 2,
		SSP: &score.SSP{ID: label + " SSP", Date: m.a.DB.Now().AddDate(0, -1, 0)}}, 0))
	var taken catalog.Bits
	for _, i := range catalog.Find("3.5.3").Objective {
		taken.Set(i)
	}
	m.must(m.a.CMMC.SetShares(ctx, m.all, t["enclave"], t["provider"], catalog.Bits{}, taken))
	for thing, system := range map[string]string{"document": t["enclave"], "document-of-provider": t["provider"]} {
		e, err := m.a.CMMC.Keep(ctx, m.all, cmmc.Evidence{System: system, Name: label + " document", Collected: m.a.DB.Now(), Objectives: catalog.Find("3.5.3").Objective}, strings.NewReader(label+" document of "+system))
		m.must(err)
		t[thing] = e.ID
	}
	_, err := m.a.CMMC.Judge(ctx, m.all, cmmc.Judgement{System: t["enclave"], Objective: catalog.Find("3.5.3").Objective[0], Result: score.Met, Notes: label + " notes"})
	m.must(err)
	a, err := m.a.CMMC.Seal(ctx, m.all, t["enclave"], cmmc.Self, label+" assessor")
	m.must(err)
	t["assessment"] = a.ID
	one, err := m.a.CMMC.ProposeMeasure(ctx, m.second, cmmc.MeasureDraft{Unit: r.unit, Name: label + " measure", Note: label + " note", Yen: 1_000_000, Months: 3, Year: 2026, Objectives: "3.5.3", Enclaves: []string{t["enclave"]}})
	m.must(err)
	t["measure"] = one.ID
	m.must(m.a.CMMC.SetBudget(ctx, m.all, cmmc.Budget{Unit: r.unit, Year: 2026, Yen: 5_000_000}))
	if r.unit == ours {
		_, err = m.a.CMMC.ImportText(ctx, m.all, "text.csv", []byte("id,text\n3.5.3,Use several factors\n"), "")
		m.must(err)
		_, err = m.a.CMMC.ImportCrosswalk(ctx, m.all, cmmc.Standards[0], "iso.csv", []byte("requirement,reference\n3.5.3,A.8.5\n"))
		m.must(err)
	}
}

// event is the id of one event of the company.
func (m *matrix) event(r *realm) string {
	m.Helper()
	var c telemetry.Coverage
	now := m.a.DB.Now()
	for e, err := range m.a.Events.Query(m.Context(), telemetry.Query{Scope: authz.Everything(), From: now.Add(-time.Hour), To: now.Add(time.Hour), Source: r.things["source"], Limit: 1}, &c) {
		m.must(err)
		return e.ID()
	}
	m.Fatalf("no event of %s", r.unit)
	return ""
}

var _ io.Writer = testLog{}
