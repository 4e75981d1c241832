package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"recado"
	"recado/internal/server"
)

func TestStopTellsEveryClient(t *testing.T) {
	for _, code := range []recado.CloseCode{recado.CloseGoingAway, recado.CloseRestart} {
		s := start(t, func(c *server.Config) { c.Listen, c.Web = "localhost:0", "localhost:0" })
		clients := []*client{join(t, s.at.Listen, "/a"), join(t, s.at.Web, "/b"), join(t, s.at.Listen, "/b")}
		stopped := make(chan error, 1)
		go func() { stopped <- s.Stop(t.Context(), code) }()
		for _, c := range clients {
			c.wantClose(t, code)
		}
		if err := <-stopped; err != nil {
			t.Errorf("Stop = %v", err)
		}
		if err := <-s.done; err != nil {
			t.Errorf("Serve = %v", err)
		}
		if n := s.Clients(); n != 0 {
			t.Errorf("%d clients after Stop", n)
		}
		if conn, err := net.Dial("tcp", s.at.Listen); err == nil {
			conn.Close()
			t.Error("a connection is accepted after Stop")
		}
	}
}

// Browsers open connections that they may never use; the end does not wait for those.
func TestStopDoesNotWaitForSilentConnections(t *testing.T) {
	s := start(t, nil)
	silent, half := dial(t, s.at.Listen, ""), dial(t, s.at.Listen, "GET / HTTP/1.1\r\n")
	idle := dial(t, s.at.Listen, "GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
	idle.Read(make([]byte, 1))
	began := time.Now()
	if err := s.Stop(t.Context(), recado.CloseGoingAway); err != nil {
		t.Errorf("Stop = %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("Stop took %v", took)
	}
	for _, conn := range []net.Conn{silent, half, idle} {
		wantEnd(t, conn)
	}
}

// A client that does not answer the close is waited for no longer than the context lets.
func TestStopCutsWhoDoesNotLeave(t *testing.T) {
	s := start(t, nil)
	stubborn := join(t, s.at.Listen, "/ops")
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(ctx, recado.CloseGoingAway) }()
	if first, _ := stubborn.frame(t); first != 0x88 {
		t.Errorf("received the frame %#x, want a close", first)
	}
	cancel()
	if err := <-stopped; !errors.Is(err, context.Canceled) {
		t.Errorf("Stop = %v, want that it was cut short", err)
	}
	if _, err := io.Copy(io.Discard, stubborn.from); errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the connection is still open: %v", err)
	}
}

func TestRequestsWhileStopping(t *testing.T) {
	s, _ := newServer(t, nil)
	if err := s.Stop(t.Context(), recado.CloseGoingAway); err != nil {
		t.Fatalf("Stop before Listen = %v", err)
	}
	late := ownServer(t, s)
	got := exchange(t, late, "GET /ops HTTP/1.1\r\nHost: localhost\r\n"+handshake+"\r\n")
	wantRefused(t, got, "server_draining")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	wantRefused(t, exchange(t, late, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"), "server_draining")
	if got := exchange(t, late, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); got.StatusCode != http.StatusOK {
		t.Errorf("/healthz: status %d while the server stops, want 200", got.StatusCode)
	}
}
