package cve

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/cvss"
)

// Facts are what an advisory says of one vulnerability, free of any format.
type Facts struct {
	Org      string // UUID of the CNA at the service; empty: the service fills it in
	OrgName  string // its short name
	Title    string
	Public   time.Time // when the vulnerability was disclosed; zero: not said
	Assigned time.Time

	Descriptions   []Text
	Products       []Product
	Weaknesses     []Weakness
	Impacts        []Impact
	Scores         []Score
	References     []Reference
	Solutions      []Text
	Workarounds    []Text
	Configurations []Text
	Exploits       []Text
	Timeline       []Event
	Credits        []Credit
	Tags           []string

	Advisory  string   // its number, as in ICSA-26-001-01
	Discovery string   // INTERNAL, EXTERNAL, USER, UPSTREAM or UNKNOWN
	Defects   []string // numbers in the maker's own tracker, if they are public

	Extra map[string]json.RawMessage // x_ fields, as they are
}

// Text is something said in a language.
type Text struct{ Lang, Value string }

// Product is one that is affected, or is said not to be.
type Product struct {
	Vendor, Name            string
	CollectionURL, Package  string
	PackageURL              string
	Repo                    string
	CPEs, Platforms         []string
	Modules, Files, Routine []string
	Default                 Status // of versions that no range holds; empty: unknown
	Versions                []Range
}

// Status is how a version stands to the vulnerability.
type Status string

// The states of a version.
const (
	Affected   Status = "affected"
	Unaffected Status = "unaffected"
	Unknown    Status = "unknown"
)

// Range is one version, or those from a version until another.
type Range struct {
	From    string // "" = from the first
	Before  string // the first that is no more in the range; "*" = there is none
	Through string // the last that is in the range
	Status  Status // empty: affected
	Scheme  string // how versions are ordered: semver, custom, …; empty: custom
	Changes []Change
}

// Change is where the status changes within a range, such as by a fix.
type Change struct {
	At     string
	Status Status
}

// Weakness is the type of the vulnerability: a CWE, or words.
type Weakness struct {
	CWE  string // CWE-121
	Name []Text // its name; for a CWE without the number
}

// Impact is an attack pattern (CAPEC-…), or words.
type Impact struct {
	CAPEC string
	Said  []Text
}

// Score is a CVSS vector, and for which scenario it is.
type Score struct {
	Vector   string
	Scenario []Text // empty: in general
}

// Reference is an address with more about the vulnerability.
type Reference struct {
	URL, Name string
	Tags      []string
}

// Event is a date in the story of the vulnerability.
type Event struct {
	At   time.Time
	Said Text
}

// Credit is who had a part in finding or solving it.
type Credit struct {
	Name Text
	Part string // of CreditTypes; empty: not said
}

// engine is what a made container says of its maker.
const engine = "Yagura"

// Make writes the container of some facts in format 5.2. It invents nothing: what
// the facts lack for a valid container, or to keep the CNA rules, is told by Check
// and Lint of the result. An error says that a fact can't be written at all.
func Make(f Facts) (*Document, error) {
	scores, err := makeScores(f.Scores)
	if err != nil {
		return nil, err
	}
	var provider *Node
	if f.Org != "" {
		provider = obj("orgId", str(f.Org), "shortName", optional(f.OrgName))
	}
	c := obj(
		"providerMetadata", provider,
		"title", optional(f.Title),
		"dateAssigned", instant(f.Assigned),
		"datePublic", instant(f.Public),
		"tags", list(unique(f.Tags), str),
		"descriptions", texts(f.Descriptions),
		"affected", list(f.Products, makeProduct),
		"problemTypes", list(f.Weaknesses, makeWeakness),
		"impacts", list(f.Impacts, func(i Impact) *Node { return obj("capecId", optional(i.CAPEC), "descriptions", texts(i.Said)) }),
		"metrics", scores,
		"configurations", texts(f.Configurations),
		"workarounds", texts(f.Workarounds),
		"solutions", texts(f.Solutions),
		"exploits", texts(f.Exploits),
		"timeline", list(f.Timeline, func(e Event) *Node {
			return obj("time", instant(e.At), "lang", str(e.Said.Lang), "value", str(e.Said.Value))
		}),
		"credits", list(f.Credits, func(c Credit) *Node {
			return obj("lang", str(c.Name.Lang), "value", str(c.Name.Value), "type", optional(c.Part))
		}),
		"references", list(uniqueReferences(f.References), func(r Reference) *Node {
			return obj("url", str(r.URL), "name", optional(r.Name), "tags", list(unique(r.Tags), str))
		}),
	)
	if s := obj("advisory", optional(f.Advisory), "defects", list(unique(f.Defects), str), "discovery", optional(f.Discovery)); len(s.Members) > 0 {
		c.Set("source", s)
	}
	if f.Extra["x_generator"] == nil {
		c.Set("x_generator", obj("engine", str(engine)))
	}
	for _, name := range sorted(f.Extra) {
		if !strings.HasPrefix(name, "x_") {
			return nil, fmt.Errorf("cve: %s: the name of an extension begins with x_", name)
		}
		n, err := ParseJSON(f.Extra[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.Set(name, n)
	}
	return Of(c)
}

func sorted(m map[string]json.RawMessage) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func unique(all []string) (once []string) {
	for _, s := range all {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}

// uniqueReferences gives each address once, with all that is said of it.
func uniqueReferences(all []Reference) (once []Reference) {
	for _, r := range all {
		i := slices.IndexFunc(once, func(o Reference) bool { return o.URL == r.URL })
		if i < 0 {
			r.Tags = slices.Clone(r.Tags)
			once = append(once, r)
			continue
		}
		once[i].Tags = append(once[i].Tags, r.Tags...)
		if once[i].Name == "" {
			once[i].Name = r.Name
		}
	}
	return once
}

func instant(t time.Time) *Node {
	if t.IsZero() {
		return nil
	}
	return str(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

func texts(all []Text) *Node {
	return list(all, func(t Text) *Node { return obj("lang", str(t.Lang), "value", str(t.Value)) })
}

func makeProduct(p Product) *Node {
	return obj(
		"vendor", optional(p.Vendor), "product", optional(p.Name),
		"collectionURL", optional(p.CollectionURL), "packageName", optional(p.Package), "packageURL", optional(p.PackageURL),
		"repo", optional(p.Repo), "cpes", list(unique(p.CPEs), str), "platforms", list(unique(p.Platforms), str),
		"modules", list(unique(p.Modules), str), "programFiles", list(unique(p.Files), str),
		"programRoutines", list(unique(p.Routine), func(s string) *Node { return obj("name", str(s)) }),
		"defaultStatus", optional(string(p.Default)),
		"versions", list(p.Versions, makeRange),
	)
}

// makeRange writes a version or a range. The format marks the first version by 0,
// and the end of a range that has none by *.
func makeRange(r Range) *Node {
	status, from := r.Status, r.From
	if status == "" {
		status = Affected
	}
	ranged := r.Before != "" || r.Through != "" || len(r.Changes) > 0 || from == ""
	if !ranged {
		return obj("version", str(from), "status", str(string(status)), "versionType", optional(r.Scheme))
	}
	if from == "" {
		from = "0"
	}
	if r.Before == "" && r.Through == "" {
		r.Before = "*"
	}
	scheme := r.Scheme
	if scheme == "" {
		scheme = "custom"
	}
	return obj("version", str(from), "lessThan", optional(r.Before), "lessThanOrEqual", optional(r.Through), "status", str(string(status)),
		"versionType", str(scheme), "changes", list(r.Changes, func(c Change) *Node { return obj("at", str(c.At), "status", str(string(c.Status))) }))
}

func makeWeakness(w Weakness) *Node {
	names := w.Name
	if len(names) == 0 {
		names = []Text{{"en", ""}}
	}
	return obj("descriptions", list(names, func(t Text) *Node {
		kind := "text"
		if w.CWE != "" {
			kind, t.Value = "CWE", strings.TrimSpace(w.CWE+" "+strings.TrimPrefix(strings.TrimLeft(strings.TrimPrefix(t.Value, w.CWE), ": "), "-"))
		}
		return obj("lang", str(t.Lang), "cweId", optional(w.CWE), "description", str(t.Value), "type", str(kind))
	}))
}

// makeScores writes the vectors of one scenario together, each with the score and
// the rating that follow from it, and its base metrics by name.
func makeScores(all []Score) (*Node, error) {
	metrics := &Node{Kind: Array}
	for _, s := range all {
		v, err := cvss.Parse(s.Vector)
		if err != nil {
			return nil, err
		}
		scenario := s.Scenario
		if len(scenario) == 0 {
			scenario = []Text{{"en", "GENERAL"}}
		}
		field, when := scoreField(v.Version()), texts(scenario)
		i := slices.IndexFunc(metrics.Items, func(m *Node) bool { return m.Get("scenarios").Equal(when) && m.Get(field) == nil })
		if i < 0 {
			i = len(metrics.Items)
			metrics.Items = append(metrics.Items, obj("format", str("CVSS"), "scenarios", when))
		}
		metrics.Items[i].Set(field, makeScore(v))
	}
	if len(metrics.Items) == 0 {
		return nil, nil
	}
	return metrics, nil
}

func makeScore(v cvss.Vector) *Node {
	score := v.BaseScore()
	if v.Version() == cvss.V4 {
		score = v.Score() // 4.0 has one score, of what is in the vector
	}
	n := obj("version", str(string(v.Version())), "vectorString", str(v.String()), "baseScore", &Node{Kind: Number, Text: fmt.Sprintf("%.1f", score)})
	if v.Version() != cvss.V2 {
		n.Set("baseSeverity", str(cvss.Severity(v.Version(), score)))
	}
	for _, s := range spelling(v.Version()) {
		if word := s.words()[v.Get(s.key)]; word != "" && word != "NOT_DEFINED" {
			n.Set(s.name, str(word))
		}
	}
	return n
}
