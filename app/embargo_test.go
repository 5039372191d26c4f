package app

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"

	"yagura/api"
	"yagura/area/psirt"
	"yagura/e2e/visit"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// What nobody who is not on the list of the case may find anywhere.
const (
	secretTitle   = "Zzmarmot"
	secretProduct = "Okapi-9000"
)

// embargoed makes a case under embargo, of which only m-second and the team of the
// PSIRT know, with everything that a case can have.
func (m *matrix) embargoed() (id, number, cveID, link string, draft psirt.Advisory) {
	m.Helper()
	ctx, s := m.Context(), m.a.PSIRT
	r, err := s.ReportByFinder(ctx, psirt.Reporting{Title: secretTitle + " overflow in " + secretProduct, Product: secretProduct, Description: secretTitle + " stops the " + secretProduct,
		Finder: psirt.Finder{Name: secretTitle + " Finder", Contact: "finder@example.net"}, Files: []psirt.Upload{{Name: secretTitle + ".txt", Content: strings.NewReader(secretTitle)}}})
	m.must(err)
	team, err := s.Room(ctx, m.actor("p-kimura"), r.Case)
	m.must(err)
	kimura := m.actor("p-kimura")
	m.must(s.Give(ctx, kimura, r.Case, "m-second", psirt.Member, ""))
	m.must(s.Triage(ctx, kimura, r.Case, psirt.Triage{Outcome: psirt.Accepted}))
	v, err := s.PutVulnerability(ctx, kimura, r.Case, psirt.Vulnerability{Title: secretTitle + " overflow", CWE: "CWE-787"})
	m.must(err)
	got, err := s.AssignID(ctx, kimura, r.Case, v.ID)
	m.must(err)
	m.must(s.SetTask(ctx, kimura, r.Case, psirt.Task{Title: secretTitle + " task", Assignee: "m-second", Due: m.a.DB.Now().Add(1)}))
	m.must(s.AddParty(ctx, kimura, r.Case, psirt.Party{Kind: psirt.JPCERT, Name: secretTitle + " coordinator"}))
	m.must(s.SetEmbargo(ctx, kimura, r.Case, m.a.DB.Now().AddDate(0, 1, 0), secretTitle+" reason"))
	m.must(s.Exploit(ctx, kimura, r.Case, v.ID, secretTitle+" source", m.a.DB.Now(), false))
	m.must(s.Leak(ctx, kimura, r.Case, psirt.Leak{What: secretTitle + " leak", Elsewhere: true}))
	m.must(s.OfferInstruction(ctx, kimura, r.Case))
	draft, err = s.AdviseOf(ctx, kimura, r.Case, "en")
	m.must(err)
	for {
		n, err := m.a.Sealer.Seal(ctx)
		m.must(err)
		if n == 0 {
			break
		}
	}
	return r.Case, team.Number, string(got), s.FinderPath(r), draft
}

// embargo asks for anything as everybody who is not on the list: pages, exports,
// searches, the interface, wrong addresses. Nothing of the case is in any answer, nor
// in any table that is not the case's own, such as messages, jobs and the ledger.
func (m *matrix) embargo() {
	id, number, cveID, link, draft := m.embargoed()
	secrets := []string{strings.ToLower(secretTitle), strings.ToLower(secretProduct), strings.ToLower(cveID), strings.ToLower(number), strings.ToLower(draft.Number)}
	leaks := func(body string) string {
		low := strings.ToLower(body)
		for _, s := range secrets {
			if i := strings.Index(low, s); i >= 0 {
				return s + ": … " + strings.Join(strings.Fields(low[max(0, i-80):min(len(low), i+80)]), " ")
			}
		}
		return ""
	}
	// The one who is on the list does see it: the secrets are real ones.
	m.enter("m-second")
	p, err := m.visitors["m-second"].Get("/psirt/cases/" + id)
	m.must(err)
	for _, s := range secrets {
		if !strings.Contains(strings.ToLower(string(p.Body)), s) {
			m.Fatalf("the page of the case does not show %s: %s", s, p.Text())
		}
	}
	p, err = m.speaker("m-second").Get(api.Prefix + psirt.AdvisoryHref(draft.ID))
	m.must(err)
	if leaks(string(p.Body)) == "" {
		m.Fatalf("who is on the list gets no draft from the interface: %d %s", p.Status, p.Body)
	}
	known := strings.NewReplacer("/psirt/cases/{id}", "/psirt/cases/"+id, psirt.AdvisoryHref("{id}"), psirt.AdvisoryHref(draft.ID)).Replace
	var paths []string
	for _, x := range m.a.Console.Pages() {
		if x.Method == "GET" {
			path := known(x.Path)
			path = strings.NewReplacer("{form}", "jvn", "{deed}", "leak", "{file}", "x", "{lang}", "en").Replace(path)
			path, _ = m.address(path, m.europe)
			paths = append(paths, path)
		}
	}
	var calls []string
	for _, x := range m.a.Console.Routes() {
		if x.Method == "GET" {
			path, _ := m.address(known(strings.TrimPrefix(x.Path, api.Prefix)), m.europe)
			calls = append(calls, api.Prefix+path)
		}
	}
	requests := 25
	if os.Getenv("YAGURA_SOAK") == "1" {
		requests = 1000
	}
	random := rand.New(rand.NewPCG(1, 9))
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	extras := func() string {
		q := url.Values{}
		for range random.IntN(3) {
			q.Set(pick([]string{"q", "subject", "state", "kind", "format", "unit", "sort", "all", "actor", "vector", "about", "row", "after"}),
				pick([]string{"overflow", "marmot", "okapi", "CVE-1900", "PSIRT-2026", "open", "psirt.case-written", "psirt.", "csv", "json", "palette", "-opened", "number", "p-kimura", "m-second", id, ours, "1", "stops"}))
		}
		if len(q) == 0 {
			return ""
		}
		return "?" + q.Encode()
	}
	asked := 0
	people := map[string]authz.Role{"m-all": authz.Admin, "": ""}
	for person, role := range m.people {
		people[person] = role
	}
	for person := range people {
		v, speaker := m.visitors[person], (*visit.Visitor)(nil)
		if person == "" {
			v = visit.In("http://yagura.localhost:8420", m.a.Handler())
			speaker = v
		} else {
			speaker = m.speaker(person)
		}
		must := []string{"/psirt/cases/" + id, "/psirt/cases/" + id + "/matrix", "/psirt/cases/" + id + "/sheet/jvn", "/psirt/cases/" + id + "/do/leak", "/psirt/cases/" + id + "/file/x", "/psirt/cases/" + id + "/draft/en", "/psirt", "/psirt/cases?state=open", "/psirt/cases?format=csv",
			"/psirt/ids", "/psirt/clocks?all=1", "/ledger?subject=" + id, "/ledger?kind=psirt.", "/search?q=marmot", "/search?format=palette&q=overflow", "/", "/work", "/inbox", link + "x", strings.Replace(link, ".", "x.", 1),
			psirt.AdvisoryHref(draft.ID), psirt.AdvisoryHref(draft.ID) + "/preview", "/psirt/advisories?state=open", "/psirt/advisories?q=marmot&format=csv", api.Prefix + psirt.AdvisoryHref(draft.ID),
			api.Prefix + psirt.AdvisoryHref(draft.ID) + "/document", api.Prefix + "/psirt/advisories?state=open", api.Prefix + "/psirt/advisories?q=marmot", api.Prefix + "/psirt/products?q=okapi"}
		for i := range len(must) + requests {
			var got *visit.Page
			var err error
			path := ""
			switch {
			case i < len(must):
				path = must[i]
				if strings.HasPrefix(path, api.Prefix) {
					got, err = speaker.Get(path)
				} else {
					got, err = v.Get(path)
				}
			case random.IntN(4) == 0:
				path = pick(calls) + extras()
				got, err = speaker.Get(path)
			default:
				path = pick(paths) + extras()
				got, err = v.Get(path)
			}
			if err != nil {
				m.Errorf("%s: %s: %v", person, path, err)
				continue
			}
			asked++
			if shown := leaks(string(got.Body) + fmt.Sprint(got.Header)); shown != "" {
				m.Errorf("%s: %s shows %s", person, path, shown)
			}
			if got.Status >= 500 && got.Status != http.StatusServiceUnavailable {
				m.Errorf("%s: %s answers %d", person, path, got.Status)
			}
		}
	}
	for _, table := range m.tables() {
		if strings.HasPrefix(table, "psirt_case") || strings.HasPrefix(table, "psirt_cve") || strings.HasPrefix(table, "psirt_advisory") || table == "store_number" {
			continue
		}
		if shown := leaks(m.dump(table)); shown != "" {
			m.Errorf("the table %s has %s", table, shown)
		}
	}
	if shown := leaks(m.log.String()); shown != "" {
		m.Errorf("the log has %s", shown)
	}
	m.Logf("%d requests of %d people, %d bytes of log", asked, len(people), m.log.Len())
}

func (m *matrix) tables() (names []string) {
	m.must(m.a.DB.View(m.Context(), func(tx *store.Tx) (err error) {
		names, err = store.Texts(tx, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_text%' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'telemetry%' AND name NOT LIKE 'detect%'")
		return err
	}))
	return names
}

// dump is all that stands in a table, as text.
func (m *matrix) dump(table string) string {
	var all strings.Builder
	m.must(m.a.DB.View(m.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query("SELECT * FROM " + table)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		for rows.Next() {
			if err := rows.Scan(cells...); err != nil {
				return err
			}
			for _, c := range cells {
				switch v := (*c.(*any)).(type) {
				case []byte:
					all.Write(v)
				default:
					fmt.Fprint(&all, v)
				}
				all.WriteByte('\n')
			}
		}
		return rows.Err()
	}))
	return all.String()
}
