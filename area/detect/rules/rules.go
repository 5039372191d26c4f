// Package rules is the starter pack of detections that every installation
// begins with: Sigma 2.1 rules written for this product, for Windows and Linux,
// firewalls, network devices, name servers, web proxies, web servers and mail,
// the audit logs of clouds, Kubernetes and Microsoft 365, the sign-in logs of the
// group, Entra ID and Okta, databases, backups, hypervisors and machine networks.
//
// The promise: every rule has an id of its own, a text in English and Japanese,
// ATT&CK techniques, and beside it at least one sample event on which it must
// fire and one on which it must stay silent. The tests hold it to that.
//
// Fields that telemetry has to deliver are those of the log sources: Sysmon and
// Windows Security names as they are; for syslog the parts host, app
// and message plus every key=value pair of the message as a field of its own
// (type, exe, a0… of auditd; src_ip, dst_port, action, src_zone… of a
// firewall; logid, cfgpath… of a FortiGate); W3C names (cs-host, c-uri,
// cs-uri-stem, …) for proxies and web servers; audit records of clouds as they
// are; email.… of ECS for mail. Sign-in events and operations in machine
// networks have a shape of our own, which docs/detect.md describes.
package rules

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// FS holds the rules alone, one YAML document a file, in folders by log source.
//
//go:embed windows/*.yml linux/*.yml network/*.yml cloud/*.yml identity/*.yml ot/*.yml server/*.yml yagura/*.yml
var FS embed.FS

// Joined holds the correlations of the pack: a file with a correlation and the
// rules of which it joins the hits, where these are not among the others.
//
//go:embed joined/*.yml
var Joined embed.FS

//go:embed joinedcases/*.yml
var sequences embed.FS

// Samples holds cases/<rule id>.yml with the sample events of each rule.
//
//go:embed cases/*.yml
var Samples embed.FS

// Rule is one rule of the pack with what pages need of it. YAML is the whole
// text for the Sigma compiler.
type Rule struct {
	ID    string // UUIDv4, never reused
	Slug  string // folder and file name without ending: "windows/lsass-read"
	Level string // informational, low, medium, high, critical
	Title string
	// TitleJa and DescriptionJa are the Japanese text, kept in the rule under
	// the custom key "yagura", which Sigma leaves to tools.
	TitleJa       string
	Description   string
	DescriptionJa string
	// Group names the fields that, with the rule, make hits the same alert.
	Group []string
	Tags  []string
	YAML  []byte
}

// Case is what a rule must and must not find: JSON events, one a string.
type Case struct {
	Fires  []string `yaml:"fires"`
	Silent []string `yaml:"silent"`
}

type document struct {
	Title       string   `yaml:"title"`
	ID          string   `yaml:"id"`
	Level       string   `yaml:"level"`
	Description string   `yaml:"description"`
	Tags        []string `yaml:"tags"`
	Yagura      struct {
		Group []string `yaml:"group"`
		JA    struct {
			Title       string `yaml:"title"`
			Description string `yaml:"description"`
		} `yaml:"ja"`
	} `yaml:"yagura"`
}

var load = sync.OnceValues(func() ([]Rule, error) {
	var out []Rule
	err := fs.WalkDir(FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := FS.ReadFile(path)
		if err != nil {
			return err
		}
		var doc document
		if err := yaml.Unmarshal(raw, &doc); err != nil {
			return fmt.Errorf("rule %s: %w", path, err)
		}
		out = append(out, Rule{
			ID: doc.ID, Slug: strings.TrimSuffix(path, ".yml"), Level: doc.Level,
			Title: doc.Title, TitleJa: doc.Yagura.JA.Title,
			Description: doc.Description, DescriptionJa: doc.Yagura.JA.Description,
			Group: doc.Yagura.Group, Tags: doc.Tags, YAML: raw,
		})
		return nil
	})
	sort.Slice(out, func(i, j int) bool { return out[i].Slug < out[j].Slug })
	return out, err
})

// Pack returns the rules in the order of their slugs. The slice is the
// caller's, what it points to is shared and not to be changed.
func Pack() ([]Rule, error) {
	all, err := load()
	return append([]Rule(nil), all...), err
}

// BySlug finds one rule, as "identity/push-refused-repeatedly".
func BySlug(slug string) (Rule, bool) {
	all, _ := load()
	i := sort.Search(len(all), func(i int) bool { return all[i].Slug >= slug })
	if i < len(all) && all[i].Slug == slug {
		return all[i], true
	}
	return Rule{}, false
}

// CaseOf returns the sample events of the rule with that id.
func CaseOf(id string) (Case, error) {
	raw, err := Samples.ReadFile("cases/" + id + ".yml")
	if err != nil {
		return Case{}, fmt.Errorf("no sample events for rule %s: %w", id, err)
	}
	var c Case
	if err := yaml.Unmarshal(raw, &c); err != nil {
		return Case{}, fmt.Errorf("sample events of rule %s: %w", id, err)
	}
	return c, nil
}

// Sequences are what a correlation must and must not find: events one after the
// other.
type Sequences struct {
	Fires  [][]string `yaml:"fires"`
	Silent [][]string `yaml:"silent"`
}

// SequencesOf returns the sample events of the correlation with that id; a rule
// whose hits are only joined has none.
func SequencesOf(id string) (s Sequences, err error) {
	raw, err := sequences.ReadFile("joinedcases/" + id + ".yml")
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = yaml.Unmarshal(raw, &s)
	}
	if err != nil {
		return s, fmt.Errorf("sample events of correlation %s: %w", id, err)
	}
	return s, nil
}
