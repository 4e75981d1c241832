package certificate

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// Files is a certificate, with those of its authorities, and its key, in two PEM files. Whoever connects makes it look
// whether they have changed; those who are connected keep what they have. Its methods may be called concurrently.
type Files struct {
	certificate, key string
	log              *slog.Logger
	current          atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // guards what follows
	seen   [2]version // of the files, when they were last read
	looked time.Time
}

// A version of a file is recognised without reading it.
type version struct {
	changed time.Time
	size    int64
}

// Open reads the files.
func Open(certificate, key string, log *slog.Logger) (*Files, error) {
	f := &Files{certificate: certificate, key: key, log: log, looked: time.Now()}
	f.seen = f.versions()
	if err := f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// TLS is for a listener.
func (f *Files) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			f.look()
			return f.current.Load(), nil
		},
	}
}

// Name is the host that people should use to reach the server at host.
func (f *Files) Name(host string) string { return name(f.current.Load().Leaf, host) }

// Names are the host names that the certificate is for; those with a star are patterns.
func (f *Files) Names() []string { return f.current.Load().Leaf.DNSNames }

// Reload reads the files, whether they seem to have changed or not. After an error the old certificate stays.
func (f *Files) Reload() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = f.versions()
	before := f.current.Load()
	if err := f.read(); err != nil {
		return err
	}
	if !f.current.Load().Leaf.Equal(before.Leaf) {
		f.tell()
	}
	return nil
}

// look reads the files again if they have changed. A pair that cannot be used is told of once.
func (f *Files) look() {
	if !f.mu.TryLock() {
		return // somebody is at it; meanwhile the old certificate is as good as it was
	}
	defer f.mu.Unlock()
	if time.Since(f.looked) < lookEvery {
		return
	}
	f.looked = time.Now()
	versions := f.versions()
	if versions == f.seen {
		return
	}
	f.seen = versions // before reading: what changes meanwhile is seen the next time
	if err := f.read(); err != nil {
		f.log.Warn("certificate not reloaded, the old one stays", "error", err)
		return
	}
	f.tell()
}

// tell logs that there is another certificate now.
func (f *Files) tell() {
	f.log.Info("certificate reloaded", "file", f.certificate, "until", f.current.Load().Leaf.NotAfter)
}

// versions has zeros for a file that is not there.
func (f *Files) versions() (v [2]version) {
	for i, name := range []string{f.certificate, f.key} {
		if about, err := os.Stat(name); err == nil {
			v[i] = version{about.ModTime(), about.Size()}
		}
	}
	return v
}

func (f *Files) read() error {
	pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", f.certificate, f.key, err)
	}
	f.current.Store(&pair)
	return nil
}
