package csaf

import (
	_ "embed"
	"strings"
	"sync"
	"time"
)

// What the Common Weakness Enumeration of MITRE calls its weaknesses, by version of
// its list: names, whether a weakness is deprecated, and since 4.12 whether it may
// be used to classify a vulnerability. Categories and views are not in the list,
// since a vulnerability may not be given one.
//
//go:embed cwe.txt
var cweText string

// weakness is what one version says, from that version on.
type weakness struct {
	since      int // index into the versions
	name       string
	usage      byte // A allowed, R with review, D discouraged, P prohibited, - not said
	deprecated bool
	gone       bool
}

// catalogue is the list in all its versions.
type catalogue struct {
	versions []string
	dates    []time.Time
	index    map[string]int
	history  map[string][]weakness // by id
}

var cwe = sync.OnceValue(func() *catalogue {
	c := &catalogue{index: map[string]int{}, history: map[string][]weakness{}}
	for line := range strings.Lines(cweText) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if rest, ok := strings.CutPrefix(line, "v "); ok {
			name, date, _ := strings.Cut(rest, " ")
			at, err := time.Parse(time.DateOnly, date)
			if err != nil {
				panic(err)
			}
			c.index[name] = len(c.versions)
			c.versions, c.dates = append(c.versions, name), append(c.dates, at)
			continue
		}
		part := strings.SplitN(line, "\t", 4)
		w := weakness{since: c.index[part[1]], gone: part[2] == "gone"}
		if !w.gone {
			w.usage, w.deprecated, w.name = part[2][0], part[2][1] == 'x', part[3]
		}
		id := "CWE-" + part[0]
		c.history[id] = append(c.history[id], w)
	}
	return c
})

// CWEVersion is the version of the CWE list that documents of 2.0 are measured by,
// which name none themselves.
func CWEVersion() string { c := cwe(); return c.versions[len(c.versions)-1] }

// CWEName is what the newest version here calls a weakness such as CWE-787.
func CWEName(id string) (string, bool) {
	c := cwe()
	w, ok := c.at(id, len(c.versions)-1)
	return w.name, ok && !w.gone
}

// at is what a version says of a weakness; ok is false where the version has none
// of this id.
func (c *catalogue) at(id string, version int) (found weakness, ok bool) {
	for _, w := range c.history[id] {
		if w.since <= version {
			found, ok = w, !w.gone
		}
	}
	return found, ok
}

// latest is the version that was the newest at a time.
func (c *catalogue) latest(at time.Time) int {
	newest := -1
	for i, d := range c.dates {
		if !d.After(at) {
			newest = i
		}
	}
	return newest
}

// named is the newest version not after a time in which a weakness has a name; the
// first later one where there is none.
func (c *catalogue) named(id, name string, at time.Time) (version string, ok bool) {
	limit := c.latest(at)
	for i := limit; i >= 0; i-- {
		if w, ok := c.at(id, i); ok && w.name == name {
			return c.versions[i], true
		}
	}
	for i := limit + 1; i < len(c.versions); i++ {
		if w, ok := c.at(id, i); ok && w.name == name {
			return c.versions[i], true
		}
	}
	return "", false
}

// newer tells whether a version of the list is after another.
func newer(a, b string) bool { return natural(a, b) > 0 }
