package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	sigmago "github.com/bradleyjkemp/sigma-go"
	"github.com/bradleyjkemp/sigma-go/evaluator"
	gosigma "github.com/markuskont/go-sigma-rule-engine"

	"yagura/area/detect/sigma"
)

// rival is another engine behind the routing of this program.
type rival interface {
	name() string
	loaded() int
	// prepare readies the engine for a class of events, outside the measured time.
	prepare(class string, rules []*sigma.Rule)
	// match calls found for each rule that the engine says matches.
	match(class string, event map[string]any, found func(id string))
}

// routes tells which rules look at which events.
type routes struct {
	m     *sigma.Matcher
	rules []*sigma.Rule
	known map[string][]*sigma.Rule
}

func newRoutes(rules []*sigma.Rule, m *sigma.Mapping) *routes {
	e, _ := sigma.Compile(rules, m, sigma.Options{})
	return &routes{m: e.NewMatcher(), rules: rules, known: map[string][]*sigma.Rule{}}
}

func (r *routes) of(raw []byte) (class string, rules []*sigma.Rule) {
	if _, err := r.m.Match(raw, sigma.LogSource{}); err != nil {
		return "", nil
	}
	sources := r.m.Sources(sigma.LogSource{})
	class = fmt.Sprint(sources)
	if have, ok := r.known[class]; ok {
		return class, have
	}
	for _, rule := range r.rules {
		if slices.ContainsFunc(sources, rule.LogSource.Covers) {
			rules = append(rules, rule)
		}
	}
	r.known[class] = rules
	return class, rules
}

// renamed are the names of process creations in the Security log (EventID 4688)
// under those that rules ask for, as tests/thor.yml has them. No rival renames.
var renamed = map[string]string{"NewProcessName": "Image", "ParentProcessName": "ParentImage"}

// measure gives a rival every event once, decoded, until the time is up.
func measure(e rival, route *routes, w *workload, limit time.Duration) result {
	type task struct {
		class string
		event map[string]any
	}
	tasks := make([]task, len(w.lines))
	for i, raw := range w.lines {
		class, rules := route.of(raw)
		event := map[string]any{}
		if err := json.Unmarshal(raw, &event); err != nil {
			continue
		}
		for from, to := range renamed {
			if v, ok := event[from]; ok && event[to] == nil {
				event[to] = v
			}
		}
		e.prepare(class, rules)
		tasks[i] = task{class, event}
	}
	found := map[finding]bool{}
	looked := make([]bool, len(tasks))
	r := result{loaded: e.loaded()}
	began := used()
	// Every seventh event, then every seventh from the second: if the time ends
	// early, what was measured still comes from the whole file.
	for from := 0; from < 7 && r.all < limit; from++ {
		for i := from; i < len(tasks) && r.all < limit; i += 7 {
			e.match(tasks[i].class, tasks[i].event, func(id string) { found[finding{i, id}] = true })
			looked[i] = true
			r.events++
			if r.events%64 == 0 {
				r.all = used() - began
			}
		}
	}
	r.all = used() - began
	r.rate = float64(r.events) / r.all.Seconds()
	r.compare(w, found, func(i int) bool { return looked[i] })
	return r
}

// sigmaGo is github.com/bradleyjkemp/sigma-go, one evaluator for each rule.
type sigmaGo struct {
	rules map[string]sigmago.Rule
	one   map[string]*evaluator.RuleEvaluator
	class map[string][]*evaluator.RuleEvaluator
}

func parseSigmaGo(rules []*sigma.Rule) map[string]sigmago.Rule {
	out := map[string]sigmago.Rule{}
	for _, r := range rules {
		raw, err := os.ReadFile(r.File)
		if err != nil {
			continue
		}
		if rule, err := sigmago.ParseRule(raw); err == nil && rule.ID == r.ID {
			out[r.ID] = rule
		}
	}
	// A rule that fails on every event, or ends the program, is not loaded.
	for id, rule := range out {
		if !runs(rule) {
			delete(out, id)
		}
	}
	return out
}

func runs(rule sigmago.Rule) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	event := map[string]any{}
	for _, s := range rule.Detection.Searches {
		for _, m := range s.EventMatchers {
			for _, f := range m {
				event[f.Field] = "x"
			}
		}
	}
	_, err := evaluator.ForRule(rule).Matches(context.Background(), event)
	return err == nil
}

func newSigmaGo(_ string, rules []*sigma.Rule) (rival, error) {
	e := &sigmaGo{rules: parseSigmaGo(rules), one: map[string]*evaluator.RuleEvaluator{}, class: map[string][]*evaluator.RuleEvaluator{}}
	for id, r := range e.rules {
		e.one[id] = evaluator.ForRule(r)
	}
	return e, nil
}

func (e *sigmaGo) name() string { return "sigma-go 0.6.6, rule by rule" }
func (e *sigmaGo) loaded() int  { return len(e.rules) }

func (e *sigmaGo) prepare(class string, rules []*sigma.Rule) {
	if _, ok := e.class[class]; ok {
		return
	}
	e.class[class] = nil
	for _, r := range rules {
		if x := e.one[r.ID]; x != nil {
			e.class[class] = append(e.class[class], x)
		}
	}
}

func (e *sigmaGo) match(class string, event map[string]any, found func(string)) {
	for _, r := range e.class[class] {
		if res, err := r.Matches(context.Background(), event); err == nil && res.Match {
			found(r.Rule.ID)
		}
	}
}

// sigmaGoBundle is the same library with its rules compiled together, one
// bundle for each class of events.
type sigmaGoBundle struct {
	rules map[string]sigmago.Rule
	class map[string]evaluator.RuleEvaluatorBundle
}

func newSigmaGoBundle(_ string, rules []*sigma.Rule) (rival, error) {
	return &sigmaGoBundle{rules: parseSigmaGo(rules), class: map[string]evaluator.RuleEvaluatorBundle{}}, nil
}

func (e *sigmaGoBundle) name() string { return "sigma-go 0.6.6, bundle" }
func (e *sigmaGoBundle) loaded() int  { return len(e.rules) }

func (e *sigmaGoBundle) prepare(class string, rules []*sigma.Rule) {
	if _, ok := e.class[class]; ok {
		return
	}
	var list []sigmago.Rule
	for _, r := range rules {
		if x, ok := e.rules[r.ID]; ok {
			list = append(list, x)
		}
	}
	e.class[class] = evaluator.ForRules(list)
}

func (e *sigmaGoBundle) match(class string, event map[string]any, found func(string)) {
	results, err := e.class[class].Matches(context.Background(), event)
	if err != nil {
		return
	}
	for _, r := range results {
		if r.Match {
			found(r.Rule.ID)
		}
	}
}

// goSigma is github.com/markuskont/go-sigma-rule-engine.
type goSigma struct {
	trees map[string]*gosigma.Tree
	class map[string][]*gosigma.Tree
}

func newGoSigma(data string, rules []*sigma.Rule) (rival, error) {
	var dirs []string
	for _, f := range folders {
		dirs = append(dirs, filepath.Join(data, f))
	}
	// Collapsing blanks, its default, makes it some fifty times slower.
	set, err := gosigma.NewRuleset(gosigma.Config{Directory: dirs, NoCollapseWS: true})
	if err != nil {
		return nil, err
	}
	e := &goSigma{trees: map[string]*gosigma.Tree{}, class: map[string][]*gosigma.Tree{}}
	ours := map[string]bool{}
	for _, r := range rules {
		ours[r.ID] = true
	}
	for _, t := range set.Rules {
		if ours[t.Rule.ID] {
			e.trees[t.Rule.ID] = t
		}
	}
	return e, nil
}

func (e *goSigma) name() string { return "go-sigma-rule-engine 0.3.0" }
func (e *goSigma) loaded() int  { return len(e.trees) }

func (e *goSigma) prepare(class string, rules []*sigma.Rule) {
	if _, ok := e.class[class]; ok {
		return
	}
	e.class[class] = nil
	for _, r := range rules {
		if t := e.trees[r.ID]; t != nil {
			e.class[class] = append(e.class[class], t)
		}
	}
}

func (e *goSigma) match(class string, event map[string]any, found func(string)) {
	ev := goSigmaEvent{fields: event}
	for _, t := range e.class[class] {
		if _, ok := t.Eval(&ev); ok {
			found(t.Rule.ID)
		}
	}
}

// goSigmaEvent is an event as that library asks for it.
type goSigmaEvent struct {
	fields map[string]any
	words  []string
}

func (e *goSigmaEvent) Select(name string) (any, bool) {
	v, ok := e.fields[name]
	return v, ok
}

func (e *goSigmaEvent) Keywords() ([]string, bool) {
	if e.words == nil {
		for _, k := range slices.Sorted(maps.Keys(e.fields)) {
			switch v := e.fields[k].(type) {
			case string:
				e.words = append(e.words, v)
			case float64:
				e.words = append(e.words, strconv.FormatFloat(v, 'f', -1, 64))
			}
		}
	}
	return e.words, true
}
