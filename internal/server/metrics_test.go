package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"recado"
	"recado/internal/auth"
	"recado/internal/hub"
	"recado/internal/server"
	"recado/internal/transport"
)

// witness is an observer that keeps what only the server tells.
type witness struct {
	mu    sync.Mutex // guards lines
	lines []string
}

func (w *witness) RoomsChanged(by int)                 { w.add("rooms %+d", by) }
func (*witness) MembersChanged(int)                    {}
func (*witness) Flushed(hub.Tally)                     {}
func (*witness) Held(time.Duration)                    {}
func (w *witness) Connected(protocol string)           { w.add("connected %s", protocol) }
func (*witness) Disconnected(string, recado.CloseCode) {}
func (w *witness) Published(protocol string, n int, again bool) {
	w.add("%s %d %v", protocol, n, again)
}
func (*witness) Slowed()                   {}
func (*witness) Erred(string)              {}
func (w *witness) Dropped()                { w.add("dropped") }
func (*witness) Resumed(transport.Outcome) {}
func (*witness) Slow(transport.Fate)       {}
func (w *witness) Refused(code string)     { w.add("refused %s", code) }

// wait returns when that has been told.
func (w *witness) wait(t *testing.T, line string) {
	t.Helper()
	eventually(t, line, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return slices.Contains(w.lines, line)
	})
}

func (w *witness) add(format string, facts ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, fmt.Sprintf(format, facts...))
}

// The server tells its observer what hub, transport and it itself see.
func TestObserver(t *testing.T) {
	seen := new(witness)
	s := start(t, func(c *server.Config) { c.Observer = seen })
	for range 2 {
		exchange(t, s.at.Listen, "POST /ops HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: 1\r\nContent-Length: 2\r\n\r\noi")
	}
	join(t, s.at.Listen, "/ops")
	exchange(t, s.at.Listen, "GET //ops HTTP/1.1\r\nHost: localhost\r\n\r\n")
	seen.mu.Lock()
	defer seen.mu.Unlock()
	want := []string{"http 2 false", "http 2 true", "rooms +1", "connected raw", "refused path_invalid"}
	if !slices.Equal(seen.lines, want) {
		t.Errorf("told %q, want %q", seen.lines, want)
	}
}

func TestMetricsAreForThisMachine(t *testing.T) {
	numbers := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("numbers")) })
	s := start(t, func(c *server.Config) { c.Metrics, c.AllowHosts = numbers, []string{"chat.example"} })
	for name, tt := range map[string]struct {
		method, host, header string
		status               int
		code                 string // of the refusal
	}{
		"a program here":        {"GET", "localhost", "", 200, ""},
		"by address":            {"GET", "127.0.0.1:8765", "", 200, ""},
		"through a proxy":       {"GET", "localhost", "X-Forwarded-For: 192.0.2.7\r\n", 403, "loopback_only"},
		"by the name of others": {"GET", "chat.example", "", 403, "loopback_only"},
		"by a name of nobody's": {"GET", "evil.example", "", 421, "host_refused"},
		"to write":              {"POST", "localhost", "", 405, "method_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			a := exchange(t, s.at.Listen, tt.method+" /metrics HTTP/1.1\r\nHost: "+tt.host+"\r\n"+tt.header+"\r\n")
			if a.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", a.StatusCode, tt.status)
			}
			if tt.code == "" && a.Body != "numbers" || tt.code != "" && !strings.Contains(a.Body, tt.code) {
				t.Errorf("body %q, want %q", a.Body, tt.code)
			}
		})
	}
	none := start(t, nil)
	if a := exchange(t, none.at.Listen, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"); a.StatusCode != http.StatusNotFound {
		t.Errorf("status %d of a server without metrics, want 404", a.StatusCode)
	}
}

// Others than this machine need a token that is for the numbers only.
func TestMetricsToken(t *testing.T) {
	tokens, err := auth.NewTokens(auth.TokensConfig{Password: "for-the-numbers"})
	if err != nil {
		t.Fatal(err)
	}
	numbers := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("numbers")) })
	s := start(t, func(c *server.Config) {
		c.Metrics, c.MetricsAuthenticator, c.AllowHosts = numbers, tokens, []string{"chat.example"}
	})
	for token, code := range map[string]string{"": "auth_required", "for-the-numbers": "", "another": "auth_invalid"} {
		header := ""
		if token != "" {
			header = "Authorization: Bearer " + token + "\r\n"
		}
		a := exchange(t, s.at.Listen, "GET /metrics HTTP/1.1\r\nHost: chat.example\r\n"+header+"\r\n")
		if code == "" && a.Body != "numbers" || code != "" && readRefusal(t, a.Body).Code != code {
			t.Errorf("token %q: %d %s, want %q", token, a.StatusCode, a.Body, code)
		}
	}
	if a := exchange(t, s.at.Listen, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"); a.Body != "numbers" {
		t.Errorf("on this machine: %d %s", a.StatusCode, a.Body)
	}
}
