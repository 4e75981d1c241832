package certificate_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"recado/internal/certificate"
	"recado/internal/tlstest"
)

// A pair is a certificate and its key, in files.
type pair struct{ certificate, key string }

func newPair(t *testing.T) pair {
	t.Helper()
	dir := t.TempDir()
	return pair{filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")}
}

// write makes a new pair for these hosts; the files are as old as age says, since clocks of file systems are coarse.
func (p pair) write(t *testing.T, age time.Duration, hosts ...string) {
	t.Helper()
	certificate, key, err := tlstest.New(hosts...)
	if err != nil {
		t.Fatal(err)
	}
	put(t, p.certificate, age, certificate)
	put(t, p.key, age, key)
}

func put(t *testing.T, name string, age time.Duration, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

// open returns the files, and what a client sees that connects now.
func open(t *testing.T, p pair, log *bytes.Buffer) (files *certificate.Files, shown func() string) {
	t.Helper()
	files, err := certificate.Open(p.certificate, p.key, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	return files, func() string {
		c, err := files.TLS().GetCertificate(nil)
		if err != nil {
			t.Fatalf("GetCertificate = %v", err)
		}
		return c.Leaf.DNSNames[0]
	}
}

func TestFilesAreReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, log := newPair(t), new(bytes.Buffer)
		p.write(t, time.Hour, "old.example")
		files, shown := open(t, p, log)
		p.write(t, time.Minute, "new.example")
		if got := shown(); got != "old.example" {
			t.Errorf("at once, %s is shown: the files are looked at with each handshake", got)
		}
		time.Sleep(2 * time.Second)
		if got := shown(); got != "new.example" {
			t.Errorf("after a while, %s is shown, want new.example", got)
		}
		if got := files.Name("localhost"); got != "new.example" {
			t.Errorf("Name = %s, want that of the new certificate", got)
		}
		time.Sleep(time.Hour)
		if shown(); strings.Count(log.String(), "certificate reloaded") != 1 {
			t.Errorf("the log is %q, want one line", log)
		}
	})
}

// A pair that cannot be used, such as one that is just being replaced, leaves the old one in place.
func TestBrokenFiles(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, p pair){
		"half": func(t *testing.T, p pair) { t.Helper(); put(t, p.certificate, 0, []byte("-----BEGIN")) },
		"gone": func(t *testing.T, p pair) { t.Helper(); os.Remove(p.key) },
		"mixed": func(t *testing.T, p pair) {
			t.Helper()
			newer := pair{p.certificate, p.key + "2"}
			newer.write(t, 0, "x.example")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, log := newPair(t), new(bytes.Buffer)
				p.write(t, time.Hour, "old.example")
				files, shown := open(t, p, log)
				spoil(t, p)
				for range 5 {
					time.Sleep(2 * time.Second)
					if got := shown(); got != "old.example" {
						t.Errorf("%s is shown, want the old one", got)
					}
				}
				if n := strings.Count(log.String(), "level=WARN"); n != 1 {
					t.Errorf("%d warnings, want 1: %s", n, log)
				}
				if err := files.Reload(); err == nil {
					t.Error("Reload = nil, want an error")
				}
				p.write(t, time.Minute, "new.example")
				time.Sleep(2 * time.Second)
				if got := shown(); got != "new.example" {
					t.Errorf("mended, %s is shown, want new.example", got)
				}
			})
		})
	}
}

// Reload does not look at the clock, nor at the files' times.
func TestReload(t *testing.T) {
	p := newPair(t)
	p.write(t, time.Hour, "old.example")
	files, shown := open(t, p, new(bytes.Buffer))
	p.write(t, time.Hour, "new.example")
	if err := files.Reload(); err != nil {
		t.Fatalf("Reload = %v", err)
	}
	if got := shown(); got != "new.example" {
		t.Errorf("%s is shown, want new.example", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	p, other := newPair(t), newPair(t)
	p.write(t, 0, "a.example")
	other.write(t, 0, "a.example")
	for _, wrong := range []pair{{p.certificate, other.key}, {p.key, p.certificate}, {p.certificate, p.key + "2"}, {"", ""}} {
		if _, err := certificate.Open(wrong.certificate, wrong.key, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("Open(%q, %q) = nil, want an error", wrong.certificate, wrong.key)
		}
	}
}

func TestName(t *testing.T) {
	for name, tt := range map[string]struct {
		hosts      []string
		host, want string
	}{
		"covered":           {[]string{"a.example", "b.example"}, "b.example", "b.example"},
		"covered address":   {[]string{"a.example", "127.0.0.1"}, "127.0.0.1", "127.0.0.1"},
		"covered by a star": {[]string{"*.example.com"}, "chat.example.com", "chat.example.com"},
		"another name":      {[]string{"*.example.com", "example.com"}, "localhost", "example.com"},
		"an address only":   {[]string{"192.0.2.7"}, "localhost", "192.0.2.7"},
		"a star only":       {[]string{"*.example.com"}, "localhost", "localhost"},
		"none":              {nil, "localhost", "localhost"},
		"of this machine":   {[]string{"localhost"}, "127.0.0.1", "localhost"},
		"for others":        {[]string{"localhost", "127.0.0.1", "192.0.2.7"}, "192.0.2.8", "192.0.2.7"},
		"none for others":   {[]string{"localhost", "127.0.0.1"}, "192.0.2.8", "192.0.2.8"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			p.write(t, 0, tt.hosts...)
			files, err := certificate.Open(p.certificate, p.key, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			if got := files.Name(tt.host); got != tt.want {
				t.Errorf("Name(%q) = %q, want %q", tt.host, got, tt.want)
			}
		})
	}
}
