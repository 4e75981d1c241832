package server_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/internal/server"
)

// identity returns a certificate for 127.0.0.1 and example.com, and who vouches for it.
func identity(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	donor := httptest.NewTLSServer(nil)
	defer donor.Close()
	roots := x509.NewCertPool()
	roots.AddCert(donor.Certificate())
	return &tls.Config{Certificates: donor.TLS.Certificates, MinVersion: tls.VersionTLS10, NextProtos: []string{"h2"}}, roots
}

// A secured server speaks TLS.
type secured struct {
	*running

	roots *x509.CertPool
}

func startTLS(t *testing.T, change func(*server.Config)) *secured {
	t.Helper()
	config, roots := identity(t)
	return &secured{roots: roots, running: start(t, func(c *server.Config) {
		c.TLS = &server.TLS{Config: config}
		if change != nil {
			change(c)
		}
	})}
}

func (s *secured) dial(t *testing.T, c *tls.Config) (*tls.Conn, error) {
	t.Helper()
	c.RootCAs, c.ServerName = s.roots, "example.com"
	conn, err := tls.Dial("tcp", s.at.Listen, c)
	if err == nil {
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(patience))
	}
	return conn, err
}

// connect is dial for what must succeed.
func (s *secured) connect(t *testing.T, protocols ...string) *tls.Conn {
	t.Helper()
	conn, err := s.dial(t, &tls.Config{NextProtos: protocols})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestTLS(t *testing.T) {
	s := startTLS(t, nil)

	page := exchangeOn(t, s.connect(t), "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.Body, "<html") || page.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("GET / = %d %v, want the page", page.StatusCode, page.Header)
	}
	info := exchangeOn(t, s.connect(t), "GET /v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if !strings.Contains(info.Body, `"tls":true`) {
		t.Errorf("GET /v1/info = %s", info.Body)
	}
	raw := joinOn(t, s.connect(t), "/ops")
	stream := s.connect(t)
	io.WriteString(stream, "GET /ops HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(stream), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	eventually(t, "both clients", func() bool { return s.Clients() == 2 })
	said := exchangeOn(t, s.connect(t), "POST /ops HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\noi")
	if said.StatusCode != http.StatusOK || !strings.Contains(said.Body, `"receivers":2`) {
		t.Errorf("POST = %d %s, want 2 receivers", said.StatusCode, said.Body)
	}
	raw.wantText(t, "oi")
	for lines.Scan() && !strings.Contains(lines.Text(), `"text":"oi"`) {
	}

	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(t.Context(), recado.CloseGoingAway) }()
	raw.wantClose(t, recado.CloseGoingAway)
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream ends with %v, want its end", err)
	}
	stream.Close()
	if err := <-stopped; err != nil {
		t.Errorf("Stop = %v", err)
	}
}

func TestTLSVersionAndProtocol(t *testing.T) {
	s := startTLS(t, nil)
	if _, err := s.dial(t, &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	conn := s.connect(t, "h2", "http/1.1")
	if got := conn.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
		t.Errorf("the protocol is %q, want http/1.1", got)
	}
}

// Who only looks at the certificate, as an authority does, is not taken for a client that has something to ask.
func TestChallengeOverTLS(t *testing.T) {
	s := startTLS(t, func(c *server.Config) {
		c.TLS.Config.NextProtos, c.Limits.HeaderTimeout = []string{"acme-tls/1"}, time.Hour
	})
	conn := s.connect(t, "acme-tls/1")
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("Read = %d, %v, want the end", n, err)
	}
	if strings.Contains(s.log.String(), "refused") {
		t.Errorf("the log has %s", s.log)
	}
}

// A handshake that never comes, or never ends, delays nobody, counts as a connection and is cut in time.
func TestSilentHandshake(t *testing.T) {
	const limit = time.Second
	s := startTLS(t, func(c *server.Config) {
		c.Limits.HeaderTimeout, c.Limits.Connections = limit, 3
	})
	began := time.Now()
	silent := dial(t, s.at.Listen, "")
	half := dial(t, s.at.Listen, "\x16\x03\x01\x01\x00\x01")
	other := s.connect(t)
	joinOn(t, other, "/ops")
	wantRefused(t, exchangeOn(t, s.connect(t),
		"GET /ops HTTP/1.1\r\nHost: localhost\r\n"+handshake+"\r\n"), "too_many_connections")
	wantEnd(t, silent)
	wantEnd(t, half)
	if took := time.Since(began); took < limit {
		t.Errorf("the connections lasted %v, want %v", took, limit)
	}
	s.log.wait(t, "TLS handshake failed", "address="+half.LocalAddr().String())
}

func TestBadHandshakeIsLogged(t *testing.T) {
	s := startTLS(t, nil)
	_, err := tls.Dial("tcp", s.at.Listen, &tls.Config{ServerName: "example.com"})
	if _, is := errors.AsType[*tls.CertificateVerificationError](err); !is {
		t.Fatalf("Dial = %v, want an untrusted certificate", err)
	}
	s.log.wait(t, "TLS handshake failed", "bad certificate")
	wantEnd(t, dial(t, s.at.Listen, "\x00garbage"))
}

// An attack with handshakes that fail does not fill the disk.
func TestManyBadHandshakesAreSummedInTheLog(t *testing.T) {
	const attempts, burst, aSecond = 400, 100, 20
	s := startTLS(t, nil)
	began := time.Now()
	for range attempts {
		wantEnd(t, dial(t, s.at.Listen, "\x00garbage"))
	}
	most := burst + aSecond*int(time.Since(began)/time.Second+1)
	if n := strings.Count(s.log.String(), "TLS handshake failed"); n < burst || n > most {
		t.Errorf("%d lines about %d handshakes, want %d to %d", n, attempts, burst, most)
	}
}

func TestUnencrypted(t *testing.T) {
	const acme = "/.well-known/acme-challenge/token"
	s := startTLS(t, func(c *server.Config) {
		c.Web = "127.0.0.1:0"
		c.TLS.Challenge = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == acme {
				io.WriteString(w, "answer")
			}
			return r.URL.Path == acme
		}
	})
	web, secure := s.at.Web, port(t, s.at.Listen)
	for name, tt := range map[string]struct {
		at, request string // the head without its end
		status      int
		location    string
		code        string
	}{
		"the TLS port":           {s.at.Listen, "GET /ops?since=1m HTTP/1.1\r\nHost: 127.0.0.1:99", 308, "https://127.0.0.1:99/ops?since=1m", ""},
		"the TLS port, no port":  {s.at.Listen, "GET / HTTP/1.1\r\nHost: localhost", 308, "https://localhost/", ""},
		"the other port":         {web, "GET /ops?a=%2f HTTP/1.1\r\nHost: " + web, 308, "https://127.0.0.1:" + secure + "/ops?a=%2f", ""},
		"IPv6":                   {web, "GET / HTTP/1.1\r\nHost: [::1]:" + port(t, web), 308, "https://[::1]:" + secure + "/", ""},
		"mapped ports":           {web, "GET / HTTP/1.1\r\nHost: localhost", 308, "https://localhost/", ""},
		"mapped ports, IPv6":     {web, "HEAD / HTTP/1.1\r\nHost: [::1]", 308, "https://[::1]/", ""},
		"healthz":                {web, "GET /healthz HTTP/1.1\r\nHost: localhost", 200, "", ""},
		"healthz, TLS port":      {s.at.Listen, "GET /healthz HTTP/1.1\r\nHost: localhost", 200, "", ""},
		"readyz":                 {web, "GET /readyz HTTP/1.1\r\nHost: localhost", 200, "", ""},
		"a challenge":            {web, "GET " + acme + " HTTP/1.1\r\nHost: localhost", 200, "", ""},
		"WebSocket":              {web, "GET /ops HTTP/1.1\r\nHost: localhost\r\n" + strings.TrimSpace(handshake), 426, "", "tls_needed"},
		"WebSocket, TLS port":    {s.at.Listen, "GET /ops HTTP/1.1\r\nHost: localhost\r\n" + strings.TrimSpace(handshake), 426, "", "tls_needed"},
		"POST":                   {web, "POST /ops HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0", 426, "", "tls_needed"},
		"POST, TLS port":         {s.at.Listen, "POST /ops HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0", 426, "", "tls_needed"},
		"a foreign name":         {web, "GET / HTTP/1.1\r\nHost: evil.example", 421, "", "host_refused"},
		"a path without meaning": {web, "GET //evil.example HTTP/1.1\r\nHost: localhost", 400, "", "path_invalid"},
		"no host":                {web, "GET / HTTP/1.0", 426, "", "tls_needed"},
	} {
		t.Run(name, func(t *testing.T) {
			got := exchange(t, tt.at, tt.request+"\r\n\r\n")
			if got.StatusCode != tt.status || got.Header.Get("Location") != tt.location {
				t.Errorf("%d to %q, want %d to %q", got.StatusCode, got.Header.Get("Location"), tt.status, tt.location)
			}
			if tt.code != "" {
				wantRefused(t, got, tt.code)
			}
		})
	}
	if n := s.Clients(); n != 0 {
		t.Errorf("%d clients came in without TLS", n)
	}
}

func TestStrictTransport(t *testing.T) {
	s := startTLS(t, func(c *server.Config) { c.TLS.Strict = true })
	const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	got := exchangeOn(t, s.connect(t), request)
	if h := got.Header.Get("Strict-Transport-Security"); h != "max-age=2592000" {
		t.Errorf("over TLS the header is %q, want 30 days", h)
	}
	if h := exchange(t, s.at.Listen, request).Header.Get("Strict-Transport-Security"); h != "" {
		t.Errorf("without TLS the header is %q, want none (RFC 6797, section 7.2)", h)
	}
}

// An end is an end for those, too, who have made their handshake and asked for nothing, or do not even read.
func TestStopWithTLS(t *testing.T) {
	s := startTLS(t, nil)
	silent := dial(t, s.at.Listen, "")
	idle := s.connect(t)
	kept := s.connect(t)
	exchangeOn(t, kept, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	began := time.Now()
	if err := s.Stop(t.Context(), recado.CloseGoingAway); err != nil || time.Since(began) > patience/2 {
		t.Errorf("Stop = %v after %v, want it at once", err, time.Since(began))
	}
	for _, conn := range []net.Conn{silent, idle, kept} {
		wantEnd(t, conn)
	}
}
