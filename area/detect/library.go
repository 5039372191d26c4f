package detect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"yagura/area/detect/correlate/of"
	rulepack "yagura/area/detect/pack"
	"yagura/area/detect/rules"
	"yagura/area/detect/sigma"
	"yagura/kernel/store"
)

// Rule is a rule as it was loaded.
type Rule struct {
	ID          string
	Version     string // first 12 hex digits of the SHA-256 of its text
	Title       Words
	Description Words
	Level       Level  // as written
	Status      string // as written: experimental, test, stable, deprecated, unsupported
	Tags        []string
	FalseAlarms []string // what its author knows to fire it
	References  []string
	Author      string
	Sources     sigma.LogSource
	Group       []string      // fields by which hits are the same alert; nil: host, user, program
	Window      time.Duration // 0: as everywhere
	File        string
	Pack        bool   // comes with the product
	Origin      string // product, folder, own, or pack:NAME
	Text        string

	// Correlation is set where the rule joins hits of others.
	Correlation *sigma.Linked

	sigma  *sigma.Rule
	beside rules.Case // that stands beside the rule
}

// Origins of rules. Those of packs are "pack:" and the pack's name.
const (
	ProductRule = "product"
	FolderRule  = "folder"
	OwnRule     = "own"
)

// Techniques are the ATT&CK techniques of the rule, "T1003.001".
func (r Rule) Techniques() []string {
	var ts []string
	for _, t := range r.Tags {
		if rest, ok := strings.CutPrefix(strings.ToLower(t), "attack.t"); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			ts = append(ts, "T"+rest)
		}
	}
	return ts
}

// Findings of lint, in the engine's English.
func (s *Service) Lint(r Rule) []sigma.Finding {
	if r.sigma == nil {
		return nil
	}
	return sigma.Lint(r.sigma, s.o.Mapping)
}

// written is the state that a rule has before anybody decided.
func (r Rule) written() RuleState {
	switch r.Status {
	case "experimental":
		return Experimental
	case "test":
		return Trial
	case "deprecated", "unsupported":
		return Retired
	}
	return Stable
}

// library is one set of rules compiled together. It never changes.
type library struct {
	rules         []*Rule
	byID          map[string]*Rule
	bySigma       map[*sigma.Rule]*Rule
	problems      []sigma.Problem
	joins         *of.Joins
	joined        []*Rule         // the correlations, as joins has them
	silent        map[string]bool // rules that raise no alerts of their own
	filters       []*sigma.Filter
	byCorrelation map[*sigma.Correlation]*Rule
	engine        *sigma.Engine
	digest        string
	loaded        time.Time
	matchers      chan *sigma.Matcher

	routes chan map[string][]sigma.LogSource

	generation   int64 // of rules of the house and packs
	packProblems []sigma.Problem
	tried        sync.Once
	passes       map[string]bool // whose own case passes
}

// matcher takes a matcher that nobody uses; give returns it.
func (l *library) matcher() *sigma.Matcher {
	select {
	case m := <-l.matchers:
		return m
	default:
		return l.engine.NewMatcher()
	}
}

func (l *library) give(m *sigma.Matcher) {
	select {
	case l.matchers <- m:
	default:
	}
}

// load reads and compiles everything.
func (s *Service) load() (*library, error) {
	l := &library{byID: map[string]*Rule{}, byCorrelation: map[*sigma.Correlation]*Rule{}, bySigma: map[*sigma.Rule]*Rule{}, loaded: s.db.Now(),
		matchers: make(chan *sigma.Matcher, 2*runtime.GOMAXPROCS(0)), routes: make(chan map[string][]sigma.LogSource, 2*runtime.GOMAXPROCS(0))}
	// The digest is taken before reading: what changes meanwhile is read again.
	l.digest = s.digest()
	var own []ownRow
	var packs []packRow
	if err := s.db.View(context.Background(), func(tx *store.Tx) (err error) {
		if l.generation, err = libraryGeneration(tx); err != nil {
			return err
		}
		if own, err = ownRules(tx); err != nil {
			return err
		}
		packs, err = packBodies(tx)
		return err
	}); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	var all []*sigma.Rule
	if !s.o.NoPack {
		set, err := sigma.ParseFS(rules.FS)
		if err != nil {
			return nil, fmt.Errorf("detect: the rules of the product: %w", err)
		}
		all = l.take(set, func(file string) ([]byte, error) { return rules.FS.ReadFile(file) }, ProductRule, nil, all)
		if set, err = sigma.ParseFS(rules.Joined); err != nil {
			return nil, fmt.Errorf("detect: the correlations of the product: %w", err)
		}
		all = l.take(set, func(file string) ([]byte, error) { return rules.Joined.ReadFile(file) }, ProductRule, nil, all)
	}
	for _, dir := range s.o.Folders {
		set, err := sigma.ParseDir(dir)
		if err != nil {
			l.problems = append(l.problems, sigma.Problem{File: dir, Text: err.Error()})
			continue
		}
		all = l.take(set, os.ReadFile, FolderRule, casesBelow(dir), all)
	}
	all = s.takePacks(l, packs, all)
	for _, o := range own {
		all = l.take(sigma.Parse("own/"+o.id+".yml", []byte(o.body)), func(string) ([]byte, error) { return []byte(o.body), nil }, OwnRule, nil, all)
	}
	var correlations []*sigma.Correlation
	for c := range l.byCorrelation {
		correlations = append(correlations, c)
	}
	l.problems = append(l.problems, sigma.ApplyFilters(all, correlations, l.filters)...)
	engine, problems := sigma.Compile(all, s.o.Mapping, sigma.Options{Placeholders: s.o.Placeholders})
	engine.Warm() // before the set takes the place of the old one
	l.engine = engine
	l.problems = append(l.problems, problems...)
	for _, r := range engine.Rules() {
		mine := l.bySigma[r]
		l.rules = append(l.rules, mine)
		l.byID[mine.ID] = mine
	}
	l.join(all, s.o.Mapping)
	for id, r := range l.byID { // named, but it did not compile
		if r == nil {
			delete(l.byID, id)
		}
	}
	return l, nil
}

// take keeps those rules of a set that can be told apart from all others.
func (l *library) take(set sigma.Set, read func(string) ([]byte, error), origin string, cases map[string]rules.Case, all []*sigma.Rule) []*sigma.Rule {
	l.problems = append(l.problems, set.Problems...)
	l.takeCorrelations(set.Correlations, read, origin)
	l.filters = append(l.filters, set.Filters...)
	for _, r := range set.Rules {
		bad := func(why string) {
			l.problems = append(l.problems, sigma.Problem{File: r.File, Line: r.Line, Rule: r.ID, Title: r.Title, Text: why})
		}
		if r.ID == "" {
			bad("the rule has no id: alerts and exclusions cannot name it")
			continue
		}
		if _, ok := l.byID[r.ID]; ok {
			bad("another rule has this id already; the one read first is kept")
			continue
		}
		raw, err := read(r.File)
		if err != nil {
			bad(err.Error())
			continue
		}
		mine, err := describe(r, document(raw, r.Line))
		if err != nil {
			bad(err.Error())
			continue
		}
		mine.Pack, mine.Origin, mine.beside = origin == ProductRule, origin, cases[r.ID]
		l.byID[r.ID] = nil
		l.bySigma[r] = mine
		all = append(all, r)
	}
	return all
}

// document is the text of the document that begins at a line of a file.
func document(raw []byte, line int) string {
	lines := bytes.SplitAfter(raw, []byte("\n"))
	start := min(max(line-1, 0), len(lines))
	for start > 0 && !bytes.HasPrefix(lines[start-1], []byte("---")) {
		start-- // comments above the first key belong to it
	}
	end := start
	for end < len(lines) && (end == start || !bytes.HasPrefix(lines[end], []byte("---"))) {
		end++
	}
	return strings.ToValidUTF8(string(bytes.Join(lines[start:end], nil)), "\uFFFD")
}

// ours is the part of a rule that Sigma leaves to tools.
type ours struct {
	Yagura struct {
		Group  []string `yaml:"group"`
		Window string   `yaml:"window"`
		JA     struct {
			Title       string `yaml:"title"`
			Description string `yaml:"description"`
		} `yaml:"ja"`
	} `yaml:"yagura"`
}

func describe(r *sigma.Rule, body string) (*Rule, error) {
	sum := sha256.Sum256([]byte(body))
	level, ok := ParseLevel(r.Level)
	if !ok && r.Level != "" {
		return nil, fmt.Errorf("level %q is none of informational, low, medium, high, critical", r.Level)
	}
	mine := &Rule{ID: r.ID, Version: hex.EncodeToString(sum[:6]), Title: Words{EN: r.Title}, Description: Words{EN: r.Description}, Level: level,
		Status: r.Status, Tags: r.Tags, FalseAlarms: r.FalsePositives, References: r.References, Author: r.Author, Sources: r.LogSource,
		File: r.File, Text: body, sigma: r}
	if strings.Contains(body, "\nyagura:") {
		var o ours
		if err := yaml.Unmarshal([]byte(body), &o); err != nil {
			return nil, fmt.Errorf("yagura: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		mine.Group, mine.Title.JA, mine.Description.JA = o.Yagura.Group, o.Yagura.JA.Title, o.Yagura.JA.Description
		if o.Yagura.Window != "" {
			w, err := time.ParseDuration(o.Yagura.Window)
			if err != nil || w < time.Minute || w > 30*24*time.Hour {
				return nil, fmt.Errorf("yagura: window %q is not a duration from 1m to 720h", o.Yagura.Window)
			}
			mine.Window = w
		}
	}
	return mine, nil
}

// digest tells whether a file of the folders was added, changed or taken away.
func (s *Service) digest() string {
	h := sha256.New()
	for _, dir := range s.o.Folders {
		fmt.Fprintf(h, "%s\n", dir)
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				fmt.Fprintf(h, "%s %v\n", path, err)
				return nil
			}
			if ext := strings.ToLower(filepath.Ext(path)); d.IsDir() || ext != ".yml" && ext != ".yaml" {
				return nil
			}
			if info, err := d.Info(); err == nil {
				fmt.Fprintf(h, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Poll reads the rules again where a folder changed, and tells whether it did.
// Events that are being looked at meanwhile still meet the rules as they were.
func (s *Service) Poll() (bool, error) {
	l := s.lib.Load()
	var n int64
	if err := s.db.View(context.Background(), func(tx *store.Tx) (err error) { n, err = libraryGeneration(tx); return err }); err != nil {
		return false, err
	}
	if n == l.generation && s.digest() == l.digest {
		return false, nil
	}
	return true, s.reload()
}

func (s *Service) reload() error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	l, err := s.load()
	if err != nil {
		return err
	}
	s.lib.Store(l)
	s.log.Info("detect: rules read", "rules", len(l.rules), "problems", len(l.problems))
	return nil
}

// version keeps the text of a rule that raised an alert.
func (r *Rule) version(tx *store.Tx) error {
	_, err := tx.Exec("INSERT INTO detect_rule_text (rule, version, body, seen) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING",
		r.ID, r.Version, r.Text, tx.Millis())
	return err
}

func libraryGeneration(tx *store.Tx) (n int64, err error) {
	return n, tx.QueryRow("SELECT n FROM detect_generation WHERE id = 2").Scan(&n)
}

type packRow struct {
	name, version string
	body          []byte
}

func packBodies(tx *store.Tx) ([]packRow, error) {
	return store.Rows(tx, func(r store.Scanner) (p packRow, err error) { return p, r.Scan(&p.name, &p.version, &p.body) },
		"SELECT name, version, body FROM detect_pack WHERE state = 'installed' ORDER BY name")
}

// takePacks takes the rules of installed packs whose signature still holds.
func (s *Service) takePacks(l *library, packs []packRow, all []*sigma.Rule) []*sigma.Rule {
	for _, row := range packs {
		bad := func(err error) {
			l.packProblems = append(l.packProblems, sigma.Problem{File: row.name + " " + row.version, Text: err.Error()})
		}
		p, err := rulepack.Read(row.body)
		if err != nil {
			bad(err)
			continue
		}
		keys, err := s.keys()
		if err != nil {
			bad(err)
			continue
		}
		if _, err := p.Verify(keys); err != nil {
			bad(err)
			continue
		}
		set, cases := packRules(p)
		files := p.FS()
		all = l.take(set, func(name string) ([]byte, error) { return fs.ReadFile(files, name) }, packOrigin(p.Name), cases, all)
	}
	l.problems = append(l.problems, l.packProblems...)
	return all
}

// casesBelow are the cases in folders named "cases" below a folder of rules.
func casesBelow(dir string) map[string]rules.Case {
	all := map[string]rules.Case{}
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		id, ok := caseFile(name)
		if !ok {
			return nil
		}
		var c rules.Case
		if raw, err := os.ReadFile(name); err == nil && yaml.Unmarshal(raw, &c) == nil {
			all[id] = c
		}
		return nil
	})
	return all
}
