package site

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

const (
	wellKnown = public + "/.well-known/"
	metadata  = wellKnown + "csaf/provider-metadata.json"
	service   = wellKnown + "csaf/service.json"
	security  = wellKnown + "security.txt"
)

// keyPath is where the public key lies.
func (b *build) keyPath() string {
	return wellKnown + "csaf/openpgp/" + b.site.signer.Fingerprint() + ".asc"
}

func feedPath(label string) string {
	return folderOf(label) + "/csaf-feed-tlp-" + strings.ToLower(label) + ".json"
}

func categoryPath(label string) string {
	return folderOf(label) + "/category-" + strings.ToLower(label) + ".json"
}

type link struct {
	Rel  string `json:"rel"`
	HRef string `json:"href"`
}

type category struct {
	Scheme string `json:"scheme,omitempty"`
	Term   string `json:"term"`
}

var isCSAF = []category{{"urn:ietf:params:rolie:category:information-type", "csaf"}}

type rolieEntry struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Link      []link    `json:"link"`
	Published time.Time `json:"published"`
	Updated   time.Time `json:"updated"`
	Summary   *content  `json:"summary,omitempty"`
	Content   source    `json:"content"`
	Format    format    `json:"format"`
}

type content struct {
	Content string `json:"content"`
}

type source struct {
	Type string `json:"type"`
	Src  string `json:"src"`
}

type format struct {
	Schema  string `json:"schema"`
	Version string `json:"version"`
}

// used are the labels that have a feed: those with documents, and WHITE, since a
// provider without any feed is none.
func (b *build) used() []string {
	var used []string
	for _, l := range labels {
		if l == "WHITE" || slices.ContainsFunc(b.entries, func(e *entry) bool { return e.label == l }) {
			used = append(used, l)
		}
	}
	return used
}

func (b *build) of(label string) (list []*entry) {
	for _, e := range b.entries {
		if e.label == label {
			list = append(list, e)
		}
	}
	return list
}

// provider makes what machines ask for: requirements 7, 8, 12, 13, 15, 16, 17 and 20.
func (b *build) provider() error {
	for _, label := range b.used() {
		if err := b.feed(label); err != nil {
			return err
		}
		if err := b.directory(label); err != nil {
			return err
		}
	}
	if err := b.service(); err != nil {
		return err
	}
	b.files[b.keyPath()] = []byte(b.site.signer.Public() + "\n")
	if err := b.metadata(); err != nil {
		return err
	}
	b.securityText()
	return nil
}

func (b *build) feed(label string) error {
	docs := b.of(label)
	entries := make([]rolieEntry, len(docs))
	updated := b.state.Changed
	if len(docs) > 0 {
		updated = docs[0].current.UTC()
	}
	for i, e := range docs {
		at := b.at(e.path)
		entries[i] = rolieEntry{ID: e.id, Title: e.title, Published: e.published, Updated: e.current.UTC(),
			Link:    []link{{"self", at}, {"hash", at + ".sha256"}, {"hash", at + ".sha512"}, {"signature", at + ".asc"}},
			Content: source{"application/json", at},
			Format:  format{"https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json", "2.0"}}
		if s := strings.TrimSpace(e.summary); s != "" {
			entries[i].Summary = &content{s}
		}
	}
	feed := map[string]any{"feed": map[string]any{
		"id": "csaf-feed-tlp-" + strings.ToLower(label), "title": b.site.config.Publisher.Name + ": CSAF feed (TLP:" + label + ")",
		"link":     []link{{"self", b.at(feedPath(label))}, {"service", b.at(service)}},
		"category": isCSAF, "updated": updated, "entry": entries,
	}}
	if err := b.json(feedPath(label), feed); err != nil {
		return err
	}
	var terms []category
	term := func(s string) {
		if s != "" && !slices.Contains(terms, category{Term: s}) {
			terms = append(terms, category{Term: s})
		}
	}
	for _, e := range docs {
		term(e.category)
		term(e.lang)
		for _, p := range e.products {
			term(p.vendor)
			term(p.name)
		}
	}
	if len(terms) == 0 {
		term("csaf_security_advisory")
	}
	slices.SortFunc(terms, func(a, b category) int { return strings.Compare(a.Term, b.Term) })
	return b.json(categoryPath(label), map[string]any{"categories": map[string]any{"category": terms}})
}

// directory writes index.txt and changes.csv of a label.
func (b *build) directory(label string) error {
	var index strings.Builder
	var changes bytes.Buffer
	w := csv.NewWriter(&changes)
	folder := folderOf(label) + "/"
	docs := b.of(label)
	for _, e := range docs {
		if err := w.Write([]string{strings.TrimPrefix(e.path, folder), e.currentText}); err != nil {
			return err
		}
	}
	for _, e := range slices.SortedFunc(slices.Values(docs), func(a, c *entry) int { return strings.Compare(a.path, c.path) }) {
		index.WriteString(strings.TrimPrefix(e.path, folder) + "\n")
	}
	w.Flush()
	b.files[folder+"index.txt"] = []byte(index.String())
	b.files[folder+"changes.csv"] = changes.Bytes()
	return w.Error()
}

func (b *build) service() error {
	type collection struct {
		Title      string         `json:"title"`
		HRef       string         `json:"href"`
		Categories map[string]any `json:"categories"`
	}
	var all []collection
	for _, label := range b.used() {
		all = append(all, collection{"CSAF feed (TLP:" + label + ")", b.at(feedPath(label)), map[string]any{"category": isCSAF}})
	}
	return b.json(service, map[string]any{"service": map[string]any{"workspace": []any{
		map[string]any{"title": b.site.config.Publisher.Name, "collection": all}}}})
}

func (b *build) metadata() error {
	type feed struct {
		Summary string `json:"summary"`
		Label   string `json:"tlp_label"`
		URL     string `json:"url"`
	}
	c := b.site.config
	var feeds []feed
	var categories []string
	distributions := []any{nil}
	for _, label := range b.used() {
		feeds = append(feeds, feed{"All TLP:" + label + " advisories of " + c.Publisher.Name + ".", label, b.at(feedPath(label))})
		categories = append(categories, b.at(categoryPath(label)))
		if label != "WHITE" {
			distributions = append(distributions, map[string]any{"directory_url": b.at(folderOf(label)) + "/"})
		}
	}
	distributions[0] = map[string]any{"directory_url": b.at(folderOf("WHITE")) + "/",
		"rolie": map[string]any{"feeds": feeds, "categories": categories, "services": []string{b.at(service)}}}
	return b.json(metadata, map[string]any{
		"canonical_url": b.at(metadata), "metadata_version": "2.0", "role": "csaf_trusted_provider",
		"last_updated": b.state.Changed, "list_on_CSAF_aggregators": !c.NoList, "mirror_on_CSAF_aggregators": !c.NoMirror,
		"publisher": c.Publisher, "distributions": distributions,
		"public_openpgp_keys": []any{map[string]any{"fingerprint": b.site.signer.Fingerprint(), "url": b.at(b.keyPath())}},
	})
}

// held is how long security.txt holds: RFC 9116 advises less than a year.
const held = 180 * 24 * time.Hour

func (b *build) securityText() {
	var s strings.Builder
	line := func(name, value string) { fmt.Fprintf(&s, "%s: %s\n", name, value) }
	for _, c := range b.site.config.Contacts {
		line("Contact", c)
	}
	line("Expires", b.now.Add(held).Truncate(24*time.Hour).Format(time.RFC3339))
	line("Encryption", b.at(b.keyPath()))
	line("Acknowledgments", b.site.config.URL+"/en/thanks.html")
	line("Policy", b.site.config.URL+"/en/policy.html")
	line("Preferred-Languages", "en, ja")
	line("Canonical", b.at(security))
	line("CSAF", b.at(metadata))
	b.files[security] = []byte(s.String())
}

// listings makes a page for each folder of machine-readable files, so that people can
// look around on every web server (requirement 14).
func (b *build) listings() {
	items := map[string]map[string]bool{}
	note := func(p string) {
		for ; ; p = path.Dir(p) {
			dir, name := path.Dir(p), path.Base(p)
			if !listed(dir) || items[dir][name] {
				return
			}
			if items[dir] == nil {
				items[dir] = map[string]bool{}
			}
			items[dir][name] = true
		}
	}
	for p := range b.files {
		note(p)
	}
	for p := range b.kept {
		note(p)
	}
	for dir, names := range items {
		b.files[dir+"/index.html"] = listing("/"+strings.TrimPrefix(dir, public+"/")+"/", slices.Sorted(maps.Keys(names)), func(name string) bool { return len(items[dir+"/"+name]) > 0 })
	}
}

// listed are the folders with a listing; those for people have pages of their own.
func listed(dir string) bool {
	for _, top := range [...]string{public + "/csaf", public + "/osv", public + "/vex", wellKnown + "csaf", restricted} {
		if dir == top || strings.HasPrefix(dir, top+"/") {
			return true
		}
	}
	return false
}
