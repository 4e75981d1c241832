package house_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// maxLines is what a file of code may have: more than that is more than one concept.
const maxLines = 400

var code = []string{".go", ".js", ".css"}

// The words are put together here so that this file does not break its own rule.
var forbidden = []struct {
	pattern *regexp.Regexp
	only    string // the extension of the files it is looked for in; "" for all
	why     string
}{
	{regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`), "", "what is left to do is not written into the tree"},
	{regexp.MustCompile(`\b[tbf]\.Skip` + `(Now|f)?\(`), ".go", "no test is skipped"},
	{regexp.MustCompile(`\b(test|it|describe)\.(skip|only|to` + `do)\(`), ".js", "no test is skipped"},
	{
		regexp.MustCompile(`\b(proxy|sum)\.go` + `lang\.org|\bnpm` + `js\.(org|com)|\b(deb|security)\.deb` + `ian\.org|\bpy` + `pi\.org`),
		"", "whoever builds this chooses the package registry",
	},
}

// checkTexts names each breach of the rules that hold for a file by itself.
func checkTexts(files []file) (breaches []string) {
	for _, f := range files {
		ext := path.Ext(f.path)
		if lines := strings.Count(f.text, "\n"); slices.Contains(code, ext) && lines > maxLines {
			breaches = append(breaches, fmt.Sprintf("%s: %d lines, at most %d", f.path, lines, maxLines))
		}
		for _, rule := range forbidden {
			if rule.only != "" && rule.only != ext {
				continue
			}
			if at := rule.pattern.FindStringIndex(f.text); at != nil {
				line := 1 + strings.Count(f.text[:at[0]], "\n")
				breaches = append(breaches, fmt.Sprintf("%s:%d: %q: %s", f.path, line, f.text[at[0]:at[1]], rule.why))
			}
		}
	}
	return append(breaches, checkPackageDocs(files)...)
}

// checkPackageDocs wants one package doc, in the file named after the package. A package that has only
// tests needs none.
func checkPackageDocs(files []file) (breaches []string) {
	where := map[string][]string{} // directory to the files that carry a package doc
	home := map[string]string{}    // directory to the file that should
	for _, f := range ownGo(files) {
		parsed, err := parser.ParseFile(token.NewFileSet(), f.path, f.text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil || strings.HasSuffix(f.path, "_test.go") {
			continue // the import rules report what cannot be parsed
		}
		dir := path.Dir(f.path)
		home[dir] = path.Join(dir, parsed.Name.Name+".go") // main.go, for a program
		if parsed.Doc != nil {
			where[dir] = append(where[dir], f.path)
		}
	}
	for dir, want := range home {
		if got := where[dir]; !slices.Equal(got, []string{want}) {
			breaches = append(breaches, fmt.Sprintf("%s: the package doc stands in %q, want it in %s alone", dir, got, want))
		}
	}
	slices.Sort(breaches)
	return breaches
}
