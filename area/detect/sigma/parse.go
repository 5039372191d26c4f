package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDocument bounds one rule file; the largest public ones are below 300 kB.
const maxDocument = 8 << 20

// ParseDir reads every .yml and .yaml file below dir (or dir itself when it is
// a file). File names in the result begin with dir.
func ParseDir(dir string) (Set, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return Set{}, err
	}
	if !info.IsDir() {
		raw, err := os.ReadFile(dir)
		if err != nil {
			return Set{}, err
		}
		return Parse(dir, raw), nil
	}
	set, err := ParseFS(os.DirFS(dir))
	for _, r := range set.Rules {
		r.File = filepath.Join(dir, r.File)
	}
	for _, f := range set.Filters {
		f.File = filepath.Join(dir, f.File)
	}
	for _, c := range set.Correlations {
		c.File = filepath.Join(dir, c.File)
	}
	for i := range set.Problems {
		set.Problems[i].File = filepath.Join(dir, set.Problems[i].File)
	}
	return set, err
}

// ParseFS reads every .yml and .yaml file of a file system in lexical order, but
// for the sample events that stand in folders "cases" beside rules.
// A file that cannot be read becomes a [Problem]; the error is of the walk.
func ParseFS(fsys fs.FS) (Set, error) {
	var set Set
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == "." {
				return err
			}
			set.Problems = append(set.Problems, Problem{File: name, Text: err.Error()})
			return nil
		}
		ext := strings.ToLower(path.Ext(name))
		if d.IsDir() || (ext != ".yml" && ext != ".yaml") {
			return nil
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			set.Problems = append(set.Problems, Problem{File: name, Text: err.Error()})
			return nil
		}
		if !besideRules(name) || !isCase(raw) {
			set.add(Parse(name, raw))
		}
		return nil
	})
	return set, err
}

// Parse reads the documents of one file. It never fails as a whole: whatever
// cannot be read is in Problems.
func Parse(file string, raw []byte) (set Set) {
	bad := func(line int, text string) {
		set.Problems = append(set.Problems, Problem{File: file, Line: line, Text: text})
	}
	if len(raw) > maxDocument {
		bad(1, fmt.Sprintf("the file has %d bytes, more than the %d allowed", len(raw), maxDocument))
		return set
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	global := false
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return set
		}
		if err != nil {
			bad(yamlLine(err), "not readable as YAML: "+strings.TrimPrefix(err.Error(), "yaml: "))
			return set // the decoder cannot find the next document
		}
		if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
			continue
		}
		top := doc.Content[0]
		p := &parser{file: file, budget: nodeBudget}
		if top.Kind != yaml.MappingNode {
			bad(top.Line, "a Sigma document is a mapping of keys to values")
			continue
		}
		m := fieldsOf(top)
		if a := scalar(m["action"]); a != "" {
			// Sigma 1 merged documents of a file; version 2 has no such key.
			global = global || a == "global"
			p.problem(&set, top, m, "action: "+a+" belongs to Sigma 1; write each rule of the file as a whole document")
			continue
		}
		if global && m["detection"] != nil && m["logsource"] == nil {
			p.problem(&set, top, m, "relies on an earlier action: global document; write the rule as a whole document")
			continue
		}
		if err := p.document(&set, top, m); err != nil {
			at := top
			var pe *posError
			if errors.As(err, &pe) && pe.line > 0 {
				at = &yaml.Node{Line: pe.line}
			}
			p.problem(&set, at, m, err.Error())
		}
	}
}

var lineOf = regexp.MustCompile(`line (\d+)`)

func yamlLine(err error) int {
	if m := lineOf.FindStringSubmatch(err.Error()); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 1
}

// posError carries the line a mistake was found on.
type posError struct {
	line int
	text string
}

func (e *posError) Error() string { return e.text }

func at(n *yaml.Node, format string, args ...any) error {
	line := 0
	if n != nil {
		line = n.Line
	}
	return &posError{line: line, text: fmt.Sprintf(format, args...)}
}

// nodeBudget bounds the size of one compiled document, so that YAML aliases
// and windash permutations cannot multiply without end.
const nodeBudget = 200_000

type parser struct {
	file   string
	budget int
}

func (p *parser) spend(n int, where *yaml.Node) error {
	if p.budget -= n; p.budget < 0 {
		return at(where, "the document unfolds to more than %d values", nodeBudget)
	}
	return nil
}

func (p *parser) problem(set *Set, where *yaml.Node, m map[string]*yaml.Node, text string) {
	set.Problems = append(set.Problems, Problem{
		File: p.file, Line: where.Line, Rule: scalar(m["id"]), Title: scalar(m["title"]), Text: text,
	})
}

func (p *parser) document(set *Set, top *yaml.Node, m map[string]*yaml.Node) error {
	switch {
	case m["correlation"] != nil:
		c, err := p.correlation(top, m)
		if err == nil {
			set.Correlations = append(set.Correlations, c)
		}
		return err
	case m["filter"] != nil:
		f, err := p.filterFile(top, m)
		if err == nil {
			set.Filters = append(set.Filters, f)
		}
		return err
	case m["detection"] == nil:
		return at(top, "has neither detection nor correlation nor filter")
	}
	r := p.header(top, m)
	if r.Title == "" {
		return at(top, "title is missing")
	}
	if m["logsource"] == nil {
		return at(top, "logsource is missing")
	}
	if m["logsource"].Kind != yaml.MappingNode {
		return at(m["logsource"], "logsource is a mapping of product, category and service")
	}
	if err := p.detection(r, m["detection"]); err != nil {
		return err
	}
	set.Rules = append(set.Rules, r)
	return nil
}

func (p *parser) header(top *yaml.Node, m map[string]*yaml.Node) *Rule {
	ls := fieldsOf(m["logsource"])
	return &Rule{
		ID: scalar(m["id"]), Name: scalar(m["name"]), Title: scalar(m["title"]), Status: scalar(m["status"]),
		Level: scalar(m["level"]), Description: scalar(m["description"]), Author: scalar(m["author"]),
		Date: scalar(m["date"]), Modified: scalar(m["modified"]), Tags: scalars(m["tags"]),
		References: scalars(m["references"]), FalsePositives: scalars(m["falsepositives"]),
		Fields: scalars(m["fields"]), File: p.file, Line: top.Line,
		LogSource: LogSource{
			Product:  strings.ToLower(scalar(ls["product"])),
			Category: strings.ToLower(scalar(ls["category"])),
			Service:  strings.ToLower(scalar(ls["service"])),
		},
	}
}

// deref follows a YAML alias to its anchor. Anchors that contain themselves are
// refused by the YAML library.
func deref(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func fieldsOf(n *yaml.Node) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n = deref(n); n == nil || n.Kind != yaml.MappingNode {
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		out[n.Content[i].Value] = deref(n.Content[i+1])
	}
	return out
}

func scalar(n *yaml.Node) string {
	if n = deref(n); n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return ""
	}
	return n.Value
}

func scalars(n *yaml.Node) []string {
	n = deref(n)
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		if s := scalar(n); s != "" {
			return []string{s}
		}
		return nil
	}
	var out []string
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			if s := scalar(c); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}
