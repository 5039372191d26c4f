package sigma

import (
	"sort"
	"strings"
	"sync"
)

// Options are what rules need of the site they run at.
type Options struct {
	// Placeholders are the values for %name% of the expand modifier.
	Placeholders map[string][]string
}

// Engine is a set of rules compiled together. It does not change once made and
// may be shared; each goroutine takes a [Matcher] of its own.
type Engine struct {
	rules    []*Rule
	variants []variant
	byRule   [][]int32 // variants of each rule
	tests    []*ctest
	interned map[string]int32
	fields   *fieldTable
	mapping  *Mapping
	router   router
	patterns []func() *pattern // made when first asked; nil where Go's regexp has to do

	mu       sync.Mutex
	programs map[string]*program
	searches map[string]*rawSearch
}

// variant is a rule under the field names of some of its log sources.
type variant struct {
	rule  int32
	alias int32 // index of the mapping source whose names it uses, -1 for its own
	root  *enode
}

// enode is a compiled part of a condition, its parts ordered by cost.
type enode struct {
	kind   kind
	test   int32
	cost   float64
	chance float64 // that it holds, a guess
	kids   []*enode
}

// Compile puts rules together. A rule that cannot be compiled is left out and
// named; the others are not touched by it. A nil mapping is [DefaultMapping].
func Compile(rules []*Rule, m *Mapping, o Options) (*Engine, []Problem) {
	if m == nil {
		m = DefaultMapping()
	}
	e := &Engine{mapping: m, fields: newFieldTable(), interned: map[string]int32{},
		programs: map[string]*program{}, searches: map[string]*rawSearch{}}
	e.router.init(e)
	var problems []Problem
	for _, r := range rules {
		root, err := expand(r.root, o.Placeholders)
		if err != nil {
			problems = append(problems, Problem{File: r.File, Line: r.Line, Rule: r.ID, Title: r.Title, Text: err.Error()})
			continue
		}
		n := int32(len(e.rules))
		e.rules = append(e.rules, r)
		e.byRule = append(e.byRule, e.compileRule(n, r, root))
	}
	e.fields.freeze()
	return e, problems
}

// Rules are the rules that compiled, in the order given.
func (e *Engine) Rules() []*Rule { return e.rules }

// Unrouted are rules for whose log source the mapping has no entry: they only
// see events that come with a hint.
func (e *Engine) Unrouted() []*Rule {
	var out []*Rule
	for _, r := range e.rules {
		if !e.mapping.Knows(r.LogSource) {
			out = append(out, r)
		}
	}
	return out
}

func (e *Engine) compileRule(n int32, r *Rule, root *node) []int32 {
	add := func(alias int32, names map[string]string) int32 {
		e.variants = append(e.variants, variant{rule: n, alias: alias, root: e.lower(root, names)})
		return int32(len(e.variants) - 1)
	}
	out := []int32{add(-1, nil)}
	asked := map[string]bool{}
	walkTests(root, func(t *test) {
		asked[t.field] = true
		if t.op == opRef {
			asked[t.ref] = true
		}
	})
	for i := range e.mapping.sources {
		s := &e.mapping.sources[i]
		if len(s.fields) == 0 || !r.LogSource.covers(s.LogSource) || r.LogSource.Category != s.Category {
			continue
		}
		for f := range s.fields {
			if asked[f] {
				out = append(out, add(int32(i), s.fields))
				break
			}
		}
	}
	return out
}

func walkTests(n *node, do func(*test)) {
	if n.kind == kindTest {
		do(n.test)
	}
	for _, k := range n.kids {
		walkTests(k, do)
	}
}

// expand replaces tests that wait for placeholders.
func expand(n *node, known map[string][]string) (*node, error) {
	if n.kind == kindTest {
		if n.test.op == opExpand {
			return n.test.expand(known)
		}
		return n, nil
	}
	var kids []*node
	for i, k := range n.kids {
		x, err := expand(k, known)
		if err != nil {
			return nil, err
		}
		if x != k && kids == nil {
			kids = append([]*node(nil), n.kids...)
		}
		if kids != nil {
			kids[i] = x
		}
	}
	if kids == nil {
		return n, nil
	}
	return &node{kind: n.kind, kids: kids, name: n.name}, nil
}

// lower turns a tree into its compiled form: nested parts of one kind are
// joined, literals on one field become one set, and cheap parts come first.
func (e *Engine) lower(n *node, names map[string]string) *enode {
	switch n.kind {
	case kindTest:
		return e.leaf(n.test, names)
	case kindNot:
		k := e.lower(n.kids[0], names)
		if k.kind == kindNot {
			return k.kids[0]
		}
		return &enode{kind: kindNot, kids: []*enode{k}, cost: k.cost, chance: 1 - k.chance}
	}
	flat := flatten(n, n.kind, nil)
	if n.kind == kindOr {
		flat = gather(flat)
	}
	out := &enode{kind: n.kind}
	have := map[int32]bool{}
	for _, k := range flat {
		x := e.lower(k, names)
		if x.kind == kindTest {
			if have[x.test] {
				continue
			}
			have[x.test] = true
		}
		out.cost += x.cost
		out.kids = append(out.kids, x)
	}
	if len(out.kids) == 1 {
		return out.kids[0]
	}
	// First what decides most for least.
	rank := func(n *enode) float64 {
		decides := n.chance
		if out.kind == kindAnd {
			decides = 1 - n.chance
		}
		return n.cost / max(decides, 0.01)
	}
	sort.SliceStable(out.kids, func(i, j int) bool { return rank(out.kids[i]) < rank(out.kids[j]) })
	out.chance = 1
	if out.kind == kindOr {
		out.chance = 0
	}
	for _, x := range out.kids {
		if out.kind == kindAnd {
			out.chance *= x.chance
		} else {
			out.chance = min(1, out.chance+x.chance)
		}
	}
	return out
}

func flatten(n *node, k kind, out []*node) []*node {
	for _, kid := range n.kids {
		if kid.kind == k || (len(kid.kids) == 1 && (kid.kind == kindAnd || kid.kind == kindOr)) {
			out = flatten(kid, k, out)
		} else {
			out = append(out, kid)
		}
	}
	return out
}

// minSet is the number of literals on one field from which they are one test.
const minSet = 4

func gather(kids []*node) []*node {
	count := map[string]int{}
	isLit := func(n *node) bool {
		return n.kind == kindTest && !n.test.cased && n.test.op <= opSuffix
	}
	for _, k := range kids {
		if isLit(k) {
			count[k.test.field]++
		}
	}
	sets := map[string]*test{}
	var out []*node
	for _, k := range kids {
		if !isLit(k) || count[k.test.field] < minSet {
			out = append(out, k)
			continue
		}
		s := sets[k.test.field]
		if s == nil {
			s = &test{field: k.test.field, op: opSet, line: k.test.line}
			sets[k.test.field] = s
			out = append(out, leaf(s))
		}
		s.set = append(s.set, setItem{k.test.op, k.test.lit})
	}
	for _, s := range sets {
		sort.Slice(s.set, func(i, j int) bool {
			return s.set[i].lit < s.set[j].lit || s.set[i].lit == s.set[j].lit && s.set[i].op < s.set[j].op
		})
	}
	return out
}

func (e *Engine) leaf(t *test, names map[string]string) *enode {
	if names != nil {
		field, ref := names[t.field], names[t.ref]
		if field != "" || ref != "" {
			c := *t
			if field != "" {
				c.field = fieldKey(field)
			}
			if ref != "" && t.op == opRef {
				c.ref = fieldKey(ref)
			}
			t = &c
		}
	}
	key := t.key()
	n, ok := e.interned[key]
	if !ok {
		n = int32(len(e.tests))
		e.interned[key] = n
		c := &ctest{test: t, num: -1, refNum: -1, cost: t.cost(), chance: t.chance()}
		if t.field != "" {
			c.num = e.fields.number(t.field)
		}
		if t.op == opRef {
			c.refNum = e.fields.number(t.ref)
		}
		if t.op == opSet {
			c.prepareSet()
		}
		if t.op == opRegex && t.dots == 0 {
			e.patterns = append(e.patterns, sync.OnceValue(func() *pattern { return newPattern(t.re.String()) }))
			c.dfa = int32(len(e.patterns))
		}
		if t.field == "" {
			c.safe = safeRuns(t)
		}
		e.tests = append(e.tests, c)
	}
	return &enode{kind: kindTest, test: n, cost: e.tests[n].cost, chance: e.tests[n].chance}
}

// cost is what one evaluation takes, in units of comparing a short text.
func (t *test) cost() float64 {
	if t.field == "" {
		return 200
	}
	switch t.op {
	case opEq, opPrefix, opSuffix, opAny, opNull, opExists:
		return 1
	case opContains:
		return 2
	case opSet:
		return 3 + float64(min(len(t.set), 16))/2
	case opRegex:
		if len(t.need) > 0 {
			return 10
		}
		return 100
	case opWild, opRef:
		return 6
	}
	return 12
}

// chance is a guess how often the test holds among events that have the field.
// It only decides what is looked at first, never what matches.
func (t *test) chance() float64 {
	switch t.op {
	case opEq, opContains, opPrefix, opSuffix:
		return chanceOf(t.field, t.op, t.lit)
	case opSet:
		sum := 0.0
		for _, s := range t.set {
			sum += chanceOf(t.field, s.op, s.lit)
		}
		return min(sum, 0.95)
	case opWild:
		return chanceOf(t.field, opContains, longest(t.parts))
	case opRegex:
		if len(t.need) == 0 {
			return 0.9
		}
		sum := 0.0
		for _, n := range t.need {
			sum += chanceOf(t.field, opContains, n)
		}
		return min(sum, 0.9)
	case opCIDR:
		return 0.3
	}
	return 0.8
}

// ordinary are texts that many values have, with how often that is.
var ordinary = map[string]float64{
	`.exe`: 0.7, `.dll`: 0.5, `\windows\`: 0.6, `c:\windows\`: 0.6, `:\windows\`: 0.6, `c:\windows`: 0.6, `\system32\`: 0.5, `\system32`: 0.5,
	`system32`: 0.5, `c:\windows\system32\`: 0.5, `:\windows\system32\`: 0.5, `c:\windows\system32`: 0.5, `\users\`: 0.3, `c:\users\`: 0.3, `:\users\`: 0.3, `c:\`: 0.9, `\`: 0.9,
	`http`: 0.1, `powershell`: 0.15, `\powershell.exe`: 0.12, `powershell.exe`: 0.12, `cmd`: 0.2, `\cmd.exe`: 0.2, `c:\windows\system32\cmd.exe`: 0.12,
	`cmd.exe`: 0.2, `\svchost.exe`: 0.3, `c:\windows\system32\svchost.exe`: 0.4, `\services.exe`: 0.15, `c:\windows\system32\services.exe`: 0.15,
	`system`: 0.3, `nt authority\`: 0.4, `nt authority\system`: 0.4, `authori`: 0.4, `autori`: 0.1, `0x3e7`: 0.4, `s-1-5-18`: 0.4, `$`: 0.3,
	`microsoft`: 0.6, `microsoft corporation`: 0.6, `windows`: 0.6, `conhost.exe`: 0.15, `conhost`: 0.15, `0xffffffff`: 0.15, `conhost.exe 0xffffffff -forcev1`: 0.15,
	`hklm\`: 0.5, `hku\`: 0.3, `\software\`: 0.5, `\system\currentcontrolset\`: 0.3, `\microsoft\windows\`: 0.4, `currentcontrolset`: 0.3,
	`software\microsoft\windows\currentversion`: 0.3, `\currentversion\`: 0.3, `\explorer.exe`: 0.1, `c:\windows\explorer.exe`: 0.1, `true`: 0.4, `false`: 0.4,
	`\conhost.exe`: 0.15, `\net.exe`: 0.03, `\net1.exe`: 0.03, `\reg.exe`: 0.06, `reg.exe`: 0.06, `\rundll32.exe`: 0.04, `rundll32.exe`: 0.04,
	`\netsh.exe`: 0.05, `netsh.exe`: 0.05, `\sc.exe`: 0.04, `sc.exe`: 0.04, `\whoami.exe`: 0.03, `\cscript.exe`: 0.06, `\wscript.exe`: 0.06, `\wmic.exe`: 0.03,
	`\dllhost.exe`: 0.03, `\taskhostw.exe`: 0.03, `\wmiprvse.exe`: 0.03, `\wermgr.exe`: 0.03, `\schtasks.exe`: 0.03, `\lsass.exe`: 0.1,
	`\appdata\`: 0.15, `\appdata\local\`: 0.1, `\appdata\local`: 0.1, `\appdata\local\temp\`: 0.06, `\appdata\roaming\`: 0.05, `\temp\`: 0.08, `c:\program files\`: 0.15,
	`c:\program files (x86)\`: 0.08, `:\program files\`: 0.15, `:\program files (x86)\`: 0.08, `\program files`: 0.2, `c:\programdata\`: 0.06, `c:\programdata`: 0.06, `:\programdata\`: 0.06,
	` start `: 0.05, `process `: 0.06, `firewall `: 0.05, ` firewall `: 0.05, `-device`: 0.05, `-window`: 0.04, `advfirewall`: 0.04, ` /c `: 0.15, `/c`: 0.2, ` -c `: 0.06,
}

func chanceOf(field string, o op, lit string) float64 {
	if p, ok := ordinary[lit]; ok {
		return p
	}
	if n := len(lit); n >= 4 && o != opEq {
		for _, c := range commonest {
			if strings.Contains(c, lit) {
				return 0.2
			}
		}
	}
	if o == opEq {
		switch field {
		case "EventID", "Channel", "Provider_Name", "IntegrityLevel", "EventType", "Initiated", "Level", "Opcode", "type":
			return 0.3
		}
	}
	n := len(lit)
	if strings.HasPrefix(lit, `\`) && o == opSuffix && n > 4 {
		return 0.01
	}
	if o == opEq || o == opSuffix || o == opPrefix {
		n += 2
	}
	switch {
	case n <= 1:
		return 0.85
	case n == 2:
		return 0.5
	case n == 3:
		return 0.25
	case n == 4:
		return 0.12
	case n == 5:
		return 0.06
	case n <= 8:
		return 0.03
	case n <= 12:
		return 0.015
	}
	return 0.008
}
