// Package site makes a public website of security advisories from CSAF documents:
// a static tree that any web server can serve, and that is a CSAF trusted provider
// with all twenty requirements of CSAF 2.0, section 7, together with pages for
// people in English and Japanese, feeds, OSV and VEX.
//
// A site is written whole, as a new generation beside the old one, and switched by
// one rename. Whoever kills it at any point leaves the old site or the new one.
package site

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/kernel/text"
)

// Publisher is who publishes, as it stands in provider-metadata.json.
type Publisher struct {
	Category  string `json:"category" yaml:"category"`
	Name      string `json:"name" yaml:"name"`
	Namespace string `json:"namespace" yaml:"namespace"`
	Contact   string `json:"contact_details,omitempty" yaml:"contact"`
	Authority string `json:"issuing_authority,omitempty" yaml:"authority"`
}

// Config says what a site is.
type Config struct {
	URL       string               `json:"url" yaml:"url"`             // https://host, without a path
	Domain    string               `json:"domain" yaml:"domain"`       // of the organisation, for csaf.data.security.<domain>; the host of URL where empty
	Publisher Publisher            `json:"publisher" yaml:"publisher"` // who publishes
	Names     map[text.Lang]string `json:"names" yaml:"names"`         // of the site, by language; the publisher's where empty
	Contacts  []string             `json:"contacts" yaml:"contacts"`   // of security.txt: mailto:, https: or tel:
	Policy    map[text.Lang]string `json:"policy" yaml:"policy"`       // own text of the policy page: paragraphs between empty lines
	Report    string               `json:"report" yaml:"report"`       // address of a form for reports; "" for none
	Subscribe string               `json:"subscribe" yaml:"subscribe"` // address where customers subscribe to advisories; "" for none
	NoList    bool                 `json:"no_list" yaml:"no_list"`     // aggregators shall not list
	NoMirror  bool                 `json:"no_mirror" yaml:"no_mirror"` // aggregators shall not mirror
}

// Check fills in what follows and names what is wrong.
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return fmt.Errorf("url: https:// and a host are expected, not %q", c.URL)
	}
	c.URL = "https://" + u.Host
	if c.Domain == "" {
		c.Domain = u.Hostname()
	}
	switch c.Publisher.Category {
	case "coordinator", "discoverer", "other", "translator", "user", "vendor":
	default:
		return fmt.Errorf("publisher.category: one of coordinator, discoverer, other, translator, user, vendor is expected, not %q", c.Publisher.Category)
	}
	if strings.TrimSpace(c.Publisher.Name) == "" {
		return errors.New("publisher.name: is missing")
	}
	if ns, err := url.Parse(c.Publisher.Namespace); err != nil || ns.Scheme == "" {
		return fmt.Errorf("publisher.namespace: an address is expected, not %q", c.Publisher.Namespace)
	}
	if len(c.Contacts) == 0 {
		return errors.New("contacts: security.txt needs at least one, such as mailto:psirt@example.com")
	}
	for i, s := range c.Contacts {
		if at, err := url.Parse(s); err != nil || !slices.Contains([]string{"mailto", "https", "tel"}, at.Scheme) || strings.ContainsAny(s, "\r\n") {
			return fmt.Errorf("contacts[%d]: mailto:, https: or tel: is expected, not %q", i, s)
		}
	}
	for _, form := range []struct{ name, at string }{{"report", c.Report}, {"subscribe", c.Subscribe}} {
		if at, err := url.Parse(form.at); err != nil || at.Scheme != "" && at.Scheme != "https" && at.Scheme != "mailto" {
			return fmt.Errorf("%s: an address with https: or a path is expected, not %q", form.name, form.at)
		}
	}
	return nil
}

func (c *Config) name(lang text.Lang) string { return cmp.Or(c.Names[lang], c.Publisher.Name) }

// Site is a folder with a website.
type Site struct {
	dir    string
	config Config
	signer *Signer
	disk   disk
	mu     sync.Mutex // publications of one process wait for each other
}

// Open names the folder of a site, what it is, and who signs. Nothing is written yet.
func Open(dir string, config Config, signer *Signer) (*Site, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	if signer == nil {
		return nil, errors.New("a site needs a signing key")
	}
	return &Site{dir: dir, config: config, signer: signer}, nil
}

// Change is what to publish and what to take away. Without either the site is
// written anew, which renews the date until which security.txt holds.
type Change struct {
	Put    [][]byte // documents as exact bytes; of one tracking id the last counts
	Remove []string // tracking ids, without a trace; Withdraw leaves one
	Whole  bool     // what is not in Put is removed
}

// Result tells what a publication changed, by tracking id.
type Result struct {
	Generation string   `json:"generation"`
	Added      []string `json:"added"`
	Updated    []string `json:"updated"`
	Removed    []string `json:"removed"`
	Unchanged  int      `json:"unchanged"`
}

// state is what a generation knows of itself, beside its public folder.
type state struct {
	Format     int               `json:"format"`
	Generation string            `json:"generation"`
	Recipe     string            `json:"recipe"` // of what pages are made; another one makes all pages anew
	Changed    time.Time         `json:"changed"`
	Config     Config            `json:"config"`
	Documents  map[string]record `json:"documents"` // by file name
}

// record is where a document lies.
type record struct {
	ID        string    `json:"id"`
	Path      string    `json:"path"` // below the generation
	SHA256    string    `json:"sha256"`
	Published time.Time `json:"published"` // when it came into the feed
}

const stateFile = "site.json"

// Invalid is the error for documents that can't be published. All are named.
type Invalid struct{ Problems []DocumentProblem }

// DocumentProblem is why a document can't be published.
type DocumentProblem struct {
	ID, Test, Path, Message string
}

func (e *Invalid) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: ", p.ID)
		if p.Test != "" {
			fmt.Fprintf(&b, "%s ", p.Test)
		}
		if p.Path != "" {
			fmt.Fprintf(&b, "%s: ", p.Path)
		}
		b.WriteString(p.Message)
	}
	return b.String()
}

// Publish makes the next generation of the site and switches to it.
func (s *Site) Publish(now time.Time, c Change) (*Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	now = now.UTC().Truncate(time.Second)
	old, folder, err := s.current()
	if err != nil {
		return nil, err
	}
	entries, err := load(folder, old)
	if err != nil {
		return nil, err
	}
	put, err := read(c.Put, now)
	if err != nil {
		return nil, err
	}
	result := &Result{Added: []string{}, Updated: []string{}, Removed: []string{}}
	if err := apply(entries, put, c, result, now); err != nil {
		return nil, err
	}
	next := &state{Format: 1, Recipe: s.recipe(), Changed: now, Config: s.config, Documents: map[string]record{}}
	if old != nil && len(result.Added)+len(result.Updated)+len(result.Removed) == 0 && old.Recipe == next.Recipe {
		next.Changed = old.Changed
	}
	b := &build{site: s, now: now, old: old, oldFolder: folder, state: next, files: map[string][]byte{}, kept: map[string]bool{}}
	b.entries = slices.SortedFunc(maps.Values(entries), func(a, b *entry) int {
		return cmp.Or(b.current.Compare(a.current), strings.Compare(a.file, b.file))
	})
	if err := b.make(); err != nil {
		return nil, err
	}
	if err := b.write(); err != nil {
		return nil, err
	}
	result.Generation = next.Generation
	return result, nil
}

// apply changes the set of documents.
func apply(entries, put map[string]*entry, c Change, result *Result, now time.Time) error {
	for file, e := range put {
		was := entries[file]
		switch {
		case was == nil:
			e.published = now
			result.Added = append(result.Added, e.id)
		case was.id != e.id:
			return &Invalid{[]DocumentProblem{{ID: e.id, Message: fmt.Sprintf("has the file name %s, which is that of %s", file, was.id)}}}
		case was.sum256 == e.sum256:
			result.Unchanged++
			continue
		default:
			if err := follows(was, e); err != nil {
				return err
			}
			e.published = was.published
			result.Updated = append(result.Updated, e.id)
		}
		entries[file] = e
	}
	for _, id := range c.Remove {
		file := csaf.Filename(id)
		if e := entries[file]; e == nil || e.id != id {
			return &Invalid{[]DocumentProblem{{ID: id, Message: "is not published here"}}}
		}
		delete(entries, file)
		result.Removed = append(result.Removed, id)
	}
	if c.Whole {
		for file, e := range entries {
			if put[file] == nil {
				delete(entries, file)
				result.Removed = append(result.Removed, e.id)
			}
		}
	}
	slices.Sort(result.Added)
	slices.Sort(result.Updated)
	slices.Sort(result.Removed)
	return nil
}

// follows refuses what would make the history of a published document a lie.
func follows(was, e *entry) error {
	refuse := func(path, format string, args ...any) error {
		return &Invalid{[]DocumentProblem{{ID: e.id, Path: path, Message: fmt.Sprintf(format, args...)}}}
	}
	switch {
	case e.current.Before(was.current):
		return refuse("/document/tracking/current_release_date", "%s is older than %s, which is published", e.currentText, was.currentText)
	case e.version == was.version:
		return refuse("/document/tracking/version", "version %s is published with another text: a change needs a new version", e.version)
	}
	return nil
}

// current reads the state of the site; nil where there is none yet.
func (s *Site) current() (*state, string, error) {
	folder, err := filepath.EvalSymlinks(filepath.Join(s.dir, "current"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	} else if err != nil {
		return nil, "", err
	}
	st, err := readState(folder)
	return st, folder, err
}

func readState(folder string) (*state, error) {
	data, err := os.ReadFile(filepath.Join(folder, stateFile))
	if err != nil {
		return nil, err
	}
	var st state
	if err := json.Unmarshal(data, &st); err != nil || st.Format != 1 {
		return nil, fmt.Errorf("%s: is no state of a site that this version knows", filepath.Join(folder, stateFile))
	}
	return &st, nil
}

// Documents are the bytes of the published documents, by tracking id.
func (s *Site) Documents() (map[string][]byte, error) {
	st, folder, err := s.current()
	if err != nil || st == nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, r := range st.Documents {
		data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(r.Path)))
		if err != nil {
			return nil, err
		}
		all[r.ID] = data
	}
	return all, nil
}

// recipe changes with all that pages are made of besides documents.
func (s *Site) recipe() string {
	h := sha256.New()
	config, _ := json.Marshal(s.config)
	h.Write(config)
	h.Write([]byte(s.signer.Fingerprint()))
	h.Write([]byte(stylesheet()))
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, set := range info.Settings {
			if strings.HasPrefix(set.Key, "vcs.") {
				h.Write([]byte(set.Value))
			}
		}
	}
	_ = fs.WalkDir(viewFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := viewFiles.ReadFile(path)
			h.Write(data)
		}
		return err
	})
	return hex.EncodeToString(h.Sum(nil))
}
