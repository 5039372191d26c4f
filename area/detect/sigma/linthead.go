package sigma

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"yagura/kernel/text"
)

// headsOf are the mappings of a file's documents by their first line.
func headsOf(raw []byte) map[int]*yaml.Node {
	out := map[int]*yaml.Node{}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	for {
		var doc yaml.Node
		if dec.Decode(&doc) != nil {
			return out
		}
		if len(doc.Content) > 0 && doc.Content[0].Kind == yaml.MappingNode {
			out[doc.Content[0].Line] = doc.Content[0]
		}
	}
}

// The keys of a rule in the Sigma specification, and that of this product.
var ruleKeys = []string{"title", "id", "name", "related", "taxonomy", "status", "description", "license", "references", "author", "date", "modified",
	"logsource", "detection", "fields", "falsepositives", "level", "tags", "scope", "yagura"}

var (
	uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	tagForm  = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_.-]+)+$`)
	// What may stand after "attack.": techniques, groups, software, mitigations,
	// data sources, tactics by id or by name.
	attackForm = regexp.MustCompile(`^(t\d{4}(\.\d{3})?|[gsmc]\d{4}|ds\d{4}|ta\d{4}|[a-z]+([-_][a-z]+)*)$`)
	statuses   = []string{"stable", "test", "experimental", "deprecated", "unsupported"}
	related    = []string{"derived", "obsolete", "obsoletes", "merged", "renamed", "similar", "correlation"}
	spaces     = []string{"attack", "car", "cve", "d3fend", "detection", "stp", "tlp"}
)

// attackTactics are the names of tactics as tags write them: those of the
// enterprise matrix and of that for industrial control systems, and "ics", by
// which the rules for machine networks are found.
var attackTactics = []string{"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion",
	"credential-access", "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
	"evasion", "inhibit-response-function", "impair-process-control", "stealth", "defense-impairment", "ics"}

// head looks at what is written around the detection.
func (l *linter) head(top *yaml.Node) {
	m := map[string]*yaml.Node{}
	line := map[string]int{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		k := top.Content[i].Value
		m[k], line[k] = deref(top.Content[i+1]), top.Content[i].Line
		if low := strings.ToLower(k); !slices.Contains(ruleKeys, k) && slices.Contains(ruleKeys, low) {
			l.add(top.Content[i].Line, "key-case", Warning, text.M("%q is written %q", k, low))
		}
	}
	at := func(k string) int {
		if n := line[k]; n > 0 {
			return n
		}
		return top.Line
	}
	r := l.rule
	if r.ID != "" && !uuidForm.MatchString(r.ID) {
		l.add(at("id"), "id-form", Warning, text.M("the id %q is no UUID", r.ID))
	}
	if n := len([]rune(r.Title)); n > 110 {
		l.add(at("title"), "title-long", Note, text.M("the title has %d letters; lists show 110", n))
	}
	if strings.HasSuffix(strings.TrimSpace(r.Title), ".") || r.Title != strings.TrimSpace(r.Title) {
		l.add(at("title"), "title-form", Note, text.M("a title has neither a full stop nor blanks at its ends"))
	}
	if low := strings.ToLower(r.Title); strings.HasPrefix(low, "detects ") || strings.HasPrefix(low, "detection of ") {
		l.add(at("title"), "title-form", Note, text.M("a title names what happens, not that it is detected"))
	}
	switch {
	case r.Status == "":
		l.add(top.Line, "status", Note, text.M("the status is missing: a rule without one counts as stable"))
	case !slices.Contains(statuses, r.Status):
		l.add(at("status"), "status", Warning, text.M("status %q is none of stable, test, experimental, deprecated, unsupported", r.Status))
	}
	if r.Level == "" {
		l.add(top.Line, "level", Note, text.M("the level is missing: its alerts are of medium level"))
	}
	switch n := len(strings.TrimSpace(r.Description)); {
	case n == 0:
		l.add(top.Line, "description", Note, text.M("the description is missing: who gets an alert reads only the title"))
	case n < 16:
		l.add(at("description"), "description", Note, text.M("the description says hardly more than the title"))
	}
	if r.Author == "" {
		l.add(top.Line, "author", Note, text.M("the author is missing"))
	}
	l.dates(m, at)
	l.tags(m["tags"], at("tags"))
	seen := map[string]bool{}
	if n := m["references"]; n != nil {
		if n.Kind == yaml.ScalarNode {
			l.add(n.Line, "references", Note, text.M("references is a list"))
		}
		for _, c := range n.Content {
			if u, err := url.Parse(strings.TrimSpace(c.Value)); c.Kind == yaml.ScalarNode && (err != nil || u.Scheme == "" && !strings.EqualFold(c.Value, "internal research")) {
				l.add(c.Line, "references", Note, text.M("the reference %q is no address", c.Value))
			}
			if seen[c.Value] {
				l.add(c.Line, "references", Note, text.M("the reference %q is given twice", c.Value))
			}
			seen[c.Value] = true
		}
	}
	for _, c := range list(m["related"]) {
		f := fieldsOf(c)
		if id := scalar(f["id"]); !uuidForm.MatchString(id) {
			l.add(c.Line, "related", Warning, text.M("the id %q of a related rule is no UUID", id))
		} else if strings.EqualFold(id, r.ID) {
			l.add(c.Line, "related", Warning, text.M("the rule is related to itself"))
		}
		if kind := scalar(f["type"]); !slices.Contains(related, kind) {
			l.add(c.Line, "related", Warning, text.M("the kind %q of a relation is not known", kind))
		}
	}
	for _, c := range list(m["falsepositives"]) {
		switch strings.ToLower(strings.TrimSpace(c.Value)) {
		case "none", "pentest", "penetration test", "fixme", "todo", "":
			l.add(c.Line, "falsepositives", Note, text.M("%q says nothing about what fires the rule without harm", c.Value))
		}
	}
	l.source(m["logsource"])
	l.items(m["detection"])
}

func list(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		out[i] = deref(c)
	}
	return out
}

func (l *linter) dates(m map[string]*yaml.Node, at func(string) int) {
	read := func(k, v string) (time.Time, bool) {
		if v == "" {
			return time.Time{}, false
		}
		t, err := time.Parse(time.DateOnly, v)
		if err != nil {
			l.add(at(k), k, Note, text.M("%s %q is no day such as 2026-11-23", k, v))
		}
		return t, err == nil
	}
	if l.rule.Date == "" {
		l.add(l.rule.Line, "date", Note, text.M("the date is missing"))
	}
	d, ok1 := read("date", l.rule.Date)
	c, ok2 := read("modified", l.rule.Modified)
	if ok1 && ok2 && c.Before(d) {
		l.add(at("modified"), "modified", Note, text.M("it was modified before it was written"))
	}
}

func (l *linter) tags(n *yaml.Node, line int) {
	seen := map[string]bool{}
	for _, c := range list(n) {
		t := c.Value
		space, rest, _ := strings.Cut(strings.ToLower(t), ".")
		switch {
		case seen[strings.ToLower(t)]:
			l.add(c.Line, "tag-duplicate", Note, text.M("the tag %q is given twice", t))
		case !tagForm.MatchString(t):
			l.add(c.Line, "tag-form", Note, text.M("the tag %q is not of the form space.name in small letters", t))
		case !slices.Contains(spaces, space):
			l.add(c.Line, "tag-space", Note, text.M("the tag %q is in none of the spaces attack, car, cve, d3fend, detection, stp, tlp", t))
		case space == "attack" && !attackForm.MatchString(rest),
			space == "attack" && rest[0] != 't' && !digit(rest) && !slices.Contains(attackTactics, strings.ReplaceAll(rest, "_", "-")):
			l.add(c.Line, "tag-attack", Warning, text.M("the tag %q names no technique, group, software or tactic of ATT&CK", t))
		}
		seen[strings.ToLower(t)] = true
	}
}

func digit(s string) bool { return strings.ContainsAny(s, "0123456789") }

func (l *linter) source(n *yaml.Node) {
	f := fieldsOf(n)
	known := 0
	for _, k := range []string{"product", "category", "service"} {
		v := scalar(f[k])
		if v != "" {
			known++
		}
		if v != strings.ToLower(v) {
			l.add(f[k].Line, "source-case", Note, text.M("%s %q is written in small letters", k, v))
		}
	}
	if known == 0 && n != nil {
		l.add(n.Line, "source-empty", Warning, text.M("the log source names neither product nor category nor service: the rule looks at every event"))
	}
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if k := n.Content[i].Value; !slices.Contains([]string{"product", "category", "service", "definition"}, k) {
			l.add(n.Content[i].Line, "source-key", Note, text.M("%q is no part of a log source", k))
		}
	}
}

// items looks at fields and values as they are written.
func (l *linter) items(n *yaml.Node) {
	if n == nil {
		return
	}
	switch n = deref(n); n.Kind {
	case yaml.SequenceNode:
		for _, c := range n.Content {
			l.items(c)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], deref(n.Content[i+1])
			if k.Value == "condition" && v.Kind == yaml.ScalarNode {
				continue
			}
			if v.Kind == yaml.MappingNode || v.Kind == yaml.SequenceNode && len(v.Content) > 0 && deref(v.Content[0]).Kind != yaml.ScalarNode {
				l.items(v)
				continue
			}
			l.item(k, v)
		}
	}
}

func (l *linter) item(k, v *yaml.Node) {
	field, rest, _ := strings.Cut(k.Value, "|")
	mods := strings.Split(rest, "|")
	has := func(m string) bool { return slices.Contains(mods, m) }
	values := []*yaml.Node{v}
	if v.Kind == yaml.SequenceNode {
		values = v.Content
	}
	if has("all") && len(values) == 1 && !has("windash") && !has("base64offset") {
		l.add(k.Line, "all-single", Warning, text.M("%s has one value; all changes nothing", k.Value))
	}
	if field != strings.TrimSpace(field) {
		l.add(k.Line, "field-form", Warning, text.M("the field %q has blanks at its ends", field))
	}
	plain := !has("re") && !has("cidr") && !has("expand") && !has("fieldref")
	for _, x := range values {
		t := deref(x).Value
		if !plain || deref(x).Kind != yaml.ScalarNode || len(t) < 2 {
			continue
		}
		start, end := strings.HasPrefix(t, "*"), strings.HasSuffix(t, "*") && !strings.HasSuffix(t, `\*`)
		inner := strings.Trim(t, "*")
		switch {
		case has("contains") && (start || end), has("startswith") && end, has("endswith") && start:
			l.add(deref(x).Line, "wildcard-superfluous", Note, text.M("the wildcard at the end of %q changes nothing after the modifier", t))
		case rest == "" && field != "" && (start || end) && !strings.ContainsAny(inner, "*?"):
			l.add(deref(x).Line, "wildcard-modifier", Note, text.M("%q is written with contains, startswith or endswith instead of wildcards", t))
		}
	}
}
