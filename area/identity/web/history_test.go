package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"yagura/area/identity"
	"yagura/area/identity/policy"
	"yagura/console"
	"yagura/kernel/text"
)

// said tells whether a message is in words of both languages.
func said(m text.Message) bool {
	_, ja := text.Catalog()[m.Key]
	return m.Key != "%s" && ja
}

// TestEveryEventHasWords walks all kinds, both outcomes, with and without an
// application.
func TestEveryEventHasWords(t *testing.T) {
	for _, kind := range identity.EventKinds {
		for _, outcome := range []identity.Outcome{identity.Allowed, identity.Refused} {
			for _, app := range []string{"", "Payroll"} {
				e := identity.Entry{App: app}
				e.Kind, e.Outcome, e.Client = kind, outcome, app
				if m := eventName(e); !said(m) {
					t.Errorf("%s, %s: %v", kind, outcome, m)
				}
			}
		}
		e := identity.Entry{App: "Payroll"}
		e.Kind = kind
		names := strings.Contains(eventName(e).In(text.EN), "Payroll")
		switch kind {
		case identity.EnterClient, identity.CodeReplayed, identity.RefreshReused, identity.BreakGlassUsed, identity.SignIn, identity.SessionBegan, identity.SessionEnded:
			if !names {
				t.Errorf("%s does not name the application", kind)
			}
		}
	}
}

// TestEveryReasonHasWords reads the reasons out of the sources: those that are
// given by name, and those of policies.
func TestEveryReasonHasWords(t *testing.T) {
	reasons := map[string]string{}
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	policies, _ := filepath.Glob("../policy/decide.go")
	constants := map[string]string{}
	for _, path := range append(files, policies...) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if i < len(n.Values) {
						if lit, ok := n.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
							constants[name.Name], _ = strconv.Unquote(lit.Value)
							if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Reason" {
								reasons[constants[name.Name]] = path
							}
						}
					}
				}
			case *ast.CallExpr:
				name := ""
				switch fun := n.Fun.(type) {
				case *ast.Ident:
					name = fun.Name
				case *ast.SelectorExpr:
					name = fun.Sel.Name
				}
				if name != "refuse" && name != "noteRefusal" && name != "refused" || len(n.Args) == 0 {
					break
				}
				switch last := n.Args[len(n.Args)-1].(type) {
				case *ast.BasicLit:
					reason, _ := strconv.Unquote(last.Value)
					reasons[reason] = path
				case *ast.Ident:
					reasons["="+last.Name] = path
				}
			}
			return true
		})
	}
	n := 0
	for reason, path := range reasons {
		if name, ok := strings.CutPrefix(reason, "="); ok {
			if reason, ok = constants[name]; !ok {
				continue // a variable
			}
		}
		n++
		e := identity.Entry{}
		e.Kind, e.Outcome, e.Reason = identity.SignIn, identity.Refused, reason
		m := eventName(e).Args[0].(text.Message)
		if !said(m) || !said(reasonName(policy.Weak)) {
			t.Errorf("%s: the reason %q has no words: %v", path, reason, m)
		}
	}
	if n < 15 {
		t.Errorf("only %d reasons were found", n)
	}
}

// TestEveryFactHasWords walks what a history may tell.
func TestEveryFactHasWords(t *testing.T) {
	kinds := identity.AboutPeople()
	if len(kinds) < 30 {
		t.Errorf("%d kinds", len(kinds))
	}
	for _, kind := range kinds {
		for _, d := range []about{{}, {Approved: true, Allowed: true, Active: true, As: "manager"}, {Withdrawn: true}} {
			if m := factName(kind, d); m.IsZero() || m.Key == "%s" {
				t.Errorf("%s has no name", kind)
			}
		}
		if factEvent(&console.Context{}, identity.Entry{Fact: kind}).Title.IsZero() {
			t.Errorf("%s has no title", kind)
		}
	}
}
