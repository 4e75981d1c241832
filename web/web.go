// Package web embeds the web page and the JavaScript client, and serves them over HTTP.
// It knows nothing of rooms, sockets or messages: the page finds its room in its own address.
package web

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"

	"recado/internal/locale"
)

//go:embed page
var embedded embed.FS

// client is a module for everyone's pages, those of other origins too.
//
//go:embed recado.js
var client []byte

const (
	clientName = "assets/recado.js"
	indexName  = "index.html"
)

// policy lets the page run its own modules, reach WebSocket servers, and nothing else. Without Trusted Types
// policies no text can become markup, so that a message cannot either.
const policy = "default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// A Site serves the page and its files. Its methods may be called concurrently.
type Site struct {
	find func(name string) (*file, error) // by slash-separated name below the page's folder
}

// New prepares the embedded page; with a dir, the one in that folder, read anew at each request for development.
func New(dir string) (*Site, error) {
	if dir != "" {
		return onDisk(dir)
	}
	folder, err := fs.Sub(embedded, "page")
	if err != nil {
		return nil, fmt.Errorf("embedded page: %w", err)
	}
	files, err := pack(folder)
	if err != nil {
		return nil, fmt.Errorf("embedded page: %w", err)
	}
	return &Site{find: func(name string) (*file, error) {
		if f, found := files[name]; found {
			return f, nil
		}
		return nil, fs.ErrNotExist
	}}, nil
}

// Page answers with the HTML page, which is the same for every room.
func (s *Site) Page(w http.ResponseWriter, r *http.Request) {
	l := locale.Accept(r.Header.Get("Accept-Language"))
	// The same address has other answers for those who do not ask for HTML.
	s.serve(w, r, pageName(l), "Accept, Accept-Encoding, Accept-Language")
}

// Assets answers for /assets/…, /favicon.ico and /robots.txt, and with 404 for everything else.
func (s *Site) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if !strings.HasPrefix(name, "assets/") && name != "favicon.ico" && name != "robots.txt" {
			name = "" // the page itself has no address of its own
		}
		s.serve(w, r, name, "Accept-Encoding")
	})
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request, name, vary string) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	f, err := s.find(name)
	if err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "no-referrer") // a link in a message must not tell the room's name
	header.Set("Cache-Control", "no-cache")      // kept, but asked about: the names do not change with the contents
	header.Set("Vary", vary)
	if name == clientName {
		header.Set("Access-Control-Allow-Origin", "*") // browsers load no module of another origin without it
	}
	f.serve(w, r)
}

// onDisk cannot leave the folder, not over a symbolic link either.
func onDisk(dir string) (*Site, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("page folder: %w", err)
	}
	if _, err := root.Stat(indexName); err != nil {
		return nil, fmt.Errorf("page folder %q: %w", dir, err)
	}
	return &Site{find: func(name string) (*file, error) { return load(root.FS(), name) }}, nil
}

// pack reads every file once, with the client and the texts, which belong to no folder.
func pack(folder fs.FS) (map[string]*file, error) {
	files := map[string]*file{}
	add := func(name string) error {
		f, err := load(folder, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		switch ext := path.Ext(name); {
		case ext == ".js" && name != clientName: // people read the client where they find it
			f.plain = withoutComments(f.plain)
		case ext == ".css":
			f.plain = withoutStyleComments(f.plain)
		}
		f.compress()
		files[name] = f
		return nil
	}
	if err := add(clientName); err != nil {
		return nil, err
	}
	for _, l := range languages() {
		if err := errors.Join(add(textsName(l)), add(pageName(l))); err != nil {
			return nil, err
		}
	}
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == indexName {
			return err
		}
		return add(name)
	})
	return files, err
}

func load(folder fs.FS, name string) (*file, error) {
	if name == clientName {
		return newFile(name, client)
	}
	for _, l := range languages() {
		switch name {
		case textsName(l):
			return newFile(name, locale.Page(l))
		case pageName(l):
			body, err := fs.ReadFile(folder, indexName)
			if err != nil {
				return nil, err
			}
			return newFile(name, labelled(body, l))
		}
	}
	body, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	if path.Ext(name) == ".css" {
		if body, err = withImports(folder, path.Dir(name), body); err != nil {
			return nil, err
		}
	}
	return newFile(name, body)
}

var importRule = regexp.MustCompile(`(?m)^@import "([^"]+)";$`)

// withImports puts the sheets that a style sheet imports into it: a first visit has one to wait for.
func withImports(folder fs.FS, dir string, sheet []byte) ([]byte, error) {
	var errs []error
	sheet = importRule.ReplaceAllFunc(sheet, func(rule []byte) []byte {
		part, err := fs.ReadFile(folder, path.Join(dir, string(importRule.FindSubmatch(rule)[1])))
		errs = append(errs, err)
		return part
	})
	return sheet, errors.Join(errs...)
}

func languages() []locale.Language {
	return []locale.Language{locale.English, locale.Portuguese}
}

// pageName is that of the page in a language; it is made of the one file, see labelled.
func pageName(l locale.Language) string { return "index." + string(l) + ".html" }

func textsName(l locale.Language) string {
	return path.Join("assets/locale", string(l)+".json")
}
