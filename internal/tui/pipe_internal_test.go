package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado/client"
	"recado/internal/locale"
)

// A sink is an Out or Err that tests can look into while it is written.
type sink struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *sink) wait(t *testing.T, want string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if s.String() == want {
			return
		}
	}
	t.Fatalf("written %q, want %q", s, want)
}

func pipeTo(url string, in io.Reader) (p *Pipe, out, errors *sink) {
	out, errors = &sink{}, &sink{}
	return &Pipe{
		Chat: Chat{
			Texts:  locale.New(locale.English),
			Client: client.Config{URL: url, Random: func() float64 { return 0 }},
		},
		In: in, Out: out, Err: errors,
	}, out, errors
}

func running(t *testing.T, p *Pipe) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.Run(t.Context()) }()
	return done
}

func TestPipe(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	p, out, errs := pipeTo(r.server.URL, in)
	done := running(t, p)
	conn := r.join()
	io.WriteString(keyboard, "one\r\n\nthree")
	r.hear(ws.OpText, "one")
	r.hear(ws.OpText, "")
	say(conn, "um\ndois \x1b[31mvermelho")
	write(conn, ws.NewBinaryFrame([]byte{0}))
	out.wait(t, "um\\ndois \x1b[31mvermelho\n")
	errs.wait(t, "recado: a binary message was left out (1 byte)\n")
	keyboard.Close()
	r.hear(ws.OpText, "three")
	r.hear(ws.OpClose, "\x03\xe8bye")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
}

func TestPipeToTerminal(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	p, out, _ := pipeTo(r.server.URL, in)
	p.Terminal = true
	done := running(t, p)
	say(r.join(), "a\nb\x1b]0;owned\x07\rc\u202e")
	out.wait(t, "a⏎b␍c\n")
	keyboard.Close()
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
}

// The very first attempt decides whether there is a server; In is not touched before.
func TestPipeUnreachable(t *testing.T) {
	r := newRoom(t)
	r.server.Close()
	in := strings.NewReader("unread\n")
	p, _, _ := pipeTo(r.server.URL, in)
	var unreachable *UnreachableError
	err := ended(t, running(t, p))
	if !errors.As(err, &unreachable) || in.Len() != len("unread\n") {
		t.Errorf("Run() = %v with %d bytes unread, want an UnreachableError and all", err, in.Len())
	}
	if id, _ := Problem(err, "ws://x/"); id != "no_server" {
		t.Errorf("the problem is %s, want no_server", id)
	}
}

func TestPipeRefused(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"error":{"code":"origin_refused","status":403,"message":"No.\u001b[31m","hint":"Ask."}}`)
	}))
	defer s.Close()
	p, _, _ := pipeTo(s.URL, strings.NewReader("a\n"))
	var refused *client.RefusedError
	if err := ended(t, running(t, p)); !errors.As(err, &refused) {
		t.Fatalf("Run() = %v, want a refusal", err)
	}
	message, hint := Refusal(refused, p.Texts)
	if message != "The server refused: No. (origin_refused)" || hint != "Ask." {
		t.Errorf("the texts are %q and %q", message, hint)
	}
}

// A connection that breaks is replaced; what it may have taken along is told.
func TestPipeReconnects(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	p, _, errs := pipeTo(r.server.URL, in)
	done := running(t, p)
	conn := r.join()
	write(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "going_away")))
	r.hear(ws.OpClose, "\x03\xe9going_away")
	r.join()
	errs.wait(t, "recado: The server is stopping or restarting. Reconnecting…\nrecado: reconnected\n")
	io.WriteString(keyboard, "after\n")
	r.hear(ws.OpText, "after")
	keyboard.Close()
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
}

func TestPipeMessageTooBig(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	p, _, _ := pipeTo(r.server.URL, in)
	done := running(t, p)
	conn := r.join()
	write(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(1009, "message_too_big")))
	var closed *client.CloseError
	if err := ended(t, done); !errors.As(err, &closed) || closed.Code != 1009 {
		t.Errorf("Run() = %v, want the close code 1009", err)
	}
}

// A server that goes before it has confirmed the last line makes the end an error.
func TestPipeUnconfirmed(t *testing.T) {
	cut := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(request, w)
		if err != nil {
			return
		}
		defer conn.Close()
		ws.ReadHeader(conn) // something came
		<-cut
	}))
	defer s.Close()
	in, keyboard := io.Pipe()
	p, _, _ := pipeTo(s.URL, in)
	done := running(t, p)
	io.WriteString(keyboard, "in vain\n")
	keyboard.Close()
	for !p.ending.Load() {
		time.Sleep(time.Millisecond)
	}
	close(cut)
	var lost *client.LostError
	if err := ended(t, done); !errors.As(err, &lost) || lost.Lost.Uncertain != 1 {
		t.Errorf("Run() = %v, want one message in doubt", err)
	}
}

func TestPipeNotUTF8(t *testing.T) {
	r := newRoom(t)
	p, _, errs := pipeTo(r.server.URL, strings.NewReader("ol\xe1\n\xff\n"))
	done := running(t, p)
	r.hear(ws.OpText, "ol\ufffd")
	r.hear(ws.OpText, "\ufffd")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
	if got := errs.String(); strings.Count(got, "UTF-8") != 1 {
		t.Errorf("told %q, want one warning", got)
	}
}

// When nobody reads the output any more there is nothing left to do.
func TestPipeClosed(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	p, _, errs := pipeTo(r.server.URL, in)
	p.Out = brokenPipe{}
	done := running(t, p)
	say(r.join(), "unheard")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
	r.hear(ws.OpClose, "\x03\xe8bye")
	if got := errs.String(); got != "" {
		t.Errorf("told %q, want silence", got)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, &net.OpError{Op: "write", Err: syscall.EPIPE} }

func TestPipeContext(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	p, _, _ := pipeTo(r.server.URL, in)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	io.WriteString(keyboard, "x\n")
	r.hear(ws.OpText, "x") // it is connected
	cancel()
	if err := ended(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want the context's error", err)
	}
	r.hear(ws.OpClose, "\x03\xe8bye")
}

func TestPipeWrongURL(t *testing.T) {
	p, _, _ := pipeTo("gopher://x", strings.NewReader(""))
	if err := p.Run(t.Context()); !errors.Is(err, client.ErrURL) {
		t.Errorf("Run() = %v, want ErrURL", err)
	}
}
