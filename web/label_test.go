package web_test

import (
	"regexp"
	"strings"
	"testing"

	"recado/internal/locale"
)

// Nobody looks at a page without words while its modules come.
func TestPageIsLabelled(t *testing.T) {
	for _, dir := range []string{"", "page"} {
		site := newSite(t, dir)
		tags := map[string]string{}
		for _, l := range []locale.Language{locale.English, locale.Portuguese} {
			response := get(t, site, "page", "Accept-Language", string(l)+";q=0.9, de;q=0.1")
			texts := locale.New(l)
			for _, want := range []string{
				`<html lang="` + string(l) + `"`,
				`href="assets/locale/` + string(l) + `.json"`,
				`data-text="states.connecting">` + texts.Text("states.connecting") + `<`,
				`data-name="page.rooms" aria-label="` + texts.Text("page.rooms") + `"`,
				`data-label="page.send" disabled aria-label="` + texts.Text("page.send") + `" title="` + texts.Text("page.send") + `"`,
			} {
				if !strings.Contains(response.body, want) {
					t.Errorf("dir %q: the page in %s lacks %s", dir, l, want)
				}
			}
			if empty := regexp.MustCompile(`<[^>]* data-text="[^"]*"[^>]*></`).FindString(response.body); empty != "" {
				t.Errorf("dir %q: the page in %s leaves %s empty", dir, l, empty)
			}
			tags[response.header.Get("ETag")] = response.body
		}
		if len(tags) != 2 {
			t.Errorf("dir %q: the languages have the same ETag", dir)
		}
	}
}
