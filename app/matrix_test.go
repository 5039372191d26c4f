package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"yagura/api"
	"yagura/area/cmmc"
	"yagura/area/identity"
	"yagura/area/incident"
	"yagura/area/org"
	"yagura/area/telemetry"
	"yagura/console"
	"yagura/e2e/visit"
	"yagura/kernel/authz"
)

// fills says what stands at the wildcards of an address for a company. An
// address that is not here, and is of no thing of a unit, fails the test: a new
// page cannot be forgotten.
var fills = []struct {
	pattern string
	things  []string
}{
	{"/incidents/{number}/evidence/{piece}", []string{"incident", "piece"}},
	{"/incidents/{number}/task/{task}", []string{"incident", "task"}},
	{"/incidents/{number}/people/{person}", []string{"incident", "person"}},
	{"/incidents/{number}/step/{step}", []string{"incident", "=triage"}},
	{"/incidents/{number}/handover/{offer}", []string{"incident", "=0"}},
	{"/incidents/{number}/", []string{"incident"}},
	{"/incidents/{number}", []string{"incident"}},
	{"/incidents/links/{link}", []string{"link"}},
	{"/telemetry/searches/{id}/delete", []string{"search"}},
	{"/incident-links/{link}", []string{"link"}},
	{"/detect/alerts/{id}", []string{"alert"}},
	{"/alerts/{number}", []string{"alert"}},
	{"/detect/exclusions/{id}", []string{"exclusion"}},
	{"/detect/stories/{id}", []string{"story"}},
	{"/alert-stories/{number}", []string{"story"}},
	{"/detect/suppressions/{id}", []string{"suppression"}},
	{"/telemetry/sources/{id}", []string{"source"}},
	{"/telemetry/relays/{id}", []string{"relay"}},
	{"/relays/{id}", []string{"relay"}},
	{"/telemetry/events/{id}", []string{"event"}},
	{"/sources/{id}", []string{"source"}},
	{"/events/{id}", []string{"event"}},
	{"/identity/directories/{id}", []string{"directory"}},
	{"/identity/people/{id}", []string{"person"}},
	{"/identity/containments/{id}", []string{"containment"}},
	{"/containments/{id}", []string{"containment"}},
	{"/identity/clients/{id}", []string{"client"}},
	{"/identity/networks/{id}", []string{"network"}},
	{"/identity/devices/{id}", []string{"device"}},
	{"/identity/radius/{id}", []string{"nas"}},
	{"/identity/policies/unit/{unit}", []string{"unit"}},
	{"/identity/policies/{id}", []string{"policy"}},
	{"/trips/{id}", []string{"trip"}},
	{"/org/people/{id}", []string{"person"}},
	{"/people/{id}", []string{"person"}},
	{"/org/units/{id}", []string{"unit"}},
	{"/units/{id}", []string{"unit"}},
	{"/org/teams/{id}/standin/{standin}", []string{"team", "=0"}},
	{"/org/teams/{id}", []string{"team"}},
	{"/teams/{id}", []string{"team"}},
	{"/org/roles/{id}", []string{"grant"}},
	{"/org/offices/{id}", []string{"office"}},
	{"/cmmc/enclaves/{id}/objectives/{objective}", []string{"enclave", "=3.1.1[a]"}},
	{"/ledger/{pos}", []string{"ledger"}},
	{"/cmmc/enclaves/{id}/evidence/{piece}", []string{"enclave", "document"}},
	{"/cmmc/providers/{id}/evidence/{piece}", []string{"provider", "document-of-provider"}},
	{"/cmmc/enclaves/{id}/papers/{paper}", []string{"enclave", "=poam.xlsx"}},
	{"/cmmc/enclaves/{id}/{requirement}", []string{"enclave", "=3.5.3"}},
	{"/cmmc/providers/{id}/{requirement}", []string{"provider", "=3.5.3"}},
	{"/cmmc/enclaves/{id}/", []string{"enclave"}},
	{"/cmmc/enclaves/{id}", []string{"enclave"}},
	{"/cmmc/providers/{id}/", []string{"provider"}},
	{"/cmmc/providers/{id}", []string{"provider"}},
	{"/cmmc/measures/{number}", []string{"measure"}},
	{"/cmmc/assessments/{assessment}", []string{"assessment"}},
	{"/psirt/products/{product}/models/{model}", []string{"product", "model"}},
	{"/psirt/products/{product}/firmware/{firmware}", []string{"product", "firmware"}},
	{"/psirt/product-families/{family}", []string{"family"}},
	{"/psirt/products/{product}", []string{"product"}},
}

// general are addresses with wildcards for what belongs to no unit, and one
// that exists.
var general = map[string]string{
	"/detection-rules/{id}":                "SELECT MAX(rule) FROM detect_alert",
	"/detection-rules/{id}/state":          "SELECT MAX(rule) FROM detect_alert",
	"/detection-rules/{id}/promote":        "SELECT MAX(rule) FROM detect_alert",
	"/detection-rules/{id}/decide":         "SELECT MAX(rule) FROM detect_alert",
	"/detection-rules/{id}/explain":        "SELECT MAX(rule) FROM detect_alert",
	"/detect/rules/{id}/why":               "SELECT MAX(rule) FROM detect_alert",
	"/detect/rules/{id}/promote":           "SELECT MAX(rule) FROM detect_alert",
	"/detect/rules/{id}/decide":            "SELECT MAX(rule) FROM detect_alert",
	"/detect/rules/{id}/containing":        "SELECT MAX(rule) FROM detect_alert",
	"/detect/rules/{id}/budget":            "SELECT MAX(rule) FROM detect_alert",
	"/detect/rules/{id}/case":              "SELECT MAX(rule) FROM detect_alert",
	"/detect/rules/{id}/remove":            "SELECT MAX(rule) FROM detect_alert",
	"/detect/backtests/{id}":               "SELECT 'nothing'",
	"/detect/backtests/{id}/cancel":        "SELECT 'nothing'",
	"/backtests/{number}":                  "SELECT 'nothing'",
	"/detect/packs/{id}":                   "SELECT 'nothing'",
	"/detect/packs/{id}/install":           "SELECT 'nothing'",
	"/detect/pack/{name}/rollback":         "SELECT 'nothing'",
	"/detect/rules/{id}":                   "SELECT MAX(rule) FROM detect_alert",
	"/rules/{id}":                          "SELECT MAX(rule) FROM detect_alert",
	"/org/calendars/{id}":                  "SELECT MIN(id) FROM org_calendar",
	"/org/calendars/{id}/days":             "SELECT MIN(id) FROM org_calendar",
	"/org/calendars/{id}/days/{day}/drop":  "SELECT MIN(id) FROM org_calendar",
	"/org/export/{file}":                   "SELECT 'people.csv'",
	"/org/import/{id}":                     "SELECT 'nothing'",
	"/psirt/product-import/{import}":       "SELECT 'nothing'",
	"/psirt/product-import/{import}/apply": "SELECT 'nothing'",
	"/saml/start/{id}":                     "SELECT 'nothing'",
	"/org/import/{id}/apply":               "SELECT 'nothing'",
	"/psirt/cases/{id}":                    "SELECT 'nothing'",
	"/psirt/advisories/{id}":               "SELECT 'nothing'",
	"/psirt/advisories/{id}/preview":       "SELECT 'nothing'",
	"/psirt/advisories/{id}/document":      "SELECT 'nothing'",
	"/psirt/advisories/{id}/do/{deed}":     "SELECT 'nothing'",
	"/psirt/cases/{id}/matrix":             "SELECT 'nothing'",
	"/psirt/cases/{id}/file/{file}":        "SELECT 'nothing'",
	"/psirt/cases/{id}/sheet/{form}":       "SELECT 'nothing'",
	"/psirt/cases/{id}/draft/{lang}":       "SELECT 'nothing'",
	"/psirt/cases/{id}/do/{deed}":          "SELECT 'nothing'",
	"/psirt/report/{token}":                "SELECT 'nothing'",
	"/psirt/subscribe/confirm/{token}":     "SELECT 'nothing'",
	"/psirt/subscription/{token}":          "SELECT 'nothing'",
	"/psirt/subscription/{token}/leave":    "SELECT 'nothing'",
	"/report/{token}":                      "SELECT 'nothing'",
	"/report/status/{token}":               "SELECT 'nothing'",
	"/telemetry/sources/{id}/file/{sha}":   "SELECT 'nothing'",
	"/org/teams/{id}/standin/{standin}":    "SELECT 'nothing'",
	"/identity/lost/{id}/vouch":            "SELECT 'nothing'",
	"/identity/lost/{id}/serve":            "SELECT 'nothing'",
	"/identity/lost/{id}/refuse":           "SELECT 'nothing'",
	"/ledger/checkpoint/{seq}":             "SELECT '1'",
	"/documents/{sha}":                     "SELECT 'nothing'",
	"/cmmc/texts/{text}":                   "SELECT MAX(id) FROM cmmc_library",
	"/cmmc/texts/{text}/use":               "SELECT MAX(id) FROM cmmc_library",
	"/cmmc/texts/{text}/drop":              "SELECT MAX(id) FROM cmmc_library",
	"/cmmc/crosswalks/{table}":             "SELECT MAX(id) FROM cmmc_crosswalk",
	"/cmmc/crosswalks/{table}/sign":        "SELECT MAX(id) FROM cmmc_crosswalk",
	"/cmmc/crosswalks/{table}/end":         "SELECT MAX(id) FROM cmmc_crosswalk",
	"/incidents/{number}/people/{person}/": "SELECT 'nothing'",
}

var wildcard = regexp.MustCompile(`\{[a-z]+\}`)

// address fills in a pattern for a company. own is true where the thing there
// belongs to it.
func (m *matrix) address(pattern string, r *realm) (path string, own bool) {
	m.Helper()
	path, own = m.place(pattern, r)
	if query, ok := queries[pattern]; ok {
		path += query(r)
	}
	return path, own
}

func (m *matrix) place(pattern string, r *realm) (path string, own bool) {
	m.Helper()
	path = strings.TrimSuffix(pattern, "{$}")
	if !wildcard.MatchString(path) {
		return path, false
	}
	if query, ok := general[path]; ok {
		id := m.scan(query)
		return wildcard.ReplaceAllStringFunc(path, func(string) string { return url.PathEscape(id) }), false
	}
	for _, f := range fills {
		if path != f.pattern && !strings.HasPrefix(path, strings.TrimSuffix(f.pattern, "/")+"/") {
			continue
		}
		i := 0
		return wildcard.ReplaceAllStringFunc(path, func(string) string {
			if i >= len(f.things) {
				m.Errorf("the matrix does not know what stands at all places of %s: add it to fills", pattern)
				return "x"
			}
			name := f.things[i]
			i++
			if v, ok := strings.CutPrefix(name, "="); ok {
				return v
			}
			return url.PathEscape(r.things[name])
		}), true
	}
	m.Errorf("the matrix does not know %s: add it to fills", pattern)
	return path, false
}

// needs are acts that a use case asks for besides the one by which its page
// opens.
var needs = map[string][]authz.Act{
	"/incidents/{number}/edit":        {incident.Respond},
	"/incidents/{number}/step/{step}": {incident.Respond},
	"/incidents/{number}/note":        {incident.Respond},
	"/telemetry/searches/{id}/delete": {telemetry.Manage},
	"/org/people/{id}":                {org.Read},
	"/identity/clients/{id}/edit":     {identity.ReadFactors},
	"/trips/{id}":                     {identity.ReadTrips},
	// The place of an assessor is at one enclave, not at what it takes from.
	"/cmmc/providers/{id}":                  {cmmc.Survey},
	"/cmmc/providers/{id}/changes":          {cmmc.Survey},
	"/cmmc/providers/{id}/parts":            {cmmc.Survey},
	"/cmmc/providers/{id}/evidence":         {cmmc.Survey},
	"/cmmc/providers/{id}/evidence/{piece}": {cmmc.Survey},
	"/cmmc/providers/{id}/{requirement}":    {cmmc.Survey},
}

// whole are addresses about the whole group: the act must be held there, so who
// holds it in one company is refused.
var whole = map[string]bool{"/psirt/ids": true, "/identity/break-glass": true, "/system": true, "/system/webhooks": true, "/telemetry/health": true, "/identity/keys": true}

// queries are what an address does not work without.
var queries = map[string]func(*realm) string{
	"/detect/risk/of": func(r *realm) string {
		return "?" + url.Values{"kind": {"host"}, "of": {r.unit}, "name": {strings.ToLower(r.mark + "-" + r.word + ".corp.example")}}.Encode()
	},
	"/telemetry/export":        func(*realm) string { return "?format=ndjson" },
	"/incidents/{number}/note": func(r *realm) string { return "?corrects=" + r.things["entry"] },
}

// foreign tells what of America a page shows. Where the address names it, it is
// no news that the page repeats it; then only what else there is to it counts.
func foreign(p *visit.Page, path string) string {
	body := strings.ToLower(string(p.Body))
	asked := strings.ToLower(path)
	for _, word := range []string{"zzamerica", "quetzal", "mobility-usa", "works council of ohio"} {
		if strings.Contains(asked, word) {
			continue
		}
		if i := strings.Index(body, word); i >= 0 {
			return strings.Join(strings.Fields(body[max(0, i-120):min(len(body), i+120)]), " ")
		}
	}
	return ""
}

// TestMatrix walks route × role × unit: what the policy allows opens, and
// everything else is refused, shows nothing of another region and changes
// nothing.
func TestMatrix(t *testing.T) {
	m := newMatrix(t)
	t.Run("pages", func(t *testing.T) { m.T = t; m.pages() })
	t.Run("interface", func(t *testing.T) { m.T = t; m.interfaces() })
	t.Run("embargo", func(t *testing.T) { m.T = t; m.embargo() })
	t.Run("forms", func(t *testing.T) { m.T = t; m.forms() })
	t.Run("calls", func(t *testing.T) { m.T = t; m.calls() })
	t.Run("strangers", func(t *testing.T) { m.T = t; m.strangers() })
	t.Run("vouchers", func(t *testing.T) { m.T = t; m.vouchers() })
}

func refused(status int) bool { return status == http.StatusForbidden || status == http.StatusNotFound }

func (m *matrix) allows(role authz.Role, acts ...authz.Act) bool {
	for _, act := range acts {
		if act != "" && !Policy.Allows(role, act) {
			return false
		}
	}
	return true
}

func (m *matrix) pages() {
	opened, shut := 0, 0
	for person, role := range m.people {
		v := m.visitors[person]
		for _, p := range m.a.Console.Pages() {
			if p.Method != "GET" {
				continue
			}
			path, own := m.address(p.Path, m.europe)
			may := !whole[p.Path] && m.allows(role, append(needs[p.Path], p.Act)...)
			got := m.look(person, v, path)
			if got == nil {
				continue
			}
			_, any := general[strings.TrimSuffix(p.Path, "{$}")]
			switch {
			case p.Public: // whatever it answers, it shows nothing
			case may && !any && got.Status != http.StatusOK && got.Status/100 != 3:
				m.Errorf("%s may open %s, but it answers %d: %s", person, path, got.Status, got.Text())
			case !may && !refused(got.Status):
				m.Errorf("%s may not open %s (%s), but it answers %d", person, path, p.Act, got.Status)
			case may:
				opened++
			default:
				shut++
			}
			if got.Status == http.StatusOK {
				m.follow(person, v, got)
			}
			if !own {
				asked := []string{"unit=" + theirs + "&q=quetzal"}
				if !refused(got.Status) {
					asked = append(asked, "unit="+theirs, "q=quetzal", "q=zzamerica")
				}
				for _, query := range asked {
					join := "?"
					if strings.Contains(path, "?") {
						join = "&"
					}
					m.look(person, v, path+join+query)
				}
				continue
			}
			other, _ := m.address(p.Path, m.america)
			if got := m.look(person, v, other); got != nil && !refused(got.Status) {
				m.Errorf("%s sees %s of America: %d", person, other, got.Status)
			}
		}
	}
	m.Logf("%d persons: %d addresses opened, %d refused", len(m.people), opened, shut)
}

// look opens a page and checks what must hold for every answer.
func (m *matrix) look(person string, v *visit.Visitor, path string) *visit.Page {
	m.Helper()
	p, err := v.Get(path)
	if err != nil {
		m.Errorf("%s: %s: %v", person, path, err)
		return nil
	}
	if p.Status >= 500 {
		m.Errorf("%s: %s answers %d: %s", person, path, p.Status, p.Text())
	}
	if shown := foreign(p, path); shown != "" {
		m.Errorf("%s: %s shows something of America: … %s …", person, path, shown)
	}
	return p
}

// follow opens what a page offers of itself: exports, other orders, the next rows.
func (m *matrix) follow(person string, v *visit.Visitor, p *visit.Page) {
	seen := 0
	for _, l := range p.Links() {
		u, err := p.URL.Parse(l.Href)
		if err != nil || u.Path != p.URL.Path || u.RawQuery == "" {
			continue
		}
		if seen++; seen > 12 {
			return
		}
		if got := m.look(person, v, u.RequestURI()); got != nil && got.Status != http.StatusOK && got.Status/100 != 3 {
			m.Errorf("%s: %s offers %s, which answers %d", person, p.URL.Path, u.RequestURI(), got.Status)
		}
	}
}

func (m *matrix) interfaces() {
	for person, role := range m.people {
		v := m.speaker(person)
		for _, r := range m.a.Console.Routes() {
			if r.Method != "GET" || r.Public {
				continue
			}
			path, own := m.address(strings.TrimPrefix(r.Path, api.Prefix), m.europe)
			_, any := general[strings.TrimPrefix(r.Path, api.Prefix)]
			may := !whole[strings.TrimPrefix(r.Path, api.Prefix)] && m.allows(role, r.Act)
			got := m.look(person, v, api.Prefix+path)
			switch {
			case got == nil:
			case may && !any && got.Status != http.StatusOK:
				m.Errorf("%s may ask for %s, but it answers %d: %s", person, path, got.Status, got.Body)
			case !may && !refused(got.Status):
				m.Errorf("%s may not ask for %s (%s), but it answers %d", person, path, r.Act, got.Status)
			}
			if own {
				other, _ := m.address(strings.TrimPrefix(r.Path, api.Prefix), m.america)
				if got := m.look(person, v, api.Prefix+other); got != nil && !refused(got.Status) {
					m.Errorf("%s sees %s of America: %d", person, other, got.Status)
				}
				continue
			}
			for _, q := range r.Query {
				if q.Name == "unit" || q.Name == "q" {
					m.look(person, v, api.Prefix+path+"?"+q.Name+"="+map[string]string{"unit": theirs, "q": "quetzal"}[q.Name])
				}
			}
		}
	}
}

// speaker asks the API with the person's token.
func (m *matrix) speaker(person string) *visit.Visitor {
	v := visit.In("http://yagura.localhost:8420", m.a.Handler())
	v.Header = http.Header{"Authorization": {"Bearer " + m.token(person)}, "Accept": {"application/json"}}
	return v
}

// state is a digest of what is recorded: nothing changes without a record.
func (m *matrix) state() string {
	return m.scan("SELECT (SELECT COUNT(*) FROM ledger) || '/' || (SELECT COUNT(*) FROM ledger_pending)")
}

// deed is a form that somebody who may everything was shown.
type deed struct {
	form    visit.Form
	pattern string
	page    console.Page
	foreign bool // it is about America
}

// forms posts what the powerful person could post, as those who may not.
func (m *matrix) forms() {
	deeds := m.deeds()
	posted := 0
	for person, role := range m.people {
		v := m.visitors[person].Steady()
		for _, d := range deeds {
			may := m.allows(role, d.page.Act)
			if may && !d.foreign || d.page.Public {
				continue
			}
			before := m.state()
			p, err := v.Submit(d.form, m.filled(d))
			if err != nil {
				m.Errorf("%s: %s: %v", person, d.form.Action, err)
				continue
			}
			posted++
			if p.Status >= 500 {
				m.Errorf("%s: posting to %s answers %d: %s", person, d.form.Action, p.Status, p.Text())
			}
			if after := m.state(); after != before {
				m.Errorf("%s changed something by posting to %s with %v: %s, then %s (%d)", person, d.form.Action, m.filled(d), before, after, p.Status)
			}
			if !may && p.Status != http.StatusForbidden && p.Status != http.StatusNotFound {
				m.Errorf("%s may not post to %s, but it answers %d", person, d.form.Action, p.Status)
			}
			if shown := foreign(p, d.form.Action+" "+m.filled(d).Encode()); shown != "" {
				m.Errorf("%s: posting to %s shows something of America: … %s …", person, d.form.Action, shown)
			}
		}
	}
	// The forms are real ones: most of them change something for whoever may.
	potent := 0
	v := m.visitors["m-all"].Steady()
	for _, d := range deeds {
		before := m.state()
		if _, err := v.Submit(d.form, m.filled(d)); err != nil {
			m.Errorf("%s: %v", d.form.Action, err)
		}
		if m.state() != before {
			potent++
		}
	}
	m.Logf("%d forms, posted %d times by those who may not; %d of them change something for who may", len(deeds), posted, potent)
	if len(deeds) < 20 || potent < len(deeds)/4 {
		m.Errorf("only %d forms were found, and %d of them do something: the matrix tests too little", len(deeds), potent)
	}
}

func (m *matrix) filled(d deed) url.Values {
	v := d.form.Fill()
	for _, f := range d.form.Fields {
		if d.foreign && slices.Contains(f.Options, theirs) {
			v.Set(f.Name, theirs)
		}
	}
	return v
}

// deeds collects the forms on all pages that the powerful person sees of
// America, and of no unit.
func (m *matrix) deeds() []deed {
	mux := http.NewServeMux()
	pages := map[string]console.Page{}
	for _, p := range m.a.Console.Pages() {
		if p.Method == "POST" {
			mux.HandleFunc("POST "+p.Path, func(http.ResponseWriter, *http.Request) {})
			pages["POST "+p.Path] = p
		}
	}
	v := m.visitors["m-all"]
	seen := map[string]bool{}
	covered := map[string]bool{}
	var all []deed
	for _, p := range m.a.Console.Pages() {
		if p.Method != "GET" || p.Public {
			continue
		}
		path, _ := m.address(p.Path, m.america)
		got, err := v.Get(path)
		if err != nil || got.Status != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, f := range got.Forms() {
			if f.Method != "post" {
				continue
			}
			u, err := got.URL.Parse(f.Action)
			if err != nil {
				m.Errorf("%s: the action %q can't be read", path, f.Action)
				continue
			}
			_, pattern := mux.Handler(&http.Request{Method: "POST", URL: u, Host: u.Host})
			page, ok := pages[pattern]
			if !ok {
				m.Errorf("%s has a form to %s, where nothing is", path, f.Action)
				continue
			}
			if strings.HasPrefix(page.Path, "/settings") || strings.HasPrefix(page.Path, "/inbox") || page.Path == "/sign-out" {
				continue // one's own
			}
			d := deed{form: f, pattern: pattern, page: page}
			shown, _ := json.Marshal(f)
			d.foreign = strings.Contains(strings.ToLower(string(shown)), theirs) || slices.ContainsFunc(thingsOf(m.america), func(id string) bool { return strings.Contains(u.Path, id) || bytes.Contains(shown, []byte(id)) })
			key := fmt.Sprint(pattern, u.RequestURI(), f.Values())
			if seen[key] {
				continue
			}
			seen[key] = true
			covered[pattern] = true
			all = append(all, d)
		}
	}
	for pattern, p := range pages {
		if covered[pattern] || p.Public || strings.HasPrefix(p.Path, "/settings") || strings.HasPrefix(p.Path, "/inbox") {
			continue
		}
		// No page shows its form in the state the world is in: an empty one.
		path, own := m.address(p.Path, m.america)
		all = append(all, deed{form: visit.Form{Method: "post", Action: path}, pattern: pattern, page: p, foreign: own})
	}
	return all
}

func thingsOf(r *realm) []string {
	var ids []string
	for name, id := range r.things {
		if name != "ledger" {
			ids = append(ids, id)
		}
	}
	return ids
}

// calls asks the API to change things of America.
func (m *matrix) calls() {
	asked := 0
	for person := range m.people {
		v := m.speaker(person)
		for _, r := range m.a.Console.Routes() {
			if r.Method == "GET" || r.Public {
				continue
			}
			path, _ := m.address(strings.TrimPrefix(r.Path, api.Prefix), m.america)
			body := []byte("{}")
			if r.In != nil {
				body = example(reflect.TypeOf(r.In))
			}
			before := m.state()
			p, err := v.Send(r.Method, api.Prefix+path, "application/json", body)
			if err != nil {
				m.Errorf("%s: %s: %v", person, path, err)
				continue
			}
			asked++
			if p.Status/100 == 2 || p.Status >= 500 {
				m.Errorf("%s: %s %s with %s answers %d: %s", person, r.Method, path, body, p.Status, p.Body)
			}
			if after := m.state(); after != before {
				m.Errorf("%s changed something by %s %s: %s, then %s", person, r.Method, path, before, after)
			}
			if shown := foreign(p, path+string(body)); shown != "" {
				m.Errorf("%s: %s shows something of America: … %s …", person, path, shown)
			}
		}
	}
	if asked == 0 {
		m.Error("no route changes anything")
	}
}

// example is a body that the route can read, about America.
func example(t reflect.Type) []byte {
	out := map[string]any{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		first, _, _ := strings.Cut(f.Tag.Get("enum"), ",")
		switch {
		case name == "unit":
			out[name] = theirs
		case first != "":
			out[name] = first
		case strings.Contains(rest, "omit"):
		case f.Type.Kind() == reflect.String:
			out[name] = "x"
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.String:
			out[name] = []string{"x"}
		case f.Type.Kind() == reflect.Bool:
			out[name] = true
		case f.Type.Kind() >= reflect.Int && f.Type.Kind() <= reflect.Float64:
			out[name] = 1
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return b
}
