package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"yagura/kernel/text"
)

const longestFile = 1 << 20

// reader collects what a file and an environment say.
type reader struct {
	config   *Config
	settings []setting
	byName   map[string]setting
	mistakes []Mistake
}

// Load reads the file, or none where path is empty, and then the variables of
// environ ("NAME=value" as of os.Environ), which win. It returns every mistake;
// with any, the configuration is not to be used. Relative paths in the file are
// of the file's folder, those in variables of the working folder.
func Load(path string, environ []string) (Config, []Mistake) {
	c := Default()
	r := &reader{config: &c, settings: c.settings(), byName: map[string]setting{}}
	for _, s := range r.settings {
		r.byName[s.name] = s
	}
	if path != "" {
		r.file(path)
	}
	r.environment(environ)
	r.finish()
	return c, r.mistakes
}

func (r *reader) wrong(at Origin, name string, m text.Message) {
	r.mistakes = append(r.mistakes, Mistake{at, name, m})
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func (r *reader) file(path string) {
	at := Origin{File: path, Line: 1}
	f, err := os.Open(path)
	if err != nil {
		r.wrong(at, "", unreadable(path, err))
		return
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, longestFile+1))
	if err != nil {
		r.wrong(at, "", unreadable(path, err))
		return
	}
	if len(raw) > longestFile {
		r.wrong(at, "", text.M("the file is larger than 1 MiB"))
		return
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	var doc, more yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return // nothing but comments
		}
		why := err.Error()
		if m := yamlLine.FindStringSubmatch(why); m != nil {
			if m[1] != "" {
				at.Line, _ = strconv.Atoi(m[1])
			}
			why = m[2]
		}
		r.wrong(at, "", text.M("this is not YAML: %s", why))
		return
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		at.Line = max(more.Line, 1)
		r.wrong(at, "", text.M("the file holds more than one document"))
	}
	if len(doc.Content) == 1 {
		folder := filepath.Dir(path)
		if doc.Content[0].Kind == yaml.ScalarNode && doc.Content[0].Tag == "!!null" {
			return
		}
		r.section(path, folder, "", doc.Content[0])
	}
}

// section reads a mapping; prefix is its path with a dot at the end.
func (r *reader) section(path, folder, prefix string, n *yaml.Node) {
	at := func(n *yaml.Node) Origin { return Origin{File: path, Line: n.Line} }
	if n.Kind != yaml.MappingNode {
		r.wrong(at(n), strings.TrimSuffix(prefix, "."), text.M("settings by name are expected here"))
		return
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := prefix + key.Value
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			r.wrong(at(key), "", text.M("the name of a setting is expected"))
			continue
		}
		if before, ok := first[key.Value]; ok {
			r.wrong(at(key), name, text.M("is set a second time, first in line %d", before))
			continue
		}
		first[key.Value] = key.Line
		if r.isSection(name) {
			if value.Kind == yaml.ScalarNode && value.Tag == "!!null" {
				continue
			}
			r.section(path, folder, name+".", value)
			continue
		}
		s, fromFile, ok := r.lookup(name)
		if !ok {
			r.unknown(at(key), name)
			continue
		}
		content, wrong := scalar(value, s.value.list && !fromFile, s.value.table)
		if !wrong.IsZero() {
			r.wrong(at(value), name, wrong)
			continue
		}
		r.apply(s, fromFile, name, content, folder, at(key))
	}
}

func (r *reader) isSection(name string) bool {
	return slices.ContainsFunc(r.settings, func(s setting) bool { return strings.HasPrefix(s.name, name+".") })
}

// lookup finds the setting of a name, or of a secret's file.
func (r *reader) lookup(name string) (s setting, fromFile, ok bool) {
	if s, ok = r.byName[name]; ok {
		return s, false, true
	}
	if base, is := strings.CutSuffix(name, "_file"); is {
		if s, ok = r.byName[base]; ok && s.secret {
			return s, true, true
		}
	}
	return setting{}, false, false
}

func scalar(n *yaml.Node, list, mapping bool) (string, text.Message) {
	switch {
	case n.Kind == yaml.MappingNode && mapping:
		return table(n)
	case n.Kind == yaml.AliasNode:
		return "", text.M("references (*name) are not allowed here")
	case n.Kind == yaml.SequenceNode && list:
		var all []string
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return "", text.M("a list of single values is expected")
			}
			all = append(all, item.Value)
		}
		return strings.Join(all, separator), fine
	case n.Kind != yaml.ScalarNode && list:
		return "", text.M("a list of single values is expected")
	case n.Kind != yaml.ScalarNode:
		return "", text.M("a single value is expected")
	case n.Tag == "!!null":
		return "", text.M("has no value")
	}
	return n.Value, fine
}

func (r *reader) unknown(at Origin, name string) {
	best, distance := "", 4
	for _, s := range r.settings {
		if d := apart(name, s.name); d < distance {
			best, distance = s.name, d
		}
	}
	if at.Env != "" {
		for _, s := range r.settings {
			if d := apart(name, s.env()); d < distance {
				best, distance = s.env(), d
			}
		}
	}
	if best != "" {
		r.wrong(at, name, text.M("there is no such setting; perhaps %s is meant", best))
		return
	}
	r.wrong(at, name, text.M("there is no such setting"))
}

func (r *reader) apply(s setting, fromFile bool, name, content, folder string, at Origin) {
	if old, ok := r.config.origin[s.name]; ok && (old.Env != "") == (at.Env != "") {
		r.wrong(at, name, text.M("%s and %s are both set; only one can be", s.name, s.name+"_file"))
		return
	}
	if fromFile {
		path := absolute(folder, content)
		f, err := os.Open(path)
		if err != nil {
			r.wrong(at, name, unreadable(path, err))
			return
		}
		defer f.Close()
		raw, err := io.ReadAll(io.LimitReader(f, 64<<10))
		if err != nil {
			r.wrong(at, name, text.M("%s can't be read", path))
			return
		}
		if content = strings.TrimRight(string(raw), "\r\n"); content == "" {
			r.wrong(at, name, text.M("%s is empty", path))
			return
		}
	}
	r.config.origin[s.name] = at
	if wrong := s.value.read(content, folder); !wrong.IsZero() {
		r.wrong(at, name, wrong)
	}
}

// elsewhere are variables of the build and its tests, and the one that names
// the file itself.
var elsewhere = regexp.MustCompile(`^YAGURA_(CONFIG$|TOKEN$|TEST_|REQUIRE_|POSTGRES_|INTERNAL_)`)

func (r *reader) environment(environ []string) {
	byEnv := map[string]setting{}
	for _, s := range r.settings {
		byEnv[s.env()] = s
	}
	sorted := slices.Sorted(slices.Values(environ))
	for _, pair := range sorted {
		name, content, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "YAGURA_") || elsewhere.MatchString(name) {
			continue
		}
		at := Origin{Env: name}
		s, ok := byEnv[name]
		fromFile := false
		if base, is := strings.CutSuffix(name, "_FILE"); !ok && is {
			if s, ok = byEnv[base]; ok {
				ok, fromFile = s.secret, true
			}
		}
		if !ok {
			r.unknown(at, name)
			continue
		}
		if s.value.list {
			content = strings.ReplaceAll(content, ",", separator)
		}
		r.apply(s, fromFile, s.name, content, ".", at)
	}
}

// apart is the number of letters to change, add or leave out between two names.
func apart(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
