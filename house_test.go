package yagura_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	_ "yagura/app" // brings in every area's translations
	_ "yagura/area/cmmc/offline"
	_ "yagura/area/detect/offline"
	_ "yagura/area/psirt/csaf"
	_ "yagura/area/psirt/product"
	_ "yagura/area/psirt/sbom"
	_ "yagura/area/psirt/site"
	"yagura/kernel/country"
	"yagura/kernel/text"
)

// The rules of docs/house.md, as tests.

// file is a Go source file of the repository.
type file struct {
	path string // slashed, from the root
	pkg  string // folder
	test bool
	ast  *ast.File
	set  *token.FileSet
}

func (f file) at(p token.Pos) string {
	return fmt.Sprintf("%s:%d", f.path, f.set.Position(p).Line)
}

func sources(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() && path != "." {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
				return filepath.SkipDir // a module of its own, with rules of its own
			}
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		slashed := filepath.ToSlash(path)
		files = append(files, file{slashed, filepath.ToSlash(filepath.Dir(path)), strings.HasSuffix(path, "_test.go"), tree, set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// storey is where a folder stands in the house.
func storey(pkg string) string {
	parts := strings.Split(pkg, "/")
	switch {
	case parts[0] == "area" && len(parts) >= 3 && parts[2] == "web":
		return "web"
	case parts[0] == "area" && len(parts) > 2:
		return "inner"
	}
	return parts[0]
}

func areaOf(pkg string) string {
	parts := strings.Split(pkg, "/")
	if parts[0] == "area" && len(parts) > 1 {
		return parts[1]
	}
	return ""
}

// pure are the inner packages of areas that know no database and no page, nor
// anything that does: what a specialist would import, and what offline commands
// call.
func pure(files []file) map[string]bool {
	imports := map[string][]string{}
	for _, f := range files {
		for _, imp := range f.ast.Imports {
			if path, _ := strconv.Unquote(imp.Path.Value); !f.test && strings.HasPrefix(path, "yagura/") {
				imports[f.pkg] = append(imports[f.pkg], strings.TrimPrefix(path, "yagura/"))
			}
		}
	}
	knows := map[string]bool{"kernel/store": true, "console": true, "api": true}
	var asks func(pkg string) bool
	asks = func(pkg string) bool {
		if _, told := knows[pkg]; !told {
			knows[pkg] = slices.ContainsFunc(imports[pkg], asks)
		}
		return knows[pkg]
	}
	found := map[string]bool{}
	for _, f := range files {
		if storey(f.pkg) == "inner" && !asks(f.pkg) {
			found[f.pkg] = true
		}
	}
	return found
}

// mayImport is the table of who may import whom.
func mayImport(from, to string, pure map[string]bool) bool {
	f, t := storey(from), storey(to)
	if from == "." || f == "e2e" { // tests of the whole
		return true
	}
	switch f {
	case "kernel":
		return t == "kernel"
	case "fact":
		return t == "kernel"
	case "api":
		return t == "kernel" || t == "api"
	case "console":
		return t == "kernel" || t == "api" || t == "console"
	case "area", "inner", "web":
		if t == "kernel" || t == "fact" {
			return true
		}
		if f == "web" && (t == "console" || t == "api") {
			return true
		}
		return areaOf(from) == areaOf(to) && t != "web" || areaOf(from) != areaOf(to) && pure[to] && f != "area"
	case "app":
		return t != "cmd" && t != "e2e"
	case "cmd":
		return t == "app" || t == "kernel" || pure[to]
	}
	return false
}

func TestStoreys(t *testing.T) {
	files := sources(t)
	pures := pure(files)
	for _, f := range files {
		for _, imp := range f.ast.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			to, ours := strings.CutPrefix(path, "yagura/")
			if !ours || f.test && (strings.HasPrefix(to, "kernel/store/storetest") || storey(to) == "kernel" || storey(f.pkg) == "app") {
				continue
			}
			if f.test && areaOf(f.pkg) != "" && (storey(to) == "console" || storey(to) == "api" || to == f.pkg) {
				continue
			}
			if !mayImport(f.pkg, to, pures) {
				t.Errorf("%s: %s may not import %s", f.at(imp.Pos()), f.pkg, to)
			}
		}
	}
}

// thirdParty says which modules a storey or folder may use, outside tests.
var thirdParty = map[string][]string{
	"kernel/store":                   {"github.com/jackc/pgx/v5", "modernc.org/sqlite"},
	"kernel/store/storetest":         {},
	"kernel/id":                      {"github.com/google/uuid"},
	"kernel/ledger":                  {"golang.org/x/mod"},
	"kernel/config":                  {"go.yaml.in/yaml/v3"},
	"kernel/document":                {"gocloud.dev"},
	"kernel/notify":                  {"github.com/wneessen/go-mail"},
	"kernel/search":                  {"golang.org/x/text"},
	"kernel/country":                 {"golang.org/x/text"},
	"kernel/observe":                 {"go.opentelemetry.io", "github.com/prometheus/client_golang"},
	"area/identity":                  {"github.com/go-webauthn/webauthn", "github.com/google/uuid", "github.com/go-jose/go-jose/v4", "github.com/zitadel/oidc/v3"},
	"area/identity/saml":             {"github.com/crewjam/saml", "github.com/russellhaering/goxmldsig", "github.com/beevik/etree"},
	"area/identity/radius":           {"layeh.com/radius"},
	"area/identity/geo":              {"github.com/oschwald/maxminddb-golang/v2"},
	"area/identity/policy":           {"github.com/gaissmai/bart", "go.yaml.in/yaml/v3"},
	"area/identity/web":              {"rsc.io/qr"},
	"area/identity/password":         {"golang.org/x/crypto", "golang.org/x/text"},
	"area/identity/ldap":             {"github.com/go-ldap/ldap/v3", "github.com/google/uuid", "go.yaml.in/yaml/v3"},
	"area/cmmc/library":              {"go.yaml.in/yaml/v3"},
	"area/cmmc/paper":                {"github.com/xuri/excelize/v2"},
	"area/org":                       {"golang.org/x/text"},
	"area/telemetry":                 {"github.com/gaissmai/bart", "github.com/klauspost/compress", "github.com/leodido/go-syslog/v4", "golang.org/x/net", "golang.org/x/sys", "go.yaml.in/yaml/v3"},
	"area/telemetry/intake/otlp":     {"go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf"},
	"area/telemetry/web":             {"go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf", "google.golang.org/grpc", "google.golang.org/genproto/googleapis/rpc"},
	"area/telemetry/victoria/server": {"github.com/VictoriaMetrics/VictoriaMetrics"},
	"area/detect":                    {"go.yaml.in/yaml/v3", "golang.org/x/mod", "github.com/klauspost/compress", "github.com/gaissmai/bart", "golang.org/x/text"},
	"area/psirt":                     {"github.com/CycloneDX/cyclonedx-go", "github.com/package-url/packageurl-go", "golang.org/x/text"},
	"area/psirt/site":                {"github.com/ProtonMail/gopenpgp/v3", "go.yaml.in/yaml/v3"},
	"console":                        {},
	"api":                            {},
	"app":                            {"golang.org/x/sys", "go.opentelemetry.io", "google.golang.org/grpc"},
}

func TestThirdParty(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || f.pkg == "." || storey(f.pkg) == "e2e" {
			continue
		}
		for _, imp := range f.ast.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
				continue
			}
			var allowed []string
			for folder := f.pkg; folder != "."; folder = filepath.ToSlash(filepath.Dir(folder)) {
				if list, ok := thirdParty[folder]; ok {
					allowed = list
					break
				}
			}
			if !slices.ContainsFunc(allowed, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") }) {
				t.Errorf("%s: %s does not use %s: add it here with an ADR, or do without", f.at(imp.Pos()), f.pkg, path)
			}
		}
	}
}

func TestNamesOfPackages(t *testing.T) {
	for _, f := range sources(t) {
		switch f.ast.Name.Name {
		case "util", "utils", "helper", "helpers", "common", "manager", "impl", "misc":
			t.Errorf("%s: a package is named after what it is for, not %s", f.path, f.ast.Name.Name)
		}
	}
}

// calls visits every call of a function or method that is written pkg.Name.
func calls(f file, visit func(call *ast.CallExpr, receiver, name string)) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
			receiver := ""
			switch x := sel.X.(type) {
			case *ast.Ident:
				receiver = x.Name
			case *ast.SelectorExpr:
				receiver = x.Sel.Name
			}
			visit(call, receiver, sel.Sel.Name)
		}
		return true
	})
}

func TestTheClockIsAsked(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || f.pkg == "kernel/clock" || strings.HasSuffix(f.pkg, "storetest") || storey(f.pkg) == "e2e" {
			continue
		}
		calls(f, func(call *ast.CallExpr, receiver, name string) {
			if receiver == "time" && (name == "Now" || name == "Since" || name == "Until") {
				t.Errorf("%s: time.%s is asked of kernel/clock", f.at(call.Pos()), name)
			}
		})
	}
}

// operates are the folders whose rows may change without a ledger record, and
// why.
var operates = map[string]string{
	"kernel/store":   "defines it",
	"kernel/ledger":  "sealing and positions are the ledger itself",
	"kernel/job":     "progress of jobs",
	"kernel/notify":  "read marks and delivery states",
	"kernel/alive":   "which processes run is no fact about the world",
	"kernel/search":  "the index is made from recorded state",
	"area/telemetry": "events are no state: journal, event store, counters",
	"area/identity":  "last sight of sessions, what is spent of ceremonies, the log of refusals",
	"area/detect":    "positions and counters of the engine",
	"area/incident":  "rate limits of the public form",
	"area/cmmc":      "when a signal was last seen unchanged, what books have long read, warnings of a day",
	"area/psirt":     "reminders of what the pool of CVE IDs needs, wishes to subscribe that nobody confirmed",
	"app":            "restoring a backup",
}

func TestOnlyMachineryOperates(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || storey(f.pkg) == "e2e" {
			continue
		}
		calls(f, func(call *ast.CallExpr, receiver, name string) {
			if name != "Operate" {
				return
			}
			for folder := f.pkg; folder != "."; folder = filepath.ToSlash(filepath.Dir(folder)) {
				if _, ok := operates[folder]; ok {
					return
				}
			}
			t.Errorf("%s: %s changes state with a record, by Change", f.at(call.Pos()), f.pkg)
		})
	}
}

// keyAt says at which argument a call has a sentence.
func keyAt(receiver, name string) (int, bool) {
	switch receiver + "." + name {
	case "text.M", "fault.Invalidf", "fault.Denied", "fault.NotFound", "fault.Conflict", "fault.Unauthenticated", "c.T":
		return 0, true
	case "text.T", "fault.F", "fault.TooBusy":
		return 1, true
	}
	return 0, false
}

// sentences are all keys in use, with where each is.
func sentences(t *testing.T) map[string]string {
	t.Helper()
	used := map[string]string{}
	for _, f := range sources(t) {
		if f.test || f.pkg == "kernel/text" {
			continue
		}
		calls(f, func(call *ast.CallExpr, receiver, name string) {
			i, ok := keyAt(receiver, name)
			if !ok || len(call.Args) <= i {
				return
			}
			key, ok := literal(call.Args[i])
			if !ok {
				if f.pkg != "kernel/fault" && f.pkg != "console" && f.pkg != "api" {
					t.Errorf("%s: the sentence of %s.%s is a literal", f.at(call.Pos()), receiver, name)
				}
				return
			}
			used[key] = f.at(call.Pos())
		})
	}
	for path, tree := range templates(t) {
		walkTemplate(tree, func(key string, line int) { used[key] = fmt.Sprintf("%s:%d", path, line) })
	}
	return used
}

func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, err := strconv.Unquote(e.Value)
			return s, err == nil
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			a, ok1 := literal(e.X)
			b, ok2 := literal(e.Y)
			return a + b, ok1 && ok2
		}
	case *ast.ParenExpr:
		return literal(e.X)
	}
	return "", false
}

func views(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, top := range []string{"console", "area", "app"} {
		filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(path, ".html") {
				paths = append(paths, filepath.ToSlash(path))
			}
			return nil
		})
	}
	if len(paths) == 0 {
		t.Fatal("no views found")
	}
	return paths
}

func templates(t *testing.T) map[string]map[string]*parse.Tree {
	t.Helper()
	all := map[string]map[string]*parse.Tree{}
	for _, path := range views(t) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tree := parse.New(path)
		tree.Mode = parse.SkipFuncCheck
		set := map[string]*parse.Tree{}
		if _, err := tree.Parse(string(raw), "", "", set); err != nil {
			t.Fatal(err)
		}
		set[path] = tree
		all[path] = set
	}
	return all
}

func walkTemplate(set map[string]*parse.Tree, visit func(key string, line int)) {
	var pipe func(*parse.PipeNode, *parse.Tree)
	var node func(parse.Node, *parse.Tree)
	line := func(n parse.Node, tree *parse.Tree) int {
		where, _ := tree.ErrorContext(n)
		parts := strings.Split(where, ":")
		if len(parts) > 1 {
			l, _ := strconv.Atoi(parts[1])
			return l
		}
		return 0
	}
	pipe = func(p *parse.PipeNode, tree *parse.Tree) {
		if p == nil {
			return
		}
		for _, cmd := range p.Cmds {
			for i, arg := range cmd.Args {
				if id, ok := arg.(*parse.IdentifierNode); ok && id.Ident == "t" && i+1 < len(cmd.Args) {
					if s, ok := cmd.Args[i+1].(*parse.StringNode); ok {
						visit(s.Text, line(s, tree))
					}
				}
				if inner, ok := arg.(*parse.PipeNode); ok {
					pipe(inner, tree)
				}
			}
		}
	}
	node = func(n parse.Node, tree *parse.Tree) {
		branch := func(p *parse.PipeNode, lists ...*parse.ListNode) {
			pipe(p, tree)
			for _, l := range lists {
				if l != nil {
					node(l, tree)
				}
			}
		}
		switch n := n.(type) {
		case *parse.ListNode:
			for _, child := range n.Nodes {
				node(child, tree)
			}
		case *parse.ActionNode:
			pipe(n.Pipe, tree)
		case *parse.IfNode:
			branch(n.Pipe, n.List, n.ElseList)
		case *parse.RangeNode:
			branch(n.Pipe, n.List, n.ElseList)
		case *parse.WithNode:
			branch(n.Pipe, n.List, n.ElseList)
		case *parse.TemplateNode:
			pipe(n.Pipe, tree)
		}
	}
	for _, tree := range set {
		if tree != nil && tree.Root != nil {
			node(tree.Root, tree)
		}
	}
}

var verbs = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*\d*(?:\.\d+)?([a-zA-Z%])`)

// signature is the arguments that a sentence shows, in order of argument.
func signature(s string) string {
	next, args := 1, map[int]string{}
	for _, m := range verbs.FindAllStringSubmatch(s, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		args[next] = m[2]
		next++
	}
	var b strings.Builder
	for _, i := range slices.Sorted(maps.Keys(args)) {
		fmt.Fprintf(&b, "%d%s ", i, args[i])
	}
	return b.String()
}

func TestEverySentenceIsTranslated(t *testing.T) {
	used, catalog := sentences(t), text.Catalog()
	wordless := regexp.MustCompile(`[A-Za-z]{2,}`)
	for _, key := range slices.Sorted(maps.Keys(used)) {
		if !wordless.MatchString(verbs.ReplaceAllString(key, "")) {
			continue
		}
		ja, ok := catalog[key]
		switch {
		case !ok:
			t.Errorf("%s: no Japanese for %q", used[key], key)
		case strings.TrimSpace(ja) == "":
			t.Errorf("%s: empty Japanese for %q", used[key], key)
		case signature(ja) != signature(key):
			t.Errorf("%s: %q and %q show different arguments", used[key], key, ja)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(catalog)) {
		if _, ok := used[key]; !ok && !strings.HasSuffix(key, country.Mark) { // those come from CLDR
			t.Errorf("orphaned translation: %q is said nowhere", key)
		}
	}
}

var forbidden = regexp.MustCompile(`(?i)(\sstyle\s*=|\son[a-z]+\s*=\s*["']|<style\b|<script\b|javascript:)`)

func TestViewsKeepTheContentSecurityPolicy(t *testing.T) {
	for _, path := range views(t) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(raw)) {
			n++
			if m := forbidden.FindString(line); m != "" && !(path == "console/views/page.html" && strings.HasPrefix(strings.TrimSpace(line), "<script src=")) {
				t.Errorf("%s:%d: %q has no place in a view", path, n, strings.TrimSpace(m))
			}
		}
	}
}
