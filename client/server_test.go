package client_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"

	"recado"
	"recado/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errNobodyListens = errors.New("nobody listens")

// A server is the far end of a client's connections, in memory.
type server struct {
	t     *testing.T
	dials chan net.Conn // accepted connections, before the handshake
	down  bool          // nobody listens
}

func newServer(t *testing.T) *server {
	t.Helper()
	return &server{t: t, dials: make(chan net.Conn, 10)}
}

func (s *server) dial(context.Context, string, string) (net.Conn, error) {
	if s.down {
		return nil, errNobodyListens
	}
	near, far := net.Pipe()
	s.dials <- far
	return near, nil
}

// accept makes the next connection a WebSocket.
func (s *server) accept() *peer {
	s.t.Helper()
	return s.acceptUnless(nil)
}

// acceptUnless is accept, until stop is closed; then it returns nil.
func (s *server) acceptUnless(stop <-chan struct{}) *peer {
	s.t.Helper()
	var conn net.Conn
	select {
	case conn = <-s.dials:
	case <-stop:
		return nil
	}
	if _, err := ws.Upgrade(conn); err != nil {
		s.t.Fatalf("handshake: %v", err)
	}
	return newPeer(s.t, conn)
}

// answer lets the next handshake fail with these bytes.
func (s *server) answer(response string) {
	s.t.Helper()
	conn := <-s.dials
	defer conn.Close()
	head := make([]byte, 0, 1024)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		b := make([]byte, 1)
		if _, err := conn.Read(b); err != nil {
			s.t.Fatalf("reading the request: %v", err)
		}
		head = append(head, b...)
	}
	io.WriteString(conn, response)
}

// A frame is what a peer received.
type frame struct {
	op      ws.OpCode
	payload string
}

// A peer is the server's side of one connection.
type peer struct {
	t      *testing.T
	conn   net.Conn
	mute   atomic.Bool // it answers no pings
	frames chan frame  // without pings that were answered
}

func newPeer(t *testing.T, conn net.Conn) *peer {
	t.Helper()
	return &peer{t: t, conn: conn, frames: make(chan frame, 10_000)}
}

// listen reads from the connection until its end, and answers pings.
func (p *peer) listen() {
	defer close(p.frames)
	for {
		header, err := ws.ReadHeader(p.conn)
		if err != nil {
			return
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(p.conn, payload); err != nil {
			return
		}
		if !header.Masked {
			p.t.Error("a frame of the client is not masked")
		}
		ws.Cipher(payload, header.Mask, 0)
		if header.OpCode == ws.OpPing && !p.mute.Load() {
			p.send(ws.OpPong, string(payload))
			continue
		}
		p.frames <- frame{header.OpCode, string(payload)}
	}
}

func (p *peer) send(op ws.OpCode, payload string) {
	p.write(ws.MustCompileFrame(ws.NewFrame(op, true, []byte(payload))))
}

func (p *peer) close(code recado.CloseCode, reason string) {
	p.send(ws.OpClose, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

func (p *peer) write(data []byte) {
	p.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	p.conn.Write(data) // a client that is gone is the test's business
}

func (p *peer) want(op ws.OpCode, payload string) {
	p.t.Helper()
	select {
	case got, open := <-p.frames:
		if want := (frame{op, payload}); !open || got != want {
			p.t.Fatalf("the server received %+v (connection open: %t), want %+v", got, open, want)
		}
	case <-time.After(time.Hour):
		p.t.Fatalf("the server received nothing, want %q", payload)
	}
}

func (p *peer) wantClose(code recado.CloseCode) {
	p.t.Helper()
	for got := range p.frames {
		if got.op != ws.OpClose {
			continue
		}
		if is := recado.CloseCode(binary.BigEndian.Uint16([]byte(got.payload))); is != code {
			p.t.Fatalf("the client closed with %d, want %d", is, code)
		}
		return
	}
	p.t.Fatalf("the client sent no close frame, want one with %d", code)
}

// opened is a client whose server is in memory, before its first connection. Waits are half of their bound.
func opened(t *testing.T, c client.Config) (*server, *client.Client) {
	t.Helper()
	s := newServer(t)
	c.URL, c.Dial = "ws://example.test/ops", s.dial
	c.Random = func() float64 { return 0.5 }
	opened, err := client.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	want(t, opened, client.State{Phase: client.Connecting})
	return s, opened
}

// connected is opened for tests that begin with a connection.
func connected(t *testing.T, c client.Config) (*server, *peer, *client.Client) {
	t.Helper()
	s, opened := opened(t, c)
	p := s.accept()
	t.Cleanup(func() { p.conn.Close() })
	want(t, opened, client.State{Phase: client.Connected})
	go p.listen()
	return s, p, opened
}

func next(t *testing.T, c *client.Client) client.Event {
	t.Helper()
	select {
	case e, open := <-c.Events():
		if !open {
			t.Fatal("the events have ended")
		}
		return e
	case <-time.After(time.Hour):
		t.Fatal("no event comes")
		return nil
	}
}

func want(t *testing.T, c *client.Client, want client.Event) {
	t.Helper()
	got := next(t, c)
	if state, isState := got.(client.State); isState {
		state.Err = nil
		got = state
	}
	if message, isMessage := got.(client.Message); isMessage {
		wantMessage, _ := want.(client.Message)
		if message.Kind != wantMessage.Kind || !bytes.Equal(message.Data, wantMessage.Data) {
			t.Fatalf("event %v %q, want %+v", message.Kind, message.Data, want)
		}
		return
	}
	if got != want {
		t.Fatalf("event %+v, want %+v", got, want)
	}
}

// wantReconnecting returns the reason that the state gives.
func wantReconnecting(t *testing.T, c *client.Client, wait time.Duration, attempt int) error {
	t.Helper()
	state, isState := next(t, c).(client.State)
	if !isState || state.Phase != client.Reconnecting || state.Wait != wait || state.Attempt != attempt || state.Err == nil {
		t.Fatalf("event %+v, want reconnecting in %v after attempt %d, and why", state, wait, attempt)
	}
	return state.Err
}
