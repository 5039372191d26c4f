package site

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
)

// Finding is something that a client of the site would stumble over.
type Finding struct {
	Requirement int    `json:"requirement"` // of CSAF 2.0, section 7.1
	Path        string `json:"path"`
	Message     string `json:"message"`
}

// Inspect reads a site from the disk as a client would and tells what is wrong: what
// a checker on the web tells of files, without what only a web server can get wrong.
func Inspect(dir string, now time.Time) (documents int, found []Finding, err error) {
	folder, err := filepath.EvalSymlinks(filepath.Join(dir, "current"))
	if err != nil {
		return 0, nil, err
	}
	st, err := readState(folder)
	if err != nil {
		return 0, nil, err
	}
	i := inspection{folder: folder, state: st, now: now, listed: map[string]map[string]bool{}}
	i.metadata()
	i.security()
	for _, label := range labels {
		i.label(label)
	}
	files := make([]string, 0, len(st.Documents))
	for f := range st.Documents {
		files = append(files, f)
	}
	slices.Sort(files)
	each := make([]inspection, len(files))
	_ = parallel(len(files), 0, func(n int) error {
		each[n] = inspection{folder: folder, state: st, now: now, key: i.key, listed: i.listed}
		each[n].document(files[n])
		return nil
	})
	for _, e := range each {
		i.found = append(i.found, e.found...)
	}
	return len(files), i.found, nil
}

type inspection struct {
	folder string
	state  *state
	now    time.Time
	key    string
	listed map[string]map[string]bool // by list, then path below the generation
	found  []Finding
}

func (i *inspection) wrong(requirement int, path, format string, args ...any) {
	i.found = append(i.found, Finding{requirement, path, fmt.Sprintf(format, args...)})
}

func (i *inspection) read(requirement int, p string) []byte {
	data, err := os.ReadFile(filepath.Join(i.folder, filepath.FromSlash(p)))
	if err != nil {
		i.wrong(requirement, p, "can't be read")
		return nil
	}
	return data
}

// local is the file of an address of this site.
func (i *inspection) local(u string) string {
	rest, ok := strings.CutPrefix(u, i.state.Config.URL+"/")
	if !ok {
		return ""
	}
	if strings.HasPrefix(rest, restricted+"/") {
		return rest
	}
	return public + "/" + rest
}

func (i *inspection) metadata() {
	var m struct {
		Canonical string `json:"canonical_url"`
		Role      string `json:"role"`
		Keys      []struct {
			Fingerprint string `json:"fingerprint"`
			URL         string `json:"url"`
		} `json:"public_openpgp_keys"`
	}
	data := i.read(7, metadata)
	if data == nil {
		return
	}
	if err := json.Unmarshal(data, &m); err != nil || i.local(m.Canonical) != metadata || m.Role != "csaf_trusted_provider" {
		i.wrong(7, metadata, "is not the metadata of this site")
		return
	}
	if len(m.Keys) != 1 || i.local(m.Keys[0].URL) == "" {
		i.wrong(20, metadata, "names no key of this site")
		return
	}
	i.key = string(i.read(20, i.local(m.Keys[0].URL)))
}

func (i *inspection) security() {
	data := i.read(8, security)
	expires, hit := time.Time{}, false
	for line := range strings.Lines(string(data)) {
		if v, ok := strings.CutPrefix(line, "Expires: "); ok {
			expires, _ = time.Parse(time.RFC3339, strings.TrimSpace(v))
		}
		if v, ok := strings.CutPrefix(line, "CSAF: "); ok {
			hit = i.local(strings.TrimSpace(v)) == metadata
		}
	}
	if data != nil && !hit {
		i.wrong(8, security, "has no CSAF line with the metadata")
	}
	if data != nil && !expires.After(i.now) {
		i.wrong(8, security, "is expired")
	}
}

// label reads the lists of a label.
func (i *inspection) label(label string) {
	folder := folderOf(label)
	there := label == "WHITE"
	for _, r := range i.state.Documents {
		there = there || strings.HasPrefix(r.Path, folder+"/")
	}
	if !there {
		return
	}
	note := func(list, p string) {
		if i.listed[list] == nil {
			i.listed[list] = map[string]bool{}
		}
		i.listed[list][p] = true
	}
	for line := range strings.Lines(string(i.read(12, folder+"/index.txt"))) {
		note("index.txt", folder+"/"+strings.TrimSpace(line))
	}
	rows, err := csv.NewReader(strings.NewReader(string(i.read(13, folder+"/changes.csv")))).ReadAll()
	if err != nil {
		i.wrong(13, folder+"/changes.csv", "is no CSV")
	}
	last := time.Time{}
	for n, row := range rows {
		if len(row) != 2 {
			i.wrong(13, folder+"/changes.csv", "line %d has not two columns", n+1)
			continue
		}
		at, ok := csaf.Instant(row[1])
		if !ok || n > 0 && at.After(last) {
			i.wrong(13, folder+"/changes.csv", "line %d is not in its place", n+1)
		}
		last = at
		note("changes.csv", folder+"/"+row[0])
	}
	var feed struct {
		Feed struct {
			Entry []rolieEntry `json:"entry"`
		} `json:"feed"`
	}
	if err := json.Unmarshal(i.read(15, feedPath(label)), &feed); err != nil {
		i.wrong(15, feedPath(label), "is no ROLIE feed")
	}
	for _, e := range feed.Feed.Entry {
		if len(e.Link) == 4 {
			note("feed", i.local(e.Link[0].HRef))
		}
	}
	i.read(16, service)
	i.read(17, categoryPath(label))
	i.read(14, folder+"/index.html")
}

func (i *inspection) document(file string) {
	r := i.state.Documents[file]
	data := i.read(1, r.Path)
	if data == nil {
		return
	}
	d, err := csaf.Parse(data)
	if err != nil {
		i.wrong(1, r.Path, "%v", err)
		return
	}
	if report := d.Validate(csaf.Options{Level: csaf.Basic, Now: i.now}); !report.Valid() {
		i.wrong(1, r.Path, "is not a valid advisory any more")
	}
	if csaf.Filename(d.ID()) != path.Base(r.Path) {
		i.wrong(2, r.Path, "is not called as its id demands")
	}
	label := d.Get("document", "distribution", "tlp", "label").Text()
	if (label == "AMBER" || label == "RED" || label == "GREEN") && !strings.HasPrefix(r.Path, restricted+"/") {
		i.wrong(5, r.Path, "is TLP:%s and lies in the public folder", label)
	}
	for n, list := range map[int]string{12: "index.txt", 13: "changes.csv", 15: "feed"} {
		if !i.listed[list][r.Path] {
			i.wrong(n, r.Path, "is not in the list %s", list)
		}
	}
	a, b := sha256.Sum256(data), sha512.Sum512(data)
	for ext, sum := range map[string][]byte{".sha256": a[:], ".sha512": b[:]} {
		if !strings.HasPrefix(string(i.read(18, r.Path+ext)), hex.EncodeToString(sum)+" ") {
			i.wrong(18, r.Path+ext, "is the hash of another text")
		}
	}
	if sig := i.read(19, r.Path+".asc"); sig != nil && Verify(i.key, data, sig, i.now.Add(time.Hour)) != nil {
		i.wrong(19, r.Path+".asc", "is not the signature of this text by the published key")
	}
}
