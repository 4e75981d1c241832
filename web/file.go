package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// A file is one answer with its representations. It does not change once it is served.
type file struct {
	contentType string
	plain       []byte
	zipped      []byte // nil where it would not be smaller
	hash        string
}

// newFile refuses names of a kind that the page does not have, such as an editor's backups.
func newFile(name string, body []byte) (*file, error) {
	kind := contentType(path.Ext(name))
	if kind == "" {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	sum := sha256.Sum256(body)
	return &file{contentType: kind, plain: body, hash: base64.RawURLEncoding.EncodeToString(sum[:12])}, nil
}

func contentType(extension string) string {
	switch extension {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".webmanifest":
		return "application/manifest+json"
	case ".ico":
		return "image/x-icon"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return ""
}

func (f *file) compress() {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	// Writing to a buffer does not fail.
	_, _ = w.Write(f.plain)
	_ = w.Close()
	if b.Len() < len(f.plain) {
		f.zipped = b.Bytes()
	}
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header, body, tag := w.Header(), f.plain, `"`+f.hash+`"`
	if f.zipped != nil && takesGzip(r.Header.Values("Accept-Encoding")) {
		body, tag = f.zipped, `"`+f.hash+`-gzip"`
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", f.contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the client has left; there is nobody to tell
	}
}

// takesGzip reads Accept-Encoding (RFC 9110, section 12.5.3); only the weight 0 forbids.
func takesGzip(accept []string) bool {
	gzipped, anything := false, false
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		weight := 1.0
		if q, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q="); found {
			weight, _ = strconv.ParseFloat(q, 64) // nonsense forbids
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			if weight == 0 {
				return false
			}
			gzipped = true
		case "*":
			anything = weight > 0
		}
	}
	return gzipped || anything
}

// matches compares weakly, as If-None-Match wants it (RFC 9110, section 13.1.2).
func matches(ifNoneMatch []string, tag string) bool {
	for candidate := range strings.SplitSeq(strings.Join(ifNoneMatch, ","), ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
			return true
		}
	}
	return false
}
