package web_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"recado/internal/locale"
	"recado/web"
)

func newSite(t *testing.T, dir string) *web.Site {
	t.Helper()
	site, err := web.New(dir)
	if err != nil {
		t.Fatalf("New(%q): %v", dir, err)
	}
	return site
}

type answer struct {
	status int
	header http.Header
	body   string
}

// get asks for path with headers given as pairs; "page" is the page, at whatever room.
func get(t *testing.T, site *web.Site, path string, headers ...string) answer {
	t.Helper()
	return do(t, site, http.MethodGet, path, headers...)
}

func do(t *testing.T, site *web.Site, method, path string, headers ...string) answer {
	t.Helper()
	handler := site.Assets()
	r := httptest.NewRequest(method, "/", nil)
	if path == "page" {
		handler = http.HandlerFunc(site.Page)
	} else {
		r.URL.Path = path // unchecked, as an attacker would write it
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// names lists the files of the page's folder below /.
func names(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("page", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, strings.TrimPrefix(filepath.ToSlash(name), "page"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPageHeaders(t *testing.T) {
	response := get(t, newSite(t, ""), "page")
	if response.status != http.StatusOK {
		t.Fatalf("the page answers %d, want 200", response.status)
	}
	for name, want := range map[string]string{
		"Content-Type":           "text/html; charset=utf-8",
		"Cache-Control":          "no-cache",
		"Vary":                   "Accept, Accept-Encoding, Accept-Language",
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
	} {
		if got := response.header.Get(name); got != want {
			t.Errorf("the page's %s is %q, want %q", name, got, want)
		}
	}
	policy := response.header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'self'", "connect-src 'self' ws: wss:", "require-trusted-types-for 'script'", "trusted-types 'none'",
		"base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("the page's policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the page's policy %q allows something unsafe", policy)
	}
}

// The policy forbids it; the browser would say so only in its console.
func TestPageHasNothingInline(t *testing.T) {
	page := get(t, newSite(t, ""), "page").body
	inline := regexp.MustCompile(`(?i)<style|<script[^>]*>[^<]|\son[a-z]+=|\sstyle=|javascript:|https?://`)
	if found := inline.FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
}

func TestAssets(t *testing.T) {
	site := newSite(t, "")
	for _, name := range names(t) {
		if name == "/index.html" || name == "/assets/style.css" {
			continue
		}
		response := get(t, site, name)
		want, err := os.ReadFile(filepath.Join("page", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		got, full := response.body, string(want)
		if strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".css") { // without comments, but with as many lines
			got, full = strconv.Itoa(strings.Count(got, "\n")), strconv.Itoa(strings.Count(full, "\n"))
		}
		if response.status != http.StatusOK || got != full {
			t.Errorf("%s answers %d with %.99q, want 200 with %.99q", name, response.status, got, full)
		}
		if got := response.header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s has X-Content-Type-Options %q, want nosniff", name, got)
		}
		if got := response.header.Get("Vary"); got != "Accept-Encoding" {
			t.Errorf("%s has Vary %q, want Accept-Encoding", name, got)
		}
	}
	for name, want := range map[string]string{
		"/assets/main.js":            "text/javascript; charset=utf-8",
		"/assets/page.css":           "text/css; charset=utf-8",
		"/assets/icon.svg":           "image/svg+xml",
		"/assets/icon-192.png":       "image/png",
		"/assets/recado.webmanifest": "application/manifest+json",
		"/favicon.ico":               "image/x-icon",
		"/robots.txt":                "text/plain; charset=utf-8",
	} {
		if got := get(t, site, name).header.Get("Content-Type"); got != want {
			t.Errorf("%s has Content-Type %q, want %q", name, got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, dir := range []string{"", "page"} {
		for _, l := range []locale.Language{locale.English, locale.Portuguese} {
			response := get(t, newSite(t, dir), "/assets/locale/"+string(l)+".json")
			body := response.body
			var texts map[string]any
			if err := json.Unmarshal([]byte(body), &texts); err != nil {
				t.Errorf("the %s texts: %v", l, err)
			}
			if body != string(locale.Page(l)) {
				t.Errorf("the %s texts differ from locale.Page", l)
			}
			if got := response.header.Get("Content-Type"); got != "application/json" {
				t.Errorf("the %s texts have Content-Type %q", l, got)
			}
		}
	}
}

// Pages of other origins import it; whether they may connect is decided elsewhere.
func TestClient(t *testing.T) {
	want, err := os.ReadFile("recado.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", "page"} {
		site := newSite(t, dir)
		response := get(t, site, "/assets/recado.js")
		if response.status != http.StatusOK || response.body != string(want) {
			t.Errorf("dir %q: the client answers %d with %d bytes, want 200 with %d", dir, response.status, len(response.body), len(want))
		}
		if got := response.header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
			t.Errorf("dir %q: the client has Content-Type %q", dir, got)
		}
		for path, want := range map[string]string{"/assets/recado.js": "*", "/assets/main.js": "", "page": ""} {
			if got := get(t, site, path).header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("dir %q: %s has Access-Control-Allow-Origin %q, want %q", dir, path, got, want)
			}
		}
	}
}

func TestConditionalRequests(t *testing.T) {
	site := newSite(t, "")
	for _, path := range []string{"page", "/assets/main.js", "/favicon.ico"} {
		plain := get(t, site, path).header.Get("ETag")
		zipped := get(t, site, path, "Accept-Encoding", "gzip").header.Get("ETag")
		if plain == "" || zipped == "" {
			t.Fatalf("%s has no ETag", path)
		}
		for name, tt := range map[string]struct {
			headers []string
			status  int
		}{
			"the same":            {[]string{"If-None-Match", plain}, http.StatusNotModified},
			"one of several":      {[]string{"If-None-Match", `"x", W/` + plain}, http.StatusNotModified},
			"in another header":   {[]string{"If-None-Match", `"x"`, "If-None-Match", plain}, http.StatusNotModified},
			"any":                 {[]string{"If-None-Match", "*"}, http.StatusNotModified},
			"compressed":          {[]string{"If-None-Match", zipped, "Accept-Encoding", "gzip"}, http.StatusNotModified},
			"another":             {[]string{"If-None-Match", `"x"`}, http.StatusOK},
			"nonsense":            {[]string{"If-None-Match", ",,"}, http.StatusOK},
			"not conditional":     {nil, http.StatusOK},
			"other coding, maybe": {[]string{"If-None-Match", plain, "Accept-Encoding", "gzip"}, sameOr(plain == zipped)},
		} {
			response := get(t, site, path, tt.headers...)
			if response.status != tt.status {
				t.Errorf("%s, %s: status %d, want %d", path, name, response.status, tt.status)
			}
			if body := response.body; response.status == http.StatusNotModified && body != "" {
				t.Errorf("%s, %s: a 304 has %d bytes", path, name, len(body))
			}
			if response.header.Get("ETag") == "" || response.header.Get("Vary") == "" {
				t.Errorf("%s, %s: no ETag or no Vary", path, name)
			}
		}
	}
}

func sameOr(same bool) int {
	if same {
		return http.StatusNotModified
	}
	return http.StatusOK
}

func TestCompression(t *testing.T) {
	site := newSite(t, "")
	plain := get(t, site, "page").body
	for accept, want := range map[string]bool{
		"gzip":                 true,
		"GZIP":                 true,
		"br, gzip;q=0.5":       true,
		"*":                    true,
		"deflate, br":          false,
		"identity":             false,
		"gzip;q=0":             false,
		"gzip; q=0.0":          false,
		"*;q=0":                false,
		"gzip;q=0, *":          false,
		"br;q=1.0, *;q=0.1":    true,
		"gzipped":              false,
		"gzip;q=nonsense":      false,
		"":                     false,
		"identity, x-gzip;q=1": true,
	} {
		response := get(t, site, "page", "Accept-Encoding", accept)
		if got := response.header.Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("Accept-Encoding %q: compressed is %t, want %t", accept, got, want)
			continue
		}
		if !want {
			continue
		}
		reader, err := gzip.NewReader(strings.NewReader(response.body))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(reader); err != nil || string(body) != plain {
			t.Errorf("Accept-Encoding %q: inflated, the page differs (error %v)", accept, err)
		}
	}
}

func TestMethods(t *testing.T) {
	site := newSite(t, "")
	for _, path := range []string{"page", "/assets/main.js"} {
		head := do(t, site, http.MethodHead, path)
		if body := head.body; head.status != http.StatusOK || body != "" || head.header.Get("Content-Length") == "" {
			t.Errorf("HEAD %s: status %d, %d bytes, Content-Length %q", path, head.status, len(body), head.header.Get("Content-Length"))
		}
		if post := do(t, site, http.MethodPost, path); post.status != http.StatusMethodNotAllowed || post.header.Get("Allow") == "" {
			t.Errorf("POST %s: status %d, Allow %q; want 405 and the methods", path, post.status, post.header.Get("Allow"))
		}
	}
}

func TestNoEscape(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "page")
	write(t, filepath.Join(dir, "secret.js"), "secret")
	write(t, filepath.Join(inside, "index.html"), "<!doctype html>")
	write(t, filepath.Join(inside, "assets", "main.js"), "//")
	write(t, filepath.Join(inside, "assets", "main.js~"), "secret")
	write(t, filepath.Join(inside, "private.js"), "secret")
	if err := os.Symlink(filepath.Join(dir, "secret.js"), filepath.Join(inside, "assets", "link.js")); err != nil {
		t.Fatal(err)
	}
	for name, site := range map[string]*web.Site{"embedded": newSite(t, ""), "on disk": newSite(t, inside)} {
		for _, path := range []string{
			"", "/", "/index.html", "/private.js", "/assets", "/assets/", "/assets/locale", "/assets/locale/", "/assets/locale/de.json",
			"/assets/../index.html", "/assets/../../secret.js", "/assets/..\\..\\secret.js", "/assets//main.js", "//assets/main.js",
			"/assets/./main.js", "/assets/link.js", "/assets/main.js~", "/assets/main.js/", "/assets/main.js\x00", "/assets/\x00",
			"/favicon.ico/", "/robots.txt/x", "/assets/%2e%2e/index.html", "/web.go", "/assets/locale/../../index.html",
		} {
			response := get(t, site, path)
			if body := response.body; response.status != http.StatusNotFound || strings.Contains(body, "secret") {
				t.Errorf("%s: %q answers %d with %q, want 404", name, path, response.status, body)
			}
		}
	}
}

func TestOnDisk(t *testing.T) {
	dir := t.TempDir()
	if _, err := web.New(dir); err == nil {
		t.Error("New with an empty folder gives no error")
	}
	if _, err := web.New(filepath.Join(dir, "missing")); err == nil {
		t.Error("New without the folder gives no error")
	}
	page := filepath.Join(dir, "index.html")
	write(t, page, "one")
	site := newSite(t, dir)
	first := get(t, site, "page")
	write(t, page, "two")
	second := get(t, site, "page")
	if got := first.body + second.body; got != "onetwo" {
		t.Errorf("before and after a change the page reads %q, want onetwo", got)
	}
	if first.header.Get("ETag") == second.header.Get("ETag") {
		t.Error("the ETag does not change with the page")
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
