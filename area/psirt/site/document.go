package site

import (
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
)

// entry is a document with what the site tells of it.
type entry struct {
	doc            *csaf.Document
	raw            []byte
	file, path     string // its name; below the generation
	id, title      string
	label          string // WHITE, GREEN, AMBER, RED or UNLABELED
	category, lang string
	version        string
	summary        string
	initialText    string
	currentText    string
	initial        time.Time
	current        time.Time
	published      time.Time
	sum256, sum512 string
	severity       string
	score          float64
	cves           []string
	products       []*product
}

// open tells whether everyone may read it: GREEN is for a community, AMBER and RED
// are for named people, and only the rest is for the public.
func (e *entry) open() bool { return e.label == "WHITE" || e.label == "UNLABELED" }

// The two halves of a generation. What is protected lies beside the public folder,
// not in it: a web server that was told of the public folder alone can't leak it.
const (
	public     = "public"
	restricted = "restricted"
)

// labels are in the order of feeds.
var labels = []string{"WHITE", "UNLABELED", "GREEN", "AMBER", "RED"}

// folderOf is where the documents of a label lie, below the generation.
func folderOf(label string) string {
	switch label {
	case "WHITE", "UNLABELED":
		return public + "/csaf/" + strings.ToLower(label)
	}
	return restricted + "/" + strings.ToLower(label)
}

// address is the path of a file in the URL.
func address(p string) string { return strings.TrimPrefix(p, public) }

// at is the whole URL of a file of a generation.
func (b *build) at(p string) string {
	if rest, ok := strings.CutPrefix(p, public+"/"); ok {
		return b.site.config.URL + "/" + rest
	}
	return b.site.config.URL + "/" + p
}

// load reads the documents of a generation.
func load(folder string, st *state) (map[string]*entry, error) {
	all := map[string]*entry{}
	if st == nil {
		return all, nil
	}
	files := make([]string, 0, len(st.Documents))
	for f := range st.Documents {
		files = append(files, f)
	}
	slices.Sort(files)
	entries := make([]*entry, len(files))
	err := parallel(len(files), 0, func(i int) error {
		r := st.Documents[files[i]]
		data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(r.Path)))
		if err != nil {
			return err
		}
		e, err := newEntry(data)
		if err != nil || e.sum256 != r.SHA256 {
			return fmt.Errorf("%s: was changed on the disk since it was published; remove the site's folder and publish all documents again", r.Path)
		}
		e.published = r.Published
		entries[i] = e
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		all[files[i]] = e
	}
	return all, nil
}

// read reads and checks documents that are to be published. All that can't be are
// named at once.
func read(raws [][]byte, now time.Time) (map[string]*entry, error) {
	entries, found := make([]*entry, len(raws)), make([][]DocumentProblem, len(raws))
	_ = parallel(len(raws), 0, func(i int) error {
		entries[i], found[i] = admit(raws[i], now)
		return nil
	})
	all, bad := map[string]*entry{}, &Invalid{}
	for i, e := range entries {
		if bad.Problems = append(bad.Problems, found[i]...); len(found[i]) > 0 {
			continue
		}
		if was := all[e.file]; was != nil && was.id != e.id {
			bad.Problems = append(bad.Problems, DocumentProblem{ID: e.id, Message: fmt.Sprintf("has the file name %s, which is that of %s", e.file, was.id)})
		}
		all[e.file] = e
	}
	if len(bad.Problems) > 0 {
		return nil, bad
	}
	return all, nil
}

// admit says why a document can't be published: requirement 1 demands a valid one,
// and a draft or one of the future is none yet.
func admit(raw []byte, now time.Time) (*entry, []DocumentProblem) {
	d, err := csaf.Parse(raw)
	if err != nil {
		return nil, []DocumentProblem{{ID: "document", Message: err.Error()}}
	}
	id := cmp.Or(d.ID(), "document")
	if d.Version() != csaf.V20 {
		return nil, []DocumentProblem{{ID: id, Path: "/document/csaf_version", Message: "is not 2.0: the feeds of a provider of CSAF 2.0 can hold no other"}}
	}
	var problems []DocumentProblem
	report := d.Validate(csaf.Options{Level: csaf.Basic, Now: now})
	for _, p := range report.Schema {
		problems = append(problems, DocumentProblem{id, "schema", p.Path, p.Message})
	}
	for _, r := range report.Results {
		for _, p := range r.Errors {
			problems = append(problems, DocumentProblem{id, r.Test.ID, p.Path, p.Message})
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	e, err := newEntry(raw)
	if err != nil {
		return nil, []DocumentProblem{{ID: id, Message: err.Error()}}
	}
	switch {
	case d.Get("document", "tracking", "status").Text() == "draft":
		problems = append(problems, DocumentProblem{ID: id, Path: "/document/tracking/status", Message: "is draft: only final and interim documents are published"})
	case e.current.After(now.Add(time.Minute)):
		problems = append(problems, DocumentProblem{ID: id, Path: "/document/tracking/current_release_date", Message: fmt.Sprintf("%s lies in the future", e.currentText)})
	}
	return e, problems
}

func newEntry(raw []byte) (*entry, error) {
	d, err := csaf.Parse(raw)
	if err != nil {
		return nil, err
	}
	doc := d.Get("document")
	tracking := doc.Get("tracking")
	e := &entry{doc: d, raw: raw, id: d.ID(), file: csaf.Filename(d.ID()), title: doc.Get("title").Text(), label: cmp.Or(doc.Get("distribution", "tlp", "label").Text(), "UNLABELED"),
		category: doc.Get("category").Text(), lang: doc.Get("lang").Text(), version: tracking.Get("version").Text(),
		initialText: tracking.Get("initial_release_date").Text(), currentText: tracking.Get("current_release_date").Text()}
	if !slices.Contains(labels, e.label) {
		return nil, fmt.Errorf("/document/distribution/tlp/label: %q is none of CSAF 2.0", e.label)
	}
	var ok1, ok2 bool
	e.initial, ok1 = csaf.Instant(e.initialText)
	e.current, ok2 = csaf.Instant(e.currentText)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("/document/tracking: the dates can't be read")
	}
	e.path = path.Join(folderOf(e.label), e.initial.UTC().Format("2006"), e.file)
	a, b := sha256.Sum256(raw), sha512.Sum512(raw)
	e.sum256, e.sum512 = hex.EncodeToString(a[:]), hex.EncodeToString(b[:])
	for _, n := range doc.Get("notes").Items() {
		if c := n.Get("category").Text(); c == "summary" || c == "description" && e.summary == "" {
			e.summary = n.Get("text").Text()
		}
	}
	for _, v := range d.Get("vulnerabilities").Items() {
		if cve := v.Get("cve").Text(); cve != "" && !slices.Contains(e.cves, cve) {
			e.cves = append(e.cves, cve)
		}
		for _, s := range v.Get("scores").Items() {
			for _, k := range [...]string{"cvss_v3", "cvss_v2"} {
				if f, ok := s.Get(k, "baseScore").Float(); ok && f > e.score {
					e.score, e.severity = f, strings.ToUpper(s.Get(k, "baseSeverity").Text())
				}
			}
		}
	}
	e.products = productsOf(d)
	return e, nil
}

// ownFiles are the files that belong to this document alone.
func (e *entry) ownFiles() []string {
	files := []string{e.path, e.path + ".sha256", e.path + ".sha512", e.path + ".asc"}
	if e.open() {
		files = append(files, e.page("en"), e.page("ja"), e.osvPath())
	}
	return files
}

func (e *entry) stem() string { return strings.TrimSuffix(e.file, ".json") }
func (e *entry) page(lang string) string {
	return public + "/" + lang + "/advisories/" + e.stem() + ".html"
}
func (e *entry) osvPath() string { return public + "/osv/" + e.file }

// ofDocument makes the files of one document.
func (b *build) ofDocument(e *entry) (map[string][]byte, error) {
	sig, err := b.site.signer.Sign(e.raw, b.now)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		e.path:             e.raw,
		e.path + ".sha256": []byte(e.sum256 + "  " + e.file + "\n"),
		e.path + ".sha512": []byte(e.sum512 + "  " + e.file + "\n"),
		e.path + ".asc":    sig,
	}
	if !e.open() {
		return files, nil
	}
	if files[e.osvPath()], err = b.osv(e); err != nil {
		return nil, err
	}
	for _, lang := range languages {
		if files[e.page(string(lang))], err = b.advisory(e, lang); err != nil {
			return nil, err
		}
	}
	return files, nil
}
