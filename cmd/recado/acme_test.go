//go:build unix

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"recado/client"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// An authority gives certificates for whatever answers on this machine.
type authority struct {
	directory string // its address
	root      string // file with the certificate that its own is checked with
	roots     *x509.CertPool
}

// newAuthority makes one that asks at these ports of 127.0.0.1, whatever the name.
func newAuthority(t *testing.T, web, secure string) authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	log := slog.NewLogLogger(slog.NewTextHandler(t.Output(), nil), slog.LevelInfo)
	store := db.NewMemoryStore()
	issuer := ca.New(log, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	number := func(port string) int { n, _ := strconv.Atoi(port); return n }
	checks := va.New(log, number(web), number(secure), false, nameServer(t), store)
	front := wfe.New(log, store, checks, issuer, []string{"test"}, false, false, 0, 0)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	a := authority{directory: server.URL + wfe.DirectoryPath, root: filepath.Join(t.TempDir(), "root.pem"), roots: x509.NewCertPool()}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(a.root, own, 0o644); err != nil {
		t.Fatal(err)
	}
	a.roots.AddCert(issuer.GetRootCert(0).Cert)
	return a
}

// nameServer says of every name that it is 127.0.0.1, and returns where it says that.
func nameServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		if q := question.Question[0]; q.Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)}}
		}
		w.WriteMsg(answer)
	})}
	go server.ActivateAndServe()
	t.Cleanup(func() { server.Shutdown() })
	return listener.Addr().String()
}

// The server gets a certificate for its name, over either of its ports, and the next start finds it where it was kept.
func TestDomain(t *testing.T) {
	const name = "chat.recado.test"
	for _, way := range []string{"HTTP-01", "TLS-ALPN-01"} {
		t.Run(way, func(t *testing.T) {
			port, web, closed := mustPort(t), mustPort(t), mustPort(t)
			flags := []string{"--listen", "127.0.0.1:" + port, "--web", "127.0.0.1:" + web, "--domain", name, "--acme-email", "ana@recado.test"}
			a := newAuthority(t, web, closed)
			if way == "TLS-ALPN-01" {
				a = newAuthority(t, closed, port)
				flags[3] = ""
			}
			storage := t.TempDir()
			flags = append(flags, "--acme-directory", a.directory, "--acme-root-file", a.root, "--acme-storage", storage)
			for _, run := range []string{"first", "second"} {
				p := serve(t, flags...)
				if want := name + ":" + port; p.at != want {
					t.Errorf("%s start: the server is at %s, want %s", run, p.at, want)
				}
				if run == "first" {
					if err := poll("the certificate", func() bool { return strings.Contains(p.stderr.String(), "certificate obtained") }); err != nil {
						t.Fatalf("%v; log:\n%s", err, p.stderr)
					}
				}
				joinDomain(t, a, name, port)
				p.cmd.Process.Signal(syscall.SIGINT)
				if code := p.wait(t); code != 0 {
					t.Errorf("%s end: exit code %d; log:\n%s", run, code, p.stderr)
				}
				if run == "second" && strings.Contains(p.stderr.String(), "certificate obtained") {
					t.Error("the second start wanted another certificate")
				}
			}
		})
	}
}

// joinDomain talks to the server under its name, and looks at what the page's answer tells browsers.
func joinDomain(t *testing.T, a authority, name, port string) {
	t.Helper()
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
	}
	config := client.Config{URL: "wss://" + name + ":" + port + "/ops", TLS: &tls.Config{RootCAs: a.roots}, Dial: dial}
	var c *client.Client
	if err := poll("the certificate in use", func() bool {
		var err error
		c, err = client.Dial(t.Context(), config)
		return err == nil
	}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	web := http.Client{Transport: &http.Transport{DialContext: dial, TLSClientConfig: config.TLS, DisableKeepAlives: true}}
	answer, err := web.Get("https://" + name + ":" + port + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.Header.Get("Strict-Transport-Security") == "" {
		t.Error("browsers are not told to come back with TLS")
	}
	if key, is := answer.TLS.PeerCertificates[0].PublicKey.(*ecdsa.PublicKey); !is || key.Curve != elliptic.P256() {
		t.Errorf("the key is %T, want P-256", answer.TLS.PeerCertificates[0].PublicKey)
	}
}

// What goes wrong with an authority is in the log; the server goes on.
func TestDomainWithoutAuthority(t *testing.T) {
	web := mustPort(t)
	a := newAuthority(t, web, web)
	p := serve(t, "--domain", "chat.recado.test", "--web", "127.0.0.1:"+web, "--acme-directory", a.directory, "--acme-storage", t.TempDir())
	if err := poll("the reason in the log", func() bool {
		return strings.Contains(p.stderr.String(), "level=WARN") && strings.Contains(p.stderr.String(), "unknown authority")
	}); err != nil {
		t.Errorf("%v; log:\n%s", err, p.stderr)
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d; log:\n%s", code, p.stderr)
	}
}

func mustPort(t *testing.T) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
