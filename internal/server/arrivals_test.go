package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/internal/server"
)

func headers(n int) string {
	return strings.Repeat("X-A: b\r\n", n)
}

func TestRequestHead(t *testing.T) {
	s := start(t, nil)
	page := func(lines string) string {
		return "GET /ops HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n" + lines + "\r\n"
	}
	tests := map[string]struct {
		request string
		status  int
	}{
		"as many headers as there may be": {page(headers(98)), 200},
		"one more":                        {page(headers(99)), 431},
		"two thousand":                    {page(headers(2000)), 431},
		"16 KiB":                          {page("X-A: " + strings.Repeat("a", 15<<10) + "\r\n"), 200},
		"20 KiB":                          {page("X-A: " + strings.Repeat("a", 20<<10) + "\r\n"), 431},
		"long target":                     {"GET /" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 431},
		"no version":                      {"GET /ops\r\n\r\n", 400},
		"no Host":                         {"GET /ops HTTP/1.1\r\n\r\n", 400},
		"two Hosts":                       {"GET /ops HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400},
		"a control character":             {"GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
		"a header that is none":           {page("X A: b\r\n"), 400},
		"TLS":                             {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := exchange(t, s.at.Listen, tt.request); got.StatusCode != tt.status {
				t.Errorf("status %d, want %d; body %q", got.StatusCode, tt.status, got.Body)
			}
		})
	}
	s.log.wait(t, "request head refused", "malformed")
	s.log.wait(t, "code=too_many_headers", "count=101")
}

// wantEnd expects the server to end the connection.
func wantEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection did not end: %v", err)
	}
}

func TestSlowRequestHead(t *testing.T) {
	const limit = 150 * time.Millisecond
	s := start(t, func(c *server.Config) { c.Limits.HeaderTimeout = limit })
	began := time.Now()
	silent := dial(t, s.at.Listen, "")
	slow := dial(t, s.at.Listen, "GET /ops HTTP/1.1\r\nHost: localhost\r\n")
	for range 3 { // each byte is life, but the whole head has one deadline
		slow.Write([]byte("X"))
	}
	wantEnd(t, slow)
	wantEnd(t, silent)
	if took := time.Since(began); took < limit || took > limit+patience/2 {
		t.Errorf("the connections lasted %v, want about %v", took, limit)
	}
	s.log.wait(t, "request head refused", "not complete in time", "address="+slow.LocalAddr().String())
	if strings.Contains(s.log.String(), silent.LocalAddr().String()) {
		t.Error("the log has a connection that never said anything")
	}
}

func TestTooManyConnections(t *testing.T) {
	const limit = 4
	s := start(t, func(c *server.Config) { c.Limits.Connections = limit })
	clients := []*client{join(t, s.at.Listen, "/ops"), join(t, s.at.Listen, "/ops"), join(t, s.at.Listen, "/ops")}
	eventually(t, "three clients", func() bool { return s.Clients() == 3 })
	waiting := dial(t, s.at.Listen, "") // a connection without a request counts too
	eventually(t, "a full house", func() bool {
		got := exchange(t, s.at.Listen, "GET /ops HTTP/1.1\r\nHost: localhost\r\n"+handshake+"\r\n")
		if got.StatusCode != http.StatusServiceUnavailable {
			return false
		}
		wantRefused(t, got, "too_many_connections")
		if got.Header.Get("Retry-After") == "" || !got.Close {
			t.Errorf("header %v, want Retry-After and the connection closed", got.Header)
		}
		return true
	})
	for range 60 { // more than are told
		dial(t, s.at.Listen, "")
	}
	s.log.wait(t, "connections dropped without an answer", "limit=4")
	clients[0].say(t, "still here")
	clients[1].wantText(t, "still here")
	waiting.Close()
}

func TestConnectionLimit(t *testing.T) {
	config := server.Config{Limits: recado.Limits{Connections: 1 << 31}}
	if _, err := server.New(config); err == nil || !strings.HasPrefix(err.Error(), "fd_limit") {
		t.Errorf("New with more connections than files = %v, want fd_limit", err)
	}
}

func TestTooManyRooms(t *testing.T) {
	s := start(t, func(c *server.Config) { c.Limits.Rooms = 1 })
	first := join(t, s.at.Listen, "/ops")
	got := exchange(t, s.at.Listen, "GET /another HTTP/1.1\r\nHost: localhost\r\n"+handshake+"\r\n")
	wantRefused(t, got, "too_many_rooms")
	join(t, s.at.Listen, "/ops").say(t, "the first room is still there")
	first.wantText(t, "the first room is still there")
}

// A brokenBroker has no room for anybody.
type brokenBroker struct{ recado.Broker }

func (brokenBroker) Subscribe(context.Context, string, recado.Subscriber) (recado.Position, func(), error) {
	return recado.Position{}, nil, errors.New("the disk is on fire")
}

func TestInternalError(t *testing.T) {
	s := start(t, func(c *server.Config) { c.Broker = brokenBroker{c.Broker} })
	got := exchange(t, s.at.Listen, "GET /ops HTTP/1.1\r\nHost: localhost\r\n"+handshake+"\r\n")
	if got.StatusCode != http.StatusInternalServerError || strings.Contains(got.Body, "fire") {
		t.Errorf("status %d with %q, want 500 without the cause", got.StatusCode, got.Body)
	}
	wantRefused(t, got, "internal_error")
	s.log.wait(t, "level=ERROR", "request failed", "the disk is on fire")
}
