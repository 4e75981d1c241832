package transport_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"

	"recado"
	"recado/internal/transport"
)

// A library client hears the others, and a close handshake that either side begins.
func TestLibraryClient(t *testing.T) {
	s := newServer(t, transport.Config{})
	ana, beto := s.dial(t, ws.Dialer{}), s.dial(t, ws.Dialer{})
	for range 10 {
		if err := wsutil.WriteClientText(ana, []byte("oi")); err != nil {
			t.Fatal(err)
		}
		if got, op, err := wsutil.ReadServerData(beto); string(got) != "oi" || op != ws.OpText || err != nil {
			t.Fatalf("read %v %q, %v, want text oi", op, got, err)
		}
	}
	closing := ws.NewCloseFrameBody(ws.StatusNormalClosure, "")
	if err := wsutil.WriteClientMessage(ana, ws.OpClose, closing); err != nil {
		t.Fatal(err)
	}
	wantClosed(t, ana, ws.StatusNormalClosure)
	ended := make(chan error)
	go func() { ended <- s.Close(context.Background(), recado.CloseGoingAway) }()
	wantClosed(t, beto, ws.StatusGoingAway)
	if err := <-ended; err != nil {
		t.Errorf("Close() = %v", err)
	}
}

func wantClosed(t *testing.T, conn net.Conn, code ws.StatusCode) {
	t.Helper()
	h, err := ws.ReadHeader(conn)
	if err != nil || h.OpCode != ws.OpClose {
		t.Fatalf("read %+v, %v, want a close frame", h, err)
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(conn, payload); err != nil {
		t.Fatal(err)
	}
	if got, _ := ws.ParseCloseFrameData(payload); got != code {
		t.Errorf("closed with %d, want %d", got, code)
	}
	_ = conn.Close()
}

// A library's deflate and ours understand each other, both ways.
func TestLibraryClientDeflates(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true})
	offer := wsflate.Parameters{ServerNoContextTakeover: true, ClientNoContextTakeover: true, ServerMaxWindowBits: 12}
	dialer := ws.Dialer{Extensions: []httphead.Option{offer.Option()}}
	ana, beto := s.dial(t, dialer), s.dial(t, dialer)
	for _, words := range []string{"", "oi", strings.Repeat("a mesma coisa, ", 1000)} {
		frame, err := wsflate.CompressFrame(ws.NewTextFrame([]byte(words)))
		if err != nil {
			t.Fatal(err)
		}
		if err = ws.WriteFrame(ana, ws.MaskFrameInPlace(frame)); err != nil {
			t.Fatal(err)
		}
		h, err := ws.ReadHeader(beto)
		if err != nil {
			t.Fatal(err)
		}
		got := ws.Frame{Header: h, Payload: make([]byte, h.Length)}
		if _, err = io.ReadFull(beto, got.Payload); err != nil {
			t.Fatal(err)
		}
		if compressed, _ := wsflate.IsCompressed(h); compressed {
			if got, err = wsflate.DecompressFrame(got); err != nil {
				t.Fatal(err)
			}
		}
		if string(got.Payload) != words {
			t.Errorf("%d bytes came back as %d", len(words), len(got.Payload))
		}
	}
}

// dial joins the room ops with a library client.
func (s *server) dial(t *testing.T, d ws.Dialer) net.Conn {
	t.Helper()
	conn, buffered, _, err := d.Dial(t.Context(), "ws://"+s.address+"/ops")
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return bufferedConn{conn, buffered}
}

// A bufferedConn begins with the bytes that came right behind the answer to the handshake.
type bufferedConn struct {
	net.Conn

	buffered *bufio.Reader // nil: there were none
}

// Read reads those bytes first.
func (c bufferedConn) Read(p []byte) (int, error) {
	if c.buffered != nil && c.buffered.Buffered() > 0 {
		return c.buffered.Read(p)
	}
	return c.Conn.Read(p)
}
