package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// later tells the files that the first visit does not load: it asks for them when it has a use for them.
func later(name string) bool {
	switch name {
	case "/assets/qr.js", "/assets/lean-qr.js", "/assets/icon-unread.svg", "/assets/icon-192.png", "/assets/icon-512.png":
		return true
	}
	return false
}

var imported = regexp.MustCompile(`(?m)^[^"]*(?:from|import) "(?:\./)?([^"]+)";$`)

// firstVisit lists what the first visit loads, the page first, and beside it the parts that a style sheet has within.
func firstVisit(t *testing.T) (loaded, parts []string) {
	t.Helper()
	site := newSite(t, "")
	loaded = []string{"page"}
	for i := 0; i < len(loaded); i++ {
		response := get(t, site, loaded[i])
		if response.status != http.StatusOK {
			t.Errorf("%s, which is loaded, answers %d", loaded[i], response.status)
		}
		names := regexp.MustCompile(`(?:href|src)="(assets/[^"]+)"`).FindAllStringSubmatch(response.body, -1)
		if strings.HasSuffix(loaded[i], ".js") {
			names = imported.FindAllStringSubmatch(response.body, -1)
		}
		for _, found := range names {
			name := "/assets/" + strings.TrimPrefix(found[1], "assets/")
			if !slices.Contains(loaded, name) && !later(name) {
				loaded = append(loaded, name)
			}
		}
	}
	sheet, err := os.ReadFile("page/assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range imported.FindAllSubmatch(sheet, -1) {
		parts = append(parts, "/assets/"+string(found[1]))
	}
	return loaded, parts
}

// What must come before anything is drawn is little: the modules are not among it.
func TestFirstLookWaitsForLittle(t *testing.T) {
	const most = 16 << 10
	site := newSite(t, "")
	page := get(t, site, "page").body
	head, _, _ := strings.Cut(page, "</head>")
	blocking := regexp.MustCompile(`<link rel="stylesheet" href="([^"]*)">|<script src="([^"]*)">`)
	waits := []string{"page"}
	for _, found := range blocking.FindAllStringSubmatch(head, -1) {
		waits = append(waits, "/"+found[1]+found[2])
	}
	if want := []string{"page", "/assets/early.js", "/assets/style.css"}; !slices.Equal(waits, want) {
		t.Errorf("the first look waits for %q, want %q", waits, want)
	}
	if strings.Contains(page, "modulepreload") {
		t.Error("modules are fetched before the first look")
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

func TestEveryFileIsOfUse(t *testing.T) {
	loaded, parts := firstVisit(t)
	for _, name := range names(t) {
		if strings.HasPrefix(name, "/assets/") && !slices.Contains(loaded, name) && !slices.Contains(parts, name) && !later(name) {
			t.Errorf("nothing loads %s", name)
		}
	}
}

func TestStyleSheetsAreServedAsOne(t *testing.T) {
	_, parts := firstVisit(t)
	for _, dir := range []string{"", "page"} {
		site := newSite(t, dir)
		body := get(t, site, "/assets/style.css").body
		if strings.Contains(body, "@import") || len(parts) == 0 {
			t.Errorf("dir %q: the style sheet leaves imports to the browser", dir)
		}
		for _, part := range parts {
			if !strings.Contains(body, get(t, site, part).body) {
				t.Errorf("dir %q: the style sheet lacks %s", dir, part)
			}
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "index.html"), "")
	write(t, filepath.Join(dir, "assets", "style.css"), "@import \"missing.css\";\n")
	if status := get(t, newSite(t, dir), "/assets/style.css").status; status != http.StatusNotFound {
		t.Errorf("with a part missing, the style sheet answers %d, want 404", status)
	}
}

// It is part of what every page that uses it loads.
func TestClientIsSmall(t *testing.T) {
	const most = 5 << 10
	size := len(get(t, newSite(t, ""), "/assets/recado.js", "Accept-Encoding", "gzip").body)
	if size > most {
		t.Errorf("the client is %d bytes compressed, want at most %d", size, most)
	}
	t.Logf("the client: %d bytes compressed", size)
}

// The first visit loads all of it.
func TestFirstLoadIsSmall(t *testing.T) {
	const most = 60 << 10
	site, total := newSite(t, ""), 0
	loaded, _ := firstVisit(t)
	for _, name := range append(loaded, "/assets/locale/pt-BR.json") { // the other language comes at leisure
		total += len(get(t, site, name, "Accept-Encoding", "gzip").body)
	}
	if total > most {
		t.Errorf("the page and all it loads are %d bytes, want at most %d", total, most)
	}
	t.Logf("the page and all it loads: %d requests, %d bytes", len(loaded)+1, total)
}
