//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"recado/internal/loadgen"
)

// said is one message.
type said struct {
	kind int
	text string
}

// A member is a client that is known to be in: a server may answer the handshake before it takes one in, but a
// pong comes from its reading loop.
type member struct {
	conn  *websocket.Conn
	heard chan said
}

func join(t *testing.T, url string) member {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	m := member{conn, make(chan said, 10)}
	in := make(chan struct{})
	conn.SetPongHandler(func(string) error { close(in); return nil })
	go func() { // ends with the connection
		defer close(m.heard)
		for {
			kind, text, err := conn.ReadMessage()
			if err != nil {
				return
			}
			m.heard <- said{kind, string(text)}
		}
	}()
	if err := conn.WriteMessage(websocket.PingMessage, nil); err != nil {
		t.Fatal(err)
	}
	<-in
	return m
}

func TestPeers(t *testing.T) {
	programs, err := build(t.Context(), t.TempDir(), servers(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			if p.version == "" {
				t.Errorf("%s has no version", p.name)
			}
			s, err := start(t.Context(), p, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer s.stop()
			t.Run("relays to all others", func(t *testing.T) { testRelay(t, s) })
			t.Run("under load", func(t *testing.T) { testLoad(t, s) })
		})
	}
}

// A message reaches the two others, unchanged, and not its sender.
func testRelay(t *testing.T, s *server) {
	t.Helper()
	members := []member{join(t, s.url), join(t, s.url), join(t, s.url)}
	for by, what := range []said{
		{websocket.TextMessage, "olá"},
		{websocket.BinaryMessage, "\x00\xff"},
		{websocket.TextMessage, strings.Repeat("x", 1<<16)},
		{websocket.TextMessage, "that was long"},
	} {
		by %= len(members)
		if err := members[by].conn.WriteMessage(what.kind, []byte(what.text)); err != nil {
			t.Fatal(err)
		}
		for i, m := range members {
			if i == by { // an echo would be heard instead of what the next one says
				continue
			}
			if got := <-m.heard; got != what {
				t.Errorf("member %d heard %d %.20q, want %d %.20q", i, got.kind, got.text, what.kind, what.text)
			}
		}
	}
}

func testLoad(t *testing.T, s *server) {
	t.Helper()
	r, err := loadgen.Run(t.Context(), loadgen.Config{
		URL: s.url, PID: s.pid(), Connections: 30, InFlight: 8,
		Warmup: 20 * time.Millisecond, Duration: 100 * time.Millisecond,
	})
	if err != nil || r.Deliveries == 0 || r.Faults() > 0 || r.ServerCPU <= 0 {
		t.Errorf("Run: %+v, %v, want deliveries without faults", r, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range []string{"-peers nobody", "-w 0", "-w x", "-rounds 0", "-clients 1", "more", "-unknown"} {
		if _, err := parse(strings.Fields(args), &strings.Builder{}); err == nil {
			t.Errorf("parse(%q) = nil, want an error", args)
		}
	}
}
