package house_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A room of the house is a directory with a package. What is not said here may not be imported.
type room struct {
	own   []string // the house's directories that its files may import; "." is the root package
	tests []string // those that its tests may import besides, and besides the package itself
	not   []string // what it may not import of the standard library, with all that lies below it
}

// sockets is what a package that knows no connection has no use for.
var sockets = []string{"net", "os", "syscall"}

var rooms = map[string]room{
	".": {not: append(sockets, "log")},
	"cmd/recado": {
		tests: []string{"internal/tlstest"},
		own: []string{
			".", "client", "internal/auth", "internal/broker/memory", "internal/certificate", "internal/loadgen",
			"internal/loadgen/report", "internal/locale", "internal/metrics", "internal/server", "internal/tui",
		},
	},
	"client":                     {own: []string{".", "internal/protocol/v1"}},
	"internal/auth":              {own: []string{"."}},
	"internal/broker/brokertest": {own: []string{"."}, not: sockets},
	"internal/broker/memory":     {own: []string{"."}, tests: []string{"internal/broker/brokertest"}, not: sockets},
	"internal/certificate":       {tests: []string{"internal/tlstest"}},
	"internal/house":             {tests: []string{"."}},
	"internal/hub":               {own: []string{"."}, tests: []string{"internal/broker/memory"}, not: sockets},
	"internal/loadgen":           {},
	"internal/loadgen/report":    {own: []string{"internal/loadgen", "internal/locale"}},
	"internal/locale":            {},
	"internal/metrics": {
		own: []string{".", "internal/hub", "internal/transport"}, tests: []string{"internal/broker/memory"},
	},
	"internal/protocol/ndjson": {own: []string{".", "internal/protocol/v1"}, not: sockets},
	"internal/protocol/sse":    {own: []string{".", "internal/protocol/ndjson", "internal/protocol/v1"}, not: sockets},
	"internal/protocol/text":   {own: []string{".", "internal/protocol/v1"}, not: sockets},
	"internal/protocol/raw":    {own: []string{"."}, not: sockets},
	"internal/protocol/v1":     {own: []string{"."}, not: sockets},
	"internal/server": {
		own:   []string{".", "internal/auth", "internal/hub", "internal/locale", "internal/protocol/ndjson", "internal/transport", "web"},
		tests: []string{"internal/broker/memory"},
	},
	"internal/storm": {own: []string{"."}, tests: []string{"client", "internal/protocol/v1"}, not: sockets},
	"internal/transport": {
		own:   []string{".", "internal/hub", "internal/protocol/ndjson", "internal/protocol/raw", "internal/protocol/sse", "internal/protocol/text", "internal/protocol/v1", "internal/uring"},
		tests: []string{"internal/broker/memory"},
	},
	"internal/tlstest": {},
	"internal/uring":   {not: []string{"net"}},
	"internal/tui":     {own: []string{".", "client", "internal/locale"}},
	"web":              {own: []string{"internal/locale"}},
}

// modules says where each third-party module is confined; a module that is not listed is imported nowhere.
var modules = map[string]struct {
	own   []string // directories
	tests bool     // or any test, and packages for tests
}{
	"charm.land/bubbletea/v2":                 {own: []string{"internal/tui"}},
	"charm.land/lipgloss/v2":                  {own: []string{"internal/tui"}},
	"github.com/HdrHistogram/hdrhistogram-go": {own: []string{"internal/loadgen"}, tests: true},
	"github.com/MicahParks/keyfunc/v3":        {own: []string{"internal/auth"}},
	"github.com/caddyserver/certmagic":        {own: []string{"internal/certificate"}},
	"github.com/charmbracelet/x/ansi":         {own: []string{"internal/tui"}},
	"github.com/gobwas/httphead":              {own: []string{"internal/transport"}},
	"github.com/gobwas/ws":                    {own: []string{"client", "internal/loadgen", "internal/transport"}, tests: true},
	"github.com/golang-jwt/jwt/v5":            {own: []string{"internal/auth"}},
	"github.com/klauspost/compress":           {own: []string{"internal/transport"}},
	"github.com/letsencrypt/pebble/v2":        {tests: true},
	"github.com/lmittmann/tint":               {own: []string{"cmd/recado"}},
	"github.com/mdp/qrterminal/v3":            {own: []string{"cmd/recado"}},
	"github.com/miekg/dns":                    {tests: true},
	"github.com/nicksnyder/go-i18n/v2":        {own: []string{"internal/locale"}},
	"github.com/pelletier/go-toml/v2":         {own: []string{"cmd/recado"}},
	"github.com/prometheus/client_golang":     {own: []string{"internal/metrics"}},
	"github.com/rogpeppe/go-internal":         {tests: true},
	"github.com/spf13/cobra":                  {own: []string{"cmd/recado"}},
	"github.com/spf13/pflag":                  {own: []string{"cmd/recado"}},
	"go.uber.org/goleak":                      {tests: true},
	"go.uber.org/zap":                         {own: []string{"internal/certificate"}},
	"golang.org/x/sys":                        {own: []string{"cmd/recado", "internal/loadgen", "internal/server", "internal/transport", "internal/tui", "internal/uring"}},
	"golang.org/x/term":                       {own: []string{"cmd/recado", "internal/tui"}},
	"golang.org/x/text":                       {own: []string{"cmd/recado", "internal/locale", "internal/server"}},
	"golang.org/x/time":                       {own: []string{"internal/server", "internal/transport"}},
	"pgregory.net/rapid":                      {tests: true},
}

// forTests are the packages that only tests import.
var forTests = []string{"internal/broker/brokertest", "internal/tlstest"}

// checkImports names each import that the tables do not allow, and each line of theirs that speaks of nothing.
func checkImports(files []file) (breaches []string) {
	module := modulePath(files)
	seen := map[string]bool{}
	for _, f := range ownGo(files) {
		dir := path.Dir(f.path)
		if _, listed := rooms[dir]; !listed && !seen[dir] {
			breaches = append(breaches, f.path+": the package has no row in the table of imports_test.go")
		}
		seen[dir] = true
		parsed, err := parser.ParseFile(token.NewFileSet(), f.path, f.text, parser.ImportsOnly)
		if err != nil {
			breaches = append(breaches, err.Error())
			continue
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err == nil {
				err = checkImport(module, f.path, imported)
			}
			if err != nil {
				breaches = append(breaches, fmt.Sprintf("%s imports %s: %v", f.path, spec.Path.Value, err))
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(rooms)) {
		if !seen[dir] {
			breaches = append(breaches, "imports_test.go has a row for "+dir+", which has no Go file")
		}
	}
	return breaches
}

// checkImport says which rule forbids the file to import the package.
func checkImport(module, name, imported string) error {
	dir := path.Dir(name)
	test := strings.HasSuffix(name, "_test.go")
	if own, ours := within(imported, module); ours {
		return checkOwn(dir, own, test)
	}
	first, _, _ := strings.Cut(imported, "/")
	if strings.Contains(first, ".") {
		return checkModule(dir, imported, test)
	}
	for _, banned := range rooms[dir].not {
		if _, below := within(imported, banned); below && !test {
			return fmt.Errorf("%s knows nothing of %s", dir, banned)
		}
	}
	return nil
}

func checkOwn(dir, own string, test bool) error {
	switch allowed := rooms[dir]; {
	case slices.Contains(allowed.own, own), test && own == dir, test && slices.Contains(allowed.tests, own):
		return nil
	case slices.Contains(forTests, own):
		return fmt.Errorf("%s is for tests", own)
	default:
		return fmt.Errorf("%s may import only %q of the house (its tests also %q)", dir, allowed.own, allowed.tests)
	}
}

func checkModule(dir, imported string, test bool) error {
	for module, place := range modules {
		if _, inside := within(imported, module); !inside {
			continue
		}
		if slices.Contains(place.own, dir) || place.tests && (test || slices.Contains(forTests, dir)) {
			return nil
		}
		if len(place.own) == 0 {
			return fmt.Errorf("%s is for tests", module)
		}
		return fmt.Errorf("%s is confined to %q", module, place.own)
	}
	return fmt.Errorf("the module has no row in the table of imports_test.go")
}

// within reports whether imported is the package above or one below it, and where: "." is above itself.
func within(imported, above string) (below string, ok bool) {
	if imported == above {
		return ".", true
	}
	return strings.CutPrefix(imported, above+"/")
}

func modulePath(files []file) string {
	for _, f := range files {
		if f.path == "go.mod" {
			first, _, _ := strings.Cut(f.text, "\n")
			return strings.TrimSpace(strings.TrimPrefix(first, "module "))
		}
	}
	return ""
}
