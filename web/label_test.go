package web_test

import (
	"regexp"
	"slices"
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

// What must come before anything is drawn is little: the modules and the dialogs are not among it.
func TestFirstLookWaitsForLittle(t *testing.T) {
	const most = 16 << 10
	site := newSite(t, "")
	page := get(t, site, "page").body
	head, _, _ := strings.Cut(page, "</head>")
	blocking := regexp.MustCompile(`<link rel="stylesheet" href="([^"]*)">|<script[^>]* src="([^"]*)"[^>]* blocking="render">`)
	waits := []string{"page", "/assets/store.js"} // which early.js imports
	for _, found := range blocking.FindAllStringSubmatch(head, -1) {
		waits = append(waits, "/"+found[1]+found[2])
	}
	want := []string{"page", "/assets/store.js", "/assets/page.css", "/assets/panels.css", "/assets/log.css", "/assets/composer.css", "/assets/people.css", "/assets/early.js"}
	if !slices.Equal(waits, want) {
		t.Errorf("the first look waits for %q, want %q", waits, want)
	}
	total := 0
	for _, name := range waits {
		total += len(get(t, site, name, "Accept-Encoding", "gzip").body)
	}
	if total > most {
		t.Errorf("the first look waits for %d bytes, want at most %d", total, most)
	}
	t.Logf("the first look waits for %d bytes", total)
}
