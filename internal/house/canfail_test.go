package house_test

import (
	"strings"
	"testing"
)

// A rule that cannot fail proves nothing: each is shown a tree that breaks it, and one that does not.
func TestImportRulesCanFail(t *testing.T) {
	for name, tt := range map[string]struct {
		path, imports string
		want          string // "" for no breach
	}{
		"allowed":                              {"internal/hub/hub.go", `"recado"`, ""},
		"another package of the house":         {"internal/hub/hub.go", `"recado/internal/protocol/raw"`, "hub.go imports"},
		"upwards":                              {"client/client.go", `"recado/internal/tui"`, "may import only"},
		"the root from nowhere":                {"recado.go", `"recado/internal/hub"`, "may import only"},
		"a package with that prefix":           {"internal/hub/hub.go", `"recadox"`, ""},
		"a broker outside the program":         {"internal/server/server.go", `"recado/internal/broker/memory"`, "may import only"},
		"a broker in a test":                   {"internal/server/server_test.go", `"recado/internal/broker/memory"`, ""},
		"the package itself, in a test":        {"internal/hub/hub_test.go", `"recado/internal/hub"`, ""},
		"another package of it, in a test":     {"internal/hub/hub_test.go", `"recado/internal/server"`, "may import only"},
		"a suite in a test":                    {"internal/broker/memory/memory_test.go", `"recado/internal/broker/brokertest"`, ""},
		"a suite outside of tests":             {"internal/broker/memory/memory.go", `"recado/internal/broker/brokertest"`, "is for tests"},
		"a module in its place":                {"internal/transport/transport.go", `ws "github.com/gobwas/ws/wsutil"`, ""},
		"a module elsewhere":                   {"internal/hub/hub.go", `_ "github.com/gobwas/ws"`, "is confined to"},
		"a module elsewhere, in a test":        {"internal/hub/hub_test.go", `"github.com/spf13/cobra"`, "is confined to"},
		"a module for tests too":               {"internal/hub/hub_test.go", `"github.com/gobwas/ws"`, ""},
		"a module that nobody listed":          {"internal/hub/hub.go", `"example.org/queue"`, "has no row"},
		"a module for tests":                   {"internal/hub/hub_test.go", `"pgregory.net/rapid"`, ""},
		"a module for tests, outside":          {"internal/hub/hub.go", `"pgregory.net/rapid"`, "is for tests"},
		"the root takes no module":             {"recado.go", `"golang.org/x/text/unicode/norm"`, "is confined to"},
		"no sockets in the hub":                {"internal/hub/hub.go", `"net/http"`, "knows nothing of net"},
		"the standard library":                 {"internal/hub/hub.go", `"sync"`, ""},
		"a package that nobody listed":         {"internal/engine/engine.go", `"sync"`, "no row in the table"},
		"a file for another system":            {"internal/hub/hub_windows.go", `"syscall"`, "knows nothing of syscall"},
		"a module of its own is not looked at": {"bench/peers/main.go", `"example.org/queue"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tree := append(wholeHouse(), file{tt.path, "package p\n\nimport " + tt.imports + "\n"})
			wantBreach(t, checkImports(tree), tt.want)
		})
	}
	t.Run("a row for nothing", func(t *testing.T) {
		wantBreach(t, checkImports(wholeHouse()[:4]), "has no Go file")
	})
	t.Run("a file that is not Go", func(t *testing.T) {
		wantBreach(t, checkImports(append(wholeHouse(), file{"web/web.go", "import"})), "web/web.go")
	})
}

func TestTextRulesCanFail(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("\n", n) }
	for name, tt := range map[string]struct {
		files []file
		want  string // "" for no breach
	}{
		"as long as it may be":    {[]file{{"web/page/a.css", lines(maxLines)}}, ""},
		"too long":                {[]file{{"web/page/a.css", lines(maxLines + 1)}}, "401 lines"},
		"long, but no code":       {[]file{{"CHANGELOG.md", lines(maxLines + 1)}}, ""},
		"left for later":          {[]file{{"a/README.md", "\n// TO" + "DO: more"}}, "README.md:2"},
		"a word with that inside": {[]file{{"README.md", "MASTO" + "DON todo"}}, ""},
		"a skipped Go test":       {[]file{{"bench/peers/a_test.go", "\tt.Skip" + "f(`no`)"}}, "no test is skipped"},
		"a skipped page test":     {[]file{{"web/test/a.js", "test.only" + "(() => {})"}}, "no test is skipped"},
		"a registry":              {[]file{{"web/package-lock.json", "https://registry.npm" + "js.org/x"}}, "package registry"},
		"a package doc in place":  {[]file{{"p/p.go", "// Package p.\npackage p\n"}, {"p/q.go", "package p\n"}}, ""},
		"no package doc":          {[]file{{"p/p.go", "package p\n"}}, "want it in p/p.go"},
		"package doc elsewhere":   {[]file{{"p/q.go", "// Package p.\npackage p\n"}}, "want it in p/p.go"},
		"two package docs":        {[]file{{"p/p.go", "// P.\npackage p\n"}, {"p/q.go", "// P.\npackage p\n"}}, "alone"},
		"a licence is no doc":     {[]file{{"p/p.go", "// Package p.\npackage p\n"}, {"p/q.go", "// Licence\n\npackage p\n"}}, ""},
		"only tests":              {[]file{{"p/p_test.go", "package p_test\n"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			wantBreach(t, checkTexts(append(tt.files, file{"bench/peers/go.mod", ""})), tt.want)
		})
	}
}

// wholeHouse is a tree that breaks no rule: a file in each room.
func wholeHouse() []file {
	tree := []file{{"go.mod", "module recado\n\ngo 1.26\n"}, {"bench/peers/go.mod", "module peers\n"}}
	for dir := range rooms {
		tree = append(tree, file{dir + "/room.go", "package p\n"})
	}
	return tree
}

func wantBreach(t *testing.T, got []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) > 0:
		t.Errorf("breaches %q, want none", got)
	case want != "" && (len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), want)):
		t.Errorf("breaches %q, want one with %q", got, want)
	}
}
