package locale_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"recado/internal/locale"
)

var areas = []string{"states", "page", "chat", "commands", "serve", "config", "bench", "errors"}

// The page fills facts in by itself, so that this form is all a text may have.
var (
	fact      = regexp.MustCompile(`{{\.([A-Z][A-Za-z]*)}}`)
	remainder = regexp.MustCompile(`[{}]{2}`)
)

// A text is what a file says under one id.
type text struct {
	area   string
	plural bool
	facts  []string // sorted, each once
}

// readTexts reads the texts of l by id, and reports what a text may not be.
func readTexts(t *testing.T, l locale.Language) map[string]text {
	t.Helper()
	texts := map[string]text{}
	for _, area := range areas {
		name := filepath.Join("texts", area+"."+string(l)+".json")
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var entries map[string]any
		if err := json.Unmarshal(data, &entries); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for id, entry := range entries {
			if other, twice := texts[id]; twice {
				t.Errorf("%s: %s is also in %s", name, id, other.area)
			}
			if !strings.Contains(id, ".") {
				t.Errorf("%s: id %q has no dot: it must begin with its area", name, id)
			}
			forms, plural := formsOf(entry)
			if len(forms) == 0 || slices.Contains(forms, "") {
				t.Errorf("%s: %s is neither a text nor an object with the forms one and other", name, id)
			}
			texts[id] = text{area: area, plural: plural, facts: factsOf(t, id, forms)}
		}
	}
	return texts
}

func formsOf(entry any) (forms []string, plural bool) {
	switch entry := entry.(type) {
	case string:
		return []string{entry}, false
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(entry)) {
			form, isText := entry[key].(string)
			if !isText || !slices.Contains([]string{"one", "many", "other"}, key) {
				return nil, true
			}
			forms = append(forms, form)
		}
		if entry["one"] == nil || entry["other"] == nil {
			return nil, true
		}
	}
	return forms, true
}

func factsOf(t *testing.T, id string, forms []string) []string {
	t.Helper()
	var facts []string
	for _, form := range forms {
		for _, match := range fact.FindAllStringSubmatch(form, -1) {
			facts = append(facts, match[1])
		}
		if rest := fact.ReplaceAllString(form, ""); remainder.MatchString(rest) {
			t.Errorf("%s: %q has more in braces than {{.Fact}}", id, form)
		}
	}
	slices.Sort(facts)
	return slices.Compact(facts)
}

func TestParity(t *testing.T) {
	english, portuguese := readTexts(t, locale.English), readTexts(t, locale.Portuguese)
	for id, en := range english {
		pt, found := portuguese[id]
		switch {
		case !found:
			t.Errorf("%s has no Portuguese text", id)
		case en.area != pt.area:
			t.Errorf("%s is in %s in English and in %s in Portuguese", id, en.area, pt.area)
		case en.plural != pt.plural:
			t.Errorf("%s has plural forms in one language only", id)
		case !slices.Equal(en.facts, pt.facts):
			t.Errorf("%s: facts %v in English, %v in Portuguese", id, en.facts, pt.facts)
		}
	}
	for id := range portuguese {
		if _, found := english[id]; !found {
			t.Errorf("%s has no English text", id)
		}
	}
}

// A text that cannot be parsed shows its id: none may.
func TestEveryTextIsReadable(t *testing.T) {
	for _, l := range []locale.Language{locale.English, locale.Portuguese} {
		texts := locale.New(l)
		for id, text := range readTexts(t, l) {
			var facts []any
			for _, name := range text.facts {
				facts = append(facts, name, 2)
			}
			got := texts.Text(id, facts...)
			if text.plural {
				got = texts.Count(id, 2, facts...)
			}
			if got == id || strings.Contains(got, "<no value>") {
				t.Errorf("the %s text of %s reads %q", l, id, got)
			}
		}
	}
}
