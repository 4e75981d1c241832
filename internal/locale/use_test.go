package locale_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"recado/internal/locale"
)

// TestUse reads the program's source: every id that it names must exist and be given the facts that its text mentions.
func TestUse(t *testing.T) {
	texts := readTexts(t, locale.English)
	named := map[string]bool{}
	eachCall(t, filepath.Join("..", ".."), func(position token.Position, call *ast.CallExpr, method, id string) {
		text, found := texts[id]
		if !found {
			t.Errorf("%s: there is no text %q", position, id)
			return
		}
		named[id] = true
		if text.plural != (method == "Count") {
			t.Errorf("%s: %s wants %s", position, id, map[bool]string{true: "Count", false: "Text"}[text.plural])
			return
		}
		given, known := factsGiven(call, method)
		if known && !slices.Equal(given, text.facts) {
			t.Errorf("%s: %s is given the facts %v, its text has %v", position, id, given, text.facts)
		}
	})
	for id := range texts {
		// The id of an error may be computed, and so may other areas' ids.
		if strings.HasPrefix(id, "chat.") && !named[id] {
			t.Errorf("nothing says %s", id)
		}
	}
}

// eachCall visits the calls of methods Text and Count whose first argument is a literal that looks like an id.
func eachCall(t *testing.T, root string, visit func(position token.Position, call *ast.CallExpr, method, id string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		if entry.IsDir() && (name == "testdata" || name == "node_modules" || name == ".git") {
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, isCall := n.(*ast.CallExpr); isCall {
				if method, id := textCall(call); id != "" {
					visit(set.Position(call.Pos()), call, method, id)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func textCall(call *ast.CallExpr) (method, id string) {
	selector, isSelector := call.Fun.(*ast.SelectorExpr)
	if !isSelector || len(call.Args) == 0 || (selector.Sel.Name != "Text" && selector.Sel.Name != "Count") {
		return "", ""
	}
	if id := literal(call.Args[0]); strings.Contains(id, ".") {
		return selector.Sel.Name, id
	}
	return "", ""
}

// factsGiven is what the call names, sorted; known is false when it passes a slice on or computes a name.
func factsGiven(call *ast.CallExpr, method string) (facts []string, known bool) {
	rest := call.Args[1:]
	if call.Ellipsis.IsValid() {
		return nil, false
	}
	if method == "Count" {
		facts, rest = []string{"Count"}, rest[1:]
	}
	for i := 0; i < len(rest); i += 2 {
		name := literal(rest[i])
		if name == "" {
			return nil, false
		}
		facts = append(facts, name)
	}
	slices.Sort(facts)
	return facts, len(rest)%2 == 0
}

func literal(e ast.Expr) string {
	lit, isLiteral := e.(*ast.BasicLit)
	if !isLiteral || lit.Kind != token.STRING {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return s
}
