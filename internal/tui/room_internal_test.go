package tui

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A room is a server with one room of which the test is the other member.
type room struct {
	t      *testing.T
	server *httptest.Server
	joined chan net.Conn
	heard  chan ws.Frame
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{t: t, joined: make(chan net.Conn, 10), heard: make(chan ws.Frame, 100)}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(request, w)
		if err != nil {
			return
		}
		defer conn.Close()
		r.joined <- conn
		for {
			frame, err := ws.ReadFrame(conn) //nolint:staticcheck // the test's own client sends little
			if err != nil {
				return
			}
			frame = ws.UnmaskFrame(frame)
			switch frame.Header.OpCode {
			case ws.OpPing:
				write(conn, ws.NewPongFrame(frame.Payload))
			case ws.OpClose:
				r.heard <- frame
				write(conn, ws.NewCloseFrame(frame.Payload))
				return
			default:
				r.heard <- frame
			}
		}
	}))
	t.Cleanup(r.server.Close)
	return r
}

func (r *room) join() net.Conn {
	r.t.Helper()
	select {
	case conn := <-r.joined:
		return conn
	case <-time.After(10 * time.Second):
		r.t.Fatal("nobody joins")
		return nil
	}
}

func (r *room) hear(op ws.OpCode, text string) {
	r.t.Helper()
	select {
	case frame := <-r.heard:
		if frame.Header.OpCode != op || string(frame.Payload) != text {
			r.t.Fatalf("heard %v %q, want %v %q", frame.Header.OpCode, frame.Payload, op, text)
		}
	case <-time.After(10 * time.Second):
		r.t.Fatalf("heard nothing, want %q", text)
	}
}

func say(conn net.Conn, text string) { write(conn, ws.NewTextFrame([]byte(text))) }

// write writes f at once, so that the test's frames and the answers do not mix.
func write(conn net.Conn, f ws.Frame) { conn.Write(ws.MustCompileFrame(f)) }

func address(r *room) string { return strings.Replace(r.server.URL, "http:", "ws:", 1) + "/ops" }

func ended(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("Run does not return")
		return nil
	}
}
