package house_test

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"regexp"
	"strings"
	"testing"

	"recado"
)

// The documents are held against the texts and tables of the program, so that neither changes alone.
func TestDocs(t *testing.T) {
	report(t, checkDocs(readTree(t)))
}

// errorCode is the key of an error's message, flagKey that of a flag's help, link a relative one in Markdown.
var (
	errorCode = regexp.MustCompile(`^error\.(\w+)$`)
	flagKey   = regexp.MustCompile(`^setting\.(.+)$`)
	limitKey  = regexp.MustCompile(`^(limits|history|ping)\.`)
	testName  = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	link      = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
)

// checkDocs names each error code, flag and close code that the documents do not mention.
func checkDocs(files []file) (breaches []string) {
	texts := map[string]string{}
	for _, f := range files {
		texts[f.path] = f.text
	}
	missing := func(document, word string) {
		if !strings.Contains(texts[document], word) {
			breaches = append(breaches, fmt.Sprintf("%s: no word of %s", document, word))
		}
	}
	breaches = append(breaches, checkTestNames(files)...)
	for _, f := range files {
		if path.Ext(f.path) == ".md" {
			breaches = append(breaches, checkLinks(f, texts)...)
		}
		if ok, _ := path.Match("internal/locale/texts/*.en.json", f.path); !ok {
			continue
		}
		for key := range keys(f.text) {
			if code := errorCode.FindStringSubmatch(key); code != nil {
				missing("docs/errors.md", "`"+code[1]+"`")
			}
		}
	}
	for key := range keys(texts["internal/locale/texts/serve.en.json"]) {
		setting := flagKey.FindStringSubmatch(key)
		switch {
		case setting == nil:
		case limitKey.MatchString(setting[1]):
			missing("docs/limits.md", "`"+flag(setting[1])+"`")
		default:
			missing("README.md", "`"+flag(setting[1]))
			missing("README.pt-BR.md", "`"+flag(setting[1]))
		}
	}
	for code := range recado.CloseCode(math.MaxUint16) {
		if reason := code.Reason(); reason != "" {
			missing("docs/limits.md", fmt.Sprintf("| %d | `%s` |", code, reason))
		}
	}
	return breaches
}

// checkLinks names the links of a document that lead to no file of the tree.
func checkLinks(document file, texts map[string]string) (breaches []string) {
	for _, found := range link.FindAllStringSubmatch(document.text, -1) {
		target := path.Join(path.Dir(document.path), found[1])
		if _, there := texts[target]; !there {
			breaches = append(breaches, fmt.Sprintf("%s: a link to %s, which is not there", document.path, target))
		}
	}
	return breaches
}

// checkTestNames names the tests that a document speaks of and that do not exist.
func checkTestNames(files []file) (breaches []string) {
	var tests strings.Builder
	for _, f := range files {
		if strings.HasSuffix(f.path, "_test.go") {
			tests.WriteString(f.text)
		}
	}
	for _, f := range files {
		if path.Ext(f.path) != ".md" {
			continue
		}
		for _, found := range testName.FindAllStringSubmatch(f.text, -1) {
			if !strings.Contains(tests.String(), "\nfunc "+found[1]+"(") {
				breaches = append(breaches, fmt.Sprintf("%s: there is no %s", f.path, found[1]))
			}
		}
	}
	return breaches
}

func flag(key string) string {
	return "--" + strings.NewReplacer(".", "-", "_", "-").Replace(key)
}

// keys are none for a text that is not JSON, which the tests of the texts report.
func keys(text string) map[string]any {
	var entries map[string]any
	_ = json.Unmarshal([]byte(text), &entries)
	return entries
}

func TestDocRulesCanFail(t *testing.T) {
	var all strings.Builder
	for code := range recado.CloseCode(math.MaxUint16) {
		if reason := code.Reason(); reason != "" {
			fmt.Fprintf(&all, "| %d | `%s` |\n", code, reason)
		}
	}
	codes := all.String()
	for name, tt := range map[string]struct{ path, text, want string }{
		"all there":   {"docs/limits.md", codes, ""},
		"close code":  {"docs/limits.md", "", "4001"},
		"error code":  {"internal/locale/texts/errors.en.json", `{"error.x": "", "error.y.hint": ""}`, "docs/errors.md: no word of `x`"},
		"dead link":   {"docs/a.md", "[b](b.md) [there](limits.md#x) [c](https://example.org)", "docs/a.md: a link to docs/b.md"},
		"dead test":   {"docs/a.md", "`TestOfNothing`", "docs/a.md: there is no TestOfNothing"},
		"limit":       {"internal/locale/texts/serve.en.json", `{"setting.limits.a_b": ""}`, "docs/limits.md: no word of `--limits-a-b`"},
		"other flags": {"internal/locale/texts/serve.en.json", `{"setting.log.level": ""}`, "README.pt-BR.md: no word of `--log-level"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := []file{{tt.path, tt.text}}
			if tt.path != "docs/limits.md" {
				tree = append(tree, file{"docs/limits.md", codes})
			}
			wantBreach(t, checkDocs(tree), tt.want)
		})
	}
}
