//go:build unix

package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"
)

// run executes a command in this process, and returns what it has written and its exit code.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, told bytes.Buffer
	p := &program{
		stdin: strings.NewReader(""), stdout: &out, stderr: &told,
		getenv: func(string) string { return "" }, environ: func() []string { return nil },
	}
	code = p.run(t.Context(), args)
	return out.String(), told.String(), code
}

// silently keeps what clients do wrong on purpose out of the test's output.
func silently(t *testing.T, h http.Handler, secure bool) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(s.Close)
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	return s
}

// dropping is a proxy to a server as proxies are when nobody has told them of WebSocket.
func dropping(server string, headers ...string) http.Handler {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: server})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range headers {
			r.Header.Del(h)
		}
		proxy.ServeHTTP(w, r)
	})
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	at, _, _ := serveHere(t, "localhost:0")
	other := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "other/1\u202e")
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		io.WriteString(w, "<html>")
	})
	tests := map[string]struct {
		handler http.Handler
		secure  bool
		scheme  string
		want    []string
	}{
		"a proxy that drops Upgrade": {
			handler: dropping(at, "Upgrade", "Connection"), scheme: "http",
			want: []string{"ok    http       Recado", "fail  upgrade", "proxy_set_header Upgrade"},
		},
		"a page that the server takes for another's": {
			handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Origin") != "" { // all of this machine's are allowed
					r.Header.Set("Origin", "https://other.example")
				}
				dropping(at).ServeHTTP(w, r)
			}), scheme: "http",
			want: []string{"ok    upgrade    WebSocket with recado.v1", "fail  origin", "origin_refused"},
		},
		"a proxy that drops the protocol": {
			handler: dropping(at, "Sec-WebSocket-Protocol", "Origin"), scheme: "http",
			want: []string{"warn  upgrade    WebSocket, but without recado.v1", "fail  join"},
		},
		"another server, whose clock is slow": {
			handler: other, scheme: "http",
			want: []string{"warn  http       other/1, not Recado (HTTP status 200)", "warn  clock      -1h0m0s from ours", "fail  upgrade"},
		},
		"a certificate that nobody knows": {
			handler: other, secure: true, scheme: "wss",
			want: []string{"fail  tls        The certificate of", "authority that this system knows"},
		},
		"encryption where none was asked for": {
			handler: other, secure: true, scheme: "ws",
			want: []string{"fail  http       ws://", "Use wss://"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := silently(t, tt.handler, tt.secure)
			address := tt.scheme + "://" + s.Listener.Addr().String() + "/ops"
			out, told, code := run(t, "doctor", address)
			if code != exitAssertion || told != "" {
				t.Errorf("exit code %d, want %d; stderr %q", code, exitAssertion, told)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("doctor told:\n%swant %q", out, want)
				}
			}
		})
	}
}

// Every command that asks over HTTP has the same exit codes for what is wrong with the server.
func TestHealthOfOtherServers(t *testing.T) {
	draining := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `{"error":{"code":"server_draining","message":"The server is stopping.","hint":"Try again."}}`)
	})
	old := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/info" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, `{"version":"v0.1.0"}`)
	})
	raw := func(answer string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				io.WriteString(conn, answer)
				conn.Close()
			}
		})
	}
	tests := map[string]struct {
		handler http.Handler
		secure  bool
		scheme  string
		code    int
		want    string
	}{
		"one without /healthz":         {handler: old, scheme: "http"},
		"stopping":                     {handler: draining, scheme: "http", code: exitRefused, want: "The server is stopping. (server_draining)"},
		"not Recado":                   {handler: http.NotFoundHandler(), scheme: "http", code: exitRefused, want: "HTTP status 404"},
		"a certificate nobody knows":   {handler: old, secure: true, scheme: "https", code: exitTLS, want: "[cert_untrusted]"},
		"TLS where none was asked for": {handler: old, secure: true, scheme: "http", code: exitTLS, want: "[tls_needed]"},
		"a TLS alert":                  {handler: raw("\x15\x03\x01\x00\x02\x02\x46"), scheme: "http", code: exitTLS, want: "[tls_needed]"},
		"no TLS where it was":          {handler: old, scheme: "https", code: exitTLS, want: "[tls_missing]"},
		"no HTTP in TLS":               {handler: raw("220 mail ready\r\n"), secure: true, scheme: "https", code: exitTLS, want: "[cert_untrusted]"},
		"nothing at all":               {handler: raw(""), scheme: "http", code: exitUnreachable, want: "[connection_broken]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := silently(t, tt.handler, tt.secure)
			_, told, code := run(t, "health", tt.scheme+"://"+s.Listener.Addr().String())
			if code != tt.code || !strings.Contains(told, tt.want) {
				t.Errorf("exit code %d, stderr %q, want %d and %q", code, told, tt.code, tt.want)
			}
		})
	}
}
