package client_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"

	"recado"
	"recado/client"
	v1 "recado/internal/protocol/v1"
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

func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if s.down {
		return nil, errNobodyListens
	}
	near, far := net.Pipe()
	select {
	case s.dials <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// accept makes a WebSocket of the next connection that has not been given up, and reads the hello.
func (s *server) accept() (*peer, v1.Hello) {
	s.t.Helper()
	upgrader := ws.Upgrader{Protocol: func(name []byte) bool { return string(name) == v1.Subprotocol }}
	for conn := range s.dials {
		handshake, err := upgrader.Upgrade(conn)
		if err != nil {
			continue
		}
		if handshake.Protocol != v1.Subprotocol {
			s.t.Errorf("the client does not offer %s", v1.Subprotocol)
		}
		p := &peer{t: s.t, conn: conn, frames: make(chan frame, 10_000)}
		s.t.Cleanup(func() { conn.Close() })
		go p.listen()
		hello, is := p.command().(v1.Hello)
		if !is {
			s.t.Fatal("the first frame is no hello")
		}
		return p, hello
	}
	return nil, v1.Hello{}
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

// tell sends frames of recado.v1.
func (p *peer) tell(events ...v1.Event) {
	for _, e := range events {
		p.write(compiled(e))
	}
}

func compiled(e v1.Event) []byte { return ws.MustCompileFrame(ws.NewTextFrame(v1.AppendEvent(nil, e))) }

func (p *peer) close(code recado.CloseCode, reason string) {
	p.send(ws.OpClose, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

func (p *peer) write(data []byte) {
	p.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	p.conn.Write(data) // a client that is gone is the test's business
}

// command is the next thing that the client says.
func (p *peer) command() v1.Command {
	p.t.Helper()
	select {
	case got, open := <-p.frames:
		if !open || got.op != ws.OpText {
			p.t.Fatalf("the server received %+v (connection open: %t), want a command", got, open)
		}
		command, err := v1.DecodeCommand([]byte(got.payload))
		if err != nil {
			p.t.Fatalf("the client wrote %s: %v", got.payload, err)
		}
		return command
	case <-time.After(time.Hour):
		p.t.Fatal("the server received nothing")
		return nil
	}
}

// publish is the next thing that the client says, which must be this text; it returns its id.
func (p *peer) publish(text string) (id string) {
	p.t.Helper()
	got, is := p.command().(v1.Publish)
	if !is || string(got.Content.Data) != text {
		p.t.Fatalf("the client wrote %+v, want %q published", got, text)
	}
	return got.ID
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

// What the server of these tests is like.
var (
	ana   = client.Member{ID: recado.NewMemberID([]byte("a")), Name: "ana"}
	beto  = client.Member{ID: recado.NewMemberID([]byte("b")), Name: "beto"}
	hello = v1.Welcome{
		Room: "ops", Session: session, You: v1.Member(ana), Position: at(10),
		Members: []v1.Member{v1.Member(ana), v1.Member(beto)}, MemberCount: 2, Limits: v1.Limits{MessageBytes: 65536},
	}
)

const session = "Zk3hQ0s7b1x9mD2pLw8RtA"

func at(seq uint64) recado.Position { return recado.Position{Epoch: "k", Seq: seq} }

// said is a message of beto's, as a frame and as an event.
func said(seq uint64, text string) (v1.Message, client.Message) {
	now, data := time.Now().UTC().Truncate(time.Millisecond), []byte(text)
	frame := v1.Message{
		Seq: seq, Prev: seq - 1, Time: now, From: v1.Member(beto), Content: v1.Content{Kind: recado.Text, Data: data},
	}
	return frame, client.Message{Position: at(seq), Time: now, From: beto, Kind: recado.Text, Data: data}
}

// opened is a client whose server is in memory, before its first connection. Waits are half of their bound.
func opened(t *testing.T, c client.Config) (*server, *client.Client) {
	t.Helper()
	s := newServer(t)
	c.URL, c.Dial = cmp.Or(c.URL, "ws://example.test/ops"), s.dial
	if c.Random == nil {
		c.Random = func() float64 { return 0.5 }
	}
	opened, err := client.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	want(t, opened, client.State{Phase: client.Connecting})
	return s, opened
}

// connected is opened for tests that begin in the room.
func connected(t *testing.T, c client.Config) (*server, *peer, *client.Client) {
	t.Helper()
	s, opened := opened(t, c)
	p, _ := s.accept()
	p.tell(hello)
	want(t, opened, client.State{Phase: client.Connected})
	return s, p, opened
}

// back accepts the connection with which a client comes back to where it was.
func (s *server) back(t *testing.T, c *client.Client) *peer {
	t.Helper()
	p, h := s.accept()
	w := hello
	w.Position, w.Recovered = h.Since, true
	p.tell(w)
	want(t, c, client.State{Phase: client.Connected, Recovered: true})
	return p
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
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("event %+v, want %+v", got, want)
	}
}

// wantLost wants this message to be reported as lost, for that reason.
func wantLost(t *testing.T, c *client.Client, id string, reason error) {
	t.Helper()
	if lost, is := next(t, c).(client.Lost); !is || lost.ID != id || !errors.Is(lost.Err, reason) {
		t.Fatalf("event %+v, want %s lost: %v", lost, id, reason)
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

func wantQuiet(t *testing.T, c *client.Client) {
	t.Helper()
	synctest.Wait()
	if len(c.Events()) > 0 {
		t.Fatalf("event %+v, want none", <-c.Events())
	}
}

func drain(c *client.Client) {
	for range c.Events() {
	}
}

func text(s string) client.Outgoing { return client.Outgoing{Text: s} }

// try is TrySend that must succeed.
func try(t *testing.T, c *client.Client, s string) (id string) {
	t.Helper()
	id, err := c.TrySend(text(s))
	if err != nil {
		t.Fatalf("TrySend(%q) = %v", s, err)
	}
	return id
}
